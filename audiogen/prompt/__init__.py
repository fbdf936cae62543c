"""Words to Conditioning, in English and Chinese.

parser.py    parse(text) -> Conditioning: reads amounts, then words, and weighs them together
measures.py  amounts with a unit: seconds, beats per minute, key, metre, notes per second
chinese.py   the Chinese of the lists as a dictionary
weighing.py  one value per attribute out of all the words; remarks.py, refusals.py: what the user is told

language/    text, numbers, lengths, the word lists and the recognition of their words
music/       keys, tempi and metres, and the attributes of a piece
ambience/    sounds of nature: which, how much of each, how heavy; alone and beside the piano
pictures/    the words of a prompt for pictures, what to draw and how

meanings.yaml says what a meaning asks for; english.yaml and chinese.yaml list its words; pictures.yaml those
for pictures.
"""

from audiogen.prompt.chinese import chinese_words, simplified
from audiogen.prompt.parser import Reading, parse, understand
from audiogen.prompt.pictures.scenes import Scene, Thing, read_scene
from audiogen.prompt.pictures.subjects import ONE_SUBJECT, drawable, style_named, which_digit, which_subject
from audiogen.prompt.pictures.usual import as_usual

__all__ = [
    "ONE_SUBJECT",
    "Reading",
    "Scene",
    "Thing",
    "as_usual",
    "chinese_words",
    "drawable",
    "parse",
    "read_scene",
    "simplified",
    "style_named",
    "understand",
    "which_digit",
    "which_subject",
]
