"""What passes between stages: small dataclasses of arrays with their units, `save`, `load`, `plot`.

    Conditioning -> Structure -> MelSpectrogram -> Waveform
    Conditioning -> Contour   -> Latents        -> Picture

Nothing else crosses a seam. A musician can open a Structure (.mid, .npz), whoever draws a Contour (.png),
edit it and hand it back.

    conditioning     what was asked for
    notes            a piano part
    structure        notes, coarse mel, onsets     contour    a drawing of 28x28 or 64x64
    mel_spectrogram  stereo log-mel                latents    of the image autoencoder
    waveform         finished sound                picture    finished picture
"""

from __future__ import annotations

from audiogen.artifacts.conditioning import (
    LOOKS,
    PERIODS,
    PICTURES,
    SOURCES,
    STYLES,
    Conditioning,
    mainly,
    quarters_per_beat,
)
from audiogen.artifacts.contour import Contour
from audiogen.artifacts.latents import Latents
from audiogen.artifacts.mel_spectrogram import MelSpectrogram
from audiogen.artifacts.notes import Notes
from audiogen.artifacts.picture import Picture
from audiogen.artifacts.structure import RINGING_S, UNDAMPED_S, Structure
from audiogen.artifacts.waveform import Waveform

__all__ = [
    "LOOKS",
    "PERIODS",
    "PICTURES",
    "RINGING_S",
    "SOURCES",
    "STYLES",
    "UNDAMPED_S",
    "Conditioning",
    "Contour",
    "Latents",
    "MelSpectrogram",
    "Notes",
    "Picture",
    "Structure",
    "Waveform",
    "mainly",
    "quarters_per_beat",
]
