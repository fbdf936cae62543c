"""Sound by a pretrained model: words -> Waveform, 44.1 kHz stereo; what is finished is our own.

A take is what the bare call of diffusers gives with `generator=torch.Generator("cpu").manual_seed(sub-seed)`,
or `generate` of transformers after `torch.manual_seed(sub-seed)`, before it is brought to 44.1 kHz.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import Conditioning, Waveform
from audiogen.compat import import_diffusers, import_transformers
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import finding, loading
from audiogen.hub.choice import ModelChoice
from audiogen.hub.schedulers import scheduler_for
from audiogen.kinds import FREE
from audiogen.pretrained import pick_device
from audiogen.stage import Progress, Sampling, report

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


class MusicGen:
    """MusicGen of transformers: words to tokens, one after the other, and through its codec to sound."""

    name, seam, takes, gives = finding.MUSICGEN, "decoder", Conditioning, Waveform
    vocabulary = FREE

    def __init__(self, model: Any, processor: Any, choice: ModelChoice, folder: Path) -> None:
        self.model = model.eval()
        self.processor = processor
        self.choice = choice
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.source = loading.source_of(choice, [folder])
        self.folder = loading.card_folder(folder)

    @classmethod
    def from_pretrained(cls, choice: ModelChoice, device: str = "auto") -> MusicGen:
        """Load a model from its folder, or from the hub.

        Raises:
            MissingModel: not there or incomplete. InvalidRequest: what only pipelines of diffusers know.
        """
        for flag, value in {
            "--lora": choice.loras,
            "--offload": choice.offload,
            "--slicing": choice.slicing,
        }.items():
            if value:
                raise InvalidRequest(f"{flag} is for models of diffusers, and {choice.source} is a MusicGen.")
        where = pick_device(device)
        transformers = import_transformers()
        with loading.loading(choice.source):
            folder = finding.part_folder(choice.source, choice.revision)
            processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
            model = transformers.AutoModelForTextToWaveform.from_pretrained(
                folder, use_safetensors=True, local_files_only=True
            )
            model.to(where, loading.dtype_of(choice, where))
        return cls(model, processor, choice, folder)

    @property
    def rate(self) -> int:
        """Of its samples, Hz."""
        return int(self.model.config.audio_encoder.sampling_rate)

    def tokens(self, seconds: float) -> int:
        """Steps for a length: a frame is one, and each codebook after the first begins one later."""
        frames = math.ceil(seconds * self.model.config.audio_encoder.frame_rate)
        return frames + int(self.model.config.decoder.num_codebooks)

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Waveform:
        self._refuse(conditioning, sampling)
        total = self.tokens(conditioning.seconds)
        inputs = self.processor(
            text=[conditioning.wording or conditioning.prompt], padding=True, return_tensors="pt"
        )
        given: dict[str, Any] = {"temperature": sampling.temperature}
        if sampling.guidance is not None:
            given["guidance_scale"] = sampling.guidance
        if sampling.top_p != Sampling().top_p:
            given["top_p"] = sampling.top_p
        devices = [self.device] if self.device.type == "cuda" else []
        with loading.running(self.choice.source), torch.random.fork_rng(devices), torch.inference_mode():
            torch.manual_seed(sampling.seed_for("decoder"))
            made = self.model.generate(
                **inputs.to(self.device),
                **given,
                do_sample=True,
                max_new_tokens=total,
                stopping_criteria=import_transformers().StoppingCriteriaList(
                    [_Told(self.name, total, progress)]
                ),
            )
        return stereo(made[0], self.rate)

    def _refuse(self, conditioning: Conditioning, sampling: Sampling) -> None:
        """Raise InvalidRequest where something is asked for that only diffusion has."""
        given = {
            "--negative": conditioning.negative,
            "--steps": sampling.steps,
            "--scheduler": sampling.scheduler,
            "--guidance-rescale": sampling.guidance_rescale,
        }
        for flag, value in given.items():
            if value:
                raise InvalidRequest(
                    f"{flag} is for diffusion, and MusicGen writes token after token; leave it out."
                )


class _Told:
    """Called by `generate` after every token: reports it, and stops the work where that is refused."""

    def __init__(self, stage: str, total: int, progress: Progress) -> None:
        self.stage, self.total, self.progress = stage, total, progress
        self.step = 0

    def __call__(self, tokens: torch.Tensor, scores: Any, **more: Any) -> torch.Tensor:
        self.step += 1
        report(self.progress, self.stage, min(self.step, self.total), self.total)
        return torch.zeros(tokens.shape[0], dtype=torch.bool, device=tokens.device)


def stereo(samples: Any, rate: int) -> Waveform:
    """Samples [T] or [channels, T] at any rate as 44.1 kHz stereo; more than two channels become one."""
    from audiogen.media.finish import resampled

    raw = samples.detach().float().cpu().numpy() if isinstance(samples, torch.Tensor) else samples
    wave = np.atleast_2d(np.asarray(raw, np.float32))
    if len(wave) > 2:
        wave = wave.mean(0, keepdims=True)
    wave = resampled(np.ascontiguousarray(wave), rate, RATE) if rate != RATE else wave
    return Waveform(np.repeat(wave, 2, 0) if len(wave) == 1 else np.ascontiguousarray(wave), RATE)
