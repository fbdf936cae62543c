"""The slow tier: notes to codes and back, and what an untrained network writes keeps the rules."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.networks.note_wavenet import NoteWavenet, NoteWavenetConfig
from audiogen.structure.wavenet.notes import (
    CHORD_S,
    GAPS_S,
    LAST_S,
    LENGTHS_S,
    in_key,
    to_codes,
    to_rows,
    write_notes,
)

SMALL = NoteWavenetConfig(width=8, dilations=(1, 2))
UNASKED = torch.zeros(6)


def network() -> NoteWavenet:
    torch.manual_seed(0)
    return NoteWavenet(SMALL).eval()


def write(seed: int = 0, seconds: float = 6.0, **options: float) -> np.ndarray:
    return write_notes(network(), UNASKED, seconds, torch.Generator().manual_seed(seed), **options)


def test_there_is_a_gap_and_a_length_for_every_code():
    assert (len(GAPS_S), len(LENGTHS_S)) == SMALL.sizes[::3]
    assert (np.diff(GAPS_S) > 0).all() and (np.diff(LENGTHS_S) > 0).all()


def test_notes_survive_as_codes_up_to_rounding():
    rows = np.array([[60, 0.05, 0.55, 68], [64, 0.05, 1.05, 44], [67, 0.55, 0.75, 100]])
    again = to_rows(to_codes(rows))
    np.testing.assert_array_equal(again[:, 0], rows[:, 0])
    np.testing.assert_allclose(again[:, 1], rows[:, 1], atol=1e-9)
    np.testing.assert_allclose(again[:, 2] - again[:, 1], rows[:, 2] - rows[:, 1], rtol=0.1)
    np.testing.assert_allclose(again[:, 3], rows[:, 3], atol=4)


def test_the_network_hears_the_notes_before_and_the_codes_before_in_the_same_note():
    net = network()
    codes = torch.randint(0, 16, (1, 10, 4), generator=torch.Generator().manual_seed(0))
    plain = net(codes, UNASKED[None])
    changed = codes.clone()
    changed[0, 6, 1] = (codes[0, 6, 1] + 5) % 16
    for place, (before, after) in enumerate(zip(plain, net(changed, UNASKED[None]), strict=True)):
        difference = (before - after).abs().amax(-1)[0]
        assert (difference[:6] == 0).all()
        assert (difference[6] > 0) == (place > 1)
        assert difference[7] > 0


def test_the_last_notes_are_enough_for_the_next():
    net = network()
    codes = torch.randint(0, 16, (1, 20, 4), generator=torch.Generator().manual_seed(0))
    whole = net.remember(codes, UNASKED[None])[:, -1]
    part = net.remember(codes[:, -SMALL.reach :], UNASKED[None], begun=False)[:, -1]
    torch.testing.assert_close(part, whole)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_fits_the_time_and_strikes_no_key_twice_at_once(seed):
    rows = write(seed)
    assert len(rows) and rows[0, 1] == pytest.approx(0.05)
    assert (np.diff(rows[:, 1]) >= 0).all() and rows[-1, 1] <= 6 - LAST_S
    assert rows[:, 0].min() >= 21 and rows[:, 0].max() <= 108
    for pitch in np.unique(rows[:, 0]):
        assert (np.diff(rows[rows[:, 0] == pitch, 1]) > CHORD_S - 1e-6).all()


def test_the_shortest_piece_has_a_note():
    assert len(write(seconds=0.5)) == 1


def test_a_seed_is_a_piece():
    np.testing.assert_array_equal(write(3), write(3))
    assert len(write(3)) != len(write(4)) or (write(3) != write(4)).any()


@pytest.mark.parametrize(
    ("key", "moved"),
    [(None, 0), ("C major", 0), ("A minor", 0), ("G major", -5), ("D minor", 5), ("F# major", -6)],
)
def test_notes_move_to_the_key_that_is_asked_for(key, moved):
    rows = np.array([[60.0, 0, 1, 64]])
    assert in_key(rows, key)[0, 0] == 60 + moved


def test_a_key_beyond_the_keyboard_is_an_octave_nearer():
    assert in_key(np.array([[108.0, 0, 1, 64]]), "D minor")[0, 0] == 101
