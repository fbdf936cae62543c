"""Finished sound."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.artifacts.mel_spectrogram import MelSpectrogram
from audiogen.errors import InvalidRequest
from audiogen.media.mel_settings import MelSettings

if TYPE_CHECKING:
    from audiogen.media.facts import Facts

MOST_CHANNELS, MOST_HZ = 64, 768_000


@dataclass(frozen=True, eq=False)
class Waveform:
    """Sound: float32 [channels, samples] in -1..1 at `sample_rate` Hz, and what is known about it."""

    samples: np.ndarray
    sample_rate: int = 44_100
    facts: Facts | None = None

    def __post_init__(self) -> None:
        samples, rate = self.samples, self.sample_rate
        if not isinstance(samples, np.ndarray) or samples.dtype.kind != "f" or samples.ndim != 2:
            shape = getattr(samples, "shape", ())
            raise InvalidRequest(
                "A sound is an array of floats [channels, samples]; this is "
                f"{getattr(samples, 'dtype', type(samples).__name__)} {list(shape)}."
            )
        channels, length = samples.shape
        if not 1 <= channels <= max(2, min(length, MOST_CHANNELS)):
            raise InvalidRequest(
                f"A sound is [channels, samples], of 1 to {MOST_CHANNELS} channels; this has shape "
                f"{[channels, length]}. What soundfile reads is the other way round: give samples.T."
            )
        if isinstance(rate, bool) or not isinstance(rate, int | np.integer) or not 1 <= rate <= MOST_HZ:
            raise InvalidRequest(f"A sample rate is a whole number of Hz, 1 to {MOST_HZ}, not {rate}.")

    @property
    def seconds(self) -> float:
        return self.samples.shape[1] / self.sample_rate

    def plot(self) -> bytes:
        """The spectrogram as a PNG file (needs matplotlib)."""
        from audiogen.media.plot import picture

        return picture(self.seconds, samples=self.samples, sample_rate=self.sample_rate)

    def mel(self, settings: MelSettings = MelSettings()) -> MelSpectrogram:  # noqa: B008 - frozen
        """What a decoder would have made of this sound: the way back from the renderer.

        Another rate than that of the mel is converted; mono is taken as both channels.
        """
        import torch

        from audiogen.media.finish import resampled
        from audiogen.media.mel import analyse

        samples = np.asarray(self.samples, np.float32)
        if self.sample_rate != settings.sample_rate:
            samples = resampled(samples, self.sample_rate, settings.sample_rate)
        wanted = settings.frames(self.seconds) * settings.hop_length  # whole frames, the last one filled up
        stereo = np.zeros((2, wanted), np.float32)
        stereo[:, : samples.shape[1]] = samples[:2, :wanted]
        mid, side = analyse(torch.from_numpy(stereo), settings)
        return MelSpectrogram(mid.numpy(), side.numpy(), self.seconds, settings)

    def finished(self, target_lufs: float | None = -20.0) -> Waveform:
        """This sound ready to be written, as `make` writes it: no DC, soft ends, its level.

        Args:
            target_lufs: the level, as a rule that of middling piano playing; peaks stay below -1 dBTP.
                None: only the peaks are looked after.
        """
        from audiogen.media.facts import Facts
        from audiogen.media.finish import finish

        samples, level = finish(self.samples, self.sample_rate, self.seconds, target_lufs)
        facts = dataclasses.replace(self.facts or Facts(), level=level)
        return Waveform(samples, self.sample_rate, facts)

    def save(self, path: str | Path, force: bool = False, recipe: dict[str, Any] | None = None) -> None:
        """Write .wav (24-bit), .flac or .ogg, with the recipe inside."""
        from audiogen.media.audio import write_audio

        write_audio(Path(path), self.samples, self.sample_rate, recipe, force, facts=self.facts)

    @classmethod
    def load(cls, path: str | Path) -> Waveform:
        """Read any format that soundfile knows."""
        from audiogen.media.audio import read_audio

        samples, rate = read_audio(Path(path))
        return cls(samples, rate)
