"""Prompts as people type them (prompts_*.yaml): what must be understood, refused, or said."""

from __future__ import annotations

import pytest

from tests.prompt.wanted import lines, misses

LINES = [(language, line) for language in ("en", "zh") for line in lines(f"prompts_{language}")]


@pytest.mark.parametrize(("language", "line"), LINES, ids=[line["say"] for _, line in LINES])
def test_prompts(language, line):
    assert misses(line) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_enough_prompts_and_none_twice(language):
    said = [line["say"] for line in lines(f"prompts_{language}")]
    assert len(set(said)) == len(said) >= 180


def test_a_wrong_reading_is_noticed():
    assert misses({"say": "calm piano", "tempo": "fast"}) == ["no tempo"]
    assert misses({"say": "slow piano", "tempo": "fast"}) == ["tempo 62.0, not fast"]
    assert misses({"say": "piano wombat"}) == ["not understood ['wombat'], should be []"]
    assert misses({"say": "piano", "refused": "violin"})
    assert misses({"say": "violin"})
