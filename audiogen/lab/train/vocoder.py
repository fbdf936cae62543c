"""Trains the vocoder's magnitude network on real audio.

Loss: L1 of log magnitude (down to 80 dB under the window's peak) + spectral convergence, and, for the
noisiness head, the negative log-likelihood of a Laplace distribution around the (detached) magnitude.
The input bands get a little noise, as a decoder's mels will have.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.lab.train.task_data import read_shards
from audiogen.media.mel import log_bands, stft
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.rows import from_rows


@dataclasses.dataclass(frozen=True)
class VocoderTaskSettings:
    """batch_size crops of `frames` frames; `band_noise`: std of noise on the input, nats."""

    batch_size: int = 16
    frames: int = 96
    band_noise: float = 0.1
    gain_db: float = 8.0
    max_shards: int = 10
    valid_windows: int = 12


class VocoderTask:
    """Task "vocoder" (see lab/train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config = from_rows(VocoderConfig, stage_settings)
        self.settings = from_rows(VocoderTaskSettings, task_settings)
        self.network: Any = Vocoder.build(self.config)
        self.train_audio = _mid_audio(data_folder, "train", self.settings.max_shards)
        self.valid_audio = _mid_audio(data_folder, "valid", 1)[: self.settings.valid_windows]
        self._normalise()

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"wave": float [B, T]} random crops with random gain."""
        mel, s = self.config.mel, self.settings
        samples = s.frames * mel.hop_length + mel.n_fft
        rows = []
        for _ in range(s.batch_size):
            w = int(torch.randint(len(self.train_audio), (1,), generator=generator))
            at = int(torch.randint(self.train_audio.shape[1] - samples, (1,), generator=generator))
            rows.append(torch.from_numpy(self.train_audio[w, at : at + samples].astype(np.float32)))
        gain = 10 ** ((torch.rand(s.batch_size, 1, generator=generator) * 2 - 1) * s.gain_db / 20)
        return {"wave": torch.stack(rows) / 32767 * gain, "noise": self._band_noise(generator)}

    def loss(self, network: Any, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        with torch.autocast(batch["wave"].device.type, enabled=False):
            magnitude = _centre(stft(batch["wave"], self.config.mel).abs(), self.settings.frames)
            bands = log_bands(magnitude, self.config.mel)
        predicted, log_noise = network(bands + batch["noise"])
        return magnitude_losses(predicted, log_noise, magnitude, network.bank)

    @torch.no_grad()
    def evaluate(self, network: Any) -> dict[str, float]:
        """Log-magnitude L1 and spectral convergence on held-out audio, beside the untrained start."""
        rows: dict[str, list[float]] = {}
        for wave in self.valid_audio:
            audio = torch.from_numpy(wave[: 5 * self.config.mel.sample_rate].astype(np.float32) / 32767)[None]
            audio = audio.to(next(network.parameters()).device)
            magnitude = stft(audio, self.config.mel).abs()
            bands = log_bands(magnitude, self.config.mel)
            predicted, log_noise = network(bands)
            for name, guess in (
                ("", predicted),
                ("linear_", network.linear_start(bands).clamp_min(1e-6).log()),
            ):
                losses = magnitude_losses(guess, log_noise, magnitude, network.bank)
                for key in ("log_l1", "convergence"):
                    rows.setdefault(name + key, []).append(float(losses[key]))
        means = {k: float(np.mean(v)) for k, v in rows.items()}
        return {"metric": means["log_l1"] + means["convergence"], **means}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """A held-out rendering through mel and vocoder, as WAV."""
        import soundfile

        from audiogen.artifacts import Conditioning, MelSpectrogram
        from audiogen.stage import Sampling, silent

        stage = Vocoder(self.config, network, device="cpu")
        for i, wave in enumerate(self.valid_audio[:2]):
            audio = torch.from_numpy(wave.astype(np.float32) / 32767)
            mid = log_bands(stft(audio, self.config.mel).abs(), self.config.mel).numpy()
            side = np.zeros((2, self.config.mel.n_groups, mid.shape[1]), np.float32)
            side[1] = -5
            mel = MelSpectrogram(mid, side, len(wave) / self.config.mel.sample_rate, self.config.mel)
            out = stage(mel, Conditioning(), Sampling(), silent)
            soundfile.write(folder / f"heldout-{i}.wav", out.samples.T, out.sample_rate)
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        Vocoder(self.config, network, device="cpu").save_pretrained(folder)

    def _band_noise(self, generator: torch.Generator) -> Tensor:
        shape = (self.settings.batch_size, self.config.mel.n_bands, self.settings.frames)
        amount = torch.rand(shape[0], 1, 1, generator=generator) * self.settings.band_noise
        return torch.randn(shape, generator=generator) * amount

    def _normalise(self) -> None:
        waves = torch.from_numpy(
            self.train_audio[:16, : 4 * self.config.mel.sample_rate].astype(np.float32) / 32767
        )
        bands = log_bands(stft(waves, self.config.mel).abs(), self.config.mel)
        self.network.mean.copy_(bands.mean((0, 2))[:, None])
        self.network.std.copy_(bands.std((0, 2))[:, None].clamp_min(0.5))


def magnitude_losses(
    predicted: Tensor, log_noise: Tensor, magnitude: Tensor, bank: Tensor
) -> dict[str, Tensor]:
    """Losses of predicted log magnitude [B, bins, F] against magnitude; `log_noise` [B, bands, F]."""
    floor = (magnitude.amax((1, 2), keepdim=True) * 1e-4).clamp_min(1e-6)
    target, guess = magnitude.clamp_min(floor).log(), predicted.clamp_min(floor.log())
    error = (guess - target).abs()
    log_l1 = error.mean()
    loud = predicted.clamp_max(5).exp()
    convergence = (
        (loud - magnitude).square().sum((1, 2)) / magnitude.square().sum((1, 2)).clamp_min(1e-8)
    ).sqrt()
    per_band = bank @ error.detach()
    noise = (per_band / log_noise.exp() + log_noise).mean()
    return {
        "loss": log_l1 + convergence.mean() + 0.1 * noise,
        "log_l1": log_l1.detach(),
        "convergence": convergence.mean().detach(),
    }


def _centre(x: Tensor, frames: int) -> Tensor:
    """The middle `frames` frames: away from the padded ends."""
    first = (x.shape[-1] - frames) // 2
    return x[..., first : first + frames]


def _mid_audio(folder: Path, split: str, shards: int) -> np.ndarray:
    parts = []
    for arrays in read_shards(folder, split, shards, ("audio",)):
        stereo = arrays["audio"].astype(np.int32)
        parts.append(((stereo[:, 0] + stereo[:, 1]) // 2).astype(np.int16))
    return np.concatenate(parts)
