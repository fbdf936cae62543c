"""--loop for a piano: whole bars, an end that leads into the beginning, a seam that does not stand out."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen import Request, Sampling, make
from audiogen.artifacts import Notes
from audiogen.decoder.roll import around
from audiogen.errors import InvalidRequest
from audiogen.making import understand

LOOP = Sampling(seed=4, loop=True)


@pytest.mark.parametrize("words", ["waltz, 120 bpm, 7 s", "free calm piano, 5 s"])
def test_a_loop_has_its_length_and_ends_in_it(tiny, words):
    (take,) = make(Request(words, sampling=LOOP))
    notes, wave = take.structure.notes, take.waveform
    assert wave.samples.shape[1] == round(take.conditioning.seconds * 44_100)
    assert wave.facts.loop == (0, wave.samples.shape[1])
    assert len(notes) and notes.offset_s.max() <= take.conditioning.seconds
    if notes.tempo:  # whole bars of a tempo near the one that was asked
        bars = take.conditioning.seconds * notes.tempo / 60 / 3
        assert bars == pytest.approx(round(bars), abs=1e-3)
        assert notes.tempo == pytest.approx(120, rel=0.15)


def test_the_seam_is_no_step(tiny):
    (take,) = make(Request("waltz, 120 bpm, 7 s", sampling=LOOP))
    samples = take.waveform.samples
    across = np.abs(samples[:, 0] - samples[:, -1]).max()
    assert across <= np.abs(np.diff(samples, axis=1)).max()


def test_what_rings_over_the_end_is_heard_at_the_beginning():
    rows = np.array([[60, 0.05, 0.3, 70], [64, 3.5, 4.0, 70], [67, 1.0, 1.2, 70]])
    near = around(Notes.from_rows(rows, np.array([[3.4, 1.0], [4.0, 0.0]])), 4.0)
    np.testing.assert_allclose(near.onset_s[near.pitch == 64], [-0.5, 3.5])
    np.testing.assert_allclose(near.onset_s[near.pitch == 60], [0.05, 4.05])
    assert len(near.onset_s[near.pitch == 67]) == 2  # its room rings for TAIL_S


def test_what_cannot_close_is_refused():
    with pytest.raises(InvalidRequest, match="has an end"):
        understand(Request("calm piano", structure="wavenet", sampling=LOOP))
