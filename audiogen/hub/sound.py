"""Sound by a pipeline of diffusers: words -> Waveform, 44.1 kHz stereo; what is finished is our own.

AudioLDM 2, Stable Audio Open, Stable Audio 3, ACE-Step; all but the first can begin with a sound
(`Options.edit`).
A take is what the bare call of diffusers gives with `generator=torch.Generator("cpu").manual_seed(sub-seed)`,
after `torch.manual_seed(sub-seed)`, before it is brought to 44.1 kHz.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import torch

from audiogen.artifacts import Conditioning, Waveform
from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import finding, loading, quantizing
from audiogen.hub.choice import CallSettings, ModelChoice
from audiogen.hub.piped import Piped
from audiogen.hub.schedulers import scheduler_for
from audiogen.kinds import FREE
from audiogen.pretrained import pick_device
from audiogen.stage import PLAIN, Edit, Options, Progress, Sampling

RATE = 44_100
# what pipelines call the length they are asked for
LENGTHS = ("audio_length_in_s", "audio_end_in_s", "audio_duration", "duration", "audio_duration_s")
CHINESE = re.compile("[\u4e00-\u9fff]")


class TextToSound(Piped):
    """A pipeline of diffusers from words to sound."""

    name, seam, takes, gives = finding.TEXT_TO_SOUND, "decoder", Conditioning, Waveform
    vocabulary = FREE
    editable: ClassVar[bool] = True
    takes_settings: ClassVar[bool] = True

    @classmethod
    def from_pretrained(cls, choice: ModelChoice, device: str = "auto") -> TextToSound:
        """Load a model from its folder, or from the hub.

        Raises:
            MissingModel: not there, incomplete, or it makes no sound. MissingPackage: see `loading`.
        """
        where = pick_device(device)
        with loading.loading(choice.source):
            folder = finding.pipeline_folder(choice.source, choice.revision)
            dtype = loading.dtype_of(choice, where)
            pipe = import_diffusers().DiffusionPipeline.from_pretrained(
                str(folder),
                **quantizing.of_pipeline(choice, finding.manifest(str(folder))[1], dtype, where),
                torch_dtype=dtype,
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
        return int(getattr(part.config, "sampling_rate", 0) or part.config.sample_rate)

    def __call__(
        self,
        x: Conditioning,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Waveform:
        edit = options.edit
        if edit is not None and edit.strength == 0:
            return stereo(edit.begin.samples, edit.begin.sample_rate)
        with loading.running(self.choice.source), loading.seeded(sampling, self.device):
            self.pipe.scheduler = scheduler_for(self.own_scheduler, sampling.scheduler)
            pipe: Any = self.pipe
            begun: dict[str, Any] = {}
            if edit is not None:
                pipe, begun = self._begun(edit, conditioning.seconds)
            names = loading.taken(pipe.__call__)
            length = next(name for name in LENGTHS if name in names)
            made = pipe(
                **loading.worded(pipe, conditioning, sampling, self.choice.source),
                **_of_music(names, conditioning, options.settings or CallSettings(), self.choice.source),
                **{length: conditioning.seconds},
                **begun,
                **loading.reporting(pipe, self.name, progress),
                generator=loading.drawn(sampling),
            )
        return stereo(made.audios[0], self.rate)

    def _begun(self, edit: Edit, seconds: float) -> tuple[Any, dict[str, Any]]:
        """The pipeline that begins with a sound, and what it is given.

        Of the whole path from noise to sound `edit.strength` is gone: Stable Audio 3 by its own measure,
        Stable Audio Open from a lower sigma of the same schedule; ACE-Step follows the plan of the sound, the
        less the stronger it is changed.

        Raises:
            InvalidRequest: the model begins with no sound.
        """
        wave = stereo(edit.begin.samples, edit.begin.sample_rate, self.rate).samples
        wanted = round(seconds * self.rate)
        wave = np.pad(wave[:, :wanted], ((0, 0), (0, max(0, wanted - wave.shape[1]))))
        sound = torch.from_numpy(wave).to(self.device, self.dtype)
        diffusers, made_of = import_diffusers(), type(self.pipe).__name__
        if made_of == "StableAudioPipeline":
            own = self.pipe.scheduler.config
            if "sigma_max" not in own:
                raise InvalidRequest(
                    "--init of a sound goes with the model's own scheduler; leave out --scheduler."
                )
            start = own.sigma_min * (own.sigma_max / own.sigma_min) ** edit.strength
            self.pipe.scheduler = type(self.pipe.scheduler).from_config(own, sigma_max=start)
            return self.pipe, {
                "initial_audio_waveforms": sound[None],
                "initial_audio_sampling_rate": self.rate,
            }
        if made_of == "StableAudio3Pipeline":
            pipe = diffusers.StableAudio3AudioToAudioPipeline.from_pipe(self.pipe)
            pipe.set_progress_bar_config(disable=True)
            return pipe, {"audio": sound[None], "init_noise_level": edit.strength}
        if made_of == "AceStepPipeline":
            follows = {"task_type": "cover", "audio_cover_strength": 1 - edit.strength}
            return self.pipe, {"src_audio": sound, **follows}
        raise InvalidRequest(f"{self.choice.source} begins with no sound; leave out --init.")


def _of_music(names: set[str], known: Conditioning, told: CallSettings, source: str) -> dict[str, Any]:
    """Lyrics, their language, and tempo, key and metre of the words, for a model that is told them apart.

    Raises:
        InvalidRequest: lyrics for a model that does not sing.
    """
    if "lyrics" not in names:
        if told.lyrics:
            raise InvalidRequest(f"{source} does not sing; leave out --lyrics.")
        return {}
    given: dict[str, Any] = {"lyrics": told.lyrics} if told.lyrics else {}
    language = told.language or ("zh" if CHINESE.search(told.lyrics) else None)
    said = {
        "vocal_language": language,
        "bpm": None if known.tempo is None else round(known.tempo),
        "keyscale": known.key,
        "timesignature": None if known.metre is None else str(known.metre[0]),
    }
    return given | {name: value for name, value in said.items() if value is not None and name in names}


def stereo(samples: Any, rate: int, wanted: int = RATE) -> Waveform:
    """Samples [T] or [channels, T] at any rate as stereo at `wanted` Hz; more channels become one."""
    from audiogen.media.finish import resampled

    raw = samples.detach().float().cpu().numpy() if isinstance(samples, torch.Tensor) else samples
    wave = np.atleast_2d(np.asarray(raw, np.float32))
    if len(wave) > 2:
        wave = wave.mean(0, keepdims=True)
    wave = resampled(np.ascontiguousarray(wave), rate, wanted) if rate != wanted else wave
    return Waveform(np.repeat(wave, 2, 0) if len(wave) == 1 else np.ascontiguousarray(wave), wanted)
