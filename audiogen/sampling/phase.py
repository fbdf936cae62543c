"""Phase for a magnitude spectrogram: a start by phase integration, then fast Griffin-Lim.

Start: phase gradients of a Gaussian-like window follow from the log-magnitude alone (Prusa, Balazs,
Soendergaard 2017, "A Noniterative Method for Reconstruction of Phase from STFT Magnitude"). We do not
use a heap: frame after frame, a bin that was already ringing takes its phase from the frame before
(trapezoid of the instantaneous frequencies); a bin that rises much faster than it rang takes it along
frequency, through the group delay, from the nearest ringing bin. That is one compiled pass over the
frames, and eight refinements after it match thirty-two after random phases.

Where the magnitude is smooth in both directions it says nothing about phase: carried on from frame to
frame it would turn every bin at its own frequency and repeat the same noise every n_fft samples, which is
heard as a warble. There the phase is drawn: rain and surf are noise.

Refinement: fast Griffin-Lim with momentum (Perraudin, Balazs, Soendergaard 2013).
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.fft import rfft
from torch import Tensor

from audiogen.native import exact, share
from audiogen.sampling.stft import Inverse, forward, frames_of, framing

GAUSSIAN_OF_HANN = 0.25645  # gamma = this * window_length**2 (Prusa et al., table 1)


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
    log = frames_of(magnitude.clamp_min(float(magnitude.max()) * floor).log())
    phase = frames_of(noise.float()).copy()
    first = 1
    if known is not None:
        first = known.shape[1]
        phase[:first] = known.T.numpy()
    phase[:first] = np.remainder(phase[:first].astype(np.float64), 2 * np.pi)
    still = float(log.min()) + 1e-3
    _integrate(log, phase, first, hop_length, GAUSSIAN_OF_HANN, still, attack, *map(np.float32, smooth))
    return torch.from_numpy(phase).T


@exact
def _slopes(log, n, rise, tilt, fall):  # type: ignore[no-untyped-def]
    """Of frame n: slope per bin, its amount in float32, and slope per frame; central where possible."""
    frames, bins = log.shape
    row, low, high = log[n], log[max(n - 1, 0)], log[min(n + 1, frames - 1)]
    span = max(min(n + 1, frames - 1) - max(n - 1, 0), 1)
    for k in range(1, bins - 1):
        tilt[k] = (np.float64(row[k + 1]) - np.float64(row[k - 1])) / 2
        rise[k] = abs((row[k + 1] - row[k - 1]) / np.float32(2))
    for k, under in ((0, 0), (bins - 1, bins - 2)):
        tilt[k] = np.float64(row[under + 1]) - np.float64(row[under])
        rise[k] = abs(row[under + 1] - row[under])
    for k in range(bins):
        fall[k] = (np.float64(high[k]) - np.float64(low[k])) / span


@exact
def _integrate(log, phase, first, hop, gaussian, still, attack, bin_limit, frame_limit):  # type: ignore[no-untyped-def]
    """See `integrate_phase`; log and phase float32 [frames, bins], phase holds the noise and is filled.

    Phase advances per hop by the time gradient and per bin by the frequency gradient; frames count time
    from the window's first sample, hence the -pi per bin.
    """
    frames, bins = log.shape
    n_fft = 2 * (bins - 1)
    gamma = gaussian * n_fft**2
    turn = 2 * np.pi
    per_hop, per_bin = hop * n_fft / gamma, gamma / (hop * n_fft)
    before = phase[first - 1].astype(np.float64)
    advance = np.empty((2, bins))
    step, along, guess = np.empty(bins), np.empty(bins), np.empty(bins)
    onward, near = np.empty(bins), np.empty(bins, np.int64)
    rise, steep, slope = np.empty(bins, np.float32), np.empty(bins, np.float32), np.empty(bins, np.float32)
    for n in range(first - 1, frames):
        now = advance[n % 2]
        _slopes(log, n, rise, now, step)
        for k in range(bins):
            now[k] = now[k] * per_hop + turn * hop * k / n_fft
            step[k] = -step[k] * per_bin - np.pi
        if n < first:
            continue
        slope[:] = 0
        for m in range(max(n - 2, 0), min(n + 3, frames)):
            low, high = log[max(m - 1, 0)], log[min(m + 1, frames - 1)]
            span = np.float32(min(m + 1, frames - 1) - max(m - 1, 0))
            for k in range(bins):
                slope[k] = max(slope[k], abs((high[k] - low[k]) / span))
        steep[:] = 0
        for j in range(-3, 4):
            for k in range(max(j, 0), bins + min(j, 0)):
                steep[k - j] = max(steep[k - j], rise[k])
        then = advance[(n - 1) % 2]
        along[0] = 0.0
        for k in range(1, bins):
            along[k] = along[k - 1] + (step[k] + step[k - 1]) / 2
        anchor = -1
        for k in range(bins):
            onward[k] = before[k] + (then[k] + now[k]) / 2
            noisy = steep[k] < bin_limit and slope[k] < frame_limit
            quiet = np.float64(log[n, k]) <= still
            ringing = not quiet and np.float64(log[n - 1, k]) > np.float64(log[n, k]) - attack
            if ringing and not noisy:
                anchor = k
            near[k] = anchor
            # what the frame begins from: drawn, carried on, or by the nearest anchor
            guess[k] = 0.0 if quiet or noisy else 1.0 if ringing else 2.0
        anchor = -1
        for k in range(bins - 1, -1, -1):
            if near[k] == k:
                anchor = k
            if guess[k] == 0.0:
                guess[k] = phase[n, k]
            elif guess[k] == 1.0:
                guess[k] = onward[k]
            else:
                nearest = near[k]
                if nearest < 0 or (anchor >= 0 and anchor - k < k - nearest):
                    nearest = anchor
                guess[k] = along[k] if nearest < 0 else onward[nearest] + along[k] - along[nearest]
            phase[n, k] = guess[k] - turn * np.floor(guess[k] / turn)
        before, guess = guess, before


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

    `phase` [bins, frames] is in radians, or complex: that of its values.
    `known` [bins, K] is the spectrum of the first frames, `known_end` that of the last; they stay.
    """
    asked = frames_of(magnitude)
    frames, bins = asked.shape
    inverse = Inverse(frames, 2 * (bins - 1), hop_length)
    window, pad, threads = inverse.window, inverse.pad, torch.get_num_threads()
    spectrum, before = np.empty(asked.shape, np.complex64), np.zeros(asked.shape, np.complex64)

    def refine(consistent: np.ndarray, first: int, stop: int, ahead: float) -> None:
        rows = (rows[first:stop] for rows in (before, asked, spectrum))
        _refine(consistent, *rows, np.float32(ahead))

    start = frames_of(phase)
    if phase.is_complex():
        share(lambda first, stop: refine(start[first:stop], first, stop, 0.0), frames, threads)
    else:
        spectrum[:] = torch.polar(torch.from_numpy(asked), torch.from_numpy(start).float()).numpy()

    def hold() -> None:
        if known is not None:
            spectrum[: known.shape[1]] = known.T.numpy()
        if known_end is not None:
            spectrum[frames - known_end.shape[1] :] = known_end.T.numpy()

    hold()
    before[:] = spectrum
    for _ in range(iterations):
        wave = inverse(spectrum)
        wave[:pad] = wave[len(wave) - pad :] = 0
        framed = framing(wave, inverse.n_fft, hop_length)

        def work(first: int, stop: int, framed: np.ndarray = framed) -> None:
            refine(rfft(framed[first:stop] * window), first, stop, momentum)

        share(work, frames, threads)
        hold()
    return torch.from_numpy(spectrum).T


@exact
def _refine(consistent, before, asked, spectrum, momentum):  # type: ignore[no-untyped-def]
    """spectrum = asked magnitude, phase ahead of consistent; before = consistent; [frames, bins]."""
    for n in range(asked.shape[0]):
        for k in range(asked.shape[1]):
            real, imag = consistent[n, k].real, consistent[n, k].imag
            x = real + momentum * (real - before[n, k].real)
            y = imag + momentum * (imag - before[n, k].imag)
            before[n, k] = consistent[n, k]
            scale = asked[n, k] / max(np.sqrt(x * x + y * y), np.float32(1e-12))
            spectrum[n, k] = complex(x * scale, y * scale)
