"""Which kind of work a prompt asks for, and by whose vocabulary it is read.

Our own models refuse what they never learned. A model with free text is handed the whole sentence
(`Conditioning.prompt`); what the prompt room understands of it is kept, and nothing is refused.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.kinds import FREE, Kind, kind_by_words, kind_for_suffix, kind_named, shipped
from audiogen.media.png import SUFFIX as PICTURE_SUFFIX
from audiogen.prompt import parse
from audiogen.registry import NONE, STAGES, StageEntry, entry_of
from audiogen.request import Request


def asked(request: Request, given: tuple[Any, ...] = ()) -> Conditioning:
    """What the words of a request ask for.

    Args:
        given: the stages, where the caller has them.
    Raises:
        InvalidRequest: see `prompt.parse`; or the words are empty.
    """
    prompt = request.prompt
    stages = [entry_of(stage, request.path or "") for stage in given] or _named(request)
    kind = _kind(request, stages)
    if kind is not None and kind.parse is not None:
        return dataclasses.replace(kind.parse(prompt), prompt=prompt, path=kind.name)
    free = any(stage.vocabulary == FREE for stage in stages) or (kind is not None and kind.vocabulary == FREE)
    if free or (kind is not None and not shipped(kind)):
        return _freely(prompt, kind, stages, free)
    of_pictures = (request.init, request.mask, request.style, request.size)  # options that only they have
    seen = any(option is not None for option in of_pictures)
    default = request.default_path or (kind_for_suffix(PICTURE_SUFFIX) if seen else None)
    return parse(prompt, request.path, default, drawn=request.init is not None)


def _named(request: Request) -> list[StageEntry]:
    """The stages that a request names."""
    names = [name for name in (request.structure, request.decoder) if name not in (None, NONE)]
    return [entry for entry in STAGES if entry.name in names]


def _kind(request: Request, stages: list[StageEntry]) -> Kind | None:
    """The kind that is named, else that of an added word, else the only one that an added stage makes."""
    if request.path is not None:
        return kind_named(request.path)
    by_words = kind_by_words(request.prompt)
    if by_words is not None:
        return by_words
    only = {name for stage in stages for name in stage.weights if len(stage.weights) == 1}
    added = [name for name in only if name and not shipped(kind_named(name))]
    return kind_named(added[0]) if len(added) == 1 else None


def _freely(prompt: str, kind: Kind | None, stages: list[StageEntry], free: bool) -> Conditioning:
    """What can be understood of a prompt, without refusing any of it.

    Args:
        free: all words are handed on, so that none counts as left out.
    """
    if not prompt.strip():
        raise InvalidRequest('The prompt is empty; say what to make, for example "calm piano, 15 s".')
    made = next((name for stage in stages if stage.vocabulary == FREE for name in stage.weights), None)
    name = kind.name if kind is not None else None
    try:
        if name is None:
            known = parse(prompt, drawn=True, free=True)
            fits = any(known.path in stage.weights for stage in stages if stage.vocabulary == FREE)
            known = known if fits or made is None else parse(prompt, _reader(made), drawn=True, free=True)
            name = known.path if fits else made
        else:
            known = parse(prompt, _reader(name), drawn=True, free=True)
    except InvalidRequest:
        known = Conditioning(prompt=prompt)
    name = name or made or known.path
    seconds = _length(prompt, kind_named(name), known.seconds)
    known = dataclasses.replace(known, prompt=prompt, path=name, seconds=seconds)
    return dataclasses.replace(known, unknown=(), remarks=()) if free else known


def _reader(name: str) -> str:
    """The shipped kind whose words are nearest to those of another one."""
    kind = kind_named(name)
    return name if shipped(kind) else str(kind_for_suffix(kind.suffixes[0]))


def _length(prompt: str, kind: Kind, understood: float) -> float:
    """The length that is said or was understood, else the usual one as far as it is made, s."""
    from audiogen.prompt.language.lexicon import lexicon
    from audiogen.prompt.language.text import normal
    from audiogen.prompt.measures import take

    try:
        amounts, _ = take(normal(prompt, lexicon().variants))
    except InvalidRequest:
        amounts = []
    said = [float(amount.asks["seconds"]) for amount in amounts if "seconds" in amount.asks]
    if said or understood != Conditioning.seconds:
        return said[-1] if said else understood
    low, high = kind.seconds or (0.0, understood)
    return min(max(low, understood), high)
