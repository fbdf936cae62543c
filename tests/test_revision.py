"""A sound that is changed in one place: all else stays to the sample, and the seams do not stand out."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen import Request, Sampling, make
from audiogen.artifacts import Notes, Structure, Waveform
from audiogen.errors import InvalidRequest
from audiogen.making import understand
from audiogen.making.revision import WORKING_LUFS, between, heard, longer, moved, onwards, revised
from audiogen.media.loudness import loudness_lufs
from audiogen.request import Region

NO_LOUDER = 4.0  # a seam's largest step against the steps beside it, in noise


def noise(seconds: float, rate: int = 44_100, channels: int = 2, seed: int = 0) -> Waveform:
    samples = 0.1 * np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))
    return Waveform(samples.astype(np.float32), rate)


def only(request: Request) -> Waveform:
    (take,) = make(request)
    assert take.waveform is not None
    return take.waveform


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (48_000, 1)])
def test_outside_the_part_every_sample_stays(tiny, rate, channels):
    old = noise(4.0, rate, channels)
    new = only(revised(old, between(old, 1.0, 2.5), sampling=Sampling(seed=3)))
    start, stop = rate, round(2.5 * rate)
    assert (new.sample_rate, new.samples.shape) == (rate, old.samples.shape)
    np.testing.assert_array_equal(new.samples[:, :start], old.samples[:, :start])
    np.testing.assert_array_equal(new.samples[:, stop:], old.samples[:, stop:])
    assert not np.allclose(new.samples[:, start:stop], old.samples[:, start:stop])


def test_a_seam_is_no_step(tiny):
    """The largest step from sample to sample around a seam is not above that of the sound itself."""
    old = noise(4.0)
    new = only(revised(old, between(old, 1.5, 2.5))).samples
    step = np.abs(np.diff(new, axis=1)).max(0)
    usual = float(np.median(step))
    for seam in (1.5, 2.5):
        at = round(seam * 44_100)
        assert step[at - 20 : at + 20].max() < NO_LOUDER * usual


def test_a_sound_goes_on_and_becomes_longer(tiny):
    old = noise(3.0)
    more = only(revised(old, onwards(old, 2.0)))
    assert more.seconds == pytest.approx(5.0, abs=1e-3)
    np.testing.assert_array_equal(more.samples[:, : 2 * 44_100], old.samples[:, : 2 * 44_100])
    long = only(revised(old, longer(old, 5.0)))
    assert long.seconds == pytest.approx(5.0, abs=1e-3)
    np.testing.assert_array_equal(long.samples[:, -22_050:], old.samples[:, -22_050:])  # the same ending


def test_the_networks_hear_the_level_that_they_are_used_to():
    for level in (1.0, 1 / 30):
        old = Waveform(noise(3.0, 48_000, 1).samples * level, 48_000)
        plan = understand(revised(old, between(old, 2.0, 2.5)))
        seen = heard(plan.revision)
        assert seen.seconds == pytest.approx(plan.conditioning.seconds)
        assert not seen.samples[:, 88_300:110_000].any()  # the gap
        before = loudness_lufs(seen.samples[:, :88_200], seen.sample_rate)
        assert before == pytest.approx(WORKING_LUFS + 3, abs=1.0)  # mono on two channels


def test_a_piano_is_changed_by_the_notes_that_travel_in_its_file(tiny):
    (take,) = make(Request("calm piano, 6 s", sampling=Sampling(seed=4)))
    take.save("a.wav")
    a = (tiny / "a.wav").resolve()
    (new,) = make(revised(a, between(a, 2.0, 4.0), sampling=Sampling(seed=1)))
    kept = take.structure.notes.onset_s
    assert np.isin(kept[(kept < 2) | (kept >= 4)], new.structure.notes.onset_s).all()
    whole = Waveform.load(a).samples
    np.testing.assert_array_equal(new.waveform.samples[:, :88_200], whole[:, :88_200])
    new.save("b.wav")  # and can be changed again
    b = tiny / "b.wav"
    (third,) = make(revised(b, onwards(b, 2.0)))
    assert third.waveform.seconds == pytest.approx(8.0, abs=1e-3)


def test_notes_in_the_time_of_the_result():
    rows = np.array([[60, 0.5, 5.5, 70], [62, 2.0, 2.5, 70], [64, 5.0, 6.0, 70]])
    piece = Structure(7.0, Notes.from_rows(rows, np.array([[0.4, 1.0], [5.5, 0.0]])))
    later = moved(piece, Region(1.0, 4.0, 6.0))  # three seconds become six
    assert later.seconds == 10.0
    np.testing.assert_allclose(later.notes.onset_s, [0.5, 8.0])
    assert later.notes.offset_s[0] == 4.0  # held over what is new, but not for ever
    np.testing.assert_allclose(later.notes.pedal[-1], [8.5, 0.0])


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda w: between(w, 2, 1), "no part of it"),
        (lambda w: between(w, 1, 9), "no part of it"),
        (lambda w: between(w, 1, 1.05), "0.2 to 300 s"),
        (lambda w: longer(w, 2), "ask for more"),
        (lambda w: onwards(w, 400), "long"),
    ],
)
def test_a_wrong_part_is_said(ask, why):
    with pytest.raises(InvalidRequest, match=why):
        ask(noise(3.0))


def test_what_cannot_be_changed_is_said(tiny):
    loud = noise(3.0)
    silent = Waveform(np.zeros((2, 132_300), np.float32))
    for wave, path, why in (
        (silent, None, "silent"),
        (loud, "piano", "holds none"),
        (loud, "digit", "cannot be changed in part"),
        (Waveform(np.repeat(loud.samples, 2, 0)), None, "4 channels"),
    ):
        with pytest.raises(InvalidRequest, match=why):
            understand(revised(wave, Region(1, 2, 1), path=path))
    with pytest.raises(InvalidRequest, match="would stay"):
        understand(revised(loud, Region(0, 3, 3)))
