"""The command: audiogen evaluate adherence; a Markdown page on stdout, talk on stderr."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from audiogen.lab.evaluate.adherence import (
    endings,
    held_out,
    memory,
    mode,
    order,
    others,
    pieces,
    tempo,
    texture,
)
from audiogen.lab.evaluate.adherence.report import Section, as_json, markdown
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines
from audiogen.media.files import write_atomic

SETTINGS: dict[str, dict[str, list[str]]] = {
    **{attribute: order.settings(attribute) for attribute in order.WORDS},
    "tempo": tempo.SETTINGS,
    "key": mode.SETTINGS,
    "endings": pieces.PLAIN,
    "memory": pieces.PLAIN,
    "texture": pieces.PLAIN,
    "others": others.SETTINGS,
}
PARTS = tuple(SETTINGS)
REAL_EXCERPTS = 4  # of a held-out piece


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    """Write pieces, measure them, print the page. Returns the exit code."""
    given = _parser().parse_args(arguments)
    sections = measured(given)
    print(markdown(sections), end="")
    if given.json:
        told = {"weights": given.weights, "n": given.n, "seconds": given.seconds}
        page = json.dumps(told | {"sections": as_json(sections)}, indent=1)
        write_atomic(given.json, page.encode(), force=True)
    return 0


def measured(given: argparse.Namespace) -> list[Section]:
    """The sections that `--only` asks for, in the order of PARTS."""
    seconds, before = given.seconds, time.perf_counter()
    held = held_out.pieces(given.source) if given.source else []
    cut = [e for piece in held for e in held_out.excerpts(piece, seconds, REAL_EXCERPTS)]
    in_time = held_out.in_time(given.source, held, seconds, REAL_EXCERPTS) if held else []
    settings = {name: prompts for part in given.only for name, prompts in SETTINGS[part].items()}
    wanted = [job for name, words in settings.items() for job in pieces.jobs(name, words, given.n, seconds)]
    _say(f"{len(held)} held-out pieces; writing {len(wanted)} pieces")
    made = pieces.write(given.weights, wanted, given.processes)
    _say(f"written in {time.perf_counter() - before:.0f} s; measuring")
    parts: dict[str, Callable[[], list[Section]]] = {
        **{a: partial(order.measure, a, made, seconds) for a in order.WORDS},
        "tempo": lambda: tempo.measure(made, in_time, seconds),
        "key": lambda: mode.measure(made, cut, held),
        "endings": lambda: endings.measure(made, held, seconds),
        "memory": lambda: memory.measure(made, held, given.data),
        "texture": lambda: texture.measure(made, cut),
        "others": lambda: others.measure(made, seconds),
    }
    sections = [section for part in given.only for section in parts[part]()]
    if given.audio:
        from audiogen.lab.evaluate.adherence import sound

        sections += sound.measure(sound.piano(), made, in_time, seconds, given.audio)
    _say(f"done after {time.perf_counter() - before:.0f} s")
    return sections


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parts(text: str) -> list[str]:
    asked = [part.strip() for part in text.split(",")]
    if wrong := [part for part in asked if part not in PARTS]:
        raise argparse.ArgumentTypeError(f"{', '.join(wrong)}: choose from {', '.join(PARTS)}")
    return [part for part in PARTS if part in asked]


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="audiogen evaluate adherence")
    parser.add_argument("--weights", default="piano-score", help="name or folder")
    parser.add_argument("-n", type=_count, default=64, help="pieces a setting")
    parser.add_argument("--source", type=Path, help="folder of the raw piano-midi/: real pieces")
    parser.add_argument("--data", type=Path, help="what `audiogen data` made, for memory")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--only", type=_parts, default=list(PARTS), metavar=",".join(PARTS))
    parser.add_argument(
        "--audio", type=_count, default=0, help="render so many a setting: tempo and key heard"
    )
    parser.add_argument("--json", type=Path, help="write everything here as well")
    parser.add_argument("--processes", type=_count, default=1)
    return parser
