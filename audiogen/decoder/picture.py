"""Decoders of pictures: Contour (or none) and words -> Latents, by flow and by diffusion.

The sampling is that of sound (`sampling/`): the places of the latents, row after row, take the part of the
frames. t = 0 is data, t = 1 is noise; the network estimates x0. A picture that is changed starts on the path
between itself and noise (SDEdit, arXiv 2108.01073), and a mask holds what must stay (`sampling.field.kept`).

A subject that is known is painted as painters do: its forms and colours are laid in as an illustration, an
underpainting, and the style is painted over that as a picture is changed. Digits are strokes, at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, Contour, Latents
from audiogen.conditions import word_ids
from audiogen.errors import InvalidRequest
from audiogen.networks.latent_decoder import LatentDecoder, PictureGuide
from audiogen.pretrained import Pretrained
from audiogen.sampling.field import Estimate, kept, steered, whole
from audiogen.sampling.flow import draw_noise, times
from audiogen.sampling.schedulers import sample, scheduler
from audiogen.stage import PLAIN, Edit, Options, Progress, Sampling, report

Observer = Callable[[int, int, Latents], None]


@dataclass(frozen=True)
class PictureDecoderConfig:
    """What the decoder is made of.

    Attributes:
        channels, grid: of the latents: [channels, grid, grid], for pictures of `size` pixels.
        widths, blocks, heads, hidden, word, condition: of the network, see `LatentDecoder`.
        styles: names of styles and looks; vocabulary: the words that it knows; words: at most so many.
        steps, scheduler: defaults of a call.
        heun_steps: of Heun's method, the default of recipes of before `grids` 3; 0: the same as now.
        shift: above 1 spends more of the steps near noise, where it is decided what is seen.
        guidance, guidance_rescale: defaults of a call.
        look_guidance: that of a known subject in a look of illustrations, None: the same.
        underpainting: the look in which forms and colours are laid in; "": never.
        overpainting: style -> how much of the underpainting it changes, 0 to 1; others have none.
        layouts: style or look -> how much of the colours that are laid in for it is changed, 0 to 1; others
            have none.
    """

    channels: int = 8
    grid: int = 32
    size: int = 256
    widths: tuple[int, int, int] = (64, 128, 288)
    blocks: tuple[int, int, int] = (1, 1, 4)
    heads: int = 6
    hidden: int = 864
    word: int = 192
    condition: int = 256
    styles: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    words: int = 12
    steps: int = 8
    scheduler: str = "dpm-solver++"
    heun_steps: int = 0
    shift: float = 1.5
    guidance: float = 2.0
    guidance_rescale: float = 0.5
    look_guidance: float | None = None
    underpainting: str = ""
    overpainting: dict[str, float] = field(default_factory=dict)
    layouts: dict[str, float] = field(default_factory=dict)


class PictureFlowDecoder(Pretrained):
    """The stage that solves the flow's differential equation."""

    name: ClassVar[str] = "flow"
    family: ClassVar[str] = "flow"
    observable: ClassVar[bool] = True
    editable: ClassVar[bool] = True
    seam, takes, gives = "decoder", Contour, Latents
    config_class = PictureDecoderConfig
    config: PictureDecoderConfig

    @staticmethod
    def build(config: PictureDecoderConfig) -> nn.Module:
        network: nn.Module = LatentDecoder(
            channels=config.channels,
            grid=config.grid,
            widths=config.widths,
            blocks=config.blocks,
            heads=config.heads,
            hidden=config.hidden,
            styles=len(config.styles),
            words=len(config.vocabulary),
            word=config.word,
            condition=config.condition,
        )
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(
        self,
        x: Contour,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Latents:
        """Paint what the words say along a contour.

        Args:
            x: 28x28 or 64x64; an empty one: the decoder composes the picture itself.
            options: its observer is called after every step with what the picture would be as far as is known
                then; the last is the result. Its edit is the latents of a picture that is changed.
        Raises:
            InvalidRequest: the latents of the edit have another shape.
        """
        observer, edit = options.observer, options.edit
        strength = 1.0 if edit is None else edit.strength
        over = self.overpainting(conditioning)
        if not 0 < over < strength:  # a smaller change keeps the colours that are there
            return self._paint(x, conditioning, sampling, progress, observer, edit)
        _, every = self.walk(sampling)
        steps = _share(every, strength)
        total = steps + _share(every, over)

        def later(stage: str, step: int, _: int) -> bool:
            return progress(stage, step + steps, total)

        def first(stage: str, step: int, _: int) -> bool:
            return progress(stage, step, total)

        def seen(at: int) -> Observer | None:
            return None if observer is None else lambda done, _, latents: observer(at + done, total, latents)

        laid_in = replace(conditioning, style=None, look=self.config.underpainting)
        seed = sampling.seed_for("underpainting")
        below = self._paint(x, laid_in, sampling, first, seen(0), edit, seed)
        above = Edit(below, over, None if edit is None else edit.mask)
        return self._paint(x, conditioning, sampling, later, seen(steps), above)

    def overpainting(self, conditioning: Conditioning) -> float:
        """How much of an underpainting is painted over for this; 0: there is none."""
        config = self.config
        if not (config.underpainting and conditioning.style and self.knows(conditioning)):
            return 0.0
        return config.overpainting.get(conditioning.style, 0.0)

    def knows(self, conditioning: Conditioning) -> bool:
        """Whether it was taught the subject."""
        return bool(word_ids((conditioning.subject,), self.config.vocabulary, self.config.words))

    def _paint(
        self,
        x: Contour,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        observer: Observer | None,
        edit: Edit | None = None,
        seed: int | None = None,
    ) -> Latents:
        """One pass of the solver; `seed` is of its noise, by default that of the decoder."""
        config = self.config
        name, steps = self.walk(sampling)
        run = scheduler(self.family, name)
        seed = sampling.seed_for("decoder") if seed is None else seed
        noise = draw_noise((config.channels, config.grid**2), seed).T[None]
        estimate = self.estimate(self.guide(x, conditioning), self.with_defaults(sampling, conditioning))
        start, strength = noise, 1.0
        if edit is not None:
            known, strength = self.known(edit), edit.strength
            if edit.mask is not None:
                mask = torch.from_numpy(edit.mask).float().reshape(1, -1, 1)
                estimate = kept(estimate, known, mask)
            start = known + strength * (noise - known)
            steps = _share(steps, strength)
        if strength == 0:
            return self.wrap(start, conditioning)

        seen = None
        if observer is not None:

            def seen(done: int, steps: int, x0: Tensor) -> None:
                observer(done, steps, self.wrap(x0, conditioning))

        x0 = sample(
            run,
            estimate,
            start,
            times(steps, config.shift, strength),
            seed,
            lambda step, total: report(progress, "decoder", step, total),
            seen,
        )
        return self.wrap(x0, conditioning)

    def walk(self, sampling: Sampling) -> tuple[str, int]:
        """Scheduler and steps of the whole path: what was asked, else the defaults."""
        name, steps = self.config.scheduler, self.config.steps
        if sampling.grids < 3 and self.config.heun_steps:
            name, steps = "heun", self.config.heun_steps
        return sampling.scheduler or name, sampling.steps or steps

    def with_defaults(self, sampling: Sampling, conditioning: Conditioning) -> Sampling:
        """The sampling with guidance and rescale: what was asked, else the defaults."""
        config, guidance, rescale = self.config, sampling.guidance, sampling.guidance_rescale
        default = config.guidance
        if config.look_guidance is not None and conditioning.look and self.knows(conditioning):
            default = config.look_guidance
        return replace(
            sampling,
            guidance=default if guidance is None else guidance,
            guidance_rescale=config.guidance_rescale if rescale is None else rescale,
        )

    def estimate(self, guide: PictureGuide, sampling: Sampling) -> Estimate:
        """The steered estimate of one picture: (x_t [1, N, C], t) -> x0 [1, N, C]."""
        strength, rescale = sampling.structure_strength, sampling.guidance_rescale or 0.0
        weight = 1.0 if sampling.guidance is None else sampling.guidance

        def estimator(about: PictureGuide) -> Estimate:
            return whole(self.network, about, self.device, self.dtype)

        def guided(about: PictureGuide) -> Estimate:
            plain = estimator(about.without_attributes()) if weight != 1 else None
            return steered(estimator(about), plain, weight, rescale, reach=self.config.grid**2)

        if strength == 1 or not guide.present.any():
            return guided(guide)
        return steered(guided(guide), free=guided(guide.without_structure()), strength=strength)

    def guide(self, contour: Contour, conditioning: Conditioning) -> PictureGuide:
        """The guide of one picture, batch of 1."""
        config = self.config
        ink = contour.enlarged(2 * config.grid).pixels
        style = conditioning.style or conditioning.look
        told = word_ids((conditioning.subject, *conditioning.details), config.vocabulary, config.words)
        return PictureGuide(
            contour=torch.from_numpy(ink)[None].float(),
            present=torch.tensor([0.0 if contour.is_empty else 1.0]),
            style=torch.tensor([config.styles.index(style) + 1 if style in config.styles else 0]),
            words=torch.tensor([told + [0] * (config.words - len(told))]),
        )

    def known(self, edit: Edit) -> Tensor:
        """The latents of a picture that is changed, [1, N, C]."""
        values = edit.begin.values
        wanted = (self.config.channels, self.config.grid, self.config.grid)
        if values.shape != wanted:
            raise InvalidRequest(
                f"The picture that is changed has latents {list(values.shape)}; "
                f"this decoder makes {list(wanted)}."
            )
        return torch.from_numpy(values).flatten(1).T[None]

    def wrap(self, x0: Tensor, conditioning: Conditioning) -> Latents:
        """[1, N, C] -> artifact."""
        config = self.config
        values = x0[0].T.reshape(config.channels, config.grid, config.grid)
        return Latents(values.contiguous().numpy(), config.size, conditioning)


@dataclass(frozen=True)
class PictureDiffusionDecoderConfig(PictureDecoderConfig):
    """As `PictureDecoderConfig`, with the defaults of a diffusion."""

    steps: int = 16
    scheduler: str = "dpm-solver++"
    shift: float = 1.0


class PictureDiffusionDecoder(PictureFlowDecoder):
    """The same, trained by v-prediction (arXiv 2202.00512) and sampled as a diffusion."""

    name: ClassVar[str] = "diffusion"
    family: ClassVar[str] = "diffusion"
    config_class = PictureDiffusionDecoderConfig


def _share(steps: int, strength: float) -> int:
    """Steps of the part of the path that a change goes."""
    return max(1, math.ceil(steps * strength))
