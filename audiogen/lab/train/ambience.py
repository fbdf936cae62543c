"""Trains the mel decoder on ambience scenes: sources, intensity and colour -> stereo mel.

The loss is flow matching as for the piano. The colours and the attributes are dropped at random, and a
part of the crops comes with a coarse mel and onsets, so that an autoregressive stage can guide it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import SOURCES, Conditioning, Structure
from audiogen.conditions import attribute_vector
from audiogen.decoder.flow import FlowDecoderConfig
from audiogen.decoder.guide import fine_rate
from audiogen.decoder.roll import CHANNELS
from audiogen.lab.data.ambience_windows import AmbienceWindows, read_ambience
from audiogen.lab.train.ambience_windows import crop
from audiogen.lab.train.decoder import guide_of, worn
from audiogen.lab.train.flow_batch import FlowObjective, forget
from audiogen.media.mel import coarse_mel
from audiogen.networks.colour_bank import ColourBank
from audiogen.networks.mel_decoder import MelDecoder
from audiogen.rows import from_rows
from audiogen.sampling.flow import flow_target


@dataclasses.dataclass(frozen=True)
class AmbienceTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size, frames: crops per batch, fine frames per crop (a multiple of 3).
        side_weight: of the loss of pan and width, which are noisy and hardly heard.
        time_mean, time_std, uniform_share: of the logit-normal times.
        coarse_share: share of the crops with a coarse mel, whose noise has a std of up to
            `coarse_noise` nats.
        colour_dropout, attribute_dropout, intensity_dropout: probability that each is unknown.
    """

    batch_size: int = 6
    frames: int = 300
    side_weight: float = 0.15
    time_mean: float = 0.8
    time_std: float = 1.2
    uniform_share: float = 0.2
    coarse_share: float = 0.2
    coarse_noise: float = 0.4
    colour_dropout: float = 0.08
    attribute_dropout: float = 0.12
    intensity_dropout: float = 0.3
    max_shards: int | None = None


class AmbienceTask(FlowObjective):
    """Task "ambience-decoder" (see lab/train/task.py)."""

    settings_class: ClassVar[type[AmbienceTaskSettings]] = AmbienceTaskSettings

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: FlowDecoderConfig = from_rows(
            self.stage_class.config_class, {"sources": SOURCES, **stage_settings}
        )
        self.settings: AmbienceTaskSettings = from_rows(self.settings_class, task_settings)
        torch.manual_seed(seed)
        network = self.stage_class.build(self.config)
        assert isinstance(network, MelDecoder)
        self.network: nn.Module = network
        self.train = read_ambience(data_folder, "train", self.settings.max_shards, self.config.mel)
        self.valid = read_ambience(data_folder, "valid", None, self.config.mel)
        measure(network, self.train, seed)

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """Random crops with everything that the loss needs."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return self._crops(self.train, np.random.default_rng(seed), drop=True)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, MelDecoder)
        guide = guide_of(batch)
        x0 = bare.normalise(batch["packed"].transpose(1, 2))
        point = flow_target(x0, batch["noise"], batch["t"])
        error = self.error(network, point, x0, guide, bare.prior(guide)).square()
        free = 1 - batch["present"][:, 1]
        mid, side = error[..., : bare.bands].mean(), error[..., bare.bands :].mean()
        per_crop = error.detach()[..., : bare.bands].mean((1, 2))
        return {
            "loss": mid + self.settings.side_weight * side,
            "mid": mid.detach(),
            "mid_free": (per_crop * free).sum() / free.sum().clamp_min(1),
        }

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out flow loss at fixed noise and times, without a coarse mel."""
        rng = np.random.default_rng(1)
        rows: dict[str, list[float]] = {}
        for _ in range(6):
            batch = self._crops(self.valid, rng, drop=False)
            batch = {k: v.to(next(network.parameters()).device) for k, v in batch.items()}
            for key, value in self.loss(network, batch, 0.0).items():
                rows.setdefault(key, []).append(float(value))
        means = {k: float(np.mean(v)) for k, v in rows.items()}
        return {"metric": means["loss"], **means}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Four sources decoded, each beside a held-out window of it, as a picture."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        from audiogen.stage import Sampling, silent

        stage = self.stage_class(self.config, network, device="cpu")
        figure, axes = plt.subplots(4, 2, figsize=(16, 14), squeeze=False)
        for row, source in enumerate(SOURCES[:4]):
            asked = Conditioning(path="ambience", seconds=6.0, sources={source: 1.0})
            made = stage(Structure.empty(6.0), asked, Sampling(seed=row), silent).mid
            real = self.valid.of(source)
            images = [self.valid.mel[real[0], : len(made), : made.shape[1]]] if len(real) else []
            for axis, image in zip(axes[row], [*images, made], strict=False):
                axis.imshow(image.astype(np.float32), origin="lower", aspect="auto", vmin=-11, vmax=-2)
                axis.set_title(source)
        figure.savefig(folder / "mels.png", dpi=60, bbox_inches="tight")
        plt.close(figure)
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self.stage_class(self.config, network, device="cpu").save_pretrained(folder)

    def _crops(self, windows: AmbienceWindows, rng: np.random.Generator, drop: bool) -> dict[str, Tensor]:
        crops = [self._crop(windows, rng, drop, self.settings) for _ in range(self.settings.batch_size)]
        return self.collate(crops, rng)

    def _crop(
        self, windows: AmbienceWindows, rng: np.random.Generator, drop: bool, s: AmbienceTaskSettings
    ) -> dict[str, Any]:
        mel = self.config.mel
        bank = self.network.bank
        assert isinstance(bank, ColourBank)
        drawn = crop(windows, s.frames, rng, mel, vary=drop)
        coarse_given = drop and rng.random() < s.coarse_share
        onsets_given = coarse_given and rng.random() < 0.7
        coarse = worn(drawn.coarse, rng, s.coarse_noise) if coarse_given else drawn.coarse
        colours = drop and rng.random() < s.colour_dropout
        take = torch.cat([bank.describe(drawn.spectrum[None])[0], torch.ones(1)])
        attributes = scene_attributes(
            windows.sources[drawn.window], windows.intensity[drawn.window], self.config.attributes
        )
        if drop:
            forget(attributes, s, rng)
        if colours:
            take = torch.zeros_like(take)
        return {
            "packed": drawn.packed,
            "roll": torch.zeros(CHANNELS, s.frames, 0),
            "coarse": fine_rate(coarse, s.frames, mel).T,
            "onsets": drawn.onsets,
            "present": np.array([not coarse_given and not colours, coarse_given, onsets_given], np.float32),
            "attributes": attributes,
            "take": take,
        }


