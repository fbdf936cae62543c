"""What the stages around a pipeline of diffusers have in common: where it computes, what recipes say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from audiogen.hub import loading
from audiogen.hub.choice import ModelChoice


class Piped:
    """A pipeline of diffusers, placed.

    Attributes:
        pipe: the pipeline. own_scheduler: as the model came with it.
        source: what a recipe says about the weights. folder: where its card can be read; None: nowhere.
    """

    def __init__(self, pipe: Any, choice: ModelChoice, device: torch.device, folders: list[Path]) -> None:
        self.pipe = loading.placed(pipe, choice, device)
        self.own_scheduler = pipe.scheduler
        self.choice = choice
        self.device = device
        self.dtype: torch.dtype = pipe.dtype
        self.source = loading.source_of(choice, folders)
        self.folder = loading.card_folder(folders[0])
