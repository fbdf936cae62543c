"""What renderers of a spectrogram share: phases that go on from block to block, and loops that close.

A renderer says which magnitude its mel asks for, and how the spectrum of mid and the side parameters become
stereo sound. Phase is made here, by integration and a few fast Griffin-Lim iterations (`sampling/phase.py`),
for the mid signal only; the side signal is predicted from mid and its decorrelated copy (see `media/mel.py`),
so the mono fold-down is the mid signal itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from audiogen import memory
from audiogen.artifacts import Conditioning, MelSpectrogram, Waveform, mainly
from audiogen.media.finish import fitted_loop
from audiogen.media.mel import MelSettings, group_of_bin
from audiogen.native import native, share
from audiogen.render.crackle import crackling
from audiogen.render.envelopes import FineEnvelopes
from audiogen.render.modulation import slowed
from audiogen.render.noise import ITERATIONS, Noise
from audiogen.render.partials import led
from audiogen.render.score_guide import SHARED, SHARED_BEFORE, ScoreGuide, begun, levelled, shared_out
from audiogen.sampling.phase import fast_griffin_lim, integrate_phase, white_phases
from audiogen.sampling.stft import forward, frames_of
from audiogen.stage import PLAIN, Edit, Options, Progress, Sampling, report, sounded

BLOCK_FRAMES = 1200  # 16 s at a time: memory stays bounded, and shorter arrays stay nearer to the cores
OVERLAP_FRAMES = 75
EDGE_FRAMES = 10  # the last frames of a block do not know what follows; the next block settles them anew
FLOOR_REACH, FLOOR_DEPTH = 0.4, 3.0  # nats: bands within the reach of the floor fade by up to the depth
WINDOW_REACH = 4  # frames: so far a gap reaches into the spectra beside it
LEVEL_REACH = 2.3  # nats: by how much the level of a mel may differ from that of the sound around it
MARGIN_FRAMES = 30  # that a magnitude may depend on to either side


@dataclass(frozen=True, eq=False)
class Strip:
    """A mel to be rendered from left to right.

    Attributes:
        mid: [bands, margin + frames + margin]; the margins are only looked at.
        side: [2, groups, frames].
        block: frames at a time; overlap: of neighbouring blocks.
        closes: the last `overlap` frames are the first again.
        before, after: spectra of the first and the last frames, where they are known.
        guide: what the notes tell; start: the frame of the piece, as the guide counts, that comes first.
        told: how far a renderer goes by what is known of the mel, `Sampling.phases`.
        until: of a mel that is still being decoded, see `MelSpectrogram`.
        aloud: it begins where the piece does, and may be heard while it is rendered.
        sources: of sound, where they are known.
    """

    mid: np.ndarray
    side: np.ndarray
    margin: int = 0
    block: int = 0
    overlap: int = OVERLAP_FRAMES
    closes: bool = False
    before: Tensor | None = None
    after: Tensor | None = None
    guide: ScoreGuide | None = None
    start: int = 0
    told: int = 1
    until: Callable[[int], None] | None = None
    aloud: bool = False
    sources: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        return self.side.shape[2]

    @property
    def leads(self) -> bool:
        """Whether the levels of partials and the steepness of attacks are followed too."""
        return self.told > 2


class SpectrogramRenderer:
    """A renderer but for its `magnitude` and its `sound`.

    Attributes:
        mel: of what it renders; iterations: of fast Griffin-Lim.
    """

    mel: MelSettings
    iterations: int
    editable: ClassVar[bool] = True
    follows: ClassVar[bool] = True

    def magnitude(self, mid: Tensor, first: int, stop: int) -> Tensor:
        """STFT magnitude [bins, spectra] of frames first .. stop - 1 of mid [bands, frames].

        Scaled as `sampling.phase.forward` scales it.
        """
        raise TypeError("a renderer says which magnitude its mel asks for")

    def matched(self, magnitude: Tensor, mid: Tensor) -> Tensor:
        """Magnitude [bins, spectra] scaled until its bands are those of mid [bands, frames]."""
        raise TypeError("a renderer that is told of notes says how bands are matched")

    def sound(self, spectrum: Tensor, magnitude: Tensor, side: Tensor) -> Tensor:
        """Spectrum of mid, the magnitude that was asked for, side [2, groups, F] -> audio [2, F * hop]."""
        raise TypeError("a renderer says how a spectrum sounds")

    def __call__(
        self,
        x: MelSpectrogram,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Waveform:
        """Render a mel.

        Args:
            options: its edit is a sound that stays but for its span: only that is rendered, a little on both
                sides with it, so that its phases and its level go on from what is there.
        """
        mel = self.mel
        generator = torch.Generator().manual_seed(sampling.seed_for("renderer"))
        samples = round(x.seconds * mel.sample_rate)
        told = sampling.phases
        if told < 4:
            x = replace(x, sources=())
        if options.edit is not None:
            out = self.between(x, options.edit, generator, progress, told)[:, :samples]
        elif sampling.loop:
            out = self.circle(x, generator, progress, told)
            out = out if out.shape[1] == samples else fitted_loop(out, samples)
        else:
            guide = ScoreGuide.of(x) if told > 1 else None
            strip = Strip(
                x.mid,
                x.side,
                guide=guide,
                told=told,
                until=x.until,
                aloud=True,
                sources=x.sources,
            )
            out = self.line(strip, generator, progress)[:, :samples]
        return Waveform(out, mel.sample_rate)

    def line(self, strip: Strip, generator: torch.Generator, progress: Progress) -> np.ndarray:
        """The sound of a strip, block after block, float32 [2, frames * hop]."""
        hop, per, overlap = self.mel.hop_length, self.mel.subframes, strip.overlap
        edge = min(EDGE_FRAMES, overlap // 3)
        out = memory.zeros(2, strip.frames * hop)
        bands, side = torch.from_numpy(strip.mid), torch.from_numpy(strip.side)
        known, opening = strip.before, strip.after  # of a circle the last frames are the first again
        spans = _spans(strip.frames, strip.block or BLOCK_FRAMES, overlap)
        fire = mainly("fire", strip.sources)
        fine = FineEnvelopes.of(strip.sources, self.mel, generator) if fire and strip.told > 4 else None
        noise = Noise(generator) if mainly("waves", strip.sources) or fine is not None else None
        heard = 0
        for number, (first, stop) in enumerate(spans):
            report(progress, "renderer", number, len(spans))
            if strip.until is not None:
                strip.until(stop + MARGIN_FRAMES)
            low = max(0, first + strip.margin - MARGIN_FRAMES)
            asked, guide, told = bands[:, low : stop + strip.margin + MARGIN_FRAMES], None, None
            here = slice(first + strip.margin - low, stop + strip.margin - low)
            if strip.told > 4 and strip.sources:
                asked = slowed(asked, self.mel)
            if strip.guide is not None:
                told = strip.guide.sound(strip.start + first, strip.start + stop, self.mel)
                guide = told.spectrum()
                if strip.leads:
                    asked = asked.clone()
                    asked[:, here] = led(asked[:, here], guide, self.mel)
            magnitude = self.magnitude(asked, here.start, here.stop)
            if guide is not None:
                guide = levelled(guide, magnitude)
            if guide is not None:
                drawn = SHARED if strip.leads else SHARED_BEFORE
                magnitude = self.matched(shared_out(magnitude, guide, drawn), asked[:, here])
            last = number == len(spans) - 1
            if noise is not None:
                grain, phase = noise.block(magnitude, hop // per, overlap * per)
                settled = fast_griffin_lim(
                    grain, phase, hop // per, ITERATIONS, known, known_end=opening if last else None
                )
            else:
                settled = self.complete(magnitude, generator, known, opening if last else None, guide)
            del guide
            sound = self.sound(settled, magnitude, side[:, :, first:stop])
            if told is not None and strip.leads:
                sound = told.strike(sound)
            if fine is not None:
                sound = fine.lay(sound, asked[:, here], overlap)
            if fire:
                sound = crackling(sound, strip.told)
            _join(out, sound.numpy(), first * hop, overlap // 3 * hop, joined=number > 0)
            known = settled[:, -overlap * per : -edge * per].clone()
            if strip.closes and not number:
                opening = settled[:, edge * per : overlap * per].clone()
            if strip.aloud:
                begin, heard = heard, out.shape[1] if last else (stop - overlap + overlap // 3) * hop
                sounded(progress, out[:, begin:heard], self.mel.sample_rate)
            memory.leave()
            del asked, magnitude, settled, sound  # else they lie beside those of the next block
        report(progress, "renderer", len(spans), len(spans))
        return out

    def between(
        self,
        x: MelSpectrogram,
        edit: Edit,
        generator: torch.Generator,
        progress: Progress,
        told: int,
    ) -> np.ndarray:
        """The span of an edit and OVERLAP_FRAMES on both sides, silence elsewhere: [2, frames * hop]."""
        mel, frames = self.mel, x.mid.shape[1]
        hop, per = mel.hop_length, mel.subframes
        first, stop = math.floor(edit.span_s[0] * mel.frame_rate), math.ceil(edit.span_s[1] * mel.frame_rate)
        low, high = max(0, first - OVERLAP_FRAMES), min(frames, stop + OVERLAP_FRAMES)
        seen = np.arange(low - MARGIN_FRAMES, high + MARGIN_FRAMES).clip(0, frames - 1)
        mid = x.mid[:, seen]
        centre = torch.zeros(frames * hop)
        there = torch.from_numpy(edit.begin.samples).mean(0)[: frames * hop]
        centre[: len(there)] = there
        spectrum = forward(centre[: high * hop], mel.n_fft, mel.stft_hop)[:, low * per :]
        before = spectrum[:, : max(0, first - WINDOW_REACH - low) * per]
        after = spectrum[:, (min(high, stop + WINDOW_REACH) - low) * per :]
        asked = self.magnitude(torch.from_numpy(mid), MARGIN_FRAMES, MARGIN_FRAMES + high - low)
        known = torch.cat([before, after], 1)
        same = torch.cat([asked[:, : before.shape[1]], asked[:, asked.shape[1] - after.shape[1] :]], 1)
        power = float(same.square().sum())
        if power > 0 and known.abs().square().sum() > 0:
            ratio = float(known.abs().square().sum()) / power
            mid = mid + np.float32(np.clip(0.5 * math.log(ratio), -LEVEL_REACH, LEVEL_REACH))
        # what rings on has its phases
        guide = ScoreGuide.of(x, since_s=edit.span_s[0]) if told > 1 else None
        strip = Strip(
            mid,
            x.side[:, :, low:high],
            MARGIN_FRAMES,
            before=before if before.shape[1] else None,
            after=after if after.shape[1] else None,
            guide=guide,
            start=low,
            told=told,
            sources=x.sources,
        )
        out = np.zeros((2, frames * hop), np.float32)
        out[:, low * hop : high * hop] = self.line(strip, generator, progress)
        return out

    def circle(
        self, x: MelSpectrogram, generator: torch.Generator, progress: Progress, told: int
    ) -> np.ndarray:
        """One period of a loop, float32 [2, frames * hop].

        A line that begins where it is quietest, where no ringing tone must close in phase, and goes on until
        it meets its own beginning, whose phases the last block is given.
        """
        hop, frames = self.mel.hop_length, x.mid.shape[1]
        start = quietest(x.mid)
        overlap = min(OVERLAP_FRAMES, frames // 2)
        length = frames + overlap
        seen = np.arange(start - MARGIN_FRAMES, start + length + MARGIN_FRAMES) % frames
        block = min(BLOCK_FRAMES, (length + overlap + 1) // 2)  # at least two
        side = x.side[:, :, seen[MARGIN_FRAMES:-MARGIN_FRAMES]]
        guide = ScoreGuide.of(x, period=frames * hop) if told > 1 else None
        strip = Strip(
            x.mid[:, seen],
            side,
            MARGIN_FRAMES,
            block,
            overlap,
            closes=True,
            guide=guide,
            start=start,
            told=told,
            sources=x.sources,
        )
        out = self.line(strip, generator, progress)
        skip = overlap // 3 * hop  # as blocks are joined: in the middle of what they share
        period, after = out[:, skip : skip + frames * hop], out[:, skip + frames * hop :]
        fade = np.linspace(0, 1, skip, dtype=np.float32)
        period[:, :skip] = after[:, :skip] * (1 - fade) + period[:, :skip] * fade
        return np.roll(period, start * hop + skip, axis=1)

    @torch.inference_mode()
    def complete(
        self,
        magnitude: Tensor,
        generator: torch.Generator,
        known: Tensor | None,
        known_end: Tensor | None = None,
        guide: Tensor | None = None,
    ) -> Tensor:
        """Magnitude [bins, F] -> complex spectrum of mid; first and last spectra are as `known`, if given.

        Args:
            guide: complex [bins, F], what the notes tell, at the level of the magnitude.
        """
        hop = self.mel.stft_hop
        noise = white_phases(magnitude.shape[0], magnitude.shape[1], hop, generator)
        phase = integrate_phase(magnitude, hop, noise, None if known is None else known.angle())
        del noise  # a twentieth of all memory at the peak, which comes now
        iterations = self.iterations
        if guide is not None:
            phase, iterations = begun(magnitude, guide, phase), -(-iterations // 2)
        return fast_griffin_lim(magnitude, phase, hop, iterations, known, known_end=known_end)


def fade_floor(bands: Tensor, mel: MelSettings) -> Tensor:
    """Log bands with what lies at the floor moved far below it: a floor is silence, not hiss."""
    above = bands - math.log(mel.floor)
    return bands - FLOOR_DEPTH * (1 - above / FLOOR_REACH).clamp(0, 1)


def side_of(spectrum: Tensor, side: Tensor, mel: MelSettings) -> Tensor:
    """The spectrum of side, [bins, F], made from that of mid: pan + width * all-pass."""
    rows, groups = frames_of(spectrum), group_of_bin(mel)
    pan, width = frames_of(side[0].float()), frames_of(side[1].float().exp())
    allpass = torch.polar(torch.ones(mel.n_bins), decorrelation_phase(mel)).numpy()
    out = np.empty_like(rows)

    def work(first: int, stop: int) -> None:
        _side(*(part[first:stop] for part in (rows, pan, width, out)), groups, allpass)

    share(work, len(rows), torch.get_num_threads())
    return torch.from_numpy(out).T


@native
def _side(rows, pan, width, out, groups, allpass):  # type: ignore[no-untyped-def]
    """See `side_of`; rows, out [F, bins], pan, width [F, groups]."""
    for n in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            out[n, k] = rows[n, k] * (pan[n, groups[k]] + width[n, groups[k]] * allpass[k])


def decorrelation_phase(mel: MelSettings) -> Tensor:
    """A fixed all-pass: phase per bin whose group delay wanders between 0 and 14 ms, radians."""
    generator = torch.Generator().manual_seed(20_190)
    knots = torch.rand(40, generator=generator)[None, None]
    places = torch.nn.functional.interpolate(knots, 4096, mode="linear", align_corners=True)[0, 0]
    warp = torch.linspace(0, 1, mel.n_bins).sqrt()  # knots lie closer at low frequencies
    delay_s = 0.014 * places[(warp * 4095).long()]
    bin_hz = mel.sample_rate / mel.n_fft
    return -2 * math.pi * bin_hz * torch.cumsum(delay_s, 0)


def quietest(mid: np.ndarray) -> int:
    """The frame of a loop [bands, F] around which half a second holds the least energy."""
    frames = mid.shape[1]
    power = np.exp(2 * mid.astype(np.float64)).sum(0)
    reach = min(19, frames // 4)
    around = np.concatenate([power[frames - reach :], power, power[:reach]])
    return int(np.convolve(around, np.ones(2 * reach + 1), "valid").argmin())


def _spans(frames: int, block: int, overlap: int) -> list[tuple[int, int]]:
    """Spans of at most `block` frames that overlap by `overlap`."""
    spans = [(0, min(frames, block))]
    while spans[-1][1] < frames:
        first = spans[-1][1] - overlap
        spans.append((first, min(frames, first + block)))
    return spans


def _join(out: np.ndarray, sound: np.ndarray, at: int, third: int, joined: bool) -> None:
    """Lay a block into `out`; joined blocks agree in phase and are cross-faded in mid-overlap.

    `third` is a third of the overlap, samples.
    """
    if joined:
        fade = np.linspace(0, 1, third, dtype=np.float32)
        start = at + third
        sound = sound[:, third:].copy()
        sound[:, :third] = out[:, start : start + third] * (1 - fade) + sound[:, :third] * fade
        at = start
    out[:, at : at + sound.shape[1]] = sound
