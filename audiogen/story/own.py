"""A story by our own models: one hero for all frames, set into scenes and painted over in one style.

The hero is drawn and painted once, on white, by the stages of every picture, and so is every thing that a
frame names. A frame is composed of them (`composing.py`) and painted over by rule (`overpainting.py`), so
that scenery and figures become one painting. What is seen in a face ("smiling") is asked of the same sketch.

Stories of before (`painting` 1) were painted over by the decoder as a picture that is changed, of five heroes
the best was taken, and a mood was painted into it along its own contour, beginning with its own latents.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from audiogen.artifacts import Conditioning, Picture
from audiogen.errors import InvalidRequest
from audiogen.making import make, understand
from audiogen.making.marking import marked_picture
from audiogen.media import drawing
from audiogen.media.painting import WHOLE
from audiogen.prompt import ONE_SUBJECT, Scene, Thing, parse, read_scene
from audiogen.provenance import recipe_of
from audiogen.registry import Loaded
from audiogen.request import Plan, Request, Take
from audiogen.stage import Progress
from audiogen.story.composing import WORN, Composed, composed
from audiogen.story.figures import COLOURS, Figure, cut_out, looks
from audiogen.story.overpainting import painted_over
from audiogen.story.request import StoryPlan, StoryRequest, plain

STYLE = "watercolor"  # of a story whose style is left open
LOOK = "flat"  # in which figures are painted before they are painted over
OVER = {"watercolor": 0.25, "oil": 0.35, "pencil": 0.5, "ink": 0.5}  # how much of a frame that changes
OVER_LOOK = 0.2  # of an illustration
MOOD = 0.6  # how much of the hero a mood changes
HEROES = 5  # of which one is kept, see `figures.looks`
CANDIDATES = 3  # of what a colour is asked of


def hero_of(request: StoryRequest) -> tuple[Plan, Scene]:
    """The plan of the hero alone, on white; and what the identity says of every frame ("in a red scarf").

    Raises:
        InvalidRequest: nobody who can be drawn, or a style that there is not.
    """
    asked = parse(request.identity, "picture")
    style = request.style or (None if asked.style or asked.look else STYLE)
    named = [thing.name for thing in read_scene(request.identity).things]
    wearing = next((name for name in named if name not in WORN), asked.subject)  # "戴着围巾的狐狸"
    asked = dataclasses.replace(asked, subject=wearing if asked.subject in WORN else asked.subject)
    hero = understand(plain(request, request.identity, conditioning=asked, style=style))
    known = hero.conditioning
    if known.subject is None or known.path == "digit":
        raise InvalidRequest(
            f"Nothing in {request.identity!r} says who the story is about; name an animal or a thing."
        )
    always = read_scene(request.identity, known.subject)
    of_things = {name for thing in always.things for name in thing.details}
    details = tuple(name for name in known.details if name not in of_things or name in always.said)
    known = dataclasses.replace(known, details=details, unknown=always.unknown, remarks=())
    remarks = tuple(words for words in hero.remarks if not words.endswith(ONE_SUBJECT))
    return dataclasses.replace(hero, conditioning=known, remarks=remarks), always


class Painters:
    """The hero and the things of one story, each painted when it is first needed."""

    def __init__(self, plan: StoryPlan, loaded: Loaded, dtypes: dict[str, str] | None = None) -> None:
        self.plan = plan
        self.request = plan.request
        self.known = plan.frames[0].conditioning
        self.loaded = loaded
        self.dtypes = dtypes
        self.named = {thing for scene in plan.scenes for thing in scene.things}  # not those of a place
        self._figures: dict[tuple[Thing, tuple[str, ...]], Figure] = {}
        self._hero: Take | None = None

    def frame(self, number: int, progress: Progress) -> tuple[Take, np.ndarray]:
        """A frame, counted from 0, at its size; and where the hero is seen in it, float32 [size, size]."""
        scene, request = self.plan.scenes[number], self.request
        seed = request.sampling.seed_for(f"frame {number + 1}")
        hero = self.hero(scene.details, progress)
        after = list(hero.after)

        def drawn(thing: Thing) -> Figure:
            figure = self.thing(thing, progress)
            after.extend(figure.after)
            return figure

        laid = composed(scene, hero, drawn, seed)
        asked = dataclasses.replace(
            self.known, prompt=request.words(number), subject=None, details=(), unknown=scene.unknown
        )
        if request.painting >= WHOLE:
            return self._by_rule(laid, asked, seed, tuple(dict.fromkeys(after)))
        strength = OVER.get(self.known.style or "", OVER_LOOK)
        over = plain(
            request, request.words(number), conditioning=asked, init=Picture(laid.pixels), strength=strength
        )
        take = self._made(over, progress)
        used = [] if self._hero is None else [self._hero.recipe]
        joined = {
            name: {key: value for recipe in (*used, take.recipe) for key, value in recipe[name].items()}
            for name in ("pipeline", "weights", "dtype")
        }
        assert take.picture is not None
        mask = drawing.shrunk(laid.hero, take.picture.size[0])
        return dataclasses.replace(take, recipe=take.recipe | joined), mask

    def _by_rule(
        self, laid: Composed, asked: Conditioning, seed: int, after: tuple[str, ...]
    ) -> tuple[Take, np.ndarray]:
        """A frame in the medium of the story, its figures and what is behind them at once."""
        assert self._hero is not None
        pixels = laid.pixels
        if asked.style is not None:
            pixels = painted_over(laid, asked.style, np.random.default_rng(seed), self.request.painting)
        size = asked.size or pixels.shape[-1]
        plan = self.plan.frames[0].sharing(self.loaded)
        pixels, mark = marked_picture(plan, drawing.resized(pixels, size))
        picture = Picture(pixels)
        take = dataclasses.replace(
            self._hero, conditioning=asked, picture=picture, made=picture, mark=mark, figures=after
        )
        return dataclasses.replace(take, recipe=recipe_of(plan, take)), drawing.shrunk(laid.hero, size)

    def hero(self, mood: tuple[str, ...], progress: Progress) -> Figure:
        """Who the story is about, alone; in a mood the same one, changed a little."""
        name = Thing(str(self.known.subject)), mood
        if name not in self._figures:
            take = self._hero = self._hero or self._chosen(self._flat(), _named(progress, "hero"), HEROES)
            if mood:
                take = self._changed(take, mood, progress)
            self._figures[name] = cut_out(take)
        return self._figures[name]

    def thing(self, thing: Thing, progress: Progress) -> Figure:
        """A thing, the same in all frames."""
        name = thing, ()
        if name not in self._figures:
            known = Conditioning(
                " ".join((*thing.details, thing.name)),
                "picture",
                subject=thing.name,
                details=thing.details,
                look=LOOK,
                size=self.known.size,
            )
            count = CANDIDATES if thing.details and thing in self.named else 1
            self._figures[name] = cut_out(self._chosen(known, _named(progress, thing.name), count), False)
        return self._figures[name]

    def _chosen(self, known: Conditioning, progress: Progress, count: int) -> Take:
        """The best of some pictures of a figure, the first that of the seed itself."""
        sampling = self.request.sampling
        takes = []
        count = 1 if self.request.painting >= WHOLE else count  # a figure that is remembered is good
        for k in range(count):
            # named, not counted: those of the next seed are others
            seed = sampling.seed if k == 0 else sampling.seed_for(f"candidate {k}")
            request = plain(self.request, "", conditioning=known, watermark=False)
            request = dataclasses.replace(request, sampling=dataclasses.replace(sampling, seed=seed))
            takes.append(self._made(request, progress))
        colours = [name for name in known.details if name in COLOURS]
        return max(takes, key=lambda take: looks(cut_out(take), colours)) if count > 1 else takes[0]

    def _flat(self) -> Conditioning:
        """The hero as it is painted before it is painted over."""
        if self.known.style is None:
            return self.known
        return dataclasses.replace(self.known, style=None, look=LOOK)

    def _changed(self, hero: Take, mood: tuple[str, ...], progress: Progress) -> Take:
        known = dataclasses.replace(self._flat(), details=(*self._flat().details, *mood))
        if self.request.painting >= WHOLE:
            return self._chosen(known, _named(progress, "mood"), 1)
        change = plain(
            self.request,
            "",
            conditioning=known,
            source=hero.contour,
            init=hero.picture,
            strength=MOOD,
            watermark=False,
        )
        take = self._made(change, _named(progress, "mood"))
        return dataclasses.replace(take, contour=hero.contour)

    def _made(self, request: Request, progress: Progress) -> Take:
        (take,) = make(request, progress, self.dtypes, loaded=self.loaded)
        return take


def _named(progress: Progress, name: str) -> Progress:
    return lambda stage, step, total: progress(f"{name}, {stage}", step, total)
