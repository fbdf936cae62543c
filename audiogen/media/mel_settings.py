"""The numbers of the mel, apart from its arithmetic: who only needs them waits for no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MelSettings:
    """Numbers of the mel, said once and shared by structure, decoder, vocoder and losses."""

    sample_rate: int = 44_100
    hop_length: int = 588  # 75 frames a second; three fine frames are one coarse frame
    n_fft: int = 4096
    first_bin: int = 2  # 21.5 Hz: A0 is 27.5 Hz
    n_single_bins: int = 38
    bands_per_octave: int = 24
    n_triangles: int = 132
    bands_per_group: int = 5  # side and coarse mel share the groups
    frames_per_coarse: int = 3
    floor: float = 1e-5  # magnitude; a full-scale sine has magnitude 1

    @property
    def n_bands(self) -> int:
        return self.n_single_bins + self.n_triangles

    @property
    def n_groups(self) -> int:
        return self.n_bands // self.bands_per_group

    @property
    def n_bins(self) -> int:
        return self.n_fft // 2 + 1

    @property
    def frame_rate(self) -> float:
        return self.sample_rate / self.hop_length

    @property
    def coarse_rate(self) -> float:
        return self.frame_rate / self.frames_per_coarse

    def frames(self, seconds: float) -> int:
        """Fine frames that cover `seconds`, a whole number of coarse frames."""
        return self.coarse_frames(seconds) * self.frames_per_coarse

    def coarse_frames(self, seconds: float) -> int:
        return max(1, math.ceil(seconds * self.coarse_rate - 1e-6))
