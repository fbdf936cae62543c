"""Colour layouts of subjects, for `audiogen.making.layouts`: small pictures of coloured illustrations.

Written are `model.safetensors` (`pixels` uint8 [N, S, S, 4], colours that go on beyond the figure, and the
figure; `of` int64 [N], the subject of each) and `config.json` (`subjects`; `details` that are seen in each
layout; `main`, the main colour of each or ""). Held-out illustrations are not among them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from audiogen.lab.data.illustrations.collection import Collection, Illustration
from audiogen.lab.data.illustrations.colours import main_colour
from audiogen.lab.data.illustrations.looks import COLOURED
from audiogen.media.colour import COLOURS

READ = 128  # pixels that an illustration is read at
PAPER = 0.965  # least channel from which a pixel is paper
PLAIN = {"face", "head"}  # words for how much of an animal is seen: its outline tells
EDGE = 2  # pixels of a figure that are partly paper
LEAST = 0.03  # of the picture: a smaller figure is no layout


@dataclass(frozen=True)
class LayoutData:
    """Settings of `audiogen data` for colour layouts.

    Attributes:
        side: pixels of a layout. most: layouts of a subject of which nothing is said but its colour, and of
            each detail of it.
        least: illustrations that a subject must have, as for the other pictures.
        strays: share of a subject's layouts, those least like the others, that are left out.
    """

    side: int = 20
    most: tuple[int, int] = (5, 2)
    least: int = 5
    strays: float = 0.34


def prepare(source: Path, out: Path, settings: LayoutData) -> None:
    """Write the two files into `out`.

    Args:
        source: folder with `illustrations`.
    Raises:
        InvalidRequest: it is missing.
    """
    from safetensors.numpy import save_file

    collection = Collection.read(source / "illustrations", settings.least)
    chosen = list(typical_of(collection, settings.side, settings.most, settings.strays))
    subjects = sorted({one.member.caption.subject for one in chosen})
    out.mkdir(parents=True, exist_ok=True)
    of = np.array([subjects.index(one.member.caption.subject) for one in chosen], np.int64)
    save_file({"pixels": np.stack([one.pixels for one in chosen]), "of": of}, out / "model.safetensors")
    main, details = [one.main for one in chosen], [one.details for one in chosen]
    config = {"subjects": subjects, "main": main, "details": details}
    (out / "config.json").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")


class Typical(NamedTuple):
    """An illustration that is like the others of its subject of which the same is said: its layout, the name
    of its main colour or "", and what is said."""

    member: Illustration
    pixels: np.ndarray
    main: str
    details: tuple[str, ...]


def typical_of(
    collection: Collection, side: int, most: tuple[int, int], strays: float, but: tuple[str, ...] = ()
) -> Iterator[Typical]:
    """Typical coloured illustrations of the training split, subject by subject.

    Args:
        side: pixels at which they are compared. most, strays: see `LayoutData`.
        but: names of files that are left out.
    """
    groups = defaultdict(list)
    for member in collection.members:
        if member.split == "train" and member.look in COLOURED and Path(member.file).stem not in but:
            groups[member.caption.subject, said(member)].append(member)
    for (_, words), group in sorted(groups.items()):
        found = [
            Typical(member, *one, words) for member in group if (one := layout(collection, member, side))
        ]
        pixels = np.stack([one.pixels for one in found]) if found else None
        for k in () if pixels is None else typical(pixels, most[bool(words)], strays):
            yield found[k]


def said(member: Illustration) -> tuple[str, ...]:
    """What is said of a picture beside its subject, its colour, and whether all of it is seen."""
    return tuple(sorted(set(member.caption.details) - set(COLOURS) - PLAIN))


def layout(collection: Collection, member: Illustration, side: int) -> tuple[np.ndarray, str] | None:
    """uint8 [side, side, 4] of the box around the figure, and its main colour; None: there is hardly one."""
    from PIL import Image
    from scipy.ndimage import binary_erosion, distance_transform_edt

    picture = collection.picture(member, READ)
    figure = picture.min(2) < 255 * PAPER
    if figure.mean() < LEAST:
        return None
    rows, columns = np.flatnonzero(figure.any(1)), np.flatnonzero(figure.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    inner = binary_erosion(figure, iterations=EDGE)
    nearest = distance_transform_edt(
        ~(inner if inner.any() else figure), return_distances=False, return_indices=True
    )
    whole = np.dstack([picture[tuple(nearest)], np.where(figure, 255, 0).astype(np.uint8)])[box]
    small = [Image.fromarray(whole[..., c]).resize((side, side), Image.Resampling.BOX) for c in range(4)]
    return np.stack([np.asarray(channel) for channel in small], -1), main_colour(picture) or ""


def typical(layouts: np.ndarray, most: int, strays: float) -> list[int]:
    """Numbers of layouts [N, S, S, 4] that are like the others, and unlike one another."""
    flat = layouts.reshape(len(layouts), -1).astype(np.float32)
    apart = np.linalg.norm(flat[:, None] - flat, axis=2)
    order = np.argsort(apart.mean(1), kind="stable")
    kept = list(order[: max(1, round(len(order) * (1 - strays)))])
    chosen = [kept[0]]
    while len(chosen) < min(most, len(kept)):
        chosen.append(max((k for k in kept if k not in chosen), key=lambda k: apart[k, chosen].min()))
    return [int(k) for k in chosen]
