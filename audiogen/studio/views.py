"""What is seen of a take: its spectrogram in the rows of a piano roll, its waveform, its notes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from audiogen.artifacts import Structure, Waveform

PEAKS = 1200  # of a waveform, across its whole length
COLUMNS = 1600  # of a spectrogram at most
LOWEST, HIGHEST = 21, 108
ROWS_PER_KEY = 2
QUIETEST = -9.5  # nats: shown as nothing
# from nothing to loud: colour and opacity, so that it lies on a light page as on a dark one
COLOURS = np.array(
    [(70, 60, 160, 0), (92, 80, 190, 90), (196, 84, 140, 170), (240, 150, 60, 225), (255, 226, 150, 255)]
)


def peaks(wave: Waveform) -> list[int]:
    """Loudest sample of each stretch in percent, 0 .. 100."""
    mono = np.abs(wave.samples).max(0)
    edges = np.linspace(0, len(mono), min(PEAKS, len(mono)) + 1).astype(int)
    tops = np.maximum.reduceat(mono, edges[:-1]) if len(mono) else np.zeros(1)
    return [int(v) for v in np.minimum(100, np.round(100 * tops))]


def spectrogram(wave: Waveform) -> bytes:
    """A PNG: time from left to right, the keys of a piano from bottom to top."""
    from PIL import Image

    from audiogen.media.mel import MelSettings, band_centres_hz

    settings = MelSettings()
    mid = wave.mel(settings).mid
    keys = (np.arange((HIGHEST - LOWEST + 1) * ROWS_PER_KEY) + 0.5) / ROWS_PER_KEY + LOWEST - 0.5
    hz = 440 * 2 ** ((keys - 69) / 12)
    band = np.abs(np.log(band_centres_hz(settings)[None] / hz[:, None])).argmin(1)
    rows = mid[band][::-1]
    step = -(-rows.shape[1] // COLUMNS)
    whole = rows[:, : rows.shape[1] // step * step].reshape(len(rows), -1, step).max(2)
    loud = float(np.percentile(whole, 99.7))
    share = np.clip((whole - max(QUIETEST, loud - 7.5)) / 7.5, 0, 1)
    place = share * (len(COLOURS) - 1)
    low = np.minimum(place.astype(int), len(COLOURS) - 2)
    mixed = COLOURS[low] + (place - low)[..., None] * (COLOURS[low + 1] - COLOURS[low])
    stream = io.BytesIO()
    Image.fromarray(mixed.astype(np.uint8), "RGBA").save(stream, "PNG", optimize=False)
    return stream.getvalue()


def noted(structure: Structure | None) -> dict[str, Any]:
    """The notes and the pedal, rounded for the page; empty where there are none."""
    if structure is None or structure.notes is None:
        return {}
    part = structure.notes
    rows = [[int(p), round(a, 3), round(b, 3), round(v)] for p, a, b, v in part.rows()]
    pedal = [[round(float(t), 3), int(down)] for t, down in part.pedal]
    return {"notes": rows, "pedal": pedal, "tempo": part.tempo, "key": part.key}
