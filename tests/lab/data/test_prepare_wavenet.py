"""Codes for WaveNet: sparse windows, in one key, and the modes and notes that they are told by."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import yaml

from audiogen.artifacts import Notes
from audiogen.errors import InvalidRequest
from audiogen.lab.data.piano_midi import read_corpus
from audiogen.lab.data.prepare_wavenet import Recordings, in_c, sparse_windows
from audiogen.lab.data.registry import prepare_recipe
from audiogen.media.midi import PIANO_KEYS
from audiogen.media.mulaw import SILENCE, code_values
from audiogen.sampling.modal_source import ModeTable
from audiogen.sampling.modal_source import source as source_of
from audiogen.sampling.struck_keys import strikes
from audiogen.structure.score.attributes import estimate_key
from audiogen.structure.wavenet.stage import struck_in
from tests.lab.data.test_prepare_piano import write_source


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
    rows = pieces[0].notes.rows()  # four notes a second
    pieces.append(dataclasses.replace(pieces[0], notes=Notes.from_rows(rows[::3])))
    found, weights = sparse_windows(pieces, 4.0, (0.1, 3.0))
    assert found and {piece for piece, _ in found} == {len(pieces) - 1}
    assert weights.sum() == pytest.approx(1)
    with pytest.raises(InvalidRequest, match="between 9 and 20 notes a second"):
        sparse_windows(pieces, 4.0, (9.0, 20.0))


def test_strikes_are_mixed_as_loud_and_as_long_as_they_say():
    tones = [np.zeros(0, np.float32)] * PIANO_KEYS
    tones[39] = np.ones(16_000, np.float32)
    recordings = Recordings(tones, np.zeros((PIANO_KEYS, 1)), np.array([64.0]), 16_000)
    rows = np.array([[60.0, -0.5, 0.25, 64.0]])
    sound = recordings.play(strikes(rows, recordings.levels_db, recordings.velocities, 16_000), 1.0)
    assert len(sound) == 16_000
    assert (sound[:4000] == 1).all()
    later = 4000 + round(0.07 * 16_000)
    assert sound[later] == pytest.approx(np.exp(-1), rel=0.01)
    assert (sound[8000:] == 0).all()  # the recording is over


def test_the_recipe_makes_modes_notes_and_shards_of_codes(tmp_path):
    source, out = write_source(tmp_path / "source", tone_s=1.0), tmp_path / "out"
    rows = {"name": "wavenet-audio", "train_windows": 3, "valid_windows": 1, "seconds": 2.0}
    rows |= {"train_excerpts": 4, "valid_excerpts": 2, "excerpt_seconds": 3.0, "layers": [1]}
    rows |= {"windows_per_shard": 2, "welte_red": False, "workers": 1}
    recipe = tmp_path / "tiny.yaml"
    recipe.write_text(yaml.safe_dump({"data": rows}))
    prepare_recipe(recipe, source, out)
    assert sorted(f.name for f in out.glob("*-0*.npz")) == ["train-000.npz", "train-001.npz", "valid-000.npz"]
    with np.load(out / "train-000.npz") as shard:
        assert shard["codes"].shape == (2, 32_000) and shard["codes"].dtype == np.uint8
        assert (shard["codes"] != SILENCE).mean() > 0.3
        assert shard["notes"].shape[1] == 5 and set(shard["notes"][:, 0]) == {0, 1}
        codes, notes = shard["codes"][0], shard["notes"][shard["notes"][:, 0] == 0, 1:]
    with np.load(out / "notes-train.npz") as excerpts:
        assert set(excerpts["notes"][:, 0]) == {0, 1, 2, 3}
    with np.load(out / "modes.npz") as found:
        assert len(found["first"]) == PIANO_KEYS + 1 and found["first"][-1] == len(found["modes"])
        table = ModeTable(found["first"], found["modes"], int(found["start"]), 16_000)
        struck = strikes(notes, found["levels_db"], found["velocities"], 16_000)
    told = source_of(table, struck_in(struck, 0, 32_000, 16_000), 0, 32_000).sum(1)
    wanted = code_values()[codes]
    assert ((wanted - told) ** 2).sum() < 0.2 * (wanted**2).sum()  # the modes are those of the sound
