"""The files of a request, checked before the work begins; writing them after it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.cli.names import Facts, file_names
from audiogen.cli.terminal import clean
from audiogen.errors import AudiogenError, InvalidRequest, WouldOverwrite
from audiogen.media.files import Data, check_name, check_target, write_together

if TYPE_CHECKING:
    from audiogen.request import Take

STDOUT = "-"
ENDINGS, DRAWN_ENDINGS = (".mid", ".npz"), (".contour.png",)  # of structures beside the result


@dataclass(frozen=True)
class Target:
    """Where one take goes.

    Attributes:
        file: the main file; None: stdout.
        beside: the structure beside it, without suffix, or None; endings: those that it may have.
        picture: a PNG beside it, or None; strip: a PNG of the steps of the decoder, or None.
        exists: it is there already, and is to be left alone.
    """

    file: Path | None
    beside: Path | None = None
    endings: tuple[str, ...] = ENDINGS
    picture: Path | None = None
    strip: Path | None = None
    exists: bool = False

    @property
    def files(self) -> list[Path]:
        """Every file that may be written."""
        found = [] if self.file is None else [self.file]
        if self.beside is not None:
            found += [with_ending(self.beside, suffix) for suffix in self.endings]
        return found + [file for file in (self.picture, self.strip) if file is not None]


@dataclass(frozen=True)
class Beside:
    """What is written beside the result: the structure, a picture, the steps of the stages.

    Attributes:
        drawn: the result is a picture, and its structure a drawing.
    """

    structure: bool = False
    picture: bool = False
    steps: bool = False
    drawn: bool = False

    def __bool__(self) -> bool:
        return self.structure or self.picture or self.steps


@dataclass(frozen=True)
class Rules:
    """What may be done to the folders and files that are there.

    Attributes:
        force: replace files.
        skip_existing: leave a take alone whose file is there.
        mkdir: make missing folders.
    """

    force: bool = False
    skip_existing: bool = False
    mkdir: bool = False

    def __post_init__(self) -> None:
        if self.force and self.skip_existing:
            raise InvalidRequest(
                "--force replaces files that exist and --skip-existing leaves them alone; give one of them."
            )


def targets(
    output: str | None,
    facts: Facts,
    suffix: str,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    beside: Beside = Beside(),  # noqa: B008 - frozen
) -> list[Target]:
    """One target per take, all of them writable.

    Args:
        output: as given with -o: "-" for stdout, or see `file_names`.
        facts: for the names.
        beside: further files of each take.
        suffix: of a file that is named here.
    Raises:
        WouldOverwrite, InvalidRequest: see `check_target`; several takes or further files on stdout.
    """
    if output == STDOUT:
        if len(facts.seeds) > 1 or beside:
            raise InvalidRequest("-o - writes one file; give a name for several takes or further files.")
        if sys.stdout.isatty():
            raise InvalidRequest("-o - writes to stdout; send it to a file or a program.")
        return [Target(None)]
    found = []
    for file in file_names(output, facts, suffix):
        check_name(file)
        target = Target(
            file,
            file.with_suffix("") if beside.structure else None,
            DRAWN_ENDINGS if beside.drawn else ENDINGS,
            file.with_suffix(".png") if beside.picture else None,
            file.with_suffix(".steps.png") if beside.steps else None,
            exists=rules.skip_existing and os.path.isfile(file),
        )
        if not target.exists:
            _check(target, rules)
        found.append(target)
    return found


def with_ending(path: Path, suffix: str) -> Path:
    """The path with `suffix` after its whole name."""
    return path.with_name(path.name + suffix)


def write_stdout(data: Data) -> None:
    """Bytes to stdout, past Python's buffer, which would complain once more at exit.

    Raises:
        BrokenPipeError: nobody reads.
        AudiogenError: it cannot be written (a full disk).
    """
    sys.stdout.flush()
    try:
        for part in [data] if isinstance(data, bytes) else data:
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(sys.stdout.fileno(), rest) :]
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise AudiogenError(f"Could not write to stdout: {problem.strerror}.") from problem


def write_files(contents: Mapping[Path, Data], rules: Rules) -> None:
    """Write the files of one take, all or none; missing folders first."""
    if rules.mkdir:
        for folder in {path.parent for path in contents}:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise AudiogenError(f"Could not make the folder {folder}: {problem.strerror}.") from problem
    write_together(contents, rules.force)


def structure_files(target: Target, take: Take) -> dict[Path, bytes]:
    """The structure beside the result: a drawing, .mid where it has notes, .npz for everything else."""
    if target.beside is not None and take.contour is not None and not take.contour.is_empty:
        return {with_ending(target.beside, DRAWN_ENDINGS[0]): take.contour.png_bytes(take.recipe)}
    if target.beside is None or take.structure is None or take.structure.is_empty:
        return {}
    contents = {}
    if take.structure.notes is not None:
        contents[with_ending(target.beside, ".mid")] = take.structure.midi_bytes()
    if take.structure.mel is not None or take.structure.onsets is not None:
        contents[with_ending(target.beside, ".npz")] = take.structure.npz_bytes()
    return contents


def draw(take: Take, title: str) -> bytes:
    """The picture of a take, a PNG file."""
    from audiogen.media.mel_settings import MelSettings
    from audiogen.media.plot import picture

    structure, notes = take.structure, take.structure.notes if take.structure else None
    return picture(
        take.conditioning.seconds,
        notes=None if notes is None else notes.rows(),
        pedal=None if notes is None else notes.pedal,
        coarse=None if structure is None else structure.mel,
        mid=None if take.mel is None else take.mel.spectra,
        settings=MelSettings() if take.mel is None else take.mel.settings,
        samples=None if take.waveform is None else take.waveform.samples,
        sample_rate=44_100 if take.waveform is None else take.waveform.sample_rate,
        title=title,
    )


def draw_steps(take: Take) -> bytes:
    """What the stages had after their steps, a PNG file: of sound the mel, of pictures the picture."""
    if take.conditioning.is_picture:
        from audiogen.media import png
        from audiogen.media.sheet import sheet, thumbnail

        cells = [thumbnail(step.pixels) for step in take.steps]
        labels = [f"{number} of {len(cells)}" for number in range(1, len(cells) + 1)]
        return png.encoded(sheet(cells, labels, columns=len(cells)))
    from audiogen.media.strip import strip

    return strip([step.spectra for step in take.steps])


def print_json(row: Any) -> None:
    """One line of JSON on stdout, Chinese readable."""
    print(clean(json.dumps(row, ensure_ascii=False)), flush=True)  # its escapes are JSON's


def check_file(file: Path, rules: Rules) -> None:
    """Raise before the work begins if a file cannot or must not be written.

    Raises:
        WouldOverwrite, InvalidRequest: see `check_target`; or its folder can and must not be made.
    """
    check_name(file)
    if os.path.isdir(file.parent):
        check_target(file, rules.force)
    else:
        _check_missing(file.parent, rules)


def _check(target: Target, rules: Rules) -> None:
    assert target.file is not None
    check_file(target.file, rules)
    if not os.path.isdir(target.file.parent):
        return
    for file in target.files[1:]:
        if os.path.lexists(file) and not rules.force:
            raise WouldOverwrite(f"{file} exists; use --force to replace it or -o for another name.")


def _check_missing(folder: Path, rules: Rules) -> None:
    """A folder that is not there: refused, unless it is to be made and can be."""
    there = next(
        parent for parent in (folder.absolute(), *folder.absolute().parents) if os.path.exists(parent)
    )
    if not os.path.isdir(there):
        raise InvalidRequest(f"{there} is a file and cannot be a folder.")
    if not rules.mkdir:
        raise InvalidRequest(
            f"The folder {folder} does not exist; make it first, let --mkdir make it, or choose another."
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise InvalidRequest(f"The folder {there} is not writable; choose another with -o.")
