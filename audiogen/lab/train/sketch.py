"""Trains the sketch of subjects on the contours of prepared pictures, by cross-entropy per code.

The quantiser is fitted once when training begins. Each drawing is moved otherwise every time it is drawn, so
that its patches are never the same twice; digits are left out, for they have stages of their own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from audiogen.artifacts import STYLES, Conditioning
from audiogen.lab.data.picture_index import names_of
from audiogen.lab.data.sketches import Sketches
from audiogen.lab.train.picture import favoured
from audiogen.lab.train.picture_views import drawn_otherwise
from audiogen.media.grid import grid
from audiogen.media.png import png_bytes
from audiogen.networks.sketch_transformer import SketchTransformer
from audiogen.rows import from_rows
from audiogen.stage import Sampling, silent
from audiogen.structure.sketch import SketchConfig, SketchStage

PAINTED = len(STYLES)  # numbers of styles up to this are paintings, then looks of illustrations
SHOWN, COLUMNS = 2, 16  # rows of samples, by look; drawings in a row


@dataclass(frozen=True)
class SketchTaskSettings:
    """What is drawn for a batch.

    Attributes:
        favour: word -> how much more often drawings with it are drawn.
        painted: how much more often drawings that were painted are drawn than edges of illustrations.
        words_dropout, style_dropout: how often each is not told; both_dropout: how often neither is.
        noise: on the ink before it is coded, so that the codes are not too certain.
        fit_drawings: what the quantiser is fitted on.
        subjects: of the samples.
    """

    batch_size: int = 32
    favour: dict[str, float] = dataclasses.field(default_factory=dict)
    painted: float = 3.0
    words_dropout: float = 0.1
    style_dropout: float = 0.15
    both_dropout: float = 0.1
    noise: float = 0.03
    fit_drawings: int = 1500
    valid_drawings: int = 256
    max_shards: int | None = None
    subjects: tuple[str, ...] = ("cat",)


class SketchTask:
    """Task "picture-sketch" (see lab/train/task.py)."""

    stage_class: ClassVar[type[SketchStage]] = SketchStage

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.settings = s = from_rows(SketchTaskSettings, task_settings)
        styles, vocabulary = names_of(data_folder)
        config: SketchConfig = from_rows(SketchConfig, stage_settings)
        sizes = dataclasses.replace(config.network, words=len(vocabulary), styles=len(styles))
        self.config = dataclasses.replace(config, network=sizes, styles=styles, vocabulary=vocabulary)
        network = SketchStage.build(self.config)
        assert isinstance(network, SketchTransformer)
        self.network: nn.Module = network
        self.train = Sketches.read(data_folder, "train", s.max_shards)
        self.valid = Sketches.read(data_folder, "valid")
        weight = favoured(self.train.words, vocabulary, s.favour)
        weight = weight * np.where(self.train.style <= PAINTED, s.painted, 1)
        self.chance = weight / weight.sum()
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(self.chance), min(s.fit_drawings, len(self.chance)), p=self.chance)
        patches = network.patches(self._ink(self.train, rows, rng))
        network.quantiser.fit(
            patches, torch.full((patches.shape[2],), 0.1), torch.Generator().manual_seed(seed)
        )

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"ink": float [B, 64, 64], "words": int64 [B, W], "style": int64 [B]}."""
        s = self.settings
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
        rows = rng.choice(len(self.chance), s.batch_size, p=self.chance)
        words, style = self.train.words[rows].copy(), self.train.style[rows].copy()
        neither = rng.random(len(rows)) < s.both_dropout
        style[neither | (rng.random(len(rows)) < s.style_dropout)] = 0
        words[neither | (rng.random(len(rows)) < s.words_dropout)] = 0
        more = np.arange(1, words.shape[1])  # details are told one by one, the subject with none of them
        words[:, more] = np.where(rng.random((len(rows), len(more))) < 0.7, words[:, more], 0)
        return {
            "ink": self._ink(self.train, rows, rng),
            "words": torch.from_numpy(words),
            "style": torch.from_numpy(style),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, SketchTransformer)
        with torch.autocast(batch["ink"].device.type, enabled=False):
            codes, patches = bare.quantiser.encode(bare.patches(batch["ink"]))
        with sdpa_kernel(SDPBackend.MATH):  # a drawing is so few places that tiling only costs
            logits = network(codes, patches, batch["words"], batch["style"])
        losses = [
            nn.functional.cross_entropy(stage.flatten(0, 1).float(), codes[..., k].flatten())
            for k, stage in enumerate(logits)
        ]
        return {"loss": torch.stack(losses).mean(), **{f"code_{k}": x.detach() for k, x in enumerate(losses)}}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Cross-entropy per code (nats) of held-out drawings as they are, everything told."""
        device = next(network.parameters()).device
        count = min(self.settings.valid_drawings, len(self.valid.style))
        total: dict[str, float] = {}
        for first in range(0, count, 64):
            rows = np.arange(first, min(first + 64, count))
            batch = {
                "ink": torch.from_numpy(self.valid.contour[rows].astype(np.float32) / 255),
                "words": torch.from_numpy(self.valid.words[rows]),
                "style": torch.from_numpy(self.valid.style[rows]),
            }
            found = self.loss(network, {k: v.to(device) for k, v in batch.items()}, 0.0)
            for name, value in found.items():
                total[name] = total.get(name, 0.0) + float(value) * len(rows) / count
        return {"metric": total.pop("loss"), **total}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """grid.png: subjects in the first looks, at fixed seeds."""
        stage = self.stage_class(self.config, network, device="cpu")
        made, looks = [], self.config.styles[PAINTED : PAINTED + SHOWN]
        for subject in self.settings.subjects:
            for k in range(len(looks) * COLUMNS):
                asked = Conditioning(path="picture", subject=subject, look=looks[k // COLUMNS])
                made.append(stage(asked, asked, Sampling(seed=k), silent).pixels)
        (folder / "grid.png").write_bytes(png_bytes(grid(np.stack(made), COLUMNS, 2)))
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self.stage_class(self.config, network, device="cpu").save_pretrained(folder)

    def _ink(self, sketches: Sketches, rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Drawings seen otherwise, with a little noise, float [B, 64, 64]."""
        ink = np.stack([drawn_otherwise(sketches.contour[row], rng) for row in rows]).astype(np.float32) / 255
        ink += self.settings.noise * rng.standard_normal(ink.shape).astype(np.float32)
        return torch.from_numpy(ink)
