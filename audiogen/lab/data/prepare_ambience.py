"""Ambience windows for training: scenes from the environment recordings as packed mel shards.

A shard is an .npz of `windows_per_shard` windows: `mid` [W, bands, F] and `side` [W, 2, groups, F] as
float16, `texture` (mid in the layout for noise and clicks, `media.mel.TEXTURE`), `sources` [W, S] (weights
in the order of `artifacts.SOURCES`), `intensity` [W] (NaN where it is not known), and, in the first shards
of each split, `audio` int16 [W, 2, T]. credits.csv names the recordings. Held-out recordings are in the
valid and test windows only.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.lab.data.ambience_recordings import Recording, read_recordings
from audiogen.lab.data.ambience_scenes import Scenery
from audiogen.lab.data.shard_jobs import ShardJob, missing_shards, run_jobs, write_shard
from audiogen.media.mel import TEXTURE, analyse, log_bands, stft


@dataclass(frozen=True)
class AmbienceData:
    """Settings of `audiogen data` for ambience.

    Attributes:
        train_windows, valid_windows, test_windows: how many windows of `seconds`.
        audio_windows: of the train windows, how many keep their audio.
        mixed: share of the train windows with more than one source; held-out windows have one each.
    """

    train_windows: int = 1280
    valid_windows: int = 96
    test_windows: int = 96
    audio_windows: int = 96
    seconds: float = 9.6
    windows_per_shard: int = 32
    mixed: float = 0.5
    seed: int = 1
    workers: int = 2


def prepare(source: Path, out: Path, settings: AmbienceData) -> None:
    """Write the shards of every split into `out`; shards that exist are kept, so it resumes.

    Args:
        source: the audio data, with the folder `environment`, or that folder itself.
    Raises:
        InvalidRequest: no recordings there.
    """
    folder = source / "environment" if (source / "environment").is_dir() else source
    if not (folder / "manifest.csv").exists():
        raise InvalidRequest(f"{folder} has no manifest.csv; give the folder with `environment` in it.")
    out.mkdir(parents=True, exist_ok=True)
    rows = {"valid": settings.valid_windows, "test": settings.test_windows, "train": settings.train_windows}
    jobs = missing_shards(out, rows, settings.windows_per_shard)
    run_jobs(jobs, _make_shard, settings.workers, _start_worker, (folder, settings), "scenes")
    _write_credits(out / "credits.csv", {s: read_recordings(folder, s) for s in ("train", "valid", "test")})


_worker: dict = {}


def _start_worker(folder: Path, settings: AmbienceData) -> None:
    torch.set_num_threads(1)
    _worker.update(folder=folder, settings=settings, scenery={})


def _make_shard(job: ShardJob) -> None:
    settings: AmbienceData = _worker["settings"]
    split = job.split
    keep_audio = split != "train" or job.first < settings.audio_windows
    if split not in _worker["scenery"]:
        _worker["scenery"][split] = Scenery(read_recordings(_worker["folder"], split))
    scenery: Scenery = _worker["scenery"][split]
    rng = job.rng(settings.seed)
    names = ("mid", "texture", "side", "sources", "intensity", "audio")
    rows: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for _ in range(job.size):
        scene = scenery.draw(settings.seconds, rng, settings.mixed if split == "train" else 0.0)
        wave = torch.from_numpy(scene.wave)
        mid, side = analyse(wave)
        rows["mid"].append(mid.numpy().astype(np.float16))
        rows["texture"].append(
            log_bands(stft(wave.mean(0), TEXTURE).abs(), TEXTURE).numpy().astype(np.float16)
        )
        rows["side"].append(side.numpy().astype(np.float16))
        rows["sources"].append(np.array([scene.sources.get(name, 0.0) for name in SOURCES], np.float32))
        intensity = np.nan if scene.intensity is None else scene.intensity
        rows["intensity"].append(np.array(intensity, np.float32))
        if keep_audio:
            rows["audio"].append((np.clip(scene.wave, -1, 1) * 32767).astype(np.int16))
    write_shard(job.target, {k: np.stack(v) for k, v in rows.items() if v})


def _write_credits(file: Path, recordings: dict[str, list[Recording]]) -> None:
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "split", "sources", "intensity", "title", "author", "licence", "url"])
        for split, members in recordings.items():
            for r in members:
                writer.writerow([r.file, split, ";".join(r.sources), r.intensity, *r.credit])
