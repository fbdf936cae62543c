"""What the stages around a pipeline of diffusers have in common: where it computes, what recipes say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from audiogen.hub import loading, memory
from audiogen.hub.choice import ModelChoice
from audiogen.stage import Progress, say


class Piped:
    """A pipeline of diffusers, placed.

    Attributes:
        pipe: the pipeline. own_scheduler: as the model came with it.
        source: what a recipe says about the weights. folder: where its card can be read; None: nowhere.
    """

    _minded = 0  # pixels to a side that memory was looked at for

    def __init__(self, pipe: Any, choice: ModelChoice, device: torch.device, folders: list[Path]) -> None:
        self.pipe = loading.placed(pipe, choice, device)
        self.own_scheduler = pipe.scheduler
        self.choice = choice
        self.device = device
        self.dtype: torch.dtype = pipe.dtype
        self.source = loading.source_of(choice, folders)
        self.folder = loading.card_folder(folders[0])

    @property
    def pipes(self) -> list[Any]:
        """All pipelines that are there."""
        return [self.pipe]

    def mind_memory(self, pipe: Any, side: int, progress: Progress) -> None:
        """Say what a picture will take, once; where there is less, the image decoder works in tiles.

        Args:
            pipe: that will make it. side: pixels.
        """
        if self._minded == side:
            return
        self._minded = side
        found = memory.estimated(pipe, side, self.choice.tiles, self.device)
        say(progress, found.line)
        if not found.is_short or self.choice.tiles is not None or found.free is None:
            return
        tiles = memory.fitting_tiles(pipe, side, found.free)
        if tiles is not None:
            self.choice = dataclasses.replace(self.choice, tiles=tiles)  # `again` works in the same
            for each in self.pipes:
                memory.tile(each, tiles)
            say(progress, f"memory is short: the image decoder works in tiles of {tiles} pixels")
