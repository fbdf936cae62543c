"""What is special to sound: its length, its loudness, a bed of nature under the piano, loops, variations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from audiogen.artifacts import UNDAMPED_S, Conditioning, MelSpectrogram, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.making import played
from audiogen.media import midi
from audiogen.media.mel_settings import MelSettings
from audiogen.registry import PIPELINES, alone_stage
from audiogen.request import BED_LU, OFF, Plan, Request, Take

MAKE_SECONDS = {"piano": (1.0, 60.0), "ambience": (1.0, 300.0)}
DECODE_SECONDS = (0.5, 600.0)
SUFFIXES = (*midi.SUFFIXES, ".npz")  # of files that sound starts from
Start = Structure | MelSpectrogram


def fitted(known: Conditioning, start: Any, request: Request) -> tuple[Conditioning, Start | None]:
    """The words and the start with their final length.

    Raises:
        InvalidRequest: a length out of range, or a file or an option that does not go with this sound.
    """
    _check_options(known, start, request)
    if start is not None:
        if request.seconds is not None:
            _check_cut(request.seconds)
            played.check_beginning(start, request.seconds)
        if request.seconds is not None and request.seconds != start.seconds:
            start = with_length(start, request.seconds)
        elif request.conditioning is None and known.seconds < start.seconds:  # as the words say
            played.check_beginning(start, known.seconds)
            start = with_length(start, known.seconds)
        known = dataclasses.replace(known, seconds=start.seconds)
    elif request.seconds is not None:
        known = dataclasses.replace(known, seconds=float(request.seconds))
    _check_seconds(known, start)
    _check_kind(known, start, request)
    return known, start


def alone(stages: dict[str, str], known: Conditioning) -> dict[str, str]:
    """The stages with a renderer that needs no decoder.

    Raises:
        InvalidRequest: there is none.
    """
    renderer = alone_stage(stages.get("structure"))
    if renderer is None:
        raise InvalidRequest(
            f"Without a decoder nothing turns the structure of {known.path} into sound; "
            "leave out --decoder none, or write the structure itself with `audiogen structure`."
        )
    return stages | {"renderer": renderer}


def extras(
    request: Request, known: Conditioning, start: Start | None, stages: dict[str, str]
) -> tuple[tuple[str, ...], Plan | None]:
    """Remarks, and the plan of the bed under the piano, if its words ask for one.

    Raises:
        InvalidRequest: a variation of what cannot be varied.
    """
    remarks = played.silences(start, known.seconds)
    if request.sampling.variation:
        remarks = (*remarks, *_check_variation(known.path, stages, start))
    bed = _bed(request, known) if "renderer" in stages else None
    if bed is not None:
        remarks = (*remarks, f"{_listed(known.sources)} is laid under the piano, {BED_LU:g} LU below it")
    return remarks, bed


def finished(plan: Plan, take: Take, below: Waveform | None) -> Take:
    """The take with its sound ready to be written, the bed laid under it."""
    assert take.waveform is not None
    if below is not None:
        lay_under(take.waveform, below)
    return dataclasses.replace(take, waveform=_finish(plan, take, take.waveform))


def with_length(start: Start, seconds: float) -> Start:
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


def lay_under(above: Waveform, below: Waveform) -> None:
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


def _check_options(known: Conditioning, start: Any, request: Request) -> None:
    """Raise InvalidRequest where something is given that only pictures have."""
    given = {
        "--size": request.size,
        "--style": request.style,
        "--init": request.init,
        "--mask": request.mask,
        "--strength": request.strength,
    }
    for name, value in given.items():
        if value is not None:
            raise InvalidRequest(
                f"{name} is for pictures, and this is {known.path}; leave it out, or ask for a picture "
                '("watercolor digit 7", "a cartoon cat").'
            )
    if start is not None and not isinstance(start, Start):
        name = request.source.name if request.source is not None else "This"
        raise InvalidRequest(
            f"{name} is a drawing, and {known.path} follows notes (.mid) or a coarse mel (.npz); give one of "
            'those, or ask for a picture ("watercolor").'
        )


def _check_kind(known: Conditioning, start: Start | None, request: Request) -> None:
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


def _check_seconds(known: Conditioning, start: Start | None) -> None:
    from_file = start is not None
    low, high = DECODE_SECONDS if from_file else MAKE_SECONDS[known.path]
    if from_file and not low <= known.seconds <= high + UNDAMPED_S:  # what rings on after the music
        raise InvalidRequest(
            f"This file is {_length(known.seconds)} long; decode takes {low:g} to {high:g} s. "
            f"{played.how_to_shorten(start, high)}"
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


def _check_variation(path: str, stages: dict[str, str], start: Start | None) -> tuple[str, ...]:
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


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 3600 else f"{seconds / 3600:.1f} hours"
