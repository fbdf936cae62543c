"""Only the last stage: a sound becomes a mel spectrogram, and the vocoder makes a sound of it again.

Between the two lies an array to work on. Here every frame is doubled: half the speed at the same pitch.

    python examples/only_the_vocoder.py              a bell of sines; writes out/same.wav and out/slow.wav
    python examples/only_the_vocoder.py mine.wav     a sound of your own
"""

import sys
from pathlib import Path

import numpy as np

from audiogen import MelSpectrogram, Pipeline, Vocoder, Waveform


def bell(seconds: float = 2.0, rate: int = 44_100) -> Waveform:
    t = np.arange(round(seconds * rate)) / rate
    partials = [0.2 / k * np.sin(2 * np.pi * 220 * k * t) * np.exp(-k * t) for k in (1, 2, 3, 5)]
    return Waveform(np.stack([sum(partials)] * 2).astype(np.float32), rate)


sound = Waveform.load(sys.argv[1]) if len(sys.argv) > 1 else bell()
out = Path("out")
out.mkdir(exist_ok=True)

mel = sound.mel()  # mid: [bands, frames], the natural log of magnitude; 75 frames a second
print(f"{sound.seconds:g} s, {mel.mid.shape[0]} bands, {mel.mid.shape[1]} frames")

slow = MelSpectrogram(mel.mid.repeat(2, axis=1), mel.side.repeat(2, axis=2), 2 * mel.seconds)

vocoder = Pipeline(Vocoder.from_pretrained("vocoder"))
vocoder(mel).save(out / "same.wav", force=True)
vocoder(slow).save(out / "slow.wav", force=True)
