"""Pipelines: seams are checked, any seam can be the start or the end, seeds belong to stages."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.pipeline import Pipeline
from audiogen.stage import Sampling, Stage, report, silent


class OneNote:
    """A structure of one note whose pitch is drawn."""

    name, seam, takes, gives = "one-note", "structure", Conditioning, Structure

    def __call__(self, x, conditioning, sampling, progress):
        report(progress, "structure", 1, 1)
        pitch = 21 + sampling.seed_for("structure") % 88
        return Structure(x.seconds, Notes.from_rows(np.array([[pitch, 0.1, 0.5, 64]])))


class Flat:
    """A mel at the level that was drawn."""

    name, seam, takes, gives = "flat", "decoder", Structure, MelSpectrogram

    def __call__(self, x, conditioning, sampling, progress):
        level = -(sampling.seed_for("decoder") % 7)
        mid = np.full((170, round(75 * x.seconds)), level, np.float32)
        return MelSpectrogram(mid, np.zeros((2, 34, mid.shape[1]), np.float32), x.seconds)


class Tone:
    """A waveform of the right length, whose pitch is the level of the mel."""

    name, seam, takes, gives = "tone", "renderer", MelSpectrogram, Waveform

    def __call__(self, x, conditioning, sampling, progress):
        t = np.arange(round(x.seconds * 44_100)) / 44_100
        tone = 0.1 * np.sin(2 * np.pi * (440 + 20 * x.mid[0, 0]) * t)
        return Waveform(np.stack([tone, tone]).astype(np.float32))


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(OneNote(), Flat(), Tone())


def test_stages_are_stages() -> None:
    for stage in (OneNote(), Flat(), Tone()):
        assert isinstance(stage, Stage)


def test_a_prompt_runs_through_all_stages(pipeline: Pipeline) -> None:
    wave = pipeline("calm piano, 2 s", Sampling(seed=1))
    assert isinstance(wave, Waveform) and wave.seconds == 2.0


def test_it_stops_at_and_starts_from_any_seam(pipeline: Pipeline) -> None:
    structure = pipeline.until("structure")("piano, 2 s", Sampling(seed=1))
    assert isinstance(structure, Structure)
    mel = pipeline.until("decoder")("piano, 2 s", Sampling(seed=1))
    assert isinstance(mel, MelSpectrogram)
    whole = pipeline("piano, 2 s", Sampling(seed=1))
    resumed = pipeline.since("structure")(structure, Sampling(seed=1))
    np.testing.assert_array_equal(whole.samples, resumed.samples)


def test_a_stage_can_be_swapped(pipeline: Pipeline) -> None:
    class Loud(Flat):
        def __call__(self, x, conditioning, sampling, progress):
            mel = super().__call__(x, conditioning, sampling, progress)
            return MelSpectrogram(mel.mid * 0 + 3, mel.side, mel.seconds)

    wave = pipeline.replace("decoder", Loud())("piano, 1 s")
    assert np.argmax(np.abs(np.fft.rfft(wave.samples[0]))) == 440 + 20 * 3  # Hz, at one second


def test_without_a_structure_stage_the_decoder_works_alone() -> None:
    assert Pipeline(Flat(), Tone())("piano, 3 s").seconds == 3.0


def test_seams_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="takes MelSpectrogram"):
        Pipeline(OneNote(), Tone())
    with pytest.raises(InvalidRequest, match="at least one"):
        Pipeline()
    with pytest.raises(InvalidRequest, match="structure, decoder, renderer"):
        Pipeline(OneNote(), Flat(), Tone()).until("vocoder")


def test_the_wrong_artifact_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InvalidRequest, match="must be Path or Structure or .*, not Waveform"):
        pipeline.since("structure")(Waveform(np.zeros((2, 10), np.float32)))


def test_another_decoder_seed_keeps_the_notes(pipeline: Pipeline) -> None:
    def notes(sampling: Sampling) -> int:
        return int(pipeline.until("structure")("piano", sampling).notes.pitch[0])

    assert notes(Sampling(seed=3)) == notes(Sampling(seed=3, decoder_seed=9))
    assert Sampling(seed=3, decoder_seed=9).seed_for("decoder") == Sampling(seed=9).seed_for("decoder")
    assert Sampling(seed=3).seed_for("decoder") != Sampling(seed=3).seed_for("structure")


def test_item_k_of_a_batch_is_that_item_alone(pipeline: Pipeline) -> None:
    batch = pipeline("piano, 1 s", Sampling(seed=5, n=3))
    for k, wave in enumerate(batch):
        alone = pipeline("piano, 1 s", Sampling(seed=5 + k))
        np.testing.assert_array_equal(wave.samples, alone.samples)
    assert Sampling(seed=5, decoder_seed=2, n=3).item(2) == Sampling(seed=7, decoder_seed=4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"steps": 0},
        {"structure_strength": 1.5},
        {"guidance": -1},
        {"temperature": 0},
        {"top_p": 0},
        {"n": 0},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_silent_never_cancels() -> None:
    assert silent("decoder", 1, 2)
