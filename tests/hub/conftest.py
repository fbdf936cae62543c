"""Toy model folders, made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hub import toys


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """hub("pictures") -> the folder of that toy of `toys.py`."""
    root = tmp_path_factory.mktemp("hub")

    def folder(name: str) -> Path:
        if not (root / name).exists():
            getattr(toys, f"write_{name.partition('-')[0]}")(root / name)
        return root / name

    return folder
