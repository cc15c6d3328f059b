"""Rows of relative losses: by the size of the target, or of logarithms. Imports core and the kernels."""

from __future__ import annotations

from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import REAL_LINE, Domain, Facts, Kind, Loss, Param
from lossctl.losses import percentage, regression

__all__ = ["ROWS"]

_NON_ZERO = Domain(without_zero=True)
_FROM_ONE = Domain(low=1.0)
_ABOVE_MINUS_ONE = Domain(low=-1.0, low_open=True)
_TOFALLIS = (
    "Tofallis (2015), A better measure of relative prediction accuracy for model selection and model estimation, "
    "Journal of the Operational Research Society 66, 1352–1362"
)

ROWS = (
    Loss(
        id="mape",
        aliases=("mean_absolute_percentage_error",),
        task="relative",
        kind=Kind.REAL,
        summary="mean absolute percentage error: the error divided by the size of the target, as a share (1 is 100 %)",
        formula="|ŷ − y|/|y|",
        slope="sign(ŷ − y)/|y|, 0 at 0",
        latex=r"\left|\frac{\hat y - y}{y}\right|",
        target=_NON_ZERO,
        prediction=REAL_LINE,
        kernel=percentage.mape,
        facts=Facts(
            convex=True,
            kinks=(0.0,),
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="Symmetric about each target. It favours predictions that are too low: the best constant is a median "
            "weighted by 1/|y|.",
        ),
        reference="Makridakis (1993), Accuracy measures: theoretical and practical concerns, International Journal of "
        "Forecasting 9, 527–529",
        example="lossctl eval examples/data/diabetes.csv --loss mape --pred ridge",
        elsewhere=(
            Elsewhere(
                "sklearn.metrics.mean_absolute_percentage_error",
                negated="neg_mean_absolute_percentage_error",
                note="a share in both",
            ),
            Elsewhere(
                "keras.losses.MeanAbsolutePercentageError",
                also=("keras.losses.mean_absolute_percentage_error keras.metrics.MeanAbsolutePercentageError"),
                differs="is 100 times it, a percentage",
            ),
            Elsewhere("torchmetrics.MeanAbsolutePercentageError"),
            Elsewhere(
                "lightgbm: mape",
                also="mean_absolute_percentage_error",
                differs="divides by 1 where the target is nearer to 0",
            ),
            Elsewhere("xgboost: mape"),
        ),
        note="A share: 0.25 is 25 %, as in scikit-learn; Keras gives 100 times it. A target of 0 is an error that "
        "names the row: scikit-learn divides by 2e-16, Keras by 1e-7, torchmetrics by 1.2e-6.",
    ),
    Loss(
        id="wmape",
        aliases=("weighted_mape", "wape"),
        task="relative",
        kind=Kind.REAL,
        summary="weighted mean absolute percentage error: the sum of all errors divided by the sum of all targets",
        formula="Σ |ŷ − y| / Σ |y|",
        slope="sign(ŷ − y)/Σ |y|, 0 at 0",
        latex=r"\frac{\sum_i \left|\hat y_i - y_i\right|}{\sum_i \left|y_i\right|}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=percentage.wmape,
        finish=percentage.finish_wmape,
        infinite="every target is 0",
        parts=2,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="It is mae by the mean size of the target, for all rows together. Where every target is 0 it is "
            "infinite, with no gradient.",
        ),
        reference="Kolassa & Schütz (2007), Advantages of the MAD/Mean ratio over the MAPE, Foresight 6, 40–43",
        example="lossctl eval examples/data/diabetes.csv --loss wmape --pred ridge",
        elsewhere=(Elsewhere("torchmetrics.WeightedMeanAbsolutePercentageError"),),
        note="torchmetrics divides by at least 1.2e-6.",
    ),
    Loss(
        id="mase",
        aliases=("mean_absolute_scaled_error",),
        task="relative",
        kind=Kind.REAL,
        summary="mean absolute scaled error: mae divided by that of repeating the target of some rows before",
        formula="mean |ŷₜ − yₜ| / mean |yₜ − yₜ₋ₚ|, rows in file order, p the period",
        slope="sign(ŷ − y)/(n · mean |yₜ − yₜ₋ₚ|) in the value, 0 at 0",
        latex=r"\frac{\frac{1}{n}\sum_{t} \left|\hat y_t - y_t\right|}"
        r"{\frac{1}{n - p}\sum_{t > p} \left|y_t - y_{t-p}\right|}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=percentage.mase,
        params=(
            Param(
                "period",
                1,
                "season in rows, such as 12 for months: the naive forecast is the target one season before",
                _FROM_ONE,
            ),
        ),
        finish=percentage.finish_mase,
        infinite="no target differs from the one --period rows before, so the naive forecast makes no error",
        parts=3,
        series=True,
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="Below 1 the prediction beats the naive forecast. It is mae by a number that no prediction moves. "
            "Where the target repeats itself it is infinite.",
        ),
        reference="Hyndman & Koehler (2006), Another look at measures of forecast accuracy, International Journal of "
        "Forecasting 22, 679–688",
        example="lossctl eval examples/data/diabetes.csv --loss mase --pred ridge",
        elsewhere=(
            Elsewhere(
                "sktime.performance_metrics.forecasting.MeanAbsoluteScaledError",
                differs=UNCOMPARED,
                renamed={"sp": "period"},
            ),
            Elsewhere("darts.metrics.mase", differs=UNCOMPARED),
        ),
        note="The rows are a series in file order, each file its own; --where keeps the order of the rows it leaves. "
        "A row whose earlier target is missing counts in the error alone. sktime and darts take the naive forecast's "
        "error on a training series; here it is that on the target itself.",
    ),
    Loss(
        id="smape",
        aliases=("symmetric_mape",),
        task="relative",
        kind=Kind.REAL,
        summary="symmetric mean absolute percentage error: as a share between 0 and 2",
        formula="2|ŷ − y|/(|y| + |ŷ|), 0 where both are 0",
        slope="4|y| sign(ŷ − y)/(|y| + |ŷ|)² where y and ŷ have one sign, else 0",
        latex=r"\frac{2\left|\hat y - y\right|}{\left|y\right| + \left|\hat y\right|}",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=percentage.smape,
        facts=Facts(
            convex=False,
            kinks=(0.0,),
            low=0.0,
            high=2.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="It has a kink at ŷ = 0 too; for a target of 0 it is 2 everywhere but at ŷ = 0.",
        ),
        reference="Makridakis & Hibon (2000), The M3-Competition: results, conclusions and implications, International "
        "Journal of Forecasting 16, 451–476",
        example="lossctl eval examples/data/diabetes.csv --loss smape --pred ridge",
        elsewhere=(Elsewhere("torchmetrics.SymmetricMeanAbsolutePercentageError"),),
        note="Others leave out the 2 (it then ends at 1), or write 200 %; torchmetrics divides by at least 1.2e-6.",
    ),
    Loss(
        id="msle",
        aliases=("mean_squared_logarithmic_error",),
        task="relative",
        kind=Kind.REAL,
        summary="mean squared logarithmic error: the squared difference of ln(1 + prediction) and ln(1 + target)",
        formula="(ln(1 + ŷ) − ln(1 + y))²",
        slope="2(ln(1 + ŷ) − ln(1 + y))/(1 + ŷ)",
        latex=r"\left(\ln(1 + \hat y) - \ln(1 + y)\right)^2",
        target=_ABOVE_MINUS_ONE,
        prediction=_ABOVE_MINUS_ONE,
        kernel=percentage.msle,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="Too low a prediction costs more than one as much too high.",
        ),
        reference=_TOFALLIS,
        example="lossctl eval examples/data/diabetes.csv --loss msle --pred ridge",
        elsewhere=(
            Elsewhere(
                "keras.losses.MeanSquaredLogarithmicError",
                also=("keras.losses.mean_squared_logarithmic_error keras.metrics.MeanSquaredLogarithmicError"),
            ),
            Elsewhere("sklearn.metrics.mean_squared_log_error", negated="neg_mean_squared_log_error"),
            Elsewhere("torchmetrics.MeanSquaredLogError"),
            Elsewhere("xgboost: reg:squaredlogerror", differs="is half of it, as XGBoost defines it"),
        ),
        note="Values of −1 or below are errors that name the row: Keras takes 1e-7 in place of every value below.",
    ),
    Loss(
        id="rmsle",
        aliases=("root_mean_squared_logarithmic_error",),
        task="relative",
        kind=Kind.REAL,
        summary="root mean squared logarithmic error: about the relative error, where that is small",
        formula="√ mean (ln(1 + ŷ) − ln(1 + y))²",
        slope="(ln(1 + ŷ) − ln(1 + y))/((1 + ŷ) n·rmsle) in the value; in the mean of squares that of msle",
        latex=r"\sqrt{\frac{1}{n}\sum_i \left(\ln(1 + \hat y_i) - \ln(1 + y_i)\right)^2}",
        target=_ABOVE_MINUS_ONE,
        prediction=_ABOVE_MINUS_ONE,
        kernel=percentage.msle,
        finish=regression.root,
        root=percentage.log_distance,
        facts=Facts(
            convex=False,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=True,
            note="The facts are those of msle, whose mean is taken before the root. Where every residual is 0 the "
            "slope is 0.",
        ),
        reference=_TOFALLIS,
        example="lossctl eval examples/data/diabetes.csv --loss rmsle --pred ridge",
        elsewhere=(
            Elsewhere("sklearn.metrics.root_mean_squared_log_error", negated="neg_root_mean_squared_log_error"),
            Elsewhere("xgboost: rmsle"),
        ),
        note="The root of the mean over all rows. Averaging the roots of batches, as a training loop does, gives less.",
    ),
    Loss(
        id="linex",
        task="regression",
        kind=Kind.REAL,
        summary="LINEX loss: exponential above the target, linear below; the other way round for a < 0",
        formula="e^(a(ŷ − y)) − a(ŷ − y) − 1",
        slope="a(e^(a(ŷ − y)) − 1)",
        latex=r"e^{a(\hat y - y)} - a(\hat y - y) - 1",
        target=REAL_LINE,
        prediction=REAL_LINE,
        kernel=percentage.linex,
        params=(Param("a", 1.0, "steepness of the exponential; a negative value swaps the sides", _NON_ZERO),),
        facts=Facts(
            convex=True,
            low=0.0,
            minimum_at_target=True,
            slope_vanishes=True,
            symmetric=False,
            note="About (a(ŷ − y))²/2 near the target. Smooth, but with no bound on how fast the slope changes.",
        ),
        reference="Varian (1975), A Bayesian approach to real estate assessment, in Studies in Bayesian Econometrics "
        "and Statistics, North-Holland, 195–208",
        example="lossctl eval examples/data/diabetes.csv --loss linex --a 0.01 --pred ridge",
    ),
)
