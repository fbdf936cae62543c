"""Ambience scenes for training: recordings as beds and events, mixed, in stereo, with their weights.

A bed (rain, waves, wind, fire, a forest) lasts; short recordings are prolonged by cross-faded crops of
themselves, and left and right are different crops, so that a mono recording fills the stereo width.
An event (a call, a rooster) is placed, panned, and given a diffuse tail. Speed varies by 15 %. Only
wind is ever reversed: drops, crackles, waves and calls have attacks and decays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr

from audiogen.artifacts import SOURCES
from audiogen.lab.data.ambience_recordings import SAMPLE_RATE, Recording, levelled
from audiogen.lab.data.rooms import Take, record

SPEED = 1.15
SINGLE_SHARE = {
    "rain": 0.2,
    "birds": 0.2,
    "waves": 0.17,
    "fire": 0.14,
    "thunder": 0.08,
    "wind": 0.08,
    "crickets": 0.06,
    "water": 0.04,
    "rooster": 0.03,
}
BEDS = {"rain": 0.4, "waves": 0.2, "fire": 0.13, "wind": 0.17, "water": 0.05, "crickets": 0.05}
OVER = {"birds": 0.5, "thunder": 0.2, "wind": 0.12, "rain": 0.08, "crickets": 0.05, "rooster": 0.05}


@dataclass(frozen=True, eq=False)
class Scene:
    """Stereo sound [2, T] with the weight of every source and the intensity of the strongest."""

    wave: np.ndarray
    sources: dict[str, float]
    intensity: float | None


class Scenery:
    """Draws scenes from the recordings of one split."""

    def __init__(self, recordings: list[Recording]) -> None:
        self.by_source = {s: [r for r in recordings if r.main == s] for s in SOURCES}
        self.backgrounds = [r for r in recordings if r.main is None] + self.by_source["wind"]

    def draw(self, seconds: float, rng: np.random.Generator, mixed: float = 0.5) -> Scene:
        """A scene of one source, or, with probability `mixed`, of two or three."""
        if rng.random() >= mixed:
            source = self._pick(SINGLE_SHARE, rng)
            return self._finish([(self._part(source, seconds, rng), 0.0)], rng)
        bed = self._pick(BEDS, rng)
        parts = [(self._part(bed, seconds, rng), 0.0)]
        for _ in range(1 if rng.random() < 0.85 else 2):
            other = self._pick({k: v for k, v in OVER.items() if k != bed}, rng)
            parts.append((self._part(other, seconds, rng), float(rng.uniform(-11, 7))))
        return self._finish(parts, rng)

    def single(self, source: str, seconds: float, rng: np.random.Generator) -> Scene:
        """A scene of one source."""
        return self._finish([(self._part(source, seconds, rng), 0.0)], rng)

    def _pick(self, shares: dict[str, float], rng: np.random.Generator) -> str:
        names = [name for name in shares if self.by_source[name]]
        p = np.array([shares[name] for name in names])
        return names[int(rng.choice(len(names), p=p / p.sum()))]

    def _part(self, source: str, seconds: float, rng: np.random.Generator) -> Scene:
        members = self.by_source[source]
        p = np.sqrt([r.seconds for r in members])
        chosen = members[int(rng.choice(len(members), p=p / p.sum()))]
        if not chosen.is_event:
            return Scene(bed(chosen, seconds, rng), chosen.sources, chosen.intensity)
        calls = [r for r in members if r.is_event]
        wave, busy = events(calls, seconds, rng)
        if self.backgrounds and rng.random() < 0.8:
            behind = self.backgrounds[int(rng.integers(len(self.backgrounds)))]
            wave = wave + bed(behind, seconds, rng) * 10 ** (rng.uniform(-34, -16) / 20)
        return Scene(wave, chosen.sources, busy)

    def _finish(self, parts: list[tuple[Scene, float]], rng: np.random.Generator) -> Scene:
        wave = np.zeros_like(parts[0][0].wave)
        weights: dict[str, float] = {}
        for part, level_db in parts:
            gain = 10 ** (level_db / 20)
            wave = wave + levelled(part.wave) * gain
            for name, weight in part.sources.items():
                weights[name] = max(weights.get(name, 0.0), weight * gain)
        most = max(weights.values(), default=1.0)
        loudest = max(parts, key=lambda part: part[1])[0]
        weights = {name: round(weight / most, 3) for name, weight in weights.items()}
        level = -23.0 + float(np.clip(rng.normal(0, 1.5), -4, 4))
        return Scene(levelled(wave, level), weights, loudest.intensity)


def bed(recording: Recording, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A lasting stereo sound [2, T] from a mono recording: a common crop and one for each side."""
    samples = int(round(seconds * SAMPLE_RATE))
    speed = SPEED ** rng.uniform(-1, 1)
    source = recording.samples
    if recording.main == "wind" and rng.random() < 0.5:
        source = source[::-1]
    need = int(samples * speed) + 64
    apart = rng.uniform(0.15, 0.9) if recording.main != "thunder" else rng.uniform(0.05, 0.35)
    layers = np.stack([stretch_out(source, need, rng) for _ in range(3)])
    layers = soxr.resample(layers.T, speed * SAMPLE_RATE, SAMPLE_RATE).T[:, :samples]
    layers = np.pad(layers, ((0, 0), (0, samples - layers.shape[1])))
    return np.sqrt(1 - apart**2) * layers[:1] + apart * layers[1:]


