"""A frame composed: the hero and the things of a scene stand in its scenery. Pixels in, pixels out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audiogen.prompt import Scene, Thing
from audiogen.story import scenery
from audiogen.story.figures import Figure, laid_on

Draws = Callable[[Thing], Figure]
HERO = 0.5  # height of the hero, share of the frame
WORN = {  # thing -> (height over that of the hero, its lower edge over the hero's height, from above)
    "scarf": (0.62, 1.3),
    "necktie": (0.45, 1.32),
    "top hat": (0.5, 0.16),
    "crown": (0.45, 0.14),
    "billed cap": (0.5, 0.18),
    "woman's hat": (0.55, 0.18),
    "ribbon": (0.35, 0.12),
    "sunglasses": (0.62, 0.56),
    "glasses": (0.62, 0.56),
}
CHIN = 0.18
UNDER_CHIN = {"scarf", "necktie"}  # behind the head
IN_THE_AIR = {"balloon", "kite", "butterfly", "bird", "bee", "airplane", "crescent moon", "sun", "star"}
IN_THE_AIR |= {"cloud", "rainbow", "rocket", "helicopter", "dove", "cloud with rain", "flying saucer"}
LARGE = {"house", "tree", "evergreen tree", "castle", "tent", "house with garden", "houses", "church", "hut"}
OVER_HEAD = {"umbrella"}


def composed(scene: Scene, hero: Figure, draw_thing: Draws, seed: int) -> np.ndarray:
    """A frame before it is painted over, float32 [3, SIDE, SIDE].

    Args:
        draw_thing: the figure of a thing; the same thing looks the same in all frames of a story.
        seed: of where things stand.
    """
    draw = np.random.default_rng(seed)
    place = scenery.place_of(scene)
    pixels = scenery.laid_in(scene, draw)
    inside = place.ground is None
    for name, x, y, height in _standing(place, draw):
        pixels = laid_on(pixels, draw_thing(Thing(*name)), x, y, height)
    worn = [thing for thing in scene.things if thing.name in WORN]
    beside = [thing for thing in scene.things if thing.name not in WORN]
    x, y, height, tilt = _stance(scene, bool(beside), inside, draw)
    if any(thing.name in UNDER_CHIN for thing in worn):
        y -= CHIN * height  # so that what hangs from the chin is seen
    side = 1.0 if x < 0.5 else -1.0
    behind = "hide" in scene.acts
    if behind and not beside:
        beside = [Thing("tree", ("green",))]

    for thing in (each for each in worn if each.name in UNDER_CHIN):
        pixels = _put_on(pixels, draw_thing(thing), hero, (x, y, height), *WORN[thing.name], tilt)
    pixels = laid_on(pixels, hero, x, y, height, tilt)
    for thing in (each for each in worn if each.name not in UNDER_CHIN):
        pixels = _put_on(pixels, draw_thing(thing), hero, (x, y, height), *WORN[thing.name], tilt)
    for number, thing in enumerate(beside):
        spot = _spot(thing.name, number, (x, y, height), side)
        if behind and number == 0:  # the hero looks out from behind it
            spot = x + 0.32 * side * height, y + 0.06, 1.2 * height
        pixels = laid_on(pixels, draw_thing(thing), *spot)
    return scenery.weather(pixels, scene, draw)


def _put_on(
    pixels: np.ndarray,
    figure: Figure,
    hero: Figure,
    at: tuple[float, float, float],
    size: float,
    low: float,
    tilt: float,
) -> np.ndarray:
    """What the hero wears, at its place on the hero."""
    x, y, height = at
    tall = height / max(1.0, hero.wide)
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


def _spot(name: str, number: int, at: tuple[float, float, float], side: float) -> tuple[float, float, float]:
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
        y = place.horizon + (draw.uniform(0.02, 0.09) if large else draw.uniform(0.14, 0.44))
        height = draw.uniform(0.24, 0.34) if large else 0.1 + 0.22 * (y - place.horizon)
        found.append(((name, (colour,) if colour else ()), x, y, height))
    return sorted(found, key=lambda each: each[2])
