"""The mark of sound after tempo and pitch were changed apart."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from audiogen.origin import sound, stretched
from tests.origin.test_sound import ID, RATE, notes


def stretch(samples: np.ndarray, tempo: float, size: int = 1600, reach: int = 400) -> np.ndarray:
    """Another tempo at the same pitch: frames laid down where they go on best (WSOLA, Verhelst 1993)."""
    hop, window = size // 2, np.hanning(size)
    padded = np.pad(samples, (reach, size + reach))
    out = np.zeros(round(len(samples) / tempo) + size)
    at = 0
    for start in range(0, len(out) - size, hop):
        wanted = padded[reach + at + hop :][:size]
        middle = min(round(start * tempo), len(samples) - 1)
        around = padded[middle : middle + 2 * reach + size]
        at = middle - reach + int(np.argmax(np.correlate(around, wanted[: len(around)], "valid")))
        out[start : start + size] += padded[reach + at :][:size] * window
    return out[: round(len(samples) / tempo)].astype(np.float32)


def test_the_mark_is_found_at_another_tempo_and_pitch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretched, "HIGHEST", 0.97)  # of the pitches that are tried
    tempo, pitch = 1.03, 2 ** (-1 / 12)
    samples = notes(8)[:1]
    sound.mark(samples, RATE, ID)
    plain = soxr.resample(samples[0], RATE, stretched.RATE)
    changed = soxr.resample(stretch(plain, tempo / pitch), stretched.RATE, stretched.RATE / pitch)
    found = stretched.detect(changed)
    assert found.there
    assert found.id == ID
    assert 1 / found.scale == pytest.approx(tempo, abs=0.003)
    assert found.pitch == pytest.approx(pitch, abs=0.003)


def test_a_noise_at_another_tempo_is_found_at_its_own_pitch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other pitches tell too little of it; as much of a noise without a mark is none."""
    monkeypatch.setattr(stretched, "LOWEST", 1.06)
    plain = 0.1 * np.random.default_rng(0).normal(size=15 * RATE).astype(np.float32)
    marked = plain[None].copy()
    sound.mark(marked, RATE, ID)
    found, none = (
        stretched.detect(stretch(soxr.resample(each, RATE, stretched.RATE), 0.98, size=3200, reach=100))
        for each in (marked[0], plain)
    )
    assert found.there
    assert found.id == ID
    assert found.pitch == 1
    assert 1 / found.scale == pytest.approx(0.98, abs=0.002)
    assert not none.there
