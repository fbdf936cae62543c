"""`audiogen data`: recipe sections -> a preparation by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.data import registry


@dataclass(frozen=True)
class ToyData:
    count: int = 1


def prepare(source: Path, out: Path, settings: ToyData) -> None:
    out.mkdir()
    (out / "count.txt").write_text(str(settings.count))


def test_prepare_recipe_finds_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.DATA, "toy", (f"{__name__}:prepare", f"{__name__}:ToyData"))
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {name: toy, count: 3}\n")
    registry.prepare_recipe(recipe, tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "count.txt").read_text() == "3"
    for text, words in {
        "data: {name: toy, coumt: 3}": "did you mean 'count'",
        "data: toi": "did you mean 'toy'",
        "seed: 1": "no `data:` section",
    }.items():
        recipe.write_text(text)
        with pytest.raises(InvalidRequest, match=words):
            registry.prepare_recipe(recipe, tmp_path, tmp_path / "out2")
    recipe.write_text("data: toy")
    with pytest.raises(InvalidRequest, match="no folder"):
        registry.prepare_recipe(recipe, tmp_path / "nowhere", tmp_path / "out2")
