"""Flow decoder: fills in the detail of a Structure (flow matching, arXiv 2210.02747).

Structure (notes and/or coarse mel and onsets, or nothing) -> MelSpectrogram. t = 0 is data, t = 1 is
noise, v = noise - x0. The network estimates x0, and v = (x_t - x0) / t. `decoder/diffusion.py` is the same
stage with other schedulers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen import memory
from audiogen.artifacts import Conditioning, MelSpectrogram, Structure
from audiogen.conditions import FIRST_SOURCES, source_weights
from audiogen.decoder.guide import make_guide
from audiogen.media.mel import PAN_LIMIT, WIDTH_RANGE, MelSettings, band_centres_hz, group_of_band
from audiogen.networks.colour_bank import ColourBank
from audiogen.networks.mel_decoder import Guide, MelDecoder
from audiogen.networks.scenes import BEDS, draw_scene
from audiogen.pretrained import Pretrained
from audiogen.sampling.field import Estimate, kept, steered, window, windowed
from audiogen.sampling.flow import Solver, draw_noise, grid, noise_frames
from audiogen.sampling.marching import march
from audiogen.sampling.schedulers import SOLVERS, sample, scheduler
from audiogen.sampling.windows import Span, spans
from audiogen.stage import PLAIN, Edit, Options, Progress, Sampling, report

WINDOW_REACH = 4  # frames: half a window of 4096 samples
WINDOW_FRAMES = 1500  # 20 s; longer pieces are computed in such windows, without seams


@dataclass(frozen=True)
class FlowDecoderConfig:
    """What the decoder is made of.

    Attributes:
        width, dilations: channels and blocks of the trunk.
        templates: of the note bank, per key; 0: a decoder of ambience, which is given no notes. Its take are
            the components of a lasting colour, drawn from its bank of `scenes`.
        sources: of sound, in the order in which its bank holds them.
        attributes: Conditioning fields that it hears.
        take_names: how the instrument is set up; the values of `take_centre` and `take_spread` are in
            -1..1 over the training range, a take is drawn around the centre.
        condition: width of the conditioning vector.
        steps, scheduler: defaults of a call.
        shift: above 1 spends more of the steps near noise, where it is decided what happens when.
        guidance: default of a call without a structure; with one it is 1, off. guidance_rescale: default of
            a call, see `sampling.guidance`.
        noise_scale: std of the starting noise where a structure is followed. Below 1 is the prior
            temperature of Grad-TTS and Glow-TTS: less of what an undertrained flow would invent
            between the partials, and less variety.
    """

    mel: MelSettings = MelSettings()
    width: int = 320
    dilations: tuple[int, ...] = (1, 1, 2, 4, 1, 2, 4, 8)
    templates: int = 8
    condition: int = 256
    scenes: int = 0
    sources: tuple[str, ...] = FIRST_SOURCES
    attributes: tuple[str, ...] = ("density", "loudness", "register")
    take_names: tuple[str, ...] = ("brightness", "reverb_db", "reverb_s", "width", "cents")
    take_centre: tuple[float, ...] = (0.1, 0.1, 0.0, 0.2, 0.0)
    take_spread: tuple[float, ...] = (0.35, 0.35, 0.35, 0.3, 0.15)
    steps: int = 2
    shift: float = 1.0
    scheduler: str = "euler"
    guidance: float = 1.0
    guidance_rescale: float = 0.0
    noise_scale: float = 0.75


class FlowDecoder(Pretrained):
    """The stage."""

    name: ClassVar[str] = "flow"
    family: ClassVar[str] = "flow"
    observable: ClassVar[bool] = True
    editable: ClassVar[bool] = True
    begins: ClassVar[bool] = True
    seam, takes, gives = "decoder", Structure, MelSpectrogram
    config_class = FlowDecoderConfig

    @staticmethod
    def build(config: FlowDecoderConfig) -> nn.Module:
        return MelDecoder(
            bands=config.mel.n_bands,
            groups=config.mel.n_groups,
            centres_hz=band_centres_hz(config.mel),
            floor=config.mel.floor,
            width=config.width,
            dilations=tuple(config.dilations),
            templates=config.templates,
            attributes=len(config.attributes),
            take=len(config.take_names),
            condition=config.condition,
            scenes=config.scenes,
            sources=len(config.sources),
            group_of_band=group_of_band(config.mel) if config.mel.subframes > 1 else None,
        )

    def __call__(
        self,
        x: Structure,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> MelSpectrogram:
        """Decode a structure.

        Args:
            options: its observer is called after every step with what the mel would be as far as is known
                then; the last is the result. Its edit is a mel that stays but for its span. Where it is
                `arriving`, a long mel is decoded while it is read, to the same values.
        """
        mel, observer = self.config.mel, options.observer
        run = scheduler(self.family, sampling.scheduler or self.config.scheduler)
        frames = mel.frames(x.seconds)
        seed = sampling.seed_for("decoder")
        if options.edit is None:
            x = self.lasting(x, conditioning, sampling)
        take = self.draw_take(seed, conditioning, x)
        names, keys = self.config.attributes, self.network.keys
        guide = make_guide(x, conditioning, take, names, frames, mel, keys, sampling.loop)
        scale = 1.0 if x.is_empty else 1 + sampling.structure_strength * (self.config.noise_scale - 1)
        notes = x.notes if sampling.structure_strength > 0 else None  # else it knows nothing of them
        made = partial(
            MelSpectrogram,
            seconds=x.seconds,
            settings=mel,
            take=dict(zip(self.config.take_names, (round(float(v), 3) for v in take), strict=True)),
            notes=notes,
            sources=() if keys else tuple(name for name, weight in conditioning.sources.items() if weight),
        )
        sampling = self.with_defaults(x, sampling)
        asked, default = sampling.steps or self.config.steps, self.config.steps
        laid = self.family == "flow" and sampling.grids > 1
        steps = grid(asked, default if laid else asked, self.config.shift)
        solve = SOLVERS.get(sampling.scheduler or self.config.scheduler) if self.family == "flow" else None
        local = sampling.guidance == 1 and sampling.structure_strength == 1 and not sampling.loop
        alone = options.edit is None and observer is None and frames > WINDOW_FRAMES
        if options.arriving and solve is not None and local and alone:
            parts = self.march(solve, guide, frames, scale, seed, steps)
            return arriving(parts, frames, mel, made)
        noise = scale * draw_noise((self.network.dimensions, frames), seed).T[None]
        seen = None
        if observer is not None:

            def seen(done: int, steps: int, x0: Tensor) -> None:
                observer(done, steps, made(*self.arrays(x0)))

        estimate = self.estimate(guide, sampling, sampling.loop)
        if options.edit is not None:
            estimate = kept(estimate, *self.known(options.edit, frames))
        x0 = sample(
            run,
            estimate,
            noise,
            steps,
            seed,
            lambda step, total: report(progress, "decoder", step, total),
            seen,
        )
        return made(*self.arrays(x0))

    def march(
        self, solve: Solver, guide: Guide, frames: int, scale: float, seed: int, steps: Tensor
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Mid [bands, F] and side [2, groups, F] of window after window, from noise of this scale."""
        drawn = noise_frames((self.network.dimensions, frames), seed)
        laid = spans(frames, WINDOW_FRAMES, self.network.receptive_frames)

        def estimates(span: Span) -> Estimate:
            return window(self.network, guide, span.index(frames), self.device, self.dtype)

        def noise(span: Span) -> Tensor:
            return scale * drawn[None, span.first : span.stop]

        for x0 in march(solve, laid, noise, steps, estimates):
            yield self.unpacked(x0)
            memory.leave()

    def known(self, edit: Edit, frames: int) -> tuple[Tensor, Tensor]:
        """The normalised mel [1, F, D] that is there, and 1 where it may change [1, F, 1].

        What is new begins as far outside its span as the windows of the spectra reach into it.
        """
        rate = self.config.mel.frame_rate
        first, stop = (round(s * rate) for s in edit.span_s)
        packed = pack(torch.from_numpy(edit.begin.mid), torch.from_numpy(edit.begin.side))
        with torch.inference_mode():
            known = self.network.normalise(packed.T[None].to(self.device)).cpu()
        mask = torch.zeros(1, frames, 1)
        mask[:, max(0, first - WINDOW_REACH) : stop + WINDOW_REACH] = 1
        return known[:, :frames], mask

    def with_defaults(self, x: Structure, sampling: Sampling) -> Sampling:
        """The sampling with guidance and rescale: what was asked, else the defaults.

        Where a structure leads the way there is no guidance by default.
        """
        guidance, rescale = sampling.guidance, sampling.guidance_rescale
        if guidance is None:
            guidance = self.config.guidance if x.is_empty else 1.0
        if rescale is None:
            rescale = self.config.guidance_rescale
        return replace(sampling, guidance=guidance, guidance_rescale=rescale)

    def lasting(self, x: Structure, conditioning: Conditioning, sampling: Sampling) -> Structure:
        """Of a bed without a structure, what is heard throughout: an even coarse mel. Else `x` as it is.

        Left to itself the network makes steady hiss of it (YAMNet's rain 0.03, waves 0.03; 8 seeds each);
        held to the spectrum of one scene rain and waves (0.38, 0.43; 16). What lives by its events, as a
        fire and birds do, is better left free (0.13 against 0.07, 0.14 against 0.00; 8).
        """
        mel, bank, sources = self.config.mel, self.network.bank, conditioning.sources
        bed = bool(sources) and all(name in BEDS for name, weight in sources.items() if weight)
        measured = sampling.scenes > 4 and mel.subframes == 1  # other layouts have groups without bands
        if not measured or not x.is_empty or not bed or not isinstance(bank, ColourBank):
            return x
        weights = source_weights(conditioning, self.config.sources)
        rng = np.random.default_rng(sampling.seed_for("decoder"))

        def groups(bands: Tensor) -> Tensor:
            return self.network.gathered(bands)[0]  # type: ignore[no-any-return]

        with torch.inference_mode():
            components, _ = draw_scene(
                bank, mel, weights, sources, conditioning.intensity, rng, sampling.scenes, groups
            )
            colour = groups(bank(torch.from_numpy(components)[None].to(self.device))).cpu().numpy()
        return replace(x, mel=np.repeat(colour[:, None], mel.coarse_frames(x.seconds), 1), settings=mel)

    def draw_take(self, seed: int, conditioning: Conditioning, x: Structure) -> np.ndarray:
        """What belongs to a seed, float32 [T]: set-up of instrument and room (-1..1), or the colour.

        A coarse mel has its own colour.
        """
        generator = np.random.default_rng(seed)
        bank = self.network.bank
        if isinstance(bank, ColourBank) and x.mel is not None:
            spectrum = self.network.spread(torch.from_numpy(x.mel.mean(1)).float().to(self.device))
            return bank.describe(spectrum[None])[0].cpu().numpy()
        if isinstance(bank, ColourBank):
            weights = source_weights(conditioning, self.config.sources)
            return bank.draw(weights, conditioning.intensity, generator)
        centre, spread = np.array(self.config.take_centre), np.array(self.config.take_spread)
        drawn = np.clip(generator.standard_normal(len(centre)), -2, 2)
        return np.clip(centre + spread * drawn, -1, 1).astype(np.float32)

    def estimate(self, guide: Guide, sampling: Sampling, circular: bool = False) -> Estimate:
        """The steered estimate of one piece: (x_t [1, F, D], t) -> x0 [1, F, D].

        Args:
            circular: the end goes over into the beginning, for a loop.
        """
        strength = sampling.structure_strength
        weight = 1.0 if sampling.guidance is None else sampling.guidance

        def estimator(about: Guide) -> Estimate:
            frames = about.roll.shape[2]
            return windowed(self.network, about, frames, self.device, self.dtype, WINDOW_FRAMES, circular)

        guided = estimator(guide)
        free = estimator(guide.without_structure()) if strength < 1 else None
        plain = estimator(guide.without_attributes()) if weight != 1 else None
        return steered(guided, plain, weight, sampling.guidance_rescale or 0.0, free, strength, circular)

    def arrays(self, x0: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Mid and side of a normalised packed mel [1, F, D], within the ranges of the mel."""
        mid, side = self.unpacked(x0)
        return mid.numpy(), side.numpy()

    def unpacked(self, x0: Tensor) -> tuple[Tensor, Tensor]:
        """Mid [bands, F] and side [2, groups, F] of a normalised packed mel, within their ranges."""
        mel = self.config.mel
        with torch.inference_mode():
            packed = self.network.denormalise(x0.to(self.device)).cpu()[0].T
        mid, side = unpack(packed, mel)
        side[0].clamp_(-PAN_LIMIT, PAN_LIMIT)
        side[1].clamp_(*WIDTH_RANGE)
        return mid.clamp_min(float(np.log(mel.floor))), side


def arriving(
    parts: Iterator[tuple[Tensor, Tensor]], frames: int, mel: MelSettings, made: Callable[..., MelSpectrogram]
) -> MelSpectrogram:
    """A mel that is filled from its beginning, as far as whoever reads it asks for with `until`."""
    mid, side = memory.zeros(mel.n_bands, frames), memory.zeros(2, mel.n_groups, frames)
    there = 0

    def until(frame: int) -> None:
        nonlocal there
        while there < min(frame, frames):
            part, beside = next(parts)
            stop = there + part.shape[1]
            mid[:, there:stop], side[:, :, there:stop] = part.numpy(), beside.numpy()
            there = stop
            memory.leave()

    return made(mid, side, until=until)


def pack(mid: Tensor, side: Tensor) -> Tensor:
    """mid [..., bands, F] and side [..., 2, groups, F] -> [..., D, F]."""
    return torch.cat([mid, side.flatten(-3, -2)], -2)


def unpack(packed: Tensor, mel: MelSettings) -> tuple[Tensor, Tensor]:
    """The inverse of `pack`, as copies."""
    mid = packed[..., : mel.n_bands, :].clone()
    return mid, packed[..., mel.n_bands :, :].unflatten(-2, (2, mel.n_groups)).clone()
