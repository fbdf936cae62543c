"""The mediums since `painting: 6`: light from the upper left falls on a form as on a body.

What was read as another medium by a reader of real works was mended: a watercolour is loose, with fine brown
lines and a wash around it; an oil painting has a toned ground and edges without a pen; graphite is soft, and
its lines are lost where the light is; hatching runs over the body and is denser in its shade; illustrations
have a rim in a darker shade of their own colour.
"""

from __future__ import annotations

import numpy as np

from audiogen.media.colour import lab_to_rgb, rgb_to_lab
from audiogen.media.painting.areas import directions
from audiogen.media.painting.brush import at, bristles, lattice, lit
from audiogen.media.painting.hatching import across, engraved
from audiogen.media.painting.mediums import BLACKEST, FINE, HALO, INK, Laid
from audiogen.media.painting.outlines import line
from audiogen.media.painting.paper import canvas, cold_press, relief, sheet, tooth
from audiogen.media.painting.strokes import Strokes, paint_strokes
from audiogen.media.painting.textures import SIZE, blur, clouds, loosened, step

Lab = tuple[tuple[int, int, int], ...]
SEPIA = np.array([0.42, 0.3, 0.22], np.float32)  # of the pen under a watercolour, sRGB
UNSEEN = 0.3  # L* that nobody sees
ROUNDED = 28.0  # L* between light and shade of an illustration
RIM, RIM_WIDE = 0.88, 3.0  # of an illustration: how light its rim is beside its own colour, and pixels
RIM_TONE = 5.0  # pixels over which its colour is a mean
GROUNDS = (
    (38, 8, 18),
    (44, -6, 8),
    (36, 2, -10),
    (52, 6, 24),
    (40, -10, 2),
    (48, 2, -14),
)  # CIELAB of an oil
NEAREST_GROUND = 24.0  # CIELAB between it and the figure, at least
THICK = 1.7  # how high paint stands beside that of before
WASHES = (  # CIELAB around a watercolour, above and below
    ((88, -9, -8), (90, -4, 12), (87, 2, -9), (90, 4, 14)),
    ((80, -10, 28), (80, 4, 24), (80, -14, 16), (78, 2, 8)),
)
FALLS = (16, 24)  # pixels downwards and to the right: how far a shadow is thrown
LEAST_WASH = 0.3  # how thin pigment is at most
CHROMA = 0.88  # of pigments beside those of a screen


def pen(laid: Laid, wide: float) -> np.ndarray:
    """Its lines; those of a drawing that somebody made are known less exactly, and wider."""
    return line(laid.middles, wide if laid.form is not None else max(wide, 4.5))


def rounded(colours: np.ndarray, light: np.ndarray, by: float) -> np.ndarray:
    """Colours [S, S, 3] under a light, `by` times as many L*."""
    shown = np.abs(by * light) > UNSEEN
    lab = rgb_to_lab(colours[shown])
    lab[..., 0] = np.clip(lab[..., 0] + by * light[shown], 2, 99)
    out = colours.copy()
    out[shown] = lab_to_rgb(lab)
    return out


def cast(laid: Laid) -> np.ndarray:
    """The shadow of a figure on bare paper, to the lower right of it: float32 [SIZE, SIZE] in 0..1."""
    if laid.ground:
        return np.zeros((SIZE, SIZE), np.float32)
    fallen = np.zeros((SIZE, SIZE), np.float32)
    fallen[FALLS[0] :, FALLS[1] :] = laid.figure[: -FALLS[0], : -FALLS[1]]
    return blur(fallen, 7.0) * step(0, -3, laid.distance)


def apart(laid: Laid, colours: Lab, least: float, rng: np.random.Generator) -> np.ndarray:
    """One of some colours in CIELAB, of which least of a figure is nearer than `least`."""
    tints = np.array(colours, np.float32)[rng.permutation(len(colours))]
    own = rgb_to_lab(laid.colours[laid.figure][::97]) if laid.figure.any() else tints[:1] + 50
    near = np.linalg.norm(tints[:, None] - own, axis=-1) < least
    return np.asarray(tints[near.mean(1).argmin()])


