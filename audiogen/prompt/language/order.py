"""One thing after another: "first rain, then birds", 先下雨,然后鸟叫.

All that a prompt asks for holds from beginning to end, so an order is left out, and the user is told; the
lengths of the parts add up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from audiogen.prompt.language.patterns import Amount
from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.language.text import Token

_THEN = re.compile(
    r"\b(?:and\s+)?then\b(?!\s+again)|\bfollowed\s+by\b|\bafter\s+(?:that|it)\b|\bafterwards\b|\bnext\s+comes?\b"
    r"|\b(?:and\s+)?(?:end|finish)(?:s|es|ing)?\s+with\b|最后|后来|然后|接着|随后|之后|(?<=[,、。;\s])再(?!来)|先[^,、]{1,12}再",
    re.IGNORECASE | re.ASCII,
)


def in_order(
    text: str, tokens: Sequence[Token], recognised: Sequence[Recognised], amounts: Sequence[Amount]
) -> tuple[list[Amount], list[str]]:
    """The amounts with the lengths of parts added up, and a remark where the text puts things in an order.

    Args:
        text: without its amounts, as long as it was with them.
    """
    for match in _THEN.finditer(text):
        here = match.end()
        before = any(tokens[word.end - 1].end <= here for word in recognised)
        after = any(tokens[word.start].start >= here for word in recognised)
        if before and after:
            said = match[0].strip(" ,") if "先" not in match[0] else "先…再"
            return _added(list(amounts), here), [
                f"{said}: all that is asked for holds from beginning to end, so the order is left out"
            ]
    return list(amounts), []


def _added(amounts: list[Amount], here: int) -> list[Amount]:
    """5 s before `here` and 5 s after it make 10 s."""
    lengths = [amount for amount in amounts if "seconds" in amount.asks]
    if not any(a.start < here for a in lengths) or not any(a.start >= here for a in lengths):
        return amounts
    total = sum(float(amount.asks["seconds"]) for amount in lengths)
    said = " + ".join(amount.said for amount in lengths)
    whole = Amount({"seconds": total}, said, lengths[0].start)
    return [amount for amount in amounts if amount not in lengths] + [whole]
