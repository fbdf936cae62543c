"""Is it what was asked? Every attribute that the prompt named, against the notes.

                   1 at                     0 at
    tempo          heard within 3 %         15 %  (half, double and triple beats count as right)
    key, mode      fits best                another fits 0.4 better (correlation of key profiles)
    density        within 1/8 octave        twice or half as many notes a second
    loudness       within 5 of velocity     30
    register       within 2 semitones       14
    articulation   within 0.12              0.6
    pedal          within 0.15              0.7
    texture        within 0.3 notes at once 2
    growth         within 0.2               1.5

Half the weakest attribute and half the mean of all make the value. Length and metre are not asked about:
the one holds by construction, the other cannot be told from so few bars. Where nothing was asked, or the
notes were given by the user, there is nothing to obey and the check is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audiogen.artifacts import Conditioning, Notes
from audiogen.ranking.evidence import Evidence
from audiogen.ranking.keys import fits, plain_key
from audiogen.ranking.verdict import FINE, Check, blend, plain, ramp
from audiogen.structure.score.attributes import TONICS, articulation, growth, over, texture

ASKED: tuple[str, ...] = ("tempo", "key", "mode", "density", "loudness", "register", "articulation")
ASKED += ("pedal", "texture", "growth")
UNHEARD = ("loudness", "articulation", "pedal", "growth")  # cannot be told from heard onsets


@dataclass(frozen=True)
class Answer:
    """One attribute: its value, what it measured, what was asked, and its unit or manner."""

    value: float
    found: float | str
    words: str


def obedience(evidence: Evidence) -> Check:
    """See the module's text."""
    notes, asked = evidence.notes, evidence.take.conditioning
    assert notes is not None
    answers = {name: ASK[name](notes, asked, evidence.seconds) for name in named(evidence)}
    measured: dict[str, float | str] = {}
    for name, answer in answers.items():
        measured |= {name: answer.found, f"asked_{name}": getattr(asked, name)}
    poor = sorted((a for a in answers.values() if a.value < FINE), key=lambda answer: answer.value)
    told = poor or list(answers.values())[:3]
    words = "; ".join(answer.words for answer in told)
    return Check("obedience", blend([a.value for a in answers.values()]), plain(measured), words)


def named(evidence: Evidence) -> list[str]:
    """The attributes that were asked for and can be measured in this take."""
    asked = evidence.take.conditioning
    names = [name for name in ASKED if getattr(asked, name) is not None]
    if asked.key and " " in asked.key:
        names = [name for name in names if name != "mode"]  # the key says it
    if evidence.played is None:
        names = [name for name in names if name not in UNHEARD]
    return names


def _near(name: str, said: Callable[[float], str], good: float, bad: float) -> Callable[..., Answer]:
    def ask(notes: Notes, asked: Conditioning, seconds: float) -> Answer:
        wanted, found = float(getattr(asked, name)), MEASURE[name](notes, seconds)
        value = ramp(abs(found - wanted), bad, good)
        return Answer(value, found, f"{name} {said(found)}, asked {said(wanted)}")

    return ask


def pedal_share(notes: Notes, seconds: float) -> float:
    """Share of the time with the sustain pedal down, 0..1."""
    if not len(notes.pedal):
        return 0.0
    spans = np.diff(np.append(notes.pedal[:, 0], seconds))
    return float(spans[notes.pedal[:, 1] > 0].sum() / seconds)


def pitch_name(pitch: float) -> str:
    """The nearest key of a piano, "C4" for 60."""
    nearest = round(pitch)
    return f"{TONICS[nearest % 12]}{nearest // 12 - 1}"


def _articulation(notes: Notes, seconds: float) -> float:
    found = articulation(notes.onset_s, notes.offset_s - notes.onset_s)
    return 1.0 if found is None else found


def _density(notes: Notes, asked: Conditioning, seconds: float) -> Answer:
    found, wanted = len(notes) / seconds, float(asked.density or 1.0)
    value = ramp(abs(np.log2(max(found, 0.01) / wanted)), 1.0, 0.125)
    return Answer(value, found, f"{found:.1f} notes/s, asked {wanted:.1f}")


