"""Trains the mel decoders by diffusion: v-prediction, cosine path (arXiv 2202.00512).

Network, data, crops and conditions are those of the flow (`lab/train/decoder.py`, `lab/train/ambience.py`),
so that the two can be compared. What differs is what makes it diffusion: u is uniform, and the loss is the
error of v = alpha noise - sigma x0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.decoder.diffusion import DiffusionDecoder
from audiogen.decoder.flow import FlowDecoder
from audiogen.lab.train.ambience import AmbienceTask
from audiogen.lab.train.decoder import DecoderTask
from audiogen.lab.train.flow_batch import FlowObjective
from audiogen.networks.mel_decoder import Guide
from audiogen.sampling.diffusion import levels, uniform_times
from audiogen.sampling.flow import FlowSample


class DiffusionObjective(FlowObjective):
    """What replaces `FlowObjective` in a task of the flow."""

    stage_class: ClassVar[type[FlowDecoder]] = DiffusionDecoder

    def error(self, network: nn.Module, point: FlowSample, x0: Tensor, guide: Guide, prior: Tensor) -> Tensor:
        """Error of v up to its sign, [B, F, D]: at one x_t it is the error of x0 / sigma."""
        _, sigma = levels(point.t)
        return (network(point.x_t, point.t, guide, prior) - x0) / sigma[:, None, None]

    def collate(self, crops: Sequence[dict[str, Any]], rng: np.random.Generator) -> dict[str, Tensor]:
        batch = super().collate(crops, rng)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        return batch | {"t": uniform_times(len(batch["t"]), generator)}


class AmbienceDiffusionTask(DiffusionObjective, AmbienceTask):
    """Task "ambience-diffusion" (see lab/train/task.py)."""


class DiffusionDecoderTask(DiffusionObjective, DecoderTask):
    """Task "diffusion-decoder", of the piano (see lab/train/task.py)."""
