"""`lossctl.evaluate`: joins a source, the losses, the engine and the statistics.

Sees every package but `cli`. Importing this module is cheap: what a run needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.results.quantiles import counting, quantiles_of
from lossctl.api.setup.chosen import settled
from lossctl.api.setup.losses import Selection, select
from lossctl.api.setup.naming import Origin, names_of
from lossctl.api.setup.open import labelled, open_for
from lossctl.api.setup.unmatched import reading_warnings
from lossctl.api.setup.workers import workers
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.method import DEFAULT_RESAMPLES, DEFAULT_SEED, Method
from lossctl.core.results.columns import SliceResults, joined, pieces_of
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.evaluations import Evaluations
from lossctl.core.results.quantiles import require_levels
from lossctl.core.results.slices import few_units
from lossctl.core.settings import Options, Settings
from lossctl.core.system.input_files import one_run
from lossctl.engine.accumulators.tally import FEW_FOR_SHARES, LARGE_SHARE

if TYPE_CHECKING:
    from lossctl.engine.plan import ModelTally
    from lossctl.engine.run.processes import Crew
    from lossctl.sources import Source

from lossctl.api.results.computed import BY_SLICE, Progress, compute_source
from lossctl.api.results.evaluations import FEW_EFFECTIVE_ROWS, result_of

__all__ = ["evaluate"]


@one_run()
def evaluate(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection | None = None,
    *,
    quantiles: Sequence[float] = (),
    bootstrap: bool = False,
    seed: int | None = None,
    resamples: int | None = None,
    on_progress: Progress | None = None,
    **options: Unpack[Options],
) -> Evaluations:
    """Evaluate losses and their gradients on predictions.

    Parameters
    ----------
    source
        A path (CSV, TSV, JSON lines, Parquet, plain or compressed), a glob, ``'-'`` for standard input, a pandas,
        Polars or Arrow frame, a dict of arrays; or a list of several of these, each a model. ``label=path`` names one.
    losses
        As in `lossctl.select`; ``None``: the usual ones of what the columns hold, which a warning names.
    quantiles
        Levels, such as ``(0.5, 0.99, 1.0)``, of exact quantiles of the losses and slopes of rows; they take a second
        look at the input. See `lossctl.core.results.quantiles.Quantiles`.
    bootstrap
        Take intervals from resampled rows, instead of Student's t: they take a second look at the input.
    seed, resamples
        Of the random numbers, 20 where it is not given, and how many replicates there are, 9999.
    on_progress
        Called with the rows read so far and, where it is known, the fraction of the input.
    **options
        See `lossctl.core.settings.Options`.

    Returns
    -------
    Evaluations
        One `Evaluation` for each model and loss, with the warnings.

    Raises
    ------
    UsageError
        Where losses, columns or options are wrong.
    DataError
        Where the data are: unreadable, missing or non-finite values, a domain that is left, no rows.

    Examples
    --------
    >>> import numpy as np
    >>> frame = {"target": np.array([1.0, 2.0, 4.0]), "prediction": np.array([1.5, 2.0, 1.0])}
    >>> [round(result.value, 4) for result in evaluate(frame, "mae,huber(delta=1)")]
    [1.1667, 0.875]
    """
    settings = Settings.of(**options)
    if settings.key and settings.targets is None:
        raise UsageError("--key pairs two files, and there is one", "name the file the targets are in: --targets FILE")
    levels = require_levels(quantiles) if len(quantiles) else ()
    method = _drawing(seed, resamples, bootstrap=bootstrap)
    if losses is None:
        return _usual(source, settings, levels, method, on_progress)
    return _all(labelled(source), _selected(losses), settings, levels, method, on_progress)


def _selected(losses: str | Sequence[str | ChosenLoss] | Selection) -> Selection:
    return losses if isinstance(losses, Selection) else select(losses)


def _usual(
    source: Any, settings: Settings, levels: Sequence[float], method: Method | None, on_progress: Progress | None
) -> Evaluations:
    """Evaluate the usual losses of what each source holds, and say which."""
    from lossctl.api.keywords import in_keywords
    from lossctl.api.setup.usual import select_usual

    told: list[str] = []
    found = _all(
        labelled(source),
        select_usual(lambda line: told.append(in_keywords(line))),
        settings,
        levels,
        method,
        on_progress,
    )
    return replace(found, warnings=(*told, *found.warnings), notices=(*told, *found.notices))


def _drawing(seed: int | None, resamples: int | None, *, bootstrap: bool) -> Method | None:
    """Return how intervals are drawn; ``None``: they are Student's."""
    if not bootstrap:
        for name, given in (("seed", seed), ("resamples", resamples)):
            if given is not None:
                cure = f"add bootstrap, or leave out {name}"
                raise UsageError(f"{name} is of no use: nothing is drawn at random", cure)
        return None
    drawn = (DEFAULT_SEED if seed is None else seed, DEFAULT_RESAMPLES if resamples is None else resamples)
    return Method("bootstrap", seed=drawn[0], resamples=drawn[1])


