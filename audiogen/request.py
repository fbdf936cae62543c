"""What is asked, what was understood, what came out: the records of a making.

`making/` turns the first into the last; `provenance.py` writes them into files and reads them back.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import (
    Conditioning,
    Contour,
    Latents,
    MelSpectrogram,
    Picture,
    Structure,
    Waveform,
)
from audiogen.errors import InvalidRequest
from audiogen.hub import CallSettings, ModelChoice
from audiogen.kinds import OWN, Kind
from audiogen.media.midi_changes import MidiChanges
from audiogen.registry import NONE, STAGES, Loaded, StageEntry, load_stage, stage_names, vocabulary_of
from audiogen.rows import settle
from audiogen.stage import Sampling

RATES = (44_100, 48_000)
LOUDNESS_LUFS = (-50.0, -5.0)
AUTO, OFF = "auto", "off"
SIZES = (384, 512)  # pixels to a side of a picture
Start = Structure | MelSpectrogram | Contour | Latents
AS_WRITTEN = MidiChanges()
AS_USUAL = CallSettings()
EDITS = 2  # how pictures are changed, varied and made of squares; 1: as before recipes held this number
# How pictures of things are painted; 1: as before recipes held this number, 2: by rule at the end, 3: over a
# figure that is bent to the sketch, 4: to another one too, with proportions and colours of its own,
# 5: with crisp outlines, 6: light falls on a body, 7: the parts of a face keep their form.
PAINTING = 7
PAINTER = "painter"  # the stage after which a picture is painted by rule
LAID_IN = "3d"  # the look in which is laid in what is then painted in a style
IN_SQUARES, PAINTED_AS = "pixel", "flat"  # a look, and the one in which it is painted before
FILL_SECONDS = (0.2, 300.0)  # of what is made anew in a sound that is there
BED_LU = 8.0  # by how much a bed of rain is softer than the piano above it


@dataclass(frozen=True)
class Region:
    """What becomes of a sound that is changed: `start_s` to `stop_s` gives way to `fill_s` of new sound.

    Everything outside stays, sample by sample. Equal lengths: a part is made anew. `start_s` = `stop_s`:
    something is set in. `stop_s` at the end: the sound goes on.
    """

    start_s: float
    stop_s: float
    fill_s: float

    def __post_init__(self) -> None:
        settle(self)
        low, high = FILL_SECONDS
        if not 0 <= self.start_s <= self.stop_s:
            raise InvalidRequest(f"A part goes from 0 on, not from {self.start_s:g} to {self.stop_s:g} s.")
        if not low <= self.fill_s <= high:
            raise InvalidRequest(
                f"New sound is {low:g} to {high:g} s long, not {self.fill_s:g}; take another part."
            )


@dataclass(frozen=True)
class Request:
    """Everything that decides what is made, in plain values.

    Attributes:
        prompt: words; may be empty where `source` is given.
        path: the kind of work by its name ("piano", see `kinds`), or None: by the words.
        seconds: length; None: as the prompt says, or as long as `source`.
        source: a file to start from (.mid, .npz, .png), or its artifact: it takes the place of the structure
            stage, or, if it is a mel spectrogram or image latents, of the decoder too.
        structure, decoder: stage names, "none", or None for the path's own.
        sampling: seeds and settings of the networks.
        loudness: LUFS, or "auto" (by the asked or written dynamics), or "off".
        rate: of the result, Hz.
        device: "auto", "cpu" or "cuda".
        conditioning: already understood words (a replay); None: the prompt is parsed.
        default_path: used where neither `path` nor the words say one; None: they must.
        show_steps: keep what the stages have after every step, see `Take.steps`.
        size: of a picture, one of `SIZES`; None: as the prompt says, else the largest.
        style: of a picture, one of `STYLES` or `LOOKS` in English or Chinese; None: as the prompt says.
        init: a picture or a sound that is changed, a file or the artifact.
        strength: of a picture, how much of it changes, 0 .. 1; None: a default.
        region: of a sound, which part of it gives way to what; its takes are variations of the whole.
        mask: a picture of the same size, white where `init` may change.
        edits: the way in which a picture is changed, see `EDITS`; a replay has that of its recipe.
        layout: a subject whose colours are remembered is painted over them, see `making.layouts`; else the
            decoder finds its colours alone.
        painting: the way in which a picture of a thing is painted, see `PAINTING`; a replay has that of its
            recipe.
        changes: how a MIDI file given as `source` is played otherwise than it is written.
        model: a pretrained model that stands in the place of the decoder; None: our own do.
        negative: what such a model is told to keep away from; quality: "good" adds words of `hub/words.yaml`.
        watermark: sounds and pictures carry the mark of `origin/`, with the id of their recipe.
        marks: version of that mark, as in the recipe of a replay; None: the newest.
        settings: what else such a model is told.
        upscale: a pretrained model that makes the finished picture larger; None: it stays as it is.
        melody: a sound or MIDI file whose melody such a model follows; opening: a sound that it goes on from.
    """

    prompt: str = ""
    path: str | None = None
    seconds: float | None = None
    source: Path | Start | None = None
    structure: str | None = None
    decoder: str | None = None
    sampling: Sampling = Sampling()
    loudness: float | str = AUTO
    rate: int = 44_100
    device: str = "auto"
    conditioning: Conditioning | None = None
    default_path: str | None = None
    show_steps: bool = False
    size: int | None = None
    style: str | None = None
    init: Path | Picture | Waveform | None = None
    strength: float | None = None
    mask: Path | Picture | None = None
    edits: int = EDITS
    layout: bool = True
    painting: int = PAINTING
    changes: MidiChanges = AS_WRITTEN
    model: ModelChoice | None = None
    negative: str = ""
    quality: str | None = None
    watermark: bool = True
    marks: int | None = None
    melody: Path | Waveform | None = None
    opening: Path | Waveform | None = None
    region: Region | None = None
    settings: CallSettings = AS_USUAL
    upscale: ModelChoice | None = None

    def __post_init__(self) -> None:
        settle(self)
        problems = []
        if isinstance(self.loudness, str) and self.loudness not in (AUTO, OFF):
            problems.append(f"loudness must be {AUTO}, {OFF} or LUFS, not {self.loudness!r}")
        low, high = LOUDNESS_LUFS
        if not isinstance(self.loudness, str) and not low <= self.loudness <= high:
            problems.append(f"loudness must be {low:g} .. {high:g} LUFS, not {self.loudness:g}")
        if self.rate not in RATES:
            problems.append(f"rate must be {' or '.join(map(str, RATES))}, not {self.rate}")
        if self.strength is not None and not 0 <= self.strength <= 1:
            problems.append(f"strength must be 0 .. 1, not {self.strength:g}")
        for name, given in (("strength", self.strength), ("mask", self.mask)):
            if given is not None and self.init is None:
                problems.append(f"--{name} is of a picture that is changed; give --init FILE as well")
        if self.edits not in range(1, EDITS + 1):
            problems.append(f"edits must be 1 .. {EDITS}, not {self.edits}; a newer audiogen wrote this")
        if self.painting not in range(1, PAINTING + 1):
            problems.append(
                f"painting must be 1 .. {PAINTING}, not {self.painting}; a newer audiogen wrote this"
            )
        for seam in ("structure", "decoder"):
            name = getattr(self, seam)
            if name in (None, NONE) or any(e.name == name and e.seam == seam for e in STAGES):
                continue
            known = stage_names(seam)
            if name not in known:
                problems.append(f"no {seam} stage named {name!r}; there are {', '.join(known)}, none")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")

    @property
    def shows_source(self) -> bool:
        """Whether the file that is given is a picture that steers a pretrained model, and no drawing."""
        return isinstance(self.source, Path) and self.settings.shows_picture


@dataclass(frozen=True, eq=False)
class Retouch:
    """A picture that is changed.

    Attributes:
        picture: square.
        strength: 0 (it stays) .. 1 (all of it is new where it may change).
        mask: float32 [h, w] of the picture, 1 where it may change; None: everywhere.
        soft: whether old and new go over into each other within the edge of the mask.
    """

    picture: Picture
    strength: float
    mask: np.ndarray | None = None
    soft: bool = True


@dataclass(frozen=True, eq=False)
class Revision:
    """A sound that is changed.

    Attributes:
        wave: as its file has it, mono or stereo at any rate.
        region: what becomes of it.
        lead_s, follow_s: what the stages see of it before and after what is new.
        gain: brings it to the level at which the stages work.
        base: its notes, in the time of the result and without those of the region; or the plan that writes
            the notes of the sound (files of earlier versions hold none); None: it has no notes.
    """

    wave: Waveform
    region: Region
    lead_s: float
    follow_s: float
    gain: float = 1.0
    base: Structure | Plan | None = None

    @property
    def span_s(self) -> tuple[float, float]:
        """What is new, in the time of the stages."""
        return self.lead_s, self.lead_s + self.region.fill_s

    @property
    def window_s(self) -> float:
        """Length of what the stages see."""
        return self.lead_s + self.region.fill_s + self.follow_s

    @property
    def seconds(self) -> float:
        """Length of the result."""
        return self.wave.seconds - (self.region.stop_s - self.region.start_s) + self.region.fill_s


@dataclass(frozen=True, eq=False)
class Plan:
    """A request that has been understood.

    Attributes:
        request: as it came.
        kind: of work.
        conditioning: what the words ask for, with the final length.
        start: the artifact to start from, or None: from the words.
        entries: its stages by seam, in order.
        remarks: what was left out or changed, in words for the user.
        bed: a second plan whose sound is laid under that of this one, or None.
        retouch, revision: the picture, the sound that is changed, or None.
        melody, opening: see `Request`, or None. begun: a sound that a pretrained model changes, or None.
        shown: a picture that steers a pretrained model as it is, or None.
        loaded: stages that are loaded; plans that share this dictionary share their networks.
        given: the stages themselves, where the caller has them; (): they are loaded by their names.
        beyond: stages that would come after these. They make nothing, but a picture to begin with goes back
            through them.
        once: it makes one take, after which none of its stages is called again: each lets go of its network.
    """

    request: Request
    kind: Kind
    conditioning: Conditioning
    start: Start | None
    entries: dict[str, StageEntry]
    remarks: tuple[str, ...] = ()
    bed: Plan | None = None
    retouch: Retouch | None = None
    melody: Waveform | None = None
    opening: Waveform | None = None
    begun: Waveform | None = None
    shown: Picture | None = None
    revision: Revision | None = None
    loaded: Loaded = field(default_factory=dict, repr=False)
    given: tuple[Any, ...] = ()
    beyond: tuple[Any, ...] = ()
    once: bool = False

    @property
    def stages(self) -> dict[str, str]:
        """Names of its stages by seam."""
        return {seam: entry.name for seam, entry in self.entries.items()}

    @property
    def gives(self) -> type | None:
        """The artifact that its last stage makes; None: it has no stage."""
        return list(self.entries.values())[-1].gives if self.entries else None

    @property
    def vocabulary(self) -> str:
        """OWN or FREE, see `kinds`."""
        return vocabulary_of(self.kind, self.entries.values())

    @property
    def in_squares(self) -> bool:
        """Whether the picture is made of squares at the end: a look that no network of ours draws well."""
        asked = self.kind.is_picture and self.conditioning.look == IN_SQUARES and self.request.edits > 1
        return asked and self.vocabulary == OWN

    @property
    def by_rule(self) -> bool:
        """Whether the picture is painted by rule at the end: a thing from our own painter that is no change
        of another picture."""
        thing = self.kind.is_picture and self.kind.subject == "thing"
        ours = PAINTER in (self.stages.get("renderer"), *(stage.name for stage in self.beyond))
        return thing and ours and self.request.painting > 1 and self.retouch is None

    @property
    def led(self) -> bool:
        """Whether a figure of the subject is bent to the sketch and painted in its place, see
        `making.figures`: a contour that somebody else drew is followed as it is."""
        start, lines_alone = self.start, self.conditioning.look in ("outline", "solid")
        own = start is None or (start.led if isinstance(start, Latents) else getattr(start, "asked", None))
        return (
            bool(own)
            and self.by_rule
            and self.request.painting > 2
            and self.request.layout
            and not lines_alone
        )

    @property
    def drawn(self) -> Conditioning:
        """What its stages are asked for."""
        known = self.conditioning
        if self.by_rule and known.style is not None:
            return dataclasses.replace(known, style=None, look=LAID_IN)
        return dataclasses.replace(known, look=PAINTED_AS) if self.in_squares else known

    def sharing(self, loaded: Loaded) -> Plan:
        """The plan, and its bed, with the stages in `loaded`."""
        bed = None if self.bed is None else self.bed.sharing(loaded)
        return dataclasses.replace(self, bed=bed, loaded=loaded)

    def for_one_take(self) -> Plan:
        """The plan with `once`, if it makes one sound, and no stage of it is needed twice."""
        again = self.kind.is_picture or self.bed is not None or self.revision is not None
        return self if again or self.request.sampling.n > 1 else dataclasses.replace(self, once=True)

    def load(self) -> None:
        """Load every stage that is not loaded yet.

        Raises:
            MissingModel: weights are absent or damaged.
        """
        _ = self.parts, self.upscaler
        if self.bed is not None:
            self.bed.load()

    @cached_property
    def parts(self) -> tuple[Any, ...]:
        """The stages with their weights, in order; loaded once.

        Raises:
            MissingModel: weights are absent or damaged.
        """
        request = self.request
        return self.given or tuple(
            load_stage(
                entry.name,
                self.kind.name,
                request.device,
                request.sampling.few,
                request.model if entry.chosen else None,
                loaded=self.loaded,
            )
            for entry in self.entries.values()
        )

    @cached_property
    def upscaler(self) -> Any:
        """The stage that makes the finished picture larger, loaded once; None: nothing does.

        Raises:
            MissingModel, InvalidRequest: see `hub.upscaling`.
        """
        chosen = self.request.upscale
        if chosen is None or self.gives is not Picture:
            return None
        key = ("upscaler", chosen, self.request.device)
        if key not in self.loaded:
            from audiogen.hub.upscaling import Upscaler

            self.loaded[key] = Upscaler.from_pretrained(chosen, self.request.device)
        return self.loaded[key]

    def until(self, seam: str) -> Plan:
        """The plan that stops after `seam`."""
        names = list(self.entries)
        if seam not in names:
            raise InvalidRequest(f"Nothing here makes a {seam}; the stages are {', '.join(names) or 'none'}.")
        kept = names[: names.index(seam) + 1]
        bed = self.bed if kept == names else None
        entries = {name: self.entries[name] for name in kept}
        return dataclasses.replace(self, entries=entries, bed=bed, given=self.given[: len(kept)])


@dataclass(frozen=True, eq=False)
class Take:
    """One finished piece and everything that was made on the way.

    Attributes:
        seed: of this take.
        conditioning: what was asked.
        sampling: settings of this take alone (n = 1).
        structure, mel, contour, latents: what the stages made or were given, or None.
        waveform, picture: the finished result, or None where the plan stops before it.
        made: what the last stage gave, finished.
        steps: if asked for, what the stages had after their steps: of sound the mel, of pictures `Picture`.
        mark: the id that the watermark of the result carries; None: it has none.
        figures: the illustrations that a figure was bent from, with whom to name; see `making.figures`.
    """

    seed: int
    conditioning: Conditioning
    sampling: Sampling
    structure: Structure | None = None
    mel: MelSpectrogram | None = None
    waveform: Waveform | None = None
    contour: Contour | None = None
    latents: Latents | None = None
    picture: Picture | None = None
    made: Any = None
    steps: tuple[Any, ...] = ()
    mark: str | None = None
    figures: tuple[str, ...] = ()
    recipe: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its seeds for people: "seed 7", "seed 7, variation 2"."""
        varied = f", variation {self.sampling.variation_seed}" if self.sampling.variation else ""
        return f"seed {self.seed}{varied}"

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the sound or the picture, with its recipe inside."""
        result = self.waveform or self.picture
        if result is None:
            raise InvalidRequest("This take has no sound and no picture; it stopped at the structure.")
        result.save(path, force=force, recipe=self.recipe)
