"""The collection of illustrations: manifest and archives of pictures, read on demand."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from audiogen.errors import InvalidRequest
from audiogen.lab.data.illustrations.captions import SAID, Caption, captions_of, clean
from audiogen.lab.data.illustrations.looks import LOOK_OF
from audiogen.lab.data.illustrations.seen import seen_in

HELD_OUT = 25  # one in so many pairs of subject and look is held out


@dataclass(frozen=True)
class Illustration:
    """One picture: where it lies, what it shows, how, and how large its original is in pixels."""

    archive: str
    file: str
    side: int
    upstream: str
    look: str
    caption: Caption
    group: str = ""
    credit: tuple[str, str, str] = ("", "", "")  # author where each has one, licence, source

    @property
    def name(self) -> str:
        return f"{self.archive}/{self.file}"

    @property
    def split(self) -> str:
        """By a fixed hash of subject and look: no look of a held-out subject is half known."""
        digest = hashlib.sha256(f"{self.caption.subject}|{self.look}".encode()).digest()
        return "valid" if int.from_bytes(digest[:4], "big") % HELD_OUT == 0 else "train"


@dataclass(frozen=True)
class Collection:
    """Every illustration that has a look and a common subject, and what others call the subjects.

    Attributes:
        other_names: per subject its English keywords, Chinese name and Chinese keywords, in this order.
    """

    folder: Path
    members: tuple[Illustration, ...]
    other_names: dict[str, tuple[list[str], list[str], list[str]]]

    @classmethod
    def read(cls, folder: Path, least: int = 5) -> Collection:
        """The collection in a folder with manifest.jsonl.gz and the archives that it names.

        Raises:
            InvalidRequest: no manifest there.
        """
        file = folder / "manifest.jsonl.gz"
        if not file.exists():
            raise InvalidRequest(f"{file} does not exist; --source must hold `illustrations` with it.")
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            rows = [row for row in map(json.loads, stream) if row["style"] in LOOK_OF]
        captions, _ = captions_of(
            [(r["name_en"], "" if r["kind"] == "icon" else r["group"], r["subgroup"]) for r in rows], least
        )
        members = tuple(
            Illustration(
                r["shard"],
                r["file"],
                int(r["size"]),
                r["style"],
                LOOK_OF[r["style"]],
                _with_seen(caption, r["file"]),
                r["group"],
                _credit(r),
            )
            for r, caption in zip(rows, captions, strict=True)
            if caption
        )
        names = {
            SAID.get(clean(r["name_en"]), (clean(r["name_en"]),))[0]: (
                r["keywords_en"],
                [r["name_zh"]],
                r["keywords_zh"],
            )
            for r in rows
            if r["kind"] != "icon"
        }
        subjects = sorted({member.caption.subject for member in members})
        return cls(folder, members, {s: names[s] for s in subjects if s in names})

    def image(self, member: Illustration) -> Image.Image:
        """The picture as its file holds it, RGBA."""
        return Image.open(io.BytesIO(_archive(self.folder / member.archive).read(member.file))).convert(
            "RGBA"
        )

    def picture(self, member: Illustration, size: int) -> np.ndarray:
        """The picture on white: uint8 [size, size, 3]."""
        image = self.image(member)
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        how = Image.Resampling.BOX if image.width >= size else Image.Resampling.LANCZOS
        return np.asarray(white.convert("RGB").resize((size, size), how), np.uint8)


@lru_cache(maxsize=8)
def _archive(file: Path) -> zipfile.ZipFile:
    """Kept open: reading the list of ten thousand files takes longer than reading a picture."""
    return zipfile.ZipFile(file)


def _credit(row: dict) -> tuple[str, str, str]:
    return row.get("author", ""), row.get("licence", ""), row.get("source", "")


def _with_seen(caption: Caption, file: str) -> Caption:
    return Caption(caption.subject, tuple(dict.fromkeys((*caption.details, *seen_in(file)))))
