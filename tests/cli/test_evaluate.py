"""audiogen evaluate WHAT: one verb for all measures."""

from __future__ import annotations

import importlib

import pytest

from audiogen.cli.evaluate import OTHERS, PIANO


@pytest.mark.parametrize("what", [*PIANO, *OTHERS])
def test_every_measure_lists_its_options(run, what: str) -> None:
    done = run("evaluate", what, "--help")
    assert done.code == 0 and f"audiogen evaluate {what}" in done.out
    assert any(words in done.out for words in ("--data", "--source", "--weights", "positional arguments"))


def test_an_unknown_measure_names_those_there_are(run) -> None:
    done = run("evaluate", "taste", "--data", "x")
    assert done.code == 2
    assert "'taste' is not one of vocoder" in done.err and "sketches" in done.err


@pytest.mark.parametrize("what", ["decoder", "digits"])
def test_what_is_missing_is_said_with_the_code_of_usage(run, what: str) -> None:
    done = run("evaluate", what)
    assert done.code == 2 and "--data" in done.err


def test_what_a_measure_answers_is_the_exit_code(run, tmp_path) -> None:
    done = run("evaluate", "anchors", "--data", tmp_path / "nowhere", "-n", "4")
    assert done.code == 2 and "nowhere" in done.err


@pytest.mark.parametrize("module", [module for module, _ in OTHERS.values()])
def test_measures_take_their_arguments(module: str) -> None:
    main = importlib.import_module(f"audiogen.lab.evaluate.{module}").main
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 0
