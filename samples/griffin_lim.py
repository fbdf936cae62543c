"""The sounds of a folder through another vocoder: 80 mel bands and Griffin-Lim, as before neural vocoders.

    python samples/griffin_lim.py out/listen/ours out/listen/griffin-lim

It makes the ablation of `make listen-demo` that has no phase but what the magnitudes say.
"""

import sys
from pathlib import Path

import librosa
import numpy as np

from audiogen.media.audio import read_audio, write_audio

N_FFT, HOP, BANDS, ITERATIONS = 2048, 512, 80, 32


def through(samples: np.ndarray, rate: int) -> np.ndarray:
    """Mono of the sound, [1, T], from its mel spectrogram alone."""
    power = librosa.feature.melspectrogram(
        y=samples.mean(0), sr=rate, n_fft=N_FFT, hop_length=HOP, n_mels=BANDS
    )
    sound = librosa.feature.inverse.mel_to_audio(
        power, sr=rate, n_fft=N_FFT, hop_length=HOP, n_iter=ITERATIONS, length=samples.shape[1]
    )
    return sound[None].astype(np.float32)


source, target = map(Path, sys.argv[1:])
target.mkdir(parents=True, exist_ok=True)
for file in sorted(source.glob("*.wav")):
    samples, rate = read_audio(file)
    write_audio(target / file.name, through(samples, rate), rate, force=True)
