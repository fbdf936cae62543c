"""The command line: one module per verb, loaded when it is used, so that --help waits for nothing.

group.py     the group, exit codes, one line per error
options.py   options that several verbs share
terminal.py  streams, and texts that are safe to show
progress.py  what is happening, on stderr; interrupt.py: Ctrl-C
names.py     names of files: default names, folders, templates
output.py    are they free, and writing them
work.py      one job, from its options to its files
jobs.py      lists of jobs; batch.py: doing them
"""

from __future__ import annotations


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        from audiogen.cli.group import run
        from audiogen.cli.terminal import ready_streams

        with ready_streams():
            return run(arguments)
    except KeyboardInterrupt:  # before, or while, the group itself handles one
        return 130
