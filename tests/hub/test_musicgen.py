"""MusicGen with a sound beside the words: a melody that it follows, an opening from which it goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.artifacts import Notes, Structure, Waveform
from audiogen.cli import main
from audiogen.compat import import_transformers
from audiogen.errors import InvalidRequest
from audiogen.hub import ModelChoice
from audiogen.hub.musicgen import onset_times, rhythm, upper_voice
from audiogen.hub.sound import stereo
from audiogen.making import Request, make, understand
from audiogen.media.audio import read_recipe
from audiogen.media.finish import resampled
from audiogen.media.tones import RATE
from audiogen.stage import PLAIN, Options, Sampling, silent

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
WORDS = "drums and a choir"
SEED = Sampling(seed=7)
LOADED: dict[Any, Any] = {}
SCALE = np.array([[pitch, k / 2, k / 2 + 0.49, 80] for k, pitch in enumerate((60, 62, 64, 65, 67))])


def tune(rate: int, seconds: float = 0.4) -> Waveform:
    """A tone of 200 Hz, mono."""
    t = np.arange(int(seconds * rate)) / rate
    return Waveform((0.5 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)[None], rate)


def asked(folder: Path, **more: Any) -> Request:
    model = ModelChoice(str(folder))
    return Request(WORDS, seconds=1.0, sampling=SEED, model=model, device="cpu", **more)


def raw(request: Request) -> np.ndarray:
    """What the stage gives, before it is finished."""
    plan = understand(request).sharing(LOADED)
    options = Options(melody=plan.melody, opening=plan.opening)
    known = plan.conditioning
    return plan.parts[0](known, known, request.sampling, silent, options).samples


def bare(folder: Path, name: str, tokens: int, **audio: Any) -> np.ndarray:
    """The call of transformers with the same noise."""
    transformers = import_transformers()
    model = getattr(transformers, name).from_pretrained(folder).eval()
    inputs = transformers.AutoProcessor.from_pretrained(folder)(text=[WORDS], return_tensors="pt", **audio)
    torch.manual_seed(SEED.seed_for("decoder"))
    with torch.no_grad():
        return stereo(model.generate(**inputs, do_sample=True, max_new_tokens=tokens)[0], 500).samples


def test_going_on_gives_the_very_samples_of_the_bare_call(hub: Hub) -> None:
    opening = tune(500)
    made = raw(asked(hub("musicgen"), opening=opening))
    left = 50 - 20 + 2  # frames that are not there yet, and one more for each codebook
    wanted = bare(
        hub("musicgen"),
        "MusicgenForConditionalGeneration",
        left,
        audio=opening.samples[0],
        sampling_rate=500,
    )
    np.testing.assert_array_equal(made, wanted)
    assert made.shape[1] >= 44_100
    assert not np.array_equal(made, raw(asked(hub("musicgen"), opening=tune(500, 0.3))))


def test_a_melody_gives_the_very_samples_of_the_bare_call(hub: Hub) -> None:
    melody = tune(8000)
    name = "MusicgenMelodyForConditionalGeneration"
    made = raw(asked(hub("melody"), melody=melody))
    wanted = bare(hub("melody"), name, 52, audio=melody.samples[0], sampling_rate=8000)
    np.testing.assert_array_equal(made, wanted)
    alone = raw(asked(hub("melody")))
    np.testing.assert_array_equal(alone, bare(hub("melody"), name, 52))
    assert not np.array_equal(alone[:, :44_100], made[:, :44_100])


def test_the_notes_of_a_midi_file_are_a_melody(hub: Hub, tmp_path: Path) -> None:
    notes = Notes(SCALE[:, 0].astype(np.int64), SCALE[:, 1], SCALE[:, 2], SCALE[:, 3])
    Structure(2.5, notes=notes).save(tmp_path / "scale.mid")
    followed = understand(asked(hub("melody"), melody=tmp_path / "scale.mid")).melody
    assert followed is not None
    assert list(dict.fromkeys(pitch_classes(followed, hub))) == [0, 2, 4, 5, 7]  # C D E F G


def pitch_classes(wave: Waveform, hub: Hub) -> np.ndarray:
    """What a melody model takes from a sound: the strongest pitch class of every frame of 50 ms."""
    extractor = import_transformers().AutoFeatureExtractor.from_pretrained(hub("melody"))
    samples = resampled(wave.samples, RATE, 8000)[0]
    chroma = extractor(samples, sampling_rate=8000, return_tensors="np")["input_features"][0]
    return np.asarray(chroma.argmax(-1)[1:-2])


def test_onsets_alone_lead_as_tonic_and_fifth_in_turn(hub: Hub) -> None:
    """What is no piano has no notes; its onsets become changes of pitch class, all that the model hears."""
    onsets = np.zeros(150, np.float32)
    onsets[[0, 38, 75, 112]] = 1.0
    onsets[90] = 0.1  # too weak to be heard
    structure = Structure(2.0, onsets=onsets)
    wave = rhythm(onset_times(onsets, 75.0), 2.0, "D minor")
    assert wave.seconds == pytest.approx(2.0)
    heard = pitch_classes(wave, hub)
    changes = np.flatnonzero(np.diff(heard)) * 0.05 + 0.1
    np.testing.assert_allclose(changes, [38 / 75, 1.0, 112 / 75], atol=0.1)
    assert heard[0] == 2 and set(heard) == {2, 9}  # D and A
    plan = understand(asked(hub("melody"))).sharing(LOADED)
    known = dataclasses.replace(plan.conditioning, key="D minor")
    stage = plan.parts[-1]
    led = stage(structure, known, SEED, silent, PLAIN).samples
    wanted = stage(known, known, SEED, silent, Options(melody=wave)).samples
    np.testing.assert_array_equal(led, wanted)
    still = stage(Structure(2.0, onsets=np.zeros(150, np.float32)), known, SEED, silent, PLAIN).samples
    assert not np.array_equal(led, still)


def test_a_file_with_a_sound_beside_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub
) -> None:
    monkeypatch.chdir(tmp_path)
    tune(8000).save("tune.wav")
    for model, flag, role in (("musicgen", "--continue", "opening"), ("melody", "--melody", "melody")):
        words = ["make", f"{WORDS}, 1 s", "--model", str(hub(model)), flag, "tune.wav", "--device", "cpu"]
        assert main([*words, "--seed", "3", "-o", f"{model}.wav", "-q"]) == 0
        recipe = read_recipe(tmp_path / f"{model}.wav")
        assert recipe is not None and recipe[role]["file"] == "tune.wav"
        assert main(["again", f"{model}.wav", "-q"]) == 0
        assert (tmp_path / f"{model}.wav").read_bytes() == (tmp_path / f"{model}-again.wav").read_bytes()
    (take,) = make(asked(hub("musicgen"), opening=tune(8000)), loaded=LOADED)
    assert take.recipe["opening"]["file"] == "waveform.wav"


def test_a_sound_that_nothing_takes_is_refused(hub: Hub) -> None:
    for request, words in (
        (asked(hub("musicgen"), melody=tune(500)), "--melody is for a melody model of MusicGen"),
        (asked(hub("melody"), opening=tune(500)), "--continue is for a MusicGen"),
        (Request("calm piano", melody=tune(500)), "--melody is for a melody model"),
        (Request("a cat", path="picture", opening=tune(500)), "--continue is for a MusicGen"),
        (asked(hub("musicgen"), opening=tune(500, 2.0)), "lasts 2.0 s, and the whole is to last 1 s"),
        (asked(hub("musicgen"), opening=hub("musicgen") / "config.json"), "config.json"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            understand(dataclasses.replace(request))


def test_our_score_leads_their_model(tiny: Path, hub: Hub) -> None:
    """`--structure score`: our stage writes the notes, their upper voice is the melody of MusicGen."""
    words = ["make", "strings in D minor, 90 bpm, 2 s", "--model", str(hub("melody")), "--seed", "3"]
    led = [*words, "--device", "cpu", "-q", "--structure"]
    assert main([*led, "score", "-o", "a.wav", "--keep-structure"]) == 0
    recipe = read_recipe(tiny / "a.wav")
    assert recipe is not None
    assert recipe["pipeline"] == {"structure": "score", "decoder": "musicgen-melody"}
    assert recipe["conditioning"]["key"] == "D minor" and recipe["conditioning"]["tempo"] == 90
    assert main(["again", "a.wav", "-q"]) == 0
    assert (tiny / "a.wav").read_bytes() == (tiny / "a-again.wav").read_bytes()
    assert main([*led, "a.mid", "-o", "b.wav"]) == 0  # the same notes, from their file
    np.testing.assert_array_equal(Waveform.load("a.wav").samples, Waveform.load("b.wav").samples)
    assert main([*words, "--device", "cpu", "-q", "-o", "c.wav"]) == 0
    assert not np.array_equal(Waveform.load("a.wav").samples, Waveform.load("c.wav").samples)
    both = [*led, "score", "--melody", "a.mid", "-o", "d.wav"]
    assert main(both) == InvalidRequest.exit_code


def test_the_upper_voice_is_what_nothing_sounds_above() -> None:
    """A melody over chords: C major under E, then G over the chord that is still held."""
    rows = [(60, 0.0, 2.0), (64, 0.01, 1.0), (67, 1.0, 2.0), (55, 1.5, 2.0), (59, 2.0, 3.0)]
    pitch, onset, offset = (np.array(column) for column in zip(*rows, strict=True))
    heard = upper_voice(Notes(pitch, onset, offset, np.full(5, 80.0))).samples[0]
    alone = upper_voice(Notes(pitch[[1, 2, 4]], onset[[1, 2, 4]], offset[[1, 2, 4]], np.full(3, 80.0)))
    np.testing.assert_array_equal(heard, alone.samples[0])
