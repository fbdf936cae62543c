"""Many prompts: lists of jobs, from stdin or a file, and the options that a job may set.

    .txt, stdin   a prompt per line; empty lines and lines that start with # are left out
    .jsonl        a job per line: {"prompt": "calm piano", "seconds": 10, "seed": 7} (or a "prompt")
    .json         a list of such jobs

A line of .txt or stdin that starts with { is read as in .jsonl.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from audiogen.errors import InvalidRequest
from audiogen.rows import shown

STDIN = "-"
SUFFIXES = (".txt", ".jsonl", ".json")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_DIGITS, _LONGEST = 40, 200  # characters of a whole number, of a message about a value
# What other programs call it.
_MEANT = {
    **dict.fromkeys(("duration", "length", "secs"), "seconds"),
    **dict.fromkeys(("count", "takes", "samples"), "n"),
    **dict.fromkeys(("file", "filename", "out", "name"), "output"),
    **dict.fromkeys(("text", "words", "description"), "prompt"),
}
# Of the run, not of a job; and what only shows something.
_OF_THE_RUN = {
    *("json_", "dry_run", "quiet", "verbose", "help"),
    *("force", "skip_existing", "mkdir", "play"),
    *("workers", "engine", "cluster", "to"),
}


@dataclass(frozen=True)
class Entry:
    """One job as it stands in the list.

    Attributes:
        where: for messages, "night.jsonl, line 3".
        value: a prompt, an object with `prompt` and options, or what is wrong.
    """

    where: str
    value: Any

    def job(self) -> dict[str, Any]:
        """The object; a prompt alone becomes one.

        Raises:
            InvalidRequest: it is neither.
        """
        if isinstance(self.value, InvalidRequest):
            raise self.value
        if isinstance(self.value, str):
            return {"prompt": self.value}
        if not isinstance(self.value, dict):
            raise InvalidRequest(
                f'A job is a prompt or an object such as {{"prompt": "calm piano", "seed": 7}}, '
                f"not {shown(self.value)}."
            )
        if not isinstance(self.value.get("prompt", ""), str):
            raise InvalidRequest(f"prompt must be words, not {shown(self.value['prompt'])}.")
        for key, value in self.value.items():
            if any(_NO_TEXT.search(text) for text in (key, value) if isinstance(text, str)):
                raise InvalidRequest(
                    f"{shown(key)} holds a control character or half a letter; write it anew."
                )
        return self.value


def is_list(prompt: str) -> bool:
    """Whether PROMPT names a list of jobs instead of being words."""
    return prompt == STDIN or prompt.lower().endswith(SUFFIXES)


def read(source: str) -> list[Entry]:
    """The jobs of "-" (stdin) or a file, in order; what is wrong with one is kept in it.

    Raises:
        InvalidRequest: missing, not UTF-8, no job in it, or no list (.json).
    """
    name = "stdin" if source == STDIN else source
    text = _text(source, name)
    if source.lower().endswith(".json"):
        entries = _listed(text, name)
    else:
        entries = list(_lines(text, name, only_json=source.lower().endswith(".jsonl")))
    if not entries:
        raise InvalidRequest(f"{name} holds no job; write one prompt per line, for example: calm piano, 15 s")
    return entries


def options_of(job: dict[str, Any], ctx: click.Context) -> dict[str, Any]:
    """The options that a job sets, by parameter name of the verb of `ctx`, checked as on the command line.

    Raises:
        InvalidRequest: no such option, one of the whole run, or a value that it does not take.
    """
    known = {
        name.removeprefix("--").replace("-", "_"): option
        for option in ctx.command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    }
    allowed = {name: option for name, option in known.items() if option.name not in _OF_THE_RUN}
    chosen = {}
    for key, value in job.items():
        name = key.replace("-", "_")
        if name == "prompt" or value is None:
            continue
        if name in known and name not in allowed:
            raise InvalidRequest(f"{key} is for the whole run; give it on the command line (--{key}).")
        if name not in allowed:
            meant = _MEANT.get(name)
            near = [meant] if meant else difflib.get_close_matches(name, ["prompt", *allowed], 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(['prompt', *allowed])}."
            raise InvalidRequest(f"A job has no {shown(key)[1:-1]}; {hint}")
        option = allowed[name]
        if option.multiple and isinstance(value, list):
            chosen[str(option.name)] = tuple(_converted(key, each, option, ctx)[0] for each in value)
        else:
            chosen[str(option.name)] = _converted(key, value, option, ctx)
    return chosen


def _converted(key: str, value: Any, option: click.Option, ctx: click.Context) -> Any:
    """JSON's value as the option takes it."""
    given = shown(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as pandas writes it
    if option.is_flag:
        if not isinstance(value, bool):
            raise InvalidRequest(f"{key} must be true or false, not {given}.")
        return value
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InvalidRequest(f"{key} must be one value, not {given}.")
    try:
        return option.process_value(ctx, [str(value)] if option.multiple else str(value))
    except click.BadParameter as problem:
        why = problem.message if len(problem.message) < _LONGEST else f"{given} is not taken here."
        raise InvalidRequest(f"{key}: {why}") from problem


def _text(source: str, name: str) -> str:
    if source == STDIN:
        if sys.stdin.isatty():
            print("one prompt per line; Ctrl-D ends the list", file=sys.stderr)
        raw = sys.stdin.buffer.read()
    else:
        try:
            raw = Path(source).read_bytes()
        except OSError as problem:
            raise InvalidRequest(f"Cannot read the jobs in {source}: {problem.strerror}.") from problem
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InvalidRequest(
            f"{name} is no UTF-8 text (byte {problem.start}); save it as UTF-8."
        ) from problem


def _lines(text: str, name: str, only_json: bool) -> Iterator[Entry]:
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            is_json = only_json or line.startswith("{")
            yield Entry(f"{name}, line {number}", _parsed(line) if is_json else line)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line, parse_int=_whole)
    except json.JSONDecodeError as problem:
        why = f"{problem.msg}, column {problem.colno}"
    except RecursionError:
        why = "too many brackets"
    return InvalidRequest(f'no JSON ({why}); write {{"prompt": "calm piano, 15 s"}}.')


def _whole(digits: str) -> int | str:
    """A number, or what is too long to be one as a text, which no option takes."""
    return int(digits) if len(digits) < _DIGITS else digits


def _listed(text: str, name: str) -> list[Entry]:
    try:
        rows = json.loads(text, parse_int=_whole)
    except RecursionError as problem:
        raise InvalidRequest(f"{name}: no JSON (too many brackets).") from problem
    except json.JSONDecodeError as problem:
        raise InvalidRequest(
            f"{name}, line {problem.lineno}: no JSON ({problem.msg}, column {problem.colno})."
        ) from problem
    if not isinstance(rows, list):
        raise InvalidRequest(f"{name} must hold a list of jobs: [...].")
    return [Entry(f"{name}, job {number}", row) for number, row in enumerate(rows, 1)]
