"""Trains the decoder of pictures, by flow matching and by diffusion: two objectives, one task.

    picture-flow        error of the velocity, logit-normal times
    picture-diffusion   v-prediction on the cosine path (arXiv 2202.00512), uniform times

Network, data and conditions are the same, so that the two can be compared, and one can start from the other.
An error counts as much as the painter makes it seen: the channels of the latents all have deviation 1, but
one holds the brightness of a place and another a trace of its grain.

Contour, style and words are each left out at times, so that a decoder can do without any of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, Contour
from audiogen.decoder.picture import (
    PictureDecoderConfig,
    PictureDiffusionDecoder,
    PictureFlowDecoder,
)
from audiogen.lab.data.picture_index import names_of
from audiogen.lab.train.contour_wear import worn_contour
from audiogen.lab.train.painter import save_rows
from audiogen.lab.train.picture_latents import PictureLatents, read_latents
from audiogen.networks.latent_decoder import PictureGuide
from audiogen.recipe import unknown_name
from audiogen.render.painter import Painter
from audiogen.rows import from_rows
from audiogen.sampling.diffusion import levels, uniform_times
from audiogen.sampling.flow import FlowSample, flow_target, logit_normal_times
from audiogen.stage import Sampling, silent

SHOWN, CHANGE = 4, 0.3  # pictures and deviations by which it is measured what is seen of a channel


@dataclass(frozen=True)
class PictureTaskSettings:
    """What is drawn for a batch.

    Attributes:
        painter: whose latents are learned: a registered name or a weights folder.
        digit_share: of the batch, the rest are other pictures; None: as they come.
        favour: word -> how much more often pictures with it are drawn than others that are no digits.
        digit_contour, other_contour: how often a contour that there is, is given.
        style_dropout, words_dropout: how often each is not told; both_dropout: how often neither is.
        details_dropout: how often a word beside the subject is not told: it has its usual colours then.
        time_mean, time_std, uniform_share: see `logit_normal_times`; of the flow.
        views: further views of each illustration, see picture_views.py.
        max_shards: of the training set; None: all.
        valid_batches: of the evaluation.
    """

    painter: str = "picture-painter"
    batch_size: int = 16
    digit_share: float | None = 0.5
    favour: dict[str, float] = dataclasses.field(default_factory=dict)
    digit_contour: float = 0.9
    other_contour: float = 0.3
    style_dropout: float = 0.1
    words_dropout: float = 0.1
    both_dropout: float = 0.1
    details_dropout: float = 0.0
    time_mean: float = 0.0
    time_std: float = 1.0
    uniform_share: float = 0.1
    views: int = 0
    max_shards: int | None = None
    valid_batches: int = 8


class PictureFlowTask:
    """Task "picture-flow" (see lab/train/task.py)."""

    stage_class: ClassVar[type[PictureFlowDecoder]] = PictureFlowDecoder
    fast: ClassVar[str] = "euler"  # the scheduler that shows samples during a training

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.settings = s = from_rows(PictureTaskSettings, task_settings)
        self.painter = Painter.from_pretrained(s.painter)
        styles, vocabulary = names_of(data_folder)
        settings = from_rows(self.stage_class.config_class, stage_settings)
        self.config: PictureDecoderConfig = dataclasses.replace(
            settings,
            channels=self.painter.config.channels,
            size=self.painter.config.size,
            grid=self.painter.config.size // 8,
            styles=styles,
            vocabulary=vocabulary,
        )
        self.network: nn.Module = self.stage_class.build(self.config)
        self.train = read_latents(data_folder, "train", self.painter, s.max_shards, s.views)
        self.valid = read_latents(data_folder, "valid", self.painter)
        self.weight = seen_weights(self.painter, self.train.latents[: 4 * SHOWN : 4])

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """Everything that the loss needs; x0 is [B, N, C]."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return self._drawn(self.train, np.random.default_rng(seed), drop=True)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        point = flow_target(batch["x0"], batch["noise"], batch["t"])
        error = self.error(network, point, batch["x0"], guide_of(batch)).square()
        error = error * self.weight.to(error.device)
        each = error.detach().mean((1, 2))
        digits = batch["digit"]
        return {
            "loss": error.mean(),
            "digits": (each * digits).sum() / digits.sum().clamp_min(1),
            "others": (each * (1 - digits)).sum() / (1 - digits).sum().clamp_min(1),
        }

    def error(self, network: nn.Module, point: FlowSample, x0: Tensor, guide: PictureGuide) -> Tensor:
        """What is squared, [B, N, C]: the error of the velocity up to its sign."""
        return (network(point.x_t, point.t, guide) - x0) / point.t[:, None, None]

    def times(self, count: int, generator: torch.Generator) -> Tensor:
        """Where on the path the training looks, [count]."""
        s = self.settings
        return logit_normal_times(count, s.time_mean, s.time_std, s.uniform_share, generator)

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out loss at fixed noise and times, everything told; of digits and of other pictures."""
        rng = np.random.default_rng(1)
        rows: dict[str, list[float]] = {}
        device = next(network.parameters()).device
        for _ in range(self.settings.valid_batches):
            batch = {k: v.to(device) for k, v in self._drawn(self.valid, rng, drop=False).items()}
            for key, value in self.loss(network, batch, 0.0).items():
                rows.setdefault(key, []).append(float(value))
        means = {k: float(np.mean(v)) for k, v in rows.items()}
        return {"metric": means.pop("loss"), **means}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Held-out contours painted in every style, and a few subjects in every look, at fixed seeds."""
        stage = self.stage_class(self.config, network, device="cpu")
        rows = [self._painted(stage, contour, asked) for contour, asked in self._wishes()]
        save_rows(folder / "pictures.png", rows)
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self.stage_class(self.config, network, device="cpu").save_pretrained(folder)

    def _wishes(self) -> list[tuple[Contour, list[Conditioning]]]:
        """Rows of samples: contours of held-out digits in four styles, and cats in four looks."""
        styles, looks = self.config.styles[:4], self.config.styles[4:8]
        rows = []
        for number in np.flatnonzero((self.valid.label >= 0) & self.valid.has_contour)[:2]:
            contour = Contour(self.valid.contour[number].astype(np.float32) / 255)
            digit = str(self.valid.label[number])
            rows.append((contour, [Conditioning(path="digit", subject=digit, style=s) for s in styles]))
        if looks:
            cats = [Conditioning(path="picture", subject="cat", look=look) for look in looks]
            rows.append((Contour.empty(2 * self.config.grid), cats))
        return rows

    def _painted(self, stage: PictureFlowDecoder, contour: Contour, asked: list[Conditioning]) -> Tensor:
        """A row of pictures, [len(asked), 3, H, W]."""
        made = [
            stage(contour, wish, Sampling(seed=k, steps=8, scheduler=self.fast), silent)
            for k, wish in enumerate(asked)
        ]
        latents = torch.from_numpy(np.stack([each.values for each in made]))
        with torch.inference_mode():
            return self.painter.network.autoencoder.decode(latents.to(self.painter.device)).float().cpu()

    def _drawn(self, pictures: PictureLatents, rng: np.random.Generator, drop: bool) -> dict[str, Tensor]:
        s = self.settings
        chosen = choose(
            pictures.label,
            s.batch_size,
            s.digit_share,
            rng,
            favoured(pictures.words, self.config.vocabulary, s.favour),
        )
        digit = pictures.label[chosen] >= 0
        contour = torch.from_numpy(pictures.contour[chosen].astype(np.float32) / 255)
        present = pictures.has_contour[chosen].copy()
        style, words = pictures.style[chosen].copy(), pictures.words[chosen].copy()
        if drop:
            present &= rng.random(len(chosen)) < np.where(digit, s.digit_contour, s.other_contour)
            contour = torch.stack([worn_contour(each, rng) for each in contour])
            neither = rng.random(len(chosen)) < s.both_dropout
            style[neither | (rng.random(len(chosen)) < s.style_dropout)] = 0
            words[neither | (rng.random(len(chosen)) < s.words_dropout)] = 0
            words[:, 1:] *= rng.random((len(chosen), words.shape[1] - 1)) >= s.details_dropout
        x0 = torch.from_numpy(pictures.latents[chosen].astype(np.float32)).flatten(2).transpose(1, 2)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        told = torch.from_numpy(present.astype(np.float32))
        return {
            "x0": x0.contiguous(),
            "noise": torch.randn(x0.shape, generator=generator),
            "t": self.times(len(chosen), generator),
            "contour": contour * told[:, None, None],
            "present": told,
            "style": torch.from_numpy(style),
            "words": torch.from_numpy(words),
            "digit": torch.from_numpy(digit.astype(np.float32)),
        }


