"""The mark of sound: found after what happens to sounds, absent where it was not laid, not to be heard."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import soxr

from audiogen.media.loudness import loudness_lufs
from audiogen.origin import carrier, shaping, sound
from tests.origin import masking

RATE, ID = 44_100, "3f2a9c"


def notes(seconds: float, seed: int = 0) -> np.ndarray:
    """Struck notes with decaying partials, stereo."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    out = np.zeros((2, len(t)))
    for onset in np.arange(0, seconds, 0.25):
        first = np.searchsorted(t, onset)
        after = t[first:] - onset
        f0 = 440 * 2 ** (rng.integers(-24, 12) / 12)
        turning = np.exp((2j * np.pi * f0 - 0.25) * after)  # its powers are the partials
        tone = np.zeros_like(turning)
        for k in range(11, 0, -1):
            tone = turning * (tone + 1 / k**1.5)
        out[:, first:] += tone.imag * np.exp(-after) * rng.uniform(0.5, 1, (2, 1))
    return (0.1 * out / out.std()).astype(np.float32)


def rain(seconds: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (2, round(seconds * RATE))).astype(np.float32)


def coded(samples: np.ndarray, rate: int, format_: str, **how) -> tuple[np.ndarray, int]:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.T, rate, format=format_, **how)
    buffer.seek(0)
    back, rate = soundfile.read(buffer, always_2d=True, dtype="float32")
    return back.T, rate


def noisy(samples: np.ndarray, below_db: float) -> np.ndarray:
    noise = np.random.default_rng(5).normal(size=samples.shape) * np.sqrt(np.mean(np.square(samples)))
    return (samples + noise * 10 ** (-below_db / 20)).astype(np.float32)


def converted(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
    return soxr.resample(samples.T, RATE, rate).T, rate


ATTACKS = {
    "none": lambda x: (x, RATE),
    "cut to 3 s": lambda x: (x[:, 123_457 : 123_457 + 3 * RATE], RATE),
    "MP3 of 128 kbit/s": lambda x: coded(
        x, RATE, "MP3", subtype="MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=0.6
    ),
    "Vorbis": lambda x: coded(x, RATE, "OGG", subtype="VORBIS"),
    "16 kHz": lambda x: converted(x, 16_000),
    "48 kHz": lambda x: converted(x, 48_000),
    "softer": lambda x: (0.05 * x, RATE),
    "noise at 30 dB": lambda x: (noisy(x, 30), RATE),
    "mixed at 0 dB": lambda x: (x + rain(10, seed=9), RATE),
    "mono": lambda x: (x.mean(0, keepdims=True), RATE),
    "upside down": lambda x: (-x, RATE),
    "played 1 % faster": lambda x: (converted(x, round(RATE / 1.01))[0], RATE),
    "8 bits": lambda x: (np.round(x * 128) / 128, RATE),
}


@pytest.fixture(scope="module", params=[notes, rain], ids=["notes", "rain"])
def pair(request):
    """A sound without and with the mark."""
    plain = request.param(10)
    marked = plain.copy()
    sound.mark(marked, RATE, ID)
    return plain, marked


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_mark_is_found_after(pair, attack):
    found = sound.detect(*ATTACKS[attack](pair[1]))
    assert found.there
    assert found.id == ID


def test_a_sound_without_a_mark_has_none(pair):
    assert not sound.detect(pair[0], RATE).there


def test_the_mark_lies_far_below_the_sound(pair):
    plain, marked = pair
    below_db = 10 * np.log10(np.mean(np.square(plain)) / np.mean(np.square(marked - plain)))
    assert below_db > 15
    assert abs(loudness_lufs(marked, RATE) - loudness_lufs(plain, RATE)) < 0.1


def test_what_lies_beside_it_masks_the_mark(pair):
    """By another model of the ear than the one that shaped it, in a tenth of a second and a Bark."""
    plain, marked = (each[0].astype(float) for each in pair)
    above = masking.heard_db(plain, marked - plain, RATE)
    assert above.max() < 2
    assert np.percentile(above.max(1), 99) < 0


def test_the_first_version_is_laid_as_it_was():
    """Files of its time are made again byte by byte."""
    plain = rain(3)
    samples = plain.copy()
    sound.mark(samples, RATE, ID, version=1)
    laid = [-0.01378, 0.01394, 0.00493, 0.01124, -0.00729, -0.00400, 0.00912]
    np.testing.assert_allclose((samples - plain)[0, 10_000::20_000], laid, atol=1e-5)
    assert sound.detect(samples, RATE).id == ID


def test_silence_stays_silent_and_no_mark_goes_before_an_attack():
    """But for a few milliseconds, in which the ear does not hear it."""
    struck = np.zeros((1, 3 * RATE), np.float32)
    struck[:, 2 * RATE :] = notes(1)[:1]
    marked = struck.copy()
    sound.mark(marked, RATE, ID)
    assert np.array_equal(marked[:, : round(1.985 * RATE)], struck[:, : round(1.985 * RATE)])
    assert np.abs(marked - struck)[:, : 2 * RATE].max() < 0.02 * np.abs(struck).max()


def test_the_same_id_lays_the_same_mark_and_another_another():
    marks = []
    for id_ in (ID, ID, "3f2a9d"):
        samples = rain(3)
        sound.mark(samples, RATE, id_)
        marks.append(samples)
    assert np.array_equal(marks[0], marks[1])
    assert not np.array_equal(marks[0], marks[2])


def test_a_loop_closes_as_it_did():
    """The change of a loop goes over its seam: turned around, it is as smooth there as elsewhere."""
    period = rain(4.321)
    marked = period.copy()
    sound.mark(marked, RATE, ID, circular=True)
    change = np.concatenate([marked - period] * 2, axis=1)[0]
    steps = np.abs(np.diff(change))
    seam = period.shape[1]
    assert steps[seam - 5 : seam + 5].max() < np.percentile(steps, 99.9)
    assert np.abs(change[:200]).max() > 0.1 * np.abs(change).max()  # a mark, not a fade


def test_long_sounds_are_worked_on_in_blocks_without_a_seam(monkeypatch):
    whole, parts = rain(5), rain(5)
    sound.mark(whole, RATE, ID)
    monkeypatch.setattr(shaping, "_BLOCK", 64)
    sound.mark(parts, RATE, ID)
    assert np.abs(whole - parts).max() < 1e-5  # of a mark of 0.01


@pytest.mark.parametrize("seconds", [0.001, 0.1, 1])
def test_short_sounds_are_marked_and_searched(seconds):
    samples = rain(seconds)
    sound.mark(samples, RATE, ID)
    assert np.isfinite(samples).all()
    sound.detect(samples, RATE)


def test_silence_has_no_mark():
    silence = np.zeros((2, RATE), np.float32)
    sound.mark(silence, RATE, ID)
    assert not silence.any()
    assert not sound.detect(silence, RATE).there


def test_many_sounds_leave_nothing_behind():
    """Every sound has an id of its own; a server that marks thousands keeps the patterns of a few."""
    for number in range(20):
        carrier.noise_of(f"{number:06x}", 8000)
    assert carrier.noise_of.cache_info().currsize < 10
