"""Events and attributes: codes and back, buckets, measured values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audiogen.artifacts import Conditioning
from audiogen.structure.score.attributes import asked, codes, estimate_key, measure
from audiogen.structure.score.events import (
    ATTRIBUTES,
    DOWN,
    DURATION,
    DURATIONS,
    END,
    FIELDS,
    FREE,
    INPUTS,
    METRICAL,
    N_CLOCKED,
    N_DURATION,
    N_SHIFT,
    NOTE,
    PITCH,
    REMAINING_S,
    SHIFT,
    SHIFTS,
    TYPE,
    UP,
    VELOCITY,
    Events,
    encode,
)


def scale(kind: int = FREE, **changes: object) -> Events:
    """An octave of C major, a note each quarter (or 0.5 s), pedal down from the start to the fifth."""
    step = 24.0 if kind == METRICAL else 0.5
    time = np.sort(np.concatenate([np.arange(8) * step, [0.0, 4 * step]]), kind="stable")
    kinds = np.array([NOTE, DOWN, NOTE, NOTE, NOTE, UP, NOTE, NOTE, NOTE, NOTE])
    pitch = np.zeros(10, np.int64)
    pitch[kinds == NOTE] = [60, 62, 64, 65, 67, 69, 71, 72]
    events = Events(
        kind=kind,
        type=kinds,
        time=time,
        pitch=pitch,
        velocity=np.where(kinds == NOTE, 64.0, 0),
        duration=np.where(kinds == NOTE, step, 0),
        bar_phase=np.mod(time, 96) if kind == METRICAL else np.zeros(10),
        bar=(1 + time // 96).astype(int) if kind == METRICAL else np.zeros(10, int),
        bpm=120.0 if kind == METRICAL else 60.0,
        metre=(4, 4) if kind == METRICAL else None,
    )
    return dataclasses.replace(events, **changes)


@pytest.mark.parametrize("kind", [FREE, METRICAL])
def test_targets_decode_to_the_events(kind: int) -> None:
    events = scale(kind, end=12 * scale(kind).time[2], remaining_end=12 * scale(kind).time[2])
    inputs, targets = encode(events)
    assert targets.shape == (11, 5) and inputs.shape == (11, N_CLOCKED)
    assert targets[-1, TYPE] == END and (targets[-1, 1:] == -1).all()
    notes = targets[:, TYPE] == NOTE
    time = np.cumsum(SHIFTS[kind][targets[:-1, SHIFT] - kind * N_SHIFT])
    np.testing.assert_allclose(time, events.time, rtol=0.04)
    np.testing.assert_array_equal(targets[notes, PITCH] + 21, events.pitch[events.type == NOTE])
    assert (targets[notes, VELOCITY] == 16).all()
    held = DURATIONS[kind][targets[notes, DURATION] - kind * N_DURATION]
    np.testing.assert_allclose(held, events.duration[events.type == NOTE], rtol=0.06)


def test_codes_stay_inside_their_tables() -> None:
    wild = scale(time=np.sort(np.random.default_rng(0).uniform(0, 400, 10)), duration=np.full(10, 99.0))
    for events in (wild, scale(METRICAL, remaining_end=1e6, end=None), scale(velocity=np.full(10, 127.0))):
        inputs, targets = encode(events)
        assert (targets < np.array(FIELDS)).all() and (targets >= -1).all()
        assert (inputs < np.array(list(INPUTS.values()))[:N_CLOCKED]).all() and (inputs >= 0).all()


def test_unknown_velocity_is_masked_and_unread() -> None:
    inputs, targets = encode(scale(has_velocity=False))
    assert (targets[:, VELOCITY] == -1).all() and (inputs[:, 1 + VELOCITY - 1] == 0).all()


def test_the_clock_counts_down() -> None:
    left = encode(scale(remaining_end=5.0))[0][:, 5]
    assert (np.diff(left) <= 0).all() and left[0] == 1 + np.searchsorted(REMAINING_S, 5.0)
    assert (encode(scale())[0][:, 5] == 0).all()


def test_measured_attributes_have_their_units() -> None:
    known = measure(scale(place=1), 4.0)
    assert known["density"] == 2.0 and known["loudness"] == 64 and known["place"] == 1
    assert known["pedal"] == pytest.approx(0.5) and known["articulation"] == pytest.approx(1.0)
    assert known["key"] == "C major" and known["tempo"] is None
    metrical = measure(scale(METRICAL), 4.0)
    assert metrical["tempo"] == 120 and metrical["metre"] == (4, 4) and metrical["pedal"] is None


def test_asking_for_what_was_measured_gives_the_same_codes() -> None:
    known = measure(scale(METRICAL), 4.0)
    words = Conditioning(
        tempo=120.0,
        metre=(4, 4),
        key="C major",
        density=2.0,
        loudness=64.0,
        register=known["register"],
        articulation=1.0,
        texture=1.0,
    )
    from_words = codes(asked(words) | {"kind": METRICAL})
    np.testing.assert_array_equal(from_words, codes(known))


@pytest.mark.parametrize(
    ("key", "code"),
    [("C major", 1), ("B minor", 24), ("Db major", 2), ("major", 25), ("minor", 26), ("x", 0)],
)
def test_key_codes(key: str, code: int) -> None:
    assert codes({"kind": 0, "key": key})[list(ATTRIBUTES).index("key")] == code


def test_key_of_noise_is_unknown() -> None:
    assert estimate_key(np.arange(24, 96), np.ones(72)) is None
    minor = np.array([57, 60, 64, 69, 68, 71, 72, 74, 76, 57])
    assert estimate_key(minor, np.array([3, 2, 2, 3, 1, 1, 2, 1, 2, 3.0])) == "A minor"
