"""The Chinese of the word lists as a dictionary, for models of others that know only English."""

from __future__ import annotations

from functools import lru_cache

from audiogen.prompt.language.lexicon import lexicon
from audiogen.prompt.language.text import is_cjk
from audiogen.prompt.pictures.words import picture_words

# whose English names say to anybody what their words say
_GROUPS = ("mood", "form", "manner", "tempo", "nature", "weather", "noise", "thing", "refused")

_KINDS = ("subject", "detail", "style", "look", "strange")


@lru_cache(maxsize=1)
def chinese_words() -> dict[str, str]:
    """Simplified Chinese -> English, of music, sounds, weather and things to draw."""
    drawn = picture_words().phrases.items()
    things = {phrase: term.name for phrase, term in drawn if term.kind in _KINDS}
    heard = {phrase: m.name for phrase, m in lexicon().phrases.items() if m.group in _GROUPS}
    return {phrase: name for phrase, name in {**heard, **things}.items() if all(map(is_cjk, phrase))}


def simplified(text: str) -> str:
    """Traditional characters as simplified ones."""
    return text.translate(lexicon().variants)
