"""The making without a command line: requests, takes, lengths, loudness, recipes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audiogen import making, provenance
from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.making import Request, make, target_lufs, understand, with_length
from audiogen.stage import Sampling
from tests.conftest import assert_good_audio

NOTES = Notes.from_rows(np.array([[60, 0.1, 0.6, 40], [64, 2.5, 3.0, 40]]))


def test_takes_come_with_everything_that_was_made(tiny):
    takes = list(make(Request("calm piano, 1 s", sampling=Sampling(seed=3, n=2))))
    assert [take.seed for take in takes] == [3, 4]
    for take in takes:
        assert take.structure.notes is not None
        assert take.mel.mid.shape[1] == 75
        assert_good_audio(take.waveform.samples, 44_100, 1.0)
        assert take.sampling.n == 1
    takes[0].save(tiny / "a.wav")
    assert "wavenet" in takes[0].recipe["weights"]  # whose modes guide the renderer
    again = provenance.request_of(takes[0].recipe, tiny, tiny)
    (replay,) = make(again)
    assert np.array_equal(replay.waveform.samples, takes[0].waveform.samples)
    assert provenance.differences(takes[0].recipe, replay.recipe) == []


def test_networks_of_one_take_go_when_they_are_done(tiny):
    plan = understand(Request("calm piano, 1 s", sampling=Sampling(seed=3)))
    (kept,), once = make(plan), plan.for_one_take()
    (take,) = make(once)
    assert np.array_equal(take.waveform.samples, kept.waveform.samples) and take.recipe == kept.recipe
    assert [stage.network for stage in once.parts] == [None, None, None]


@pytest.mark.parametrize("words", ["piano with rain, 1 s", "a watercolor 7", "calm piano, 1 s"])
def test_networks_that_are_needed_again_stay(words):
    takes = 2 if words.startswith("calm") else 1
    plan = understand(Request(words, sampling=Sampling(seed=3, n=takes)))
    assert not plan.for_one_take().once


def test_progress_can_cancel(tiny):
    seen = []

    def stop(stage, step, total):
        seen.append(stage)
        return stage != "decoder"

    with pytest.raises(Cancelled, match="decoder"):
        list(make(Request("piano 1 s"), stop))
    assert set(seen) == {"structure", "decoder"}


def test_another_machines_dtype_is_replayed(tiny):
    plan = understand(Request("piano 1 s", structure="none"))
    for dtype in ("float32", "bfloat16"):
        (take,) = make(plan, dtypes={"flow": dtype, "vocoder": dtype})
        assert set(take.recipe["dtype"].values()) == {dtype}


def test_a_plan_can_stop_at_a_seam(tiny):
    plan = understand(Request("piano 1 s")).until("structure")
    (take,) = make(plan)
    assert take.waveform is None and take.mel is None
    with pytest.raises(InvalidRequest, match="no sound"):
        take.save(tiny / "a.wav")
    with pytest.raises(InvalidRequest, match="Nothing here makes a renderer"):
        plan.until("renderer")


def test_all_problems_of_a_request_at_once():
    with pytest.raises(InvalidRequest) as caught:
        Request("piano", loudness=3.0, rate=8000, structure="x", decoder="score")
    for words in (
        "LUFS, not 3",
        "not 8000",
        "no structure stage named 'x'",
        "no decoder stage named 'score'",
    ):
        assert words in str(caught.value)
    with pytest.raises(InvalidRequest, match="not 'loud'"):
        Request("piano", loudness="loud")


def test_length_of_what_is_started_from(tiny):
    Structure(5.0, NOTES).save(tiny / "n.npz")
    assert understand(Request(source=tiny / "n.npz")).conditioning.seconds == 5.0
    plan = understand(Request("soft", source=tiny / "n.npz", seconds=2.0))
    assert (plan.start.seconds, plan.conditioning.seconds, len(plan.start.notes)) == (2.0, 2.0, 1)
    assert plan.stages == {"decoder": "flow", "renderer": "vocoder"}


def test_with_length():
    longer = with_length(Structure(5.0, NOTES), 8.0)
    assert (longer.seconds, len(longer.notes)) == (8.0, 2)
    coarse = Structure(2.0, mel=np.zeros((34, 50), np.float32), onsets=np.zeros(150, np.float32))
    cut = with_length(coarse, 1.0)
    assert (cut.mel.shape, cut.onsets.shape) == ((34, 25), (75,))
    mel = MelSpectrogram(np.zeros((170, 150)), np.zeros((2, 34, 150)), 2.0)
    assert with_length(mel, 1.0).mid.shape == (170, 75)
    for holds_two_seconds in (coarse, mel):
        with pytest.raises(InvalidRequest, match="holds 2 s"):
            with_length(holds_two_seconds, 3.0)


def test_loudness_by_word_else_by_notes_else_middle():
    quiet = Structure(5.0, NOTES)
    assert target_lufs("auto", Conditioning(loudness=120.0), quiet) == -16
    assert target_lufs("auto", Conditioning(), quiet) == making.target_lufs(
        "auto", Conditioning(loudness=40.0), None
    )
    assert target_lufs("auto", Conditioning(), Structure.empty(3.0)) == -20
    assert target_lufs("off", Conditioning(loudness=120.0), quiet) is None
    assert target_lufs(-14.0, Conditioning(), quiet) == -14


def test_a_recipe_of_another_version_is_refused_in_words(tiny):
    (take,) = make(Request("piano 1 s", structure="none"))
    for change in ({"sampling": {"tempo": 3}}, {"conditioning": {"wombat": 1}}, {"loudness": None}):
        broken = take.recipe | change
        with pytest.raises(InvalidRequest):
            provenance.request_of(broken | {"audiogen": "0.0.1"}, tiny, tiny)
    del take.recipe["pipeline"]
    with pytest.raises(InvalidRequest, match="cannot replay this recipe .*pipeline"):
        provenance.request_of(take.recipe, tiny, tiny)


def test_packing(tmp_path):
    file = tmp_path / "a.mid"
    file.write_bytes(b"MThd" * 100)
    row = provenance.pack(file)
    (tmp_path / "out").mkdir()
    assert provenance.unpack(row, tmp_path / "out", tmp_path).read_bytes() == file.read_bytes()
    for damage in (row | {"zlib_base64": "!!"}, row | {"zlib_base64": "AAAA"}, row | {"sha256": "0"}):
        with pytest.raises(InvalidRequest, match="damaged|is not the file"):
            provenance.unpack(damage, tmp_path / "out", tmp_path)
    with pytest.raises(InvalidRequest, match="which no file can be called"):
        provenance.unpack(row | {"file": "../../evil.mid"}, tmp_path / "out", tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.mid", "a.mid", "out"]


def test_differences_are_named():
    old = {"audiogen": "1", "torch": "2", "threads": 2, "device": "cuda:0"}
    old |= {"weights": {"flow": {"name": "f", "sha256": "a"}}}
    new = dict.fromkeys(old, "other") | {"weights": {}}
    found = "; ".join(provenance.differences(old, new))
    for words in (
        "audiogen was 1",
        "torch was 2",
        "threads was 2",
        "device was cuda:0",
        "flow (f) have changed",
    ):
        assert words in found
    assert provenance.differences(old, dict(old)) == []


def test_a_sound_of_before_the_renderers_new_transforms_is_said_not_to_come_back_bit_for_bit(tiny):
    (take,) = make(Request("rain, 1 s"))
    assert take.recipe["transforms"] == provenance.TRANSFORMS
    before = {name: value for name, value in take.recipe.items() if name != "transforms"}
    assert "other transforms" in provenance.differences(before, take.recipe)[0]
    picture = {"pipeline": {"decoder": "flow", "renderer": "painter"}}
    assert provenance.differences(picture, picture) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"structure": "mel"}, "tempo 120, key D minor, metre 3/4, crescendo: left out"),
        ({"structure": "wavenet"}, "tempo 120, metre 3/4, crescendo: left out"),
        ({"structure": "wavenet", "decoder": "none"}, "tempo 120, metre 3/4, crescendo: left out"),
        ({"structure": "none"}, "tempo 120, key D minor, metre 3/4, crescendo: left out"),
        ({}, ""),
    ],
)
def test_what_the_first_stage_does_not_follow_is_said_in_one_remark(settings, words):
    remarks = understand(Request("piano in D minor, 3/4, 120 bpm, ff, crescendo, 5 s", **settings)).remarks
    assert len(remarks) == bool(words) and "; ".join(remarks).startswith(words)
    assert not understand(Request("loud piano, 5 s", **settings)).remarks


def test_a_mode_without_a_key_is_said_to_be_left_out_and_weather_has_none_of_it():
    (remark,) = understand(Request("piano in a minor key, 5 s", structure="mel")).remarks
    assert remark.startswith("mode minor: left out")
    for structure in ("mel", "none"):
        assert not understand(Request("heavy rain, 5 s", structure=structure)).remarks


def test_requests_are_values():
    assert dataclasses.replace(Request("piano"), rate=48_000) == Request("piano", rate=48_000)