def stretch_out(source: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A random crop [samples]; a shorter sound goes on with cross-faded crops of itself."""
    if len(source) >= samples:
        at = int(rng.integers(len(source) - samples + 1))
        return source[at : at + samples]
    fade = min(len(source) // 4, SAMPLE_RATE // 2)
    rise = np.sin(np.linspace(0, np.pi / 2, fade)).astype(np.float32)
    out = np.zeros(samples + len(source), np.float32)
    end = 0
    while end < samples:
        first = int(rng.integers(len(source) // 2)) if end else int(rng.integers(len(source) // 4 + 1))
        piece = source[first:].copy()
        if len(piece) < 2 * fade:
            continue
        if end:
            piece[:fade] *= rise
            end -= fade
            out[end : end + fade] *= rise[::-1]
        out[end : end + len(piece)] += piece
        end += len(piece)
    return out[:samples]


def events(calls: list[Recording], seconds: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Calls of one or two animals over the time: stereo [2, T], and how busy it is, 0..1."""
    samples = int(round(seconds * SAMPLE_RATE))
    wave = np.zeros((2, samples), np.float32)
    busy = float(rng.random())
    voices = [calls[int(rng.integers(len(calls)))] for _ in range(1 + int(rng.random() < 0.6))]
    for voice in voices:
        pan, level = rng.uniform(-0.7, 0.7), 10 ** (rng.uniform(-9, 0) / 20)
        at = rng.exponential(1.0) - 1.0
        while at < seconds:
            kin = [call for call in calls if call.file[:-7] == voice.file[:-7]]
            call = kin[int(rng.integers(len(kin)))]
            speed = SPEED ** rng.uniform(-1, 1)
            sound = soxr.resample(call.samples, speed * SAMPLE_RATE, SAMPLE_RATE)
            gain = level * 10 ** (rng.uniform(-4, 0) / 20)
            first, skip = max(0, int(at * SAMPLE_RATE)), max(0, int(-at * SAMPLE_RATE))
            sound = sound[skip : skip + samples - first]
            wave[0, first : first + len(sound)] += sound * gain * (1 + pan)
            wave[1, first : first + len(sound)] += sound * gain * (1 - pan)
            at += len(call.samples) / SAMPLE_RATE / speed + rng.exponential(0.3 + 5 * (1 - busy))
    take = Take(0.0, float(rng.uniform(-24, -10)), float(rng.uniform(0.4, 2.0)), 1.0, 0.0)
    return record(wave, take, samples, rng), busy
