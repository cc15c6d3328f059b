"""Rows of regression losses: a number predicted for a number. Imports core and the kernels."""

from __future__ import annotations

from lossctl.core.loss import NONNEGATIVE, POSITIVE, REAL_LINE, Facts, Kind, Loss, Param
from lossctl.losses import regression

__all__ = ["ROWS"]

ROWS = (
    Loss(
        id="mae",
        aliases=("l1", "mean_absolute_error"),
        task="regression",
        kind=Kind.REAL,
        summary="mean absolute error: the mean distance between prediction and target",
        formula="|ŷ − y|",
        slope="sign(ŷ − y), 0 at 0",
        latex=r"\left|\hat y - y\right|",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.mae,
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The best constant prediction is the median. At the kink the slope is 0.",
        ),
        reference="Willmott & Matsuura (2005), Advantages of the mean absolute error over the root mean square "
        "error, Climate Research 30, 79–82",
        example="lossctl eval examples/data/preds.csv --loss mae",
        note="jax gives |x| the derivative 1 at 0; here it is 0.",
    ),
    Loss(
        id="smooth_l1",
        task="regression",
        kind=Kind.REAL,
        summary="absolute error, rounded off by a parabola within beta of the target",
        formula="(ŷ − y)²/(2β) if |ŷ − y| < β else |ŷ − y| − β/2",
        slope="(ŷ − y)/β if |ŷ − y| < β else sign(ŷ − y)",
        latex=r"\begin{cases}\frac{(\hat y - y)^2}{2\beta} & |\hat y - y| < \beta\\"
        r" |\hat y - y| - \frac{\beta}{2} & \text{otherwise}\end{cases}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.smooth_l1,
        params=(Param("beta", 1.0, "residual at which the parabola becomes a line; 0 gives mae", NONNEGATIVE),),
        facts=Facts(
            convex=True,
            lipschitz=1.0,
            smoothness=lambda beta: 1.0 / beta if beta > 0.0 else None,
            kinks=lambda beta: () if beta > 0.0 else (0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="It is huber(delta=beta)/beta.",
        ),
        reference="Girshick (2015), Fast R-CNN, ICCV, equation 3, arXiv:1504.08083",
        example="lossctl eval examples/data/diabetes.csv --loss smooth_l1 --beta 20 --pred ridge",
        note="As in torch, the slope far out is 1 whatever beta is; that of huber is delta.",
    ),
    Loss(
        id="huber",
        task="regression",
        kind=Kind.REAL,
        summary="squared error near the target, absolute error beyond delta: outliers count, but not by their square",
        formula="(ŷ − y)²/2 if |ŷ − y| < δ else δ(|ŷ − y| − δ/2)",
        slope="ŷ − y, held within [−δ, δ]",
        latex=r"\begin{cases}\frac{1}{2}(\hat y - y)^2 & |\hat y - y| < \delta\\"
        r" \delta\left(|\hat y - y| - \frac{\delta}{2}\right) & \text{otherwise}\end{cases}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.huber,
        params=(Param("delta", 1.0, "residual at which the parabola becomes a line", POSITIVE),),
        facts=Facts(
            convex=True,
            lipschitz=lambda delta: delta,
            smoothness=1.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The limits are half of mse as δ → ∞, and δ·mae as δ → 0.",
        ),
        reference="Huber (1964), Robust estimation of a location parameter, Annals of Mathematical Statistics 35, "
        "73–101",
        example="lossctl eval examples/data/preds.csv --loss huber --delta 1.0",
        note="Weights divide by their sum; torch divides a weighted huber by n.",
    ),
    Loss(
        id="mse",
        aliases=("l2", "mean_squared_error"),
        task="regression",
        kind=Kind.REAL,
        summary="mean squared error",
        formula="(ŷ − y)²",
        slope="2(ŷ − y)",
        latex=r"(\hat y - y)^2",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=regression.mse,
        facts=Facts(
            convex=True,
            smoothness=2.0,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The best constant prediction is the mean.",
        ),
        reference="Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix",
        example="lossctl eval examples/data/preds.csv --loss mse",
        note="No factor ½: some libraries call half of this the squared error.",
    ),
)
