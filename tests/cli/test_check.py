"""`lossctl check` at the command line: what is printed, what is configured, and what flags override."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lossctl
from lossctl.api.checks import figures as gate_figures
from lossctl.gates.config_keys import KEYS, schema
from tests.cli.cases import Run
from tests.transcript import ROOT

DATA = ROOT / "examples" / "data" / "diabetes.csv"
DELTA = ("--pred", "knn", "--baseline-pred", "ridge")


def gates(text: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(text)["gates"]
    return found


def test_values_are_those_of_eval(run: Run) -> None:
    typed = ["mse <= 1", "row_rms(mae) <= 9", "p95(mse)[sex=1] <= 1", "mae[sex=*] <= 1", "max(mae) <= 1"]
    ran = run("check", str(DATA), "-p", "knn", *(word for each in typed for word in ("-g", each)), "-f", "json")
    assert ran.code == 1
    by_gate = {(each["gate"], str(each["slice"])): each["value"] for each in gates(ran.stdout)}
    whole, *_ = lossctl.evaluate(str(DATA), "mse", prediction="knn")
    assert by_gate["mse <= 1", "{}"] == whole.value
    one = lossctl.evaluate(str(DATA), "mse", prediction="knn", where="sex = 1", quantiles=(0.95,))[0]
    assert one.quantiles is not None
    assert by_gate["p95(mse)[sex=1] <= 1", "{'sex': '1'}"] == one.quantiles.loss["p95"]
    mae = lossctl.evaluate(str(DATA), "mae", prediction="knn", by="sex", quantiles=())
    assert by_gate["row_rms(mae) <= 9", "{}"] == mae[0].gradient.row_rms
    for each in mae[1:]:
        assert by_gate["mae[sex=*] <= 1", str(dict(each.slice))] == each.value


def test_quantiles_of_slices_are_looked_up_together(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    evaluate = gate_figures.evaluate_source
    monkeypatch.setattr(gate_figures, "evaluate_source", lambda *args: (looks.append(args), evaluate(*args))[1])
    typed = ["p90(mse)[sex=*,age_band=*] <= 1", "p50(mse)[sex=*,age_band=under 40] <= 1", "max(mse) <= 1"]
    told = lossctl.check(str(DATA), typed, prediction="knn")
    results = lossctl.evaluate(str(DATA), "mse", prediction="knn", by=["sex", "age_band"], quantiles=(0.5, 0.9, 1.0))
    slices = [each for each in results if each.slice]
    right = [each.quantiles.loss["p90"] for each in slices]
    right += [each.quantiles.loss["p50"] for each in slices if each.slice["age_band"] == "under 40"]
    assert [each.value for each in told] == [*right, results[0].quantiles.loss["max"]]
    assert len(right) == 8
    assert len(looks) == 4  # the values and the quantiles, each by slice and of the whole


def test_differences_are_those_of_compare(run: Run) -> None:
    typed = ("-g", "delta(rmse)[age_band=*] <= 0", "-g", "delta(mse) <= 1%", "-g", "delta(mae) <= 1")
    ran = run("check", str(DATA), *DELTA, *typed, "-f", "json")
    told = {(str(each["gate"]), str(each["slice"])): each for each in gates(ran.stdout)}
    compared = lossctl.compare(str(DATA), "rmse,mse,mae", prediction=["ridge", "knn"], by="age_band")
    for each in compared:
        name = {"rmse": "delta(rmse)[age_band=*] <= 0", "mse": "delta(mse) <= 1%", "mae": "delta(mae) <= 1"}[each.loss]
        if bool(each.slice) != ("[" in name):
            continue
        found = told[name, str(dict(each.slice))]
        assert found["value"] == (each.relative if "%" in name else each.delta)
        ci = each.relative_ci if "%" in name else each.delta_ci
        assert ci is not None
        assert found["ci"] == ci.to_dict()


def test_a_stored_baseline_gives_what_its_file_gives(run: Run) -> None:
    stored = run("baseline", str(DATA), "-p", "ridge", "-k", "id", "-l", "mse,rmse", "-o", "base.parquet")
    assert stored.code == 0
    typed = ("-p", "knn", "-k", "id", "-g", "delta(mse)[sex=*] <= 1%", "-g", "delta(rmse) <= 1", "-f", "json")
    one = run("check", str(DATA), "--baseline", "base.parquet", *typed)
    other = run("check", str(DATA), "--baseline", str(DATA), "--baseline-pred", "ridge", *typed)
    assert gates(one.stdout) == gates(other.stdout)


def test_stored_values_are_for_point_gates_of_the_same_data(run: Run, tmp_path: Path) -> None:
    stored = ("-p", "ridge", "-l", "mse,rmse", "--by", "sex", "--no-rows", "-o", "base.json")
    assert run("baseline", str(DATA), *stored).code == 0
    typed = ("-p", "knn", "--test", "point", "-g", "delta(mse)[sex=*] <= 1%", "-g", "delta(rmse) <= 1", "-f", "json")
    one = run("check", str(DATA), "--baseline", "base.json", *typed)
    other = run("check", str(DATA), "--baseline-pred", "ridge", *typed)
    for mine, theirs in zip(gates(one.stdout), gates(other.stdout), strict=True):
        assert [mine[name] for name in ("verdict", "slice", "n")] == [
            theirs[name] for name in ("verdict", "slice", "n")
        ]
        assert mine["value"] == pytest.approx(theirs["value"], rel=1e-12)
    assert run("check", str(DATA), "--baseline", "base.json", "-p", "knn", "-g", "delta(mse) <= 99%").code == 4
    assert run("check", str(DATA), "--baseline", "base.json", *typed, "-g", "delta(mae) <= 1%").code == 4
    header, first, *rest = DATA.read_text().splitlines()
    (tmp_path / "other.csv").write_text("\n".join([header, first.replace(",151.0,", ",152.0,"), *rest]))
    stale = run("check", "other.csv", "--baseline", "base.json", *typed)
    assert stale.code == 3
    assert "are not those base.json was made with" in stale.stderr
    (tmp_path / "fewer.csv").write_text("\n".join([header, *rest]))
    assert run("check", "fewer.csv", "--baseline", "base.json", *typed).code == 3


def test_the_gap_is_between_slices(run: Run) -> None:
    ran = run(
        "check",
        str(DATA),
        "-p",
        "knn",
        "-g",
        "gap(mae, sex) <= 9",
        "-g",
        "gap(mae, sex)[age_band=*] <= 99",
        "-f",
        "json",
    )
    whole, *slices = gates(ran.stdout)
    values = [each.value for each in lossctl.evaluate(str(DATA), "mae", prediction="knn", by="sex")[1:]]
    assert whole["value"] == max(values) - min(values)
    assert [each["slice"] for each in slices] == [
        {"age_band": name} for name in ("40 to 59", "60 and over", "under 40")
    ]


def test_a_configuration_is_read_and_flags_override_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(DATA.read_text())
    (tmp_path / "pyproject.toml").write_text(
        '[tool.lossctl.check]\nsource = "data.csv"\nprediction = "knn"\nbaseline_prediction = "ridge"\nlevel = 0.9\n'
        'gates = [\n  "mae <= 1",\n  {gate = "delta(mse) <= 50%", test = "noninferior"},\n]\n'
    )
    ran = run("check", "-f", "github")
    assert ran.code == 1
    assert ran.stdout.startswith("::error file=pyproject.toml,line=7,")
    by_flag = run("check", "-f", "json", "--gate", "mae <= 99", "-p", "ridge", "--level", "0.95")
    assert by_flag.code == 0
    (only,) = gates(by_flag.stdout)
    assert only["gate"] == "mae <= 99"
    assert only["ci"]["level"] == 0.95  # type: ignore[index]  # an object
    assert run("check", "--config", str(tmp_path / "pyproject.toml"), "-f", "json").code == 1


def test_several_reports_in_one_run(run: Run, tmp_path: Path) -> None:
    exports = ("--export", "junit=a.xml", "--export", "json=b.json", "--export", "openmetrics=c.txt")
    ran = run("check", str(DATA), "-p", "knn", "-g", "mae <= 1", *exports, "--export", "github=-", "-f", "markdown")
    assert ran.code == 1
    assert ran.stdout.startswith("::error title=gate failed::mae <= 1: ")
    assert "| fail | mae" in ran.stdout
    assert all((tmp_path / name).stat().st_size for name in ("a.xml", "b.json", "c.txt"))


def test_the_schema_is_current() -> None:
    written = json.loads((ROOT / "docs" / "lossctl.schema.json").read_text(encoding="utf-8"))
    assert written == schema()


@pytest.mark.parametrize("key", KEYS)
def test_each_key_is_described_and_typed(key: str, run: Run, tmp_path: Path) -> None:
    assert schema()["properties"]["check"]["properties"][key]["description"].endswith((".", "}."))
    (tmp_path / "lossctl.toml").write_text(f"[check]\n{key} = 1979-05-27")
    ran = run("check", str(DATA), "-g", "mae <= 99")
    assert ran.code == 2
    assert f"lossctl.toml: {key}" in ran.stderr


def test_an_unsure_gate_is_let_through_unless_flag_or_configuration_say_otherwise(run: Run, tmp_path: Path) -> None:
    typed = ("check", str(DATA), *DELTA, "-g", "delta(mse) <= 5%", "-f", "json")
    ran = run(*typed)
    assert (ran.code, json.loads(ran.stdout)["verdict"], gates(ran.stdout)[0]["verdict"]) == (0, "unsure", "unsure")
    assert "undecided" in str(gates(ran.stdout)[0]["reason"])
    assert run(*typed, "--fail-unsure").code == 4
    (tmp_path / "lossctl.toml").write_text("[check]\nfail_unsure = true\n")
    assert run(*typed).code == 4
    frame = str(DATA)
    result = lossctl.check(frame, "delta(mse) <= 5%", prediction="knn", baseline_prediction="ridge", fail_unsure=True)
    assert (int(result.exit_code), result.verdict.value) == (4, "unsure")


def test_bounds_of_many_looks_by_flag_and_configuration(run: Run, tmp_path: Path) -> None:
    typed = ("check", str(DATA), *DELTA, "-g", "delta(mse) <= 0", "-f", "json")
    ran = run(*typed)
    (once,) = gates(ran.stdout)
    many = run(*typed, "--sequential")
    assert (ran.code, once["verdict"], once["ci"]["method"]) == (1, "fail", "t")
    (found,) = gates(many.stdout)
    assert (many.code, found["verdict"], found["ci"]["method"]) == (0, "unsure", "t-sequence")
    (tmp_path / "lossctl.toml").write_text("[check]\nsequential = true\n")
    assert run(*typed).stdout == many.stdout
    few = run(*typed, "--where", "id <= 60")
    assert (few.code, gates(few.stdout)[0]["verdict"], gates(few.stdout)[0]["ci"]) == (4, "not_evaluated", None)
    assert run(*typed, "--test", "point").code == 2
    assert run(*typed, "--horizon", "2").code == 2


def test_an_equal_model_does_not_show_an_improvement(run: Run, tmp_path: Path) -> None:
    (tmp_path / "same.csv").write_text("target,base,cand\n1,1.1,1.1\n2,2.2,2.2\n3,3.5,3.5\n")
    ran = run("check", "same.csv", "-p", "cand", "--baseline-pred", "base", "-g", "delta(mse) <= -1%", "-f", "json")
    assert (ran.code, gates(ran.stdout)[0]["verdict"]) == (0, "unsure")


def test_calibration_of_a_delta(run: Run) -> None:
    ran = run("check", str(DATA), *DELTA, "-g", "delta(mse) <= 0", "--calibrate", "-f", "json")
    assert "fails an equal model in 5% of samples, and is unsure of it in 90%;" in str(gates(ran.stdout)[0]["details"])
