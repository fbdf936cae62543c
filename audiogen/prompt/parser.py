"""A prompt in English or Chinese, or both, becomes a Conditioning.

Amounts with a unit are read first ("15 s", "D minor", "90 bpm"); what is left is matched word by word
against the lists, and everything is weighed together. Words that nothing matched are kept in
`Conditioning.unknown`, and what was taken otherwise than it was said in `Conditioning.remarks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from audiogen.artifacts import PICTURES, Conditioning
from audiogen.errors import InvalidRequest
from audiogen.prompt.ambience.beside import beside_the_piano
from audiogen.prompt.ambience.comparing import compared
from audiogen.prompt.ambience.sounds import Scene
from audiogen.prompt.ambience.sounds import scene as sounds_of
from audiogen.prompt.language.lexicon import GROUPS, lexicon
from audiogen.prompt.language.order import in_order
from audiogen.prompt.language.patterns import Amount
from audiogen.prompt.language.recognition import Recognised, recognise
from audiogen.prompt.language.spelling import mended
from audiogen.prompt.language.text import normal, tokens
from audiogen.prompt.measures import take
from audiogen.prompt.music.bars import bars_as_seconds, counted, in_beats
from audiogen.prompt.music.qualified import qualified
from audiogen.prompt.pictures import subjects as pictures
from audiogen.prompt.pictures.recognition import recognise_picture
from audiogen.prompt.refusals import (
    is_unknown_sound,
    refuse_instruments,
    refuse_silence,
    refuse_unknown_sounds,
)
from audiogen.prompt.remarks import remarks_about, remarks_on_sounds
from audiogen.prompt.weighing import weigh

DEFAULT_SECONDS = 15.0
LONGEST_PROMPT = 2000
_OF_SOUNDS = ("weather", "noise", "thing")
_SOUND = frozenset(("sound", "sounds", "声"))
_MOODS = ("mood", "form", "manner")
_MUSICAL = tuple(g for g in GROUPS if g not in ("path", "nature", "length", "refused", "amount", *_OF_SOUNDS))


@dataclass(frozen=True)
class Reading:
    """A prompt that has been understood.

    Attributes:
        conditioning: what it asks for.
        words: attribute -> the words that its value came from.
    """

    conditioning: Conditioning
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse(
    text: str,
    path: str | None = None,
    default_path: str | None = None,
    drawn: bool = False,
    free: bool = False,
) -> Conditioning:
    """What a prompt asks for.

    Args:
        text: words in English, Chinese or both.
        path: "piano", ...; None: by the words.
        default_path: where some words are understood but none says what to make.
        drawn: there is a drawing, or a picture that is changed; then the words need not say of what.
        free: a style or an instrument that is not known is not refused: others than our own models hear it.
    Raises:
        InvalidRequest: empty, too long, only unknown words (without `path`), a tempo or metre that no
            piece has, something that audiogen cannot make ("violin", "traffic" where no sound that it knows
            is asked for too), or a sound that is asked for and ruled out ("silent rain").
    """
    return understand(text, path, default_path, drawn, free).conditioning


def understand(
    text: str,
    path: str | None = None,
    default_path: str | None = None,
    drawn: bool = False,
    free: bool = False,
) -> Reading:
    """What a prompt asks for, and which words said so; arguments and errors of `parse`."""
    if not text.strip():
        raise InvalidRequest('The prompt is empty; say what to make, for example "calm piano, 15 s".')
    if len(text) > LONGEST_PROMPT:
        raise InvalidRequest(f"A prompt has at most {LONGEST_PROMPT} characters, not {len(text)}.")
    words = lexicon()
    plain, slips = mended(normal(text, words.variants), words)
    amounts, rest = take(plain)
    recognised, unknown = recognise(rest, words)
    spoken = tokens(rest)
    amounts, ordered = in_order(rest, spoken, recognised, amounts)
    recognised, unlike = compared(qualified(recognised, spoken, words.neutral), spoken)
    aside = (*slips, *ordered, *unlike)
    by_words = path or _path(recognised, amounts, spoken)
    if path in PICTURES or _is_for_pictures(text, by_words, default_path, recognised, drawn):
        return _picture(text, path, amounts, drawn, free)
    by_words = "piano" if by_words in PICTURES else by_words  # "music like a painting"
    chosen = by_words or (default_path if recognised or amounts else None)
    if chosen in PICTURES:
        raise pictures.which_subject(text)
    if chosen == "ambience":
        reading = _ambience(text, rest, recognised, unknown, amounts)
        known = replace(reading.conditioning, remarks=(*aside, *reading.conditioning.remarks))
        return replace(reading, conditioning=known)
    sounds, pianos = beside_the_piano(recognised, spoken, bool(unlike)) if chosen == "piano" else ([], [])
    if not sounds:  # then words that are said of sounds only are not understood
        recognised, unknown = recognise(rest, words, _OF_SOUNDS)
        recognised = compared(qualified(recognised, spoken, words.neutral), spoken)[0]
    if chosen in (None, "piano") and not free:
        refuse_instruments(recognised)
    if chosen is None and default_path is not None:
        raise InvalidRequest(
            f"No word of {text!r} is understood; say what to make, for example 'calm piano, 15 s'."
        )
    if chosen is None:
        raise InvalidRequest(
            f"Nothing in {text!r} says what to make; name it in the prompt (piano, 钢琴), "
            "with --path piano, or by the suffix of the output (-o x.wav)."
        )
    scene = sounds_of(recognised, spoken, sounds, pianos, alone=False) if sounds else Scene()
    said_of_sounds = [h for h in recognised if h.start in scene.taken]
    recognised = [h for h in recognised if h.start not in scene.taken]
    recognised = [h if h.meaning.group != "nature" else _as_mood(h) for h in recognised]
    unknown += [h.word for h in recognised if _of_no_use(h, chosen)]
    of_use = [h for h in recognised if not _of_no_use(h, chosen)]
    metre = weigh(of_use, amounts, words.neutral).values.get("metre")
    found = weigh(of_use, in_beats(amounts, metre), words.neutral)
    asked = {name: value for name, value in found.values.items() if name not in ("path", "bars")}
    remarks = [
        *aside,
        *remarks_about(recognised, unknown, amounts),
        *found.remarks,
        *counted(amounts, metre),
    ]
    if scene.sources and any(h.meaning.name == "main" for h in said_of_sounds):
        remarks.append("how loud sounds of nature are beside the piano cannot be asked for")
    if "bars" in found.values:
        remarks.append(bars_as_seconds(asked, found.values["bars"]))
    if path is None and not any(h.meaning.group in ("path", "form") for h in recognised):
        seen = pictures.could_be_drawn(unknown)
        remarks += [f'{word}: it can be drawn; say "a cartoon {word}" for a picture' for word in seen]
    moods = [_mood(h) for h in recognised if _mood(h) and h.strength > 0 and not h.changing]
    known = Conditioning(
        prompt=text,
        path=chosen,
        seconds=float(asked.pop("seconds", DEFAULT_SECONDS)),
        mood=tuple(dict.fromkeys(moods)),
        sources=scene.sources,
        intensity=scene.intensity,
        unknown=_in_order(unknown, rest),
        remarks=tuple(dict.fromkeys([*remarks, *scene.remarks])),
        **asked,
    )
    said = {name: words_ for name, words_ in found.words.items() if name in asked or name == "seconds"}
    if moods:
        said["mood"] = tuple(dict.fromkeys(h.said for h in recognised if _mood(h) in moods))
    return Reading(known, said | scene.words)


def _picture(text: str, path: str | None, amounts: list[Amount], drawn: bool, free: bool) -> Reading:
    """What a prompt for a picture asks for; see `pictures.condition`."""
    lengths = tuple(amount.said for amount in amounts if "seconds" in amount.asks)
    plain = normal(text, lexicon().variants)
    for said in lengths:
        plain = plain.replace(said, " " * len(said))
    known, words = pictures.condition(text, recognise_picture(plain), path, drawn, lengths, free)
    return Reading(known, words)


def _is_for_pictures(
    text: str, said: str | None, default_path: str | None, recognised: Sequence[Recognised], drawn: bool
) -> bool:
    """Whether a prompt is for somebody who draws, where no path is given.

    What its words say for sound comes first; a thing to draw counts where they say nothing, or where the
    output is to be a picture.

    Args:
        said: the path that the words say to somebody who makes sound.
    """
    if said in PICTURES:
        music = any(h.meaning.name == "music" or h.meaning.group == "form" for h in recognised)
        return not music or recognise_picture(normal(text, lexicon().variants)).draws
    if default_path not in (None, *PICTURES):
        return False
    if any(h.meaning.name == "piano" for h in recognised):
        return False
    plain = normal(text, lexicon().variants)
    picture = recognise_picture(plain)
    if default_path is None and said is not None:
        if not _SOUND.isdisjoint(tokens(plain)):
            return False
        how = picture.says_how or picture.strange
        painted = how and (picture.of("subject") or picture.digits)
        return bool(painted) and all(_can_be_drawn(h, picture.unknown) for h in recognised)
    if default_path in PICTURES:
        named = any(h.meaning.group in ("nature", "form") or h.meaning.name == "music" for h in recognised)
        return (
            (drawn and not named) or picture.draws or bool(picture.digits or picture.unknown and said is None)
        )
    sounding = any(h.meaning.group in ("nature", "refused", *_OF_SOUNDS) for h in recognised)
    return picture.draws and bool(picture.says_how or not (sounding or picture.unknown))


def _can_be_drawn(word: Recognised, unknown: Sequence[str]) -> bool:
    """Whether a word says something to somebody who draws as well: "bird", where "bird song" is heard.

    Args:
        unknown: what says nothing to somebody who draws.
    """
    group = word.meaning.group
    if group in ("noise", "nature"):
        return not any(each in word.word for each in unknown)
    return group in ("mood", "thing", "amount")


def _ambience(
    text: str, rest: str, recognised: list[Recognised], unknown: list[str], amounts: list[Amount]
) -> Reading:
    """What a prompt for sounds of nature asks for; nothing in it is for the piano.

    Raises:
        InvalidRequest: no sound that audiogen knows, or one that is asked for and ruled out.
    """
    strangers = [h for h in recognised if is_unknown_sound(h)]
    scene = sounds_of(recognised, tokens(rest), [h for h in recognised if h.meaning.sources], strangers)
    refuse_silence(recognised, scene)
    if not scene.sources:
        refuse_unknown_sounds(text, recognised)
    lengths = [h for h in recognised if h.meaning.group == "length"]
    found = weigh(lengths, [a for a in amounts if "seconds" in a.asks], lexicon().neutral)
    left = [h for h in recognised if h.start not in scene.taken and h not in lengths and h.strength > 0]
    strange = [h for h in left if is_unknown_sound(h) and not _suits(h, scene)]
    strange += [h for h in left if h.meaning.name in ("digit", "picture")]
    known = Conditioning(
        prompt=text,
        path="ambience",
        seconds=float(found.values.get("seconds", DEFAULT_SECONDS)),
        sources=scene.sources,
        intensity=scene.intensity,
        unknown=_in_order([*unknown, *(h.word for h in strange)], rest),
        remarks=tuple(
            dict.fromkeys(
                (*scene.remarks, *found.remarks, *remarks_on_sounds(text, recognised, left, strange, amounts))
            )
        ),
    )
    return Reading(known, found.words | scene.words)


def _suits(word: Recognised, scene: Scene) -> bool:
    """Birds sing, the wind whistles; that asks for no singer."""
    sings = word.meaning.name == "singing" and {"birds", "crickets", "wind"} & set(scene.sources)
    return bool(sings) or (word.meaning.ambience is not None and word.meaning.group != "nature")


def _in_order(unknown: list[str], text: str) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(unknown), key=text.find))


def _path(recognised: list[Recognised], amounts: list[Amount], spoken: Sequence[str]) -> str | None:
    """By name; else the first path whose words occur; else music, if anything musical was said."""
    said = [h for h in recognised if h.strength > 0]
    named = [h for h in said if h.meaning.group in ("path", "nature") and not h.alike]
    if any(h.meaning.name == "piano" for h in named):
        return "piano"
    others = [
        h.meaning.asks["path"]
        for h in named
        if h.meaning.group == "path" and h.meaning.asks["path"] != "piano"
    ]
    if others:
        return str(others[0])
    music = any(h.meaning.group in ("form", "manner") or h.meaning.name == "music" for h in said)
    nature = any(h.meaning.group == "nature" and h.meaning.sources for h in named)
    nature |= any(h.meaning.sources for h in said) and not _SOUND.isdisjoint(spoken)  # a rainy night's sounds
    if nature and not music:
        return "ambience"
    musical = [h for h in recognised if h.meaning.group in _MUSICAL]
    asked = {name for amount in amounts for name in amount.asks} - {"seconds", "bars"}
    if not (music or asked or any(h.meaning.group in _MOODS for h in recognised)):
        if any(h.meaning.group == "noise" and not h.alike for h in said):
            return "ambience"  # to be refused there
        if not musical and any(h.meaning.group in ("nature", "thing") for h in said):
            return "ambience"  # "it sounds like rain", "a dog"
    elif not music and not asked and any(h.meaning.group == "noise" and not h.alike for h in said):
        return "ambience" if all(h.meaning.ambience is not None for h in musical) else "piano"
    musical += [
        h for h in recognised if h.meaning.group == "refused" and (h.strength < 0 or h.alike)
    ]  # "no drums"
    return "piano" if named or musical or asked else None


def _as_mood(word: Recognised) -> Recognised:
    """ "Rain" in a prompt for the piano asks for a mood, as "like rain" does."""
    return replace(word, alike=True) if word.meaning.compared else word


def _mood(word: Recognised) -> str:
    """The mood that it is, or is taken as."""
    return word.meaning.name if word.meaning.group == "mood" else word.meaning.mood if word.alike else ""


def _of_no_use(word: Recognised, path: str) -> bool:
    """Known, but of no use here: a picture in a prompt for the piano, music it never learned from."""
    group = word.meaning.group
    if word.strength <= 0 or (group == "nature" and word.alike and path == "piano"):
        return False
    if group in ("absent", *_OF_SOUNDS):
        return True
    return group in ("path", "nature") and bool(word.meaning.asks["path"] != path)
