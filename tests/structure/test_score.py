"""The score stage: grammar, exact length, seeds, asked attributes; tiny random weights unless marked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.pipeline import Pipeline
from audiogen.stage import Sampling, silent
from audiogen.structure.score.attributes import growth, over
from audiogen.structure.score.events import DOWN, FREE, METRICAL, NOTE
from audiogen.structure.score.grammar import Grammar, Plan
from audiogen.structure.score.performance import grown, humanise, loudness, no_overlap, printed
from audiogen.structure.score.stage import ScoreConfig, ScoreStage, complete, full_key

TINY = ScoreConfig(width=32, layers=2, heads=2, hidden=32, head_hidden=16, context=64)


@pytest.fixture(scope="module")
def tiny() -> ScoreStage:
    stage = ScoreStage.from_config(TINY, seed=3)
    generator = torch.Generator().manual_seed(3)
    for weight in stage.network.parameters():  # far from zero, so that every input matters
        weight.normal_(0, 0.1, generator=generator)
    stage.network.heads[0][-1].bias[0] += 0.8  # mostly notes ...
    stage.network.heads[1][-1].bias[:20] += 0.6  # ... soon after each other
    stage.network.heads[1][-1].bias[128:140] += 0.6
    return stage


def write(stage: ScoreStage, sampling: Sampling = Sampling(), **asked: object) -> Structure:
    x = Conditioning(**({"seconds": 8.0} | asked))  # type: ignore[arg-type]
    return stage(x, x, sampling, silent)


def notes_of(structure: Structure) -> Notes:
    assert structure.notes is not None
    return structure.notes


def assert_playable(structure: Structure) -> None:
    """The grammar of a piano part within the asked seconds."""
    notes = notes_of(structure)
    assert len(notes) > 0
    assert notes.onset_s.min() >= 0 and notes.onset_s.max() <= structure.seconds - 0.3
    assert notes.offset_s.max() <= structure.seconds and (notes.offset_s > notes.onset_s).all()
    assert ((notes.pitch >= 21) & (notes.pitch <= 108)).all()
    assert ((notes.velocity >= 1) & (notes.velocity <= 127)).all()
    for pitch in np.unique(notes.pitch):
        mine = notes.pitch == pitch
        assert (notes.onset_s[mine][1:] >= notes.offset_s[mine][:-1]).all(), pitch
    assert (np.diff(notes.pedal[:, 0]) >= 0).all()
    assert (np.diff(notes.pedal[:, 1]) != 0).all()
    if len(notes.pedal):
        assert notes.pedal[0, 1] == 1 and notes.pedal[-1, 1] == 0
    assert notes.end_s() <= structure.seconds


@pytest.mark.parametrize("seconds", [1.0, 5.5, 15.0, 40.0])  # 40 s overflows the tiny context
@pytest.mark.parametrize("seed", [0, 1])
def test_grammar_and_length(tiny: ScoreStage, seconds: float, seed: int) -> None:
    made = write(tiny, Sampling(seed=seed), seconds=seconds)
    assert made.seconds == seconds
    assert_playable(made)


def test_metrical_grammar(tiny: ScoreStage) -> None:
    made = write(tiny, tempo=90.0, metre=(3, 4), key="D minor")
    assert_playable(made)
    notes = notes_of(made)
    assert (notes.tempo, notes.metre, notes.key) == (90.0, (3, 4), "D minor")


def test_one_seed_is_one_score_and_two_are_two(tiny: ScoreStage) -> None:
    first, again, other = (write(tiny, Sampling(seed=s)) for s in (5, 5, 6))
    np.testing.assert_array_equal(notes_of(first).rows(), notes_of(again).rows())
    assert (
        len(notes_of(first)) != len(notes_of(other))
        or (notes_of(first).rows() != notes_of(other).rows()).any()
    )


def test_decoder_seed_leaves_the_score(tiny: ScoreStage) -> None:
    plain = write(tiny, Sampling(seed=5))
    other = write(tiny, Sampling(seed=5, decoder_seed=9))
    np.testing.assert_array_equal(notes_of(plain).rows(), notes_of(other).rows())


def test_item_of_a_batch_equals_it_alone(tiny: ScoreStage) -> None:
    pipeline = Pipeline(tiny)
    batch = pipeline(Conditioning(seconds=5.0), Sampling(seed=2, n=3))
    alone = pipeline(Conditioning(seconds=5.0), Sampling(seed=4))
    np.testing.assert_array_equal(notes_of(batch[2]).rows(), notes_of(alone).rows())


def test_attributes_reach_the_network(tiny: ScoreStage) -> None:
    plain = notes_of(write(tiny)).rows()
    for asked in (
        {"density": 2.0},
        {"loudness": 30.0},
        {"key": "D minor"},
        {"pedal": 0.9},
        {"texture": 3.5},
        {"period": "ragtime"},
    ):
        changed = notes_of(write(tiny, **asked)).rows()
        assert changed.shape != plain.shape or (changed != plain).any(), asked


def test_an_asked_mode_gets_a_tonic_and_every_piece_a_key() -> None:
    rng = np.random.default_rng(0)
    minor = {full_key("minor", rng) for _ in range(40)}
    assert all(key.endswith(" minor") for key in minor) and len(minor) > 5
    assert full_key("Db major", rng) == "Db major"
    modes = {full_key(None, rng).partition(" ")[2] for _ in range(40)}
    assert modes == {"major", "minor"}


def test_a_beat_of_compound_time_is_a_dotted_quarter(tiny: ScoreStage) -> None:
    assert notes_of(write(tiny, tempo=60.0, metre=(6, 8))).tempo == 90.0
    assert notes_of(write(tiny, tempo=60.0, metre=(3, 4))).tempo == 60.0
    assert notes_of(write(tiny, tempo=60.0)).metre != (6, 8)


def test_the_asked_key_pulls_only_where_the_music_leaves_it() -> None:
    plan = Plan(20.0, FREE, 60.0, 96.0, np.zeros(12, np.int64), key="C major")
    inside, outside = Grammar(plan), Grammar(plan)
    for note in (60, 64, 67, 72, 67, 64, 60, 65, 67, 59, 60) * 3:
        inside.note(note)
        outside.note(note + 6)
    assert not inside.tonality().any()
    away = outside.tonality()
    assert away[60 - 21] == away.max() > 0 > away[61 - 21]
    inside.move(18.0)
    assert inside.tonality()[60 - 21] > 0, "it closes on the tonic"


def test_empty_beats_make_the_next_one_hard_to_pass_over() -> None:
    steady = Plan(20.0, METRICAL, 120.0, 96.0, np.zeros(12, np.int64))
    kept, lost = Grammar(steady), Grammar(steady)
    for _ in range(24):
        kept.note(60)
        lost.note(60)
        kept.move(24.0)  # a note on every beat
        lost.move(36.0)  # every other note lies between two
    beat, beyond = 24, 25  # codes of shifts that reach the next beat and pass it
    assert kept.steering()[beyond] - kept.steering()[beat] > -0.5
    lost.move(12.0 if lost.time % 24 else 0.0)
    assert lost.steering()[beyond] - lost.steering()[beat] < -1.0
    thin = Grammar(dataclasses.replace(steady, density=1.0))
    thin.note(60)
    assert not thin._pulse().any(), "slow notes may leave beats empty"


def test_a_piece_closes_on_the_tonic_chord(tiny: ScoreStage) -> None:
    for key, triad in (("A minor", {9, 0, 4}), ("Eb major", {3, 7, 10})):
        for tempo in (None, 100.0):
            notes = notes_of(write(tiny, Sampling(seed=4), key=key, tempo=tempo))
            last = notes.pitch[notes.onset_s >= notes.onset_s.max() - 0.04]
            assert set((last % 12).tolist()) <= triad, (key, tempo)


def test_even_steps_without_end_get_harder_and_beats_draw_chords() -> None:
    plan = Plan(20.0, METRICAL, 120.0, 96.0, np.zeros(12, np.int64))
    even, fresh = Grammar(plan), Grammar(plan)
    for number in range(24):
        even.note(60 + number % 3)
        even.move(6.0)
        fresh.note(60 + number % 3)
        fresh.move(6.0 if number % 4 else 12.0)
    assert even.steering()[6] < fresh.steering()[6] - 2
    on_beat = Grammar(plan)
    on_beat.note(60)
    off_beat = Grammar(plan)
    off_beat.note(60)
    off_beat.move(6.0)
    off_beat.note(62)
    together = 0  # the code of "at once"
    assert on_beat.steering()[together] > off_beat.steering()[together] + 1


def test_chords_are_as_large_as_asked() -> None:
    plan = Plan(20.0, FREE, 60.0, 96.0, np.zeros(12, np.int64), texture=1.5)
    large, small = Grammar(plan), Grammar(plan)
    for time in range(8):
        for grammar, notes in ((large, 4), (small, 1)):
            grammar.time = float(time)
            for number in range(notes):
                grammar.note(60 + 3 * number)
    together, apart = 0, 30
    assert large.steering()[together] < -1 and large.steering()[apart] == 0
    assert small.steering()[together] > 0.5


def test_threads_are_put_back(tiny: ScoreStage) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        write(tiny, seconds=2.0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_progress_grows_to_the_end_and_can_cancel(tiny: ScoreStage) -> None:
    steps: list[tuple[int, int]] = []
    x = Conditioning(seconds=4.0)
    tiny(x, x, Sampling(), lambda stage, step, total: steps.append((step, total)) is None)
    assert steps == sorted(steps) and steps[-1] == (40, 40) and len(steps) > 2
    with pytest.raises(Cancelled):
        tiny(x, x, Sampling(), lambda stage, step, total: step < 10)


def test_lengths_outside_the_range_are_refused(tiny: ScoreStage) -> None:
    for seconds in (0.5, 601.0):
        with pytest.raises(InvalidRequest, match="600"):
            write(tiny, seconds=seconds)


def test_save_and_load_give_the_same_score(tiny: ScoreStage, tmp_path: Path) -> None:
    tiny.save_pretrained(tmp_path, storage="fp32")
    loaded = ScoreStage.from_pretrained(tmp_path)
    np.testing.assert_array_equal(notes_of(write(tiny)).rows(), notes_of(write(loaded)).rows())


def test_steering_slows_a_crowd_and_hurries_a_void() -> None:
    plan = Plan(15.0, FREE, 60.0, 96.0, np.zeros(12, np.int64), density=5.0)
    crowded, sparse, right = Grammar(plan), Grammar(plan), Grammar(plan)
    for grammar, notes in ((crowded, 60), (sparse, 4), (right, 25)):
        grammar.time, grammar.notes = 5.0, notes
    apart = slice(5, None)  # what is closer is one chord, whose size is another matter
    assert (np.diff(crowded.steering()[apart]) > 0).all() and (np.diff(sparse.steering()[apart]) < 0).all()
    assert np.abs(right.steering()).max() == 0
    free = Grammar(dataclasses.replace(plan, density=None))
    free.time, free.notes = 5.0, 500
    assert np.abs(free.steering()).max() == 0


def test_grammar_of_keys_pedal_and_end() -> None:
    grammar = Grammar(Plan(5.0, FREE, 60.0, 96.0, np.zeros(12, np.int64)))
    assert grammar.types().tolist() == [True, True, False, False]  # no end before the first note
    grammar.note(60)
    assert not grammar.pitches()[60 - 21] and grammar.pitches().sum() == 87
    grammar.pedal_to(True)
    assert grammar.types().tolist() == [True, False, True, False]  # 5 s before the end is too early
    grammar.move(4.2)
    assert grammar.types().tolist() == [False, False, False, True]
    crowd = Grammar(Plan(5.0, FREE, 60.0, 96.0, np.zeros(12, np.int64)))
    for pitch in range(60, 72):
        crowd.note(pitch)
    assert not crowd.shifts(NOTE)[0] and crowd.shifts(DOWN)[0] and crowd.shifts(NOTE)[10]


def test_what_is_not_asked_is_drawn_around_the_middle() -> None:
    drawn = [complete(Conditioning(), np.random.default_rng(seed)) for seed in range(200)]
    assert 5 < np.median([d["density"] for d in drawn]) < 8
    assert 50 < np.median([d["loudness"] for d in drawn]) < 66
    kinds = [d["kind"] for d in drawn]
    assert 0.1 < np.mean(kinds) < 0.4
    assert all((d["tempo"] is not None) == (d["kind"] == METRICAL) for d in drawn)
    asked = complete(Conditioning(tempo=90.0, density=2.0), np.random.default_rng(0))
    assert (asked["kind"], asked["tempo"], asked["density"]) == (METRICAL, 90.0, 2.0)


def test_asked_loudness_moves_the_mean_within_its_limit() -> None:
    rows = np.array([[60, 0, 1, 60.0], [64, 1, 2, 70.0]])
    assert loudness(rows, 70.0)[:, 3].mean() == pytest.approx(70)
    assert loudness(rows, 120.0)[:, 3].mean() == pytest.approx(105)
    assert len(loudness(rows[:0], 50.0)) == 0


def test_printed_dynamics_keep_their_contrasts_around_the_level() -> None:
    assert printed(np.array([66.0, 66, 66, 48, 127]), 50.0).tolist() == [50, 50, 50, 32, 68]
    assert len(printed(np.zeros(0), 50.0)) == 0


def test_a_key_struck_too_often_tires() -> None:
    grammar = Grammar(Plan(15.0, FREE, 60.0, 96.0, np.zeros(12, np.int64)), moving=False)
    for _ in range(4):
        grammar.note(60)
    assert grammar.tired().max() == 0
    grammar.note(60)
    assert grammar.tired().argmax() == 60 - 21 and (grammar.tired() > 0).sum() == 1
    for pitch in range(70, 94):
        grammar.note(pitch)
    assert grammar.tired().max() == 0


def test_harmony_and_melody_are_kept_from_standing_still() -> None:
    def after(moving: bool, chords: list[tuple[int, ...]]) -> np.ndarray:
        grammar = Grammar(Plan(15.0, FREE, 60.0, 96.0, np.zeros(12, np.int64)), moving)
        for chord in chords:
            grammar.move(0.5)
            for pitch in chord:
                grammar.note(pitch)
        grammar.move(0.5)
        return grammar.tired()

    low, middle, high = (pitch - 21 for pitch in (36, 60, 84))
    fifths = [(36, 43), (48, 55), (60, 67), (72, 79)] * 3  # never one key often, but two pitch classes
    assert after(True, fifths)[[low, middle, high]].min() > 1 and after(False, fifths)[high] == 0
    assert after(True, fifths)[[low + 2, low + 4, low + 5]].max() == 0
    wandering = [(48, 72), (50, 74), (52, 76), (53, 77), (55, 79), (57, 81)] * 2
    assert after(True, wandering).max() == after(False, wandering).max()
    repeated = [after(True, [(40 + n, 72) for n in range(count)])[72 - 21] for count in (1, 2, 3)]
    assert np.diff(repeated).min() > 0.9
    assert np.ptp([after(False, [(40 + n, 72) for n in range(count)])[72 - 21] for count in (1, 2, 3)]) == 0


def test_loudness_grows_from_pp_to_ff_whatever_the_part_does_by_itself() -> None:
    onset = np.linspace(0, 14, 57)
    fading = 90 - 2 * onset + np.tile([0.0, 6, -6], 19)
    louder = grown(onset, fading, 1.0, 15.0, circular=False)
    assert growth(over(onset, 15.0), louder) == pytest.approx(1)
    assert louder[onset > 12].mean() - louder[onset < 2].mean() == pytest.approx(56 * 12.5 / 15, abs=5)
    softer = grown(onset, fading, -0.5, 15.0, circular=False)
    assert growth(over(onset, 15.0), softer) == pytest.approx(-0.5)
    loop = grown(onset, np.full(57, 64.0), 1.0, 14.0, circular=True)  # its end is its beginning
    assert loop[0] == pytest.approx(loop[-1], abs=1) and loop[28] - loop[0] == pytest.approx(56, abs=1)


def test_a_restruck_key_is_released_first() -> None:
    rows = no_overlap(np.array([[60, 0.0, 2.0, 64], [60, 1.0, 3.0, 64], [61, 0.5, 2.0, 64]]))
    assert rows[0, 2] < 1.0 and rows[1, 2] == 3.0 and rows[2, 2] == 2.0


@pytest.fixture(scope="module")
def shipped() -> ScoreStage:
    return ScoreStage.from_pretrained("piano-score")


def median_of(stage: ScoreStage, what: str, **asked: object) -> float:
    values = []
    for seed in range(6):
        made = write(stage, Sampling(seed=seed), **({"seconds": 12.0} | asked))
        assert_playable(made)
        notes = notes_of(made)
        values.append({"density": len(notes) / 12.0, "velocity": float(notes.velocity.mean())}[what])
    return float(np.median(values))


@pytest.mark.weights
def test_shipped_weights_follow_density_and_loudness(shipped: ScoreStage) -> None:
    assert median_of(shipped, "density", density=2.0) < 5 < median_of(shipped, "density", density=12.0)
    soft, loud = (median_of(shipped, "velocity", loudness=v) for v in (35.0, 100.0))
    assert soft < 50 and loud > 80


def test_a_player_is_off_the_grid_by_milliseconds_and_the_beat_stays_clear() -> None:
    """Real scores lie on the grid; looser playing than this has a fainter pulse than they have."""
    unit_s, ticks = 60 / 100 / 24, np.arange(1, 401) * 12.0
    rows = np.column_stack([np.full(400, 60.0), ticks, np.full(400, 6.0), np.full(400, 64.0)])
    played, _ = humanise(rows, np.zeros((0, 2)), unit_s, np.random.default_rng(0))
    off = played[:, 1] - ticks * unit_s
    assert 0.001 < off.std() < 0.003
    assert abs(off.mean()) < 0.005


@pytest.mark.weights
def test_shipped_weights_hold_an_asked_tempo(shipped: ScoreStage) -> None:
    made = write(shipped, Sampling(seed=1), tempo=100.0, metre=(4, 4), seconds=15.0)
    grid_s = 60 / 100 / 24
    onset = notes_of(made).onset_s
    off_grid = np.abs(onset / grid_s - np.round(onset / grid_s)) * grid_s
    assert np.median(off_grid) < 0.008  # humanised by some milliseconds


@pytest.mark.weights
def test_shipped_pieces_end_and_do_not_stop_early(shipped: ScoreStage) -> None:
    for seed in range(6):
        made = write(shipped, Sampling(seed=seed), seconds=15.0)
        assert 10.5 <= notes_of(made).onset_s.max() <= 14.2
        assert dataclasses.replace(made).seconds == 15.0
