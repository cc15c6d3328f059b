"""`lossctl.open_rows`: the loss and slope of every row, as a stream. Joins sources, the losses and the engine.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self, Unpack

from lossctl.api.results.computed import Progress
from lossctl.api.results.rowwise import Found, find_rows, model_names
from lossctl.api.setup.losses import Selection, select
from lossctl.core.errors import DataError, UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.settings import Options, Settings
from lossctl.core.system.input_files import Inputs, one_run

if TYPE_CHECKING:
    import pandas as pd

    from lossctl.core.results.row_lines import Lines
    from lossctl.core.types import Mask
    from lossctl.engine.plan import ModelPlan

__all__ = ["ROW_FORMATS", "RowStream", "open_rows"]

ROW_FORMATS = ("csv", "tsv", "jsonl", "parquet")
"""What rows can be written as."""


def open_rows(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    *,
    on_progress: Progress | None = None,
    **options: Unpack[Options],
) -> RowStream:
    """Check all rows, and give a stream of the loss and slope of each.

    The losses are those whose mean is taken: of rmse the squared error ``(ŷ − y)²``, of a distribution down the file
    the event's term of the sum. The slope is d loss / d prediction of the row, a list where the prediction is a
    vector. Rows come in file order, and of each row the models and losses in the order they were chosen in; sources
    one after another.

    Parameters
    ----------
    source, losses, on_progress, **options
        As in `lossctl.evaluate`.

    Returns
    -------
    RowStream
        To be used as a context manager: it holds the sources open.

    Raises
    ------
    UsageError, DataError
        As `lossctl.evaluate`; and UsageError where a row has no loss of its own: losses of groups, and those that are
        ratios of means.

    Examples
    --------
    >>> frame = {"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}
    >>> with open_rows(frame, "mse") as rows:
    ...     print(rows.to_frame().to_string(index=False))
         model loss  row  value  slope
    prediction  mse    1   0.25    1.0
    prediction  mse    2   0.00    0.0
    prediction  mse    3   9.00   -6.0
    """
    settings = Settings.of(**options)
    selection = losses if isinstance(losses, Selection) else select(losses)
    with ExitStack() as stack:
        with one_run() as inputs:
            found = find_rows(stack, source, selection, settings, on_progress)
        return RowStream(found, settings, inputs, stack.pop_all())


class RowStream:
    """The losses of rows: iterate over it, write it or make it a frame. A context manager.

    Attributes
    ----------
    layout
        The columns, and the model and loss of each entry; a `lossctl.core.results.row_lines.Layout`.
    warnings
        What the caller should know.
    notices
        The same for a terminal: where many losses are left out for one reason, a few are named.
    """

    def __init__(self, found: Sequence[Found], settings: Settings, inputs: Inputs, held: ExitStack) -> None:
        from lossctl.core.results.row_lines import Layout

        self._found = found
        self._settings = settings
        self._inputs = inputs
        self._held = held
        for one in found:
            one.source.keep_order()  # where rows are joined with their targets, order costs a sort
        tallies = [each for one in found for each in one.reported]
        losses = [tally.plan.losses[index].label for tally, index in tallies]
        slices: dict[str, list[str | None]] = {name: [] for name in settings.by}
        self._first_slices: list[int] = []
        for one in found:
            texts = {} if one.slices is None else one.slices.texts()
            self._first_slices.append(len(slices[settings.by[0]]) if settings.by else 0)
            for name, values in texts.items():
                slices[name] += values
        self.layout = Layout(
            tuple(zip(model_names(found), losses, strict=True)),
            key=settings.key or None,
            weighted=any(tally.plan.binding.weighted for tally, _ in tallies),
            vectors=any(tally.losses[index].vector for tally, index in tallies),
            width=max(tally.losses[index].components // tally.losses[index].n for tally, index in tallies),
            slices=slices,
        )
        self.warnings = tuple(dict.fromkeys(line for one in found for line in one.warnings))
        self.notices = tuple(dict.fromkeys(line for one in found for line in one.notices))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sources; may be called again."""
        self._held.close()

    def __iter__(self) -> Iterator[Lines]:
        first = 0
        with self._inputs:  # rows were checked in one pass and are told of in another: both must be of the same files
            for one, first_slice in zip(self._found, self._first_slices, strict=True):
                for lines in self._lines(one):
                    slices = None if lines.slices is None else lines.slices + first_slice
                    yield replace(lines, entries=lines.entries + first, slices=slices) if first else lines
                first += len(one.reported)

    def write(self, kind: str, target: str | BinaryIO, *, gzip: bool = False) -> None:
        """Write all rows: to a path, which is written over, or to a stream of bytes, which takes text alone.

        Parameters
        ----------
        kind
            ``csv``, ``tsv``, ``jsonl`` or ``parquet``.
        target
            Where to.
        gzip
            Whether to compress text.

        Raises
        ------
        UsageError
            Where there is no such format.
        DataError
            Where the file can't be written.
        """
        from lossctl.reports.shared.machine import json_text
        from lossctl.sources.writing.sink import write_lines

        if kind not in ROW_FORMATS:
            raise UsageError(f"rows can't be written as {kind}", f"choose one of {', '.join(ROW_FORMATS)}")
        write_lines(self, self.layout, kind, target, json_text=json_text, gzip=gzip, threads=self._settings.threads)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame of all rows: it holds them all in memory."""
        from lossctl.core.results.row_lines import frame_of

        return frame_of(self, self.layout)

    def _lines(self, one: Found) -> Iterator[Lines]:
        """Read a source again, row by row."""
        from lossctl.api.setup.plan import read_for
        from lossctl.engine.each_row import MissingKeyError, lines_of

        plans, order, members = _plans_of(one)
        slices = None if one.slices is None else one.slices.slices
        batches = read_for(one.source, plans, self._settings, slices, texts=self._settings.key)
        try:
            yield from lines_of(batches, plans, order, self.layout, members)
        except MissingKeyError as error:
            place = one.source.locate(error.row)
            raise DataError(
                f'{place}, column "{error.column}": the key is missing', "name rows by another column"
            ) from None


def _plans_of(one: Found) -> tuple[list[ModelPlan], list[int], list[Mask]]:
    """Return plans of the losses reported, the place of each of their losses in the report, and the slices of each."""
    from lossctl.engine.each_row import rows_only

    places: dict[int, list[int]] = {}
    for place, (tally, _) in enumerate(one.reported):
        places.setdefault(id(tally), []).append(place)
    plans, members = [], []
    for mine in places.values():
        tally, wanted = one.reported[mine[0]][0], [one.reported[place][1] for place in mine]
        if one.slices is None:
            plans.append(rows_only(tally.plan, wanted))
        else:
            plans.append(one.slices.plan(tally, wanted))
            members.append(one.slices.members(tally))
    return plans, [place for mine in places.values() for place in mine], members
