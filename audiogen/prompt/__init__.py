"""Words to Conditioning, in English and Chinese.

parser.py    parse(text) -> Conditioning: reads amounts, then words, and weighs them together
measures.py  amounts with a unit: seconds, beats per minute, key, metre, notes per second
lexicon.py   the word lists (*.yaml), checked and ready to match
sounds.py    sounds of nature: which, how much of each, how heavy
beside.py    sounds of nature in a prompt for the piano: the sound itself, or a mood
refusals.py  what cannot be made, and what can instead
seeing.py    the words of a prompt for pictures; picture_words.py: their list (pictures.yaml)
pictures.py  what to draw, and how; usual.py: what is left open
text.py      normal form, tokens, numbers in words

meanings.yaml says what a meaning asks for; english.yaml and chinese.yaml list its words.
"""

from audiogen.prompt.parser import Reading, parse, understand
from audiogen.prompt.pictures.subjects import drawable, style_named, which_digit, which_subject
from audiogen.prompt.pictures.usual import as_usual

__all__ = [
    "Reading",
    "as_usual",
    "drawable",
    "parse",
    "style_named",
    "understand",
    "which_digit",
    "which_subject",
]
