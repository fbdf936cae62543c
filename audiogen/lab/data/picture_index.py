"""What the numbers in prepared pictures mean."""

from __future__ import annotations

import json
from pathlib import Path

from audiogen.errors import InvalidRequest


def names_of(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Styles, and the words from number 1 on, of prepared pictures.

    Raises:
        InvalidRequest: no index there.
    """
    try:
        index = json.loads((folder / "index.json").read_text())
        styles, words = index["styles"], index["words"]
    except (OSError, ValueError, KeyError) as problem:
        raise InvalidRequest(
            f"{folder} has no index.json with styles and words ({problem}); run `audiogen data RECIPE` first."
        ) from problem
    return tuple(styles), tuple(words[1:] if words[:1] == [""] else words)
