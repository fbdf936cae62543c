"""What passes between stages: small dataclasses of arrays with their units, `save`, `load`, `plot`.

    Conditioning -> Structure -> MelSpectrogram -> Waveform

Nothing else crosses a seam. A musician can open a Structure (.mid, .npz), edit it and hand it back.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media import files
from audiogen.media.mel_settings import MelSettings

if TYPE_CHECKING:
    from audiogen.media.facts import Facts
    from audiogen.media.midi import MidiData

PERIODS = ("baroque", "classical", "romantic", "impressionist", "ragtime")
SOURCES = ("rain", "birds", "waves", "fire", "thunder", "wind", "crickets", "water", "rooster")
RINGING_S = 1.5  # a MIDI file gets this much after its last damping, so that it can die away
UNDAMPED_S = 5.0  # and this much where the pedal never comes up


@dataclass(frozen=True)
class Conditioning:
    """What the prompt asked for, as typed attributes; None means "not asked".

    Attributes:
        prompt: the words as given.
        path: "piano", "ambience", "digit" or "picture".
        seconds: length asked for, s.
        tempo: beats per minute.
        key: "D minor"-like name; mode: "major" or "minor", also set without a key.
        metre: (3, 4)-like pair.
        density: note onsets per second.
        loudness: mean MIDI velocity of the notes, 1..127 (pp about 35, mf 64, ff 100).
        register: mean pitch, MIDI number (middle C is 60).
        articulation: 0 (staccato) .. 1 (legato).
        pedal: share of time with the sustain pedal down, 0..1.
        texture: notes struck together on average, 1 (a single voice) .. 4 (full chords).
        period: "baroque", "classical", "romantic", "impressionist" or "ragtime" (`PERIODS`).
        mood: mood words that were understood, in English.
        sources: weight 0..1 per sound of nature (`SOURCES`), the main one 1. With path "piano" they
            sound beside it.
        intensity: of the main sound, 0 (light, distant, sparse) .. 1 (heavy, close, dense).
        subject, style: pictures.
        unknown: words of the prompt that were not understood.
        remarks: what was heard otherwise than it was said, in words for the user.
    """

    prompt: str = ""
    path: str = "piano"
    seconds: float = 15.0
    tempo: float | None = None
    key: str | None = None
    mode: str | None = None
    metre: tuple[int, int] | None = None
    density: float | None = None
    loudness: float | None = None
    register: float | None = None
    articulation: float | None = None
    pedal: float | None = None
    texture: float | None = None
    period: str | None = None
    mood: tuple[str, ...] = ()
    sources: dict[str, float] = field(default_factory=dict)
    intensity: float | None = None
    subject: str | None = None
    style: str | None = None
    unknown: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Only what is set, ready for JSON."""
        rows = dataclasses.asdict(self)
        return {k: v for k, v in rows.items() if v not in (None, (), {}, [])}

    @classmethod
    def from_dict(cls, rows: dict[str, Any]) -> Conditioning:
        """The inverse of `to_dict`; unknown names are an error."""
        tuples = {"metre", "mood", "unknown", "remarks"}
        known = {f.name for f in dataclasses.fields(cls)}
        if extra := set(rows) - known:
            raise InvalidRequest(f"Unknown conditioning fields: {', '.join(sorted(extra))}.")
        values: dict[str, Any] = {k: tuple(v) if k in tuples else v for k, v in rows.items()}
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Notes:
    """A piano part in seconds.

    Attributes:
        pitch: int64 [N], MIDI 21..108.
        onset_s, offset_s: float64 [N]; offset > onset; sorted by onset. Key release, not damping.
        velocity: float64 [N], 1..127.
        pedal: float64 [P, 2]: time s and 1.0 down / 0.0 up, in order.
        tempo, metre, key: where known (BPM, (3, 4), "D minor").
    """

    pitch: np.ndarray
    onset_s: np.ndarray
    offset_s: np.ndarray
    velocity: np.ndarray
    pedal: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    tempo: float | None = None
    metre: tuple[int, int] | None = None
    key: str | None = None

    def __len__(self) -> int:
        return len(self.pitch)

    @classmethod
    def from_rows(cls, rows: np.ndarray, pedal: np.ndarray | None = None, **known: Any) -> Notes:
        """From [N, 4] rows of (pitch, onset s, offset s, velocity), in any order."""
        rows = np.asarray(rows, np.float64).reshape(-1, 4)
        rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
        return cls(
            rows[:, 0].astype(np.int64),
            rows[:, 1].copy(),
            rows[:, 2].copy(),
            rows[:, 3].copy(),
            np.zeros((0, 2)) if pedal is None else np.asarray(pedal, np.float64).reshape(-1, 2),
            **known,
        )

    def rows(self) -> np.ndarray:
        """[N, 4] rows of (pitch, onset s, offset s, velocity)."""
        return np.stack([self.pitch, self.onset_s, self.offset_s, self.velocity], 1).astype(float)

    def damped_s(self) -> np.ndarray:
        """When each string is damped, s, [N]: key released and pedal up (inf: never)."""
        damped = self.offset_s.copy()
        downs, ups = _pedal_spans(self.pedal)
        for down, up in zip(downs, ups, strict=True):
            held = (damped >= down) & (damped < up)
            damped[held] = up
        return damped

    def end_s(self) -> float:
        """When the last string is damped, s (its key release where the pedal never comes up)."""
        damped = self.damped_s()
        return float(np.where(np.isfinite(damped), damped, self.offset_s).max(initial=0.0))

    def window(self, start_s: float, stop_s: float, before_s: float = 0.0) -> Notes:
        """Notes with onset in [start - before, stop), times counted from `start_s`."""
        keep = (self.onset_s >= start_s - before_s) & (self.onset_s < stop_s)
        rows = self.rows()[keep]
        rows[:, 1:3] -= start_s
        earlier = self.pedal[self.pedal[:, 0] < start_s - before_s]
        inside = self.pedal[(self.pedal[:, 0] >= start_s - before_s) & (self.pedal[:, 0] < stop_s)].copy()
        if len(earlier) and earlier[-1, 1]:
            inside = np.concatenate([[[start_s - before_s, 1.0]], inside])
        inside[:, 0] -= start_s
        return Notes.from_rows(rows, inside, tempo=self.tempo, metre=self.metre, key=self.key)


