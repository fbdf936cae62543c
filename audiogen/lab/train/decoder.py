"""Trains the mel decoder on rendered piano windows.

Loss: flow matching, mean ||v_hat - v||^2 with v_hat = (x_t - x0_hat) / t, plus L1 of the note bank's
own mel, so that it learns from the first step. Each part of the structure is dropped at random, so
that any may be absent later; the coarse mel is blurred and noised as an autoregressive stage's will be.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.conditions import attribute_vector
from audiogen.decoder.flow import FlowDecoderConfig, pack
from audiogen.decoder.guide import fine_rate, notes_attributes
from audiogen.decoder.roll import piano_roll
from audiogen.lab.train.flow_batch import FlowObjective
from audiogen.lab.train.task_data import read_shards
from audiogen.media.mel import MelSettings, coarse_mel, onset_strength
from audiogen.networks.mel_decoder import Guide, MelDecoder
from audiogen.rows import from_rows
from audiogen.sampling.flow import flow_target


@dataclasses.dataclass(frozen=True)
class DecoderTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size, frames: crops per batch, fine frames per crop (a multiple of 3).
        whole_share: share of the training, at its end, on crops four times as long (a quarter as many), or
            on whole windows where those are shorter.
        time_mean, time_std, uniform_share: of the logit-normal times.
        only_notes, only_coarse, both: shares of what structure is given; the rest gets none.
        attribute_dropout, take_dropout: probability that each is unknown.
        coarse_noise: greatest std of noise on the coarse mel, nats.
        bank_weight: weight of the note bank's own loss.
        bank_share: share of the training, at its start, in which the note bank learns alone: a flow
            around a prior that is still wrong would only learn to undo it.
    """

    batch_size: int = 12
    frames: int = 240
    whole_share: float = 0.1
    time_mean: float = 0.4
    time_std: float = 1.0
    uniform_share: float = 0.2
    only_notes: float = 0.6
    only_coarse: float = 0.2
    both: float = 0.1
    attribute_dropout: float = 0.3
    take_dropout: float = 0.1
    coarse_noise: float = 0.4
    bank_weight: float = 0.5
    bank_share: float = 0.03
    max_shards: int | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Windows:
    """Rendered windows in memory: packed mel float16 [W, D, F], notes and takes per window."""

    mel: np.ndarray
    notes: list[Notes]
    take: np.ndarray
    attributes: np.ndarray


