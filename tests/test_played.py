"""Words beside a MIDI file: what its notes contradict is said, and neither silence nor a cut goes unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.making import understand
from audiogen.media.midi import SUFFIXES, MidiData, midi_bytes
from audiogen.media.midi_changes import MidiChanges
from audiogen.request import Request
from audiogen.stage import Sampling


def scale(folder: Path, first_s: float = 0.0, name: str = "scale.mid", end_s: float | None = None) -> Path:
    """Ten quarters at 120, in A minor."""
    onset = first_s + 0.5 * np.arange(10)
    notes = np.stack([57 + np.arange(10), onset, onset + 0.5, np.full(10, 64.0)], 1)
    data = MidiData(notes, np.zeros((0, 2)), 120.0, (4, 4), "A minor", end_s=end_s)
    (folder / name).write_bytes(midi_bytes(data))
    return folder / name


def test_words_that_the_notes_contradict_are_said_and_not_claimed(tmp_path: Path) -> None:
    plan = understand(Request("very slow, in C major, staccato", source=scale(tmp_path)))
    known = plan.conditioning
    assert known.tempo is known.key is known.mode is known.articulation is None
    (said,) = (remark for remark in plan.remarks if "not followed" in remark)
    for part in ("tempo 54", "key C major", "articulation", "it has tempo 120, key A minor", "--tempo 54"):
        assert part in said


def test_words_that_the_notes_bear_out_stay_and_nothing_is_said(tmp_path: Path) -> None:
    plan = understand(Request("120 bpm in A minor, 4/4, 2 notes per second", source=scale(tmp_path)))
    known = plan.conditioning
    assert (known.tempo, known.key, known.metre, known.density) == (120, "A minor", (4, 4), 2)
    assert plan.remarks == ()


def test_loudness_is_followed_for_the_level_obeys_it(tmp_path: Path) -> None:
    plan = understand(Request("pp", source=scale(tmp_path)))
    assert plan.conditioning.loudness is not None and plan.conditioning.loudness < 45 and plan.remarks == ()


def test_a_changed_tempo_is_what_the_words_are_held_against(tmp_path: Path) -> None:
    changes = MidiChanges(tempo=60.0, transpose=3)
    plan = understand(Request("60 bpm in C minor", source=scale(tmp_path), changes=changes))
    assert plan.remarks == () and plan.conditioning.tempo == 60
    assert plan.start.notes.tempo == 60 and plan.start.notes.onset_s[1] == pytest.approx(1.0)


def test_a_variation_can_follow_more_of_the_words(tmp_path: Path) -> None:
    request = Request("60 bpm, staccato", source=scale(tmp_path), sampling=Sampling(variation=0.5))
    plan = understand(request)
    assert plan.conditioning.tempo is None and plan.conditioning.articulation is not None


def test_a_length_in_words_cuts_and_a_longer_one_is_said(tmp_path: Path) -> None:
    cut = understand(Request("soft, 3 s", source=scale(tmp_path)))
    assert cut.conditioning.seconds == cut.start.seconds == 3.0
    whole = understand(Request("soft, 40 s", source=scale(tmp_path)))
    assert whole.conditioning.seconds == pytest.approx(6.5)
    assert any(remark.startswith("40 s: the file ends after 6.5 s") for remark in whole.remarks)
    assert understand(Request("soft", source=scale(tmp_path))).conditioning.seconds == pytest.approx(6.5)


def test_silence_before_and_after_the_music_is_said(tmp_path: Path) -> None:
    late = understand(Request(source=scale(tmp_path, 20.0)))
    assert late.remarks == ("the music begins after 20.0 s of silence; --trim leaves it out",)
    padded = understand(Request(source=scale(tmp_path), seconds=100.0))
    assert padded.remarks == ("the music has died away at 5.0 s; 95.0 s of silence follow",)
    assert understand(Request(source=scale(tmp_path, end_s=7.0))).remarks == ()


def test_trim_and_its_advice(tmp_path: Path) -> None:
    late = scale(tmp_path, 700.0)
    with pytest.raises(InvalidRequest, match="from 700.0 to 705.0 s: --trim leaves out the silence"):
        understand(Request(source=late))
    with pytest.raises(InvalidRequest, match="first note of this file comes after 700.0 s"):
        understand(Request(source=late, seconds=600.0))
    trimmed = understand(Request(source=late, changes=MidiChanges(trim=True)))
    assert trimmed.conditioning.seconds == pytest.approx(6.5) and trimmed.remarks == ()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_suffix_of_midi_is_taken(tmp_path: Path, suffix: str) -> None:
    plan = understand(Request(source=scale(tmp_path, name=f"song{suffix}")))
    assert len(plan.start.notes) == 10


def test_only_a_midi_file_can_be_changed(tmp_path: Path) -> None:
    kept = understand(Request(source=scale(tmp_path))).start
    kept.save(tmp_path / "kept.npz")
    with pytest.raises(InvalidRequest, match="kept.npz is none"):
        understand(Request(source=tmp_path / "kept.npz", changes=MidiChanges(transpose=1)))
