"""The checks of a take, each on a piece made for it: what is good scores, what is bad is named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audiogen.artifacts import Conditioning, Notes, Structure, Waveform
from audiogen.ranking.adherence import heard_tempo
from audiogen.ranking.closing import end_level_db, home, last_chord
from audiogen.ranking.evidence import Evidence, in_windows
from audiogen.ranking.fidelity import fidelity, matched
from audiogen.ranking.integrity import integrity
from audiogen.ranking.judge import judge
from audiogen.ranking.keys import fits, key_for
from audiogen.ranking.signal import measured_in_parts
from audiogen.ranking.transcribe import note_scores
from audiogen.request import Take
from audiogen.stage import Sampling
from tests.conftest import RATE, struck, tone

SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2)


def piece(
    tonic: int = 60,
    final: tuple[int, ...] = (48, 64, 67, 72),
    last_s: float = 5.8,
    held_s: float = 2.0,
    velocity: float = 64.0,
) -> Notes:
    """A scale up and down from `tonic` in steady eighths of 0.4 s, then a chord."""
    rows = [(tonic + s, 0.2 + 0.4 * k, 0.55 + 0.4 * k, velocity) for k, s in enumerate(SCALE)]
    rows += [(p, last_s, last_s + held_s, velocity) for p in final]
    return Notes.from_rows(np.array(rows, float))


def dying(seconds: float = 4.0) -> np.ndarray:
    """A string with a soft attack that is heard nearly to the end."""
    attack = np.minimum(np.arange(int(seconds * RATE)) / (0.02 * RATE), 1)
    return (struck(220.0, 4 * seconds)[:, : len(attack)] * attack**2).astype(np.float32)


def take_of(notes: Notes | None = None, sound: np.ndarray | None = None, **asked: object) -> Take:
    known = Conditioning(**({"seconds": 8.0} | asked))  # type: ignore[arg-type]
    structure = None if notes is None else Structure(known.seconds, notes)
    wave = None if sound is None else Waveform(sound)
    return Take(1, known, Sampling(seed=1), structure, waveform=wave, recipe={"loudness": "off"})


def deaf(audio: np.ndarray) -> np.ndarray:
    return np.zeros((0, 2))


def check(take: Take, name: str, ear=deaf):
    return {c.name: c for c in judge(take, ear).checks}.get(name)


def test_an_ending_at_home_beats_an_open_one_and_that_beats_a_stop() -> None:
    rests = check(take_of(piece()), "closing")
    elsewhere = check(take_of(piece(final=(50, 66, 69))), "closing")
    stops = check(take_of(piece(last_s=7.9, held_s=0.1)), "closing")
    assert rests.value == 1 and "rests on the tonic of C major" in rests.words
    assert 0.5 < elsewhere.value < 0.8 and "not at home in C major" in elsewhere.words
    assert stops.value < 0.45 and stops.measured["last_onset_before_end_s"] == pytest.approx(0.1)


def test_a_piece_that_dies_long_before_its_end_is_told_so() -> None:
    early = check(take_of(piece(), seconds=20.0), "closing")
    assert early.value < 0.5 and "nothing is struck in the last 14.2 s" in early.words


def test_a_chord_cut_short_does_not_ring() -> None:
    short = check(take_of(piece(held_s=0.15)), "closing")
    assert short.value < 0.5 and short.words == "the last chord sounds 0.2 s"
    pedalled = dataclasses.replace(piece(held_s=0.15), pedal=np.array([[5.7, 1.0], [7.7, 0.0]]))
    assert check(take_of(pedalled), "closing").value > 0.9


@pytest.mark.parametrize(
    ("chord", "key", "value", "words"),
    [
        ((48, 64, 67), "C major", 1.0, "rests on the tonic"),
        ((57, 64, 73), "A minor", 1.0, "rests on the tonic"),  # the Picardy third
        ((52, 60, 67), "C major", 0.85, "on the chord of C major, over E"),
        ((48, 64, 69), "C major", 0.9, "with other tones"),
        ((50, 54, 57), "C major", 0.4, "not at home"),
        ((49, 53, 56), "Db major", 1.0, "rests on the tonic of Db major"),
        ((60,), None, 0.7, "no key can be heard"),
    ],
)
def test_home(chord, key, value, words) -> None:
    found = home(np.array(chord), key)
    assert found.value == pytest.approx(value) and words in found.words


def test_the_last_chord_is_what_still_sounds() -> None:
    rows = np.array([[36, 5.0, 7.0, 60], [60, 1.0, 7.0, 60], [64, 6.0, 7.0, 60], [67, 5.95, 6.05, 60.0]])
    assert last_chord(Notes.from_rows(rows)).tolist() == [36, 64, 67]


def test_a_key_that_fits_as_well_is_chosen_by_where_the_piece_ends() -> None:
    assert key_for(piece(), Conditioning()) == "C major"
    assert key_for(piece(), Conditioning(key="D minor")) == "D minor"
    ambiguous = Notes.from_rows(
        np.array([[60 + s, 0.3 * k, 0.3 * k + 0.3, 60] for k, s in enumerate((*SCALE, 0, 4, 9, -3))], float)
    )
    assert key_for(ambiguous, Conditioning()) == "A minor"
    assert key_for(ambiguous, Conditioning(mode="major")).endswith("major")
    chromatic = Notes.from_rows(np.array([[60 + k, 0.2 * k, 0.2 * k + 0.2, 60] for k in range(12)], float))
    assert fits(chromatic) == {} and key_for(chromatic, Conditioning()) is None


def test_a_sound_that_is_cut_closes_worse_than_one_that_dies_away() -> None:
    dying = struck(220.0, 8.0)
    cut = dying[:, :RATE].copy()
    assert end_level_db(dying, RATE) < -60 < -20 < end_level_db(cut, RATE)
    late, early = (check(take_of(None, x, seconds=x.shape[1] / RATE), "closing") for x in (dying, cut))
    assert late.value == 1 and early.value < 1
    steady = check(take_of(None, tone(220.0, 4.0), seconds=4.0), "closing")
    assert steady.value == 0 and "cut off while it sounds" in steady.words


def test_clean_sound_is_clean_and_every_fault_is_named() -> None:
    clean = dying(8.0)
    assert check(take_of(None, clean), "signal").value == 1

    def faulty(change) -> tuple[float, str]:
        sound = clean.copy()
        change(sound)
        found = check(take_of(None, sound), "signal")
        return found.value, found.words

    def click(x):
        x[:, 150_000] += 0.3

    def late(x):
        x[:] = np.pad(x, ((0, 0), (2 * RATE, 0)))[:, : x.shape[1]]

    def offset(x):
        x += 0.01

    def loud(x):
        np.clip(x * 5, -1, 1, out=x)

    assert faulty(click) == (0.5, "1 click")
    assert faulty(late)[0] == pytest.approx(0.8, abs=0.01) and "s of silence before" in faulty(late)[1]
    assert faulty(offset)[0] < 0.6 and "DC offset of 0.0" in faulty(offset)[1]
    assert faulty(loud)[0] == 0 and "clipped" in faulty(loud)[1] and "true peak" in faulty(loud)[1]
    assert faulty(lambda x: x.fill(np.nan)) == (0, "samples that are no numbers")
    assert faulty(lambda x: x.fill(0)) == (0, "nothing but silence")


def test_long_sounds_are_measured_in_parts() -> None:
    """Faults of all parts are found, and a part that is silent is no fault of the others."""
    note = struck(220.0, 4.0) * np.minimum(np.arange(4 * RATE) / (0.02 * RATE), 1) ** 2
    sound = np.concatenate([note] * 19 + [np.zeros((2, 45 * RATE), np.float32)], 1)
    sound[:, [10 * RATE, 70 * RATE]] += 0.5
    whole, parts = integrity(sound), measured_in_parts(sound, RATE)[0]
    assert parts.clicks == whole.clicks == 2
    assert parts.silent_share == pytest.approx(whole.silent_share, abs=1e-3)
    assert parts.tail_s == pytest.approx(whole.tail_s, abs=0.1)
    assert parts.peak_dbtp == pytest.approx(whole.peak_dbtp, abs=0.01)
    assert parts.fold_down_db == pytest.approx(0.0, abs=0.01)
    sound[0, -1] = np.nan
    assert not measured_in_parts(sound, RATE)[0].finite


def test_a_missed_level_costs() -> None:
    take = take_of(None, dying(), seconds=4.0)
    for aim, value in ((-60.0, 0.0), (-16.0, None)):
        aimed = dataclasses.replace(take, recipe={"loudness": aim})
        found = check(aimed, "signal")
        assert "LU off its level" in found.words and found.measured["target_lufs"] == aim
        assert value is None or found.value == value


def test_what_was_asked_is_measured_in_the_notes() -> None:
    good = check(take_of(piece(), key="C major", density=2.25, loudness=64.0, register=66.0), "obedience")
    assert good.value == 1
    bad = check(take_of(piece(), key="F# major", density=8.0, loudness=110.0, register=90.0), "obedience")
    assert bad.value < 0.05
    for words in (
        "sounds in C major, asked F# major",
        "2.2 notes/s, asked 8.0",
        "loudness 64 of 127, asked 110 of 127",
        "register F#4, asked F#6",
    ):
        assert words in bad.words
    assert bad.measured["asked_density"] == 8.0


def test_mode_articulation_pedal() -> None:
    notes = dataclasses.replace(piece(), pedal=np.array([[0.0, 1.0], [4.0, 0.0]]))
    found = check(take_of(notes, mode="minor", articulation=0.1, pedal=0.5), "obedience")
    assert found.measured["pedal"] == pytest.approx(0.5)
    assert "asked minor" in found.words and "legato" in found.words and "pedal" not in found.words
    assert check(take_of(notes, key="C", mode="major"), "obedience").value > 0.9
    assert check(take_of(piece(), pedal=0.9), "obedience").value == 0
    chords = check(take_of(piece(), texture=3.5), "obedience")
    assert chords.value == 0 and "texture 1.2 notes at once, asked 3.5" in chords.words


@pytest.mark.parametrize("bpm", [50.0, 75.0, 150.0])
def test_an_asked_tempo_is_heard_or_missed(bpm: float) -> None:
    assert heard_tempo(piece(), bpm) == pytest.approx(
        bpm, rel=0.03
    )  # 0.4 s is a beat, its half, or its third
    assert check(take_of(piece(), tempo=150.0), "obedience").value == 1


def test_a_missing_beat_is_said(rng: np.random.Generator) -> None:
    onset = np.sort(rng.uniform(0, 7, 60))
    loose = Notes.from_rows(np.stack([rng.integers(50, 70, 60), onset, onset + 0.2, np.full(60, 64)], 1))
    found = check(take_of(loose, tempo=93.0), "obedience")
    assert found.value == 0 and "no steady beat, asked 93" in found.words
    assert heard_tempo(loose.window(0, 0.1), 93.0) == 0


def test_nothing_asked_or_notes_given_is_nothing_to_obey() -> None:
    assert check(take_of(piece()), "obedience") is None
    given = take_of(piece(), density=9.0)
    given.recipe["source"] = {"file": "mine.mid"}
    assert check(given, "obedience") is None


def test_fidelity_counts_notes_heard_and_invented() -> None:
    notes = piece()
    truth = notes.rows()[:, :2]
    sound = struck(220, 8.0)
    assert check(take_of(notes, sound), "fidelity", lambda audio: truth).value == 1
    lossy = check(
        take_of(notes, sound), "fidelity", lambda audio: np.concatenate([truth[::2], truth[:2] + 1])
    )
    assert lossy.value < 0.5 and "50% of the notes are heard" in lossy.words
    assert lossy.measured["recall"] == 0.5
    assert fidelity(Evidence(take_of(notes, sound), deaf)).value == 0


def test_matching_agrees_with_mir_eval(rng: np.random.Generator) -> None:
    pytest.importorskip("mir_eval")
    for _ in range(20):
        struck_rows = np.stack([rng.integers(60, 64, 80), rng.uniform(0, 4, 80)], 1)
        heard_rows = np.stack([rng.integers(60, 64, 70), rng.uniform(0, 4, 70)], 1)
        f1 = 2 * matched(struck_rows, heard_rows) / 150
        assert f1 == pytest.approx(note_scores(struck_rows, heard_rows).f1)


def test_without_notes_the_heard_ones_are_asked() -> None:
    """A mel has no notes: closing, density and key are taken from what can be heard."""
    truth = piece().rows()[:, :2]
    take = take_of(None, struck(220, 8.0), density=2.25, key="C major", loudness=20.0, pedal=0.9)
    found = {c.name: c for c in judge(take, lambda audio: truth).checks}
    assert set(found) == {"closing", "signal", "obedience"}
    assert found["closing"].measured["key"] == "C major" and "last_chord_s" not in found["closing"].measured
    assert found["obedience"].value == 1 and "loudness" not in found["obedience"].measured


def test_long_sounds_are_heard_in_windows() -> None:
    """Notes beside the joins are heard once, and at their time."""
    onsets = np.array([0.5, 59.9, 60.05, 119.99, 125.0])

    def ear(audio: np.ndarray) -> np.ndarray:
        at = np.flatnonzero(audio[0] > 0.5) / RATE
        assert audio.shape[1] <= 62 * RATE
        return np.stack([np.full(len(at), 60.0), at], 1)

    sound = np.zeros((2, 126 * RATE), np.float32)
    sound[:, np.round(onsets * RATE).astype(int)] = 1
    rows = in_windows(ear, sound)
    np.testing.assert_allclose(rows[:, 1], onsets, atol=1e-4)


def test_other_rates_are_heard_at_44_1() -> None:
    seen = []
    wave = Waveform(struck(220, 2.0, rate=48_000), 48_000)
    take = dataclasses.replace(take_of(piece(), seconds=2.0), waveform=wave)

    def ear(audio: np.ndarray) -> np.ndarray:
        seen.append(audio.shape)
        return np.zeros((0, 2))

    judge(take, ear)
    assert seen == [(2, 2 * RATE)]
