"""The vocoder: exact length, level, stereo that folds down, no seams, with untrained weights.

An untrained network leaves the pseudo-inverse start as it is, which is a working renderer.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import audiogen.render.blocks as module
from audiogen.artifacts import Conditioning, MelSpectrogram
from audiogen.lab.evaluate.seam import seam
from audiogen.media.mel import MelSettings, analyse
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.stage import Sampling, silent
from tests.conftest import struck

LEVEL_TOLERANCE_DB = 1.0


@pytest.fixture(scope="module")
def vocoder() -> Vocoder:
    return Vocoder.from_config(VocoderConfig(width=16, blocks=1, iterations=4))


def music(seconds: float) -> np.ndarray:
    wave = np.zeros((2, round(seconds * 44_100)), np.float32)
    for k, (onset, hz) in enumerate([(0.05, 220.0), (0.4, 330.0), (0.9, 110.0), (1.3, 660.0)] * 4):
        at = int((onset + 1.6 * (k // 4)) * 44_100)
        note = struck(hz, 3.0, 0.2)[:, : max(0, wave.shape[1] - at)]
        wave[0, at : at + note.shape[1]] += 0.8 * note[0]
        wave[1, at : at + note.shape[1]] += 0.4 * note[1]
    return wave


def mel_of(audio: np.ndarray) -> MelSpectrogram:
    mid, side = analyse(torch.from_numpy(audio))
    return MelSpectrogram(mid.numpy(), side.numpy(), audio.shape[1] / 44_100)


def render(vocoder: Vocoder, mel: MelSpectrogram, seed: int = 0) -> np.ndarray:
    return vocoder(mel, Conditioning(), Sampling(seed=seed), silent).samples


def test_length_level_and_panning_come_back(vocoder: Vocoder) -> None:
    audio = music(3.0)
    made = render(vocoder, mel_of(audio))
    assert made.shape[0] == 2
    assert abs(made.shape[1] - audio.shape[1]) < 588
    level = 20 * np.log10(made.std() / audio.std())
    assert abs(level) < LEVEL_TOLERANCE_DB
    balance = 20 * np.log10(made[0].std() / made[1].std())
    assert balance == pytest.approx(6.0, abs=0.5)


def test_one_seed_is_one_sound(vocoder: Vocoder) -> None:
    mel = mel_of(music(1.5))
    np.testing.assert_array_equal(render(vocoder, mel), render(vocoder, mel))


def test_the_fold_down_is_mid_and_does_not_depend_on_the_side(vocoder: Vocoder) -> None:
    mel = mel_of(music(1.5))
    wide = MelSpectrogram(mel.mid, mel.side + 0.5, mel.seconds)
    fold = [render(vocoder, m).mean(0) for m in (mel, wide)]
    np.testing.assert_allclose(fold[0], fold[1], atol=1e-5)


def test_long_pieces_have_no_seams(vocoder: Vocoder, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = music(6.0)
    monkeypatch.setattr(module, "BLOCK_FRAMES", 200)
    made = render(vocoder, mel_of(audio))
    found = analyse(torch.from_numpy(np.pad(made, ((0, 0), (0, 588)))[:, : audio.shape[1]]))[0].numpy()
    error = np.abs(found - mel_of(audio).mid[:, : found.shape[1]]).mean(0)
    joints = np.arange(150, 440, 125)
    at_joints = np.concatenate([error[j : j + 40] for j in joints])
    assert at_joints.mean() < 1.5 * error.mean()


def test_pitch_comes_back(vocoder: Vocoder) -> None:
    audio = struck(440.0, 3.0)
    made = render(vocoder, mel_of(audio))
    spectrum = np.abs(np.fft.rfft(made[0] * np.hanning(made.shape[1])))
    peak_hz = spectrum.argmax() * 44_100 / made.shape[1]
    assert peak_hz == pytest.approx(440, abs=3)


def test_silence_stays_silent(vocoder: Vocoder) -> None:
    mel = mel_of(np.zeros((2, 44_100), np.float32))
    assert np.abs(render(vocoder, mel)).max() < 1e-2


def test_saving_and_loading_keeps_the_sound(vocoder: Vocoder, tmp_path) -> None:
    vocoder.save_pretrained(tmp_path, storage="fp32")
    loaded = Vocoder.from_pretrained(tmp_path)
    mel = mel_of(music(1.0))
    np.testing.assert_array_equal(render(vocoder, mel), render(loaded, mel))


def test_settings_of_the_mel_travel_with_the_weights(tmp_path) -> None:
    config = VocoderConfig(mel=MelSettings(floor=1e-4), width=16, blocks=1)
    Vocoder.from_config(config).save_pretrained(tmp_path)
    assert Vocoder.from_pretrained(tmp_path).config.mel.floor == 1e-4


@pytest.mark.parametrize("seconds", [1.0, 3.0, 2.013])
def test_a_loop_has_its_length_and_no_seam(
    vocoder: Vocoder, rng: np.random.Generator, seconds: float
) -> None:
    """A dark noise that swells and falls, in a circle: the seam is a place like any other."""
    frames = MelSettings().frames(seconds)
    swell = np.sin(2 * np.pi * np.arange(frames) / frames)
    mid = np.linspace(-2, -11, 170)[:, None] + swell + 0.3 * rng.standard_normal((170, frames))
    mel = MelSpectrogram(mid.astype(np.float32), np.zeros((2, 34, frames), np.float32), seconds)
    found = []
    for seed in range(4):
        wave = vocoder(mel, Conditioning(), Sampling(seed=seed, loop=True), silent)
        assert wave.samples.shape == (2, round(seconds * 44_100))
        found.append(seam(wave.samples, 44_100))
    for name in ("colour", "level", "click"):
        assert np.mean([getattr(one, name) for one in found]) < 0.95, name
    cut = vocoder(mel, Conditioning(), Sampling(seed=0), silent).samples
    assert seam(cut, 44_100).click > 0.99


def test_a_long_loop_is_rendered_in_blocks_that_meet(
    vocoder: Vocoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    mel = mel_of(music(6.0))

    def error(**sampling: bool) -> float:
        made = vocoder(mel, Conditioning(), Sampling(**sampling), silent).samples  # type: ignore[arg-type]
        found = analyse(torch.from_numpy(made))[0].numpy()
        frames = min(found.shape[1], mel.mid.shape[1])
        return float(np.abs(found[:, :frames] - mel.mid[:, :frames])[:, 5:-5].mean())

    line = error()
    monkeypatch.setattr(module, "BLOCK_FRAMES", 200)
    assert error(loop=True) < 1.1 * line


def test_a_loop_begins_where_it_is_quietest() -> None:
    mid = np.full((170, 300), -3.0)
    mid[:, 210:] = -8
    assert 225 <= module.quietest(mid) <= 285
