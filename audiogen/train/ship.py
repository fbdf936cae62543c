"""Takes the weights of a run into the package: int8 or bf16, with their checksum.

    python -m audiogen.train.ship runs/ambience-flow/weights ambience-flow --storage int8

Write the model card (`audiogen/weights/NAME/README.md`) beside them, and the line in registry.WEIGHTS.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from audiogen.registry import STAGES, WEIGHTS_FOLDER, checksum, stage_class
from audiogen.weight_files import STORAGES


def ship(source: Path, name: str, storage: str = "int8", weights: Path = WEIGHTS_FOLDER) -> Path:
    """Store the weights of a folder under a name; returns the new folder.

    Raises:
        ValueError: config.json names no registered stage.
    """
    kind = json.loads((source / "config.json").read_text())["stage"]
    stages = [
        (name, path)
        for name, entry in STAGES.items()
        for path in (None, *entry.places)
        if entry.place_for(path).endswith(f":{kind}")
    ]
    if not stages:
        raise ValueError(f"{kind} is no registered stage")
    folder = weights / name
    stage_class(*stages[0]).from_pretrained(source, device="cpu").save_pretrained(folder, storage)
    file = weights / "checksums.json"
    listed = json.loads(file.read_text()) if file.exists() else {}
    listed[name] = checksum(folder / "model.safetensors")
    file.write_text(json.dumps(dict(sorted(listed.items())), indent=1) + "\n")
    return folder


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
