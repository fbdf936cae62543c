"""What differs between a sound, a picture and their structures when a take becomes a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.cli import names, output
from audiogen.errors import InvalidRequest
from audiogen.media import audio, png

if TYPE_CHECKING:
    from audiogen.cli.job import Job
    from audiogen.media.files import Data
    from audiogen.request import Plan, Take

_OTHER_PICTURES = (".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg")


def check_suffix(job: Job) -> None:
    """Raise InvalidRequest unless something can be written under this suffix, or there is none yet."""
    if job.until is not None:
        return
    if job.suffix in _OTHER_PICTURES:
        raise InvalidRequest(f"Cannot write a picture as {job.suffix!r}; use {png.SUFFIX}.")
    if job.suffix not in ("", png.SUFFIX):
        audio.check_format(job.suffix, job.bits)


def check_stop(job: Job, plan: Plan) -> None:
    """Raise InvalidRequest where nothing draws the contour that is to be written."""
    if plan.kind.is_picture and job.until not in plan.entries:
        raise InvalidRequest(
            "Without a structure stage there is no contour to write; leave out --structure none."
        )


def checked(job: Job, plan: Plan) -> Job:
    """The job with its suffix.

    Raises:
        InvalidRequest: a suffix or an option that this kind of work does not know.
    """
    drawn = plan.kind.is_picture
    if job.until is not None:
        suffix = _of_drawing(job) if drawn else _of_structure(job, plan)
        return dataclasses.replace(job, format=suffix[1:])
    suffix = job.suffix or (png.SUFFIX if drawn else ".wav")
    if drawn and suffix != png.SUFFIX:
        raise InvalidRequest(f"Cannot write a picture as {suffix!r}; use {png.SUFFIX}.")
    if drawn:
        given = {"--plot": job.plot, "--play": job.play, "--bits": job.bits != "24"}
        for name in (name for name, is_given in given.items() if is_given):
            raise InvalidRequest(f"{name} is for sound, and this is a picture; leave it out.")
        if job.best is not None and job.rank_by is None:
            raise InvalidRequest(
                "--best knows checks of sound alone; to choose among pictures, give --rank-by with a CLIP."
            )
    else:
        audio.check_format(suffix, job.bits)
        if job.contact_sheet is not None:
            raise InvalidRequest("A contact sheet shows pictures, and this is sound; leave it out.")
    return dataclasses.replace(job, format=suffix[1:])


def _of_structure(job: Job, plan: Plan) -> str:
    """The suffix of a structure of sound.

    Raises:
        InvalidRequest: the stage does not write such a file, or nothing gives a grid.
    """
    from audiogen.artifacts import Structure
    from audiogen.making import SOUND_SUFFIXES

    writer = plan.entries["structure"]
    if not issubclass(writer.gives, Structure):
        raise InvalidRequest(
            f"The stage {writer.name} gives a {writer.gives.__name__} and writes no structure; choose "
            "another with --structure."
        )
    suffix = job.suffix
    if not suffix and (job.output is None or job.output == output.STDOUT or names.is_folder(job.output)):
        suffix = plan.kind.structure_suffix if writer.notes else ".npz"
    if suffix not in SOUND_SUFFIXES:
        wrong = suffix or job.output
        raise InvalidRequest(f"Cannot write a structure as {wrong!r}; use {', '.join(SOUND_SUFFIXES)}.")
    if suffix != ".npz" and not writer.notes:
        raise InvalidRequest(
            f"The stage {writer.name} writes no notes; use .npz, or --structure score for MIDI."
        )
    if job.show_steps or job.contact_sheet is not None:
        raise InvalidRequest(
            "--show-steps and --contact-sheet show contours, and this is sound; leave them out."
        )
    asked = plan.conditioning
    if job.quantize and writer.notes and plan.start is None and not (asked.tempo or asked.metre):
        raise InvalidRequest("--quantize needs a grid: ask for a tempo or a metre, for example 90 bpm.")
    return suffix


def _of_drawing(job: Job) -> str:
    """The suffix of a contour.

    Raises:
        InvalidRequest: another one, or something is given that a contour does not have.
    """
    suffix = job.suffix or png.SUFFIX
    if suffix != png.SUFFIX:
        raise InvalidRequest(f"Cannot write a contour as {suffix!r}; use {png.SUFFIX}.")
    given = {"quantize": job.quantize, "variation": bool(job.request.sampling.variation)}
    for name in (name for name, is_given in given.items() if is_given):
        raise InvalidRequest(f"--{name} changes notes, and a contour has none; leave it out.")
    return suffix


def data(take: Take, job: Job) -> Data:
    """The file of a take, with its recipe inside where it can hold one."""
    if job.until is not None and take.structure is not None:
        made = take.structure.quantized() if job.quantize else take.structure
        return made.npz_bytes() if job.suffix == ".npz" else made.midi_bytes()
    if take.picture is not None and job.until is None:
        return take.picture.png_bytes(take.recipe)
    if take.contour is not None:
        return take.contour.png_bytes(take.recipe)
    assert take.waveform is not None
    wave = take.waveform
    return audio.audio_parts(wave.samples, wave.sample_rate, job.suffix, take.recipe, job.bits, wave.facts)


def measures(take: Take, job: Job) -> dict[str, Any]:
    """How long, or how large."""
    if take.picture is not None and job.until is None:
        return {"pixels": list(take.picture.size)}
    if take.contour is not None:
        return {"pixels": [take.contour.size, take.contour.size]}
    made = take.waveform or take.structure
    assert made is not None
    return {"seconds": made.seconds}


def read_recipe(file: Path) -> dict[str, Any] | None:
    """The recipe in a sound or a picture, or None where it has none.

    Raises:
        InvalidRequest: missing or unreadable.
    """
    is_png = file.suffix.lower() == png.SUFFIX
    return png.read_recipe(file) if is_png else audio.read_recipe(file)
