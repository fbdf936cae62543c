"""How much memory a picture of a pretrained model takes, about, and how much there is.

Beside the weights the most is taken by the image decoder, at the full size of the picture; it can work in
tiles. The attention takes little: PyTorch computes it in blocks (SDPA).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

LAYERS = (
    4  # largest layers of the image decoder that are there at once; measured, see benchmarks/pretrained.py
)
SPARE = 0.9  # share of what is free that may be taken
TILES = (512, 384, 256, 128)  # pixels; below, seams would show
GIB = 1 << 30


@dataclass(frozen=True)
class Estimate:
    """Bytes: of the weights, of the work beside them, and what is free for the work; None: not known."""

    weights: int
    work: int
    free: int | None

    @property
    def is_short(self) -> bool:
        return self.free is not None and self.work > SPARE * self.free

    @property
    def line(self) -> str:
        free = "not known" if self.free is None else size(self.free)
        return f"memory: weights {size(self.weights)}, work about {size(self.work)}, free {free}"


def estimated(pipe: Any, side: int, tiles: int | None, device: torch.device) -> Estimate:
    """For a picture of `side` pixels whose image decoder works in tiles of `tiles`, or None."""
    parts = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
    weights = sum(p.numel() * p.element_size() for part in parts for p in part.parameters())
    return Estimate(weights, decoding(pipe, min(side, tiles or side)), free(device))


def decoding(pipe: Any, side: int) -> int:
    """Bytes that the image decoder takes for so many pixels to a side; 0: it has none that is known."""
    vae = getattr(pipe, "vae", None)
    channels = getattr(getattr(vae, "config", None), "block_out_channels", None)
    if vae is None or not channels:
        return 0
    widest = channels[min(1, len(channels) - 1)]  # before the last level's first layer makes them fewer
    wide = 4 if getattr(vae.config, "force_upcast", False) else vae.dtype.itemsize
    return int(LAYERS * widest * side * side * wide)


def fitting_tiles(pipe: Any, side: int, free_: int) -> int | None:
    """The largest tiles that fit, pixels; None: the image decoder knows none, or none would help."""
    if not hasattr(getattr(pipe, "vae", None), "tile_latent_min_size"):
        return None  # or of a family whose need is not known
    smaller = [tiles for tiles in TILES if tiles < side]
    fitting = [tiles for tiles in smaller if decoding(pipe, tiles) <= SPARE * free_]
    return fitting[0] if fitting else smaller[-1] if smaller else None


def tile(pipe: Any, tiles: int) -> None:
    """Let the image decoder work in tiles of so many pixels; one that knows none is left alone."""
    vae: Any = getattr(pipe, "vae", None)
    if hasattr(vae, "tile_sample_stride_height"):  # of the newer families
        step = 3 * tiles // 4
        vae.enable_tiling(tiles, tiles, step, step)
    elif hasattr(vae, "tile_latent_min_size"):
        scale = 2 ** (len(vae.config.block_out_channels) - 1)
        vae.enable_tiling()
        vae.tile_latent_min_size = max(4, tiles // scale)
        vae.tile_sample_min_size = vae.tile_latent_min_size * scale


def free(device: torch.device) -> int | None:
    """Bytes that can be taken on a device; None: not known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        rows = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(rows["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def size(count: float) -> str:
    return f"{count / GIB:.1f} GiB"
