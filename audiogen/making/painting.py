"""The last hand at a picture of a thing: what the stages laid in is painted by rule, before its background.

What is painted is a form: a figure of the subject that was bent to the sketch (`figures`), with its regions,
lines and eyes; the decoder gives light and shade within the regions. Without one the decoder gives the areas
as well. A closed contour gives the lines; where it is open (the colours were then laid in with an outline of
their own) the seams between the areas do. Paper, pigment, brush and pen are those of `media.painting`, so
that they are sharp at any contour and cost no network. A background lies under the figure before it is
painted, and takes on the medium with it.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from audiogen import scenery
from audiogen.artifacts import Conditioning, Contour, Latents, Picture
from audiogen.making.layouts import is_closed
from audiogen.media import drawing
from audiogen.request import Plan, Take
from audiogen.stage import Sampling

if TYPE_CHECKING:
    from audiogen.media.painting.forms import Form
    from audiogen.media.painting.mediums import Laid

UNLINED = ("outline", "solid", "pixel")  # looks that are lines or areas alone
LEVEL = ("flat", *UNLINED)  # looks without light and shade
FOLLOWED = 0.5  # least structure strength at which the contour's lines are the picture's
SHADED = 0.05  # by how much the decoder makes a region lighter or darker, at most
EVEN, EVENER = 14.0, 40.0  # pixels over which it does, and where light falls on a body
DRAWN = ("pencil", "ink")  # in lines: around fur too
FUR = 0.13  # how much lighter or darker hairs are


def form_of(plan: Plan, contour: Contour, sampling: Sampling, led: int = 0) -> Form | None:
    """What is painted in the place of a sketch, for a plan that is led; None: nothing is remembered.

    Args:
        led: the way in which it was (`Latents.led`), where it is painted already.
    """
    ink = contour.pixels if sampling.structure_strength >= FOLLOWED else np.zeros((64, 64), np.float32)
    varied = (sampling.variation, sampling.seed_for("variation")) if sampling.variation else (0.0, 0)
    known = dataclasses.replace(plan.conditioning, prompt="", unknown=(), remarks=(), sources={})
    way = led or plan.request.painting
    return _form(ink.tobytes(), len(ink), _Asked(known), sampling.seed_for("figure"), varied, way)


class _Asked:
    """A Conditioning as a key."""

    def __init__(self, known: Conditioning) -> None:
        self.known, self.key = known, repr(known)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.key == other.key


@lru_cache(maxsize=2)  # for the sketch, which the last hand asks for again, and for its own lines
def _form(
    ink: bytes, side: int, asked: _Asked, seed: int, varied: tuple[float, int], way: int
) -> Form | None:
    from audiogen.making.figures import Figures

    contour = Contour(np.frombuffer(ink, np.float32).reshape(side, side))
    return Figures.load().form(contour, asked.known, seed, *varied, way)


def painted(plan: Plan, take: Take) -> tuple[Picture, tuple[str, ...]]:
    """The picture of a take, in the medium that is asked for, and the illustrations that it is after.

    Args:
        plan: one that `Plan.by_rule` is true of. take: with its picture; its contour, where it has one.
    """
    from audiogen.media.painting import mediums

    assert take.picture is not None
    known, sampling = plan.conditioning, take.sampling
    latents = plan.start if isinstance(plan.start, Latents) else take.latents
    if isinstance(plan.start, Latents):
        drawn = plan.start.ink
    else:
        drawn = None if take.contour is None else take.contour.pixels
    form, way = None, plan.request.painting
    if latents is not None and latents.led:
        way = latents.led
        form = form_of(plan, Contour.empty() if drawn is None else Contour(drawn), sampling, latents.led)
    rng = np.random.default_rng(sampling.seed_for("medium"))
    laid = _areas(plan, take, drawn) if form is None else _regions(plan, take, form, rng)
    if known.background:
        draw = np.random.default_rng(sampling.seed_for("background"))
        laid = laid.before(scenery.backdrop(known.background, draw).transpose(1, 2, 0))
    laid = dataclasses.replace(laid, way=way, round=known.look not in LEVEL)
    made = mediums.painted(laid, known.style, rng)
    picture = Picture(np.ascontiguousarray(made.transpose(2, 0, 1), np.float32))
    return picture, () if form is None else form.after


def _regions(plan: Plan, take: Take, form: Form, rng: np.random.Generator) -> Laid:
    """A form, shaded as the decoder painted it."""
    from audiogen.media.painting import BODIED
    from audiogen.media.painting.body import rooted
    from audiogen.media.painting.forms import fluffy
    from audiogen.media.painting.mediums import Laid
    from audiogen.media.painting.textures import SIZE

    assert take.picture is not None
    pixels = drawing.resized(take.picture.pixels, SIZE).transpose(1, 2, 0)
    far = EVEN if form.way < BODIED else EVENER
    shade = form.within((pixels - form.colours).mean(-1, keepdims=True).astype(np.float32), far)
    colours = form.colours + np.clip(shade, -SHADED, SHADED) * form.broad[..., None]
    bald = None
    if "fluffy" in plan.conditioning.details:
        bald, (form, hair) = form, fluffy(form, rng)
        form = dataclasses.replace(form, rimmed=form.way < BODIED or plan.conditioning.style in DRAWN)
        beyond = form.figure & ~bald.figure
        outside = form.colours if form.way < BODIED else colours[rooted(bald.figure)]
        colours = np.where(beyond[..., None], outside, colours) + FUR * hair[..., None]
    lined = plan.conditioning.look not in UNLINED
    lines = form.middles if lined else np.zeros((SIZE, SIZE), np.float32)
    return Laid(np.clip(colours, 0, 1).astype(np.float32), form.figure, lines, form=form, bald=bald)


def _areas(plan: Plan, take: Take, drawn: np.ndarray | None) -> Laid:
    """The areas that the decoder painted, with the lines of the contour or the seams between them."""
    from audiogen.media.painting.areas import figure, smoothed
    from audiogen.media.painting.mediums import Laid
    from audiogen.media.painting.outlines import middles, seams
    from audiogen.media.painting.textures import SIZE

    assert take.picture is not None
    pixels = drawing.resized(take.picture.pixels, SIZE).transpose(1, 2, 0)
    colours = smoothed(np.ascontiguousarray(pixels, np.float32))
    followed = drawn is not None and take.sampling.structure_strength >= FOLLOWED
    if drawn is not None and followed and is_closed(Contour(drawn)):
        ink, inside = drawn, figure(colours, drawn)
    else:
        inside = figure(colours, np.zeros((64, 64), np.float32))
        ink = seams(colours, inside)
    lined = plan.conditioning.look not in UNLINED and followed
    lines = middles(ink, inside) if lined else np.zeros((SIZE, SIZE), np.float32)
    return Laid(colours, inside, lines)
