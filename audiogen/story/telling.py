"""From a story to its frames. Everything goes through the engine of `making`, frame by frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.hub import finding, wording
from audiogen.making import make, understand
from audiogen.prompt import Scene, read_scene
from audiogen.provenance import recipe_of
from audiogen.registry import Loaded
from audiogen.request import Take
from audiogen.stage import Progress, silent
from audiogen.story.request import Frame, StoryPlan, StoryRequest, plain

Painted = tuple[int, Take, np.ndarray | None]  # number of the frame, the frame, where the hero is seen
OF_A_FRAME = ("source", "init", "mask", "strength", "contour")  # rows of a picture, not of a frame


def understand_story(request: StoryRequest) -> StoryPlan:
    """Check a story as far as that is possible without loading a network.

    Raises:
        InvalidRequest: words or options that a story cannot have; see also `making.understand`.
        MissingModel: a pretrained model is not there.
    """
    if request.model is None:
        return _with_our_models(request)
    model = request.model
    if model.controlnet is not None:
        raise InvalidRequest("A story follows words; leave out --controlnet.")
    if (stage := finding.stage_of(model)) != finding.TEXT_TO_IMAGE:
        raise InvalidRequest(
            f"A story needs a model of pictures, and {model.source} is of the stage {stage}."
        )
    if request.decoder is not None:
        raise InvalidRequest("--decoder chooses one of our own, and --model takes its place; leave out one.")
    identity, negative = final_words(request)
    plans = tuple(
        understand(plain(request, f"{identity} {frame}", model=model, negative=negative))
        for frame in request.frames
    )
    return StoryPlan(request, plans, remarks=tuple(dict.fromkeys(r for plan in plans for r in plan.remarks)))


def final_words(request: StoryRequest) -> tuple[str, str]:
    """The identity with the words of style and quality, and the negative prompt, for a pretrained model."""
    return wording.final(request.identity, request.style, request.quality, request.negative, "picture")


def _with_our_models(request: StoryRequest) -> StoryPlan:
    for flag, given in {"--negative": request.negative, "--quality": request.quality}.items():
        if given:
            raise InvalidRequest(f"{flag} is for pretrained models; give --model FOLDER or ID as well.")
    from audiogen.story.own import hero_of

    hero, always = hero_of(request)
    known = hero.conditioning
    scenes = tuple(_with(always, read_scene(frame, known.subject)) for frame in request.frames)
    remarks = list(hero.remarks)
    if known.unknown:
        remarks.append(f"not understood of the identity, and left out: {', '.join(known.unknown)}")
    for number, scene in enumerate(scenes, 1):
        if scene.unknown:
            remarks.append(f"frame {number}: not understood, and left out: {', '.join(scene.unknown)}")
        if scene.styles:
            remarks.append(f"frame {number}: {', '.join(scene.styles)}: a story has one style; give --style")
    return StoryPlan(request, (hero,) * len(scenes), scenes, tuple(remarks))


def _with(always: Scene, scene: Scene) -> Scene:
    """A frame with the things of the identity, and its place and hour where it names none."""
    return dataclasses.replace(
        scene,
        places=scene.places or always.places,
        hours=scene.hours or always.hours,
        things=tuple(dict.fromkeys((*always.things, *scene.things))),
    )


def tell(
    request: StoryRequest | StoryPlan,
    progress: Progress = silent,
    only: Iterable[int] | None = None,
    dtypes: dict[str, str] | None = None,
    loaded: Loaded | None = None,
) -> Iterator[Frame]:
    """The frames of a story, one after the other, each with its recipe.

        for frame in tell(StoryRequest("a red fox", ("in a meadow", "in the snow"))):
            frame.save(f"fox-{frame.number}.png")

    Args:
        request: what to tell.
        progress: called as progress(stage, step, total) within a frame; False cancels.
        only: numbers of the frames that are made, from 1, each as it is in the whole story; None: all.
        dtypes: stage name -> dtype, to replay another machine's arithmetic.
        loaded: an empty dictionary at first; calls that share it load every network once.
    Raises:
        InvalidRequest: see `understand_story`; or there is no such frame.
        Cancelled: `progress` said so; frames before it are complete.
    """
    plan = understand_story(request) if isinstance(request, StoryRequest) else request
    request = plan.request
    numbers = list(range(1, len(request.frames) + 1)) if only is None else sorted(set(only))
    for number in numbers:
        if not 1 <= number <= len(request.frames):
            raise InvalidRequest(f"There is no frame {number}; the story has {len(request.frames)}.")
    loaded = {} if loaded is None else loaded
    painted = _own_frames if request.model is None else _frames_of_model
    for number, take, hero in painted(plan, numbers, progress, dtypes, loaded):
        recipe = {name: row for name, row in take.recipe.items() if name not in OF_A_FRAME}
        recipe["story"] = request.to_dict() | {"frame": number}
        if "model" in recipe:  # of the very commit and dtype
            recipe["story"]["model"] = recipe["model"]
        recipe["prompt"] = request.words(number - 1)
        take = dataclasses.replace(take, recipe=recipe)
        yield Frame(number, request.frames[number - 1], take, hero)


def _own_frames(
    plan: StoryPlan, numbers: list[int], progress: Progress, dtypes: dict[str, str] | None, loaded: Loaded
) -> Iterator[Painted]:
    from audiogen.story.own import Painters

    painters = Painters(plan, loaded, dtypes)
    for number in numbers:
        take, hero = painters.frame(number - 1, progress)
        yield number, dataclasses.replace(take, recipe=take.recipe | _remarked(plan)), hero


def _frames_of_model(
    plan: StoryPlan, numbers: list[int], progress: Progress, dtypes: dict[str, str] | None, loaded: Loaded
) -> Iterator[Painted]:
    request = plan.request
    first = plan.frames[0].sharing(loaded)
    stage: Any = first.parts[0]
    telling = None
    if len(request.frames) > 1:  # one frame alone is a plain picture
        from audiogen.hub.stories import Telling

        telling = Telling(stage, final_words(request)[0], request.frames, request.how)
        plan = dataclasses.replace(plan, remarks=(*plan.remarks, *telling.remarks))
    for number in numbers:
        frame = plan.frames[number - 1].sharing(loaded)
        if telling is not None:
            frame = dataclasses.replace(frame, given=(telling.frame(number - 1),))
        (take,) = make(frame, progress, dtypes)
        recipe = recipe_of(frame, take) | _remarked(plan)
        yield number, dataclasses.replace(take, recipe=recipe), None


def _remarked(plan: StoryPlan) -> dict[str, Any]:
    """The row of a recipe."""
    return {"remarks": list(plan.remarks)} if plan.remarks else {}
