"""A finished picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts.checks import check_array
from audiogen.errors import InvalidRequest
from audiogen.media import files, png


@dataclass(frozen=True, eq=False)
class Picture:
    """Colours: float32 [3, H, W] in 0..1, sRGB."""

    pixels: np.ndarray

    def __post_init__(self) -> None:
        check_array("A picture is", self.pixels, 3, "height", "width")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return int(self.pixels.shape[2]), int(self.pixels.shape[1])

    def save(self, path: str | Path, force: bool = False, recipe: dict[str, Any] | None = None) -> None:
        """Write .png with the recipe inside.

        Raises:
            InvalidRequest: another suffix, or NaN in the picture.
        """
        path = Path(path)
        if path.suffix.lower() != png.SUFFIX:
            raise InvalidRequest(f"Cannot save a picture as {path.name!r}; use {png.SUFFIX}.")
        files.write_atomic(path, self.png_bytes(recipe), force)

    def png_bytes(self, recipe: dict[str, Any] | None = None) -> bytes:
        """The file of `save`; a contour in its recipe is marked as that of these pixels."""
        if recipe is not None and isinstance(recipe.get("contour"), dict):
            recipe = recipe | {"contour": recipe["contour"] | {"picture": self.digest()}}
        return png.png_bytes(self.pixels, recipe)

    def digest(self) -> str:
        """SHA-256 of the pixels as a PNG holds them: whether a file was painted over since."""
        return hashlib.sha256(np.round(255 * np.clip(self.pixels, 0, 1)).astype(np.uint8)).hexdigest()

    @classmethod
    def load(cls, path: str | Path) -> Picture:
        """Read any picture that Pillow knows; what is transparent becomes white.

        Raises:
            InvalidRequest: missing or unreadable.
        """
        return cls(png.over(png.read(Path(path))[0], paper=1.0))

    def plot(self) -> bytes:
        """The picture as a PNG file."""
        return self.png_bytes()
