"""Variations of a MIDI file, and which of them is best.

Two thirds of the notes stay where they are; the rest is written anew. The checks of `audiogen make --best`
put the results in order and say why.

    python examples/vary_and_rank.py              a tune; writes out/theme.mid and out/varied.wav
    python examples/vary_and_rank.py mine.mid     a file of your own
"""

import sys
from pathlib import Path

import numpy as np

import audiogen
from audiogen import Notes, Request, Sampling, Structure

out = Path("out")
out.mkdir(exist_ok=True)


def theme(file: Path) -> Path:
    """Up and down the scale of C over its chords, 4 s."""
    tune = [60, 62, 64, 65, 67, 65, 64, 62, 60]
    rows = [(pitch, 0.3 * k, 0.3 * k + 0.28, 72) for k, pitch in enumerate(tune)]
    rows += [(pitch, 1.2 * k, 1.2 * k + 1.1, 56) for k, pitch in enumerate([48, 43, 48])]
    Structure(4.0, Notes.from_rows(np.array(rows), tempo=100, metre=(4, 4))).save(file, force=True)
    return file


source = Path(sys.argv[1]) if len(sys.argv) > 1 else theme(out / "theme.mid")
request = Request(source=source, sampling=Sampling(seed=7, n=3, variation=1 / 3))

ranking = audiogen.rank(audiogen.make(request))
for take, verdict in ranking:
    print(f"{take.label}:  {verdict.line()}\n    {verdict.why}")
best, _ = ranking[0]
best.save(out / "varied.wav", force=True)
