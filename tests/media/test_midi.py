"""MIDI in: whatever the wild writes becomes one piano part in seconds. MIDI out: a sequencer's file."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from audiogen.artifacts import Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.media import smf
from audiogen.media.midi import MidiData, midi_bytes, read_midi
from tests.media.wild_midi import (
    END,
    header,
    meta,
    off,
    on,
    pedal,
    plain,
    program,
    smpte,
    tempo,
    track,
)


def rows(raw: bytes) -> list[list[float]]:
    return read_midi(raw).notes.round(6).tolist()


MIDDLE_C = [60, 0.0, 0.5, 64]


@pytest.mark.parametrize("division", [1, 24, 96, 480, 960, 15360, 32767])
def test_any_division_of_the_quarter(division):
    assert rows(plain(division)) == [MIDDLE_C]


@pytest.mark.parametrize(
    ("frames", "ticks", "a_second"), [(25, 40, 1000), (30, 80, 2400), (24, 4, 96), (29, 100, 2997)]
)
def test_smpte_divisions_count_frames_and_know_no_tempo(frames, ticks, a_second):
    raw = header(smpte(frames, ticks)) + track((0, tempo(250_000)), (0, on(60)), (a_second, off(60)), END)
    data = read_midi(raw)
    # 29 frames are 29.97, so 2997 ticks of a hundredth are one second
    assert data.notes[0, 2] == pytest.approx(1.0, abs=1e-6)
    assert data.tempo is None


def test_a_tempo_map_is_followed_across_tracks_and_inside_notes():
    conductor = track((0, tempo(500_000)), (480, tempo(1_000_000)), (480, tempo(250_000)), END)
    piano = track((240, on(60)), (480, off(60)), (240, on(62)), (480, off(62)), END)
    raw = header(480, 1, 2) + piano + conductor  # the map comes last, and counts all the same
    assert rows(raw) == [[60, 0.25, 1.0, 64], [62, 1.5, 1.75, 64]]
    assert read_midi(raw).tempo == 120


def test_a_tempo_of_zero_is_ignored():
    assert rows(header(480) + track((0, tempo(0)), (0, on(60)), (480, off(60)), END)) == [MIDDLE_C]


def test_running_status_and_velocity_zero():
    raw = header(96) + track(
        (0, on(60)), (96, bytes((60, 0))), (0, bytes((62, 70))), (96, bytes((62, 0))), END
    )
    assert rows(raw) == [MIDDLE_C, [62, 0.5, 1.0, 70]]
    after_meta = header(96) + track((0, on(60)), (0, meta(1, b"hi")), (96, bytes((60, 0))), END)
    assert rows(after_meta) == [MIDDLE_C]


def test_system_exclusive_and_realtime_bytes_are_stepped_over():
    raw = header(96) + track(
        (0, b"\xf0\x03\x43\x12\x00"),
        (0, b"\xf7\x03\x43\x12\xf7"),
        (0, on(60)),
        (48, b"\xf8"),
        (48, off(60)),
        END,
    )
    assert rows(raw) == [MIDDLE_C]


def test_a_key_struck_while_held_is_struck_again():
    raw = header(96) + track((0, on(60)), (48, on(60, 80)), (48, off(60)), (48, off(60)), END)
    assert rows(raw) == [[60, 0.0, 0.25, 64], [60, 0.25, 0.75, 80]]


def test_two_voices_on_one_key_are_one_strike_held_by_either():
    voices = track((0, on(60, 50)), (192, off(60)), END) + track((0, on(60, 70, 1)), (96, off(60, 1)), END)
    data = read_midi(header(96, 1, 2) + voices)
    assert data.notes.tolist() == [[60, 0.0, 1.0, 70]]
    assert data.remarks == ("merged 2 tracks", "1 note that two voices share struck once")


def test_hanging_notes_end_with_the_next_strike_or_the_music():
    raw = header(96) + track((0, on(60)), (0, on(64)), (96, on(60, 70)), (96, off(60)), (9600, END[1]))
    data = read_midi(raw)
    assert data.notes.tolist() == [[60, 0.0, 0.5, 64], [64, 0.0, 1.0, 64], [60, 0.5, 1.0, 70]]
    assert data.remarks == ("released 2 notes that had no end",)


def test_a_note_released_as_it_is_struck_is_tapped():
    (tapped,) = rows(header(96) + track((0, on(60)), (0, off(60)), END))
    assert 0.01 <= tapped[2] <= 0.1


def test_notes_off_the_keyboard_are_left_out_and_said():
    raw = header(96) + track((0, on(20)), (0, on(60)), (0, on(109)), (96, off(60)), END)
    data = read_midi(raw)
    assert data.notes.tolist() == [MIDDLE_C]
    assert data.remarks == ("left out 2 notes off the 88 keys",)


def test_drums_and_effects_are_left_out_and_other_instruments_played_by_the_piano():
    raw = header(96) + track(
        (0, program(40, 1)),
        (0, program(127, 2)),
        (0, on(60)),
        (0, on(62, 64, 1)),
        (0, on(64, 64, 2)),
        (0, on(36, 64, 9)),
        (96, off(60)),
        (0, off(62, 1)),
        (0, off(64, 2)),
        END,
    )
    data = read_midi(raw)
    assert data.notes[:, 0].tolist() == [60, 62]
    assert data.remarks == (
        "merged 2 channels",
        "left out 1 drum note (a piano on channel 10? --channel 10 plays it)",
        "left out 1 note of unpitched instruments",
        "1 note written for other instruments (strings) played by the piano",
    )


def test_half_pedal_counts_from_the_middle_and_any_channel_holds_it():
    raw = header(96) + track(
        (0, on(60)),
        (24, pedal(40)),
        (24, pedal(64)),
        (24, pedal(100)),
        (24, pedal(127, 1)),
        (24, pedal(63)),
        (72, pedal(0, 1)),
        (0, off(60)),
        END,
    )
    assert read_midi(raw).pedal.tolist() == [[0.25, 1.0], [1.0, 0.0]]


def control(controller: int, value: int, channel: int = 0) -> bytes:
    return bytes((0xB0 | channel, controller, value))


def test_the_sostenuto_pedal_holds_the_keys_that_are_down_when_it_is_pressed():
    raw = header(96) + track(
        (0, on(36)),
        (24, control(66, 127)),
        (24, off(36)),  # its string goes on
        (0, on(60)),
        (48, off(60)),  # struck later: not held
        (96, control(66, 0)),
        (0, on(62)),
        (96, off(62)),
        END,
    )
    assert rows(raw) == [[36, 0.0, 1.0, 64], [60, 0.25, 0.5, 64], [62, 1.0, 1.5, 64]]
    assert read_midi(raw).remarks == ()


def test_a_sostenuto_pedal_that_never_comes_up_holds_to_the_end_of_the_music():
    raw = header(96) + track(
        (0, on(36)), (24, control(66, 127)), (24, off(36)), (48, on(60)), (96, off(60)), (9600, END[1])
    )
    assert rows(raw)[0] == [36, 0.0, 1.0, 64]


def test_the_soft_pedal_is_a_softer_touch_and_said():
    raw = header(96) + track(
        (0, on(60, 100)),
        (96, off(60)),
        (0, control(67, 127)),
        (0, on(60, 100)),
        (96, off(60)),
        (0, control(67, 0)),
        (0, on(60, 100)),
        (96, off(60)),
        END,
    )
    before, soft, after = read_midi(raw).notes[:, 3]
    assert before == after == 100 and 75 < soft < 95
    assert read_midi(raw).remarks == ("1 note struck softer by the soft pedal (controller 67)",)


def voices(left: bytes, right: bytes) -> bytes:
    """Two channels, a note each, after a controller each."""
    first = track((0, left), (0, on(48, 80)), (96, off(48)), END)
    second = track((0, right), (0, on(72, 80, 1)), (96, off(72, 1)), END)
    return header(96, 1, 2) + first + second


def test_a_track_that_is_muted_is_left_out_and_said():
    data = read_midi(voices(control(7, 0), control(7, 127, 1)))
    assert data.notes[:, 0].tolist() == [72]
    assert "left out 1 note at volume or expression 0 (controllers 7 and 11)" in data.remarks


def test_the_balance_of_the_voices_becomes_touch():
    """Half the volume is half the velocity: General MIDI gives both the same effect on level."""
    data = read_midi(voices(control(7, 50), control(7, 100, 1)))
    assert data.notes[:, 3].tolist() == [40, 80]
    assert "1 note struck softer by volume or expression (controllers 7 and 11)" in data.remarks


def test_a_fader_that_stands_somewhere_for_all_changes_nothing():
    data = read_midi(voices(control(7, 60), control(7, 60, 1)))
    assert data.notes[:, 3].tolist() == [80, 80] and data.remarks == ("merged 2 tracks",)


def test_expression_swells_and_a_reset_ends_it():
    raw = header(96) + track(
        (0, control(11, 32)),
        (0, on(60, 100)),
        (96, off(60)),
        (0, control(11, 64)),
        (0, on(60, 100)),
        (96, off(60)),
        (0, control(121, 0)),
        (0, on(60, 100)),
        (96, off(60)),
        END,
    )
    assert read_midi(raw).notes[:, 3].tolist() == [25, 50, 100]


def test_a_file_with_nothing_but_muted_notes_says_so():
    with pytest.raises(InvalidRequest, match="2 notes at volume or expression 0"):
        read_midi(voices(control(7, 0), control(11, 0, 1)))


DRUMMED = header(96) + track((0, on(60, 64, 9)), (96, off(60, 9)), (0, on(62, 64, 2)), (96, off(62, 2)), END)


def test_a_chosen_channel_is_played_whatever_it_is():
    assert read_midi(DRUMMED).notes[:, 0].tolist() == [62]
    assert read_midi(DRUMMED, channels=[10]).notes[:, 0].tolist() == [60]
    assert read_midi(DRUMMED, channels=[10]).remarks == ("left out 1 note of other channels",)
    assert read_midi(DRUMMED, channels=[3, 10]).notes[:, 0].tolist() == [60, 62]


def test_a_channel_without_notes_is_refused_with_those_that_have_some():
    with pytest.raises(InvalidRequest, match="no piano notes on channel 4; there are notes on channel 3, 10"):
        read_midi(DRUMMED, channels=[4])


def test_a_file_of_drums_says_how_to_play_them():
    with pytest.raises(InvalidRequest, match="--channel 10 plays them"):
        read_midi(header(96) + track((0, on(60, 64, 9)), (96, off(60, 9)), END))


def test_a_controller_long_after_the_music_does_not_hold_a_hanging_note():
    raw = header(96) + track((0, on(40)), (0, on(60)), (384, off(60)), (172_800, control(1, 0)), END)
    data = read_midi(raw)
    assert data.notes.tolist() == [[40, 0.0, 2.0, 64], [60, 0.0, 2.0, 64]]
    assert data.remarks == ("released 1 note that had no end",)


def test_what_has_died_away_is_let_go():
    """A key and a pedal that are held for a quarter of an hour after the last strike."""
    raw = header(96) + track((0, on(40)), (0, pedal(127)), (172_800, off(40)), (0, pedal(0)), END)
    data = read_midi(raw)
    assert data.notes[0, 2] == data.pedal[-1, 0] == 30.0
    assert data.remarks == ("keys and pedals let go 30 s after the last strike, which has died away",)


def test_pitch_bends_are_ignored_and_said():
    raw = header(96) + track((0, b"\xe0\x00\x50"), (0, on(60)), (96, off(60)), END)
    assert read_midi(raw).notes.tolist() == [MIDDLE_C]
    assert "pitch bend" in read_midi(raw).remarks[0]


def test_all_notes_off_lets_go_of_every_key():
    raw = header(96) + track((0, on(60)), (96, b"\xb0\x7b\x00"), (96, on(62)), (96, off(62)), END)
    assert rows(raw) == [MIDDLE_C, [62, 1.0, 1.5, 64]]


def test_patterns_of_format_2_follow_each_other_each_with_its_tempo():
    first = track((0, tempo(500_000)), (0, on(60)), (96, off(60)), END)
    second = track((0, tempo(250_000)), (0, on(64)), (96, off(64)), END)
    data = read_midi(header(96, 2, 2) + first + second)
    assert data.notes.tolist() == [MIDDLE_C, [64, 0.5, 0.75, 64]]
    assert "one after the other" in data.remarks[0]


RIFF = b"RIFF" + struct.pack("<I", 12 + len(plain())) + b"RMIDdata" + struct.pack("<I", len(plain()))
WRONG_LENGTH = plain()[:18] + bytes(4) + plain()[22:]


@pytest.mark.parametrize(
    "raw",
    [
        RIFF + plain(),
        bytes(128) + plain(),  # MacBinary
        plain() + b"garbage after the end\x00\xff" * 20,
        header(480) + b"XFIH\x00\x00\x00\x04abcd" + plain()[14:],
        b"MThd" + struct.pack(">IHHH", 8, 0, 1, 480) + b"\0\0" + plain()[14:],
        header(480, 1, 7) + plain()[14:],  # fewer tracks than said
        header(480) + track((0, on(60)), (480, off(60))),  # no end of track
        WRONG_LENGTH,
    ],
    ids=["rmid", "macbinary", "trailing", "other chunk", "long header", "few tracks", "no end", "length"],
)
def test_harmless_oddities_are_read_through(raw):
    data = read_midi(raw)
    assert (data.notes.tolist(), data.remarks) == ([MIDDLE_C], ())


def test_what_is_whole_of_a_cut_file_is_played_and_said():
    raw = header(96) + track((0, on(60)), (96, off(60)), (0, on(62)), (96, off(62)), END)
    data = read_midi(raw[:-9])
    assert data.notes[0].tolist() == MIDDLE_C
    assert data.remarks[0].startswith("track 1 is damaged or cut off")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "it is empty"),
        (b"do re mi\n" * 99, "does not begin with MThd"),
        (b"MThd", "ends inside its header"),
        (header(0) + plain()[14:], "division is 0"),
        (header(smpte(77, 4)) + plain()[14:], "does not exist"),
        (header(96, 1, 0), "holds no track"),
        (header(96) + track(END), "no piano notes"),
        (header(96) + track((0, on(36, 64, 9)), (96, off(36, 9)), END), r"no piano notes \(it has 1 drum"),
        (plain() + bytes(9 << 20), "larger than 8 MB"),
        (header(96) + track(*[(0, on(60)), (0, off(60))] * 250_000, END), "more than 500000 events"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_no_piano_midi_is_refused_in_one_line(raw, words):
    with pytest.raises(InvalidRequest, match=words) as caught:
        read_midi(raw)
    assert "\n" not in str(caught.value)


def test_folders_and_absent_files(tmp_path):
    with pytest.raises(InvalidRequest, match="is a folder"):
        read_midi(tmp_path)
    with pytest.raises(InvalidRequest, match="No such file"):
        read_midi(tmp_path / "absent.mid")


def test_no_bytes_whatever_bring_it_down():
    """Files damaged at random places are read or refused, never a traceback of another kind."""
    notes = np.array([[60, t / 4, t / 4 + 0.3, 70] for t in range(40)])
    whole = midi_bytes(MidiData(notes, np.zeros((0, 2))))
    rng = random.Random(1)
    for _ in range(400):
        raw = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        raw = raw[: rng.randrange(len(raw) // 2, len(raw))] if rng.random() < 0.3 else raw
        try:
            data = read_midi(bytes(raw))
        except InvalidRequest:
            continue
        assert np.isfinite(data.notes).all()
        assert (data.notes[:, 2] > data.notes[:, 1]).all()


# Out.

PIECE = MidiData(
    notes=np.array([[60, 0.0, 0.49, 70], [64, 0.5013, 0.99, 64], [67, 1.0, 2.2, 90]], float),
    pedal=np.array([[0.02, 1.0], [1.98, 0.0]]),
    tempo=97.0,
    metre=(6, 8),
    key="Eb major",
    end_s=3.0,
)


def test_what_is_written_is_read_back_to_half_a_millisecond_and_then_to_the_bit():
    back = read_midi(midi_bytes(PIECE))
    np.testing.assert_allclose(back.notes, PIECE.notes, atol=5e-4)
    np.testing.assert_allclose(back.pedal, PIECE.pedal, atol=5e-4)
    assert (back.tempo, back.metre, back.key, back.remarks) == (97.0, (6, 8), "Eb major", ())
    assert back.end_s == pytest.approx(3.0, abs=5e-4)
    again = read_midi(midi_bytes(back))
    np.testing.assert_array_equal(again.notes, back.notes)
    np.testing.assert_array_equal(again.pedal, back.pedal)


def test_a_sequencer_finds_what_it_looks_for():
    """Read by symusic: conductor events at tick 0, one named track with program and pedal."""
    from symusic import Score

    score = Score.from_midi(midi_bytes(PIECE))
    assert score.ticks_per_quarter % 24 == 0 and score.ticks_per_quarter >= 960
    assert [(t.time, round(t.qpm, 2)) for t in score.tempos] == [(0, 97.0)]
    assert [(m.time, m.numerator, m.denominator) for m in score.time_signatures] == [(0, 6, 8)]
    assert [(k.time, k.key, k.tonality) for k in score.key_signatures] == [(0, -3, 0)]
    assert [marker.text for marker in score.markers] == ["end"]
    (piano,) = score.tracks
    assert (piano.name, piano.program, piano.is_drum) == ("Piano", 0, False)
    assert [(c.number, c.value) for c in piano.controls] == [(64, 127), (64, 0)]
    assert [n.pitch for n in piano.notes] == [60, 64, 67]


@pytest.mark.parametrize("bpm", [None, 20.0, 40.0, 61.7, 97.0, 120.0, 151.3, 300.0])
def test_ten_minutes_drift_less_than_a_millisecond(bpm):
    onset = np.arange(0, 600, 0.737)
    notes = np.stack([60 + 0 * onset, onset, onset + 0.5, 60 + 0 * onset], 1)
    back = read_midi(midi_bytes(MidiData(notes, np.zeros((0, 2)), tempo=bpm)))
    assert np.abs(back.notes[:, 1] - onset).max() < 1e-3


@pytest.mark.parametrize("bpm", [60.0, 97.0, 150.0, 201.0])
def test_bar_lines_fall_on_the_beat_to_the_last_bar(bpm):
    """Every downbeat of a minute lies where the file's own tempo and metre say, to the tick."""
    bar_s = 3 * 60 / bpm
    bars = int(60 / bar_s)
    notes = np.array([[48, k * bar_s, k * bar_s + 0.2, 64] for k in range(bars)])
    file = smf.parse(midi_bytes(MidiData(notes, np.zeros((0, 2)), tempo=bpm, metre=(3, 4))))
    strikes = [e.tick for e in file.tracks[1] if e.status == smf.NOTE_ON]
    assert file.ticks_per_quarter is not None
    assert strikes == [k * 3 * file.ticks_per_quarter for k in range(bars)]


