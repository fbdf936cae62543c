"""The anchors meet BS.1534-3 and are played with the gain of their reference."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from scipy.signal import freqz

from audiogen.listen.anchors import anchor, lowpass
from audiogen.listen.trials import Stimulus
from tests.listen.conftest import RATE, noise, write


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("cutoff", [3500, 7000])
def test_the_mask_of_the_recommendation(rate, cutoff):
    hz, response = freqz(lowpass(rate, cutoff), worN=1 << 15, fs=rate)
    db = 20 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(db[hz <= cutoff]).max() <= 0.1
    assert db[hz >= cutoff + 500].max() <= -25
    assert db[hz >= cutoff + 1000].max() <= -50


def test_nothing_shifts():
    click = np.zeros((2, 4410), np.float32)
    click[:, 2000] = 1
    low = anchor(click, RATE, 3500)
    assert low.shape == click.shape
    assert np.abs(low).argmax(1).tolist() == [2000, 2000]
    assert np.array_equal(anchor(click, 7000, 3500), click), "there is nothing above to take away"


def test_an_anchor_is_its_reference_without_the_top(examine, folders):
    write(folders / "real" / "one.wav", noise(level=0.2), noise(level=0.2))
    sittings = examine(reference="real", kind="mushra")
    design, (item,) = sittings.design, sittings.design.items
    reference = item.reference
    low = Stimulus("anchor35", reference.file, reference.sha256, lowpass_hz=3500)
    whole, cut = (
        soundfile.read(io.BytesIO(design.presented.encode(item, s)[0]))[0][:, 0] for s in (reference, low)
    )
    assert len(whole) == len(cut)
    hz = np.fft.rfftfreq(len(whole), 1 / RATE)
    power = [np.abs(np.fft.rfft(x)) ** 2 for x in (whole, cut)]
    below, above = hz < 3400, hz > 4600
    assert power[1][below].sum() == pytest.approx(power[0][below].sum(), rel=0.01)
    assert power[1][above].sum() < 1e-4 * power[0][above].sum()
    assert design.presented.facts(item, low) == design.presented.facts(item, reference)
