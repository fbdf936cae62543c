"""What has been measured of a file, kept beside the report: an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media.files import npz_bytes, read_npz, write_atomic

VERSION = 3  # of the measures
FOLDER = "measured"
Record = dict[str, Any]  # arrays by name, and under "facts" plain values


class Cache:
    """Records of files, by their contents and what was measured.

    Args:
        out: folder of the report, with FOLDER in it, or None: nothing is kept.
        what: name of the measures, "ours".
    """

    def __init__(self, out: Path | None, what: str) -> None:
        self.folder, self.what = None if out is None else out / FOLDER, what

    def get(self, file: Path, measure: Callable[[], Record]) -> Record:
        if self.folder is None:
            return measure()
        digest = hashlib.sha256(file.read_bytes() + f"{self.what} {VERSION}".encode()).hexdigest()[:24]
        kept = self.folder / f"{digest}.npz"
        if kept.is_file():
            try:
                arrays = read_npz(kept)
                return {"facts": json.loads(str(arrays.pop("facts"))), **arrays}
            except (InvalidRequest, KeyError, ValueError):
                pass  # damaged: measured anew
        record = measure()
        arrays = {name: value for name, value in record.items() if name != "facts"}
        arrays["facts"] = np.array(json.dumps(record["facts"]))
        write_atomic(kept, npz_bytes(arrays), force=True)
        return record


def measured(
    files: Sequence[Path], cache: Cache, measure: Callable[[Path], Record], label: str
) -> tuple[list[Path], list[Record], list[str]]:
    """The files that could be measured, their records, and why the others are left out."""
    good: list[Path] = []
    records: list[Record] = []
    left_out: list[str] = []
    for number, file in enumerate(files, 1):
        print(f"\r{label}: {number} of {len(files)}", end="", file=sys.stderr, flush=True)
        try:
            records.append(cache.get(file, lambda file=file: measure(file)))  # type: ignore[misc]
            good.append(file)
        except (InvalidRequest, OSError) as problem:  # a full disk is neither: it ends the run
            left_out.append(f"{file.name}: {getattr(problem, 'strerror', None) or problem}")
    print(file=sys.stderr)
    return good, records, left_out
