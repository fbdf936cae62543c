"""A request with the files that it becomes, and the same once it has been checked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.cli import names, output
from audiogen.cli.output import Rules
from audiogen.errors import InvalidRequest
from audiogen.media.audio import check_format

if TYPE_CHECKING:
    from audiogen.request import Plan, Request


@dataclass(frozen=True)
class Job:
    """A request and where its takes go.

    Attributes:
        request: what to make.
        words: what files are named after.
        output: as given with -o.
        number: of this job, from 1; None: it is the only one.
        seed_drawn: the seed was drawn anew, not given.
        format: suffix without dot of what has no suffix of its own (stdout, a folder, a default name).
        until: the seam after which the work stops, "structure"; None: it goes to the end.
        quantize: notes are written exactly on the grid of their tempo.
        best: how many of the takes are kept, the best by `audiogen.ranking`; None: all, unjudged.
        rank_by: folder or hub id of a CLIP or CLAP that says which are the best; None: the checks.
        contact_sheet: whether several pictures are shown on one sheet; None: where there are several.
        bits, force, skip_existing, mkdir, keep_structure, plot, show_steps, play, dry_run, json: as the
            options of the same name.
    """

    request: Request
    words: str
    output: str | None = None
    number: int | None = None
    seed_drawn: bool = False
    format: str | None = None
    until: str | None = None
    quantize: bool = False
    best: int | None = None
    rank_by: str | None = None
    contact_sheet: bool | None = None
    bits: str = "24"
    force: bool = False
    skip_existing: bool = False
    mkdir: bool = False
    keep_structure: bool = False
    plot: bool = False
    show_steps: bool = False
    play: bool = False
    dry_run: bool = False
    json: bool = False

    @classmethod
    def of(cls, request: Request, words: str, given: dict[str, Any], number: int | None = None) -> Job:
        """From the options of a verb."""
        drawn = "seed" in given and given["seed"] is None
        own = {"request", "words", "number", "seed_drawn", "json"}
        fields = {field.name for field in dataclasses.fields(cls)} - own
        chosen = {name: given[name] for name in fields if name in given}
        return cls(request, words, number=number, seed_drawn=drawn, json=given["json_"], **chosen)

    @property
    def suffix(self) -> str:
        """Of the file that is written, with its dot; "" until `check` has chosen one.

        Raises:
            InvalidRequest: the name says one and --format another.
        """
        return suffix_of(self.output, self.format, needed=self.until is None)

    @property
    def rules(self) -> Rules:
        return Rules(self.force, self.skip_existing, self.mkdir)


@dataclass(frozen=True)
class Ready:
    """A job that has been checked.

    Attributes:
        plan: what was understood.
        places: where each take goes; with `job.best`, where the kept ones go, best first, unless their
            names tell the takes apart.
        sheet: where the contact sheet goes, or None.
        apart: the names tell the takes apart, so that each take has its own place whatever its rank.
    """

    job: Job
    plan: Plan
    places: list[output.Target]
    sheet: Path | None = None
    apart: bool = False

    @property
    def missing(self) -> list[int]:
        """The takes that are to be made, counted from 0."""
        if self.job.best is not None:
            enough = sum(place.exists for place in self.places) >= self.job.best
            return [] if enough else list(range(self.job.request.sampling.n))
        return [k for k, place in enumerate(self.places) if not place.exists]


def suffix_of(named: str | None, format_: str | None, needed: bool = True) -> str:
    """The suffix that -o or --format say, with its dot; "" where neither does.

    Args:
        needed: a name without one is refused here.
    Raises:
        InvalidRequest: they say different ones, or -o has none.
    """
    said = f".{format_}" if format_ else ""
    if named is None or named == output.STDOUT or names.is_folder(named):
        return said
    own = names.suffix_of(named)
    if said and own != said:
        raise InvalidRequest(
            f"-o {named} and --format {format_} say different things; leave one of them out."
        )
    if not own and needed:
        check_format(own)
    return own
