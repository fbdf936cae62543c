"""A mel that says its notes is rendered with partials that hold together; without them all is as it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, MelSpectrogram, Notes
from audiogen.media.mel import MelSettings, analyse
from audiogen.render.score_guide import Keys, ScoreGuide, begun, levelled
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.sampling.struck_keys import as_damped, sounding, strikes
from audiogen.sampling.struck_tones import tones
from audiogen.stage import Sampling, silent

pytestmark = pytest.mark.weights
MEL = MelSettings()
SECONDS = 2.96  # a whole number of coarse frames
NOTES = Notes.from_rows(
    np.array([[48, 0.2, 2.5, 70], [64, 0.5, 1.5, 80], [67, 0.9, 2.5, 60], [64, 1.6, 2.5, 90]])
)


@pytest.fixture(scope="module")
def vocoder() -> Vocoder:
    return Vocoder.from_config(VocoderConfig(width=16, blocks=1))


@pytest.fixture(scope="module")
def played() -> np.ndarray:
    """The notes as their keys sound, float32 [T]."""
    keys, count = Keys.load(), round(SECONDS * MEL.sample_rate)
    struck = strikes(as_damped(sounding(NOTES)), keys.levels_db, keys.velocities, MEL.sample_rate)
    return 0.1 * tones(keys.table, struck, 0, count)


@pytest.fixture(scope="module")
def mel(played: np.ndarray) -> MelSpectrogram:
    mid, side = analyse(torch.from_numpy(np.stack([played, played])))
    return MelSpectrogram(mid.numpy(), side.numpy(), SECONDS, notes=NOTES)


def rendered(vocoder: Vocoder, mel: MelSpectrogram, **how: object) -> np.ndarray:
    return vocoder(mel, Conditioning(), Sampling(**how), silent).samples.mean(0)  # type: ignore[arg-type]


def off(made: np.ndarray, real: np.ndarray, n_fft: int) -> float:
    """Spectral convergence: the error of the magnitudes by their size."""
    real = real[: len(made)]
    window = torch.hann_window(n_fft)
    a, b = (
        torch.stft(torch.from_numpy(x.copy()), n_fft, n_fft // 4, window=window, return_complex=True).abs()
        for x in (made[: len(real)], real)
    )
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("n_fft", [512, 1024, 16_384])
def test_what_is_heard_comes_nearer_to_what_was_played(vocoder, played, mel, n_fft) -> None:
    told, before = rendered(vocoder, mel), rendered(vocoder, mel, phases=1)
    assert off(told, played, n_fft) < 0.7 * off(before, played, n_fft)


def test_files_of_earlier_versions_are_rendered_as_they_were(vocoder, mel) -> None:
    unknown = dataclasses.replace(mel, notes=None)
    np.testing.assert_array_equal(rendered(vocoder, mel, phases=1), rendered(vocoder, unknown))


def test_levels_are_those_of_the_mel(vocoder, mel) -> None:
    softer = dataclasses.replace(mel, mid=mel.mid - 1.5)
    ratio = rendered(vocoder, mel).std() / rendered(vocoder, softer).std()
    assert np.log(ratio) == pytest.approx(1.5, abs=0.1)


def test_notes_that_the_mel_does_not_hold_do_little_harm(vocoder, mel, played) -> None:
    others = dataclasses.replace(mel, notes=Notes.from_rows(np.array([[90, 0.1, 2.0, 60]])))
    before = off(rendered(vocoder, mel, phases=1), played, 4096)
    assert off(rendered(vocoder, others), played, 4096) < 1.8 * before


def test_the_guide_rings_at_its_partials_and_follows_the_tuning() -> None:
    low, high = (
        ScoreGuide(np.array([[69.0, 0.1, 2.0, 80.0]]), cents).sound(30, 60, MEL).spectrum().abs().mean(1)
        for cents in (0.0, 100.0)
    )
    bin_hz = MEL.sample_rate / MEL.n_fft
    assert int(low.argmax()) * bin_hz == pytest.approx(440, abs=bin_hz)
    assert int(high.argmax()) * bin_hz == pytest.approx(466.2, abs=bin_hz)


def test_a_loop_is_the_same_in_every_round() -> None:
    guide = ScoreGuide.of(MelSpectrogram(*silence(), 2.96, notes=NOTES), period=222 * MEL.hop_length)
    assert guide is not None
    first, later = guide.sound(200, 240, MEL).spectrum(), guide.sound(422, 462, MEL).spectrum()
    assert float((first - later).norm()) < 1e-2 * float(first.norm())
    once = ScoreGuide.of(MelSpectrogram(*silence(), 2.96, notes=NOTES))
    assert once is not None
    begins, rings_in = (float(g.sound(0, 10, MEL).spectrum().norm()) for g in (once, guide))
    assert rings_in > 2 * begins


def test_phase_is_of_the_guide_where_it_holds_the_energy() -> None:
    guide = torch.polar(torch.tensor([[1.0], [0.0]]), torch.tensor([[0.5], [0.5]]))
    phase = begun(torch.ones(2, 1), guide, torch.full((2, 1), -1.0)).angle()
    assert phase.flatten().tolist() == pytest.approx([0.5, -1.0], abs=1e-6)


def test_a_silent_guide_or_a_silent_mel_tells_nothing() -> None:
    sound, still = torch.ones(4, 2, dtype=torch.complex64), torch.zeros(4, 2)
    assert levelled(sound * 0, still + 1) is None and levelled(sound, still) is None
    assert float(levelled(3 * sound, still + 1).abs().max()) == pytest.approx(1)  # type: ignore[union-attr]
    assert ScoreGuide.of(MelSpectrogram(*silence(), 2.96)) is None


def test_a_file_keeps_the_notes_and_the_tuning(tmp_path: Path, mel: MelSpectrogram) -> None:
    dataclasses.replace(mel, take={"cents": 0.5, "width": 0.1}).save(tmp_path / "mel.npz")
    again = MelSpectrogram.load(tmp_path / "mel.npz")
    assert again.notes is not None and again.take == {"cents": 0.5}
    np.testing.assert_array_equal(again.notes.rows(), NOTES.rows())


def test_a_mel_that_was_changed_by_hand_has_other_notes(tmp_path: Path, mel: MelSpectrogram) -> None:
    mel.save(tmp_path / "mel.npz")
    arrays = dict(np.load(tmp_path / "mel.npz"))
    np.savez(tmp_path / "edited.npz", **arrays | {"mid": arrays["mid"] - (np.arange(170) > 90)[:, None]})
    assert MelSpectrogram.load(tmp_path / "edited.npz").notes is None
    del arrays["told_of"]  # of an earlier version
    np.savez(tmp_path / "earlier.npz", **arrays)
    assert MelSpectrogram.load(tmp_path / "earlier.npz").notes is not None


def silence() -> tuple[np.ndarray, np.ndarray]:
    return np.full((170, 222), -11.0, np.float32), np.zeros((2, 34, 222), np.float32)
