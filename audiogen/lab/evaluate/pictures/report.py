"""Decoders of pictures measured between held-out pictures and damaged ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Contour, Picture
from audiogen.lab.evaluate.compare.report import table
from audiogen.lab.evaluate.contour_iou import iou_of_ink
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.evaluate.digits.measures import NOVELTY, median_score
from audiogen.lab.evaluate.digits.report import Row
from audiogen.lab.evaluate.pictures.damage import DAMAGES, REAL, damaged
from audiogen.lab.evaluate.pictures.features import PictureFeatures
from audiogen.lab.evaluate.pictures.gallery import wish
from audiogen.lab.evaluate.pictures.measures import MEASURES, PictureJudge, Scores, Wishes, inks, novelty
from audiogen.lab.evaluate.pictures.novelty import TrainingSet, made_small
from audiogen.lab.evaluate.scores import Measure, draws_of, mean_score
from audiogen.media.png import png_bytes
from audiogen.media.sheet import sheet, thumbnail
from audiogen.render.painter import Painter
from audiogen.stage import Sampling, silent

VARIED = 16  # wishes that are fulfilled twice, for the diversity
WEAK, STRENGTHS = 0.2, 16  # a low structure strength, and how many contours are painted with it
SPAN = Measure("span", "IoU at strength 1 less that at 0.2", higher_is_better=True)
SECOND_SEED = 1000  # how far the second seed of a wish lies from the first
Tell = Callable[[str, int, int], bool]  # (what, step, of)


@dataclass(frozen=True, eq=False)
class Studio:
    """A decoder and the painter behind it."""

    decoder: Any
    painter: Painter
    sampling: Sampling

    def paint(self, contour: Contour, asked: Conditioning, seed: int, strength: float = 1.0) -> np.ndarray:
        """One picture, float32 [3, H, H] in 0..1."""
        call = Sampling(
            seed=seed,
            steps=self.sampling.steps,
            scheduler=self.sampling.scheduler,
            guidance=self.sampling.guidance,
            structure_strength=strength,
        )
        latents = self.decoder(contour, asked, call, silent)
        return np.asarray(self.painter(latents, asked, call, silent).pixels)


@dataclass(eq=False)
class Report:
    """Rows of one path, one after the other.

    Attributes:
        shown: name -> pictures of a row, uint8 [256, 256, 3], for the sheets.
    """

    path: str
    judge: PictureJudge
    training: TrainingSet
    painter: Painter
    tell: Tell
    shown: dict[str, list[np.ndarray]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, data: Path, path: str, count: int, painter: Painter, reader: DigitClassifier, tell: Tell
    ) -> Report:
        """From prepared pictures.

        Raises:
            InvalidRequest: too few.
        """
        features = PictureFeatures(painter)
        read = reader if path == "digit" else None
        judge = PictureJudge.read(
            data, path, count, features, read, lambda step, of: told(tell, f"{path}: embedding", step, of)
        )
        training = TrainingSet.read(
            data, path, lambda step, of: told(tell, f"{path}: training pictures", step, of)
        )
        return cls(path, judge, training, painter, tell)

    @cached_property
    def held_out_near(self) -> np.ndarray:
        """Distance of the held-out pictures to the nearest training picture."""
        both = (self.judge.reference, self.judge.measured)
        return np.concatenate([self.training.nearest(made_small(g.pictures, self.path)) for g in both])

    def anchors(self) -> list[Row]:
        """Held-out pictures as they are, through the painter, and damaged."""
        measured, wishes = self.judge.measured, self.wishes()
        rows = []
        for name, damage in DAMAGES.items():
            told(self.tell, f"{self.path}: {name}", 0, 1)
            scores = self.judge.of_pictures(damaged(measured.pixels, damage), wishes)
            if name == REAL:
                small = made_small(measured.pictures, self.path)
                scores |= novelty(small, self.training, self.held_out_near)
            rows.append(Row(f"held-out, {name}", scores))
            if name == REAL:
                rows.append(self._through_the_painter(wishes))
        return rows

    def rows(self, name: str, studio: Studio, parameters: int) -> list[Row]:
        """What a decoder makes of the wishes of the held-out pictures, and of each style alone."""
        measured, wishes = self.judge.measured, self.wishes()
        made, times = [], []
        for k in range(len(measured)):
            told(self.tell, f"{self.path}: {name}", k, len(measured))
            begun = time.perf_counter()
            made.append(studio.paint(self._contour(k), measured.asked(k), k))
            times.append(1000 * (time.perf_counter() - begun))
        told(self.tell, f"{self.path}: {name}", len(measured), len(measured))
        rows = self.judge.rows(self.judge.features(made))
        ink = inks(made)
        scores = self.judge.scores(rows, ink, wishes)
        few = min(VARIED, len(measured))
        again = [studio.paint(self._contour(k), measured.asked(k), SECOND_SEED + k) for k in range(few)]
        scores |= self.judge.diversity(rows[:few], self.judge.rows(self.judge.features(again)))
        scores |= novelty(self._small(made), self.training, self.held_out_near)
        if self.path == "digit":
            scores |= self._span(studio, ink)
        self.shown[name] = [thumbnail(picture) for picture in made[: 4 * VARIED]]
        whole = Row(name, scores, float(np.median(times)), parameters)
        return [whole, *self._by_style(name, rows, ink)]

    def _by_style(self, name: str, rows: np.ndarray, ink: np.ndarray) -> Iterator[Row]:
        measured = self.judge.measured
        for manner in measured.manners:
            own = np.flatnonzero(measured.manner == manner)
            if len(own) < len(measured):
                wishes = Wishes.of(measured[own], contour=self.path == "digit")
                yield Row(f"{name}, {manner}", self.judge.scores(rows[own], ink[own], wishes))

    def subject(self, name: str, studio: Studio, subject: str, count: int) -> Row:
        """Novelty and look of one subject, in all looks in turn, with no contour."""
        looks = np.array(
            [self.judge.reference.manners[k % len(self.judge.reference.manners)] for k in range(count)]
        )
        made = []
        for k, look in enumerate(looks):
            told(self.tell, f"{subject}: {name}", k, count)
            made.append(studio.paint(Contour.empty(), wish("picture", subject, look), k))
        told(self.tell, f"{subject}: {name}", count, count)
        scores = novelty(self._small(made), self.training, self.held_out_near)
        read = self.judge.styles.read(self.judge.rows(self.judge.features(made)))
        scores["style"] = mean_score(read == looks, draws_of(count))
        self.shown[f"{name}, {subject}"] = [thumbnail(picture) for picture in made]
        return Row(f"{name}, {subject}", scores)

    def real_subject(self, subject: str) -> Row:
        """Training pictures of a subject, each against all others: how near real ones are to each other."""
        apart = self.training.apart(subject)
        scores: Scores = {}
        if len(apart):
            near = float(np.median(self.held_out_near))
            scores[NOVELTY.name] = median_score(apart / near, draws_of(len(apart)))
        return Row(f"training pictures, {subject}, each against the others", scores)

    def wishes(self) -> Wishes:
        return Wishes.of(self.judge.measured, contour=self.path == "digit")

    def _contour(self, number: int) -> Contour:
        return self.judge.measured.drawn(number) if self.path == "digit" else Contour.empty()

    def _through_the_painter(self, wishes: Wishes) -> Row:
        """The best that any decoder of these latents can do."""
        made = []
        for k, pixels in enumerate(self.judge.measured.pixels):
            told(self.tell, f"{self.path}: through the painter", k, len(self.judge.measured))
            asked = self.judge.measured.asked(k)
            latents = self.painter.encode(Picture(pixels))
            made.append(self.painter(latents, asked, Sampling(), silent).pixels)
        return Row("held-out, through the painter", self.judge.of_pictures(made, wishes))

    def _span(self, studio: Studio, ink: np.ndarray) -> Scores:
        """How much less of the contour a weak structure strength keeps."""
        measured = self.judge.measured
        few = range(min(STRENGTHS, len(measured)))
        weak = inks([studio.paint(self._contour(k), measured.asked(k), k, WEAK) for k in few])
        contours = measured.ink
        lost = [iou_of_ink(ink[k], contours[k]) - iou_of_ink(weak[k], contours[k]) for k in few]
        return {SPAN.name: mean_score(lost, draws_of(len(lost)))}

    def _small(self, made: Sequence[np.ndarray]) -> np.ndarray:
        levels = [np.round(255 * np.clip(p, 0, 1)).astype(np.uint8).transpose(1, 2, 0) for p in made]
        return made_small(np.stack(levels), self.path)

    def sheets(self) -> dict[str, bytes]:
        """Contact sheets, PNG by name."""
        return {
            name: png_bytes(sheet(cells, [""] * len(cells), 8).transpose(2, 0, 1) / 255)
            for name, cells in self.shown.items()
        }


def told(tell: Tell, what: str, step: int, of: int) -> None:
    tell(what, step, of)


def page(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; intervals are in the JSON."""
    lines = []
    for row in rows:
        line = {"pictures": row.name}
        for measure in (*MEASURES, SPAN):
            if measure.name in row.scores:
                line[measure.title] = f"{row.scores[measure.name].value:.3g}"
        if row.alone_ms is not None:
            line["s"] = f"{row.alone_ms / 1000:.2f}"
        lines.append(line)
    return "\n".join(table(lines)) + "\n"
