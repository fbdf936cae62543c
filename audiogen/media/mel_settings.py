"""The numbers of the mel, apart from its arithmetic: who only needs them waits for no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class MelSettings:
    """Numbers of the mel, said once and shared by structure, decoder, renderer and losses.

    A frame of the mel may hold several short-time spectra (`subframes`): clicks and drops need a window of a
    few milliseconds, while everything that is decided keeps the rate of `hop_length`. The coarse mel, the
    onsets and the side signal are those of the default layout whatever the layout of the mid signal.

    Attributes:
        hop_length: samples of a frame; 75 frames a second; three fine frames are one coarse frame.
        n_fft: window of a spectrum, samples.
        first_bin: of the single bins; 21.5 Hz by default: A0 is 27.5 Hz.
        n_single_bins, bands_per_octave, n_triangles: bands of a spectrum, see `media.mel.filterbank`.
        bands_per_group: of the default layout; side and coarse mel share the groups.
        floor: magnitude; a full-scale sine has magnitude 1.
        subframes: spectra in a frame.
    """

    sample_rate: int = 44_100
    hop_length: int = 588
    n_fft: int = 4096
    first_bin: int = 2
    n_single_bins: int = 38
    bands_per_octave: int = 24
    n_triangles: int = 132
    bands_per_group: int = 5
    frames_per_coarse: int = 3
    floor: float = 1e-5
    subframes: int = 1

    @property
    def bands_per_spectrum(self) -> int:
        return self.n_single_bins + self.n_triangles

    @property
    def n_bands(self) -> int:
        """Values of mid in a frame: every band of each of its spectra."""
        return self.bands_per_spectrum * self.subframes

    @property
    def stft_hop(self) -> int:
        return self.hop_length // self.subframes

    @property
    def spectrum_rate(self) -> float:
        return self.frame_rate * self.subframes

    @property
    def n_groups(self) -> int:
        default = self if self.subframes == 1 else MelSettings()
        return default.bands_per_spectrum // default.bands_per_group

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


# Noise and clicks: 76 bands of a window of 12 ms, 225 spectra a second. Bands are single bins up to 1.8 kHz.
TEXTURE = MelSettings(
    n_fft=512, first_bin=1, n_single_bins=20, bands_per_octave=16, n_triangles=56, subframes=3
)
LAYOUTS = (MelSettings(), TEXTURE)


def layout_of(bands: int) -> MelSettings | None:
    """The layout whose frames hold so many values of mid; None: there is none."""
    return next((layout for layout in LAYOUTS if layout.n_bands == bands), None)
