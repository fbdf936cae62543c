"""Filters against scipy and pyloudnorm, which an installation need not load to finish a sound."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from audiogen.media.biquads import filtered, high_pass, k_weighting


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_coefficients_are_those_of_scipy_and_pyloudnorm(rate: int) -> None:
    from pyloudnorm import Meter
    from scipy.signal import butter

    np.testing.assert_allclose(
        high_pass(8.0, rate), butter(2, 8.0, "highpass", fs=rate, output="sos"), rtol=1e-9
    )
    theirs = Meter(rate, filter_class="DeMan")._filters.values()
    wanted = [np.concatenate([f.b, f.a]) for f in theirs]
    np.testing.assert_allclose(k_weighting(rate), wanted, rtol=1e-12)


def test_blocks_are_filtered_as_scipy_filters_the_whole(rng: np.random.Generator) -> None:
    from scipy.signal import sosfilt

    sound, sections = rng.standard_normal((2, 5000)).astype(np.float32), k_weighting(44_100)
    wanted = sosfilt(sections, sound.astype(np.float64))
    state, parts = np.zeros((2, 2, 2)), []
    for block in np.split(sound, [1, 700, 4999], axis=1):
        part, state = filtered(sections, block, state)
        parts.append(part)
    np.testing.assert_array_equal(np.concatenate(parts, 1), wanted)
    assert sound.dtype == np.float32, "what is given stays"


def test_finishing_a_sound_loads_no_signal_library() -> None:
    code = (
        "import numpy as np, sys; from audiogen.media.finish import finish;"
        "finish(np.random.default_rng(0).normal(0, 0.1, (2, 44100)).astype('f'), 44100, 1.0, -20.0);"
        "sys.exit(len({'scipy.signal', 'scipy.stats', 'librosa', 'torch'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
