"""A MIDI file played otherwise than it is written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.media import keys
from audiogen.media.midi import MidiData
from audiogen.media.midi_changes import MidiChanges, changed
from audiogen.rows import from_rows

PIECE = MidiData(
    notes=np.array([[60, 10.0, 10.5, 64], [72, 11.0, 13.0, 80]]),
    pedal=np.array([[9.5, 1.0], [12.0, 0.0]]),
    tempo=120.0,
    metre=(3, 4),
    key="C major",
    end_s=60.0,
)


def test_nothing_asked_is_nothing_changed():
    assert changed(PIECE, MidiChanges()) is PIECE


def test_half_the_tempo_is_twice_as_long():
    slow = changed(PIECE, MidiChanges(tempo=60.0))
    assert slow.notes[:, 1:3].tolist() == [[20.0, 21.0], [22.0, 26.0]]
    assert slow.pedal[:, 0].tolist() == [19.0, 24.0]
    assert (slow.tempo, slow.end_s) == (60.0, 120.0)


def test_a_file_that_says_no_tempo_counts_as_120():
    free = MidiData(PIECE.notes, PIECE.pedal)
    assert changed(free, MidiChanges(tempo=240.0)).notes[0, 1] == 5.0


def test_transposing_moves_notes_and_key():
    down = changed(PIECE, MidiChanges(transpose=-2))
    assert down.notes[:, 0].tolist() == [58, 70] and down.key == "Bb major"


def test_notes_that_leave_the_keyboard_are_said():
    up = changed(PIECE, MidiChanges(transpose=40))
    assert up.notes[:, 0].tolist() == [100]
    assert up.remarks == ("left out 1 note that --transpose moves off the 88 keys",)
    with pytest.raises(InvalidRequest, match="no note stays on the 88 keys"):
        changed(PIECE, MidiChanges(transpose=60))


def test_trimming_leaves_out_the_silence_at_both_ends():
    trimmed = changed(PIECE, MidiChanges(trim=True))
    assert trimmed.notes[:, 1].tolist() == [0.0, 1.0]
    assert trimmed.pedal.tolist() == [[0.0, 1.0], [2.0, 0.0]]  # the pedal was down before the first note
    assert trimmed.end_s is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tempo": 0.0}, "tempo must be 5 .. 480"),
        ({"tempo": float("nan")}, "tempo must be"),
        ({"transpose": 100}, "-87 .. 87"),
        ({"channels": (0,)}, "1 .. 16, not 0"),
    ],
)
def test_impossible_changes_are_refused(wrong, words):
    with pytest.raises(InvalidRequest, match=words):
        MidiChanges(**wrong)


def test_changes_survive_json():
    changes = MidiChanges(90.0, -3, (1, 10), True)
    assert from_rows(MidiChanges, json.loads(json.dumps(changes.to_dict()))) == changes
    assert MidiChanges().to_dict() == {}


@pytest.mark.parametrize(
    ("name", "semitones", "wanted"),
    [
        ("C major", 1, "Db major"),
        ("A minor", 2, "B minor"),
        ("E minor", -14, "D minor"),
    ],
)
def test_a_transposed_key_has_few_accidentals(name, semitones, wanted):
    assert keys.transposed(name, semitones) == wanted


def test_one_key_in_two_spellings():
    assert keys.same("C# minor", "Db minor") and not keys.same("C major", "C minor")
