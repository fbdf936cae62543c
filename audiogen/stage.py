"""The seam: what a stage is, what it may be able to do besides, the settings of one call, seeds, progress."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from audiogen.artifacts import Conditioning
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.rows import settle

Progress = Callable[[str, int, int], bool]
ARITHMETIC = 3  # 1: scores by torch's operators; 2: by compiled steps; 3: coarse mels too
SCENES, PHASES, GRIDS, MELODIES = 5, 6, 3, 2  # the newest, see `Sampling`


@dataclass(frozen=True)
class Sampling:
    """Everything about one call that is not the prompt; passed to the call, never stored on a model.

    Attributes:
        seed: 0 .. 2**63 - 1; item k of a batch of n uses seed + k.
        decoder_seed: seed of the stages after the structure; None: the same seed.
        steps: solver steps of the decoder, or None for its default.
        scheduler: name of the solver, or None for the decoder's default.
        guidance: classifier-free guidance, 1 is off; None for the decoder's default.
        guidance_rescale: 0 .. 1, how much of the movement over time that guidance adds is taken back; None
            for the decoder's default.
        structure_strength: how closely the decoder follows the structure, 0 (not) .. 1 (fully).
        temperature: of the autoregressive stage, above 0.
        top_p: nucleus of the autoregressive stage, (0, 1].
        n: how many pieces.
        variation: share of the notes of the piece that are written anew, 0 (none) .. 1 (all); the rest
            stays. The piece is the one of this seed, or the one that was started from. Of a picture: how
            much of it is painted anew.
        variation_seed: draws what becomes of it; item k of a batch of variations uses
            variation_seed + k and keeps the other seeds.
        loop: the end goes over into the beginning, so that the sound can be repeated without a seam.
        arithmetic: the way in which sums are formed, 1 .. ARITHMETIC; a replay has that of its recipe, as
            another order of summing may, once in a thousand pieces, choose another note.
        scenes: the way in which a scene of ambience is chosen, see `networks/scenes.py`; 1: as before
            there was a choice; 2: without the rule against hiss; 3: sought less long; 4: not chosen where
            there is no structure. A replay has that of its recipe.
        phases: 1: a renderer goes by the mel alone; 2: by the notes too, where they are known, see
            `render/score_guide.py`; 3: by their levels and attacks as well; 4: by what sounds, surf as
            noise (`render/noise.py`), fire in clicks (`render/crackle.py`); 5: whose fine envelopes are
            drawn (`render/envelopes.py`), and no band moves faster than its window shows
            (`render/modulation.py`); 6: whose clicks are gathered through shorter windows. A replay has that
            of its recipe.
        grids: how a flow's steps are laid: 1: evenly (but for its shift); 2: where there are more than its
            default, no finer near the data than by default, see `sampling.flow.grid`; 3: those of pictures
            by one evaluation each. A replay has that of its recipe.
        melodies: how a piano part is kept moving, see `structure/score/grammar.py`; 1: single keys tire;
            2: pitch classes and top notes too, and first gestures return. A replay has that of its recipe.
    """

    seed: int = 0
    decoder_seed: int | None = None
    steps: int | None = None
    scheduler: str | None = None
    guidance: float | None = None
    guidance_rescale: float | None = None
    structure_strength: float = 1.0
    temperature: float = 1.0
    top_p: float = 0.97
    n: int = 1
    variation: float = 0.0
    variation_seed: int = 0
    loop: bool = False
    arithmetic: int = ARITHMETIC
    scenes: int = SCENES
    phases: int = PHASES
    grids: int = GRIDS
    melodies: int = MELODIES

    def __post_init__(self) -> None:
        settle(self)
        problems = []
        moving = ("variation_seed",) if self.variation else ("seed", "decoder_seed")
        for name in ("seed", "decoder_seed", "variation_seed"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 2**63:
                problems.append(f"{name} must be 0 .. 2**63 - 1, not {value}")
            elif value is not None and name in moving and value + self.n > 2**63:
                problems.append(f"{name} must leave room for n = {self.n}: at most 2**63 - {self.n}")
        if self.steps is not None and not 1 <= self.steps <= 1000:
            problems.append(f"steps must be 1 .. 1000, not {self.steps}")
        if not 0 <= self.structure_strength <= 1:
            problems.append(f"structure_strength must be 0 .. 1, not {self.structure_strength}")
        if self.guidance is not None and not 0 <= self.guidance <= 20:
            problems.append(f"guidance must be 0 .. 20, not {self.guidance}")
        if self.guidance_rescale is not None and not 0 <= self.guidance_rescale <= 1:
            problems.append(f"guidance_rescale must be 0 .. 1, not {self.guidance_rescale}")
        if not 0.05 <= self.temperature <= 5:
            problems.append(f"temperature must be 0.05 .. 5, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            problems.append(f"top_p must be above 0 and at most 1, not {self.top_p}")
        if not 1 <= self.n <= 1000:
            problems.append(f"n must be 1 .. 1000, not {self.n}")
        if not 0 <= self.variation <= 1:
            problems.append(f"variation must be 0 .. 1, not {self.variation}")
        ways = {"arithmetic": ARITHMETIC, "scenes": SCENES, "phases": PHASES}
        ways |= {"grids": GRIDS, "melodies": MELODIES}
        for name, newest in ways.items():
            if getattr(self, name) not in range(1, newest + 1):
                problems.append(
                    f"{name} must be 1 .. {newest}, not {getattr(self, name)}; a newer audiogen wrote it"
                )
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")

    def item(self, k: int) -> Sampling:
        """The settings that make item k of a batch alone: its seeds moved on by k, n = 1.

        Variations are of one piece: only their own seed moves on.
        """
        if self.variation:
            return replace(self, variation_seed=self.variation_seed + k, n=1)
        decoder = None if self.decoder_seed is None else self.decoder_seed + k
        return replace(self, seed=self.seed + k, decoder_seed=decoder, n=1)

    @property
    def few(self) -> bool:
        """Whether weights that were distilled for one or two steps fit: they have one guidance built in."""
        return self.steps in (1, 2) and self.guidance is None and self.scheduler in (None, "euler")

    def seed_for(self, stage: str, item: int = 0) -> int:
        """The sub-seed of a stage: `structure` follows the seed, everything else the decoder seed.

        `variation` follows the seed and the variation's own.
        """
        base = self.seed
        if stage not in ("structure", "variation") and self.decoder_seed is not None:
            base = self.decoder_seed
        words = f"{stage}:{base + item}"
        if stage == "variation":
            words += f":{self.variation_seed}"
        digest = hashlib.sha256(words.encode()).digest()
        return int.from_bytes(digest[:8], "little") >> 1


@dataclass(frozen=True, eq=False)
class Edit:
    """What a stage begins with instead of noise.

    Attributes:
        begin: an artifact of the type that the stage gives.
        strength: 0 (it stays as it is) .. 1 (nothing of it is left where it may change).
        mask: float32 on the grid of latents and pictures [h, w], 1 where it may change; None: everywhere.
        span_s: of sound, from when to when it may change, s; `begin` holds nothing there.
    """

    begin: Any
    strength: float = 1.0
    mask: np.ndarray | None = None
    span_s: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Options:
    """What one call can be given besides; only a stage that says it takes it is given it.

    Attributes:
        observer: called as observer(done, total, artifact) after every step; the last is the result. For a
            stage that is `Observable`.
        edit: what is changed, in place of noise. For a stage that is `Editable`.
        melody: a Waveform whose melody is followed. For a stage that `FollowsMelody`.
        opening: a Waveform that the result begins with. For a stage that `GoesOn`.
        settings: what a pretrained model is told besides, `hub.CallSettings`; shown: a Picture that steers it
            as it is. For a stage that `TakesSettings`.
        arriving: True: the next stage `Follows`. For one that `Begins`.
    """

    observer: Callable[[int, int, Any], None] | None = None
    edit: Edit | None = None
    melody: Any = None
    opening: Any = None
    settings: Any = None
    shown: Any = None
    arriving: bool | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) is not None for each in fields(self))


PLAIN = Options()


@runtime_checkable
class Stage(Protocol):
    """A callable that turns one artifact into the next. This is all that every stage must have.

    Attributes:
        name: how the stage is chosen ("score", "flow", "vocoder").
        seam: what it makes, the word for `Pipeline.until`: "structure", "decoder" or "renderer".
        takes, gives: artifact types. The first stage takes a Conditioning; one that gives a Waveform or a
            Picture is the last.
    """

    name: str
    seam: str
    takes: type
    gives: type

    def __call__(self, x: Any, conditioning: Conditioning, sampling: Sampling, progress: Progress) -> Any: ...


class _TakesOptions(Protocol):
    """Called as a stage is, with `Options`."""

    def __call__(
        self,
        x: Any,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Any: ...


@runtime_checkable
class Observable(_TakesOptions, Protocol):
    """It shows what it has after each of its steps, to `options.observer`."""

    observable: ClassVar[bool]


@runtime_checkable
class Editable(_TakesOptions, Protocol):
    """It can begin with something that is there, `options.edit`."""

    editable: ClassVar[bool]


@runtime_checkable
class FollowsMelody(_TakesOptions, Protocol):
    """It follows the melody of a sound, `options.melody`."""

    follows_melody: ClassVar[bool]


@runtime_checkable
class GoesOn(_TakesOptions, Protocol):
    """It goes on from a sound, `options.opening`, with which its own begins."""

    goes_on: ClassVar[bool]


@runtime_checkable
class TakesSettings(_TakesOptions, Protocol):
    """It is a pretrained model that listens to `options.settings` and `options.shown`."""

    takes_settings: ClassVar[bool]


@runtime_checkable
class Begins(_TakesOptions, Protocol):
    """It may hand on a mel before it is whole, if `options.arriving`."""

    begins: ClassVar[bool]


@runtime_checkable
class Follows(_TakesOptions, Protocol):
    """It reads a mel from its beginning, and asks for what it is about to read (`MelSpectrogram.until`)."""

    follows: ClassVar[bool]


@runtime_checkable
class Varies(Protocol):
    """A structure stage that writes `sampling.variation` of a structure anew and keeps the rest."""

    def vary(self, base: Any, conditioning: Conditioning, sampling: Sampling, progress: Progress) -> Any: ...


@runtime_checkable
class Encodes(Protocol):
    """It knows the way back: from what it gives to what it takes."""

    def encode(self, made: Any) -> Any: ...


def silent(stage: str, step: int, total: int) -> bool:
    """The progress callback that says nothing and never cancels."""
    return True


def say(progress: Progress, words: str) -> None:
    """A line for the user, where whoever listens to `progress` shows lines (`say`)."""
    getattr(progress, "say", str)(words)


def sounded(progress: Progress, samples: Any, rate: int) -> None:
    """The next samples [channels, N], but for their level, where whoever listens hears sound (`hear`)."""
    if (hear := getattr(progress, "hear", None)) is not None:
        hear(samples, rate)


def report(progress: Progress, stage: str, step: int, total: int) -> None:
    """Tell `progress`, and stop the work if it answers False.

    Raises:
        Cancelled: it did.
    """
    if progress(stage, step, total) is False:
        raise Cancelled(f"Cancelled in stage {stage} at step {step} of {total}.")
