"""Kernels of losses of embeddings: of vectors, of distances between them, and of pairs of scores.

May import NumPy, core, its siblings `stable` and `embeddings_near`, and the softmax of `multiclass_logit`. Vectors
come as ``(n, K)``, several of them side by side as ``(n, M·K)``; the loss is ``(n,)`` and the slope, by the prediction,
shaped like it. Every vector is first scaled by a power of two, which rounds nothing, so that squares neither overflow
nor vanish.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from lossctl.core.losses.loss import Kernel
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.losses.embeddings_near import cosine_above, distance_beyond
from lossctl.losses.multiclass_logit import softmax_cross_entropy
from lossctl.losses.stable import minus_product, residual, residual_tail, row_max, row_sum

__all__ = [
    "contrastive",
    "cosine",
    "cosine_embedding",
    "euclidean",
    "hinge_embedding",
    "info_nce",
    "margin_ranking",
    "triplet_margin",
]

_NEARLY = 2.0**-20
"""What is left of terms, as a share of them, where it is computed anew with twice the digits.

There a hinge could fall on the wrong side. Further off the last digits of the inputs move it more than rounding does.
"""

_LARGEST, _LEAST, _HALF = 1.7976931348623157e308, 5e-324, 0.5
_LEAST_EXPONENT = -1000
"""Vectors smaller than 2 to this are scaled as if of this size: a power of two beyond has no float64."""


_NUMBERS = 2**15
"""Numbers of a prediction to work on at once; a block of rows of 768 each would take gigabytes (measured)."""


@dataclass(frozen=True)
class _Angle:
    """The angle between two vectors of each row.

    Parameters
    ----------
    cosine
        Its cosine.
    versine
        1 − cosine, with all its digits however small the angle.
    converse
        1 + cosine, with all its digits however near the vectors are to opposite.
    slope
        The slope of `versine` by the second vector, ``(n, K)``.
    """

    cosine: Array
    versine: Array
    converse: Array
    slope: Array


def _in_parts(kernel: Kernel) -> Kernel:
    """Make a kernel of vectors take some rows at a time, so that what it works on stays in a core's cache."""

    @functools.wraps(kernel)
    def in_parts(target: Array, prediction: Array, **params: Any) -> tuple[Array, Array]:
        rows, length = prediction.shape
        step = max(_NUMBERS // length, 1)
        if rows <= step:
            return kernel(target, prediction, **params)
        loss, slope = np.empty(rows, prediction.dtype), np.empty_like(prediction)
        for start in range(0, rows, step):
            part = slice(start, start + step)
            loss[part], slope[part] = kernel(target[part], prediction[part], **params)
        return loss, slope

    return in_parts


def _scaled(vectors: Array) -> tuple[Array, Array]:
    """Scale each vector by a power of two such that its largest number is in [½, 1); give the powers too."""
    exponent = np.maximum(np.frexp(row_max(np.abs(vectors)))[1], _LEAST_EXPONENT)
    scale = np.ldexp(1.0, -exponent)
    return vectors * scale[:, None], scale


def _angle(u: Array, v: Array, copies: int = 1) -> _Angle:
    """Take from u its projection on v: what is left has the length of u times the sine, and the slope's direction.

    1 − cos loses every digit of a small angle, and so does half the squared distance of the unit vectors: to round
    one turns it by 1e-16. The projection is subtracted with its product unrounded, and what rounding its factor left
    along v is taken away after: a sine down to 1e-17 keeps its digits. Then 1 − cos = sin²/(1 + cos).

    Each u stands for `copies` rows of v.
    """
    a, _ = _scaled(u)
    b, scale = _scaled(v)
    size, other = row_sum(b * b), row_sum(a * a)
    if copies > 1:
        a, other = np.repeat(a, copies, axis=0), np.repeat(other, copies)
    product = row_sum(a * b)
    left = minus_product(a, (product / size)[:, None], b)
    left -= (row_sum(left * b) / size)[:, None] * b
    norms = np.sqrt(size * other)
    cosine = product / norms
    sine = row_sum(left * left) / other
    versine = np.where(cosine > _HALF, sine / (1.0 + cosine), 1.0 - cosine)
    converse = np.where(cosine < -_HALF, sine / (1.0 - cosine), 1.0 + cosine)
    left /= norms[:, None]
    left *= -scale[:, None]
    left += 0.0
    return _Angle(cosine, versine, converse, left)


def _difference(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Return r = ŷ − y, scaled as `_scaled` does, and the powers; also where r is past every float64."""
    r = prediction - target
    top = row_max(np.abs(r))
    exponent = np.maximum(np.frexp(top)[1], _LEAST_EXPONENT)
    scale = np.ldexp(1.0, -exponent)
    beyond = np.flatnonzero(np.isinf(top))
    r *= scale[:, None]
    r[beyond] = prediction[beyond] * 2.0**-1023 - target[beyond] * 2.0**-1023
    scale[beyond] = 2.0**-1023
    return r, scale


def _distance(target: Array, prediction: Array, p: float) -> tuple[Array, Array]:
    """Compute ``(Σ|ŷ − y|^p)^(1/p)`` and its slope ``sign(r) (|r|/loss)^(p−1)``, 0 where ŷ = y."""
    r, scale = _difference(target, prediction)
    size = np.abs(r)
    if p == 2.0:  # noqa: PLR2004 -- the Euclidean distance
        length = np.sqrt(row_sum(size * size))
        slope = r / np.maximum(length, _LEAST)[:, None]
    elif p == 1.0:
        length, slope = row_sum(size), np.sign(r)
    else:
        top = np.maximum(row_max(size), _LEAST)
        size /= top[:, None]
        powers = size ** (p - 1.0)
        size *= powers
        total = row_sum(size)
        length = top * total ** (1.0 / p)
        slope = powers / np.maximum(total, _LEAST)[:, None] ** (1.0 - 1.0 / p)
        slope = np.copysign(slope, r)
    slope += 0.0
    return length / scale, slope


@_in_parts
def cosine(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``1 − ŷ·y/(|ŷ||y|)`` and its slope ``−(y/|y| − cos ŷ/|ŷ|)/|ŷ|``. No vector may be 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = cosine(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]]))
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.2], [[-0.3, 0.0]])
    """
    angle = _angle(target, prediction)
    return angle.versine, angle.slope


@_in_parts
def cosine_embedding(target: Array, prediction: Array, margin: float) -> tuple[Array, Array]:
    """Compute 1 − cos of the two vectors of a similar pair (label 1), ``max(0, cos − margin)`` of another.

    The slope is that of 1 − cos by both vectors; of a dissimilar pair its opposite, and 0 where the loss is 0.

    Examples
    --------
    >>> import numpy as np
    >>> pair = np.array([[3.0, 4.0, 0.0, 2.0]])
    >>> [cosine_embedding(np.array([y]), pair, margin=0.5)[0].round(4).tolist() for y in (1.0, 0.0)]
    [[0.2], [0.3]]
    """
    half = prediction.shape[1] // 2
    first, second = prediction[:, :half], prediction[:, half:]
    by_second, by_first = _angle(first, second), _angle(second, first)
    excess = _above_margin(first, second, by_second, margin)
    similar = target == 1.0
    loss = np.where(similar, by_second.versine, np.maximum(excess, 0.0))
    factor = np.where(similar, 1.0, -1.0 * (excess > 0.0))
    slope = np.concatenate([by_first.slope, by_second.slope], axis=1)
    slope *= factor[:, None]
    slope[factor == 0.0] = 0.0  # also where it is past every float64
    slope += 0.0
    return loss, slope


def _above_margin(first: Array, second: Array, angle: _Angle, margin: float) -> Array:
    """Compute cos − margin from 1 − cos or 1 + cos where one of them is small; with twice the digits near 0."""
    cosine = angle.cosine
    excess = np.where(cosine > _HALF, (1.0 - margin) - angle.versine, cosine - margin)
    excess = np.where(cosine < -_HALF, angle.converse - (1.0 + margin), excess)
    nearly = np.flatnonzero(np.abs(excess) < _NEARLY * np.minimum(angle.versine, angle.converse))
    if nearly.size:
        excess[nearly] = cosine_above(first[nearly], second[nearly], margin)
    return excess


@_in_parts
def euclidean(target: Array, prediction: Array) -> tuple[Array, Array]:
    """Compute ``|ŷ − y|``, the root of the sum of squares, and its slope ``(ŷ − y)/|ŷ − y|``, 0 where they are equal.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = euclidean(np.array([[1.0, 1.0]]), np.array([[4.0, 5.0]]))
    >>> loss.tolist(), slope.tolist()
    ([5.0], [[0.6, 0.8]])
    """
    return _distance(target, prediction, 2.0)


def contrastive(target: Array, prediction: Array, margin: float) -> tuple[Array, Array]:
    """Compute ``d²/2`` of a similar pair (label 1), ``max(0, margin − d)²/2`` of another, from its distance d.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = contrastive(np.array([1.0, 0.0]), np.array([0.5, 0.5]), margin=2.0)
    >>> loss.tolist(), slope.tolist()
    ([0.125, 1.125], [0.5, -1.5])
    """
    slope = np.where(target == 1.0, prediction, np.minimum(prediction - margin, 0.0))
    slope += 0.0
    return slope * slope * _HALF, slope


def hinge_embedding(target: Array, prediction: Array, margin: float) -> tuple[Array, Array]:
    """Compute ``d`` of a similar pair (label 1), ``max(0, margin − d)`` of another, from its distance d.

    The slope is 1 of a similar pair, also at 0, where a distance ends; of another −1, and 0 from the margin on.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = hinge_embedding(np.array([1.0, 0.0]), np.array([0.5, 0.5]), margin=2.0)
    >>> loss.tolist(), slope.tolist()
    ([0.5, 1.5], [1.0, -1.0])
    """
    short = np.maximum(margin - prediction, 0.0)
    similar = target == 1.0
    loss = np.where(similar, prediction, short) + 0.0
    return loss, np.where(similar, 1.0, 0.0 - (short > 0.0))


def margin_ranking(target: Array, prediction: Array, margin: float) -> tuple[Array, Array]:
    """Compute ``max(0, margin − (s₁ − s₂))`` where the first of two scores should be higher (label 1).

    Where the second should be, they change places. The slope is ∓1, and 0 where the loss is 0.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = margin_ranking(np.array([1.0]), np.array([[2.0, 2.75]]), margin=0.5)
    >>> loss.tolist(), slope.tolist()
    ([1.25], [[-1.0, 1.0]])
    """
    sign = 1.0 - 2.0 * target
    first, second = sign * prediction[:, 0], sign * prediction[:, 1]
    gap = residual(second, first)
    loss = (gap + margin) + residual_tail(second, first, gap)
    np.maximum(loss, 0.0, out=loss)
    sign *= loss > 0.0
    return loss, np.stack([sign, -sign], axis=1) + 0.0


@_in_parts
def triplet_margin(target: Array, prediction: Array, margin: float, p: float) -> tuple[Array, Array]:
    """Compute ``max(0, |a − v₊|_p − |a − v₋|_p + margin)`` of an anchor a, a positive v₊ and a negative v₋.

    The slope is that of the distances, and 0 where the loss is 0 or a distance is.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = triplet_margin(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0, 0.0, 5.5]]), margin=1.0, p=2.0)
    >>> loss.tolist(), slope.tolist()
    ([0.5], [[0.6, 0.8, 0.0, -1.0]])
    """
    half = target.shape[1]
    near, pull = _distance(target, prediction[:, :half], p)
    far, push = _distance(target, prediction[:, half:], p)
    loss = (np.minimum(near, _LARGEST) - np.minimum(far, _LARGEST)) + margin
    nearly = np.flatnonzero(np.abs(loss) < _NEARLY * far)
    if nearly.size:
        anchor, pair = target[nearly], prediction[nearly]
        loss[nearly] = distance_beyond(anchor, pair[:, :half], pair[:, half:], margin, p)
    np.maximum(loss, 0.0, out=loss)
    slope = np.concatenate([pull, -push], axis=1)
    slope *= (loss > 0.0)[:, None]
    slope += 0.0
    return loss, slope


@_in_parts
def info_nce(target: Array, prediction: Array, temperature: float) -> tuple[Array, Array]:
    """Compute ``−log softmax(cos/temperature)`` at the first of M vectors, the positive; the others are negatives.

    Softmax does not change when all scores move together, so that cos − 1 does as well as cos, and keeps the digits
    of small angles. The slope at vector m is ``(p_m − 1[m = 0]) ∂cos/∂v_m/temperature``.

    Examples
    --------
    >>> import numpy as np
    >>> loss, slope = info_nce(np.array([[3.0, 4.0]]), np.array([[0.0, 2.0, 5.0, 0.0]]), temperature=0.2)
    >>> loss.round(4).tolist(), slope.round(4).tolist()
    ([0.3133], [[-0.4034, 0.0, 0.0, 0.2152]])
    """
    rows, length = target.shape
    count = prediction.shape[1] // length
    vectors = np.ascontiguousarray(prediction).reshape(rows * count, length)
    angle = _angle(target, vectors, count)
    scores = angle.versine.reshape(rows, count) / -temperature
    loss, by_score = softmax_cross_entropy(np.zeros(rows), scores, 0.0)
    slope = angle.slope
    by_score = (by_score / -temperature).reshape(rows * count)
    slope *= by_score[:, None]
    slope[by_score == 0.0] = 0.0  # also where it is past every float64
    slope += 0.0
    return loss, slope.reshape(prediction.shape)
