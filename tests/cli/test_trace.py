"""audiogen trace: by its mark a file is known when its recipe is gone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from audiogen.media.audio import read_audio, read_recipe
from audiogen.origin import picture


def test_trace_finds_the_mark_when_the_recipe_is_gone(tiny: Path, run) -> None:
    run("make", "rain, 9 s", "-o", "rain.wav", "--seed", 3)
    samples, rate = read_audio(tiny / "rain.wav")
    soundfile.write(tiny / "bare.ogg", samples.T, rate)
    id_ = read_recipe(tiny / "rain.wav")["watermark"]["id"]
    ran = run("trace", "bare.ogg", "--among", ".")
    assert ran.code == 0
    assert f"id {id_}" in ran.out
    assert "made as rain.wav" in ran.out
    assert "as its recipe says" in run("trace", "rain.wav").out
    told = json.loads(run("trace", "rain.wav", "--json").out)
    assert (told["marked"], told["id"], told["sure"]) == (True, id_, True)


def test_trace_says_so_where_there_is_none(tiny: Path, run) -> None:
    run("make", "rain, 4 s", "-o", "plain.wav", "--no-watermark", "--seed", 3)
    ran = run("trace", "plain.wav", "--json")
    assert ran.code == 1
    assert '"marked": false' in ran.out


def test_trace_of_what_is_not_marked_or_no_file(tiny: Path, run) -> None:
    run("structure", "piano, 2 s", "-o", "s.mid")
    assert run("trace", "s.mid").code == 2
    assert "does not exist" in run("trace", "missing.wav").err
    (tiny / "broken.png").write_bytes(b"no picture")
    assert run("trace", "broken.png").code == 2


def test_trace_says_how_a_picture_was_turned(tiny: Path, run) -> None:
    paper = np.random.default_rng(0).normal(0.7, 0.02, (3, 384, 384)).astype(np.float32)
    marked = picture.mark(paper, "3f2a9c")
    levels = np.round(255 * marked).astype(np.uint8).transpose(1, 2, 0)
    Image.fromarray(levels).rotate(-20, Image.Resampling.BICUBIC).save(tiny / "turned.png")
    ran = run("trace", "turned.png")
    assert ran.code == 0
    assert "id 3f2a9c" in ran.out
    assert "turned by 20" in ran.out
