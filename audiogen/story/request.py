"""What is asked of a story, what was understood, and one of its frames as it came out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Picture
from audiogen.errors import InvalidRequest
from audiogen.hub import ModelChoice
from audiogen.hub.one_prompt import OnePrompt
from audiogen.media.painting import WHOLE
from audiogen.origin import PICTURE
from audiogen.prompt import Scene
from audiogen.request import PAINTING, Plan, Request, Take
from audiogen.rows import from_rows, settle
from audiogen.stage import Sampling

MOST_FRAMES = 100
USUAL = OnePrompt()
_UNSAID = {"marks": 1, "painting": 1}  # of stories whose recipe does not say it


@dataclass(frozen=True)
class StoryRequest:
    """A hero and what is seen of it in every frame.

    Attributes:
        identity: who it is about, in English or Chinese. frames: in order, what each shows.
        sampling: n = 1; every frame has the same seed, item k of several stories `seed` + k.
        style, size, device, negative, quality: as in `Request`; a style is of the whole story.
        decoder: "flow" or "diffusion"; None: flow. Of our own models.
        model: a pretrained one, see `hub`; None: our own.
        how: of a pretrained one, how the story holds together.
        watermark: as in `Request`; of every frame. marks: version of that mark, see `origin/__init__.py`.
        painting: by our own models, 1: the decoder paints over every frame; from 7 on as `Request.painting`,
            figures and frames by rule.
    """

    identity: str
    frames: tuple[str, ...]
    sampling: Sampling = Sampling()
    style: str | None = None
    size: int | None = None
    decoder: str | None = None
    model: ModelChoice | None = None
    negative: str = ""
    quality: str | None = None
    device: str = "auto"
    how: OnePrompt = USUAL
    watermark: bool = True
    marks: int = PICTURE
    painting: int = PAINTING

    def __post_init__(self) -> None:
        settle(self)
        frames = tuple(" ".join(frame.split()) for frame in self.frames)
        object.__setattr__(self, "frames", frames)
        object.__setattr__(self, "identity", " ".join(self.identity.split()))
        if not self.identity:
            raise InvalidRequest('A story needs somebody; say who it is about, for example "a red fox".')
        if not frames:
            raise InvalidRequest(
                'A story needs frames: what each picture shows, for example "in a meadow" "playing in snow".'
            )
        if len(frames) > MOST_FRAMES:
            raise InvalidRequest(f"A story has at most {MOST_FRAMES} frames, not {len(frames)}.")
        for number, frame in enumerate(frames, 1):
            if not frame:
                raise InvalidRequest(f"Frame {number} is empty; say what it shows.")
        if self.sampling.n != 1:
            raise InvalidRequest("A StoryRequest is one story; use `variant` for several.")
        if self.marks not in range(1, PICTURE + 1):
            raise InvalidRequest(f"Its watermark is of version {self.marks}, not of 1 .. {PICTURE}.")
        if self.painting not in (1, *range(WHOLE, PAINTING + 1)):
            raise InvalidRequest(f"A story is not painted in the way {self.painting}.")
        if self.sampling.variation:
            raise InvalidRequest("A story is not varied; give another --seed, or -n for several.")

    def variant(self, k: int) -> StoryRequest:
        """Story k of several: its seeds moved on by k."""
        return dataclasses.replace(self, sampling=dataclasses.replace(self.sampling, n=k + 1).item(k))

    def words(self, number: int) -> str:
        """Identity and frame `number` (from 0) in one sentence."""
        return f"{self.identity} {self.frames[number]}"

    def to_dict(self) -> dict[str, Any]:
        """For a recipe, ready for JSON; the device is the machine's, and stands beside it."""
        rows = dataclasses.asdict(self) | {
            "model": self.model and self.model.to_dict(),
            "how": self.how.to_dict(),
            "device": None,
        }
        usual = {field.name: field.default for field in dataclasses.fields(self)} | _UNSAID
        return {name: row for name, row in rows.items() if row != usual[name] and row not in ({}, None)}

    @classmethod
    def from_dict(cls, rows: dict[str, Any]) -> StoryRequest:
        """The inverse of `to_dict`.

        Raises:
            InvalidRequest: an unknown name, or a value that no story has.
        """
        request: StoryRequest = from_rows(cls, _UNSAID | rows, "story")
        return request


@dataclass(frozen=True, eq=False)
class StoryPlan:
    """A story that has been understood.

    Attributes:
        request: as it came.
        frames: a plan for every frame: a pretrained model's picture; of our own models the hero.
        scenes: of our own models, what each frame shows; of a pretrained one ().
        remarks: what was heard otherwise than it was said, in words for the user.
    """

    request: StoryRequest
    frames: tuple[Plan, ...]
    scenes: tuple[Scene, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a story.

    Attributes:
        number: from 1. words: what it shows.
        take: as the engine made it; its recipe makes this frame again.
        hero: how much of each pixel is the hero, float32 [H, W] in 0..1; None: nobody knows, as with a
            pretrained model.
    """

    number: int
    words: str
    take: Take
    hero: np.ndarray | None = None

    @property
    def picture(self) -> Picture:
        assert self.take.picture is not None
        return self.take.picture

    @property
    def recipe(self) -> dict[str, Any]:
        return self.take.recipe

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write a .png with the recipe inside."""
        self.picture.save(path, force, self.recipe)


def plain(request: StoryRequest, prompt: str, **more: Any) -> Request:
    """A request for one picture with the settings of a story."""
    return Request(
        prompt,
        path="picture",
        decoder=request.decoder,
        sampling=request.sampling,
        device=request.device,
        size=request.size,
        painting=request.painting,
        marks=request.marks,
        **{"watermark": request.watermark, **more},
    )
