"""What is seen in pictures of subjects, as `audiogen make` makes them; JSON lines on stdout.

    audiogen evaluate subjects --source ../shared/data/image -n 2

styles     a reader of real works (`pictures/manners.py`) reads the style, beside how it reads real works that
           it did not see; and the nearest mean of the styles over the pictures of half of the subjects reads
           the style of the others, and the other way round
sharpness  width of the strongest edges, 10 to 90 %, in pixels at 512, and energy above a Gaussian of one
           pixel, beside those of real ones: held-out coloured illustrations, and the public-domain works
           of each style, which are few, so that those of the training set are among them
colours    is the main colour one that training illustrations of the subject have; the main colour that is
           asked for; how far the hue of a region strays, degrees
details    is what is asked for seen: a number, a background, fluffy, big eyes; and a plain ground otherwise

Details are measured in pixels: a number is the number of pieces, fur makes an outline longer, a background
differs from paper, eyes are dark round spots, a level pair or one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import STYLES
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.bootstrap import estimate, share
from audiogen.lab.evaluate.copies import figure_in
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines

SUBJECTS = "cat,dog,owl,fish,butterfly,apple,pizza,cake,car,house,tree,guitar"
PROMPTS = {  # style -> what is asked for
    "watercolor": "a watercolor {}",
    "oil": "an oil painting of a {}",
    "pencil": "a pencil sketch of a {}",
    "ink": "an ink drawing of a {}",
    "illustration": "a 3d {}",
}
ANIMALS = ("cat", "dog", "fox", "rabbit", "bear", "owl")
ASKED_COLOURS = ("red", "blue", "green", "yellow", "purple", "black", "white")
BACKGROUNDS = ("on a blue background", "on a meadow", "with a colorful background", "蓝色背景", "in the snow")
NUMBERS = {2: "two {}s", 3: "三只{}", 4: "four {}s", 5: "five {}s", 7: "seven {}s"}
CHINESE = {"cat": "猫", "dog": "狗", "fox": "狐狸", "rabbit": "兔子", "bear": "熊", "owl": "猫头鹰"}
REAL, READ = 16, 30  # real pictures of each manner that are measured, and that a reader sees
SIZE, LEAST_SIDE = 512, 384  # pixels of them, and of their files
STRONGEST = 0.015  # of the pixels whose edges are measured
REACH, STEP = 8.0, 0.25  # pixels along an edge, and between points
LEAST_STEP = 0.15  # of an edge
USUAL = 0.1  # of the illustrations of a subject have a main colour that is usual
PIECE = 0.004  # share of the picture of a piece that counts
ONE_HUE = 12.0  # degrees of spread up to which a region has one hue
ROUGHER, LARGER = 1.1, 1.2  # times that fur makes an outline longer, and that big eyes are
PLAIN = 10.0  # CIELAB from the median of the ground up to which it is plain


def edge_width(picture: np.ndarray) -> float:
    """Median width of the strongest edges of a picture [H, H, 3], from 10 to 90 % of the step, in pixels."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    grey = picture.mean(-1)
    gy, gx = np.gradient(gaussian_filter(grey, 0.7))
    steep = np.hypot(gy, gx)
    found = np.argwhere(steep > np.quantile(steep, 1 - STRONGEST))
    found = found[np.random.default_rng(0).permutation(len(found))[:300]]
    along = np.arange(-REACH, REACH + STEP / 2, STEP)
    widths = []
    for y, x in found:
        across = np.array([gy[y, x], gx[y, x]]) / steep[y, x]
        line = map_coordinates(grey, [y + along * across[0], x + along * across[1]], order=1, mode="nearest")
        rising = np.diff(line) > 0.002
        middle = len(along) // 2
        end = middle + int(np.argmin(np.append(rising[middle:], False)))
        begin = middle - int(np.argmin(np.append(rising[:middle][::-1], False)))
        low, high = line[begin], line[end]
        if high - low >= LEAST_STEP:
            part = line[begin : end + 1]
            ends = np.searchsorted(part, low + np.array([0.1, 0.9]) * (high - low))
            widths.append(np.ptp(ends) * STEP)
    return float(np.median(widths)) if widths else np.nan


