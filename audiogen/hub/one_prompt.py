"""One prompt for a whole story (One-Prompt-One-Story, arXiv 2501.13554): its settings and its windows.

Every frame is painted from one long prompt, the identity and several frames one after the other, in which its
own words are made stronger and those of the others weaker (`reweighting.py`), while every cross-attention
looks at the words of the identity as well (`identity.py`). Nothing here needs torch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from audiogen.errors import InvalidRequest

MODES = ("svr", "svr-eot", "original")
ORDERS = ("suppress-first", "express-first")
ROOM = 75  # tokens of a CLIP text encoder between its first and its last


@dataclass(frozen=True)
class OnePrompt:
    """How a story holds together.

    Attributes:
        window: at most so many frames stand in one prompt.
        svr: reweighting, one of `MODES`: of the words and the end tokens together; of the words, with the end
            tokens damped by 0.9; none.
        order: what comes first, one of `ORDERS`; the published code suppresses first, its paper expresses.
        weaken, enhance: (alpha, beta) of s <- beta exp(-alpha s) s.
        rescale: alpha is for a largest singular value of 190, as SDXL has it, and is brought to that of the
            model; None: where it is not SDXL.
        ipca: attention looks at the words of the identity; ipca_from: from this step on, from 0.
        dropout: share of those looks that are left out, 0 .. 1.
        without_pooled: SDXL's pooled embedding, which knows all frames, is left out.
    """

    window: int = 10
    svr: str = "svr"
    order: str = ORDERS[0]
    weaken: tuple[float, float] = (0.01, 0.05)
    enhance: tuple[float, float] = (-0.01, 1.0)
    rescale: bool | None = None
    ipca: bool = True
    ipca_from: int = 0
    dropout: float = 0.0
    without_pooled: bool = False

    def __post_init__(self) -> None:
        problems = []
        if self.window < 1:
            problems.append(f"--window is 1 or more, not {self.window}")
        if self.svr not in MODES:
            problems.append(f"--svr is {', '.join(MODES)}, not {self.svr!r}")
        if self.order not in ORDERS:
            problems.append(f"--svr-order is {' or '.join(ORDERS)}, not {self.order!r}")
        if self.ipca_from < 0:
            problems.append(f"--ipca-from is 0 or more, not {self.ipca_from}")
        if not 0 <= self.dropout < 1:
            problems.append(f"--ipca-dropout is 0 to below 1, not {self.dropout:g}")
        for name, (alpha, beta) in (("weaken", self.weaken), ("enhance", self.enhance)):
            if not (-1 <= alpha <= 1 and 0 <= beta <= 10):
                problems.append(f"{name} is alpha -1 to 1 and beta 0 to 10, not {alpha:g} and {beta:g}")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")

    def to_dict(self) -> dict[str, Any]:
        """What is not as by default, ready for JSON; `rows.from_rows` is the way back."""
        rows = dataclasses.asdict(self)
        usual = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in rows.items() if value != usual[name]}


@dataclass(frozen=True)
class Window:
    """The prompt of one frame.

    Attributes:
        text: identity and frames, parted by spaces.
        frames: as they stand in it, in order. express: which of them is painted, from 0.
    """

    text: str
    frames: tuple[str, ...]
    express: int


def windows(
    identity: str, frames: Sequence[str], count: Callable[[str], int], longest: int, room: int = ROOM
) -> list[Window]:
    """The prompt of every frame.

    As many frames as fit stand together. If that is all of them, every frame has the same prompt; else it
    begins with its own frame and goes on with the next ones, around the end.

    Args:
        count: tokens of a text, without the first and the last of the encoder.
        longest: of a window, frames.
    Raises:
        InvalidRequest: no frames; the identity, or a frame beside it, does not fit.
    """
    if not frames:
        raise InvalidRequest("A story needs frames; say what is seen in each.")
    if (used := count(identity)) >= room:
        raise InvalidRequest(
            f"The identity has {used} tokens, and the text encoder reads {room}, of a frame too; shorten it."
        )
    for number, frame in enumerate(frames, 1):
        if (used := count(f"{identity} {frame}")) > room:
            raise InvalidRequest(
                f"The identity and frame {number} ({frame!r}) have {used} tokens, and the text encoder reads "
                f"{room}; shorten one of them."
            )
    total = len(frames)
    size = max(
        length
        for length in range(1, min(longest, total) + 1)
        if length == 1
        or all(
            count(_text(identity, _from(frames, first, length))) <= room for first in _starts(total, length)
        )
    )
    if size == total:
        return [Window(_text(identity, frames), tuple(frames), k) for k in range(total)]
    around = [_from(frames, first, size) for first in range(total)]
    return [Window(_text(identity, each), each, 0) for each in around]


def _starts(total: int, length: int) -> range:
    return range(1) if length == total else range(total)


def _from(frames: Sequence[str], first: int, length: int) -> tuple[str, ...]:
    return tuple(frames[(first + k) % len(frames)] for k in range(length))


def _text(identity: str, frames: Sequence[str]) -> str:
    return " ".join((identity, *frames))


def found(tokens: Sequence[int], phrase: Sequence[int], start: int = 0) -> range | None:
    """Where a phrase stands among tokens, at or after `start`; None: nowhere, it may have been cut off."""
    wanted = list(phrase)
    for first in range(start, len(tokens) - len(wanted) + 1):
        if wanted and list(tokens[first : first + len(wanted)]) == wanted:
            return range(first, first + len(wanted))
    return None


def places(tokens: Sequence[int], phrases: Sequence[Sequence[int]], start: int = 0) -> list[range | None]:
    """Where phrases stand that follow one another; each is looked for after the one before it."""
    spots: list[range | None] = []
    for phrase in phrases:
        spot = found(tokens, phrase, start)
        spots.append(spot)
        start = start if spot is None else spot.stop
    return spots
