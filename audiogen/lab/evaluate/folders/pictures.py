"""Pictures of a folder as rows of an embedding, and what is read in each."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Contour, Picture
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.contour_iou import contour_mask, iou_of_ink
from audiogen.lab.evaluate.folders.detail import BLOCKS, detail
from audiogen.lab.evaluate.folders.sets import Embedding
from audiogen.lab.evaluate.folders.words import words_of
from audiogen.lab.evaluate.pictures import damage
from audiogen.media import drawing, png
from audiogen.media.ink import ink_mask

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
SIDE = 256  # pixels at which pictures are looked at
CONTOUR = ".contour.png"  # beside a picture, as --keep-structure writes it


def embedding(name: str, features: Any, clip: Any) -> Embedding:
    """An embedding of pixels [3, SIDE, SIDE] by its name: "ours", "clip" or "features".

    Args:
        features, clip: networks of the user's, see `hub.judges`; None: there is none.
    """
    if name == "ours":
        from audiogen.lab.evaluate.pictures.features import PictureFeatures
        from audiogen.render.painter import Painter

        own = PictureFeatures(Painter.from_pretrained("picture-painter", device="cpu"))

        def describe(pixels: np.ndarray) -> np.ndarray:
            return np.concatenate([own(pixels[None]), detail(pixels)[None]], 1)

        return Embedding("ours, version 3", describe, [*own.sizes(), *BLOCKS])
    network = clip if name == "clip" else features
    if network is None:
        raise InvalidRequest(f"The embedding {name} needs a model: --{name} FOLDER or ID.")
    return Embedding(name, lambda pixels: np.asarray(network.pictures([pixels])))


def read(file: Path) -> np.ndarray:
    """The square in the middle of a picture, float32 [3, SIDE, SIDE].

    Raises:
        InvalidRequest: unreadable, or of one colour.
    """
    pixels = Picture.load(file).pixels
    height, width = pixels.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = drawing.resized(np.ascontiguousarray(pixels[:, top : top + side, left : left + side]), SIDE)
    if np.ptp(square) < 0.02:
        raise InvalidRequest("it is of one colour")
    return square


def facts_of(pixels: np.ndarray, file: Path, reader: Any, clip: Any) -> dict[str, Any]:
    """Digit read, whether it was asked for, contour IoU, CLIP score: as far as they can be told."""
    width, height = Picture.load(file).size
    facts: dict[str, Any] = {"size": f"{width}x{height}"}
    ink = ink_mask(pixels)
    recipe = (png.read_recipe(file) if file.suffix.lower() == png.SUFFIX else None) or {}
    asked = recipe["conditioning"] if isinstance(recipe.get("conditioning"), dict) else {}
    if reader is not None:
        logits = reader.read(ink[None]).logits[0]
        odds = np.exp(logits - logits.max())
        facts["odds"] = [round(float(each), 5) for each in odds / odds.sum()]
        facts["digit"] = str(logits.argmax())
        if asked.get("path") == "digit":
            facts["digit_right"] = float(facts["digit"] == asked.get("subject"))
    contour = file.with_name(file.stem + CONTOUR)
    drawn = Contour.load(contour) if contour.is_file() else Contour.unpacked(recipe.get("contour"))
    if drawn is not None and contour_mask(asked_ink := drawn.enlarged().pixels).any():
        facts["contour_iou"] = round(iou_of_ink(ink, asked_ink), 3)
    if clip is not None and (words := words_of(recipe, file)):
        facts["clip_score"] = round(100 * float(clip.cosines([pixels], [words])[0]), 3)
    return facts


def inception_score(odds: np.ndarray) -> float:
    """exp of the mean divergence of odds [N, classes] from their mean: the IS of arXiv 1606.03498."""
    mean = odds.mean(0, keepdims=True)
    return float(np.exp((odds * (np.log(odds + 1e-9) - np.log(mean + 1e-9))).sum(1).mean()))


# each row worse than the one before
ANCHORS: dict[str, dict[str, damage.Damage]] = {
    "blur": {f"B, blurred by {size:g}": partial(damage.blurred, size) for size in (1.0, 2.5)},
    "noise": {f"B, noise of {size:g}": partial(damage.noisy, size) for size in (0.05, 0.2)},
}
__all__ = ["ANCHORS", "SUFFIXES", "embedding", "facts_of", "inception_score", "read"]
