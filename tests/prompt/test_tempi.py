"""Tempo, metre and bars: which number is the tempo, which note it counts, and how long a bar lasts."""

from __future__ import annotations

import pytest

from audiogen.artifacts import quarters_per_beat
from audiogen.errors import InvalidRequest
from audiogen.prompt import parse


@pytest.mark.parametrize(
    ("prompt", "tempo"),
    [
        ("piano 120 BPM 8 bars", 120),
        ("120 bpm 24 bars piano", 120),
        ("90 BPM 3/4 waltz, 20 s", 90),
        ("90 bpm 4/4 piano", 90),
        ("100 bpm 30 seconds of piano", 100),
        ("piano bpm 100, 20 s", 100),
        ("BPM100 piano", 100),
        ("piano, beats per minute: 100", 100),
        ("Instruments: Piano. Beats per Minute (BPM): 100", 100),
        ("piano, 96 beats a minute, 4 bars", 96),
        ("120bpm8小节钢琴", 120),
        ("120BPM 4/4拍 钢琴", 120),
        ("钢琴,拍速90,8小节", 90),
        ("钢琴,每分钟拍数:90", 90),
        ("♩ = 66, piano", 66),
        ("piano, dotted quarter = 60", 90),
        ("piano, 1/4 = 72", 72),
        ("钢琴,四分音符=72", 72),
        ("钢琴 四四拍 每分钟60拍", 60),
        ("钢琴,四四拍,80拍每分钟", 80),
        ("以四分音符为一拍,每分钟66拍,钢琴", 66),
        ("piano, 80 quarter notes per minute", 80),
    ],
)
def test_which_number_is_the_tempo(prompt, tempo):
    known = parse(prompt)
    assert (known.tempo, known.path, known.unknown) == (tempo, "piano", ())


@pytest.mark.parametrize(
    ("prompt", "quarters", "seconds"),
    [
        ("♩ = 66, 6/8, 8 bars, piano", 66, 8 * 3 * 60 / 66),
        ("piano in 6/8, quarter = 90, 8 bars", 90, 16),
        ("piano in 6/8, eighth = 180, 8 bars", 90, 16),
        ("piano in 6/8, dotted quarter = 60, 8 bars", 90, 16),
        ("piano in 6/8, 60 bpm, 8 bars", 90, 16),  # a bare number counts dotted quarters in compound time
        ("piano in 9/8, ♩. = 60, 4 bars", 90, 12),
        ("八六拍,附点四分音符=60,8小节,钢琴", 90, 16),
        ("waltz, dotted half = 60, 8 bars piano", 180, 8),
        ("圆舞曲,附点二分音符=60,8小节", 180, 8),
        ("piano in 3/8, 120 bpm, 8 bars", 120, 6),
        ("piano in 3/8, ♪ = 120, 8 bars", 60, 12),
        ("piano in 7/8, 140 bpm, 8 bars", 140, 12),
        ("piano in 5/4, 100 bpm, 5 bars", 100, 15),
        ("piano in 2/2, 80 bpm, 8 bars", 80, 24),
        ("piano in 2/2, half note = 80, 8 bars", 160, 12),
        ("piano in 2/2, minim = 80, 8 bars", 160, 12),
        ("piano in 3/2, 100 bpm, 4 bars", 100, 14.4),
    ],
)
def test_quarters_a_minute_and_the_length_of_bars(prompt, quarters, seconds):
    known = parse(prompt)
    assert known.tempo * quarters_per_beat(known.metre) == pytest.approx(quarters)
    assert known.seconds == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(
    ("prompt", "remark"),
    [
        ("piano in 6/8, 60 bpm", '60 bpm in 6/8 counts dotted quarters; say "quarter = 60"'),
        ("piano in 7/8, 140 bpm", '140 bpm in 7/8 counts quarters; say "eighth = 140"'),
        ("piano in 2/2, 80 bpm", '80 bpm in 2/2 counts quarters; say "half = 80"'),
        ("piano, 120 bpm, 8 bars", "8 bars of 4/4 (no other metre is asked for) take 16 s"),
        ("piano, 120 bpm, 8 bars, 10 s", "8 bars: left out; the length is given as 10 s"),
    ],
)
def test_what_a_tempo_counts_is_said_where_it_is_not_plain(prompt, remark):
    assert any(remark in said for said in parse(prompt).remarks)


def test_bars_set_the_metre_that_they_were_counted_in():
    assert parse("piano, 120 bpm, 8 bars").metre == (4, 4)


def test_a_note_that_makes_the_beat_too_fast_is_refused():
    with pytest.raises(InvalidRequest, match="between 20 and 300 bpm, not 320"):
        parse("piano in 4/4, half = 160")
