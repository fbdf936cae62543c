"""Does a prompt give what a line of prompts_*.yaml wants? The form is explained in prompts_en.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.prompt import parse

FOLDER = Path(__file__).parent
INF = float("inf")
BANDS: dict[str, dict[str, tuple[float, float]]] = {
    "tempo": {
        "very slow": (20, 60),
        "slow": (20, 82),
        "moderate": (80, 116),
        "fast": (116, 300),
        "very fast": (150, 300),
    },
    "density": {"very sparse": (0.5, 3), "sparse": (0.5, 5), "dense": (10, 30)},
    "loudness": {"very soft": (10, 42), "soft": (10, 57), "loud": (78, 120), "very loud": (96, 120)},
    "register": {"low": (21, 56), "high": (68, 108)},
    "articulation": {"short": (0, 0.35), "smooth": (0.75, 1)},
    "pedal": {"much": (0.65, 1)},
    "intensity": {"light": (0.02, 0.35), "middling": (0.35, 0.65), "heavy": (0.7, 1)},
    "sources": {"full": (1, 1), "some": (0.15, 0.6)},
    "texture": {"single": (1, 1.3), "thin": (1, 1.8), "full": (2.6, 5)},
}


def lines(name: str) -> list[dict[str, Any]]:
    """The prompts of a list, "prompts_en" or "ambience_zh"."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.load(text, yaml.BaseLoader)["prompts"]
    return rows


def misses(line: dict[str, Any]) -> list[str]:
    """What differs from what is wanted, in words; empty: a hit."""
    try:
        known = parse(line["say"])
    except InvalidRequest as refusal:
        words = line.get("refused")
        if words is None:
            return [f"refused: {refusal}"]
        return [] if _any_in(words, str(refusal)) else [f"refused without {words!r}: {refusal}"]
    if "refused" in line:
        return [f"not refused: {known.to_dict()}"]
    wanted = {k: v for k, v in line.items() if k not in ("say", "unknown", "remark")}
    found = [miss for name, want in wanted.items() if (miss := _miss(known, name, want))]
    if list(known.unknown) != line.get("unknown", []):
        found.append(f"not understood {list(known.unknown)}, should be {line.get('unknown', [])}")
    if "remark" in line and not any(
        _any_in(line["remark"], words) for words in getattr(known, "remarks", ())
    ):
        found.append(f"no remark about {line['remark']!r}")
    return found


def _miss(known: Conditioning, name: str, want: str) -> str | None:
    value = getattr(known, name)
    if want == "none":
        return None if value in (None, {}) else f"{name} {value}, not asked"
    if name == "sources":
        return _miss_of_sources(value, want)
    if name == "mood":
        return None if set(want.split("|")) & set(value) else f"mood {value}, not {want}"
    if value is None:
        return None if want.startswith("not ") else f"no {name}"
    if name == "metre":
        value = "/".join(map(str, value))
    if isinstance(value, str):
        if want.startswith("not "):
            return None if value != want[4:] else f"{name} {value}"
        return None if value in want.split("|") else f"{name} {value}, not {want}"
    low, high = _range(name, want)
    return None if low <= value <= high else f"{name} {value}, not {want}"


def _miss_of_sources(value: dict[str, float], want: dict[str, str]) -> str | None:
    if set(value) != set(want):
        return f"sources {value}, not {want}"
    bounds = {source: _range("sources", weight) for source, weight in want.items()}
    fits = all(low <= value[source] <= high for source, (low, high) in bounds.items())
    return None if fits else f"sources {value}, not {want}"


def _range(name: str, want: str) -> tuple[float, float]:
    if want in BANDS.get(name, {}):
        return BANDS[name][want]
    low, dots, high = want.partition("..")
    if not dots:
        return float(want), float(want)
    return float(low or -INF), float(high or INF)


def _any_in(words: str, text: str) -> bool:
    return any(word.lower() in text.lower() for word in words.split("|"))
