"""Distils the flow decoder of ambience to one or two steps.

Direct distillation (arXiv 2101.02388): the teacher walks from noise to a mel in its own many steps, with its
guidance, under conditions of the training data; the student starts from the teacher's weights and learns to
say at once, from the noise and from half way, where that walk ended. Half way it mostly learns from the point
that its own first step leads to, as it will stand there when it is used (a point of the teacher's walk would
be of another kind).

Squared error alone would blur: what a small network cannot foresee it averages away, and rain loses its
grain. So the values of every band, over time and at several resolutions, must also be distributed as the
teacher's are (1-D Wasserstein distance, by sorting), and so must their steps from frame to frame. This must
weigh enough: a texture that is right but not the teacher's own costs twice its variance in squared error, and
where that is dearer than the blur it cures, the blur stays.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
from audiogen.lab.train.ambience import AmbienceTask, AmbienceTaskSettings
from audiogen.lab.train.decoder import guide_of
from audiogen.lab.train.flow_batch import flow_batch
from audiogen.networks.mel_decoder import Guide, MelDecoder
from audiogen.pretrained import compute_dtype
from audiogen.rows import from_rows
from audiogen.sampling.field import Estimate
from audiogen.sampling.flow import times
from audiogen.sampling.guidance import guided_x0
from audiogen.sampling.schedulers import sample, scheduler

FIRST, TEACHERS, OWN = range(3)  # where a student looks from: noise, the teacher's half way, its own
# frames and bands that are averaged before values are compared: grain, what lasts, and what strikes at once
LEAST_SPREAD = 0.1  # of a normalised mel: below it, differences are hardly heard
VIEWS = ((1, 1), (4, 1), (16, 1), (1, 10), (4, 10), (1, 85))


@dataclasses.dataclass(frozen=True)
class DistilTaskSettings(AmbienceTaskSettings):
    """Settings of the task; those of `AmbienceTaskSettings` say which conditions are met.

    Attributes:
        teacher: weights folder, run folder's `weights`, or registered name of a flow decoder.
        teacher_steps, teacher_scheduler: of a walk, an even number; its guidance and shift are the teacher's
            own. Four midpoint steps end where sixteen of Heun do; Euler's end blurred.
        fresh: share of the steps that make a batch of new walks; the others go over those that are kept.
        walks: how many batches of them are kept; the oldest are dropped.
        first, teachers: shares of what is learned from noise, and from half way on the teacher's walk; the
            rest is learned from half way on the student's own.
        texture_weight: of the distributions, beside the squared error.
    """

    batch_size: int = 6
    frames: int = 300
    coarse_share: float = 0.6
    coarse_noise: float = 0.3
    colour_dropout: float = 0.0
    attribute_dropout: float = 0.0
    intensity_dropout: float = 0.4
    teacher: str = "ambience-flow"
    teacher_steps: int = 4
    teacher_scheduler: str = "midpoint"
    fresh: float = 0.25
    walks: int = 200
    first: float = 0.5
    teachers: float = 0.15
    texture_weight: float = 1.0


class DistilTask(AmbienceTask):
    """Task "ambience-few" (see lab/train/task.py)."""

    settings_class = DistilTaskSettings
    settings: DistilTaskSettings

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        teacher = FlowDecoder.from_pretrained(
            from_rows(DistilTaskSettings, task_settings).teacher, device="cpu"
        )
        rows = {f.name: getattr(teacher.config, f.name) for f in dataclasses.fields(teacher.config)}
        super().__init__({**rows, "guidance": 1.0, **stage_settings}, task_settings, data_folder, seed)
        self.network.load_state_dict(teacher.network.state_dict())
        self.teacher: MelDecoder = teacher.network
        self.teacher_config: FlowDecoderConfig = teacher.config
        self.walks: list[dict[str, Tensor]] = []
        self.held_out: list[dict[str, Tensor]] = []

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """Walks of the teacher, new or kept, and from where to learn them."""
        s = self.settings
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
        if not self.walks or rng.random() < s.fresh:
            self.walks.append(self.walk(self._conditions(self.train, rng, drop=True)))
            del self.walks[: -s.walks]
        u = rng.random()
        place = FIRST if u < s.first else TEACHERS if u < s.first + s.teachers else OWN
        return {**self.walks[int(rng.integers(len(self.walks)))], "place": torch.tensor(place)}

    @torch.no_grad()
    def walk(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The teacher's walk from the noise of a batch: adds `half` and `end`, [B, F, D] float16."""
        s, device = self.settings, next(self.network.parameters()).device
        guide = guide_of({k: v.to(device) for k, v in batch.items()})
        led = bool(batch["present"][0, 1])
        estimate = told(self.teacher.to(device), guide, 1.0 if led else self.teacher_config.guidance)
        t, middle = times(s.teacher_steps, self.teacher_config.shift), s.teacher_steps // 2
        run = scheduler("flow", s.teacher_scheduler)
        half = sample(run, estimate, batch["noise"].to(device), t[: middle + 1], 0, unheard)
        end = sample(run, estimate, half, t[middle:], 0, unheard)
        rows = {k: v for k, v in batch.items() if k not in ("packed", "t")}
        return {**rows, "half": half.half().cpu(), "end": end.half().cpu()}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, MelDecoder)
        guide, end = guide_of(batch), batch["end"].float()
        prior = bare.prior(guide)
        half = float(times(2, self.config.shift)[1])
        x_t, at = batch["noise"], 1.0
        if int(batch["place"]) == TEACHERS:
            x_t, at = batch["half"].float(), half
        if int(batch["place"]) == OWN:
            with torch.no_grad():
                first = network(x_t, torch.ones(len(x_t), device=x_t.device), guide, prior)
            x_t, at = half * x_t + (1 - half) * first, half
        x0 = network(x_t, torch.full((len(x_t),), at, device=x_t.device), guide, prior)
        error = (x0 - end).square()
        mid, side = error[..., : bare.bands].mean(), error[..., bare.bands :].mean()
        texture = texture_distance(x0[..., : bare.bands], end[..., : bare.bands])
        return {
            "loss": mid + self.settings.side_weight * side + self.settings.texture_weight * texture,
            "mid": mid.detach(),
            "texture": texture.detach(),
        }

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """On held-out conditions, in one and in two steps: squared error and texture against the walks."""
        if not self.held_out:
            rng = np.random.default_rng(1)
            self.held_out = [self.walk(self._conditions(self.valid, rng, False, led)) for led in (0, 0, 1, 1)]
        assert isinstance(network, MelDecoder)
        device = next(network.parameters()).device
        rows: dict[str, list[float]] = {}
        for kept in self.held_out:
            batch = {k: v.to(device) for k, v in kept.items()}
            end = batch["end"].float()[..., : network.bands]
            for steps in (1, 2):
                x0 = self.decoded(network, batch, steps)[..., : network.bands]
                rows.setdefault(f"mid_{steps}", []).append(float((x0 - end).square().mean()))
                rows.setdefault(f"texture_{steps}", []).append(float(texture_distance(x0, end)))
        means = {k: float(np.mean(v)) for k, v in rows.items()}
        metric = sum(means[f"mid_{n}"] + self.settings.texture_weight * means[f"texture_{n}"] for n in (1, 2))
        return {"metric": metric, **means}

    def decoded(self, network: MelDecoder, batch: dict[str, Tensor], steps: int) -> Tensor:
        """What the stage would make of the noise of a batch, normalised [B, F, D]."""
        estimate = told(network, guide_of(batch), self.config.guidance)
        t = times(steps, self.config.shift)
        return sample(scheduler("flow", "euler"), estimate, batch["noise"], t, 0, unheard)

    def _conditions(
        self, windows: Any, rng: np.random.Generator, drop: bool, led: int | None = None
    ) -> dict[str, Tensor]:
        """A batch of crops of which all come with a coarse mel, or none."""
        if led is None:
            led = int(rng.random() < self.settings.coarse_share)
        s = dataclasses.replace(self.settings, coarse_share=float(led))
        crops = [self._crop(windows, rng, drop or bool(led), s) for _ in range(s.batch_size)]
        return flow_batch(crops, s, rng)