class PictureDiffusionTask(PictureFlowTask):
    """Task "picture-diffusion" (see lab/train/task.py)."""

    stage_class: ClassVar[type[PictureFlowDecoder]] = PictureDiffusionDecoder
    fast: ClassVar[str] = "ddim"

    def error(self, network: nn.Module, point: FlowSample, x0: Tensor, guide: PictureGuide) -> Tensor:
        """The error of v = alpha noise - sigma x0 up to its sign: at one x_t that of x0 / sigma."""
        _, sigma = levels(point.t)
        return (network(point.x_t, point.t, guide) - x0) / sigma[:, None, None]

    def times(self, count: int, generator: torch.Generator) -> Tensor:
        return uniform_times(count, generator)


@torch.no_grad()
def seen_weights(painter: Painter, latents: np.ndarray) -> Tensor:
    """How much of a change in each channel is seen in the pixels (root mean square), [C]; their mean is 1.

    Args:
        latents: [N, C, h, w] of a few pictures.
    """
    coder = painter.network.autoencoder
    plain = torch.from_numpy(latents.astype(np.float32)).to(painter.device)
    noise = torch.randn(plain.shape, generator=torch.Generator().manual_seed(0)).to(painter.device)
    pixels = coder.decode(plain)
    seen = []
    for channel in range(plain.shape[1]):
        changed = plain.clone()
        changed[:, channel] += CHANGE * noise[:, channel]
        seen.append((coder.decode(changed) - pixels).square().mean().sqrt())
    weight = torch.stack(seen).float().cpu()
    return weight / weight.mean()