@pytest.mark.parametrize("bpm", [60.0, 97.0, 150.0])
def test_a_quantise_to_24ths_gives_the_score_back(bpm, rng):
    """Human timing of less than half a step is lost by the grid, and nothing else."""
    step_s = 60 / (bpm * 24)
    written = np.sort(rng.choice(2000, 400, replace=False))
    onset = np.maximum(written * step_s + rng.uniform(-0.45, 0.45, 400) * step_s, 0)
    played = Notes.from_rows(np.stack([40 + written % 40, onset, onset + 0.1, 64 + 0 * onset], 1), tempo=bpm)
    kept = Structure.from_midi(read_midi(Structure(500.0, played).midi_bytes()))
    assert np.round(kept.notes.onset_s / step_s).astype(int).tolist() == written.tolist()
    on_grid = smf.parse(kept.quantized().midi_bytes())
    ticks = [e.tick for e in on_grid.tracks[1] if e.status == smf.NOTE_ON]
    assert ticks == (written * (on_grid.ticks_per_quarter // 24)).tolist()


def test_free_music_has_no_grid():
    with pytest.raises(InvalidRequest, match="ask for a tempo"):
        Structure(2.0, Notes.from_rows(np.array([[60, 0.1, 0.5, 64]]))).quantized()


def test_a_kept_file_is_as_long_as_the_piece(tmp_path):
    notes = Notes.from_rows(np.array([[60, 0.1, 9.7, 64.4]]))
    structure = Structure(10.0, notes).as_midi()
    structure.save(tmp_path / "x.mid")
    back = Structure.load(tmp_path / "x.mid")
    assert back.seconds == structure.seconds == 10.0
    np.testing.assert_array_equal(back.notes.rows(), structure.notes.rows())


def test_free_music_stays_free_when_it_is_rounded_to_midi():
    notes = Structure(2.0, Notes.from_rows(np.array([[60, 0.1003, 0.5, 64.4]]))).as_midi().notes
    assert (notes.tempo, notes.metre, notes.key) == (None, None, None)
    assert notes.velocity.tolist() == [64]


def test_a_foreign_file_rings_out():
    assert Structure.from_midi(read_midi(plain())).seconds == 2.0
    held = header(480) + track((0, pedal(127)), (0, on(60)), (480, off(60)), END)
    assert Structure.from_midi(read_midi(held)).seconds == 5.5  # nobody lifts the pedal


def test_notes_added_after_the_end_are_not_cut():
    data = MidiData(np.array([[60, 0.0, 5.0, 64]]), np.zeros((0, 2)), end_s=2.0)
    assert Structure.from_midi(read_midi(midi_bytes(data))).seconds == 6.5
