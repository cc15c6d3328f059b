"""Make the example files in `examples/data`: predictions of fitted models on data sets scikit-learn ships.

Every prediction is out of fold: the model that made it never saw its row. Nothing is downloaded; the same versions of
scikit-learn and pyarrow on the same kind of machine give the same bytes. Run
`python examples/make_data.py [DIRECTORY]`. Imports NumPy, pyarrow and scikit-learn; nothing of lossctl.
"""

from __future__ import annotations

import csv
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

DATA = Path(__file__).parent / "data"
FOLDS = 5
SEED = 20261122
NEIGHBOURS = 10
LEVELS = (0.05, 0.5, 0.95)
HELD_OUT, EMBEDDED, QUERIES, LEARNT_PAIRS = 300, 4, 40, 4000

Columns = dict[str, Sequence[Any]]
"""A file's columns by name; a list column holds arrays of equal length."""


def main(directory: Path = DATA) -> None:
    """Write every example file into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(limits=1):  # the number of threads changes the last bits of a matrix product
        for make in (
            make_diabetes,
            make_breast_cancer,
            make_digits,
            make_iris,
            make_shapes,
            make_thirds,
            make_forecasts,
            make_ensembles,
            make_embeddings,
            make_ranking,
        ):
            for name, columns, lists in make():
                write(directory / name, columns, lists)
                print(f"{name}: {len(next(iter(columns.values())))} rows, {len(columns)} columns")
    print(f"made with scikit-learn {sklearn.__version__}, numpy {np.__version__}, pyarrow {pa.__version__},", end=" ")
    print(f"Python {platform.python_version()}, {platform.machine()}")


def make_diabetes() -> list[tuple[str, Columns, Columns]]:
    """Predict disease progression a year on: three point models, and three quantiles of a fourth."""
    data = load_diabetes(scaled=False)
    features, target = data.data, data.target
    folds = list(KFold(FOLDS, shuffle=True, random_state=SEED).split(features))
    scaled_ridge = make_pipeline(StandardScaler(), Ridge(alpha=1.0, solver="cholesky"))
    scaled_knn = make_pipeline(StandardScaler(), KNeighborsRegressor(n_neighbors=15))
    forest = RandomForestRegressor(n_estimators=200, min_samples_leaf=3, random_state=SEED)
    ridge, knn, trees = (
        out_of_fold(model, features, target, folds, "predict")[0] for model in (scaled_ridge, scaled_knn, forest)
    )
    sex = features[:, data.feature_names.index("sex")].astype(int)
    age = features[:, data.feature_names.index("age")]
    identity: Columns = {"id": np.arange(1, len(target) + 1), "target": target}
    groups: Columns = {
        "sex": sex,
        "age_band": np.array(["under 40", "40 to 59", "60 and over"])[np.digitize(age, [40, 60])],
        "weight": len(sex) / (2.0 * np.bincount(sex)[sex]),
    }
    levels = [
        out_of_fold(
            make_pipeline(StandardScaler(), QuantileRegressor(quantile=level, alpha=0.0, solver="highs")),
            features,
            target,
            folds,
            "predict",
        )[0]
        for level in LEVELS
    ]
    # Each level is fitted alone, so a few rows cross; sorting a row's quantiles is the usual cure (rearrangement).
    quantiles: Columns = {f"q{level}": values for level, values in zip(LEVELS, np.sort(levels, axis=0), strict=True)}
    return [
        ("preds", identity | {"prediction": ridge}, {}),
        ("diabetes", identity | {"ridge": ridge, "knn": knn, "forest": trees} | groups, {}),
        ("diabetes_quantiles", identity | quantiles, {}),
    ]


def make_breast_cancer() -> list[tuple[str, Columns, Columns]]:
    """Predict whether a tumour is benign: probability and logit of two models."""
    data = load_breast_cancer()
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(data.data, data.target))
    columns: Columns = {
        "id": np.arange(1, len(data.target) + 1),
        "target": data.target,
        "diagnosis": data.target_names[data.target],
    }
    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "boosting": GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=SEED),
    }
    for name, model in models.items():
        probability, logit = out_of_fold(model, data.data, data.target, folds, "predict_proba", "decision_function")
        columns[f"{name}_probability"] = probability[:, 1]
        columns[f"{name}_logit"] = logit
    return [("breast_cancer", columns, {})]


def make_digits() -> list[tuple[str, Columns, Columns]]:
    """Predict which of ten digits an image shows, and how the predicted digits are distributed."""
    data = load_digits()
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(data.data, data.target))
    classes = data.target_names.tolist()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    p, s = out_of_fold(model, data.data, data.target, folds, "predict_proba", "decision_function")
    columns: Columns = {"id": np.arange(1, len(data.target) + 1), "label": data.target, "top1": p.argmax(axis=1)}
    columns |= {f"p_{name}": p[:, index] for index, name in enumerate(classes)}
    columns |= {f"s_{name}": s[:, index] for index, name in enumerate(classes)}
    (naive,) = out_of_fold(GaussianNB(), data.data, data.target, folds, "predict")
    total = len(data.target)
    shares: Columns = {
        "event": classes,
        "p": np.bincount(data.target, minlength=len(classes)) / total,
        "q": np.bincount(naive, minlength=len(classes)) / total,
    }
    return [("digits", columns, {"p": p, "s": s}), ("digit_shares", shares, {})]


def make_iris() -> list[tuple[str, Columns, Columns]]:
    """Give each flower two distributions over species: the votes of its neighbours, and a model's prediction."""
    data = load_iris()
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(data.data, data.target))
    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(StandardScaler().fit_transform(data.data))
    votes = data.target[nearest.kneighbors(return_distance=False)]  # without arguments: the row itself is left out
    names = data.target_names.tolist()
    p = np.stack([(votes == index).mean(axis=1) for index in range(len(names))], axis=1)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    (q,) = out_of_fold(model, data.data, data.target, folds, "predict_proba")
    columns: Columns = {"id": np.arange(1, len(data.target) + 1), "label": data.target_names[data.target]}
    columns |= {f"p_{name}": p[:, index] for index, name in enumerate(names)}
    columns |= {f"q_{name}": q[:, index] for index, name in enumerate(names)}
    return [("iris_soft", columns, {"p": p, "q": q})]


