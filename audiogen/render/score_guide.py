"""What the notes behind a mel tell about its sound: where its partials lie, and in which phase they turn.

A mel says how loud each band is. That leaves the partials of a note free to drift against one another, and
a second partial that drifts is heard as a note of its own, an octave above. Where the notes are known, the
modes of the recorded keys (`sampling/struck_tones.py`) are summed to a guide (score-informed, as Ewert,
Pardo, Mueller and Plumbley 2014 call it):

- phase starts from the guide where it holds the energy, and from `integrate_phase` where it does not: the
  spectrum that is begun with is the guide plus what is missing to the asked magnitude;
- levels of partials follow the guide where it explains the mel around (`render/partials.py`);
- within a band the level is shared among the bins as the guide shares it;
- attacks are as steep as the guide's (`render/attacks.py`).

The loudness and the tilt of the whole, and all that is not a partial, stay the mel's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from audiogen.artifacts import MelSpectrogram
from audiogen.media.mel import MelSettings
from audiogen.pretrained import read_tensors
from audiogen.render.attacks import gathered
from audiogen.sampling.modal_source import ModeTable
from audiogen.sampling.stft import margin, size, spectra
from audiogen.sampling.struck_keys import UNDAMPED_S, as_damped, sounding, strikes
from audiogen.sampling.struck_tones import tones

WEIGHTS = "wavenet"  # which holds the modes of the keys
CENTS = 8.0  # a mel's take says its tuning in -1..1 of this
SHARED = 0.7  # 0: the magnitude is left as it is, 1: within a band it is the guide's
SHARED_BEFORE = 0.3  # where the levels of bands are those of a decoder alone: more brought octaves back
DEPTH = 0.03  # of the asked magnitude: the guide takes no bin further down
LOUD = 1e-2  # of the loudest bin: the level of the guide is found above


@dataclass(frozen=True, eq=False)
class Keys:
    """The modes of the recorded keys, and how loud they are.

    Attributes:
        table: of all keys in all layers. levels_db: [88, L]; velocities: [L], of the layers.
    """

    table: ModeTable
    levels_db: np.ndarray
    velocities: np.ndarray

    @staticmethod
    @lru_cache(maxsize=1)
    def load() -> Keys:
        """Those that WaveNet is told, without the emphasis that its codes have.

        Raises:
            MissingModel: not there, or damaged.
        """
        config, found = read_tensors(WEIGHTS, ("first", "modes", "levels_db"))
        rate, network = config["sample_rate"], config["network"]
        modes = found["modes"].double().numpy()
        pole = np.exp((-modes[:, 0] + 2j * np.pi * modes[:, 1]) / rate)
        amplitude = (modes[:, 2] + 1j * modes[:, 3]) / (1 - config["emphasis"] / pole)
        modes[:, 2], modes[:, 3] = amplitude.real, amplitude.imag
        start = round(network["start"] / rate * MelSettings().sample_rate)
        table = ModeTable(found["first"].numpy(), modes, start, MelSettings().sample_rate)
        return Keys(table, found["levels_db"].double().numpy(), np.array(network["velocities"]))


@dataclass(frozen=True, eq=False)
class GuideSound:
    """Some frames of a guide, as a sound.

    Attributes:
        samples: float32 [pad + T + pad]. onsets: of its notes, samples since its first one, rising.
    """

    samples: np.ndarray
    pad: int
    onsets: np.ndarray
    mel: MelSettings

    def spectrum(self) -> Tensor:
        """complex64 [bins, F], as `sampling.stft.forward` scales it."""
        return spectra(self.samples, self.mel.n_fft, self.mel.stft_hop)

    def strike(self, sound: Tensor) -> Tensor:
        """The sound [2, T] of these frames with attacks as steep as the guide's."""
        return gathered(sound, self.samples[self.pad : self.pad + sound.shape[1]], self.onsets - self.pad)


@dataclass(frozen=True, eq=False)
class ScoreGuide:
    """Notes as the sum of the modes of their keys.

    Attributes:
        notes: rows [N, 4] of (pitch, onset s, damped s, velocity).
        cents: tuning.
        period: samples after which all is repeated, of a loop; None: nothing is.
    """

    notes: np.ndarray
    cents: float = 0.0
    period: int | None = None

    @staticmethod
    def of(x: MelSpectrogram, period: int | None = None, since_s: float = 0.0) -> ScoreGuide | None:
        """The guide of a mel; None: it does not say which notes it is of, or there are none.

        Args:
            since_s: notes that were struck before are left out.
        """
        if x.notes is None or not len(x.notes):
            return None
        rows = sounding(x.notes)
        rows = rows[rows[:, 1] >= since_s]
        return ScoreGuide(rows, CENTS * x.take.get("cents", 0.0), period) if len(rows) else None

    def sound(self, first: int, stop: int, mel: MelSettings) -> GuideSound:
        """What it is like in frames first .. stop - 1."""
        hop, pad = mel.stft_hop, margin(mel.n_fft, mel.stft_hop)
        begin, count = first * hop - pad, (stop - first) * hop + 2 * pad
        keys = Keys.load()
        rows = self._repeated(begin, count, mel.sample_rate)
        struck = strikes(as_damped(rows), keys.levels_db, keys.velocities, mel.sample_rate)
        table = keys.table
        modes = table.modes * np.array([1.0, 2 ** (self.cents / 1200), 1.0, 1.0])
        tuned = ModeTable(table.first, modes, table.start, table.sample_rate)
        onsets = np.unique(struck.onset) + round(table.start) - begin
        return GuideSound(tones(tuned, struck, begin, count), pad, onsets, mel)

    def _repeated(self, begin: int, count: int, rate: int) -> np.ndarray:
        """The notes, and those of every earlier and later round that sound in the span."""
        if self.period is None:
            return self.notes
        low = (begin - UNDAMPED_S * rate) // self.period
        rounds = np.arange(low, (begin + count) // self.period + 1) * self.period / rate
        return np.concatenate([self.notes + np.array([0, s, s, 0]) for s in rounds])


def levelled(guide: Tensor, magnitude: Tensor) -> Tensor | None:
    """The guide at the level of the asked magnitude [bins, F]; None: it says nothing here."""
    told = size(guide)
    loud = told > LOUD * told.max()
    asked = magnitude[loud]
    if not len(asked) or not float(asked.max()) > 0:
        return None
    tiny = torch.finfo(torch.float32).tiny
    return guide * (asked.clamp_min(tiny).log() - told[loud].log()).median().exp()


def shared_out(magnitude: Tensor, guide: Tensor, share: float = SHARED) -> Tensor:
    """Magnitude [bins, F] drawn towards the shape of the guide; its bands are then to be matched again."""
    drawn = torch.maximum(size(guide), magnitude * DEPTH)
    return magnitude.pow(1 - share) * drawn.pow(share)


def begun(magnitude: Tensor, guide: Tensor, phase: Tensor) -> Tensor:
    """The guide plus what is missing to the magnitude, which has `phase`: complex [bins, F]."""
    missing = (magnitude.square() - size(guide).square()).clamp_min(0).sqrt()
    return guide + torch.polar(missing, phase)