def _pedal_spans(pedal: np.ndarray) -> tuple[list[float], list[float]]:
    downs: list[float] = []
    ups: list[float] = []
    for time, down in pedal:
        if down and len(downs) == len(ups):
            downs.append(float(time))
        elif not down and len(downs) > len(ups):
            ups.append(float(time))
    if len(downs) > len(ups):
        ups.append(float("inf"))
    return downs, ups


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
        """Read .mid or .npz.

        Raises:
            InvalidRequest: unreadable, or holds no structure.
        """
        path = Path(path)
        if path.suffix.lower() in (".mid", ".midi"):
            from audiogen.media.midi import read_midi

            return cls.from_midi(read_midi(path))
        if path.suffix.lower() != ".npz":
            raise InvalidRequest(f"Cannot read a structure from {path.name!r}; give .mid or .npz.")
        arrays = files.read_npz(path)
        if "seconds" not in arrays:
            raise InvalidRequest(f"{path} holds no structure (no `seconds`).")
        return cls._from_arrays(arrays)

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
    def _from_arrays(cls, arrays: dict[str, np.ndarray]) -> Structure:
        settings = MelSettings()
        notes = None
        if "notes" in arrays:
            _check_rows(arrays["notes"])
            known = json.loads(str(arrays["known"])) if "known" in arrays else {}
            known["metre"] = tuple(known["metre"]) if known.get("metre") else None
            notes = Notes.from_rows(arrays["notes"], arrays.get("pedal"), **known)
        mel, onsets = arrays.get("mel"), arrays.get("onsets")
        if mel is not None and (mel.ndim != 2 or len(mel) != settings.n_groups):
            raise InvalidRequest(
                f"A coarse mel has shape [{settings.n_groups}, frames]; this one has {list(mel.shape)}."
            )
        if any(a is not None and not np.isfinite(a).all() for a in (mel, onsets, arrays["seconds"])):
            raise InvalidRequest("This structure holds NaN or infinity; make it again.")
        asked = Conditioning.from_dict(_json(arrays["asked"])) if "asked" in arrays else None
        return cls(float(arrays["seconds"]), notes, mel, onsets, settings, asked)


def _json(text: np.ndarray) -> dict[str, Any]:
    """The JSON object in an .npz; raises InvalidRequest where there is none."""
    try:
        return dict(json.loads(str(text)))
    except (ValueError, TypeError) as problem:
        raise InvalidRequest(f"This structure cannot be read ({problem}); make it again.") from problem