def fine_energy(picture: np.ndarray) -> float:
    """Mean square of what a Gaussian of one pixel takes from a picture [H, H, 3], times 1,000."""
    from scipy.ndimage import gaussian_filter

    grey = picture.mean(-1)
    return float(1000 * np.square(grey - gaussian_filter(grey, 1.0)).mean())


def hue_strays(picture: np.ndarray, labels: np.ndarray) -> list[float]:
    """Circular spread of the hue within every large coloured region, degrees.

    Args:
        picture: float32 [H, H, 3]. labels: int [H, H], 0 is the ground.
    """
    from scipy.ndimage import binary_erosion

    from audiogen.media.colour import rgb_to_lab

    lab = rgb_to_lab(picture)
    spreads = []
    for label in np.unique(labels[labels > 0]):
        inside = binary_erosion(labels == label, iterations=5)
        a, b = lab[inside, 1:].mean(0) if inside.sum() > 400 else (0.0, 0.0)
        if np.hypot(a, b) > 15:
            angles = np.angle((lab[inside, 1] + 1j * lab[inside, 2]) / (a + 1j * b))
            spreads.append(float(np.degrees(np.sqrt(np.mean(angles**2)))))
    return spreads


def pieces(picture: np.ndarray) -> int:
    """How many figures stand apart on a plain ground."""
    from scipy.ndimage import label

    spots, _ = label(figure_in(picture))
    return int((np.bincount(spots.ravel())[1:] > PIECE * spots.size).sum())


def ground_spread(picture: np.ndarray) -> tuple[float, np.ndarray]:
    """How far the rim of a picture strays from its median, CIELAB, 90th percentile; and that median."""
    from scipy.ndimage import uniform_filter

    from audiogen.media.colour import rgb_to_lab

    soft = rgb_to_lab(uniform_filter(picture, (9, 9, 0)))
    rim = np.concatenate([soft[:16].reshape(-1, 3), soft[-16:].reshape(-1, 3), soft[:, :16].reshape(-1, 3)])
    middle = np.median(rim, 0)
    return float(np.quantile(np.linalg.norm(rim - middle, axis=1), 0.9)), middle


def roughness(figure: np.ndarray) -> float:
    """Length of an outline over that of the outline when it is smoothed."""
    from scipy.ndimage import gaussian_filter

    def length(mask: np.ndarray) -> float:
        soft = gaussian_filter(mask.astype(np.float32), 1.0)
        return float(np.hypot(*np.gradient(soft)).sum())

    return length(figure) / length(gaussian_filter(figure.astype(np.float32), 8.0) > 0.5)


def eye_radius(picture: np.ndarray) -> float:
    """Mean radius of the eyes that are found in a picture, in shares of its figure; NaN: there are none."""
    from audiogen.lab.data.illustrations.regions import eyes, regions

    small = np.ascontiguousarray(picture[::2, ::2])
    found = eyes(*regions(small, figure_in(picture)[::2, ::2], 128))
    return float(np.mean([radius for _, _, radius in found])) if found else np.nan


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """uint8, as files hold it."""
    return np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)


class Maker:
    """Makes pictures of prompts, one after the other, with the stages loaded once."""

    def __init__(self, layout: bool) -> None:
        self.layout = layout
        self.loaded: dict[Any, Any] = {}

    def __call__(self, prompt: str, seed: int) -> np.ndarray:
        """float32 [512, 512, 3]."""
        from audiogen import Request, Sampling, make

        print(f"{prompt}, seed {seed}", file=sys.stderr, flush=True)
        asked = Request(prompt, "picture", sampling=Sampling(seed=seed), layout=self.layout, watermark=False)
        (take,) = make(asked, loaded=self.loaded)
        assert take.picture is not None
        return np.ascontiguousarray(take.picture.pixels.transpose(1, 2, 0))


Row = dict[str, Any]


