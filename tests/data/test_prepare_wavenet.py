"""Codes for WaveNet: sparse windows, in one key, at a level that uses eight bits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import yaml

from audiogen.artifacts import Notes
from audiogen.data.piano_midi import read_corpus
from audiogen.data.prepare_wavenet import LOUD, WavenetData, in_c, levelled, sparse_windows
from audiogen.data.registry import prepare_recipe
from audiogen.errors import InvalidRequest
from audiogen.media.mulaw import SILENCE, code_values
from audiogen.structure.score_attributes import estimate_key
from tests.data.test_prepare_piano import write_source


@pytest.mark.parametrize(
    ("tonic", "scale", "key"), [(2, (0, 4, 7, 9, 11), "C major"), (5, (0, 3, 7, 8, 10), "A minor")]
)
def test_every_window_comes_into_one_key_signature(tonic, scale, key):
    pitch = 60 + tonic + np.array([0, *scale, 0, 7, 12, 0])
    rows = np.stack(
        [pitch, np.arange(len(pitch)) / 2.0, np.arange(len(pitch)) / 2.0 + 0.5, np.full(len(pitch), 64.0)], 1
    )
    notes = in_c(Notes.from_rows(rows))
    assert estimate_key(notes.pitch, np.ones(len(notes))) == key
    assert np.abs(notes.pitch - pitch).max() <= 6


def test_crowded_and_empty_windows_are_left_out(tmp_path):
    pieces = list(read_corpus(write_source(tmp_path) / "piano-midi", ("train",), welte_red=False))
    settings = WavenetData(seconds=4.0, density=(0.1, 3.0))
    rows = pieces[0].notes.rows()  # four notes a second
    pieces.append(dataclasses.replace(pieces[0], notes=Notes.from_rows(rows[::3])))
    found, weights = sparse_windows(pieces, settings)
    assert found and {piece for piece, _ in found} == {len(pieces) - 1}
    assert weights.sum() == pytest.approx(1)
    with pytest.raises(InvalidRequest, match="between 9 and 20 notes a second"):
        sparse_windows(pieces, dataclasses.replace(settings, density=(9.0, 20.0)))


def test_loud_and_soft_windows_use_the_same_bits():
    settings = WavenetData(emphasis=0.0)
    wave = np.sin(np.arange(16_000) / 10)
    for gain in (0.01, 0.5):
        assert np.abs(levelled(wave * gain, settings)).max() == pytest.approx(LOUD, rel=0.01)


def test_the_recipe_makes_shards_of_codes_and_notes(tmp_path):
    source, out = write_source(tmp_path / "source"), tmp_path / "out"
    rows = {"name": "wavenet-audio", "train_windows": 3, "valid_windows": 1, "seconds": 2.0}
    rows |= {"windows_per_shard": 2, "welte_red": False, "workers": 1}
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump({"data": rows}))
    prepare_recipe(recipe, source, out)
    assert sorted(f.name for f in out.glob("*-0*.npz")) == ["train-000.npz", "train-001.npz", "valid-000.npz"]
    with np.load(out / "train-000.npz") as shard:
        assert shard["codes"].shape == (2, 32_000) and shard["codes"].dtype == np.uint8
        assert np.abs(code_values()[shard["codes"]]).max() > 0.5
        assert (shard["codes"] != SILENCE).mean() > 0.3
        assert shard["notes"].shape[1] == 5 and set(shard["notes"][:, 0]) == {0, 1}
