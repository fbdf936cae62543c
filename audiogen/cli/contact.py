"""The contact sheet: several pictures of one request as one PNG beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from audiogen.cli import names, output
from audiogen.errors import InvalidRequest, WouldOverwrite

if TYPE_CHECKING:
    from audiogen.artifacts import Conditioning
    from audiogen.cli.job import Job
    from audiogen.cli.progress import Reporter
    from audiogen.request import Take

ENDING = "-sheet.png"
MANY, SMALL = 25, 128  # above so many pictures each is so small, pixels


def place(job: Job, known: Conditioning, places: list[output.Target]) -> Path | None:
    """Where the sheet of a job goes; None: it has none.

    Raises:
        InvalidRequest: one picture alone is to have one.
        WouldOverwrite: it is there already.
    """
    files = [each.file for each in places if each.file is not None]
    if not known.is_picture or job.contact_sheet is False:
        return None
    if len(files) < 2:
        if job.contact_sheet:
            raise InvalidRequest("A contact sheet shows several pictures; give -n 2 or more.")
        return None
    named = job.output is not None and not names.is_folder(job.output) and "{" not in job.output
    first = Path(job.output) if named and job.output is not None else files[0]
    sheet = first.with_name(first.stem + ENDING)
    if sheet.exists() and not job.force and not job.skip_existing:
        raise WouldOverwrite(f"{sheet} exists; use --force to replace it or -o for another name.")
    return sheet


class Contact:
    """The pictures that a sheet will show.

    Args:
        file: of the sheet; None: there will be none, and nothing is kept.
        count: of the pictures.
    """

    def __init__(self, file: Path | None, count: int) -> None:
        from audiogen.media.sheet import CELL

        self.file = file
        self.cell = CELL if count <= MANY else SMALL
        self.cells: list[np.ndarray] = []
        self.labels: list[str] = []

    def add(self, take: Take) -> None:
        """A picture that was made."""
        from audiogen.media.sheet import thumbnail

        shown = take.picture or take.contour
        if self.file is not None and shown is not None:
            pixels = shown.pixels if shown.pixels.ndim == 3 else np.repeat(shown.pixels[None], 3, 0)
            self.cells.append(thumbnail(pixels, self.cell))
            self.labels.append(take.label)

    def add_file(self, file: Path | None) -> None:
        """A picture that was there."""
        from audiogen.artifacts import Picture
        from audiogen.media.sheet import thumbnail

        if self.file is not None and file is not None:
            self.cells.append(thumbnail(Picture.load(file).pixels, self.cell))
            self.labels.append(file.stem)

    def write(self, job: Job, reporter: Reporter) -> None:
        """Write the sheet and say where it is."""
        from audiogen.media import png
        from audiogen.media.sheet import sheet

        if self.file is None:
            return
        rules = output.Rules(job.force or job.skip_existing, mkdir=job.mkdir)
        output.write_files({self.file: png.encoded(sheet(self.cells, self.labels))}, rules)
        reporter.clear()
        if job.json:
            output.print_json({"contact_sheet": str(self.file)})
        else:
            click.echo(str(self.file))
