"""The code of the mark: dealt out evenly, and read in spite of errors."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.origin import code

SHAPE = (1, 2000)


def test_half_of_the_cells_find_the_mark_and_half_carry_it():
    pattern = code.pattern("test", SHAPE)
    assert np.count_nonzero(pattern.sync) == np.count_nonzero(pattern.sign) == 1000
    assert not (pattern.sync * pattern.sign).any()
    carried = np.bincount(pattern.bit[pattern.sign != 0], minlength=48)
    assert carried.max() - carried.min() <= 1


def test_signs_are_as_often_plus_as_minus():
    signs = code.pattern("test", SHAPE).chips("000000")
    assert set(np.unique(signs)) == {-1, 1}
    assert abs(signs.sum()) < 4 * np.sqrt(signs.size)


@pytest.mark.parametrize("id_", ["000000", "ffffff", "3f2a9c"])
def test_an_id_is_read_with_a_sixth_of_its_bits_wrong(id_):
    pattern = code.pattern("test", SHAPE)
    cells = pattern.chips(id_).copy()
    for bit in (0, 5, 11, 24, 30, 47):  # three of each word, as many as the Golay code mends
        cells[(pattern.bit == bit) & (pattern.sign != 0)] *= -1
    assert pattern.read(cells)[0] == id_


def test_two_words_differ_in_eight_places_or_more():
    words = code._codebook()
    products = words @ words[:64].T
    np.fill_diagonal(products, -24)
    assert products.max() == 24 - 2 * 8


def test_noise_is_not_sure():
    cells = np.random.default_rng(0).normal(size=SHAPE)
    assert code.pattern("test", SHAPE).read(cells)[1] < code.SURE
