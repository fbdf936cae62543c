"""A sampled grand piano as a data tool: notes -> training audio. It never makes product audio.

Source: Salamander Grand Piano V3 (Alexander Holm, CC BY 3.0), 30 pitches x 6 velocity layers. Each key
uses the nearest recorded pitch, resampled; each velocity the nearest layer (ties drawn at random),
set to a level curve fitted through the measured levels of all layers, so loudness is smooth in
velocity and even over the keyboard.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from audiogen.artifacts import Notes
from audiogen.lab.data.manifests import existing
from audiogen.sampling.struck_keys import NO_DAMPER_ABOVE, RESTRIKE_S, damping_s

SAMPLE_RATE = 44_100
LONGEST_S = 14.0
LAYER_VELOCITIES = np.array([12.0, 36.0, 60.0, 84.0, 108.0, 124.0])


@dataclass
class PianoBank:
    """Every key in every layer, ready to mix.

    Attributes:
        audio: per (pitch, layer) int16 [T, 2], attack at sample 0.
        level_db: float [128, layers], measured level of the first second.
        releases: per pitch, int16 [T, 2] key-release noise.
        pedals: {"down": [...], "up": [...]} pedal noises.
    """

    audio: dict[tuple[int, int], np.ndarray]
    level_db: np.ndarray
    releases: dict[int, np.ndarray]
    pedals: dict[str, list[np.ndarray]]

    @classmethod
    def build(cls, folder: Path) -> PianoBank:
        """Decode, trim and resample the sample archives in `folder` (about two minutes)."""
        index = json.loads(existing(folder / "index.json").read_text())["samples"]
        archives: dict[str, zipfile.ZipFile] = {}

        def load(row: dict) -> np.ndarray:
            name = row["archive"]
            archives.setdefault(name, zipfile.ZipFile(folder / name))
            inner = next(
                n for n in archives[name].namelist() if n.endswith("/" + row["file"]) or n == row["file"]
            )
            audio, _ = soundfile.read(io.BytesIO(archives[name].read(inner)), dtype="float32")
            return audio[max(0, int((row["onset_s"] - 0.002) * SAMPLE_RATE)) :]

        sustain: dict[tuple[int, int], np.ndarray] = {}
        levels: dict[tuple[int, int], float] = {}
        layers = sorted({r["layer"] for r in index if r["kind"] == "sustain"})
        releases: dict[int, np.ndarray] = {}
        pedals: dict[str, list[np.ndarray]] = {"down": [], "up": []}
        audio: dict[tuple[int, int], np.ndarray] = {}
        for row in index:
            if row["kind"] == "key-release-noise":
                releases[row["midi_pitch"]] = _to_int16(load(row))
            elif row["kind"] in ("pedal-down", "pedal-up"):
                pedals[row["kind"].split("-")[1]].append(_to_int16(load(row)[: 2 * SAMPLE_RATE]))
            elif row["kind"] == "sustain":
                layer = layers.index(row["layer"])
                sustain[row["midi_pitch"], layer] = load(row)
                levels[row["midi_pitch"], layer] = row["rms_first_second_dbfs"]
        recorded = sorted({p for p, _ in sustain})
        level_db = np.zeros((128, len(layers)))
        for layer in range(len(layers)):
            smooth = np.convolve(
                np.pad([levels[p, layer] for p in recorded], 2, mode="edge"), np.ones(5) / 5, "valid"
            )
            level_db[:, layer] = np.interp(np.arange(128), recorded, smooth)
            for pitch in range(21, 109):
                nearest = min(recorded, key=lambda p: (abs(p - pitch), p))
                source = sustain[nearest, layer]
                ratio = 2 ** ((pitch - nearest) / 12)
                tone = source if pitch == nearest else soxr.resample(source, ratio * SAMPLE_RATE, SAMPLE_RATE)
                tone = _trim(tone[: int(LONGEST_S * SAMPLE_RATE)])
                gain = 10 ** ((level_db[pitch, layer] - levels[nearest, layer]) / 20)
                audio[pitch, layer] = _to_int16(tone * gain)
        return cls(audio, level_db, releases, pedals)

    @classmethod
    def cached(cls, folder: Path, cache: Path) -> PianoBank:
        """Load from `cache` (an .npz), building it first if it is not there."""
        if not cache.exists():
            cls.build(folder)._store(cache)
        with np.load(cache) as data:
            audio, releases = {}, {}
            pedals: dict[str, list[np.ndarray]] = {"down": [], "up": []}
            for name in data.files:
                kind, *rest = name.split("-")
                if kind == "tone":
                    audio[int(rest[0]), int(rest[1])] = data[name]
                elif kind == "release":
                    releases[int(rest[0])] = data[name]
                elif kind == "pedal":
                    pedals[rest[0]].append(data[name])
            return cls(audio, data["level"], releases, pedals)

    def _store(self, cache: Path) -> None:
        rows = {f"tone-{p}-{layer}": a for (p, layer), a in self.audio.items()}
        rows |= {f"release-{p}": a for p, a in self.releases.items()}
        rows |= {f"pedal-{k}-{i}": a for k, v in self.pedals.items() for i, a in enumerate(v)}
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, level=self.level_db, **rows)  # type: ignore[arg-type]

    def tone(self, pitch: int, velocity: float, rng: np.random.Generator) -> np.ndarray:
        """One struck string, float32 [T, 2], at the level of its velocity."""
        place = float(np.interp(velocity, LAYER_VELOCITIES, np.arange(len(LAYER_VELOCITIES))))
        layer = int(np.floor(place + rng.uniform(0.25, 0.75)))
        layer = min(layer, len(LAYER_VELOCITIES) - 1)
        wanted = np.interp(place, np.arange(len(LAYER_VELOCITIES)), self.level_db[pitch])
        if velocity < LAYER_VELOCITIES[0]:
            wanted -= (LAYER_VELOCITIES[0] - velocity) * 0.4
        gain = 10 ** ((wanted - self.level_db[pitch, layer]) / 20) / 32767
        return self.audio[pitch, layer].astype(np.float32) * np.float32(gain)


def render(bank: PianoBank, notes: Notes, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Mix the notes (onsets may be negative) into float32 [2, T] of `seconds`, starting at time 0.

    A string is damped when key and pedal are up, or when it is struck again; release and pedal
    noises are added.
    """
    total = int(round(seconds * SAMPLE_RATE))
    lead = int(max(0.0, -min([0.0, *notes.onset_s])) * SAMPLE_RATE) + SAMPLE_RATE // 10
    out = np.zeros((lead + total, 2), np.float32)
    damped = np.where(notes.pitch > NO_DAMPER_ABOVE, np.inf, notes.damped_s())
    next_strike = _next_strike(notes)
    for i in range(len(notes)):
        pitch, onset = int(notes.pitch[i]), notes.onset_s[i]
        tone = bank.tone(pitch, notes.velocity[i], rng)
        stop = min(damped[i], next_strike[i]) - onset
        decay_s = RESTRIKE_S if next_strike[i] < damped[i] else float(damping_s(pitch))
        _mix(out, _damp(tone, stop, decay_s), lead + int(onset * SAMPLE_RATE))
        if pitch in bank.releases and notes.offset_s[i] == damped[i]:
            level = 10 ** ((bank.level_db[pitch, 2] - 34) / 20) * notes.velocity[i] / 64
            noise = bank.releases[pitch].astype(np.float32) / 32767
            noise *= level / (np.sqrt((noise**2).mean()) + 1e-9) * 0.25
            _mix(out, noise, lead + int(notes.offset_s[i] * SAMPLE_RATE))
    for time, down in notes.pedal:
        noise = bank.pedals["down" if down else "up"][rng.integers(2)].astype(np.float32) / 32767
        _mix(out, noise * np.float32(rng.uniform(0.05, 0.2)), lead + int(time * SAMPLE_RATE))
    return np.ascontiguousarray(out[lead:].T)


