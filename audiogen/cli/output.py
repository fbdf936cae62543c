"""Names of the files of a request, checked before the work begins; writing them after it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.errors import InvalidRequest, WouldOverwrite
from audiogen.media.files import check_target, write_atomic

if TYPE_CHECKING:
    from audiogen.request import Take

STDOUT = "-"
_NAME_LENGTH = 48


@dataclass(frozen=True)
class Target:
    """Where one take goes.

    Attributes:
        file: the main file; None: stdout.
        beside: the structure beside it, without suffix, or None.
        picture: a PNG beside it, or None.
    """

    file: Path | None
    beside: Path | None = None
    picture: Path | None = None


def targets(
    output: str | None,
    words: str,
    seeds: list[int],
    suffix: str,
    force: bool,
    keep_structure: bool = False,
    plot: bool = False,
) -> list[Target]:
    """One target per take, all of them writable.

    Args:
        output: as given with -o: a file, "-" for stdout, or None: named after the words and seed.
        words: the prompt, or the name of the file that was decoded.
        seeds: of the takes; several takes share a given name with -1, -2, ... before its suffix.
        suffix: of a file that is named here.
    Raises:
        WouldOverwrite, InvalidRequest: see `check_target`; several takes or further files on stdout.
    """
    if output == STDOUT:
        if len(seeds) > 1 or keep_structure or plot:
            raise InvalidRequest("-o - writes one file; give a name for several takes or further files.")
        if sys.stdout.isatty():
            raise InvalidRequest("-o - writes audio to stdout; send it to a file or a player.")
        return [Target(None)]
    if output is None:
        files = [Path(f"{slug(words)}-{seed}{suffix}") for seed in seeds]
    else:
        given = Path(output)
        numbered = [given.with_name(f"{given.stem}-{k + 1}{given.suffix}") for k in range(len(seeds))]
        files = [given] if len(seeds) == 1 else numbered
    found = [
        Target(
            file,
            file.with_suffix("") if keep_structure else None,
            file.with_suffix(".png") if plot else None,
        )
        for file in files
    ]
    for target in found:
        _check(target, force)
    return found


def slug(words: str) -> str:
    """A file name from words in any script."""
    name = re.sub(r"[^\w]+", "-", words.strip(), flags=re.UNICODE).strip("-_")
    return name[:_NAME_LENGTH].rstrip("-_") or "audiogen"


def emit(target: Target, data: bytes, force: bool) -> None:
    """Write to the target's file at once, or to stdout."""
    if target.file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_atomic(target.file, data, force)


def keep_structure(target: Target, take: Take, force: bool) -> list[Path]:
    """Write the structure beside the sound: .mid where it has notes, .npz for everything else."""
    if target.beside is None or take.structure is None or take.structure.is_empty:
        return []
    written = []
    notes_only = take.structure.mel is None and take.structure.onsets is None
    for suffix in [".mid"] * (take.structure.notes is not None) + [".npz"] * (not notes_only):
        file = target.beside.with_name(target.beside.name + suffix)
        take.structure.save(file, force=force)
        written.append(file)
    return written


def draw(take: Take, title: str) -> bytes:
    """The picture of a take, a PNG file."""
    from audiogen.media.plot import picture

    structure, notes = take.structure, take.structure.notes if take.structure else None
    return picture(
        take.conditioning.seconds,
        notes=None if notes is None else notes.rows(),
        pedal=None if notes is None else notes.pedal,
        coarse=None if structure is None else structure.mel,
        mid=None if take.mel is None else take.mel.mid,
        samples=None if take.waveform is None else take.waveform.samples,
        sample_rate=44_100 if take.waveform is None else take.waveform.sample_rate,
        title=title,
    )


def print_json(row: Any) -> None:
    """One line of JSON on stdout, Chinese readable."""
    print(json.dumps(row, ensure_ascii=False), flush=True)


def _check(target: Target, force: bool) -> None:
    assert target.file is not None
    check_target(target.file, force)
    if target.picture is not None:
        check_target(target.picture, force)
    if target.beside is not None:
        for suffix in (".mid", ".npz"):
            file = target.beside.with_name(target.beside.name + suffix)
            if file.exists() and not force:
                raise WouldOverwrite(f"{file} exists; use --force to replace it or -o for another name.")
