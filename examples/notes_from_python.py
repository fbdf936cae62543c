"""A list of notes made in Python becomes a piano recording, and a MIDI file for a sequencer.

    python examples/notes_from_python.py

It writes out/canon.wav and out/canon.mid.
"""

from pathlib import Path

import numpy as np

import audiogen
from audiogen import Notes, Sampling, Structure

TUNE = [60, 62, 64, 60, 60, 62, 64, 60, 64, 65, 67]  # MIDI numbers: 60 is middle C
EIGHTH = 0.25  # s, at 120 bpm

# (pitch, onset s, offset s, velocity 1..127), in any order
notes = []
for voice, (transpose, velocity) in enumerate([(0, 80), (12, 64)]):  # the second half a bar later
    for k, pitch in enumerate(TUNE[: 11 - 4 * voice]):
        onset = (4 * voice + k) * EIGHTH
        notes.append((pitch + transpose, onset, onset + 0.9 * EIGHTH, velocity))
pedal = np.array([(2.5, 1.0), (3.6, 0.0)])  # (time s, 1 down / 0 up): the last notes ring

piece = Structure(4.0, Notes.from_rows(np.array(notes), pedal, tempo=120, metre=(4, 4), key="C major"))
out = Path("out")
out.mkdir(exist_ok=True)
piece.save(out / "canon.mid", force=True)

player = audiogen.load_pipeline("piano").since("structure")
player(piece, Sampling(seed=3)).save(out / "canon.wav", force=True)
