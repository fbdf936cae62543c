"""Is the sound clean? What can be wrong with a file of sound, whatever it plays.

From 1 each fault takes away, down to 0: a click 0.5, a run of clipped samples 0.5, a DC offset over
0.001 0.5, a true peak over -1 dBTP 0.3, a mono fold-down that loses 6 dB 0.3; silence more than half of
the time 0.5, longer than 1 s at the beginning 0.2 a second, longer than 1.5 s at the end 0.2 a second; and
0.1 for every LU beyond one that the piece misses its level by. Samples that are no numbers, or nothing
but silence, are 0. Clicks are no fault of an ambience: fire crackles and drops fall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from audiogen.kinds import STRUCK, kind_named
from audiogen.media.loudness import loudness_lufs
from audiogen.ranking.evidence import Evidence
from audiogen.ranking.verdict import Check, listed, plain

if TYPE_CHECKING:
    from audiogen.ranking.integrity import Integrity

BEGIN_S, TAIL_S = 1.0, 1.5  # silence that is in order
LEVEL_LU = 1.0
PART_S = 60.0


def signal(evidence: Evidence) -> Check:
    """See the module's text."""
    from audiogen.ranking.integrity import BLOCK_S, DC_LIMIT, FOLD_DOWN_LIMIT_DB, PEAK_LIMIT_DBTP

    wave = evidence.take.waveform
    assert wave is not None
    found, silent = measured_in_parts(wave.samples, wave.sample_rate)
    if not found.finite:
        return Check("signal", 0.0, {"finite": False}, "samples that are no numbers")
    if silent.all():
        return Check("signal", 0.0, {"silent_share": 1.0}, "nothing but silence")
    begin_s = float(np.argmin(silent)) * BLOCK_S
    level = loudness_lufs(wave.samples, wave.sample_rate)
    target = target_for(evidence)
    off = 0.0 if target is None else level - target
    may_not_click = kind_named(evidence.take.conditioning.path).ends == STRUCK
    measured = {
        "clicks": found.clicks,
        "clipped_runs": found.clipped_runs,
        "dc": found.dc,
        "peak_dbtp": found.peak_dbtp,
        "loudness_lufs": level,
        "target_lufs": target,
        "silent_share": found.silent_share,
        "begins_after_s": begin_s,
        "tail_s": found.tail_s,
        "fold_down_db": found.fold_down_db,
    }
    faults = [
        (0.5 * found.clicks * may_not_click, f"{found.clicks} click{'s' * (found.clicks > 1)}"),
        (0.5 * found.clipped_runs, f"clipped {found.clipped_runs} times"),
        (0.5 * (found.dc > DC_LIMIT), f"a DC offset of {found.dc:.4f}"),
        (0.3 * (found.peak_dbtp > PEAK_LIMIT_DBTP + 0.05), f"a true peak of {found.peak_dbtp:.1f} dBTP"),
        (0.3 * (found.fold_down_db < FOLD_DOWN_LIMIT_DB), f"{found.fold_down_db:.0f} dB in mono"),
        (0.5 * (found.silent_share > 0.5), f"{found.silent_share:.0%} silence"),
        (0.2 * max(0.0, begin_s - BEGIN_S), f"{begin_s:.1f} s of silence before the first sound"),
        (0.2 * max(0.0, found.tail_s - TAIL_S), f"{found.tail_s:.1f} s of silence at the end"),
        (0.1 * max(0.0, abs(off) - LEVEL_LU), f"{off:+.1f} LU off its level"),
    ]
    words = [text for loss, text in faults if loss > 0]
    clean = f"no clipping, {level:.1f} LUFS, peak {found.peak_dbtp:.1f} dBTP"
    clean = f"no clicks, {clean}" if may_not_click else clean
    return Check("signal", 1 - sum(loss for loss, _ in faults), plain(measured, 4), listed(words) or clean)


def measured_in_parts(samples: np.ndarray, sample_rate: int) -> tuple[Integrity, np.ndarray]:
    """`integrity` of a sound of any length in bounded memory, and which of its 50 ms are silent, bool.

    Clicks and clipped runs are those of all parts of a minute together; offset, peak and fold-down those
    of the worst part that is not silent.
    """
    from audiogen.ranking.integrity import BLOCK_S, Integrity, integrity, silent_blocks

    size = round(PART_S / BLOCK_S) * max(1, int(BLOCK_S * sample_rate))
    parts = [samples[:, k : k + size] for k in range(0, samples.shape[1], size)]
    if len(parts) > 1 and parts[-1].shape[1] < sample_rate:  # too short to measure: to the one before
        parts[-2:] = [samples[:, (len(parts) - 2) * size :]]
    found = [integrity(part, sample_rate) for part in parts]
    seconds = samples.shape[1] / sample_rate
    if not all(part.finite for part in found):
        return Integrity(seconds, finite=False), np.zeros(0, bool)
    silent = np.concatenate([silent_blocks(part, sample_rate) for part in parts])
    heard = [part for part in found if part.silent_share < 1] or found
    whole = Integrity(
        seconds=seconds,
        finite=True,
        dc=max(part.dc for part in heard),
        clipped_runs=sum(part.clipped_runs for part in found),
        peak_dbtp=max(part.peak_dbtp for part in found),
        clicks=sum(part.clicks for part in found),
        silent_share=float(silent.mean()),
        tail_s=float(np.argmin(silent[::-1]) if not silent.all() else len(silent)) * BLOCK_S,
        fold_down_db=min(part.fold_down_db for part in heard),
    )
    return whole, silent


def target_for(evidence: Evidence) -> float | None:
    """The loudness that the take was to have, LUFS, or None where its level was left alone."""
    from audiogen.making import target_lufs

    take = evidence.take
    return target_lufs(take.recipe.get("loudness", "auto"), take.conditioning, take.structure)
