"""The order of trials: rows of a balanced Latin square, one per rater.

Over the rows each trial comes equally often at each place and after each other trial, so that tiredness and
the contrast with the one before touch all alike.
Source: Williams 1949, Experimental designs balanced for the estimation of residual effects of treatments.
"""

from __future__ import annotations

import numpy as np


def williams(count: int, row: int) -> np.ndarray:
    """One row of the square: a permutation of 0 ... count - 1.

    Args:
        row: any; the square has `count` rows, and as many again, reversed, where `count` is odd.
    """
    steps = np.arange(count)
    first = np.where(steps % 2, (steps + 1) // 2, (count - steps // 2) % count)
    order = (first + row) % count
    return order[::-1] if count % 2 and row // count % 2 else order


def latin_order(count: int, row: int, seed: int) -> np.ndarray:
    """The same with the trials renamed by the seed, so that their given order means nothing."""
    names = np.random.default_rng([seed, count]).permutation(count)
    return names[williams(count, row)]
