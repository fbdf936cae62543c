"""Tempo and clearness of the beat, heard from the onsets alone: nothing reads what a file claims.

Four estimators that share no assumption but the onsets: librosa's tempogram and its beat tracker
(Ellis, Beat tracking by dynamic programming, 2007), a comb on the autocorrelation, and clusters of
inter-onset intervals (after `estimate_tempi` of pretty_midi).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from audiogen.artifacts import Notes

SAMPLE_RATE, HOP = 22_050, 256  # what librosa is told about the envelope
RATE = SAMPLE_RATE / HOP  # frames a second, 86.1
BLUR_S = 0.015  # standard deviation of an onset in the envelope; chords are never struck at once
SLOWEST, FASTEST = 40.0, 240.0  # beats a minute
WITHIN = 0.08  # of the asked tempo
OCTAVES = (0.5, 1.0, 2.0)
METRES = (1 / 3, 2 / 3, 3 / 4, 4 / 3, 3 / 2, 3.0)  # triplets, dotted beats: another beat was heard
CLEARNESS = ("pulse", "on beat", "filled")
NEAR_S = 0.05  # a played note that close to a beat is on it
ESTIMATORS = ("librosa tempo", "librosa beats", "comb", "intervals")


def envelope(notes: Notes, seconds: float) -> np.ndarray:
    """Onset strength at `RATE` frames/s, float [frames]: a narrow bell per note, as high as its velocity.

    Notes of a chord add up as their energies would, so that a chord counts more than one note and less
    than all of them apart.
    """
    frames = int(np.ceil(seconds * RATE)) + 1
    centre = notes.onset_s * RATE
    at = np.arange(frames)
    power = np.zeros(frames)
    width = BLUR_S * RATE
    for place, velocity in zip(centre, notes.velocity, strict=True):
        near = slice(max(0, int(place - 5 * width)), int(place + 5 * width) + 2)
        power[near] += (velocity / 64) ** 2 * np.exp(-(((at[near] - place) / width) ** 2))
    return np.sqrt(power)


def hear(notes: Notes, seconds: float) -> dict[str, float]:
    """Tempo by each of `ESTIMATORS`, beats a minute, and the `CLEARNESS` of the beat, whatever its tempo.

    pulse: the highest peak of the autocorrelation between 40 and 240 a minute (pulse clarity of Lartillot
    et al., ISMIR 2008), at most about 1. on beat: share of onset strength within 50 ms of the tracked
    beats. filled: share of the tracked beats, from the first onset to the last, that have an onset.

    Returns: NaN where there are fewer than four onsets.
    """
    if len(np.unique(np.round(notes.onset_s, 2))) < 4:
        return dict.fromkeys((*ESTIMATORS, *CLEARNESS), np.nan)
    import librosa

    strength = envelope(notes, seconds)
    told: dict[str, Any] = {"onset_envelope": strength, "sr": SAMPLE_RATE, "hop_length": HOP}
    tempo = float(np.atleast_1d(librosa.feature.tempo(**told))[0])
    beats = librosa.beat.beat_track(**told, bpm=tempo, trim=False, units="time")[1]
    correlation = autocorrelation(strength)
    return {
        "librosa tempo": tempo,
        "librosa beats": float(60 / np.median(np.diff(beats))) if len(beats) > 2 else np.nan,
        "comb": comb_tempo(correlation),
        "intervals": interval_tempo(notes.onset_s),
        "pulse": float(correlation[int(RATE * 60 / FASTEST) : int(RATE * 60 / SLOWEST) + 2].max()),
        **on_beats(notes, beats),
    }


def on_beats(notes: Notes, beats: np.ndarray) -> dict[str, float]:
    """How onsets and beats (s) meet; see `hear`."""
    first, last = notes.onset_s.min() - NEAR_S, notes.onset_s.max() + NEAR_S
    beats = beats[(beats > first) & (beats < last)]
    if not len(beats):
        return {"on beat": 0.0, "filled": 0.0}
    apart = np.abs(notes.onset_s[:, None] - beats[None])
    weight = notes.velocity**2
    return {
        "on beat": float(weight[apart.min(1) < NEAR_S].sum() / weight.sum()),
        "filled": float((apart.min(0) < NEAR_S).mean()),
    }


def autocorrelation(strength: np.ndarray) -> np.ndarray:
    """Normalised autocorrelation of the envelope, 1 at lag 0, float [frames]."""
    centred = strength - strength.mean()
    size = 2 * len(centred)
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    both = np.fft.irfft(power)[: len(centred)]
    overlap = np.maximum(len(centred) - np.arange(len(centred)), len(centred) / 4)
    return both / max(both[0], 1e-12) * len(centred) / overlap


def comb_tempo(correlation: np.ndarray, middle: float = 110.0, octaves: float = 1.4) -> float:
    """The period whose first four multiples return best, beats a minute.

    Args:
        correlation: see `autocorrelation`.
        middle, octaves: centre and width of the log-normal prior that breaks ties between octaves; with
            the weights of the multiples chosen on held-out scores, not on generated pieces.
    """
    candidates = SLOWEST * (FASTEST / SLOWEST) ** np.linspace(0, 1, 600)
    lags = RATE * 60 / candidates
    frames = np.arange(len(correlation))
    teeth = [np.interp(k * lags, frames, correlation) / k for k in range(1, 5)]
    prior = np.exp(-0.5 * (np.log2(candidates / middle) / octaves) ** 2)
    return float(candidates[np.argmax(np.maximum(np.sum(teeth, 0), 0) * prior)])


def interval_tempo(onset_s: np.ndarray) -> float:
    """The commonest inter-onset interval, doubled until it is a beat of at most 200 a minute."""
    onsets = np.sort(onset_s)
    gaps = np.diff(onsets)
    gaps = gaps[(gaps > 0.05) & (gaps < 2)]
    if len(gaps) < 3:
        return float("nan")
    gaps = gaps * 2 ** np.ceil(np.maximum(np.log2(0.3 / gaps), 0))
    near = (np.abs(gaps[:, None] - gaps[None]) < 0.025).sum(1)
    best = gaps[near.argmax()]
    return float(60 / gaps[np.abs(gaps - best) < 0.025].mean())


def judge(heard: float, asked: float) -> str:
    """How a heard tempo relates to the asked one: strict, octave, metre, or wrong (also for NaN)."""
    kinds = (("strict", (1.0,)), ("octave", OCTAVES), ("metre", METRES))
    for name, ratios in kinds:
        if any(abs(heard / (asked * ratio) - 1) <= WITHIN for ratio in ratios):
            return name
    return "wrong"
