"""Reading the manifests of the training data: CSV files, a recording or a piece per row."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from audiogen.errors import InvalidRequest


def read_manifest(file: Path, columns: Collection[str]) -> list[dict[str, str]]:
    """The rows of a manifest.

    Raises:
        InvalidRequest: it is not there or no CSV file, or lacks one of `columns`.
    """
    existing(file)
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            rows = list(reader)
    except (OSError, ValueError, csv.Error) as problem:
        raise InvalidRequest(f"Cannot read {file} ({problem}).") from problem
    if missing:
        raise InvalidRequest(f"{file} has no column {', '.join(missing)}; is it the manifest of these data?")
    return rows


def existing(file: Path) -> Path:
    """The same file; raises InvalidRequest where it is not there."""
    if not file.is_file():
        raise InvalidRequest(
            f"{file} does not exist; --source is the folder that holds {file.parent.name}/{file.name}."
        )
    return file
