"""explain, models, doctor, train, data; the progress line."""

from __future__ import annotations

import io
import json
import os
import sys
import time

from audiogen import registry
from audiogen.cli import main
from audiogen.cli.progress import Reporter


def test_explain(run):
    done = run("explain", "a slow waltz in D minor, pp, zeugma")
    assert done.code == 0
    for line in ("tempo         62 beats per minute", "key           D minor", "metre         3/4"):
        assert line in done.out
    assert done.err == "not understood, and left out: zeugma\n"
    assert json.loads(run("explain", "慢板", "--json").out)["tempo"] == 54


def test_models(tiny, run, monkeypatch):
    monkeypatch.setitem(registry.WEIGHTS, "absent", "of a later version")
    done = run("models")
    assert "piano-score" in done.out and "not installed" in done.out
    rows = {row["name"]: row for row in json.loads(run("models", "--json").out)}
    assert rows["vocoder"]["installed"] is True
    assert rows["vocoder"]["megabytes"] > 0


def test_models_say_what_they_were_trained_on(run):
    assert "under CC BY-SA 3.0" in run("models").out
    rows = {row["name"]: row for row in json.loads(run("models", "--json").out)}
    assert "MIT" in rows["piano-score"]["licences"] and "Mutopia" in " ".join(rows["piano-score"]["sources"])


def test_doctor(tiny, run, monkeypatch):
    from audiogen import registry

    monkeypatch.setattr(registry, "WEIGHTS", {"vocoder": "a"})
    done = run("doctor")
    assert done.code == 0
    for words in ("python", "weights vocoder", "computes on", "GFLOP/s", "kept in", "not needed by audiogen"):
        assert words in done.out
    monkeypatch.setattr(registry, "WEIGHTS", {"vocoder": "a", "absent": "b"})
    done = run("doctor")
    assert done.code == 4
    assert "MISSING" in done.out


def test_train_and_data_hand_over(tmp_path, run, monkeypatch):
    import audiogen.lab.data.registry as data
    import audiogen.lab.train.runner as runner

    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text("data: {name: piano-audio}\ntask: {name: vocoder}\n")
    calls = []
    monkeypatch.setattr(data, "prepare_recipe", lambda *given: calls.append(given))

    def train(recipe, folder, run_folder, resume, init_from):
        calls.append((recipe.name, str(folder), str(run_folder), resume, init_from))
        return runner.TrainResult(10, finished=init_from is None, metric=None, weights=run_folder / "weights")

    monkeypatch.setattr(runner, "train", train)
    assert run("data", "toy.yaml", "--source", ".").out == "build/piano-audio\n"
    assert run("train", "toy.yaml").out == "runs/toy/weights\n"
    assert (
        run("train", "toy.yaml", "--data", "d", "--run", "r", "--init-from", "w", "--no-resume").code == 130
    )
    assert [str(x) for x in calls[0]] == ["toy.yaml", ".", "build/piano-audio"]
    assert calls[1:] == [
        ("toy.yaml", "build/piano-audio", "runs/toy", True, None),
        ("toy.yaml", "d", "r", False, "w"),
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_is_one_line_that_goes_away():
    screen = Terminal()
    with Reporter(stream=screen) as reporter:
        reporter.take(2, 3)
        reporter("decoder", 1, 4)
        reporter.since -= 2
        assert reporter.line() == "take 2 of 3: decoder   [######..................]  25%  6 s left"
        reporter.begin("loading torch and weights")
        assert reporter.line().startswith("take 2 of 3: loading torch and weights  0 s")
        for _ in range(100):  # the line moves by itself while torch is imported
            if "loading" in screen.getvalue():
                break
            time.sleep(0.1)
        assert "loading torch and weights" in screen.getvalue()
        reporter.say("note: merged 2 tracks")
    shown = screen.getvalue()
    assert "\n" not in shown.replace("note: merged 2 tracks\n", "")
    assert shown.endswith("\r\x1b[K")


def test_the_first_word_gives_way_to_what_is_said(monkeypatch):
    screen, log = Terminal(), io.StringIO()
    for stream in (screen, log):
        monkeypatch.setattr(sys, "stderr", stream)
        assert main(["make", "calm piano", "--seconds", "9000"]) == 2
    first, *_, last = screen.getvalue().split("\r\x1b[K")
    assert first == "reading what is asked ..." and last.startswith("audiogen: A piano piece takes")
    assert log.getvalue() == last


def test_progress_elsewhere_is_a_line_per_stage():
    log = io.StringIO()
    with Reporter(stream=log) as reporter:
        for step in range(5):
            reporter("decoder", step, 4)
        reporter("renderer", 0, 1)
    assert log.getvalue() == "decoder ...\nrenderer ...\n"
    silent = io.StringIO()
    with Reporter(quiet=True, stream=silent) as reporter:
        reporter("decoder", 1, 4)
        reporter.say("x")
    assert silent.getvalue() == ""


def test_console_script_is_installed():
    from importlib.metadata import entry_points

    (script,) = [e for e in entry_points(group="console_scripts") if e.name == "audiogen"]
    assert script.value == "audiogen.cli:main"
    assert os.path.basename(script.load().__code__.co_filename) == "__init__.py"
