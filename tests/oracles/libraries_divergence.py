"""Distances between distributions as SciPy and plain NumPy compute them; see `tests.oracles.libraries`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import autograd.numpy as anp
import numpy as np
from scipy import special, stats
from scipy.spatial import distance

from lossctl.core.types import Array

Oracle = Callable[..., Array]


def _by_row(measure: Callable[[Array, Array], float]) -> Oracle:
    return lambda p, q: np.array([measure(*pair) for pair in zip(p, q, strict=True)])


def _on_places(measure: Callable[..., float]) -> Oracle:
    """Return a distance of samples the categories' places, weighted by their probabilities."""
    return _by_row(lambda p, q: measure(np.arange(len(p)), np.arange(len(q)), p, q))


def _renyi(p: Array, q: Array, alpha: float) -> Array:
    if alpha == 1.0:
        return stats.entropy(p, q, axis=1)
    return special.logsumexp(alpha * np.log(p) + (1.0 - alpha) * np.log(q), axis=1) / (alpha - 1.0)


def _tsallis(p: Array, prediction: Array, q: float) -> Array:
    if q == 1.0:
        return stats.entropy(p, prediction, axis=1)
    return np.expm1((q - 1.0) * _renyi(p, prediction, q)) / (q - 1.0)


VALUES: Mapping[str, tuple[Oracle, ...]] = {
    "reverse_kl": (lambda p, q, base: stats.entropy(q, p, base=base, axis=1),),
    "jeffreys": (lambda p, q, base: (special.rel_entr(p, q) + special.rel_entr(q, p)).sum(axis=1) / np.log(base),),
    "jensen_shannon": (lambda p, q, base: distance.jensenshannon(p, q, base=base, axis=1) ** 2,),
    "jensen_shannon_distance": (lambda p, q, base: distance.jensenshannon(p, q, base=base, axis=1),),
    "squared_hellinger": (_by_row(lambda p, q: distance.sqeuclidean(np.sqrt(p), np.sqrt(q)) / 2.0),),
    "hellinger": (_by_row(lambda p, q: distance.euclidean(np.sqrt(p), np.sqrt(q)) / np.sqrt(2.0)),),
    "total_variation": (_by_row(lambda p, q: distance.cityblock(p, q) / 2.0),),
    "chi_square": (_by_row(lambda p, q: stats.chisquare(p, q).statistic),),
    "renyi": (lambda p, q, alpha, base: _renyi(p, q, alpha) / np.log(base),),
    "tsallis": (_tsallis,),
    "alpha_divergence": (lambda p, q, alpha: _tsallis(p, q, alpha) / alpha,),
    "bhattacharyya": (lambda p, q, base: -np.log(np.sqrt(p * q).sum(axis=1)) / np.log(base),),
    "wasserstein1": (_on_places(stats.wasserstein_distance),),
    "energy_distance": (_on_places(stats.energy_distance),),
    "cramer": (lambda p, q: _on_places(stats.energy_distance)(p, q) ** 2 / 2.0,),
}


def _sum(terms: Array) -> Array:
    return anp.sum(terms, axis=1)


def _jensen_shannon(p: Array, q: Array, base: float) -> Array:
    m = (p + q) / 2.0
    return _sum(p * anp.log(p / m) + q * anp.log(q / m)) / (2.0 * anp.log(base))


def _squared_hellinger(p: Array, q: Array) -> Array:
    return _sum((anp.sqrt(p) - anp.sqrt(q)) ** 2) / 2.0


def _tsallis_formula(p: Array, prediction: Array, q: float) -> Array:
    if q == 1.0:
        return _sum(p * anp.log(p / prediction))
    return (_sum(p**q * prediction ** (1.0 - q)) - 1.0) / (q - 1.0)


def _renyi_formula(p: Array, q: Array, alpha: float, base: float) -> Array:
    if alpha == 1.0:
        return _sum(p * anp.log(p / q)) / anp.log(base)
    return anp.log(_sum(p**alpha * q ** (1.0 - alpha))) / (alpha - 1.0) / anp.log(base)


def _alpha(p: Array, q: Array, alpha: float) -> Array:
    return (_tsallis_formula(p, q, alpha) + _sum(q)) / alpha if alpha != 1.0 else _sum(p * anp.log(p / q) + q)


def _cramer(p: Array, q: Array) -> Array:
    return _sum(anp.cumsum(q - p, axis=1)[:, :-1] ** 2)


ROW_FORMULAS: Mapping[str, Oracle | None] = {
    "reverse_kl": lambda p, q, base: _sum(q * anp.log(q / p)) / anp.log(base),
    "jeffreys": lambda p, q, base: _sum((q - p) * anp.log(q / p)) / anp.log(base),
    "jensen_shannon": _jensen_shannon,
    "jensen_shannon_distance": lambda p, q, base: anp.sqrt(_jensen_shannon(p, q, base)),
    "squared_hellinger": _squared_hellinger,
    "hellinger": lambda p, q: anp.sqrt(_squared_hellinger(p, q)),
    "total_variation": lambda p, q: _sum(anp.abs(q - p)) / 2.0,
    "chi_square": lambda p, q: _sum((p - q) ** 2 / q),
    "renyi": _renyi_formula,
    "tsallis": _tsallis_formula,
    "alpha_divergence": _alpha,
    "bhattacharyya": lambda p, q, base: _renyi_formula(p, q, 0.5, base) / 2.0,
    "wasserstein1": lambda p, q: _sum(anp.abs(anp.cumsum(q - p, axis=1)[:, :-1])),
    "energy_distance": lambda p, q: anp.sqrt(2.0 * _cramer(p, q)),
    "cramer": _cramer,
}
