"""Structure stage `mel`: Conditioning -> coarse mel and onset strength, any sound (autoregressive).

Every 40 ms frame of the coarse mel and its three onset strengths become three codes (a predictive
k-means quantiser); a transformer writes them frame by frame, told the attributes that were asked for and how
much time is left, so that a piece ends instead of being cut.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, Structure
from audiogen.conditions import FIRST_SOURCES, source_weights, wanted_attributes
from audiogen.media.mel import MelSettings
from audiogen.networks.mel_transformer import MelTransformer, MelTransformerConfig
from audiogen.networks.scenes import BEDS, CALLS, DRAFTS, draw_scene, rest, swell
from audiogen.pretrained import Pretrained
from audiogen.stage import PLAIN, SCENES, Edit, Options, Progress, Sampling, report
from audiogen.structure.mel.circle import in_a_circle
from audiogen.structure.mel.reader import NativeReader, TorchReader
from audiogen.structure.score.writer import one_thread

LEAST_KNOWN = 12  # coarse frames that are enough to go on from
FADE_FRAMES = 20  # over which what was written goes over into what comes
REPORT_EVERY = 25  # frames: once a second of sound
SOUNDING = 1.5  # nats above the floor in the loudest group: something can be heard
ATTACK_FRAMES = 4  # an attack has reached its height after so many coarse frames
BEATING = 0.3  # nats by which a dying string may swell
DAMPER = 4.0  # nats per second, 35 dB: dampers and a small room
LAYERS = 100  # more than there can be: drafts and layers are drawn by other numbers
# Calls over a bed of the same mean loudness (recipes with `scenes` below 5), and what lies between them
# over the rest of the bed: of 24 new seeds of rain and birds both are heard (YAMNet 0.05) in 13 and in 19.
CALL_LIFT_DB = dict.fromkeys(CALLS, 8.0)
BETWEEN_CALLS_DB, LIFTS_DB = 1.0, (-4.0, 20.0)
COLOUR_REACH = 2.5  # standard deviations of a colour's components that the buckets cover
QUIET_ABOVE_FLOOR = 0.3  # nats: how a recording sounds before the first note


@dataclass(frozen=True)
class MelStageConfig:
    """What the stage is made of.

    Attributes:
        attributes: (name, lowest, highest, "linear" or "log"), a field of Conditioning or, if there
            is none of that name, a sound source; buckets: steps of each.
        left_step_s: step of the time left that the network hears; left_steps: how many.
        ring_s: the last onset lies this long before the end (less in short pieces).
        damp_s: a struck sound is damped over this last stretch; 0 for sounds that do not die away.
        quiet_frames: silence before the first note.
        temperature: multiplies the one asked for.
        guidance: how far beyond the unasked piece towards what was asked, 1 is off; it costs little,
            because a pass of one frame is bound by reading the weights.
        keep_frames: a piece longer than the context goes on from this many of its last frames.
        dead_s: a silence of this length before the last onset is written anew, from `back_frames`
            before it began, at most `retries` times.
        keep: how much of the mel the quantiser predicts from the frame before (onsets: nothing).
        stages, entries: of the quantiser; width .. dropout: of the transformer.
        ends: whether a piece ends by itself, as music does and weather does not.
        colours: components of a lasting spectrum that a piece keeps (ambience), 0: none. What is coded is the
            deviation from it, so that a long piece cannot drift and the codes are spent on what happens.
            scenes: how many of the training's colours are remembered; a seed draws near one that fits.
        sources: of sound, in the order in which the bank of colours holds them.
    """

    mel: MelSettings = MelSettings()
    attributes: tuple[tuple[str, float, float, str], ...] = (
        ("density", 0.5, 30.0, "log"),
        ("loudness", 24.0, 108.0, "linear"),
        ("register", 40.0, 84.0, "linear"),
    )
    buckets: int = 16
    left_step_s: float = 0.5
    left_steps: int = 16
    ring_s: float = 2.5
    damp_s: float = 1.2
    quiet_frames: int = 3
    temperature: float = 1.0
    guidance: float = 2.0
    keep_frames: int = 192
    dead_s: float = 1.2
    back_frames: int = 5
    retries: int = 8
    keep: float = 0.8
    stages: int = 3
    entries: int = 256
    width: int = 256
    layers: int = 5
    heads: int = 4
    hidden: int = 512
    head_hidden: int = 256
    context: int = 320
    dropout: float = 0.0
    ends: bool = True
    colours: int = 0
    scenes: int = 512
    sources: tuple[str, ...] = FIRST_SOURCES

    @property
    def dimensions(self) -> int:
        return self.mel.n_groups + self.mel.frames_per_coarse


class MelStage(Pretrained):
    """The stage."""

    name, seam, takes, gives = "mel", "structure", Conditioning, Structure
    editable: ClassVar[bool] = True
    config_class = MelStageConfig
    config: MelStageConfig

    def __init__(self, config: MelStageConfig, network: nn.Module, device: str = "auto") -> None:
        """`device` is not followed: a pass of one frame is faster on a CPU than any launch of it."""
        super().__init__(config, network, device="cpu")
        self.dtype = torch.float32

    @staticmethod
    def build(config: MelStageConfig) -> nn.Module:
        return MelTransformer(
            MelTransformerConfig(
                keep=(config.keep,) * config.mel.n_groups + (0.0,) * config.mel.frames_per_coarse,
                stages=config.stages,
                entries=config.entries,
                attributes=len(config.attributes),
                buckets=config.buckets + 1,
                left_buckets=config.left_steps + 2,
                width=config.width,
                layers=config.layers,
                heads=config.heads,
                hidden=config.hidden,
                head_hidden=config.head_hidden,
                context=config.context,
                dropout=config.dropout,
                colours=config.colours,
                groups=config.mel.n_groups,
                scenes=config.scenes,
                sources=len(config.sources),
            )
        )

    def __call__(
        self,
        x: Conditioning,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Structure:
        """Write a coarse mel of `x.seconds`, or, where something is there (`options.edit`), only its gap."""
        if options.edit is not None:
            return self.fill(x, options.edit, sampling, progress)
        if sampling.loop:
            return in_a_circle(lambda longer, call: self(longer, longer, call, progress), x, sampling)
        mel = self.config.mel
        layers = layers_of(x) if self.config.colours else [(x, 0.0)]
        seeds = [layer_seed(sampling, number) for number in range(len(layers))]
        written = self.write_layers([layer for layer, _ in layers], seeds, sampling, progress)
        if sampling.scenes > 4 and len(layers) > 1:
            layers = layers_of(x, self.lifts(layers, written))
        coarse, onsets = written[0]
        for (_, level), above in zip(layers[1:], written[1:], strict=True):
            coarse, onsets = laid_over((coarse, onsets), above, level)
        last = self.last_onset(x.seconds)
        if self.config.damp_s and last is not None:
            die_away(coarse, onsets, last, self.config)
        return Structure(x.seconds, mel=coarse.numpy(), onsets=onsets.numpy(), settings=mel)

    def lifts(
        self, layers: list[tuple[Conditioning, float]], written: list[tuple[Tensor, Tensor]]
    ) -> dict[str, float]:
        """What calls are lifted by over rain or surf, dB: what lies between them shall not bury it."""
        rests = {
            next(iter(x.sources)): rest(coarse, self.config.mel)
            for (x, _), (coarse, _) in zip(layers, written, strict=True)
        }
        bed = next((rests[name] for name in BEDS if name in rests), None)
        if bed is None:
            return CALL_LIFT_DB
        nats = {name: bed - level for name, level in rests.items() if name in CALLS}
        return {
            name: float(np.clip(BETWEEN_CALLS_DB + 20 / np.log(10) * much, *LIFTS_DB))
            for name, much in nats.items()
        }

    def fill(self, x: Conditioning, edit: Edit, sampling: Sampling, progress: Progress) -> Structure:
        """What is there, with its gap written so that it goes on from what lies before it.

        A stage that writes forwards does not know what comes, so the end of the gap is cross-faded into what
        lies behind it, mirrored. Where nothing lies before, it goes on from the mirror of what lies behind.
        """
        base, mel = edit.begin, self.config.mel
        source_weights(x, self.config.sources)  # refuses what it never learned
        there = pack_frames(torch.from_numpy(base.mel), torch.from_numpy(base.onsets), mel)  # [N, D]
        first = math.floor(edit.span_s[0] * mel.coarse_rate)
        stop = min(len(there), math.ceil(edit.span_s[1] * mel.coarse_rate))
        before, after = there[:first], there[stop:]
        lasting, colour = self.colour_of(torch.cat([before, after]))
        known = before if len(before) >= LEAST_KNOWN else after.flip(0)
        names = tuple(name for name, *_ in self.config.attributes)
        attributes = torch.from_numpy(attribute_codes(self.config, wanted_attributes(x, names)))
        hints = torch.cat([attributes, colour])[None]
        if self.config.guidance != 1:
            hints = torch.cat([hints, torch.cat([torch.zeros_like(attributes), colour])[None]])
        count = len(known) + stop - first
        left = torch.zeros(len(hints), count, dtype=torch.int64)
        generator = torch.Generator().manual_seed(sampling.seed_for("variation"))
        with one_thread(), torch.inference_mode():
            written = self.write(hints, left, [generator], sampling, progress, (known - lasting)[None])
        new = written[0, len(known) :] + lasting
        fade = min(FADE_FRAMES, len(new) // 2, len(after))
        if fade:
            share = ((torch.arange(fade) + 0.5) / fade)[:, None]
            groups, mirrored = mel.n_groups, after[:fade].flip(0)
            power = (1 - share) * (2 * new[-fade:, :groups]).exp() + share * (2 * mirrored[:, :groups]).exp()
            rest = torch.lerp(new[-fade:, groups:], mirrored[:, groups:], share)
            new[-fade:] = torch.cat([0.5 * power.log(), rest], 1)
        coarse, onsets = unpack_frames(torch.cat([before, new, after])[None], mel)
        return Structure(base.seconds, mel=coarse[0].numpy(), onsets=onsets[0].numpy(), settings=mel)

    def colour_of(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """The lasting part [D] of frames [N, D], and its buckets for the hints."""
        lasting = torch.zeros(frames.shape[1])
        bank = self.network.bank
        if bank is None:
            return lasting, torch.from_numpy(colour_codes(self.config, None))
        groups = self.config.mel.n_groups
        components = bank.describe(frames[:, :groups].mean(0, keepdim=True))
        lasting[:groups] = bank(components)[0]
        return lasting, torch.from_numpy(colour_codes(self.config, components[0].numpy()))

    def write_layers(
        self, layers: list[Conditioning], seeds: list[int], sampling: Sampling, progress: Progress
    ) -> list[tuple[Tensor, Tensor]]:
        """Coarse mel [groups, N] and onsets [3 N] of sounds of one length, each as if it were alone.

        They are written side by side: a pass of one frame is bound by reading the weights. So are the drafts
        of what comes and goes, of which the one that swells most is kept.
        """
        mel, seconds = self.config.mel, layers[0].seconds
        scenes = sampling.scenes
        told = [self.hints_of(layer, seed, scenes) for layer, seed in zip(layers, seeds, strict=True)]
        most = DRAFTS if scenes > 1 else {}
        drafts = [max(most.get(name, 1) for name in x.sources or "-") for x in layers]
        left = torch.from_numpy(
            left_codes(self.config, mel.coarse_frames(seconds), self.last_onset(seconds))
        )[None]
        generators = [
            torch.Generator().manual_seed(derived_seed(seed, LAYERS * n))
            for seed, count in zip(seeds, drafts, strict=True)
            for n in range(count)
        ]
        with one_thread(), torch.inference_mode():
            hints = torch.cat([hints.repeat(n, 1) for (hints, _), n in zip(told, drafts, strict=True)])
            written = self.write(hints, left.repeat(len(hints), 1), generators, sampling, progress)
            kept = [part[int(swell(part, mel).argmax())] for part in written.split(drafts)]
            frames = torch.stack(kept)
            for number, (_, components) in enumerate(told):
                if components is not None:
                    lasting = self.network.bank(torch.from_numpy(components)[None])
                    frames[number, :, : mel.n_groups] += lasting
        return [unpack_frames(layer.cpu().clone(), mel) for layer in frames]

    def hints_of(self, x: Conditioning, seed: int, scenes: int = SCENES) -> tuple[Tensor, np.ndarray | None]:
        """Buckets [B, A] of what is asked and of the colour, and the components of this colour.

        B is 2 with guidance: beside it, the same piece as if nothing had been asked.
        """
        components, intensity = self.draw_scene(x, seed, scenes)
        names = tuple(name for name, *_ in self.config.attributes)
        wanted = wanted_attributes(dataclasses.replace(x, intensity=intensity), names)
        attributes = torch.from_numpy(attribute_codes(self.config, wanted))
        colour = torch.from_numpy(colour_codes(self.config, components))
        hints = torch.cat([attributes, colour])[None]
        if self.config.guidance != 1:
            hints = torch.cat([hints, torch.cat([torch.zeros_like(attributes), colour])[None]])
        return hints, components

    def draw_scene(
        self, x: Conditioning, seed: int, scenes: int = SCENES
    ) -> tuple[np.ndarray | None, float | None]:
        """The components of this seed's lasting spectrum, float32 [colours], and its intensity.

        What has no colour gives None.

        Args:
            scenes: as `Sampling` has it.
        """
        bank = self.network.bank
        if bank is None:
            return None, x.intensity
        weights = source_weights(x, self.config.sources)
        rng = np.random.default_rng(seed)
        return draw_scene(bank, self.config.mel, weights, x.sources, x.intensity, rng, scenes)

    def last_onset(self, seconds: float) -> int | None:
        """The coarse frame after which nothing is struck, so that the piece rings out; None: it goes on."""
        if not self.config.ends:
            return None
        ring_s = min(self.config.ring_s, seconds / 4)
        return int((seconds - ring_s) * self.config.mel.coarse_rate)

    def write(
        self,
        hints: Tensor,
        left: Tensor,
        generators: list[torch.Generator],
        sampling: Sampling,
        progress: Progress,
        known: Tensor | None = None,
    ) -> Tensor:
        """Frames [L, N, D] of L sounds, one per generator.

        Args:
            hints: buckets of attributes and colours, [L B, A]; B is 2 with guidance, see `hints_of`.
            left: bucket of the time left at each frame, [L B, N].
            known: the first frames [L, K, D], to go on from; None: silence.
        """
        network, c, count, layers = self.network, self.config, left.shape[1], len(generators)
        assert isinstance(network, MelTransformer)
        each = len(hints) // layers
        kind = NativeReader if sampling.arithmetic > 2 else TorchReader
        reader = kind(network, c.guidance, float(sampling.temperature * c.temperature), float(sampling.top_p))
        codes = torch.zeros(layers, count, c.stages, dtype=torch.int64)
        states = torch.zeros(layers, count, c.dimensions)
        if known is None:
            known = quiet_frames(c, min(c.quiet_frames, count - 1))
        n = known.shape[1]
        if n:
            codes[:, :n], states[:, :n] = network.quantiser.encode(known)
        cache, retries = None, c.retries if layers == 1 else 0
        while n < count:
            if n % REPORT_EVERY == 0:
                report(progress, "structure", n, count)
            if cache is None or cache.length == c.context:  # as if the piece began a context ago
                cache, past = network.cache(len(hints)), slice(max(0, n - c.keep_frames), n)
                rows = torch.cat([network.starts(layers), network.rows(codes[:, past])], 1)
                before = torch.cat([torch.zeros(layers, 1, c.dimensions), states[:, past]], 1)
            span = slice(n + 1 - rows.shape[1], n + 1)
            rows, before = rows.repeat_interleave(each, 0), before.repeat_interleave(each, 0)
            state = reader.read(rows, before, hints, left[:, span], cache)
            u = torch.stack([torch.rand(c.stages, generator=generator) for generator in generators])
            codes[:, n] = reader.choose(state, u)
            states[:, n] = network.quantiser.advance(before[::each, -1], codes[:, n])
            rows, before = network.rows(codes[:, n : n + 1]), states[:, n : n + 1]
            n += 1
            dead = int(c.dead_s * c.mel.coarse_rate)
            if (
                retries
                and n > dead
                and left[0, n - 1] <= c.left_steps
                and self.silent(states[:, n - dead : n])
            ):
                n, cache, retries = max(1, n - dead - c.back_frames), None, retries - 1
        report(progress, "structure", count, count)
        return network.quantiser.denormalise(states)

    def silent(self, states: Tensor) -> bool:
        """Whether nothing sounds in any of these normalised frames [1, N, D]."""
        network = self.network
        assert isinstance(network, MelTransformer)
        groups = self.config.mel.n_groups
        mel = network.quantiser.denormalise(states)[..., :groups]
        return bool(mel.max() < np.log(self.config.mel.floor) + SOUNDING)


def layers_of(x: Conditioning, lifts: Mapping[str, float] = CALL_LIFT_DB) -> list[tuple[Conditioning, float]]:
    """One conditioning per sound source, the strongest first, with the level of each, dB.

    Sounds of different origin add up and know nothing of each other, so each is written by itself: a bird in
    the rain is the bird that it is without. The intensity is that of the strongest. Calls are lifted: at one
    mean loudness with a bed, most of theirs is the background between them.

    Args:
        lifts: of the sounds that are lifted, dB.
    """
    if len(x.sources) < 2:
        return [(x, 0.0)]
    ordered = sorted(x.sources.items(), key=lambda item: -item[1])
    levels = {
        name: 20 * float(np.log10(max(weight, 1e-3))) + lifts.get(name, 0.0) for name, weight in ordered
    }
    first = levels[ordered[0][0]]
    return [
        (
            dataclasses.replace(x, sources={name: 1.0}, intensity=None if number else x.intensity),
            levels[name] - first,
        )
        for number, (name, _) in enumerate(ordered)
    ]


def layer_seed(sampling: Sampling, number: int) -> int:
    """The seed of a layer; the first has that of the stage."""
    return derived_seed(sampling.seed_for("structure"), number)


def derived_seed(seed: int, number: int) -> int:
    """The seed of the number-th of several; the first has `seed` itself."""
    if not number:
        return seed
    return int(np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def laid_over(
    below: tuple[Tensor, Tensor], above: tuple[Tensor, Tensor], level_db: float
) -> tuple[Tensor, Tensor]:
    """Two sounds at once: coarse mels added in power, the louder onset counts."""
    gain = level_db * float(np.log(10)) / 20  # nats of log magnitude
    mel = 0.5 * torch.logaddexp(2 * below[0], 2 * (above[0] + gain))
    return mel, torch.maximum(below[1], above[1] * min(1.0, float(np.exp(gain))))


def attribute_codes(config: MelStageConfig, values: dict[str, float | None]) -> np.ndarray:
    """Buckets of the attributes in their order, int64 [A]: 0 unknown, else 1 .. buckets."""
    codes = []
    for name, low, high, scale in config.attributes:
        value = values.get(name)
        if value is None:
            codes.append(0)
            continue
        place = (value - low) / (high - low)
        if scale == "log":
            place = np.log(max(value, low) / low) / np.log(high / low)
        codes.append(1 + int(np.clip(place * config.buckets, 0, config.buckets - 1)))
    return np.array(codes, np.int64)


def colour_codes(config: MelStageConfig, colour: np.ndarray | None) -> np.ndarray:
    """Buckets of the components of a colour [C], int64 [C]: 0 unknown (None), else 1 .. buckets."""
    if colour is None:
        return np.zeros(config.colours, np.int64)
    place = (colour + COLOUR_REACH) / (2 * COLOUR_REACH)
    return 1 + np.clip(place * config.buckets, 0, config.buckets - 1).astype(np.int64)


def left_codes(config: MelStageConfig, frames: int, last_onset: int | None) -> np.ndarray:
    """Bucket of the time from each frame to the last onset, int64 [frames].

    0: far away or unknown (None); 1 .. left_steps: within that many steps; left_steps + 1: it is over.
    """
    if last_onset is None:
        return np.zeros(frames, np.int64)
    left_s = (last_onset - np.arange(frames)) / config.mel.coarse_rate
    steps = 1 + np.floor(left_s / config.left_step_s).astype(np.int64)
    steps[steps > config.left_steps] = 0
    steps[left_s < 0] = config.left_steps + 1
    return steps


def die_away(coarse: Tensor, onsets: Tensor, last_onset: int, config: MelStageConfig) -> None:
    """In place: after the last onset no band rises again, and at the very end all are damped.

    The network is told when it is over and mostly obeys; what is struck can then only fall.
    """
    rate, count = config.mel.coarse_rate, coarse.shape[1]
    after = min(count, last_onset + ATTACK_FRAMES)
    lowest = coarse[:, after:].cummin(1).values
    coarse[:, after:] = torch.minimum(coarse[:, after:], lowest + BEATING)
    onsets[after * config.mel.frames_per_coarse :] = 0
    first = max(after, count - int(config.damp_s * rate))
    seconds = torch.arange(1, count - first + 1) / rate
    floor = float(np.log(config.mel.floor))
    coarse[:, first:] = (coarse[:, first:] - DAMPER * seconds).clamp_min(floor)


def pack_frames(coarse: Tensor, onsets: Tensor, mel: MelSettings) -> Tensor:
    """Coarse mel [..., groups, N] and onsets [..., 3 N] -> frames [..., N, D] for the quantiser."""
    fine = onsets.unflatten(-1, (-1, mel.frames_per_coarse)).clamp_min(0).sqrt()
    return torch.cat([coarse.transpose(-1, -2), fine], -1)


def unpack_frames(frames: Tensor, mel: MelSettings) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_frames`, within the range of a mel."""
    coarse = frames[..., : mel.n_groups].transpose(-1, -2).clamp_min(float(np.log(mel.floor)))
    return coarse.contiguous(), frames[..., mel.n_groups :].clamp_min(0).square().flatten(-2)


def quiet_frames(config: MelStageConfig, count: int) -> Tensor:
    """Silence, [1, count, D]."""
    frames = torch.zeros(1, count, config.dimensions)
    frames[..., : config.mel.n_groups] = float(np.log(config.mel.floor)) + QUIET_ABOVE_FLOOR
    return frames
