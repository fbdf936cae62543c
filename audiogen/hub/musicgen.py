"""MusicGen of transformers: words to tokens, one after the other, and through its codec to sound.

Words -> Waveform, 44.1 kHz stereo. It can go on from a sound that is there (`Options.opening`); the melody
model can follow the melody of one (`Options.melody`), at each moment its strongest pitch class, or a
Structure, the upper voice of its notes or its onsets alone: ours leads, their model plays. A take is what the
bare `generate` gives after `torch.manual_seed(sub-seed)`, before it is brought to 44.1 kHz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from audiogen.artifacts import Conditioning, Notes, Structure, Waveform
from audiogen.compat import import_transformers
from audiogen.errors import InvalidRequest
from audiogen.hub import finding, loading, quantizing
from audiogen.hub.choice import ModelChoice
from audiogen.hub.sound import stereo
from audiogen.kinds import FREE
from audiogen.media import keys
from audiogen.pretrained import pick_device
from audiogen.stage import PLAIN, Options, Progress, Sampling, report

TOGETHER_S = 0.03  # notes of one chord begin within this
ATTACK = 0.15  # nats of onset strength that are heard
APART_S = 0.1  # two onsets of a rhythm lie at least this far apart


class MusicGen:
    """The stage."""

    name: str = finding.MUSICGEN
    takes: type = Conditioning
    seam, gives = "decoder", Waveform
    vocabulary = FREE
    goes_on: ClassVar[bool] = True

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
            "--tiles": choice.tiles,
            "--channels-last": choice.channels_last,
        }.items():
            if value:
                raise InvalidRequest(f"{flag} is for models of diffusers, and {choice.source} is a MusicGen.")
        where = pick_device(device)
        transformers = import_transformers()
        with loading.loading(choice.source):
            folder = finding.part_folder(choice.source, choice.revision)
            processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
            dtype = loading.dtype_of(choice, where)
            fewer = quantizing.of_model(choice, dtype, where)
            model = transformers.AutoModelForTextToWaveform.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, **fewer
            )
            if not fewer:
                model.to(where, dtype)
            if choice.compile:
                loading.compiled(model.decoder, where)
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
        self,
        x: Any,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Waveform:
        self._refuse(conditioning, sampling)
        total = self.tokens(conditioning.seconds)
        given: dict[str, Any] = {"temperature": sampling.temperature}
        if sampling.guidance is not None:
            given["guidance_scale"] = sampling.guidance
        if sampling.top_p != Sampling().top_p:
            given["top_p"] = sampling.top_p
        seeded = loading.seeded(sampling, self.device)
        with loading.running(self.choice.source), seeded, torch.inference_mode():
            inputs = self.processor(
                text=[conditioning.wording or conditioning.prompt],
                padding=True,
                return_tensors="pt",
                **self._audio(x, options, conditioning.key),
            )
            if options.opening is not None:
                total -= self.tokens(options.opening.seconds) - int(self.model.config.decoder.num_codebooks)
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

    def _audio(self, x: Any, options: Options, key: str | None) -> dict[str, Any]:
        """What its processor is given beside the words: a sound that the result begins with."""
        return {} if options.opening is None else self._given(options.opening)

    def _given(self, wave: Waveform) -> dict[str, Any]:
        """A sound as its processor takes it, at its rate; mono, or [T, 2] for a stereo model."""
        from audiogen.media.finish import resampled

        rate = int(self.processor.feature_extractor.sampling_rate)
        samples = np.asarray(wave.samples, np.float32)
        samples = samples if wave.sample_rate == rate else resampled(samples, wave.sample_rate, rate)
        two = self.goes_on and self.processor.feature_extractor.feature_size == 2
        samples = np.resize(samples, (2, samples.shape[1])).T if two else samples.mean(0)
        return {"audio": samples, "sampling_rate": rate}

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


class MusicGenMelody(MusicGen):
    """The model that follows a melody: of a sound, of notes, or of onsets; else words alone lead it."""

    name, takes = finding.MUSICGEN_MELODY, Structure
    goes_on: ClassVar[bool] = False
    follows_melody: ClassVar[bool] = True

    def _audio(self, x: Any, options: Options, key: str | None) -> dict[str, Any]:
        if options.melody is not None:
            return self._given(options.melody)
        notes = x.notes if isinstance(x, Structure) else None
        if notes is not None and len(notes):
            return self._given(upper_voice(notes))
        onsets = x.onsets if isinstance(x, Structure) and notes is None else None
        beats: Sequence[float] | np.ndarray = (
            [] if onsets is None else onset_times(onsets, x.settings.frame_rate)
        )
        return self._given(rhythm(beats, x.seconds, key)) if len(beats) else {}


def upper_voice(notes: Notes) -> Waveform:
    """The notes above which none sounds when they begin, as plain tones."""
    from audiogen.media import tones

    begins = notes.onset_s[:, None] + TOGETHER_S
    above = notes.pitch[None] > notes.pitch[:, None]
    sounding = (notes.onset_s[None] <= begins) & (notes.offset_s[None] > begins)
    return Waveform(tones.tones(notes.rows()[~(above & sounding).any(1)])[None], tones.RATE)


def onset_times(onsets: np.ndarray, rate: float) -> np.ndarray:
    """Where the onset strength [frames] at `rate` Hz peaks, s."""
    from scipy.signal import find_peaks

    padded = np.pad(onsets, (1, 0))  # one may be in the first frame
    peaks = find_peaks(padded, height=ATTACK, distance=max(1, round(APART_S * rate)))[0]
    return np.asarray((peaks - 1) / rate)


def rhythm(begins: Sequence[float] | np.ndarray, seconds: float, key: str | None) -> Waveform:
    """Onsets alone as a melody: tonic and fifth in turn; the model hears nothing but changes of pitch class.

    Args:
        begins: s, ascending. key: "D minor"; None: C.
    """
    from audiogen.media import tones

    tonic = 60 + (0 if key is None else keys.pitch_class(key.split()[0]))
    ends = [*begins[1:], seconds]
    rows = [
        (tonic + 7 * (number % 2), begin, end, 80)
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True))
        if end > begin
    ]
    return Waveform(tones.tones(np.array(rows, np.float64))[None], tones.RATE)


class _Told:
    """Called by `generate` after every token: reports it, and stops the work where that is refused."""

    def __init__(self, stage: str, total: int, progress: Progress) -> None:
        self.stage, self.total, self.progress = stage, total, progress
        self.step = 0

    def __call__(self, tokens: torch.Tensor, scores: Any, **more: Any) -> torch.Tensor:
        self.step += 1
        report(self.progress, self.stage, min(self.step, self.total), self.total)
        return torch.zeros(tokens.shape[0], dtype=torch.bool, device=tokens.device)
