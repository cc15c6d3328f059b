"""Write statsmodels' answers to ``frozen/elsewhere/``: where they agree with the losses here, and where they differ.

Run by hand where statsmodels is installed: ``python tests/oracles/make_elsewhere_statsmodels.py``. It imports
nothing of lossctl.
"""

from __future__ import annotations

from typing import Any

import make_elsewhere as given
import numpy as np
import statsmodels
from make_elsewhere import answer, one
from statsmodels.genmod import families
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.robust import norms


def norm(name: str, loss: str, inputs: Any, *options: float, **more: Any) -> dict[str, Any]:
    """Answer by a norm of the residual."""
    rho = getattr(norms, name)(*options).rho
    return answer(f"statsmodels.robust.norms.{name}", loss, inputs, rho(inputs[1] - inputs[0]), **more)


def ordered() -> dict[str, Any]:
    """Answer by a proportional-odds model of one variable, whose classes are ordered."""
    variable, label = given.REAL[1][:, None], given.CLASS - given.CLASS.min()
    slope, thresholds = 0.6, np.array([-1.1, -0.2, 0.9])[: int(label.max())]
    model = OrderedModel(label.astype(int), variable, distr="logit")
    theirs = -model.loglikeobs(np.r_[slope, thresholds[0], np.log(np.diff(thresholds))])
    name = "statsmodels.miscmodels.ordinal_model.OrderedModel"
    return answer(name, "cumulative_link", (label, thresholds - slope * variable), theirs)


def main() -> None:
    """Write the file."""
    near, family = one(0.0, 1e-9), families.NegativeBinomial(alpha=0.8)
    answers = [
        norm("HuberT", "huber(delta=0.7)", given.REAL, 0.7),
        norm("LeastSquares", "half_mse", given.REAL),
        norm("TukeyBiweight", "tukey", given.REAL),
        norm("AndrewWave", "andrew", given.REAL),
        norm("Hampel", "hampel", given.REAL),
        norm("TrimmedMean", "trimmed", given.REAL),
        norm("TukeyBiweight", "tukey", near, differs=True),
        norm("AndrewWave", "andrew", near, differs=True),
        norm("RamsayE", "fair", near, differs=True),
        answer(
            "statsmodels.genmod.families.NegativeBinomial",
            "negative_binomial_deviance(alpha=0.8)",
            given.COUNTS,
            family.deviance(*given.COUNTS) / given.ROWS,
        ),
        answer(
            "statsmodels.genmod.families.NegativeBinomial",
            "negative_binomial_deviance(alpha=0.8)",
            given.COUNTS,
            family.deviance(*given.COUNTS),
            differs=True,
        ),
    ]
    answers.append(ordered())
    given.write("statsmodels", statsmodels.__version__, answers)


if __name__ == "__main__":
    main()
