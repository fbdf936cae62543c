"""Variations: what stays is exactly what it was, what is new fits; tiny random weights unless marked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.pipeline import Pipeline
from audiogen.stage import Sampling
from audiogen.structure.score.events import FREE, METRICAL
from audiogen.structure.score.stage import ScoreStage
from audiogen.structure.score.variation import (
    changes,
    choose,
    free_passages,
    is_metrical,
    kept_spans,
    key_of,
    on_grid,
    pedal_within,
    read,
    touch,
    without_collisions,
)
from tests.structure.test_score import TINY, assert_playable, notes_of, write

SECONDS = 16.0


@pytest.fixture(scope="module")
def tiny() -> ScoreStage:
    stage = ScoreStage.from_config(TINY, seed=3)
    generator = torch.Generator().manual_seed(3)
    for weight in stage.network.parameters():
        weight.normal_(0, 0.1, generator=generator)
    stage.network.heads[0][-1].bias[0] += 0.8  # mostly notes ...
    stage.network.heads[1][-1].bias[:20] += 0.6  # ... soon after each other
    stage.network.heads[1][-1].bias[128:140] += 0.6
    return stage


def same(a: Notes, b: Notes, tolerance_s: float = 0.01) -> np.ndarray:
    """Which notes of `a` are in `b`: same key, onset within `tolerance_s`; bool [N]."""
    found = np.zeros(len(a), bool)
    free = np.ones(len(b), bool)
    for k, (pitch, onset) in enumerate(zip(a.pitch, a.onset_s, strict=True)):
        near = np.flatnonzero(free & (b.pitch == pitch) & (np.abs(b.onset_s - onset) <= tolerance_s))
        if len(near):
            free[near[0]], found[k] = False, True
    return found


def song(tempo: float | None = 120.0, loose_s: float = 0.0, seed: int = 0) -> Structure:
    """Broken chords of C major in eighths at 120 bpm with a bass, and a final chord; 16 s."""
    rng = np.random.default_rng(seed)
    rows = [(48 + (0, 5, 7, 0)[b % 4], 2.0 * b, 2.0 * b + 1.9, 60) for b in range(7)]
    for k in range(56):
        chord = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))[(k // 8) % 4]
        rows.append((60 + chord[k % 3], 0.25 * k, 0.25 * k + 0.2, 70 + k % 5))
    rows += [(p, 14.0, 15.7, 64) for p in (48, 64, 67, 72)]
    table = np.array(rows, float)
    table[:, 1:3] += rng.normal(0, loose_s, (len(table), 1)) if loose_s else 0
    table[:, 1] = np.maximum(table[:, 1], 0)
    return Structure(SECONDS, Notes.from_rows(table, tempo=tempo, metre=(4, 4) if tempo else None))


def varied(stage: ScoreStage, base: Structure, share: float, number: int = 0) -> Notes:
    sampling = Sampling(seed=1, variation=share, variation_seed=number)
    made = stage.vary(base, Conditioning(seconds=base.seconds), sampling)
    assert made.seconds == base.seconds
    return notes_of(made)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize(("tempo", "loose_s"), [(120.0, 0.0), (120.0, 0.004), (None, 0.05)])
def test_about_the_asked_share_stays_exactly(tiny, share, tempo, loose_s) -> None:
    base = song(tempo, loose_s)
    before = notes_of(base)
    for number in range(3):
        after = varied(tiny, base, share, number)
        stays = same(before, after, 1e-9)
        assert 1 - share - 0.1 <= stays.mean() <= 1 - share + 0.15
        assert stays[:4].all() and stays[before.onset_s >= 14].all(), "beginning and ending"
        assert set(after.velocity[same(after, before, 1e-9)]) <= set(before.velocity)
        assert_playable(Structure(SECONDS, after))


def test_whole_passages_stay(tiny) -> None:
    """What goes lies together: few places where old and new meet."""
    before = notes_of(song())
    stays = same(before, varied(tiny, song(), 0.3), 1e-9)
    assert np.abs(np.diff(stays.astype(int))).sum() <= 8


def test_none_is_the_piece_itself_and_all_is_another(tiny) -> None:
    base = song()
    np.testing.assert_array_equal(varied(tiny, base, 0.0).rows(), notes_of(base).rows())
    made = varied(tiny, base, 1.0)
    assert same(notes_of(base), made, 1e-9).mean() < 0.3
    assert_playable(Structure(SECONDS, made))


def test_metrical_music_stays_on_its_grid(tiny) -> None:
    rigid = varied(tiny, song(), 0.4)
    ticks = rigid.onset_s / (60 / 120 / 24)
    np.testing.assert_allclose(ticks, np.round(ticks), atol=1e-6)
    assert (rigid.tempo, rigid.metre) == (120.0, (4, 4))
    loose = varied(tiny, song(loose_s=0.006), 0.4)
    off = np.abs(loose.onset_s / (60 / 120 / 24) % 1 - 0.5)
    assert 0 < np.median(0.5 - off) * (60 / 120 / 24) < 0.008


def test_several_variations_of_one_piece(tiny) -> None:
    base = song()
    made = [varied(tiny, base, 0.3, k).rows() for k in (0, 0, 1, 2)]
    np.testing.assert_array_equal(made[0], made[1])
    for a, b in ((0, 2), (0, 3), (2, 3)):
        assert made[a].shape != made[b].shape or (made[a] != made[b]).any()


def test_a_batch_of_variations_is_of_the_piece_of_its_seed(tiny) -> None:
    pipeline = Pipeline(tiny)
    x = Conditioning(seconds=8.0)
    base = notes_of(pipeline(x, Sampling(seed=4)))
    batch = pipeline(x, Sampling(seed=4, variation=0.3, n=3))
    for made in batch:
        assert same(base, notes_of(made), 1e-9).mean() > 0.5
    alone = pipeline(x, Sampling(seed=4, variation=0.3, variation_seed=2))
    np.testing.assert_array_equal(notes_of(batch[2]).rows(), notes_of(alone).rows())
    assert Sampling(seed=4, decoder_seed=9, variation=0.3).item(2).decoder_seed == 9


def test_pedal_of_what_stays_stays(tiny) -> None:
    base = song(None, 0.05)
    pedal = np.array([[0.5, 1], [1.9, 0], [2.1, 1], [3.9, 0], [12.5, 1], [15.7, 0.0]])
    before = dataclasses.replace(notes_of(base), pedal=pedal)
    after = varied(tiny, Structure(SECONDS, before), 0.3)
    assert (np.diff(after.pedal[:, 1]) != 0).all() and (np.diff(after.pedal[:, 0]) >= 0).all()
    assert after.pedal[-1].tolist() == [15.7, 0.0]
    none = varied(tiny, base, 0.3)
    assert len(none.pedal) == 0, "a piece without pedal gets none"


def test_dead_velocities_stay_dead(tiny) -> None:
    flat = song().notes.rows()
    flat[:, 3] = 80
    made = varied(tiny, Structure(SECONDS, Notes.from_rows(flat, tempo=120.0)), 0.5)
    assert set(made.velocity) == {80.0}


def test_new_notes_are_held_as_the_others_are(tiny) -> None:
    base = song(None, 0.03)
    short = notes_of(base).rows()
    short[:, 2] = np.minimum(short[:, 2], short[:, 1] + 0.07)
    for notes, wanted in ((Notes.from_rows(short), 0.3), (notes_of(base), 0.75)):
        before = touch(notes)
        after = varied(tiny, Structure(SECONDS, notes), 0.5)
        assert abs(touch(after) - before) < 0.2 and abs(before - wanted) < 0.15


def test_long_rests_and_short_pieces(tiny) -> None:
    rows = np.array([[60, 2.0, 3.0, 64], [64, 2.5, 3.0, 64], [67, 14.0, 15.0, 64], [72, 14.5, 15.0, 64.0]])
    for share in (0.2, 0.5, 1.0):
        made = varied(tiny, Structure(16.0, Notes.from_rows(rows)), share)
        assert len(made) and made.onset_s.max() < 15.5
    one = Structure(1.0, Notes.from_rows(rows[:1] - np.array([0, 2, 2, 0])))
    assert len(varied(tiny, one, 0.3)) >= 1


def test_without_notes_there_is_nothing_to_vary(tiny) -> None:
    with pytest.raises(InvalidRequest, match="needs notes"):
        tiny.vary(Structure.empty(5.0), Conditioning(), Sampling(variation=0.3))


def test_settings_are_checked() -> None:
    with pytest.raises(InvalidRequest, match="variation must be 0 .. 1, not 1.5"):
        Sampling(variation=1.5)
    with pytest.raises(InvalidRequest, match="variation_seed must be 0"):
        Sampling(variation_seed=-1)
    plain, other = Sampling(seed=3, variation=0.3), Sampling(seed=3, variation=0.3, variation_seed=1)
    assert plain.seed_for("structure") == other.seed_for("structure")
    assert plain.seed_for("decoder") == other.seed_for("decoder")
    assert plain.seed_for("variation") != other.seed_for("variation")
    assert dataclasses.replace(plain, decoder_seed=8).seed_for("variation") == plain.seed_for("variation")


def test_progress_tells_of_the_variation(tiny) -> None:
    seen: list[str] = []
    x = Conditioning(seconds=4.0)
    tiny(x, x, Sampling(variation=0.5), lambda stage, step, total: seen.append(stage) is None)
    assert list(dict.fromkeys(seen)) == ["structure", "variation"]


def test_music_is_metrical_if_its_notes_lie_on_a_grid(rng: np.random.Generator) -> None:
    assert read(notes_of(song()), SECONDS).kind == METRICAL
    assert read(notes_of(song()), SECONDS).rigid and not read(notes_of(song(120.0, 0.005)), SECONDS).rigid
    assert read(notes_of(song(120.0, 0.005)), SECONDS).kind == METRICAL
    assert read(notes_of(song(None)), SECONDS).kind == FREE
    played = dataclasses.replace(notes_of(song(120.0, 0.06)))
    assert read(played, SECONDS).kind == FREE, "a file's 120 bpm says nothing of a free performance"
    assert read(played, SECONDS, metrical=True).kind == METRICAL, "whoever wrote it knows"
    for bpm in (60.0, 120.0, 200.0):
        chance = on_grid(np.sort(rng.uniform(0, 60, 400)), bpm)[1]
        assert not is_metrical(chance, bpm)


def test_onsets_snap_to_what_they_are_near() -> None:
    ticks, off = on_grid(np.array([0.004, 0.496, 0.6633, 0.55]), 120.0)  # 0.55 s is 2.4 ticks off
    assert ticks.tolist() == [0.0, 24.0, 32.0, 26.0]
    assert off[:3].max() < 0.005 < off[3]


def test_passages_are_cut_at_the_longest_waits() -> None:
    onset = np.array([0.0, 0.3, 0.6, 1.6, 1.9, 2.2, 2.4, 3.3, 3.7, 4.2])
    assert free_passages(onset).tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    assert free_passages(np.array([1.0, 1.0, 1.01])).tolist() == [0, 0, 0]


def test_choice_of_passages(rng: np.random.Generator) -> None:
    count = rng.integers(4, 12, 24)
    for share in (0.05, 0.3, 0.7):
        for _ in range(20):
            anew = choose(count, share, rng)
            assert abs(count[anew].sum() / count.sum() - share) < 0.06
            assert not anew[0] and not anew[-1] and anew.any()
    assert choose(count, 1.0, rng).all() and not choose(count, 0.0, rng).any()
    nearly = choose(count, 0.97, rng)
    assert nearly.sum() == 23 and not nearly[-1]
    assert choose(np.array([5]), 0.3, rng).any()


def test_kept_spans_hold_what_stays() -> None:
    piece = read(notes_of(song()), SECONDS)
    anew = np.zeros(piece.passage.max() + 1, bool)
    anew[2:4] = True
    first, last = kept_spans(piece, anew)
    assert (first.start, last.stop) == (0.0, pytest.approx(SECONDS / piece.unit_s))
    assert len(first.events) + len(last.events) == (~anew[piece.passage]).sum()
    assert first.stop == piece.time[piece.passage == 2][0] and last.start == piece.time[piece.passage == 4][0]
    whole = kept_spans(piece, np.zeros(len(anew), bool))
    assert len(whole) == 1 and kept_spans(piece, np.ones(len(anew), bool)) == []


def test_pedal_at_the_seams() -> None:
    pedal = np.array([[1.0, 1], [2.0, 0], [3.0, 1.0]])
    assert pedal_within(pedal, 1.5, 2.5).tolist() == [[1.5, 1], [2.0, 0]]
    assert pedal_within(pedal, 0.0, 2.5).tolist() == [[1.0, 1], [2.0, 0]]
    assert pedal_within(pedal, 2.2, 2.5).tolist() == [[2.2, 0]]
    mixed = np.array([[2.0, 1], [0.0, 0], [1.0, 1], [3.0, 0.0]])
    assert changes(mixed).tolist() == [[1.0, 1], [3.0, 0]]


def test_no_double_strikes_at_the_seams() -> None:
    kept = np.array([[60, 1.0, 1.5, 64.0]])
    new = np.array([[60, 0.95, 1.2, 64], [60, 1.05, 1.2, 64], [61, 1.0, 1.2, 64], [60, 1.1, 1.2, 64.0]])
    assert without_collisions(new, kept)[:, :2].tolist() == [[61, 1.0], [60, 1.1]]


def test_a_named_key_is_believed_if_it_fits() -> None:
    notes = notes_of(song())
    assert key_of(dataclasses.replace(notes, key="C major")) == "C major"
    assert key_of(dataclasses.replace(notes, key="F# major")) == "C major"
    assert key_of(notes) == "C major"


@pytest.mark.weights
def test_shipped_variations_keep_what_was_asked_key_and_density() -> None:
    stage = ScoreStage.from_pretrained("piano-score")
    x = Conditioning(seconds=15.0, key="D minor", mode="minor", tempo=100.0, metre=(3, 4))
    kept, density = [], []
    for seed in range(4):
        base = notes_of(write(stage, Sampling(seed=seed), **dataclasses.asdict(x)))
        made = notes_of(write(stage, Sampling(seed=seed, variation=0.3), **dataclasses.asdict(x)))
        assert_playable(Structure(15.0, made))
        kept.append(same(base, made).mean())
        density.append(len(made) / len(base))
    assert 0.62 <= np.mean(kept) <= 0.85 and min(kept) > 0.55
    assert 0.8 <= np.mean(density) <= 1.25
