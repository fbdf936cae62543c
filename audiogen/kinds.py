"""What kinds of work there are: one record says all that differs between piano, ambience and pictures.

To add a kind: its record here (or `register_kind` in a package of yours), its words in the prompt room (or in
the record), and its stages in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audiogen import plugins
from audiogen.errors import InvalidRequest

SOUND, PICTURE = "sound", "picture"
SUFFIXES = {SOUND: (".wav", ".flac", ".ogg", ".mp3"), PICTURE: (".png",)}  # of results, the usual one first
OWN, FREE = "own", "free"
STRUCK, LASTING = "struck", "lasting"
DECODE_SECONDS = (0.5, 600.0)  # of what is played from a file
Level = Callable[[Any, "float | None"], float]


def _piano_level(known: Any, velocity: float | None) -> float:
    from audiogen.media.loudness import piano_target_lufs

    return piano_target_lufs(velocity if known.loudness is None else known.loudness)


def _ambience_level(known: Any, velocity: float | None) -> float:
    from audiogen.media.loudness import ambience_target_lufs

    return ambience_target_lufs(known.intensity)


def _middling(known: Any, velocity: float | None) -> float:
    return -20.0


@dataclass(frozen=True)
class Kind:
    """A kind of work.

    Attributes:
        name: as it stands in a recipe and after --path.
        called: in a sentence, "a piano piece".
        result: SOUND or PICTURE.
        stages: seam -> name of the stage that is taken where none is named, in order.
        default_for: suffixes of an output that mean this kind where the words do not say one.
        structure_suffix: of its structure as a file; notes: whether that can be notes (MIDI).
        seconds: shortest and longest that is made from words; None: it has no length.
        ends: STRUCK (a first attack stays sharp, the end rings out) or LASTING (it has neither).
        sizes: of pictures, pixels to a side, the usual one last; (): as its stages make them.
        level: (Conditioning, mean velocity of the notes or None) -> the loudness to aim at, LUFS.
        of_sources: whether it is made of the sounds of nature that its words name.
        loops: whether its end can go over into its beginning.
        bed: the kind that is laid under it where its words name sounds beside it; None: nothing.
        vocabulary: OWN: what the models never learned is refused; FREE: they are handed the whole sentence.
        subject: what must be named to be drawn, "digit" or "thing"; "": nothing.
        asks: attributes of a Conditioning that its words can set, for `explain`.
        words: a prompt that holds one of them asks for this kind; those of the shipped kinds are in the lists
            of the prompt room.
        parse: words -> Conditioning; None: the prompt room's.
        checks: by which several takes are judged, see `ranking`.
    """

    name: str
    called: str = ""
    result: str = SOUND
    stages: Mapping[str, str] = field(default_factory=dict)
    default_for: tuple[str, ...] = ()
    structure_suffix: str = ".npz"
    notes: bool = False
    seconds: tuple[float, float] | None = (1.0, 60.0)
    sizes: tuple[int, ...] = ()
    ends: str = LASTING
    level: Level = _middling
    of_sources: bool = False
    loops: bool = False
    bed: str | None = None
    vocabulary: str = OWN
    subject: str = ""
    asks: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None
    checks: tuple[str, ...] = ("signal",)

    def __post_init__(self) -> None:
        problems = []
        if self.result not in SUFFIXES:
            problems.append(f"result must be {SOUND} or {PICTURE}, not {self.result!r}")
        if self.vocabulary not in (OWN, FREE):
            problems.append(f"vocabulary must be {OWN} or {FREE}, not {self.vocabulary!r}")
        if self.ends not in (STRUCK, LASTING):
            problems.append(f"ends must be {STRUCK} or {LASTING}, not {self.ends!r}")
        if not self.stages:
            problems.append("it needs at least one stage")
        if problems:
            raise InvalidRequest(f"The kind {self.name!r}: {'; '.join(problems)}.")

    @property
    def is_picture(self) -> bool:
        """Whether its result is seen, not heard."""
        return self.result == PICTURE

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Of its files, the usual one first."""
        return SUFFIXES[self.result]


_PAINTED = {"decoder": "flow", "renderer": "painter"}
KINDS: dict[str, Kind] = {
    "piano": Kind(
        "piano",
        "a piano piece",
        stages={"structure": "score", "decoder": "flow", "renderer": "vocoder"},
        default_for=(*SUFFIXES[SOUND], ".mid", ".midi"),
        structure_suffix=".mid",
        notes=True,
        seconds=(1.0, 300.0),
        loops=True,
        ends=STRUCK,
        level=_piano_level,
        bed="ambience",
        asks=("tempo", "key", "metre", "density", "loudness", "register")
        + ("articulation", "pedal", "texture", "growth", "period"),
        checks=("closing", "signal", "obedience", "fidelity"),
    ),
    "ambience": Kind(
        "ambience",
        "an ambience",
        stages={"structure": "mel", "decoder": "flow", "renderer": "vocoder"},
        seconds=(1.0, 300.0),
        level=_ambience_level,
        of_sources=True,
        loops=True,
        asks=("intensity",),
    ),
    "digit": Kind(
        "digit",
        "a digit",
        PICTURE,
        {"structure": "pixelcnn", **_PAINTED},
        structure_suffix=".png",
        seconds=None,
        sizes=(384, 512),
        subject="digit",
        asks=("style",),
        checks=(),
    ),
    "picture": Kind(
        "picture",
        "a picture",
        PICTURE,
        {"structure": "sketch", **_PAINTED},
        default_for=SUFFIXES[PICTURE],
        structure_suffix=".png",
        seconds=None,
        sizes=(384, 512),
        subject="thing",
        asks=("style", "details"),
        checks=(),
    ),
}


SHIPPED = frozenset(KINDS)
KINDS["sound"] = Kind(
    "sound", "a sound", stages={"decoder": "text-to-sound"}, seconds=(1.0, 300.0), vocabulary=FREE
)


def shipped(kind: Kind) -> bool:
    """Whether the lists of the prompt room know its words."""
    return kind.name in SHIPPED and kind.parse is None


def register_kind(kind: Kind) -> Kind:
    """Make a kind known by its name; one of the same name is replaced."""
    KINDS[kind.name] = kind
    return kind


def kinds() -> dict[str, Kind]:
    """All kinds by name, those of installed packages among them."""
    plugins.discover()
    return KINDS


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        InvalidRequest: there is none; the message lists those there are.
    """
    if name not in KINDS and name not in kinds():
        raise InvalidRequest(
            f"audiogen cannot make {name} yet; it makes {', '.join(KINDS)}. "
            'Say so in the prompt, for example "calm piano, 15 s".'
        )
    return KINDS[name]


def kind_for_suffix(suffix: str | None) -> str | None:
    """The kind that an output of this suffix means where the words do not say one."""
    return next((kind.name for kind in KINDS.values() if suffix in kind.default_for), None)


def kind_by_words(prompt: str) -> Kind | None:
    """The kind of an installed package whose words stand in a prompt; None: no such word."""
    import re

    for kind in kinds().values():
        for word in kind.words:
            edge = r"\b" if word.isascii() else ""
            if re.search(f"{edge}{re.escape(word)}{edge}", prompt, re.IGNORECASE):
                return kind
    return None
