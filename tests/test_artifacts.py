"""Artifacts survive saving, and notes know when they are damped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure, Waveform, mainly
from audiogen.errors import InvalidRequest, WouldOverwrite
from audiogen.media.mel import band_centres_hz
from tests.conftest import tone

ROWS = np.array([[60, 0.0, 0.5, 80], [64, 0.5, 1.25, 50], [67, 1.0, 2.0, 100]], float)
PEDAL = np.array([[0.25, 1.0], [1.5, 0.0]])
TICK_S = 60 / 90 / 480  # at 90 BPM


def notes() -> Notes:
    return Notes.from_rows(ROWS, PEDAL, tempo=90.0, metre=(3, 4), key="D minor")


def test_a_structure_survives_npz_exactly(tmp_path: Path) -> None:
    structure = Structure(2.5, notes(), np.zeros((34, 63), np.float32) - 3, np.ones(188, np.float32))
    structure.save(tmp_path / "x.npz")
    back = Structure.load(tmp_path / "x.npz")
    assert back.seconds == 2.5 and back.notes is not None
    np.testing.assert_array_equal(back.notes.rows(), ROWS)
    np.testing.assert_array_equal(back.notes.pedal, PEDAL)
    assert (back.notes.tempo, back.notes.metre, back.notes.key) == (90.0, (3, 4), "D minor")
    np.testing.assert_array_equal(back.mel, structure.mel)
    np.testing.assert_array_equal(back.onsets, structure.onsets)


def test_a_structure_survives_midi_to_the_tick(tmp_path: Path) -> None:
    Structure(2.5, notes()).save(tmp_path / "x.mid")
    back = Structure.load(tmp_path / "x.mid").notes
    assert back is not None
    np.testing.assert_allclose(back.rows(), ROWS, atol=TICK_S)
    np.testing.assert_allclose(back.pedal, PEDAL, atol=TICK_S)
    assert back.tempo == pytest.approx(90, abs=0.01)
    assert (back.metre, back.key) == ((3, 4), "D minor")


def test_the_pedal_delays_damping_until_it_comes_up() -> None:
    np.testing.assert_allclose(notes().damped_s(), [1.5, 1.5, 2.0])
    assert notes().end_s() == 2.0
    forever = Notes.from_rows(ROWS, np.array([[0.25, 1.0]]))
    assert np.isinf(forever.damped_s()).all()
    assert forever.end_s() == 2.0


def test_a_window_counts_its_times_from_its_start_and_knows_the_pedal() -> None:
    window = notes().window(0.5, 1.75)
    np.testing.assert_allclose(window.onset_s, [0.0, 0.5])
    assert window.pedal[0, 1] == 1.0 and window.pedal[0, 0] == 0.0
    np.testing.assert_allclose(window.pedal[-1], [1.0, 0.0])


def test_existing_files_are_kept_unless_forced(tmp_path: Path) -> None:
    target = tmp_path / "x.npz"
    Structure.empty(1.0).save(target)
    with pytest.raises(WouldOverwrite, match="--force"):
        Structure.empty(2.0).save(target)
    Structure.empty(3.0).save(target, force=True)
    assert Structure.load(target).seconds == 3.0
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


@pytest.mark.parametrize("name", ["x.wav", "x", "x.npz", "x.mid"])
def test_what_is_no_structure_is_refused_in_words(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidRequest, match=r"\.npz|MIDI"):
        Structure.load(path)


def test_a_missing_folder_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="does not exist"):
        Structure.empty(1.0).save(tmp_path / "nowhere" / "x.npz")


def test_notes_are_needed_for_midi(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no notes"):
        Structure.empty(1.0).save(tmp_path / "x.mid")


def test_a_mel_survives_npz(tmp_path: Path) -> None:
    mel = MelSpectrogram(np.zeros((170, 75), np.float32), np.zeros((2, 34, 75), np.float32), 1.0)
    mel.save(tmp_path / "m.npz")
    back = MelSpectrogram.load(tmp_path / "m.npz")
    assert back.seconds == 1.0 and back.mid.shape == (170, 75)
    with pytest.raises(InvalidRequest, match="no structure|`seconds`"):
        Structure.load(_npz(tmp_path / "other.npz"))


def _npz(path: Path) -> Path:
    np.savez(path, a=np.zeros(1))
    return path


def test_a_waveform_survives_wav(tmp_path: Path) -> None:
    wave = Waveform(tone(seconds=0.5))
    wave.save(tmp_path / "w.wav", recipe={"prompt": "舒缓的钢琴"})
    back = Waveform.load(tmp_path / "w.wav")
    np.testing.assert_allclose(back.samples, wave.samples, atol=2**-22)
    assert back.sample_rate == 44_100


def test_a_conditioning_survives_json() -> None:
    known = Conditioning("calm", seconds=10.0, tempo=60.0, metre=(3, 4), mood=("calm",))
    assert Conditioning.from_dict(known.to_dict()) == known
    with pytest.raises(InvalidRequest, match="colour"):
        Conditioning.from_dict({"colour": "blue"})


def test_every_artifact_draws_itself() -> None:
    mel = MelSpectrogram(np.zeros((170, 75), np.float32), np.zeros((2, 34, 75), np.float32), 1.0)
    for artifact in (Structure(2.0, notes()), mel, Waveform(tone(seconds=0.5))):
        assert artifact.plot()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"notes": np.array([[10, 0.1, 0.5, 64.0]])}, "21..108"),
        ({"notes": np.array([[60, 1.0, 0.5, 64.0]])}, "ends after it"),
        ({"notes": np.array([[60, 0.0, 0.5, 300.0]])}, "1..127"),
        ({"notes": np.zeros((2, 3))}, "rows of"),
        ({"notes": np.array([[60, np.nan, 0.5, 64.0]])}, "NaN"),
        ({"mel": np.full((34, 25), np.nan, np.float32)}, "NaN"),
        ({"mel": np.zeros((40, 25), np.float32)}, "34"),
    ],
)
def test_arrays_that_are_no_structure_are_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    np.savez(tmp_path / "x.npz", seconds=1.0, **arrays)
    with pytest.raises(InvalidRequest, match=words):
        Structure.load(tmp_path / "x.npz")


@pytest.mark.parametrize(("channels", "rate", "samples"), [(2, 44_100, 44_100), (1, 48_000, 30_011)])
def test_a_sound_becomes_a_mel_of_its_length(channels: int, rate: int, samples: int) -> None:
    """Mono and other rates too: a tone of 1 kHz is loudest in the band that holds it."""
    t = np.arange(samples) / rate
    wave = Waveform(np.repeat(0.2 * np.sin(2 * np.pi * 1000 * t)[None], channels, 0), rate)
    mel = wave.mel()
    assert mel.seconds == samples / rate
    assert mel.mid.shape == (mel.settings.n_bands, mel.settings.frames(mel.seconds))
    assert mel.side.shape == (2, mel.settings.n_groups, mel.mid.shape[1])
    middle = mel.mid[:, mel.mid.shape[1] // 2]
    assert band_centres_hz()[middle.argmax()] == pytest.approx(1000, rel=0.03)


def test_a_finished_sound_has_its_level_and_the_one_before_is_left_alone() -> None:
    t = np.arange(3 * 44_100) / 44_100
    raw = Waveform(np.repeat(1.5 * np.sin(2 * np.pi * 440 * t)[None], 2, 0).astype(np.float32))
    done = raw.finished(target_lufs=-23)
    assert done.facts is not None and done.facts.level is not None
    assert done.facts.level.integrated_lufs == pytest.approx(-23, abs=0.1)
    assert done.samples.shape == raw.samples.shape
    assert abs(raw.samples).max() > 1.4 and abs(done.samples[:, -1]).max() < 0.01
    assert abs(raw.finished(target_lufs=None).samples).max() <= 10 ** (-1 / 20) + 1e-3


@pytest.mark.parametrize(
    ("sources", "alone"),
    [
        (("fire",), True),
        (("fire", "wind"), True),  # which is heard behind anything
        (("fire", "birds"), False),
        (("wind",), False),
        ((), False),
    ],
)
def test_what_sounds_alone(sources: tuple[str, ...], alone: bool) -> None:
    assert mainly("fire", sources) == alone
