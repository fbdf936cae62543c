"""Struck keys as sums of dying tones, all modes of a key a sample at a time (compiled by numba).

`modal_source` gives WaveNet the same sum mode after mode, in three bands; this one is in float32, leaves a
mode when it can no longer be heard, and took an eighth of the time (155 notes, 12 s).
"""

from __future__ import annotations

import numpy as np
import torch

from audiogen.native import native, share
from audiogen.sampling.modal_source import DAMPED, ModeTable
from audiogen.sampling.struck_keys import Strikes

FAINT = 3e-4  # amplitude, where a loud key has 1: a mode that has fallen below is over
ROW = 256  # samples: so often it is asked which modes are over


def tones(table: ModeTable, struck: Strikes, begin: int, count: int) -> np.ndarray:
    """What struck keys sound like in samples begin .. begin + count - 1, float32 [count]."""
    out = np.zeros(count, np.float32)
    fields = (struck.key, struck.onset, struck.stop, struck.gain, struck.decay)
    modes = (table.first, table.modes, int(table.start), float(table.sample_rate))

    def work(first: int, stop: int) -> None:
        low, high = first * ROW, min(stop * ROW, count)
        over = struck.stop + DAMPED * struck.decay
        near = (struck.onset + table.start < begin + high) & (over > begin + low)
        add_tones(out[low:high], begin + low, *modes, *(field[near] for field in fields))

    share(work, -(-count // ROW), torch.get_num_threads())
    return out


@native
def add_tones(out, begin, first, modes, start, rate, key, onset, stop, gain, decay):  # type: ignore[no-untyped-def]
    """Add every mode of every strike to `out` [T], whose first sample is `begin`."""
    count = out.shape[0]
    most = 0
    for n in range(key.shape[0]):
        most = max(most, first[key[n] + 1] - first[key[n]])
    x, y = np.empty(most, np.float32), np.empty(most, np.float32)
    c, s = np.empty(most, np.float32), np.empty(most, np.float32)
    loud, fall = np.empty(most), np.empty(most)
    for n in range(key.shape[0]):
        attack = onset[n] + start
        a, b = max(attack, begin), min(int(stop[n] + DAMPED * decay[n]), begin + count)
        if b <= a:
            continue
        live = 0
        for m in range(first[key[n]], first[key[n] + 1]):
            damping = modes[m, 0] / rate
            level = gain[n] * np.hypot(modes[m, 2], modes[m, 3]) * np.exp(-damping * (a - attack))
            if level < FAINT:
                continue
            angle = 2 * np.pi * modes[m, 1] / rate
            phase = angle * (a - attack) + np.arctan2(modes[m, 3], modes[m, 2])
            x[live], y[live] = level * np.cos(phase), level * np.sin(phase)
            c[live], s[live] = np.exp(-damping) * np.cos(angle), np.exp(-damping) * np.sin(angle)
            loud[live], fall[live] = level, np.exp(-damping * ROW)
            live += 1
        damp, damping = np.float32(1), np.float32(np.exp(-1 / decay[n]))
        if a > stop[n]:
            damp = np.float32(np.exp(-(a - stop[n]) / decay[n]))
        t = a
        while t < b and live > 0:
            for u in range(t, min(t + ROW, b)):
                total = np.float32(0)
                for m in range(live):
                    total += x[m]
                    turned = x[m] * c[m] - y[m] * s[m]
                    y[m] = x[m] * s[m] + y[m] * c[m]
                    x[m] = turned
                if u > stop[n]:
                    damp *= damping
                out[u - begin] += total * damp
            t += ROW
            kept = 0
            for m in range(live):
                loud[m] *= fall[m]
                if loud[m] >= FAINT:
                    x[kept], y[kept], c[kept], s[kept] = x[m], y[m], c[m], s[m]
                    loud[kept], fall[kept] = loud[m], fall[m]
                    kept += 1
            live = kept
