"""The names of five libraries: each is taken and gives that library's number, or is refused with what to write instead.

The names and numbers of torch, Keras, LightGBM and XGBoost are frozen by ``tests/oracles/make_names.py``; those of
scikit-learn are asked of the library at hand.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from numpy.testing import assert_allclose

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Loss
from lossctl.losses import LOSSES, choose
from lossctl.losses.naming import measure, names
from tests.each import for_each
from tests.oracles import make_elsewhere as given
from tests.sample import Sample
from tests.support import whole

FROZEN = Path(__file__).parents[1] / "oracles" / "frozen" / "names"
OWN = {name for loss in LOSSES.values() for name in (loss.id, *loss.aliases)}
"""Our own names, which are ours whoever else has them."""
GRADIENTS = {
    # objectives, which have no number but the metric's
    *("reg:squarederror", "reg:linear", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror"),
    *("reg:logistic", "binary:logistic", "binary:logitraw", "count:poisson", "multi:softprob"),
}
every_row = for_each("loss", list(LOSSES.values()), lambda loss: loss.id)
DIGITS = {"keras": 2e-5, "lightgbm": 2e-6, "xgboost": 2e-5, "torch": 2e-6, "sklearn": 1e-12}


@dataclass(frozen=True)
class Theirs:
    """A name of a library, with the number that it gives for inputs of ours."""

    library: str
    name: str
    inputs: str | None
    value: float | None

    @property
    def full(self) -> str:
        return self.name if self.library in {"torch", "keras", "sklearn"} else f"{self.library}:{self.name}"

    @property
    def end(self) -> str:
        return self.name if self.library in {"lightgbm", "xgboost"} else self.name.rpartition(".")[2]


def frozen() -> Iterator[Theirs]:
    for path in sorted(FROZEN.glob("*.json")):
        document = json.loads(path.read_text())
        for each in document["names"]:
            yield Theirs(document["library"], each["name"], each["inputs"], each["value"])


M = sklearn.metrics
Number = Callable[[Any, Any], float]
OF_SKLEARN: dict[str, tuple[str, Number]] = {
    "mean_absolute_error": ("REAL", M.mean_absolute_error),
    "mean_squared_error": ("REAL", M.mean_squared_error),
    "root_mean_squared_error": ("REAL", M.root_mean_squared_error),
    "mean_squared_log_error": ("POSITIVE", M.mean_squared_log_error),
    "root_mean_squared_log_error": ("POSITIVE", M.root_mean_squared_log_error),
    "mean_absolute_percentage_error": ("REAL", M.mean_absolute_percentage_error),
    "mean_pinball_loss": ("REAL", M.mean_pinball_loss),
    "mean_poisson_deviance": ("POSITIVE", M.mean_poisson_deviance),
    "mean_gamma_deviance": ("POSITIVE", M.mean_gamma_deviance),
    "mean_tweedie_deviance": ("POSITIVE", M.mean_tweedie_deviance),
    "log_loss": ("CHANCE", M.log_loss),
    "brier_score_loss": ("CHANCE", M.brier_score_loss),
    "hinge_loss": ("LOGIT", lambda y, s: M.hinge_loss(2 * y - 1, s)),
}
SCORERS = {f"neg_{name}": number for name, number in OF_SKLEARN.items()}
SCORERS["neg_brier_score"] = OF_SKLEARN["brier_score_loss"]
NO_NUMBERS = {
    # of scikit-learn what is no measure of a prediction
    *("check_scoring", "make_scorer", "get_scorer", "get_scorer_names", "euclidean_distances", "pairwise_kernels"),
    *("nan_euclidean_distances", "pairwise_distances", "pairwise_distances_argmin", "pairwise_distances_argmin_min"),
    *("pairwise_distances_chunked", "classification_report", "cluster", "DistanceMetric"),
}


def of_sklearn() -> Iterator[Theirs]:
    for name in M.__all__:
        if name not in NO_NUMBERS and not re.search(r"Display$|_curve$|_matrix|at_thresholds|_samples$", name):
            inputs, number = OF_SKLEARN.get(name, (None, None))
            value = None if inputs is None or number is None else float(number(*getattr(given, inputs)))
            yield Theirs("sklearn", f"sklearn.metrics.{name}", inputs, value)
    for name in M.get_scorer_names():
        inputs, number = SCORERS.get(name, (None, None))
        value = None if inputs is None or number is None else float(number(*getattr(given, inputs)))
        yield Theirs("sklearn", name, inputs, value)


THEIRS = [one for one in (*frozen(), *of_sklearn()) if one.full != "jaccard"]  # a scorer's name that is our own, too


def ours(chosen: ChosenLoss, inputs: str) -> float:
    """Return the number here, as a mean over the rows."""
    sample = Sample(*getattr(given, inputs))
    if chosen.loss.parts > 1:
        return float(whole(chosen, sample)[0])
    losses = np.asarray(sample.compute(chosen)[0])
    return float(chosen.finish((float(losses.mean()),))[0])


def written(cure: str | None) -> list[str]:
    """Return what a cure says to write."""
    return [quoted or plain for quoted, plain in re.findall(r"--loss (?:'([^']+)'|([\w.:]+))", cure or "")]


def taken(name: str) -> ChosenLoss | UsageError:
    """Return the loss that a name chooses, or the error."""
    try:
        (chosen,) = choose([name])
    except UsageError as error:
        return error
    return chosen


every_name = for_each("one", THEIRS, lambda one: f"{one.library}: {one.name}")


@every_name
def test_a_name_is_taken_and_gives_the_number_of_its_library_or_says_what_to_write(one: Theirs) -> None:
    found = taken(one.full)
    if isinstance(found, ChosenLoss):
        shown = one.inputs is not None and one.value is not None
        assert shown or one.name in GRADIENTS, "taken, and nothing shows that the number is the same"
        if one.inputs is not None and one.value is not None:
            assert_allclose(ours(found, one.inputs), one.value, rtol=DIGITS[one.library])
        return
    losses = written(found.cure)
    assert losses or measure(one.full) == found.cure, f"{found.problem}: {found.cure}"
    instead = [each for text in losses for each in choose([text])]
    if one.inputs is not None and one.value is not None:
        assert abs(ours(instead[0], one.inputs) / one.value - 1.0) > 1e-3, "refused, though the number is the same"


@every_name
def test_the_end_of_a_name_means_what_the_whole_does(one: Theirs) -> None:
    own = one.end.casefold().replace("-", "_")
    found, whole_name = taken(one.end), taken(one.full)
    if own in OWN:
        assert isinstance(found, ChosenLoss)
        assert own in {found.loss.id, *found.loss.aliases}, "our own names are ours"
    elif isinstance(found, ChosenLoss):
        assert found == whole_name
    elif isinstance(whole_name, ChosenLoss):
        assert "is not one number" in found.problem, "libraries differ"
        assert whole_name.loss.id in written(found.cure)
    else:
        assert set(written(whole_name.cure)) <= set(written(found.cure))


def test_the_lists_are_whole() -> None:
    counted = Counter(one.library for one in THEIRS)
    assert counted["sklearn"] > 100
    assert {name: counted[name] for name in ("torch", "keras", "lightgbm", "xgboost")} == {
        "torch": 49,
        "keras": 86,
        "lightgbm": 48,
        "xgboost": 46,
    }


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("HuberLoss", "huber"),
        ("hUBER_lOSS", "huber"),
        ("lightgbm:huber", "huber(delta=0.9)"),
        ("lightgbm: huber(alpha=0.5)", "huber(delta=0.5)"),
        ("F.cross_entropy", "softmax_cross_entropy"),
        ("tf.keras.losses.Huber", "huber"),
        ("nn.BCELoss", "binary_cross_entropy"),
        ("BinaryCrossentropy(from_logits=True)", "binary_cross_entropy_with_logits"),
        ("BinaryCrossentropy(from_logits=False,label_smoothing=0.1)", "binary_cross_entropy(label_smoothing=0.1)"),
        ("PoissonNLLLoss(log_input=False,full=true)", "poisson_nll(full=true)"),
        ("PoissonNLLLoss(log_input=True)", "poisson_nll_with_log_rate"),
        ("keras.losses.Tversky(alpha=0.3)", "tversky(beta=0.3)"),
        ("tversky(alpha=0.3)", "tversky(alpha=0.3)"),
        ("mean_tweedie_deviance", "tweedie_deviance(power=0)"),
        ("mean_tweedie_deviance(power=3)", "tweedie_deviance(power=3)"),
        ("KLDivergence", "kl_divergence(base=e)"),
        ("kl_divergence", "kl_divergence(base=2)"),
        ("pinball_loss(alpha=0.9)", "quantile(tau=0.9)"),
        ("mphe(huber_slope=2)", "pseudo_huber(delta=2)"),
        ("huber(huber_slope=2)", "huber(delta=2)"),
        ("cauchy(f_scale=2)", "cauchy(c=2)"),
        ("quantile(quantile_alpha=0.2)", "quantile(tau=0.2)"),
        ("GradientBoostingClassifier(loss='exponential')", "exponential"),
        ("smoothl1", "smooth_l1"),
        ("brier_loss", "brier"),
        ("hinge_loss", "hinge"),
    ],
)
def test_ways_of_writing_a_name(typed: str, means: str) -> None:
    assert choose([typed]) == choose([means])


@pytest.mark.parametrize(
    ("typed", "problem", "cure"),
    [
        (
            "KLDivLoss",
            "torch.nn.KLDivLoss differs from kl_divergence here: it takes the logarithm of q",
            "--loss 'kl_divergence(base=e)'",
        ),
        ("MeanAbsolutePercentageError", "keras: not mape, it is 100 times it", "write --loss mape"),
        ("tweedie-nloglik@1.4", "is half of it, less a term of the target", "--loss 'tweedie_deviance(power=1.4)'"),
        ("CrossEntropy", "torch: softmax_cross_entropy", "--loss softmax_cross_entropy"),
        ("CosineSimilarity", "is not one number", "write --loss cosine"),
        ("rmse@3", "no loss is called 'rmse@3'", "rmse"),
        ("huber(beta=1)", "huber has no parameter 'beta'", "its parameters: delta"),
        ("quantile(tau=0.1,alpha=0.9)", "parameter tau is given twice", "quantile"),
        ("bce(from_logits=true)", "no parameter 'from_logits'", "--loss binary_cross_entropy_with_logits"),
        ("categorical_cross_entropy(from_logits=1)", "no parameter 'from_logits'", "--loss softmax_cross_entropy"),
        ("poisson_nll(log_input=true)", "no parameter 'log_input'", "--loss poisson_nll_with_log_rate"),
        ("mae(from_logits=true)", "no parameter 'from_logits'", "mae has none"),
    ],
)
def test_what_is_refused_and_why(typed: str, problem: str, cure: str) -> None:
    found = taken(typed)
    assert isinstance(found, UsageError)
    assert problem in found.problem
    assert cure in (found.cure or "")


def test_every_name_that_is_listed_is_taken() -> None:
    listed = names()
    assert len(set(listed)) == len(listed) > 500
    assert {*OWN, "HuberLoss", "binary_crossentropy", "reg:squarederror", "neg_log_loss"} <= {*listed}
    for name in listed:
        assert isinstance(taken(name), ChosenLoss), name


def test_a_flag_of_another_name_counts_where_no_chosen_loss_has_a_parameter_of_that_name() -> None:
    assert choose(["interval_score,quantile"], {"alpha": "0.2"}) == choose(["interval_score(alpha=0.2),quantile"])
    assert choose(["mae,quantile"], {"alpha": "0.2"}) == choose(["mae,quantile(tau=0.2)"])
    for name, said in (("alpha", "not for mae"), ("huber_slope", "another name of --delta, not for mae")):
        with pytest.raises(UsageError, match=said):
            choose(["mae"], {name: "0.2"})


@every_row
def test_another_name_of_a_parameter_means_one(loss: Loss) -> None:
    meanings: dict[str, set[str]] = {}
    for entry in loss.elsewhere:
        for theirs, ours in entry.renamed.items():
            meanings.setdefault(theirs, set()).add(ours)
    assert all(len(found) == 1 for found in meanings.values())


@every_row
def test_what_a_row_says_of_other_libraries_fits_its_parameters(loss: Loss) -> None:
    for entry in loss.elsewhere:
        assert loss.choose(**entry.params)
        assert all(loss.param(ours) is not None for ours in entry.renamed.values())
        assert all(loss.choose(**entry.params).params[name] != loss.choose().params[name] for name in entry.params)
        assert not entry.differs.endswith(".")
        assert not (entry.negated and entry.differs)
