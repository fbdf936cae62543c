"""Trains the sketch stage: coarse mels of ambience scenes from sources, intensity and colour, by flow.

A coarse frame is 34 numbers at 25 a second, so whole scenes fit into a crop and a small network: what happens
when (calls, waves, strikes) is decided here, and the decoder follows it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import SOURCES, Conditioning
from audiogen.data.ambience_windows import NATS_PER_DB, AmbienceWindows, read_ambience
from audiogen.media.mel import band_centres_hz, coarse_mel
from audiogen.networks.colour_bank import ColourBank
from audiogen.networks.mel_decoder import MelDecoder
from audiogen.pretrained import from_rows
from audiogen.sampling.flow import flow_target
from audiogen.structure.sketch import SketchConfig, SketchStage
from audiogen.train.ambience import scene_attributes
from audiogen.train.decoder import guide_of, velocity_error
from audiogen.train.flow_batch import flow_batch, forget


@dataclasses.dataclass(frozen=True)
class SketchTaskSettings:
    """batch_size crops of `frames` coarse frames; the rest as in `train.ambience`."""

    batch_size: int = 12
    frames: int = 192
    time_mean: float = 0.8
    time_std: float = 1.2
    uniform_share: float = 0.2
    colour_dropout: float = 0.08
    attribute_dropout: float = 0.12
    intensity_dropout: float = 0.3
    max_shards: int | None = None


class SketchTask:
    """Task "ambience-sketch" (see train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: SketchConfig = from_rows(SketchConfig, stage_settings)
        self.settings: SketchTaskSettings = from_rows(SketchTaskSettings, task_settings)
        torch.manual_seed(seed)
        network = SketchStage.build(self.config)
        assert isinstance(network, MelDecoder)
        self.network: nn.Module = network
        self.train = coarse_windows(read_ambience(data_folder, "train", self.settings.max_shards))
        self.valid = coarse_windows(read_ambience(data_folder, "valid", None))
        mel = torch.from_numpy(self.train.mel.astype(np.float32))
        network.mean.copy_(mel.mean((0, 2)))
        network.std.copy_(mel.std((0, 2)).clamp_min(0.2))
        bank = network.bank
        assert isinstance(bank, ColourBank)
        spectra = torch.from_numpy(self.train.spectra)
        sources, intensity = torch.from_numpy(self.train.sources), torch.from_numpy(self.train.intensity)
        bank.fit(spectra, sources, intensity, torch.Generator().manual_seed(seed))
        around = (mel - bank(bank.describe(spectra))[..., None]) / network.std[:, None]
        network.deviation[2] = around.square().mean((0, 2)).sqrt()
        network.deviation[:2] = 1.0

    def batch(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Random crops with everything that the loss needs."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return self._crops(self.train, np.random.default_rng(seed), drop=True)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, MelDecoder)
        guide = guide_of(batch)
        x0 = bare.normalise(batch["packed"].transpose(1, 2))
        point = flow_target(x0, batch["noise"], batch["t"])
        return {"loss": velocity_error(network, point, x0, guide, bare.prior(guide)).square().mean()}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out flow loss at fixed noise and times."""
        rng = np.random.default_rng(1)
        device = next(network.parameters()).device
        losses = []
        for _ in range(6):
            batch = {k: v.to(device) for k, v in self._crops(self.valid, rng, drop=False).items()}
            losses.append(float(self.loss(network, batch, 0.0)["loss"]))
        return {"metric": float(np.mean(losses))}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Four sources drawn, each beside a held-out one, as a picture."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        from audiogen.stage import Sampling, silent

        stage = SketchStage(self.config, network, device="cpu")
        figure, axes = plt.subplots(4, 3, figsize=(18, 12), squeeze=False)
        for row, source in enumerate(SOURCES[:4]):
            asked = Conditioning(path="ambience", seconds=9.6, sources={source: 1.0})
            made = [stage(asked, asked, Sampling(seed=seed), silent).mel for seed in (row, row + 10)]
            real = self.valid.of(source)
            images = [*made, *([self.valid.mel[real[0]]] if len(real) else [])]
            for axis, image in zip(axes[row], images, strict=False):
                axis.imshow(image.astype(np.float32), origin="lower", aspect="auto", vmin=-11, vmax=-2)
                axis.set_title(source)
        figure.savefig(folder / "sketches.png", dpi=60, bbox_inches="tight")
        plt.close(figure)
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        SketchStage(self.config, network, device="cpu").save_pretrained(folder)

    def _crops(self, windows: AmbienceWindows, rng: np.random.Generator, drop: bool) -> dict[str, Tensor]:
        crops = [self._crop(windows, rng, drop) for _ in range(self.settings.batch_size)]
        return flow_batch(crops, self.settings, rng)

    def _crop(self, windows: AmbienceWindows, rng: np.random.Generator, drop: bool) -> dict[str, Any]:
        s, mel = self.settings, self.config.mel
        bank = self.network.bank
        assert isinstance(bank, ColourBank)
        w = int(rng.integers(len(windows)))
        first = int(rng.integers(windows.mel.shape[2] - s.frames + 1))
        packed = torch.from_numpy(windows.mel[w, :, first : first + s.frames].astype(np.float32))
        spectrum = torch.from_numpy(windows.spectra[w].copy())
        attributes = scene_attributes(windows.sources[w], windows.intensity[w], self.config.attributes)
        coloured = True
        if drop:
            centres = band_centres_hz(mel).reshape(mel.n_groups, -1).mean(1)
            octaves = np.clip(np.log2(centres / 1000), -4, 4)
            change_db = rng.normal(0, 2.0) + rng.normal(0, 0.7) * octaves
            change = torch.from_numpy((change_db * NATS_PER_DB).astype(np.float32))
            floor = float(np.log(mel.floor))
            packed = (packed + change[:, None]).clamp_min(floor)
            spectrum = (spectrum + change).clamp_min(floor)
            forget(attributes, s, rng)
            coloured = rng.random() >= s.colour_dropout
        take = torch.cat([bank.describe(spectrum[None])[0], torch.ones(1)]) * float(coloured)
        return {
            "packed": packed,
            "roll": torch.zeros(5, s.frames, 0),
            "coarse": torch.zeros(s.frames, 0),
            "onsets": torch.zeros(s.frames),
            "present": np.array([coloured, 0, 0], np.float32),
            "attributes": attributes,
            "take": take,
        }


def coarse_windows(windows: AmbienceWindows) -> AmbienceWindows:
    """The same windows as coarse mels [W, groups, coarse frames], with their mean spectra."""
    bands = windows.spectra.shape[1]  # of mid; what follows them is side
    mids = (torch.from_numpy(window[:bands].astype(np.float32)) for window in windows.mel)
    coarse = np.stack([coarse_mel(mid).numpy() for mid in mids])
    return AmbienceWindows(coarse, coarse.mean(2), windows.sources, windows.intensity)
