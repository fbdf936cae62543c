"""The credits of piano data name whoever a manifest names."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from audiogen.lab.data.piano_credits import write_credits

ROLL = {
    "source": "pianoroll/pianolatron-data",
    "licence": "MIT",
    "kind": "performance",
    "performer": "Hess, Myra",
}
SCORE = {
    "source": "MutopiaProject/MutopiaProject:ftp/BachJS/BWV1/one.ly",
    "licence": "CC BY 3.0",
    "kind": "score",
    "performer": "typeset by A. Setter",
    "composer": "BachJS",
    "title": "One",
}


def test_pianists_typesetters_and_samples_are_named(tmp_path: Path) -> None:
    for folder, rows in (("piano-midi", [ROLL, SCORE]), ("piano-midi/more", [ROLL])):
        (tmp_path / folder).mkdir()
        with open(tmp_path / folder / "manifest.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, [*SCORE])
            writer.writeheader()
            writer.writerows(rows)
    samples = tmp_path / "piano-samples"
    samples.mkdir()
    index = {"name": "Bosen", "author": "A. Tuner", "licence": "CC0 1.0", "original": "https://example.org"}
    (samples / "index.json").write_text(json.dumps(index | {"samples": [1, 2]}))
    write_credits(tmp_path / "credits.csv", tmp_path)
    with open(tmp_path / "credits.csv", newline="") as file:
        piano, roll, score = csv.DictReader(file)
    assert (piano["attribution"], piano["licence"], piano["pieces"]) == ("A. Tuner", "CC0 1.0", "2")
    assert roll["attribution"] == "played by Hess, Myra; Copyright (c) 2022 Piano Rolls"
    assert (roll["pieces"], roll["licence"]) == ("2", "MIT")  # of both manifests
    assert (score["attribution"], score["title"]) == ("typeset by A. Setter", "One")
    assert score["source"].endswith("/MutopiaProject/blob/master/ftp/BachJS/BWV1/one.ly")