def told(network: MelDecoder, guide: Guide, guidance: float) -> Estimate:
    """The network's estimate of x0 under a guide, batched [B, F, D], with guidance."""
    prior = network.prior(guide)
    untold = guide.without_attributes()
    device = guide.take.device
    fast = compute_dtype(device.type) == torch.bfloat16

    def estimate(x_t: Tensor, t: float) -> Tensor:
        at = torch.full((len(x_t),), t, device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=fast):
            x0 = network(x_t, at, guide, prior)
            if guidance != 1:
                x0 = guided_x0(x0, network(x_t, at, untold, prior), guidance)
        return x0.float()

    return estimate


def unheard(done: int, total: int) -> None:
    """No progress."""


def texture_distance(made: Tensor, wanted: Tensor) -> Tensor:
    """How differently two batches of mels [B, F, M] spread over time; 0 where every band has the same values.

    Mean over VIEWS of the 1-D Wasserstein distance (arXiv 1803.00567, section 2.6) of the values that a band
    takes within an item, and of its steps from one to the next, relative to how far those of `wanted` spread.
    """
    parts = []
    for frames, bands in VIEWS:
        a, b = (coarser(mel.float(), frames, bands) for mel in (made, wanted))
        for x, y in ((a, b), (a.diff(dim=1), b.diff(dim=1))):
            apart = (x.sort(1).values - y.sort(1).values).abs()
            parts.append((apart / (y.std(1, keepdim=True) + LEAST_SPREAD)).mean())
    return torch.stack(parts).mean()


def coarser(mel: Tensor, frames: int, bands: int) -> Tensor:
    """Means over so many frames and bands: [B, F, M] -> [B, F // frames, M // bands]."""
    return torch.nn.functional.avg_pool2d(mel[:, None], (frames, bands))[:, 0]
