"""The stage that paints one frame of a story by One-Prompt-One-Story: Stable Diffusion 1.5, 2 and XL.

It is the stage `text-to-image` with other embeddings and another cross-attention for the time of a call; the
pipeline is that of diffusers. All frames begin with the noise of one seed.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.hub import loading
from audiogen.hub.choice import CallSettings
from audiogen.hub.identity import Identity, attending, cross_attentions
from audiogen.hub.one_prompt import ROOM, OnePrompt, Window, places, windows
from audiogen.hub.pictures import USUAL, TextToImage
from audiogen.hub.reweighting import expressed
from audiogen.stage import PLAIN, Options, Progress, Sampling

MOST_NAMED = 4  # frames in one line


class Telling:
    """What the frames of one story share: the model, the windows, the identity's keys and values.

    Args:
        stage: text-to-image with its model.
        identity, frames: final words, those of a style in the identity.
    Raises:
        InvalidRequest: a model without cross-attention or CLIP's words, or see `windows`.
    """

    def __init__(self, stage: TextToImage, identity: str, frames: Sequence[str], how: OnePrompt) -> None:
        pipe = stage.pipe
        self.stage = stage
        self.encoders = [
            (tokenizer, encoder.config.hidden_size)
            for suffix in ("", "_2")
            if (tokenizer := getattr(pipe, f"tokenizer{suffix}", None)) is not None
            and (encoder := getattr(pipe, f"text_encoder{suffix}", None)) is not None
        ]
        clip = all("CLIP" in type(tokenizer).__name__ for tokenizer, _ in self.encoders)
        if not cross_attentions(getattr(pipe, "unet", None)) or not self.encoders or not clip:
            raise InvalidRequest(
                f"{stage.choice.source} has no cross-attention to the words of CLIP, which a story needs; "
                "give a Stable Diffusion 1.5, 2 or XL, or tell the story without --model."
            )
        two = len(self.encoders) > 1
        self.how = how if how.rescale is not None else dataclasses.replace(how, rescale=not two)
        self.identity = identity
        room = min([ROOM, *(tokenizer.model_max_length - 2 for tokenizer, _ in self.encoders)])
        self.windows = windows(identity, frames, self.count, how.window, room)
        self.remarks = self._about_windows(frames, how.window)
        self._known: dict[bool, Identity] = {}

    def _about_windows(self, frames: Sequence[str], longest: int) -> tuple[str, ...]:
        """Which frames fall out of the first prompt where the text encoder does not hold as many as asked."""
        size = len(self.windows[0].frames)
        if size >= min(len(frames), longest):
            return ()
        out = [f"{number} ({frame!r})" for number, frame in enumerate(frames[size:], size + 1)]
        named = ", ".join(out[:MOST_NAMED]) + (f" and {len(out) - MOST_NAMED} more" * (len(out) > MOST_NAMED))
        return (
            f"the text encoder holds {size} of the {len(frames)} frames beside the identity: out of the "
            f"prompt of frame 1 fall {named}, and so on around the end; shorter frames hold together better",
        )

    def count(self, text: str) -> int:
        """Tokens of a text, by the encoder that needs most."""
        return max(len(_tokens(tokenizer, text)) for tokenizer, _ in self.encoders)

    def frame(self, number: int) -> FrameOfStory:
        """The stage that paints a frame, counted from 0."""
        return FrameOfStory(self, number)

    def embeds(self, pipe: Any, window: Window, negative: str, guided: bool) -> dict[str, Tensor]:
        """The arguments of the pipeline for the words of a frame."""
        told = self.encoded(pipe, window.text, negative, guided)
        told["prompt_embeds"] = self.weighed(told["prompt_embeds"][0], window)[None]
        if self.how.without_pooled and "pooled_prompt_embeds" in told:
            told["pooled_prompt_embeds"] = torch.zeros_like(told["pooled_prompt_embeds"])
        return told

    def weighed(self, embeds: Tensor, window: Window) -> Tensor:
        """[T, D] with the frame that is painted stronger, each text encoder by itself."""
        tokenizer, _ = self.encoders[0]
        whole = tokenizer(window.text, padding="max_length", truncation=True).input_ids
        start = 1 + len(_tokens(tokenizer, self.identity))
        spots = places(whole, [_tokens(tokenizer, frame) for frame in window.frames], start)
        express = spots[window.express] or range(0)
        suppress = [spot for k, spot in enumerate(spots) if k != window.express and spot is not None]
        end = tokenizer.eos_token_id
        ends = [place for place, token in enumerate(whole) if token == end]
        parts = embeds.split([width for _, width in self.encoders], -1)
        return torch.cat([expressed(part, express, suppress, ends, self.how) for part in parts], -1)

    def encoded(self, pipe: Any, text: str, negative: str, guided: bool) -> dict[str, Tensor]:
        """What the pipeline's own encoding gives, by the names of its arguments."""
        made = pipe.encode_prompt(
            prompt=text,
            device=pipe._execution_device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=guided,
            negative_prompt=negative or None,
        )
        names = ["prompt_embeds", "negative_prompt_embeds"]
        names += ["pooled_prompt_embeds", "negative_pooled_prompt_embeds"]
        return {name: tensor for name, tensor in zip(names, made, strict=False) if tensor is not None}

    def looks(self, pipe: Any, guided: bool, sampling: Sampling) -> Identity | None:
        """The identity as attention sees it; its keys and values are those of the frames before."""
        how = self.how
        if not how.ipca:
            return None
        if guided not in self._known:
            tokenizer, _ = self.encoders[0]
            embeds = self.encoded(pipe, self.identity, "", False)["prompt_embeds"]
            keep = torch.arange(embeds.shape[1]) <= len(_tokens(tokenizer, self.identity))
            self._known[guided] = Identity(embeds, keep, guided)
        known = self._known[guided]
        noise = torch.Generator().manual_seed(sampling.seed_for("ipca"))
        return dataclasses.replace(known, begin=how.ipca_from, dropout=how.dropout, noise=noise)


class FrameOfStory(TextToImage):
    """Words to the picture of one frame; its networks are those of the story's stage."""

    def __init__(self, telling: Telling, number: int) -> None:
        vars(self).update(vars(telling.stage))  # nothing is loaded or placed again
        self.telling = telling
        self.window = telling.windows[number]
        self.looks: Identity | None = None

    def __call__(
        self,
        x: Any,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Any:
        def counted(stage: str, step: int, total: int) -> bool:
            if self.looks is not None:
                self.looks.step = step
            return progress(stage, step, total)

        return super().__call__(x, conditioning, sampling, counted, options)

    @contextmanager
    def worded(
        self, pipe: Any, conditioning: Conditioning, sampling: Sampling, told: CallSettings = USUAL
    ) -> Iterator[dict[str, Any]]:
        given = loading.worded(pipe, conditioning, sampling, self.choice.source)
        given = {name: value for name, value in given.items() if "prompt" not in name}
        usual = inspect.signature(pipe.__call__).parameters["guidance_scale"].default
        guided = given.get("guidance_scale", usual) > 1 and pipe.unet.config.time_cond_proj_dim is None
        with torch.no_grad():
            embeds = self.telling.embeds(pipe, self.window, conditioning.negative, guided)
            self.looks = self.telling.looks(pipe, guided, sampling)
        with attending(pipe.unet, self.looks):
            yield given | embeds


def _tokens(tokenizer: Any, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
    return found