def _check_rows(rows: np.ndarray) -> None:
    """Raise unless these are notes that a piano can play."""
    if rows.ndim != 2 or rows.shape[1] != 4 or not np.isfinite(rows).all():
        raise InvalidRequest(
            f"Notes are rows of (pitch, onset s, offset s, velocity), not {list(rows.shape)}"
            " or with NaN in it."
        )
    pitch, onset, offset, velocity = rows.T
    wrong = (pitch < 21) | (pitch > 108) | (offset <= onset) | (velocity < 1) | (velocity > 127)
    if wrong.any():
        raise InvalidRequest(
            f"{wrong.sum()} notes cannot be played; pitch is 21..108, velocity 1..127, and a note ends "
            f"after it begins. The first: {rows[wrong][0].tolist()}."
        )


@dataclass(frozen=True, eq=False)
class MelSpectrogram:
    """Stereo log-mel.

    Attributes:
        mid: natural log of mean magnitude, float32 [bands, frames] (75 frames/s).
        side: pan and log width relative to mid, float32 [2, groups, frames]; see `media.mel`.
        seconds: exact length of the sound, s (frames cover at least this).
        take: how the decoder set the instrument up, by name (brightness, room, ...), for the recipe.
    """

    mid: np.ndarray
    side: np.ndarray
    seconds: float
    settings: MelSettings = MelSettings()
    take: dict[str, float] = field(default_factory=dict)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write .npz."""
        arrays = {"mid": self.mid, "side": self.side, "seconds": np.array(self.seconds)}
        files.write_npz(Path(path), arrays, force)

    def plot(self) -> bytes:
        """The mid mel as a PNG file (needs matplotlib)."""
        from audiogen.media.plot import picture

        return picture(self.seconds, mid=self.mid)

    @classmethod
    def load(cls, path: str | Path) -> MelSpectrogram:
        """Read .npz."""
        arrays = files.read_npz(Path(path))
        if "mid" not in arrays or "side" not in arrays:
            raise InvalidRequest(f"{path} holds no mel spectrogram (no `mid` and `side`).")
        return cls(arrays["mid"], arrays["side"], float(arrays["seconds"]))


@dataclass(frozen=True, eq=False)
class Waveform:
    """Sound: float32 [channels, samples] in -1..1 at `sample_rate` Hz, and what is known about it."""

    samples: np.ndarray
    sample_rate: int = 44_100
    facts: Facts | None = None

    @property
    def seconds(self) -> float:
        return self.samples.shape[1] / self.sample_rate

    def plot(self) -> bytes:
        """The spectrogram as a PNG file (needs matplotlib)."""
        from audiogen.media.plot import picture

        return picture(self.seconds, samples=self.samples, sample_rate=self.sample_rate)

    def mel(self) -> MelSpectrogram:
        """What a decoder would have made of this sound: the way back from the renderer.

        Another rate than that of the mel is converted; mono is taken as both channels.
        """
        import torch

        from audiogen.media.finish import resampled
        from audiogen.media.mel import analyse

        settings = MelSettings()
        samples = np.asarray(self.samples, np.float32)
        if self.sample_rate != settings.sample_rate:
            samples = resampled(samples, self.sample_rate, settings.sample_rate)
        wanted = settings.frames(self.seconds) * settings.hop_length  # whole frames, the last one filled up
        stereo = np.zeros((2, wanted), np.float32)
        stereo[:, : samples.shape[1]] = samples[:2, :wanted]
        mid, side = analyse(torch.from_numpy(stereo), settings)
        return MelSpectrogram(mid.numpy(), side.numpy(), self.seconds, settings)

    def finished(self, target_lufs: float | None = -20.0) -> Waveform:
        """This sound ready to be written, as `make` writes it: no DC, soft ends, its level.

        Args:
            target_lufs: the level, as a rule that of middling piano playing; peaks stay below -1 dBTP.
                None: only the peaks are looked after.
        """
        from audiogen.media.facts import Facts
        from audiogen.media.finish import finish

        samples, level = finish(self.samples, self.sample_rate, self.seconds, target_lufs)
        facts = dataclasses.replace(self.facts or Facts(), level=level)
        return Waveform(samples, self.sample_rate, facts)

    def save(self, path: str | Path, force: bool = False, recipe: dict[str, Any] | None = None) -> None:
        """Write .wav (24-bit), .flac or .ogg, with the recipe inside."""
        from audiogen.media.audio import write_audio

        write_audio(Path(path), self.samples, self.sample_rate, recipe, force, facts=self.facts)

    @classmethod
    def load(cls, path: str | Path) -> Waveform:
        """Read any format that soundfile knows."""
        from audiogen.media.audio import read_audio

        samples, rate = read_audio(Path(path))
        return cls(samples, rate)
