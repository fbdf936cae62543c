"""Tempo and bars in the beats of a metre: "♩ = 66" in 6/8, "8 bars" of 7/8.

The tempo of a Conditioning counts the beats of `artifacts.quarters_per_beat`; a bar of 7/8 has 3.5 quarters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from audiogen.artifacts import quarters_per_beat
from audiogen.errors import InvalidRequest
from audiogen.prompt.language.patterns import Amount

TEMPO_RANGE = (20.0, 300.0)  # beats a minute
PLAIN = (4, 4)  # of bars that are asked for without a metre


def in_beats(amounts: Sequence[Amount], metre: tuple[int, int] | None) -> list[Amount]:
    """The amounts with every tempo in beats a minute of the metre (none: quarters).

    Raises:
        InvalidRequest: a tempo outside 20 .. 300 beats a minute.
    """
    beat = quarters_per_beat(metre or PLAIN)
    found = []
    for amount in amounts:
        asks = dict(amount.asks)
        if "quarters" in asks:
            asks["tempo"] = asks.pop("quarters") / beat
        low, high = TEMPO_RANGE
        if not low <= asks.get("tempo", low) <= high:
            raise InvalidRequest(f"A tempo lies between {low:g} and {high:g} bpm, not {asks['tempo']:g}.")
        found.append(amount._replace(asks=asks))
    return found


def counted(amounts: Sequence[Amount], metre: tuple[int, int] | None) -> Iterator[str]:
    """Which note a "120 bpm" counts, where that is not plain: in 6/8, 7/8, 2/2."""
    if metre is None or metre[1] == 4:
        return
    note, others = ("dotted quarters", "quarter") if quarters_per_beat(metre) == 1.5 else ("quarters", "half")
    other = others if metre[1] == 2 or note != "quarters" else "eighth"
    for amount in amounts:
        if "tempo" in amount.asks:
            hint = f'say "{other} = {amount.asks["tempo"]:g}" to count those'
            yield f"{amount.said} in {metre[0]}/{metre[1]} counts {note}; {hint}"


def bars_as_seconds(asked: dict[str, Any], bars: float) -> str:
    """Turn bars into seconds, in `asked` (where the metre is set too); returns what the user should know."""
    if "seconds" in asked:
        return f"{bars:g} bars: left out; the length is given as {asked['seconds']:g} s"
    if "tempo" not in asked:
        return f"{bars:g} bars have a length only together with a tempo (say 90 bpm), so that is left out"
    taken = "" if "metre" in asked else " (no other metre is asked for)"
    beats, unit = asked.setdefault("metre", PLAIN)
    quarters = asked["tempo"] * quarters_per_beat((beats, unit))
    asked["seconds"] = round(bars * 4 * beats / unit * 60 / quarters, 2)
    return f"{bars:g} bars of {beats}/{unit}{taken} take {asked['seconds']:g} s"
