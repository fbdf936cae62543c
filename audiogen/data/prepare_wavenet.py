"""Training windows for WaveNet: MIDI excerpts -> clear, dry piano, 16 kHz mono -> mu-law codes.

A shard is an .npz of `windows_per_shard` windows: `codes` uint8 [W, T] and `notes` [sum N, 5] (first
column: the window). What a small network with a short memory can learn is favoured: few notes a
second, little room, one key signature. Every window is transposed to C major or A minor, so that
even a network which has forgotten what it played a second ago stays in its key.
"""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from scipy.signal import lfilter
from tqdm import tqdm

from audiogen.artifacts import Notes
from audiogen.data.piano_midi import Piece, read_corpus
from audiogen.data.piano_sampler import PianoBank
from audiogen.data.prepare_piano import candidate_windows, excerpt, play
from audiogen.data.rooms import Take
from audiogen.errors import InvalidRequest
from audiogen.media.mulaw import encode
from audiogen.structure.score_attributes import estimate_key, key_index

LOUD = 0.7  # where the loudest 0.1 % of the pre-emphasised samples of a window begin


@dataclass(frozen=True)
class WavenetData:
    """Settings of `audiogen data` for WaveNet.

    Attributes:
        train_windows, valid_windows: how many windows of `seconds`.
        sample_rate: of the codes, Hz; emphasis: of `audiogen.media.mulaw`.
        density: fewest and most notes a second of a window.
        reverb_db: driest and wettest room, dB beside the direct sound.
        welte_red: use the Welte red rolls (MIT).
    """

    train_windows: int = 480
    valid_windows: int = 16
    seconds: float = 15.0
    sample_rate: int = 16_000
    emphasis: float = 0.9
    density: tuple[float, float] = (0.8, 6.0)
    reverb_db: tuple[float, float] = (-32.0, -24.0)
    windows_per_shard: int = 40
    welte_red: bool = True
    seed: int = 1
    workers: int = 2


def prepare(source: Path, out: Path, settings: WavenetData) -> None:
    """Write the shards of both splits into `out`; shards that exist are kept, so it resumes."""
    out.mkdir(parents=True, exist_ok=True)
    bank_file = out / "piano-bank.npz"
    if not bank_file.exists():
        PianoBank.cached(source / "piano-samples", bank_file)
    jobs = []
    for split, count in (("valid", settings.valid_windows), ("train", settings.train_windows)):
        for index, first in enumerate(range(0, count, settings.windows_per_shard)):
            target = out / f"{split}-{index:03d}.npz"
            if not target.exists():
                jobs.append((target, split, index, min(settings.windows_per_shard, count - first)))
    with multiprocessing.get_context("spawn").Pool(
        settings.workers, _start_worker, (source, bank_file, settings)
    ) as pool:
        for _ in tqdm(pool.imap(_make_shard, jobs), total=len(jobs), desc="render", unit="shard"):
            pass


_worker: dict = {}


def _start_worker(source: Path, bank_file: Path, settings: WavenetData) -> None:
    torch.set_num_threads(1)
    _worker["bank"] = PianoBank.cached(source / "piano-samples", bank_file)
    _worker["settings"] = settings
    _worker["source"] = source
    _worker["windows"] = {}


def _make_shard(job: tuple[Path, str, int, int]) -> None:
    target, split, index, size = job
    settings: WavenetData = _worker["settings"]
    if split not in _worker["windows"]:
        pieces = list(read_corpus(_worker["source"] / "piano-midi", (split,), settings.welte_red))
        _worker["windows"][split] = (pieces, *sparse_windows(pieces, settings))
    pieces, starts, weights = _worker["windows"][split]
    rng = np.random.default_rng([settings.seed, int(split == "train"), index])
    codes, rows = [], []
    for window in range(size):
        piece, start = starts[rng.choice(len(starts), p=weights)]
        notes = in_c(excerpt(pieces[piece], start, settings.seconds, rng, augment=False))
        codes.append(
            encode(levelled(dry_mono(_worker["bank"], notes, settings, rng), settings), settings.emphasis)
        )
        rows.append(np.column_stack([np.full(len(notes), window), notes.rows()]))
    temporary = target.with_suffix(".part.npz")
    np.savez(temporary, codes=np.stack(codes), notes=np.concatenate(rows))
    temporary.rename(target)


def sparse_windows(pieces: list[Piece], settings: WavenetData) -> tuple[list[tuple[int, float]], np.ndarray]:
    """(piece, start) of the windows that are neither empty nor crowded, and their weights.

    Raises:
        InvalidRequest: there are none.
    """
    found, weights = candidate_windows(pieces, settings.seconds)
    low, high = settings.density
    kept = []
    for number, (piece, start) in enumerate(found):
        onsets = pieces[piece].notes.onset_s
        count = ((onsets >= start) & (onsets < start + settings.seconds)).sum()
        if low <= count / settings.seconds <= high:
            kept.append(number)
    if not kept:
        raise InvalidRequest(f"No window has between {low:g} and {high:g} notes a second; change density.")
    chosen = weights[kept]
    return [found[number] for number in kept], chosen / chosen.sum()


def in_c(notes: Notes) -> Notes:
    """Transposed to C major or A minor by at most half an octave; as it is where no key fits."""
    key = estimate_key(notes.pitch, np.minimum(notes.offset_s - notes.onset_s, 1.0)) if len(notes) else None
    if key is None:
        return notes
    tonic = key_index(key) % 12 - (9 if key.endswith("minor") else 0)
    rows = notes.rows()
    shift = -((tonic + 6) % 12 - 6)
    if rows[:, 0].min() + shift < 21 or rows[:, 0].max() + shift > 108:
        shift += -12 if shift > 0 else 12
    rows[:, 0] = np.clip(rows[:, 0] + shift, 21, 108)
    return Notes.from_rows(rows, notes.pedal)


def dry_mono(bank: PianoBank, notes: Notes, settings: WavenetData, rng: np.random.Generator) -> np.ndarray:
    """The notes in a small room, both channels together, at the rate of the codes: float32 [T]."""
    take = Take(
        brightness=float(rng.uniform(-0.5, 0.5)),
        reverb_db=float(rng.uniform(*settings.reverb_db)),
        reverb_s=float(rng.uniform(0.4, 1.0)),
    )
    stereo = play(bank, notes, settings.seconds, take, rng)
    return np.asarray(soxr.resample(stereo.mean(0), 44_100, settings.sample_rate), np.float32)


def levelled(wave: np.ndarray, settings: WavenetData) -> np.ndarray:
    """The window at the level that uses eight bits well: its loudest moments almost reach the top."""
    lifted = np.abs(lfilter([1.0, -settings.emphasis], [1.0], wave))
    return wave * (LOUD / max(float(np.quantile(lifted, 0.999)), 1e-3))
