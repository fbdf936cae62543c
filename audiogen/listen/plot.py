"""Means with their intervals as an SVG that stands in a page: no script, no font, no file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 720, 200, 70, 34, 14  # px
_TICKS = 4


def intervals(
    title: str, rows: Sequence[tuple[Any, ...]], low: float, high: float, mark: float | None = None
) -> str:
    """One line per row: a dot for the value, a bar for its interval, a pale box for the quartiles.

    Args:
        rows: (name, value, interval or None) or (name, value, interval or None, quartiles).
        low, high: ends of the axis.
        mark: where a line across stands, such as chance.
    """
    span = (high - low) or 1.0
    bottom = _TOP + _ROW * len(rows)

    def x(value: float) -> float:
        return round(_LEFT + (min(max(value, low), high) - low) / span * (_WIDTH - _LEFT - _RIGHT), 1)

    told = "; ".join(f"{name} {value:.2f}" for name, value, *_ in rows)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {bottom + 44}" role="img" aria-label="{escape(f"{title}: {told}")}">'
    ]
    for k in range(_TICKS + 1):
        value = low + span * k / _TICKS
        parts.append(f'<path class="grid" d="M{x(value)} {_TOP}V{bottom}"/>')
        parts.append(f'<text x="{x(value)}" y="{bottom + 16}" class="tick">{value:.3g}</text>')
    parts.append(f'<text x="{x((low + high) / 2)}" y="{bottom + 36}" class="tick">{escape(title)}</text>')
    if mark is not None:
        parts.append(f'<path class="mark" d="M{x(mark)} {_TOP}V{bottom}"/>')
    for k, (name, value, between, *quartiles) in enumerate(rows):
        y = _TOP + _ROW * k + _ROW // 2
        shown = name if len(name) < 26 else f"{name[:24]}…"
        parts.append(f'<text x="{_LEFT - 12}" y="{y + 5}" class="name">{escape(shown)}</text>')
        for first, middle, last in quartiles:
            width = round(x(last) - x(first), 1)
            parts.append(f'<rect class="box" x="{x(first)}" y="{y - 9}" width="{width}" height="18"/>')
            parts.append(f'<path class="median" d="M{x(middle)} {y - 9}v18"/>')
        if between:
            parts.append(f'<path class="bar" d="M{x(between[0])} {y}H{x(between[1])}"/>')
        parts.append(f'<circle class="dot" cx="{x(value)}" cy="{y}" r="4.5"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 12}" y="{y + 5}" class="value">{value:.2f}</text>')
    return "".join([*parts, "</svg>"])
