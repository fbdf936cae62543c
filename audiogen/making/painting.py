"""The last hand at a picture of a thing: what the stages laid in is painted by rule, before its background.

The decoder gives plain areas of colour. A closed contour gives the lines; where it is open (the colours were
then laid in with an outline of their own) the seams between the areas do. Paper, pigment, brush and pen are
those of `media.painting`, so that they are sharp at any contour and cost no network. A background lies under
the figure before it is painted, and takes on the medium with it.
"""

from __future__ import annotations

import numpy as np

from audiogen import scenery
from audiogen.artifacts import Contour, Latents, Picture
from audiogen.making.layouts import is_closed
from audiogen.media import drawing
from audiogen.request import Plan, Take

UNLINED = ("outline", "solid", "pixel")  # looks that are lines or areas alone
FOLLOWED = 0.5  # least structure strength at which the contour's lines are the picture's


def painted(plan: Plan, take: Take) -> Picture:
    """The picture of a take, in the medium that is asked for.

    Args:
        plan: one that `Plan.by_rule` is true of. take: with its picture; its contour, where it has one.
    """
    from audiogen.media.painting.areas import figure, smoothed
    from audiogen.media.painting.mediums import MEDIUMS, Laid, illustration
    from audiogen.media.painting.outlines import middles, seams
    from audiogen.media.painting.textures import SIZE

    assert take.picture is not None
    known, sampling = plan.conditioning, take.sampling
    pixels = drawing.resized(take.picture.pixels, SIZE).transpose(1, 2, 0)
    colours = smoothed(np.ascontiguousarray(pixels, np.float32))
    if isinstance(plan.start, Latents):
        drawn = plan.start.ink
    else:
        drawn = None if take.contour is None else take.contour.pixels
    followed = drawn is not None and sampling.structure_strength >= FOLLOWED
    if drawn is not None and followed and is_closed(Contour(drawn)):
        ink, inside = drawn, figure(colours, drawn)
    else:
        inside = figure(colours, np.zeros((64, 64), np.float32))
        ink = seams(colours, inside)
    lined = known.look not in UNLINED and followed
    lines = middles(ink, inside) if lined else np.zeros((SIZE, SIZE), np.float32)
    laid = Laid(colours, inside, lines)
    if known.background:
        draw = np.random.default_rng(sampling.seed_for("background"))
        laid = laid.before(scenery.backdrop(known.background, draw).transpose(1, 2, 0))
    rng = np.random.default_rng(sampling.seed_for("medium"))
    made = MEDIUMS.get(known.style or "", illustration)(laid, rng)
    return Picture(np.ascontiguousarray(made.transpose(2, 0, 1), np.float32))
