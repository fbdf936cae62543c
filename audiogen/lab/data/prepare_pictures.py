"""Pictures for training: painted digits, captioned illustrations and real paintings, mixed in shards, then
drawings in dark on white painted as the digits are.

A shard is an .npz of W rows: `pictures` uint8 [W, 256, 256, 3], `contour` uint8 [W, 64, 64] (255 is ink,
zeros where there is none) with `has_contour` bool [W], `style` int64 [W] (index into the styles and looks of
index.json), `words` int64 [W, 12] (ids into its vocabulary, 0 none), `label` int64 [W] (the digit, -1 none),
`side` int64 [W] (pixels of the original) and `source` [W] (where it is from). index.json also has the
subjects and what else they are called. fine-NNN.npz and valid-fine-NNN.npz have `pictures` uint8
[W, 512, 512, 3] alone, for the upsampler. Mirroring is left to the training: digits must not be mirrored,
illustrations and paintings may.

Held out are MNIST's test digits, and by fixed hashes one in 25 pairs of subject and look and one painting
in 20.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts import LOOKS, STYLES
from audiogen.errors import InvalidRequest
from audiogen.lab.data.illustrations.collection import Collection
from audiogen.lab.data.illustrations.colours import COLOURS
from audiogen.lab.data.illustrations.words import vocabulary
from audiogen.lab.data.paintings import CROPS, Gallery
from audiogen.lab.data.picture_credits import write_credits
from audiogen.lab.data.picture_rows import DRAWN, SIDE, Easel, Row
from audiogen.lab.data.shard_jobs import ShardJob, missing_shards, run_jobs, write_shard

FINE = 512  # pixels
_AT_LEAST_ONE = ("rows_per_shard", "fine_per_shard", "least", "workers")


@dataclass(frozen=True)
class PicturesData:
    """Settings of `audiogen data` for pictures.

    Attributes:
        digits_per_style, valid_digits_per_style: how many digits are painted in each style.
        styles_per_drawing: in how many styles each drawing in dark on white is painted.
        fine_per_kind: 512-pixel pictures for the upsampler, of each of painted digits, illustrations
            and paintings; valid_fine_per_kind: held-out ones.
        least: pictures that a subject or a detail word must have.
        least_iou: painted digits whose ink keeps less of the contour are painted again.
    """

    digits_per_style: int = 1000
    valid_digits_per_style: int = 40
    styles_per_drawing: int = 2
    fine_per_kind: int = 200
    valid_fine_per_kind: int = 16
    rows_per_shard: int = 512
    fine_per_shard: int = 64
    least: int = 5
    least_iou: float = 0.85
    seed: int = 1
    workers: int = 1

    def __post_init__(self) -> None:
        low = [name for name in _AT_LEAST_ONE if getattr(self, name) < 1]
        if low:
            raise InvalidRequest(f"{', '.join(low)} must be at least 1.")
        if not 0 <= self.least_iou <= 1:
            raise InvalidRequest(f"least_iou lies in 0..1, not {self.least_iou:g}.")


def prepare(source: Path, out: Path, settings: PicturesData) -> None:
    """Write index.json, credits.csv and all shards into `out`; shards that exist are kept, so it resumes.

    Args:
        source: folder with `mnist`, `illustrations` and `styles`.
    Raises:
        InvalidRequest: one of them is missing.
    """
    plan = Plan.read(source, settings)
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.json").write_text(json.dumps(plan.index(), ensure_ascii=False), encoding="utf-8")
    write_credits(out / "credits.csv", plan.collection, plan.gallery)
    rows = {split: len(plan.rows[split]) for split in ("valid", "train")}
    fine = {split: len(plan.rows[split]) for split in ("valid-fine", "fine")}
    jobs = missing_shards(out, fine, settings.fine_per_shard)
    jobs += missing_shards(out, rows, settings.rows_per_shard)
    run_jobs(jobs, _make_shard, settings.workers, _start_worker, (source, settings), "pictures")


@dataclass(frozen=True)
class Plan:
    """Which pictures come in which split, in what order, and the words about them."""

    rows: dict[str, list[Row]]
    words: list[str]
    collection: Collection
    gallery: Gallery

    @classmethod
    def read(cls, source: Path, settings: PicturesData) -> Plan:
        """The plan for a source; it depends on the manifests and settings alone."""
        collection = Collection.read(source / "illustrations", settings.least)
        gallery = Gallery.read(source / "styles")
        words = vocabulary([m.caption for m in collection.members], tuple(COLOURS))
        rows = {
            "train": _digits(settings.digits_per_style),
            "valid": _digits(settings.valid_digits_per_style, held_out=True),
        }
        for number, member in enumerate(collection.members):
            rows[member.split].append(Row("illustration", number, LOOKS.index(member.look) + len(STYLES)))
        for number, work in enumerate(gallery.works):
            style = STYLES.index(work.style)
            rows[work.split] += [
                Row("painting", number, style, part) for part in range(CROPS[work.technique])
            ]
        for split, count in (("fine", settings.fine_per_kind), ("valid-fine", settings.valid_fine_per_kind)):
            rows[split] = _fine(collection, gallery, count, settings.seed, split == "valid-fine")
        for number, split in enumerate(sorted(rows)):
            order = np.random.default_rng([settings.seed, number]).permutation(len(rows[split]))
            rows[split] = [rows[split][k] for k in order]
        drawings = _drawings(collection, settings.styles_per_drawing)
        order = np.random.default_rng([settings.seed, len(rows)]).permutation(len(drawings))
        rows["train"] += [drawings[k] for k in order]
        return cls(rows, words, collection, gallery)

    def index(self) -> dict:
        """What the numbers in the shards mean."""
        subjects = sorted({m.caption.subject for m in self.collection.members})
        return {
            "styles": list(STYLES + LOOKS),
            "words": self.words,
            "subjects": subjects,
            "names": {
                subject: {"en": english, "zh": chinese, "zh_keywords": keywords}
                for subject, (english, chinese, keywords) in self.collection.other_names.items()
            },
            "colours": list(COLOURS),
        }


def _digits(per_style: int, held_out: bool = False) -> list[Row]:
    return [
        Row("digit", k, style, held_out=held_out) for style in range(len(STYLES)) for k in range(per_style)
    ]


def _drawings(collection: Collection, styles: int) -> list[Row]:
    """Every drawing in dark on white that is not held out, in so many styles in turn."""
    members = [k for k, m in enumerate(collection.members) if m.look in DRAWN and m.split == "train"]
    return [
        Row("drawing", number, (turn + part) % len(STYLES), part)
        for turn, number in enumerate(members)
        for part in range(styles)
    ]


def _fine(collection: Collection, gallery: Gallery, count: int, seed: int, held_out: bool) -> list[Row]:
    """Rows of 512 pixels: digits not painted elsewhere, illustrations and paintings with that many pixels."""
    split = "valid" if held_out else "train"
    rng = np.random.default_rng([seed, 7, held_out])
    digits = [Row("digit", 100_000 + k, k % len(STYLES), held_out=held_out) for k in range(count)]
    sharp = [k for k, m in enumerate(collection.members) if m.side >= FINE and m.split == split]
    large = [
        k
        for k, work in enumerate(gallery.works)
        if work.split == split and min(work.width, work.height) >= 0.75 * FINE
    ]
    rows = digits + [Row("illustration", k, 0) for k in rng.permutation(sharp)[:count]]
    if large:
        rows += [Row("painting", large[k % len(large)], 0, k // len(large)) for k in range(count)]
    return rows


_worker: dict = {}


def _start_worker(source: Path, settings: PicturesData) -> None:
    plan = Plan.read(source, settings)
    easel = Easel.open(source, plan.collection, plan.gallery, plan.words, settings.least_iou, settings.seed)
    _worker.update(plan=plan, easel=easel)


def _make_shard(job: ShardJob) -> None:
    rows = _worker["plan"].rows[job.split][job.first : job.first + job.size]
    easel: Easel = _worker["easel"]
    if job.split.endswith("fine"):
        write_shard(job.target, {"pictures": np.stack([easel.picture(row, FINE) for row in rows])}, True)
        return
    made = [easel.row(row, SIDE) for row in rows]
    write_shard(job.target, {name: np.stack([one[name] for one in made]) for name in made[0]}, True)
