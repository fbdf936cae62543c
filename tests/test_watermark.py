"""All that is made carries a mark, unless it is told not to; files of before it are made again without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.making import make
from audiogen.media.loudness import loudness_lufs
from audiogen.origin import SOUND, picture_search, sound
from audiogen.provenance import replayable, request_of
from audiogen.request import Request, Take
from audiogen.stage import Sampling


def only(prompt: str, **settings) -> Take:
    (take,) = make(Request(prompt, sampling=Sampling(seed=7, **settings.pop("sampling", {})), **settings))
    return take


@pytest.mark.parametrize("prompt", ["piano, 4 s", "rain, 4 s", "piano with rain, 4 s"])
def test_a_sound_is_marked_with_the_id_in_its_recipe(tiny: Path, prompt: str) -> None:
    take = only(prompt)
    assert take.waveform is not None
    found = sound.detect(take.waveform.samples, take.waveform.sample_rate)
    assert found.there
    assert found.id == take.recipe["watermark"]["id"] == take.mark


def test_a_picture_is_marked_and_what_stays_of_another_is_not(tiny: Path) -> None:
    take = only("a cartoon cat")
    assert take.picture is not None
    assert picture_search.detect(take.picture.pixels, as_made=True).id == take.recipe["watermark"]["id"]
    plain = only("a cartoon cat", watermark=False).picture
    assert plain is not None
    mask = np.zeros_like(plain.pixels)
    mask[:, :, 256:] = 1
    changed = only("a fox", init=plain, mask=type(plain)(mask), strength=0.5).picture
    assert changed is not None
    np.testing.assert_array_equal(changed.pixels[:, :, :240], plain.pixels[:, :, :240])


@pytest.mark.parametrize("prompt", ["piano, 4 s", "a cartoon cat"])
def test_without_it_there_is_no_mark_and_no_word_of_it(tiny: Path, prompt: str) -> None:
    take = only(prompt, watermark=False)
    assert take.mark is None
    assert "watermark" not in take.recipe
    if take.waveform is not None:
        assert not sound.detect(take.waveform.samples, take.waveform.sample_rate).there
    else:
        assert not picture_search.detect(take.picture.pixels, as_made=True).there


def test_the_mark_changes_neither_level_nor_length(tiny: Path) -> None:
    marked, plain = only("rain, 4 s").waveform, only("rain, 4 s", watermark=False).waveform
    assert marked is not None and plain is not None
    assert marked.samples.shape == plain.samples.shape
    levels = [loudness_lufs(wave.samples, wave.sample_rate) for wave in (marked, plain)]
    assert abs(levels[0] - levels[1]) < 0.05


def test_a_loop_is_marked_over_its_seam(tiny: Path) -> None:
    wave = only("rain, 4 s", sampling={"loop": True}).waveform
    assert wave is not None
    twice = np.roll(wave.samples, wave.samples.shape[1] // 2, axis=1)  # the seam in the middle
    assert sound.detect(twice, wave.sample_rate).there


@pytest.mark.parametrize("watermark", [True, False])
def test_a_file_is_made_again_as_it_was(tiny: Path, watermark: bool) -> None:
    """A recipe that says nothing of a mark, as those of before it, makes none."""
    take = only("piano, 2 s", watermark=watermark)
    assert ("watermark" in take.recipe) == watermark
    (again,) = make(request_of(take.recipe, tiny, tiny))
    assert take.waveform is not None and again.waveform is not None
    np.testing.assert_array_equal(again.waveform.samples, take.waveform.samples)
    assert again.recipe == take.recipe


def test_a_file_of_the_first_version_is_made_again_as_it_was(tiny: Path) -> None:
    take = only("piano, 2 s", marks=1)
    assert take.recipe["watermark"]["version"] == 1
    (again,) = make(request_of(take.recipe, tiny, tiny))
    newest = only("piano, 2 s")
    assert again.recipe == take.recipe
    assert newest.recipe["watermark"] == {"version": SOUND, "id": take.mark}
    assert take.waveform is not None and again.waveform is not None and newest.waveform is not None
    np.testing.assert_array_equal(again.waveform.samples, take.waveform.samples)
    assert not np.array_equal(newest.waveform.samples, take.waveform.samples)


def test_a_mark_of_a_later_version_is_not_guessed(tiny: Path) -> None:
    recipe = only("piano, 1 s").recipe
    with pytest.raises(InvalidRequest, match="watermark is of version 9"):
        replayable(recipe | {"watermark": {"version": 9, "id": "000000"}})
