"""A long sound lies in a file while it is worked on, and is the same as one in memory."""

from __future__ import annotations

import io
import mmap
from typing import Any

import numpy as np
import pytest
import soundfile

from audiogen import memory
from audiogen.media.audio import audio_bytes
from audiogen.media.finish import LASTING, finish
from audiogen.origin import sound

RATE = 8000


def in_a_file(samples: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(memory, "FILED", 0)
    filed = memory.zeros(*samples.shape)
    filed[:] = samples
    return filed


def base_of(samples: np.ndarray) -> Any:
    base: Any = samples
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    return base


def test_what_is_large_lies_in_a_file_and_what_is_small_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert base_of(memory.zeros(2, 100)) is None
    monkeypatch.setattr(memory, "FILED", 800)
    held = memory.zeros(2, 100)
    assert isinstance(base_of(held[:, 3:7]), mmap.mmap)
    assert held.dtype == np.float32 and held.shape == (2, 100) and not held.any()


def test_without_room_it_lies_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(memory, "FILED", 0)
    monkeypatch.setattr(memory, "_reserve", full)
    assert base_of(memory.zeros(2, 100)) is None


def test_what_is_passed_leaves_memory_and_keeps_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    held = in_a_file(np.zeros((2, 1000), np.float32), monkeypatch)
    for start in memory.passes(held, 300):
        held[:, start : start + 300] = start
    np.testing.assert_array_equal(np.unique(held), [0, 300, 600, 900])


@pytest.mark.parametrize("rate", [RATE, 11_025])
def test_a_sound_in_a_file_is_finished_as_one_in_memory(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    raw = (0.1 * rng.standard_normal((2, 12 * RATE + 77)) + 0.01).astype(np.float32)

    def touch(samples: np.ndarray, at: int) -> None:
        sound.mark(samples, at, "c0ffee")

    plain, level = finish(raw.copy(), RATE, 12.0, -20.0, rate, True, LASTING, touch)
    filed, same = finish(in_a_file(raw, monkeypatch), RATE, 12.0, -20.0, rate, True, LASTING, touch)
    np.testing.assert_array_equal(filed, plain)
    assert isinstance(base_of(filed), mmap.mmap) and same == level
    assert audio_bytes(filed, rate) == audio_bytes(plain, rate)


def test_the_mean_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    from audiogen.media import finish as last

    monkeypatch.setattr(last, "_SUMMED", 3 * 8192)
    raw = np.random.default_rng(4).standard_normal((2, 100_003)).astype(np.float32)
    np.testing.assert_array_equal(last._mean(raw), raw.mean(1, keepdims=True, dtype=np.float64))


def test_a_file_that_is_encoded_outside_memory_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from audiogen.media import audio

    raw = (0.1 * np.random.default_rng(5).standard_normal((2, 4000))).astype(np.float32)
    in_memory = audio_bytes(raw, RATE, ".flac", {"a": 1})
    monkeypatch.setattr(audio, "_IN_MEMORY", 100)
    assert audio_bytes(raw, RATE, ".flac", {"a": 1}) == in_memory
    assert soundfile.info(io.BytesIO(in_memory)).frames == 4000
