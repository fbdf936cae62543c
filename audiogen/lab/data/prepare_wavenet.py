"""Training windows for WaveNet: MIDI excerpts -> a dry piano, 16 kHz mono -> mu-law codes; and its modes.

    modes.npz       the modes of every recorded key (`piano_modes`), the levels and velocities of the layers
    notes-SPLIT.npz excerpts for the slow tier: `notes` [sum N, 5] (first column: the excerpt)
    SPLIT-000.npz   windows for the fast tier: `codes` uint8 [W, T] and `notes` [sum N, 5]

Every key is one recording per layer, without room, pedal noise or key noise, struck on a grid of 10 ms
(`audiogen.sampling.struck_keys`): what differs between two strikes is then known from the notes.
Every excerpt is transposed to C major or A minor, so that a small network keeps to a key.
"""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from scipy.signal import lfilter
from tqdm import tqdm

from audiogen.artifacts import Notes
from audiogen.errors import InvalidRequest
from audiogen.lab.data import piano_modes
from audiogen.lab.data.piano_credits import write_credits
from audiogen.lab.data.piano_midi import Piece, read_corpus
from audiogen.lab.data.piano_sampler import LAYER_VELOCITIES, PianoBank
from audiogen.lab.data.piano_sampler import SAMPLE_RATE as BANK_RATE
from audiogen.lab.data.prepare_piano import candidate_windows, excerpt
from audiogen.media.midi import PIANO_KEYS, PIANO_LOW
from audiogen.media.mulaw import encode
from audiogen.sampling.struck_keys import Strikes, on_grid, strikes
from audiogen.structure.score.attributes import estimate_key, key_index

DAMPED = 8.0  # time constants of a damper, after which a string is still


@dataclass(frozen=True)
class WavenetData:
    """Settings of `audiogen data` for WaveNet.

    Attributes:
        train_windows, valid_windows: how many windows of `seconds`, with their sound.
        train_excerpts, valid_excerpts: how many of `excerpt_seconds`, notes only.
        sample_rate: of the codes, Hz; emphasis: of `audiogen.media.mulaw`.
        level: gain of the recordings, so that eight bits are used well.
        density: fewest and most notes a second of a window.
        layers: of the recordings, those that are played.
        welte_red: use the Welte red rolls (MIT).
    """

    train_windows: int = 480
    valid_windows: int = 16
    seconds: float = 15.0
    train_excerpts: int = 6000
    valid_excerpts: int = 200
    excerpt_seconds: float = 30.0
    sample_rate: int = 16_000
    emphasis: float = 0.9
    level: float = 3.5
    density: tuple[float, float] = (0.8, 6.0)
    layers: tuple[int, ...] = (1, 2, 3, 4)
    windows_per_shard: int = 40
    welte_red: bool = True
    seed: int = 1
    workers: int = 2


def prepare(source: Path, out: Path, settings: WavenetData) -> None:
    """Write modes, notes and shards of both splits into `out`; what exists is kept, so it resumes."""
    out.mkdir(parents=True, exist_ok=True)
    write_credits(out / "credits.csv", source)
    bank_file = out / "piano-bank.npz"
    if not bank_file.exists():
        PianoBank.cached(source / "piano-samples", bank_file)
    jobs = []
    for split, count in (("valid", settings.valid_windows), ("train", settings.train_windows)):
        if not (out / f"notes-{split}.npz").exists():
            jobs.append((out / f"notes-{split}.npz", split, -1, 0))
        for index, first in enumerate(range(0, count, settings.windows_per_shard)):
            target = out / f"{split}-{index:03d}.npz"
            if not target.exists():
                jobs.append((target, split, index, min(settings.windows_per_shard, count - first)))
    with multiprocessing.get_context("spawn").Pool(
        settings.workers, _start_worker, (source, bank_file, settings)
    ) as pool:
        if not (out / "modes.npz").exists():
            keys = len(settings.layers) * PIANO_KEYS
            found = list(tqdm(pool.imap(_fit_key, range(keys)), total=keys, desc="modes", unit="key"))
            store_modes(out / "modes.npz", found, Recordings.read(bank_file, settings, tones=False))
        for _ in tqdm(pool.imap(_make_shard, jobs), total=len(jobs), desc="render", unit="shard"):
            pass