class DecoderTask(FlowObjective):
    """Task "flow-decoder" (see lab/train/task.py)."""

    settings: DecoderTaskSettings

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: FlowDecoderConfig = from_rows(self.stage_class.config_class, stage_settings)
        self.settings = from_rows(DecoderTaskSettings, task_settings)
        torch.manual_seed(seed)
        network = self.stage_class.build(self.config)
        assert isinstance(network, MelDecoder)
        self.network: nn.Module = network
        names = self.config.attributes
        self.train = read_windows(data_folder, "train", self.settings.max_shards, names)
        self.valid = read_windows(data_folder, "valid", 1, names)
        some = torch.from_numpy(self.train.mel[:: max(1, len(self.train.mel) // 100)].astype(np.float32))
        network.mean.copy_(some.mean((0, 2)))
        network.std.copy_(some.std((0, 2)).clamp_min(0.2))
        network.std[: network.bands].clamp_(min=0.8)  # bands above the recordings' reach barely move

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """Random crops with everything that the loss needs."""
        s = self.settings
        size, frames = s.batch_size, s.frames
        if progress > 1 - s.whole_share:
            size, frames = max(1, size // 4), min(4 * frames, self.train.mel.shape[2] // 3 * 3)
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return self._crops(self.train, np.random.default_rng(seed), size, frames, drop=True)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, MelDecoder)
        guide = guide_of(batch)
        x0 = bare.normalise(batch["packed"].transpose(1, 2))
        point = flow_target(x0, batch["noise"], batch["t"])
        prior = bare.prior(guide)
        given = batch["present"][:, 0, None, None]
        bank = ((prior - x0)[..., : bare.bands].abs() * given).mean() / given.mean().clamp_min(1e-3)
        if network.training and progress < self.settings.bank_share:
            return {"loss": bank, "bank_l1": bank.detach()}
        flow = self.error(network, point, x0, guide, prior.detach()).square().mean()
        return {
            "loss": flow + self.settings.bank_weight * bank,
            "flow": flow.detach(),
            "bank_l1": bank.detach(),
        }

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out flow loss at fixed noise and times, and L1 (nats) of the one-step mel from notes."""
        assert isinstance(network, MelDecoder)
        rng = np.random.default_rng(1)
        out: dict[str, list[float]] = {}
        scale = network.std[: network.bands]
        for _ in range(4):
            batch = self._crops(self.valid, rng, self.settings.batch_size, self.settings.frames, drop=False)
            batch = {k: v.to(next(network.parameters()).device) for k, v in batch.items()}
            for key, value in self.loss(network, batch, 0.0).items():
                out.setdefault(key, []).append(float(value))
            guide, noise = guide_of(batch), batch["noise"]
            x0 = network.normalise(batch["packed"].transpose(1, 2))
            prior = network.prior(guide)
            one = network(noise, torch.ones(len(noise), device=noise.device), guide, prior)
            out.setdefault("one_step_l1", []).append(
                float(((one - x0)[..., : network.bands].abs() * scale).mean())
            )
            out.setdefault("bank_nats", []).append(
                float(((prior - x0)[..., : network.bands].abs() * scale).mean())
            )
        means = {k: float(np.mean(v)) for k, v in out.items()}
        return {"metric": means["flow"], **means}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Held-out notes decoded with 8 steps, beside the real mel, as a picture."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        from audiogen.stage import Sampling, silent

        stage = self.stage_class(self.config, network, device="cpu")
        figure, axes = plt.subplots(4, 1, figsize=(14, 14))
        for i in range(2):
            structure = Structure(6.0, self.valid.notes[i])
            mel = stage(structure, Conditioning(seconds=6.0), Sampling(seed=i), silent)
            real = self.valid.mel[i, : self.config.mel.n_bands, : mel.mid.shape[1]]
            for axis, image in ((axes[2 * i], real), (axes[2 * i + 1], mel.mid)):
                axis.imshow(image.astype(np.float32), origin="lower", aspect="auto", vmin=-11, vmax=-1)
        figure.savefig(folder / "mels.png", dpi=60, bbox_inches="tight")
        plt.close(figure)
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self.stage_class(self.config, network, device="cpu").save_pretrained(folder)

    def _crops(
        self, windows: Windows, rng: np.random.Generator, size: int, frames: int, drop: bool
    ) -> dict[str, Tensor]:
        crops = [self._crop(windows, rng, frames, drop) for _ in range(size)]
        return self.collate(crops, rng)

    def _crop(self, windows: Windows, rng: np.random.Generator, frames: int, drop: bool) -> dict[str, Any]:
        s, mel = self.settings, self.config.mel
        w = int(rng.integers(len(windows.mel)))
        first = 3 * int(rng.integers((windows.mel.shape[2] - frames) // 3 + 1))
        packed = torch.from_numpy(windows.mel[w, :, first : first + frames].astype(np.float32))
        mid = packed[: mel.n_bands]
        kind = rng.random() if drop else 0.0
        notes = kind < s.only_notes + s.both
        coarse_given = s.only_notes <= kind < s.only_notes + s.both + s.only_coarse
        onsets_given = coarse_given and rng.random() < 0.7
        coarse = coarse_mel(mid, mel)
        if coarse_given:
            coarse = worn(coarse, rng, s.coarse_noise)
        roll = piano_roll(windows.notes[w], first, frames, mel)
        count = len(self.config.attributes)
        attributes = windows.attributes[w].copy()
        take = np.append(windows.take[w], 1.0).astype(np.float32)
        if drop:
            unknown = rng.random(count) < (1.0 if rng.random() < 0.2 else s.attribute_dropout)
            attributes[:count][unknown] = attributes[count:][unknown] = 0
            if rng.random() < s.take_dropout:
                take[:] = 0
        return {
            "packed": packed,
            "roll": roll,
            "coarse": fine_rate(coarse, frames, mel).T,
            "onsets": onset_strength(mid),
            "present": np.array([notes, coarse_given, onsets_given], np.float32),
            "attributes": attributes,
            "take": take,
        }


def guide_of(batch: dict[str, Tensor]) -> Guide:
    """The guide's part of a batch."""
    return Guide(*(batch[name] for name in Guide.__dataclass_fields__))


def worn(coarse: Tensor, rng: np.random.Generator, noise: float) -> Tensor:
    """A coarse mel [groups, coarse_frames] as a generative stage might give it: noisy, sometimes blurred."""
    if rng.random() < 0.3:
        kernel = torch.tensor([0.25, 0.5, 0.25])[None, None].expand(len(coarse), 1, 3)
        padded = torch.nn.functional.pad(coarse[None], (1, 1), mode="replicate")
        coarse = torch.nn.functional.conv1d(padded, kernel, groups=len(coarse))[0]
    amount = float(rng.uniform(0, noise))
    drawn = rng.standard_normal(tuple(coarse.shape)).astype(np.float32)
    return coarse + amount * torch.from_numpy(drawn)


def read_windows(folder: Path, split: str, shards: int | None, names: tuple[str, ...]) -> Windows:
    """Prepared shards as `Windows`."""
    mels, notes, takes = [], [], []
    for arrays in read_shards(folder, split, shards, ("mid", "side", "take", "notes", "pedal")):
        mid, side = torch.from_numpy(arrays["mid"]), torch.from_numpy(arrays["side"])
        mels.append(pack(mid, side).numpy())
        takes.append(arrays["take"])
        for window in range(len(mid)):
            rows = arrays["notes"][arrays["notes"][:, 0] == window, 1:]
            pedal = arrays["pedal"][arrays["pedal"][:, 0] == window, 1:]
            notes.append(Notes.from_rows(rows, pedal))
    seconds = mels[0].shape[2] / MelSettings().frame_rate
    attributes = [attribute_vector(notes_attributes(n, seconds), names) for n in notes]
    return Windows(np.concatenate(mels), notes, np.concatenate(takes), np.stack(attributes))
