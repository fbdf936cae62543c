"""Notes as plain tones: enough for an ear that only asks which pitch is the strongest."""

from __future__ import annotations

import numpy as np

RATE = 16_000
HARMONICS = (1.0, 0.3, 0.1)  # amplitudes; the octave is the same pitch class, the twelfth is kept low
FADE_S = 0.01
LONGEST_S = 600.0


def tones(notes: np.ndarray) -> np.ndarray:
    """The sound of notes.

    Args:
        notes: float64 [N, 4]: MIDI pitch, onset s, offset s, velocity 1..127; see `midi.MidiData`.
    Returns: float32 [samples] at RATE, at most 0.9; what begins after LONGEST_S is left out.
    """
    notes = notes[notes[:, 1] < LONGEST_S]
    ends = np.minimum(notes[:, 2], LONGEST_S)
    out = np.zeros(int(np.ceil(ends.max(initial=0.1) * RATE)), np.float32)
    for (pitch, onset, _, velocity), end in zip(notes, ends, strict=True):
        first, last = int(onset * RATE), min(int(end * RATE), len(out))
        t = np.arange(last - first) / RATE
        phase = 2 * np.pi * 440.0 * 2 ** ((pitch - 69) / 12) * t
        tone = sum(amplitude * np.sin(k * phase) for k, amplitude in enumerate(HARMONICS, 1))
        edge = np.minimum(1, np.minimum(t, t[::-1]) / FADE_S)
        out[first:last] += (velocity / 127 * tone * edge).astype(np.float32)
    return out * np.float32(0.9 / max(float(np.abs(out).max(initial=0)), 0.9))
