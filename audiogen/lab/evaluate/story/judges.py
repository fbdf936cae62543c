"""The judge of a story's pictures where the user names none: the project's own features of pictures."""

from __future__ import annotations

import numpy as np

from audiogen.hub.judges import Pictures, Rows, unit


class OwnFeatures:
    """The project's feature network: knows colours, strokes and layout, hardly what is seen."""

    def __init__(self) -> None:
        from audiogen.lab.evaluate.pictures.features import PictureFeatures
        from audiogen.render.painter import Painter

        self.features = PictureFeatures(Painter.from_pretrained("picture-painter", device="cpu"))

    def pictures(self, pictures: Pictures) -> Rows:
        """Rows of length 1 of pictures [3, S, S] in 0..1."""
        from audiogen.media.drawing import resized

        blocks = self.features.blocks([resized(p, self.features.side) for p in pictures])
        parts = [unit(block - block.mean(1, keepdims=True)) for block in blocks.values()]
        return unit(np.concatenate(parts, 1))
