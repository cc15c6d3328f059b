"""The page ``docs/differences.md``: its names are those of the rows, its numbers those of `tests.elsewhere`.

What a cell says of a difference stands here, under the name it is about; ``{theirs[0]}`` and ``{true[0]}`` in it are
the first answer of the library that is not the loss, and what is right. `tests.refresh` writes the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from lossctl.losses import LOSSES
from tests.elsewhere import Answer, answers, versions
from tests.transcript import ROOT

PAGE = ROOT / "docs" / "differences.md"

INTRODUCTION = """# Differences from other libraries

What a loss is called elsewhere, and what to expect when a number here is not the one you know. `lossctl losses torch`
and `lossctl losses HuberLoss` find losses by these names. The `note` of each loss (`lossctl show LOSS`) has more.

Every difference is held by a test: against the library itself, or against answers frozen from it, under
`tests/oracles/frozen/elsewhere/`, made by `tests/oracles/make_elsewhere_*.py`. "The same" means to six digits, on
ordinary values. Where a line says that a number differs, the test has the library's answer, the true one to fifty
digits, and the one here, which is the true one. "Not compared" is a name under which there is no loss to compare.

Four hold throughout. Nothing is clipped: a probability of 0 for what happened is +inf, counted and reported. Weights
divide by their sum. At a kink the slope is the subgradient of least norm. A small loss keeps its digits, where a
difference of large terms has none.
"""

SECTIONS = (
    ("PyTorch", ("torch",)),
    ("Keras", ("keras",)),
    ("Optax and JAX", ("optax", "jax")),
    ("scikit-learn", ("sklearn",)),
    ("LightGBM and XGBoost", ("lightgbm", "xgboost")),
    ("torchmetrics", ("torchmetrics",)),
    ("scoringrules", ("scoringrules",)),
    ("SciPy", ("scipy",)),
    ("statsmodels", ("statsmodels",)),
)

SURE_AND_RIGHT = "0 where the label leads by 40; here {true[0]}"
ANGLE = "0 at an angle of 1e-8; here {true[0]}"
SIGNED = "labels are −1 and 1"
CLIPPED = "clips at 1e-7: the impossible costs {theirs[0]}; here +inf"
NEAR = "no digits where p and q differ by 1e-12"
FEW = "four digits where p and q differ by 1e-12"

TEXTS = {
    "torch.nn.HuberLoss": "the same; `torch.nn.functional.huber_loss` with weights divides by n, here by Σw",
    "torch.nn.PoissonNLLLoss(log_input=False)": "`full=True` is Stirling's approximation: {theirs[0]} at y = 2, "
    "μ = 2.5, here {true[0]}; its logarithm is of μ + 1e-8: {theirs[1]} at y = 1, μ = 1e-12, here {true[1]}",
    "torch.nn.PoissonNLLLoss(log_input=True)": "`full=True` is Stirling's approximation: {theirs[0]} at y = 2, "
    "ln μ = 0.9, here {true[0]}",
    "torch.nn.BCELoss": "its logarithm stops at −100: {theirs[0]} at q = 1e-50, here {true[0]}",
    "torch.nn.BCEWithLogitsLoss": "at y = 1, s = 40 its slope is 0, here {true[0]}",
    "torch.nn.SoftMarginLoss": f"{SIGNED}; inf at s = −100 in single and at −800 in double precision, here {{true[0]}} "
    "and {true[1]}",
    "torch.nn.NLLLoss": "takes logarithms of probabilities",
    "torch.nn.CrossEntropyLoss": f"label smoothing is the same; {SURE_AND_RIGHT}",
    "torch.nn.MultiMarginLoss": "the same, 1/K included",
    "torch.nn.MultiLabelMarginLoss": "takes lists of label numbers ended by −1, here 0 or 1 for each label",
    "torch.nn.CosineSimilarity": f"the cosine itself, here 1 less it; {ANGLE}",
    "torch.nn.CosineEmbeddingLoss": f"{SIGNED}; adds 1e-12 to squared lengths: {{theirs[0]}} for two equal vectors of "
    "length 1e-6, here {true[0]}",
    "torch.nn.PairwiseDistance": "adds 1e-6 to each difference: equal vectors are {theirs[0]} apart, here {true[0]}",
    "torch.nn.HingeEmbeddingLoss": f"{SIGNED}; its slope at the margin is −1, here 0",
    "torch.nn.MarginRankingLoss": f"{SIGNED}; its slope where the margin is just kept is ∓1, here 0",
    "torch.nn.TripletMarginLoss": "adds 1e-6 to each difference: {theirs[0]} where the positive is the anchor and the "
    "negative 0.5 away, here {true[0]}",
    "torch.nn.KLDivLoss": f"takes the logarithm of q; sums in nats (`--base e`); {NEAR}",
    "torch.nn.GaussianNLLLoss": "`variance=true` here; raises a variance below 1e-6 to it: {theirs[0]} for a residual "
    "of 1e-3 at a variance of 1e-8, here {true[0]}",
    "torch.distributions.Normal": "−`log_prob`, with `full=true` here",
    "torch.distributions.Laplace": "−`log_prob`",
    "torch.distributions.StudentT": "−`log_prob`; {theirs[0]} at 1e12 degrees of freedom, residual 2 and scale 2, here "
    "{true[0]}",
    "torch.distributions.LogNormal": "−`log_prob`",
    "keras.losses.MeanSquaredError": "the same; weights divide by n, here by Σw",
    "keras.losses.LogCosh": "0 at a residual of 1e-9; here {true[0]}",
    "keras.losses.MeanAbsolutePercentageError": "100 times it; {theirs[0]} at y = 0, ŷ = 1, here an error",
    "keras.losses.MeanSquaredLogarithmicError": "to four digits the same; takes values below 1e-7 for 1e-7: "
    "{theirs[0]} at y = 1, ŷ = −0.5, here {true[0]}",
    "keras.losses.Poisson": "its logarithm is of μ + 1e-7: {theirs[0]} at y = 1, μ = 1e-12, here {true[0]}",
    "keras.losses.BinaryCrossentropy": f"label smoothing is the same; {CLIPPED}",
    "keras.losses.BinaryFocalCrossentropy": "clips at 1e-7: {theirs[0]} at q = 1e-20, here {true[0]}",
    "keras.losses.BinaryFocalCrossentropy(from_logits=True)": "clips at 1e-7: {theirs[0]} at s = −40, here {true[0]}",
    "keras.losses.Dice": "{theirs[0]} where no label and no probability is above 0, here {true[0]}",
    "keras.losses.Tversky": "its `alpha` weighs misses and its `beta` false alarms: the other way round here",
    "keras.losses.CategoricalCrossentropy": f"label smoothing is the same; {CLIPPED}",
    "keras.losses.SparseCategoricalCrossentropy": CLIPPED,
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True)": SURE_AND_RIGHT,
    "keras.losses.CategoricalFocalCrossentropy": "times `alpha`, 0.25 unless told otherwise: {theirs[0]} at q = 0.25, "
    "here {true[0]}",
    "keras.losses.CategoricalHinge": "counts a score of 0 among the rivals: {theirs[0]} for scores of −2 at the label, "
    "−3 and −4, here {true[0]}",
    "keras.losses.KLDivergence": "in nats; clips at 1e-7: {theirs[0]} at p = (0.5, 0.5), q = (1, 0), here +inf",
    "keras.losses.CosineSimilarity": f"minus the cosine, here 1 less it; {ANGLE}",
    "jax.numpy.abs": "its derivative at 0 is 1, here 0",
    "optax.log_cosh": "0 at a residual of 1e-9; here {true[0]}",
    "optax.losses.generalized_kl_divergence": "takes ln μ; {theirs[0]} at y = 0.3, μ = 0.3 + 1e-9, here {true[0]}",
    "optax.hinge_loss": SIGNED,
    "optax.losses.perceptron_loss": f"{SIGNED}; its slope at s = 0 is ∓½, here 0",
    "optax.softmax_cross_entropy": f"takes rows of probabilities for labels; {SURE_AND_RIGHT}",
    "optax.softmax_cross_entropy_with_integer_labels": SURE_AND_RIGHT,
    "optax.losses.poly_loss_cross_entropy": "`epsilon` is 2 unless told otherwise, here 1",
    "optax.cosine_distance": ANGLE,
    "optax.losses.triplet_margin_loss": "takes odd powers of differences with their sign: NaN at `norm_degree=3`, here "
    "{true[0]}; adds 1e-6 under the root: {theirs[1]} where the positive is the anchor and the negative 0.5 away, here "
    "{true[1]}",
    "optax.losses.ntxent": "the negatives are the rest of the batch, here those of the row",
    "optax.losses.kl_divergence": "takes the logarithm of q; in nats; NaN where p and q are 0, here {true[0]}; "
    f"{NEAR}",
    "optax.losses.ranking_softmax_loss": "takes a distribution as labels, here the relevances whose softmax it is",
    "sklearn.metrics.mean_pinball_loss": "its `alpha` is `tau`",
    "sklearn.metrics.mean_absolute_percentage_error": "a share in both; {theirs[0]} at y = 0, ŷ = 1, here an error",
    "sklearn.metrics.mean_poisson_deviance": "0 for {true[0]}, at y = 1, μ = 1 + 2⁻³⁰",
    "sklearn.metrics.mean_gamma_deviance": "0 for {true[0]}, at y = 1, μ = 1 + 2⁻³⁰",
    "sklearn.metrics.mean_tweedie_deviance": "{theirs[0]} at the power 1 + 1e-13, y = 2, μ = 3, here {true[0]}",
    "sklearn.metrics.log_loss": "clips at 2.2e-16: the impossible costs {theirs[0]}; here +inf",
    "sklearn.decomposition.NMF(beta_loss='itakura-saito')": "the sum over the numbers of a matrix, here the mean",
    "sklearn.decomposition.NMF(beta_loss='kullback-leibler')": "the sum over the numbers of a matrix, here the mean",
    "sklearn.linear_model.SGDClassifier(loss='perceptron')": SIGNED,
    "sklearn.linear_model.SGDClassifier(loss='modified_huber')": SIGNED,
    "lightgbm: quantile": "its `alpha` is `tau`",
    "lightgbm: huber": "its `alpha` is `delta`",
    "lightgbm: fair": "its `fair_c` is `c`",
    "lightgbm: mape": "divides by 1 where the target is nearer to 0: {theirs[0]} at y = 0.5, ŷ = 0.75, here {true[0]}",
    "lightgbm: gamma_deviance": "the sum over the rows, here the mean",
    "lightgbm: binary_logloss": "clips at 1e-15: {theirs[0]} at q = 1e-20, here {true[0]}",
    "xgboost: mphe": "its `huber_slope` is `delta`",
    "xgboost: poisson-nloglik": "with `full=true` here",
    "xgboost: logloss": "clips at 1e-16: {theirs[0]} at q = 1e-20, here {true[0]}",
    "torchmetrics.LogCoshError": "inf from a residual of 711 on, here {true[0]} there; 0 at 1e-9, here {true[1]}",
    "torchmetrics.MeanAbsolutePercentageError": "divides by at least 1.2e-6: {theirs[0]} at y = 1e-9, ŷ = 3e-9, here "
    "{true[0]}",
    "torchmetrics.WeightedMeanAbsolutePercentageError": "divides by at least 1.2e-6: {theirs[0]} at y = 1e-9, "
    "ŷ = 3e-9, here {true[0]}",
    "torchmetrics.SymmetricMeanAbsolutePercentageError": "divides by at least 1.2e-6: {theirs[0]} at y = 1e-9, "
    "ŷ = 3e-9, here {true[0]}",
    "torchmetrics.TweedieDevianceScore(power=1)": "0 for {true[0]}, at y = 1, μ = 1 + 2⁻³⁰",
    "torchmetrics.TweedieDevianceScore(power=2)": "0 for {true[0]}, at y = 1, μ = 1 + 2⁻³⁰",
    "torchmetrics.HingeLoss(task='binary')": "puts all scores through a sigmoid where one of them is outside [0, 1]: "
    "{theirs[0]} for scores of 0.5 and 7 at labels of 1, here {true[0]}",
    "torchmetrics.HingeLoss(task='binary', squared=True)": "the same sigmoid: {theirs[0]}, here {true[0]}",
    "torchmetrics.HingeLoss(task='multiclass')": "puts all scores through a softmax where one of them is outside "
    "[0, 1]: {theirs[0]} for a score of 1.5 at the label and three of 0, here {true[0]}",
    "torchmetrics.KLDivergence": f"in nats; {NEAR}",
    "torchmetrics.CosineSimilarity": f"the cosine itself, here 1 less it; {ANGLE}",
    "scoringrules.logs_normal": "with `full=true` here",
    "scoringrules.logs_laplace": "inf where the target lies 2000 scales off, here {true[0]}",
    "scoringrules.logs_logistic": "NaN where the target lies 2000 scales below, here {true[0]}",
    "scoringrules.crps_logistic": "inf where the target lies 2000 scales of 1e-3 below, here {true[0]}",
    "scoringrules.logs_t": "{theirs[0]} at 1e16 degrees of freedom, residual 2 and scale 2, here {true[0]}",
    "scoringrules.crps_t": "{theirs[0]} at 1e16 degrees of freedom, residual 2 and scale 2, here {true[0]}",
    "scoringrules.logs_poisson": "with `full=true` here",
    "scoringrules.quantile_score": "its `alpha` is `tau`",
    "scoringrules.weighted_interval_score": "adds half of the median in place of half of its error: its score depends "
    "on where zero is",
    "scoringrules.crps_ensemble": "its `nrg` is `standard`; `fair` is 0 for members 0.1, 1e17, 0.3 and the target 0.2, "
    "here {true[0]}",
    "scoringrules.vs_ensemble": "three digits where an ensemble is off by 1e-12",
    "scoringrules.dssuv_ensemble": "of an ensemble, by its mean and its standard deviation over n − 1, here of these"
    " two",
    "scipy.special.kl_div": "0 for {true[0]}, at y = 1, μ = 1 + 2.5e-9",
    "scipy.special.rel_entr": f"the terms of it, in nats; {FEW}",
    "scipy.stats.entropy": "in nats unless told otherwise, here in bits",
    "scipy.stats.entropy(pk, qk)": f"in nats unless told otherwise, here in bits; {FEW}",
    "scipy.spatial.distance.jensenshannon": f"in nats unless told otherwise, here in bits; {FEW}",
    "scipy.spatial.distance.cosine": ANGLE,
    "scipy.stats.chisquare": "of counts: n times it",
    "scipy.optimize.least_squares(loss='linear')": "the `cost`, a sum",
    "scipy.optimize.least_squares(loss='huber')": "the `cost`, a sum; its `f_scale` is `delta`",
    "scipy.optimize.least_squares(loss='soft_l1')": "the `cost`, a sum; its `f_scale` is `delta`",
    "scipy.optimize.least_squares(loss='cauchy')": "the `cost`, a sum; its `f_scale` is `c`",
    "scipy.stats.norm.logpdf": "minus it, with `full=true` here",
    "scipy.stats.laplace.logpdf": "minus it",
    "scipy.stats.logistic.logpdf": "minus it",
    "scipy.stats.t.logpdf": "minus it",
    "scipy.stats.lognorm.logpdf": "minus it, with `s` the scale and `scale` e to the location",
    "statsmodels.robust.norms.TukeyBiweight": "0 at a residual of 1e-9, here {true[0]}",
    "statsmodels.robust.norms.AndrewWave": "0 at a residual of 1e-9, here {true[0]}",
    "statsmodels.robust.norms.RamsayE": "not the same loss; near the target both are half of squared error: there 0 at "
    "1e-9, here {true[0]}",
    "statsmodels.miscmodels.ordinal_model.OrderedModel": "−`loglikeobs`; s is the thresholds less the linear predictor",
    "statsmodels.genmod.families.NegativeBinomial": "its `deviance` is the sum over the rows, here the mean",
}
"""What is to be said under each name. Names without a text are the same."""

SILENT = {
    "xgboost: reg:pseudohubererror": "an objective, of which XGBoost gives gradients alone; its metric is `mphe`",
    "lightgbm: lambdarank": "an objective, of which LightGBM gives gradients alone, divided by the sum of all "
    "(`lambdarank_norm`); its metric is `ndcg`, no loss",
}
"""Why no answer can be had under a name."""


def page() -> str:
    """Write the page anew."""
    known = versions()
    parts = [INTRODUCTION]
    for title, libraries in SECTIONS:
        frozen = [f"{each} {known[each]}" for each in libraries if each in known]
        said = f"Answers of {' and '.join(frozen)}.\n\n" if frozen else ""
        parts.append(f"\n## {title}\n\n{said}| there | here | the difference |\n|---|---|---|\n")
        parts += [f"| {_code(name)} | `{loss}` | {cell(name, loss)} |\n" for name, loss in rows(libraries)]
    listed = {each for _, libraries in SECTIONS for each in libraries}
    others = {library(name) for one in LOSSES.values() for name in one.elsewhere} - listed
    parts.append("\n## Other libraries\n\nNames alone; the note of a loss says more.\n\n| there | here |\n|---|---|\n")
    parts += [f"| {_code(name)} | `{loss}` |\n" for one in sorted(others) for name, loss in rows((one,))]
    return "".join(parts)


def library(name: str) -> str:
    """Give the library of a name."""
    return name.partition(":")[0].partition(".")[0]


def rows(libraries: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Give the names of some libraries, each with the loss here; in the order of the rows."""
    named = {name for one in LOSSES.values() for name in one.elsewhere}
    for one in LOSSES.values():
        for name in (*one.elsewhere, *(each for each in _answered(one.id) if each not in named)):
            if library(name) in libraries:
                yield name, one.id


