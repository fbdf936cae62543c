"""MIDI files as plain arrays, through symusic; knows no artifact.

Sustain pedal: controller 64, down at 64 and above. Times are seconds; tempo maps and odd divisions
are symusic's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.errors import InvalidRequest

PIANO_LOW, PIANO_HIGH = 21, 108
PIANO_KEYS = PIANO_HIGH - PIANO_LOW + 1
TICKS_PER_QUARTER = 480


@dataclass(frozen=True)
class MidiData:
    """What a piano needs of a MIDI file.

    Attributes:
        notes: float64 [N, 4]: pitch 21..108, onset s, offset s, velocity 1..127; sorted by onset.
        pedal: float64 [P, 2]: time s, 1.0 down or 0.0 up; sorted by time.
        tempo: BPM at the start, or None where the file says none.
        metre: (numerator, denominator) at the start, or None.
        key: "D minor"-like name of the first key signature, or None.
        remarks: what was left out or merged, in words for the user.
    """

    notes: np.ndarray
    pedal: np.ndarray
    tempo: float | None = None
    metre: tuple[int, int] | None = None
    key: str | None = None
    remarks: tuple[str, ...] = ()


def read_midi(source: Path | str | bytes) -> MidiData:
    """Read a MIDI file or its bytes; tracks are merged, drums and notes off the keyboard left out.

    Raises:
        InvalidRequest: the bytes are no readable MIDI, or hold no piano note.
    """
    from symusic import Score

    name = "MIDI data" if isinstance(source, bytes) else str(source)
    try:
        raw = source if isinstance(source, bytes) else Path(source).read_bytes()
        if raw[:4] != b"MThd":
            raise ValueError("no MThd header")
        ticks = Score.from_midi(raw)
        score = ticks.to("second")
    except OSError as problem:
        raise InvalidRequest(f"Cannot read {name}: {problem.strerror}.") from problem
    except Exception as problem:
        raise InvalidRequest(f"{name} is no readable MIDI file ({problem}).") from problem
    remarks = []
    drums = [t for t in score.tracks if t.is_drum and len(t.notes)]
    tracks = [t for t in score.tracks if not t.is_drum]
    if drums:
        remarks.append(f"left out {sum(len(t.notes) for t in drums)} drum notes")
    if sum(bool(len(t.notes)) for t in tracks) > 1:
        remarks.append(f"merged {sum(bool(len(t.notes)) for t in tracks)} tracks")
    rows = [
        (n.pitch, n.time, n.time + max(n.duration, 0.01), n.velocity)
        for t in tracks
        for n in t.notes
        if PIANO_LOW <= n.pitch <= PIANO_HIGH and n.velocity > 0
    ]
    off_keyboard = sum(len(t.notes) for t in tracks) - len(rows)
    if off_keyboard:
        remarks.append(f"left out {off_keyboard} notes off the 88 keys")
    if not rows:
        raise InvalidRequest(f"{name} holds no piano notes; give a file with at least one.")
    notes = np.array(sorted(rows, key=lambda r: (r[1], r[0])), np.float64)
    pedal = sorted((c.time, float(c.value >= 64)) for t in tracks for c in t.controls if c.number == 64)
    first_tempo = ticks.tempos[0].qpm if len(ticks.tempos) else None
    metre = (
        (ticks.time_signatures[0].numerator, ticks.time_signatures[0].denominator)
        if len(ticks.time_signatures)
        else None
    )
    return MidiData(
        notes=notes,
        pedal=_changes(np.array(pedal, np.float64).reshape(-1, 2)),
        tempo=first_tempo,
        metre=metre,
        key=_key_name(ticks.key_signatures[0]) if len(ticks.key_signatures) else None,
        remarks=tuple(remarks),
    )


def midi_bytes(data: MidiData) -> bytes:
    """The data as a format-1 MIDI file at 480 ticks a quarter; 120 BPM where no tempo is known."""
    from symusic import ControlChange, KeySignature, Note, Score, Tempo, TimeSignature, Track

    tempo = data.tempo or 120.0
    per_second = TICKS_PER_QUARTER * tempo / 60

    def tick(seconds: float) -> int:
        return max(0, round(seconds * per_second))

    score = Score(TICKS_PER_QUARTER)
    score.tempos.append(Tempo(0, qpm=tempo))
    if data.metre:
        score.time_signatures.append(TimeSignature(0, *data.metre))
    if data.key and (signature := _key_signature(data.key)):
        score.key_signatures.append(KeySignature(0, *signature))
    track = Track("Piano", 0, False)
    for pitch, onset, offset, velocity in data.notes:
        start = tick(onset)
        track.notes.append(
            Note(start, max(1, tick(offset) - start), int(pitch), int(np.clip(velocity, 1, 127)))
        )
    for time, down in data.pedal:
        track.controls.append(ControlChange(tick(time), 64, 127 if down else 0))
    score.tracks.append(track)
    return bytes(score.dumps_midi())


def _changes(pedal: np.ndarray) -> np.ndarray:
    """Only the events that change the pedal's state."""
    if not len(pedal):
        return pedal
    before = np.concatenate([[0.0], pedal[:-1, 1]])
    return pedal[pedal[:, 1] != before]


_MAJOR = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = ["Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"]


def _key_name(signature) -> str:
    minor = bool(signature.tonality)
    return f"{(_MINOR if minor else _MAJOR)[signature.key + 7]} {'minor' if minor else 'major'}"


def _key_signature(name: str) -> tuple[int, int] | None:
    tonic, _, mode = name.partition(" ")
    names = _MINOR if mode == "minor" else _MAJOR
    return (names.index(tonic) - 7, int(mode == "minor")) if tonic in names else None
