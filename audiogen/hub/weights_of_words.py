"""Prompts with weights, "(big eyes)1.4, blurry-", and of any length, read in pieces: by compel.

For models that hear CLIP alone: Stable Diffusion 1.5, 2 and XL. A result is that of the bare call with the
embeddings that compel gives.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch

from audiogen.errors import InvalidRequest, MissingPackage


def embedded(pipe: Any, prompt: str, negative: str, source: str) -> dict[str, torch.Tensor]:
    """The arguments of a pipeline in place of its prompts.

    Raises:
        MissingPackage: no compel. InvalidRequest: a model of another family.
    """
    if importlib.util.find_spec("compel") is None:
        raise MissingPackage("--prompt-weights needs compel: pip install 'audiogen[prompts]'.")
    made_of = type(pipe).__name__
    if not made_of.startswith("StableDiffusion") or made_of.startswith("StableDiffusion3"):
        raise InvalidRequest(
            f"--prompt-weights is for Stable Diffusion 1.5, 2 and XL; {source} is none of them."
        )
    import compel

    reader: Any = compel.CompelForSDXL if "XL" in made_of else compel.CompelForSD
    reads = reader(pipe, device=str(pipe.device))
    with torch.no_grad():
        told = reads(prompt, negative_prompt=negative)
    found = {
        "prompt_embeds": told.embeds,
        "negative_prompt_embeds": told.negative_embeds,
        "pooled_prompt_embeds": told.pooled_embeds,
        "negative_pooled_prompt_embeds": told.negative_pooled_embeds,
    }
    return {key: value for key, value in found.items() if value is not None}