def styles(made: dict[str, list[tuple[str, np.ndarray]]], real: dict[str, list[np.ndarray]]) -> Iterator[Row]:
    """Of style -> (subject, picture), and style -> real works: is each read as asked by a reader of those,
    and by one that saw other subjects as they are made?"""
    from audiogen.lab.evaluate.embedding import Projection
    from audiogen.lab.evaluate.pictures.features import PictureFeatures
    from audiogen.lab.evaluate.pictures.manners import MannerReader, read_in_folds
    from audiogen.render.painter import Painter

    features = PictureFeatures(Painter.from_pretrained("picture-painter", device="cpu"))
    asked = np.array([style for style, each in made.items() for _ in each])
    subject = np.array([name for each in made.values() for name, _ in each])
    known = features([picture.transpose(2, 0, 1) for each in made.values() for _, picture in each])
    works = features([picture.transpose(2, 0, 1) for each in real.values() for picture in each])
    manner = np.array([style for style, each in real.items() for _ in each])
    yield _read("real works, by a reader of others", manner, read_in_folds(works, manner))
    yield _read("made, by a reader of real works", asked, MannerReader.fit(works, manner)(known))
    half = np.isin(subject, sorted(set(subject))[::2])
    read = np.empty(len(asked), object)
    rows = Projection.fit(known, sizes=features.sizes())(known)  # it is told no style
    for own in (half, ~half):
        means = np.stack([rows[own & (asked == style)].mean(0) for style in made])
        apart = np.square(rows[~own, None] - means).sum(2)
        read[~own] = np.array(list(made))[apart.argmin(1)]
    yield _read("made, by a reader of other subjects", asked, read)


def _read(what: str, asked: np.ndarray, read: np.ndarray) -> Row:
    """How often a style is read as asked, and as what each is."""
    row: Row = {"what": f"styles of {what}", "as asked": share(read == asked).percent()}
    for style in dict.fromkeys(asked.tolist()):
        found, counts = np.unique(read[asked == style].astype(str), return_counts=True)
        row[style] = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return row


def sharpness(made: dict[str, list[np.ndarray]], real: dict[str, list[np.ndarray]]) -> Iterator[Row]:
    """Edges and grain of pictures by manner, made and real."""
    for kind, sets in (("made", made), ("real", real)):
        for name, pictures in sets.items():
            yield {
                "what": f"{kind}, {name}",
                "edge width": str(estimate([edge_width(each) for each in pictures], np.nanmean)),
                "fine energy": str(estimate([fine_energy(each) for each in pictures], np.mean)),
            }


def colours(make: Maker, source: Path, count: int) -> Iterator[Row]:
    """Main colours of subjects, those that are asked for, and how even a hue is."""
    from audiogen.lab.data.illustrations.collection import Collection
    from audiogen.lab.data.illustrations.colours import main_colour
    from audiogen.lab.data.illustrations.looks import COLOURED

    collection = Collection.read(source / "illustrations")
    usual, hits = [], []
    for subject in SUBJECTS.split(","):
        members = [m for m in collection.members if m.caption.subject == subject and m.look in COLOURED]
        named = [main_colour(collection.picture(m, 256)) for m in members if m.split == "train"]
        common = {name for name in named if name and named.count(name) >= USUAL * len(named)}
        for seed in range(count if common else 0):
            found = main_colour(as_bytes(make(PROMPTS["illustration"].format(subject), 100 + seed)))
            usual += [found in common] * bool(found)
    for k, subject in enumerate(ANIMALS):
        for name in ASKED_COLOURS[k % 2 :: 2]:
            hits.append(main_colour(as_bytes(make(f"a {name} cartoon {subject}", 200 + k))) == name)
    yield {"what": "main colour", "usual for the subject": str(share(usual)), "as asked": str(share(hits))}


