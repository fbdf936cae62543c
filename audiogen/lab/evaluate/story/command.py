"""audiogen evaluate story BENCHMARK.yaml: stories against frames made alone, and a naive long prompt."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.hub import judges
from audiogen.lab.evaluate.bootstrap import estimate, share
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines
from audiogen.lab.evaluate.story import measures
from audiogen.lab.evaluate.story.judges import OwnFeatures
from audiogen.lab.evaluate.story.measures import NAMES, Figures
from audiogen.lab.evaluate.story.sets import StorySet, read_sets
from audiogen.lab.evaluate.story.systems import SYSTEMS, Told, told
from audiogen.registry import Loaded


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    for row in _measured(given):
        print(json.dumps(row, ensure_ascii=False), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate story",
        description="Identity, words, layouts, time and memory of stories, with 95 % intervals.",
    )
    parser.add_argument("benchmark", type=Path, help="YAML, {group: [{subject, style, settings}]}")
    parser.add_argument("--model", help="folder or hub id of a pretrained model; default: our own")
    parser.add_argument("--dtype", default="auto", help="of the model")
    parser.add_argument("--clip", help="folder or hub id of a CLIP: clip_t and clip_i")
    parser.add_argument("--features", help="folder or hub id of an encoder for `distance`; default: our own")
    parser.add_argument(
        "--mask-model",
        help="folder or hub id of a segmentation model: heroes are cut out before pairs are compared; our "
        "own models know where the hero is",
    )
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="with commas")
    parser.add_argument("--seeds", type=int, default=1, help="stories of each set, of the seeds 0, 1, ...")
    parser.add_argument("--limit", type=int, help="at most so many sets")
    parser.add_argument("--steps", type=int, help="of the solver")
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--svr", default="svr", help="svr, svr-eot, original")
    parser.add_argument("--no-ipca", action="store_true")
    parser.add_argument("--device", default="auto", help="of the model; judges run on the CPU")
    parser.add_argument(
        "--pictures", type=Path, help="a folder for the frames, FOLDER/system/set-seed-frame.png"
    )
    return parser


def _measured(given: Any) -> Iterator[dict[str, Any]]:
    from audiogen.hub import ModelChoice
    from audiogen.hub.one_prompt import OnePrompt
    from audiogen.stage import Sampling
    from audiogen.story import StoryRequest

    systems = [name.strip() for name in given.systems.split(",") if name.strip()]
    if not systems or set(systems) - set(SYSTEMS):
        raise InvalidRequest(f"--systems are {', '.join(SYSTEMS)}, not {given.systems!r}.")
    for name, value in (("--seeds", given.seeds), ("--limit", given.limit)):
        if value is not None and value < 1:
            raise InvalidRequest(f"{name} must be at least 1, not {value}.")
    sets = read_sets(given.benchmark)[: given.limit]
    model = None if given.model is None else ModelChoice(given.model, dtype=given.dtype)
    how = OnePrompt(window=given.window, svr=given.svr, ipca=not given.no_ipca)
    usual = StoryRequest(
        "a fox", ("x",), Sampling(steps=given.steps), model=model, device=given.device, how=how
    )
    bench = Bench(given, sets, usual)
    for system in systems:
        yield from bench.rows(system)


class Bench:
    """Sets, judges and networks of one run."""

    def __init__(self, given: Any, sets: Sequence[StorySet], usual: Any) -> None:
        self.given = given
        self.sets = sets
        self.usual = usual
        self.clip = None if given.clip is None else judges.Clip(given.clip)
        self.features: Any = OwnFeatures() if given.features is None else judges.Features(given.features)
        self.cut = None if given.mask_model is None else judges.cut_by(given.mask_model)
        self.loaded: Loaded = {}

    def rows(self, system: str) -> Iterator[dict[str, Any]]:
        """A row of means over all sets, then one for each group, style and length of prompts."""
        found: list[Figures] = []
        hits, within, between = [], [], []
        cut = False
        for number, one in enumerate(self.sets):
            heroes: dict[tuple[int, int], np.ndarray] = {}
            frames: dict[tuple[int, int], np.ndarray] = {}
            for seed in range(self.given.seeds):
                print(
                    f"{system}, set {number + 1} of {len(self.sets)}, seed {seed}",
                    file=sys.stderr,
                    flush=True,
                )
                made = told(system, one, self.usual, seed, self.loaded)
                self._keep(system, number, seed, made)
                shown, cut = self._heroes(one, made)
                of_heroes, of_frames = (self.features.pictures(each) for each in (shown, made.frames))
                found.append(self._judged(one, made, shown, of_heroes, of_frames))
                heroes |= {(seed, frame): row for frame, row in enumerate(of_heroes)}
                frames |= {(seed, frame): row for frame, row in enumerate(of_frames)}
            if self.given.seeds > 1:
                hits += measures.told_apart(frames)
                near, far = measures.within_and_between(heroes)
                within.append(float(np.mean(near)))
                between.append(float(np.mean(far)))
        about = {"system": system, "sets": "all", "compared": "heroes" if cut else "whole frames"}
        yield about | _means(found) | _between_seeds(hits, within, between)
        for kind in ("group", "style", "length"):
            names = dict.fromkeys(figures.about[kind] for figures in found)
            for name in names if len(names) > 1 else ():
                some = [figures for figures in found if figures.about[kind] == name]
                yield {"system": system, kind: name} | _means(some)

    def _heroes(self, one: StorySet, made: Told) -> tuple[list[np.ndarray], bool]:
        """What is compared for identity: the heroes alone, or whole frames; and whether they are cut out."""
        masks = made.heroes if self.cut is None else self.cut(made.frames, one.subject)
        if masks is None:
            return made.frames, False
        return [measures.hero_alone(*pair) for pair in zip(made.frames, masks, strict=True)], True

    def _judged(
        self,
        one: StorySet,
        made: Told,
        shown: list[np.ndarray],
        of_heroes: np.ndarray,
        of_frames: np.ndarray,
    ) -> Figures:
        distance = 1 - measures.mean_of_pairs(of_heroes)
        clip_t = clip_i = None
        if self.clip is not None:
            told_ = self.clip.sentences([f"{one.identity} {frame}" for frame in one.frames])
            clip_t = measures.alignment(self.clip.pictures(made.frames), told_)
            clip_i = measures.mean_of_pairs(self.clip.pictures(shown))
        return Figures(
            clip_t,
            clip_i,
            distance,
            1 - measures.mean_of_pairs(of_frames),
            measures.layouts(made.frames),
            None if clip_t is None else measures.harmonic((clip_t, clip_i, 1 - distance)),
            float(np.mean(made.seconds)),
            made.peak_mb,
            {"group": one.group, "style": one.style, "length": one.length},
        )

    def _keep(self, system: str, number: int, seed: int, made: Told) -> None:
        if self.given.pictures is None:
            return
        from audiogen.artifacts import Picture

        folder = self.given.pictures / system
        folder.mkdir(parents=True, exist_ok=True)
        for frame, pixels in enumerate(made.frames, 1):
            Picture(pixels).save(folder / f"{number + 1:03}-{seed}-{frame:02}.png", force=True)


def _means(found: Sequence[Figures]) -> dict[str, Any]:
    values = {name: [getattr(figures, name) for figures in found] for name in NAMES}
    known = {name: row for name, row in values.items() if row[0] is not None}
    return {name: dataclasses.asdict(estimate(row, np.mean)) for name, row in known.items()}


def _between_seeds(hits: list[float], within: list[float], between: list[float]) -> dict[str, Any]:
    """With several seeds: is a story nearer to itself than to others, and does it show its own frames?"""
    if not hits:
        return {}
    return {
        "told_apart": dataclasses.asdict(share(hits)),
        "within": dataclasses.asdict(estimate(within, np.mean)),
        "between_seeds": dataclasses.asdict(estimate(between, np.mean)),
        "nearer": dataclasses.asdict(estimate(np.array(between) - np.array(within), np.mean)),
    }
