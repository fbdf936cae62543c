"""The structure stage of a comparison."""

from __future__ import annotations

from typing import Any

from audiogen.errors import InvalidRequest, MissingModel
from audiogen.lab.evaluate.compare.bench import STAGE, Options
from audiogen.registry import load_stage, stage_class, stage_names


def structure_stage(o: Options, usual: str) -> tuple[Any, list[str]]:
    """The structure stage that was asked for, or the usual one; None and why not."""
    if STAGE not in o.structures:
        return None, []
    name, _, weights = (o.structure or usual).partition("=")
    known = stage_names("structure")
    if name not in known:
        raise InvalidRequest(f"No structure stage named {name!r}; there are: {', '.join(known)}.")
    try:
        if weights:
            return stage_class(name).from_pretrained(weights, device=o.device), []
        return load_stage(name, o.path, o.device), []
    except (MissingModel, InvalidRequest) as problem:
        if o.structure:
            raise
        return None, [f"No structures of the stage {name}: {problem}"]
