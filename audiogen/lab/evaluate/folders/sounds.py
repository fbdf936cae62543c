"""Sounds of a folder as rows of an embedding, and what is heard in each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate import textures
from audiogen.lab.evaluate.embedding import SEGMENT_S, block_sizes, describe
from audiogen.lab.evaluate.folders.sets import Embedding
from audiogen.lab.evaluate.folders.words import words_of
from audiogen.media.audio import SUFFIXES, read_audio, read_recipe
from audiogen.media.finish import resampled
from audiogen.media.loudness import measure

RATE = 44_100
EDGE_S = 1  # pieces fade in and out: texture is what lies between
LONGEST_S = 120.0  # of a file that is looked at
CREST_S = 0.02  # a frame whose crest factor is short-time
Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def embedding(name: str, yamnet: Path | None, clap: Any) -> Embedding:
    """An embedding of samples [2, T] at 44.1 kHz by its name: "ours", "yamnet" or "clap".

    Args:
        yamnet: its folder. clap: a network of the user's, see `hub.judges`; None: there is none.
    """
    if name == "ours":
        return Embedding("ours, version 2", _ours, [*block_sizes().values(), 2])
    if name == "yamnet":
        if yamnet is None:
            raise InvalidRequest("The embedding yamnet needs its files: --yamnet FOLDER.")
        from audiogen.lab.evaluate.yamnet import Yamnet

        net = Yamnet(yamnet)
        return Embedding(name, lambda samples: net.windows(samples, RATE))
    if clap is None:
        raise InvalidRequest("The embedding clap needs a model: --clap FOLDER or ID.")
    return Embedding(name, lambda samples: np.asarray(clap.windows(samples, RATE)))


def _ours(samples: np.ndarray) -> np.ndarray:
    """The features of `embedding.describe`, and the crest factors, which tell what was clipped."""
    features = describe(Waveform(samples, RATE).mel().mid)
    size = round(SEGMENT_S * RATE)
    segments = [samples[:, k * size : (k + 1) * size] for k in range(len(features))]
    return np.column_stack([features, np.stack([crest_factors(each) for each in segments])])


def crest_factors(samples: np.ndarray) -> np.ndarray:
    """Log of peak over RMS of a segment [channels, T], and its mean over frames of 20 ms: [2].

    A log-mel is nearly deaf to clipping: noise that is clipped keeps its spectrum.
    """
    size = round(CREST_S * RATE)
    frames = samples[:, : samples.shape[1] // size * size].reshape(len(samples), -1, size)
    power = np.square(frames.astype(np.float64))
    peak, mean = power.max((1, 2)), power.mean((1, 2)) + 1e-20
    loud = power.max(2) > 1e-6 * peak.max(initial=0)  # silence has no shape
    short = 0.5 * np.log(power[loud].max(1) / power[loud].mean(1))
    return np.array([0.5 * np.log(peak / mean + 1e-3).mean(), short.mean() if len(short) else 0.0])


def read(file: Path) -> np.ndarray:
    """A file as float32 [2, T] at 44.1 kHz, its beginning where it is long.

    Raises:
        InvalidRequest: unreadable, silent, no numbers, or too short for a segment.
    """
    samples, rate = read_audio(file)
    samples = samples[:, : round(LONGEST_S * rate)]
    samples = np.repeat(samples, 2, 0) if len(samples) == 1 else samples[:2]
    if not np.isfinite(samples).all():
        raise InvalidRequest("it holds values that are no numbers")
    if not np.abs(samples).max(initial=0) > 1e-5:
        raise InvalidRequest("it is silent")
    if samples.shape[1] < SEGMENT_S * rate:
        raise InvalidRequest(
            f"it lasts {samples.shape[1] / rate:.1f} s, and at least {SEGMENT_S:g} s are needed"
        )
    return samples if rate == RATE else resampled(samples, rate, RATE)


def facts_of(
    samples: np.ndarray, file: Path, ear: Any, yamnet: Any, clap: Any = None, texture: bool = False
) -> dict[str, Any]:
    """Length, level, CLAP score; with an ear tempo, key and F1 against the MIDI file of the same name.

    Args:
        texture: statistics of texture too.
    """
    level = measure(samples, RATE)
    facts: dict[str, Any] = {
        "seconds": round(samples.shape[1] / RATE, 2),
        "loudness_lufs": round(level.integrated_lufs, 2) if np.isfinite(level.integrated_lufs) else None,
        "peak_dbtp": round(level.peak_dbtp, 2),
        "range_lu": round(level.range_lu, 2),
    }
    if ear is not None:
        facts |= _notes(samples, file, ear)
    if yamnet is not None:
        from audiogen.lab.evaluate.yamnet import CLASSES

        scores = yamnet.scores(samples, RATE)
        facts |= {f"heard_{name}": round(yamnet.source(scores, name), 3) for name in CLASSES}
        facts["heard_first"] = yamnet.names[int(scores.argmax())]
    if texture:
        inner = textures.statistics(samples[:, EDGE_S * RATE : -EDGE_S * RATE], RATE)
        facts |= {f"texture_{name}": value for name, value in inner.items()}
    if clap is not None and (words := words_of(_recipe(file), file)):
        facts["clap_score"] = round(100 * clap.cosine(samples, RATE, words), 3)
    return facts


def _recipe(file: Path) -> dict[str, Any] | None:
    try:
        return read_recipe(file)
    except InvalidRequest:
        return None


def _notes(samples: np.ndarray, file: Path, ear: Any) -> dict[str, Any]:
    from audiogen.artifacts import Notes
    from audiogen.lab.evaluate import beat
    from audiogen.ranking.evidence import in_windows
    from audiogen.ranking.fidelity import matched
    from audiogen.ranking.keys import fits

    heard = in_windows(ear, samples)
    seconds = samples.shape[1] / RATE
    facts: dict[str, Any] = {"notes_per_s": round(len(heard) / seconds, 2)}
    if len(heard) >= 8:
        pitch, onset = heard.T
        notes = Notes.from_rows(np.stack([pitch, onset, onset + 0.3, np.full(len(pitch), 64.0)], 1))
        facts["key"] = next(iter(fits(notes)), None)
        tempo = beat.hear(notes, seconds)["librosa tempo"]
        facts["tempo_bpm"] = round(float(tempo), 1) if np.isfinite(tempo) else None
    midi = next((file.with_suffix(s) for s in (".mid", ".midi") if file.with_suffix(s).is_file()), None)
    if midi is not None:
        written = Structure.load(midi).notes
        assert written is not None
        inside = written.onset_s < seconds
        struck = np.stack([written.pitch[inside], written.onset_s[inside]], 1)
        facts["note_f1"] = round(2 * matched(struck, heard) / max(1, len(struck) + len(heard)), 3)
    return facts


def _noise(snr_db: float) -> Damage:
    def damage(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        level = np.sqrt(np.mean(np.square(samples))) * 10 ** (-snr_db / 20)
        return (samples + level * rng.standard_normal(samples.shape)).astype(np.float32)

    return damage


def _low_pass(hertz: float) -> Damage:
    def damage(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        from scipy.signal import butter, sosfiltfilt

        sections = butter(6, hertz, fs=RATE, output="sos")
        return np.asarray(sosfiltfilt(sections, samples, axis=1), np.float32)

    return damage


# each row worse than the one before
ANCHORS: dict[str, dict[str, Damage]] = {
    "noise": {"B, noise at 20 dB": _noise(20), "B, noise at 5 dB": _noise(5)},
    "low-pass": {"B, low-pass 7 kHz": _low_pass(7000), "B, low-pass 3.5 kHz": _low_pass(3500)},
}
__all__ = ["ANCHORS", "SUFFIXES", "embedding", "facts_of", "read"]
