"""How much of a prompt a model reads: its tokenizers, and what they cut off."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiogen.compat import import_diffusers, import_transformers
from audiogen.hub import finding
from audiogen.hub.choice import ModelChoice

SHORT = 30  # letters of a text that no tokenizer cuts: a token is a letter at least


@dataclass(frozen=True)
class Cut:
    """What one tokenizer leaves out.

    Attributes:
        tokenizer: its folder in the model. tokens: of the whole text, limit: that are read.
        rest: what is not read.
    """

    tokenizer: str
    tokens: int
    limit: int
    rest: str


def cuts(choice: ModelChoice, text: str) -> list[Cut]:
    """What a model would not read of a text, by each of its tokenizers; [] for one that cannot be asked.

    Raises:
        MissingModel: see `finding.part_folder`.
    """
    if len(text) < SHORT or choice.is_file:
        return []
    folder = finding.part_folder(choice.source, choice.revision, weights="*.merges")  # no weights
    _, rows = finding.manifest(str(folder))
    longest = _longest(str(rows.get("_class_name") or ""))
    found = []
    for part in (
        [folder] if (folder / "tokenizer_config.json").is_file() else sorted(folder.glob("tokenizer*"))
    ):
        tokenizer = _loaded(part)
        ids = [] if tokenizer is None else tokenizer(text, truncation=False, verbose=False).input_ids
        limit = _limit(tokenizer, longest)
        if len(ids) > limit:
            rest = tokenizer.decode(ids[limit - 1 :], skip_special_tokens=True)
            found.append(Cut(part.name, len(ids), limit, rest.strip()))
    return found


def _loaded(folder: Path) -> Any:
    """A tokenizer, or None: of a kind that cannot be loaded by itself."""
    try:
        return import_transformers().AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError):
        return None


def _longest(pipeline: str) -> int | None:
    """How many tokens a pipeline of diffusers reads by itself, where it says so."""
    made_of = getattr(import_diffusers(), pipeline, None) if pipeline else None
    said = (
        None if made_of is None else inspect.signature(made_of.__call__).parameters.get("max_sequence_length")
    )
    return said.default if said is not None and isinstance(said.default, int) else None


def _limit(tokenizer: Any, longest: int | None) -> int:
    own = int(getattr(tokenizer, "model_max_length", 0) or 0)
    if longest is None or "CLIP" in type(tokenizer).__name__:
        return own
    return min(own, longest)
