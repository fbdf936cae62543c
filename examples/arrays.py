"""Arrays in, arrays out, no files: one set of notes on two pianos, mixed with an echo by numpy.

    python examples/arrays.py

It prints what it made: `mix` is float32 [2, samples] at 44.1 kHz.
"""

import numpy as np

import audiogen
from audiogen import Notes, Sampling, Structure, Waveform

piano = audiogen.load_pipeline("piano")
sketch = piano.until("structure")("gentle piano in G major, 3 s", Sampling(seed=7))
rows = sketch.notes.rows()  # [N, 4]: pitch, onset s, offset s, velocity
print(f"{len(rows)} notes, mean pitch {rows[:, 0].mean():.1f}")

answer = rows * (1, 1, 1, 0.7) + (0, 0.4, 0.4, 0)  # the same notes later and softer
answer = answer[answer[:, 2] < sketch.seconds]
player = piano.since("structure")
near = player(sketch, Sampling(seed=7)).samples
far = player(Structure(sketch.seconds, Notes.from_rows(answer)), Sampling(seed=7, decoder_seed=3)).samples

mix = 0.7 * near + 0.3 * far[::-1]  # the second piano in another room, left and right exchanged
mix = Waveform(mix).finished(target_lufs=-20).samples
print(f"{mix.dtype} {list(mix.shape)}, peak {np.abs(mix).max():.2f}")
