"""Does WaveNet play the notes that it is told, and how near does it come to the recordings?

    audiogen evaluate wavenet --data build/wavenet-audio -n 8

Held-out windows are played by the fast tier from their notes, free-running, and laid beside the windows
themselves (the ceiling) and the bare sum of modes that the network is told (what it has to improve on).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import soxr
import torch
from scipy.signal import lfilter

from audiogen.lab.data.shards import read_shards
from audiogen.media.mel import MelSettings, band_centres_hz, log_bands, stft
from audiogen.media.mulaw import decode
from audiogen.ranking.transcribe import TranscriberStage, note_scores
from audiogen.sampling.modal_source import source
from audiogen.sampling.struck_keys import strikes
from audiogen.stage import Sampling, silent
from audiogen.structure.wavenet.stage import WaveNetAudio, struck_in, table_of

AUDIBLE_HZ = 7_500.0  # the mel is compared below


def measure(stage: WaveNetAudio, data: Path, count: int, seconds: float) -> dict[str, dict[str, float]]:
    """Means over `count` held-out windows, for each of recording, modes, wavenet.

    Returns: precision, recall and f1 of the project's transcriber against the notes that were told; mel:
        mean absolute difference of log-mels from the recording, nats.
    """
    judge = TranscriberStage.from_pretrained("transcriber", device="cpu")
    found: dict[str, list[tuple[float, ...]]] = {}
    windows = held_out(data)[:count]
    for number, (codes, rows) in enumerate(windows):
        versions = played(stage, codes, rows, seconds, number)
        mels = {name: mel_of(sound) for name, sound in versions.items()}
        for name, sound in versions.items():
            scores = note_scores(rows, judge.transcribe(at_44(sound)[None].repeat(2, 0)), seconds)
            away = float(np.abs(mels[name] - mels["recording"]).mean())
            found.setdefault(name, []).append((*scores, away))
    names = ("precision", "recall", "f1", "mel")
    return {
        name: dict(zip(names, np.mean(rows, 0).round(3).tolist(), strict=True))
        for name, rows in found.items()
    }


def held_out(data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Codes [T] and notes [N, 4] of the held-out windows."""
    return [
        (codes, shard["notes"][shard["notes"][:, 0] == window, 1:])
        for shard in read_shards(data, "valid", None, ("codes", "notes"))
        for window, codes in enumerate(shard["codes"])
    ]


def played(
    stage: WaveNetAudio, codes: np.ndarray, rows: np.ndarray, seconds: float, seed: int
) -> dict[str, np.ndarray]:
    """The first seconds of a window three times, at the rate of the codes."""
    c, network = stage.config, stage.network
    length = round(seconds * c.sample_rate)
    levels = network.levels_db.double().numpy()
    struck = strikes(rows, levels, np.array(c.network.velocities), c.sample_rate)
    near = struck_in(struck, 0, length, c.sample_rate)
    modes = source(table_of(network, c.sample_rate), near, 0, length).sum(1)
    return {
        "recording": decode(codes[:length], c.emphasis),
        "modes": np.asarray(lfilter([1.0], [1.0, -c.emphasis], modes), np.float32),
        "wavenet": stage.play(rows, seconds, Sampling(seed=seed), silent),
    }


def at_44(sound: np.ndarray) -> np.ndarray:
    return np.asarray(soxr.resample(sound, 16_000, MelSettings().sample_rate), np.float32)


def mel_of(sound: np.ndarray) -> np.ndarray:
    """Log-mel [bands, F] of what 16 kHz can hold."""
    mel = MelSettings()
    bands = log_bands(stft(torch.from_numpy(at_44(sound)), mel).abs(), mel).numpy()
    return bands[band_centres_hz(mel) < AUDIBLE_HZ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate wavenet",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared shards")
    parser.add_argument("--weights", default="wavenet", help="a registered name or a folder")
    parser.add_argument("-n", type=int, default=8, help="held-out windows")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each")
    options = parser.parse_args(arguments)
    stage = WaveNetAudio.from_pretrained(options.weights)
    print(json.dumps(measure(stage, options.data, options.n, options.seconds), indent=1))
    return 0
