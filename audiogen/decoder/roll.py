"""Notes -> piano roll: what a decoder of local view must be told about every key at every frame.

A local network cannot see how long a string has been ringing, so the roll says it.
"""

from __future__ import annotations

import numpy as np

from audiogen import memory
from audiogen.artifacts import Notes
from audiogen.media.mel import MelSettings
from audiogen.media.midi import PIANO_KEYS as KEYS
from audiogen.media.midi import PIANO_LOW as LOWEST
from audiogen.networks.mel_decoder import DAMPED, HELD, ONSET, SINCE, VELOCITY

EARLY_FRAMES = 4  # the analysis window reaches an attack this long before it
TAIL_S = 3.0  # reverberation after a string is damped
AHEAD_S = 0.2  # of a loop: an attack is seen this long before it
CHANNELS = 5


def around(notes: Notes, period_s: float) -> Notes:
    """A loop unrolled: what rings over its end comes before its beginning too, its first after its end."""
    rows = notes.rows()
    ringing = rows[notes.damped_s() + TAIL_S > period_s] - np.array([0, period_s, period_s, 0])
    coming = rows[rows[:, 1] < AHEAD_S] + np.array([0, period_s, period_s, 0])
    pedal = notes.pedal
    moved = np.array([period_s, 0.0])
    pedals = [pedal - moved, pedal, pedal[pedal[:, 0] < AHEAD_S] + moved] if len(pedal) else [pedal]
    return Notes.from_rows(np.concatenate([ringing, rows, coming]), np.concatenate(pedals))


def piano_roll(notes: Notes, first_frame: int, frames: int, mel: MelSettings) -> np.ndarray:
    """float32 [CHANNELS, frames, 88] for frames first_frame .. first_frame + frames - 1.

    Channels: ONSET: velocity (0..1) at the attack, shared by the two nearest frames. VELOCITY: of
    the string that rings, 0 where none does. SINCE: seconds since its attack (negative just before
    it). HELD: 1 while the key is down. DAMPED: seconds since the damper fell, 0 before that.
    """
    roll = memory.zeros(CHANNELS, frames, KEYS)
    rate = mel.frame_rate
    centres = (first_frame + np.arange(frames) + 0.5) / rate
    damped = notes.damped_s()
    for i in np.argsort(notes.onset_s, kind="stable"):
        key = int(notes.pitch[i]) - LOWEST
        onset, velocity = notes.onset_s[i], notes.velocity[i] / 127
        place = onset * rate - 0.5 - first_frame
        restruck = 0 <= int(place) < frames and roll[VELOCITY, int(place), key] > 0
        start = int(np.floor(place)) - (1 if restruck else EARLY_FRAMES) + 1
        stop = min(frames, int(np.ceil(min((damped[i] + TAIL_S) * rate - first_frame, frames))))
        start = max(0, start)
        if start >= stop:
            continue
        span = slice(start, stop)
        roll[VELOCITY, span, key] = velocity
        roll[SINCE, span, key] = centres[span] - onset
        roll[HELD, span, key] = (centres[span] >= onset) & (centres[span] < notes.offset_s[i])
        roll[DAMPED, span, key] = np.maximum(0, centres[span] - damped[i])
        low = int(np.floor(place))
        for frame, share in ((low, 1 - (place - low)), (low + 1, place - low)):
            if 0 <= frame < frames:
                roll[ONSET, frame, key] = max(roll[ONSET, frame, key], velocity * share)
    memory.leave()
    return roll
