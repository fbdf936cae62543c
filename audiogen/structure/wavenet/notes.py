"""The slow tier of WaveNet: it writes the notes that the fast tier plays.

A note is four codes: the gap since the note before it (10 ms at first, coarser above 0.2 s), its pitch,
its velocity (in steps of 8) and how long it sounds (logarithmic). Notes are written in C major or
A minor, as training heard them, and moved to the key that is asked for.
"""

from __future__ import annotations

import numpy as np
import torch

from audiogen.media.midi import PIANO_KEYS, PIANO_LOW
from audiogen.networks.note_wavenet import NoteWavenet
from audiogen.sampling.autoregressive import choose
from audiogen.structure.score.attributes import key_index

GAPS_S = np.concatenate(
    [np.arange(0, 0.2, 0.01), np.arange(0.2, 0.5, 0.02), np.arange(0.5, 1.0, 0.05), np.arange(1.0, 2.0, 0.1)]
)
GAPS_S = np.concatenate([GAPS_S, np.linspace(2.0, 4.0, 64 - len(GAPS_S))]).round(2)
LENGTHS_S = np.geomspace(0.05, 12.0, 32)
VELOCITY_STEP = 8.0
FIRST_S = 0.05  # of a piece
LAST_S = 0.8  # before its end no note is begun
CALMER = 0.9  # temperature of the slow tier, times that which is asked for
CHORD_S = 0.06  # a key is not struck twice within


def to_codes(rows: np.ndarray) -> np.ndarray:
    """Rows [N, 4] of (pitch, onset s, damped s, velocity), by onset -> codes int64 [N, 4]."""
    gaps = np.diff(rows[:, 1], prepend=rows[:1, 1])
    length = np.log(np.maximum(rows[:, 2] - rows[:, 1], 1e-3))
    return np.stack(
        [
            nearest(GAPS_S, gaps),
            rows[:, 0].astype(np.int64) - PIANO_LOW,
            np.clip(rows[:, 3] // VELOCITY_STEP, 0, 15).astype(np.int64),
            nearest(np.log(LENGTHS_S), length),
        ],
        1,
    )


def nearest(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Places int64 [N] of the nearest entries of a rising table."""
    return np.abs(np.asarray(values)[:, None] - table).argmin(1).astype(np.int64)


def to_rows(codes: np.ndarray) -> np.ndarray:
    """The inverse of `to_codes`, up to rounding; the first note is struck after `FIRST_S`."""
    onset = FIRST_S + np.cumsum(GAPS_S[codes[:, 0]]) - (GAPS_S[codes[0, 0]] if len(codes) else 0)
    return np.stack(
        [
            codes[:, 1] + float(PIANO_LOW),
            onset,
            onset + LENGTHS_S[codes[:, 3]],
            (codes[:, 2] + 0.5) * VELOCITY_STEP,
        ],
        1,
    )


@torch.inference_mode()
def write_notes(
    network: NoteWavenet,
    attributes: torch.Tensor,
    seconds: float,
    generator: torch.Generator,
    temperature: float = 1.0,
    top_p: float = 1.0,
) -> np.ndarray:
    """Notes for so many seconds: rows [N, 4] of (pitch, onset s, damped s, velocity), at least one.

    Args:
        attributes: float32 [2A], as the network is given them.
        temperature, top_p: see `audiogen.sampling.autoregressive.choose`.
    """
    codes = torch.zeros(1, 0, 4, dtype=torch.int64)
    reach, now = network.config.reach, FIRST_S
    struck = np.full(PIANO_KEYS, -1.0)
    while True:
        heard = codes[:, -reach:]
        state = network.remember(heard, attributes[None], begun=codes.shape[1] < reach)[:, -1:]
        note = torch.zeros(1, 1, 4, dtype=torch.int64)
        uniforms = torch.rand(4, generator=generator)
        for place in range(4):
            logits = network.head(state, note, place)[0, 0].float()
            if place == 0 and not codes.shape[1]:
                logits[1:] = -torch.inf
            if place == 1:
                lately = now + GAPS_S[int(note[0, 0, 0])] - struck < CHORD_S
                logits[torch.from_numpy(lately & (struck >= 0))] = -torch.inf
            note[0, 0, place] = choose(logits, uniforms[place], CALMER * temperature, top_p)
        now += float(GAPS_S[int(note[0, 0, 0])])
        if now > seconds - LAST_S and codes.shape[1]:
            return to_rows(codes[0].numpy())
        struck[int(note[0, 0, 1])] = now
        codes = torch.cat([codes, note], 1)


def in_key(rows: np.ndarray, key: str | None) -> np.ndarray:
    """Rows in C major or A minor moved to a key, by at most half an octave."""
    if key is None or not len(rows):
        return rows
    tonic = key_index(key) % 12 - (9 if key.endswith("minor") else 0)
    moved = rows.copy()
    moved[:, 0] += (tonic + 6) % 12 - 6
    moved[:, 0] += 12.0 * (moved[:, 0] < PIANO_LOW) - 12.0 * (moved[:, 0] >= PIANO_LOW + PIANO_KEYS)
    return moved
