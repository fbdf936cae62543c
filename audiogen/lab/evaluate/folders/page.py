"""The result as a table for people, and as an HTML page with players and pictures beside the figures."""

from __future__ import annotations

import os
from html import escape
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from audiogen.lab.evaluate.bootstrap import estimate
from audiogen.media.files import by_number

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } .wide { overflow-x: auto; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: middle; }
th[scope=row] { font-weight: normal; white-space: nowrap; }
td.figure { font-variant-numeric: tabular-nums; white-space: nowrap; }
h1, h2, p, li, .files { overflow-wrap: anywhere; }
.files { table-layout: fixed; width: 100%; } .files td { vertical-align: top; }
audio { height: 2rem; width: 16rem; max-width: 100%; } img { height: 7rem; max-width: 100%; display: block; }
.found { border-left: .25rem solid #245c73; padding-left: .75rem; }
"""
TITLES = {"frechet": "Frechet", "kernel": "kernel x 100", "kid": "KID x 100"}


def table(result: dict[str, Any]) -> str:
    """The distances as a Markdown table, and the sentences below it."""
    names = list(result["sets"][0]["scores"]) if result["sets"] else []
    lines = []
    if names:
        titles = ["set", *(TITLES.get(n, n) for n in names)]
        lines = [f"| {' | '.join(titles)} |", "| --- " * len(titles) + "|"]
    for row in result["sets"]:
        lines.append(f"| {' | '.join([row['name'], *(_figure(row['scores'][n]) for n in names)])} |")
    return "\n".join([*lines, "", *result["conclusions"], "", *_facts_lines(result)])


def summary(facts: list[dict[str, Any]]) -> dict[str, str]:
    """Mean or most frequent value of every fact, with its interval and how many files have it."""
    found = {}
    for name in dict.fromkeys(name for row in facts for name in row):
        values = [row[name] for row in facts if row.get(name) is not None]
        if not values or isinstance(values[0], list):
            continue
        if isinstance(values[0], str):
            most = max(sorted(set(values)), key=values.count)
            found[name] = f"{most} ({values.count(most)} of {len(values)})"
        else:
            found[name] = f"{estimate(values, np.mean)} ({len(values)})"
    return found


def html(result: dict[str, Any], out: Path) -> bytes:
    """The whole document, UTF-8; files are linked relative to the folder `out`."""
    names = list(result["sets"][0]["scores"]) if result["sets"] else []
    title = escape(f"{result['a']} against {result['b']}")
    scores = [[row["name"], *(_figure(row["scores"][n]) for n in names)] for row in result["sets"]]
    sides = [f"{side.upper()}: {result[side]}" for side in ("a", "b")]
    means = _means(result)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>",
        f"<p>Embedding: {escape(result['embedding'])}. {result['count']} files a set.</p>",
        *(f'<p class="found">{escape(words)}</p>' for words in result["conclusions"]),
        _html_table(["set", *(TITLES.get(n, n) for n in names)], scores) if names else "",
        _html_table(["mean of the files", *sides], means) if means else "",
        "<h2>Files</h2>",
        _file_table(result, sides, out),
    ]
    if result["left_out"]:
        parts += [
            "<h2>Left out</h2><ul>",
            *(f"<li>{escape(words)}</li>" for words in result["left_out"]),
            "</ul>",
        ]
    return "\n".join([*parts, "</body></html>", ""]).encode()


def _figure(score: dict[str, float]) -> str:
    value, low, high = (_short(score[name]) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _means(result: dict[str, Any]) -> list[list[str]]:
    """Every fact, of A and of B."""
    a, b = (summary([row["facts"] for row in result["files_" + side]]) for side in ("a", "b"))
    return [[name, a.get(name, ""), b.get(name, "")] for name in dict.fromkeys([*a, *b])]


def _facts_lines(result: dict[str, Any]) -> list[str]:
    rows = [f"| {' | '.join(row)} |" for row in _means(result)]
    return ["| mean of the files | A | B |", "| --- | --- | --- |", *rows] if rows else []


def _html_table(titles: list[str], rows: list[list[str]]) -> str:
    """The first column is words, the others figures."""
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = ""
    for name, *figures in rows:
        cells = "".join(f'<td class="figure">{escape(figure)}</td>' for figure in figures)
        body += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _file_table(result: dict[str, Any], sides: list[str], out: Path) -> str:
    """Files of A and B beside each other, those of one name in one row."""
    named: dict[str, list[dict[str, Any] | None]] = {}
    for k, side in enumerate(("a", "b")):
        for row in result["files_" + side]:
            named.setdefault(row["name"], [None, None])[k] = row
    if all(None in pair for pair in named.values()):  # no name in both: simply one after the other
        rows = list(zip_longest(result["files_a"], result["files_b"]))
    else:
        rows = [(pair[0], pair[1]) for _, pair in sorted(named.items(), key=lambda item: by_number(item[0]))]
    head = "".join(f'<th scope="col">{escape(side)}</th>' for side in sides)
    cells = ("".join(_shown(row, result["what"], out) for row in pair) for pair in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div class="wide"><table class="files"><tr>{head}</tr>{body}</table></div>'


def _shown(row: dict[str, Any] | None, what: str, out: Path) -> str:
    """A cell with a file and what was measured of it."""
    if row is None:
        return "<td></td>"
    address = quote(os.path.relpath(row["file"], out))
    name = escape(Path(row["file"]).name)
    seen = f'<img loading="lazy" alt="{name}" src="{address}">'
    heard = f'<audio controls preload="none" aria-label="{name}" src="{address}"></audio>'
    facts = [f"{n} {_plain(v)}" for n, v in row["facts"].items() if n != "odds" and v is not None]
    return (
        f"<td>{heard if what == 'sound' else seen}<strong>{name}</strong><br>{escape(', '.join(facts))}</td>"
    )


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
