"""Whose piano was used: every pianist of the rolls, every score with its typesetter, the samples."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

from audiogen.lab.data.manifests import read_manifest

COLUMNS = ("kind", "set", "composer", "title", "attribution", "licence", "pieces", "source")
_ROLLS = "Copyright (c) 2022 Piano Rolls"
# (set, attribution) of what the manifests name only by its repository
_SETS = {
    "bytedance/GiantMIDI-Piano": ("GiantMIDI-Piano", "Qiuqiang Kong, Bochen Li, Jitong Chen, Yuxuan Wang"),
    "pianoroll/pianolatron-data": ("pianolatron-data", _ROLLS),
}
_SCORES = "MutopiaProject/MutopiaProject:"


def write_credits(file: Path, source: Path) -> None:
    """Write the credits of `source/piano-midi`, by its manifests, and of `source/piano-samples` as CSV."""
    rows = [row for manifest in sorted((source / "piano-midi").rglob("*.csv")) for row in _manifest(manifest)]
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        if (source / "piano-samples" / "index.json").exists():
            writer.writerow(_piano(source / "piano-samples"))
        for row, pieces in sorted(Counter(rows).items()):
            writer.writerow([*row[:6], pieces, row[6]])


def _manifest(manifest: Path) -> list[tuple[str, ...]]:
    """(kind, set, composer, title, attribution, licence, source) of every piece; equal ones are one line."""
    columns = ("source", "licence", "kind", "composer", "title", "performer")
    return [_line(row) for row in read_manifest(manifest, columns)]


def _line(row: dict[str, str]) -> tuple[str, ...]:
    source, licence = row["source"], row["licence"]
    if source.startswith(_SCORES):
        address = f"https://github.com/{_SCORES[:-1]}/blob/master/{source.removeprefix(_SCORES)}"
        who = row["performer"] or "typesetter not named"
        return "score", "Mutopia Project", row["composer"], row["title"], who, licence, address
    name, holder = _SETS.get(source, (source, ""))
    player = f"played by {row['performer']}" if row["performer"] else ""
    who = "; ".join(part for part in (player, holder) if part)
    address = f"https://github.com/{source}" if source.count("/") == 1 else source
    return row["kind"], name, "", "", who, licence, address


def _piano(samples: Path) -> tuple[str | int, ...]:
    index = json.loads((samples / "index.json").read_text(encoding="utf-8"))
    name, author = index.get("name", samples.name), index.get("author", "")
    where = index.get("original") or index.get("obtained_from", "")
    return "samples", name, "", "", author, index.get("licence", ""), len(index["samples"]), where
