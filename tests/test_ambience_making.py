"""Ambience from request to finished take, with tiny random weights."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen import provenance
from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.making import Request, make, target_lufs, understand
from audiogen.media import riff
from audiogen.media.audio import audio_bytes
from audiogen.media.loudness import loudness_lufs
from audiogen.request import BED_LU, Take
from audiogen.stage import Sampling
from tests.conftest import assert_good_audio

RAIN = Conditioning(prompt="rain", path="ambience", seconds=2.0, sources={"rain": 1.0})
NOTES = Structure(2.0, Notes.from_rows(np.array([[60, 0.1, 0.6, 70], [64, 0.5, 1.0, 60]])))


def only(request: Request) -> Take:
    (take,) = make(request)
    return take


def test_words_become_weather_of_the_asked_length_and_level(tiny):
    take = only(Request("rain and birdsong, 1 s", sampling=Sampling(seed=1)))
    assert take.recipe["pipeline"] == {"structure": "mel", "decoder": "flow", "renderer": "vocoder"}
    assert [take.recipe["weights"][name]["name"] for name in ("mel", "flow", "vocoder")] == [
        "ambience-mel",
        "ambience-flow",
        "vocoder",
    ]
    assert_good_audio(take.waveform.samples, 44_100, 1.0)
    assert loudness_lufs(take.waveform.samples, 44_100) == pytest.approx(-20, abs=0.5)


def test_the_suffix_does_not_make_a_piano_of_rain():
    assert understand(Request("rain, 10 s", default_path="piano")).conditioning.path == "ambience"


def test_light_rain_is_softer_and_heavy_rain_louder():
    levels = [target_lufs("auto", Conditioning(path="ambience", intensity=i), None) for i in (0.0, 0.5, 1.0)]
    assert levels == [-23, -20, -17]
    assert target_lufs("auto", RAIN, None) == -20


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("seconds", [2.0, 1.2345])
def test_a_loop_has_exactly_its_length_and_a_mark(tiny, seconds, rate):
    asked = Conditioning(path="ambience", seconds=seconds, sources={"rain": 1.0})
    wave = only(Request(conditioning=asked, rate=rate, sampling=Sampling(seed=2, loop=True))).waveform
    assert wave.samples.shape == (2, round(seconds * rate))
    chunks = dict(riff.chunks(audio_bytes(wave.samples, rate, facts=wave.facts)))
    first, last = np.frombuffer(chunks["smpl"][44:52], "<u4")
    assert (first, last) == (0, wave.samples.shape[1] - 1)


def test_a_loop_has_no_fades_and_other_weather_has(tiny):
    def ends_db(loop: bool) -> tuple[float, float]:
        sampling = Sampling(seed=2, loop=loop)
        samples = only(Request(conditioning=RAIN, sampling=sampling)).waveform.samples
        first, last = (samples[:, part].std() / samples.std() for part in (slice(200), slice(-200, None)))
        return 20 * float(np.log10(first)), 20 * float(np.log10(last))

    assert min(ends_db(loop=True)) > -12
    assert max(ends_db(loop=False)) < -15


def test_an_ambience_is_no_variation():
    with pytest.raises(InvalidRequest, match="an ambience has none"):
        understand(Request(conditioning=RAIN, sampling=Sampling(variation=0.5)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"structure": "score"}, "stage score does not make ambience; for ambience there are mel, none"),
        ({"conditioning": Conditioning(path="ambience", seconds=0.5)}, "1 to 300 seconds, not 0.5"),
        ({"conditioning": Conditioning(path="ambience", seconds=301)}, "1 to 300 seconds, not 301"),
        ({"decoder": "none"}, "Without a decoder"),
    ],
    ids=["score", "short", "long", "none"],
)
def test_what_an_ambience_cannot_be(change, words):
    with pytest.raises(InvalidRequest, match=words):
        understand(Request(**({"conditioning": RAIN} | change)))


def test_a_kept_structure_knows_what_it_was_made_for(tiny):
    take = only(Request(conditioning=RAIN, sampling=Sampling(seed=4)))
    take.structure.save(tiny / "kept.npz")
    plan = understand(Request(source=tiny / "kept.npz"))
    assert (plan.conditioning.path, plan.conditioning.sources) == ("ambience", {"rain": 1.0})
    assert plan.stages == {"decoder": "flow", "renderer": "vocoder"}
    named = understand(Request("heavy rain", source=tiny / "kept.npz")).conditioning
    assert (named.path, named.seconds) == ("ambience", 2.0)
    again = only(Request(source=tiny / "kept.npz", sampling=Sampling(seed=4)))
    np.testing.assert_array_equal(again.waveform.samples, take.waveform.samples)


def test_notes_are_not_for_weather(tiny):
    NOTES.save(tiny / "mine.mid")
    with pytest.raises(InvalidRequest, match="mine.mid holds notes, which only the piano plays"):
        understand(Request("rain", source=tiny / "mine.mid"))


def piano_with_rain(tiny, **change) -> Request:
    NOTES.save(tiny / "mine.mid", force=True)
    asked = Conditioning(prompt="piano with rain", path="piano", seconds=2.0, sources={"rain": 1.0})
    return Request("piano with rain", source=tiny / "mine.mid", conditioning=asked, loudness="off", **change)


def test_rain_lies_under_the_piano_as_softly_as_is_said(tiny):
    request = piano_with_rain(tiny, sampling=Sampling(seed=1))
    plan = understand(request)
    assert plan.bed.stages == {"structure": "mel", "decoder": "flow", "renderer": "vocoder"}
    assert any("rain is laid under the piano, 8 LU below it" in words for words in plan.remarks)
    both = only(request).waveform.samples
    dry = Conditioning(prompt="piano", path="piano", seconds=2.0)
    alone = only(Request("piano", source=request.source, conditioning=dry, loudness="off")).waveform.samples
    bed = both - alone * (np.vdot(both, alone) / np.vdot(alone, alone))  # other seed, other noise: about
    assert 10 * np.log10(np.square(bed).mean() / np.square(both).mean()) < 0
    assert plan.until("decoder").bed is None


def test_a_bed_is_softer_than_what_it_lies_under(tiny):
    from audiogen.artifacts import Waveform
    from audiogen.making.sound import lay_under
    from tests.conftest import tone

    above, below = Waveform(tone(440, 10.0, 0.1)), Waveform(tone(1000, 10.0, 0.5))
    dry = above.samples.copy()
    lay_under(above, below)
    bed = above.samples - dry
    middle = slice(44_100, -3 * 44_100)  # between its fades
    apart = loudness_lufs(dry[:, middle], 44_100) - loudness_lufs(bed[:, middle], 44_100)
    assert apart == pytest.approx(BED_LU, abs=0.7)  # the fades are part of the bed's own loudness
    assert np.abs(bed[:, :100]).max() < 1e-3 and np.abs(bed[:, -100:]).max() < 1e-3


def test_piano_with_rain_is_made_again_from_its_recipe(tiny):
    take = only(piano_with_rain(tiny, sampling=Sampling(seed=3)))
    bed = take.recipe["bed"]
    assert bed["weights"]["flow"]["name"] == "ambience-flow"
    assert take.recipe["weights"]["flow"]["name"] == "piano-flow"
    assert (bed["conditioning"]["sources"], bed["below_lu"]) == ({"rain": 1.0}, BED_LU)
    (tiny / "again").mkdir()
    (replay,) = make(provenance.request_of(take.recipe, tiny / "again", tiny))
    np.testing.assert_array_equal(replay.waveform.samples, take.waveform.samples)
    assert provenance.differences(take.recipe, replay.recipe) == []
    changed = replay.recipe | {"bed": bed | {"weights": {"flow": {"sha256": "0"}}}}
    assert "weights of flow" in provenance.differences(changed, replay.recipe)[0]


def test_steps_are_kept_only_where_they_are_asked_for(tiny):
    seen = only(Request(conditioning=RAIN, show_steps=True, sampling=Sampling(seed=1, steps=3)))
    plain = only(Request(conditioning=RAIN, sampling=Sampling(seed=1, steps=3)))
    assert (len(seen.steps), len(plain.steps)) == (3, 0)
    np.testing.assert_array_equal(seen.steps[-1].mid, seen.mel.mid)
    np.testing.assert_array_equal(seen.waveform.samples, plain.waveform.samples)
    with pytest.raises(InvalidRequest, match="--show-steps shows a decoder"):
        seen.mel.save(tiny / "mel.npz")
        understand(Request(source=tiny / "mel.npz", show_steps=True))
