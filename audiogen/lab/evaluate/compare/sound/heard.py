"""What can be heard: the chosen cells through the vocoder, measured again, and a few files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import Conditioning, MelSpectrogram, Waveform
from audiogen.lab.evaluate.compare.sound.measures import kept_of
from audiogen.lab.evaluate.compare.sound.work import Item
from audiogen.media.mel import MelSettings, analyse
from audiogen.stage import Sampling, silent

Decode = Callable[[Item], MelSpectrogram]


def heard(
    decode: Decode,
    vocoder: Any,
    items: Sequence[Item],
    progress: Callable[[int, int], None],
    more: Callable[[MelSpectrogram], dict[str, np.ndarray]],
):
    """What is kept of every item after the vocoder, stacked; see `measures.keep`; and `more` of it."""
    kept = []
    for k, item in enumerate(items):
        progress(k, len(items))
        made = decode(item)
        kept.append(kept_of(after(vocoder, made)) | more(made))
    progress(len(items), len(items))
    return {name: np.stack([one[name] for one in kept]) for name in kept[0]}


def after(vocoder: Any, made: MelSpectrogram) -> np.ndarray:
    """The mid log-mel of what is heard."""
    return analyse(torch.from_numpy(waveform(vocoder, made).samples))[0].numpy()


def waveform(vocoder: Any, made: MelSpectrogram) -> Waveform:
    """What is heard."""
    wave: Waveform = vocoder(made, Conditioning(), Sampling(), silent)
    return wave


def real_mel(mid: np.ndarray, seconds: float, mel: MelSettings = MelSettings()) -> MelSpectrogram:
    """A held-out mid log-mel as an artifact, in mono."""
    side = np.zeros((2, mel.n_groups, mid.shape[1]), np.float32)
    side[1] = -5.0
    return MelSpectrogram(mid, side, seconds, mel)


def ogg(vocoder: Any, made: MelSpectrogram) -> bytes:
    """A finished sound at -20 LUFS, Ogg Vorbis."""
    from audiogen.media.audio import audio_bytes

    wave = Waveform(vocoder(made, Conditioning(), Sampling(), silent).samples).finished()
    return audio_bytes(wave.samples, wave.sample_rate, ".ogg", facts=wave.facts)
