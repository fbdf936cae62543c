"""Attacks: what a window of 93 ms smeared over time is gathered again where the notes say that it strikes.

A mel frame sees 46 ms to either side, so some of an attack sounds before it and the rest rises slowly. The
guide of the notes (`render/score_guide.py`) knows when each key is struck and how steeply its tones begin.
Around an onset the level of each of a few bands follows the guide's; what rings from before and the energy
of the whole are kept. The aim is that of temporal noise shaping (Herre and Johnston 1996), the way is ours.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from audiogen.sampling.stft import forward, istft, size

N_FFT, HOP = 588, 147  # 13 ms and 3.3 ms; a frame of a mel is four hops
CENTRES_HZ = np.array([175.0, 500.0, 1_000.0, 2_000.0, 3_800.0, 9_000.0])
TOLD = 5  # bands of which the guide tells; above them it has no tones, and the last one speaks for the rest
BEFORE_S, AFTER_S, FADE_S = 0.06, 0.04, 0.015
QUIET_S = (0.13, 0.05)  # before an onset: what rings from earlier is found there
RISES = 2.0  # in power: where the guide rises by less, another key has struck before
LEAST, MOST = 0.04, 1.6  # gains


def gathered(sound: Tensor, guide: np.ndarray, onsets: np.ndarray) -> Tensor:
    """A sound whose attacks rise as those of its guide.

    Args:
        sound: float32 [2, T], T a multiple of HOP.
        guide: float32 [T], at 44.1 kHz as the sound; its level does not matter.
        onsets: samples, rising.
    """
    spectra = [forward(channel, N_FFT, HOP) for channel in sound]
    share = _shares(spectra[0].shape[0])
    power = share.T @ sum(size(s).square() for s in spectra).numpy() + 1e-12  # type: ignore[union-attr]
    told = share[:, :TOLD].T @ size(forward(torch.from_numpy(guide), N_FFT, HOP)).square().numpy() + 1e-20
    told = told[np.minimum(np.arange(len(CENTRES_HZ)), TOLD - 1)]
    gains = np.zeros_like(power)
    for onset in onsets:
        _strike(onset / HOP - 0.5, power, told, gains)
    gain = torch.from_numpy((share @ gains).astype(np.float32)).exp()
    return torch.stack([istft(s * gain, HOP, sound.shape[1]) for s in spectra])


def _strike(at: float, power: np.ndarray, told: np.ndarray, gains: np.ndarray) -> None:
    """Gather one attack: `gains` (log) and `power` [bands, F] change in place; `at` counts frames."""
    rate = 44_100 / HOP

    def span(low_s: float, high_s: float) -> slice:
        return slice(*(int(np.clip(np.ceil(at + s * rate), 0, power.shape[1])) for s in (low_s, high_s)))

    here, low, high = span(-BEFORE_S, AFTER_S), span(-0.03, -0.008), span(0.005, 0.03)
    quiet = span(-QUIET_S[0], -QUIET_S[1])
    if min(s.stop - s.start for s in (here, low, high, quiet)) < 1:
        return
    rises = told[:, high].mean(1) > RISES * told[:, low].mean(1)
    is_, like = power[:, here], told[:, here]
    asked = like * (is_.sum(1) / like.sum(1))[:, None]
    asked = np.maximum(asked, np.minimum(power[:, quiet].min(1, keepdims=True), is_))
    gain = np.sqrt(asked / is_).clip(LEAST, MOST)
    gain *= np.sqrt(is_.sum(1) / (gain**2 * is_).sum(1)).clip(None, 1.5)[:, None]
    off = (np.arange(here.start, here.stop) - at) / rate
    fade = (np.minimum(off + BEFORE_S, AFTER_S - off) / FADE_S).clip(0, 1)
    log = np.log(gain) * fade * rises[:, None]
    gains[:, here] += log
    power[:, here] *= np.exp(2 * log)


def _shares(bins: int) -> np.ndarray:
    """To which band a bin belongs, [bins, bands]: shares that add to 1, linear in log frequency."""
    hz = np.maximum(np.arange(bins), 0.5) * 44_100 / N_FFT
    return np.stack(
        [np.interp(np.log(hz), np.log(CENTRES_HZ), row) for row in np.eye(len(CENTRES_HZ))], axis=1
    )
