"""Measures an ambience decoder: is the asked source heard, is it as varied as real clips, is it new.

    audiogen evaluate ambience --data DIR --mel ambience-mel --decoder ambience-flow

Always between anchors: held-out recordings (the ceiling), and noise with the mean spectrum of the source (the
floor). Every set has the same number of windows of 9.6 s, through the same vocoder. Held-out mixtures are
held-out windows of the sources, added in power.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import SOURCES, Conditioning, MelSpectrogram, Structure
from audiogen.decoder.flow import FlowDecoder
from audiogen.lab.data.ambience_windows import AmbienceWindows, overlay, read_ambience
from audiogen.lab.evaluate.ambience_ear import Ear, balanced_accuracy, describe
from audiogen.lab.evaluate.bootstrap import estimate
from audiogen.lab.evaluate.embedding import Projection, embed
from audiogen.lab.evaluate.embedding import describe as features
from audiogen.lab.evaluate.kernel import kernel_distance
from audiogen.media.mel import MelSettings, analyse
from audiogen.render.vocoder import Vocoder
from audiogen.stage import Sampling, silent
from audiogen.structure.mel.stage import MelStage

SECONDS = 9.6
FITTED = 400  # training windows that the embedding of the kernel distance is fitted to
ASKED: dict[str, dict[str, float]] = {
    "rain": {"rain": 1.0},
    "birds": {"birds": 1.0},
    "rain and birds": {"rain": 1.0, "birds": 1.0},
    "waves": {"waves": 1.0},
    "fire": {"fire": 1.0},
    "wind": {"wind": 1.0},
    "thunder": {"thunder": 1.0},
    "crickets": {"crickets": 1.0},
}


def held_out(folder: Path) -> AmbienceWindows:
    """The valid and test windows together: recordings that no training saw."""
    a, b = (read_ambience(folder, split, None) for split in ("valid", "test"))
    joined = [np.concatenate([getattr(a, n), getattr(b, n)]) for n in AmbienceWindows.__dataclass_fields__]
    return AmbienceWindows(*joined)


def mid_of(window: np.ndarray, mel: MelSettings = MelSettings()) -> np.ndarray:
    """Mid log-mel [bands, F] of a packed window."""
    return window[: mel.n_bands].astype(np.float32)


@dataclass(frozen=True)
class Stages:
    """What is measured: a decoder, and perhaps a structure stage before and a vocoder after it."""

    decoder: Any
    structure: Any | None = None
    vocoder: Any | None = None


def generate(stages: Stages, sources: dict[str, float], count: int, **sampling: Any) -> list[np.ndarray]:
    """Mid log-mels of `count` seeds, through the vocoder and back if there is one."""
    asked = Conditioning(path="ambience", seconds=SECONDS, sources=sources)
    out = []
    for seed in range(count):
        call = Sampling(seed=seed, **sampling)
        x = Structure.empty(SECONDS)
        if stages.structure is not None:
            x = stages.structure(asked, asked, call, silent)
        made = stages.decoder(x, asked, call, silent)
        out.append(through(stages.vocoder, made))
    return out


def through(vocoder: Any | None, made: MelSpectrogram) -> np.ndarray:
    """The mid log-mel of what is heard."""
    if vocoder is None:
        return made.mid
    wave = vocoder(made, Conditioning(), Sampling(), silent).samples
    return analyse(torch.from_numpy(wave))[0].numpy()


def shaped_noise(mids: list[np.ndarray], seed: int) -> list[np.ndarray]:
    """Steady noise with the mean spectrum of each: the floor."""
    rng = np.random.default_rng(seed)
    mel = MelSettings()
    wave = torch.from_numpy(rng.standard_normal((2, mids[0].shape[1] * mel.hop_length)).astype(np.float32))
    white = analyse(0.1 * wave)[0].numpy()
    shape = white.mean(1, keepdims=True)
    return [(white - shape + mid.mean(1, keepdims=True)).astype(np.float32) for mid in mids]


def real_clips(real: AmbienceWindows, sources: tuple[str, ...], count: int) -> list[np.ndarray]:
    """Mid log-mels of at most `count` held-out clips of these sources; mixtures of several are added up."""
    numbers = [real.of(source) for source in sources]
    if not all(len(members) for members in numbers):
        return []
    if len(sources) == 1:
        return [mid_of(real.mel[i]) for i in numbers[0][:count]]
    rng = np.random.default_rng(2)
    clips = []
    for _ in range(count):
        chosen = [mid_of(real.mel[int(rng.choice(members))]) for members in numbers]
        mixed = chosen[0]
        for other in chosen[1:]:
            mixed = overlay(mixed, other, float(rng.uniform(-5, 5)))
        clips.append(mixed)
    return clips


def diversity(described: np.ndarray, scale: np.ndarray) -> float:
    """Mean distance between pairs of standardised descriptions [N, D]."""
    x = described / scale
    apart = np.sqrt(np.square(x[:, None] - x[None]).mean(-1))
    return float(apart[np.triu_indices(len(x), 1)].mean())


def patches(mid: np.ndarray, stride: int = 15) -> np.ndarray:
    """One-second pieces of the mid log-mel over 34 groups and 25 frames, [N, 850].

    The mean of every group over the clip is removed: two clips of one colour, recorded at one place or drawn
    from one memory, are no copies of each other; the same calls at the same times are.
    """
    mel = MelSettings()
    frames = mid.shape[1] // 3 * 3
    coarse = mid[:, :frames].astype(np.float32).reshape(mel.n_groups, mel.bands_per_group, -1, 3).mean((1, 3))
    coarse -= coarse.mean(1, keepdims=True)
    rows = [coarse[:, at : at + 25] for at in range(0, coarse.shape[1] - 24, max(1, stride // 3))]
    return np.stack(rows).reshape(len(rows), -1)


def nearest(queries: np.ndarray, store: np.ndarray) -> np.ndarray:
    """Root mean square distance (nats) of each query to its nearest row of the store."""
    squares = (store**2).sum(1)
    best = [np.sqrt(np.maximum((q**2).sum() + (squares - 2 * store @ q).min(), 0) / len(q)) for q in queries]
    return np.array(best)


def evaluate(
    stages: Stages, folder: Path, count: int, progress: Callable[[str], None], **sampling: Any
) -> dict[str, Any]:
    """All figures by what is asked.

    Returns: the ear's accuracy on held-out windows, and per request: `heard`, the least probability of the
        asked sources (mean with interval); `real`, the same for held-out windows of the source; `floor` for
        shaped noise; `kernel` distance to held-out windows, beside that of training windows and of shaped
        noise; `diversity` relative to the real; `nearest` training second relative to that of held-out
        windows.
    """
    train, real = read_ambience(folder, "train", None), held_out(folder)
    described = np.stack([describe(mid_of(w)) for w in train.mel])
    ear = Ear.train(described, train.sources)
    scale = described.std(0) + 1e-3
    real_heard = ear.hear(np.stack([describe(mid_of(w)) for w in real.mel]))
    out: dict[str, Any] = {"ear_held_out": balanced_accuracy(real_heard, real.sources)}
    store = np.concatenate([patches(mid_of(w)) for w in train.mel])
    some = train.mel[:: max(1, len(train) // FITTED)]
    projection = Projection.fit(np.concatenate([features(mid_of(w)) for w in some]))
    for name, sources in ASKED.items():
        progress(name)
        wanted = [SOURCES.index(s) for s in sources]
        made = generate(stages, sources, count, **sampling)
        d = np.stack([describe(m) for m in made])
        heard = ear.hear(d)[:, wanted].min(1)
        row: dict[str, Any] = {"heard": str(estimate(heard, np.mean))}
        mids = real_clips(real, tuple(sources), count)
        if len(mids) >= 4:
            dr = np.stack([describe(m) for m in mids])
            row["real"] = str(estimate(ear.hear(dr)[:, wanted].min(1), np.mean))
            floor = np.stack([describe(m) for m in shaped_noise(mids, 0)])
            row["floor"] = str(estimate(ear.hear(floor)[:, wanted].min(1), np.mean))
            n = min(len(made), len(mids))
            reference = embed(mids[:n], projection)
            row["kernel"] = round(kernel_distance(embed(made[:n], projection), reference), 1)
            if len(sources) == 1:
                seen = [mid_of(train.mel[i]) for i in train.of(name)[:n]]
                row["kernel_train"] = round(kernel_distance(embed(seen, projection), reference), 1)
            noise = embed(shaped_noise(mids[:n], 1), projection)
            row["kernel_noise"] = round(kernel_distance(noise, reference), 1)
            row["diversity"] = round(diversity(d, scale) / diversity(dr, scale), 2)
            mine, theirs = (
                np.median(np.concatenate([nearest(patches(m, 75), store) for m in group]))
                for group in (made[:6], mids[:6])
            )
            row["nearest"] = round(float(mine / theirs), 2)
        out[name] = row
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate ambience",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--decoder", required=True, help="weights folder or registered name")
    parser.add_argument("--mel", help="weights of the coarse-mel stage; without, the decoder works alone")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--vocoder", default="vocoder", help="or none: judge the decoder's mel as it is")
    parser.add_argument("-n", type=int, default=16, help="seeds of each")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    options = parser.parse_args(arguments)
    stages = Stages(
        FlowDecoder.from_pretrained(options.decoder),
        MelStage.from_pretrained(options.mel) if options.mel else None,
        None if options.vocoder == "none" else Vocoder.from_pretrained(options.vocoder),
    )
    rows = evaluate(
        stages,
        options.data,
        options.n,
        lambda name: print(name, file=sys.stderr),
        steps=options.steps,
        guidance=options.guidance,
        temperature=options.temperature,
    )
    print(json.dumps(rows, indent=1))
    return 0
