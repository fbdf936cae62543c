"""What a prompt asks for, as chips: short plain facts, and what was not understood."""

from __future__ import annotations

from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.kinds import kind_named
from audiogen.making import understand
from audiogen.prompt.weighing import plainly
from audiogen.request import Request

_SAID: tuple[str, ...] = (
    "tempo",
    "key",
    "mode",
    "metre",
    "density",
    "loudness",
    "register",
    "articulation",
    "pedal",
    "texture",
    "growth",
)
_SAID += ("period", "intensity", "style", "look")


def understood(prompt: str, kind: str | None = None, default: str | None = None) -> dict[str, Any]:
    """The kind of work, chips of what was understood, words that were not, remarks, or an error."""
    if not prompt.strip():
        return {"kind": kind, "chips": [], "unknown": [], "remarks": [], "error": ""}
    try:
        plan = understand(Request(prompt, path=kind, default_path=default))
    except InvalidRequest as problem:
        return {"kind": kind, "chips": [], "unknown": [], "remarks": [], "error": str(problem)}
    known = plan.conditioning
    chips = [[kind_named(known.path).called or known.path, ""]]
    if not known.is_picture:
        chips.append([f"{known.seconds:g} s", "seconds"])
    if known.subject:
        chips.append([known.subject, "subject"])
    for name in _SAID:
        value = getattr(known, name)
        if value is not None and not (name == "mode" and known.key):
            chips.append([plainly(name, value), name])
    chips += [[name, "source"] for name in known.sources]
    chips += [[name, "detail"] for name in (*known.details, *known.mood)]
    return {
        "kind": known.path,
        "chips": chips,
        "unknown": list(known.unknown),
        "remarks": list(plan.remarks),
        "error": "",
    }