def make_shapes() -> list[tuple[str, Columns, Columns]]:
    """Say three things of the digit an image shows, each true or false: what a multilabel loss is for."""
    data = load_digits()
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(data.data, data.target))
    truths = {
        "even": data.target % 2 == 0,
        "large": np.isin(data.target, [5, 6, 7, 8, 9]),
        "looped": np.isin(data.target, [0, 6, 8, 9]),
    }
    columns: Columns = {"id": np.arange(1, len(data.target) + 1)}
    columns |= {f"y_{name}": truth.astype(int) for name, truth in truths.items()}
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    for name, truth in truths.items():
        (columns[f"s_{name}"],) = out_of_fold(model, data.data, truth.astype(int), folds, "decision_function")
    return [("digit_shapes", columns, {})]


def make_thirds() -> list[tuple[str, Columns, Columns]]:
    """Predict in which third of all patients a disease progresses, by the logits of its two thresholds."""
    data = load_diabetes(scaled=False)
    cuts = np.quantile(data.target, [1 / 3, 2 / 3])
    third = np.searchsorted(cuts, data.target, side="right")
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(data.data, third))
    ridge = make_pipeline(StandardScaler(), Ridge(alpha=1.0, solver="cholesky"))
    (score,) = out_of_fold(ridge, data.data, data.target, folds, "predict")
    spread = np.std(data.target - score) * np.sqrt(3) / np.pi  # of a logistic distribution
    at_most = (cuts[None, :] - score[:, None]) / spread
    columns: Columns = {"id": np.arange(1, len(third) + 1), "third": third}
    columns |= {f"at_most_{index}": at_most[:, index] for index in range(2)}
    columns |= {f"above_{index}": -at_most[:, index] for index in range(2)}
    return [("diabetes_thirds", columns, {})]


