"""The shipped WaveNet: it writes music and plays it, stays at its level, and its loop is the network."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
import torch

from audiogen.artifacts import Conditioning
from audiogen.media.mulaw import encode
from audiogen.ranking.transcribe import TranscriberStage, note_scores
from audiogen.sampling.modal_source import expected, roll, source
from audiogen.sampling.struck_keys import strikes
from audiogen.sampling.wavenet_queues import Queues
from audiogen.stage import Sampling, silent
from audiogen.structure.wavenet.stage import WaveNetAudio, queue_weights, struck_in, table_of

pytestmark = pytest.mark.weights
RATE = 16_000
SUM_ERROR = 1e-4


@pytest.fixture(scope="module")
def stage() -> WaveNetAudio:
    return WaveNetAudio.from_pretrained("wavenet")


def scale(velocity: float = 70.0) -> np.ndarray:
    """C, E, G, C: rows of (pitch, onset s, damped s, velocity)."""
    return np.array([[p, 0.1 + i * 0.5, 0.5 + i * 0.5, velocity] for i, p in enumerate((60, 64, 67, 72))])


def level_db(sound: np.ndarray) -> float:
    return float(20 * np.log10(sound.std() + 1e-9))


@pytest.mark.parametrize("seed", range(4))
def test_it_writes_onsets_and_several_pitches_and_never_locks(stage, seed):
    rows = stage.notes(Conditioning(seconds=20.0), Sampling(seed=seed))
    onsets = np.unique(rows[:, 1])
    assert len(onsets) >= 12 and len(set(rows[:, 0])) >= 6
    assert np.diff(onsets).max() <= 4.0 and onsets[-1] > 14
    chords = [tuple(rows[rows[:, 1] == t, 0]) for t in onsets]
    assert len(set(chords)) > len(chords) / 2


def test_what_it_plays_are_the_notes_it_wrote(stage):
    judge = TranscriberStage.from_pretrained("transcriber", device="cpu")
    scores = []
    for seed in range(2):
        rows = stage.notes(Conditioning(seconds=6.0), Sampling(seed=seed))
        sound = soxr.resample(stage.play(rows, 6.0, Sampling(seed=seed), silent), RATE, 44_100)
        scores.append(note_scores(rows, judge.transcribe(np.stack([sound, sound])), 6.0).f1)
    assert np.mean(scores) > 0.6


def test_tones_are_harmonic_and_die_away(stage):
    sound = stage.play(scale(), 2.4, Sampling(seed=0), silent)
    for row in scale():
        part = sound[round((row[1] + 0.05) * RATE) :][: round(0.3 * RATE)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
        bins = np.arange(len(spectrum)) * RATE / len(part)
        hz = 440 * 2 ** ((row[0] - 69) / 12)
        near = np.abs(bins / hz - np.round(bins / hz)) * hz < 14
        assert spectrum[near & (bins > 0.8 * hz)].sum() > 0.9 * spectrum.sum()
    assert level_db(sound[-3200:]) < level_db(sound[1600:4800]) - 30


def test_loud_and_soft_are_heard(stage):
    soft, loud = (stage.play(scale(v), 2.0, Sampling(seed=0), silent) for v in (30.0, 100.0))
    assert 8 < level_db(loud) - level_db(soft) < 40


def test_left_to_itself_it_stays_at_the_level_of_what_it_is_told(stage):
    """Noise that feeds on itself would show as a level far above that of the source."""
    rows = stage.notes(Conditioning(seconds=20.0, density=3.0), Sampling(seed=5))
    sound = encoded_level(stage.play(rows, 20.0, Sampling(seed=5), silent))
    told = source_of(stage, rows, 20 * RATE)[:, 0]
    ratio = np.array([level_db(a) - level_db(b) for a, b in zip(halves(sound), halves(told), strict=True)])
    heard = np.array([level_db(b) for b in halves(told)]) > -50
    assert heard.sum() > 20 and np.abs(np.median(ratio[heard])) < 2 and ratio[heard].max() < 6


def halves(sound: np.ndarray) -> list[np.ndarray]:
    return np.array_split(sound, len(sound) * 2 // RATE)


def encoded_level(sound: np.ndarray) -> np.ndarray:
    """With its pre-emphasis, as the source is."""
    return sound - 0.9 * np.concatenate([[0.0], sound[:-1]])


def source_of(stage: WaveNetAudio, rows: np.ndarray, count: int) -> np.ndarray:
    return expected(source(table_of(stage.network, RATE), near(stage, rows, count), 0, count), RATE)[0]


def near(stage: WaveNetAudio, rows: np.ndarray, count: int):
    levels, velocities = stage.network.levels_db.double().numpy(), np.array(stage.config.network.velocities)
    return struck_in(strikes(rows, levels, velocities, RATE), 0, count, RATE)


def test_the_loop_is_the_network(stage):
    count, rows = 16_000, scale()
    told = source_of(stage, rows, count)
    rolled = roll(near(stage, rows, count), 0, count // 16, 16, RATE)
    codes = encode(told[:, 0] + np.random.default_rng(0).normal(0, 0.003, count)).astype(np.int64)
    network = stage.network.samples
    with torch.inference_mode():
        plain = network(*(torch.from_numpy(x)[None] for x in (codes, told, rolled)))[0].numpy()
    looped = Queues(queue_weights(network)).hear(codes, told, rolled)
    np.testing.assert_allclose(looped, plain, atol=SUM_ERROR)
