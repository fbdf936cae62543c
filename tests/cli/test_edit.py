"""inpaint, continue, extend and mix as verbs."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Waveform
from tests.test_revision import noise


def test_takes_differ_and_a_take_is_made_again(tiny, run):
    noise(3.0).save("rain.wav")
    done = run("inpaint", "rain.wav", "--from", 1, "--to", 2, "--seed", 5, "-n", 2, "-o", "new.wav")
    assert done.code == 0, done.err
    assert done.out.split() == ["new-1.wav", "new-2.wav"]
    first, second = (Waveform.load(tiny / f"new-{k}.wav").samples for k in (1, 2))
    assert not np.array_equal(first, second)
    done = run("again", "new-2.wav")
    assert done.code == 0 and "not as it was" not in done.err
    assert (tiny / "new-2.wav").read_bytes() == (tiny / "new-2-again.wav").read_bytes()


def test_a_mix_keeps_the_main_sound_and_repeats_a_short_one(tiny, run):
    noise(3.0).save("main.wav")
    noise(1.0, 48_000, 1, seed=1).save("bed.wav")
    done = run("mix", "main.wav", "bed.wav", "--below", 12)
    assert (done.code, done.out) == (0, "main-mix.wav\n"), done.err
    wave, main = Waveform.load(tiny / "main-mix.wav"), Waveform.load(tiny / "main.wav")
    assert wave.samples.shape == main.samples.shape
    bed = wave.samples - main.samples
    late = bed[:, 2 * 44_100 : 2 * 44_100 + 10_000]
    assert 20 * np.log10(np.std(late) / np.std(main.samples)) == pytest.approx(-12, abs=3)
    assert "at least two sounds" in run("mix", "main.wav", "-o", "x.wav").err
    assert "was mixed from files" in run("again", "main-mix.wav").err
