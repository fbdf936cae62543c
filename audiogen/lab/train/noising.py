"""What a denoising model learns: a point between picture and noise, and what it shall say there.

Diffusion (arXiv 2006.11239; v: 2202.00512) and flow matching (2210.02747), by the schedulers of diffusers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest


@dataclass(frozen=True)
class Point:
    """Points on the way from pictures to noise, [B, C, h, w].

    Attributes:
        x_t: the point; times: as the model is told them, [B].
        target: what it shall say. weight: of each in the loss, [B].
    """

    x_t: Tensor
    times: Tensor
    target: Tensor
    weight: Tensor


class Noising(Protocol):
    def at(self, x0: Tensor, noise: Tensor, share: Tensor) -> Point:
        """The points of pictures: `share` is uniform in 0 .. 1, [B]."""
        ...


class Diffusion:
    """Noise is added by a variance schedule; the model says the noise, the picture, or v."""

    def __init__(self, scheduler: Any, snr_gamma: float | None) -> None:
        self.schedule = import_diffusers().DDPMScheduler.from_config(scheduler.config)
        self.snr_gamma = snr_gamma

    def at(self, x0: Tensor, noise: Tensor, share: Tensor) -> Point:
        schedule = self.schedule
        times = (share * schedule.config.num_train_timesteps).long()
        kind = schedule.config.prediction_type
        target = {"epsilon": noise, "sample": x0}.get(kind)
        if target is None:
            target = schedule.get_velocity(x0, noise, times)
        x_t = schedule.add_noise(x0, noise, times)
        return Point(x_t, times, target, self._weight(times, kind))

    def _weight(self, times: Tensor, kind: str) -> Tensor:
        """Min-SNR (arXiv 2303.09556): steps with little noise count no more than `snr_gamma`."""
        if self.snr_gamma is None:
            return torch.ones(len(times), device=times.device)
        kept = self.schedule.alphas_cumprod.to(times.device)[times]
        snr = kept / (1 - kept)
        least = snr.clamp(max=self.snr_gamma)
        return {"epsilon": least / snr.clamp(min=1e-8), "sample": least}.get(kind, least / (snr + 1))


class Flow:
    """The straight way x_t = (1 - sigma) x0 + sigma noise; the model says noise - x0.

    Times are logit-normal (arXiv 2403.03206), shifted as the scheduler of the model is.
    """

    def __init__(self, scheduler: Any) -> None:
        schedule = type(scheduler).from_config(scheduler.config)
        self.times, self.sigmas = schedule.timesteps, schedule.sigmas

    def at(self, x0: Tensor, noise: Tensor, share: Tensor) -> Point:
        often = torch.sigmoid(torch.special.ndtri(share.double().clamp(1e-6, 1 - 1e-6)))
        index = (often * len(self.times)).long().to(self.times.device)
        sigma = self.sigmas[index].to(x0).view(-1, 1, 1, 1)
        x_t = (1 - sigma) * x0 + sigma * noise
        return Point(x_t, self.times[index].to(x0.device), noise - x0, torch.ones(len(x0), device=x0.device))


def noising_of(scheduler: Any, snr_gamma: float | None) -> Noising:
    """What the model of a scheduler learned.

    Raises:
        InvalidRequest: something else than diffusion and flow matching.
    """
    name = type(scheduler).__name__
    if name.startswith("FlowMatch"):
        return Flow(scheduler)
    if getattr(scheduler.config, "prediction_type", "") in ("epsilon", "v_prediction", "sample") and hasattr(
        scheduler, "alphas_cumprod"
    ):
        return Diffusion(scheduler, snr_gamma)
    raise InvalidRequest(f"LoRAs are trained for diffusion and flow matching; this model has a {name}.")
