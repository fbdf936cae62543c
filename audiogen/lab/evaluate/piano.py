"""Measures the piano's decoder and vocoder on held-out windows, always between ceiling and floor.

Every figure of the model cards comes from here: `audiogen evaluate vocoder|decoder --data DIR`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.frechet import embed, frechet
from audiogen.media.mel import MelSettings, analyse
from audiogen.ranking.integrity import mel_distance, stft_distance
from audiogen.ranking.transcribe import TranscriberStage, normalised, note_scores, shuffled_scores
from audiogen.stage import Sampling, silent

SECONDS = 15.0
SPARSE, DENSE = 4.0, 10.0  # notes a second


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A held-out window: real audio float32 [2, T], the notes that made it."""

    audio: np.ndarray
    notes: Notes

    @property
    def density(self) -> float:
        return float((self.notes.onset_s >= 0).sum() / SECONDS)


def held_out(folder: Path, split: str, limit: int | None = None) -> list[HeldOut]:
    """Windows of a split that kept their audio, spread evenly over the split.

    Raises:
        InvalidRequest: there are none.
    """
    windows = list(_windows(folder, split))
    if not windows:
        raise InvalidRequest(f"No {split} windows with audio in {folder}; run `audiogen data` first.")
    if limit is not None and limit < len(windows):
        windows = [windows[int(k)] for k in np.linspace(0, len(windows) - 1, limit)]
    return windows


def _windows(folder: Path, split: str) -> Iterator[HeldOut]:
    for shard in sorted(folder.glob(f"{split}-*.npz")):
        with np.load(shard) as data:
            if "audio" not in data.files:
                continue
            audio, notes, pedal = data["audio"], data["notes"], data["pedal"]
        for w in range(len(audio)):
            part = Notes.from_rows(notes[notes[:, 0] == w, 1:], pedal[pedal[:, 0] == w, 1:])
            yield HeldOut(audio[w].astype(np.float32) / 32767, part)


def evaluate_vocoder(vocoder: Any, windows: list[HeldOut], judge: TranscriberStage) -> dict[str, float]:
    """Real audio through mel and vocoder, beside the untouched audio: the ceiling of the mel.

    Returns: note F1 of both, mel L1 (nats), multi-resolution STFT distance, level difference (dB).
    """
    rows: dict[str, list[float]] = {}
    for window in windows:
        mel = mel_of(window.audio)
        made = vocoder(mel, Conditioning(), Sampling(), silent).samples
        real = window.audio[:, : made.shape[1]]
        found = {
            "note_f1_real": note_scores(window.notes.rows(), judge.transcribe(real), SECONDS).f1,
            "note_f1_vocoded": note_scores(window.notes.rows(), judge.transcribe(made), SECONDS).f1,
            "mel_l1_nats": mel_distance(made, real),
            "stft_distance": stft_distance(made, real),
            "level_db": float(20 * np.log10(made.std() / real.std())),
        }
        for name, value in found.items():
            rows.setdefault(name, []).append(value)
    return {"windows": len(windows), **{k: round(float(np.mean(v)), 4) for k, v in rows.items()}}


def evaluate_decoder(
    decoder: Any,
    vocoder: Any,
    windows: list[HeldOut],
    judge: TranscriberStage,
    sampling: Sampling = Sampling(),
    structure_of: Callable[[HeldOut], Structure] | None = None,
) -> dict[str, float]:
    """Held-out notes decoded and rendered, against real renderings of the same notes.

    Returns: note F1 of the renderings; `ceiling` (real audio) and `floor` (against other pieces'
        notes); `normalised` between them, also for sparse and dense windows apart; Frechet distance
        to the real windows and, as anchor, between the halves of the real windows; seconds a piece.
    """
    structure_of = structure_of or (lambda w: Structure(SECONDS, w.notes))
    references, real_rows, made_rows, made_embedded, real_embedded, spent = [], [], [], [], [], []
    for number, window in enumerate(windows):
        started = time.perf_counter()
        item = Sampling(**{**sampling.__dict__, "seed": sampling.seed + number})
        mel = decoder(structure_of(window), Conditioning(seconds=SECONDS), item, silent)
        spent.append(time.perf_counter() - started)
        made = vocoder(mel, Conditioning(), item, silent).samples
        references.append(window.notes.rows())
        real_rows.append(judge.transcribe(window.audio))
        made_rows.append(judge.transcribe(made))
        made_embedded.append(embed(analyse(torch.from_numpy(made))[0].numpy()))
        real_embedded.append(embed(analyse(torch.from_numpy(window.audio))[0].numpy()))
    made_f1 = [note_scores(r, e, SECONDS).f1 for r, e in zip(references, made_rows, strict=True)]
    real_f1 = [note_scores(r, e, SECONDS).f1 for r, e in zip(references, real_rows, strict=True)]
    floor = float(np.mean([s.f1 for s in shuffled_scores(references, made_rows)]))
    density = np.array([w.density for w in windows])
    result = {
        "windows": len(windows),
        "note_f1": float(np.mean(made_f1)),
        "ceiling": float(np.mean(real_f1)),
        "floor": floor,
        "normalised": normalised(float(np.mean(made_f1)), floor, float(np.mean(real_f1))),
    }
    groups = (
        ("sparse", density < SPARSE),
        ("middle", (density >= SPARSE) & (density <= DENSE)),
        ("dense", density > DENSE),
    )
    for name, chosen in groups:
        if chosen.any():
            made, real = np.array(made_f1)[chosen].mean(), np.array(real_f1)[chosen].mean()
            result[f"normalised_{name}"] = normalised(float(made), floor, float(real))
    result["frechet"] = frechet(np.concatenate(made_embedded), np.concatenate(real_embedded))
    result["frechet_real_real"] = frechet(
        np.concatenate(real_embedded[::2]), np.concatenate(real_embedded[1::2])
    )
    result["decoder_s"] = float(np.median(spent))
    return {k: round(float(v), 4) for k, v in result.items()}


def steps_curve(
    decoder: Any, vocoder: Any, windows: list[HeldOut], judge: TranscriberStage, steps: tuple[int, ...]
) -> list[dict[str, float]]:
    """`evaluate_decoder` at several numbers of solver steps."""
    return [
        {"steps": n, **evaluate_decoder(decoder, vocoder, windows, judge, Sampling(steps=n))} for n in steps
    ]


def strength_curve(
    decoder: Any, vocoder: Any, windows: list[HeldOut], judge: TranscriberStage, strengths: tuple[float, ...]
) -> list[dict[str, float]]:
    """`evaluate_decoder` at several structure strengths."""
    return [
        {
            "strength": s,
            **evaluate_decoder(decoder, vocoder, windows, judge, Sampling(structure_strength=s)),
        }
        for s in strengths
    ]


def mel_of(audio: np.ndarray, settings: MelSettings = MelSettings()) -> MelSpectrogram:
    """The mel of real audio [2, T]."""
    mid, side = analyse(torch.from_numpy(audio), settings)
    return MelSpectrogram(mid.numpy(), side.numpy(), audio.shape[1] / settings.sample_rate, settings)