def _next_strike(notes: Notes) -> np.ndarray:
    following = np.full(len(notes), np.inf)
    last: dict[int, int] = {}
    for i, pitch in enumerate(notes.pitch):
        if int(pitch) in last:
            following[last[int(pitch)]] = notes.onset_s[i]
        last[int(pitch)] = i
    return following


def _damp(tone: np.ndarray, stop_s: float, decay_s: float) -> np.ndarray:
    stop = max(0, int(stop_s * SAMPLE_RATE)) if np.isfinite(stop_s) else len(tone)
    if stop >= len(tone):
        return tone
    tail = np.arange(min(len(tone) - stop, int(8 * decay_s * SAMPLE_RATE)))
    fade = np.exp(-tail / (decay_s * SAMPLE_RATE)).astype(np.float32)
    return np.concatenate([tone[:stop], tone[stop : stop + len(fade)] * fade[:, None]])


def _mix(out: np.ndarray, sound: np.ndarray, at: int) -> None:
    start, stop = max(0, at), min(len(out), at + len(sound))
    if stop > start:
        out[start:stop] += sound[start - at : stop - at]


def _trim(tone: np.ndarray) -> np.ndarray:
    """Cut where the tone stays 75 dB under its peak, and fade the last 50 ms."""
    envelope = np.abs(tone).max(1)
    loud = np.flatnonzero(envelope > envelope.max() * 10 ** (-75 / 20))
    tone = tone[: loud[-1] + 1].copy()
    fade = min(len(tone), SAMPLE_RATE // 20)
    tone[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return tone


def _to_int16(audio: np.ndarray) -> np.ndarray:
    return (np.clip(audio, -1, 1) * 32767).astype(np.int16)
