"""Sound by a pipeline of diffusers: words -> Waveform, 44.1 kHz stereo; what is finished is our own.

A take is what the bare call of diffusers gives with `generator=torch.Generator("cpu").manual_seed(sub-seed)`,
before it is brought to 44.1 kHz.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import Conditioning, Waveform
from audiogen.compat import import_diffusers
from audiogen.errors import MissingModel
from audiogen.hub import finding, loading
from audiogen.hub.choice import ModelChoice
from audiogen.hub.schedulers import scheduler_for
from audiogen.kinds import FREE
from audiogen.pretrained import pick_device
from audiogen.stage import Progress, Sampling

RATE = 44_100
LENGTHS = ("audio_length_in_s", "audio_end_in_s")  # what pipelines call the length they are asked for


class TextToSound:
    """A pipeline of diffusers from words to sound: AudioLDM 2, Stable Audio."""

    name, seam, takes, gives = finding.TEXT_TO_SOUND, "decoder", Conditioning, Waveform
    vocabulary = FREE

    def __init__(self, pipe: Any, choice: ModelChoice, device: torch.device, folders: list[Path]) -> None:
        self.pipe = loading.placed(pipe, choice, device)
        self.own_scheduler = pipe.scheduler
        self.choice = choice
        self.device = device
        self.dtype: torch.dtype = pipe.dtype
        self.source = loading.source_of(choice, folders)
        self.folder = loading.card_folder(folders[0])

    @classmethod
    def from_pretrained(cls, choice: ModelChoice, device: str = "auto") -> TextToSound:
        """Load a model from its folder, or from the hub.

        Raises:
            MissingModel: not there, incomplete, or it makes no sound. MissingPackage: see `loading`.
        """
        where = pick_device(device)
        with loading.loading(choice.source):
            folder = finding.pipeline_folder(choice.source, choice.revision)
            pipe = import_diffusers().DiffusionPipeline.from_pretrained(
                str(folder),
                torch_dtype=loading.dtype_of(choice, where),
                use_safetensors=True,
                local_files_only=True,
            )
            if not set(LENGTHS) & loading.taken(pipe.__call__):
                raise MissingModel(
                    f"{choice.source} is a {type(pipe).__name__}, which makes no sound of words."
                )
        folders = [folder, *loading.add_loras(pipe, choice)]
        return cls(pipe, choice, where, folders)

    @property
    def rate(self) -> int:
        """Of its samples, Hz."""
        part = getattr(self.pipe, "vocoder", None) or self.pipe.vae
        return int(part.config.sampling_rate)

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Waveform:
        pipe = self.pipe
        with loading.running(self.choice.source):
            given = loading.worded(pipe, conditioning, sampling, self.choice.source)
            length = next(name for name in LENGTHS if name in loading.taken(pipe.__call__))
            pipe.scheduler = scheduler_for(self.own_scheduler, sampling.scheduler)
            made = pipe(
                **given,
                **{length: conditioning.seconds},
                **loading.reporting(pipe, self.name, progress),
                generator=loading.drawn(sampling),
            )
        return stereo(made.audios[0], self.rate)


def stereo(samples: Any, rate: int) -> Waveform:
    """Samples [T] or [channels, T] at any rate as 44.1 kHz stereo; more than two channels become one."""
    from audiogen.media.finish import resampled

    raw = samples.detach().float().cpu().numpy() if isinstance(samples, torch.Tensor) else samples
    wave = np.atleast_2d(np.asarray(raw, np.float32))
    if len(wave) > 2:
        wave = wave.mean(0, keepdims=True)
    wave = resampled(np.ascontiguousarray(wave), rate, RATE) if rate != RATE else wave
    return Waveform(np.repeat(wave, 2, 0) if len(wave) == 1 else np.ascontiguousarray(wave), RATE)
