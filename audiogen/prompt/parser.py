"""A prompt in English or Chinese, or both, becomes a Conditioning.

Amounts with a unit are read first ("15 s", "D minor", "90 bpm"); what is left is matched word by word
against the lists, and everything is weighed together. Words that nothing matched are kept in
`Conditioning.unknown`, and what was heard otherwise than it was said in `Conditioning.remarks`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.prompt.lexicon import lexicon
from audiogen.prompt.listening import Heard, listen
from audiogen.prompt.measures import Amount, take
from audiogen.prompt.remarks import remarks_about
from audiogen.prompt.text import normal
from audiogen.prompt.weighing import weigh

DEFAULT_SECONDS = 15.0
LONGEST_PROMPT = 2000


@dataclass(frozen=True)
class Reading:
    """A prompt that has been understood.

    Attributes:
        conditioning: what it asks for.
        words: attribute -> the words that its value came from.
    """

    conditioning: Conditioning
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse(text: str, path: str | None = None, default_path: str | None = None) -> Conditioning:
    """What a prompt asks for.

    Args:
        text: words in English, Chinese or both.
        path: "piano", ...; None: by the words.
        default_path: where some words are understood but none says what to make.
    Raises:
        InvalidRequest: empty, too long, only unknown words (without `path`), a tempo or metre that no
            piece has, or something that audiogen cannot make ("violin").
    """
    return understand(text, path, default_path).conditioning


def understand(text: str, path: str | None = None, default_path: str | None = None) -> Reading:
    """What a prompt asks for, and which words said so; arguments and errors of `parse`."""
    if not text.strip():
        raise InvalidRequest('The prompt is empty; say what to make, for example "calm piano, 15 s".')
    if len(text) > LONGEST_PROMPT:
        raise InvalidRequest(f"A prompt has at most {LONGEST_PROMPT} characters, not {len(text)}.")
    words = lexicon()
    amounts, rest = take(normal(text, words.variants))
    heard, unknown = listen(rest, words)
    chosen = path or _path(heard, amounts) or (default_path if heard or amounts else None)
    if chosen in (None, "piano"):
        _refuse(heard)
    if chosen is None and default_path is not None:
        raise InvalidRequest(
            f"No word of {text!r} is understood; say what to make, for example 'calm piano, 15 s'."
        )
    if chosen is None:
        raise InvalidRequest(
            f"Nothing in {text!r} says what to make; name it in the prompt (piano, 钢琴), "
            "with --path piano, or by the suffix of the output (-o x.wav)."
        )
    heard = [h if h.meaning.group != "nature" else _as_mood(h) for h in heard]
    unknown += [h.word for h in heard if _of_no_use(h, chosen)]
    found = weigh([h for h in heard if not _of_no_use(h, chosen)], amounts, words.neutral)
    asked = {name: value for name, value in found.values.items() if name not in ("path", "bars")}
    remarks = [*remarks_about(heard, unknown, amounts), *found.remarks, *_length_of_bars(asked, found.values)]
    moods = [h.meaning.name for h in heard if h.meaning.group == "mood" and h.strength > 0 and not h.changing]
    known = Conditioning(
        prompt=text,
        path=chosen,
        seconds=float(asked.pop("seconds", DEFAULT_SECONDS)),
        mood=tuple(dict.fromkeys(moods)),
        unknown=tuple(sorted(dict.fromkeys(unknown), key=rest.find)),
        remarks=tuple(dict.fromkeys(remarks)),
        **asked,
    )
    said = {name: words_ for name, words_ in found.words.items() if name in asked or name == "seconds"}
    if moods:
        said["mood"] = tuple(dict.fromkeys(h.said for h in heard if h.meaning.name in moods))
    return Reading(known, said)


def _path(heard: list[Heard], amounts: list[Amount]) -> str | None:
    """By name; else the first path whose words occur; else music, if anything musical was said."""
    named = [h for h in heard if h.meaning.group in ("path", "nature") and h.strength > 0 and not h.alike]
    if any(h.meaning.name == "piano" for h in named):
        return "piano"
    others = [
        h.meaning.asks["path"] for h in named if h.meaning.group == "path" and h.meaning.name != "music"
    ]
    if others:
        return str(others[0])
    if any(h.meaning.group == "nature" for h in named) and not _names_music(heard):
        return "ambience"
    musical = [h for h in heard if h.meaning.group not in ("path", "nature", "length", "refused")]
    musical += [
        h for h in heard if h.meaning.group == "refused" and (h.strength < 0 or h.alike)
    ]  # "no drums"
    asked = {name for amount in amounts for name in amount.asks} - {"seconds", "bars"}
    return "piano" if named or musical or asked else None


def _names_music(heard: list[Heard]) -> bool:
    """ "A waltz for a rainy day" and "music like waves" are for the piano."""
    groups = ("form", "manner", "tempo", "texture", "mode", "metre")
    return any(h.meaning.group in groups or h.meaning.name == "music" for h in heard)


def _refuse(heard: list[Heard]) -> None:
    refused = [h for h in heard if h.meaning.group == "refused" and h.strength > 0 and not h.alike]
    if not refused:
        return
    names = dict.fromkeys(_name_as_said(h) for h in refused)
    raise InvalidRequest(
        f"audiogen cannot make {', '.join(names)}; it makes solo piano. "
        'Leave that out, or say "no ..."; "like a ..." lets the piano imitate it.'
    )


def _name_as_said(heard: Heard) -> str:
    name, word = heard.meaning.name, heard.word
    return name if word.startswith(name) or name.startswith(word) else f"{name} ({word})"


def _as_mood(heard: Heard) -> Heard:
    """ "Rain" in a prompt for the piano asks for a mood, as "like rain" does."""
    return replace(heard, alike=True) if heard.meaning.compared else heard


def _of_no_use(heard: Heard, path: str) -> bool:
    """Known, but of no use here: a picture in a prompt for the piano, music never heard."""
    group = heard.meaning.group
    if heard.strength <= 0 or (group == "nature" and heard.alike and path == "piano"):
        return False
    return group == "absent" or (group in ("path", "nature") and heard.meaning.asks["path"] != path)


def _length_of_bars(asked: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Turn "8 bars" into seconds, in `asked`; returns what the user should know."""
    if "bars" not in values or "seconds" in asked:
        return []
    bars = values["bars"]
    if "tempo" not in asked:
        return [f"{bars:g} bars have a length only together with a tempo (say 90 bpm), so that is left out"]
    beats, unit = asked.get("metre", (4, 4))
    compound = unit == 8 and beats % 3 == 0 and beats > 3
    asked["seconds"] = round(bars * (beats / 3 if compound else beats) * 60 / asked["tempo"], 2)
    return [f"{bars:g} bars of {beats}/{unit} at {asked['tempo']:g} bpm take {asked['seconds']:g} s"]
