"""A small recogniser of ambience sources, trained on the training windows and judged on held-out ones.

Linear on statistics of the log-mel, so that it is fitted in seconds and hears nothing but long-term colour,
modulation and tonality. It tells whether a decoder makes what was asked, not how well it sounds: it comes
from the same recordings as the decoder, so a judge from outside is still needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from audiogen.artifacts import SOURCES
from audiogen.media.mel import MelSettings

PRESENT = 0.25  # a source with at least this weight counts as heard
MODULATION_HZ = ((0.1, 1.0), (1.0, 4.0), (4.0, 12.0), (12.0, 37.5))


def describe(mid: np.ndarray, mel: MelSettings = MelSettings()) -> np.ndarray:
    """What a sound is like, whatever its level: mid log-mel [bands, frames] -> float32 [9 * groups].

    Per group of five bands: mean (relative to all), spread over time, skewness, level of modulation in four
    ranges of rate, and tonality (highest band above the mean, and its spread).
    """
    bands = mid.astype(np.float64).reshape(mel.n_groups, mel.bands_per_group, -1)
    level = bands.mean(1)
    centred = level - level.mean(1, keepdims=True)
    std = centred.std(1) + 1e-3
    power = np.abs(np.fft.rfft(centred * np.hanning(level.shape[1]), axis=1)) ** 2 / level.shape[1]
    hz = np.fft.rfftfreq(level.shape[1], 1 / mel.frame_rate)
    rates = [np.log(power[:, (hz >= a) & (hz < b)].mean(1) + 1e-6) for a, b in MODULATION_HZ]
    above = bands.max(1) - level
    parts = [
        level.mean(1) - level.mean(),
        std,
        (centred**3).mean(1) / std**3,
        *rates,
        above.mean(1),
        above.std(1),
    ]
    return np.concatenate(parts).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Ear:
    """Logistic regression per source on standardised descriptions: `weight` [S, D], `bias` [S]."""

    mean: Tensor
    std: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def train(cls, described: np.ndarray, sources: np.ndarray, decay: float = 1e-3) -> Ear:
        """Fit to descriptions [N, D] and source weights [N, S]."""
        x, y = torch.from_numpy(described), torch.from_numpy((sources >= PRESENT).astype(np.float32))
        mean, std = x.mean(0), x.std(0).clamp_min(1e-3)
        x = ((x - mean) / std).clamp(-5, 5)
        weight = torch.zeros(y.shape[1], x.shape[1], requires_grad=True)
        bias = torch.full((y.shape[1],), -2.0, requires_grad=True)
        optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ weight.T + bias, y)
            loss = loss + decay * weight.square().sum()
            loss.backward()
            return loss

        with torch.enable_grad():
            optimizer.step(closure)  # type: ignore[no-untyped-call]
        return cls(mean, std, weight.detach(), bias.detach())

    def hear(self, described: np.ndarray) -> np.ndarray:
        """Probability of every source [N, S]."""
        x = ((torch.from_numpy(described) - self.mean) / self.std).clamp(-5, 5)
        return torch.sigmoid(x @ self.weight.T + self.bias).numpy()


def balanced_accuracy(heard: np.ndarray, sources: np.ndarray) -> dict[str, float]:
    """Mean of the hit rate with and without each source, at probability 0.5; NaN where one is missing."""
    out = {}
    for i, name in enumerate(SOURCES):
        there, said = sources[:, i] >= PRESENT, heard[:, i] > 0.5
        rates = [float((said[there]).mean()) if there.any() else np.nan]
        rates.append(float((~said[~there]).mean()) if (~there).any() else np.nan)
        out[name] = float(np.mean(rates))
    return out
