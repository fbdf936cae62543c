"""Trains the coarse-mel stage on ambience scenes: sources, intensity and colour -> what happens when.

The transformer and its loss are those of the piano (lab/train/mel.py). A scene has no ending; its colour is
the mean spectrum of its whole window. Beside the prepared scenes, beds and events of single-source windows
are mixed anew, in power, so that few recordings make many scenes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import SOURCES, Conditioning
from audiogen.lab.data.ambience_scenes import BEDS, OVER
from audiogen.lab.data.ambience_windows import NATS_PER_DB, AmbienceWindows, overlay, read_ambience
from audiogen.lab.train.mel import MelTask, MelTaskSettings
from audiogen.media.mel import MelSettings, band_centres_hz, coarse_mel, onset_strength
from audiogen.networks.mel_transformer import MelTransformer
from audiogen.structure.mel.stage import attribute_codes, colour_codes, pack_frames

SAMPLED = (("rain",), ("birds",), ("rain", "birds"), ("waves",), ("fire",))
LEVEL_DB = (-11.0, 7.0)  # of what is mixed over a bed, as in lab/data/ambience_scenes.py


@dataclass(frozen=True)
class AmbienceMelTaskSettings(MelTaskSettings):
    """`frames` coarse frames per crop; the rest as in `MelTaskSettings`, and:

    Attributes:
        emphasis: (source, weight): windows with this source are drawn so many times as often as others.
        mixtures: scenes mixed from single-source windows when the data are read.
        intensity_dropout: probability that the intensity is unknown.
        shift_share: share of the crops moved up or down by one group of bands, as by another speed.
        level_db, tilt_db: standard deviations of the level, and of the tilt per octave.
    """

    frames: int = 224
    emphasis: tuple[tuple[str, float], ...] = ()
    mixtures: int = 1200
    intensity_dropout: float = 0.3
    shift_share: float = 0.3
    level_db: float = 2.0
    tilt_db: float = 0.7


@dataclass(frozen=True, eq=False)
class SceneFrames:
    """Frames for the quantiser, float16 [W, N, D], with sources [W, S] and intensity [W] (NaN: unknown)."""

    frames: np.ndarray
    sources: np.ndarray
    intensity: np.ndarray


class AmbienceMelTask(MelTask):
    """Task "ambience-mel" (see lab/train/task.py)."""

    settings_class: ClassVar[type] = AmbienceMelTaskSettings
    settings: AmbienceMelTaskSettings

    def _read(self, folder: Path, split: str, shards: int | None) -> SceneFrames:
        windows, mel = read_ambience(folder, split, shards), self.config.mel
        parts = [scene_frames(windows, mel)]
        if split == "train" and self.settings.mixtures:
            more = mixtures(windows, self.settings.mixtures, np.random.default_rng(0), mel)
            parts.append(scene_frames(more, mel))
        names = SceneFrames.__dataclass_fields__
        return SceneFrames(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def _sampled(self, seconds: float) -> list[tuple[str, Conditioning]]:
        return [
            (
                " and ".join(names),
                Conditioning(path="ambience", seconds=seconds, sources=dict.fromkeys(names, 1.0)),
            )
            for names in SAMPLED
        ]

    def _fit(self, network: MelTransformer, seed: int) -> None:
        """The bank of colours first: the quantiser codes what deviates from them."""
        assert network.bank is not None
        groups = self.config.mel.n_groups
        generator = torch.Generator().manual_seed(seed)
        spectra = torch.from_numpy(
            np.stack([window[:, :groups].astype(np.float32).mean(0) for window in self.train.frames])
        )
        intensity = torch.from_numpy(self.train.intensity)
        network.bank.fit(spectra, torch.from_numpy(self.train.sources), intensity, generator)
        chosen = torch.randperm(len(self.train.frames), generator=generator)[: self.settings.fit_windows]
        some = np.stack([self._uncoloured(self.train.frames[int(w)].astype(np.float32))[0] for w in chosen])
        least = torch.cat([torch.full((groups,), 0.3), torch.full((self.config.dimensions - groups,), 0.05)])
        network.quantiser.fit(torch.from_numpy(some), least, generator)

    def _uncoloured(self, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Deviations of a window [N, D] from its own colour, and the components of that colour."""
        network: nn.Module = self.network
        assert isinstance(network, MelTransformer) and network.bank is not None
        groups = self.config.mel.n_groups
        colour = network.bank.describe(torch.from_numpy(window[:, :groups].mean(0))[None])
        out = window.copy()
        out[:, :groups] -= network.bank(colour)[0].numpy()
        return out, colour[0].numpy()

    def _crops(self, windows: Any, rng: np.random.Generator, size: int) -> dict[str, Tensor]:
        drop = windows is self.train
        rows = [self._crop(windows, rng, drop) for _ in range(size)]
        frames, hints = (np.stack(column) for column in zip(*rows, strict=True))
        left = torch.zeros(size, self.settings.frames, dtype=torch.int64)
        return {"frames": torch.from_numpy(frames), "attributes": torch.from_numpy(hints), "left": left}

    def _crop(
        self, windows: SceneFrames, rng: np.random.Generator, drop: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """One crop [N, D] and its hints [A + colours]."""
        s, c = self.settings, self.config
        w = self._draw(windows, rng) if drop else int(rng.integers(len(windows.frames)))
        window = windows.frames[w].astype(np.float32)
        values = values_of(windows.sources[w], windows.intensity[w])
        if drop:
            window = self._changed(window, rng)
            if rng.random() < s.intensity_dropout:
                values["intensity"] = None
            if rng.random() < s.all_dropout:
                values = {}
            values = {k: v for k, v in values.items() if rng.random() >= s.attribute_dropout}
        network: nn.Module = self.network
        assert isinstance(network, MelTransformer)
        window, colour = self._uncoloured(window)
        first = int(rng.integers(len(window) - s.frames + 1))
        crop = window[first : first + s.frames]
        if drop:
            noise = rng.standard_normal(crop.shape).astype(np.float32)
            crop = crop + s.jitter * noise * network.quantiser.scale.cpu().numpy()
        hints = np.concatenate([attribute_codes(c, values), colour_codes(c, colour)])
        return crop.astype(np.float32), hints

    def _draw(self, windows: SceneFrames, rng: np.random.Generator) -> int:
        """The number of a window, drawn by the emphasis on its sources."""
        weights = np.ones(len(windows.frames))
        for source, weight in self.settings.emphasis:
            weights[windows.sources[:, SOURCES.index(source)] > 0] *= weight
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    def _changed(self, window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another level, tilt and (some) another pitch, [N, D]."""
        s, mel = self.settings, self.config.mel
        groups, floor = mel.n_groups, float(np.log(mel.floor))
        out = window.copy()
        if rng.random() < s.shift_share:
            shift = int(rng.choice([-1, 1]))
            out[:, :groups] = np.roll(out[:, :groups], shift, axis=1)
            edge = 0 if shift > 0 else groups - 1
            out[:, edge] = out[:, edge + shift]
        octaves = np.clip(np.log2(group_centres_hz(mel) / 1000), -4, 4)
        change_db = rng.normal(0, s.level_db) + rng.normal(0, s.tilt_db) * octaves
        out[:, :groups] = np.maximum(floor, out[:, :groups] + change_db * NATS_PER_DB)
        return out


def group_centres_hz(mel: MelSettings) -> np.ndarray:
    """Centre of every group of bands, Hz, [groups]."""
    return band_centres_hz(mel).reshape(mel.n_groups, -1).mean(1)


def values_of(sources: np.ndarray, intensity: float) -> dict[str, float | None]:
    """Weights [S] and intensity (NaN: unknown) by name."""
    values: dict[str, float | None] = {n: float(w) for n, w in zip(SOURCES, sources, strict=True)}
    values["intensity"] = None if np.isnan(intensity) else float(intensity)
    return values


def scene_frames(windows: AmbienceWindows, mel: MelSettings) -> SceneFrames:
    """Coarse mel and onsets of every window."""
    rows = []
    for window in windows.default_mid:
        mid = torch.from_numpy(window.astype(np.float32))
        rows.append(pack_frames(coarse_mel(mid, mel), onset_strength(mid), mel).numpy().astype(np.float16))
    return SceneFrames(np.stack(rows), windows.sources, windows.intensity)


def mixtures(
    windows: AmbienceWindows, count: int, rng: np.random.Generator, mel: MelSettings
) -> AmbienceWindows:
    """`count` new scenes (mid only): a single-source event over a single-source bed at a random level."""
    alone = {source: windows.of(source) for source in SOURCES}
    beds, over = ({k: v for k, v in shares.items() if len(alone[k])} for shares in (BEDS, OVER))
    mids, sources, intensity = [], [], []
    for _ in range(count):
        bed = _pick(beds, rng)
        event = _pick({k: v for k, v in over.items() if k != bed} or over, rng)
        a, b = int(rng.choice(alone[bed])), int(rng.choice(alone[event]))
        level_db = float(rng.uniform(*LEVEL_DB))
        mids.append(overlay(windows.default_mid[a], windows.default_mid[b], level_db))
        weights = windows.sources[a].copy()
        weights[SOURCES.index(event)] = 10 ** (level_db / 20)
        sources.append(weights / weights.max())
        intensity.append(windows.intensity[b if level_db > 0 else a])
    spectra = np.stack([mid.mean(1) for mid in mids])
    packed = np.stack(mids).astype(np.float16)
    return AmbienceWindows(packed, spectra, packed, np.stack(sources), np.array(intensity, np.float32))


def _pick(shares: dict[str, float], rng: np.random.Generator) -> str:
    p = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(p), p=p / p.sum()))]
