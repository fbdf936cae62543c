"""The vocabulary of captions: 0 stands for no word, then subjects, then details."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.lab.data.illustrations.captions import Caption

WORDS = 12  # per picture
NOTHING = ""  # id 0


def vocabulary(captions: Sequence[Caption], extra: Sequence[str] = (), most: int = 1000) -> list[str]:
    """Every word that a caption may hold, in a fixed order; `extra` ones come last.

    Raises:
        InvalidRequest: there are more than `most`.
    """
    subjects = sorted({caption.subject for caption in captions})
    details = sorted({word for caption in captions for word in caption.details})
    words = list(dict.fromkeys([NOTHING, *subjects, *details, *extra]))
    if len(words) > most:
        raise InvalidRequest(
            f"The captions have {len(words)} words, more than {most}; ask for more pictures a word."
        )
    return words


def word_ids(words: Sequence[str], index: dict[str, int]) -> np.ndarray:
    """int64 [12]: the ids of the words, the subject first; unknown ones are left out, 0 fills up."""
    ids = [index[word] for word in dict.fromkeys(words) if word in index][:WORDS]
    return np.array(ids + [0] * (WORDS - len(ids)), np.int64)
