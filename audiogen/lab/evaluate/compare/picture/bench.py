"""The bench of pictures: contours and wishes to latents, judged as they come from the painter."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Latents, Picture
from audiogen.hub.judges import Clip
from audiogen.lab.evaluate.compare import likeness
from audiogen.lab.evaluate.compare.bench import (
    HELD_OUT,
    NONE,
    STAGE,
    Options,
    Progress,
    Rate,
    Result,
    Wording,
    kinds_of,
    numbers_of,
    tell,
)
from audiogen.lab.evaluate.compare.cells import Cell
from audiogen.lab.evaluate.compare.picture.work import Item, build, contours_of
from audiogen.lab.evaluate.compare.report import Comparison
from audiogen.lab.evaluate.compare.running import Arrays
from audiogen.lab.evaluate.compare.stages import structure_stage
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.evaluate.distances import KERNEL
from audiogen.lab.evaluate.pictures import measures
from audiogen.lab.evaluate.pictures.damage import DAMAGES, DRAWN, damaged
from audiogen.lab.evaluate.pictures.features import PictureFeatures
from audiogen.lab.evaluate.pictures.measures import PictureJudge, Scores, Wishes, inks
from audiogen.media.png import png_bytes
from audiogen.media.sheet import sheet, thumbnail
from audiogen.render.painter import Painter
from audiogen.stage import Sampling, silent

ROWS = 8  # of the contact sheet
CELL = 160  # its pixels a picture
THROUGH = "real, through the painter"
HOW_TO_READ = """\
**How to read it.** Every cell decodes the same contours and wishes with the same seeds. *Evaluations* are
counted calls of the network for one picture: guidance and second-order schedulers count double. *Seconds*
and pictures a second are those of the decoder; the painter, the same for all, comes on top ({painter} s).
*Kernel*, *Frechet* and *KID* are distances to held-out pictures of the same styles, less is better
({{embedding}}); the anchors say what they mean, and *real, through the painter* is the best that any decoder
of these latents can do. *IoU* is that of the ink of the picture with the contour that was asked for.
*Accuracy* is the share of digits that the project's own judge reads as what was asked for, *style* that of
styles or looks, both from the picture alone: compare them with those of real pictures among the anchors.
*Diversity* is the distance between two seeds of one wish, 1 is that between two real pictures of a style. In
brackets: 95 % intervals, bootstrap over pictures. `A < B`: A is better, and the paired interval of the
difference excludes 0; `A = B`: a tie."""


def wording(path: str, painter_s: float, clip: Clip | None = None) -> Wording:
    """The words for a path, with the seconds of the painter, and whose CLIP score is taken."""
    held_out = "held-out pictures"
    return Wording(
        measures=(*measures.MEASURES, likeness.CLIP),
        distance=KERNEL,
        adherence=measures.IOU if path == "digit" else measures.STYLE,
        drawn=(KERNEL, measures.IOU if path == "digit" else measures.STYLE, measures.DIVERSITY),
        drawn_anchors=(*DRAWN, THROUGH),
        rate=Rate("pictures/s", "pictures_per_second", lambda taken: 1 / taken, 2),
        item="picture",
        size=", 512x512",
        taken="shown",
        kind_titles={
            HELD_OUT: "Contours of held-out pictures",
            STAGE: "Contours of the path's own structure stage",
            NONE: "Without a contour",
        },
        anchors=(
            "pictures",
            f"Other {held_out} of the same styles against those that all are measured against: as they are, "
            "through the painter, and damaged.",
        ),
        after="",
        how_to_read=HOW_TO_READ.format(painter=f"{painter_s:.2f}")
        + likeness.how_to_read(likeness.CLIP, "picture", clip),
    )


@dataclass(eq=False)
class PictureBench:
    """See `compare.bench.Bench`.

    Attributes:
        judge: None without data.
        reader: of digits, for the path "digit".
        clip: compares pictures with words; None: nobody does.
    """

    path: str
    items: list[Item]
    painter: Painter
    features: PictureFeatures
    judge: PictureJudge | None
    remarks: list[str]
    painter_s: float
    reader: DigitClassifier | None = None
    clip: Clip | None = None
    wording: Wording = field(init=False)

    def __post_init__(self) -> None:
        self.wording = wording(self.path, self.painter_s, self.clip)

    @classmethod
    def of(cls, o: Options, progress: Progress) -> PictureBench:
        """What was asked for.

        Raises:
            InvalidRequest, MissingModel: see `folder.compare`.
        """
        clip = None if o.clip is None else Clip(o.clip)
        painter = Painter.from_pretrained("picture-painter", device=o.device)
        reader = DigitClassifier.from_pretrained("digit-classifier") if o.path == "digit" else None
        stage, remarks = structure_stage(o, "pixelcnn")
        features, judge = PictureFeatures(painter), None
        if o.data is None:
            remarks.append("No `--data`: distances to real pictures, styles and diversity are left out.")
        else:
            told = partial(tell, progress, "embedding")
            judge = PictureJudge.read(o.data, o.path, o.count, features, reader, told)
        told = partial(tell, progress, "structures")
        held_out = judge.measured if judge else None
        items = build(o.path, o.count, o.seeds, o.structures, held_out, o.prompts, stage, told)
        return cls(o.path, items, painter, features, judge, remarks, seconds_of(painter), reader, clip)

    @property
    def version(self) -> list[Any]:
        seen = [measures.VERSION, self.painter.source, "features"]
        return seen if self.clip is None else [*seen, self.clip.sha256]

    @property
    def embedding(self) -> str | None:
        return None if self.judge is None else self.judge.embedding

    @property
    def facts(self) -> dict[str, Any]:
        return {"pixels": 512, "painter_seconds": round(self.painter_s, 3)}

    def arrays(self) -> list[np.ndarray]:
        return [item.contour.pixels for item in self.items]

    def decode(self, decoder: Any, cell: Cell, item: Item) -> Latents:
        call = Sampling(seed=item.seed, steps=cell.steps, scheduler=cell.scheduler)
        made: Latents = decoder(item.contour, item.conditioning, call, silent)
        return made

    def keep(self, item: Item, made: Latents) -> Arrays:
        """Features [F] and ink [64, 64] of the finished picture, and its row by CLIP [D]."""
        pixels = self.paint(made, item)
        kept = {"features": self.features(pixels[None])[0].astype(np.float32), "ink": inks(pixels[None])[0]}
        return kept if self.clip is None else kept | {"clip": self.clip.pictures([pixels])[0]}

    def paint(self, made: Latents, item: Item) -> np.ndarray:
        """The finished picture, [3, H, H]."""
        return self.painter(made, item.conditioning, Sampling(), silent).pixels

    def scores(self, made: Arrays, kind: str) -> Scores:
        first = numbers_of(self.items, kind)
        wishes = self.wishes(kind)
        told: Scores = {}
        if "clip" in made:
            told = self._likeness(made["clip"][first], [self.items[k].conditioning for k in first])
        if self.judge is None:
            return measures.adherence(made["ink"][first], wishes, self.reader) | told
        rows = self.judge.rows(made["features"])
        found = self.judge.scores(rows[first], made["ink"][first], wishes)
        if second := numbers_of(self.items, kind, take=1):
            found |= self.judge.diversity(rows[first[: len(second)]], rows[second])
        return found | told

    def _likeness(self, rows: np.ndarray, asked: list[Conditioning]) -> Scores:
        return {} if self.clip is None else likeness.likeness(likeness.CLIP, rows, self.clip, asked)

    def wishes(self, kind: str) -> Wishes:
        """What the first takes of a kind were asked for."""
        items = [self.items[k] for k in numbers_of(self.items, kind)]
        subjects = np.array([str(item.conditioning.subject) for item in items])
        return Wishes(np.array([item.manner for item in items]), subjects, contours_of(items))

    def anchors(self) -> dict[str, Scores]:
        if self.judge is None:
            return {}
        measured = self.judge.measured
        wishes = Wishes.of(measured, contour=self.path == "digit")
        pixels = measured.pixels
        again = [self.painter.encode(Picture(one)) for one in pixels]
        painted = [
            self.painter(latents, measured.asked(k), Sampling(), silent).pixels
            for k, latents in enumerate(again)
        ]
        found = {
            name: self.judge.of_pictures(damaged(pixels, damage), wishes) for name, damage in DAMAGES.items()
        }
        (real, first), *others = found.items()
        rows = [first, self.judge.of_pictures(painted, wishes)]
        if self.clip is not None:
            asked = [measured.asked(k) for k in range(len(measured))]
            seen = self.clip.pictures(list(pixels))
            rows[0] |= self._likeness(seen, asked)
            rows[1] |= self._likeness(self.clip.pictures(painted), asked)
            others.append((likeness.ANOTHERS, self._likeness(seen, [*asked[1:], *asked[:1]])))
        return {real: rows[0], THROUGH: rows[1], **dict(others)}

    def show(
        self, page: Comparison, best: dict[str, Result], decoders: dict[str, Any], progress: Progress
    ) -> dict[str, bytes]:
        """A contact sheet for every kind: a row a structure, a column the best cell of a contender."""
        files = {}
        for kind in kinds_of(self.items):
            name = f"sheet-{kind}.png"
            made = self._sheet(kind, best, decoders, partial(tell, progress, name))
            files[name] = png_bytes(made.transpose(2, 0, 1) / 255)
            columns = [result.name for result in best.values()]
            first = [] if kind == NONE else ["contour"]
            last = ["the held-out picture"] if kind == HELD_OUT and self.judge else []
            page.pictures[name] = f"From left to right: {', '.join([*first, *columns, *last])}"
        return files

    def _sheet(self, kind: str, best: dict[str, Result], decoders: dict[str, Any], told: Any) -> np.ndarray:
        items = [self.items[k] for k in numbers_of(self.items, kind)[:ROWS]]
        cells, labels = [], []
        for k, item in enumerate(items):
            told(k, len(items))
            row = []
            if not item.contour.is_empty:
                row.append(("contour", np.repeat(item.contour.enlarged().pixels[None], 3, 0)))
            for label, result in best.items():
                row.append((label, self.paint(self.decode(decoders[label], result.run.cell, item), item)))
            if kind == HELD_OUT and self.judge is not None:
                row.append(("held-out", self.judge.measured.pixels[item.number]))
            cells += [thumbnail(pixels, CELL) for _, pixels in row]
            labels += [item.name, *(label for label, _ in row[1:])]
        told(len(items), len(items))
        return sheet(cells, labels, len(cells) // len(items))


def seconds_of(painter: Painter, times: int = 3) -> float:
    """How long the painter takes for a picture: the shortest of a few."""
    import time

    from audiogen.artifacts import Conditioning

    size = painter.config.size
    blank = Latents(np.zeros((painter.config.channels, size // 8, size // 8), np.float32), size)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        painter(blank, Conditioning(path="picture"), Sampling(), silent)
        taken.append(time.perf_counter() - begun)
    return min(taken)
