"""Levels of partials: what a decoder asked for, brought nearer to what the keys are known to give.

A decoded band is off by 3 dB on average, up or down, and a second partial that is 3 dB too loud is heard
as a note of its own. The guide of the notes (`render/score_guide.py`) is the keys as they were recorded and
nothing else: no room, no hammer. So it is first brought to the level and the tilt of the mel, which are the
piece's and the take's, and then leads where it holds the energy; between partials it leads a little, and
where the mel around is louder or softer than the guide explains - a tail in the room, notes that are not
there - not at all.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from audiogen.media.mel import MelSettings, band_centres_hz, filterbank
from audiogen.sampling.stft import size

LOUD = 6.0  # nats below the loudest value: the level and the tilt are found above
TILT_HZ, TILT_OCTAVES = 500.0, 5.0  # a take is tilted from there on
AROUND = (25, 9)  # bands and frames: 1.5 octaves at most, 0.12 s
PARTIAL, SLOPE = 3.0, 1.5  # nats below the loudest around: the guide leads there, and less below
BETWEEN = 0.3  # share of its lead between partials
EXPLAINED, UNEXPLAINED = 0.6, 1.4  # nats by which the mel around may differ: it leads fully, not at all
DOWN, UP = 0.9, 0.55  # shares of the way to the guide: too loud is what ghosts are made of
REACH = 3.0  # nats of a way


def led(mid: Tensor, guide: Tensor, mel: MelSettings) -> Tensor:
    """The mid of a mel, log [bands, F], with its partials led by the guide.

    Args:
        guide: complex [bins, F], as `sampling.stft.forward` scales it; of any level.
    """
    bank = torch.from_numpy(filterbank(mel))
    told = _placed(mid, (bank @ (size(guide) * (4 / mel.n_fft))).clamp_min(1e-7).log(), mel)
    if told is None:
        return mid
    around, asked = _around(told), _around(mid)
    lead = BETWEEN + (1 - BETWEEN) * ((told - around + PARTIAL) / SLOPE + 1).clamp(0, 1)
    lead *= 1 - (((asked - around).abs() - EXPLAINED) / (UNEXPLAINED - EXPLAINED)).clamp(0, 1)
    lead *= told > np.log(mel.floor) + 2
    way = (told - mid).clamp(-REACH, REACH)
    return mid + lead * torch.where(way > 0, UP * way, DOWN * way)


def _around(log: Tensor) -> Tensor:
    """The loudest value in AROUND of each, [bands, F]."""
    pool = torch.nn.functional.max_pool2d
    return pool(
        pool(log[None], (AROUND[0], 1), 1, (AROUND[0] // 2, 0)), (1, AROUND[1]), 1, (0, AROUND[1] // 2)
    )[0]


def _placed(mid: Tensor, told: Tensor, mel: MelSettings) -> Tensor | None:
    """The guide's bands at the level of the mel and with its tilt; None: it says nothing here."""
    loud = told > told.max() - LOUD
    if not bool(loud.any()) or float(told.max()) < np.log(1e-6):
        return None
    octaves = np.log2(band_centres_hz(mel) / TILT_HZ).clip(0, TILT_OCTAVES)
    off = (mid - told).masked_fill(~loud, torch.nan).nanmedian(1).values.numpy()
    count = loud.sum(1).numpy()
    heard = count > 0
    weight = np.sqrt(count[heard])
    fit = (
        np.polyfit(octaves[heard], off[heard], 1, w=weight)
        if np.ptp(octaves[heard]) > 1
        else np.median(off[heard])
    )
    return told + torch.from_numpy(np.polyval(np.atleast_1d(fit), octaves)).float()[:, None]
