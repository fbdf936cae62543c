"""What is compared: the story as it is told, and two that know nothing of one another's frames."""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audiogen.hub.one_prompt import OnePrompt
from audiogen.lab.evaluate.story.sets import StorySet
from audiogen.making import make
from audiogen.registry import Loaded
from audiogen.story import StoryRequest, tell
from audiogen.story.figures import on_white
from audiogen.story.telling import final_words

SYSTEMS = ("story", "alone", "long")  # told; each frame by itself; the whole long prompt, a seed to a frame


@dataclass(frozen=True, eq=False)
class Told:
    """Pictures of one set by one system.

    Attributes:
        frames: float32 [3, H, W] in 0..1. seconds: of each. peak_mb: of memory until then, of the accelerator
            where there is one.
        heroes: how much of each pixel is the hero, float32 [H, W]; None: nobody knows, as with a pretrained
            model.
    """

    frames: list[np.ndarray]
    heroes: list[np.ndarray] | None
    seconds: list[float]
    peak_mb: float


def told(system: str, one: StorySet, usual: StoryRequest, seed: int, loaded: Loaded) -> Told:
    """The frames of a set.

    Args:
        usual: model and settings; its identity and frames are replaced.
        seed: of the story, and of the frames that are made alone.
    """
    sampling = dataclasses.replace(usual.sampling, seed=seed)
    request = dataclasses.replace(usual, identity=one.identity, frames=one.frames, sampling=sampling)
    frames, masks, seconds = [], [], []
    begin = time.perf_counter()
    _forget_peak()
    for pixels, mask in _pictures(system, request, loaded):
        frames.append(pixels)
        masks.append(mask)
        seconds.append(time.perf_counter() - begin)
        begin = time.perf_counter()
    heroes = [mask for mask in masks if mask is not None]
    return Told(frames, heroes if len(heroes) == len(frames) else None, seconds, peak_mb())


def _pictures(
    system: str, request: StoryRequest, loaded: Loaded
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Pixels of every frame, and where the hero is seen."""
    if system == "story":
        yield from ((frame.picture.pixels, frame.hero) for frame in tell(request, loaded=loaded))
        return
    if system == "long" and request.model is not None:
        plain = dataclasses.replace(request, how=OnePrompt(request.how.window, svr="original", ipca=False))
        for number in range(1, len(request.frames) + 1):
            moved = plain.variant(number - 1)
            yield from ((f.picture.pixels, None) for f in tell(moved, only=[number], loaded=loaded))
        return
    from audiogen.story.request import plain as one_picture

    words, negative = final_words(request) if request.model is not None else (request.identity, "")
    more = {"model": request.model, "negative": negative}
    more = more if request.model is not None else {"style": request.style}
    for number, frame in enumerate(request.frames):
        prompt = f"{words} {frame}" if system == "alone" else " ".join((words, *request.frames))
        moved = request if system == "alone" else request.variant(number)
        (take,) = make(one_picture(moved, prompt, **more), loaded=loaded)
        assert take.picture is not None
        yield take.picture.pixels, on_white(take) if request.model is None else None


def _forget_peak() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_mb() -> float:
    """Most memory so far, MB: of the accelerator since it was reset, else of the process."""
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 1e6)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, bytes
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