def _answered(loss: str) -> list[str]:
    return list(dict.fromkeys(one.name for one in answers() if one.chosen.loss.id == loss))


def cell(name: str, loss: str) -> str:
    """Say what differs under a name."""
    if name in SILENT:
        return f"not compared: {SILENT[name]}"
    found = [one for one in answers() if (one.name, one.chosen.loss.id) == (name, loss)]
    assert found, f"{name} is not compared, and SILENT does not say why"
    differing = [one for one in found if one.differs]
    if name not in TEXTS:
        assert not differing, f"{name} differs, and TEXTS does not say how"
        return "the same"
    if "{" not in TEXTS[name]:
        return TEXTS[name]
    theirs, true = zip(*(_numbers(one) for one in differing), strict=True)
    return TEXTS[name].format(theirs=theirs, true=true)


def _numbers(one: Answer) -> tuple[str, str]:
    """Write what the library answered and what is true: in four digits, or in as many as tell them apart."""
    theirs = float(np.ravel(one.answer)[0])
    true = math.nan if one.refused else float(np.ravel(one.exact)[0])
    digits = next(digits for digits in range(4, 18) if f"{theirs:.{digits}g}" != f"{true:.{digits}g}")
    return _number(theirs, digits), _number(true, digits)


def _number(value: float, digits: int) -> str:
    size = f"{abs(value):.{digits}g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return f"−{size}" if value < 0.0 else size


def _code(name: str) -> str:
    return f"`{name}`"
