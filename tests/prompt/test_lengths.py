"""Lengths as people write them, and what looks like a length and is none."""

from __future__ import annotations

import pytest

from audiogen.prompt import parse


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("rain 1min30s", 90),
        ("rain 1m30s", 90),
        ("rain 1m30", 90),
        ("rain for 1h30m", 5400),
        ("rain 0:01:30", 90),
        ("rain 7,5 sec", 7.5),
        ("rain 7,5s", 7.5),
        ("piano 12,5 seconds", 12.5),
        ("tempo 90,5 s, piano", 5),  # a comma between two amounts
        ("half a min of piano", 30),
        ("half min piano", 30),
        ("half a second of rain", 0.5),
        ("one and a half min of rain", 90),
        ("a third of a minute of rain", 20),
        ("two thirds of a minute, rain", 40),
        ("20+ seconds of rain", 20),
        ("三分之一分钟的雨", 20),
        ("四分之三分钟的雨", 45),
        ("一又四分之一分钟的雨", 75),
        ("雨声,半秒", 0.5),
        ("两个半小时的雨", 9000),
        ("一小时二十分的雨", 4800),
    ],
)
def test_lengths(prompt, seconds):
    known = parse(prompt)
    assert (known.seconds, known.unknown) == (seconds, ())


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("二十多秒的钢琴", 25),
        ("二十几秒的雨", 25),
        ("30来秒的雨", 30),
        ("一分多钟的雨", 75),
        ("twenty-odd seconds of rain", 25),
        ("a few minutes of rain", 180),
    ],
)
def test_vague_lengths_are_taken_as_one_and_said(prompt, seconds):
    known = parse(prompt)
    assert (known.seconds, known.unknown) == (seconds, ())
    assert any(f"is taken as {seconds} s" in remark for remark in known.remarks)


@pytest.mark.parametrize(
    "prompt",
    [
        "60s style piano",
        "80s piano",
        "Style: 90s piano, BPM: 100",
        "'80s piano",
        "piano from the 1920s",
        "piano with an eighties vibe",
        "80年代风格的钢琴",
        "八十年代的钢琴",
    ],
)
def test_a_decade_is_no_length(prompt):
    known = parse(prompt)
    assert (known.seconds, known.unknown) == (15, ())
    assert any("decade" in remark for remark in known.remarks)


@pytest.mark.parametrize("prompt", ["90s of rain", "90s calm rain", "piano 90s", "90s, piano"])
def test_a_number_of_seconds_is_no_decade(prompt):
    assert parse(prompt).seconds == 90
