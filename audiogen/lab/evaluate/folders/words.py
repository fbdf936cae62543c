"""What a file was asked to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def words_of(recipe: dict[str, Any] | None, file: Path) -> str:
    """The prompt of its recipe, else its name, "a-red-fox.png", as words; "" where both say nothing."""
    prompt = (recipe or {}).get("prompt")
    if isinstance(prompt, str) and prompt.strip():
        return prompt
    return " ".join(file.stem.replace("-", " ").replace("_", " ").split())
