"""WaveNet's two stages: sound and the coarse mel of it, of any length, by seed, and as it was asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen import registry
from audiogen.artifacts import Conditioning, Structure, Waveform
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.making import Request, make, understand
from audiogen.media.mel import MelSettings, band_centres_hz, log_bands, stft
from audiogen.pipeline import load_pipeline
from audiogen.provenance import differences, request_of
from audiogen.stage import Sampling, silent
from audiogen.structure.wavenet.stage import TREBLE_FROM_HZ, WaveNetAudio, WaveNetStage, with_treble
from tests.conftest import assert_good_audio
from tests.tiny import tiny_wavenet

MEL = MelSettings()


def play(seconds: float = 1.0, seed: int = 0, temperature: float = 1.0, **asked: float) -> Waveform:
    stage = WaveNetAudio.from_config(tiny_wavenet(), seed=1)
    known = Conditioning(seconds=seconds, **asked)
    return stage(known, known, Sampling(seed=seed, temperature=temperature), silent)


@pytest.mark.parametrize("seconds", [0.51, 1.0, 2.34])
def test_alone_it_is_stereo_sound_of_the_length_asked_for(seconds):
    wave = play(seconds)
    assert (len(wave.samples), wave.sample_rate) == (2, 44_100)
    assert wave.samples.shape[1] == pytest.approx(seconds * 44_100, abs=1.5)
    assert np.isfinite(wave.samples).all() and wave.samples.std() > 1e-4
    spectrum = np.abs(np.fft.rfft(wave.samples[0]))
    assert spectrum[round(8100 * seconds) :].max() < 0.01 * spectrum.max()  # 16 kHz hold nothing above 8


def test_the_same_seed_is_the_same_piece_and_another_is_another():
    np.testing.assert_array_equal(play(seed=5).samples, play(seed=5).samples)
    assert np.abs(play(seed=5).samples - play(seed=6).samples).max() > 1e-3


def test_what_is_asked_is_heard_up_to_what_training_knew():
    stage = WaveNetAudio.from_config(tiny_wavenet(), seed=1)
    unasked = stage.told(Conditioning())
    assert unasked.tolist() == [0] * 6
    dense, crowded = stage.told(Conditioning(density=8.0)), stage.told(Conditioning(density=20.0))
    assert dense[0] != 0 and dense[3] == 1
    assert torch.equal(dense, crowded)
    few, many = (
        stage.notes(Conditioning(seconds=20.0, density=d), Sampling(seed=0)).tolist() for d in (1.0, 8.0)
    )
    assert few != many


def test_the_key_that_is_asked_for_moves_the_notes():
    stage = WaveNetAudio.from_config(tiny_wavenet(), seed=1)
    plain = stage.notes(Conditioning(seconds=4.0), Sampling(seed=3))
    moved = stage.notes(Conditioning(seconds=4.0, key="G major"), Sampling(seed=3))
    assert set((moved[:, 0] - plain[:, 0]) % 12) == {7}


def test_it_plays_the_notes_that_it_is_given():
    """An untrained network plays sines at the pitches it is told, and rests between."""
    stage = WaveNetAudio.from_config(tiny_wavenet(), seed=1)
    rows = np.array([[69.0, 0.1, 0.5, 64.0], [81.0, 1.0, 1.4, 64.0]])
    sound = stage.play(rows, 2.0, Sampling(seed=0), silent)
    assert len(sound) == 32_000
    for begin, hz in ((0.15, 440), (1.05, 880)):
        part = sound[round(begin * 16_000) :][:4000]
        assert abs(np.argmax(np.abs(np.fft.rfft(part * np.hanning(4000)))) * 4 - hz) < 8
    assert sound[round(1.45 * 16_000) + 8000 :].std() < 0.05 * sound[2400:6400].std()


def test_the_structure_holds_the_coarse_mel_of_that_sound():
    stage = WaveNetStage.from_config(tiny_wavenet(), seed=1)
    known = Conditioning(seconds=1.3)
    made = stage(known, known, Sampling(seed=2), silent)
    assert isinstance(made, Structure) and made.notes is None
    assert made.mel is not None and made.onsets is not None
    assert made.mel.shape == (MEL.n_groups, MEL.coarse_frames(1.3))
    assert made.onsets.shape == (MEL.frames(1.3),)
    wave = play(1.3, seed=2).mel().mid  # of the audio stage, from the same seed
    low = slice(4, 24)  # groups between the lowest notes and 7 kHz
    coarse = np.log(np.exp(wave).reshape(MEL.n_groups, MEL.bands_per_group, -1, 3).mean((1, 3)))
    change = (made.mel - coarse)[low, 2:20]  # before the keys are let go
    assert change.std() < 0.05  # but for the level


def test_the_structure_is_as_loud_as_was_asked():
    stage = WaveNetStage.from_config(tiny_wavenet(), seed=1)
    power = []
    for loudness in (40.0, 100.0):
        known = Conditioning(seconds=1.0, loudness=loudness)
        made = stage(known, known, Sampling(seed=2), silent)
        power.append(10 * np.log10(np.exp(2 * made.mel).sum(0).mean()))
    assert power[1] - power[0] == pytest.approx(60 * 0.139, abs=3)  # the attribute changes the sound as well


def test_the_treble_that_16_khz_cannot_hold_goes_on_falling():
    """A sound that loses 6 dB an octave, cut at 8 kHz, gets back what was cut."""
    noise = torch.randn(44_100 * 2, generator=torch.Generator().manual_seed(0))
    hz = torch.fft.rfftfreq(len(noise), 1 / 44_100)
    falling = torch.fft.rfft(noise) * 100 / hz.clamp_min(100)
    cut = torch.where(hz < 7_900, falling, 0)
    whole, short = (log_bands(stft(torch.fft.irfft(x), MEL).abs(), MEL) for x in (falling, cut))
    high = torch.from_numpy(band_centres_hz(MEL) > TREBLE_FROM_HZ)
    mended = with_treble(short, MEL)
    assert (short - whole)[high][-10:].mean() < -2
    assert (mended - whole)[high].mean().abs() < 0.3
    assert torch.equal(mended[~high], short[~high])


def test_progress_is_told_and_can_cancel():
    told = []

    def watch(stage, step, total):
        told.append((stage, step, total))
        return len(told) < 3

    stage = WaveNetAudio.from_config(tiny_wavenet(), seed=1)
    with pytest.raises(Cancelled):
        stage(Conditioning(seconds=2.0), Conditioning(), Sampling(), watch)
    assert told == [("structure", 0, 32_000), ("structure", 4000, 32_000), ("structure", 8000, 32_000)]


@pytest.fixture
def shipped(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tiny_weights)


@pytest.mark.usefixtures("shipped")
def test_without_a_decoder_it_makes_the_sound_itself_and_the_recipe_says_how(tmp_path):
    request = Request("piano, 1.5 s", structure="wavenet", decoder="none", sampling=Sampling(seed=4))
    (take,) = make(request)
    assert take.structure is None and take.mel is None and take.waveform is not None
    assert_good_audio(take.waveform.samples, take.waveform.sample_rate, 1.5)
    assert take.recipe["pipeline"] == {"structure": "wavenet-audio"}
    before = take.recipe | {"pipeline": {"structure": "wavenet"}}  # as it was written once
    (again,) = make(request_of(before, tmp_path, tmp_path))
    np.testing.assert_array_equal(again.waveform.samples, take.waveform.samples)
    assert differences(before, again.recipe) == []
    alone = load_pipeline("piano", structure="wavenet", decoder="none")
    assert isinstance(alone("piano, 1.5 s", Sampling(seed=4)), Waveform)


@pytest.mark.usefixtures("shipped")
def test_with_a_decoder_its_coarse_mel_is_refined():
    (take,) = make(Request("piano, 1 s", structure="wavenet"))
    assert take.structure is not None and take.structure.mel is not None
    assert take.mel is not None and take.waveform is not None
    assert [*take.recipe["pipeline"].values()] == ["wavenet", "flow", "vocoder"]


def test_it_plays_no_weather():
    with pytest.raises(InvalidRequest, match="structure stage wavenet does not make ambience"):
        understand(Request("rain, 5 s", structure="wavenet"))
