"""Takes the weights of a run into the package: int8 or bf16, with their checksum.

    python -m audiogen.lab.train.ship runs/ambience-flow/weights ambience-flow --storage int8

The sample grid of a run goes with them, and its curve.

Write the model card (`audiogen/weights/NAME/README.md`) beside them, and the line in registry.WEIGHTS.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
from pathlib import Path
from typing import Any

from audiogen.registry import STAGES, WEIGHTS_FOLDER, checksum
from audiogen.weight_files import STORAGES

# What judges others, or is a part of a renderer, is no stage of a pipeline, and has weights all the same.
PARTS = {
    "Envelopes": "audiogen.render.envelopes",
    "TranscriberStage": "audiogen.ranking.transcribe",
    "DigitClassifier": "audiogen.lab.evaluate.digits.judge",
}
PICTURES = {"samples/grid.png": "grid.png", "loss.png": "curve.png"}  # of a run -> beside its card


def ship(source: Path, name: str, storage: str = "int8", weights: Path = WEIGHTS_FOLDER) -> Path:
    """Store the weights of a folder under a name; returns the new folder.

    Raises:
        ValueError: config.json names no registered stage.
    """
    stage = class_of(json.loads((source / "config.json").read_text())["stage"])
    folder = weights / name
    stage.from_pretrained(source, device="cpu").save_pretrained(folder, storage)
    if (source.parent / "samples" / "grid.png").exists():
        for theirs, ours in PICTURES.items():
            if (source.parent / theirs).exists():
                shutil.copyfile(source.parent / theirs, folder / ours)
    file = weights / "checksums.json"
    listed = json.loads(file.read_text()) if file.exists() else {}
    listed[name] = checksum(folder / "model.safetensors")
    file.write_text(json.dumps(dict(sorted(listed.items())), indent=1) + "\n")
    return folder


def class_of(kind: str) -> Any:
    """The class that wrote a config.json, by its name.

    Raises:
        ValueError: neither a registered stage nor one of PARTS.
    """
    if kind in PARTS:
        return getattr(importlib.import_module(PARTS[kind]), kind)
    for entry in STAGES:
        if str(entry.place).endswith(f":{kind}"):
            return entry.factory
    raise ValueError(f"{kind} is no registered stage")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("name")
    parser.add_argument("--storage", choices=list(STORAGES), default="int8")
    options = parser.parse_args()
    folder = ship(options.source, options.name, options.storage)
    size = (folder / "model.safetensors").stat().st_size
    print(f"{folder}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
