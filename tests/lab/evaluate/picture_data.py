"""Prepared pictures at toy size: painted strokes and discs with what was asked of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from audiogen.artifacts import LOOKS, STYLES

SIDE = 64
WORDS = ("", "cat", "dog", "red")
GROUNDS = (250, 140, 200, 225)  # of the four styles, which differ in their grain as well
GRAINS = (2, 15, 10, 5)


def write_pictures(folder: Path, train: int = 80, valid: int = 32) -> Path:
    """As many digits and as many illustrations in every split, styles and looks in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.json").write_text(json.dumps({"styles": [*STYLES, *LOOKS], "words": WORDS}))
    for salt, (split, count) in enumerate((("train", train), ("valid", valid))):
        rng = np.random.default_rng(salt)
        rows = [digit(k, rng) for k in range(count)] + [illustration(k, rng) for k in range(count)]
        arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        arrays["source"] = np.array([f"{split}/{k}" for k in range(len(rows))])
        np.savez(folder / f"{split}-000.npz", **arrays)
    return folder


def digit(number: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A bar whose place tells the digit, dark on the ground of its style."""
    style, label = number % len(STYLES), (number // len(STYLES)) % 10
    ink = np.zeros((64, 64), np.uint8)
    ink[12 + 3 * label : 20 + 3 * label, 12:52] = 255
    picture = GROUNDS[style] + GRAINS[style] * rng.standard_normal((SIDE, SIDE, 3))
    picture[ink > 0] = 20 + 10 * style
    return row(picture, ink, style, [], label)


def illustration(number: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A disc in one colour on white: a cat is a large one, a dog a small one."""
    look, subject = number % len(LOOKS), 1 + number % 2
    y, x = np.mgrid[:SIDE, :SIDE] - rng.integers(28, 36, (2, 1, 1))
    disc = np.hypot(y, x) < (20 if subject == 1 else 10) + rng.integers(3)
    picture = np.full((SIDE, SIDE, 3), 255.0)
    picture[disc] = 25 * look + rng.integers(0, 60, 3)
    return row(picture, np.zeros((64, 64), np.uint8), len(STYLES) + look, [subject, 3], -1)


def row(
    picture: np.ndarray, ink: np.ndarray, style: int, words: list[int], label: int
) -> dict[str, np.ndarray]:
    return {
        "pictures": np.clip(picture, 0, 255).astype(np.uint8),
        "contour": ink,
        "has_contour": np.array(label >= 0),
        "style": np.array(style),
        "words": np.array(words + [0] * (12 - len(words))),
        "label": np.array(label),
    }
