"""Columns that nobody names, and that say the rows are not what they are taken for.

A file in long format holds several models, quantiles or members one below the other, a panel several series, and two
files with keys may hold their rows in different orders. May import sources, engine and core.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import replace

import numpy as np

from lossctl.core.losses.loss import Role
from lossctl.core.rows.block import Batch, Binding
from lossctl.core.settings import Settings
from lossctl.sources import Source
from lossctl.sources.columns.patterns import PROBABILITY_NAMES, SCORE_NAMES, USUAL_NAMES

__all__ = ["misaligned", "pooled", "series_of"]

_LONG = {
    *("model", "model_id", "model_name", "estimator", "algorithm", "method"),
    *("quantile", "quantile_level", "tau", "output_type", "output_type_id"),
    *("cutoff", "forecast_origin", "lead_time", "horizon", "fold", "repeat", "seed"),
    *("sample", "sample_id", "draw", "member", "member_id", "ensemble_member", "realization"),
}
"""What tells the predictions of one target apart in long format."""
_SERIES = {"unique_id", "series", "series_id", "item_id", "ts_id", "timeseries_id"}
_KEYS = {"id", "key", "row_id", "index", "uid", "uuid"}
_PREDICTIONS = {*USUAL_NAMES[Role.PREDICTION], *PROBABILITY_NAMES, *SCORE_NAMES}


def _folded(name: str) -> str:
    return name.strip().lower()


def _unused(
    source: Source, names: Collection[str], bindings: Iterable[Binding], settings: Settings, cluster: str | None = None
) -> list[str]:
    """Return the columns of such names that no loss, slice, cluster, key or condition speaks of."""
    words = set(re.findall(r"\w+", (settings.where or "").lower()))
    used = {name for each in bindings for name in (*each.needed, each.group)}
    used |= {*settings.by, *settings.key, cluster}
    return [
        name
        for name in source.columns
        if _folded(name) in names and name not in used and not words & set(re.findall(r"\w+", name.lower()))
    ]


def pooled(source: Source, bindings: Sequence[Binding], settings: Settings, cluster: str | None = None) -> list[str]:
    """Warn where the same case stands in several rows, which differ by the model or the like and in the prediction."""
    found = _unused(source, _LONG, bindings, settings, cluster)
    if not found or source.spaces is not None:  # joined by a key that stands once
        return []
    predicted = {name for each in bindings for name in each.prediction}
    others = [name for name in source.columns if name not in predicted and _folded(name) not in _LONG | _PREDICTIONS]
    return [
        f'rows differ by "{name}" alone, as in long format, and all of them are pooled as one model: '
        f"intervals are too narrow; --by {name} tells them apart, --where chooses one"
        for name in found
        if others and source.repeats(name, tuple(others))
    ]


def series_of(source: Source, bindings: Sequence[Binding], settings: Settings) -> list[str]:
    """Return the columns that name several series, unused or only sliced by: all rows together run over their ends."""
    return [name for name in _unused(source, _SERIES, bindings, replace(settings, by=())) if source.varies(name)]


def misaligned(sources: Sequence[Source], settings: Settings) -> list[str]:
    """Warn where files are paired row by row, and a column like a key says that their rows are others.

    The first rows of the files are looked at, as many as come in one batch.
    """
    lines = []
    for other in sources[1:]:
        common = [name for name in sources[0].columns if name in other.columns and _is_key(name)]
        heads = [_head(each, common, settings) for each in (sources[0], other)] if common else []
        for name in common:
            found = _disagree((sources[0], other), [head for head in heads if head is not None], name)
            if found:
                problem = f'rows are paired in file order, but "{name}" disagrees ({found})'
                lines.append(f"{problem}; --key {name} pairs them")
                break
    return lines


def _head(source: Source, columns: Sequence[str], settings: Settings) -> Batch | None:
    """Read some columns of the first rows, as texts."""
    with closing(source.read([], where=settings.where, texts=columns)) as batches:  # type: ignore[type-var] # a generator
        return next(iter(batches), None)


def _disagree(sources: tuple[Source, Source], heads: Sequence[Batch], name: str) -> str:
    """Return where a column first differs between two sources; nothing where it does not, or tells no rows apart."""
    if len(heads) < len(sources):
        return ""
    columns = [np.array(head.texts[name].to_pylist(), dtype=object) for head in heads]
    rows = min(map(len, columns))
    differ = np.flatnonzero(columns[0][:rows] != columns[1][:rows])
    if not len(differ) or not (_folded(name) in _KEYS or all(len(set(each.tolist())) == len(each) for each in columns)):
        return ""  # a run or a user is called so, too
    row = int(differ[0])
    places = (source.locate(head.row_number(row)) for source, head in zip(sources, heads, strict=True))
    return ", ".join(f"{place}: {column[row]}" for place, column in zip(places, columns, strict=True))


def _is_key(name: str) -> bool:
    return _folded(name) in _KEYS or _folded(name).endswith("_id")
