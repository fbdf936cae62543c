"""A sound that is changed: what is read of it, what the stages see of it, how what is new is set into it.

    lead | new | follow     the stages fill the gap, seeing what lies before and behind it
    kept | new | kept       the gap is set into the sound; what is kept is kept to the sample

Sounds of nature go on from their own coarse mel, so any recording will do. A piano needs notes: files made
here carry theirs, or the recipe that writes them.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.kinds import STRUCK, Kind, kind_named
from audiogen.making.marking import SoundMark
from audiogen.making.sound import LEFT_OUT
from audiogen.media import audio
from audiogen.media.facts import Facts
from audiogen.prompt import parse
from audiogen.prompt.weighing import plainly
from audiogen.provenance import notes_in, request_of
from audiogen.registry import chain
from audiogen.request import Plan, Region, Request, Revision, Take
from audiogen.stage import Edit, Sampling

OF_NATURE = "ambience"  # what a sound without a recipe is taken for
LEAD_S, FOLLOW_S = 8.0, 3.0  # of a sound of nature that is seen: more than its writer remembers
WORKING_LUFS = -23.0  # the level of the recordings that the networks learned from
LONGEST_S = 600.0  # of the result
FADE_S = {True: 0.06, False: 0.04}  # from old to new and back, inside what is new; struck or lasting
MARGIN_S = 0.25  # of what is rendered beside the region, so that a resampler begins in peace
FADED_DB, FADED_S = 6.0, 3.0  # an end so far below what was before it has faded out; sought so far back
HOLD_S = 0.45  # after the last notes of a piece, before it goes on
HELD_S = 3.0  # a note that is held over what is set in sounds on for at most this


def revised(
    file: Path | Waveform,
    region: Region,
    prompt: str = "",
    sampling: Sampling | None = None,
    path: str | None = None,
    **options: Any,
) -> Request:
    """The request that changes a sound.

    Args:
        file: a sound, or its artifact. region: see `between`, `onwards`, `longer`.
        prompt: what is new; empty: more of what is there.
        sampling: its `seed` and `n` draw what is new, everything else is of the decoder.
        path: the kind of work; None: as the file says, else a sound of nature.
    Raises:
        InvalidRequest: the file cannot be read.
    """
    sampling = sampling or Sampling()
    own = _recipe(file).get("sampling")
    told = own if isinstance(own, dict) else {}
    kept: dict[str, Any] = {
        name: told.get(name) for name in ("seed", "decoder_seed") if isinstance(told.get(name), int)
    }
    kept |= {"variation": 1.0, "variation_seed": sampling.seed, "loop": False}
    sampling = dataclasses.replace(sampling, **kept)
    return Request(prompt, path=path, init=file, region=region, sampling=sampling, **options)


def between(file: Path | Waveform, start_s: float, stop_s: float) -> Region:
    """A part is made anew.

    Raises:
        InvalidRequest: it does not lie within the sound.
    """
    seconds = _loaded(file).seconds
    if not 0 <= start_s < stop_s <= seconds + 1e-6:
        raise InvalidRequest(
            f"The sound is {seconds:.2f} s long, and {start_s:g} to {stop_s:g} s is no part of it; "
            "change --from and --to."
        )
    return Region(start_s, min(stop_s, seconds), min(stop_s, seconds) - start_s)


def onwards(file: Path | Waveform, seconds: float) -> Region:
    """The sound goes on for `seconds` after its end; where it fades out or ends a piece, from there on."""
    wave = _loaded(file)
    start_s = _open_end_s(wave)
    notes = notes_in(_recipe(file))
    if notes is not None and notes.notes is not None and len(notes.notes):
        start_s = min(wave.seconds, float(notes.notes.onset_s.max()) + HOLD_S)
    return Region(start_s, wave.seconds, wave.seconds - start_s + seconds)


def longer(file: Path | Waveform, seconds: float) -> Region:
    """The sound becomes `seconds` long: what is new is set in before its last part, so that its end stays.

    Raises:
        InvalidRequest: it is that long already.
    """
    wave = _loaded(file)
    if seconds <= wave.seconds:
        raise InvalidRequest(
            f"The sound is {wave.seconds:.2f} s long; ask for more than that, or take a part with "
            "`audiogen inpaint`."
        )
    at = _seam_s(wave, notes_in(_recipe(file)))
    return Region(at, at, seconds - wave.seconds)


def planned(request: Request) -> Plan:
    """The plan of a sound that is changed.

    Raises:
        InvalidRequest: unreadable, silent, of too many channels, without the notes that its kind needs, or
            the result would be too long.
    """
    assert request.region is not None and isinstance(request.init, Path | Waveform)
    wave, recipe, region = _loaded(request.init), _recipe(request.init), request.region
    known, kind = _asked(request, recipe)
    if len(wave.samples) > 2:
        raise InvalidRequest(f"The sound has {len(wave.samples)} channels; give a mono or stereo file.")
    if region.stop_s > wave.seconds + 1e-6:
        raise InvalidRequest(f"The sound ends after {wave.seconds:.2f} s, before {region.stop_s:g} s.")
    kept_s = wave.seconds - (region.stop_s - region.start_s)
    if kept_s < 0.5:
        raise InvalidRequest("Nothing of the sound would stay to go on from; keep at least half a second.")
    if kept_s + region.fill_s > LONGEST_S:
        raise InvalidRequest(
            f"The result would be {kept_s + region.fill_s:.0f} s long; at most {LONGEST_S:g} s."
        )
    follow_s = wave.seconds - region.stop_s
    if kind.notes:
        revision = Revision(wave, region, region.start_s, follow_s, base=_base(recipe, request, region))
    else:
        lead_s = min(LEAD_S, region.start_s)
        revision = Revision(wave, region, lead_s, min(FOLLOW_S, follow_s), _working_gain(wave))
    known = dataclasses.replace(known, seconds=revision.window_s)
    remarks = known.remarks
    if request.prompt.strip() and known.growth is not None:
        remarks = (*remarks, LEFT_OUT.format(plainly("growth", known.growth)))
    return Plan(request, kind, known, None, chain(kind, {}), remarks, revision=revision)


def edit_for(plan: Plan, stage: Any) -> Edit | None:
    """What a stage begins with; None: it begins as ever."""
    revision, kind = plan.revision, plan.kind
    assert revision is not None
    if stage.seam == "structure":
        return Edit(_structure(revision), span_s=revision.span_s)
    if stage.seam == "decoder":  # of a piano everything is decided by its notes
        return None if kind.notes else Edit(_mel(revision, stage.config.mel), span_s=revision.span_s)
    return Edit(heard(revision), span_s=revision.span_s)


def heard(revision: Revision) -> Waveform:
    """What the stages see: lead, silence where the new comes, follow; stereo at 44.1 kHz."""
    from audiogen.media.finish import exact_length, resampled

    wave, rate, region = revision.wave, Waveform.sample_rate, revision.region
    start, stop = (round(s * wave.sample_rate) for s in (region.start_s, region.stop_s))
    lead, follow = (round(s * wave.sample_rate) for s in (revision.lead_s, revision.follow_s))
    window = (wave.samples[:, start - lead : start], wave.samples[:, stop : stop + follow])
    before, after = (
        part if wave.sample_rate == rate else resampled(part, wave.sample_rate, rate) for part in window
    )
    first, second = (round(s * rate) for s in revision.span_s)
    out = np.zeros((2, round(revision.window_s * rate)), np.float32)
    out[:, :first] = exact_length(before, first)
    out[:, second:] = exact_length(after, out.shape[1] - second)
    return Waveform(out * np.float32(revision.gain), rate)


def finished(plan: Plan, take: Take) -> Take:
    """The take with what is new set into the sound that was there."""
    from audiogen.media.loudness import measure, to_loudness

    revision = plan.revision
    assert revision is not None and take.waveform is not None
    old, region, struck = revision.wave, revision.region, plan.kind.ends == STRUCK
    new = _new(take.waveform, revision)
    mark = SoundMark(plan, loop=False)
    mark(new, old.sample_rate)  # what stays is not marked
    to_loudness(new, old.sample_rate, None)  # its peaks
    start, stop = (round(s * old.sample_rate) for s in (region.start_s, region.stop_s))
    fade = min(round(FADE_S[struck] * old.sample_rate), new.shape[1] // 2)
    _cross(new[:, :fade], old.samples[:, start : start + fade], struck)
    if stop < old.samples.shape[1]:
        _cross(new[:, ::-1][:, :fade], old.samples[:, max(0, stop - fade) : stop][:, ::-1], struck)
    else:
        _end_softly(new, old.sample_rate, struck)
    samples = np.concatenate([old.samples[:, :start], new, old.samples[:, stop:]], 1)
    facts = Facts(take.conditioning.prompt, level=measure(samples, old.sample_rate))
    wave = Waveform(samples, old.sample_rate, facts)
    known = dataclasses.replace(take.conditioning, seconds=wave.seconds)
    return dataclasses.replace(take, waveform=wave, made=wave, conditioning=known, mark=mark.id)


def _new(made: Waveform, revision: Revision) -> np.ndarray:
    """What is new [channels, samples], at the rate, the level and with the channels of the sound."""
    from audiogen.media.finish import exact_length, resampled

    old, (first, second) = revision.wave, revision.span_s
    low = max(0.0, first - MARGIN_S)
    part = made.samples[:, round(low * made.sample_rate) : round((second + MARGIN_S) * made.sample_rate)]
    if old.sample_rate != made.sample_rate:
        part = resampled(part, made.sample_rate, old.sample_rate)
    at, length = round((first - low) * old.sample_rate), round(revision.region.fill_s * old.sample_rate)
    part = exact_length(part[:, at:], length) / np.float32(revision.gain)
    return part.mean(0, keepdims=True) if len(old.samples) == 1 else np.array(part)


def _cross(new: np.ndarray, old: np.ndarray, struck: bool) -> None:
    """From old to new, in place; sounds that know nothing of each other add up in power."""
    count = min(new.shape[1], old.shape[1])
    if not count:
        return
    rise = np.sin(0.5 * np.pi * (np.arange(count) + 0.5) / count).astype(np.float32)
    fall = rise[::-1]
    up, down = (rise**2, fall**2) if struck else (rise, fall)
    new[:, :count] = up * new[:, :count] + down * old[:, :count]


def _end_softly(new: np.ndarray, rate: int, struck: bool) -> None:
    from audiogen.media.finish import LASTING, end_levels_db

    if end_levels_db(new, rate)[1] > -60.0:
        count = min(new.shape[1] // 2, round((1.5 if struck else LASTING.cut_s) * rate))
        new[:, -count:] *= np.cos(0.5 * np.pi * np.arange(count) / count).astype(np.float32) ** 2


def _loaded(file: Path | Waveform) -> Waveform:
    """The sound.

    Raises:
        InvalidRequest: missing, unreadable, too long, or empty.
    """
    wave = file if isinstance(file, Waveform) else Waveform.load(file)
    if not wave.samples.shape[1] or not np.isfinite(wave.samples).all():
        raise InvalidRequest("The sound holds no samples, or some that are no numbers; give another file.")
    return wave


def _recipe(file: Path | Waveform) -> dict[str, Any]:
    return (audio.read_recipe(file) if isinstance(file, Path) else None) or {}


def _asked(request: Request, recipe: dict[str, Any]) -> tuple[Conditioning, Kind]:
    """What is to be new: the words, else what the file was made for, else more of what is there."""
    if request.conditioning is not None:
        return request.conditioning, _fitting(kind_named(request.conditioning.path))
    told = recipe.get("conditioning")
    own = Conditioning.from_dict(told) if isinstance(told, dict) and not told.get("style") else None
    path = request.path or (own.path if own is not None else OF_NATURE)
    kind = _fitting(kind_named(path))
    if own is not None and own.path == path and kind.bed is not None and own.sources and not request.path:
        raise InvalidRequest(
            "Here a piano and sounds of nature are mixed, and neither can be changed alone; make both apart "
            "and lay one under the other with `audiogen mix`."
        )
    if request.prompt.strip():
        return parse(request.prompt, path), kind
    if own is not None and own.path == path:
        return dataclasses.replace(own, unknown=(), remarks=()), kind
    return Conditioning(path=path), kind


def _fitting(kind: Kind) -> Kind:
    if not (kind.notes or kind.of_sources):
        raise InvalidRequest(
            f"{kind.called or kind.name} cannot be changed in part; piano made here and sounds of nature can."
        )
    return kind


def _base(recipe: dict[str, Any], request: Request, region: Region) -> Structure | Plan:
    """The notes of the sound in the time of the result, or the plan that writes them.

    Raises:
        InvalidRequest: it has none.
    """
    found = notes_in(recipe)
    if found is not None:
        return moved(found, region)
    without = InvalidRequest(
        "A piano is changed by its notes, and this file holds none; give one that audiogen made from notes, "
        "or say that it is a sound of nature with --kind ambience."
    )
    stages = recipe.get("pipeline")
    if not isinstance(stages, dict) or "region" in recipe or stages.get("structure") not in (None, "score"):
        raise without
    if stages.get("structure") is None and not isinstance(recipe.get("source"), dict):
        raise without
    return _writing(recipe, request)


def _writing(recipe: dict[str, Any], request: Request) -> Plan:
    """The plan of a file of an earlier version, as far as its notes."""
    import tempfile

    from audiogen.making.understanding import understand

    folder = request.init.absolute().parent if isinstance(request.init, Path) else Path()
    with tempfile.TemporaryDirectory() as temporary:
        again = request_of(recipe, Path(temporary), folder)
        if again.source is not None:
            from audiogen.making.sources import load_source

            start, _ = load_source(again.source, again.changes)
            again = dataclasses.replace(again, source=start)
        plan = understand(dataclasses.replace(again, device=request.device))
    return plan.until("structure") if "structure" in plan.entries else plan.until("decoder")


def moved(structure: Structure, region: Region) -> Structure:
    """Notes in the time of the result: those of the region left out, those after it later or sooner."""
    notes = structure.notes
    assert notes is not None
    shift = region.fill_s - (region.stop_s - region.start_s)
    rows, pedal = notes.rows(), notes.pedal
    before, after = rows[:, 1] < region.start_s, rows[:, 1] >= region.stop_s
    held = before & (rows[:, 2] > region.stop_s)
    rows[after, 1:3] += shift
    if shift:
        rows[held, 2] = np.minimum(rows[held, 2] + shift, region.start_s + HELD_S)
    resumes = region.start_s + region.fill_s
    state = pedal[pedal[:, 0] <= region.stop_s][-1:, 1] if len(pedal) else np.zeros(0)
    later = pedal[pedal[:, 0] > region.stop_s] + np.array([shift, 0.0])
    again = np.array([[resumes, float(s)] for s in state if after.any()]).reshape(-1, 2)
    pedal = np.concatenate([pedal[pedal[:, 0] < region.start_s], again, later])
    known = {"tempo": notes.tempo, "metre": notes.metre, "key": notes.key}
    kept = Notes.from_rows(rows[before | after], pedal, **known)
    return dataclasses.replace(
        structure, seconds=structure.seconds + shift, notes=kept, mel=None, onsets=None
    )


def _structure(revision: Revision) -> Structure:
    """What the first stage fills: notes with a gap, or a coarse mel with one."""
    if isinstance(revision.base, Structure):
        return revision.base
    if isinstance(revision.base, Plan):
        from audiogen.making.engine import take

        written = take(revision.base, revision.base.request.sampling).structure
        if written is None or written.notes is None:
            raise InvalidRequest("The recipe of this file writes no notes; it cannot be changed in part.")
        return moved(written, revision.region)
    import torch

    from audiogen.media.mel import MelSettings, coarse_mel, onset_strength

    mid = torch.from_numpy(_mel(revision, MelSettings()).mid)
    return Structure(revision.window_s, mel=coarse_mel(mid).numpy(), onsets=onset_strength(mid).numpy())


def _mel(revision: Revision, settings: Any) -> MelSpectrogram:
    return heard(revision).mel(settings)


def _working_gain(wave: Waveform) -> float:
    from audiogen.media.loudness import loudness_lufs

    level = loudness_lufs(wave.samples, wave.sample_rate)
    if not np.isfinite(level):
        raise InvalidRequest("The sound is silent; there is nothing to go on from.")
    return float(10 ** ((WORKING_LUFS - level) / 20))


def _open_end_s(wave: Waveform) -> float:
    """Where a sound begins to fade out; its end where it does not."""
    step = max(1, round(0.02 * wave.sample_rate))
    count = min(wave.samples.shape[1] // step, round(3 * FADED_S / 0.02))
    if count < 10:
        return wave.seconds
    last = wave.samples[:, -count * step :].astype(np.float64)
    power = np.square(last).mean(0).reshape(-1, step).mean(1) + 1e-12
    usual = np.median(power[: max(5, count // 2)])
    loud = np.flatnonzero(power > usual * 10 ** (-FADED_DB / 10))
    faded = count - 1 - loud[-1] if len(loud) else 0
    faded = min(faded, round(FADED_S / 0.02))
    return (wave.samples.shape[1] - faded * step) / wave.sample_rate


def _seam_s(wave: Waveform, notes: Structure | None) -> float:
    """Where something can be set in: before the last third, at a bar or a wait, or where it is quietest."""
    low, high = 0.55 * wave.seconds, 0.8 * wave.seconds
    if notes is not None and notes.notes is not None and len(notes.notes) > 1:
        onsets = np.unique(notes.notes.onset_s)
        at = onsets[1:][(onsets[1:] > low) & (onsets[1:] < high)]
        if notes.notes.tempo and notes.notes.metre:
            beats, unit = notes.notes.metre
            bar_s = 4 * beats / unit * 60 / notes.notes.tempo
            bar = round(0.7 * wave.seconds / bar_s) * bar_s
            if 0.5 < bar < wave.seconds - 0.5:
                return float(bar)
        if len(at):
            wait = at - onsets[np.searchsorted(onsets, at) - 1]
            return float(at[wait.argmax()] - 0.01)
    step = max(1, round(0.05 * wave.sample_rate))
    first, count = round(low * wave.sample_rate), round((high - low) * wave.sample_rate) // step
    if count < 1:
        return wave.seconds / 2
    part = wave.samples[:, first : first + count * step].astype(np.float64)
    power = np.square(part).mean(0).reshape(-1, step).mean(1)
    return (first + int(power.argmin()) * step) / wave.sample_rate
