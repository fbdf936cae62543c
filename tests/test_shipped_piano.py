"""The shipped piano from end to end: it sounds, it follows its notes, it obeys, it repeats itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import audiogen
from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.making import Request, make
from audiogen.pipeline import Pipeline
from audiogen.ranking.integrity import integrity
from audiogen.ranking.transcribe import TranscriberStage, note_scores
from audiogen.registry import WEIGHTS_FOLDER, load_stage
from audiogen.stage import Sampling, silent
from tests.conftest import assert_good_audio

pytestmark = pytest.mark.weights
TOTAL_MB = 95


@pytest.fixture(scope="module")
def piano() -> Pipeline:
    return audiogen.load_pipeline("piano")


@pytest.fixture(scope="module")
def judge() -> TranscriberStage:
    return TranscriberStage.from_pretrained("transcriber", device="cpu")


def scale(low: int, velocity: float = 80.0) -> Structure:
    """Eight notes of a major scale and a closing chord, 6 s."""
    steps = (0, 2, 4, 5, 7, 9, 11, 12)
    rows = [(low + s, 0.2 + 0.4 * k, 0.55 + 0.4 * k, velocity) for k, s in enumerate(steps)]
    rows += [(low + s, 3.6, 5.0, velocity) for s in (0, 4, 7)]
    return Structure(6.0, Notes.from_rows(np.array(rows, float)))


def test_the_sentence_of_the_demo_becomes_fifteen_good_seconds(tmp_path: Path) -> None:
    (take,) = make(Request("舒缓的钢琴独奏,15 秒", sampling=Sampling(seed=1)))
    assert take.waveform is not None and take.structure is not None
    assert_good_audio(take.waveform.samples, 44_100, 15.0)
    assert integrity(take.waveform.samples).problems() == []
    assert take.structure.notes is not None and len(take.structure.notes) > 10


@pytest.mark.parametrize("low", [36, 48, 60, 72])
def test_what_is_played_can_be_heard(piano: Pipeline, judge: TranscriberStage, low: int) -> None:
    structure = scale(low)
    wave = piano.since("structure")(structure, Sampling(seed=3))
    assert structure.notes is not None
    heard = judge.transcribe(wave.samples)
    assert note_scores(structure.notes.rows(), heard, 6.0).f1 > 0.8
    other = scale(low + 1).notes
    assert other is not None
    assert note_scores(other.rows(), heard, 6.0).f1 < 0.6


def test_structure_strength_leads_from_free_to_faithful(piano: Pipeline, judge: TranscriberStage) -> None:
    structure = scale(55)
    assert structure.notes is not None
    found = [
        note_scores(
            structure.notes.rows(),
            judge.transcribe(
                piano.since("structure")(structure, Sampling(seed=1, structure_strength=s)).samples
            ),
            6.0,
        ).f1
        for s in (0.0, 0.5, 1.0)
    ]
    assert found[0] < found[1] <= found[2]
    assert found[2] - found[0] > 0.5


def test_louder_notes_are_louder_and_brighter(piano: Pipeline) -> None:
    soft, loud = (piano.since("structure")(scale(60, v), Sampling(seed=1)).samples for v in (30.0, 110.0))
    assert 20 * np.log10(loud.std() / soft.std()) > 8
    tilt = [np.abs(np.fft.rfft(x[0])) ** 2 for x in (soft, loud)]
    share = [p[int(2000 * 6) :].sum() / p.sum() for p in tilt]
    assert share[1] > share[0]


def test_two_decoder_seeds_are_two_takes_of_the_same_notes(piano: Pipeline) -> None:
    structure = scale(60)
    decode = piano.since("structure").until("decoder")
    first, again, other = (decode(structure, Sampling(seed=s)).mid for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05


def test_silence_between_notes_is_quiet(piano: Pipeline) -> None:
    rows = np.array([[60, 0.2, 0.6, 90], [64, 7.0, 7.4, 90]], float)
    wave = piano.since("structure")(Structure(8.0, Notes.from_rows(rows)), Sampling(seed=1)).samples
    gap = wave[:, int(5.0 * 44_100) : int(6.5 * 44_100)]
    assert 20 * np.log10(gap.std() / np.abs(wave).max()) < -50


def test_the_mel_stage_writes_a_structure_that_the_decoder_takes(piano: Pipeline) -> None:
    known = Conditioning(seconds=5.0, density=5.0, loudness=64.0)
    structure = load_stage("mel")(known, known, Sampling(seed=2), silent)
    assert structure.mel is not None and structure.mel.shape == (34, 125)
    wave = piano.since("structure")(structure, Sampling(seed=2), known)
    assert wave.samples.shape == (2, 5 * 44_100)
    assert integrity(wave.samples / np.abs(wave.samples).max() * 0.8).finite


def test_the_weights_fit_into_the_package() -> None:
    total = sum(f.stat().st_size for f in WEIGHTS_FOLDER.rglob("*.safetensors"))
    assert total < TOTAL_MB * 1e6
    for folder in WEIGHTS_FOLDER.iterdir():
        if folder.is_dir() and not folder.name.startswith("__"):
            assert (folder / "README.md").exists(), f"{folder.name} needs its card"
