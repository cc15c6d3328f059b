"""Names of other libraries and fields for losses and parameters that have other names here, or none. Imports nothing.

Every cure here is followed by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["AFFIXES", "EMPTY_WORDS", "FLAGS_ELSEWHERE", "MEASURES"]

EMPTY_WORDS = frozenset({"loss", "losses", "score", "error", "mean", "metric", "neg", "with"})
"""Words that other libraries put around a name."""

AFFIXES = frozenset(
    {"loss", "losses", "score", "scores", "metric", "error", "macro", "micro", "samples", "weighted", "ovo", "ovr"}
)
"""Words that libraries put after the name of a measure, which leave it what it is."""

_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "r2 r2_score rsquared r_squared explained_variance nse rse relative_squared_error": (
            "--loss mse --skill gives 1 − R²: the error relative to that of predicting the mean"
        ),
        "rae relative_absolute_error": "--loss mae --skill divides by the error of predicting the mean",
        "rrse nrmse root_relative_squared_error": "--loss rmse --skill divides by the error of predicting the mean",
        "me mbe bias mean_error mean_bias_error": "--loss half_mse: gradient.mean is the mean of prediction − target",
        "mpe mean_percentage_error": "--loss mape takes the absolute value of each percentage",
        "medae mdae median_absolute_error": "--loss mae --quantiles 0.5 gives the median of the rows' losses",
        "mdape median_absolute_percentage_error": "--loss mape --quantiles 0.5 gives the median of the rows' losses",
        "max_error maxae linf": "--loss mae --quantiles max gives the largest of the rows' losses",
        "rmspe": "--loss mape is the mean percentage error, without squares",
        "rmsse": "--loss mase scales by the naive forecast, without squares",
        "d2_absolute_error": "--loss mae --skill divides by the error of predicting the mean",
        "d2_pinball": "--loss quantile --skill divides by the loss of predicting the mean",
        "d2_tweedie": "--loss tweedie_deviance --skill gives 1 − D²",
        "d2_log_loss d2_brier": "--loss log_loss and --loss brier are its parts: divide by those of a constant",
        "pearson pearson_correlation spearman correlation concordance_correlation corrcoef": (
            "a correlation sees no shift and no scale: --loss mse sees both"
        ),
        "interval_regression_accuracy": "--loss interval_score scores intervals by their width and by what misses them",
        "accuracy acc error_rate zero_one zero_one_loss 0_1 misclassification balanced_accuracy top_k_accuracy error "
        "binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy merror "
        "sparse_top_k_categorical_accuracy binary_error multi_error hamming matthews_corrcoef mcc cohen_kappa kappa": (
            "a count of right labels has no gradient: --loss log_loss or --loss brier score the probabilities"
        ),
        "f1 f_1 fbeta f_beta precision recall precision_recall_fscore_support precision_at_recall pre "
        "recall_at_precision "
        "sensitivity_at_specificity specificity_at_sensitivity true_positives true_negatives false_positives "
        "false_negatives class_likelihood_ratios positive_likelihood_ratio negative_likelihood_ratio": (
            "a count of right labels has no gradient: --loss dice is smooth"
        ),
        "jaccard iou mean_iou binary_iou one_hot_iou one_hot_mean_iou": (
            "a count of right labels has no gradient: --loss jaccard is smooth"
        ),
        "auc roc_auc auroc gini average_precision aucpr pr_auc auc_mu ams": (
            "a rank statistic is no mean over rows: --loss log_loss and --loss brier are"
        ),
        "ndcg map mrr dcg mean_average_precision": (
            "of rankings in groups lossctl has --loss approx_ndcg, lambda_rank and listnet"
        ),
        "label_ranking label_ranking_average_precision coverage_error": (
            "of several labels in each row lossctl has --loss multilabel_margin and multilabel_soft_margin"
        ),
        "ctc": "of sequences that are not aligned there is none: --loss softmax_cross_entropy takes a label per row",
        "circle": "--loss info_nce takes vectors with one positive and several negatives",
        "linear_cross_entropy adaptive_log_softmax_with": (
            "it takes features and weights: --loss softmax_cross_entropy takes the logits that they give"
        ),
        "adjusted_mutual_info adjusted_rand calinski_harabasz completeness consensus davies_bouldin fowlkes_mallows "
        "homogeneity homogeneity_completeness_v_measure mutual_info normalized_mutual_info rand silhouette v_measure": (
            "it compares clusterings, and lossctl predictions with targets"
        ),
        "ce xent xe": (
            "--loss log_loss is for one probability, categorical_cross_entropy for a column a class, cross_entropy for "
            "distributions"
        ),
        "perplexity ppl": "it is the exponential of --loss categorical_cross_entropy",
        "nll log_score logscore logs likelihood log_likelihood": (
            "--loss log_loss is for probabilities, gaussian_nll and its kin for a location and a scale"
        ),
        "wql qloss mqloss": "--loss quantile is for one level, crps_quantile for several",
        "ece calibration_error": "--loss brier is least where probabilities are calibrated",
    }
)
MEASURES: Mapping[str, str] = MappingProxyType(
    {name: cure for names, cure in _MEASURES.items() for name in names.split()}
)
"""What to use for a measure that lossctl does not have, by the names it goes by."""

FLAGS_ELSEWHERE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "alpha": ("tau", "delta"),
        "beta": ("delta",),
        "dof": ("df",),
        "epsilon": ("delta", "label_smoothing"),
        "eps": ("epsilon", "delta", "smooth"),
        "gamma": ("delta",),
        "huber_slope": ("delta",),
        "k": ("delta", "c"),
        "m": ("period",),
        "nu": ("df",),
        "order": ("alpha", "q"),
        "p": ("power", "tau"),
        "power": ("p",),
        "q": ("tau",),
        "quantile": ("tau",),
        "quantile_alpha": ("tau",),
        "scale_pos_weight": ("pos_weight",),
        "seasonality": ("period",),
        "season_length": ("period",),
        "sigma": ("c", "delta"),
        "slope": ("delta",),
        "smoothing": ("label_smoothing",),
        "smooth": ("label_smoothing",),
        "sp": ("period",),
        "tau": ("temperature", "delta"),
        "temp": ("temperature",),
        "threshold": ("delta",),
        "tweedie_variance_power": ("power",),
        "variance_power": ("power",),
    }
)
"""Which parameters of ours another library calls so."""
