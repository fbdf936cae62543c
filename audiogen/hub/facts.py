"""What should be known of a pretrained model before it is used: licence, size, memory; nothing is loaded."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiogen.errors import MissingModel
from audiogen.hub import finding
from audiogen.hub.choice import ModelChoice
from audiogen.licences import card_head

FREE_LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "bsd-2-clause", "cc0-1.0", "cc-by-4.0", "unlicense")
SHARE_ALIKE = ("cc-by-sa-4.0", "cc-by-sa-3.0", "gpl-3.0", "agpl-3.0")
LONGEST_HEADER = 100_000_000  # bytes; that of a safetensors file, as its own library limits it
GIB = 1 << 30


@dataclass(frozen=True)
class Facts:
    """Of one model.

    Attributes:
        name: as it was asked for. stage: the name of its stage.
        licence: as its card says, or "". commercial: what that means for selling what is made with it.
        gated: whether its terms must be accepted first; None: not known here.
        here: whether its files are on this machine.
        bytes_: of its safetensors files, without second copies in another dtype.
        parameters: their number; None: not known before it is fetched.
    """

    name: str
    stage: str
    licence: str
    commercial: str
    gated: bool | None
    here: bool
    bytes_: int
    parameters: int | None

    def memory(self, bytes_each: int) -> int | None:
        """Bytes that the weights take, 4 or 2 to a parameter; the work itself comes on top."""
        return None if self.parameters is None else self.parameters * bytes_each

    def to_dict(self) -> dict[str, Any]:
        rows = {name.rstrip("_"): value for name, value in dataclasses.asdict(self).items()}
        return rows | {"memory": {"float32": self.memory(4), "16 bit": self.memory(2)}}

    def lines(self) -> list[tuple[str, str]]:
        """(name, value) for people."""
        wide, narrow = self.memory(4), self.memory(2)
        memory = "not known before it is fetched"
        if wide is not None and narrow is not None:
            memory = f"{_size(wide)} in float32, {_size(narrow)} in 16 bit, and room to work"
        gated = {
            True: "yes, accept its terms on its page and set HF_TOKEN",
            False: "no",
            None: "not known here",
        }
        return [
            ("model", self.name),
            ("stage", self.stage),
            ("licence", self.licence or "its card names none"),
            ("commercial", self.commercial),
            ("gated", gated[self.gated]),
            ("here", "yes" if self.here else "no, it is fetched when it is first used"),
            ("size", _size(self.bytes_)),
            ("memory", memory),
        ]


def facts_of(source: str, revision: str | None = None) -> Facts:
    """What is known of a model; of a hub id without a network as far as it is in the cache.

    Raises:
        MissingModel, InvalidRequest: see `finding.stage_of`; a LoRA or a ControlNet is no model of its own.
    """
    try:
        stage = finding.stage_of(ModelChoice(source, revision))
    except MissingModel as problem:
        if not finding.is_gated(problem):
            raise
        stage = "not known before its terms are accepted"
    if not finding.is_hub_id(source):
        return _of_folder(source, stage, Path(source), None)
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        with finding.reaching(source):
            told = HfApi().model_info(source, revision=revision, files_metadata=True)
    except MissingModel as problem:
        try:
            folder = Path(snapshot_download(source, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            raise problem from None
        return _of_folder(source, stage, folder, None)
    sizes = {Path(file.rfilename): file.size or 0 for file in told.siblings or ()}
    whole = _without_copies(list(sizes), stage)
    licence = str(told.card_data.get("license") or "") if told.card_data else ""
    count = None if told.safetensors is None else int(told.safetensors.total)
    gated = bool(told.gated)
    size = sum(sizes[path] for path in whole)
    return Facts(source, stage, licence, commercial(licence), gated, False, size, count)


def check_room(facts: Facts) -> None:
    """Raise MissingModel where the disk of the hub's cache has no room for a model."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < facts.bytes_:
        raise MissingModel(
            f"{facts.name} takes {_size(facts.bytes_)}, and the disk of {folder} has {_size(free)} left; "
            "make room, or set HF_HOME to another disk."
        )


def _of_folder(source: str, stage: str, folder: Path, gated: bool | None) -> Facts:
    if folder.is_file():
        whole, licence = [folder], ""
    else:
        files = [path.relative_to(folder) for path in folder.rglob("*.safetensors")]
        whole = [folder / path for path in _without_copies(files, stage)]
        licence = str(card_head(folder / "README.md").get("license") or "")
    count = sum(_parameters(file) for file in whole)
    size = sum(file.stat().st_size for file in whole)
    return Facts(source, stage, licence, commercial(licence), gated, True, size, count)


def _without_copies(files: list[Path], stage: str) -> list[Path]:
    """The safetensors files that are loaded: a pipeline's lie in folders, and `.fp16.` is a second copy."""
    weights = [path for path in files if path.suffix == ".safetensors"]
    pipeline = stage not in (finding.MUSICGEN, finding.MUSICGEN_MELODY)
    kept = [path for path in weights if not pipeline or len(path.parts) > 1]
    plain = [
        path for path in kept if not any(f".{mark}" in path.name for mark in ("fp16", "bf16", "non_ema"))
    ]
    return plain or kept


def _parameters(file: Path) -> int:
    """How many numbers a safetensors file holds, by its header alone.

    Raises:
        MissingModel: it is damaged.
    """
    try:
        with open(file, "rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            rows = json.loads(stream.read(min(length, LONGEST_HEADER)))
        shapes = [row["shape"] for name, row in rows.items() if name != "__metadata__"]
        return sum(math.prod(shape) for shape in shapes)
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError) as problem:
        raise MissingModel(f"{file} is damaged or no safetensors file; get the model again.") from problem


def commercial(licence: str) -> str:
    """What a licence means for selling what is made with the model, as far as its short name says it."""
    name = licence.lower()
    if name in FREE_LICENCES:
        return "yes"
    if "-nc" in name or "noncommercial" in name or "non-commercial" in name:
        return "no"
    if "openrail" in name:
        return "yes, but not for the uses that its licence forbids"
    if name in SHARE_ALIKE:
        return "yes, under the same licence where the model itself is passed on"
    return "read its licence"


def _size(number: float) -> str:
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{number / (1 << 20):.1f} MiB"
