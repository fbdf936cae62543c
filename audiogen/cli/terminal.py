"""What stands between the verbs and the terminal: streams that take every text, texts that move no cursor."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import click

_JOINERS = "\u200c\u200d"  # of emoji and of scripts that need them
_FREE = 3  # stdin, stdout and stderr come before


@contextmanager
def ready_streams() -> Iterator[None]:
    """Let every stream take every text, whatever its encoding, and put nothing in the place of a closed one.

    A character that an encoding lacks is written as an escape: a job that is done is not called failed.
    Afterwards the streams are again as the program around us has them; it may read from them as well.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < _FREE:
        pass  # else the next file that is opened would take what is written there
    os.close(descriptor)
    codecs.register_error("audiogen", _escaped)
    with ExitStack() as afterwards:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = getattr(sys, name)
            if stream is None:
                afterwards.callback(setattr, sys, name, None)
                setattr(sys, name, afterwards.enter_context(open(os.devnull, mode, encoding="utf-8")))
            elif mode == "w" and hasattr(stream, "reconfigure"):
                afterwards.callback(_reconfigure, stream, stream.errors)
                stream.reconfigure(errors="audiogen")
        yield


def _reconfigure(stream: Any, errors: str) -> None:
    """Give a stream its error handler back, unless it was closed or broke meanwhile."""
    with suppress(ValueError, OSError):
        stream.reconfigure(errors=errors)


def clean(text: str) -> str:
    """The text with what a terminal would obey, and half characters, as escapes; line ends stay."""
    return "".join(c if c == "\n" or not _obeyed(c) else f"\\u{ord(c):04x}" for c in text)


def echo(text: str, err: bool = False) -> None:
    """A line for people, cleaned: prompts, names and recipes may hold anything."""
    click.echo(clean(text), err=err)


def _obeyed(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _JOINERS


def _escaped(problem: UnicodeError) -> tuple[str | bytes, int]:
    """For `codecs.register_error`: bytes of a file name that are no text stay what they are."""
    assert isinstance(problem, UnicodeEncodeError)
    code = ord(problem.object[problem.start])
    raw = bytes([code - 0xDC00]) if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
    return raw, problem.start + 1
