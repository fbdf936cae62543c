"""A job at work: takes are made one after the other, written as files, judged, and described for the page."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.media.files import write_atomic
from audiogen.provenance import without_packed
from audiogen.registry import Loaded
from audiogen.request import Take
from audiogen.stage import Progress
from audiogen.studio import views
from audiogen.studio.ask import Ask, Files, part_of, request_of

FACTS = "job.json"
Tell = Callable[[str, Any], None]


def perform(ask: Ask, files: Files, folder: Path, progress: Progress, tell: Tell, loaded: Loaded) -> None:
    """Make every take of a job into `folder`.

    Args:
        files: the file behind a name of the desk.
        tell: called as tell("remarks", [...]), tell("take", {...}) for every take, tell("ranking", [...]).
        loaded: networks that are kept from job to job.
    Raises:
        AudiogenError: in words for the user. Cancelled: `progress` said so.
    """
    if ask.verb in ("mix", "open"):
        tell("take", (_mixed if ask.verb == "mix" else _opened)(ask, files, folder))
        return
    if ask.verb == "story":
        _told(ask, folder, progress, tell, loaded)
        return
    from audiogen import making

    plan = making.understand(request_of(ask, files)).sharing(loaded)
    tell("remarks", [*plan.remarks, *(f"not understood: {word}" for word in plan.conditioning.unknown)])
    if not all(
        (entry.name, plan.kind.name) in {key[:2] for key in loaded} for entry in plan.entries.values()
    ):
        progress("loading", 0, 0)
    plan.load()
    verdicts = []
    for number in range(ask.takes):
        made = making.make(plan, _numbered(progress, number, ask.takes), items=[number])
        (take,) = made
        tell("take", _written(take, ask, folder, number + 1, plan.kind.name))
        if ask.takes > 1 and plan.kind.checks:
            progress("judging", number, ask.takes)
            from audiogen.ranking import judge

            verdicts.append(judge(take))
    if verdicts:
        order = sorted(range(len(verdicts)), key=lambda k: (-verdicts[k].total, k))
        for place, k in enumerate(order, 1):
            verdicts[k] = dataclasses.replace(verdicts[k], place=place, of=len(order))
        tell("ranking", [{"place": v.place, "total": round(v.total, 2), "why": v.why} for v in verdicts])


def _numbered(progress: Progress, number: int, of: int) -> Progress:
    def told(stage: str, step: int, total: int) -> bool:
        return progress(f"{number + 1}/{of} {stage}" if of > 1 else stage, step, total)

    return told


def _written(take: Take, ask: Ask, folder: Path, number: int, kind: str) -> dict[str, Any]:
    """The files of a take, and what the page shows of it."""
    facts: dict[str, Any] = {
        "n": number,
        "kind": kind,
        "label": take.label,
        "seed": take.seed,
        "prompt": take.conditioning.prompt,
        "asked": take.conditioning.to_dict(),
    }
    write_atomic(folder / f"take-{number}.json", _json(without_packed(take.recipe)))
    if take.picture is not None:
        name = f"take-{number}.png"
        write_atomic(folder / name, take.picture.png_bytes(take.recipe))
        facts |= {"file": name, "pixels": list(take.picture.size)}
        if take.contour is not None and not take.contour.is_empty:
            write_atomic(folder / f"take-{number}.contour.png", take.contour.png_bytes(take.recipe))
            facts["contour"] = f"take-{number}.contour.png"
        if take.steps:
            facts["steps"] = _strip(take, folder, number)
        return facts
    if take.waveform is None:
        raise InvalidRequest("This makes neither a sound nor a picture.")
    return facts | _sound(take.waveform, take.recipe, ask, folder, number) | _notes(take, folder, number)


def _sound(wave: Any, recipe: dict[str, Any], ask: Ask, folder: Path, number: int) -> dict[str, Any]:
    from audiogen.media.audio import audio_bytes

    name = f"take-{number}.{ask.format if ask.format != 'png' else 'wav'}"
    data = audio_bytes(wave.samples, wave.sample_rate, Path(name).suffix, recipe, "24", wave.facts)
    write_atomic(folder / name, data)
    write_atomic(folder / f"take-{number}.view.png", views.spectrogram(wave))
    row = {"file": name, "view": f"take-{number}.view.png", "seconds": round(wave.seconds, 4)}
    return row | {"peaks": views.peaks(wave), "loop": ask.loop}


def _notes(take: Take, folder: Path, number: int) -> dict[str, Any]:
    found = views.noted(take.structure)
    if found and take.structure is not None:
        name = f"take-{number}.mid"
        write_atomic(folder / name, take.structure.midi_bytes())
        found["midi"] = name
    return found


def _strip(take: Take, folder: Path, number: int) -> str:
    from audiogen.media import png
    from audiogen.media.sheet import sheet, thumbnail

    cells = [thumbnail(step.pixels) for step in take.steps]
    name = f"take-{number}.steps.png"
    labels = [f"{k} of {len(cells)}" for k in range(1, len(cells) + 1)]
    write_atomic(folder / name, png.encoded(sheet(cells, labels, columns=len(cells))))
    return name


def _told(ask: Ask, folder: Path, progress: Progress, tell: Tell, loaded: Loaded) -> None:
    """A picture for every frame of a story, and all of them as one."""
    from audiogen.media import png
    from audiogen.stage import Sampling
    from audiogen.story import StoryRequest, understand_story
    from audiogen.story import tell as frames_of
    from audiogen.story.album import combined

    story = StoryRequest(
        ask.prompt, ask.frames, sampling=Sampling(seed=ask.seed), style=ask.style, size=ask.size
    )
    plan = understand_story(story)
    tell("remarks", list(plan.remarks))
    progress("loading", 0, 0)
    pictures = []
    for frame in frames_of(plan, progress, loaded=loaded):
        facts = _written(frame.take, ask, folder, frame.number, "story")
        tell("take", facts | {"label": frame.words, "prompt": frame.words})
        pictures.append(frame.picture.pixels)
    album, _ = combined(pictures, ask.frames)
    write_atomic(folder / "story.png", png.encoded(album))
    tell("album", "story.png")


def _mixed(ask: Ask, files: Files, folder: Path) -> dict[str, Any]:
    from audiogen.making.mixing import Under, mix

    wave, recipe = mix(files(ask.file), [Under(files(name), ask.below_lu) for name in ask.under])
    write_atomic(folder / "take-1.json", _json(recipe))
    facts = {"n": 1, "kind": "mix", "label": "mix", "seed": ask.seed, "prompt": recipe["prompt"], "asked": {}}
    return facts | _sound(wave, recipe, ask, folder, 1)


def _opened(ask: Ask, files: Files, folder: Path) -> dict[str, Any]:
    """A sound of any origin as a take; the notes that travel in it are shown."""
    from audiogen.artifacts import Waveform
    from audiogen.media import audio
    from audiogen.provenance import notes_in

    file = files(ask.file)
    wave, recipe = Waveform.load(file), audio.read_recipe(file) or {}
    if len(wave.samples) > 2:
        raise InvalidRequest(f"The sound has {len(wave.samples)} channels; give mono or stereo.")
    name = f"take-1{file.suffix.lower()}"
    write_atomic(folder / name, file.read_bytes())
    write_atomic(folder / "take-1.json", _json(without_packed(recipe)))
    write_atomic(folder / "take-1.view.png", views.spectrogram(wave))
    known, told = part_of(recipe, "conditioning"), part_of(recipe, "sampling")
    found = views.noted(notes_in(recipe))
    facts: dict[str, Any] = {"n": 1, "kind": known.get("path", ""), "label": file.stem[9:]}
    facts |= {"seed": told.get("seed", 0), "prompt": str(recipe.get("prompt") or ""), "asked": {}}
    facts |= {"file": name, "view": "take-1.view.png", "seconds": round(wave.seconds, 4)}
    return facts | {"peaks": views.peaks(wave), "loop": bool(told.get("loop")), **found}


def _json(row: Any) -> bytes:
    return json.dumps(row, ensure_ascii=False, indent=1).encode()
