"""Groups of rows as matrices, and the pairs within a group: what the losses of rankings stand on.

Rows of a group are contiguous, and groups differ in size. Those of one size make a matrix ``(groups, size)``; their
pairs ``(groups, size, size)`` come in tiles that stay in a core's cache. Nothing here depends on the order of groups or
on how many there are. May import NumPy and core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from lossctl.core.types import Array

__all__ = ["Counts", "Matrix", "batches", "by_size", "tied_runs", "tiles"]

Counts = npt.NDArray[np.intp]
Matrix = Callable[[Array, Array], tuple[Array, Array]]
"""``(target, prediction) -> (loss, slope)`` of groups of one size: all ``(groups, size)`` but the loss."""

_PAIRS = 2**16
"""Pairs at once: about ten arrays of them are worked on together."""


def by_size(target: Array, prediction: Array, starts: Counts, kernel: Matrix) -> tuple[Array, Array]:
    """Compute a loss of all groups, those of one size together.

    Parameters
    ----------
    target, prediction
        ``(n,)``, group after group.
    starts
        The index of the first row of each group, ascending, the first 0.
    kernel
        The loss of groups of one size.

    Returns
    -------
    tuple[Array, Array]
        The loss ``(groups,)`` and the slope ``(n,)``.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 2.0, 5.0])
    >>> loss, slope = by_size(values, values, np.array([0, 2]), lambda y, s: (s.sum(axis=1), 2.0 * s))
    >>> loss.tolist(), slope.tolist()
    ([3.0, 5.0], [2.0, 4.0, 10.0])
    """
    sizes = np.diff(starts, append=len(target))
    loss, slope = np.empty(len(starts), prediction.dtype), np.empty_like(prediction)
    for size in np.unique(sizes):
        groups = np.flatnonzero(sizes == size)
        rows = starts[groups][:, None] + np.arange(size)
        loss[groups], slope[rows] = kernel(target[rows], prediction[rows])
    return loss, slope


def batches(groups: int, size: int) -> Iterator[slice]:
    """Cut groups of one size into batches whose pairs fit in a tile, or of one group if its own do not.

    Examples
    --------
    >>> [(batch.start, batch.stop) for batch in batches(5, 150)]
    [(0, 2), (2, 4), (4, 5)]
    """
    step = max(_PAIRS // (size * size), 1)
    return (slice(start, min(start + step, groups)) for start in range(0, groups, step))


def tiles(groups: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Cut all pairs of groups of one size into tiles: of each batch some rows, which come first in their pairs.

    Gives a slice of groups, and one of rows; every row of the group may come second. A batch of several groups is one
    tile, of all their rows.

    Examples
    --------
    >>> [tile[0].stop for tile in tiles(3, 200)], len(list(tiles(1, 1000)))
    ([1, 2, 3], 16)
    """
    step = max(_PAIRS // size, 1)
    for batch in batches(groups, size):
        for start in range(0, size, step):
            yield batch, slice(start, min(start + step, size))


def tied_runs(score: Array, places: Array) -> tuple[Array, Array]:
    """Return each row what its place in the ranking is worth: the mean over the orders that ties may come in.

    Parameters
    ----------
    score
        ``(groups, size)``; the highest has the first place.
    places
        What each place is worth, ``(size,)``, falling.

    Returns
    -------
    tuple[Array, Array]
        The mean worth of a row's places, and the mean difference in worth between it and a row it ties with, over all
        orders of the ties; both ``(groups, size)``.

    Examples
    --------
    >>> import numpy as np
    >>> mean, apart = tied_runs(np.array([[1.0, 3.0, 1.0]]), np.array([1.0, 0.5, 0.25]))
    >>> mean.tolist(), apart.tolist()
    ([[0.375, 1.0, 0.375]], [[0.25, 0.0, 0.25]])
    """
    groups, size = score.shape
    order = np.argsort(-score, axis=1, kind="stable")
    falling = np.take_along_axis(score, order, axis=1)
    first = np.ones((groups, size), np.bool_)
    first[:, 1:] = falling[:, 1:] != falling[:, :-1]
    starts = np.flatnonzero(first)
    length = np.diff(starts, append=first.size)
    run = np.cumsum(first.ravel()) - 1
    worth = np.tile(places, groups)
    rank = np.arange(first.size) - starts[run]
    mean = np.add.reduceat(worth, starts) / length
    weight = (length[run] - 1) - 2 * rank  # how often each place is the better of two, less how often the worse
    apart = np.add.reduceat(weight * worth, starts) / np.maximum(length * (length - 1) / 2.0, 1.0)
    found = []
    for values in (mean, apart):
        back = np.empty((groups, size))
        np.put_along_axis(back, order, values[run].reshape(groups, size), axis=1)
        found.append(back)
    return found[0], found[1]
