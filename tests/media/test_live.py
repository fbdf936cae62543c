"""A sound that is heard while it is made, on a device that only takes notes."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from audiogen.media import live
from audiogen.media.live import Live
from audiogen.media.loudness import loudness_lufs

RATE = 8000


class Device:
    """Stands for the package sounddevice; keeps what is played."""

    class PortAudioError(Exception):
        pass

    def __init__(self, fails: bool = False) -> None:
        self.played: list[np.ndarray] = []
        self.fails = fails
        self.first = threading.Event()

    def query_devices(self, kind: str) -> None:
        if self.fails:
            raise ValueError("no output device")

    def OutputStream(self, rate: int, channels: int, dtype: str) -> Any:
        assert (rate, channels, dtype) == (RATE, 2, "float32")
        return self

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, block: np.ndarray) -> None:
        if self.fails:
            raise self.PortAudioError("unplugged")
        self.played.append(block.copy())
        self.first.set()

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate(self.played).T


def noise(seconds: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.01 * rng.standard_normal((2, round(seconds * RATE)))).astype(np.float32)


def test_blocks_are_played_in_order_at_the_level_of_the_first() -> None:
    device, blocks = Device(), [noise(2.0, 0), noise(1.0, 1)]
    heard = Live(device, -20.0)
    for block in blocks:
        heard(block, RATE)
    heard.close()
    gain = 10 ** ((-20.0 - loudness_lufs(blocks[0], RATE)) / 20)
    np.testing.assert_allclose(device.sound, np.concatenate(blocks, 1) * gain, rtol=1e-5)


def test_the_first_block_is_heard_before_the_second_is_made() -> None:
    device = Device()
    heard = Live(device, None)
    heard(noise(0.1, 0), RATE)
    assert device.first.wait(30)
    heard.close()
    np.testing.assert_array_equal(device.sound, noise(0.1, 0))


def test_what_is_too_loud_is_clipped_and_silence_stays_silent() -> None:
    device = Device()
    heard = Live(device, -20.0)
    heard(np.zeros((2, RATE), np.float32), RATE)
    heard(np.full((2, 10), 3.0, np.float32), RATE)
    heard.close()
    assert not device.sound[:, :RATE].any() and (device.sound[:, RATE:] == 1).all()


def test_a_device_that_fails_is_named_and_the_work_goes_on() -> None:
    heard = Live(Device(fails=True), None)
    for seed in range(3):
        heard(noise(0.1, seed), RATE)
    heard.close()
    assert heard.problem == "unplugged"


def test_without_a_device_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", Device(fails=True))
    assert live.device() is None
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)  # not installed
    assert live.device() is None
