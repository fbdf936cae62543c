"""Takes of the shipped piano: other playings of the same notes, the best of several, and variations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audiogen.artifacts import Waveform
from audiogen.cli import main
from audiogen.making import Request, make
from audiogen.ranking import rank
from audiogen.ranking.integrity import mel_distance
from audiogen.ranking.transcribe import TranscriberStage, note_scores
from audiogen.request import Take
from audiogen.stage import Sampling

pytestmark = pytest.mark.weights
PROMPT = "calm piano in C major, 8 s"


def take(**sampling: object) -> Take:
    (made,) = make(Request(PROMPT, sampling=Sampling(**({"seed": 7} | sampling))))  # type: ignore[arg-type]
    return made


def test_a_decoder_seed_keeps_the_notes_and_changes_the_playing() -> None:
    ear = TranscriberStage.from_pretrained("transcriber", device="cpu")
    first, other = take(), take(decoder_seed=3)
    assert first.structure is not None and other.structure is not None
    assert first.structure.midi_bytes() == other.structure.midi_bytes()
    assert first.waveform is not None and other.waveform is not None
    assert mel_distance(first.waveform.samples, other.waveform.samples) > 0.1  # nats; the same is 0
    assert first.recipe["take"] != other.recipe["take"]  # another piano in another room
    assert first.structure.notes is not None
    for made in (first, other):
        assert made.waveform is not None
        heard = ear.transcribe(made.waveform.samples)
        assert note_scores(first.structure.notes.rows(), heard, 8.0).f1 > 0.8


def test_a_spoilt_take_comes_last_and_is_told_why() -> None:
    good = take()
    assert good.waveform is not None
    clicks = good.waveform.samples.copy()
    clicks[:, [60_000, 150_000]] += 0.4
    wrong = good.waveform.samples[:, ::-1].copy()
    broken = [_with(good, clicks), _with(good, wrong)]
    rows = rank([*broken, good])
    assert rows[0][0] is good
    why = {id(t): v.why for t, v in rows}
    assert "signal: 2 clicks" in why[id(broken[0])]
    assert "fidelity" in why[id(broken[1])]


def test_the_best_of_three_is_made_again_bit_for_bit(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["make", "piano in D minor, 5 s", "-n", "3", "--best", "1", "--seed", "1", "-o", "best.wav", "-q"]
    assert main(words) == 0
    assert main(["again", "best.wav", "-q"]) == 0
    assert (tmp_path / "best.wav").read_bytes() == (tmp_path / "best-again.wav").read_bytes()


def _with(take: Take, samples: np.ndarray) -> Take:
    return dataclasses.replace(take, waveform=Waveform(samples))
