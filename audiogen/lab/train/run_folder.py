"""What a training leaves behind, every file written whole or not at all.

recipe.yaml  environment.json  metrics.jsonl  checkpoint.pt  weights/  samples/  loss.png
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.lab.train.recipe import Recipe

FEW_POINTS = 20  # of a curve, that are marked one by one
WIDE = 5  # ratio of the ends from which an axis is logarithmic


class RunFolder:
    """The paths of one training, and how they are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.recipe = self.folder / "recipe.yaml"
        self.metrics = self.folder / "metrics.jsonl"
        self.checkpoint = self.folder / "checkpoint.pt"
        self.weights = self.folder / "weights"
        self.samples = self.folder / "samples"

    def open(self, recipe: Recipe, resume: bool) -> dict[str, Any] | None:
        """Make the folder; the checkpoint to go on from, or None.

        Raises:
            InvalidRequest: it holds a training of another task, stage or data.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        state = None
        if resume and self.checkpoint.exists():
            self._check_same(recipe)
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        self.recipe.write_text(recipe.dump())
        (self.folder / "environment.json").write_text(json.dumps(environment(), indent=1) + "\n")
        self._forget_after(state["step"] if state else -1)
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Write the checkpoint atomically.

        Raises:
            AudiogenError: the disk is full; the one before is kept.
        """
        temporary = self.checkpoint.with_suffix(".part")
        try:
            torch.save(state, temporary)
            os.replace(temporary, self.checkpoint)
        except (OSError, RuntimeError) as problem:  # torch calls a full disk a RuntimeError
            temporary.unlink(missing_ok=True)
            raise AudiogenError(
                f"The checkpoint in {self.folder} could not be written, the one before is kept; is the disk "
                "full? Make room, and the same command goes on."
            ) from problem

    def log(self, **row: Any) -> None:
        """Append one line to metrics.jsonl."""
        with open(self.metrics, "a") as file:
            file.write(json.dumps(row) + "\n")

    def rows(self) -> list[dict[str, Any]]:
        """All lines of metrics.jsonl."""
        if not self.metrics.exists():
            return []
        return [json.loads(line) for line in self.metrics.read_text().splitlines() if line.strip()]

    def plot(self) -> None:
        """Draw loss.png, where matplotlib is installed: losses, and beside them the held-out metric.

        The two have units of their own.
        """
        if importlib.util.find_spec("matplotlib") is None:
            return
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        rows = self.rows()
        panels = ((("train", "loss"), ("train", "critic_loss")), (("valid", "metric"),))
        for axes, lines in zip(figure.subplots(1, 2), panels, strict=True):
            for split, name in lines:
                points = [(r["step"], r[name]) for r in rows if r.get("split") == split and name in r]
                if points:
                    marker = "o" if len(points) < FEW_POINTS else None
                    axes.plot(*zip(*points, strict=True), label=f"{split} {name}", marker=marker, linewidth=1)
            drawn = [y for line in axes.lines for y in line.get_ydata()]
            wide = bool(drawn) and min(drawn) > 0 and max(drawn) > WIDE * min(drawn)
            axes.set(xlabel="step", yscale="log" if wide else "linear")
            axes.grid(alpha=0.3, which="both")
            if drawn:
                axes.legend()
        figure.savefig(self.folder / "loss.png", dpi=100)

    def _check_same(self, recipe: Recipe) -> None:
        before = Recipe.load(self.recipe)
        for part in ("task", "task_settings", "data", "data_settings", "stage", "seed"):
            old, new = getattr(before, part), getattr(recipe, part)
            if old != new:
                raise InvalidRequest(
                    f"{self.folder} holds a training with {part} {old!r}; the recipe says {new!r}. "
                    "Use another run folder."
                )

    def _forget_after(self, step: int) -> None:
        """Drop log lines of steps that the checkpoint does not know."""
        kept = [row for row in self.rows() if row["step"] <= step]
        self.metrics.write_text("".join(json.dumps(row) + "\n" for row in kept))


def environment() -> dict[str, Any]:
    """Versions and hardware, as a model card needs them."""
    import numpy

    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "commit": _commit(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _commit() -> str | None:
    try:
        command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
