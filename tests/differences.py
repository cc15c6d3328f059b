"""The page ``docs/differences.md``: its names are those of the rows, its numbers those of `tests.elsewhere`.

What a cell says of a difference stands here, under the name it is about; ``{theirs[0]}`` and ``{true[0]}`` in it are
the first answer of the library that is not the loss, and what is right. `tests.refresh` writes the page.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.losses import LOSSES
from tests.elsewhere import Answer, answers, versions
from tests.transcript import ROOT

NAMES = ROOT / "tests" / "oracles" / "frozen" / "names"
PAGE = ROOT / "docs" / "differences.md"

INTRODUCTION = """# Differences from other libraries

What a loss is called elsewhere, and what to expect when a number here is not the one you know. `--loss`, gates and
configurations take each name under which the number is the same, in full or by its end (`torch.nn.HuberLoss`,
`nn.HuberLoss`, `HuberLoss`; `lightgbm:huber`, `reg:squarederror`), in any case. Where a library's default is another, a
name of that library sets it (`lightgbm:huber` is `huber(delta=0.9)`). Names of our own come first: `huber` and `mape`
are ours, whoever else has them. Where the number differs, the name is refused, and the error says how it differs and
what to write. `neg_log_loss` and its like are taken as the loss itself, with a warning, and refused in gates.
`lossctl losses torch` and `lossctl losses HuberLoss` find losses by these names. The `note` of each loss
(`lossctl show LOSS`) has more.

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
CLIPPED = "clips at 1e-7: the impossible costs {theirs[0]}; here +inf"
NEAR = "no digits where p and q differ by 1e-12"
FEW = "four digits where p and q differ by 1e-12"

