"""Phase for a magnitude spectrogram: a start by phase integration, then fast Griffin-Lim.

Start: phase gradients of a Gaussian-like window follow from the log-magnitude alone (Prusa, Balazs,
Soendergaard 2017, "A Noniterative Method for Reconstruction of Phase from STFT Magnitude"). We do not
use a heap: frame after frame, a bin that was already ringing takes its phase from the frame before
(trapezoid of the instantaneous frequencies); a bin that rises much faster than it rang takes it along
frequency, through the group delay, from the nearest ringing bin. That is a few vector operations a
frame, and eight refinements after it match thirty-two after random phases.

Where the magnitude is smooth in both directions it says nothing about phase: carried on from frame to
frame it would turn every bin at its own frequency and repeat the same noise every n_fft samples, which is
heard as a warble. There the phase is drawn: rain and surf are noise.

Refinement: fast Griffin-Lim with momentum (Perraudin, Balazs, Soendergaard 2013).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

GAUSSIAN_OF_HANN = 0.25645  # gamma = this * window_length**2 (Prusa et al., table 1)


def istft(spectrum: Tensor, hop_length: int, samples: int) -> Tensor:
    """Least-squares overlap-add with a Hann window: [bins, frames] -> [samples]; inverse of `forward`."""
    n_fft = 2 * (spectrum.shape[0] - 1)
    window = torch.hann_window(n_fft, dtype=spectrum.real.dtype, device=spectrum.device)
    frames = torch.fft.irfft(spectrum.T, n=n_fft) * window
    wave = _overlap_add(frames, hop_length)
    weight = _overlap_add(window.square().expand(len(frames), -1), hop_length)
    pad = (n_fft - hop_length) // 2
    return (wave / weight.clamp_min(1e-3))[pad : pad + samples]


def _overlap_add(frames: Tensor, hop_length: int) -> Tensor:
    """[frames, n_fft] -> [n_fft + hop * (frames - 1)], by whole blocks of one hop."""
    count, n_fft = frames.shape
    blocks = -(-n_fft // hop_length)
    padded = torch.nn.functional.pad(frames, (0, blocks * hop_length - n_fft))
    padded = padded.unflatten(1, (blocks, hop_length))
    out = frames.new_zeros(count + blocks - 1, hop_length)
    for block in range(blocks):
        out[block : block + count] += padded[:, block]
    return out.reshape(-1)[: n_fft + hop_length * (count - 1)]


def forward(wave: Tensor, n_fft: int, hop_length: int) -> Tensor:
    """Hann spectrum [..., bins, T // hop] with frames centred as in `media.mel.stft`, unscaled."""
    pad = (n_fft - hop_length) // 2
    window = torch.hann_window(n_fft, dtype=wave.dtype, device=wave.device)
    padded = torch.nn.functional.pad(wave, (pad, pad))
    return torch.stft(padded, n_fft, hop_length, window=window, center=False, return_complex=True)


def integrate_phase(
    magnitude: Tensor,
    hop_length: int,
    noise: Tensor,
    known: Tensor | None = None,
    floor: float = 1e-6,
    attack: float = 0.3,
    smooth: tuple[float, float] = (0.3, 0.2),
) -> Tensor:
    """A phase to start from, float32 [bins, frames], radians.

    Args:
        magnitude: [bins, frames], >= 0.
        noise: drawn phases, radians, same shape; used in the first frame, where nothing rings, and
            where the magnitude is smooth.
        known: phases of the first frames, [bins, K], to go on from.
        floor: relative to the peak; below it the phase is `noise`.
        attack: rise of log magnitude from frame to frame, nats, above which a bin is an attack.
        smooth: slopes of log magnitude, nats per bin and per frame, under which a bin is noise.
    """
    log = magnitude.clamp_min(float(magnitude.max()) * floor).log().double().numpy()
    bins, count = log.shape
    n_fft = 2 * (bins - 1)
    gamma = GAUSSIAN_OF_HANN * n_fft**2
    index = np.arange(bins)
    # phase advance per hop (time gradient) and phase step per bin (frequency gradient); frames count
    # time from the window's first sample, hence the -pi per bin.
    advance = np.gradient(log, axis=0) * (hop_length * n_fft / gamma)
    advance += 2 * np.pi * hop_length * index[:, None] / n_fft
    step = -np.gradient(log, axis=1) * (gamma / (hop_length * n_fft)) - np.pi
    quiet = log <= log.min() + 1e-3
    noisy = smooth_places(torch.from_numpy(log), smooth).numpy()
    drawn = quiet | noisy
    phase = noise.double().numpy().copy()
    first = 1
    if known is not None:
        first = known.shape[1]
        phase[:, :first] = known.double().numpy()
    for n in range(first, count):
        onward = phase[:, n - 1] + (advance[:, n - 1] + advance[:, n]) / 2
        ringing = (log[:, n - 1] > log[:, n] - attack) & ~quiet[:, n]
        along = np.concatenate([[0.0], np.cumsum((step[1:, n] + step[:-1, n]) / 2)])
        anchors = np.flatnonzero(ringing & ~noisy[:, n])
        if len(anchors):
            near = _nearest(anchors, index)
            guess = onward[near] + along - along[near]
        else:
            guess = along
        guess = np.where(ringing, onward, guess)
        phase[:, n] = np.where(drawn[:, n], phase[:, n], guess)
    return torch.from_numpy(np.remainder(phase, 2 * np.pi)).float()


def smooth_places(log_magnitude: Tensor, limits: tuple[float, float]) -> Tensor:
    """Where log magnitude [bins, frames] is smooth: bool, same shape.

    Smooth is a slope under limits[0] nats per bin over the 3 bins on either side, and under limits[1]
    nats per frame over the 2 frames on either side. A partial's main lobe and an attack are steeper.
    """
    along_bins, along_frames = (torch.gradient(log_magnitude.float(), dim=d)[0].abs() for d in (0, 1))
    pool = torch.nn.functional.max_pool2d
    along_bins = pool(along_bins[None, None], (7, 1), 1, (3, 0))[0, 0]
    along_frames = pool(along_frames[None, None], (1, 5), 1, (0, 2))[0, 0]
    return (along_bins < limits[0]) & (along_frames < limits[1])


def white_phases(bins: int, frames: int, hop_length: int, generator: torch.Generator) -> Tensor:
    """Phases of the spectrum of white noise, radians [bins, frames]: drawn, and consistent in time."""
    wave = torch.randn(frames * hop_length, generator=generator)
    return forward(wave, 2 * (bins - 1), hop_length).angle()


def _nearest(anchors: np.ndarray, index: np.ndarray) -> np.ndarray:
    """For every index the nearest anchor (sorted, not empty)."""
    place = np.searchsorted(anchors, index)
    below = anchors[np.clip(place - 1, 0, len(anchors) - 1)]
    above = anchors[np.clip(place, 0, len(anchors) - 1)]
    return np.where(np.abs(index - below) <= np.abs(above - index), below, above)


def fast_griffin_lim(
    magnitude: Tensor,
    phase: Tensor,
    hop_length: int,
    iterations: int,
    known: Tensor | None = None,
    momentum: float = 0.8,
    known_end: Tensor | None = None,
) -> Tensor:
    """Complex spectrum with the given magnitude and a phase made consistent, [bins, frames].

    `known` [bins, K] is the spectrum of the first frames, `known_end` that of the last; they stay.
    """
    n_fft = 2 * (magnitude.shape[-2] - 1)
    samples = magnitude.shape[-1] * hop_length

    def hold(spectrum: Tensor) -> Tensor:
        if known is not None:
            spectrum[:, : known.shape[1]] = known
        if known_end is not None:
            spectrum[:, -known_end.shape[1] :] = known_end
        return spectrum

    spectrum = hold(torch.polar(magnitude, phase))
    before = spectrum
    for _ in range(iterations):
        consistent = forward(istft(spectrum, hop_length, samples), n_fft, hop_length)
        ahead = consistent + momentum * (consistent - before)
        before = consistent
        spectrum = hold(magnitude * ahead / ahead.abs().clamp_min(1e-12))
    return spectrum
