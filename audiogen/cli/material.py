"""What differs between a sound and a picture when a take becomes a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen.errors import InvalidRequest
from audiogen.media import audio, png

if TYPE_CHECKING:
    from audiogen.artifacts import Conditioning
    from audiogen.cli.job import Job
    from audiogen.request import Take

_OTHER_PICTURES = (".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg")


def check_suffix(job: Job) -> None:
    """Raise InvalidRequest unless something can be written under this suffix, or there is none yet."""
    if job.suffix in _OTHER_PICTURES:
        raise InvalidRequest(f"Cannot write a picture as {job.suffix!r}; use {png.SUFFIX}.")
    if job.suffix not in ("", png.SUFFIX):
        audio.check_format(job.suffix, job.bits)


def checked(job: Job, known: Conditioning) -> Job:
    """The job with its suffix.

    Raises:
        InvalidRequest: a suffix or an option that this path does not know.
    """
    drawn = known.is_picture
    suffix = job.suffix or (png.SUFFIX if drawn else ".wav")
    if drawn and suffix != png.SUFFIX:
        raise InvalidRequest(f"Cannot write a picture as {suffix!r}; use {png.SUFFIX}.")
    if drawn:
        given = {"--plot": job.plot, "--play": job.play, "--best": job.best is not None}
        given["--bits"] = job.bits != "24"
        for name in (name for name, is_given in given.items() if is_given):
            raise InvalidRequest(f"{name} is for sound, and this is a picture; leave it out.")
    else:
        audio.check_format(suffix, job.bits)
        if job.contact_sheet is not None:
            raise InvalidRequest("A contact sheet shows pictures, and this is sound; leave it out.")
    return dataclasses.replace(job, format=suffix[1:])


def data(take: Take, suffix: str, bits: str) -> bytes:
    """The file of a take, with its recipe inside."""
    if take.picture is not None:
        return take.picture.png_bytes(take.recipe)
    if take.contour is not None:
        return take.contour.png_bytes(take.recipe)
    assert take.waveform is not None
    wave = take.waveform
    return audio.audio_bytes(wave.samples, wave.sample_rate, suffix, take.recipe, bits, wave.facts)


def measures(take: Take) -> dict[str, Any]:
    """How long, or how large."""
    if take.picture is not None:
        return {"pixels": list(take.picture.size)}
    if take.contour is not None:
        return {"pixels": [take.contour.size, take.contour.size]}
    assert take.waveform is not None
    return {"seconds": take.waveform.seconds}


def read_recipe(file: Path) -> dict[str, Any] | None:
    """The recipe in a sound or a picture, or None where it has none.

    Raises:
        InvalidRequest: missing or unreadable.
    """
    is_png = file.suffix.lower() == png.SUFFIX
    return png.read_recipe(file) if is_png else audio.read_recipe(file)
