"""The estimate of a decoding network: windows, classifier-free guidance, strength of the structure, masks.

Shared by every stage that decodes by flow or diffusion. A mel network is anything that is called as
`network(x_t, t, guide, prior)` and estimates x0, with `prior(guide)` and `receptive_frames`; a guide has
`at(index)` and `to(device)`. A picture network sees all its places at once: `network(x_t, t, guide)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from audiogen.sampling.guidance import REACH_FRAMES, guided_x0
from audiogen.sampling.windows import spans

Estimate = Callable[[Tensor, float], Tensor]


def steered(
    guided: Estimate,
    plain: Estimate | None = None,
    guidance: float = 1.0,
    rescale: float = 0.0,
    free: Estimate | None = None,
    strength: float = 1.0,
    circular: bool = False,
    reach: int = REACH_FRAMES,
) -> Estimate:
    """(x_t [1, F, D], t) -> x0 [1, F, D], from estimates of x0.

    Args:
        plain: without what guidance shall emphasise; None: no guidance.
        rescale, reach: of the guidance; see `guided_x0`.
        free: without the structure; None: its full strength.
        circular: the end goes over into the beginning, for a loop.
    """

    def estimate(x_t: Tensor, t: float) -> Tensor:
        x0 = guided(x_t, t)
        if plain is not None:
            x0 = guided_x0(x0, plain(x_t, t), guidance, rescale, circular, reach)
        if free is not None:
            alone = free(x_t, t)
            x0 = alone + strength * (x0 - alone)
        return x0

    return estimate


def kept(estimate: Estimate, known: Tensor, mask: Tensor) -> Estimate:
    """Inpainting: the estimate where the mask [1, F, 1] is 1, what is known [1, F, D] where it is 0.

    Every scheduler then walks the known places straight to what they are, from whatever noise they start
    with, and the network sees them so while it fills the others.
    """

    def masked(x_t: Tensor, t: float) -> Tensor:
        return known + mask * (estimate(x_t, t) - known)

    return masked


def whole(network: Any, guide: Any, device: torch.device, dtype: torch.dtype) -> Estimate:
    """x0 estimate of a network that sees all places at once."""
    return estimated(network, device, dtype, guide.to(device))


def estimated(network: Any, device: torch.device, dtype: torch.dtype, *told: Any) -> Estimate:
    """x0 estimate of all that is handed in; `told`: what the network is called with besides."""

    @torch.inference_mode()
    def estimate(x_t: Tensor, t: float) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            x0 = network(x_t.to(device), torch.tensor([t], dtype=torch.float32, device=device), *told)
        return x0.float().cpu()

    return estimate


def window(network: Any, guide: Any, index: Any, device: torch.device, dtype: torch.dtype) -> Estimate:
    """x0 estimate of the frames `index` of a mel."""
    told = guide.at(index).to(device)
    with torch.inference_mode():
        prior = network.prior(told)
    return estimated(network, device, dtype, told, prior)


def windowed(
    network: Any,
    guide: Any,
    frames: int,
    device: torch.device,
    dtype: torch.dtype,
    window_frames: int,
    circular: bool = False,
) -> Estimate:
    """x0 estimate over windows whose margins cover the receptive field, so no seam can be heard.

    Args:
        circular: the end goes over into the beginning, for a loop.
    """
    parts = []
    for span in spans(frames, window_frames, network.receptive_frames, circular):
        index = span.index(frames)
        parts.append((span, index, window(network, guide, index, device, dtype)))

    def estimate(x_t: Tensor, t: float) -> Tensor:
        out = torch.empty_like(x_t)
        for span, index, within in parts:
            own = slice(span.first - span.low, span.stop - span.low)
            out[:, span.first : span.stop] = within(x_t[:, index], t)[:, own]
        return out

    return estimate
