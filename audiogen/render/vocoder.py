"""Vocoder: MelSpectrogram -> stereo Waveform at 44.1 kHz.

A mel of short windows is rendered by `render/bands.py`; one of the default layout so:

Bands -> full-resolution magnitude by a network; phase and blocks are those of `render/blocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, MelSpectrogram, Waveform
from audiogen.media.mel import MelSettings
from audiogen.networks.magnitude import MagnitudeNetwork
from audiogen.pretrained import Pretrained
from audiogen.render.bands import BandRenderer
from audiogen.render.blocks import MARGIN_FRAMES, SpectrogramRenderer, fade_floor, side_of
from audiogen.render.matching import Bank
from audiogen.sampling.stft import forward, istft, size
from audiogen.stage import PLAIN, Options, Progress, Sampling

ROUNDS, ROUNDS_TOLD = 2, 4  # of matching bands; where notes have drawn at the magnitude it takes more


@dataclass(frozen=True)
class VocoderConfig:
    """width, blocks: of the network; iterations: of fast Griffin-Lim."""

    mel: MelSettings = MelSettings()
    width: int = 320
    blocks: int = 6
    iterations: int = 8


class Vocoder(SpectrogramRenderer, Pretrained):
    """The stage."""

    name, seam, takes, gives = "vocoder", "renderer", MelSpectrogram, Waveform
    config_class = VocoderConfig

    @staticmethod
    def build(config: VocoderConfig) -> nn.Module:
        return MagnitudeNetwork(config.mel, config.width, config.blocks)

    def __init__(self, config: VocoderConfig, network: nn.Module, device: str = "auto") -> None:
        super().__init__(config, network, device)
        self.mel, self.iterations = config.mel, config.iterations

    def __call__(
        self,
        x: MelSpectrogram,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Waveform:
        if x.settings.subframes > 1:
            return BandRenderer(x.settings)(x, conditioning, sampling, progress, options)
        return super().__call__(x, conditioning, sampling, progress, options)

    @torch.inference_mode()
    def sound(self, spectrum: Tensor, magnitude: Tensor, side: Tensor) -> Tensor:
        """See the base."""
        mel = self.config.mel
        spectrum = spectrum * self._lost_level(spectrum, magnitude)
        samples = spectrum.shape[1] * mel.hop_length
        centre = istft(spectrum, mel.hop_length, samples)
        difference = istft(side_of(spectrum, side, mel), mel.hop_length, samples)
        return torch.stack([centre + difference, centre - difference])

    @torch.inference_mode()
    def magnitude(self, mid: Tensor, first: int, stop: int) -> Tensor:
        """See the base; the network sees a margin on both sides, so blocks have no seams."""
        network = self.network
        assert isinstance(network, MagnitudeNetwork)
        low, high = max(0, first - MARGIN_FRAMES), min(mid.shape[1], stop + MARGIN_FRAMES)
        bands = mid[None, :, low:high].float().to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            log_magnitude, _ = network(bands)
        log_magnitude = log_magnitude[0, :, first - low : stop - low].cpu()
        target = fade_floor(mid[:, first:stop].float(), self.mel).exp()
        matched = Bank.of(self.mel).matched(log_magnitude.clamp(-16, 4).exp(), target, ROUNDS)
        return matched * (self.mel.n_fft / 4)

    @torch.inference_mode()
    def matched(self, magnitude: Tensor, mid: Tensor) -> Tensor:
        """See the base."""
        scale = self.mel.n_fft / 4
        target = fade_floor(mid.float(), self.mel).exp()
        return Bank.of(self.mel).matched(magnitude / scale, target, ROUNDS_TOLD) * scale

    def _lost_level(self, spectrum: Tensor, magnitude: Tensor) -> Tensor:
        """Gain [bins, F] for what the inverse transform loses where phases still disagree."""
        mel = self.mel
        wave = istft(spectrum, mel.hop_length, spectrum.shape[1] * mel.hop_length)
        actual = size(forward(wave, mel.n_fft, mel.hop_length))
        scale = 4 / mel.n_fft
        return Bank.of(mel).gain(magnitude * scale, actual * scale, limit=1.6)