def scene_attributes(weights: np.ndarray, intensity: float, names: tuple[str, ...]) -> np.ndarray:
    """Weights of the sources [S] and intensity (NaN: unknown) as the decoder is given them, float32 [2A]."""
    values: dict[str, float | None] = {n: float(w) for n, w in zip(SOURCES, weights, strict=True)}
    values["intensity"] = None if np.isnan(intensity) else float(intensity)
    return attribute_vector(values, names)


def measure(network: MelDecoder, windows: AmbienceWindows, seed: int) -> None:
    """Set what the network knows of its data: normalisation, colours, deviations from the priors."""
    bank = network.bank
    assert isinstance(bank, ColourBank)
    some = torch.from_numpy(windows.mel[:: max(1, len(windows) // 150)].astype(np.float32))
    network.mean.copy_(some.mean((0, 2)))
    network.std.copy_(some.std((0, 2)).clamp_min(0.2))
    spectra = torch.from_numpy(windows.spectra)
    generator = torch.Generator().manual_seed(seed)
    bank.fit(spectra, torch.from_numpy(windows.sources), torch.from_numpy(windows.intensity), generator)
    bands = network.bands
    kept = torch.from_numpy(windows.spectra[:: max(1, len(windows) // 150)])
    known = bank(bank.describe(kept))
    around = (some[:, :bands] - known[..., None]) / network.std[:bands, None]
    network.deviation[2, :bands] = around.square().mean((0, 2)).sqrt()
    network.deviation[2, bands:] = 1.0
    network.deviation[0] = 1.0
    network.deviation[1, bands:] = 1.0
    mid = some[:, :bands, : some.shape[2] // 3 * 3]
    default = torch.from_numpy(windows.default_mid[:: max(1, len(windows) // 150)].astype(np.float32))
    coarse = coarse_mel(default[..., : mid.shape[2]]).repeat_interleave(3, 2).transpose(1, 2)
    if bands != default.shape[1]:  # another layout than that of the coarse mel
        network.coarse_offset.copy_((mid - network.spread(coarse).transpose(1, 2)).mean((0, 2)))
    coarse = network.spread(coarse).transpose(1, 2)
    network.deviation[1, :bands] = (
        ((mid - coarse) / network.std[:bands, None]).square().mean((0, 2)).sqrt().clamp_min(0.1)
    )
