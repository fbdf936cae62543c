"""From a request to finished takes: what `audiogen make`, `decode` and `again` do, without a terminal.

    request = Request(prompt="calm piano, 15 s", sampling=Sampling(seed=7))
    for take in make(request):
        take.save("calm.wav")

`understand` checks everything that can be checked before a network is loaded, and imports no torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.artifacts import Conditioning, MelSpectrogram, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.media.mel_settings import MelSettings
from audiogen.prompt import parse
from audiogen.registry import PIPELINES, STAGES, load_pipeline
from audiogen.stage import Progress, Sampling, silent

if TYPE_CHECKING:
    from audiogen.pipeline import Pipeline

MAKE_SECONDS = {"piano": (1.0, 60.0)}
DECODE_SECONDS = (0.5, 600.0)
RATES = (44_100, 48_000)
LOUDNESS_LUFS = (-50.0, -5.0)
STRUCTURE_SUFFIXES = (".mid", ".midi", ".npz")
AUTO, OFF = "auto", "off"


@dataclass(frozen=True)
class Request:
    """Everything that decides what is made, in plain values.

    Attributes:
        prompt: words; may be empty where `source` is given.
        path: "piano", or None: by the words.
        seconds: length; None: as the prompt says, or as long as `source`.
        source: a file to start from (.mid, .npz): it takes the place of the structure stage, or, if
            it holds a mel spectrogram, of the decoder too.
        structure, decoder: stage names, "none", or None for the path's own.
        sampling: seeds and settings of the networks.
        loudness: LUFS, or "auto" (by the asked or written dynamics), or "off".
        rate: of the result, Hz.
        device: "auto", "cpu" or "cuda".
        conditioning: already understood words (a replay); None: the prompt is parsed.
    """

    prompt: str = ""
    path: str | None = None
    seconds: float | None = None
    source: Path | None = None
    structure: str | None = None
    decoder: str | None = None
    sampling: Sampling = Sampling()
    loudness: float | str = AUTO
    rate: int = 44_100
    device: str = "auto"
    conditioning: Conditioning | None = None

    def __post_init__(self) -> None:
        problems = []
        if isinstance(self.loudness, str) and self.loudness not in (AUTO, OFF):
            problems.append(f"loudness must be {AUTO}, {OFF} or LUFS, not {self.loudness!r}")
        low, high = LOUDNESS_LUFS
        if not isinstance(self.loudness, str) and not low <= self.loudness <= high:
            problems.append(f"loudness must be {low:g} .. {high:g} LUFS, not {self.loudness:g}")
        if self.rate not in RATES:
            problems.append(f"rate must be {' or '.join(map(str, RATES))}, not {self.rate}")
        for seam in ("structure", "decoder"):
            name = getattr(self, seam)
            known = [n for n, entry in STAGES.items() if entry.seam == seam]
            if name is not None and name not in (*known, "none"):
                problems.append(f"no {seam} stage named {name!r}; there are {', '.join(known)}, none")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")


@dataclass(frozen=True, eq=False)
class Plan:
    """A request that has been understood.

    Attributes:
        request: as it came.
        conditioning: what the words ask for, with the final length.
        start: the artifact to start from, or None: from the words.
        stages: names by seam, in order.
        remarks: what was left out or changed, in words for the user.
    """

    request: Request
    conditioning: Conditioning
    start: Structure | MelSpectrogram | None
    stages: dict[str, str]
    remarks: tuple[str, ...] = ()

    @cached_property
    def pipeline(self) -> Pipeline:
        """The stages with their weights; loaded once.

        Raises:
            MissingModel: weights are absent or damaged.
        """
        return load_pipeline(
            self.conditioning.path,
            structure=self.stages.get("structure", "none"),
            decoder=self.stages.get("decoder", "none"),
            renderer=self.stages.get("renderer", "none"),
            device=self.request.device,
        )

    def until(self, seam: str) -> Plan:
        """The plan that stops after `seam`."""
        names = list(self.stages)
        if seam not in names:
            raise InvalidRequest(f"Nothing here makes a {seam}; the stages are {', '.join(names) or 'none'}.")
        kept = names[: names.index(seam) + 1]
        return dataclasses.replace(self, stages={name: self.stages[name] for name in kept})


@dataclass(frozen=True, eq=False)
class Take:
    """One finished piece and everything that was made on the way.

    Attributes:
        seed: of this take.
        conditioning: what was asked.
        sampling: settings of this take alone (n = 1).
        structure, mel: what the stages made or were given, or None.
        waveform: the finished sound, or None where the plan stops before it.
    """

    seed: int
    conditioning: Conditioning
    sampling: Sampling
    structure: Structure | None = None
    mel: MelSpectrogram | None = None
    waveform: Waveform | None = None
    recipe: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write the sound, with its recipe inside."""
        if self.waveform is None:
            raise InvalidRequest("This take has no sound; it stopped at the structure.")
        self.waveform.save(path, force=force, recipe=self.recipe)


