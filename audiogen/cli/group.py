"""The group of verbs, and the one place where errors become words and exit codes.

0 ok, 1 failure, 2 usage, 3 would overwrite, 4 missing model, 5 missing optional package, 130
interrupted (the codes are those of errors.py).
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass

import click

from audiogen import __version__
from audiogen.cli.progress import ERASE
from audiogen.cli.terminal import clean
from audiogen.errors import AudiogenError, Cancelled, InvalidRequest

VERBS = {
    "make": "A sentence becomes a sound or a picture.",
    "structure": "Stop after the first stage: write the notes, the coarse mel or the contour.",
    "decode": "Start from a MIDI file, a structure or a drawing.",
    "story": "One hero in several pictures.",
    "inpaint": "Make a part of a sound anew.",
    "continue": "Let a sound go on after its end.",
    "extend": "Make a sound longer between its beginning and its ending.",
    "mix": "Lay sounds under another one.",
    "explain": "Show what a prompt asks for.",
    "info": "Show how a file was made.",
    "again": "Make a file again from its recipe.",
    "sign": "Content credentials (C2PA) with your certificate.",
    "check": "Is a file what was asked?",
    "trace": "Was a file made by audiogen, even if its recipe is gone?",
    "models": "List the weights.",
    "doctor": "Check this installation.",
    "train": "Train what a recipe says.",
    "data": "Prepare the data of a recipe.",
    "evaluate": "Measure weights on held-out data.",
    "compare": "Decoders, schedulers and steps on the same work.",
    "listen": "Compare two folders by ear, blind.",
    "studio": "A page to make, see, change and keep sounds and pictures.",
}

# verbs that lie in one file
PLACES = {"inpaint": "edit:inpaint", "continue": "edit:onwards", "extend": "edit:extend"}


@dataclass
class State:
    """What the options of every verb say.

    Attributes:
        verbose: 0, 1, or 2 for tracebacks.
        quiet: nothing on stderr but errors.
    """

    verbose: int = 0
    quiet: bool = False


class LazyGroup(click.Group):
    """Verbs by name; `audiogen.cli.<verb>` is imported when its verb is used or its help is asked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module, _, attribute = PLACES.get(name, f"{name}:command").partition(":")
        command: click.Command = getattr(importlib.import_module(f"audiogen.cli.{module}"), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]):
        import difflib

        name = args[0] if args else ""
        if name not in VERBS:
            near = difflib.get_close_matches(name, VERBS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(VERBS)}."
            raise click.UsageError(f"No verb {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table above, so that --help imports no verb."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="audiogen")
def group() -> None:
    """A sentence becomes a finished sound or picture, offline.

    \b
    audiogen make "calm piano, 15 s"
    audiogen make "舒缓的钢琴独奏,15 秒" --seed 7 -o calm.wav
    audiogen decode mine.mid -o mine.wav
    audiogen make "a watercolor digit 7" -o seven.png
    """


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and turn whatever happens into an exit code and one line on stderr."""
    state = State()
    try:
        result = group.main(arguments, prog_name="audiogen", standalone_mode=False, obj=state)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.UsageError as problem:
        command = problem.ctx.command_path if problem.ctx else "audiogen"
        return _say(f"{problem.format_message()} See `{command} --help`.", InvalidRequest.exit_code)
    except click.ClickException as problem:
        return _say(problem.format_message(), problem.exit_code)
    except (KeyboardInterrupt, click.Abort, Cancelled):
        return _fail(state, "interrupted; nothing was left half written.", Cancelled.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads any more
        return 1
    except Exception as problem:
        kind = type(problem) if isinstance(problem, AudiogenError) else AudiogenError
        return _fail(state, in_words(problem), kind.exit_code)


def in_words(problem: Exception) -> str:
    """An error as one line for the user."""
    if isinstance(problem, AudiogenError):
        return str(problem)
    if isinstance(problem, MemoryError):
        return "out of memory; ask for fewer seconds."
    return f"unexpected {type(problem).__name__}: {problem} (-vv shows where it happened)."


def _fail(state: State, message: str, code: int) -> int:
    if state.verbose >= 2:
        import traceback

        traceback.print_exc()
    return _say(message, code)


def _say(message: str, code: int) -> int:
    line = clean(f"audiogen: {' '.join(message.split())}")
    print(f"{ERASE}{line}" if sys.stderr.isatty() else line, file=sys.stderr)
    return code
