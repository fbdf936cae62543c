"""Our names of schedulers on the classes of diffusers; see also `sampling/schedulers.py` for our own."""

from __future__ import annotations

from typing import Any

from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest

NOISE: dict[str, tuple[str, dict[str, Any]]] = {
    "ddpm": ("DDPMScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "pndm": ("PNDMScheduler", {}),
    "dpm-solver++": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": False}),
    "dpm-solver++-karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
}
FLOW: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "heun": ("FlowMatchHeunDiscreteScheduler", {}),
}


def scheduler_for(own: Any, name: str | None) -> Any:
    """A fresh scheduler with the settings of a model.

    Args:
        own: that of the model. name: None: of its class.
    Raises:
        InvalidRequest: a model of flow matching has no such scheduler.
    """
    if name is None:
        return type(own).from_config(own.config)
    known: Any = FLOW if type(own).__name__.startswith("FlowMatch") else NOISE
    if name not in known:
        raise InvalidRequest(
            f"This model learned flow matching, which has no scheduler {name!r}; it has: {', '.join(known)}."
        )
    cls, more = known[name]
    return getattr(import_diffusers(), cls).from_config(own.config, **more)
