"""The command line: one module per verb, loaded when it is used, so that --help waits for nothing.

group.py     the group, exit codes, one line per error
options.py   options that several verbs share
progress.py  what is happening, on stderr; interrupt.py: Ctrl-C
names.py     names of files: default names, folders, templates
output.py    are they free, and writing them
work.py      one job, from its options to its files
jobs.py      lists of jobs; batch.py: doing them
"""

from __future__ import annotations

import os


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    # Idle OpenMP threads that spin would take the cores from whoever else is working.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from audiogen.cli.group import run

        return run(arguments)
    except KeyboardInterrupt:  # before, or while, the group itself handles one
        return 130
