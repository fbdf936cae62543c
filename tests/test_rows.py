"""Values of strangers' files become settings, or one line that says which of them is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiogen import Request, Sampling
from audiogen.errors import InvalidRequest
from audiogen.rows import fitted, from_rows, shown


@dataclass(frozen=True)
class Inner:
    width: int = 3


@dataclass(frozen=True)
class Outer:
    name: str
    size: int = 1
    share: float | None = None
    pair: tuple[int, int] = (1, 2)
    words: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    inner: Inner = Inner()
    anything: Any = None


def test_lists_become_tuples_and_objects_dataclasses() -> None:
    rows = {"name": "a", "size": 7.0, "pair": [3, 4], "words": ["x"], "inner": {"width": 5}, "share": 2}
    assert from_rows(Outer, rows) == Outer("a", 7, 2, (3, 4), ("x",), inner=Inner(5))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({}, "lacks name"),
        ([], "must be an object"),
        ({"name": 5}, "name must be a text, not 5"),
        ({"name": "a", "sice": 1}, "no setting \"sice\"; did you mean 'size'"),
        ({"name": "a", "size": True}, "size must be a whole number, not true"),
        ({"name": "a", "size": 2.5}, "size must be a whole number, not 2.5"),
        ({"name": "a", "size": float("inf")}, "size must be a whole number"),
        ({"name": "a", "share": float("nan")}, "share must be a finite number, not nan"),
        ({"name": "a", "share": 10**400}, "share must be a number or null"),
        ({"name": "a", "pair": [1]}, r"pair must be a list \[a whole number, a whole number\]"),
        ({"name": "a", "words": "abc"}, "words must be a list of a text"),
        ({"name": "a", "weights": {"rain": "much"}}, "weights: rain must be a number"),
        ({"name": "a", "inner": {"width": None}}, "width must be a whole number, not null"),
    ],
)
def test_a_wrong_value_is_named(rows: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        from_rows(Outer, rows)


def test_a_value_in_a_message_is_short_and_moves_no_cursor() -> None:
    assert "\x1b" not in shown("\x1b[2J") and "\x9b" not in shown("\x9b2J")
    assert len(shown("x" * 10_000)) <= 60
    assert shown(object()) == "object"


def test_numbers_of_numpy_are_numbers() -> None:
    sampling = Sampling(seed=np.int64(7), guidance=np.float32(2), n=np.uint8(2), loop=np.bool_(True))
    assert [type(v) for v in (sampling.seed, sampling.guidance, sampling.n, sampling.loop)] == [
        *(int, float, int, bool)
    ]
    request = Request("calm piano", seconds=np.float32(5), source="mine.mid", rate=np.int32(48_000))
    assert (type(request.seconds), request.source, type(request.rate)) == (float, Path("mine.mid"), int)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seed": None}, "seed must be a whole number, not null"),
        ({"scheduler": Inner()}, "scheduler must be a text or null, not Inner"),
        ({"seed": "7"}, "seed must be a whole number"),
        ({"n": 2.5}, "n must be a whole number"),
        ({"scheduler": 5}, "scheduler must be a text or null"),
        ({"temperature": float("nan")}, "temperature must be a finite number, not nan"),
        ({"seed": 2**63 - 1, "n": 2}, "leave room for n = 2"),
        ({"decoder_seed": 2**63 - 2, "n": 3}, "decoder_seed must leave room"),
        ({"variation_seed": 2**63 - 1, "variation": 0.5, "n": 2}, "variation_seed must leave room"),
    ],
)
def test_a_wrong_setting_is_refused_before_any_work(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Sampling(**settings)


def test_the_last_seeds_can_be_used() -> None:
    assert Sampling(seed=2**63 - 2, n=2).seed == 2**63 - 2
    assert Sampling(seed=2**63 - 1, variation=0.5, n=9).n == 9  # variations keep the seed
    assert Sampling(n=2.0).n == 2  # type: ignore[arg-type]


def test_a_path_may_be_a_text() -> None:
    assert fitted(Path | None, "a/b.png", "init") == Path("a/b.png")
