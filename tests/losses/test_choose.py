from __future__ import annotations

import pytest

from lossctl.core.errors import ExitCode, UsageError
from lossctl.losses import ALL, LOSSES, choose, find, parameters, search, wants_all


def labels(texts: list[str], flags: dict[str, str] | None = None) -> list[str]:
    return [chosen.label for chosen in choose(texts, flags)]


def refused(texts: list[str], flags: dict[str, str] | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        choose(texts, flags)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.cure
    return caught.value


@pytest.mark.parametrize(
    ("texts", "flags", "expected"),
    [
        (["mae"], {}, ["mae"]),
        (["mae,mse", "l1", "mse"], {}, ["mae", "mse"]),
        ([" MSE , Smooth-L1 "], {}, ["mse", "smooth_l1(beta=1.0)"]),
        (["huber"], {}, ["huber(delta=1.0)"]),
        (["huber()"], {}, ["huber(delta=1.0)"]),
        (["huber(delta=0.5)"], {}, ["huber(delta=0.5)"]),
        (["HUBER( Delta = 0.5 )"], {}, ["huber(delta=0.5)"]),
        (["huber(delta=0.5,1,2),mae"], {}, ["huber(delta=0.5)", "huber(delta=1.0)", "huber(delta=2.0)", "mae"]),
        (["huber(delta=2,1,2.0)", "huber"], {}, ["huber(delta=2.0)", "huber(delta=1.0)"]),
        (["kl(base=e,10)"], {}, ["kl_divergence(base=e)", "kl_divergence(base=10.0)"]),
        (["mae,huber"], {"delta": "0.25"}, ["mae", "huber(delta=0.25)"]),
        (["huber,mae"], {"delta": "3, 0.25"}, ["huber(delta=3.0)", "huber(delta=0.25)", "mae"]),
        (["entropy,cross_entropy"], {"BASE": "e"}, ["entropy(base=e)", "cross_entropy(base=e)"]),
        (["huber,smooth_l1(beta=4)"], {"delta": "2"}, ["huber(delta=2.0)", "smooth_l1(beta=4.0)"]),
        (["huber,smooth_l1"], {"delta": "2", "beta": "0"}, ["huber(delta=2.0)", "smooth_l1(beta=0.0)"]),
    ],
)
def test_choosing(texts: list[str], flags: dict[str, str], expected: list[str]) -> None:
    assert labels(texts, flags) == expected


def test_choices_are_the_losses_of_the_table_with_numbers() -> None:
    (chosen,) = choose(["huber(delta=0.5)"])
    assert chosen.loss is LOSSES["huber"]
    assert chosen.params == {"delta": 0.5}


def test_all_is_every_loss_once() -> None:
    assert labels([ALL]) == [loss.choose().label for loss in LOSSES.values()]
    assert labels(["mse,ALL", "mae"], {"delta": "4"})[:3] == ["mse", "mae", "smooth_l1(beta=1.0)"]
    assert wants_all(["mae", " All "])
    assert wants_all(["mae,all"])
    assert not wants_all(["mae", "huber(delta=1)"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("hubr", "huber"), ("mea", "mae"), ("cross-entrpy", "cross_entropy"), ("surprisl", "surprisal"), ("KLL", "kl")],
)
def test_a_mistyped_name_gets_the_nearest(typed: str, meant: str) -> None:
    error = refused([typed])
    assert typed in error.problem
    assert error.cure is not None
    assert meant in error.cure
    assert "lossctl losses" in error.cure


def test_a_name_like_no_other_gets_the_list() -> None:
    assert refused(["xyzzy"]).cure == "`lossctl losses` lists every loss"


@pytest.mark.parametrize(
    ("texts", "flags", "problem", "cure"),
    [
        ([], {}, "no loss is chosen", "--loss"),
        ([""], {}, "a loss has no name in ''", "mae,mse"),
        (["mae,,mse"], {}, "a loss has no name in 'mae,,mse'", "mae,mse"),
        (["(delta=1)"], {}, "a loss has no name", "mae,mse"),
        (["huber(delta=1"], {}, "the parentheses of 'huber(delta=1' do not match", "--loss 'huber(delta=1.0)'"),
        (["huber(delta=1)x"], {}, "the parentheses of 'huber(delta=1)x' do not match", "--loss 'huber(delta=1.0)'"),
        (["huber(delta=(1))"], {}, "do not match", "--loss 'huber(delta=1.0)'"),
        (["huber)"], {}, "no loss is called 'huber)'", "huber"),
        (["huber(0.5)"], {}, "huber: '0.5' does not say which parameter it is", "huber(delta=1.0)"),
        (["huber(beta=1)"], {}, "huber has no parameter 'beta'", "its parameters: delta"),
        (["mae(delta=1)"], {}, "mae has no parameter 'delta'", "write --loss mae"),
        (["huber(delta=1,delta=2)"], {}, "huber: parameter delta is given twice", "huber(delta=1.0)"),
        (["huber(delta=)"], {}, "huber: parameter delta: '' is not a number in (0, inf)", "huber(delta=1.0)"),
        (["huber(delta=1,)"], {}, "huber: parameter delta: '' is not a number in (0, inf)", "huber(delta=1.0)"),
        (["huber(delta=0)"], {}, "huber: parameter delta: 0.0 is not a number in (0, inf)", "huber(delta=1.0)"),
        (["huber"], {"delta": "nan"}, "huber: parameter delta: nan is not", "huber(delta=1.0)"),
        (["huber"], {"delta": "inf"}, "huber: parameter delta: inf is not", "huber(delta=1.0)"),
        (["entropy(base=1)"], {}, "entropy: parameter base: 1.0 is not a number in (1, inf) or e", "entropy(base=2.0)"),
        (["mae,mse"], {"delta": "1"}, "not for mae, mse", "drop --delta"),
        (["mae"], {"nonesuch": "1"}, "no loss has a parameter 'nonesuch'", "lossctl show"),
        (["huber(delta=1),mae"], {"delta": "1"}, "huber: delta is given both in the name and as --delta", "one way"),
    ],
)
def test_what_is_refused(texts: list[str], flags: dict[str, str], problem: str, cure: str) -> None:
    error = refused(texts, flags)
    assert problem in error.problem
    assert error.cure is not None
    assert cure in error.cure


def test_find_takes_ids_and_aliases_in_any_case() -> None:
    assert find(" L2 ") is LOSSES["mse"]
    assert find("Mean-Absolute_ERROR") is LOSSES["mae"]


def test_a_word_is_found_where_one_starts() -> None:
    assert LOSSES["mae"] not in search("KL"), "sklearn is no KL"
    assert LOSSES["kl_divergence"] in search("kl")


def test_parameters_are_every_parameter_once_with_its_losses() -> None:
    flags = parameters()
    assert {(flag.name, loss) for flag in flags.values() for loss in flag.losses} == {
        (param.name, loss.id) for loss in LOSSES.values() for param in loss.params
    }
    assert list(flags)[:2] == ["beta", "delta"]
    for name, flag in flags.items():
        assert flag.name == name
        assert all(loss in flag.help for loss in flag.losses)
    assert flags["base"].help.count("base of the logarithm") == 1
    first, param = next((loss, each) for loss in LOSSES.values() for each in loss.params if each.name == "c")
    assert flags["c"].help.startswith(f"{param.summary} (default {param.format(param.default)}): {first.id}; also of ")
    assert max(len(flag.help) for flag in flags.values()) < 320, "a flag of many losses tells what it means for one"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Surprisal", ["self_information"]),
        ("cross-entropy", ["cross_entropy", "entropy", "kl_divergence"]),
        ("REGRESSION", ["mae", "smooth_l1", "huber", "mse"]),
        ("distribution", ["entropy", "cross_entropy", "kl_divergence"]),
        ("outliers", ["huber"]),
        ("HuberLoss", ["huber"]),
        ("torch", ["mae", "huber", "softmax_cross_entropy", "multi_margin"]),
        ("KERAS", ["mae", "tversky", "multiclass_focal"]),
        ("lightgbm: fair", ["fair"]),
        ("no such word", []),
    ],
)
def test_search(word: str, expected: list[str]) -> None:
    found = search(word)
    assert {loss.id for loss in found} >= set(expected)
    folded = word.lower().replace("-", "_")
    for loss in found:
        elsewhere = [name for entry in loss.elsewhere for name in entry.names]
        texts = (
            " ".join((loss.id, *loss.aliases, *elsewhere, loss.task, loss.kind, loss.summary)).lower().replace("-", "_")
        )
        assert folded in texts, loss.id
    assert len(found) < len(LOSSES)
