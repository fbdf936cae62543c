"""What is special to pictures: size and style, a contour or none, changing a picture that is there."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import numpy as np

from audiogen.artifacts import PICTURES, Conditioning, Contour, Latents, Picture
from audiogen.errors import InvalidRequest
from audiogen.making import retouch
from audiogen.media import drawing, png
from audiogen.prompt import as_usual, parse, style_named, which_digit, which_subject
from audiogen.registry import STAGES
from audiogen.request import AUTO, SIZES, Plan, Request, Take
from audiogen.stage import Edit, Progress, Sampling, silent

SUFFIXES = (png.SUFFIX, ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")  # of drawings
MOST_STEPS = 10  # that are shown
STEP_SIZE = 256  # pixels of a step that is shown


def condition(request: Request, start: Contour | Latents) -> Conditioning:
    """What the words beside a drawing ask for; what they leave open, the drawing says if it knows."""
    asked = start.asked
    own = request.path or (asked.path if asked is not None else "picture")
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
    """The words with their final size and style, and the start.

    Raises:
        InvalidRequest: an unknown size or style, or a file or an option that does not go with pictures.
    """
    _check_options(request)
    if start is not None and not isinstance(start, Contour | Latents):
        name = request.source.name if request.source is not None else "This"
        raise InvalidRequest(
            f"{name} holds sound, and a picture follows a drawing; give a PNG with light strokes on black "
            'or dark ones on white, or ask for sound ("piano").'
        )
    size = request.size or known.size or SIZES[-1]
    if size not in SIZES:
        sizes = " or ".join(f"{each}x{each}" for each in SIZES)
        raise InvalidRequest(f"A picture has {sizes} pixels, not {size}; change --size.")
    if request.style is not None:
        named = style_named(request.style)
        known = dataclasses.replace(known, style=named.get("style"), look=named.get("look"))
    if known.path == "picture" and start is None and request.init is None:
        known = as_usual(known)
    return dataclasses.replace(known, size=size), start


def extras(
    request: Request, known: Conditioning, start: Contour | Latents | None, stages: dict[str, str]
) -> tuple[str, ...]:
    """Remarks, and the picture that is changed, if there is one.

    Raises:
        InvalidRequest: nothing says what to draw, or a file is not as it must be.
    """
    writer = stages.get("structure")
    remarks: list[str] = []
    drawn = start is not None or request.init is not None
    if not stages:
        raise InvalidRequest(
            f"Without a decoder nothing paints a {known.path} but a structure stage that draws its contour; "
            "leave out --decoder none."
        )
    if writer is not None and not STAGES[writer].hears:
        if known.subject is not None:
            remarks.append(f"the stage {writer} draws any digit; the {known.subject} is not heard by it")
    elif known.subject is None and known.path == "digit" and not drawn:
        raise which_digit()
    elif known.subject is None and not drawn:
        raise which_subject(known.prompt)
    if "decoder" not in stages:
        remarks += _without_decoder(request, known, writer)
    return tuple(remarks)


def watchable(stage: Any) -> bool:
    """Whether a stage shows what it has after each of its steps."""
    return "observer" in inspect.signature(stage.__call__).parameters


def decoded(
    stage: Any, plan: Plan, x: Contour, sampling: Sampling, progress: Progress, *observer: Any
) -> Latents:
    """What the decoder makes of a contour; beginning with a picture that is changed, or varied."""
    known, touch = plan.conditioning, plan.retouch
    edit = None
    if touch is not None:
        begin: Latents = _painter(plan).encode(touch.picture)
        edit = Edit(begin, touch.strength, retouch.coarse(touch.mask, begin.values.shape[1:]))
    made = _decode(stage, x, known, sampling, progress, observer, edit)
    if not sampling.variation:
        return made
    other = dataclasses.replace(sampling, decoder_seed=sampling.seed_for("variation"))
    varied = Edit(made, sampling.variation, None if edit is None else edit.mask)
    return _decode(stage, x, known, other, progress, observer, varied)


def finished(plan: Plan, take: Take, progress: Progress) -> Take:
    """The take with its picture at its size, and its steps as pictures."""
    known = plan.conditioning
    size = known.size or SIZES[-1]
    steps = _seen(plan, take)
    picture = take.picture
    if plan.request.decoder == "none" and take.contour is not None:
        picture = Picture(np.repeat(drawing.enlarged(take.contour.pixels, size)[None], 3, 0))
    elif picture is not None:
        picture = Picture(retouch.kept(plan.retouch, drawing.resized(picture.pixels, size)))
    return dataclasses.replace(take, picture=picture, steps=steps)


def _decode(
    stage: Any,
    x: Contour,
    known: Conditioning,
    sampling: Sampling,
    progress: Progress,
    observer: tuple[Any, ...],
    edit: Edit | None,
) -> Latents:
    if edit is None:
        made: Latents = stage(x, known, sampling, progress, *observer)
        return made
    made = stage(x, known, sampling, progress, *(observer or (None,)), edit)
    return made


def _painter(plan: Plan) -> Any:
    return next(stage for stage in plan.pipeline.stages if stage.seam == "renderer")


def _seen(plan: Plan, take: Take) -> tuple[Picture, ...]:
    """Some of the steps as pictures, the first and the last among them."""
    count = len(take.steps)
    shown = sorted({round(k) for k in np.linspace(0, count - 1, min(count, MOST_STEPS))}) if count else []
    found = []
    for k in shown:
        step = take.steps[k]
        if isinstance(step, Contour):
            found.append(Picture(np.repeat(drawing.enlarged(step.pixels, STEP_SIZE)[None], 3, 0)))
        elif isinstance(step, Latents) and "renderer" in plan.stages:
            picture = _painter(plan)(step, plan.conditioning, take.sampling, silent)
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


def _without_decoder(request: Request, known: Conditioning, writer: str | None) -> list[str]:
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
