"""The attributes that words can ask for: their ranges, and how two wishes for one of them meet."""

from __future__ import annotations

import math
from dataclasses import dataclass

from audiogen.artifacts import PERIODS


@dataclass(frozen=True)
class Number:
    """An attribute that is a number.

    Attributes:
        low, high: what a prompt can ask for.
        apart: two wishes contradict each other when they lie further than this from neutral, on
            opposite sides (natural log for ratios).
        digits: of a value that words ask for.
        ratio: averaged and scaled as a ratio, not as a difference.
    """

    low: float
    high: float
    apart: float
    digits: int = 0
    ratio: bool = False

    def away(self, value: float, neutral: float) -> float:
        """How far `value` lies from neutral, with its sign."""
        return math.log(value / neutral) if self.ratio else value - neutral

    def scaled(self, value: float, neutral: float, strength: float) -> float:
        """`value` moved away from neutral, or past it, by `strength`; rounded for people to read."""
        if self.ratio:
            value = neutral * (value / neutral) ** strength
        else:
            value = neutral + strength * (value - neutral)
        return round(min(max(value, self.low), self.high), self.digits)

    def mean(self, values: list[float]) -> float:
        if self.ratio:
            return round(math.exp(sum(map(math.log, values)) / len(values)), self.digits)
        return round(sum(values) / len(values), self.digits)


NUMBERS = {
    "tempo": Number(20, 300, 0.12, 0, ratio=True),
    "density": Number(0.5, 30, 0.35, 1, ratio=True),
    "loudness": Number(10, 120, 8, 0),
    "register": Number(30, 96, 4, 0),
    "articulation": Number(0, 1, 0.15, 2),
    "pedal": Number(0, 1, 0.2, 2),
    "texture": Number(1, 5, 0.4, 1),
    "growth": Number(-1, 1, 0.3, 2),
    "intensity": Number(0, 1, 0.15, 2),
    "seconds": Number(0.1, 3600, 0, 2),
}
NAMES: dict[str, tuple[str, ...]] = {
    "mode": ("major", "minor"),
    "period": PERIODS,
    "path": ("piano", "ambience", "digit", "picture"),
}
# The score network has seen these; any other metre of up to 16 beats is one code, "another metre".
KNOWN_METRES = ((2, 4), (3, 4), (4, 4), (6, 8), (2, 2), (3, 8), (12, 8))
METRE_UNITS = (2, 4, 8, 16)
MOST_BEATS = 16
ATTRIBUTES = (*NUMBERS, *NAMES, "metre")


def problem(name: str, value: object) -> str | None:
    """What is wrong with a wish of a word list, in words; None: nothing."""
    if name in NUMBERS:
        low, high = NUMBERS[name].low, NUMBERS[name].high
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{name} is a number, not {value!r}"
        return None if low <= value <= high else f"{name} lies between {low:g} and {high:g}, not {value:g}"
    if name in NAMES:
        return None if value in NAMES[name] else f"{name} is {' or '.join(NAMES[name])}, not {value!r}"
    if name == "metre":
        return None if is_metre(value) else f"metre is beats and unit, for example [3, 4], not {value!r}"
    return f"there is no attribute {name!r}; there are {', '.join(ATTRIBUTES)}"


def is_metre(value: object) -> bool:
    """(beats, unit) that a piece can have."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return False
    beats, unit = value
    return isinstance(beats, int) and 1 <= beats <= MOST_BEATS and unit in METRE_UNITS
