"""The scripts in examples/ run as they stand, each in an empty folder, and make what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiogen.artifacts import Structure, Waveform
from audiogen.media.audio import read_recipe
from audiogen.ranking.transcribe import TranscriberStage, note_scores
from audiogen.stage import Sampling
from tests.conftest import assert_good_audio

pytestmark = pytest.mark.weights
EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """example("batch") runs it in an empty folder; returns the names of its module and the folder out/."""
    monkeypatch.chdir(tmp_path)

    def run(name: str) -> tuple[dict[str, Any], Path]:
        script = str(EXAMPLES / f"{name}.py")
        monkeypatch.setattr("sys.argv", [script])
        return runpy.run_path(script, run_name="__main__"), tmp_path / "out"

    return run


def good(file: Path, seconds: float) -> Waveform:
    wave = Waveform.load(file)
    assert_good_audio(wave.samples, 44_100, seconds)
    return wave


def heard_as(wave: Waveform, structure: Structure) -> float:
    """F1 between the notes that are heard and those that were written."""
    assert structure.notes is not None
    ear = TranscriberStage.from_pretrained("transcriber", device="cpu")
    return note_scores(structure.notes.rows(), ear.transcribe(wave.samples), structure.seconds).f1


def test_a_stage_of_ones_own_is_played(example) -> None:
    names, out = example("swap_a_stage")
    written = names["piano"].until("structure")("soft piano, 4 s", Sampling(seed=7))
    assert len(written.notes) == 12
    assert heard_as(good(out / "arpeggio.wav", 4.0), written) > 0.7


def test_the_vocoder_alone_keeps_pitch_and_length(example) -> None:
    _, out = example("only_the_vocoder")
    for name, seconds in (("same.wav", 2.0), ("slow.wav", 4.0)):
        wave = good(out / name, seconds)
        spectrum = np.abs(np.fft.rfft(wave.samples.mean(0)))
        assert np.argmax(spectrum) / seconds == pytest.approx(220, abs=3)  # Hz


def test_eight_prompts_become_eight_files_with_recipes(example) -> None:
    names, out = example("batch")
    assert sorted(file.name for file in out.iterdir()) == sorted(names["PROMPTS"])
    for name, prompt in names["PROMPTS"].items():
        good(out / name, 2.0)
        assert read_recipe(out / name)["prompt"] == prompt
    stages = [stage for stage, _, _ in names["loaded"]]
    assert sorted(stages) == ["flow", "score", "vocoder"]  # each of them once


def test_a_list_of_notes_is_heard_and_kept_as_midi(example) -> None:
    names, out = example("notes_from_python")
    assert heard_as(good(out / "canon.wav", 4.0), names["piece"]) > 0.8
    kept = Structure.load(out / "canon.mid")
    assert (len(kept.notes), kept.notes.tempo, kept.notes.key) == (18, 120, "C major")
    np.testing.assert_allclose(kept.notes.rows(), names["piece"].notes.rows(), atol=5e-4)


def test_arrays_go_in_and_come_out_and_no_file_is_written(example, tmp_path: Path) -> None:
    names, _ = example("arrays")
    assert names["mix"].dtype == np.float32
    assert_good_audio(names["mix"], 44_100, 3.0)
    assert list(tmp_path.iterdir()) == []


def test_variations_are_ranked_and_the_best_is_kept(example) -> None:
    names, out = example("vary_and_rank")
    totals = [verdict.total for _, verdict in names["ranking"]]
    assert len(totals) == 3 and totals == sorted(totals, reverse=True)
    good(out / "varied.wav", names["best"].waveform.seconds)
    theme = {tuple(row) for row in Structure.load(out / "theme.mid").notes.rows().round(3).tolist()}
    varied = {tuple(row) for row in names["best"].structure.notes.rows().round(3).tolist()}
    assert 0.5 <= len(theme & varied) / len(theme) < 1  # about two thirds stay, note for note


def test_every_example_is_here_and_in_the_readme() -> None:
    tested = set(re.findall(r'example\("(\w+)"\)', Path(__file__).read_text()))
    scripts = {file.stem for file in EXAMPLES.glob("*.py")}
    assert scripts == tested
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"(examples/{name}.py)" in readme for name in scripts)
    for name in scripts:  # the public names are enough
        text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        assert not re.search(r"audiogen\.\w+ import|import audiogen\.", text), name
