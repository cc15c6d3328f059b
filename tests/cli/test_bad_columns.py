"""Columns of intervals, quantiles, scales, ensembles, vectors, groups and series: what is refused, and what runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cases import Bad, Fine, Run, evaluate, require_refusal

FORECASTS = "target,lo,hi,mu,sigma,q0.1,q0.9,m_1,m_2\n1,0,2,1.5,0.5,0,3,1,2\n2,3,5,2,1,1,4,2,3\n4,1,9,3,2,2,8,1,6\n"
CROSSED = FORECASTS.replace("2,3,5,", "2,5,3,")
RANKING = "query,relevance,score\na,1,0.5\nb,0,0.25\na,0,1\nb,2,0.75\n"
PAIRS = "same,a_1,a_2,b_1,b_2\n1,1,2,2,4\n0,1,0,0,3\n"
SERIES = "target,prediction\n1,2\n3,3\n2,1\n6,4\n"

BAD = {
    "crossed ends": Bad(
        CROSSED,
        'p.csv line 3, column "lo,hi": the lower end 5.0 lies above the upper end 3.0',
        "name the columns in order, such as -p lower,upper",
        loss="interval_score",
    ),
    "one end": Bad(
        FORECASTS,
        "p.csv: interval_score takes a lower and an upper end, and lo is one column",
        "name them with -p LOWER,UPPER",
        code=2,
        options=("-p", "lo"),
        loss="interval_score",
    ),
    "levels that are none": Bad(
        FORECASTS,
        "--levels: 'median' is not a number",
        "such as --levels 0.05,0.5,0.95",
        code=2,
        options=("-p", "q*", "--levels", "0.1,median"),
        loss="crps_quantile",
    ),
    "levels beyond 1": Bad(
        FORECASTS,
        "levels: 90.0 is not a number between 0 and 1",
        "such as 0.05, 0.5 and 0.95",
        code=2,
        options=("-p", "q*", "--levels", "0.1,90"),
        loss="crps_quantile",
    ),
    "too few levels": Bad(
        FORECASTS,
        "p.csv: -p q* has 2 columns and --levels gives 1",
        "give a level for each",
        code=2,
        options=("-p", "q*", "--levels", "0.1"),
        loss="crps_quantile",
    ),
    "columns without levels": Bad(
        FORECASTS,
        'p.csv: the name of the column "m_1" holds no level of a quantile',
        "name columns such as q0.05, or give the levels in their order: --levels 0.05,0.5,0.95",
        code=2,
        options=("-p", "m_*"),
        loss="crps_quantile",
    ),
    "a scale of zero": Bad(
        FORECASTS.replace("2,1,1,4", "2,0,1,4"),
        'p.csv line 3, column "sigma": 0 does not lie in (0, inf)',
        "check that the right columns are bound (-t, -p)",
        options=("-p", "mu", "--scale", "sigma"),
        loss="crps_normal",
    ),
    "a scale for one of two": Bad(
        FORECASTS,
        "p.csv: --scale and -p must be as many, and are 1 and 2",
        "give a --scale for each -p, in their order",
        code=2,
        options=("-p", "mu", "-p", "lo", "--scale", "sigma"),
        loss="crps_normal",
    ),
    "a scale nobody uses": Bad(
        FORECASTS,
        "--scale is of no use: mae takes no scale",
        "leave out --scale",
        code=2,
        options=("-p", "mu", "--scale", "sigma"),
    ),
    "probabilities nobody clips": Bad(
        FORECASTS,
        "--clip is of no use: mae takes no probabilities",
        "leave out --clip",
        code=2,
        options=("-p", "mu", "--clip", "0.1"),
    ),
    "one member": Bad(
        FORECASTS,
        "p.csv: crps_ensemble takes several members, and m_1 is one column",
        "name their columns with a glob: -p 'm_*'",
        code=2,
        options=("-p", "m_1"),
        loss="crps_ensemble",
    ),
    "a zero vector": Bad(
        PAIRS.replace("0,1,0,", "0,0,0,"),
        'p.csv line 3, column "a_*,b_*": a vector of zeros has no direction',
        "leave such rows out with --where",
        options=("-t", "same", "-p", "a_*,b_*"),
        loss="cosine_embedding",
    ),
    "scores that are vectors": Bad(
        PAIRS,
        "p.csv: margin_ranking takes a pair of scores, and there are 4 columns",
        "name two: -p first,second",
        code=2,
        options=("-t", "same", "-p", "a_*,b_*"),
        loss="margin_ranking",
    ),
    "no groups": Bad(
        RANKING,
        "p.csv: a ranking compares the rows of a group, and no column of groups is named",
        "name it with --group COLUMN",
        code=2,
        loss="listnet",
    ),
    "weights of a ranking": Bad(
        RANKING,
        "p.csv: a ranking takes no weights of rows: each counts by its group",
        "leave out -w",
        code=2,
        options=("--group", "query", "-w", "relevance"),
        loss="listnet",
    ),
    "a missing group": Bad(
        RANKING.replace("a,0,", ",0,"),
        'p.csv line 4, column "query": the group is missing',
        "leave such rows out: --where '\"query\" is not null'",
        options=("--group", "query"),
        loss="listnet",
    ),
    "no past": Bad(
        SERIES,
        "p.csv: mase(period=4): no row has a target 4 rows before",
        "choose a shorter --period",
        options=("--period", "4"),
        loss="mase",
    ),
}

FINE = {
    "usual ends": Fine(FORECASTS, [(2 + 2 + 40 * 1 + 8) / 3], loss="interval_score(alpha=0.05)"),
    "members": Fine(FORECASTS, [(0.25 + 0.25 + 1.25) / 3], options=("-p", "m_*"), loss="crps_ensemble"),
    "a series": Fine(SERIES, [3.0 / 7.0, 0.5], loss="mase(period=1,2)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_columns_are_refused(name: str, run: Run) -> None:
    case = BAD[name]
    ran = evaluate(run, case)
    require_refusal(ran, case.code)
    ran.require_said(case.error, case.hint)


@pytest.mark.parametrize("name", FINE)
def test_good_columns_are_read(name: str, run: Run) -> None:
    case = FINE[name]
    ran = evaluate(run, case)
    assert (ran.code, ran.said) == (0, [])
    assert [float(line) for line in ran.stdout.splitlines()] == pytest.approx(case.values, rel=1e-14)


def results_of(run: Run, content: str, *arguments: str) -> list[dict[str, Any]]:
    Path("p.csv").write_text(content)
    ran = run("eval", "p.csv", *arguments, "--format", "json")
    assert ran.code == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)["results"]
    return found


def test_json_names_every_column(run: Run) -> None:
    results = results_of(run, FORECASTS, "--loss", "mae,crps_normal", "-p", "mu", "--scale", "sigma")
    assert [each["prediction"] for each in results] == ["mu", "mu,sigma"]
    (result,) = results_of(run, FORECASTS, "--loss", "crps_quantile")
    assert result["prediction"] == "q0.1,q0.9"


def test_a_ranking_is_the_mean_over_groups(run: Run) -> None:
    (result,) = results_of(run, RANKING, "--loss", "pairwise_hinge", "--group", "query")
    assert result["value"] == pytest.approx((1.5 + 0.5) / 2)
    assert (result["n"], result["weight_sum"]) == (4, 2.0)
