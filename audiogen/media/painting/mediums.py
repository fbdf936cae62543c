"""A picture in a medium: what was laid in as plain areas of colour becomes paper and pigment, thick strokes,
graphite, ink, or an illustration with firm outlines.

Watercolour: pigment absorbs light, so that layers multiply; it is darkest at its rim and in the pits of the
paper (Curtis et al. 1997). Oil: strokes from wide to fine, the finer ones where the wider ones are wrong
(Hertzmann 1998), along the edges of the picture, their paint lit from the side. Pencil and ink: lines as
dense as the picture is dark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from audiogen.media.colour import rgb_to_lab
from audiogen.media.painting import BODIED, CRISP, OWN
from audiogen.media.painting.areas import directions
from audiogen.media.painting.body import Body
from audiogen.media.painting.brush import at, bristles, lattice, lit
from audiogen.media.painting.forms import Form
from audiogen.media.painting.hatching import hatch
from audiogen.media.painting.outlines import line
from audiogen.media.painting.paper import canvas, cold_press, relief, sheet, tooth
from audiogen.media.painting.strokes import Strokes, draw_lines, paint_strokes
from audiogen.media.painting.textures import SIZE, blur, clouds, loosened, step

SEPIA = (0.35, 0.28, 0.25)  # of the pen under a watercolour, sRGB
INK = np.array([0.07, 0.065, 0.08], np.float32)
PRIMER = np.array([0.93, 0.9, 0.84], np.float32)  # of a canvas
CALM = 0.2  # of the unevenness and the thickness of paint are on a primed canvas
BLACKEST = 0.88  # graphite never gets blacker
LEAST_SPREAD = 0.15  # of darkness; a figure with less is drawn as if it had that
OUTLINE = 0.35  # of an illustration: how light its lines are beside the colours that they part
PEN, TONE = 5.0, 5.0  # pixels: its width, and over which its colour is a mean
GROUND = 0.55  # how dark what is behind the figure is drawn, in pencil and ink
PALE = 3.0  # pixels of a figure's rim that are partly paper
FINE = 0.8  # of what is finer than the finest brush is its own colour
BRIGHT, GLEAMING = 0.8, 0.04  # an eye of which that share is so bright has a gleam already
LIGHT_EYE = 0.4  # mean of an eye's channels from which it has a pupil
HUED_EYE = 0.2  # and span of its channels
LEAST_GLEAM = 1.6  # pixels, half across
PAPER = 0.97  # how light a gleam is
HALO = 5.0  # pixels around the figure that stay bare


@dataclass(frozen=True)
class Hand:
    """How firmly a medium is drawn: by default as before `painting: 5`.

    Attributes:
        pen: width of the lines of watercolour and pencil, nib: of those of ink, pixels.
        soft: blur of lines, but for those of ink, pixels.
        pressed: how dark a pencil is; rubbed: blur of its strokes, pixels.
        apart: between the lines of a hatching in ink, a factor.
    """

    pen: float = 4.8
    nib: float = 6.5
    soft: float = 0.0
    pressed: float = 1.0
    rubbed: float = 0.0
    apart: float = 1.0

    def line(self, middles: np.ndarray, width: float) -> np.ndarray:
        """As `outlines.line`, as soft as the hand is."""
        drawn = line(middles, width)
        return blur(drawn, self.soft) if self.soft else drawn


LIGHT = Hand(pen=4.5, nib=5.0, soft=0.6, pressed=0.68, rubbed=0.6, apart=1.5)


def _away(figure: np.ndarray) -> np.ndarray:
    """Pixels to its outline, positive inside."""
    from scipy.ndimage import distance_transform_edt

    return blur(np.asarray(distance_transform_edt(figure) - distance_transform_edt(~figure), np.float32), 1.0)


@dataclass(frozen=True, eq=False)
class Laid:
    """What is painted.

    Attributes:
        colours: float32 [SIZE, SIZE, 3] in 0..1, in plain areas.
        figure: bool [SIZE, SIZE].
        middles: of the lines, see `outlines.middles`.
        ground: whether what is around the figure is painted as well; else it is bare paper.
        form: what is painted, where its regions and eyes are known.
        bald: the form without its fur, where it has any.
        way: `Request.painting`. round: whether an illustration is shaded as a body; else it is flat.
    """

    colours: np.ndarray
    figure: np.ndarray
    middles: np.ndarray
    ground: bool = False
    form: Form | None = None
    bald: Form | None = None
    way: int = BODIED
    round: bool = True

    @cached_property
    def body(self) -> Body:
        """What light falls on."""
        if self.bald is not None:
            return replace(Body.of(_away(self.bald.figure), self.bald.depth), hairy=True)
        return Body.of(self.distance, None if self.form is None else self.form.depth)

    @property
    def hand(self) -> Hand:
        """How firmly it is drawn."""
        return Hand() if self.way < CRISP else LIGHT

    @cached_property
    def distance(self) -> np.ndarray:
        """Pixels to the outline of the figure, positive inside, float32 [SIZE, SIZE]."""
        return _away(self.figure)

    @property
    def inside(self) -> np.ndarray:
        """1 on the figure, 0 outside, with an edge of a pixel."""
        return np.clip(self.distance + 0.5, 0, 1)

    def before(self, ground: np.ndarray) -> Laid:
        """The figure before a ground, float32 [SIZE, SIZE, 3]."""
        rim = PALE if self.form is None else 0.0
        inside = np.clip((self.distance - rim) / 1.5 + 0.5, 0, 1)[..., None]
        colours = ground + inside * (self.colours - ground)
        return replace(self, colours=np.asarray(colours, np.float32), ground=True)

    def solid(self, least: float) -> np.ndarray:
        """1 where parts too thin for lines, or eyes, are dark: float32 [SIZE, SIZE]."""
        if self.form is None:
            return np.zeros((SIZE, SIZE), np.float32)
        return blur(
            ((self.form.thin[0] | self.form.seeing) & (self.darkness > least)).astype(np.float32), 0.8
        )

    @cached_property
    def darkness(self) -> np.ndarray:
        """0 (light) to 1 over the figure, what is behind it less; 0 on bare paper."""
        dark = 1 - rgb_to_lab(self.colours)[..., 0] / 100
        low, high = np.percentile(dark[self.figure], (4, 97))
        spread = np.clip((dark - low) / max(high - low, LEAST_SPREAD), 0, 1)
        behind = GROUND * dark * step(-HALO, -HALO - 3, self.distance) if self.ground else 0.0
        return np.asarray(np.where(self.figure, spread, behind), np.float32)


def watercolor(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Transparent washes over cold-pressed paper, and a pen: float32 [SIZE, SIZE, 3]."""
    surface = cold_press(rng)
    loosely = loosened(rng, 2, 40)
    colours = np.stack([loosely(laid.colours[..., c]) for c in range(3)], -1)
    distance = loosely(laid.distance)
    light = blur(np.asarray(rgb_to_lab(colours)[..., 0]), 1.2)
    steps = np.clip(np.hypot(*np.gradient(light)), 0, 6)  # where one wash ends and the next begins
    body = np.clip(distance / 1.5 + 0.5, 0, 1)
    rim = body * np.exp(-((np.maximum(distance, 0) / 3) ** 2))
    wash = 0.88 + 0.16 * clouds(rng, 120, 3) + 0.06 * clouds(rng, 28, 2) + 0.05 * steps
    behind = 0.9 * step(-HALO + 2, -HALO, distance) if laid.ground else 0.0
    density = body * (wash + 0.5 * rim) + (1 - body) * behind * wash
    density *= 1 + 0.13 * np.clip(-surface, -1.5, 1.5)  # pigment settles in the pits
    absorbed = -np.log(np.clip(colours, 0.03, 1)) * np.clip(density, 0, 2.2)[..., None]
    pen = laid.hand.line(laid.middles, laid.hand.pen) * np.clip(0.75 + 0.2 * clouds(rng, 50, 2), 0.1, 1)
    absorbed -= pen[..., None] * np.log(np.array(SEPIA, np.float32))
    paper = sheet(rng, (0.985, 0.975, float(rng.uniform(0.93, 0.965))))
    return np.clip(paper * np.exp(-absorbed) * relief(surface, 0.016)[..., None], 0, 1)


