"""Around an onset the level follows the notes: no smear before it, a steep rise, and nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.render.attacks import HOP, gathered

RATE = 44_100
COUNT = HOP * 300  # 1 s
ONSET = 22_050


def note(onset: int, hz: float, rise: int) -> np.ndarray:
    """A dying tone with its partials that begins within `rise` samples around its onset, [T]."""
    t = np.arange(COUNT)
    tone = sum(np.sin(2 * np.pi * k * hz * t / RATE) / k for k in range(1, 9))
    return tone * np.clip((t - onset) / rise + 0.5, 0, 1) * np.exp(-np.maximum(t - onset, 0) / 20_000)


def level(sound: np.ndarray, low_ms: float, high_ms: float) -> float:
    """Mean power from `low_ms` to `high_ms` after the onset, dB."""
    span = slice(*(ONSET + round(ms * RATE / 1000) for ms in (low_ms, high_ms)))
    return 10 * np.log10(np.square(sound[..., span]).mean() + 1e-15)


def made(sound: np.ndarray, guide: np.ndarray, *onsets: int) -> np.ndarray:
    both = torch.from_numpy(np.stack([sound, sound]).astype(np.float32))
    return gathered(both, guide.astype(np.float32), np.array(onsets)).numpy()


def test_a_smeared_attack_is_gathered_where_its_guide_strikes() -> None:
    smeared, steep = note(ONSET, 440, 4_000), note(ONSET, 440, 40)
    out = made(smeared, steep, ONSET)
    assert level(smeared, -30, -10) > -15  # 0 dB is near the level of the tone
    assert level(out, -30, -10) < level(smeared, -30, -10) - 20
    assert level(out, -50, 35) == pytest.approx(level(smeared, -50, 35), abs=0.7)  # its energy is kept


def test_the_level_of_the_guide_does_not_matter() -> None:
    smeared, steep = note(ONSET, 440, 4_000), note(ONSET, 440, 40)
    np.testing.assert_allclose(made(smeared, steep, ONSET), made(smeared, 0.01 * steep, ONSET), atol=1e-4)


def test_what_rings_on_from_before_is_not_cut() -> None:
    ringing = note(0, 660, 40)
    smeared = ringing + note(ONSET, 440, 4_000)
    out = made(smeared, note(ONSET, 440, 40), ONSET)  # the guide knows of the second alone
    assert level(out, -30, -10) == pytest.approx(level(ringing, -30, -10), abs=1.5)


def test_where_nothing_strikes_the_sound_stays() -> None:
    sound = note(2_000, 440, 40)
    np.testing.assert_allclose(made(sound, sound), np.stack([sound, sound]), atol=1e-4)
    np.testing.assert_allclose(made(sound, 0 * sound, ONSET), np.stack([sound, sound]), atol=1e-4)


def test_silence_stays_silent() -> None:
    assert not made(np.zeros(COUNT), note(ONSET, 440, 40), ONSET).any()


@pytest.mark.parametrize("onset", [-500, 3, COUNT - 3, COUNT + 500])
def test_onsets_at_and_beyond_the_ends_do_no_harm(onset: int) -> None:
    sound = note(2_000, 440, 40)
    out = made(sound, sound, onset)
    assert np.isfinite(out).all() and np.abs(out).max() < 1.3 * np.abs(sound).max()
