"""Note transcriber: log-mel -> onset logits per piano key and frame.

    mel [B, bands, F] -> logits [B, 88, F] at 75 frames/s

The mel's bands are linear below 420 Hz and logarithmic above, so a convolution along bands would not
move with pitch. The front end therefore reads, for each of the 88 keys, the mel at the harmonics of
that key (a harmonic constant-Q stack; Bittner et al., "Deep salience", ISMIR 2017), interpolated
between bands. Two small 2-D convolutions look at keys and time; a 1-D convolution over frames that
sees all keys at once settles octaves and chords, in the spirit of arXiv 1710.11153.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.media.mel import MelSettings, band_centres_hz
from audiogen.media.midi import PIANO_KEYS as N_KEYS
from audiogen.media.midi import PIANO_LOW as LOWEST_KEY

STACK = ((0.5, 0.0), (1.0, -0.5), (1.0, 0.0), (1.0, 0.5), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0), (5.0, 0.0))


@dataclass(frozen=True)
class TranscriberConfig:
    """Size of the network.

    Attributes:
        channels: of the convolutions over keys and time.
        squeezed: channels per key that enter and leave the part that sees all keys.
        width: of that part.
        centre, scale: the mel is (mel - centre) / scale inside.
    """

    mel: MelSettings = MelSettings()
    channels: int = 24
    squeezed: int = 6
    width: int = 160
    centre: float = -8.0
    scale: float = 2.5


class Transcriber(nn.Module):
    """Onset logits from the mid log-mel."""

    stack: Tensor

    def __init__(self, config: TranscriberConfig = TranscriberConfig()) -> None:
        super().__init__()
        self.config = config
        c, s, w = config.channels, config.squeezed, config.width
        stack = torch.from_numpy(harmonic_stack(config.mel))
        self.register_buffer("stack", stack, persistent=False)
        self.attack = nn.Conv2d(len(STACK), c, (3, 5), padding=(1, 2))
        self.local = nn.Conv2d(c, c, (3, 3), padding=(1, 1))
        self.squeeze = nn.Conv2d(c, s, 1)
        self.norm = nn.LayerNorm(s * N_KEYS)
        self.into = nn.Linear(s * N_KEYS, w)
        self.time = nn.ModuleList(nn.Conv1d(w, w, 3, padding=d, dilation=d) for d in (1, 2))
        self.back = nn.Linear(w, s * N_KEYS)
        self.join = nn.Conv2d(c + s, c, (1, 3), padding=(0, 1))
        self.out = nn.Conv2d(c, 1, 1)
        assert self.out.bias is not None
        nn.init.constant_(self.out.bias, -4.0)  # onsets are rare

    def forward(self, mel: Tensor) -> Tensor:
        """Logits [B, 88, F] of the mid log-mel [B, bands, F] (nats)."""
        x = (mel - self.config.centre) / self.config.scale
        x = (self.stack @ x).unflatten(1, (len(STACK), N_KEYS))
        x = nn.functional.gelu(self.attack(x))
        x = x + nn.functional.gelu(self.local(x))
        chord = self.squeeze(x).flatten(1, 2).transpose(1, 2)  # [B, F, squeezed * keys]
        chord = nn.functional.gelu(self.into(self.norm(chord))).transpose(1, 2)
        for layer in self.time:
            chord = chord + nn.functional.gelu(layer(chord))
        chord = self.back(chord.transpose(1, 2)).transpose(1, 2)
        chord = chord.unflatten(1, (self.config.squeezed, N_KEYS))
        x = nn.functional.gelu(self.join(torch.cat([x, chord], 1)))
        return self.out(x)[:, 0]


def harmonic_stack(mel: MelSettings) -> np.ndarray:
    """Rows that read the mel at (harmonic, semitone offset) of each key, float32 [8 * 88, bands].

    Between two bands it interpolates linearly in log frequency; beyond the mel it reads nothing.
    """
    centres = np.log2(band_centres_hz(mel))
    rows = np.zeros((len(STACK), N_KEYS, mel.n_bands), np.float32)
    for i, (harmonic, offset) in enumerate(STACK):
        for key in range(N_KEYS):
            hz = 440 * 2 ** ((LOWEST_KEY + key + offset - 69) / 12) * harmonic
            place = np.interp(np.log2(hz), centres, np.arange(mel.n_bands), left=-1, right=-1)
            if place < 0:
                continue
            below = min(int(place), mel.n_bands - 2)
            rows[i, key, below : below + 2] = 1 - (place - below), place - below
    return rows.reshape(-1, mel.n_bands)
