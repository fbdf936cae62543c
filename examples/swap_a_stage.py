"""A stage of your own: a Markov chain over chords writes the notes, audiogen plays them.

A stage is any callable with a name, its seam, and the artifacts that it takes and gives. Whatever gives a
Structure fits in place of the transformer.

    python examples/swap_a_stage.py          writes out/arpeggio.wav
"""

from pathlib import Path

import numpy as np

import audiogen
from audiogen import Conditioning, Notes, Sampling, Structure

CHORDS = {"C": (48, 60, 64, 67), "Am": (45, 57, 60, 64), "F": (41, 57, 60, 65), "G": (43, 55, 59, 62)}
NEXT = {"C": ("Am", "F", "G"), "Am": ("F", "G"), "F": ("G", "C"), "G": ("C", "C", "Am")}


class Arpeggio:
    """Broken chords, a chord a second; the last one is C and rings."""

    name, seam, takes, gives = "arpeggio", "structure", Conditioning, Structure

    def __call__(self, x: Conditioning, conditioning, sampling: Sampling, progress) -> Structure:
        draw = np.random.default_rng(sampling.seed_for("structure"))  # a seed is a piece, here too
        velocity = x.loudness or 64
        rows, chord = [], "C"
        for second in range(int(x.seconds) - 2):
            for step, pitch in enumerate(CHORDS[chord]):
                rows.append((pitch, second + step / 4, second + 1, velocity + draw.normal(0, 4)))
            chord = draw.choice(NEXT[chord])
        last = x.seconds - 2
        rows += [(pitch, last, last + 1.5, velocity) for pitch in CHORDS["C"]]
        return Structure(x.seconds, Notes.from_rows(np.array(rows), tempo=60, metre=(4, 4), key="C major"))


piano = audiogen.load_pipeline("piano").replace("structure", Arpeggio())
out = Path("out")
out.mkdir(exist_ok=True)

wave = piano("soft piano, 4 s", Sampling(seed=7))  # with the loudness of soft playing, and soft ends
wave.save(out / "arpeggio.wav", force=True)
