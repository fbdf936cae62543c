"""A plan at work: its stages, one take after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from audiogen.artifacts import Contour, Latents, MelSpectrogram, Picture, Structure, Waveform
from audiogen.making import pictures, sound
from audiogen.making.understanding import understand
from audiogen.provenance import recipe_of
from audiogen.registry import Loaded
from audiogen.request import Plan, Request, Take
from audiogen.stage import Progress, Sampling, silent

if TYPE_CHECKING:
    from audiogen.pipeline import Pipeline


def make(
    request: Request | Plan,
    progress: Progress = silent,
    dtypes: dict[str, str] | None = None,
    items: Iterable[int] | None = None,
    loaded: Loaded | None = None,
) -> Iterator[Take]:
    """The takes of a request, one after the other.

    Args:
        request: what to make.
        progress: called as progress(stage, step, total); False cancels.
        dtypes: stage name -> "bfloat16" or "float32", to replay another machine's arithmetic.
        items: which of its takes, counted from 0; None: all of them.
        loaded: an empty dictionary at first; calls that share it load every network once.
    Raises:
        Cancelled: `progress` said so; takes before it are complete.
    """
    from audiogen.pipeline import item

    plan = understand(request) if isinstance(request, Request) else request
    if loaded is not None:
        plan = plan.sharing(loaded)
    if dtypes:
        use_dtypes(plan.pipeline, dtypes)
        if plan.bed is not None:
            use_dtypes(plan.bed.pipeline, dtypes)
    sampling = plan.request.sampling
    for k in range(sampling.n) if items is None else items:
        take = _run(plan, item(sampling, k), progress)
        yield dataclasses.replace(take, recipe=recipe_of(plan, take))


def use_dtypes(pipeline: Pipeline, dtypes: dict[str, str]) -> None:
    """Let every stage compute in the named dtype."""
    import torch

    for stage in pipeline.stages:
        if stage.name in dtypes and hasattr(stage, "dtype"):
            stage.dtype = getattr(torch, dtypes[stage.name])


def _run(plan: Plan, sampling: Sampling, progress: Progress) -> Take:
    """All stages for one take, keeping what each one made, and the result finished."""
    take = _staged(plan, sampling, progress)
    if plan.conditioning.is_picture:
        return pictures.finished(plan, take, progress)
    if take.waveform is None:
        return take
    below = None
    if plan.bed is not None:
        same = Sampling(seed=sampling.seed, decoder_seed=sampling.decoder_seed)
        bed = _staged(plan.bed, same, lambda stage, step, total: progress(f"bed {stage}", step, total))
        below = bed.waveform
    return sound.finished(plan, take, below)


def _staged(plan: Plan, sampling: Sampling, progress: Progress) -> Take:
    """All stages for one take; the result is as the renderer made it."""
    known = plan.conditioning
    x: Any = plan.start
    if x is None and "structure" in plan.stages:
        x = known
    elif x is None:
        x = Contour.empty() if known.is_picture else Structure.empty(known.seconds)
    take = _with(Take(sampling.seed, known, sampling), x)
    steps: list[Any] = []
    stages: tuple[Any, ...] = plan.pipeline.stages
    for stage in stages:
        shows = stage.seam == "decoder" or (known.is_picture and pictures.watchable(stage))
        watched = plan.request.show_steps and shows and stage.seam != "renderer"
        more: tuple[Any, ...] = (lambda done, total, seen: steps.append(seen),) if watched else ()
        if stage.seam == "structure" and isinstance(x, Structure):
            x = stage.vary(x, known, sampling, progress)
        elif stage.seam == "decoder" and known.is_picture:
            x = pictures.decoded(stage, plan, x, sampling, progress, *more)
        else:
            x = stage(x, known, sampling, progress, *more)
        if isinstance(x, Structure):
            x = x.as_midi()  # so that a kept MIDI file plays as this take does
        elif isinstance(x, Contour):
            x = x.as_png()  # and a kept drawing is painted as this take is
        take = _with(take, x)
    return dataclasses.replace(take, steps=tuple(steps))


def _with(take: Take, x: Any) -> Take:
    """The take with what a stage has made."""
    if isinstance(x, Structure | Contour):
        x = dataclasses.replace(x, asked=take.conditioning)
    names = {
        Structure: "structure",
        MelSpectrogram: "mel",
        Waveform: "waveform",
        Contour: "contour",
        Latents: "latents",
        Picture: "picture",
    }
    name = next((name for kind, name in names.items() if isinstance(x, kind)), None)
    return take if name is None else dataclasses.replace(take, **{name: x})
