"""Chinese words for a model that knows only English: by lists, word by word, with a little grammar.

No language model: the longest words of the lists are taken, what stands before 的 goes where English has it,
and what no list holds stays as it is and is named. It is enough for what prompts are made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

CHINESE = re.compile("[\u3400-\u9fff]+")
_PARTS = re.compile("([\u3400-\u9fff]+)|([，。、；：！？,.;:!?\\n]+)")
_STOPS = str.maketrans("，。、；：！？（）", ",.,;:!?()")
IN, OF = "在", "的"
PLACES = {
    **dict.fromkeys(("上", "上面", "之上", "上方"), "on"),
    **dict.fromkeys(("里", "里面", "中", "之中", "内", "当中", "中央"), "in"),
    **dict.fromkeys(("下", "下面", "底下", "之下", "下方"), "under"),
    **dict.fromkeys(("旁", "旁边", "边", "边上", "身边"), "beside"),
    **dict.fromkeys(("前", "前面", "之前", "面前"), "in front of"),
    **dict.fromkeys(("后", "后面", "背后", "身后"), "behind"),
    **dict.fromkeys(("之间", "中间"), "between"),
}
THINGS = (
    *(
        "king",
        "ring",
        "spring",
        "evening",
        "morning",
        "painting",
        "lightning",
        "string",
        "wedding",
        "building",
    ),
    *("amazing", "charming", "ceiling"),
)  # that end as what is done does
NUMBERS = {"一": "a", "两": "two", "二": "two", "三": "three", "四": "four", "五": "five", "六": "six"}
NUMBERS |= {"七": "seven", "八": "eight", "九": "nine", "十": "ten", "几": "several", "数": "several"}
MEASURES = "个只条位幅张朵棵座辆艘架首段片名匹头本支把件块间栋颗轮扇盏杯碗群对双"
_OF_MANY = {"群": "a group of", "对": "a pair of", "双": "a pair of", "杯": "a cup of", "碗": "a bowl of"}


def translated(text: str, words: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A text with its Chinese words in English, and those that are in no list.

    Args:
        words: Chinese -> English, in simplified characters; "": English leaves it out.
    """
    known = _counted() | dict.fromkeys((IN, OF), "") | dict.fromkeys(PLACES, "") | dict(words)
    longest = max(map(len, known))
    left: list[str] = []
    out = ""
    at = 0
    for part in _PARTS.finditer(text):
        out += text[at : part.start()]
        at = part.end()
        if part[2]:
            out = out.rstrip() + f"{part[2].translate(_STOPS)} "
            continue
        pieces = _pieces(part[1], known, longest)
        left += [piece for piece in pieces if piece not in known]
        out = f"{out} {_ordered(pieces, known)} "
    out = re.sub(r"\s+", " ", out + text[at:])
    return re.sub(r"\s+([,.;:!?)])", r"\1", re.sub(r"([,;])(\s*[,;])+", r"\1", out)).strip(" ,"), tuple(
        dict.fromkeys(left)
    )


def _pieces(run: str, known: Mapping[str, str], longest: int) -> list[str]:
    """A run of characters cut into known words, as few unknown characters and as few words as can be."""
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]
    for end in range(1, len(run) + 1):
        unknown, count, pieces = best[end - 1]
        before = pieces[-1] if pieces and pieces[-1] not in known else ""
        choice = (
            unknown + 1,
            count + (not before),
            [*pieces[: -1 if before else None], before + run[end - 1]],
        )
        for start in range(max(0, end - longest), end):
            if run[start:end] in known:
                unknown, count, pieces = best[start]
                choice = min(choice, (unknown, count + 1, [*pieces, run[start:end]]), key=lambda c: c[:2])
        best.append(choice)
    return best[-1][2]


def _ordered(pieces: Sequence[str], known: Mapping[str, str]) -> str:
    """Words in the order of English: "在 the moon 上 的 cat", "wearing a hat 的 cat": the cat comes first."""
    begin = next((k for k, piece in enumerate(pieces) if _leads(piece, known)), len(pieces))
    places = [k for k in range(1, len(pieces)) if pieces[k] == OF and pieces[k - 1] in PLACES]
    if places and places[0] < begin:  # "table 上 的 cup"
        begin = 0
    if begin == len(pieces):
        return _plain(pieces, known)
    ends = [k for k in range(begin + 1, len(pieces)) if pieces[k] == OF]
    if pieces[begin] != IN:  # of several, that before the next thing that is done
        after = next((k for k in range(begin + 1, len(pieces)) if _leads(pieces[k], known)), len(pieces))
        ends = [k for k in ends if k < after] or ends[:1]
    if not ends or ends[-1] + 1 >= len(pieces):
        return _plain(pieces, known)
    end = ends[-1]
    stop = next((k for k in range(end + 1, len(pieces)) if _leads(pieces[k], known)), len(pieces))
    stop = len(pieces) if stop == end + 1 else stop
    parts = pieces[:begin], pieces[end + 1 : stop], pieces[begin:end]
    words = [_plain(part, known) for part in parts] + [_ordered(pieces[stop:], known)]
    return " ".join(filter(None, words))


def _leads(piece: str, known: Mapping[str, str]) -> bool:
    """Whether it begins what is said of a thing: a place, what it does, what it is with or without."""
    first = known.get(piece, "").partition(" ")[0]
    return piece == IN or first in ("with", "no") or (first.endswith("ing") and first not in THINGS)


def _plain(pieces: Sequence[str], known: Mapping[str, str]) -> str:
    """Word for word; a place word goes before its place."""
    out: list[str] = []
    k = 0
    while k < len(pieces):
        piece = pieces[k]
        if piece == IN:
            place = next((j for j in range(k + 2, len(pieces)) if pieces[j] in PLACES), None)
            if place is not None:
                inside = _plain(pieces[k + 1 : place], known)
                out += [PLACES[pieces[place]], inside]
                k = place
            elif k + 1 < len(pieces) and not _leads(pieces[k + 1], known):  # else it is what goes on
                out.append("in")
        elif piece in PLACES:
            out.insert(max(0, len(out) - 1), PLACES[piece])
        else:
            out.append(known.get(piece, piece))
        k += 1
    return " ".join(filter(None, out))


def _counted() -> dict[str, str]:
    """Numbers with their measure words, which English has not."""
    found = {n + m: NUMBERS[n] for n in NUMBERS for m in MEASURES}
    more = {
        n + m: (of if n == "一" else f"{NUMBERS[n]} {of[2:]}") for n in NUMBERS for m, of in _OF_MANY.items()
    }
    return NUMBERS | found | more