def understand(request: Request) -> Plan:
    """Check a request as far as that is possible without loading a network.

    Raises:
        InvalidRequest: words that cannot be understood, a length out of range, an unreadable source,
            stages that do not exist.
    """
    start, remarks = load_source(request.source) if request.source else (None, ())
    known = request.conditioning or _condition(request, start)
    _check_path(known.path)
    if start is not None:
        if request.seconds is not None and request.seconds != start.seconds:
            start = with_length(start, request.seconds)
        known = dataclasses.replace(known, seconds=start.seconds)
    elif request.seconds is not None:
        known = dataclasses.replace(known, seconds=float(request.seconds))
    _check_seconds(known, start is not None)
    stages = {**PIPELINES[known.path]}
    if request.structure is not None:
        stages["structure"] = request.structure
    if request.decoder is not None:
        stages["decoder"] = request.decoder
    if start is not None:
        stages["structure"] = "none"
    if isinstance(start, MelSpectrogram):
        stages["decoder"] = "none"
    stages = {seam: name for seam, name in stages.items() if name != "none"}
    if "decoder" not in stages and "renderer" in stages and not isinstance(start, MelSpectrogram):
        raise InvalidRequest(
            f"Without a decoder nothing turns the structure of {known.path} into sound; "
            "leave out --decoder none, or write the structure itself with `audiogen structure`."
        )
    return Plan(request, known, start, stages, remarks)


def make(
    request: Request | Plan, progress: Progress = silent, dtypes: dict[str, str] | None = None
) -> Iterator[Take]:
    """The takes of a request, one after the other.

    Args:
        request: what to make.
        progress: called as progress(stage, step, total); False cancels.
        dtypes: stage name -> "bfloat16" or "float32", to replay another machine's arithmetic.
    Raises:
        Cancelled: `progress` said so; takes before it are complete.
    """
    from audiogen.pipeline import item
    from audiogen.provenance import recipe_of

    plan = understand(request) if isinstance(request, Request) else request
    if dtypes:
        use_dtypes(plan.pipeline, dtypes)
    sampling = plan.request.sampling
    for k in range(sampling.n):
        take = _run(plan, item(sampling, k), progress)
        yield dataclasses.replace(take, recipe=recipe_of(plan, take))


def use_dtypes(pipeline: Pipeline, dtypes: dict[str, str]) -> None:
    """Let every stage compute in the named dtype."""
    import torch

    for stage in pipeline.stages:
        if stage.name in dtypes and hasattr(stage, "dtype"):
            stage.dtype = getattr(torch, dtypes[stage.name])


def load_source(file: Path) -> tuple[Structure | MelSpectrogram, tuple[str, ...]]:
    """The artifact in a .mid or .npz file, and remarks about what was left out of it.

    Raises:
        InvalidRequest: unknown suffix, unreadable, empty, or too long.
    """
    file = Path(file)
    if file.suffix.lower() not in STRUCTURE_SUFFIXES:
        raise InvalidRequest(
            f"Cannot start from {file.name!r}; give a {', '.join(STRUCTURE_SUFFIXES)} file "
            "(a MIDI file, or a structure that audiogen wrote)."
        )
    remarks: tuple[str, ...] = ()
    start: Structure | MelSpectrogram
    if file.suffix.lower() == ".npz":
        from audiogen.media.files import read_npz

        start = MelSpectrogram.load(file) if "mid" in read_npz(file) else Structure.load(file)
    else:
        from audiogen.media.midi import read_midi

        remarks = read_midi(file).remarks
        start = Structure.load(file)
    low, high = DECODE_SECONDS
    if not low <= start.seconds <= high:
        raise InvalidRequest(
            f"{file.name} is {start.seconds:.1f} s long; decode takes {low:g} to {high:g} s. "
            "Cut it in a sequencer first."
        )
    return start, remarks


