"""Keys as people write them: D minor, F#m, in B flat, cis-Moll, la minore, 降E大调, ♭B大调, 1=D."""

from __future__ import annotations

import re

from audiogen.prompt.language.patterns import Found, Pattern

MAJOR_NAMES = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINOR_NAMES = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_OTHER_NAME = {"D#": "Eb", "G#": "Ab", "A#": "Bb", "E#": "F", "B#": "C", "Fb": "E", "Db": "C#", "Gb": "F#"}
_OTHER_NAME |= {"Cb": "B"}
_SHARP = ("sharp", "#", "♯", "升")
_FLAT = ("flat", "b", "♭", "降")
_MINOR = ("minor", "min", "moll", "小调", "m")
_GERMAN = {"h": "B", "b": "Bb", "as": "Ab", "es": "Eb", "a": "A", "ases": "G", "eses": "D"}
_SOLFEGE = {"do": "C", "re": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}


def named(letter: str, sign: str, minor: bool) -> Found:
    """The key under the name that music uses: D# major is Eb major."""
    sign = sign.lower().strip(" -")
    letter = "B" if letter in "hH" else letter  # as Germans say
    tonic = letter.upper() + ("#" if sign in _SHARP else "b" if sign in _FLAT else "")
    if tonic not in (MINOR_NAMES if minor else MAJOR_NAMES):
        tonic = _OTHER_NAME[tonic]
    mode = "minor" if minor else "major"
    return {"key": f"{tonic} {mode}", "mode": mode}


def _key(match: re.Match[str]) -> Found:
    groups = match.groupdict()
    letter, mode = groups["letter"], (groups.get("mode") or "").lower()
    if letter == "a" and "in" in groups and not groups["in"]:
        return None  # "a minor piano piece" names no key
    if letter in "aA" and "in" in groups and not groups["sign"] and _KIND_OF.match(match.string, match.end()):
        return None  # "in a minor key"
    sign = groups.get("sign") or groups.get("before") or ""
    return named(letter, sign, mode in _MINOR)


def _modal(match: re.Match[str]) -> Found:
    """C dorian: the tonic, and the nearer of the two modes that are known."""
    if match["letter"] == "a" and not match["in"]:
        return None
    minor = match["mode"].lower() in _MINOR_LIKE
    near = named(match["letter"], match["sign"] or "", minor)
    assert near is not None
    said = " ".join(match.group().split()).removeprefix("in ")
    return near | {"remark": f"{said}: only major and minor are known; this is taken as {near['key']}"}


def _signature(match: re.Match[str]) -> Found:
    """ "Three flats", "4 sharps, minor"; major unless it says otherwise."""
    minor = (match["mode"] or "").lower() == "minor"
    names, home = (MINOR_NAMES, "A") if minor else (MAJOR_NAMES, "C")
    fifths = int(match["n"]) * (1 if match["sign"].lower() == "sharp" else -1)
    tonic = names[names.index(home) + fifths]
    return named(tonic[0], tonic[1:], minor)


def _bare(match: re.Match[str]) -> Found:
    """ "Lost In A Forest" is in no key, "waltz in A for piano" is."""
    plain_a = match["letter"] == "A" and not match["sign"] and not match["mode"]
    if plain_a and _A_NOUN_FOLLOWS.match(match.string, match.end()):
        return None
    return _key(match)


def _german(match: re.Match[str]) -> Found:
    name, minor = match["letter"].lower(), match["mode"].lower() == "moll"
    if name not in _GERMAN:
        sign = "#" if name.endswith("is") else "b" if name.endswith("s") else ""
        return named(name[0], sign, minor)
    tonic = _GERMAN[name]
    return named(tonic[0], tonic[1:], minor)


def _romance(match: re.Match[str]) -> Found:
    sign = (match["sign"] or "").lower()
    sharp = sign.startswith(("di", "so")) or sign in ("#", "sharp")
    return named(
        _SOLFEGE[match["letter"].lower().replace("é", "e")],
        "#" if sharp else "b" if sign else "",
        "in" in match["mode"],
    )


_A_NOUN_FOLLOWS = re.compile(r"\s+(?!(?:for|with|and|at|please|by|or|on|but)\b)[A-Za-z]", re.ASCII)
_ACCIDENTAL = r"(?:[ \t]*-?[ \t]*(?P<sign>sharp|flat|#|♯|♭|b(?![a-z])))?"
_KIND_OF = re.compile(
    r"\s+(?:key|mode|mood|scale|feel|tonality|chords?|third|sixth|seventh|role|work|part)", re.IGNORECASE
)
_MINOR_LIKE = ("dorian", "phrygian", "aeolian", "locrian")
_IN = r"(?P<in>\bin\s+(?:the\s+key\s+of\s+)?|\bkey\s*(?:of|is|:|=)?\s*)"
_KIND = r"(?:harmonic\s+|melodic\s+|natural\s+)?"

