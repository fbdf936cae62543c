"""Ambience data from a small folder of recordings made here."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.lab.data.ambience_recordings import fill_treble, read_recordings, source_weights
from audiogen.lab.data.ambience_scenes import Scenery, stretch_out
from audiogen.lab.data.ambience_windows import read_ambience
from audiogen.lab.data.prepare_ambience import AmbienceData, prepare
from audiogen.media.loudness import loudness_lufs

RATE = 44_100
COLUMNS = (
    "file",
    "archive",
    "labels",
    "split",
    "bandwidth_hz",
    "source_title",
    "author",
    "licence",
    "source_url",
)


def noise(seconds: float, seed: int, gaps: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wave = 0.1 * rng.standard_normal(int(seconds * RATE)).astype(np.float32)
    silent = rng.random(len(wave) // 2205 + 1) < gaps
    return wave * (1 - 0.95 * np.repeat(silent, 2205)[: len(wave)]).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rain (steady and dripping), a blackbird, a quiet forest and a boat, in train and held out."""
    path = tmp_path_factory.mktemp("audio") / "environment"
    path.mkdir()
    tone = np.sin(2 * np.pi * 3000 * np.arange(RATE // 2) / RATE).astype(np.float32) * 0.2
    rows = []
    with zipfile.ZipFile(path / "all.zip", "w") as pack:
        for split in ("train", "valid", "test"):
            for name, labels, wave in (
                ("steady", "rain", noise(3, 1)),
                ("dripping", "rain;wind", noise(2.5, 2, gaps=0.7)),
                ("blackbird", "birds", tone),
                ("quiet", "forest", noise(3, 3)),
                ("boat", "boat;water", noise(2, 4)),
            ):
                file = f"{split}-{name}.wav"
                data = io.BytesIO()
                soundfile.write(data, wave, RATE, format="WAV")
                pack.writestr(file, data.getvalue())
                rows.append(
                    (file, "all.zip", labels, split, "22050", name, "someone", "CC0", "https://example.org")
                )
    with open(path / "manifest.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return path


def test_recordings_are_levelled_labelled_and_ranked(folder: Path) -> None:
    found = {r.file: r for r in read_recordings(folder, "train")}
    assert set(found) == {f"train-{n}.wav" for n in ("steady", "dripping", "blackbird", "quiet")}
    steady, dripping = found["train-steady.wav"], found["train-dripping.wav"]
    assert dripping.sources == {"rain": 1.0, "wind": 0.5}
    assert (dripping.intensity, steady.intensity) == (0.0, 1.0)
    assert found["train-blackbird.wav"].is_event and not steady.is_event
    assert found["train-quiet.wav"].main is None
    assert loudness_lufs(steady.samples[None], RATE) == pytest.approx(-23, abs=0.2)


def test_labels_become_weights() -> None:
    assert source_weights(["forest", "birds", "insects"]) == {"birds": 1.0, "crickets": 0.5}
    assert source_weights(["birds", "dove"]) == {"birds": 1.0}
    assert source_weights(["forest"]) == {}


def test_missing_treble_is_filled_and_the_rest_is_kept() -> None:
    hz = np.fft.rfftfreq(4 * RATE, 1 / RATE)
    spectrum = np.fft.rfft(noise(4, 5))
    limited = np.fft.irfft(spectrum * (hz < 10_000)).astype(np.float32)
    filled = fill_treble(limited, 10_000)
    power = np.abs(np.fft.rfft(filled)) ** 2
    below, above = (power[(hz > a) & (hz < b)].mean() for a, b in ((5000, 9000), (10_500, 14_000)))
    assert -12 < 10 * np.log10(above / below) < 0  # 9 dB an octave
    kept = np.abs(np.fft.rfft(filled - limited)) ** 2
    assert kept[(hz > 100) & (hz < 9000)].mean() < 1e-3 * below


def test_a_short_sound_goes_on_without_a_gap() -> None:
    long = stretch_out(noise(1.5, 6), 6 * RATE, np.random.default_rng(0))
    assert len(long) == 6 * RATE
    rms = np.sqrt((long.reshape(-1, 2205) ** 2).mean(1))
    assert rms.min() > 0.07 and rms.max() < 0.15


def test_scenes_say_what_is_in_them(folder: Path) -> None:
    scenery = Scenery(read_recordings(folder, "train"))
    rng = np.random.default_rng(0)
    scenes = [scenery.draw(2.0, rng, mixed=0.5) for _ in range(12)]
    assert {len(s.sources) for s in scenes} >= {1, 2}
    for scene in scenes:
        assert scene.wave.shape == (2, 2 * RATE) and np.isfinite(scene.wave).all()
        assert max(scene.sources.values()) == 1.0 and min(scene.sources.values()) > 0
        assert loudness_lufs(scene.wave, RATE) == pytest.approx(-23, abs=4.5)
    wide = scenery.single("rain", 2.0, rng).wave
    assert np.corrcoef(wide)[0, 1] < 0.99


def test_windows_are_written_once_and_held_out_recordings_stay_held_out(folder: Path, tmp_path: Path) -> None:
    settings = AmbienceData(4, 2, 2, audio_windows=2, seconds=1.2, windows_per_shard=2, workers=1)
    prepare(folder.parent, tmp_path, settings)
    names = sorted(p.name for p in tmp_path.glob("*.npz"))
    assert names == ["test-000.npz", "train-000.npz", "train-001.npz", "valid-000.npz"]
    windows = read_ambience(tmp_path, "train", None)
    assert windows.mel.shape == (4, 170 + 68, 90) and windows.sources.shape == (4, len(SOURCES))
    assert "audio" in np.load(tmp_path / "train-000.npz") and "audio" not in np.load(
        tmp_path / "train-001.npz"
    )
    held = read_ambience(tmp_path, "valid", None)
    assert ((held.sources > 0).sum(1) <= 2).all()
    with open(tmp_path / "credits.csv") as stream:
        credits = list(csv.DictReader(stream))
    assert {r["split"] for r in credits if r["file"].startswith("valid")} == {"valid"}
    before = (tmp_path / "train-000.npz").stat().st_mtime_ns
    prepare(folder, tmp_path, settings)
    assert (tmp_path / "train-000.npz").stat().st_mtime_ns == before


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="manifest.csv"):
        prepare(tmp_path, tmp_path / "out", AmbienceData())
    with pytest.raises(InvalidRequest, match="audiogen data"):
        read_ambience(tmp_path, "train", None)
