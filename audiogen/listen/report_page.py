"""The report as one HTML page: the sentence first, then the plots and the tables."""

from __future__ import annotations

from html import escape

from audiogen.listen.kinds import KINDS
from audiogen.listen.report import comparison_words, left_out, title
from audiogen.listen.trials import Row

_STYLE = """
:root { --ground: #f5f4f0; --sheet: #fff; --ink: #23262b; --soft: #5b616b; --line: #d6d4cd; --accent: #245c73;
  --tint: #d7e6ec; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --sheet: #1f2226; --ink: #e8e6e1; --soft:
#a9afb8;
  --line: #383d44; --accent: #8cc5da; --tint: #2a3f49; } }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: .9rem; padding: 1.25rem
1.5rem;
  margin: 1rem 0; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.found { font-size: 1.05rem; border-left: .25rem solid var(--accent); padding-left: .8rem; }
.note { color: var(--soft); }
pre { overflow-x: auto; font: .82rem/1.45 ui-monospace, Consolas, "Noto Sans Mono CJK SC", monospace; }
svg { display: block; width: 100%; min-width: 30rem; height: auto; font-size: 13px; margin: .5rem 0; }
.plot { overflow-x: auto; }
svg text { fill: var(--ink); } svg .tick { text-anchor: middle; fill: var(--soft); font-size: 12px; }
svg .name { text-anchor: end; } svg .grid { stroke: var(--line); } svg .mark { stroke: var(--soft);
  stroke-dasharray: 4 3; } svg .box { fill: var(--tint); } svg .median { stroke: var(--soft); }
svg .bar { stroke: var(--accent); stroke-width: 2; fill: none; } svg .dot { fill: var(--accent); }
"""


def page(result: Row) -> bytes:
    """The whole document of a report, UTF-8; see `report.report`."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Listening test</title><style>{_STYLE}</style></head><body><main><h1>Listening test</h1>",
        f'<p class="note">{escape(", ".join(result["files"]))}</p>',
        *(f'<p class="note">{escape(words)}</p>' for words in left_out(result)),
    ]
    for comparison in result["comparisons"]:
        parts += ["<section>", f"<h2>{escape(title(comparison))}</h2>"]
        if comparison["answers"]:
            plots = KINDS[comparison["kind"]].plots(comparison)
            parts.append(f'<p class="found">{escape(comparison["conclusion"])}</p>')
            parts += [f'<div class="plot">{svg}</div>' for svg in plots]
        words = "\n".join(comparison_words(comparison)[1:])
        parts += [f"<pre>{escape(words)}</pre>", "</section>"]
    return "\n".join([*parts, "</main></body></html>", ""]).encode()
