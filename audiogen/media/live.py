"""A long sound is heard while it is made: each block that is settled is queued and played.

What is heard is not the file, whose level and ends are known only when all of it is: one gain, that of the
first block, brings it to about its level. Blocks wait in a file without a name, so that a program that makes
sound faster than it is played keeps none of it in memory.
"""

from __future__ import annotations

import tempfile
import threading
from typing import Any

import numpy as np

from audiogen.media.loudness import loudness_lufs

BLOCK = 4096  # frames that are handed to the device at a time
MOST_GAIN = 30.0  # 30 dB


def device() -> Any:
    """The package sounddevice, if it is installed and this machine has something to play on; else None."""
    try:
        import sounddevice

        sounddevice.query_devices(kind="output")
    except Exception:  # OSError without PortAudio, PortAudioError or ValueError without a device
        return None
    return sounddevice


class Live:
    """What is heard of one sound; call it with its blocks, then `close` it.

    Args:
        sounddevice: from `device`.
        target_lufs: the loudness to aim at; None: as it is.
    Attributes:
        heard: whether there was anything to play. problem: what the device said when it failed, or "".
    """

    def __init__(self, sounddevice: Any, target_lufs: float | None) -> None:
        self.sounddevice, self.target_lufs = sounddevice, target_lufs
        self.heard, self.problem = False, ""
        self._gain = np.float32(1)
        self._waiting = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._written, self._played, self._over = 0, 0, False
        self._more = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, samples: np.ndarray, rate: int) -> None:
        """Queue the next block, float32 [channels, samples]."""
        if not self.heard:
            self.heard = True
            if self.target_lufs is not None and np.isfinite(level := loudness_lufs(samples, rate)):
                self._gain = np.float32(min(10 ** ((self.target_lufs - level) / 20), MOST_GAIN))
            self._thread = threading.Thread(target=self._play, args=(len(samples), rate), daemon=True)
            self._thread.start()
        raw = np.clip(samples.T * self._gain, -1, 1).astype(np.float32).tobytes()
        with self._more:
            self._waiting.seek(self._written)
            self._waiting.write(raw)
            self._written += len(raw)
            self._more.notify()

    def close(self, wait: bool = True) -> None:
        """There is no more; returns when all is played, or at once."""
        with self._more:
            self._over = True
            if not wait:
                self._written = 0
            self._more.notify()
        if self._thread is not None:
            self._thread.join()
        self._waiting.close()

    def _play(self, channels: int, rate: int) -> None:
        """Until `close`; a device that fails ends it, and the sound is made all the same."""
        size = 4 * channels * BLOCK
        try:
            with self.sounddevice.OutputStream(rate, channels=channels, dtype="float32") as stream:
                while True:
                    with self._more:
                        self._more.wait_for(lambda: self._over or self._written > self._played)
                        if self._played >= self._written:
                            return
                        self._waiting.seek(self._played)
                        raw = self._waiting.read(min(size, self._written - self._played))
                    stream.write(np.frombuffer(raw, np.float32).reshape(-1, channels))
                    self._played += len(raw)
        except self.sounddevice.PortAudioError as problem:
            self.problem = str(problem)
