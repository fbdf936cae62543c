"""A pretrained picture model taken apart for training: its words, its latents, its denoiser.

Stable Diffusion 1.5 and 2.x, XL, and 3, by the pipelines of diffusers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from audiogen.errors import InvalidRequest
from audiogen.hub import loading

DENOISERS = {
    "UNet2DConditionModel": "unet",
    "SD3Transformer2DModel": "transformer",
}  # class -> part of a pipeline
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")


class PictureModel:
    """A pipeline and its parts.

    Attributes:
        place: of the denoiser in the pipeline, which is also its name in a file of LoRA weights.
    """

    def __init__(self, pipe: Any, source: str) -> None:
        kinds = {place: type(getattr(pipe, place, None)).__name__ for place in set(DENOISERS.values())}
        place = next((place for place, kind in kinds.items() if DENOISERS.get(kind) == place), None)
        if place is None:
            raise InvalidRequest(
                f"LoRAs are trained for Stable Diffusion 1.5, 2.x, XL and 3, and {source} is a "
                f"{type(pipe).__name__}."
            )
        self.pipe, self.place = pipe, place
        self.denoiser = getattr(pipe, place)
        self.dtype: torch.dtype = self.denoiser.dtype
        self._encode_in(torch.float32)  # SDXL's image encoder overflows in 16 bits

    @property
    def size(self) -> int:
        """Pixels to a side that it was made for."""
        return int(self.denoiser.config.sample_size * self.pipe.vae_scale_factor)

    @property
    def grid(self) -> int:
        """Sides are multiples of it, pixels: latents that the denoiser can halve as often as it does."""
        deep = len(self.denoiser.config.block_out_channels) - 1 if self.place == "unet" else 1
        return int(self.pipe.vae_scale_factor * 2**deep)

    @torch.no_grad()
    def words(self, prompt: str) -> dict[str, Tensor]:
        """What the text encoders make of a prompt, without the batch: "words" [N, D], maybe "pooled" [P]."""
        encode = self.pipe.encode_prompt
        more = {name: None for name in ("prompt_2", "prompt_3") if name in loading.taken(encode)}
        made = encode(
            prompt=prompt,
            device=self.denoiser.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
            **more,
        )
        names = {"words": made[0], "pooled": made[2] if len(made) == 4 else None}
        return {name: part[0].float().cpu() for name, part in names.items() if part is not None}

    def forget_encoders(self) -> None:
        """Let the text encoders go, once all words are known; the image decoder is as the others again."""
        self._encode_in(self.dtype)
        for name in ENCODERS:
            if hasattr(self.pipe, name):
                setattr(self.pipe, name, None)

    def _encode_in(self, dtype: torch.dtype) -> None:
        if self.pipe.vae.dtype != dtype:
            self.pipe.vae.to(dtype)

    @torch.no_grad()
    def latents(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latents [C, h, w] of pixels [3, H, W] in -1 .. 1."""
        found = self.pipe.vae.encode(pixels[None].to(self.pipe.vae.device)).latent_dist
        return found.mean[0].cpu(), found.std[0].cpu()

    def scaled(self, latents: Tensor) -> Tensor:
        """Latents of the image encoder as the denoiser has them."""
        settings = self.pipe.vae.config
        return (latents - (getattr(settings, "shift_factor", None) or 0.0)) * settings.scaling_factor

    def inputs(self, x_t: Tensor, times: Tensor, batch: dict[str, Tensor]) -> tuple[tuple[Tensor, ...], dict]:
        """Arguments of the denoiser, in its dtype, out of "words", "pooled" and "frame" of a batch."""
        kind = self.dtype
        words = batch["words"].to(kind)
        if self.place == "transformer":
            return (x_t.to(kind), words, batch["pooled"].to(kind), times), {}
        if "pooled" not in batch:
            return (x_t.to(kind), times, words), {}
        added = {"text_embeds": batch["pooled"].to(kind), "time_ids": batch["frame"].to(kind)}
        return (x_t.to(kind), times, words), {"added_cond_kwargs": added}

    def sample(
        self, words: dict[str, Tensor], empty: dict[str, Tensor], size: int, steps: int, seed: int
    ) -> Any:
        """A picture float32 [H, W, 3] of encoded words and of those of the empty prompt."""
        given = {"prompt_embeds": words["words"], "negative_prompt_embeds": empty["words"]}
        if "pooled" in words:
            given |= {
                "pooled_prompt_embeds": words["pooled"],
                "negative_pooled_prompt_embeds": empty["pooled"],
            }
        given = {name: part[None].to(self.denoiser.device, self.dtype) for name, part in given.items()}
        made = self.pipe(
            **given,
            height=size,
            width=size,
            num_inference_steps=steps,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        )
        return made.images[0]
