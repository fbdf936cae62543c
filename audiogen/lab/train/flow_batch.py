"""What every flow task does: its error, and how crops are collated, timed, noised and made to forget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.decoder.flow import FlowDecoder
from audiogen.networks.mel_decoder import Guide
from audiogen.sampling.flow import FlowSample, logit_normal_times


class Times(Protocol):
    """The settings that say how flow times are drawn; see `logit_normal_times`."""

    @property
    def time_mean(self) -> float: ...
    @property
    def time_std(self) -> float: ...
    @property
    def uniform_share(self) -> float: ...


class Forgetting(Protocol):
    """How often an attribute is not told, and how often the intensity, the last of them."""

    @property
    def attribute_dropout(self) -> float: ...
    @property
    def intensity_dropout(self) -> float: ...


class FlowObjective:
    """The part of a decoder's task that knows that it is trained by flow matching.

    Attributes:
        stage_class: of the decoder; settings: of the task.
    """

    stage_class: ClassVar[type[FlowDecoder]] = FlowDecoder
    settings: Times

    def error(self, network: nn.Module, point: FlowSample, x0: Tensor, guide: Guide, prior: Tensor) -> Tensor:
        """What is squared, [B, F, D]: the error of the velocity up to its sign.

        With v_hat = (x_t - x0_hat) / t it is (x0_hat - x0) / t.
        """
        estimate = network(point.x_t, point.t, guide, prior)
        return (estimate - x0) / point.t[:, None, None]

    def collate(self, crops: Sequence[dict[str, Any]], rng: np.random.Generator) -> dict[str, Tensor]:
        """See `flow_batch`."""
        return flow_batch(crops, self.settings, rng)


def flow_batch(crops: Sequence[dict[str, Any]], times: Times, rng: np.random.Generator) -> dict[str, Tensor]:
    """Crops with `packed` [D, F] -> tensors [B, ...], with `t` [B] and `noise` [B, F, D]."""
    batch = {key: torch.stack([torch.as_tensor(crop[key]) for crop in crops]) for key in crops[0]}
    size, bands, frames = batch["packed"].shape
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    batch["t"] = logit_normal_times(size, times.time_mean, times.time_std, times.uniform_share, generator)
    batch["noise"] = torch.randn(size, frames, bands, generator=generator)
    return batch


def forget(attributes: np.ndarray, how: Forgetting, rng: np.random.Generator) -> None:
    """Some attributes of one crop become unknown, in place: values and told flags, [2 n]."""
    count = len(attributes) // 2
    unknown = np.zeros(count, bool)
    unknown[-1] = rng.random() < how.intensity_dropout
    unknown |= rng.random() < how.attribute_dropout
    attributes[:count][unknown] = attributes[count:][unknown] = 0
