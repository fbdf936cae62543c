"""What is special to pictures: size and style, a contour or none, changing a picture that is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import PICTURES, Conditioning, Contour, Latents, Picture
from audiogen.errors import InvalidRequest
from audiogen.kinds import OWN, Kind, kind_for_suffix
from audiogen.making import marking, painting, retouch
from audiogen.media import drawing, png, squares
from audiogen.prompt import as_usual, parse, style_named, which_digit, which_subject
from audiogen.registry import StageEntry
from audiogen.request import AUTO, SIZES, Plan, Request, Take
from audiogen.stage import Progress, silent

SUFFIXES = (png.SUFFIX, ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")  # of drawings
MOST_STEPS = 10  # that are shown
FREE_SIZES = (16, 2048)  # pixels to a side, of models with sizes of their own
STEP_SIZE = 256  # pixels of a step that is shown
Drawn = Contour | Latents | None


def condition(request: Request, start: Contour | Latents) -> Conditioning:
    """What the words beside a drawing ask for; what they leave open, the drawing says if it knows."""
    asked = start.asked
    own = request.path or (asked.path if asked is not None else str(kind_for_suffix(png.SUFFIX)))
    if not request.prompt.strip():
        base = asked if asked is not None and asked.path == own else Conditioning(path=own)
        return dataclasses.replace(base, unknown=(), remarks=())
    known = parse(request.prompt, request.path, own, drawn=True)
    if asked is None or known.subject is not None or known.path not in PICTURES:
        return known
    return dataclasses.replace(
        known,
        path=asked.path,
        subject=asked.subject,
        style=known.style or (None if known.look else asked.style),
        look=known.look or (None if known.style else asked.look),
        details=known.details or asked.details,
    )


def fitted(
    known: Conditioning, start: Any, request: Request
) -> tuple[Conditioning, Contour | Latents | None]:
    """The words with their final style, and the start.

    Raises:
        InvalidRequest: an unknown style, or a file or an option that does not go with pictures.
    """
    _check_options(request)
    if start is not None and not isinstance(start, Contour | Latents):
        name = request.source.name if isinstance(request.source, Path) else "This"
        raise InvalidRequest(
            f"{name} holds sound, and a picture follows a drawing; give a PNG with light strokes on black "
            'or dark ones on white, or ask for sound ("piano").'
        )
    if request.style is not None and request.model is None:
        named = style_named(request.style)
        known = dataclasses.replace(known, style=named.get("style"), look=named.get("look"))
    return known, start


def completed(request: Request, kind: Kind, known: Conditioning, start: Any, vocabulary: str) -> Conditioning:
    """The words with what they leave open, as our models want it: a usual look, and the size.

    Raises:
        InvalidRequest: a size that is not made.
    """
    size = request.size or known.size
    if vocabulary != OWN or not kind.sizes:
        if size is not None and (size % 8 or not FREE_SIZES[0] <= size <= FREE_SIZES[1]):
            low, high = FREE_SIZES
            raise InvalidRequest(
                f"A pretrained model makes {low} to {high} pixels, a multiple of 8, not {size}."
            )
        return dataclasses.replace(known, size=size)
    size = size or kind.sizes[-1]
    if size not in kind.sizes:
        sizes = " or ".join(f"{each}x{each}" for each in kind.sizes)
        raise InvalidRequest(f"A picture has {sizes} pixels, not {size}; change --size.")
    if kind.subject == "thing" and start is None and request.init is None:
        known = as_usual(known)
    return dataclasses.replace(known, size=size)


def extras(
    request: Request,
    kind: Kind,
    known: Conditioning,
    start: Contour | Latents | None,
    entries: Mapping[str, StageEntry],
    vocabulary: str,
) -> tuple[str, ...]:
    """Remarks.

    Raises:
        InvalidRequest: nothing says what to draw, or an option does not go with the stages.
    """
    writer = entries.get("structure")
    remarks: list[str] = []
    drawn = start is not None or request.init is not None
    if not entries:
        raise InvalidRequest(
            f"Without a decoder nothing paints a {known.path} but a structure stage that draws its contour; "
            "leave out --decoder none."
        )
    if writer is not None and not writer.conditioned:
        if known.subject is not None:
            remarks.append(f"the stage {writer.name} draws any digit; it is not given the {known.subject}")
    elif known.subject is None and kind.subject and not drawn and (vocabulary == OWN or writer is not None):
        raise which_digit() if kind.subject == "digit" else which_subject(known.prompt)
    if "decoder" not in entries:
        remarks += _without_decoder(request, known, writer)
    return tuple(remarks)


def finished(plan: Plan, take: Take, progress: Progress = silent) -> Take:
    """The take with its picture at its size, or made larger, and its steps as pictures."""
    size, picture, mark = plan.conditioning.size, take.picture, None
    figures: tuple[str, ...] = ()
    if plan.request.decoder == "none" and take.contour is not None:
        picture = Picture(np.repeat(drawing.enlarged(take.contour.pixels, size or SIZES[-1])[None], 3, 0))
    elif picture is not None:
        picture, figures = painting.painted(plan, take) if plan.by_rule else (picture, ())
        pixels = picture.pixels if size is None else drawing.resized(picture.pixels, size)
        pixels = squares.of_squares(pixels) if plan.in_squares else pixels
        if plan.upscaler is None:
            pixels, mark = marking.marked_picture(plan, pixels)
            picture = Picture(retouch.kept(plan.retouch, pixels))  # what stays is not marked
        else:
            whole, steps = Picture(retouch.kept(plan.retouch, pixels)), plan.request.settings.upscale_steps
            larger = plan.upscaler(whole, plan.conditioning, take.sampling, progress, steps)
            pixels, mark = marking.marked_picture(plan, larger.pixels)
            picture = Picture(pixels)
    made = take.made if picture is None else picture
    seen = _seen(plan, take)
    return dataclasses.replace(take, picture=picture, made=made, steps=seen, mark=mark, figures=figures)


def _seen(plan: Plan, take: Take) -> tuple[Picture, ...]:
    """Some of the steps as pictures, the first and the last among them."""
    count = len(take.steps)
    shown = sorted({round(k) for k in np.linspace(0, count - 1, min(count, MOST_STEPS))}) if count else []
    found = []
    for k in shown:
        step = take.steps[k]
        if isinstance(step, Contour):
            found.append(Picture(np.repeat(drawing.enlarged(step.pixels, STEP_SIZE)[None], 3, 0)))
        elif isinstance(step, Picture):
            found.append(Picture(drawing.resized(step.pixels, STEP_SIZE)))
        elif isinstance(step, Latents) and "renderer" in plan.stages:
            picture = plan.parts[-1](step, plan.conditioning, take.sampling, silent)
            found.append(Picture(drawing.resized(picture.pixels, STEP_SIZE)))
    return tuple(found)


def _check_options(request: Request) -> None:
    """Raise InvalidRequest where something is given that only sound has."""
    given = {
        "--seconds": request.seconds is not None,
        "--loop": request.sampling.loop,
        "--loudness": request.loudness != AUTO,
        "--rate": request.rate != Request.rate,
    }
    for name, is_given in given.items():
        if is_given:
            raise InvalidRequest(
                f'{name} is for sound, and this is a picture; leave it out, or ask for sound ("calm piano").'
            )


def _without_decoder(request: Request, known: Conditioning, writer: StageEntry | None) -> list[str]:
    """Remarks about what nothing paints.

    Raises:
        InvalidRequest: something is asked for that only a decoder does.
    """
    given = {"--init": request.init is not None, "--variation": request.sampling.variation > 0}
    given["--show-steps"] = request.show_steps and writer is None
    for name, is_given in given.items():
        if is_given:
            raise InvalidRequest(f"{name} is for a decoder, and here is none; leave out one of them.")
    if writer is not None and (known.style or known.look):
        return [f"{known.style or known.look}: left out; without a decoder it is the bare contour"]
    return []
