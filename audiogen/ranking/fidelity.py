"""Does the sound play the notes? Note onsets as the project's transcriber hears them, against the structure.

Value 0 at an F1 of 0.4 and 1 at 0.95, what the shipped decoder reaches on held-out pieces (see the
README); notes of another piece score about 0.02. The transcriber errs most in dense music, so the value
compares takes of one request and is no quality grade by itself.
"""

from __future__ import annotations

import numpy as np

from audiogen.ranking.evidence import Evidence
from audiogen.ranking.verdict import Check, plain, ramp

TOLERANCE_S = 0.05
POOR, GOOD = 0.4, 0.95  # F1


def fidelity(evidence: Evidence) -> Check:
    """Share of struck notes that can be heard, and of heard ones that were struck."""
    assert evidence.played is not None and evidence.heard is not None
    inside = evidence.played.onset_s < evidence.seconds
    struck = np.stack([evidence.played.pitch[inside], evidence.played.onset_s[inside]], 1)
    hits = matched(struck, evidence.heard)
    recall, precision = hits / max(1, len(struck)), hits / max(1, len(evidence.heard))
    f1 = 2 * hits / max(1, len(struck) + len(evidence.heard))
    measured = {"f1": f1, "precision": precision, "recall": recall, "notes": len(struck)}
    words = f"{recall:.0%} of the notes are heard, {1 - precision:.0%} of what is heard is not in them"
    return Check("fidelity", ramp(f1, POOR, GOOD), plain(measured), words)


def matched(struck: np.ndarray, heard: np.ndarray, tolerance_s: float = TOLERANCE_S) -> int:
    """Pairs of rows (pitch, onset s) of one pitch and at most `tolerance_s` apart, each row used once.

    The largest number there is: along a line, pairing the earliest that fit is optimal, which saves
    the product from needing mir_eval (an evaluation package) for the same figure.
    """
    hits = 0
    for pitch in np.intersect1d(struck[:, 0], heard[:, 0]):
        mine, theirs = (np.sort(rows[rows[:, 0] == pitch, 1]) for rows in (struck, heard))
        i = j = 0
        while i < len(mine) and j < len(theirs):
            apart = round(mine[i] - theirs[j], 4)  # as mir_eval does
            hits += abs(apart) <= tolerance_s
            i, j = i + (apart <= tolerance_s), j + (apart >= -tolerance_s)
    return int(hits)
