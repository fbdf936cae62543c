"""Every error that audiogen raises on purpose; each class carries the exit code of the command line.

A message says what is wrong, what came, what is allowed and what to do next.
"""


class AudiogenError(Exception):
    """Something failed that is not the caller's fault."""

    exit_code = 1


class InvalidRequest(AudiogenError, ValueError):
    """The request cannot be understood or lies outside what the product does."""

    exit_code = 2


class WouldOverwrite(AudiogenError):
    """The output exists and `--force` was not given."""

    exit_code = 3


class MissingModel(AudiogenError):
    """Weights are absent, incomplete or do not match their checksum."""

    exit_code = 4


class MissingPackage(AudiogenError):
    """An optional package is needed and not installed."""

    exit_code = 5


class Cancelled(AudiogenError):
    """A progress callback returned False, or Ctrl-C was pressed."""

    exit_code = 130
