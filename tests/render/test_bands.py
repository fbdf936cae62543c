"""The renderer of short windows: nothing is trained, so what it keeps can be asserted on plain signals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import audiogen.render.blocks as blocks
from audiogen.artifacts import Conditioning, MelSpectrogram
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.seam import seam
from audiogen.media.mel import TEXTURE, analyse
from audiogen.render.bands import BandRenderer
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.stage import Sampling, silent
from tests.conftest import tone

LEVEL_TOLERANCE_DB = 1.0


def mel_of(audio: np.ndarray) -> MelSpectrogram:
    mid, side = analyse(torch.from_numpy(audio), TEXTURE)
    return MelSpectrogram(mid.numpy(), side.numpy(), audio.shape[1] / 44_100, TEXTURE)


def render(mel: MelSpectrogram, **sampling: bool) -> np.ndarray:
    return BandRenderer()(mel, Conditioning(), Sampling(**sampling), silent).samples  # type: ignore[arg-type]


def bursts(rng: np.random.Generator, seconds: float = 2.0) -> np.ndarray:
    """White noise in bursts of 10 ms, eight a second."""
    wave = 1e-3 * rng.standard_normal((2, round(44_100 * seconds)))
    for k in range(int(8 * seconds)):
        at = int((k + 0.5) * 44_100 / 8)
        wave[:, at : at + 441] += 0.2 * rng.standard_normal(441)
    return wave.astype(np.float32)


def test_level_and_panning_of_noise_come_back(rng: np.random.Generator) -> None:
    audio = 0.1 * np.repeat(rng.standard_normal((1, 88_200)), 2, 0).astype(np.float32)
    audio[1] *= 0.5
    made = render(mel_of(audio))
    assert made.shape == audio.shape
    assert abs(20 * np.log10(made.std() / audio.std())) < LEVEL_TOLERANCE_DB
    assert 20 * np.log10(made[0].std() / made[1].std()) == pytest.approx(6.0, abs=1.0)


def test_bursts_stay_as_short_as_they_were(rng: np.random.Generator) -> None:
    """Kurtosis of the envelope in steps of 1 ms: smeared bursts have less of it."""

    def kurtosis(wave: np.ndarray) -> float:
        steps = wave[: len(wave) // 44 * 44].reshape(-1, 44).std(1)
        apart = steps - steps.mean()
        return float((apart**4).mean() / (apart**2).mean() ** 2)

    audio = bursts(rng)
    made = render(mel_of(audio))
    assert kurtosis(made.mean(0)) == pytest.approx(kurtosis(audio.mean(0)), rel=0.25)


def test_a_tone_keeps_its_pitch() -> None:
    made = render(mel_of(tone(3000.0, seconds=2.0)))
    spectrum = np.abs(np.fft.rfft(made[0] * np.hanning(made.shape[1])))
    assert spectrum.argmax() * 44_100 / made.shape[1] == pytest.approx(3000, abs=15)


def test_silence_stays_silent() -> None:
    assert np.abs(render(mel_of(np.zeros((2, 44_100), np.float32)))).max() < 1e-2


def test_a_seed_draws_the_phases_and_nothing_else(rng: np.random.Generator) -> None:
    mel = mel_of(bursts(rng, 1.0))
    first, again = render(mel), render(mel)
    np.testing.assert_array_equal(first, again)
    other = BandRenderer()(mel, Conditioning(), Sampling(seed=1), silent).samples
    assert not np.array_equal(first, other)
    assert abs(20 * np.log10(other.std() / first.std())) < LEVEL_TOLERANCE_DB


def test_blocks_meet_without_a_seam(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = 0.1 * rng.standard_normal((2, 44_100 * 5)).astype(np.float32)
    mel = mel_of(audio)
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 150)
    made = render(mel)
    found = mel_of(np.pad(made, ((0, 0), (0, audio.shape[1] - made.shape[1])))).mid
    error = np.abs(found - mel.mid).mean(0)
    joints = np.concatenate([np.arange(j, j + 75) for j in (75, 150, 225)])
    assert error[joints].mean() < 1.2 * np.delete(error, joints).mean()


def test_a_loop_has_its_length_and_no_click(rng: np.random.Generator) -> None:
    mel = mel_of(0.1 * rng.standard_normal((2, 3 * 44_100)).astype(np.float32))
    made = render(mel, loop=True)
    assert made.shape == (2, 3 * 44_100)
    assert seam(made, 44_100).click < 0.99


def test_the_vocoder_hands_on_a_mel_of_short_windows(rng: np.random.Generator) -> None:
    """So that a decoder may speak either layout, and a mel file of either is played."""
    mel = mel_of(bursts(rng, 0.5))
    vocoder = Vocoder.from_config(VocoderConfig(width=16, blocks=1, iterations=1))
    np.testing.assert_array_equal(vocoder(mel, Conditioning(), Sampling(), silent).samples, render(mel))


def test_a_mel_file_says_its_layout_by_its_bands(rng: np.random.Generator, tmp_path) -> None:
    mel = mel_of(bursts(rng, 0.5))
    mel.save(tmp_path / "mel.npz")
    loaded = MelSpectrogram.load(tmp_path / "mel.npz")
    assert loaded.settings == TEXTURE
    assert loaded.spectra.shape == (76, 3 * mel.mid.shape[1])
    np.testing.assert_array_equal(loaded.mid, mel.mid)
    np.savez(tmp_path / "odd.npz", mid=mel.mid[:100], side=mel.side, seconds=0.5)
    with pytest.raises(InvalidRequest, match="170 or 228 bands, not 100"):
        MelSpectrogram.load(tmp_path / "odd.npz")
