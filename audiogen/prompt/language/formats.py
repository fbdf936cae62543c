"""Kinds of files and their sample rates in a prompt ("as mp3", "48 kHz"): options say them, not the words."""

from __future__ import annotations

import re

from audiogen.prompt.language.patterns import Found, Pattern

_WRITTEN = ("wav", "flac", "ogg", "mp3")


def _kind(match: re.Match[str]) -> Found:
    kind = match["kind"].lower()
    if kind.startswith("mid"):
        return {"remark": f"{kind}: `audiogen structure` writes the notes as a MIDI file"}
    if kind not in _WRITTEN:
        return {
            "remark": f"{kind}: sounds are written as {', '.join(_WRITTEN)}, by the name of the output (-o)"
        }
    return {"remark": f"{kind}: the kind of file goes by the name of the output, for example -o x.{kind}"}


def _rate(match: re.Match[str]) -> Found:
    return {"remark": f"{match[0].strip()}: not of the piece; see the options --rate and --bits"}


FORMATS = [
    Pattern(
        r"(?:\b(?:as|in|to|into)\s+|\bsave(?:d)?\s+(?:it\s+)?as\s+)?(?:\ban?\s+)?\.?(?<![a-z0-9-])"
        r"(?P<kind>mp3|mp4|m4a|wave?(?=\s+(?:file|format))|wav|flac|ogg|aac|aiff?|midi(?!\s+velocity)|(?<=\.)mid)"
        r"(?![a-z0-9])(?:\s*(?:files?|formats?|格式|文件))?",
        _kind,
        needs="mp3 mp4 m4a wav flac ogg aac aif mid",
    ),
    Pattern(
        r"(?<![\w.])\d{1,6}(?:\.\d+)?\s*k?hz(?![a-z])|(?<![\w.])(?:16|24|32)[\s-]*bits?\b|(?<![\w.])\d{2,3}\s*kbps\b",
        _rate,
        needs="hz bit kbps",
    ),
]
