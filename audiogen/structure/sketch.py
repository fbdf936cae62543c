"""Sketch stage: the coarse mel of an ambience by flow matching (arXiv 2210.02747).

Conditioning -> Structure (coarse mel). Calls, waves and strikes are decided at 25 frames a second, over whole
scenes; the decoder fills in the detail. t = 0 is data, t = 1 is noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from audiogen.artifacts import SOURCES, Conditioning, Structure
from audiogen.conditions import attribute_vector, wanted_attributes
from audiogen.media.mel import MelSettings, band_centres_hz
from audiogen.networks.mel_decoder import Guide, MelDecoder
from audiogen.pretrained import Pretrained
from audiogen.sampling.field import Estimate, steered, windowed
from audiogen.sampling.flow import draw_noise, times
from audiogen.sampling.schedulers import sample, scheduler
from audiogen.stage import Progress, Sampling, report

WINDOW_FRAMES = 1500  # a minute


@dataclass(frozen=True)
class SketchConfig:
    """What the stage is made of; see `decoder.flow.FlowDecoderConfig` for the words.

    Attributes:
        components: of the colours.
        guidance: default of a call.
    """

    mel: MelSettings = MelSettings()
    width: int = 160
    dilations: tuple[int, ...] = (1, 4, 16, 2, 8, 32)
    condition: int = 128
    scenes: int = 512
    components: int = 8
    attributes: tuple[str, ...] = (*SOURCES, "intensity")
    steps: int = 16
    shift: float = 3.0
    scheduler: str = "euler"
    guidance: float = 1.5


class SketchStage(Pretrained):
    """The stage."""

    name, seam, takes, gives = "sketch", "structure", Conditioning, Structure
    config_class = SketchConfig

    @staticmethod
    def build(config: SketchConfig) -> nn.Module:
        return MelDecoder(
            bands=config.mel.n_groups,
            groups=0,
            centres_hz=band_centres_hz(config.mel),
            floor=config.mel.floor,
            width=config.width,
            dilations=tuple(config.dilations),
            templates=0,
            attributes=len(config.attributes),
            take=config.components,
            condition=config.condition,
            scenes=config.scenes,
            sources=len(SOURCES),
        )

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Structure:
        frames = self.config.mel.coarse_frames(x.seconds)
        seed = sampling.seed_for("structure")
        guide = self.guide(x, frames, np.random.default_rng(seed))
        noise = draw_noise((self.network.dimensions, frames), seed).T[None]
        x0 = sample(
            scheduler("flow", self.config.scheduler),
            self.estimate(guide, sampling),
            noise,
            times(self.config.steps, self.config.shift),
            seed,
            lambda step, total: report(progress, "structure", step, total),
        )
        with torch.inference_mode():
            mel = self.network.denormalise(x0.to(self.device)).float().cpu()[0].T
        floor = float(np.log(self.config.mel.floor))
        return Structure(x.seconds, mel=mel.clamp_min(floor).numpy(), settings=self.config.mel)

    def guide(self, asked: Conditioning, frames: int, rng: np.random.Generator) -> Guide:
        """What steers one sketch: sources, intensity, and a colour drawn for it; batch of 1."""
        weights = np.array([asked.sources.get(name, 0.0) for name in SOURCES])
        take = self.network.bank.draw(weights, asked.intensity, rng)
        wanted = wanted_attributes(asked, self.config.attributes)
        return Guide(
            roll=torch.zeros(1, 5, frames, 0),
            coarse=torch.zeros(1, frames, 0),
            onsets=torch.zeros(1, frames),
            present=torch.tensor([[1.0, 0.0, 0.0]]),
            attributes=torch.from_numpy(attribute_vector(wanted, self.config.attributes))[None],
            take=torch.from_numpy(np.append(take, 1.0).astype(np.float32))[None],
        )

    def estimate(self, guide: Guide, sampling: Sampling, circular: bool = False) -> Estimate:
        """The guided estimate of one sketch: (x_t [1, F, D], t) -> x0 [1, F, D]."""
        weight = self.config.guidance if sampling.guidance is None else sampling.guidance

        def estimator(about: Guide) -> Estimate:
            frames = about.roll.shape[2]
            return windowed(self.network, about, frames, self.device, self.dtype, WINDOW_FRAMES, circular)

        plain = estimator(guide.without_attributes()) if weight != 1 else None
        rescale = sampling.guidance_rescale or 0.0
        return steered(estimator(guide), plain, weight, rescale, circular=circular)
