"""Folders (or single files) of sounds or pictures -> the items of a test, and what had to be left out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.kind import Medium
from audiogen.listen.trials import Item, Stimulus
from audiogen.media import audio, png

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
SUFFIXES: dict[Medium, tuple[str, ...]] = {"sound": audio.SUFFIXES, "picture": PICTURES}
REFERENCE = "reference"  # the name of the reference as a system, as in webMUSHRA
_NAMED = 5  # so many names in one remark
_LONGEST_PROMPT = 2000  # characters


def gather(places: Sequence[Path], reference: Path | None = None) -> tuple[list[Item], Medium, list[str]]:
    """Items of one stimulus per system, by common stem; of two folders without one, by sorted order.

    Args:
        places: folders, or one file each; one that is the reference is no system.
        reference: a folder or file; None: there is none.
    Returns: the items, what they are, and remarks for the user: how they were found, what was left out.
    Raises:
        InvalidRequest: missing, nothing in it, one stem twice, or nothing in common.
    """
    if reference is not None:
        places = [place for place in places if place.resolve() != reference.resolve()]
    systems = system_names(places)
    every = [*places, *([reference] if reference else [])]
    medium = _medium(every)
    found = [_files(place, medium) for place in every]
    common = [stem for stem in found[0] if all(stem in own for own in found)]
    remarks = []
    if common:
        rows = [(stem, [own[stem] for own in found]) for stem in common]
        alone = [str(f) for own in found for stem, f in own.items() if stem not in common]
        if alone:
            remarks.append(f"without a partner of the same name, left out: {_list(alone)}")
    elif len(every) == 2 and len(found[0]) == len(found[1]) or all(place.is_file() for place in every):
        files = list(zip(*(own.values() for own in found), strict=True))
        rows = [(" | ".join(f.stem for f in own), list(own)) for own in files]
        if every[0].is_dir():
            shown = _list([" with ".join(f.name for f in own) for own in files])
            remarks.append(f"no names in common; paired by sorted order: {shown}")
    else:
        counts = " against ".join(str(len(own)) for own in found)
        raise InvalidRequest(
            f"{_and(every)} have no file name in common and {counts} {medium}s; "
            "give the versions of one piece the same name in all."
        )
    items = []
    for name, own in rows:
        stimuli = [Stimulus(s, f, checksum(f)) for s, f in zip([*systems, REFERENCE], own, strict=False)]
        prompt = next(filter(None, (_prompt(f) for f in own)), name.replace("-", " ").replace("_", " "))
        items.append(Item(name, tuple(stimuli[: len(places)]), stimuli[-1] if reference else None, prompt))
    same = [item.name for item in items if len({s.sha256 for s in item.stimuli}) < len(item.stimuli)]
    if same:
        where = "both folders" if len(places) == 2 else "two folders"
        remarks.append(f"the same file in {where}: {_list(same)}")
    return items, medium, remarks


def system_names(places: Sequence[Path]) -> list[str]:
    """The last parts of the paths, as many as it takes to tell them apart.

    Raises:
        InvalidRequest: one path is there twice, or there is none.
    """
    whole = [place.resolve() for place in places]
    for k, place in enumerate(places):
        if whole.index(whole[k]) < k:
            first = places[whole.index(whole[k])]
            raise InvalidRequest(f"{first} and {place} are the same; a test compares different systems.")
    if not places:
        raise InvalidRequest("No system is left to judge; the reference is none.")
    parts = [p.with_suffix("").parts if p.is_file() else p.parts for p in whole]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-depth:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    return [place.name for place in places]  # a.wav beside a.flac


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


def _medium(places: Sequence[Path]) -> Medium:
    """What all the places hold."""
    for place in places:
        if not place.exists():
            raise InvalidRequest(f"The folder {place} does not exist; give folders of sounds or of pictures.")
    for medium, suffixes in SUFFIXES.items():
        if all(_listed(place, suffixes) for place in places):
            return medium
    empty = next((p for p in places if not any(_listed(p, s) for s in SUFFIXES.values())), None)
    if empty is not None:
        known = ", ".join((*audio.SUFFIXES, *PICTURES))
        raise InvalidRequest(f"The folder {empty} holds no sounds and no pictures ({known}).")
    raise InvalidRequest(f"Some of {_and(places)} hold sounds, others pictures; give folders of one sort.")


def _listed(place: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not place.is_dir():
        return [place] if place.suffix.lower() in suffixes else []
    try:
        return sorted(f for f in place.iterdir() if f.suffix.lower() in suffixes and f.name[0] != ".")
    except OSError as problem:
        raise InvalidRequest(f"The folder {place} cannot be read ({problem.strerror}).") from problem


def _files(place: Path, medium: Medium) -> dict[str, Path]:
    """Files by stem, sorted."""
    found: dict[str, Path] = {}
    for file in _listed(place, SUFFIXES[medium]):
        if file.stem in found:
            raise InvalidRequest(
                f"{found[file.stem]} and {file.name} have one name; leave only one of them in {place}."
            )
        found[file.stem] = file
    return found


def _prompt(file: Path) -> str:
    """What was asked for: a text of the same name beside the file, else the prompt in its recipe, else ""."""
    beside = file.with_suffix(".txt")
    try:
        if beside.is_file():
            return beside.read_text(encoding="utf-8")[:_LONGEST_PROMPT].strip()
        read: Any = png.read_recipe if file.suffix.lower() in PICTURES else audio.read_recipe
        prompt = (read(file) or {}).get("prompt", "")
    except (
        OSError,
        ValueError,
        AudiogenError,
    ):  # no readable text or recipe; the file itself is checked later
        return ""
    return prompt[:_LONGEST_PROMPT] if isinstance(prompt, str) else ""


def _list(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _and(places: Sequence[Path]) -> str:
    return " and ".join(map(str, places))