@dataclass(frozen=True, eq=False)
class Recordings:
    """The keys as they are played: mono, at the rate of the codes and their level.

    Attributes:
        tones: per key (layer * 88 + pitch - 21), float32 [T].
        levels_db: [88, L]; velocities: [L].
    """

    tones: list[np.ndarray]
    levels_db: np.ndarray
    velocities: np.ndarray
    sample_rate: int

    @classmethod
    def read(cls, bank_file: Path, settings: WavenetData, tones: bool = True) -> Recordings:
        """From the file of a PianoBank."""
        found = []
        with np.load(bank_file) as data:
            levels = data["level"][PIANO_LOW : PIANO_LOW + PIANO_KEYS][:, list(settings.layers)]
            for layer in settings.layers if tones else ():
                for pitch in range(PIANO_LOW, PIANO_LOW + PIANO_KEYS):
                    mono = data[f"tone-{pitch}-{layer}"].astype(np.float32).mean(1) / 32767
                    found.append(settings.level * soxr.resample(mono, BANK_RATE, settings.sample_rate))
        return cls(found, levels, LAYER_VELOCITIES[list(settings.layers)], settings.sample_rate)

    def play(self, struck: Strikes, seconds: float) -> np.ndarray:
        """Mono sound of strikes, float32 [T]."""
        out = np.zeros(round(seconds * self.sample_rate), np.float32)
        for key, onset, stop, gain, decay in zip(
            struck.key, struck.onset, struck.stop, struck.gain, struck.decay, strict=True
        ):
            tone = self.tones[key]
            begin, end = max(0, onset), min(len(out), onset + len(tone), int(stop + DAMPED * decay))
            if end > begin:
                late = np.maximum(np.arange(begin, end) - stop, 0)
                out[begin:end] += (gain * np.exp(-late / decay)).astype(np.float32) * tone[
                    begin - onset : end - onset
                ]
        return out


def store_modes(file: Path, found: list[np.ndarray], recordings: Recordings) -> None:
    """The modes of all keys, one after the other, and what a strike needs to know of its recording."""
    np.savez(
        file,
        first=np.cumsum([0, *(len(rows) for rows in found)]),
        modes=np.concatenate(found),
        levels_db=recordings.levels_db,
        velocities=recordings.velocities,
        start=round(piano_modes.START_S * recordings.sample_rate),
    )


_worker: dict = {}


def _start_worker(source: Path, bank_file: Path, settings: WavenetData) -> None:
    _worker["recordings"] = Recordings.read(bank_file, settings)
    _worker["settings"] = settings
    _worker["source"] = source
    _worker["pieces"] = {}


def _fit_key(key: int) -> np.ndarray:
    settings: WavenetData = _worker["settings"]
    tone = lfilter([1.0, -settings.emphasis], [1.0], _worker["recordings"].tones[key].astype(np.float64))
    return piano_modes.modes(tone, PIANO_LOW + key % PIANO_KEYS, settings.sample_rate)


def _make_shard(job: tuple[Path, str, int, int]) -> None:
    target, split, index, size = job
    settings: WavenetData = _worker["settings"]
    if split not in _worker["pieces"]:
        _worker["pieces"][split] = list(
            read_corpus(_worker["source"] / "piano-midi", (split,), settings.welte_red)
        )
    pieces = _worker["pieces"][split]
    rng = np.random.default_rng([settings.seed, int(split == "train"), index + 1])
    if index < 0:
        count = settings.train_excerpts if split == "train" else settings.valid_excerpts
        arrays = {"notes": numbered(draw(pieces, count, settings.excerpt_seconds, settings, rng))}
    else:
        rows = draw(pieces, size, settings.seconds, settings, rng)
        recordings: Recordings = _worker["recordings"]
        codes = [
            encode(
                recordings.play(
                    strikes(r, recordings.levels_db, recordings.velocities, settings.sample_rate),
                    settings.seconds,
                ),
                settings.emphasis,
            )
            for r in rows
        ]
        arrays = {"codes": np.stack(codes), "notes": numbered(rows)}
    temporary = target.with_suffix(".part.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    temporary.rename(target)


def draw(
    pieces: list[Piece], count: int, seconds: float, settings: WavenetData, rng: np.random.Generator
) -> list[np.ndarray]:
    """Notes of so many windows, rows [N, 4] on the grid, in C major or A minor."""
    starts, weights = sparse_windows(pieces, seconds, settings.density)
    chosen = [starts[i] for i in rng.choice(len(starts), count, p=weights)]
    return [on_grid(in_c(excerpt(pieces[p], start, seconds, rng, augment=False))) for p, start in chosen]


def numbered(rows: list[np.ndarray]) -> np.ndarray:
    """Rows of all windows in one array, the number of the window before each."""
    return np.concatenate([np.column_stack([np.full(len(r), i), r]) for i, r in enumerate(rows)])


def sparse_windows(
    pieces: list[Piece], seconds: float, density: tuple[float, float]
) -> tuple[list[tuple[int, float]], np.ndarray]:
    """(piece, start) of the windows that are neither empty nor crowded, and their weights.

    Raises:
        InvalidRequest: there are none.
    """
    found, weights = candidate_windows(pieces, seconds)
    low, high = density
    kept = []
    for number, (piece, start) in enumerate(found):
        onsets = pieces[piece].notes.onset_s
        count = ((onsets >= start) & (onsets < start + seconds)).sum()
        if low <= count / seconds <= high:
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
