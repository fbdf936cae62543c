"""The files of stories: a folder with a picture per frame, all of them as one, and the recipe."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen import __version__
from audiogen.cli import names, output
from audiogen.cli.output import Rules
from audiogen.cli.progress import Reporter
from audiogen.cli.work import LOADING
from audiogen.errors import InvalidRequest

if TYPE_CHECKING:
    from audiogen.artifacts import Picture
    from audiogen.cli.group import State
    from audiogen.story import Frame, StoryPlan, StoryRequest

WHOLE, RECIPE, PAGE = "story.png", "recipe.json", "story.html"


@dataclass(frozen=True)
class Album:
    """What is made of all frames together.

    Attributes:
        layout, captions, font: of the combined picture, see `story.album`.
        animations: suffixes. page: whether there is a page.
    """

    layout: str = "auto"
    captions: bool = True
    animations: tuple[str, ...] = ()
    page: bool = False
    font: Path | None = None

    def __post_init__(self) -> None:
        from audiogen.story.album import ANIMATIONS, columns_of

        columns_of(1, self.layout)
        if strange := set(self.animations) - set(ANIMATIONS):
            raise InvalidRequest(f"An animation is {' or '.join(ANIMATIONS)}, not {min(strange)!r}.")

    @classmethod
    def of(cls, given: dict[str, Any]) -> Album:
        """From the options of the verb.

        Raises:
            InvalidRequest: no such layout, or a font that cannot be read.
        """
        from audiogen.media.fonts import font_for

        if given["font"] is not None:
            font_for((), 12, given["font"])
        animations = tuple(f".{name}" for name in ("gif", "webp") if given[name])
        return cls(given["layout"], given["captions"], animations, given["page"], given["font"])

    def files(self) -> list[str]:
        """Names of all that is made of the frames together; the recipe last."""
        moving = [f"story{suffix}" for suffix in self.animations]
        return [WHOLE, *moving, *([PAGE] if self.page else []), RECIPE]

    def to_dict(self) -> dict[str, Any]:
        """For a recipe."""
        row = {"layout": self.layout, "captions": self.captions}
        return row | {"animations": list(self.animations), "page": self.page}


@dataclass(frozen=True)
class Telling:
    """One story with its folder, checked."""

    plan: StoryPlan
    folder: Path
    numbers: tuple[int, ...]  # of the frames that are made or read, from 1
    whole: bool  # all frames together are wanted

    def file(self, number: int) -> Path:
        return self.folder / frame_name(self.plan.request, number)


def frame_name(request: StoryRequest, number: int) -> str:
    """Of the file of a frame, counted from 1."""
    width = max(2, len(str(len(request.frames))))
    return f"{number:0{width}}-{names.slug(request.frames[number - 1])}.png"


def work(requests: Sequence[StoryRequest], album: Album, given: dict[str, Any], state: State) -> None:
    """Check all stories, then tell them."""
    from audiogen.story import understand_story

    rules = Rules(given["force"], given["skip_existing"], mkdir=True)
    only = tuple(sorted(set(given["only"])))
    with Reporter(state.quiet) as reporter:
        tellings = []
        for request, folder in zip(requests, folders(requests, given["output"]), strict=True):
            plan = understand_story(request)
            for number in only:
                if not 1 <= number <= len(request.frames):
                    raise InvalidRequest(f"There is no frame {number}; the story has {len(request.frames)}.")
            numbers = only or tuple(range(1, len(request.frames) + 1))
            telling = Telling(plan, folder, numbers, not only)
            check(telling, album, rules)
            tellings.append(telling)
        for words in dict.fromkeys(words for telling in tellings for words in telling.plan.remarks):
            reporter.say(f"note: {words}")
        if given["dry_run"]:
            for telling in tellings:
                show(telling, album, given["json_"])
            return
        loaded: dict[Any, Any] = {}
        for telling in tellings:
            perform(telling, album, rules, reporter, given["json_"], loaded)


def folders(requests: Sequence[StoryRequest], asked: str | None) -> list[Path]:
    """A folder for each story.

    Raises:
        InvalidRequest: the name of a file, or stdout.
    """
    if asked == output.STDOUT or (
        asked is not None and Path(asked).suffix.lower() in (".png", ".gif", ".webp")
    ):
        raise InvalidRequest(f"A story is a folder of pictures, and -o {asked} is none; give -o NAME/.")
    if asked is not None and os.path.isfile(asked):
        raise InvalidRequest(f"{asked} is a file; a story needs a folder.")
    first = requests[0]
    one = len({request.identity for request in requests}) == 1
    root = Path(asked or f"{names.slug(first.identity)}-{first.sampling.seed}")
    if len(requests) == 1:
        return [root]
    if one and len({request.frames for request in requests}) == 1:
        return [root / f"seed-{request.sampling.seed}" for request in requests]
    return [
        root / f"{number:02}-{names.slug(request.identity)}-{request.sampling.seed}"
        for number, request in enumerate(requests, 1)
    ]


def check(telling: Telling, album: Album, rules: Rules) -> None:
    """Raise before the work begins if a file cannot or must not be written.

    Raises:
        WouldOverwrite, InvalidRequest: see `output.check_file`.
    """
    wanted = [telling.file(number) for number in telling.numbers]
    wanted += [telling.folder / name for name in album.files()] if telling.whole else []
    for file in wanted:
        if not (rules.skip_existing and file.exists()):
            output.check_file(file, rules)


def perform(
    telling: Telling, album: Album, rules: Rules, reporter: Reporter, as_json: bool, loaded: dict[Any, Any]
) -> None:
    """Tell a story: every frame is written when it is finished, what is made of all of them in the end."""
    from audiogen.artifacts import Picture
    from audiogen.story import tell

    there = {n: telling.file(n) for n in telling.numbers if rules.skip_existing and telling.file(n).exists()}
    for file in there.values():
        reporter.say(f"{file} exists; left alone")
    missing = [number for number in telling.numbers if number not in there]
    pictures: dict[int, Picture] = {number: Picture.load(file) for number, file in there.items()}
    check_sizes(telling, pictures)
    recipe: dict[str, Any] = {}
    reporter.begin(LOADING)
    count = len(telling.plan.request.frames)

    reporter.take(missing[0] if missing else 1, count)
    for frame in tell(telling.plan, reporter, missing, loaded=loaded) if missing else ():
        with reporter.interrupt.held():
            file = telling.file(frame.number)
            output.write_files({file: frame.picture.png_bytes(frame.recipe)}, rules)
            announce(file, frame, as_json, reporter)
        if not recipe:
            for words in frame.recipe.get("remarks", ()):
                if words not in telling.plan.remarks:  # said already
                    reporter.say(f"note: {words}")
        pictures[frame.number] = frame.picture
        recipe = frame.recipe
        later = [number for number in missing if number > frame.number]
        reporter.take(later[0] if later else frame.number, count)
    if not telling.whole:
        return
    check_sizes(telling, pictures)
    whole = whole_recipe(telling.plan, recipe, album)
    contents, remarks = together(telling.plan, pictures, album, whole)
    for words in remarks:
        reporter.say(f"note: {words}")
    made = {telling.folder / name: raw for name, raw in contents.items()}
    if rules.skip_existing and not missing:
        made = {file: raw for file, raw in made.items() if not file.exists()}
    output.write_files(made, Rules(rules.force or rules.skip_existing, mkdir=True))
    reporter.clear()
    for file in made:
        output.print_json({"file": str(file)}) if as_json else click.echo(str(file))


def check_sizes(telling: Telling, pictures: dict[int, Picture]) -> None:
    """Raise InvalidRequest where a frame that lay there has another size than the story."""
    asked = telling.plan.frames[0].conditioning.size
    for number, picture in pictures.items():
        size = (asked, asked) if asked else next(iter(pictures.values())).size
        if picture.size != size:
            raise InvalidRequest(
                f"{telling.file(number)} has {picture.size[0]}x{picture.size[1]} pixels, and the frames of "
                f"this story have {size[0]}x{size[1]}; give its --size, or leave out --skip-existing."
            )


def announce(file: Path, frame: Frame, as_json: bool, reporter: Reporter) -> None:
    """A frame on stdout."""
    reporter.clear()
    if as_json:
        row = {"file": str(file), "frame": frame.number, "seed": frame.take.seed, "words": frame.words}
        output.print_json(row | {"pixels": list(frame.picture.size), "recipe": frame.recipe})
    else:
        click.echo(str(file))


def whole_recipe(plan: StoryPlan, of_a_frame: dict[str, Any], album: Album) -> dict[str, Any]:
    """The recipe of all frames: that of one, without what is its own."""
    request = plan.request
    kept = ("generator", "weights", "device", "dtype", "threads", "torch", "licence", "model", "remarks")
    return {
        "generator": "generated by audiogen",
        "audiogen": __version__,
        **{name: of_a_frame[name] for name in kept if name in of_a_frame},
        "prompt": request.identity,
        "story": {**request.to_dict(), **({"model": of_a_frame["model"]} if "model" in of_a_frame else {})},
        "album": album.to_dict(),
    }


def together(
    plan: StoryPlan, pictures: dict[int, Picture], album: Album, recipe: dict[str, Any]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """What is made of all frames together, by the names of its files; and remarks."""
    from audiogen.media import png
    from audiogen.story import album as pages

    request = plan.request
    pixels = [pictures[number].pixels for number in sorted(pictures)]
    captions = request.frames if album.captions else ()
    whole, remarks = pages.combined(pixels, captions, album.layout, album.font)
    contents = {WHOLE: png.encoded(whole, recipe)}
    for suffix in album.animations:
        contents[f"story{suffix}"] = pages.animated(pixels, suffix)
    if album.page:
        files = [frame_name(request, number) for number in sorted(pictures)]
        contents[PAGE] = pages.page(request.identity, files, request.frames).encode()
    contents[RECIPE] = (json.dumps(recipe, indent=2, ensure_ascii=False) + "\n").encode()
    return contents, remarks


def show(telling: Telling, album: Album, as_json: bool) -> None:
    """--dry-run."""
    plan = telling.plan
    files = [str(telling.file(number)) for number in telling.numbers]
    files += [str(telling.folder / name) for name in album.files()] if telling.whole else []
    row = {"files": files, "story": plan.request.to_dict()}
    if as_json:
        output.print_json(row)
        return
    from audiogen.cli.terminal import echo

    echo(f"{'identity':<14}{plan.request.identity}")
    for number in telling.numbers:
        echo(f"{'frame ' + str(number):<14}{plan.request.frames[number - 1]}")
    echo(f"{'stages':<14}{' -> '.join(plan.frames[0].stages.values())}")
    echo(f"{'seed':<14}{plan.request.sampling.seed}")
    echo(f"{'would write':<14}{', '.join(files)}")
