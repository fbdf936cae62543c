"""The pattern of the watermark and the id that it carries: signs on a grid, and an error-correcting code.

A grid of cells (the harmonics of a noise, the waves of a tile of pixels) is dealt out once for all: half of
its cells have signs that never change, by which the mark is found and its place is known; the other half
carry the 48 bits of two words of the extended Golay code, whose 24 data bits are the id of the recipe. That
code, [24, 12, 8], is decoded softly, by the likeliest of its 4096 words (Conway and Sloane, Sphere
Packings, ch. 11).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache

import numpy as np

ID_DIGITS = 6  # hexadecimal
WORD, DATA, WORDS = 24, 12, 2  # bits of a code word, of its data; words
CHANCE = 1e-5  # at most so often a file without a mark is taken for one with it; measured in docs/origin.md
# standard deviations of the likeliest word over the next, from which an id is taken to be read: of 100,000
# simulated words that were so far ahead, at five levels of noise, none was wrong
SURE = 2.5
_GENERATOR = 0xC75  # of the Golay code [23, 12]: x^11 + x^10 + x^6 + x^5 + x^4 + x^2 + 1


@dataclass(frozen=True, eq=False)
class Pattern:
    """How the cells of a grid are dealt out.

    Attributes:
        sync: int8 on the grid, the sign of a cell that finds the mark, 0 elsewhere.
        sign: int8 on the grid, the sign of a cell that carries a bit, 0 elsewhere.
        bit: int on the grid, which of the 48 bits; 0 where `sign` is 0.
    """

    sync: np.ndarray
    sign: np.ndarray
    bit: np.ndarray

    def chips(self, id_: str) -> np.ndarray:
        """The signs of the whole grid for an id, float32, +1 or -1."""
        return (self.sync + self.sign * code_bits(id_)[self.bit]).astype(np.float32)

    def read(self, cells: np.ndarray) -> tuple[str, float]:
        """The likeliest id of soft cells on the grid, and how far it is ahead, standard deviations."""
        values = cells * self.sign
        count = WORD * WORDS
        soft = np.bincount(self.bit.ravel(), values.ravel(), count)
        spread = np.sqrt(np.mean(np.square(cells[self.sign != 0])) * np.count_nonzero(self.sign) / count)
        return likeliest(soft / max(float(spread), 1e-12))


@dataclass(frozen=True)
class Found:
    """A mark, as far as there is one.

    Attributes:
        score: of the fixed phases, in standard deviations of what has no mark.
        id: six hexadecimal digits, the likeliest; ahead: by how much, in the same measure.
        trials: places at which it was looked for.
        first_s, stop_s: of a sound, where it is strongest.
        scale: size of a picture, or length of a sound, against that of its making.
        pitch: of a sound, against that of its making.
        mirrored, turned: of a picture, left to right; then clockwise, degrees.
    """

    score: float
    id: str = ""
    ahead: float = 0.0
    first_s: float = 0.0
    stop_s: float = 0.0
    trials: int = 0
    scale: float = 1.0
    pitch: float = 1.0
    mirrored: bool = False
    turned: float = 0.0

    @property
    def chance(self) -> float:
        """How often what has no mark reaches the score, 0..1: that of a Gaussian, for every trial."""
        return min(1.0, self.trials * math.erfc(self.score / math.sqrt(2)) / 2)

    @property
    def there(self) -> bool:
        """Whether there is a mark."""
        return self.trials > 0 and self.chance <= CHANCE

    @property
    def sure(self) -> bool:
        """Whether the id can be relied on."""
        return bool(self.ahead >= SURE)


NOTHING = Found(0.0)


@cache
def pattern(name: str, shape: tuple[int, int]) -> Pattern:
    """The pattern of a grid; the same for the same name and shape, whatever the library."""
    count = shape[0] * shape[1]
    stream = _stream(f"audiogen origin {name}", 9 * count)
    order = np.argsort(stream[count:].view("<u8"), kind="stable")  # a permutation
    signs = np.where(stream[:count] & 1, 1, -1).astype(np.int8)
    carries, bit = np.zeros(count, bool), np.zeros(count, np.int64)
    carries[order[: count // 2]] = True
    bit[order[: count // 2]] = np.arange(count // 2) % (WORD * WORDS)
    grid = (np.where(carries, 0, signs), np.where(carries, signs, 0), bit)
    return Pattern(*(each.reshape(shape) for each in grid))


def code_bits(id_: str) -> np.ndarray:
    """The code bits of an id, +1 or -1, int64 [48]."""
    value = int(id_, 16)
    words = [value >> DATA, value & (1 << DATA) - 1]
    return np.concatenate([_codebook()[word] for word in words]).astype(np.int64)


def likeliest(soft: np.ndarray) -> tuple[str, float]:
    """Soft bits of unit spread [48] -> id, and by how much the likeliest word is ahead in the weaker half."""
    value, ahead = 0, np.inf
    for half in soft.reshape(WORDS, WORD):
        scores = _codebook() @ half
        first, second = np.argsort(scores)[:-3:-1]
        # two words differ in 8 places at least: 2 * sqrt(8) is the spread of the difference
        ahead = min(ahead, float(scores[first] - scores[second]) / (2 * np.sqrt(8)))
        value = value << DATA | int(first)
    return f"{value:0{ID_DIGITS}x}", ahead


@cache
def _codebook() -> np.ndarray:
    """The 4096 words of the extended Golay code, +1 or -1, float32 [4096, 24]."""
    words = []
    for data in range(1 << DATA):
        rest = data << WORD - 1 - DATA
        for place in range(WORD - 2, WORD - 2 - DATA, -1):
            if rest >> place & 1:
                rest ^= _GENERATOR << place - 11
        word = data << 11 | rest
        words.append(word << 1 | word.bit_count() & 1)
    bits = np.array(words)[:, None] >> np.arange(WORD)[::-1] & 1
    return (2 * bits - 1).astype(np.float32)


def _stream(seed: str, count: int) -> np.ndarray:
    """Bytes that depend on nothing but the seed, uint8 [count]."""
    return np.frombuffer(hashlib.shake_256(seed.encode()).digest(count), np.uint8)
