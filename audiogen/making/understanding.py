"""From a request to a plan: everything that can be checked before a network is loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from audiogen.artifacts import Conditioning, Contour, Latents, MelSpectrogram
from audiogen.errors import InvalidRequest
from audiogen.kinds import OWN, Kind, kind_named
from audiogen.making import foreign, pictures, revision, sound
from audiogen.making.retouch import forms, retouched
from audiogen.making.sources import condition, load_source
from audiogen.registry import NONE, StageEntry, chain, check_scheduler, entry_of, vocabulary_of
from audiogen.request import Plan, Request, Start

Entries = dict[str, StageEntry]
ALONE = "one is painted; several are where the sketch is ours, with a layout and colours"


def understand(request: Request, given: tuple[Any, ...] = ()) -> Plan:
    """Check a request as far as that is possible without loading a network.

    Args:
        given: the stages themselves, in order, in place of those that the request names.
    Raises:
        InvalidRequest: words that cannot be understood, a length out of range, an unreadable source,
            stages that do not exist, options that do not go together.
    """
    request = foreign.with_stage(request)
    if request.region is not None:
        return revision.planned(request)
    start: Start | None = None
    remarks: tuple[str, ...] = ()
    if request.source is not None and not request.shows_source:
        start, remarks = load_source(request.source, request.changes)
    known = request.conditioning or condition(request, start, given)
    kind = kind_named(known.path)
    work = _of_picture if kind.is_picture else _of_sound
    return work(request, kind, known, start, remarks, given)


def _of_sound(
    request: Request,
    kind: Kind,
    known: Conditioning,
    start: Start | None,
    remarks: tuple[str, ...],
    given: tuple[Any, ...],
) -> Plan:
    known, begun = sound.fitted(kind, known, start, request)
    given = _needed(given, begun, varied=bool(request.sampling.variation))
    entries = _entries(request, kind, begun, given)
    known = foreign.worded(request, kind, known, entries)
    if not given:
        sound.check_seams(kind, entries, begun)
    if request.show_steps and "decoder" not in entries:
        raise InvalidRequest("--show-steps shows a decoder at work, and here is none; leave it out.")
    more, bed = sound.extras(request, kind, known, begun, entries)
    remarks = (*remarks, *more, *known.remarks, *([] if begun or given else sound.unheard(known, entries)))
    beside = foreign.beside(request, known, entries)
    foreign.shown(request, entries)
    return Plan(request, kind, known, begun, entries, remarks, bed, given=given, **beside)


def _of_picture(
    request: Request,
    kind: Kind,
    known: Conditioning,
    start: Start | None,
    remarks: tuple[str, ...],
    given: tuple[Any, ...],
) -> Plan:
    known, drawn = pictures.fitted(known, start, request)
    touch, fitted = retouched(request)
    entries = _entries(request, kind, drawn, given)
    if drawn is None and any(issubclass(entry.takes, Contour) for entry in entries.values()):
        drawn = forms(request, known, touch)
        entries = entries if drawn is None else _entries(request, kind, drawn, given)
    given = _needed(given, drawn)
    known = foreign.worded(request, kind, known, entries)
    foreign.beside(request, known, entries)
    shown, seen = foreign.shown(request, entries)
    if "decoder" not in entries and not isinstance(drawn, Latents) and not given:
        entries.pop("renderer", None)  # the contour itself is the picture
    vocabulary = vocabulary_of(kind, entries.values())
    known = pictures.completed(request, kind, known, start, vocabulary)
    more = pictures.extras(request, kind, known, drawn, entries, vocabulary)
    foreign.check_upscale(request, known)
    remarks = (*remarks, *more, *fitted, *seen, *known.remarks)
    plan = Plan(request, kind, known, drawn, entries, remarks, retouch=touch, shown=shown, given=given)
    if (known.count or 1) > 1 and vocabulary == OWN and not plan.led:
        plan = replace(plan, remarks=(*remarks, f"{known.count} {known.subject}: {ALONE}"))
    return plan


def _needed(given: tuple[Any, ...], start: Start | None, varied: bool = False) -> tuple[Any, ...]:
    """The stages that follow what is there: those before it are left out, unless they vary it.

    Raises:
        InvalidRequest: none of them takes it.
    """
    if start is None or varied or not given:
        return given
    for first, stage in enumerate(given):
        if isinstance(start, stage.takes):
            return given[first:]
    raise InvalidRequest(f"This pipeline takes {given[0].takes.__name__}, not {type(start).__name__}.")


def _entries(request: Request, kind: Kind, start: Start | None, given: tuple[Any, ...]) -> Entries:
    """The stages by seam; raises InvalidRequest where one does not make this kind of work."""
    if given:
        return {stage.seam: entry_of(stage, kind.name) for stage in given}
    named = {"structure": request.structure, "decoder": request.decoder}
    from_file = start is not None or request.shows_source
    if from_file and not (request.sampling.variation and not kind.is_picture):
        named["structure"] = NONE
    if isinstance(start, MelSpectrogram | Latents):
        named["decoder"] = NONE
    entries = chain(kind, named)
    if "decoder" in entries:
        check_scheduler(entries["decoder"], request.sampling.scheduler)
    return entries
