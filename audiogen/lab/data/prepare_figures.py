"""Figures of subjects, for `audiogen.making.figures`: illustrations as maps of regions.

Written are `model.safetensors` (`packed` uint8, the maps one after the other, each packed by zlib; `starts`
int64 [N + 1] of them; `colours` uint8 [N, 12, 3]; `of` int64 [N], the subject of each) and `config.json`
(`side` of the maps in pixels; `subjects`; `details` that are seen in each; `main`, the main colour of each or
""; `eyes` of each, (y, x, radius) in shares of the side; `turns`: whether its mirror image is as good;
that of a thing with letters is not; `shaded`, pairs
of labels that go over into one another; `drawn`, the illustration that each is of, "set/file"; `sets`, of the
name of a set whom to name, licence and address). Held-out illustrations are not among them.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.lab.data.illustrations.collection import Collection, Illustration
from audiogen.lab.data.illustrations.regions import COLOURS, eyes, regions, shaded
from audiogen.lab.data.picture_credits import attribution
from audiogen.lab.data.prepare_layouts import typical_of

READ = 256  # pixels that an illustration is read at
PAPER = 0.965  # least channel from which a pixel is paper
OPAQUE = 0.5
COARSE = 20  # pixels at which illustrations are compared
LIVING = ("animals", "animals-nature", "smileys-emotion", "people-body")  # groups whose spots may be eyes
STAMPS = ("1f4ae",)  # code points of pictures that are captioned as something else: a stamp, as a flower
FOOD = ("food-drink",)


@dataclass(frozen=True)
class FigureData:
    """Settings of `audiogen data` for figures.

    Attributes:
        side: pixels of a map. most: figures of a subject of which nothing is said but its colour, and of each
            detail of it.
        least: illustrations that a subject must have, as for the other pictures.
        strays: share of a subject's figures, those least like the others, that are left out.
    """

    side: int = 128
    most: tuple[int, int] = (8, 2)
    least: int = 5
    strays: float = 0.34


def prepare(source: Path, out: Path, settings: FigureData) -> None:
    """Write the two files into `out`.

    Args:
        source: folder with `illustrations`.
    Raises:
        InvalidRequest: it is missing.
    """
    from safetensors.numpy import save_file

    collection = Collection.read(source / "illustrations", settings.least)
    chosen = list(typical_of(collection, COARSE, settings.most, settings.strays, STAMPS))
    subjects = sorted({one.member.caption.subject for one in chosen})
    of, maps, colours = [], [], []
    config: dict[str, list] = {"subjects": subjects, "main": [], "details": [], "eyes": [], "turns": []}
    config |= {"shaded": [], "drawn": []}
    sets = {}
    for member, _, colour, details in chosen:
        picture, figure = figure_of(collection, member)
        labels, palette = regions(picture, figure, settings.side)
        of.append(subjects.index(member.caption.subject))
        maps.append(zlib.compress(labels.tobytes(), 9))
        colours.append(np.pad(palette, ((0, COLOURS - len(palette)), (0, 0))))
        config["main"].append(colour)
        config["details"].append(details)
        config["shaded"].append(shaded(picture, labels, palette) if 2 * settings.side == READ else [])
        config["drawn"].append(f"{member.upstream}/{Path(member.file).stem}")
        author, licence, address = member.credit
        sets[member.upstream] = [author or attribution(member.upstream), licence, address]
        living = member.group in LIVING
        config["turns"].append(living or member.group in FOOD)
        config["eyes"].append([np.round(eye, 4).tolist() for eye in eyes(labels, palette)] if living else [])
    out.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {
        "packed": np.frombuffer(b"".join(maps), np.uint8),
        "starts": np.cumsum([0, *map(len, maps)], dtype=np.int64),
        "colours": np.stack(colours),
        "of": np.array(of, np.int64),
    }
    save_file(arrays, out / "model.safetensors")
    written = json.dumps({"side": settings.side, "sets": sets} | config, ensure_ascii=False)
    (out / "config.json").write_text(written, encoding="utf-8")


def figure_of(collection: Collection, member: Illustration) -> tuple[np.ndarray, np.ndarray]:
    """An illustration cut to a square around its figure, float32 [READ, READ, 3], and the figure, bool."""
    from PIL import Image

    pixels = np.asarray(collection.image(member), np.float32) / 255
    figure = pixels[..., 3] > OPAQUE
    if figure.all():
        figure = ~_paper(pixels[..., :3].min(2) > PAPER)
    rows, columns = np.flatnonzero(figure.any(1)), np.flatnonzero(figure.any(0))
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    top, left = (rows[0] + rows[-1] + 1 - side) // 2, (columns[0] + columns[-1] + 1 - side) // 2
    square = (int(left), int(top), int(left + side), int(top + side))
    size, how = (READ, READ), Image.Resampling.BICUBIC
    cut = [
        Image.fromarray(np.ascontiguousarray(channel)).crop(square).resize(size, how)
        for channel in (*pixels[..., :3].transpose(2, 0, 1), figure.astype(np.float32))
    ]
    return np.stack([np.asarray(c).clip(0, 1) for c in cut[:3]], -1), np.asarray(cut[3]) > OPAQUE


def _paper(light: np.ndarray) -> np.ndarray:
    """What of the light pixels [h, w] hangs together with the rim."""
    from scipy.ndimage import label

    pieces, _ = label(np.pad(light, 1, constant_values=True))
    return pieces[1:-1, 1:-1] == pieces[0, 0]
