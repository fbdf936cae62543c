"""What every flow task does with its crops: collate them, draw times and noise, forget some attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from audiogen.sampling.flow import logit_normal_times


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
