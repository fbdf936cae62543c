"""Notes that a file brings, and the words beside it: what is not followed, and silences, are said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from audiogen.artifacts import UNDAMPED_S, Conditioning, Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.kinds import kind_named
from audiogen.media import keys
from audiogen.prompt import Reading
from audiogen.prompt.weighing import plainly

LONG_S = 3.0  # a silence of this length is said
_SAME_TEMPO = 0.03  # as a share
_SAME_DENSITY, _SAME_REGISTER = 0.25, 4.0  # as a share; semitones


def words_beside(reading: Reading, start: Any, varied: bool) -> Conditioning:
    """What the words ask for beside a file, without what its notes contradict; a remark says what that is.

    Loudness, sounds of nature and length are followed; of a variation everything that its new notes can have.

    Args:
        start: the artifact of the file.
        varied: a share of its notes is written anew.
    """
    known = reading.conditioning
    seconds = known.seconds if "seconds" in reading.words else start.seconds
    remarks = list(known.remarks)
    if seconds > start.seconds:
        remarks.append(
            f"{seconds:g} s: the file ends after {start.seconds:g} s; --seconds {seconds:g} adds silence"
        )
        seconds = start.seconds
    known = dataclasses.replace(known, seconds=seconds)
    if isinstance(start, Structure) and start.notes is not None and kind_named(known.path).notes:
        held = ("tempo", "metre") if varied else tuple(_AGREES)
        asked = {name: value for name in held if (value := getattr(known, name)) is not None}
        lost = {name: value for name, value in asked.items() if not _AGREES[name](value, start.notes)}
        unasked: dict[str, Any] = dict.fromkeys(lost)
        known = dataclasses.replace(known, **unasked)
        if "key" in lost:
            lost.pop("mode", None)  # the key says it
        remarks += _left_out(lost, start.notes)
    return dataclasses.replace(known, remarks=tuple(dict.fromkeys(remarks)))


def silences(start: Any, seconds: float) -> tuple[str, ...]:
    """Remarks about long silences before and after the notes of a file that is played for `seconds`."""
    if not isinstance(start, Structure) or start.notes is None or not len(start.notes):
        return ()
    found = []
    first_s, end_s = float(start.notes.onset_s[0]), _died_away_s(start.notes)
    if first_s > LONG_S:
        found.append(f"the music begins after {first_s:.1f} s of silence; --trim leaves it out")
    if seconds - end_s > LONG_S:
        found.append(f"the music has died away at {end_s:.1f} s; {seconds - end_s:.1f} s of silence follow")
    return tuple(found)


def check_beginning(start: Any, seconds: float) -> None:
    """Raise InvalidRequest if a file is cut before its first note."""
    if isinstance(start, Structure) and start.notes is not None and len(start.notes):
        first_s = float(start.notes.onset_s[0])
        if first_s >= seconds:
            raise InvalidRequest(
                f"The first note of this file comes after {first_s:.1f} s, and it is cut at {seconds:g} s; "
                "--trim leaves out the silence before it."
            )


def how_to_shorten(start: Any, high: float) -> str:
    """What to do about a file that is longer than `high` s."""
    if isinstance(start, Structure) and start.notes is not None and len(start.notes):
        first_s, end_s = float(start.notes.onset_s[0]), _died_away_s(start.notes)
        if end_s - first_s <= high:
            return f"Its music lasts from {first_s:.1f} to {end_s:.1f} s: --trim leaves out the silence."
        if first_s > LONG_S:
            return f"Play its beginning with --trim --seconds {high:g}, or cut it in a sequencer."
    return f"Play its beginning with --seconds {high:g}, or cut it in a sequencer."


def _died_away_s(notes: Notes) -> float:
    """When the last string is damped, or has rung for a while under a pedal that never comes up."""
    return max(notes.end_s(), float(notes.offset_s.max()) + (0.0 if _pedal_comes_up(notes) else UNDAMPED_S))


def _pedal_comes_up(notes: Notes) -> bool:
    return not len(notes.pedal) or not notes.pedal[-1, 1]


def _left_out(lost: dict[str, Any], notes: Notes) -> list[str]:
    """One remark about all that is not followed."""
    if not lost:
        return []
    words = ", ".join(plainly(name, value) for name, value in lost.items())
    has = {"tempo": notes.tempo, "key": notes.key, "metre": notes.metre}
    has = {name: value for name, value in has.items() if name in lost and value is not None}
    own = f" (it has {', '.join(plainly(name, value) for name, value in has.items())})" if has else ""
    ways = [f"--tempo {lost['tempo']:g}"] if "tempo" in lost else []
    ways += ["--transpose N"] if "key" in lost else []
    how = f"; {' and '.join(ways)} would change it" if ways else ""
    return [f"{words}: not followed, for the notes are those of the file{own}{how}"]


def _tempo(asked: float, notes: Notes) -> bool:
    """In quarters, or in the beats of a compound metre."""
    if not notes.tempo:
        return False
    beats, unit = notes.metre or (4, 4)
    beat = 4 / unit * (3 if unit >= 8 and beats % 3 == 0 else 1)
    return any(abs(asked - tempo) <= _SAME_TEMPO * tempo for tempo in (notes.tempo, notes.tempo / beat))


def _density(asked: float, notes: Notes) -> bool:
    span_s = max(float(notes.onset_s[-1] - notes.onset_s[0]), 1.0)
    return abs(asked - len(notes) / span_s) <= _SAME_DENSITY * asked


_AGREES: dict[str, Callable[[Any, Notes], bool]] = {
    "tempo": _tempo,
    "key": lambda asked, notes: notes.key is not None and keys.same(asked, notes.key),
    "mode": lambda asked, notes: notes.key is not None and notes.key.endswith(asked),
    "metre": lambda asked, notes: notes.metre is not None and tuple(asked) == tuple(notes.metre),
    "density": _density,
    "register": lambda asked, notes: abs(asked - float(notes.pitch.mean())) <= _SAME_REGISTER,
    "articulation": lambda asked, notes: False,  # not measured, and not followed
    "pedal": lambda asked, notes: False,
    "texture": lambda asked, notes: False,
    "growth": lambda asked, notes: False,
    "period": lambda asked, notes: False,
}
