"""Sounds made equal in everything but what is compared: loudness, rate, channels, length.

The louder ones are turned down to the quietest (integrated loudness, ITU-R BS.1770-4), never up; if a peak
would still be above the ceiling all are turned down alike. What the page gets is 24-bit WAV of equal size,
so that neither the size nor the header of a file tells which it is. An anchor is made of its reference and
keeps the gain of it: it is the reference without its top, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from audiogen.errors import InvalidRequest
from audiogen.listen.anchors import anchor
from audiogen.listen.folders import checksum
from audiogen.listen.trials import Item, Stimulus
from audiogen.media.audio import audio_bytes, read_audio
from audiogen.media.loudness import CEILING_DBTP, loudness_lufs, true_peak_dbtp

_RATES = (16_000, 48_000)  # Hz; what every browser plays, and what has room for the anchors
_UNEQUAL_S = 0.05  # lengths that differ by more are said
_LONGEST_S = 600.0  # of one sound: all versions of a piece lie in the memory of the browser
MINIMUM_S = 1.0  # every sound is heard so long before an answer counts,
MINIMUM_SHARE = 0.25  # or for this share of a short one
MUSHRA_S = 12.0  # BS.1534-3 advises against more


@dataclass(frozen=True)
class Levels:
    """How the sounds of one item are played.

    The tuples are in the order of `Item.all`.

    Attributes:
        files: what was measured.
        sample_rate: Hz, of all.
        channels: 1 or 2, of all.
        frames: samples per channel, of all; shorter sounds end in silence.
        seconds: of every sound as it came, s.
        loudness_lufs: of every sound before the gain; None for silence.
        gain_db: at most 0, for every sound.
        alike: all came at one rate and with as many channels.
    """

    files: tuple[Path, ...]
    sample_rate: int
    channels: int
    frames: int
    seconds: tuple[float, ...]
    loudness_lufs: tuple[float | None, ...]
    gain_db: tuple[float, ...]
    alike: bool = True

    @property
    def minimum_s(self) -> float:
        """How long every sound is heard before an answer counts."""
        return round(min(MINIMUM_S, MINIMUM_SHARE * self.frames / self.sample_rate), 3)

    @property
    def matched(self) -> bool:
        """False where a silent sound has no loudness to match."""
        return None not in self.loudness_lufs


def measure(item: Item) -> Levels:
    """Read all sounds of an item and decide how they are played.

    Raises:
        InvalidRequest: unreadable, empty, not finite, or more than two channels.
    """
    sounds = [_read(stimulus.file) for stimulus in item.all]
    rate = int(np.clip(max(rate for _, rate in sounds), *_RATES))
    channels = max(len(samples) for samples, _ in sounds)
    even = [_converted(samples, own, rate, channels) for samples, own in sounds]
    loudness = [loudness_lufs(samples, rate) for samples in even]
    peaks = [true_peak_dbtp(samples, rate) for samples in even]
    return Levels(
        files=tuple(stimulus.file for stimulus in item.all),
        sample_rate=rate,
        channels=channels,
        frames=max(samples.shape[1] for samples in even),
        seconds=tuple(samples.shape[1] / own for samples, own in sounds),
        loudness_lufs=tuple(round(x, 3) if np.isfinite(x) else None for x in loudness),
        gain_db=tuple(round(gain, 3) for gain in gains_db(loudness, peaks)),
        alike=len({(len(samples), own) for samples, own in sounds}) == 1,
    )


def gains_db(loudness: Sequence[float], peaks: Sequence[float]) -> list[float]:
    """One gain per sound, dB, at most 0.

    Args:
        loudness: LUFS, -inf for silence.
        peaks: true peak, dBTP, -inf for silence.
    """
    target = min((x for x in loudness if np.isfinite(x)), default=0.0)
    gains = [min(0.0, target - x) if np.isfinite(x) else 0.0 for x in loudness]
    over = max(peak + gain for peak, gain in zip(peaks, gains, strict=True)) - CEILING_DBTP
    return [gain - max(0.0, over) for gain in gains]


def encode(stimulus: Stimulus, levels: Levels, gain_db: float, suffix: str = ".wav") -> bytes:
    """The file that is played; as a WAV of the same size for every sound of the item.

    Raises:
        InvalidRequest: the file is not any more what it was when the test began.
    """
    if checksum(stimulus.file) != stimulus.sha256:
        raise InvalidRequest(f"{stimulus.file} has changed since the test began.")
    samples, rate = _read(stimulus.file)
    even = _converted(samples, rate, levels.sample_rate, levels.channels)
    if stimulus.lowpass_hz:
        even = anchor(even, levels.sample_rate, stimulus.lowpass_hz)
    missing = levels.frames - even.shape[1]
    even = np.pad(even, ((0, 0), (0, missing))) * np.float32(10 ** (gain_db / 20))
    return audio_bytes(even, levels.sample_rate, suffix)


def remarks(items: Sequence[Item], levels: Sequence[Levels]) -> list[str]:
    """What the user should know of the levels: the gains, unequal lengths, silence."""
    most: dict[str, float] = {}
    for item, level in zip(items, levels, strict=True):
        for stimulus, gain in zip(item.all, level.gain_db, strict=True):
            most[stimulus.system] = min(gain, most.get(stimulus.system, 0.0))
    parts = [f"{name} by up to {abs(gain):.1f} dB" for name, gain in most.items()]
    found = [f"equal loudness: turned down {' and '.join(parts)}"]
    for item, level in zip(items, levels, strict=True):
        if not level.matched:
            found.append(f"{item.name}: a sound is silent, so loudness was not matched")
        if max(level.seconds) - min(level.seconds) > _UNEQUAL_S:
            lengths = " and ".join(f"{s:.2f} s" for s in level.seconds)
            found.append(f"{item.name}: lengths differ ({lengths}); the shorter ends in silence")
        if not level.alike:
            played = f"{level.sample_rate} Hz, {'stereo' if level.channels == 2 else 'mono'}"
            found.append(f"{item.name}: rates or channels differ; all are played as {played}")
    return found


def _read(file: Path) -> tuple[np.ndarray, int]:
    """Samples, float32 [channels, T], and rate; like `read_audio`, and fit to be compared."""
    samples, rate = read_audio(file)
    if not samples.shape[1]:
        raise InvalidRequest(f"{file} holds no samples.")
    if len(samples) > 2:
        raise InvalidRequest(f"{file} has {len(samples)} channels; a listening test takes mono and stereo.")
    if not np.isfinite(samples).all():
        raise InvalidRequest(f"{file} holds NaN or infinity.")
    if samples.shape[1] > _LONGEST_S * rate:
        raise InvalidRequest(
            f"{file} lasts over {_LONGEST_S / 60:g} minutes; a listening test takes shorter pieces."
        )
    return samples, rate


def _converted(samples: np.ndarray, own: int, rate: int, channels: int) -> np.ndarray:
    """At the common rate (linear phase, so nothing shifts) and with the common channels."""
    if own != rate:
        samples = soxr.resample(samples.T, own, rate, quality="VHQ").T
    return np.repeat(samples, channels, 0) if len(samples) < channels else samples
