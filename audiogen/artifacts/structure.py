"""The small grid that a decoder of sound must follow; a file that a musician can open and edit."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audiogen.artifacts.checks import check_array, check_seconds, json_object, one_number
from audiogen.artifacts.conditioning import Conditioning
from audiogen.artifacts.notes import Notes
from audiogen.errors import InvalidRequest
from audiogen.media import files
from audiogen.media.mel_settings import MelSettings

if TYPE_CHECKING:
    from audiogen.media.midi import MidiData

RINGING_S = 1.5  # a MIDI file gets this much after its last damping, so that it can die away
UNDAMPED_S = 5.0  # and this much where the pedal never comes up


@dataclass(frozen=True, eq=False)
class Structure:
    """The small grid that a decoder must follow: notes, a coarse mel, onset strength, or none of them.

    Attributes:
        seconds: length, s.
        notes: a piano part, or None.
        mel: coarse log-mel, float32 [groups, coarse_frames] at 25 frames/s, or None.
        onsets: onset strength, float32 [frames] at 75 frames/s, nats, or None.
        asked: what it was made for, so that a kept file can be decoded without its words; None: not known.
    """

    seconds: float
    notes: Notes | None = None
    mel: np.ndarray | None = None
    onsets: np.ndarray | None = None
    settings: MelSettings = MelSettings()
    asked: Conditioning | None = None

    def __post_init__(self) -> None:
        check_seconds(self.seconds)
        if self.mel is not None:
            check_array("A coarse mel is", self.mel, self.settings.n_groups, "frames")
        if self.onsets is not None:
            check_array("Onset strength is", self.onsets, "frames")

    @classmethod
    def empty(cls, seconds: float) -> Structure:
        """No structure at all: the decoder works alone (pure diffusion)."""
        return cls(seconds)

    @property
    def is_empty(self) -> bool:
        return self.notes is None and self.mel is None and self.onsets is None

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write .mid (notes only) or .npz (everything)."""
        path = Path(path)
        if path.suffix.lower() in (".mid", ".midi"):
            if self.notes is None:
                raise InvalidRequest(f"This structure has no notes; save it as .npz, not {path.name}.")
            files.write_atomic(path, self.midi_bytes(), force)
        elif path.suffix.lower() == ".npz":
            files.write_atomic(path, self.npz_bytes(), force)
        else:
            raise InvalidRequest(f"Cannot save a structure as {path.name!r}; use .mid or .npz.")

    def midi_bytes(self) -> bytes:
        """The notes as a MIDI file."""
        from audiogen.media.midi import MidiData, midi_bytes

        assert self.notes is not None
        n = self.notes
        return midi_bytes(MidiData(n.rows(), n.pedal, n.tempo, n.metre, n.key, end_s=self.seconds))

    def npz_bytes(self) -> bytes:
        """Everything, as an .npz file."""
        return files.npz_bytes(self._arrays())

    @classmethod
    def from_midi(cls, data: MidiData) -> Structure:
        """What a MIDI file holds, as long as its marker `end` says, else until it has died away."""
        notes = Notes.from_rows(data.notes, data.pedal, tempo=data.tempo, metre=data.metre, key=data.key)
        end = notes.end_s()
        if data.end_s is not None and data.end_s >= end:
            return cls(round(data.end_s, 3), notes)
        return cls(end + (RINGING_S if np.isfinite(notes.damped_s()).all() else UNDAMPED_S), notes)

    def as_midi(self) -> Structure:
        """The same with its notes as a MIDI file holds them, so that a kept file sounds as this does.

        Times are rounded to half a millisecond, velocities to whole numbers.
        """
        if self.notes is None or not len(self.notes):
            return self
        from audiogen.media.midi import read_midi

        data = read_midi(self.midi_bytes())
        known = {"tempo": self.notes.tempo, "metre": self.notes.metre, "key": self.notes.key}
        return dataclasses.replace(self, notes=Notes.from_rows(data.notes, data.pedal, **known))

    def quantized(self, steps: int = 24) -> Structure:
        """The same with its notes and pedal on the grid of its tempo, `steps` to the quarter.

        Raises:
            InvalidRequest: no notes, or no tempo: free music has no grid.
        """
        if self.notes is None or not self.notes.tempo:
            raise InvalidRequest(
                "Free music has no grid to lie on; ask for a tempo or a metre, for example 90 bpm."
            )
        step_s = 60 / (self.notes.tempo * steps)
        rows, pedal = self.notes.rows(), self.notes.pedal.copy()
        rows[:, 1:3] = np.round(rows[:, 1:3] / step_s)
        rows[:, 2] = np.maximum(rows[:, 2], rows[:, 1] + 1)
        rows[:, 1:3] *= step_s
        pedal[:, 0] = np.round(pedal[:, 0] / step_s) * step_s
        known = {"tempo": self.notes.tempo, "metre": self.notes.metre, "key": self.notes.key}
        return dataclasses.replace(self, notes=Notes.from_rows(rows, pedal, **known))

    @classmethod
    def load(cls, path: str | Path) -> Structure:
        """Read .npz or a MIDI file (.mid, .midi, .kar, .rmi, .smf).

        Raises:
            InvalidRequest: unreadable, or holds no structure.
        """
        path = Path(path)
        from audiogen.media.midi import SUFFIXES, read_midi

        if path.suffix.lower() in SUFFIXES:
            return cls.from_midi(read_midi(path))
        if path.suffix.lower() != ".npz":
            raise InvalidRequest(f"Cannot read a structure from {path.name!r}; give .mid or .npz.")
        arrays = files.read_npz(path)
        if "seconds" not in arrays:
            raise InvalidRequest(f"{path} holds no structure (no `seconds`).")
        return cls._from_arrays(arrays, path)

    def plot(self) -> bytes:
        """Piano roll and/or coarse mel as a PNG file (needs matplotlib)."""
        from audiogen.media.plot import picture

        rows, pedal = (self.notes.rows(), self.notes.pedal) if self.notes is not None else (None, None)
        return picture(self.seconds, notes=rows, pedal=pedal, coarse=self.mel)

    def _arrays(self) -> dict[str, np.ndarray]:
        out: dict[str, np.ndarray] = {"seconds": np.array(self.seconds)}
        if self.notes is not None:
            known = {"tempo": self.notes.tempo, "metre": self.notes.metre, "key": self.notes.key}
            out |= {"notes": self.notes.rows(), "pedal": self.notes.pedal}
            out["known"] = np.array(json.dumps(known))
        if self.mel is not None:
            out["mel"] = self.mel.astype(np.float32)
        if self.onsets is not None:
            out["onsets"] = self.onsets.astype(np.float32)
        if self.asked is not None:
            out["asked"] = np.array(json.dumps(self.asked.to_dict()))
        return out

    @classmethod
    def _from_arrays(cls, arrays: dict[str, np.ndarray], path: Path) -> Structure:
        notes = None
        if "notes" in arrays:
            known = json_object(arrays, "known", path) if "known" in arrays else {}
            if extra := set(known) - {"tempo", "metre", "key"}:
                raise InvalidRequest(f"{path} is damaged: unknown names {sorted(extra)}; make it again.")
            if isinstance(known.get("metre"), list):
                known["metre"] = tuple(known["metre"])
            notes = Notes.from_rows(arrays["notes"], arrays.get("pedal"), **known)
        mel, onsets = arrays.get("mel"), arrays.get("onsets")
        asked = Conditioning.from_dict(json_object(arrays, "asked", path)) if "asked" in arrays else None
        return cls(one_number(arrays, "seconds", path), notes, mel, onsets, asked=asked)
