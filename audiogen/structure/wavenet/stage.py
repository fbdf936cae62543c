"""WaveNet in two tiers: Conditioning -> notes -> sound, sample by sample at 16 kHz (arXiv 1609.03499).

The slow tier writes notes (`wavenet_notes`), the fast tier plays them: it is told what the struck keys are
expected to sound like (`audiogen.sampling.modal_source`) and draws every 8-bit code given all before it.
That a WaveNet should be given notes is Wave2Midi2Wave (arXiv 1810.12247); that it should be given their
tones is the neural source-filter model (arXiv 1810.11946).

`WaveNetStage` gives a Structure, the coarse mel and onsets of what was written, for a decoder to refine;
`WaveNetAudio` gives the Waveform itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from audiogen.artifacts import Conditioning, Structure, Waveform
from audiogen.conditions import attribute_vector, wanted_attributes
from audiogen.media.mel import MelSettings, band_centres_hz, coarse_mel, log_bands, onset_strength, stft
from audiogen.media.mulaw import decode
from audiogen.networks import wavenet
from audiogen.networks.wavenet import Wavenet
from audiogen.networks.wavenet_tiers import WavenetTiers, WavenetTiersConfig
from audiogen.pretrained import Pretrained
from audiogen.sampling.modal_source import DAMPED, ModeTable, expected, roll, source
from audiogen.sampling.struck_keys import GRID_S, Strikes, on_the_grid, strikes
from audiogen.sampling.wavenet_queues import ClockWeights, Queues, QueueWeights
from audiogen.stage import Progress, Sampling, report
from audiogen.structure.wavenet.notes import in_key, write_notes

REPORT_S = 0.25
TREBLE_FROM_HZ = 7_000.0  # codes at 16 kHz hold nothing true above
SLOPE_FROM_HZ = 2_500.0
MIDDLING = (64.0, 4.5)  # velocity, notes a second
TOLD_S = 0.5  # how long the network is told that a key was damped, and more
END_S = 0.4  # before its end all keys of a piece are let go
LEVEL_DB = (-25.3, 0.139, 1.9)  # of all bands there, per velocity, per nat of density; 40 held-out renderings


@dataclass(frozen=True)
class WaveNetConfig:
    """What the stages are made of.

    Attributes:
        sample_rate: of the codes, Hz; emphasis: of `audiogen.media.mulaw`.
        attributes: (name, lowest, highest) of the fields of Conditioning that the slow tier hears; what
            is asked beyond is heard as the nearest that training knew.
        calm: temperature of the fast tier, times that which is asked for.
        network: its sizes.
    """

    sample_rate: int = 16_000
    emphasis: float = 0.9
    attributes: tuple[tuple[str, float, float], ...] = (
        ("density", 0.5, 8.0),
        ("loudness", 24.0, 108.0),
        ("register", 40.0, 84.0),
    )
    calm: float = 0.6
    network: WavenetTiersConfig = field(default_factory=WavenetTiersConfig)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, *_ in self.attributes)


class WaveNet(Pretrained):
    """Both tiers, behind both stages."""

    config_class = WaveNetConfig
    config: WaveNetConfig

    def __init__(self, config: WaveNetConfig, network: nn.Module, device: str = "auto") -> None:
        """`device` is not followed: the loop is compiled for one CPU core."""
        super().__init__(config, network, device="cpu")
        self.dtype = torch.float32

    @staticmethod
    def build(config: WaveNetConfig) -> nn.Module:
        return WavenetTiers(config.network)

    def write(self, x: Conditioning, sampling: Sampling, progress: Progress) -> np.ndarray:
        """Sound for what was asked, float32 [round(seconds * sample_rate)], about -1..1."""
        return self.play(self.notes(x, sampling), x.seconds, sampling, progress)

    def notes(self, x: Conditioning, sampling: Sampling) -> np.ndarray:
        """The slow tier: rows [N, 4] of (pitch, onset s, damped s, velocity); the end is silent."""
        generator = torch.Generator().manual_seed(sampling.seed_for("structure"))
        network: Any = self.network.notes
        rows = write_notes(network, self.told(x), x.seconds, generator, sampling.temperature, sampling.top_p)
        rows = on_the_grid(in_key(rows, x.key))
        rows[:, 2] = np.maximum(np.minimum(rows[:, 2], x.seconds - END_S), rows[:, 1] + GRID_S)
        return rows

    def play(self, rows: np.ndarray, seconds: float, sampling: Sampling, progress: Progress) -> np.ndarray:
        """The fast tier: sound of notes [N, 4], float32 [round(seconds * sample_rate)]."""
        c, network = self.config, self.network
        rate, block, count = c.sample_rate, c.network.samples.block, round(seconds * c.sample_rate)
        struck = strikes(rows, network.levels_db.double().numpy(), np.array(c.network.velocities), rate)
        table = table_of(network, rate)
        generator = torch.Generator().manual_seed(sampling.seed_for("structure") ^ 1)
        uniforms = torch.rand(count + block, generator=generator, dtype=torch.float64).numpy()
        queues, codes = Queues(queue_weights(network.samples)), []
        step = round(REPORT_S * rate / block) * block
        level = 0.0
        for first in range(0, count, step):
            report(progress, "structure", first, count)
            length = min(step, -(-(count - first) // block) * block)
            near = struck_in(struck, first, length, rate)
            told, level = expected(source(table, near, first, length), rate, level)
            rolled = roll(near, first, length // block, block, rate)
            part = uniforms[first : first + length]
            codes.append(queues.write(part, told, rolled, c.calm * sampling.temperature))
        report(progress, "structure", count, count)
        return decode(np.concatenate(codes)[:count], c.emphasis)

    def told(self, x: Conditioning) -> torch.Tensor:
        """What is asked as the slow tier is given it, float32 [2 A]."""
        wanted = wanted_attributes(x, self.config.names)
        near = {
            name: None if (value := wanted[name]) is None else min(max(value, low), high)
            for name, low, high in self.config.attributes
        }
        return torch.from_numpy(attribute_vector(near, self.config.names))


class WaveNetAudio(WaveNet):
    """Conditioning -> Waveform: WaveNet alone. Both channels are the same; above 8 kHz there is nothing.

    It stands at the seam of the structure, which is never made: nothing comes after it. Its name is that of
    its weights in a recipe.
    """

    name, seam, takes, gives = "wavenet", "structure", Conditioning, Waveform

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Waveform:
        rate = MelSettings().sample_rate
        mono = at_rate(self.write(x, sampling, progress), self.config.sample_rate, rate)
        return Waveform(np.stack([mono, mono]), rate)


class WaveNetStage(WaveNet):
    """Conditioning -> Structure: the coarse mel and onsets of what WaveNet plays."""

    name, seam, takes, gives = "wavenet", "structure", Conditioning, Structure

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Structure:
        mel = MelSettings()
        wave = at_rate(self.write(x, sampling, progress), self.config.sample_rate, mel.sample_rate)
        wave = np.pad(wave, (0, max(0, mel.frames(x.seconds) * mel.hop_length - len(wave))))
        with torch.inference_mode():
            fine = with_treble(log_bands(stft(torch.from_numpy(wave), mel).abs(), mel), mel)
            fine = at_piano_level(fine[:, : mel.frames(x.seconds)], x, mel)
            coarse, onsets = coarse_mel(fine, mel), onset_strength(fine)
        return Structure(x.seconds, mel=coarse.numpy(), onsets=onsets.numpy(), settings=mel)


def at_rate(wave: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """The same sound [T] at another rate."""
    import soxr

    return np.ascontiguousarray(soxr.resample(wave, rate, wanted), np.float32)


def with_treble(fine: torch.Tensor, mel: MelSettings) -> torch.Tensor:
    """Log-mel [bands, F] whose bands above `TREBLE_FROM_HZ` go on falling as those below them do.

    A straight line over octaves through the bands from `SLOPE_FROM_HZ`, in every frame; it never rises.
    """
    hz = torch.from_numpy(band_centres_hz(mel)).float()
    known, missing = (hz >= SLOPE_FROM_HZ) & (hz < TREBLE_FROM_HZ), hz >= TREBLE_FROM_HZ
    octaves = hz.log2() - hz[known].log2().mean()
    level = fine[known].mean(0)
    slope = (octaves[known] @ (fine[known] - level)) / octaves[known].square().sum()
    line = level + slope.clamp_max(0) * octaves[missing, None]
    out = fine.clone()
    out[missing] = line.clamp_min(float(np.log(mel.floor)))
    return out


def at_piano_level(fine: torch.Tensor, x: Conditioning, mel: MelSettings) -> torch.Tensor:
    """Log-mel [bands, F] as loud as a rendered piano played as asked; the codes are near full scale."""
    loudness = MIDDLING[0] if x.loudness is None else x.loudness
    density = MIDDLING[1] if x.density is None else max(x.density, 0.1)
    wanted_db = LEVEL_DB[0] + LEVEL_DB[1] * (loudness - MIDDLING[0])
    wanted_db += LEVEL_DB[2] * float(np.log(density / MIDDLING[1]))
    power = (2 * fine).exp().sum(0).mean()
    change = float(np.log(10)) / 20 * wanted_db - 0.5 * power.clamp_min(1e-12).log()
    return (fine + change).clamp_min(float(np.log(mel.floor)))


def table_of(network: Any, sample_rate: int) -> ModeTable:
    """The modes of the keys that a network holds."""
    return ModeTable(network.first.numpy(), network.modes.double().numpy(), network.config.start, sample_rate)


def struck_in(struck: Strikes, begin: int, count: int, sample_rate: int) -> Strikes:
    """The strikes that may sound in a span of samples."""
    near = (struck.onset < begin + count) & (
        struck.stop + DAMPED * struck.decay + TOLD_S * sample_rate > begin
    )
    names = ("key", "onset", "stop", "gain", "decay", "pitch", "velocity")
    return Strikes(*(getattr(struck, name)[near] for name in names))


def queue_weights(network: Wavenet) -> QueueWeights:
    """The fast tier as arrays for the loop."""
    c = network.config

    def array(x: torch.Tensor) -> np.ndarray:
        return np.ascontiguousarray(x.detach().float().cpu().numpy())

    def clock(layers: Iterable[Any], dilations: tuple[int, ...], width: int, skip: int) -> ClockWeights:
        def stacked(rows: list[torch.Tensor], *shape: int) -> np.ndarray:
            return array(torch.stack(rows) if rows else torch.zeros(0, *shape))

        layers = list(layers)
        return ClockWeights(
            stacked([layer.mix.weight.T for layer in layers], 2 * width, 2 * width),
            stacked([layer.mix.bias for layer in layers], 2 * width),
            stacked([layer.out.weight.T for layer in layers], width, width + skip),
            stacked([layer.out.bias for layer in layers], width + skip),
            np.array(dilations, np.int64),
        )

    slow = bool(c.slow_dilations)
    enter = network.slow_in if slow else nn.Linear(3 * c.block + c.roll, c.slow_width)
    leave = network.slow_out if slow else nn.Linear(c.slow_width, c.block * (c.width + c.skip))
    numbers = (wavenet.ERROR_GAIN, wavenet.MOST, wavenet.LEVEL_CENTRE, wavenet.LEVEL_SPREAD, wavenet.SHIFT)
    return QueueWeights(
        fast=clock(network.layers, c.dilations, c.width, c.skip),
        slow=clock(network.slow_layers if slow else (), c.slow_dilations, c.slow_width, 0),
        embed=array(network.embed.weight),
        expect=array(network.expect.weight.T),
        expect_bias=array(network.expect.bias),
        hidden=array(network.hidden.weight.T),
        hidden_bias=array(network.hidden.bias),
        mixture=array(network.mixture.weight.T),
        mixture_bias=array(network.mixture.bias),
        slow_in=array(enter.weight.T),
        slow_in_bias=array(enter.bias),
        slow_out=array(leave.weight.T),
        slow_out_bias=array(leave.bias),
        block=c.block,
        numbers=np.array([*numbers, wavenet.LEAST_LOG_SCALE, wavenet.MOST_LOG_SCALE], np.float32),
    )