def details(make: Maker, count: int) -> Iterator[Row]:
    """Numbers, backgrounds, fur and eyes that are asked for, and a plain ground where nothing is."""
    numbers, backgrounds, plain, fur, eyes = [], [], [], [], []
    for k, subject in enumerate(ANIMALS[: 2 * count]):
        for number, words in NUMBERS.items():
            said = words.format(CHINESE[subject] if "{}" in words and words[0] == "三" else subject)
            numbers.append(pieces(make(f"cartoon, {said}".replace("foxs", "foxes"), 300 + k)) == number)
        bare = make(f"a cartoon {subject}", 400 + k)
        spread, light = ground_spread(bare)
        plain.append(spread < PLAIN and light[0] > 90)
        for words in BACKGROUNDS:
            spread, light = ground_spread(make(f"a cartoon {subject} {words}", 400 + k))
            backgrounds.append(spread > PLAIN or abs(light[0] - 100) + np.hypot(*light[1:]) > 2 * PLAIN)
        furry = make(f"a fluffy cartoon {subject}", 400 + k)
        fur.append(roughness(figure_in(furry)) / roughness(figure_in(bare)))
        large = [make(f"a cartoon {subject}{words}", 500 + k) for words in (", big eyes", "")]
        eyes.append(eye_radius(large[0]) / eye_radius(large[1]))
    yield {
        "what": "details",
        "number": str(share(numbers)),
        "background": str(share(backgrounds)),
        "plain where none is asked": str(share(plain)),
        "fluffy": str(share(np.array(fur) > ROUGHER)),
        "eyes found": f"{np.isfinite(eyes).sum()} of {len(eyes)}",
        "big eyes": str(share(np.array(eyes)[np.isfinite(eyes)] > LARGER)),
    }


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate subjects", description="What is seen in pictures of subjects."
    )
    parser.add_argument("--source", type=Path, required=True, help="folder with `illustrations` and `styles`")
    parser.add_argument("--what", default="styles,sharpness,colours,details", help="with commas")
    parser.add_argument("-n", type=int, default=2, help="pictures of each subject and style")
    parser.add_argument("--no-layout", action="store_true", help="leave forms and colours to the networks")
    given = parser.parse_args(arguments)
    if given.n < 1:
        raise InvalidRequest("-n must be at least 1.")
    for row in _rows(given):
        print(json.dumps(row, ensure_ascii=False), flush=True)
    return 0


def _rows(given: Any) -> Iterator[Row]:
    make, asked = Maker(not given.no_layout), given.what.split(",")
    if "styles" in asked or "sharpness" in asked:
        made = {
            style: [(s, make(words.format(s), seed)) for s in SUBJECTS.split(",") for seed in range(given.n)]
            for style, words in PROMPTS.items()
        }
        if "styles" in asked:
            yield from styles(made, real_pictures(given.source, READ))
        plain = {style: [picture for _, picture in each] for style, each in made.items()}
        yield from sharpness(plain, real_pictures(given.source))
        strays = [hue for each in plain["illustration"] for hue in hue_strays(each, regions_of(each))]
        even = share(np.array(strays) < ONE_HUE)
        yield {"what": "hue within regions", "degrees": str(estimate(strays)), "one hue": even.percent()}
    if "colours" in asked:
        yield from colours(make, given.source, given.n)
    if "details" in asked:
        yield from details(make, given.n)


def regions_of(picture: np.ndarray) -> np.ndarray:
    """Plain areas between the lines of an illustration: int [H, H], 0 is everything else."""
    from scipy.ndimage import label

    from audiogen.media.edges import edge_contour

    lines = np.kron(edge_contour(as_bytes(picture), len(picture) // 2) > 0, np.ones((2, 2), bool))
    areas, _ = label(figure_in(picture) & ~lines)
    return np.asarray(areas)


def real_pictures(source: Path, count: int = REAL) -> dict[str, list[np.ndarray]]:
    """Real pictures of each manner, so many or fewer, float32 [512, 512, 3]: coloured illustrations that are
    held out, and the squares in the middle of works, held-out ones first.

    Raises:
        InvalidRequest: `source` lacks one of its folders.
    """
    from PIL import Image

    from audiogen.lab.data.illustrations.collection import Collection
    from audiogen.lab.data.illustrations.looks import COLOURED
    from audiogen.lab.data.paintings import Gallery

    collection, gallery = Collection.read(source / "illustrations"), Gallery.read(source / "styles")
    sharp = [m for m in collection.members if m.side >= SIZE and m.split == "valid" and m.look in COLOURED]
    order = np.random.default_rng(0).permutation(len(sharp))[:count]
    found = {"illustration": [collection.picture(sharp[k], SIZE) for k in order]}
    for style in STYLES:
        works = [w for w in gallery.works if w.style == style and min(w.width, w.height) >= LEAST_SIDE]
        found[style] = []
        for work in sorted(works, key=lambda work: work.split != "valid")[:count]:
            image = gallery.image(work)
            side = min(image.size)
            left, top = ((edge - side) // 2 for edge in image.size)
            square = image.crop((left, top, left + side, top + side))
            found[style].append(np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BICUBIC)))
    return {
        name: [each.astype(np.float32) / 255 for each in pictures]
        for name, pictures in found.items()
        if pictures
    }