TEXTS = {
    "torch.nn.HuberLoss": "`torch.nn.functional.huber_loss` with weights divides by n, here by Σw",
    "torch.nn.PoissonNLLLoss(log_input=False)": "`full=True` is Stirling's approximation: {theirs[0]} at y = 2, "
    "μ = 2.5, here {true[0]}; its logarithm is of μ + 1e-8: {theirs[1]} at y = 1, μ = 1e-12, here {true[1]}",
    "torch.nn.PoissonNLLLoss(log_input=True)": "`full=True` is Stirling's approximation: {theirs[0]} at y = 2, "
    "ln μ = 0.9, here {true[0]}",
    "torch.nn.BCELoss": "its logarithm stops at −100: {theirs[0]} at q = 1e-50, here {true[0]}",
    "torch.nn.BCEWithLogitsLoss": "at y = 1, s = 40 its slope is 0, here {true[0]}",
    "torch.nn.SoftMarginLoss": "inf at s = −100 in single and at −800 in double precision, here {true[0]} "
    "and {true[1]}",
    "torch.nn.CrossEntropyLoss": SURE_AND_RIGHT,
    "torch.nn.CosineSimilarity": ANGLE,
    "torch.nn.CosineEmbeddingLoss": "adds 1e-12 to squared lengths: {theirs[0]} for two equal vectors of "
    "length 1e-6, here {true[0]}",
    "torch.nn.PairwiseDistance": "adds 1e-6 to each difference: equal vectors are {theirs[0]} apart, here {true[0]}",
    "torch.nn.TripletMarginLoss": "adds 1e-6 to each difference: {theirs[0]} where the positive is the anchor and the "
    "negative 0.5 away, here {true[0]}",
    "torch.nn.KLDivLoss": NEAR,
    "torch.nn.GaussianNLLLoss": "raises a variance below 1e-6 to it: {theirs[0]} for a residual "
    "of 1e-3 at a variance of 1e-8, here {true[0]}",
    "torch.distributions.StudentT": "{theirs[0]} at 1e12 degrees of freedom, residual 2 and scale 2, here {true[0]}",
    "keras.losses.MeanSquaredError": "weights divide by n, here by Σw",
    "keras.losses.LogCosh": "0 at a residual of 1e-9; here {true[0]}",
    "keras.losses.MeanAbsolutePercentageError": "{theirs[0]} at y = 0, ŷ = 1, here an error",
    "keras.losses.MeanSquaredLogarithmicError": "to four digits the same; takes values below 1e-7 for 1e-7: "
    "{theirs[0]} at y = 1, ŷ = −0.5, here {true[0]}",
    "keras.losses.Poisson": "its logarithm is of μ + 1e-7: {theirs[0]} at y = 1, μ = 1e-12, here {true[0]}",
    "keras.losses.BinaryCrossentropy": CLIPPED,
    "keras.losses.BinaryFocalCrossentropy": "clips at 1e-7: {theirs[0]} at q = 1e-20, here {true[0]}",
    "keras.losses.BinaryFocalCrossentropy(from_logits=True)": "clips at 1e-7: {theirs[0]} at s = −40, here {true[0]}",
    "keras.losses.Dice": "{theirs[0]} where no label and no probability is above 0, here {true[0]}",
    "keras.losses.CategoricalCrossentropy": CLIPPED,
    "keras.losses.SparseCategoricalCrossentropy": CLIPPED,
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True)": SURE_AND_RIGHT,
    "keras.losses.CategoricalFocalCrossentropy": "{theirs[0]} at q = 0.25, here {true[0]}",
    "keras.losses.CategoricalHinge": "{theirs[0]} for scores of −2 at the label, −3 and −4, here {true[0]}",
    "keras.losses.KLDivergence": "clips at 1e-7: {theirs[0]} at p = (0.5, 0.5), q = (1, 0), here +inf",
    "keras.losses.CosineSimilarity": ANGLE,
    "jax.numpy.abs": "its derivative at 0 is 1, here 0",
    "optax.log_cosh": "0 at a residual of 1e-9; here {true[0]}",
    "optax.losses.generalized_kl_divergence": "{theirs[0]} at y = 0.3, μ = 0.3 + 1e-9, here {true[0]}",
    "optax.softmax_cross_entropy": SURE_AND_RIGHT,
    "optax.softmax_cross_entropy_with_integer_labels": SURE_AND_RIGHT,
    "optax.cosine_distance": ANGLE,
    "optax.losses.triplet_margin_loss": "takes odd powers of differences with their sign: NaN at `norm_degree=3`, here "
    "{true[0]}; adds 1e-6 under the root: {theirs[1]} where the positive is the anchor and the negative 0.5 away, here "
    "{true[1]}",
    "optax.losses.kl_divergence": f"NaN where p and q are 0, here {{true[0]}}; {NEAR}",
    "sklearn.metrics.mean_absolute_percentage_error": "{theirs[0]} at y = 0, ŷ = 1, here an error",
    "sklearn.metrics.mean_poisson_deviance": "0 for {true[0]}, at y = 1, μ = 1 + 2⁻³⁰",
    "sklearn.metrics.mean_gamma_deviance": "0 for {true[0]}, at y = 1, μ = 1 + 2⁻³⁰",
    "sklearn.metrics.mean_tweedie_deviance": "{theirs[0]} at the power 1 + 1e-13, y = 2, μ = 3, here {true[0]}",
    "sklearn.metrics.log_loss": "clips at 2.2e-16: the impossible costs {theirs[0]}; here +inf",
    "lightgbm: mape": "{theirs[0]} at y = 0.5, ŷ = 0.75, here {true[0]}",
    "lightgbm: binary_logloss": "clips at 1e-15: {theirs[0]} at q = 1e-20, here {true[0]}",
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
    "torchmetrics.HingeLoss(task='binary')": "{theirs[0]} for scores of 0.5 and 7 at labels of 1, here {true[0]}",
    "torchmetrics.HingeLoss(task='binary', squared=True)": "{theirs[0]}, here {true[0]}",
    "torchmetrics.HingeLoss(task='multiclass')": "{theirs[0]} for a score of 1.5 at the label and three of 0, here "
    "{true[0]}",
    "torchmetrics.KLDivergence": NEAR,
    "torchmetrics.CosineSimilarity": ANGLE,
    "scoringrules.logs_laplace": "inf where the target lies 2000 scales off, here {true[0]}",
    "scoringrules.logs_logistic": "NaN where the target lies 2000 scales below, here {true[0]}",
    "scoringrules.crps_logistic": "inf where the target lies 2000 scales of 1e-3 below, here {true[0]}",
    "scoringrules.logs_t": "{theirs[0]} at 1e16 degrees of freedom, residual 2 and scale 2, here {true[0]}",
    "scoringrules.crps_t": "{theirs[0]} at 1e16 degrees of freedom, residual 2 and scale 2, here {true[0]}",
    "scoringrules.crps_ensemble": "`fair` is 0 for members 0.1, 1e17, 0.3 and the target 0.2, here {true[0]}",
    "scoringrules.vs_ensemble": "three digits where an ensemble is off by 1e-12",
    "scipy.special.kl_div": "0 for {true[0]}, at y = 1, μ = 1 + 2.5e-9",
    "scipy.special.rel_entr": FEW,
    "scipy.stats.entropy(pk, qk)": FEW,
    "scipy.spatial.distance.jensenshannon": FEW,
    "scipy.spatial.distance.cosine": ANGLE,
    "statsmodels.robust.norms.TukeyBiweight": "0 at a residual of 1e-9, here {true[0]}",
    "statsmodels.robust.norms.AndrewWave": "0 at a residual of 1e-9, here {true[0]}",
    "statsmodels.robust.norms.RamsayE": "not the same loss; near the target both are half of squared error: there 0 at "
    "1e-9, here {true[0]}",
}
"""In what numbers the library's answer is not the loss. How a name differs in kind stands in its row."""

