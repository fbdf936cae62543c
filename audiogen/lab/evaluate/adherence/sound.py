"""The same questions put to the finished sound, with tools that know no notes: librosa, as it comes.

Slower by far, since every piece is rendered by the piano's decoder and vocoder; and stricter, since room,
pedal and noise lie between the notes and the ear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from audiogen.artifacts import Notes, Structure
from audiogen.decoder.flow import FlowDecoder
from audiogen.lab.evaluate.adherence import mode, tempo
from audiogen.lab.evaluate.adherence.held_out import Excerpt
from audiogen.lab.evaluate.adherence.pieces import Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.beat import judge
from audiogen.lab.evaluate.bootstrap import share
from audiogen.lab.evaluate.keys import PROFILES, best_key
from audiogen.pipeline import Pipeline
from audiogen.render.vocoder import Vocoder
from audiogen.stage import Sampling

RATE = 22_050  # librosa's own
Render = Callable[[Notes, float], np.ndarray]
TRACKERS = ("beat_track", "tempo")


def piano() -> Render:
    """(notes, seconds) -> mono float [T] at 22,050 Hz, by the shipped decoder and vocoder."""
    stages = FlowDecoder.from_pretrained("piano-flow"), Vocoder.from_pretrained("vocoder")
    pipeline = Pipeline(*stages)

    def render(notes: Notes, seconds: float) -> np.ndarray:
        import librosa

        wave = pipeline(Structure(seconds, notes), Sampling(seed=1))
        return librosa.resample(wave.samples.mean(0), orig_sr=wave.sample_rate, target_sr=RATE)

    return render


def measure(
    render: Render, made: Sequence[Made], real: Sequence[Excerpt], seconds: float, count: int
) -> list[Section]:
    """Tempo and mode of the first `count` pieces of each setting; as many real scores beside the tempo."""
    sections = []
    some = [[m for m in made if m.job.setting == setting][:count] for setting in tempo.SETTINGS]
    if any(some):
        rows = [
            _tempo_row(name, [render(m.notes, seconds) for m in ours], [bpm] * len(ours))
            for name, bpm, ours in zip(tempo.SETTINGS, tempo.ASKED, some, strict=True)
        ]
        goals = [_tempo_goal(row) for row in rows]
        chosen = [real[int(k)] for k in np.linspace(0, len(real) - 1, min(count, len(real)))]
        if chosen:
            sounds = [render(e.notes, seconds) for e in chosen]
            rows.append(_tempo_row("real scores", sounds, [e.beat or 0 for e in chosen]))
        note = "Share of pieces within 8 % of the asked tempo, its half or double, in the rendered sound."
        sections.append(Section("Tempo of the sound (librosa)", rows, goals, note, TRACKERS))
    some = [[m for m in made if m.job.setting == setting][:count] for setting in mode.SETTINGS]
    if any(some):
        rows = [_mode_row(n, ours, render, seconds) for n, ours in zip(mode.SETTINGS, some, strict=True)]
        note = "Share of pieces whose chroma (librosa.feature.chroma_cqt) fits the asked mode best."
        sections.append(Section("Mode of the sound (librosa)", rows, [], note, tuple(PROFILES)))
    return sections


def trackers(sound: np.ndarray) -> dict[str, float]:
    """Beats a minute of a mono sound at 22,050 Hz, by librosa with its own settings."""
    import librosa

    return {
        "beat_track": float(np.atleast_1d(librosa.beat.beat_track(y=sound, sr=RATE)[0])[0]),
        "tempo": float(np.atleast_1d(librosa.feature.tempo(y=sound, sr=RATE))[0]),
    }


def chroma_key(sound: np.ndarray, profile: str) -> str:
    """The key that fits the mean chroma of a mono sound best."""
    import librosa

    return best_key(librosa.feature.chroma_cqt(y=sound, sr=RATE).mean(1), profile)


def _tempo_row(name: str, sounds: Sequence[np.ndarray], asked: Sequence[float]) -> dict:
    found = [trackers(sound) for sound in sounds]
    row: dict = {"setting": name, "pieces": len(sounds)}
    for tracker in TRACKERS:
        hits = [judge(f[tracker], bpm) in ("strict", "octave") for f, bpm in zip(found, asked, strict=True)]
        row[tracker] = share(hits)
    return row


def _tempo_goal(row: dict) -> Goal:
    values = [row[tracker].value for tracker in TRACKERS]
    passed = None if np.isnan(values).any() else bool(min(values) >= tempo.ENOUGH)
    told = ", ".join(f"{v:.0%}" for v in values)
    return Goal(f"{row['setting']} within 8 % in 80 % of pieces, in the sound", passed, told)


def _mode_row(name: str, ours: Sequence[Made], render: Render, seconds: float) -> dict:
    sounds = [render(m.notes, seconds) for m in ours]
    row: dict = {"setting": name, "pieces": len(ours)}
    return row | {p: share([chroma_key(s, p).endswith(name) for s in sounds]) for p in PROFILES}