def make_forecasts() -> list[tuple[str, Columns, Columns]]:
    """Forecast disease progression as a normal distribution, and its logarithm as another."""
    data = load_diabetes(scaled=False)
    folds = list(KFold(FOLDS, shuffle=True, random_state=SEED).split(data.data))
    kernel = 1.0 * RBF(length_scale=3.0) + WhiteKernel(noise_level=0.5)  # the noise is part of the deviation
    process = make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True))
    columns: Columns = {"id": np.arange(1, len(data.target) + 1), "target": data.target}
    for name, target in {"prediction": data.target, "log_prediction": np.log(data.target)}.items():
        mean, deviation = np.empty_like(target), np.empty_like(target)
        for train, test in folds:
            fitted = clone(process).fit(data.data[train], target[train])
            mean[test], deviation[test] = fitted.predict(data.data[test], return_std=True)
        columns |= {name: mean, f"{name}_scale": deviation}
    return [("diabetes_forecasts", columns, {})]


class Trees(RandomForestRegressor):
    """A random forest whose trees each give their own prediction: the members of an ensemble."""

    def predict_members(self, features: np.ndarray) -> np.ndarray:
        """Give the prediction of every tree, one after the other, for each row."""
        return np.stack([tree.predict(features) for tree in self.estimators_], axis=1)


def make_ensembles() -> list[tuple[str, Columns, Columns]]:
    """Predict one number, and three at once, by the trees of a random forest."""
    data = load_diabetes(scaled=False)
    folds = list(KFold(FOLDS, shuffle=True, random_state=SEED).split(data.data))
    trees = Trees(n_estimators=10, random_state=SEED)
    (members,) = out_of_fold(trees, data.data, data.target, folds, "predict_members")
    progress: Columns = {"id": np.arange(1, len(data.target) + 1), "target": data.target}
    progress |= {f"m_{index + 1}": members[:, index] for index in range(members.shape[1])}
    flowers = load_iris()
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(flowers.data, flowers.target))
    names = ("sepal_width", "petal_length", "petal_width")
    features = np.stack([flowers.data[:, 0], flowers.target], axis=1)  # the sepal's length, and the species
    trees = Trees(n_estimators=5, random_state=SEED)
    (members,) = out_of_fold(trees, features, flowers.data[:, 1:], folds, "predict_members")
    shapes: Columns = {"id": np.arange(1, len(features) + 1)}
    shapes |= {f"y_{name}": flowers.data[:, index + 1] for index, name in enumerate(names)}
    for member in range(members.shape[1]):
        shapes |= {f"m{member + 1}_{name}": members[:, member, index] for index, name in enumerate(names)}
    return [("diabetes_ensemble", progress, {}), ("iris_ensemble", shapes, {})]


def make_embeddings() -> list[tuple[str, Columns, Columns]]:
    """Embed images by principal components, and guess the embedding of each from its left half alone."""
    data, train, test = held_out()
    embedded = PCA(EMBEDDED, svd_solver="full").fit(data.data[train]).transform(data.data)
    left = data.data.reshape(-1, 8, 8)[:, :, :4].reshape(-1, 32)
    ink = data.data.sum(axis=1)
    ridge = Ridge(alpha=1.0, solver="cholesky")
    guessed = clone(ridge).fit(left[train], embedded[train]).predict(left)[test]
    guessed_ink = clone(ridge).fit(left[train], ink[train]).predict(left)[test]
    digit, ink, truth = data.target[test], ink[test], embedded[test]
    other = [next_where(digit != digit[row], row) for row in range(len(test))]
    partner = [next_where(digit == digit[row], row) if row % 2 else other[row] for row in range(len(test))]
    columns: Columns = {"image": test + 1, "digit": digit}
    columns |= numbered("a", truth) | numbered("b", guessed) | numbered("n", guessed[other])
    pairs: Columns = {
        "image": test + 1,
        "partner": test[partner] + 1,
        "same": (digit == digit[partner]).astype(int),
        "distance": np.sqrt(((truth - guessed[partner]) ** 2).sum(axis=1)),
        "more_ink": (ink > ink[partner]).astype(int),
        "a_ink": guessed_ink,
        "b_ink": guessed_ink[partner],
    }
    pairs |= numbered("u", truth) | numbered("v", guessed[partner])
    return [("digit_embeddings", columns, {"a": truth, "b": guessed}), ("digit_pairs", pairs, {})]


