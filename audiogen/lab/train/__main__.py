"""`python -m audiogen.lab.train RECIPE --data DIR --run DIR`: what `audiogen train` calls."""

from __future__ import annotations

import argparse
import sys

from audiogen.errors import AudiogenError, Cancelled


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 trained, 130 stopped by a signal (the same command goes on), else the error's."""
    parser = argparse.ArgumentParser(
        prog="python -m audiogen.lab.train", description="Train what a recipe says."
    )
    parser.add_argument("recipe")
    parser.add_argument("--data", required=True, help="folder made by `audiogen data`")
    parser.add_argument("--run", required=True, help="run folder; a checkpoint in it is gone on from")
    parser.add_argument("--init-from", help="run folder, weights folder or registered name to start from")
    parser.add_argument("--no-resume", action="store_true", help="start anew even if there is a checkpoint")
    given = parser.parse_args(arguments)
    from audiogen.lab.train.runner import train

    try:
        result = train(given.recipe, given.data, given.run, not given.no_resume, given.init_from)
    except AudiogenError as problem:
        print(f"audiogen: {problem}", file=sys.stderr)
        return problem.exit_code
    return 0 if result.finished else Cancelled.exit_code


if __name__ == "__main__":
    sys.exit(main())
