"""Prepared pictures of a path with what was asked of them: training ones, and held-out ones in two halves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import LOOKS, STYLES, Conditioning, Contour
from audiogen.errors import InvalidRequest
from audiogen.lab.data.shards import read_shards

_NAMES = ("pictures", "contour", "has_contour", "style", "words", "label", "source")


@dataclass(frozen=True, eq=False)
class Gallery:
    """N pictures of one path.

    Attributes:
        path: "digit" or "picture"; of the latter illustrations with a subject only, no paintings.
        pictures: uint8 [N, S, S, 3]. contour: uint8 [N, 64, 64], 255 is ink.
        manner: name of the style or look, [N]. subject: "0".."9", or a name, [N].
        details: other words of the caption, [N] of tuples. source: where each is from, [N].
    """

    path: str
    pictures: np.ndarray
    contour: np.ndarray
    manner: np.ndarray
    subject: np.ndarray
    details: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: np.ndarray) -> Gallery:
        """Some of them, by number or mask."""
        arrays = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "path"}
        return Gallery(self.path, **arrays)

    @property
    def pixels(self) -> np.ndarray:
        """float32 [N, 3, S, S] in 0..1."""
        return np.ascontiguousarray(self.pictures.transpose(0, 3, 1, 2), np.float32) / 255

    @property
    def labels(self) -> np.ndarray:
        """Digits, int64 [N]; of the path "digit" alone."""
        return self.subject.astype(np.int64)

    @property
    def ink(self) -> np.ndarray:
        """Contours, float32 [N, 64, 64] in 0..1."""
        return self.contour.astype(np.float32) / 255

    @property
    def manners(self) -> list[str]:
        """Styles or looks that occur, in the order of the artifacts."""
        return [name for name in (*STYLES, *LOOKS) if (self.manner == name).any()]

    def asked(self, number: int) -> Conditioning:
        """What to ask for to get such a picture."""
        return wish(self.path, str(self.subject[number]), str(self.manner[number]), self.details[number])

    def drawn(self, number: int) -> Contour:
        return Contour(self.ink[number])


def wish(path: str, subject: str, manner: str, details: tuple[str, ...] = ()) -> Conditioning:
    """A subject in a style (digits) or look."""
    told: dict[str, Any] = {"style": manner} if path == "digit" else {"look": manner, "details": details}
    return Conditioning(path=path, subject=subject, **told)


def read_gallery(folder: Path, split: str, path: str, limit: int | None = None) -> Gallery:
    """The pictures of a path, from as few shards as hold `limit` of them.

    Raises:
        InvalidRequest: there is none.
    """
    parts, found = [], 0
    for part in galleries(folder, split, path):
        parts.append(part)
        found += len(part)
        if limit is not None and found >= limit:
            break
    if not found:
        raise InvalidRequest(f"No {split} pictures of the path {path} in {folder}.")
    arrays = {
        f.name: np.concatenate([getattr(p, f.name) for p in parts])[:limit]
        for f in fields(Gallery)
        if f.name != "path"
    }
    return Gallery(path, **arrays)


def galleries(folder: Path, split: str, path: str) -> Iterator[Gallery]:
    """Shard by shard.

    Raises:
        InvalidRequest: no shard, or no index.json.
    """
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidRequest(
            f"{folder} has no index.json ({problem}); run `audiogen data RECIPE` first."
        ) from problem
    styles, words = np.array(index["styles"]), np.array(index["words"])
    for rows in read_shards(folder, split, None, _NAMES):
        yield _of_path(rows, path, styles, words)


def _of_path(rows: dict[str, np.ndarray], path: str, styles: np.ndarray, words: np.ndarray) -> Gallery:
    digit = rows["label"] >= 0
    manner = styles[rows["style"]]
    known = np.isin(manner, LOOKS) & (rows["words"][:, 0] > 0) & ~digit
    chosen = np.flatnonzero(digit if path == "digit" else known)
    label = rows["label"][chosen].astype(str)
    details = np.empty(len(chosen), object)
    for place, number in enumerate(chosen):
        details[place] = tuple(str(words[k]) for k in rows["words"][number][1:] if k > 0)
    return Gallery(
        path,
        rows["pictures"][chosen],
        rows["contour"][chosen],
        manner[chosen],
        label if path == "digit" else words[rows["words"][chosen, 0]],
        details,
        rows["source"][chosen],
    )


def halves(held_out: Gallery, count: int) -> tuple[Gallery, Gallery]:
    """`count` pictures to measure against and as many others, the same numbers of every style in turn.

    A digit that was painted twice takes part once, so that no form is on both sides.

    Raises:
        InvalidRequest: too few.
    """
    _, first = np.unique(held_out.source, return_index=True)
    held_out = held_out[np.sort(first)]
    queues = [_pairs(held_out, name) for name in held_out.manners]
    pairs = [pair for turn in zip_longest(*queues) for pair in turn if pair is not None][:count]
    if len(pairs) < count:
        raise InvalidRequest(
            f"Only {len(pairs)} pairs of held-out pictures of one style of the path {held_out.path} are "
            f"here; ask for {len(pairs)} or fewer with -n, or prepare more."
        )
    reference, measured = np.array(pairs).T
    return held_out[reference], held_out[measured]


def _pairs(held_out: Gallery, manner: str) -> list[tuple[int, int]]:
    """Pictures of a style two by two, in their order."""
    rows = np.flatnonzero(held_out.manner == manner)
    return [(int(a), int(b)) for a, b in zip(rows[::2], rows[1::2], strict=False)]
