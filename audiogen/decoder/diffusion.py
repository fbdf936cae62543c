"""Diffusion decoder: the mel decoder trained by v-prediction (arXiv 2202.00512), sampled as a diffusion.

Structure (coarse mel and onsets, or nothing) -> MelSpectrogram. Network, guide, noise and windows are the
flow decoder's; what differs is the training (`lab/train/diffusion.py`) and the schedulers
(`sampling/schedulers.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig


@dataclass(frozen=True)
class DiffusionDecoderConfig(FlowDecoderConfig):
    """As `FlowDecoderConfig`, with the defaults of a diffusion."""

    steps: int = 20
    scheduler: str = "dpm-solver++"
    noise_scale: float = 1.0


class DiffusionDecoder(FlowDecoder):
    """The stage."""

    name: ClassVar[str] = "diffusion"
    family: ClassVar[str] = "diffusion"
    config_class = DiffusionDecoderConfig