def oil(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Thick strokes on canvas, from wide to fine: float32 [SIZE, SIZE, 3]."""
    distance, hair, weave = laid.distance, bristles(rng), canvas(rng)
    calm = laid.way >= OWN
    target, bare = laid.colours, laid.colours
    if not laid.ground:
        bare = PRIMER * (1 + 0.03 * clouds(rng, 200, 2)[..., None])
        target = bare + np.clip(distance / 2 + 0.5, 0, 1)[..., None] * (target - bare)
    pen = laid.hand.line(laid.middles, 5.5)[..., None]
    target = np.asarray(target * (1 - (1 - OUTLINE) * pen), np.float32)
    soft = np.stack([blur(target[..., c], 5.0) for c in range(3)], -1)
    angle, clear = directions(target, 8.0)
    swirl = rng.uniform(0, np.pi) + (0.2 if calm else 0.6) * clouds(rng, 300, 2)
    turned = np.exp(2j * angle) * clear + np.exp(2j * swirl) * (1 - clear)
    flow = (np.angle(turned) / 2).astype(np.float32)
    picture = np.ones((SIZE, SIZE, 3), np.float32) * target.mean((0, 1))
    height = (0.12 * weave).astype(np.float32)
    lab = rgb_to_lab(target)

    def layer(
        width: float,
        share: float,
        colours: np.ndarray,
        where: np.ndarray,
        clip: np.ndarray,
        uneven: float = 1.0,
    ) -> None:
        strokes = lattice(rng, width, share)
        strokes = Strokes(*(part[where[at(strokes.start)]] for part in strokes))
        strokes.length[:] *= 0.7 if width < 14 else 1.0
        paints = colours[at(strokes.start)]
        tone, hue = rng.normal(0, 0.045, (len(paints), 1)), rng.normal(0, 0.015, paints.shape)
        paints = paints * (1 + uneven * tone) + uneven * hue
        paint_strokes(picture, height, strokes, np.clip(paints, 0, 1), flow, clip, hair)

    everywhere = np.ones((SIZE, SIZE), np.float32)
    outside, inside = np.clip(0.5 - distance, 0, 1), np.clip(distance + 1, 0, 1)
    if calm and not laid.ground:
        picture[:] = bare
        layer(24, 1.3, bare, distance < 12, everywhere, CALM)
        height *= 1 - (1 - CALM) * outside
        layer(22, 1.5, soft, distance > 0, inside)
    else:
        layer(22, 1.5, soft, distance < np.inf, everywhere)
        layer(15, 1.0, soft, distance < 0, outside)
    layer(11, 2.0, target, distance > 0.5, inside)
    layer(7, 1.6, target, distance > 0.5, inside)
    for width, least in ((4.5, 9.0), (3.0, 12.0)):  # CIELAB
        wrong = blur(np.linalg.norm(rgb_to_lab(picture) - lab, axis=-1), 1.0) > least
        layer(width, 2.2, target, wrong & ((distance > 0) | laid.ground), everywhere)
    if laid.form is not None:  # what is finer than the finest brush is set upon it
        fine = blur((laid.form.thin[0] | laid.form.thin[1]).astype(np.float32), 0.8)[..., None]
        picture += FINE * fine * (target - picture)
    return lit(picture, height, weave, rng)


def pencil(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Graphite on toothed paper: float32 [SIZE, SIZE, 3], the channels equal."""
    hand = laid.hand
    dark = hand.pressed * np.where(laid.figure, 0.06 + 0.8 * laid.darkness, 0.8 * laid.darkness)
    covered = np.clip(laid.inside + (laid.darkness > 0), 0, 1).astype(np.float32)
    tone = np.zeros((SIZE, SIZE), np.float32)
    straight = (rng.uniform(0.5, 1.1) * rng.choice([-1, 1]) + 0.06 * clouds(rng, 240, 2)).astype(np.float32)
    form, _ = directions(laid.colours, 8.0)
    for angle, least, weight in ((straight, 0.0, 0.5), (straight + 0.5, 0.3, 0.5), (form, 0.55, 0.55)):
        wanted = 1.1 * np.clip((dark - least) / (1 - least), 0, 1)
        lines = hatch(rng, wanted, rng.uniform(3.6, 4.6), (22, 60), angle, even=True)
        lines = lines._replace(width=rng.uniform(1.3, 2.6, len(lines.start)))
        lines.strength[:] *= weight
        draw_lines(tone, lines, angle, covered, taper=0.4)
    again, along = _drawn_again(laid.middles, rng)
    again.strength[:] *= hand.pressed
    draw_lines(tone, again, along, np.ones_like(tone), taper=0.7)
    tone += (1 - tone) * 0.55 * hand.pressed * hand.line(laid.middles, hand.pen)
    tone = np.maximum(tone, 0.85 * hand.pressed * laid.solid(0.6))
    tone = blur(tone, hand.rubbed) if hand.rubbed else tone
    paper = np.clip(tooth(rng), -2, 2)
    caught = tone * (0.88 + 0.34 * paper * (1 - 0.6 * tone)).clip(0, 1.3)
    rubbed = 0.3 * blur(dark * covered, 1.5) + 0.2 * blur(tone, 2.5)
    black = np.clip(caught + rubbed * (1 + 0.08 * paper), 0, 1) * BLACKEST
    ground = rng.uniform(0.9, 0.96) * (1 - 0.011 * paper - 0.012 * np.clip(clouds(rng, 300, 2), -2, 2))
    grey = np.clip(ground * (1 - black), 0, 1).astype(np.float32)
    return np.repeat(grey[..., None], 3, axis=2)


def ink(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Pen lines and cross-hatching on off-white paper, nothing grey: float32 [SIZE, SIZE, 3]."""
    black = np.zeros((SIZE, SIZE), np.float32)
    hand, slant = laid.hand, rng.uniform(0.5, 1.1) * rng.choice([-1, 1])
    gap = rng.uniform(5.5, 6.5) * hand.apart
    for number, least in enumerate((0.22, 0.48, 0.72)):
        angle = (slant + 1.1 * number + 0.04 * clouds(rng, 120, 2)).astype(np.float32)
        wanted = blur(np.where(laid.darkness > least, 1.1, 0).astype(np.float32), 2.0)
        lines = hatch(rng, wanted, gap, (26, 60), angle, even=True)
        lines = lines._replace(width=rng.uniform(1.3, 2.1, len(lines.start)))
        lines.strength[:] = 1.0
        draw_lines(black, lines, angle, np.clip(1.5 * wanted, 0, 1), 0.45, False)
    black = np.maximum(black, laid.solid(0.6))
    black = np.maximum(black, line(laid.middles, hand.nib + 0.9 * clouds(rng, 70, 2)))
    paper = sheet(rng, (0.975, float(rng.uniform(0.945, 0.965)), float(rng.uniform(0.88, 0.94))), 0.008)
    paper *= 1 - 0.008 * tooth(rng)[..., None]
    return np.clip(paper + black[..., None] * (INK - paper), 0, 1)


def illustration(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Plain areas and firm outlines on white, or before what is behind: float32 [SIZE, SIZE, 3]."""
    edge = np.clip(laid.distance / 1.5 + 0.5, 0, 1)[..., None]
    colours = laid.colours if laid.ground else 1 + edge * (laid.colours - 1)
    if laid.way < CRISP or not laid.figure.any():
        dark = np.stack([blur(colours[..., c], 3.0) for c in range(3)], -1) * OUTLINE
        pen = 0.85 * line(laid.middles, 5.5 + 0.4 * clouds(rng, 70, 2))[..., None]
    else:  # of the figure's own colours, beyond its rim as well
        inside = laid.figure.astype(np.float32)
        held = [blur(field, TONE) for field in (inside, *(inside * laid.colours[..., c] for c in range(3)))]
        dark = OUTLINE * np.stack(held[1:], -1) / np.maximum(held[0], 1e-3)[..., None]
        pen = line(laid.middles, PEN)[..., None]
    return np.asarray(np.clip(colours + pen * (dark - colours), 0, 1), np.float32)


def painted(laid: Laid, style: str | None, rng: np.random.Generator) -> np.ndarray:
    """What is laid in, in a medium or (None) as an illustration, and the gleam in its eyes: float32
    [SIZE, SIZE, 3]."""
    from audiogen.media.painting import bodied

    known = bodied.MEDIUMS if laid.way >= BODIED else MEDIUMS
    made = known[style or ""](laid, rng)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    for top, left, radius in () if laid.form is None else laid.form.eyes:
        eye = np.hypot(y - top, x - left) < 0.9 * radius
        if not eye.any() or (laid.colours[eye].min(-1) > BRIGHT).mean() > GLEAMING:
            continue
        hued = laid.way >= CRISP and np.ptp(laid.colours[eye].mean(0)) > HUED_EYE
        if hued or laid.colours[eye].mean() > LIGHT_EYE:
            pupil = np.clip(0.55 * radius - np.hypot(y - top, x - left) + 0.5, 0, 1)[..., None]
            made = made + pupil * (INK - made)
        spot = np.hypot(y - top + 0.3 * radius, x - left + 0.3 * radius)
        gleam = np.clip(max(0.3 * radius, LEAST_GLEAM) - spot + 0.5, 0, 1)[..., None]
        made = made + gleam * (PAPER - made)
    return np.asarray(made, np.float32)


MEDIUMS = {"watercolor": watercolor, "oil": oil, "pencil": pencil, "ink": ink, "": illustration}


def _drawn_again(middles: np.ndarray, rng: np.random.Generator) -> tuple[Strokes, np.ndarray]:
    """Lines drawn over several times, piece by piece, and the field along which they run."""
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(middles, 1.5)
    gy, gx = np.gradient(soft)
    along, across = gaussian_filter(gx * gx - gy * gy, 4), gaussian_filter(2 * gx * gy, 4)
    angle = (0.5 * np.arctan2(across, along) + np.pi / 2).astype(np.float32)
    ridge = np.argwhere(line(middles, 4.5) > 0.5)
    count = len(ridge) // 15
    start = ridge[rng.choice(len(ridge), count, replace=False)] if count else np.zeros((0, 2))
    start = start + rng.normal(0, 0.7, start.shape)
    pieces = rng.uniform(30, 90, count), rng.uniform(1.4, 2.8, count), rng.uniform(0.55, 0.95, count)
    return Strokes(start, *pieces), angle
