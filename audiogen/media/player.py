"""Playing a finished file through whatever this machine has: a program, else the package sounddevice."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from audiogen.errors import AudiogenError, MissingPackage

_LEAST_SHARE = 0.5  # of a file's length that a player must have taken to play it
_LOSSLESS = (".wav", ".flac")
_SNDFILE = (*_LOSSLESS, ".ogg")


@dataclass(frozen=True)
class Player:
    """A program that plays a file and then ends.

    Attributes:
        command: the program and its options; the file comes last.
        suffixes: what it is known to play; empty: everything that audiogen writes.
    """

    command: tuple[str, ...]
    suffixes: tuple[str, ...] = ()


PLAYERS = (
    Player(("ffplay", "-nodisp", "-autoexit", "-loglevel", "error")),
    Player(("mpv", "--no-video", "--no-terminal")),
    Player(("afplay",), (*_LOSSLESS, ".mp3")),
    Player(("play", "-q"), _SNDFILE),  # SoX
    Player(("pw-play",), _SNDFILE),
    Player(("paplay",), _SNDFILE),
    Player(("aplay", "-q"), (".wav",)),
)


def find_player(suffix: str) -> Player | None:
    """The first program here that plays files of this suffix."""
    for player in PLAYERS:
        plays = not player.suffixes or suffix.lower() in player.suffixes
        if plays and shutil.which(player.command[0]):
            return player
    return None


def play(files: Sequence[Path]) -> None:
    """Play files one after the other, and return when the last has ended.

    Raises:
        MissingPackage: nothing here plays them.
        AudiogenError: the player failed, as it does without a sound device.
    """
    for file in files:
        player = find_player(file.suffix)
        if player is not None:
            _run(player, file)
        elif sys.platform == "win32" and file.suffix.lower() == ".wav":
            _play_windows(file)
        else:
            _play_sounddevice(file)


def _run(player: Player, file: Path) -> None:
    # An absolute name: one that starts with - must not be read as an option.
    command = [*player.command, str(file.absolute())]
    since = time.monotonic()
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
    except OSError as problem:
        raise AudiogenError(f"{file} is written, but {command[0]} failed: {problem.strerror}.") from problem
    # ffplay ends with 0 when there is no sound device, but at once.
    played_s = time.monotonic() - since
    if done.returncode or played_s < _LEAST_SHARE * soundfile.info(str(file)).duration:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        reason = said[-1].strip() if said else f"it ended after {played_s:.1f} s, code {done.returncode}"
        raise AudiogenError(
            f"{file} is written, but {command[0]} could not play it ({reason}); is there a sound device?"
        )


def _play_windows(file: Path) -> None:
    import winsound

    try:
        winsound.PlaySound(str(file.absolute()), winsound.SND_FILENAME)  # type: ignore[attr-defined]
    except RuntimeError as problem:
        raise AudiogenError(f"{file} is written, but could not be played: {problem}.") from problem


def _play_sounddevice(file: Path) -> None:
    from audiogen.media.audio import read_audio

    try:
        import sounddevice
    except (ImportError, OSError) as problem:  # OSError: without the library PortAudio
        raise MissingPackage(
            f"{file} is written, but nothing here plays it; install ffmpeg, mpv or SoX, "
            "or pip install 'audiogen[play]'."
        ) from problem
    samples, rate = read_audio(file)
    try:
        sounddevice.play(samples.T, rate, blocking=True)
    except sounddevice.PortAudioError as problem:
        raise AudiogenError(f"{file} is written, but could not be played: {problem}.") from problem
