"""What a decoder of sound makes: a stereo log-mel."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audiogen.artifacts.checks import check_array, check_seconds, one_number
from audiogen.artifacts.notes import Notes
from audiogen.errors import InvalidRequest
from audiogen.media import files
from audiogen.media.mel_settings import LAYOUTS, MelSettings, layout_of


@dataclass(frozen=True, eq=False)
class MelSpectrogram:
    """Stereo log-mel.

    Attributes:
        mid: natural log of mean magnitude, float32 [bands, frames] (75 frames/s), as `settings` lay it out.
        side: pan and log width relative to mid, float32 [2, groups, frames]; see `media.mel`.
        seconds: exact length of the sound, s (frames cover at least this).
        take: how the decoder set the instrument up, by name (brightness, room, ...), for the recipe.
        notes: that it was made from, where they are known: a renderer then knows where the partials lie. A
            file whose mid was changed by hand has none.
        sources: sounds of nature that it holds, where they are known: a renderer then knows what is noise.
        until: of one that is still being decoded: called with a frame, it returns when all before are there.
    """

    mid: np.ndarray
    side: np.ndarray
    seconds: float
    settings: MelSettings = MelSettings()
    take: dict[str, float] = field(default_factory=dict)
    notes: Notes | None = None
    sources: tuple[str, ...] = ()
    until: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        check_seconds(self.seconds)
        check_array("The mid of a mel is", self.mid, self.settings.n_bands, "frames")
        check_array("The side of a mel is", self.side, 2, self.settings.n_groups, self.mid.shape[1])
        covered = (self.mid.shape[1] + self.settings.frames_per_coarse) / self.settings.frame_rate
        if self.seconds > covered:
            raise InvalidRequest(f"{self.mid.shape[1]} frames do not cover {self.seconds:g} s.")

    @property
    def spectra(self) -> np.ndarray:
        """Mid spectrum by spectrum, for the eye: [bands of one, spectra], at `settings.spectrum_rate`."""
        per = self.settings.subframes
        frames = self.mid.reshape(per, -1, self.mid.shape[1])
        return frames.transpose(1, 2, 0).reshape(frames.shape[1], -1)

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write .npz."""
        files.write_atomic(Path(path), self.npz_bytes(), force)

    def npz_bytes(self) -> bytes:
        """The file of `save`."""
        arrays = {"mid": self.mid, "side": self.side, "seconds": np.array(self.seconds)}
        if self.sources:
            arrays["sources"] = np.array(self.sources)
        if self.notes is not None:
            arrays |= {"notes": self.notes.rows(), "pedal": self.notes.pedal}
            arrays["cents"] = np.array(self.take.get("cents", 0.0))
            arrays["told_of"] = np.array(
                zlib.crc32(self.mid.tobytes())
            )  # a mid changed by hand has other notes
        return files.npz_bytes(arrays)

    def plot(self) -> bytes:
        """The mid mel as a PNG file (needs matplotlib)."""
        from audiogen.media.plot import picture

        return picture(self.seconds, mid=self.spectra, settings=self.settings)

    @classmethod
    def load(cls, path: str | Path) -> MelSpectrogram:
        """Read .npz.

        Raises:
            InvalidRequest: unreadable, or holds something else.
        """
        arrays = files.read_npz(Path(path))
        if not {"mid", "side", "seconds"} <= set(arrays):
            raise InvalidRequest(f"{path} holds no mel spectrogram (no `mid`, `side` and `seconds`).")
        check_array("The mid of a mel is", arrays["mid"], "bands", "frames")
        check_array("The side of a mel is", arrays["side"], 2, "groups", "frames")
        mid, side = (arrays[name].astype(np.float32) for name in ("mid", "side"))
        layout = layout_of(len(mid))
        if layout is None:
            known = " or ".join(str(each.n_bands) for each in LAYOUTS)
            raise InvalidRequest(f"{path}: a mel spectrogram has {known} bands, not {len(mid)}.")
        notes, take = None, {}
        changed = "told_of" in arrays and one_number(arrays, "told_of", path) != zlib.crc32(mid.tobytes())
        if "notes" in arrays and not changed:
            notes = Notes.from_rows(arrays["notes"], arrays.get("pedal"))
            take = {"cents": one_number(arrays, "cents", path)} if "cents" in arrays else {}
        sources = tuple(str(name) for name in arrays.get("sources", np.zeros(0)).flat)
        return cls(mid, side, one_number(arrays, "seconds", path), layout, take, notes, sources)