KEYS = [
    Pattern(
        r"\b(?P<letter>[cdefgah]|[cdfgah]is|[cdg]es|as|es|b|ases|eses)(?:[ -]?)(?P<mode>dur|moll)\b",
        _german,
        needs="dur moll",
    ),
    Pattern(
        r"\b(?P<letter>do|r[eé]|mi|fa|sol|la|si)\s*(?P<sign>diesis|di[eè]se|sostenido|b[eé]mol(?:le)?|#|b|sharp|flat)?\s+"
        r"(?P<mode>maggiore|minore|majeur|mineur|mayor|menor)\b",
        _romance,
        needs="maggiore minore majeur mineur mayor menor",
    ),
    Pattern(
        rf"{_IN}?\b(?P<letter>[A-H])"
        rf"{_ACCIDENTAL}(?:\s+|-)?{_KIND}(?P<mode>major|minor|maj|min)\b",
        _key,
        needs="maj min",
    ),
    Pattern(
        rf"{_IN}?\b(?P<letter>[A-H]){_ACCIDENTAL}(?:\s+|-)?"
        rf"(?P<mode>{'|'.join(_MINOR_LIKE)}|lydian|mixolydian|ionian)\b",
        _modal,
        needs="ian",
    ),
    Pattern(
        r"(?:调性?\s*[::为是]\s*)?(?P<before>[升降#♯♭b])?\s*(?<![a-z])(?P<letter>[A-H])\s*"
        r"(?P<sign>[#♯♭b升降])?\s*(?:自然|和声|旋律)?(?P<mode>大调|小调|调(?!性))",
        _key,
        needs="调",
    ),
    Pattern(r"1\s*=\s*(?P<before>[#♯♭b])?(?P<letter>[A-G])(?P<sign>[#♯♭b])?(?![a-z])", _key, needs="1= 1 ="),
    Pattern(
        r"(?P<n>\b[1-7])\s+(?P<sign>sharp|flat)s?\b(?:[ ,]+(?P<mode>major|minor)\b)?",
        _signature,
        needs="sharp flat",
    ),
    # after "in" or "key of" a letter is a key by itself; small letters only where nothing else can be meant
    Pattern(
        r"(?:\b[Ii][Nn]|\b[Kk][Ee][Yy](?:\s*(?:of|OF|is|:|=))?)\s*"
        r"(?:\s(?:[Tt]he\s+key\s+of\s+|KEY\s+OF\s+)?)?(?P<letter>\b[A-G])"
        r"(?:[ -]?(?P<sign>#|♯|♭|b(?![a-z])|[Ss]harp|[Ff]lat|SHARP|FLAT))?(?P<mode>m)?(?![A-Za-z'\d])",
        _bare,
        any_case=False,
        needs="in key",
    ),
    Pattern(
        r"\bin\s+(?P<letter>[b-g])(?P<sign>#|b)?(?P<mode>m)?(?=\s*(?:$|[,.;!?\0]))"
        r"|\bin\s+(?P<letter2>[a-g])(?P<sign2>#|b| sharp| flat)(?P<mode2>m)?(?![a-z])",
        lambda m: named(
            m["letter"] or m["letter2"], m["sign"] or m["sign2"] or "", bool(m["mode"] or m["mode2"])
        ),
        any_case=False,
        needs="in",
    ),
    # by themselves: F#m, Bb, Am
    Pattern(
        r"(?<![A-Za-z0-9#])(?P<letter>[A-Ga-g])(?P<sign>#|♯|♭)(?P<mode>m)?(?![A-Za-z0-9])",
        _key,
        any_case=False,
        needs="# ♯ ♭",
    ),
    Pattern(
        r"(?<![A-Za-z0-9#])(?P<letter>[A-EG])(?P<sign>b)(?P<mode>m)?(?![A-Za-z0-9])",
        _key,
        any_case=False,
        needs="b",
    ),
    Pattern(
        r"(?<![A-Za-z#])(?<!\d )(?<!\d)(?P<letter>[A-G])(?P<mode>m)(?![A-Za-z0-9']| I\b)",
        _key,
        any_case=False,
        needs="m",
    ),
    Pattern(
        r"\b(?P<letter>[A-Gb-g])[ -](?P<sign>flat|sharp)\b(?!\s*(?:keys?|notes?))",
        lambda m: named(m["letter"], m["sign"], False),
        any_case=False,
        needs="flat sharp",
    ),
]
