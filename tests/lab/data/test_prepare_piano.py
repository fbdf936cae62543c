"""A tiny sampled piano and corpus, from archives to shards to trained weights to sound."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure
from audiogen.lab.data.piano_midi import random_notes, read_corpus
from audiogen.lab.data.piano_sampler import PianoBank, render
from audiogen.lab.data.registry import prepare_recipe
from audiogen.lab.data.rooms import TAKE_RANGES, Take, record
from audiogen.lab.train.runner import train
from audiogen.media.midi import MidiData, midi_bytes
from audiogen.stage import Sampling, silent
from tests.conftest import tone

PITCHES = (48, 60, 72)
LAYERS = (2, 5, 8, 11, 14, 16)


def string(hz: float, seconds: float, level: float = 0.2) -> np.ndarray:
    """A tone that rings on, 9 dB less every second, float32 [2, T]."""
    sound = tone(hz, seconds, level)
    return sound * np.exp(-np.arange(sound.shape[1]) / 44_100).astype(np.float32)


def write_source(folder: Path, tone_s: float = 2.0) -> Path:
    """Archives and manifests of the real layout, with three keys and three little pieces."""
    samples, midi = folder / "piano-samples", folder / "piano-midi"
    samples.mkdir(parents=True)
    midi.mkdir()
    index = []
    with zipfile.ZipFile(samples / "tones.zip", "w") as pack:
        for pitch in PITCHES:
            for number, layer in enumerate(LAYERS):
                level = 0.05 * 1.5**number
                sound = string(440 * 2 ** ((pitch - 69) / 12), tone_s, level)
                name = f"k{pitch}v{layer}.ogg"
                pack.writestr(name, _ogg(sound))
                rms = 20 * np.log10(np.sqrt((sound[:, :44_100] ** 2).mean()))
                index.append(
                    {
                        "kind": "sustain",
                        "archive": "tones.zip",
                        "file": name,
                        "midi_pitch": pitch,
                        "layer": layer,
                        "onset_s": 0.002,
                        "rms_first_second_dbfs": float(rms),
                    }
                )
        for number, kind in enumerate(("pedal-down", "pedal-down", "pedal-up", "pedal-up")):
            name = f"{kind}{number}.ogg"
            pack.writestr(name, _ogg(string(60, 0.3, 0.02)))
            index.append({"kind": kind, "archive": "tones.zip", "file": name, "onset_s": 0.0})
        pack.writestr("rel.ogg", _ogg(string(90, 0.2, 0.02)))
        index.append(
            {
                "kind": "key-release-noise",
                "archive": "tones.zip",
                "file": "rel.ogg",
                "midi_pitch": 60,
                "onset_s": 0.0,
            }
        )
    (samples / "index.json").write_text(json.dumps({"samples": index}))
    columns = "path archive composer title performer source licence kind composition split velocities"
    with open(midi / "manifest.csv", "w", newline="") as file:
        rows = csv.DictWriter(file, columns.split())
        rows.writeheader()
        with zipfile.ZipFile(midi / "pieces.zip", "w") as pack:
            for number, split in enumerate(("train", "valid", "test")):
                path = f"rolls/{number}.mid"
                pack.writestr(path, _piece(number))
                rows.writerow(
                    dict.fromkeys(columns.split(), "x")
                    | {"path": path, "archive": "pieces.zip", "kind": "performance"}
                    | {"split": split, "velocities": "20"}
                )
    return folder


def _ogg(audio: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, audio.T, 44_100, format="OGG")
    return buffer.getvalue()


def _piece(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    onset = np.arange(0, 20, 0.25)
    rows = np.stack(
        [rng.integers(48, 73, len(onset)), onset, onset + 0.3, rng.integers(31, 90, len(onset))], 1
    )
    return midi_bytes(MidiData(rows.astype(float), np.array([[1.0, 1.0], [3.0, 0.0]])))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def bank(source: Path) -> PianoBank:
    return PianoBank.build(source / "piano-samples")


def _level(audio: np.ndarray) -> float:
    return float(20 * np.log10(audio.std() + 1e-9))


def test_every_key_sounds_at_its_pitch(bank: PianoBank) -> None:
    for pitch in (50, 61, 72):
        tone = bank.tone(pitch, 80, np.random.default_rng(0))[:, 0]
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
        hz = spectrum.argmax() * 44_100 / len(tone)
        assert hz == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.01)


def test_louder_velocities_sound_louder_without_steps(bank: PianoBank) -> None:
    levels = [_level(bank.tone(60, v, np.random.default_rng(0))) for v in range(15, 125, 5)]
    steps = np.diff(levels)
    assert (steps > -0.5).all() and steps.max() < 3


def test_a_damped_string_stops_and_a_pedalled_one_rings(bank: PianoBank) -> None:
    rows = np.array([[60, 0.0, 0.3, 90]])
    late = slice(int(0.9 * 44_100), None)
    damped = render(bank, Notes.from_rows(rows), 1.2, np.random.default_rng(0))
    ringing = render(bank, Notes.from_rows(rows, np.array([[0.0, 1.0]])), 1.2, np.random.default_rng(0))
    assert _level(ringing[:, late]) > _level(damped[:, late]) + 20


def test_a_note_struck_before_the_window_rings_into_it(bank: PianoBank) -> None:
    before = Notes.from_rows(np.array([[60, -0.5, 1.0, 90]]))
    assert _level(render(bank, before, 0.4, np.random.default_rng(0))) > -50


def test_takes_stay_in_their_ranges_and_change_the_sound() -> None:
    dry = string(440, 1.0)
    for seed in range(20):
        values = Take.draw(np.random.default_rng(seed)).normalised()
        assert values.shape == (len(TAKE_RANGES),) and np.abs(values).max() <= 1
    dull, bright = (record(dry, Take(brightness=b), 44_100, np.random.default_rng(0)) for b in (-1.5, 1.5))
    assert dull.shape == (2, 44_100)
    spectra = [np.abs(np.fft.rfft(x[0]))[4000:] ** 2 for x in (dull, bright)]
    assert spectra[1].sum() > spectra[0].sum()


def test_tuning_moves_the_pitch() -> None:
    from audiogen.lab.data.rooms import tuning_ratio

    assert 1200 * np.log2(tuning_ratio(Take(cents=8.0))) == pytest.approx(8.0)


def test_random_notes_never_overlap_on_a_key(rng: np.random.Generator) -> None:
    for _ in range(5):
        notes = random_notes(10.0, 2.0, rng)
        assert notes.pitch.min() >= 21 and notes.pitch.max() <= 108
        for pitch in set(notes.pitch):
            mine = notes.pitch == pitch
            assert (notes.onset_s[mine][1:] >= notes.offset_s[mine][:-1] - 1e-9).all()


def test_roll_velocities_are_spread_over_a_piano(source: Path) -> None:
    (piece,) = read_corpus(source / "piano-midi", ("train",), welte_red=False)
    assert 20 <= piece.notes.velocity.min() < 30
    assert 100 < piece.notes.velocity.max() <= 115


def test_recipes_at_toy_size_from_archives_to_sound(source: Path, tmp_path: Path) -> None:
    """`audiogen data`, then the vocoder and the decoder for a few steps, then notes to a waveform."""
    from audiogen.decoder.diffusion import DiffusionDecoder
    from audiogen.decoder.flow import FlowDecoder
    from audiogen.render.vocoder import Vocoder

    data = tmp_path / "data"
    common = {
        "data": {
            "name": "piano-audio",
            "train_windows": 3,
            "valid_windows": 2,
            "test_windows": 1,
            "audio_windows": 2,
            "windows_per_shard": 2,
            "seconds": 6.0,
            "welte_red": False,
            "workers": 1,
        }
    }
    loop = {"steps": 6, "warmup": 1, "eval_every": 6, "save_every": 6, "threads": 1}
    vocoder_recipe = _recipe(
        tmp_path / "vocoder.yaml",
        common
        | {
            "stage": {"width": 16, "blocks": 1},
            "task": {"name": "vocoder", "batch_size": 2, "frames": 24, "valid_windows": 1},
            "train": loop,
        },
    )
    prepare_recipe(vocoder_recipe, source, data)
    assert {p.name for p in data.glob("*-*.npz")} >= {"train-000.npz", "train-001.npz", "valid-000.npz"}
    vocoder_run = train(vocoder_recipe, data, tmp_path / "vocoder-run")
    decoder_stage = {"width": 16, "dilations": [1, 2], "templates": 2, "steps": 2}
    decoder_task = {"batch_size": 4, "frames": 48, "whole_share": 0.4}
    runs = {}
    for name in ("flow", "diffusion"):  # the second starts from the first
        task = {**decoder_task, "name": f"{name}-decoder"}
        recipe = _recipe(
            tmp_path / f"{name}.yaml", common | {"stage": decoder_stage, "task": task, "train": loop}
        )
        start = runs["flow"].weights if runs else None
        runs[name] = train(recipe, data, tmp_path / f"{name}-run", init_from=start)
    vocoder = Vocoder.from_pretrained(vocoder_run.weights)
    structure = Structure(2.0, Notes.from_rows(np.array([[60, 0.1, 0.8, 90], [64, 0.6, 1.5, 70]])))
    for decoder in (
        FlowDecoder.from_pretrained(runs["flow"].weights),
        DiffusionDecoder.from_pretrained(runs["diffusion"].weights),
    ):
        mel = decoder(structure, Conditioning(seconds=2.0), Sampling(seed=1), silent)
        assert isinstance(mel, MelSpectrogram)
        wave = vocoder(mel, Conditioning(), Sampling(seed=1), silent)
        assert wave.samples.shape == (2, 88_200) and np.isfinite(wave.samples).all()


def _recipe(path: Path, rows: dict) -> Path:
    path.write_text(yaml.safe_dump(rows))
    return path
