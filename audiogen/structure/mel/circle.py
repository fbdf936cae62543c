"""A structure that closes: its end goes over into its beginning, so that its sound can be looped.

A stage that writes forwards cannot know how it began, so it writes a little more than is asked, and this
surplus is cross-faded into the beginning: frame 0 is what would have followed the last frame. Levels are
mixed as powers: sounds that know nothing of each other add up in power (a fade of log levels would dip).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from audiogen.artifacts import Conditioning, Structure
from audiogen.stage import Sampling

SURPLUS_S = 2.0  # of sound that is cross-faded; in short loops a third of their length


def in_a_circle(
    write: Callable[[Conditioning, Sampling], Structure], x: Conditioning, sampling: Sampling
) -> Structure:
    """What a structure stage writes, closed.

    Args:
        write: the stage without a loop: (what is asked, settings) -> Structure with a coarse mel.
        x: what is asked; `seconds` is the length of the loop.
        sampling: its `loop` is not handed on.
    """
    longer = dataclasses.replace(x, seconds=x.seconds + min(SURPLUS_S, x.seconds / 3))
    return closed(write(longer, dataclasses.replace(sampling, loop=False)), x.seconds)


def closed(structure: Structure, seconds: float) -> Structure:
    """The first `seconds` of a longer structure, with what follows them mixed into their beginning.

    Args:
        structure: with a coarse mel, onsets or both, at most twice as long; notes are left out.
        seconds: length of the loop.
    """
    settings, mel, onsets = structure.settings, structure.mel, structure.onsets
    if mel is not None:
        power = around(np.exp(2 * mel.astype(np.float64)), settings.coarse_frames(seconds))
        mel = (0.5 * np.log(power)).astype(np.float32)
    if onsets is not None:
        onsets = around(onsets, settings.frames(seconds)).astype(np.float32)
    return Structure(seconds, mel=mel, onsets=onsets, settings=settings)


def around(x: np.ndarray, frames: int) -> np.ndarray:
    """The first frames of x [..., N] with the others faded into their beginning, [..., frames]."""
    out, surplus = x[..., :frames].copy(), x[..., frames : 2 * frames]
    count = surplus.shape[-1]
    share = (np.arange(count) + 0.5) / max(1, count)
    out[..., :count] = share * out[..., :count] + (1 - share) * surplus
    return out
