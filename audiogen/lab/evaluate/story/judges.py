"""Who judges: networks of the user's by folder or hub id, or the project's own features of pictures.

A judge turns pictures into rows of length 1, so that an inner product is a cosine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from audiogen.compat import import_transformers
from audiogen.hub import finding, loading

Pictures = Sequence[np.ndarray]  # float [3, H, W] in 0..1
Rows = np.ndarray  # float64 [N, D], each of length 1
Cut = Callable[[Pictures], list[np.ndarray]]
AT_ONCE = 8


class Clip:
    """A CLIP of transformers: pictures and sentences in one space."""

    def __init__(self, source: str, device: str = "cpu") -> None:
        """Raises: MissingModel, see `hub.loading`."""
        transformers = import_transformers()
        with loading.loading(source):
            folder = str(finding.part_folder(source))
            self.model = (
                transformers.CLIPModel.from_pretrained(folder, use_safetensors=True).eval().to(device)
            )
            self.processor = transformers.CLIPProcessor.from_pretrained(folder)
        self.device = device

    def pictures(self, pictures: Pictures) -> Rows:
        given = self.processor(images=_images(pictures), return_tensors="pt").to(self.device)
        with torch.inference_mode():
            return _unit(self.model.get_image_features(**given))

    def sentences(self, texts: Sequence[str]) -> Rows:
        given = self.processor(text=list(texts), padding=True, truncation=True, return_tensors="pt").to(
            self.device
        )
        with torch.inference_mode():
            return _unit(self.model.get_text_features(**given))


class Features:
    """Any encoder of pictures that transformers loads (DINO, a DreamSim backbone): its pooled output."""

    def __init__(self, source: str, device: str = "cpu") -> None:
        transformers = import_transformers()
        with loading.loading(source):
            folder = str(finding.part_folder(source))
            self.model = (
                transformers.AutoModel.from_pretrained(folder, use_safetensors=True).eval().to(device)
            )
            self.processor = transformers.AutoImageProcessor.from_pretrained(folder)
        self.device = device

    def pictures(self, pictures: Pictures) -> Rows:
        given = self.processor(images=_images(pictures), return_tensors="pt").to(self.device)
        with torch.inference_mode():
            made = self.model(**given)
        pooled = getattr(made, "pooler_output", None)
        return _unit(made.last_hidden_state[:, 0] if pooled is None else pooled)


class OwnFeatures:
    """The project's feature network: knows colours, strokes and layout, hardly what is seen."""

    def __init__(self) -> None:
        from audiogen.lab.evaluate.pictures.features import PictureFeatures
        from audiogen.render.painter import Painter

        self.features = PictureFeatures(Painter.from_pretrained("picture-painter", device="cpu"))

    def pictures(self, pictures: Pictures) -> Rows:
        from audiogen.media.drawing import resized

        blocks = self.features.blocks([resized(p, self.features.side) for p in pictures])
        parts = [_unit(block - block.mean(1, keepdims=True)) for block in blocks.values()]
        return _unit(np.concatenate(parts, 1))


def cut_by(source: str, device: str = "cpu") -> Cut:
    """A mask model of transformers: pictures with their background made white."""
    transformers = import_transformers()
    with loading.loading(source):
        folder = str(finding.part_folder(source))
        segmenter = transformers.pipeline("image-segmentation", model=folder, device=device)

    def cut(pictures: Pictures) -> list[np.ndarray]:
        made = []
        for picture, image in zip(pictures, _images(pictures), strict=True):
            found = segmenter(image)
            seen = [
                np.asarray(row["mask"], np.float32) / 255
                for row in found
                if "back" not in str(row["label"]).lower()
            ]
            mask = np.max(seen, 0) if seen else np.ones(picture.shape[1:], np.float32)
            made.append((mask * picture + (1 - mask)).astype(np.float32))
        return made

    return cut


def _images(pictures: Pictures) -> list[Any]:
    from PIL import Image

    levels = (
        np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8).transpose(1, 2, 0) for picture in pictures
    )
    return [Image.fromarray(each) for each in levels]


def _unit(rows: Any) -> Rows:
    """Rows of length 1; of what transformers gives, the projected ones."""
    rows = getattr(rows, "pooler_output", rows)
    array = np.asarray(rows.double().cpu().numpy() if hasattr(rows, "cpu") else rows, np.float64)
    return array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-12)