def with_length(start: Structure | MelSpectrogram, seconds: float) -> Structure | MelSpectrogram:
    """The same artifact cut, or (notes only) followed by silence, to `seconds`.

    Raises:
        InvalidRequest: it would have to be longer, and only notes can be followed by silence.
    """
    mel = MelSettings()
    if seconds > start.seconds and (isinstance(start, MelSpectrogram) or start.mel is not None):
        raise InvalidRequest(f"This file holds {start.seconds:g} s and cannot be made {seconds:g} s long.")
    if isinstance(start, MelSpectrogram):
        frames = mel.frames(seconds)
        return dataclasses.replace(
            start, mid=start.mid[:, :frames], side=start.side[..., :frames], seconds=seconds
        )
    return dataclasses.replace(
        start,
        seconds=seconds,
        notes=None if start.notes is None else start.notes.window(0.0, seconds),
        mel=None if start.mel is None else start.mel[:, : mel.coarse_frames(seconds)],
        onsets=None if start.onsets is None else start.onsets[: mel.frames(seconds)],
    )


def _condition(request: Request, start: Any) -> Conditioning:
    if start is not None and not request.prompt.strip():
        return Conditioning(path=request.path or "piano", seconds=start.seconds)
    return parse(request.prompt, request.path or ("piano" if start is not None else None))


def _check_path(path: str) -> None:
    if path not in PIPELINES:
        raise InvalidRequest(
            f"audiogen cannot make {path} yet; it makes {', '.join(PIPELINES)}. "
            'Say so in the prompt, for example "calm piano, 15 s".'
        )


def _check_seconds(known: Conditioning, from_file: bool) -> None:
    low, high = DECODE_SECONDS if from_file else MAKE_SECONDS[known.path]
    if not low <= known.seconds <= high:
        hint = "" if from_file else "; longer pieces: `audiogen decode` takes a MIDI file of up to 600 s"
        raise InvalidRequest(
            f"A {known.path} piece takes {low:g} to {high:g} seconds, not {known.seconds:g}{hint}."
        )


def _run(plan: Plan, sampling: Sampling, progress: Progress) -> Take:
    """All stages for one take, keeping what each one made."""
    known = plan.conditioning
    x: Any = plan.start
    if x is None:
        x = known if "structure" in plan.stages else Structure.empty(known.seconds)
    take = _with(Take(sampling.seed, known, sampling), x)
    for stage in plan.pipeline.stages:
        x = stage(x, known, sampling, progress)
        take = _with(take, x)
    if isinstance(x, Waveform):
        take = dataclasses.replace(take, waveform=_finish(plan, take, x))
    return take


def _with(take: Take, x: Any) -> Take:
    if isinstance(x, Structure):
        return dataclasses.replace(take, structure=x)
    if isinstance(x, MelSpectrogram):
        return dataclasses.replace(take, mel=x)
    return take


def _finish(plan: Plan, take: Take, wave: Waveform) -> Waveform:
    from audiogen.media.finish import finish

    rate = plan.request.rate
    target = target_lufs(plan.request.loudness, take.conditioning, take.structure)
    samples = finish(wave.samples, wave.sample_rate, take.conditioning.seconds, target, rate)
    return Waveform(samples, rate)


def target_lufs(
    loudness: float | str, conditioning: Conditioning, structure: Structure | None
) -> float | None:
    """The loudness to aim at: as told, else by the asked dynamics, else by those of the notes."""
    from audiogen.media.loudness import piano_target_lufs

    if not isinstance(loudness, str):
        return float(loudness)
    if loudness == OFF:
        return None
    velocity = conditioning.loudness
    if velocity is None and structure is not None and structure.notes is not None and len(structure.notes):
        velocity = float(np.mean(structure.notes.velocity))
    return piano_target_lufs(velocity)
