"""The end of a measure that cannot be taken: one line on stderr and an exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from audiogen.errors import AudiogenError

Main = Callable[..., int]  # of command-line arguments


def errors_as_lines(main: Main) -> Main:
    """`main` for those who call it without the command line of audiogen, which does the same."""

    @functools.wraps(main)
    def run(*given: object) -> int:
        try:
            return main(*given)
        except AudiogenError as problem:
            print(f"audiogen: {problem}", file=sys.stderr)
            return problem.exit_code

    return run
