"""The subjects that a prompt may name: from the vocabulary of the pictures into the word list of the parser.

    python -m audiogen.lab.data.picture_words build/pictures/index.json

Only the last section of audiogen/prompt/pictures.yaml is written anew; what stands above it is by hand,
and every name in it must be made of words of the vocabulary, else no decoder would hear it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from audiogen.errors import InvalidRequest
from audiogen.prompt.language import lexicon
from audiogen.prompt.pictures.words import FILE, load

SECTION = "also:"
_PASSED_OVER = frozenset(
    ("face", "pencil", "pen", "crayon", "framed picture", "paintbrush")
)  # other meanings


def subjects_of(index: dict[str, Any]) -> dict[str, str]:
    """English name -> Chinese names, parted by commas, of every subject that has pictures.

    Args:
        index: `index.json` of the pictures: `subjects`, and `names` with their Chinese names under "zh".
    """
    names = index.get("names", {})
    return {
        subject: ", ".join(names.get(subject, {}).get("zh", []))
        for subject in index["subjects"]
        if subject not in _PASSED_OVER
    }


def unheard(names: Iterable[str], vocabulary: Iterable[str]) -> list[str]:
    """The names of which the vocabulary has not a single word."""
    known = set(vocabulary)
    return [name for name in names if name not in known and not known & set(name.split())]


def rewritten(text: str, also: dict[str, str]) -> str:
    """A word list with another last section."""
    head, found, _ = text.partition(f"\n{SECTION}")
    if not found:
        raise InvalidRequest(f"The word list has no section {SECTION!r}.")
    rows = yaml.safe_dump(also, allow_unicode=True, width=120, sort_keys=True)
    return f"{head}\n{SECTION}\n" + "".join(f"  {line}\n" for line in rows.splitlines())


def main(index_file: Path, file: Path) -> int:
    """Write the list; returns how many subjects it has."""
    index = json.loads(index_file.read_text(encoding="utf-8"))
    file.write_text(rewritten(file.read_text(encoding="utf-8"), {}), encoding="utf-8")
    written = load(file)
    lost = unheard(
        [t.name for t in written.phrases.values() if t.kind in ("subject", "detail")], index["words"]
    )
    if lost:
        raise InvalidRequest(f"No decoder knows {', '.join(dict.fromkeys(lost))}; change {file.name}.")
    also = {name: zh for name, zh in subjects_of(index).items() if name not in written.subjects}
    file.write_text(rewritten(file.read_text(encoding="utf-8"), also), encoding="utf-8")
    return len(load(file).subjects)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), lexicon.FOLDER / FILE), "subjects")
