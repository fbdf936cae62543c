"""Signal metrics: the integrity of one file, and distances between two.

`integrity(audio).problems()` is the gate that every product file must pass; the distances compare a
reconstruction with the sound it was made from (paired, aligned, same length).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from audiogen.errors import InvalidRequest
from audiogen.media.loudness import true_peak_dbtp
from audiogen.media.mel import MelSettings, log_bands, stft

CLIP_LEVEL = 0.999
CLIP_RUN = 3  # samples in a row at full scale
DC_LIMIT = 1e-3
PEAK_LIMIT_DBTP = -1.0
SILENT_DBFS = -60.0
BLOCK_S = 0.05
TAIL_LIMIT_S = 1.5
FOLD_DOWN_LIMIT_DB = -6.0  # in-phase stereo: 0; uncorrelated: -3; cancelling: far below
CLICK_RATIO = 12.0  # a click stands out of the milliseconds on both sides of it by this factor
CLICK_FLOOR = 2e-3  # second difference, full scale 1


@dataclass(frozen=True)
class Integrity:
    """What can be wrong with one sound file, measured.

    Attributes:
        finite: no NaN or infinity; if there is one, nothing else is measured.
        dc: largest mean of a channel.
        clipped_runs: runs of at least three samples at full scale.
        peak_dbtp: true peak (4x oversampled), dB.
        clicks: isolated impulses or jumps.
        silent_share: share of 50 ms blocks under -60 dBFS.
        tail_s: silence at the end, s.
        fold_down_db: level of (L + R) / 2 relative to the mean power of both channels, dB.
        worst_fold_down_db: the same in the worst third-octave that carries energy.
        above_8k_db, above_16k_db: energy above 8 and 16 kHz relative to all, dB.
    """

    seconds: float
    finite: bool
    dc: float = 0.0
    clipped_runs: int = 0
    peak_dbtp: float = -np.inf
    clicks: int = 0
    silent_share: float = 1.0
    tail_s: float = 0.0
    fold_down_db: float = 0.0
    worst_fold_down_db: float = 0.0
    above_8k_db: float = -np.inf
    above_16k_db: float = -np.inf

    def problems(self, tail_limit_s: float = TAIL_LIMIT_S) -> list[str]:
        """Everything out of bounds, in words; empty for a sound file."""
        if not self.finite:
            return ["NaN or infinite samples"]
        found = []
        if self.dc > DC_LIMIT:
            found.append(f"DC offset {self.dc:.4f}")
        if self.clipped_runs:
            found.append(f"{self.clipped_runs} clipped runs")
        if self.peak_dbtp > PEAK_LIMIT_DBTP + 0.05:
            found.append(f"true peak {self.peak_dbtp:.2f} dBTP")
        if self.clicks:
            found.append(f"{self.clicks} clicks")
        if self.silent_share > 0.5:
            found.append(f"{self.silent_share:.0%} silence")
        if self.tail_s > tail_limit_s:
            found.append(f"dead tail of {self.tail_s:.1f} s")
        if self.fold_down_db < FOLD_DOWN_LIMIT_DB:
            found.append(f"mono fold-down {self.fold_down_db:.1f} dB")
        return found


def integrity(audio: np.ndarray, sample_rate: int = 44_100) -> Integrity:
    """Measure audio float [channels, T].

    Raises:
        InvalidRequest: not two-dimensional or empty.
    """
    audio = np.asarray(audio, np.float64)
    if audio.ndim != 2 or not audio.size:
        raise InvalidRequest(f"Audio has shape [channels, samples], not {list(audio.shape)}.")
    seconds = audio.shape[1] / sample_rate
    if not np.isfinite(audio).all():
        return Integrity(seconds, finite=False)
    silent = silent_blocks(audio, sample_rate)
    above_8k, above_16k = (energy_above_db(audio, sample_rate, hz) for hz in (8_000, 16_000))
    fold_down, worst = fold_down_db(audio, sample_rate)
    return Integrity(
        seconds=seconds,
        finite=True,
        dc=float(np.abs(audio.mean(1)).max()),
        clipped_runs=clipped_runs(audio),
        peak_dbtp=true_peak_dbtp(audio, sample_rate),
        clicks=len(click_times_s(audio, sample_rate)),
        silent_share=float(silent.mean()),
        tail_s=float(np.argmin(silent[::-1]) if not silent.all() else len(silent)) * BLOCK_S,
        fold_down_db=fold_down,
        worst_fold_down_db=worst,
        above_8k_db=above_8k,
        above_16k_db=above_16k,
    )


def clipped_runs(audio: np.ndarray) -> int:
    """Runs of at least `CLIP_RUN` samples in a row with |x| >= `CLIP_LEVEL`, over all channels."""
    full = np.pad(np.abs(audio) >= CLIP_LEVEL, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(full, axis=1)
    return sum(int((np.flatnonzero(row == -1) - np.flatnonzero(row == 1) >= CLIP_RUN).sum()) for row in edges)


def silent_blocks(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """For every 50 ms block, whether its RMS over all channels is under -60 dBFS: bool [blocks]."""
    size = max(1, int(BLOCK_S * sample_rate))
    count = max(1, audio.shape[1] // size)
    blocks = audio[:, : count * size].reshape(len(audio), count, -1)
    return np.sqrt((blocks**2).mean((0, 2))) < 10 ** (SILENT_DBFS / 20)


def click_times_s(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Times of isolated impulses and jumps, s.

    The largest second difference of every millisecond is compared with those 2-10 ms before and
    after: a click towers over both sides, an attack only over what came before.
    """
    size = max(1, sample_rate // 1000)
    bend = np.abs(np.diff(audio, 2, axis=1)).max(0)
    count = len(bend) // size
    if count < 25:
        return np.zeros(0)
    peaks = bend[: count * size].reshape(count, size).max(1)
    padded = np.pad(peaks, 10, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 21)
    beside = np.maximum(windows[:, :9].max(1), windows[:, 12:].max(1))
    highest = peaks == windows[:, 8:13].max(1)  # one click that straddles two blocks counts once
    click = (peaks > CLICK_FLOOR) & (peaks > CLICK_RATIO * beside) & highest
    return np.flatnonzero(click) * size / sample_rate


def fold_down_db(audio: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Level of the mono fold-down relative to the mean power of the channels, dB: all, worst band.

    The worst is over third-octaves from 100 Hz to 10 kHz within 40 dB of the loudest.
    """
    if len(audio) == 1:
        return 0.0, 0.0
    hz, mono = _power(audio.mean(0, keepdims=True), sample_rate)
    _, stereo = _power(audio, sample_rate)
    edges = 100 * 2 ** (np.arange(21) / 3)
    which = np.digitize(hz, edges)
    mono_bands = np.bincount(which, mono, 22)[1:21]
    stereo_bands = np.bincount(which, stereo, 22)[1:21]
    loud = stereo_bands > stereo_bands.max() * 1e-4
    worst = (mono_bands[loud] / stereo_bands[loud]).min() if loud.any() else 1.0
    return _db(mono.sum(), stereo.sum()), _db(worst, 1.0)


def energy_above_db(audio: np.ndarray, sample_rate: int, cutoff_hz: float) -> float:
    """Energy above a frequency relative to all, dB; -inf for silence."""
    hz, power = _power(audio, sample_rate)
    return _db(power[hz >= cutoff_hz].sum(), power.sum()) if power.sum() > 0 else -np.inf


def stft_distance(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Multi-resolution STFT distance: spectral convergence + L1 of log magnitude (nats).

    Mean over FFTs of 512, 1024 and 2048 with a quarter hop (arXiv 1910.11480); magnitudes are
    floored 100 dB under the reference's largest. Audio [channels, T], same shape.
    """
    a, b = _pair(estimate, reference)
    total = 0.0
    for n_fft in (512, 1024, 2048):
        window = torch.hann_window(n_fft)
        x, y = (torch.stft(w, n_fft, n_fft // 4, window=window, return_complex=True).abs() for w in (a, b))
        floor = float(y.max()) * 1e-5 + 1e-12
        convergence = (x - y).norm() / y.norm().clamp_min(floor)
        log_l1 = (x.clamp_min(floor).log() - y.clamp_min(floor).log()).abs().mean()
        total += float(convergence + log_l1)
    return total / 3


def mel_distance(estimate: np.ndarray, reference: np.ndarray, settings: MelSettings = MelSettings()) -> float:
    """Mean absolute difference of the log-mels of mid, nats. Audio [channels, T], same shape."""
    a, b = (log_bands(stft(w.mean(0), settings).abs(), settings) for w in _pair(estimate, reference))
    return float((a - b).abs().mean())


def _pair(estimate: np.ndarray, reference: np.ndarray) -> tuple[Tensor, Tensor]:
    if np.shape(estimate) != np.shape(reference):
        raise InvalidRequest(
            f"Distances need two sounds of one shape, not {list(np.shape(estimate))} and "
            f"{list(np.shape(reference))}."
        )
    return torch.from_numpy(np.asarray(estimate, np.float32)), torch.from_numpy(
        np.asarray(reference, np.float32)
    )


def _power(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and mean power per bin over channels and time (Hann, 4096)."""
    from scipy.signal import welch

    hz, power = welch(audio, sample_rate, nperseg=min(4096, audio.shape[1]), detrend=False)
    return hz, power.mean(0)


def _db(power: float, reference: float) -> float:
    return float(10 * np.log10(max(power, 1e-30) / max(reference, 1e-30)))
