"""Renders training windows of the piano: MIDI excerpts -> audio -> packed mel shards.

A shard is an .npz of `windows_per_shard` windows: `mid` [W, bands, F] and `side` [W, 2, groups, F] as
float16, `take` [W, 5], `notes` [sum N, 5] and `pedal` [sum P, 3] (first column: the window), and, in
the first shards, `audio` int16 [W, 2, T]. Windows are balanced over density and loudness: calm
passages are rare in piano rolls and would never be learned otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from audiogen.artifacts import Notes
from audiogen.lab.data.piano_credits import write_credits
from audiogen.lab.data.piano_midi import Piece, phrase_velocities, random_notes, read_corpus
from audiogen.lab.data.piano_sampler import PianoBank, render
from audiogen.lab.data.rooms import Take, record, tuning_ratio
from audiogen.lab.data.shard_jobs import ShardJob, missing_shards, run_jobs, write_shard
from audiogen.media.mel import MelSettings, analyse

RENDER_GAIN = 0.35  # leaves headroom for fortissimo chords; every mel of the piano has this scale
BEFORE_S = 6.0  # notes struck this long before a window may still ring in it


@dataclass(frozen=True)
class PianoAudioData:
    """Settings of `audiogen data` for rendered piano.

    Attributes:
        train_windows, valid_windows, test_windows: how many windows of `seconds`.
        audio_windows: of the train windows, how many keep their audio (the vocoder needs it).
        random_share: share of windows with notes that no composer wrote.
        welte_red: use the Welte red rolls (MIT).
    """

    train_windows: int = 1600
    valid_windows: int = 48
    test_windows: int = 24
    audio_windows: int = 400
    seconds: float = 15.0
    windows_per_shard: int = 40
    random_share: float = 0.2
    welte_red: bool = True
    seed: int = 1
    workers: int = 2


def prepare(source: Path, out: Path, settings: PianoAudioData) -> None:
    """Write the shards of every split into `out`; shards that exist are kept, so it resumes."""
    out.mkdir(parents=True, exist_ok=True)
    write_credits(out / "credits.csv", source)
    bank_file = out / "piano-bank.npz"
    if not bank_file.exists():
        PianoBank.cached(source / "piano-samples", bank_file)
    rows = {"valid": settings.valid_windows, "test": settings.test_windows, "train": settings.train_windows}
    jobs = missing_shards(out, rows, settings.windows_per_shard)
    run_jobs(jobs, _make_shard, settings.workers, _start_worker, (source, bank_file, settings), "render")


_worker: dict = {}


def _start_worker(source: Path, bank_file: Path, settings: PianoAudioData) -> None:
    torch.set_num_threads(1)
    _worker["bank"] = PianoBank.cached(source / "piano-samples", bank_file)
    _worker["settings"] = settings
    _worker["source"] = source
    _worker["windows"] = {}


def _make_shard(job: ShardJob) -> None:
    settings: PianoAudioData = _worker["settings"]
    split = job.split
    keep_audio = split != "train" or job.first < settings.audio_windows
    if split not in _worker["windows"]:
        pieces = list(read_corpus(_worker["source"] / "piano-midi", (split,), settings.welte_red))
        _worker["windows"][split] = (pieces, *candidate_windows(pieces, settings.seconds))
    pieces, starts, weights = _worker["windows"][split]
    rng = job.rng(settings.seed)
    rows: dict[str, list[np.ndarray]] = {k: [] for k in ("mid", "side", "take", "notes", "pedal", "audio")}
    for window in range(job.size):
        if split == "train" and rng.random() < settings.random_share:
            notes = random_notes(settings.seconds, BEFORE_S, rng)
        else:
            piece, start = starts[rng.choice(len(starts), p=weights)]
            notes = excerpt(pieces[piece], start, settings.seconds, rng, augment=split == "train")
        take = Take.draw(rng)
        audio = play(_worker["bank"], notes, settings.seconds, take, rng)
        mid, side = analyse(torch.from_numpy(audio))
        rows["mid"].append(mid.numpy().astype(np.float16))
        rows["side"].append(side.numpy().astype(np.float16))
        rows["take"].append(take.normalised())
        rows["notes"].append(np.column_stack([np.full(len(notes), window), notes.rows()]))
        rows["pedal"].append(np.column_stack([np.full(len(notes.pedal), window), notes.pedal]))
        if keep_audio:
            rows["audio"].append((np.clip(audio, -1, 1) * 32767).astype(np.int16))
    arrays = {k: np.stack(rows[k]) for k in ("mid", "side", "take")}
    arrays |= {k: np.concatenate(rows[k]) for k in ("notes", "pedal")}
    if keep_audio:
        arrays["audio"] = np.stack(rows["audio"])
    write_shard(job.target, arrays)


def play(bank: PianoBank, notes: Notes, seconds: float, take: Take, rng: np.random.Generator) -> np.ndarray:
    """Notes through the sampled piano in its room: float32 [2, T]."""
    ratio = tuning_ratio(take)
    rows = notes.rows()
    rows[:, 1:3] *= ratio
    pedal = notes.pedal * np.array([ratio, 1.0])
    dry = render(bank, Notes.from_rows(rows, pedal), seconds * ratio + 0.1, rng) * RENDER_GAIN
    return record(dry, take, int(round(seconds * MelSettings().sample_rate)), rng)


def candidate_windows(pieces: list[Piece], seconds: float) -> tuple[list[tuple[int, float]], np.ndarray]:
    """(piece, start) of overlapping windows, and weights that flatten density and loudness."""
    found, cells = [], []
    for number, piece in enumerate(pieces):
        onsets, velocity = piece.notes.onset_s, piece.notes.velocity
        for start in np.arange(0, max(1.0, onsets.max(initial=0) - seconds / 2), seconds / 2):
            inside = (onsets >= start) & (onsets < start + seconds)
            if inside.sum() < 3:
                continue
            found.append((number, float(start)))
            dense = int(np.clip(np.log2(inside.sum() / seconds) * 2, -2, 9))
            loud = -1 if piece.fixed_velocity else int(velocity[inside].mean() // 12)
            cells.append((dense, loud))
    names, inverse, counts = np.unique(np.array(cells), axis=0, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[inverse.reshape(-1)])
    return found, weights / weights.sum()


def excerpt(piece: Piece, start: float, seconds: float, rng: np.random.Generator, augment: bool) -> Notes:
    """One window, transposed, stretched and revoiced a little in training."""
    stretch = rng.uniform(0.85, 1.2) if augment else 1.0
    start += rng.uniform(0, seconds / 2) if augment else 0.0
    notes = piece.notes.window(start, start + seconds / stretch, BEFORE_S / stretch)
    if piece.fixed_velocity:
        notes = phrase_velocities(notes, rng)
    rows = notes.rows()
    rows[:, 1:3] *= stretch
    if augment and len(rows):
        low, high = 21 - rows[:, 0].min(), 108 - rows[:, 0].max()
        rows[:, 0] += np.clip(rng.integers(-7, 8), low, high)
        rows[:, 3] = np.clip(rows[:, 3] + rng.normal(0, 10), 5, 127)
    return Notes.from_rows(rows, notes.pedal * np.array([stretch, 1.0]))
