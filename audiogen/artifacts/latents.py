"""What a decoder of pictures makes: a small grid that the painter turns into a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts.checks import check_array, one_number
from audiogen.artifacts.conditioning import Conditioning
from audiogen.artifacts.contour import SIZES
from audiogen.errors import InvalidRequest
from audiogen.media import files, png

MOST_CHANNELS, MOST_PLACES = 64, 128  # places to a side; ours have 8 channels and 32x32
FIRST_LED = 3  # `Request.painting` of the first figures
SHOWN = 8  # pixels of a plot to a place of the grid


@dataclass(frozen=True, eq=False)
class Latents:
    """A picture as the autoencoder holds it.

    Attributes:
        values: float32 [c, h, w], every channel normalised to std 1 over the training pictures.
        size: of the picture that they stand for, pixels (8 to a place: 32x32 for 256).
        asked: what it was made for; None: not known. It is not kept in a file.
        ink: the contour along which it was painted, float32 [n, n] in 0..1, levels of 1/255; None: there was
            none. The last hand at a picture draws its lines.
        led: `Request.painting` where a figure was bent to that contour, see `making.figures`, and painted in
            its place; 0: none was.
    """

    values: np.ndarray
    size: int = 256
    asked: Conditioning | None = None
    ink: np.ndarray | None = None
    led: int = 0

    def __post_init__(self) -> None:
        check_array("Image latents are", self.values, "channels", "h", "w")
        channels, height, width = self.values.shape
        if height != width or not (1 <= channels <= MOST_CHANNELS and 1 <= height <= MOST_PLACES):
            raise InvalidRequest(
                f"Image latents are square, of 1 to {MOST_CHANNELS} channels and 1 to {MOST_PLACES} places "
                f"to a side; these have shape {list(self.values.shape)}."
            )
        if self.ink is not None:
            check_array("The contour of image latents is", self.ink, "h", "w")
            if self.ink.shape not in [(size, size) for size in SIZES]:
                raise InvalidRequest(
                    f"The contour of image latents has {SIZES} pixels, not {self.ink.shape}."
                )

    def save(self, path: str | Path, force: bool = False) -> None:
        """Write .npz."""
        files.write_atomic(Path(path), self.npz_bytes(), force)

    def npz_bytes(self) -> bytes:
        """The file of `save`."""
        row = {"latents": self.values, "size": np.array(self.size)}
        if self.ink is not None:
            row["contour"] = np.round(255 * np.clip(self.ink, 0, 1)).astype(np.uint8)
        if self.led:
            row["led"] = np.array(self.led)
        return files.npz_bytes(row)

    @classmethod
    def load(cls, path: str | Path) -> Latents:
        """Read .npz.

        Raises:
            InvalidRequest: unreadable, or holds something else.
        """
        arrays = files.read_npz(Path(path))
        values = arrays.get("latents")
        if values is None or "size" not in arrays:
            raise InvalidRequest(f"{path} holds no image latents (no `latents` and `size`).")
        check_array("Image latents are", values, "channels", "h", "w")
        ink = arrays.get("contour")
        ink = None if ink is None else ink.astype(np.float32) / 255
        led = int(one_number(arrays, "led", path)) if "led" in arrays else 0
        led = FIRST_LED if led == 1 else led  # as it was written first
        return cls(values.astype(np.float32), int(one_number(arrays, "size", path)), ink=ink, led=led)

    def plot(self) -> bytes:
        """The channels beside each other, grey at 0, as a PNG file."""
        grey = np.clip(0.5 + np.concatenate(list(self.values), 1) / 6, 0, 1)  # 3 std to either end
        return png.png_bytes(np.kron(grey, np.ones((SHOWN, SHOWN))))
