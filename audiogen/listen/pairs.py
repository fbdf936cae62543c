"""Two folders (or two files) of sounds -> the items of a test, and what had to be left out."""

from __future__ import annotations

import hashlib
from pathlib import Path

from audiogen.errors import InvalidRequest
from audiogen.listen.trials import Item, Sound
from audiogen.media.audio import SUFFIXES

_NAMED = 5  # so many names in one remark


def pair_up(a: Path, b: Path) -> tuple[list[Item], list[str]]:
    """Items of two sounds each, by common stem, else by sorted order.

    Args:
        a, b: folders, or one sound file each.
    Returns: the items, and remarks for the user: how pairs were found, what was left out.
    Raises:
        InvalidRequest: missing, no sounds, one stem twice, or nothing in common and unequal numbers.
    """
    systems = system_names(a, b)
    ours, theirs = _sounds(a), _sounds(b)
    common = [stem for stem in ours if stem in theirs]
    remarks = []
    if common:
        pairs = [(stem, ours[stem], theirs[stem]) for stem in common]
        alone = [str(f) for stem, f in (ours | theirs).items() if stem not in common]
        if alone:
            remarks.append(f"without a partner of the same name, left out: {_list(alone)}")
    elif len(ours) == len(theirs):
        files = list(zip(ours.values(), theirs.values(), strict=True))
        pairs = [(f"{x.stem} | {y.stem}", x, y) for x, y in files]
        if a.is_dir():
            shown = _list([f"{x.name} with {y.name}" for x, y in files])
            remarks.append(f"no names in common; paired by sorted order: {shown}")
    else:
        raise InvalidRequest(
            f"{a} and {b} have no file name in common and {len(ours)} against {len(theirs)} sounds; "
            "give the sounds of one piece the same name in both."
        )
    items = [
        Item(name, tuple(Sound(s, f, checksum(f)) for s, f in zip(systems, (x, y), strict=True)))
        for name, x, y in pairs
    ]
    same = [item.name for item in items if item.sounds[0].sha256 == item.sounds[1].sha256]
    if same:
        remarks.append(f"the same file in both folders: {_list(same)}")
    return items, remarks


def system_names(a: Path, b: Path) -> tuple[str, str]:
    """The last parts of the two paths, as many as it takes to tell them apart.

    Raises:
        InvalidRequest: it is one and the same path.
    """
    if a.resolve() == b.resolve():
        raise InvalidRequest(f"{a} and {b} are the same; a test compares two folders or two sounds.")
    x, y = (p.with_suffix("").parts if p.is_file() else p.parts for p in (a.resolve(), b.resolve()))
    depth = 1
    while x[-depth:] == y[-depth:]:
        if depth >= max(len(x), len(y)):  # a.wav beside a.flac
            return a.name, b.name
        depth += 1
    return "/".join(x[-depth:]), "/".join(y[-depth:])


def checksum(file: Path) -> str:
    """SHA-256 of the file's bytes.

    Raises:
        InvalidRequest: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(file, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read ({problem.strerror}).") from problem
    return digest.hexdigest()


def _sounds(place: Path) -> dict[str, Path]:
    """Sound files by stem, sorted."""
    if place.is_file():
        return {place.stem: place}
    if not place.is_dir():
        raise InvalidRequest(f"The folder {place} does not exist; give two folders of sounds.")
    try:
        names = sorted(f for f in place.iterdir() if f.suffix.lower() in SUFFIXES and f.name[0] != ".")
    except OSError as problem:
        raise InvalidRequest(f"The folder {place} cannot be read ({problem.strerror}).") from problem
    found: dict[str, Path] = {}
    for file in names:
        if file.stem in found:
            raise InvalidRequest(
                f"{found[file.stem]} and {file.name} have one name; leave only one of them in {place}."
            )
        found[file.stem] = file
    if not found:
        raise InvalidRequest(f"The folder {place} holds no sounds ({', '.join(SUFFIXES)}).")
    return found


def _list(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
