"""A frame of a story, all frames in one picture, or a whole folder, made once more from the recipe."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from audiogen.cli import output, story_files
from audiogen.cli.output import Rules
from audiogen.cli.progress import Reporter
from audiogen.cli.work import say_long, use_threads
from audiogen.errors import InvalidRequest
from audiogen.provenance import Replayable, differences
from audiogen.rows import fitted, from_rows
from audiogen.story import StoryPlan, StoryRequest, tell, understand_story


@dataclasses.dataclass(frozen=True)
class _Machine:
    """Where and how a story was computed."""

    device: str = "cpu"
    threads: int | None = None
    dtype: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        Replayable({}, {}, {}, "", self.device, threads=self.threads, dtype=self.dtype)  # the same limits


def remake(
    file: Path,
    recipe: dict[str, Any],
    device: str | None,
    model: str | None,
    given: dict[str, Any],
    reporter: Reporter,
) -> None:
    """Make what `file` holds again.

    Args:
        recipe: with its row `story`. device, model: others than the recipe's; None: its own.
        given: options of the verb: output, force, mkdir, json_.
    Raises:
        InvalidRequest: the recipe cannot be read, or the story not be told any more.
    """
    rows = fitted(dict[str, Any], recipe["story"], "story")
    number = fitted(int | None, rows.get("frame"), "frame")
    machine = from_rows(
        _Machine, {k: recipe[k] for k in ("device", "threads", "dtype") if k in recipe}, "recipe"
    )
    request = StoryRequest.from_dict({name: row for name, row in rows.items() if name != "frame"})
    say_long(request.sampling, reporter)
    request = dataclasses.replace(request, device=device or machine.device.partition(":")[0])
    request = _with_model(request, model)
    plan = understand_story(request)
    shown = {name: row for name, row in fitted(dict[str, Any], recipe.get("album", {}), "album").items()}
    album = from_rows(story_files.Album, shown, "album")
    folder = file.name == story_files.RECIPE
    name = given["output"] or _name(file, folder)
    rules = Rules(given["force"], mkdir=folder or given["mkdir"])
    places = _places(plan, Path(name), number, folder, album)
    for place in places:
        output.check_file(place, rules)
    use_threads(machine.threads)
    frames = []
    for frame in tell(plan, reporter, None if number is None else [number], machine.dtype):
        frames.append(frame)
        if folder:
            _write({places[frame.number - 1]: frame.picture.png_bytes(frame.recipe)}, rules, given, reporter)
    for words in differences(recipe, frames[0].recipe):
        reporter.say(f"not as it was: {words}; the result may differ")
    if number is not None:
        _write({places[0]: frames[0].picture.png_bytes(frames[0].recipe)}, rules, given, reporter)
        return
    whole = story_files.whole_recipe(plan, frames[0].recipe, album)
    contents, _ = story_files.together(plan, {f.number: f.picture for f in frames}, album, whole)
    if folder:
        _write({Path(name) / each: raw for each, raw in contents.items()}, rules, given, reporter)
    else:
        _write({places[0]: contents[story_files.WHOLE]}, rules, given, reporter)


def _with_model(request: StoryRequest, model: str | None) -> StoryRequest:
    """With its pretrained model where that lies now."""
    if model is None:
        return request
    if request.model is None:
        raise InvalidRequest("This story was told without a pretrained model; leave out --model.")
    return dataclasses.replace(request, model=dataclasses.replace(request.model, source=model, revision=None))


def _name(file: Path, folder: bool) -> str:
    if folder:
        here = file.absolute().parent
        return str(here.with_name(f"{here.name}-again"))
    return str(file.with_name(f"{file.stem}-again{file.suffix}"))


def _places(
    plan: StoryPlan, name: Path, number: int | None, folder: bool, album: story_files.Album
) -> list[Path]:
    """The files that will be written; of a folder its frames first."""
    if not folder:
        return [name]
    request = plan.request
    frames = [story_files.frame_name(request, k + 1) for k in range(len(request.frames))]
    return [name / each for each in (*frames, *album.files())]


def _write(contents: dict[Path, bytes], rules: Rules, given: dict[str, Any], reporter: Reporter) -> None:
    output.write_files(contents, rules)
    reporter.clear()
    for file in contents:
        output.print_json({"file": str(file)}) if given["json_"] else click.echo(str(file))
