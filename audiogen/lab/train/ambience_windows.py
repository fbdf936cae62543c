"""Random crops of prepared ambience windows for a mel decoder.

The mels are computed once (`audiogen data`): mixing and transforming a crop afresh takes a core longer
than a training step. What is free in the log-mel is drawn for every crop: its place, its level and a tilt
of its spectrum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from audiogen.lab.data.ambience_windows import NATS_PER_DB, AmbienceWindows
from audiogen.media.mel import MelSettings, band_centres_hz, coarse_mel, onset_strength


@dataclass(frozen=True)
class Crop:
    """A crop: packed [D, F], coarse [groups, F / 3], onsets [F], spectrum [bands] of its whole window."""

    packed: Tensor
    coarse: Tensor
    onsets: Tensor
    spectrum: Tensor
    window: int


def crop(
    windows: AmbienceWindows, frames: int, rng: np.random.Generator, mel: MelSettings, vary: bool
) -> Crop:
    """A random crop; `vary` draws level (2 dB) and tilt (0.7 dB per octave), standard deviations."""
    w = int(rng.integers(len(windows)))
    places = (windows.mel.shape[2] - frames) // mel.frames_per_coarse + 1
    first = mel.frames_per_coarse * int(rng.integers(places))
    packed = torch.from_numpy(windows.mel[w, :, first : first + frames].astype(np.float32))
    spectrum = torch.from_numpy(windows.spectra[w].copy())
    mid = torch.from_numpy(windows.default_mid[w, :, first : first + frames].astype(np.float32))
    if vary:
        level_db, tilt_db = rng.normal(0, 2.0), rng.normal(0, 0.7)
        floor = float(np.log(mel.floor))

        def changed(bands: Tensor, layout: MelSettings) -> Tensor:
            octaves = np.clip(np.log2(band_centres_hz(layout) / 1000), -4, 4)
            change = torch.from_numpy(((level_db + tilt_db * octaves) * NATS_PER_DB).astype(np.float32))
            return (bands + change[:, None]).clamp_min(floor)

        packed[: mel.n_bands] = changed(packed[: mel.n_bands], mel)
        spectrum = changed(spectrum[:, None], mel)[:, 0]
        mid = changed(mid, MelSettings())
    return Crop(packed, coarse_mel(mid), onset_strength(mid), spectrum, w)
