"""Names of files: from words, in a folder, or by a template such as takes/{job:02}-{slug}-{seed}.wav.

A template holds fields in braces, each with a width or precision if wanted ({n:02}, {slug:.20}); `{{`
and `}}` are braces that stay.
"""

from __future__ import annotations

import os
import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audiogen.errors import InvalidRequest

if TYPE_CHECKING:
    from audiogen.artifacts import Conditioning
    from audiogen.stage import Sampling

FIELDS = {
    "n": "number of the take, from 1",
    "take": "the same",
    "job": "number of the job, from 1",
    "slug": "the words, as far as a file name can hold them",
    "seed": "of the take",
    "variation": "seed of the variation, or 0",
    "key": "such as D-minor, or any",
    "tempo": "beats per minute, or any",
    "seconds": "length",
    "subject": "of a picture, such as 7 or cat, or any",
    "style": "of a picture, or any",
}
OPEN = "any"  # what the prompt left open
_SLUG_LENGTH = 48
_FORMAT = re.compile(r"(0?\d{1,2})?(\.\d{1,2})?[dfg]?")
_BRACES = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class Facts:
    """What the fields of a template stand for, for all takes of one job.

    Attributes:
        words: the prompt, or the name of the file that was decoded.
        seeds: one per take.
        variations: where one piece is varied, the seed of each variation; else None.
        job: its number, from 1.
        key, tempo: as asked, or None.
        seconds: length.
        subject, style: of a picture, as asked, or None.
    """

    words: str
    seeds: list[int]
    variations: list[int] | None = None
    job: int = 1
    key: str | None = None
    tempo: float | None = None
    seconds: float = 0.0
    subject: str | None = None
    style: str | None = None


def facts_of(words: str, sampling: Sampling, known: Conditioning, job: int = 1) -> Facts:
    """The facts of the takes that `sampling` makes."""
    counts = range(sampling.n)
    variations = [sampling.variation_seed + k for k in counts] if sampling.variation else None
    seeds = [sampling.seed + (0 if variations else k) for k in counts]
    style = known.style or known.look
    seconds = 0.0 if known.is_picture else known.seconds
    return Facts(words, seeds, variations, job, known.key, known.tempo, seconds, known.subject, style)


def file_names(output: str | None, facts: Facts, suffix: str) -> list[Path]:
    """One name per take.

    Args:
        output: a file, a folder, a template, or None: named after the words and seed, here. Several
            takes that a name does not tell apart get -1, -2, ... before its suffix.
        suffix: of a file that is named here.
    Raises:
        InvalidRequest: no such field.
    """
    names = _filled(output, facts, suffix)
    if len(set(names)) < len(names):
        return [name.with_name(f"{name.stem}-{k + 1}{name.suffix}") for k, name in enumerate(names)]
    return names


def tells_apart(output: str | None, facts: Facts) -> bool:
    """Whether the takes get different names without being numbered by `file_names`."""
    names = _filled(output, facts, "")
    return len(set(names)) == len(names)


def _filled(output: str | None, facts: Facts, suffix: str) -> list[Path]:
    if output is None or is_folder(output):
        name = "{slug}-{seed}" if facts.variations is None else "{slug}-{seed}-v{variation}"
        template = os.path.join(_literal(output or ""), name + suffix)
    else:
        template = output
    return [Path(_fill(template, _values(facts, k))) for k in range(len(facts.seeds))]


def is_folder(output: str) -> bool:
    """A folder that exists, or a name that ends like one."""
    return output.endswith(("/", os.sep)) or os.path.isdir(output)


def suffix_of(output: str) -> str:
    """The suffix that a name or template says, in small letters; "" where it says none."""
    if is_folder(output):
        return ""
    return Path(_BRACES.sub("x", output)).suffix.lower()


def needs_seed(output: str | None) -> bool:
    """Whether another seed gives another name."""
    if output is None or is_folder(output):
        return True
    return "seed" in _names(output)


def slug(words: str) -> str:
    """A file name from words in any script."""
    name = re.sub(r"[^\w]+", "-", words.strip(), flags=re.UNICODE).strip("-_")
    return name[:_SLUG_LENGTH].rstrip("-_") or "audiogen"


def _values(facts: Facts, k: int) -> dict[str, str | int | float]:
    return {
        "n": k + 1,
        "take": k + 1,
        "job": facts.job,
        "slug": slug(facts.words),
        "seed": facts.seeds[k],
        "variation": facts.variations[k] if facts.variations else 0,
        "key": slug(_spelt(facts.key)) if facts.key else OPEN,
        "tempo": round(facts.tempo) if facts.tempo else OPEN,
        "subject": slug(facts.subject) if facts.subject else OPEN,
        "style": slug(facts.style) if facts.style else OPEN,
        "seconds": int(facts.seconds) if float(facts.seconds).is_integer() else facts.seconds,
    }


def _spelt(key: str) -> str:
    """Accidentals as words: `F# minor` and `F minor` must not share a name."""
    return re.sub(r"^([A-G])b\b", r"\1 flat", key).replace("#", " sharp")


def _parts(template: str) -> list[tuple[str, str | None, str]]:
    """(text, field after it or None, its format), checked."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as problem:
        raise InvalidRequest(f"-o {template}: {problem}; a brace that stays is written twice.") from problem
    for _, name, form, conversion in parts:
        if name is not None and (name not in FIELDS or conversion):
            written = name + (f"!{conversion}" if conversion else "")
            raise InvalidRequest(
                f"-o {template}: no field {{{written}}}; there are {', '.join(FIELDS)} "
                "(a brace that stays is written twice)."
            )
        if not _FORMAT.fullmatch(form or ""):
            raise InvalidRequest(f"-o {template}: {form!r} is no width; write for example {{{name}:02}}.")
    return [(text, name, form or "") for text, name, form, _ in parts]


def _names(template: str) -> set[str]:
    """The fields in it."""
    return {name for _, name, _ in _parts(template) if name is not None}


def _fill(template: str, values: dict[str, str | int | float]) -> str:
    filled = ""
    for text, name, form in _parts(template):
        filled += text
        if name is not None:
            filled += _written(template, values[name], form)
    return filled


def _written(template: str, value: str | int | float, form: str) -> str:
    """A value as its format says; words only take a greatest length."""
    if isinstance(value, str):
        _, dot, length = form.rstrip("dfg").partition(".")
        return value[: int(length)] if dot else value
    try:
        return format(value, form)
    except ValueError as problem:
        raise InvalidRequest(f"-o {template}: {problem} ({value}).") from problem


def _literal(folder: str) -> str:
    """A name as part of a template."""
    return folder.replace("{", "{{").replace("}", "}}")
