"""The portrait of a coarse mel finds attacks, decays and silence where they were put."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.coarse_mel import (
    attack_frames,
    attributes,
    compare,
    evaluate_mel,
    portrait,
    structure_of,
)
from audiogen.lab.evaluate.piano import HeldOut
from audiogen.stage import Sampling


def drawn(attacks: int, fall: float = 4.0, seconds: float = 4.0) -> Structure:
    """Even attacks in 34 groups that fall by `fall` nats a second."""
    frames = int(seconds * 25)
    mel = np.full((34, frames), -11.5, np.float32)
    onsets = np.zeros(frames * 3, np.float32)
    for start in np.linspace(0, frames, attacks, endpoint=False).astype(int):
        age = np.arange(frames - start) / 25
        mel[:20, start:] = np.maximum(-11.5, -3 - fall * age)
        onsets[start * 3 + 1] = 0.6
    return Structure(seconds, mel=mel, onsets=onsets)


def test_attacks_and_decays_are_counted() -> None:
    found = portrait(drawn(8, fall=4.0))
    assert found["attacks"] == pytest.approx(2.0)
    assert found["attack"] == pytest.approx(0.6)
    assert found["fall"] == pytest.approx(4.0, rel=0.05)
    assert found["silent"] == 0.0 and found["highest"] == 19


def test_silence_is_seen() -> None:
    empty = Structure(2.0, mel=np.full((34, 50), -11.5, np.float32), onsets=np.zeros(150, np.float32))
    found = portrait(empty)
    assert found["silent"] == 1.0 and found["attacks"] == 0.0
    with pytest.raises(InvalidRequest, match="portrait"):
        portrait(Structure.empty(1.0))


def test_near_peaks_are_one_attack() -> None:
    onsets = np.zeros(100, np.float32)
    onsets[[20, 22, 60]] = 0.5, 0.4, 0.1
    assert attack_frames(onsets).tolist() == [20]


def test_compare_is_zero_for_the_same_and_sees_a_difference() -> None:
    same = compare([drawn(4), drawn(8)], [drawn(4), drawn(8)])
    assert same["spectrum"]["distance"] == 0.0
    assert same["attacks"]["made"] == same["attacks"]["real"]
    other = compare([drawn(2), drawn(2)], [drawn(8), drawn(8)])
    assert other["attacks"]["made"] < other["attacks"]["real"] and other["spectrum"]["distance"] > 0.1


def test_structure_of_a_log_mel() -> None:
    mid = np.full((170, 75), -6.0, np.float32)
    found = structure_of(mid, 1.0)
    assert found.mel is not None and found.onsets is not None
    assert found.mel.shape == (34, 25) and found.onsets.shape == (75,)
    np.testing.assert_allclose(found.mel, -6.0, atol=1e-4)


def window(density: int, seconds: float = 2.0) -> HeldOut:
    """Quiet clicks, one per note."""
    onsets = np.arange(density * int(seconds)) / density + 0.01
    rows = np.column_stack(
        [np.full(len(onsets), 60.0), onsets, onsets + 0.1, np.full(len(onsets), 40 + density)]
    )
    audio = np.zeros((2, int(seconds * 44_100)), np.float32)
    audio[:, (onsets * 44_100).astype(int)] = 0.5
    return HeldOut(audio, Notes.from_rows(rows))


class Obedient:
    """A stage that draws exactly as many attacks, and as loud, as it is asked for."""

    name, seam, takes, gives = "obedient", "structure", Conditioning, Structure

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress
    ) -> Structure:
        assert x.density is not None and x.loudness is not None
        made = drawn(int(x.density * x.seconds), seconds=x.seconds)
        assert made.mel is not None
        made.mel[:] += (x.loudness - 60) / 20
        return made


def test_a_stage_that_does_as_asked_follows_fully() -> None:
    found = evaluate_mel(Obedient(), [window(d) for d in (1, 2, 4, 6)])
    assert found["follows"]["density"] == pytest.approx(1.0)
    assert found["follows"]["loudness"] == pytest.approx(1.0)
    assert found["attacks"]["made"] == pytest.approx(3.25)
    asked = attributes(window(3).notes, 2.0)
    assert (asked.density, asked.loudness, asked.register) == (3.0, 43.0, 60.0)
    with pytest.raises(InvalidRequest, match="No note"):
        attributes(window(3).notes.window(9.0, 10.0), 1.0)