def favoured(words: np.ndarray, vocabulary: tuple[str, ...], favour: dict[str, float]) -> np.ndarray:
    """How often each picture of words int64 [N, W] is drawn, [N]; that of its most favoured word.

    Raises:
        InvalidRequest: a favoured word is not in the vocabulary.
    """
    weight = np.ones(len(vocabulary) + 1)
    for word, more in favour.items():
        if word not in vocabulary:
            raise unknown_name("The word", word, vocabulary)
        weight[vocabulary.index(word) + 1] = more
    found: np.ndarray = weight[words].max(1)
    return found


def choose(
    label: np.ndarray,
    count: int,
    digit_share: float | None,
    rng: np.random.Generator,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Numbers of `count` pictures, that share of them digits where there are both kinds.

    Args:
        weight: [N], how often each picture that is no digit is drawn; None: all alike.
    """
    digits, others = np.flatnonzero(label >= 0), np.flatnonzero(label < 0)
    if digit_share is None or not len(digits) or not len(others):
        return rng.integers(len(label), size=count)
    wanted = rng.random(count) < digit_share
    share = None if weight is None else weight[others] / weight[others].sum()
    return np.where(wanted, rng.choice(digits, count), rng.choice(others, count, p=share))


def guide_of(batch: dict[str, Tensor]) -> PictureGuide:
    """The guide's part of a batch."""
    return PictureGuide(*(batch[name] for name in PictureGuide.__dataclass_fields__))
