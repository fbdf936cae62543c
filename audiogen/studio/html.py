"""Small pieces of the page as HTML: chips, progress, takes, history. Everything from outside is escaped."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from audiogen.studio.desk import CANCELLED, DONE, FAILED, QUEUED, Desk, Job

Words = dict[str, str]
STYLES = ("watercolor", "oil", "pencil", "ink", "flat", "3d")  # as they lie in web/styles.png


def head(lang: str, words: Words) -> str:
    other = "zh" if lang == "en" else "en"
    return (
        f'<div class="ag-head"><h1>audiogen</h1><span>{escape(words["tagline"])}</span>'
        f'<a href="/{other}/" lang="{other}">{escape(words["other"])}</a></div>'
    )


def chips(row: dict[str, Any], words: Words) -> str:
    """What was understood; what was not, struck out; remarks below."""
    if row["error"]:
        said = f'<span class="ag-error">{escape(row["error"])}</span>'
        return f'<div class="ag-chips" aria-live="polite">{said}</div>'
    shown = [
        f'<span class="{"ag-kind" if not k else ""}">{escape(text)}</span>'
        for k, (text, _) in enumerate(row["chips"])
    ]
    lost = words["not_understood"]
    shown += [
        f'<span class="ag-unknown" title="{escape(lost)}">{escape(word)}</span>' for word in row["unknown"]
    ]
    remarks = "".join(f'<p class="ag-remark">{escape(words)}</p>' for words in row["remarks"])
    return f'<div class="ag-chips" aria-live="polite">{"".join(shown)}</div>{remarks}'


def status(job: Job, desk: Desk, words: Words) -> str:
    """One line: where it stands, the stage, how much of it, seconds left."""
    if job.status == FAILED:
        return f'<div class="ag-status ag-failed" role="alert">{escape(job.error)}</div>'
    if job.status in (DONE, CANCELLED):
        remarks = " · ".join(job.remarks)
        return f'<div class="ag-status" role="status">{escape(words[job.status])}</div>' + (
            f'<p class="ag-remark">{escape(remarks)}</p>' if remarks else ""
        )
    if job.status == QUEUED:
        said, track = words["queued"].format(place=desk.place(job)), ""
    else:
        said = words["loading"] if job.stage.endswith("loading") else job.stage
        share = job.step / job.total if job.total else 0.0
        bar = f'<i style="width:{100 * min(1.0, share):.0f}%"></i>' if job.total else "<i></i>"
        track = f'<div class="ag-track{"" if job.total else " ag-busy"}">{bar}</div>'
        if job.left_s is not None:
            track += f"<span>{escape(words['left'].format(s=max(1, round(job.left_s))))}</span>"
    return f'<div class="ag-status" role="status"><span>{escape(said)}</span>{track}</div>'


def takes(job: Job, element: str) -> str:
    """What was made, for `ag-sound` or `ag-pictures` of web/studio.js."""
    row = {"id": job.id, "takes": job.takes, "ranking": job.ranking, "album": job.album}
    return f'<{element} data="{escape(json.dumps(row, ensure_ascii=False))}"></{element}>'


def compared(rows: list[dict[str, Any]], words: Words) -> str:
    if not rows:
        return empty(words["empty_compare"])
    return f'<ag-compare data="{escape(json.dumps(rows, ensure_ascii=False))}"></ag-compare>'


def empty(text: str) -> str:
    return f'<div class="ag-empty">{escape(text)}</div>'


def styles(chosen: str | None) -> str:
    buttons = "".join(
        f'<button type="button" aria-pressed="{"true" if name == chosen else "false"}" '
        f"onclick=\"audiogenTell({{do:'style',name:'{name}'}})\">"
        f'<i style="background-position:-{70 * k}px 0"></i>{name}</button>'
        for k, name in enumerate(STYLES)
    )
    return f'<div class="ag-styles" role="group">{buttons}</div>'


def canvas(kind: str, below: str = "") -> str:
    return f'<ag-draw kind="{kind}" below="{escape(below)}"></ag-draw>'


def files(desk: Desk, words: Words) -> str:
    """The history, the newest first."""
    made = desk.history()[:200]
    if not made:
        return empty(words["empty_files"])
    return f'<div class="ag-files">{"".join(_article(job, words) for job in made)}</div>'


def _article(job: Job, words: Words) -> str:
    take = job.takes[0]
    shown = take.get("view") or take["file"]
    title = escape(take["prompt"] or take["kind"])
    many = f" · {len(job.takes)} {escape(words['takes'])}" if len(job.takes) > 1 else ""

    def button(do: str, text: str, pressed: bool = False) -> str:
        return (
            f'<button type="button" aria-pressed="{"true" if pressed else "false"}" '
            f"onclick=\"audiogenTell({{do:'{do}',job:'{job.id}'}})\">{escape(text)}</button>"
        )

    buttons = button("show", words["again"]) + button(
        "star", ("★ " if job.star else "☆ ") + words["star"], job.star
    )
    return (
        f'<article><img loading="lazy" src="/api/files/{job.id}/{escape(shown)}" alt="">'
        f"<b>{title}</b><span>{escape(job.ask['verb'])} · {escape(take['label'])}{many}</span>"
        f'<div class="ag-bar">{buttons}{button("remove", words["remove"])}</div></article>'
    )
