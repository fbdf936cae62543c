"""Short-time Fourier transform with a Hann window and its least-squares inverse, in float32 on the CPU.

Frames lie one after the other and go to the transform in shares that stay in a core's cache, a thread for
each: on long sounds the memory that is passed through, not the transform, is what takes time. Spectra are
views [bins, frames] of arrays [frames, bins].
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy.fft import rfft
from torch import Tensor

from audiogen.native import exact, share


@lru_cache(maxsize=4)
def hann(n_fft: int) -> np.ndarray:
    """The periodic window, float32."""
    return torch.hann_window(n_fft).numpy()


def margin(n_fft: int, hop_length: int) -> int:
    """Samples of the first frame that lie before the sound."""
    return (n_fft - hop_length) // 2


def frames_of(spectrum: Tensor) -> np.ndarray:
    """Any [bins, frames] as contiguous [frames, bins]."""
    return np.ascontiguousarray(spectrum.detach().cpu().numpy().T)


def forward(wave: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Hann spectrum complex64 [bins, T // hop] of [T], frames centred as in `media.mel.stft`, unscaled."""
    pad = margin(n_fft, hop_length)
    return spectra(np.pad(wave.detach().cpu().numpy().astype(np.float32, copy=False), pad), n_fft, hop_length)


def spectra(padded: np.ndarray, n_fft: int, hop_length: int) -> Tensor:
    """The same of a sound that has its margin on both sides."""
    out = np.empty(((len(padded) - n_fft) // hop_length + 1, n_fft // 2 + 1), np.complex64)
    framed, window = framing(padded, n_fft, hop_length), hann(n_fft)

    def work(first: int, stop: int) -> None:
        out[first:stop] = rfft(framed[first:stop] * window)  # twice as fast as numpy's on rows

    share(work, len(out), torch.get_num_threads())
    return torch.from_numpy(out).T


def istft(spectrum: Tensor, hop_length: int, samples: int) -> Tensor:
    """Least-squares overlap-add with a Hann window: [bins, frames] -> [samples]; inverse of `forward`."""
    rows = frames_of(spectrum)
    inverse = Inverse(len(rows), 2 * (rows.shape[1] - 1), hop_length)
    pad = inverse.pad
    return torch.from_numpy(inverse(rows)[pad : pad + samples])


def size(spectrum: Tensor) -> Tensor:
    """Absolute values [bins, frames]; torch's own, safe from overflow, take eight times as long."""
    rows = frames_of(spectrum)
    out = np.empty(rows.shape, np.float32)
    share(lambda first, stop: _size(rows[first:stop], out[first:stop]), len(out), torch.get_num_threads())
    return torch.from_numpy(out).T


def framing(padded: np.ndarray, n_fft: int, hop_length: int) -> np.ndarray:
    """The frames of a padded sound, [frames, n_fft], as a view."""
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]


@lru_cache(maxsize=4)
def overlapped(frames: int, n_fft: int, hop_length: int) -> np.ndarray:
    """What squared windows add up to over all samples of so many frames, at least 1e-3; float32."""
    weight = np.zeros(n_fft + hop_length * (frames - 1), np.float32)
    for frame in range(frames):
        weight[frame * hop_length : frame * hop_length + n_fft] += hann(n_fft) ** 2
    return np.maximum(weight, 1e-3)


class Inverse:
    """The inverse transform of spectra of one size; its memory is used again.

    Args:
        frames: of each spectrum.
    """

    def __init__(self, frames: int, n_fft: int, hop_length: int) -> None:
        self.n_fft, self.hop = n_fft, hop_length
        self.pad = margin(n_fft, hop_length)
        self.parts = np.empty((frames, n_fft), np.float32)
        self.window = hann(n_fft)
        self.weight = overlapped(frames, n_fft, hop_length)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Spectra complex64 [frames, bins] -> sound with `pad` samples of margin on both sides."""
        threads = torch.get_num_threads()
        out = np.empty(len(self.weight), np.float32)
        blocks = -(-len(out) // self.hop)

        def transform(first: int, stop: int) -> None:
            np.fft.irfft(rows[first:stop], n=self.n_fft, out=self.parts[first:stop])  # type: ignore[arg-type]

        def add(first: int, stop: int) -> None:
            overlap_add(self.parts, self.window, self.weight, self.hop, first, stop, out)

        share(transform, len(rows), threads)
        share(add, blocks, threads)
        return out


@exact
def _size(rows, out):  # type: ignore[no-untyped-def]
    """Of every value of rows complex64 [frames, bins]."""
    for n in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            out[n, k] = np.sqrt(rows[n, k].real * rows[n, k].real + rows[n, k].imag * rows[n, k].imag)


@exact
def overlap_add(parts, window, weight, hop, first, stop, out):  # type: ignore[no-untyped-def]
    """Fill blocks first .. stop - 1 of `hop` samples of `out` from windowed parts [frames, n_fft]."""
    frames, n_fft = parts.shape
    for block in range(first, stop):
        begin, end = block * hop, min((block + 1) * hop, out.shape[0])
        for t in range(begin, end):
            out[t] = 0.0
        for back in range(-(-n_fft // hop)):
            frame = block - back
            if frame < 0 or frame >= frames:
                continue
            for t in range(begin, min(end, frame * hop + n_fft)):
                at = t - frame * hop
                out[t] += parts[frame, at] * window[at]
        for t in range(begin, end):
            out[t] /= weight[t]