def make_ranking() -> list[tuple[str, Columns, Columns]]:
    """Rank images by how likely each shows the digit that another, the query, shows; grade them by what is true.

    An image of the query's digit is worth 2, of another 0; and 1 more if it is one of the 4 nearest by its pixels.
    """
    data, train, test = held_out()
    embedded = PCA(3 * EMBEDDED, svd_solver="full").fit(data.data[train]).transform(data.data)
    rng = np.random.default_rng(SEED)
    one, two = rng.choice(train, (2, LEARNT_PAIRS))
    model = LogisticRegression(max_iter=1000)
    model.fit(np.abs(embedded[one] - embedded[two]), data.target[one] == data.target[two])
    found: list[tuple[int, int, int, float]] = []
    for place, query in enumerate(test[:QUERIES]):
        among = rng.permutation(test[test != query])
        alike = data.target[among] == data.target[query]
        shown = np.concatenate([among[alike][: place % 6], among[~alike][: 8 + place % 9]])
        distance = ((data.data[shown] - data.data[query]) ** 2).sum(axis=1)
        grade = 2 * (data.target[shown] == data.target[query]) + (distance <= np.sort(distance)[3])
        score = model.decision_function(np.abs(embedded[shown] - embedded[query]))
        order = rng.permutation(len(shown))
        found += [(query + 1, shown[row] + 1, grade[row], score[row]) for row in order]
    query, document, relevance, score = map(np.array, zip(*found, strict=True))
    columns: Columns = {"query": query, "document": document, "relevance": relevance, "score": score}
    return [("digit_ranking", columns, {})]


def held_out() -> tuple[Any, np.ndarray, np.ndarray]:
    """Give the digits, the rows that models are fitted on, and those they have never seen."""
    data = load_digits()
    rows = np.arange(len(data.target))
    train, test = train_test_split(rows, test_size=HELD_OUT, stratify=data.target, random_state=SEED)
    return data, np.sort(train), np.sort(test)


def next_where(good: np.ndarray, row: int) -> int:
    """Find the next row that is good, the first row following the last."""
    return next(place % len(good) for place in range(row + 1, row + len(good)) if good[place % len(good)])


def numbered(prefix: str, values: np.ndarray) -> Columns:
    """Name the columns of vectors."""
    return {f"{prefix}_{index}": values[:, index] for index in range(values.shape[1])}


def out_of_fold(
    model: BaseEstimator,
    features: np.ndarray,
    target: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    *methods: str,
) -> list[np.ndarray]:
    """Call each method on every row, of a model fitted without that row's fold."""
    answers: list[np.ndarray | None] = [None] * len(methods)
    for train, test in folds:
        fitted = clone(model).fit(features[train], target[train])
        for index, method in enumerate(methods):
            answer = getattr(fitted, method)(features[test])
            whole = answers[index]
            if whole is None:
                answers[index] = whole = np.empty((len(target), *answer.shape[1:]), answer.dtype)
            whole[test] = answer
    return [answer for answer in answers if answer is not None]


def write(path: Path, columns: Columns, lists: Columns) -> None:
    """Write columns as CSV and Parquet; list columns go into the Parquet file only.

    The list columns come in both shapes readers must know: the first of fixed size, the second of variable size.
    """
    plain = {name: np.asarray(values).tolist() for name, values in columns.items()}
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")  # writes a float as repr does: the shortest that reads back
        writer.writerow(plain)
        writer.writerows(zip(*plain.values(), strict=True))
    arrays = {name: pa.array(values) for name, values in plain.items()}
    for index, (name, values) in enumerate(lists.items()):
        rows = np.asarray(values)
        kind = pa.list_(pa.float64(), rows.shape[1]) if index == 0 else pa.list_(pa.float64())
        arrays[name] = pa.array(rows.tolist(), type=kind)
    pq.write_table(pa.table(arrays), path.with_suffix(".parquet"), compression="zstd")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