def _all(
    named: Sequence[tuple[str | None, Any]],
    selection: Selection,
    settings: Settings,
    levels: Sequence[float],
    method: Method | None,
    on_progress: Progress | None,
) -> Evaluations:
    """Evaluate each source, and name the models so that they can be told apart."""
    results: list[Evaluation | SliceResults] = []
    origins: list[Origin] = []
    warnings: list[str] = []
    notices: list[str] = []
    values = len(selection.losses) * max(1, len(settings.predictions)) * (BY_SLICE if settings.by else 1)
    with workers((location for _, location in named), settings.threads, values) as crew:
        for number, (label, location) in enumerate(named):
            with open_for(location, selection, settings) as opened:
                taken = settled(selection, opened, settings)
                part = evaluate_source(opened, taken, settings, levels, on_progress, crew, method=method)
            pieces = pieces_of(part.results)
            results += pieces
            origins += [Origin(number, each.source, label, each.model) for each in pieces]
            warnings += part.warnings
            notices += part.notices
    results = [
        each.renamed(name, origin.label) if origin.label or each.model != name else each
        for each, name, origin in zip(results, names_of(origins), origins, strict=True)
    ]
    return Evaluations(joined(results), tuple(warnings), tuple(notices))


def evaluate_source(
    source: Source,
    selection: Selection,
    settings: Settings,
    levels: Sequence[float],
    on_progress: Progress | None,
    crew: Crew | None,
    *,
    method: Method | None = None,
) -> Evaluations:
    """Bind, compute, check, and report each loss of each model of one source."""
    computed = compute_source(source, selection, settings, on_progress, crew, watched=counting(levels))
    wholes = [result_of(source, tally, index, settings, {}) for tally, index in computed.reported]
    if levels:
        found = quantiles_of(source, computed.reported, levels, settings, crew)
        wholes = [replace(each, quantiles=one) for each, one in zip(wholes, found, strict=True)]
    warnings = [*reading_warnings(source), *computed.cautions(source, settings), *computed.value_warnings(source)]
    warnings += [each for tally in computed.tallies for each in _few_rows(source, tally, wholes)]
    warnings += [] if method is not None else _heavy_tails(source, computed.reported, wholes)
    results: Sequence[Evaluation | SliceResults] = wholes
    if computed.sliced is not None:
        from lossctl.api.results.by_slice import with_slices

        results, told = with_slices(source, computed, computed.sliced, wholes, settings, drawn=method is not None)
        if levels:
            from lossctl.api.results.slice_quantiles import with_quantiles

            results = with_quantiles(source, computed, results, levels, settings, crew)
        warnings += told
    if method is not None:
        from lossctl.api.comparisons.bootstrapped import with_bootstrap

        results = with_bootstrap(source, computed, results, method, settings, crew)
    left_out = computed.left_out
    in_full, in_short = ((*warnings, *lines) for lines in (left_out.lines(), left_out.short_lines()))
    return Evaluations(joined(results), tuple(dict.fromkeys(in_full)), tuple(dict.fromkeys(in_short)))


def _few_rows(source: Source, tally: ModelTally, results: Sequence[Evaluation]) -> list[str]:
    model, effective = tally.plan.binding.model, tally.units.effective_rows
    if effective >= FEW_EFFECTIVE_ROWS or not any(each.ci is not None and each.model == model for each in results):
        return []
    units = "rows" if tally.plan.binding.group is None else "groups"
    return [f"{source.name}: {model}: {few_units(tally.units.n, effective, units)}"]


def _heavy_tails(
    source: Source, reported: Sequence[tuple[ModelTally, int]], results: Sequence[Evaluation]
) -> list[str]:
    """Warn of intervals that one row decides: too narrow where rows as rare were left out by chance."""
    said = []
    for (tally, index), result in zip(reported, results, strict=True):
        if result.ci is None or tally.units.n < FEW_FOR_SHARES:
            continue
        share = tally.moments(index).largest_share
        if share > LARGE_SHARE:
            units = "row" if tally.plan.binding.group is None else "group"
            said.append(
                f"{source.name}: {result.model}: {result.chosen.title}: one {units} of {tally.units.n} makes up "
                f"{share:.0%} of the variance: the interval may be far too narrow; --bootstrap widens it"
            )
    return said