SILENT = {
    # objectives, of which there are gradients alone
    *("lightgbm: lambdarank", "lightgbm: rank_xendcg", "xgboost: rank:pairwise", "xgboost: rank:ndcg"),
    *("xgboost: reg:squarederror", "xgboost: binary:logitraw", "xgboost: binary:hinge", "xgboost: multi:softmax"),
    *("xgboost: reg:squaredlogerror", "xgboost: aft-nloglik", "xgboost: cox-nloglik"),
    # of what is not the input here
    *("lightgbm: kullback_leibler", "lightgbm: cross_entropy_lambda"),
}
"""Names under which there is no answer to compare; their rows say why."""


def page() -> str:
    """Write the page anew."""
    known = versions()
    parts = [INTRODUCTION]
    for title, libraries in SECTIONS:
        frozen = [f"{each} {known[each]}" for each in libraries if each in known]
        said = f"Answers of {' and '.join(frozen)}.\n\n" if frozen else ""
        parts.append(f"\n## {title}\n\n{said}| there | here | the difference |\n|---|---|---|\n")
        parts += [f"| {_codes(each)} | `{loss}` | {cell(each, loss)} |\n" for each, loss in rows(libraries)]
    listed = {each for _, libraries in SECTIONS for each in libraries}
    others = {entry.library for one in LOSSES.values() for entry in one.elsewhere} - listed
    parts.append("\n## Other libraries\n\nNames alone; the note of a loss says more.\n\n| there | here |\n|---|---|\n")
    parts += [f"| {_codes(each)} | `{loss}` |\n" for one in sorted(others) for each, loss in rows((one,))]
    return "".join(parts)


def rows(libraries: tuple[str, ...]) -> Iterator[tuple[Elsewhere, str]]:
    """Yield the names of some libraries, each with the loss here; in the order of the rows."""
    named = {entry.name for one in LOSSES.values() for entry in one.elsewhere}
    for one in LOSSES.values():
        unnamed = [Elsewhere(each) for each in _answered(one.id) if each not in named]
        for entry in (*one.elsewhere, *unnamed):
            if entry.library in libraries:
                yield entry, one.id


def _answered(loss: str) -> list[str]:
    return list(dict.fromkeys(one.name for one in answers() if one.chosen.loss.id == loss))


def cell(entry: Elsewhere, loss: str) -> str:
    """Return what differs under a name: how its number does, what it takes, and in what numbers it is not the loss."""
    found = [one for one in answers() if (one.name, one.chosen.loss.id) == (entry.name, loss)]
    compared = bool(found) or entry.name in _numbered()
    assert compared or entry.name in SILENT, f"{entry.name} is not compared, and its row does not say why"
    parts = [entry.differs, *_taken(entry, loss), entry.note, _edges(entry.name, found)]
    said = "; ".join(part for part in parts if part) or "the same"
    return said if compared else f"not compared: {said}"


@cache
def _numbered() -> frozenset[str]:
    """Return the names whose numbers are frozen by ``make_names.py``."""
    found: set[str] = set()
    for path in sorted(NAMES.glob("*.json")):
        document = json.loads(path.read_text())
        start = "" if document["library"] in {"torch", "keras"} else f"{document['library']}: "
        names = [each["name"].partition("@")[0] for each in document["names"] if each["value"] is not None]
        found.update(start + name for name in names)
    return frozenset(found)


def _taken(entry: Elsewhere, loss: str) -> Iterator[str]:
    for name, value in entry.params.items():
        yield f"with `{name}={str(value).lower()}` here"
    for theirs, ours in entry.renamed.items():
        if LOSSES[loss].param(theirs) is None:
            yield f"its `{theirs}` is `{ours}`"


def _edges(name: str, found: Sequence[Answer]) -> str:
    differing = [one for one in found if one.differs]
    if name not in TEXTS:
        rows_of = (each for one in LOSSES.values() for each in one.elsewhere if each.name == name)
        entry = next(rows_of, Elsewhere(name))
        assert not differing or entry.differs or entry.note, f"{name} differs, and neither its row nor TEXTS says how"
        return ""
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


def _codes(entry: Elsewhere) -> str:
    return ", ".join(f"`{name}`" for name in entry.names)
