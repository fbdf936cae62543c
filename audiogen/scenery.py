"""Scenery laid in as flat colours: sky, ground, water, hills, weather, [3, S, S] in 0..1.

It is what a painter lays in before painting: of a frame of a story, or behind the subject of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from audiogen.media.colour import COLOURS, lab_to_rgb
from audiogen.prompt import Scene

SIDE = 512  # pixels
COLOURFUL = "colorful"  # a background of many colours
HORIZON = 0.52  # of the height, from above
Colour = tuple[float, float, float]
_SKY: tuple[Colour, Colour] = ((0.55, 0.76, 0.93), (0.87, 0.94, 0.97))
_NIGHT: tuple[Colour, Colour] = ((0.07, 0.09, 0.25), (0.22, 0.25, 0.48))
_WATER: Colour = (0.33, 0.62, 0.83)


@dataclass(frozen=True)
class Place:
    """A place as it is laid in.

    Attributes:
        ground: far and near colour; None: there is none (the air).
        sky: above and at the horizon.
        features: what is laid in, see `_FEATURES`.
        things: (subject, colour) that stand there, as the decoder hears them; count: how many.
        horizon: of the height, from above.
    """

    ground: tuple[Colour, Colour] | None
    sky: tuple[Colour, Colour] = _SKY
    features: tuple[str, ...] = ()
    things: tuple[tuple[str, str], ...] = ()
    count: int = 0
    horizon: float = HORIZON


_GREEN: tuple[Colour, Colour] = ((0.66, 0.82, 0.42), (0.38, 0.65, 0.25))
PLACES: dict[str, Place] = {
    "meadow": Place(_GREEN, features=("hills",), things=(("tulip", "red"), ("flower", "yellow")), count=5),
    "snow": Place(
        ((0.93, 0.95, 0.99), (0.98, 0.99, 1.0)),
        ((0.52, 0.65, 0.83), (0.72, 0.8, 0.91)),
        ("hills", "flakes"),
        (("tree", ""),),
        2,
    ),
    "forest": Place(
        ((0.42, 0.58, 0.28), (0.27, 0.44, 0.18)),
        ((0.62, 0.78, 0.62), (0.83, 0.91, 0.75)),
        ("thicket",),
        (("tree", "green"), ("tree", "green"), ("mushroom", "red")),
        5,
    ),
    "village": Place(_GREEN, features=("hills",), things=(("house", "red"), ("house", "")), count=3),
    "town": Place(
        ((0.72, 0.71, 0.72), (0.55, 0.55, 0.58)),
        features=("towers",),
        things=(("house", "red"), ("tree", "green")),
        count=3,
    ),
    "river": Place(_GREEN, features=("hills", "stream"), things=(("tree", "green"),), count=1),
    "beach": Place(((0.93, 0.83, 0.58), (0.98, 0.9, 0.68)), features=("sea",), horizon=0.42),
    "sea": Place(((0.25, 0.52, 0.78), (0.12, 0.36, 0.62)), features=("waves",), horizon=0.46),
    "mountains": Place(_GREEN, features=("peaks", "hills"), things=(("tree", "green"),), count=2),
    "desert": Place(
        ((0.95, 0.82, 0.53), (0.88, 0.68, 0.36)),
        ((0.55, 0.77, 0.93), (0.99, 0.9, 0.72)),
        ("hills", "sun"),
        (("cactus", "green"),),
        2,
    ),
    "garden": Place(_GREEN, things=(("tulip", "red"), ("sunflower", "yellow"), ("tulip", "pink")), count=7),
    "room": Place(
        ((0.72, 0.5, 0.31), (0.6, 0.39, 0.23)),
        ((0.96, 0.88, 0.7), (0.97, 0.91, 0.77)),
        ("window", "rug"),
        horizon=0.62,
    ),
    "sky": Place(None, ((0.42, 0.68, 0.93), (0.8, 0.91, 0.98)), ("clouds",)),
    "stars": Place(None, _NIGHT, ("stars", "moon")),
    "space": Place(None, ((0.05, 0.04, 0.16), (0.16, 0.1, 0.34)), ("stars", "planet")),
}
NOWHERE = Place(((0.93, 0.87, 0.73), (0.87, 0.77, 0.59)), ((0.97, 0.93, 0.84), (0.99, 0.97, 0.91)))
LIGHTS: dict[str, tuple[Colour, float]] = {  # (colour of the light, share of it)
    "night": ((0.25, 0.3, 0.55), 0.42),
    "sunset": ((1.0, 0.55, 0.3), 0.3),
    "morning": ((1.0, 0.83, 0.66), 0.22),
    "rain": ((0.5, 0.56, 0.66), 0.45),
    "snowfall": ((0.85, 0.89, 0.95), 0.25),
}


def place_of(scene: Scene) -> Place:
    """The first place that is named, with what the others add."""
    named = [PLACES[name] for name in scene.places]
    if not named:
        return PLACES["snow"] if "snowfall" in scene.hours else PLACES["meadow"] if scene.hours else NOWHERE
    first = next((each for each in named if each.ground is not None), named[0])
    features = tuple(dict.fromkeys(name for each in (first, *named) for name in each.features))
    things = tuple(dict.fromkeys(thing for each in (first, *named) for thing in each.things))
    return Place(first.ground, first.sky, features, things, max(each.count for each in named), first.horizon)


def laid_in(scene: Scene, draw: np.random.Generator) -> np.ndarray:
    """Sky, ground and all that the place has, without things and weather, float32 [3, SIDE, SIDE]."""
    place = place_of(scene)
    inside = "room" in scene.places
    sky = _NIGHT if "night" in scene.hours and not inside else place.sky
    edge = round(place.horizon * SIDE) if place.ground is not None else SIDE
    pixels = np.concatenate(
        [_fade(*sky, edge), _fade(*(place.ground or sky), SIDE - edge)]
        if edge < SIDE
        else [_fade(*sky, SIDE)]
    )
    image = Image.fromarray(np.round(255 * pixels).astype(np.uint8))
    features = list(place.features)
    if "night" in scene.hours and not inside:
        features = ["stars", "moon", *(name for name in features if name not in ("sun", "clouds"))]
    elif {"sunset", "morning"} & set(scene.hours) and not inside:
        features = ["low sun", *features]
    elif not inside and place.ground is not None and "rain" not in scene.hours and "sun" not in features:
        features = ["clouds", *features] if place is not NOWHERE else features
    for name in (name for name in _FEATURES if name in features):
        _FEATURES[name](image, edge, place, draw)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 255


def backdrop(names: Sequence[str], draw: np.random.Generator) -> np.ndarray:
    """What is behind the subject of a picture, float32 [3, SIDE, SIDE].

    Args:
        names: of `PLACES` and `LIGHTS`, or of colours and COLOURFUL.
    """
    places = tuple(name for name in names if name in PLACES)
    hours = tuple(name for name in names if name in LIGHTS)
    if not places and not hours:
        return _coloured(names, draw)
    scene = Scene(places, hours)
    place, pixels = place_of(scene), laid_in(scene, draw)
    if place.things:
        image = Image.fromarray(np.round(255 * pixels.transpose(1, 2, 0)).astype(np.uint8))
        _grown(image, place, draw)
        pixels = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
    return weather(pixels, scene, draw)


def _coloured(names: Sequence[str], draw: np.random.Generator) -> np.ndarray:
    """One colour that grows lighter upwards, several from above to below, or all in soft clouds."""
    if COLOURFUL in names:
        hue = 2 * np.pi * _grown_up(draw.uniform(0, 1.6, (5, 5)))
        return lab_to_rgb(np.stack([80 + 0 * hue, 42 * np.cos(hue), 42 * np.sin(hue)], -1)).transpose(2, 0, 1)
    lab = np.array([COLOURS[name] for name in names])
    if len(lab) == 1:
        lab = np.concatenate([lab + (0.45 * (100 - lab[:, :1])) * (1, 0, 0), lab])
    return lab_to_rgb(np.stack([_grown_up(column[:, None]) for column in lab.T], -1)).transpose(2, 0, 1)


def _grown_up(grid: np.ndarray) -> np.ndarray:
    """A few numbers [h, w] drawn up smoothly to [SIDE, SIDE]."""
    image = Image.fromarray(grid.astype(np.float32))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _grown(image: Image.Image, place: Place, draw: np.random.Generator) -> None:
    """The things of a place as few shapes, from far to near."""
    pen = ImageDraw.Draw(image)
    low, high = (place.horizon + 0.03) * SIDE, 0.97 * SIDE
    for number, y in enumerate(np.sort(draw.uniform(low, high, 4 * place.count))):
        name, colour = place.things[number % len(place.things)]
        x, size = draw.uniform(0, SIDE), 0.35 + (y - low) / (high - low)
        rgb = _rgb(lab_to_rgb(np.array(COLOURS[colour or "green"])).tolist())
        if name in ("house", "tree", "cactus") and number >= place.count:
            continue
        if name == "house":
            w, h = 70 * size, 60 * size
            pen.rectangle((x - w / 2, y - h, x + w / 2, y), (240, 226, 200))
            pen.polygon([(x - 0.65 * w, y - h), (x, y - 1.7 * h), (x + 0.65 * w, y - h)], (186, 84, 62))
        elif name == "tree":
            pen.rectangle((x - 6 * size, y - 60 * size, x + 6 * size, y), (112, 80, 52))
            pen.ellipse(
                (x - 42 * size, y - 150 * size, x + 42 * size, y - 40 * size), _rgb((0.3, 0.52, 0.26))
            )
        elif name == "cactus":
            pen.rounded_rectangle(
                (x - 9 * size, y - 90 * size, x + 9 * size, y), 9 * size, _rgb((0.3, 0.55, 0.3))
            )
        else:
            pen.line((x, y, x, y - 22 * size), _rgb((0.25, 0.5, 0.2)), max(1, round(3 * size)))
            _disc(image, x, y - 24 * size, 9 * size, rgb)


def weather(
    pixels: np.ndarray, scene: Scene, draw: np.random.Generator, hero: np.ndarray | None = None
) -> np.ndarray:
    """The light of the hour over a whole frame, and what falls from the sky behind the hero.

    Args:
        hero: where the hero is seen, [SIDE, SIDE]: a flake on a face is taken for a spot; None: nowhere.
    """
    indoors = "room" in scene.places
    for hour in () if indoors else scene.hours:
        colour, share = LIGHTS[hour]
        tint = pixels * np.array(colour, np.float32)[:, None, None]
        pixels = (1 - share) * pixels + share * tint
    image = Image.fromarray(np.round(255 * pixels.transpose(1, 2, 0)).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    if "rain" in scene.hours and not indoors:
        for x, y in draw.uniform(0, SIDE, (90, 2)):
            pen.line((x, y, x - 7, y + 26), (205, 220, 240), 4)
    if ("snowfall" in scene.hours or "flakes" in place_of(scene).features) and not indoors:
        for x, y, r in np.concatenate([draw.uniform(0, SIDE, (60, 2)), draw.uniform(3, 7, (60, 1))], 1):
            pen.ellipse((x - r, y - r, x + r, y + r), "white")
    fallen = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
    return fallen if hero is None else fallen + hero * (pixels - fallen)


def _fade(above: Colour, below: Colour, rows: int) -> np.ndarray:
    """[rows, SIDE, 3] from one colour to another."""
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    column = (1 - share) * np.array(above, np.float32) + share * np.array(below, np.float32)
    return np.repeat(column[:, None], SIDE, 1)


def _rgb(colour: Colour, light: float = 1.0) -> tuple[int, ...]:
    return tuple(round(255 * min(1.0, value * light)) for value in colour)


def _ridge(
    image: Image.Image, base: float, height: float, colour: tuple[int, ...], phases: np.ndarray
) -> None:
    """A soft line of hills, filled down to `base`."""
    x = np.linspace(0, 1, 65)
    line = sum(np.sin(2 * np.pi * (k + 1) * x * 0.8 + phase) / (k + 1) for k, phase in enumerate(phases))
    y = base - height * (0.5 + 0.33 * line)
    points = [*zip((x * SIDE).tolist(), y.tolist(), strict=True), (SIDE, base), (0, base)]
    ImageDraw.Draw(image).polygon(points, colour)


def _hills(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    far = (place.ground or _GREEN)[0]
    _ridge(image, edge + 1, 90, _rgb(far, 0.86), draw.uniform(0, 6.3, 3))
    _ridge(image, edge + 1, 45, _rgb(far, 0.95), draw.uniform(0, 6.3, 3))


def _peaks(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    for centre in np.linspace(0.1, 0.9, 4) + draw.uniform(-0.07, 0.07, 4):
        x, high, wide = centre * SIDE, draw.uniform(130, 200), draw.uniform(90, 140)
        grey = draw.uniform(0.85, 1.1)
        pen.polygon(
            [(x - wide, edge + 2), (x, edge - high), (x + wide, edge + 2)], _rgb((0.5, 0.55, 0.66), grey)
        )
        cap = 0.3
        pen.polygon(
            [
                (x - cap * wide, edge - (1 - cap) * high),
                (x, edge - high),
                (x + cap * wide, edge - (1 - cap) * high),
            ],
            (246, 249, 253),
        )


def _thicket(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    _ridge(image, edge + 1, 210, _rgb((0.3, 0.5, 0.3)), draw.uniform(0, 6.3, 3))
    _ridge(image, edge + 1, 120, _rgb((0.24, 0.42, 0.24)), draw.uniform(0, 6.3, 3))


def _towers(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    pen, x = ImageDraw.Draw(image), 0.0
    while x < SIDE:
        wide, high, light = draw.uniform(45, 80), draw.uniform(70, 190), draw.uniform(0.8, 1.2)
        pen.rectangle((x, edge - high, x + wide - 4, edge), _rgb((0.62, 0.66, 0.76), light))
        for row in range(int(high // 30)):
            for column in range(int(wide // 22)):
                left, top = x + 8 + 22 * column, edge - high + 10 + 30 * row
                pen.rectangle((left, top, left + 9, top + 13), (250, 232, 160))
        x += wide


def _stream(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    y = np.linspace(edge, SIDE, 40)
    share = (y - edge) / (SIDE - edge)
    side = 1.0 if draw.random() < 0.5 else -1.0
    middle = SIDE * (0.5 + side * (0.05 + 0.36 * share)) + 22 * np.sin(5 * share + draw.uniform(0, 3))
    half = 6 + 62 * share
    points = [*zip(middle - half, y, strict=True), *reversed(list(zip(middle + half, y, strict=True)))]
    pen = ImageDraw.Draw(image)
    pen.polygon([(float(px), float(py)) for px, py in points], _rgb(_WATER))
    for k in range(8, 40, 6):
        pen.line((middle[k] - half[k] / 2, y[k], middle[k] + half[k] / 3, y[k]), _rgb(_WATER, 1.25), 3)


def _sea(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    low = edge + round(0.16 * SIDE)
    pen.rectangle((0, edge, SIDE, low), _rgb(_WATER, 0.92))
    _ridge(image, low + 14, 16, _rgb(_WATER, 0.92), draw.uniform(0, 6.3, 3))
    for y in range(edge + 14, low, 22):
        x = draw.uniform(0, SIDE)
        pen.line((x, y, x + 90, y), (235, 245, 250), 4)


def _waves(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    for y in range(edge + 24, SIDE, 46):
        for x in np.arange(draw.uniform(-80, 0), SIDE, 96):
            pen.arc((x, y - 18, x + 80, y + 18), 200, 340, (200, 228, 245), 6)


def _clouds(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    low = 0.42 * edge if place.ground is not None else 0.85 * SIDE
    for _ in range(2 if place.ground is not None else 6):
        x, y = draw.uniform(30, SIDE - 110), draw.uniform(28, low)
        for dx, dy, r in ((0, 0, 24), (30, -12, 30), (62, 0, 24)):
            pen.ellipse((x + dx - r, y + dy - r, x + dx + r, y + dy + r), (250, 252, 254))


def _disc(image: Image.Image, x: float, y: float, r: float, colour: tuple[int, ...]) -> None:
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), colour)


def _sun(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    _disc(image, draw.uniform(0.15, 0.85) * SIDE, 0.16 * SIDE, 40, (255, 214, 90))


def _low_sun(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    x = draw.uniform(0.2, 0.8) * SIDE
    _disc(image, x, edge - 66, 66, (255, 205, 120))
    _disc(image, x, edge - 66, 48, (255, 168, 70))


def _moon(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    x = draw.uniform(0.15, 0.85) * SIDE
    _disc(image, x, 84, 38, (253, 246, 205))


def _stars(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    for x, y, r in zip(
        draw.uniform(0, SIDE, 40), draw.uniform(0, edge, 40), draw.uniform(1.5, 4, 40), strict=True
    ):
        _disc(image, x, y, r, (252, 246, 214))


def _planet(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    x, y = draw.uniform(0.2, 0.8) * SIDE, 0.2 * SIDE
    ImageDraw.Draw(image).ellipse((x - 105, y - 16, x + 105, y + 26), outline=(228, 190, 130), width=9)
    _disc(image, x, y, 56, (226, 140, 92))


def _window(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    pen, x = ImageDraw.Draw(image), float(draw.choice((60, 300)))
    pen.rectangle((x, 70, x + 150, 220), (170, 214, 240), (122, 78, 44), 10)
    pen.line((x + 75, 70, x + 75, 220), (122, 78, 44), 8)
    pen.line((x, 145, x + 150, 145), (122, 78, 44), 8)


def _rug(image: Image.Image, edge: int, place: Place, draw: np.random.Generator) -> None:
    ImageDraw.Draw(image).ellipse((40, edge + 44, SIDE - 40, SIDE - 12), (178, 70, 64), (232, 200, 140), 10)


_FEATURES = {  # in the order in which they are laid in
    "stars": _stars,
    "planet": _planet,
    "moon": _moon,
    "sun": _sun,
    "low sun": _low_sun,
    "clouds": _clouds,
    "peaks": _peaks,
    "thicket": _thicket,
    "towers": _towers,
    "hills": _hills,
    "sea": _sea,
    "waves": _waves,
    "stream": _stream,
    "window": _window,
    "rug": _rug,
}
