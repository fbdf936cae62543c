"""From a request to finished takes: what `audiogen make`, `decode` and `again` do, without a terminal.

    request = Request(prompt="calm piano, 15 s", sampling=Sampling(seed=7))
    for take in make(request):
        take.save("calm.wav")

`understand` checks everything that can be checked before a network is loaded, and imports no torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.artifacts import UNDAMPED_S, Conditioning, MelSpectrogram, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.media.mel_settings import MelSettings
from audiogen.prompt import parse
from audiogen.provenance import recipe_of
from audiogen.registry import PIPELINES, Loaded, alone_stage, check_scheduler, weights_for
from audiogen.request import BED_LU, OFF, Plan, Request, Take
from audiogen.stage import Progress, Sampling, silent

if TYPE_CHECKING:
    from audiogen.pipeline import Pipeline

__all__ = ["Plan", "Request", "Take", "load_source", "make", "target_lufs", "understand", "with_length"]

MAKE_SECONDS = {"piano": (1.0, 60.0), "ambience": (1.0, 300.0)}
DECODE_SECONDS = (0.5, 600.0)
STRUCTURE_SUFFIXES = (".mid", ".midi", ".npz")


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
        if request.seconds is not None:
            _check_cut(request.seconds)
        if request.seconds is not None and request.seconds != start.seconds:
            start = with_length(start, request.seconds)
        known = dataclasses.replace(known, seconds=start.seconds)
    elif request.seconds is not None:
        known = dataclasses.replace(known, seconds=float(request.seconds))
    _check_seconds(known, start is not None)
    _check_kind(known, start, request)
    stages = {**PIPELINES[known.path]}
    if request.structure is not None:
        stages["structure"] = request.structure
    if request.decoder is not None:
        stages["decoder"] = request.decoder
    if start is not None and not request.sampling.variation:
        stages["structure"] = "none"
    if isinstance(start, MelSpectrogram):
        stages["decoder"] = "none"
    stages = {seam: name for seam, name in stages.items() if name != "none"}
    for name in stages.values():
        weights_for(name, known.path)
    if "decoder" in stages:
        check_scheduler(stages["decoder"], request.sampling.scheduler)
    if "decoder" not in stages and "renderer" in stages and not isinstance(start, MelSpectrogram):
        alone = alone_stage(stages.get("structure"))
        if alone is None:
            raise InvalidRequest(
                f"Without a decoder nothing turns the structure of {known.path} into sound; "
                "leave out --decoder none, or write the structure itself with `audiogen structure`."
            )
        stages["renderer"] = alone
    if request.show_steps and "decoder" not in stages:
        raise InvalidRequest("--show-steps shows a decoder at work, and here is none; leave it out.")
    if request.sampling.variation:
        remarks = (*remarks, *_check_variation(known.path, stages, start))
    bed = _bed(request, known) if "renderer" in stages else None
    if bed is not None:
        remarks = (*remarks, f"{_listed(known.sources)} is laid under the piano, {BED_LU:g} LU below it")
    return Plan(request, known, start, stages, (*remarks, *known.remarks), bed)


def make(
    request: Request | Plan,
    progress: Progress = silent,
    dtypes: dict[str, str] | None = None,
    items: Iterable[int] | None = None,
    loaded: Loaded | None = None,
) -> Iterator[Take]:
    """The takes of a request, one after the other.

    Args:
        request: what to make.
        progress: called as progress(stage, step, total); False cancels.
        dtypes: stage name -> "bfloat16" or "float32", to replay another machine's arithmetic.
        items: which of its takes, counted from 0; None: all of them.
        loaded: an empty dictionary at first; calls that share it load every network once.
    Raises:
        Cancelled: `progress` said so; takes before it are complete.
    """
    from audiogen.pipeline import item

    plan = understand(request) if isinstance(request, Request) else request
    if loaded is not None:
        plan = plan.sharing(loaded)
    if dtypes:
        use_dtypes(plan.pipeline, dtypes)
        if plan.bed is not None:
            use_dtypes(plan.bed.pipeline, dtypes)
    sampling = plan.request.sampling
    for k in range(sampling.n) if items is None else items:
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
        InvalidRequest: unknown suffix, unreadable, or empty.
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

        data = read_midi(file)
        start, remarks = Structure.from_midi(data), data.remarks
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


def _condition(request: Request, start: Structure | MelSpectrogram | None) -> Conditioning:
    """What the words ask for; without words, what the file that is started from was made for."""
    if start is None:
        return parse(request.prompt, request.path, request.default_path)
    asked = start.asked if isinstance(start, Structure) else None
    own = request.path or (asked.path if asked is not None else "piano")
    if not request.prompt.strip():
        if asked is None or asked.path != own:
            return Conditioning(path=own, seconds=start.seconds)
        return dataclasses.replace(asked, seconds=start.seconds, unknown=(), remarks=())
    try:
        known = parse(request.prompt, request.path, own)
    except InvalidRequest:
        known = parse(request.prompt, own)
    if asked is not None and known.path == asked.path == "ambience" and not known.sources:
        known = dataclasses.replace(known, sources=asked.sources)
    return known


def _check_path(path: str) -> None:
    if path not in PIPELINES:
        raise InvalidRequest(
            f"audiogen cannot make {path} yet; it makes {', '.join(PIPELINES)}. "
            'Say so in the prompt, for example "calm piano, 15 s".'
        )


def _check_kind(known: Conditioning, start: Structure | MelSpectrogram | None, request: Request) -> None:
    """Raise InvalidRequest where path, source and loop do not go together."""
    notes = isinstance(start, Structure) and start.notes is not None
    if known.path == "ambience" and notes:
        name = request.source.name if request.source is not None else "This structure"
        raise InvalidRequest(
            f"{name} holds notes, which only the piano plays; an ambience follows a coarse mel (.npz). "
            'Leave the words out, or name the piano in them ("piano with rain").'
        )
    if request.sampling.loop and known.path == "piano":
        raise InvalidRequest(
            "A piano piece has an end, so it cannot be a loop; leave out --loop, or ask for an ambience "
            '("rain, 10 s").'
        )


def _bed(request: Request, known: Conditioning) -> Plan | None:
    """The ambience that a piano piece names beside the piano, of the same length and seeds; None: none."""
    if known.path != "piano" or not known.sources:
        return None
    asked = Conditioning(
        prompt=known.prompt,
        path="ambience",
        seconds=known.seconds,
        sources=known.sources,
        intensity=known.intensity,
    )
    below = Request(known.prompt, path="ambience", device=request.device, conditioning=asked)
    return Plan(below, asked, None, dict(PIPELINES["ambience"]))


def _check_cut(seconds: float) -> None:
    low, high = DECODE_SECONDS
    if not low <= seconds <= high + UNDAMPED_S:  # what rings on after the music
        raise InvalidRequest(
            f"A file is played for {low:g} to {high:g} s, not {seconds:g}; change --seconds."
        )


def _check_seconds(known: Conditioning, from_file: bool) -> None:
    low, high = DECODE_SECONDS if from_file else MAKE_SECONDS[known.path]
    if from_file and not low <= known.seconds <= high + UNDAMPED_S:  # what rings on after the music
        raise InvalidRequest(
            f"This file is {_length(known.seconds)} long; decode takes {low:g} to {high:g} s. "
            f"Play its beginning with --seconds {high:g}, or cut it in a sequencer."
        )
    if not from_file and known.path == "ambience" and not low <= known.seconds <= high:
        raise InvalidRequest(
            f"An ambience takes {low:g} to {high:g} seconds, not {known.seconds:g}; a loop (--loop) can be "
            "repeated for as long as you like."
        )
    if not from_file and not low <= known.seconds <= high:
        raise InvalidRequest(
            f"A {known.path} piece takes {low:g} to {high:g} seconds, not {known.seconds:g}; longer pieces: "
            f"`audiogen decode` takes a MIDI file of up to {DECODE_SECONDS[1]:g} s."
        )


def _check_variation(
    path: str, stages: dict[str, str], start: Structure | MelSpectrogram | None
) -> tuple[str, ...]:
    """Remarks; raises InvalidRequest where nothing can be varied."""
    if path == "ambience":
        raise InvalidRequest(
            "A variation changes notes, and an ambience has none; leave out --variation. Another take of the "
            "same structure: --decoder-seed."
        )
    if stages.get("structure") != "score":
        raise InvalidRequest(
            "A variation changes notes, and only the stage score writes them; leave out --structure "
            f"{stages.get('structure', 'none')} or --variation."
        )
    if start is not None and (isinstance(start, MelSpectrogram) or start.notes is None):
        raise InvalidRequest("A variation changes notes, and this file holds none; leave out --variation.")
    if isinstance(start, Structure) and not (start.mel is None and start.onsets is None):
        return ("left out the coarse mel of the file, which does not fit varied notes",)
    return ()


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 3600 else f"{seconds / 3600:.1f} hours"


def _run(plan: Plan, sampling: Sampling, progress: Progress) -> Take:
    """All stages for one take, keeping what each one made, and the sound finished."""
    take = _staged(plan, sampling, progress)
    if take.waveform is None:
        return take
    if plan.bed is not None:
        same = Sampling(seed=sampling.seed, decoder_seed=sampling.decoder_seed)
        below = _staged(plan.bed, same, lambda stage, step, total: progress(f"bed {stage}", step, total))
        assert below.waveform is not None
        _lay_under(take.waveform, below.waveform)
    return dataclasses.replace(take, waveform=_finish(plan, take, take.waveform))


def _staged(plan: Plan, sampling: Sampling, progress: Progress) -> Take:
    """All stages for one take; the sound is as the renderer made it."""
    known = plan.conditioning
    x: Any = plan.start
    if x is None:
        x = known if "structure" in plan.stages else Structure.empty(known.seconds)
    take = _with(Take(sampling.seed, known, sampling), x)
    steps: list[MelSpectrogram] = []
    stages: tuple[Any, ...] = plan.pipeline.stages
    for stage in stages:
        if stage.seam == "structure" and isinstance(x, Structure):
            x = stage.vary(x, known, sampling, progress)
        elif stage.seam == "decoder" and plan.request.show_steps:
            x = stage(x, known, sampling, progress, lambda done, total, mel: steps.append(mel))
        else:
            x = stage(x, known, sampling, progress)
        if isinstance(x, Structure):
            x = x.as_midi()  # so that a kept MIDI file plays as this take does
        take = _with(take, x)
    return dataclasses.replace(take, steps=tuple(steps))


def _with(take: Take, x: Any) -> Take:
    if isinstance(x, Structure):
        return dataclasses.replace(take, structure=dataclasses.replace(x, asked=take.conditioning))
    if isinstance(x, MelSpectrogram):
        return dataclasses.replace(take, mel=x)
    return dataclasses.replace(take, waveform=x) if isinstance(x, Waveform) else take


def _lay_under(above: Waveform, below: Waveform) -> None:
    """Mix a bed into a sound, in place: BED_LU softer than it, coming and going unnoticed."""
    from audiogen.media.finish import BELOW, soft_ends
    from audiogen.media.loudness import PIANO_LUFS, loudness_lufs

    bed = below.samples
    soft_ends(bed, below.sample_rate, BELOW)
    upper, lower = (loudness_lufs(wave.samples, wave.sample_rate) for wave in (above, below))
    if not np.isfinite(upper):
        upper = PIANO_LUFS  # nothing is struck
    if np.isfinite(lower):
        bed *= np.float32(10 ** ((upper - BED_LU - lower) / 20))
    length = min(bed.shape[1], above.samples.shape[1])
    above.samples[:, :length] += bed[:, :length]


def _finish(plan: Plan, take: Take, wave: Waveform) -> Waveform:
    from audiogen.media.facts import Facts
    from audiogen.media.finish import LASTING, STRUCK, finish

    rate, known, loop = plan.request.rate, take.conditioning, take.sampling.loop
    target = target_lufs(plan.request.loudness, known, take.structure)
    ends = None if loop else LASTING if known.path == "ambience" else STRUCK
    samples, level = finish(wave.samples, wave.sample_rate, known.seconds, target, rate, True, ends)
    notes = take.structure.notes if take.structure is not None else None
    facts = Facts(known.prompt, level=level, loop=(0, samples.shape[1]) if loop else None)
    if notes is not None:
        tempo = notes.tempo if notes.metre else None  # without a metre it is a clock, not a beat
        facts = Facts(known.prompt, tempo, notes.metre, notes.key, level)
    return Waveform(samples, rate, facts)


def target_lufs(
    loudness: float | str, conditioning: Conditioning, structure: Structure | None
) -> float | None:
    """The loudness to aim at: as told, else by the asked dynamics, else by those of the notes.

    That of an ambience follows its intensity.
    """
    from audiogen.media.loudness import ambience_target_lufs, piano_target_lufs

    if not isinstance(loudness, str):
        return float(loudness)
    if loudness == OFF:
        return None
    if conditioning.path == "ambience":
        return ambience_target_lufs(conditioning.intensity)
    velocity = conditioning.loudness
    if velocity is None and structure is not None and structure.notes is not None and len(structure.notes):
        velocity = float(np.mean(structure.notes.velocity))
    return piano_target_lufs(velocity)
