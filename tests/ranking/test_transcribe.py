"""Note scores against known values; the transcriber's input and peak picking."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.errors import InvalidRequest
from audiogen.networks.transcriber import TranscriberConfig
from audiogen.ranking.transcribe import (
    TranscriberStage,
    normalised,
    note_scores,
    pick_onsets,
    shuffled_scores,
)

TINY = TranscriberConfig(channels=4, squeezed=1, width=8)


def piece(seed: int, notes: int = 60) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.integers(21, 109, notes), np.sort(rng.uniform(0, 15, notes))])
    return np.column_stack([rows, rows[:, 1] + 0.3, np.full(notes, 64)])


def test_exact_notes_score_one_and_shuffled_ones_near_nothing() -> None:
    pieces = [piece(k) for k in range(4)]
    assert note_scores(pieces[0], pieces[0]).f1 == 1.0
    assert max(s.f1 for s in shuffled_scores(pieces, pieces)) < 0.15


def test_half_of_the_notes_gives_the_known_scores() -> None:
    rows = np.array([[60, 0.5], [64, 1.0], [67, 1.5], [72, 2.0]])
    scores = note_scores(rows, rows[:2])
    assert scores.precision == 1.0 and scores.recall == 0.5
    assert scores.f1 == pytest.approx(2 / 3)


def test_late_or_wrong_notes_do_not_count() -> None:
    rows = np.array([[60, 0.5]])
    assert note_scores(rows, rows + [0, 0.04]).f1 == 1.0
    assert note_scores(rows, rows + [0, 0.06]).f1 == 0.0
    assert note_scores(rows, rows + [1, 0.0]).f1 == 0.0


def test_notes_outside_the_window_and_empty_lists() -> None:
    rows = np.array([[60, -0.5], [62, 1.0], [64, 16.0]])
    assert note_scores(rows, rows[1:2], seconds=15.0).f1 == 1.0
    none = np.zeros((0, 2))
    assert note_scores(none, none).f1 == 1.0
    assert note_scores(rows, none).f1 == 0.0


def test_normalised_score() -> None:
    assert normalised(0.5, 0.1, 0.9) == pytest.approx(0.5)
    with pytest.raises(InvalidRequest, match="ceiling"):
        normalised(0.5, 0.9, 0.9)
    with pytest.raises(InvalidRequest, match="two pieces"):
        shuffled_scores([piece(0)], [piece(0)])


def test_peaks_are_placed_between_frames() -> None:
    posterior = np.zeros((88, 100), np.float32)
    posterior[39, 50:53] = 0.2, 0.9, 0.6  # the peak lies later than frame 51
    posterior[10, 20] = 0.3  # under the threshold
    rows = pick_onsets(posterior, 75.0)
    assert rows.shape == (1, 2)
    assert rows[0, 0] == 60
    assert 51.5 < rows[0, 1] * 75 < 52.0


def test_audio_and_its_mel_give_the_same_posterior() -> None:
    stage = TranscriberStage.from_config(TINY, seed=1, device="cpu")
    audio = np.random.default_rng(0).standard_normal((2, 44_100)).astype(np.float32) * 0.1
    from audiogen.media.mel import analyse

    mid, _ = analyse(torch.from_numpy(audio))
    assert stage.posterior(audio).shape == (88, 75)
    np.testing.assert_allclose(stage.posterior(audio), stage.posterior(mid.numpy()), atol=1e-6)
    with pytest.raises(InvalidRequest, match="Transcribe takes"):
        stage.posterior(np.zeros((3, 100), np.float32))


def test_saved_and_loaded_judge_hears_the_same(tmp_path) -> None:
    stage = TranscriberStage.from_config(TINY, seed=1, device="cpu")
    stage.save_pretrained(tmp_path, storage="fp32")
    again = TranscriberStage.from_pretrained(tmp_path, device="cpu")
    mel = np.random.default_rng(0).normal(-8, 2, (170, 30)).astype(np.float32)
    np.testing.assert_array_equal(again.posterior(mel), stage.posterior(mel))
