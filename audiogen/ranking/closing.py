"""Does it end, or does it stop? How a piece closes, from its notes and its sound.

Four questions; half the weakest answer and half their mean make the value:

    ends       from the last strike to the end of the file: 1 between 0.8 and 5 s, 0 at 0.2 and 10 s
    home       the last chord against the key: see `home`; never below 0.4, for an open ending is a choice
    rings      how long the last chord sounds: 0 at 0.1 s, 1 from 0.8 s
    dies away  level of the sound 0.4 s before the end under its loudest moment: 0 at -6 dB, 1 at -24 dB

A piece without notes is asked with those that can be heard in it; their lengths are then not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiogen.artifacts import Notes
from audiogen.ranking.evidence import Evidence
from audiogen.ranking.keys import CHORD_S, key_for
from audiogen.ranking.verdict import Check, blend, plain, ramp
from audiogen.structure.score.attributes import SAME, TONICS

OPEN = 0.4  # value of an ending on any other chord
LOOK_S = (0.5, 0.3)  # before the end, s


@dataclass(frozen=True)
class Answer:
    """One question's value, what was measured, and the words to say if it is the weakest."""

    value: float
    measured: dict[str, float | str]
    words: str


def closing(evidence: Evidence) -> Check:
    """See the module's text."""
    answers = [a for a in (*_of_notes(evidence), _dies_away(evidence)) if a is not None]
    measured: dict[str, float | str] = {}
    for answer in answers:
        measured |= answer.measured
    worst = min(answers, key=lambda answer: answer.value)
    words = worst.words if worst.value < 0.9 else "; ".join(a.words for a in answers[:2])
    return Check("closing", blend([a.value for a in answers]), plain(measured), words)


def _of_notes(evidence: Evidence) -> list[Answer]:
    notes = evidence.notes
    if notes is None:
        return []
    last = float(notes.onset_s.max())
    left = evidence.seconds - last
    ends = min(ramp(left, 0.2, 0.8), ramp(left, 10.0, 5.0))
    if left <= 5:
        words = f"the last strike comes {left:.1f} s before the end"
    else:
        words = f"nothing is struck in the last {left:.1f} s"
    answers = [Answer(ends, {"last_onset_before_end_s": left}, words)]
    key = key_for(notes, evidence.take.conditioning)
    answers.append(home(last_chord(notes), key))
    if evidence.played is not None:
        rings = ringing_s(notes, evidence.seconds)
        answers.append(
            Answer(ramp(rings, 0.1, 0.8), {"last_chord_s": rings}, f"the last chord sounds {rings:.1f} s")
        )
    return answers


def last_chord(notes: Notes) -> np.ndarray:
    """Pitches that sound just after the last strike, ascending: struck with it, or still held."""
    last = notes.onset_s.max()
    sounding = (notes.onset_s >= last - CHORD_S) | (notes.damped_s() > last + 0.1)
    # what a long pedal has let ring for seconds is not heard as part of the chord any more
    sounding &= notes.onset_s >= last - 3.0
    return np.unique(notes.pitch[sounding])


def ringing_s(notes: Notes, seconds: float) -> float:
    """How long the longest note of the last strike sounds, s."""
    struck = notes.onset_s >= notes.onset_s.max() - CHORD_S
    return float((np.minimum(notes.damped_s()[struck], seconds) - notes.onset_s[struck]).max())


def home(chord: np.ndarray, key: str | None) -> Answer:
    """Whether a chord is the tonic of a key.

    Value: 1 the tonic in the bass and nothing outside its triad (in minor the major third is welcome
    too); 0.4 for a chord that shares nothing with it; bass and share of tones count half each. 0.7
    where no key can be heard.
    """
    bass = TONICS[int(chord[0]) % 12]
    if key is None:
        return Answer(0.7, {"last_bass": bass}, f"no key can be heard; it ends over {bass}")
    name, _, mode = key.rpartition(" ")
    tonic = TONICS.index(SAME.get(name, name))
    thirds = {3, 4} if mode == "minor" else {4}
    steps = [(int(p) - tonic) % 12 for p in chord]
    share = float(np.mean([step in {0, 7} | thirds for step in steps]))
    under = {0: 1.0, 7: 0.5, 3: 0.5, 4: 0.5}.get(steps[0], 0.0)
    value = OPEN + (1 - OPEN) * (share + under) / 2
    if share == 1 and steps[0] == 0:
        words = f"it rests on the tonic of {key}"
    elif share == 1:
        words = f"it ends on the chord of {key}, over {bass}"
    elif steps[0] == 0:
        words = f"it ends over {bass}, the tonic of {key}, with other tones in the chord"
    else:
        words = f"it ends over {bass}, not at home in {key}"
    return Answer(value, {"key": key, "last_bass": bass, "in_tonic_triad": share}, words)


def _dies_away(evidence: Evidence) -> Answer | None:
    wave = evidence.take.waveform
    if wave is None:
        return None
    under = end_level_db(wave.samples, wave.sample_rate)
    words = f"the sound is {abs(under):.0f} dB down just before the end"
    if under > -12:
        words = f"cut off while it sounds, only {abs(under):.0f} dB down just before the end"
    return Answer(ramp(under, -6.0, -24.0), {"end_level_db": under}, words)


def end_level_db(samples: np.ndarray, sample_rate: int) -> float:
    """RMS of 0.5 to 0.3 s before the end against the loudest 50 ms, dB; -100 for silence there.

    The last 0.3 s are left out: there `media.finish` may have faded what did not end by itself.
    """
    size = max(1, int(0.05 * sample_rate))
    count = max(1, samples.shape[1] // size)
    loudest = max(
        float((samples[:, k * size : (k + 1) * size].astype(np.float64) ** 2).mean()) for k in range(count)
    )
    first, stop = (max(0, samples.shape[1] - int(s * sample_rate)) for s in LOOK_S)
    end = float((samples[:, first : max(stop, first + 1)].astype(np.float64) ** 2).mean())
    return float(max(-100.0, 10 * np.log10(max(end, 1e-30) / max(loudest, 1e-30))))
