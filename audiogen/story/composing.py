"""A frame composed: the hero and the things of a scene stand in its scenery. Pixels in, pixels out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audiogen import scenery
from audiogen.prompt import Scene, Thing
from audiogen.story.figures import Figure, laid_on, seen

Draws = Callable[[Thing], Figure]
HERO = 0.5  # height of the hero, share of the frame
WORN = {  # thing -> (height over that of the hero, its lower edge over the hero's height, from above)
    "scarf": (0.62, 1.3),
    "necktie": (0.45, 1.32),
    "top hat": (0.5, 0.1),
    "crown": (0.45, 0.08),
    "billed cap": (0.5, 0.12),
    "woman's hat": (0.55, 0.12),
    "ribbon": (0.35, 0.08),
    "sunglasses": (0.62, 0.56),
    "glasses": (0.62, 0.56),
}
ON_HEAD = {"top hat", "crown", "billed cap", "woman's hat", "ribbon"}  # counted from where the head begins
CHIN = 0.18
UNDER_CHIN = {"scarf", "necktie"}  # behind the head
IN_THE_AIR = {"balloon", "kite", "butterfly", "bird", "bee", "airplane", "crescent moon", "sun", "star"}
IN_THE_AIR |= {"cloud", "rainbow", "rocket", "helicopter", "dove", "cloud with rain", "flying saucer"}
LARGE = {"house", "tree", "evergreen tree", "castle", "tent", "house with garden", "houses", "church", "hut"}
OVER_HEAD = {"umbrella"}
SHADOW = 0.3  # how much darker the ground is under what stands on it

At = tuple[float, float, float]  # x and y of the middle of a lower edge, height; shares of the frame


@dataclass(frozen=True, eq=False)
class Composed:
    """A frame before it is painted over.

    Attributes:
        pixels: float32 [3, SIDE, SIDE].
        hero: how much of each pixel is the hero, with what it wears, float32 [SIDE, SIDE].
        figures: how much of it is the hero or a thing.
    """

    pixels: np.ndarray
    hero: np.ndarray
    figures: np.ndarray


def composed(scene: Scene, hero: Figure, draw_thing: Draws, seed: int) -> Composed:
    """A frame before it is painted over.

    Args:
        draw_thing: the figure of a thing; the same thing looks the same in all frames of a story.
        seed: of where things stand.
    """
    draw = np.random.default_rng(seed)
    place = scenery.place_of(scene)
    pixels = np.pad(scenery.laid_in(scene, draw), ((0, 1), (0, 0), (0, 0)))  # the last: figures
    inside = place.ground is None
    for name, *at in _standing(place, draw):
        pixels = _stood(pixels, draw_thing(Thing(*name)), (at[0], at[1], at[2]), place.ground is not None)
    worn = [thing for thing in scene.things if thing.name in WORN]
    beside = [thing for thing in scene.things if thing.name not in WORN]
    x, y, height, tilt = _stance(scene, bool(beside), inside, draw)
    under = [thing for thing in worn if thing.name in UNDER_CHIN]
    if under:
        y -= CHIN * height  # so that what hangs from the chin is seen
    side = 1.0 if x < 0.5 else -1.0
    behind = "hide" in scene.acts
    if behind and not beside:
        beside = [Thing("tree", ("green",))]

    if not inside and "fly" not in scene.acts:
        low = 0.9 if "jump" in scene.acts else y + CHIN * height if under else y
        pixels = _shaded(pixels, x, low, _width(hero, height))
    for thing in under:
        pixels = _put_on(pixels, draw_thing(thing), hero, (x, y, height), thing.name, tilt)
    for thing in (each for each in beside if each.name in OVER_HEAD):  # its handle behind the head
        pixels = laid_on(pixels, draw_thing(thing), *_spot(thing.name, 0, (x, y, height), side))
    pixels = laid_on(pixels, hero, x, y, height, tilt)
    mask = seen(hero, scenery.SIDE, x, y, height, tilt)
    for thing in (each for each in worn if each not in under):
        pixels = _put_on(pixels, draw_thing(thing), hero, (x, y, height), thing.name, tilt)
    for number, thing in enumerate(each for each in beside if each.name not in OVER_HEAD):
        figure = draw_thing(thing)
        spot = _spot(thing.name, number, (x, y, height), side)
        if behind and number == 0:  # the hero looks out from behind it
            spot = x + 0.32 * side * height, y + 0.06, 1.2 * height
        stands = thing.name not in IN_THE_AIR and not inside
        pixels = _stood(pixels, figure, spot, stands)
        mask = mask * (1 - seen(figure, scenery.SIDE, *spot))
    fallen = scenery.weather(pixels[:3], scene, draw, mask)
    return Composed(fallen, mask.astype(np.float32), pixels[3])


def _stood(pixels: np.ndarray, figure: Figure, at: At, stands: bool) -> np.ndarray:
    """A thing, with its shadow where it stands on the ground."""
    if stands:
        pixels = _shaded(pixels, at[0], at[1], _width(figure, at[2]))
    return laid_on(pixels, figure, *at)


def _width(figure: Figure, height: float) -> float:
    return height * min(1.0, figure.wide)


def _shaded(pixels: np.ndarray, x: float, y: float, width: float) -> np.ndarray:
    """The ground with a soft shadow under what stands there, of that width."""
    side = pixels.shape[-1]
    rows, columns = (np.arange(side) + 0.5) / side, (np.arange(side) + 0.5) / side
    away = ((columns[None] - x) / (0.5 * width)) ** 2 + ((rows[:, None] - y + 0.01) / (0.11 * width)) ** 2
    dark = SHADOW * np.clip(1.6 - away, 0, 1)
    return np.concatenate([pixels[:3] * (1 - dark), pixels[3:]]).astype(np.float32)


def _put_on(pixels: np.ndarray, figure: Figure, hero: Figure, at: At, name: str, tilt: float) -> np.ndarray:
    """What the hero wears, at its place on the hero."""
    x, y, height = at
    size, low = WORN[name]
    tall = height / max(1.0, hero.wide)
    low += hero.crown if name in ON_HEAD else 0.0
    return laid_on(pixels, figure, x, y - tall + low * tall, size * height, tilt)


def _stance(
    scene: Scene, company: bool, inside: bool, draw: np.random.Generator
) -> tuple[float, float, float, float]:
    """Where the hero stands: x, y of its lower edge, height, tilt."""
    height, y, tilt = HERO, 0.9, 0.0
    acts = set(scene.acts)
    if "near" in acts:
        height, y = 0.78, 0.97
    if "far" in acts:
        height, y = 0.22, 0.66
    side = float(draw.choice((-1.0, 1.0)))
    x = 0.5 + side * (draw.uniform(0.12, 0.2) if company or acts else draw.uniform(0.0, 0.14))
    if inside or "fly" in acts:
        y = 0.68
    if "jump" in acts:
        y, tilt = 0.72, 10.0 * side
    if "play" in acts:
        tilt = draw.uniform(10, 18) * side
    if "run" in acts:
        tilt = -9.0 * side
    if "sleep" in acts:
        tilt, y = 28.0 * side, 0.95
    if "near" in acts:
        x = 0.5
    return x, y, height, tilt


def _spot(name: str, number: int, at: At, side: float) -> At:
    """Where a thing stands beside the hero: x, y of its lower edge, height."""
    x, y, height = at
    away = 0.5 + side * (0.24 + 0.1 * (number % 2)) * (1 if number < 2 else -1)
    if name in OVER_HEAD:
        return x + 0.16 * side * height, y - 0.62 * height, 0.95 * height
    if name in IN_THE_AIR:
        return away, 0.36 + 0.05 * number, 0.27
    if name in LARGE:
        return away, 0.8, 0.52
    return away, min(0.96, y + 0.03), 0.3


def _standing(
    place: scenery.Place, draw: np.random.Generator
) -> list[tuple[tuple[str, tuple[str, ...]], float, float, float]]:
    """The things of a place, from far to near: ((name, details), x, y, height)."""
    found = []
    for number in range(place.count if place.things else 0):
        name, colour = place.things[number % len(place.things)]
        large = name in LARGE
        x = (number + draw.uniform(0.15, 0.85)) / place.count
        y = place.horizon + (draw.uniform(0.05, 0.12) if large else draw.uniform(0.14, 0.44))
        height = draw.uniform(0.24, 0.34) if large else 0.1 + 0.22 * (y - place.horizon)
        found.append(((name, (colour,) if colour else ()), x, y, height))
    return sorted(found, key=lambda each: each[2])
