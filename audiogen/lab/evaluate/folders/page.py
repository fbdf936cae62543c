"""The result as a table for people, and as an HTML page with players and pictures beside the figures."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from audiogen.lab.evaluate.bootstrap import estimate

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } .wide { overflow-x: auto; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: middle; }
td.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
audio { height: 2rem; width: 16rem; } img { height: 7rem; display: block; }
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
    head = "".join(f"<th>{escape(TITLES.get(n, n))}</th>" for n in ["set", *names])
    body = "".join(
        f"<tr><td>{escape(row['name'])}</td>"
        + "".join(f'<td class="figure">{escape(_figure(row["scores"][n]))}</td>' for n in names)
        + "</tr>"
        for row in result["sets"]
    )
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>",
        f"<p>Embedding: {escape(result['embedding'])}. {result['count']} files a set.</p>",
        *(f'<p class="found">{escape(words)}</p>' for words in result["conclusions"]),
        f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>' if names else "",
    ]
    for side in ("a", "b"):
        parts += [
            f"<h2>{'AB'[side == 'b']}: {escape(result[side])}</h2>",
            _facts_table(result["files_" + side]),
        ]
        parts.append(_file_table(result["files_" + side], result["what"], out))
    if result["left_out"]:
        parts += [
            "<h2>Left out</h2><ul>",
            *(f"<li>{escape(words)}</li>" for words in result["left_out"]),
            "</ul>",
        ]
    return "\n".join([*parts, "</body></html>", ""]).encode()


def _figure(score: dict[str, float]) -> str:
    return f"{score['value']:.3g} [{score['low']:.3g}, {score['high']:.3g}]"


def _facts_lines(result: dict[str, Any]) -> list[str]:
    sides = {side: summary([row["facts"] for row in result["files_" + side]]) for side in ("a", "b")}
    names = dict.fromkeys([*sides["a"], *sides["b"]])
    rows = [f"| {name} | {sides['a'].get(name, '')} | {sides['b'].get(name, '')} |" for name in names]
    return ["| mean of the files | A | B |", "| --- | --- | --- |", *rows] if rows else []


def _facts_table(files: list[dict[str, Any]]) -> str:
    rows = summary([row["facts"] for row in files]).items()
    cells = "".join(f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in rows)
    return f"<table><tr><th>mean of the files</th><th></th></tr>{cells}</table>" if cells else ""


def _file_table(files: list[dict[str, Any]], what: str, out: Path) -> str:
    names = [n for n in dict.fromkeys(n for row in files for n in row["facts"]) if n != "odds"]
    head = "".join(f"<th>{escape(n)}</th>" for n in ["file", "", *names])
    rows = []
    for row in files:
        address = quote(os.path.relpath(row["file"], out))
        name = escape(Path(row["file"]).name)
        seen = f'<img loading="lazy" alt="{name}" src="{address}">'
        heard = f'<audio controls preload="none" aria-label="{name}" src="{address}"></audio>'
        cells = "".join(f'<td class="figure">{escape(_plain(row["facts"].get(n)))}</td>' for n in names)
        rows.append(f"<tr><td>{name}</td><td>{heard if what == 'sound' else seen}</td>{cells}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _plain(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