def watercolor(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Transparent washes over cold-pressed paper, wet into wet, with a fine pen: float32 [SIZE, SIZE, 3]."""
    surface = cold_press(rng)
    loosely = loosened(rng, 3, 60)
    duller = laid.colours.mean(-1, keepdims=True)
    duller = duller + CHROMA * (laid.colours - duller)
    colours = np.stack([loosely(duller[..., c]) for c in range(3)], -1)
    distance, light = loosely(laid.distance), loosely(laid.body.light)
    lightness = blur(np.asarray(rgb_to_lab(colours)[..., 0]), 1.2)
    steps = np.clip(np.hypot(*np.gradient(lightness)), 0, 6)  # where one wash ends and the next begins
    body = np.clip(distance / 2 + 0.5, 0, 1)
    rim = body * np.exp(-((np.maximum(distance, 0) / 3) ** 2))
    glaze = sum(0.13 * step(low, low + 0.06, clouds(rng, 70, 3)) for low in (0.1, 0.6))  # wet on dry
    wash = 0.72 + 0.22 * clouds(rng, 150, 3) + 0.06 * clouds(rng, 30, 2) + 0.04 * steps - 0.9 * light + glaze
    density = body * (np.maximum(wash, LEAST_WASH) + 0.35 * rim)
    if laid.ground:
        behind = 0.9 * step(-HALO + 2, -HALO, distance) * (0.9 + 0.2 * clouds(rng, 120, 3))
    else:
        upper, lower = (lab_to_rgb(apart(laid, tints, NEAREST_GROUND, rng)) for tints in WASHES)
        y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
        level = step(-0.06, 0.06, y / SIZE - 0.66 + 0.04 * clouds(rng, 240, 2))[..., None]
        ends = 0.98 - 2 * np.hypot(y / SIZE - 0.51, x / SIZE - 0.5) + 0.07 * clouds(rng, 200, 3)
        pool = np.exp(-np.square((ends - 0.03) / 0.015))
        behind = step(0.0, 0.04, ends) * (
            0.65 + 0.25 * clouds(rng, 150, 3) + 0.35 * pool + glaze + 0.5 * cast(laid)
        )
        behind *= step(-1, -HALO, distance)
        colours = np.where(body[..., None] > 0, colours, upper + level * (lower - upper))
    density += (1 - body) * behind
    density *= 1 + 0.16 * np.clip(-surface, -1.5, 1.5)  # pigment settles in the pits
    absorbed = -np.log(np.clip(colours, 0.03, 1)) * np.clip(density, 0, 2.2)[..., None]
    drawn = blur(pen(laid, 2.6), 0.8) * np.clip(
        0.6 + 0.3 * clouds(rng, 60, 2) - 0.8 * laid.body.light, 0.05, 1
    )
    absorbed -= drawn[..., None] * np.log(SEPIA)
    paper = sheet(rng, (0.985, 0.975, float(rng.uniform(0.93, 0.965))))
    return np.clip(paper * np.exp(-absorbed) * relief(surface, 0.016)[..., None], 0, 1)


def oil(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Thick strokes on canvas, from wide to fine, on a toned ground: float32 [SIZE, SIZE, 3]."""
    distance, hair, weave = laid.distance, bristles(rng), canvas(rng)
    target = rounded(laid.colours, np.where(laid.figure, laid.body.light, 0), 62.0)
    bare = target
    if not laid.ground:
        bare = _toned(laid, rng)
        target = bare + np.clip(distance / 2 + 0.5, 0, 1)[..., None] * (target - bare)
    edge = blur(pen(laid, 3.5), 1.0)[..., None]
    target = np.asarray(target * (1 - 0.4 * edge), np.float32)
    soft = np.stack([blur(target[..., c], 5.0) for c in range(3)], -1)
    angle, clear = directions(target, 8.0)
    swirl = rng.uniform(0, np.pi) + 0.5 * clouds(rng, 260, 2)
    turned = np.exp(2j * angle) * clear + np.exp(2j * swirl) * (1 - clear)
    flow = (np.angle(turned) / 2).astype(np.float32)
    picture = np.array(bare if not laid.ground else soft, np.float32)
    height = (0.12 * weave).astype(np.float32)
    lab = rgb_to_lab(target)

    def layer(width: float, share: float, colours: np.ndarray, where: np.ndarray, clip: np.ndarray) -> None:
        strokes = lattice(rng, width, share)
        strokes = Strokes(*(part[where[at(strokes.start)]] for part in strokes))
        strokes.length[:] *= 0.7 if width < 14 else 1.0
        paints = colours[at(strokes.start)]
        paints = paints * (1 + rng.normal(0, 0.07, (len(paints), 1))) + rng.normal(0, 0.022, paints.shape)
        paint_strokes(picture, height, strokes, np.clip(paints, 0, 1), flow, clip, hair)

    everywhere = np.ones((SIZE, SIZE), np.float32)
    inside = np.clip(distance + 1, 0, 1)
    layer(26, 1.5, bare, distance < 12, everywhere)
    layer(22, 1.5, soft, distance > 0, inside)
    layer(12, 2.0, target, distance > 0.5, inside)
    layer(7.5, 1.2, target, distance > 0.5, inside)
    for width, least in ((4.5, 9.0), (3.0, 12.0)):  # CIELAB
        wrong = blur(np.linalg.norm(rgb_to_lab(picture) - lab, axis=-1), 1.0) > least
        layer(width, 1.8, target, wrong & ((distance > -2) | laid.ground), everywhere)
    if laid.form is not None:  # what is finer than the finest brush is set upon it
        fine = blur((laid.form.thin[0] | laid.form.thin[1]).astype(np.float32), 0.8)[..., None]
        picture += FINE * fine * (target - picture)
    return lit(picture, THICK * height, weave, rng)


def _toned(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """What is behind a figure in oil: a colour apart from its own, lighter above, darker beneath it."""
    chosen = apart(laid, GROUNDS, NEAREST_GROUND, rng)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32) / SIZE
    tone = 8 * (0.5 - y) - 14 * np.square(np.hypot(y - 0.45, x - 0.45)) + 3.5 * clouds(rng, 200, 3)
    out = np.broadcast_to(chosen, (SIZE, SIZE, 3)).copy()
    out[..., 0] += tone - 14 * cast(laid)
    out[..., 1:] += 3 * np.stack([clouds(rng, 180, 2), clouds(rng, 180, 2)], -1)
    return np.asarray(lab_to_rgb(out), np.float32)


def pencil(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Graphite on toothed paper: float32 [SIZE, SIZE, 3], the channels equal."""
    light = laid.body.light
    shade = np.clip(0.5 * laid.darkness - 0.6 * light, 0, 1)
    dark = np.where(laid.figure, 0.05 + 0.8 * shade, 0.7 * laid.darkness + 0.32 * cast(laid)).astype(
        np.float32
    )
    dark = blur(dark, 1.0)
    slant = rng.uniform(0.5, 1.1) * rng.choice([-1, 1])
    tone = np.zeros((SIZE, SIZE), np.float32)
    for turned, least, weight in ((0.0, 0.0, 0.75), (0.4, 0.3, 0.6), (-0.5, 0.55, 0.6)):
        plane = across(laid.body.height, slant + turned, 0.14) + 1.6 * clouds(rng, 90, 2)
        wanted = np.clip((dark - least) / (1 - least), 0, 1)
        lines = engraved(rng, wanted, plane, rng.uniform(4.0, 4.8), (1.4, 2.8))
        tone = 1 - (1 - tone) * (1 - weight * lines * (0.3 + 0.7 * wanted))
    edge = np.clip(0.62 + 0.25 * clouds(rng, 60, 2) - 0.4 * light, 0.2, 0.9)
    again = np.roll(laid.middles, rng.integers(-2, 3, 2), (0, 1))
    drawn = np.maximum(pen(laid, 2.8), 0.4 * line(again, 1.8) * (clouds(rng, 90, 2) > 0.2))
    tone = np.maximum(tone, 1.1 * edge * drawn)
    tone = blur(np.maximum(tone, 0.8 * laid.solid(0.6)), 0.7)
    paper = np.clip(tooth(rng), -2, 2)
    caught = tone * (0.88 + 0.34 * paper * (1 - 0.6 * tone)).clip(0, 1.3)
    rubbed = 0.3 * blur(dark, 2.0) + 0.12 * blur(tone, 2.5)
    black = np.clip(caught + rubbed * (1 + 0.08 * paper), 0, 1) * BLACKEST
    ground = rng.uniform(0.86, 0.93) * (1 - 0.011 * paper - 0.02 * np.clip(clouds(rng, 300, 2), -2, 2))
    grey = np.clip(ground * (1 - black), 0, 1).astype(np.float32)
    return np.repeat(grey[..., None], 3, axis=2)


def ink(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Pen lines and cross-hatching over the body on off-white paper: float32 [SIZE, SIZE, 3]."""
    black = np.zeros((SIZE, SIZE), np.float32)
    slant, gap = rng.uniform(0.5, 1.1) * rng.choice([-1, 1]), rng.uniform(5.5, 6.5)
    shade = np.where(
        laid.figure, 0.04 + 0.62 * laid.darkness - 1.3 * laid.body.light, laid.darkness + 0.5 * cast(laid)
    )
    shade = np.clip(blur(shade.astype(np.float32), 1.0), 0, 1)
    for number, least in enumerate((0.14, 0.5, 0.8)):
        plane = across(laid.body.height, slant + 1.1 * number, 0.45) + 0.5 * clouds(rng, 60, 2)
        wanted = np.clip((shade - least) / 0.4, 0, 1)
        black = np.maximum(black, engraved(rng, wanted, plane, gap, (0.7, 1.9)))
    black = np.maximum(black, laid.solid(0.6))
    wide = 3.0 + 0.7 * clouds(rng, 70, 2) - 2.5 * laid.body.light
    black = np.maximum(
        black, pen(laid, 3.0) if laid.form is None else line(laid.middles, np.clip(wide, 1.8, 5))
    )
    black = blur(black, 0.5)
    paper = sheet(rng, (0.975, float(rng.uniform(0.945, 0.965)), float(rng.uniform(0.88, 0.94))), 0.008)
    paper *= 1 - 0.008 * tooth(rng)[..., None]
    return np.clip(paper + black[..., None] * (INK - paper), 0, 1)


def illustration(laid: Laid, rng: np.random.Generator) -> np.ndarray:
    """Rounded areas with a rim of their own colour on white, or before what is behind."""
    edge = np.clip(laid.distance / 1.5 + 0.5, 0, 1)[..., None]
    colours = laid.colours
    if laid.round:
        colours = rounded(colours, np.where(laid.figure, laid.body.light, 0), ROUNDED)
    if not laid.figure.any():
        return colours
    inside = laid.figure.astype(np.float32)
    held = [blur(field, RIM_TONE) for field in (inside, *(inside * colours[..., c] for c in range(3)))]
    dark = RIM * np.stack(held[1:], -1) / np.maximum(held[0], 1e-3)[..., None]
    colours = colours if laid.ground else 1 + edge * (colours - 1)
    drawn = pen(laid, RIM_WIDE)[..., None]
    return np.asarray(np.clip(colours + drawn * (dark - colours), 0, 1), np.float32)


MEDIUMS = {"watercolor": watercolor, "oil": oil, "pencil": pencil, "ink": ink, "": illustration}
