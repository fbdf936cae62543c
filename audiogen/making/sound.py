"""What is special to sound: its length, its loudness, a bed of nature under the piano, loops, variations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.artifacts import UNDAMPED_S, Conditioning, MelSpectrogram, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.kinds import DECODE_SECONDS, STRUCK, Kind, kind_named
from audiogen.making import marking, played
from audiogen.media import midi
from audiogen.media.mel_settings import MelSettings
from audiogen.prompt.weighing import plainly
from audiogen.registry import StageEntry, chain
from audiogen.request import BED_LU, OFF, Plan, Request, Take

if TYPE_CHECKING:
    from audiogen.media.finish import Touch

SUFFIXES = (*midi.SUFFIXES, ".npz")  # of files that sound starts from
LEFT_OUT = "{}: left out; the score stage, where it writes a piece from its beginning, goes by that"
Start = Structure | MelSpectrogram
Entries = Mapping[str, StageEntry]


def unheard(known: Conditioning, entries: Entries) -> list[str]:
    """One remark about all that was asked for and that the first stage does not follow."""
    first = next(iter(entries.values()), None)
    if first is None or first.hears is None:
        return []
    asks = [*kind_named(known.path).asks, *(["mode"] if known.key is None else [])]  # a key has its mode
    lost = {name: getattr(known, name) for name in asks if name not in first.hears}
    words = [plainly(name, value) for name, value in lost.items() if value not in (None, ())]
    return [LEFT_OUT.format(", ".join(words))] if words else []


def fitted(
    kind: Kind, known: Conditioning, start: Any, request: Request
) -> tuple[Conditioning, Start | None]:
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
    _check_seconds(kind, known, start)
    _check_kind(kind, start, request)
    return known, start


def check_seams(kind: Kind, entries: Entries, start: Start | None) -> None:
    """Raise InvalidRequest where a stage does not take what the one before it gives."""
    gives: type = Conditioning if start is None else type(start)
    for entry in entries.values():
        begins_empty = gives is Conditioning and entry.takes is Structure  # a decoder alone
        if not issubclass(gives, entry.takes) and not begins_empty and "decoder" not in entries:
            raise InvalidRequest(
                f"Without a decoder nothing turns the structure of {kind.name} into sound; "
                "leave out --decoder none, or write the structure itself with `audiogen structure`."
            )
        if not issubclass(gives, entry.takes) and not begins_empty and not entry.varies:
            raise InvalidRequest(
                f"The {entry.seam} stage {entry.name} takes a {entry.takes.__name__}, and there is a "
                f"{gives.__name__} before it; choose stages that fit."
            )
        gives = entry.gives


def extras(
    request: Request, kind: Kind, known: Conditioning, start: Start | None, entries: Entries
) -> tuple[tuple[str, ...], Plan | None]:
    """Remarks, and the plan of the bed under the sound, if its words ask for one.

    Raises:
        InvalidRequest: a variation of what cannot be varied.
    """
    remarks = played.silences(start, known.seconds)
    if request.sampling.loop and (open_ := [e.name for e in entries.values() if not e.loops]):
        raise InvalidRequest(
            f"What the stage {open_[0]} writes has an end; leave out --loop, or choose another stage."
        )
    if request.sampling.variation:
        remarks = (*remarks, *_check_variation(kind, entries, start))
    sounds = bool(entries) and issubclass(list(entries.values())[-1].gives, Waveform)
    bed = _bed(request, kind, known) if sounds else None
    if bed is not None:
        remarks = (*remarks, f"{_listed(known.sources)} is laid under the piano, {BED_LU:g} LU below it")
    return remarks, bed


def finished(plan: Plan, take: Take, below: Waveform | None) -> Take:
    """The take with its sound ready to be written, the bed laid under it."""
    assert take.waveform is not None
    wave = _own(plan, take.waveform)
    if below is not None:
        lay_under(wave, _own(plan.bed, below), ends=not take.sampling.loop)
    mark = marking.SoundMark(plan, take.sampling.loop)
    wave = _finish(plan, take, wave, mark)
    return dataclasses.replace(take, waveform=wave, made=wave, mark=mark.id)


def _own(plan: Plan | None, wave: Waveform) -> Waveform:
    """Samples that may be worked on in place: a stage from elsewhere may keep its own."""
    assert plan is not None
    ours = type(plan.parts[-1]).__module__.startswith("audiogen.")
    if ours and wave.samples.dtype == np.float32:
        return wave
    return dataclasses.replace(wave, samples=np.array(wave.samples, np.float32))


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


def lay_under(above: Waveform, below: Waveform, below_lu: float = BED_LU, ends: bool = True) -> None:
    """Mix a bed into a sound, in place: `below_lu` softer than it, coming and going unnoticed (`ends`)."""
    from audiogen.media.finish import BELOW, soft_ends
    from audiogen.media.loudness import PIANO_LUFS, loudness_lufs

    bed = below.samples
    if ends:
        soft_ends(bed, below.sample_rate, BELOW)
    upper, lower = (loudness_lufs(wave.samples, wave.sample_rate) for wave in (above, below))
    if not np.isfinite(upper):
        upper = PIANO_LUFS  # nothing is struck
    if np.isfinite(lower):
        bed *= np.float32(10 ** ((upper - below_lu - lower) / 20))
    length = min(bed.shape[1], above.samples.shape[1])
    above.samples[:, :length] += bed[:, :length]


def target_lufs(
    loudness: float | str, conditioning: Conditioning, structure: Structure | None
) -> float | None:
    """The loudness to aim at: as told, else by the rule of the kind of work (dynamics, asked or written)."""
    if not isinstance(loudness, str):
        return float(loudness)
    if loudness == OFF:
        return None
    velocity = None
    if structure is not None and structure.notes is not None and len(structure.notes):
        velocity = float(np.mean(structure.notes.velocity))
    return kind_named(conditioning.path).level(conditioning, velocity)


def _check_options(known: Conditioning, start: Any, request: Request) -> None:
    """Raise InvalidRequest where something is given that only pictures have."""
    given = {
        "--size": request.size,
        "--style": request.style if request.model is None else None,
        "--init": request.init if request.model is None else None,
        "--mask": request.mask,
        "--strength": request.strength if request.model is None else None,
        "--upscale": request.upscale,
    }
    for name, value in given.items():
        if value is not None:
            raise InvalidRequest(
                f"{name} is for pictures, and this is {known.path}; leave it out, or ask for a picture "
                '("watercolor digit 7", "a cartoon cat").'
            )
    if start is not None and not isinstance(start, Start):
        name = request.source.name if isinstance(request.source, Path) else "This"
        raise InvalidRequest(
            f"{name} is a drawing, and {known.path} follows notes (.mid) or a coarse mel (.npz); give one of "
            'those, or ask for a picture ("watercolor").'
        )


def _check_kind(kind: Kind, start: Start | None, request: Request) -> None:
    """Raise InvalidRequest where kind of work, source and loop do not go together."""
    notes = isinstance(start, Structure) and start.notes is not None
    if notes and not kind.notes and request.model is None:
        name = request.source.name if isinstance(request.source, Path) else "This structure"
        raise InvalidRequest(
            f"{name} holds notes, which only the piano plays; {kind.called or kind.name} follows a coarse "
            'mel (.npz). Leave the words out, or name the piano in them ("piano with rain").'
        )
    if request.sampling.loop and not kind.loops:
        raise InvalidRequest(
            f"{_capital(kind)} has an end, so it cannot be a loop; leave out --loop, or ask for an ambience "
            '("rain, 10 s").'
        )


def _capital(kind: Kind) -> str:
    called = kind.called or f"a {kind.name}"
    return called[0].upper() + called[1:]


def _bed(request: Request, kind: Kind, known: Conditioning) -> Plan | None:
    """What is named beside the sound, of the same length and seeds; None: nothing."""
    if kind.bed is None or not known.sources:
        return None
    asked = Conditioning(
        prompt=known.prompt,
        path=kind.bed,
        seconds=known.seconds,
        sources=known.sources,
        intensity=known.intensity,
    )
    below = Request(known.prompt, path=kind.bed, device=request.device, conditioning=asked)
    lower = kind_named(kind.bed)
    return Plan(below, lower, asked, None, chain(lower, {}))


def _check_cut(seconds: float) -> None:
    low, high = DECODE_SECONDS
    if not low <= seconds <= high + UNDAMPED_S:  # what rings on after the music
        raise InvalidRequest(
            f"A file is played for {low:g} to {high:g} s, not {seconds:g}; change --seconds."
        )


def _check_seconds(kind: Kind, known: Conditioning, start: Start | None) -> None:
    from_file = start is not None
    low, high = DECODE_SECONDS if from_file else kind.seconds or DECODE_SECONDS
    if from_file and not low <= known.seconds <= high + UNDAMPED_S:  # what rings on after the music
        raise InvalidRequest(
            f"This file is {_length(known.seconds)} long; decode takes {low:g} to {high:g} s. "
            f"{played.how_to_shorten(start, high)}"
        )
    if from_file or low <= known.seconds <= high:
        return
    longer = ""
    if kind.notes:
        longer = f"; longer pieces: `audiogen decode` takes a MIDI file of up to {DECODE_SECONDS[1]:g} s"
    elif kind.loops:
        longer = "; a loop (--loop) can be repeated for as long as you like"
    raise InvalidRequest(
        f"{_capital(kind)} takes {low:g} to {high:g} seconds, not {known.seconds:g}{longer}."
    )


def _check_variation(kind: Kind, entries: Entries, start: Start | None) -> tuple[str, ...]:
    """Remarks; raises InvalidRequest where nothing can be varied."""
    if not kind.notes:
        raise InvalidRequest(
            f"A variation changes notes, and {kind.called or kind.name} has none; leave out --variation. "
            "Another take of the same structure: --decoder-seed."
        )
    writer = entries.get("structure")
    if writer is None or not writer.varies:
        name = "none" if writer is None else writer.name
        raise InvalidRequest(
            "A variation changes notes, and only the stage score writes them; leave out --structure "
            f"{name} or --variation."
        )
    if start is not None and (isinstance(start, MelSpectrogram) or start.notes is None):
        raise InvalidRequest("A variation changes notes, and this file holds none; leave out --variation.")
    if isinstance(start, Structure) and not (start.mel is None and start.onsets is None):
        return ("left out the coarse mel of the file, which does not fit varied notes",)
    return ()


def _finish(plan: Plan, take: Take, wave: Waveform, touch: Touch) -> Waveform:
    from audiogen.media import finish as last
    from audiogen.media.facts import Facts

    rate, known, loop = plan.request.rate, take.conditioning, take.sampling.loop
    target = target_lufs(plan.request.loudness, known, take.structure)
    ends = None if loop else last.STRUCK if plan.kind.ends == STRUCK else last.LASTING
    samples, level = last.finish(
        wave.samples, wave.sample_rate, known.seconds, target, rate, True, ends, touch
    )
    notes = take.structure.notes if take.structure is not None else None
    span = (0, samples.shape[1]) if loop else None
    facts = Facts(known.prompt, level=level, loop=span)
    if notes is not None:
        tempo = notes.tempo if notes.metre else None  # without a metre it is a clock, not a beat
        facts = Facts(known.prompt, tempo, notes.metre, notes.key, level, span)
    return Waveform(samples, rate, facts)


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 3600 else f"{seconds / 3600:.1f} hours"
