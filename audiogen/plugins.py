"""Packages that add stages and kinds of work: entry points of the group `audiogen.stages`.

    [project.entry-points."audiogen.stages"]
    mine = "my_package.stages"            # a module that calls register_stage and register_kind,
    mine = "my_package.stages:register"   # or a function that does

They are looked for once, when a name is asked for that audiogen does not have, or when all are listed.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import sys
from typing import Any

GROUP = "audiogen.stages"
_found: list[bool] = []


def discover() -> None:
    """Load the entry points, once; one that cannot be loaded is named on stderr and left out."""
    if _found:
        return
    _found.append(True)
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            _take_in(point.load())
        except Exception as problem:
            words = " ".join(f"{type(problem).__name__}: {problem}".split())
            print(
                f"audiogen: what adds {point.name} ({point.value}) cannot be used and is left out: {words}",
                file=sys.stderr,
            )


def forget() -> None:
    """Look for them again at the next call of `discover`."""
    _found.clear()


def _take_in(found: Any) -> None:
    """A module, or the module of a class, registered what it has when it was imported."""
    if not (inspect.ismodule(found) or inspect.isclass(found)):
        found()
