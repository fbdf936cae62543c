"""The work of a comparison in pictures: contours and wishes with their seeds.

Digits: contours of held-out painted digits, each in the style in which it was painted, and contours of the
path's own structure stage, 0 to 9 and the styles in turn. Other pictures: the subjects, looks and details of
held-out illustrations, or prompts, without a contour; with `--structures held-out` along their contours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audiogen.artifacts import LOOKS, STYLES, Conditioning, Contour
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.compare import bench
from audiogen.lab.evaluate.compare.bench import HELD_OUT, NONE, STAGE, VARIED
from audiogen.lab.evaluate.pictures.gallery import Gallery, wish
from audiogen.stage import Sampling, silent

SUBJECTS = ("cat", "dog", "rabbit", "apple", "house", "flower", "fish", "car")  # without data or prompts


@dataclass(frozen=True, eq=False)
class Item(bench.Item):
    """One decoding of a picture."""

    contour: Contour

    @property
    def manner(self) -> str:
        """The style or look that is asked for; "" for none."""
        return self.conditioning.style or self.conditioning.look or ""


def build(
    path: str,
    count: int,
    seeds: int,
    kinds: Sequence[str],
    held_out: Gallery | None = None,
    prompts: Sequence[str] | None = None,
    structure_stage: Any = None,
    progress: Callable[[int, int], None] = lambda step, total: None,
) -> list[Item]:
    """`count` wishes of every kind, in the same order every time, and the further seeds of the first ones.

    Args:
        held_out: what the wishes are taken from; None: none that are held out.
        prompts: what else is asked for, in turn; None: digits in every style, subjects in every look.
        structure_stage: a stage that gives contours; None: no structures of kind "stage".
    Raises:
        InvalidRequest: nothing to decode, or a stage without a contour.
    """
    rows: list[Item] = []
    if HELD_OUT in kinds and held_out is not None:
        rows += [
            item(HELD_OUT, k, held_out.drawn(k), held_out.asked(k), "held-out ") for k in range(len(held_out))
        ]
    if STAGE in kinds and structure_stage is not None:
        for k, asked in zip(range(count), wanted(path, prompts, None), strict=False):
            progress(k, count)
            made = structure_stage(asked, asked, Sampling(seed=k), silent)
            if not isinstance(made, Contour):
                raise InvalidRequest(
                    f"The structure stage {structure_stage.name!r} gives no contour, which this needs."
                )
            rows.append(item(STAGE, k, made, asked))
        progress(count, count)
    if NONE in kinds:
        for k, asked in zip(range(count), wanted(path, prompts, held_out), strict=False):
            rows.append(item(NONE, k, Contour.empty(), asked))
    if not rows:
        raise InvalidRequest(
            "Nothing to decode: held-out structures need --data, and the structure stage of this path has no "
            "weights here; give --data, --structure NAME=WEIGHTS, or --structures none."
        )
    varied = [r for kind in dict.fromkeys(r.kind for r in rows) for r in of_kind(rows, kind)[:VARIED]]
    return rows + [replace(r, take=take) for take in range(1, seeds) for r in varied]


def of_kind(items: Sequence[Item], kind: str) -> list[Item]:
    return [one for one in items if one.kind == kind]


def item(kind: str, number: int, contour: Contour, asked: Conditioning, before: str = "") -> Item:
    """The first take of a wish."""
    about = [asked.subject, *asked.details, asked.style or asked.look or ""]
    return Item(kind, number, 0, before + ", ".join(str(a) for a in about if a), asked, contour)


def wanted(path: str, prompts: Sequence[str] | None, held_out: Gallery | None) -> Iterator[Conditioning]:
    """What is asked for, without end."""
    if prompts:
        from audiogen.prompt import parse

        told = [parse(prompt, path=path) for prompt in prompts]
    elif held_out is not None:
        told = [held_out.asked(k) for k in range(len(held_out))]
    elif path == "digit":
        # styles in turn as in the reference; after twenty each digit meets the other half of them
        told = [wish(path, str((k + k // 20) % 10), STYLES[k % len(STYLES)]) for k in range(40)]
    else:
        told = [wish(path, subject, look) for look in LOOKS for subject in SUBJECTS]
    while True:
        yield from told


def contours_of(items: Sequence[Item]) -> np.ndarray | None:
    """Their contours, float32 [N, 64, 64]; None where there are none."""
    if any(one.contour.is_empty for one in items):
        return None
    return np.stack([one.contour.enlarged().pixels for one in items])