def _key(notes: Notes, asked: Conditioning, seconds: float) -> Answer:
    wanted = plain_key(str(asked.key))
    found = fits(notes)
    best = next(iter(found), "no key")
    if " " not in wanted.strip():  # a tonic without a mode
        close = [v for k, v in found.items() if k.startswith(f"{wanted.strip()} ")]
    else:
        close = [v for k, v in found.items() if k == wanted]
    return _fit(best, max(close, default=-1.0), max(found.values(), default=0.0), str(asked.key))


def _mode(notes: Notes, asked: Conditioning, seconds: float) -> Answer:
    found = fits(notes)
    best = next(iter(found), "no key")
    close = max((v for k, v in found.items() if k.endswith(str(asked.mode))), default=-1.0)
    return _fit(best, close, max(found.values(), default=0.0), str(asked.mode))


def _fit(best: str, close: float, best_fit: float, wanted: str) -> Answer:
    value = ramp(best_fit - close, 0.4, 0.0)
    return Answer(value, best, f"sounds in {best}, asked {wanted}")


def _tempo(notes: Notes, asked: Conditioning, seconds: float) -> Answer:
    wanted = float(asked.tempo or 60.0)
    heard = heard_tempo(notes, wanted)
    value = ramp(abs(heard / wanted - 1), 0.15, 0.03) if heard else 0.0
    words = f"a beat of {heard:.0f} bpm" if heard else "no steady beat"
    return Answer(value, heard, f"{words}, asked {wanted:.0f}")


def heard_tempo(notes: Notes, near: float) -> float:
    """The beat nearest to an asked tempo that the onsets keep, BPM; 0 where there is none.

    For every tempo within a fifth of `near`, how well the onsets agree in phase with its beats, halves,
    triplets or quarters of a beat, whichever is best: the length of the mean of exp(2 pi i onset /
    period), onsets weighted by velocity. It is 1 for a metronome; chance gives less than 3 /
    sqrt(onsets). Farther away the quarters of one tempo are the triplets of another.
    """
    onset, weight = notes.onset_s, notes.velocity
    if len(onset) < 4:
        return 0.0
    bpm = near * 1.2 ** np.linspace(-1, 1, 161)
    agreement = np.zeros(len(bpm))
    for parts in (1, 2, 3, 4):
        turns = np.exp(2j * np.pi * onset[None] * (parts * bpm / 60)[:, None])
        agreement = np.maximum(agreement, np.abs((turns * weight).sum(1)) / weight.sum())
    best = int(agreement.argmax())
    return float(bpm[best]) if agreement[best] > 3 / np.sqrt(len(onset)) else 0.0


MEASURE: dict[str, Callable[[Notes, float], float]] = {
    "loudness": lambda notes, seconds: float(notes.velocity.mean()),
    "register": lambda notes, seconds: float(notes.pitch.mean()),
    "articulation": _articulation,
    "pedal": pedal_share,
    "texture": lambda notes, seconds: texture(notes.onset_s),
    "growth": lambda notes, seconds: growth(over(notes.onset_s, seconds), notes.velocity),
}
ASK: dict[str, Callable[..., Answer]] = {
    "tempo": _tempo,
    "key": _key,
    "mode": _mode,
    "density": _density,
    "loudness": _near("loudness", lambda v: f"{v:.0f} of 127", 5.0, 30.0),
    "register": _near("register", pitch_name, 2.0, 14.0),
    "articulation": _near("articulation", lambda v: f"{v:.0%} legato", 0.12, 0.6),
    "pedal": _near("pedal", lambda v: f"{v:.0%}", 0.15, 0.7),
    "growth": _near("growth", lambda v: f"{v:.1f}", 0.2, 1.5),
    "texture": _near("texture", lambda v: f"{v:.1f} notes at once", 0.3, 2.0),
}
