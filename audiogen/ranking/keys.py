"""The key of a piece, with how much better or worse other keys fit."""

from __future__ import annotations

import numpy as np

from audiogen.artifacts import Conditioning, Notes
from audiogen.structure.score.attributes import MAJOR, MINOR, SAME, TONICS

LEAST = 0.55  # correlation below which no key is heard
CHORD_S = 0.12  # struck within this: one chord, perhaps broken
FEW = 8  # notes; of fewer the last chord is too large a part to be left out
CLOSE = 0.05  # keys whose fit differs by less cannot be told apart
TWINS = np.array([np.roll(mode, tonic) for mode in (MAJOR, MINOR) for tonic in range(12)])


def fits(notes: Notes) -> dict[str, float]:
    """Correlation of every key with the notes, weighted by their lengths up to 1 s; best first.

    Empty where the notes have one weight in every pitch class.
    """
    held = np.clip(notes.offset_s - notes.onset_s, 0.05, 1.0)
    profile = np.bincount(notes.pitch % 12, weights=held, minlength=12)
    if profile.std() < 1e-9:
        return {}
    found = np.corrcoef(profile, TWINS)[0, 1:]
    names = [f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS]
    order = np.argsort(-found, kind="stable")
    return {names[k]: float(found[k]) for k in order}


def key_for(notes: Notes, asked: Conditioning) -> str | None:
    """The key in which a piece should close: the asked one, else the one heard, else None.

    It is heard in everything before the last strike, which must not be its own witness. Between keys that
    fit equally well (C major, A minor) it is the one over whose tonic the piece ends.
    """
    if asked.key and asked.key.endswith((" major", " minor")):
        return asked.key
    last = notes.onset_s.max()
    before = notes.onset_s < last - CHORD_S
    heard = Notes.from_rows(notes.rows()[before]) if before.sum() >= FEW else notes
    found = {k: v for k, v in fits(heard).items() if asked.mode is None or k.endswith(asked.mode)}
    if not found:
        return None
    best = max(found.values())
    if best < LEAST:
        return None
    bass = TONICS[int(notes.pitch[notes.onset_s >= last - CHORD_S].min()) % 12]
    close = [k for k, v in found.items() if v >= best - CLOSE]
    return next((k for k in close if k.partition(" ")[0] == bass), close[0])


def plain_key(name: str) -> str:
    """ "Db major" -> "C# major": the names of `TONICS`."""
    tonic, _, mode = name.rpartition(" ")
    return f"{SAME.get(tonic, tonic)} {mode}"
