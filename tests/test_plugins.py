"""A package outside the tree adds a stage, a whole pipeline and a kind of work, each in a few lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audiogen import kinds, plugins, registry
from audiogen.artifacts import Picture, Waveform
from audiogen.cli import main
from audiogen.errors import InvalidRequest
from audiogen.making import Request, make, understand
from audiogen.media.audio import read_audio, read_recipe
from audiogen.pipeline import load_pipeline
from audiogen.stage import Sampling

STRANGER = """
import numpy as np
from audiogen import Conditioning, Kind, Notes, Picture, Structure, Waveform, register_kind, register_stage

@register_stage(kinds=["piano"])                       # a stage
class Arpeggio:
    name, seam, takes, gives = "arpeggio", "structure", Conditioning, Structure

    def __call__(self, x, conditioning, sampling, progress):
        pitch = 48 + sampling.seed_for("structure") % 12
        rows = [(pitch + 4 * k, k / 4, k / 4 + 0.2, 64) for k in range(int(3 * x.seconds))]
        return Structure(x.seconds, Notes.from_rows(np.array(rows)))

@register_stage(kinds=["piano", "ambience"])           # words straight to a waveform, in free text
class Hummer:
    name, seam, takes, gives = "hummer", "decoder", Conditioning, Waveform
    vocabulary = "free"

    def __call__(self, x, conditioning, sampling, progress):
        t = np.arange(round(x.seconds * 44_100)) / 44_100
        tone = 0.1 * np.sin(2 * np.pi * (200 + len(x.prompt)) * t)
        return Waveform(np.stack([tone, tone]).astype(np.float32))

@register_stage(kinds=["bells"])                       # a kind of work of its own
class Bells:
    name, seam, takes, gives = "bells", "structure", Conditioning, Waveform

    def __call__(self, x, conditioning, sampling, progress):
        t = np.arange(round(x.seconds * 44_100)) / 44_100
        tone = 0.2 * np.sin(2 * np.pi * 523 * t) * np.exp(-2 * t)
        return Waveform(np.stack([tone, tone]).astype(np.float32))

@register_stage(kinds=["stamps"])                      # words straight to a picture
class Stamps:
    name, seam, takes, gives = "stamps", "decoder", Conditioning, Picture
    vocabulary = "free"

    def __call__(self, x, conditioning, sampling, progress):
        return Picture(np.random.default_rng(sampling.seed).random((3, 48, 64), np.float32))

register_kind(Kind("stamps", "a stamp", "picture", {"decoder": "stamps"}, seconds=None, words=("stamp",)))
register_kind(
    Kind("bells", "a bell", stages={"structure": "bells"}, seconds=(1, 10),
         ends="struck", words=("bell", "钟"))
)
"""


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registered: None) -> Iterator[Path]:
    """An installed package `stranger` with an entry point, and nothing registered yet; its folder."""
    site = tmp_path / "site"
    install(site, "stranger", STRANGER)
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("stranger", None)


def install(site: Path, name: str, source: str) -> None:
    about = site / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (site / f"{name}.py").write_text(source, encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{name} = {name}\n")


def hertz(samples: np.ndarray) -> int:
    """The strongest tone."""
    return round(float(np.argmax(np.abs(np.fft.rfft(samples[0])))) * 44_100 / samples.shape[1])


def test_a_stage_is_used_from_python_and_the_command_line(tiny: Path, stranger: Path) -> None:
    arguments = ["make", "calm piano, 2 s", "--structure", "arpeggio", "--seed", "7", "--bits", "float"]
    assert main([*arguments, "-o", "a.wav", "-q"]) == 0
    wave = load_pipeline("piano", structure="arpeggio")("calm piano, 2 s", Sampling(seed=7))
    samples, _ = read_audio(tiny / "a.wav")
    np.testing.assert_array_equal(samples, wave.samples)
    assert main(["again", "a.wav", "-q"]) == 0
    assert (tiny / "a.wav").read_bytes() == (tiny / "a-again.wav").read_bytes()
    assert main(["structure", "calm piano, 2 s", "--structure", "arpeggio", "-o", "a.npz", "-q"]) == 0


def test_a_whole_pipeline_is_handed_the_whole_sentence(tiny: Path, stranger: Path) -> None:
    """It has free text: a violin is not refused, and what was understood (the length) still counts."""
    words = "a violin and drums, 2 s"
    with pytest.raises(InvalidRequest):
        understand(Request(words))
    (take,) = make(Request(words, decoder="hummer"))
    assert take.structure is None and take.mel is None
    assert isinstance(take.waveform, Waveform) and take.waveform.seconds == 2.0
    assert hertz(take.waveform.samples) == pytest.approx(200 + len(words), abs=1)
    assert take.conditioning.prompt == words and take.conditioning.unknown == ()
    assert main(["make", words, "--decoder", "hummer", "--seed", "1", "-o", "b.wav", "-q"]) == 0
    recipe = read_recipe(tiny / "b.wav")
    assert recipe is not None and recipe["pipeline"] == {"decoder": "hummer"}
    assert main(["again", "b.wav", "-q"]) == 0


def test_what_a_whole_pipeline_makes_superfluous_cannot_be_asked_for(stranger: Path) -> None:
    with pytest.raises(InvalidRequest, match="hummer takes the words themselves.* no structure stage score"):
        understand(Request("piano, 2 s", structure="score", decoder="hummer"))
    with pytest.raises(InvalidRequest, match="bells gives a Waveform.* no decoder stage hummer"):
        registry.register_stage("x:Y", kinds=["bells"], name="hummer", **fields("decoder"))
        understand(Request("a bell, 3 s", structure="bells", decoder="hummer"))


def fields(seam: str) -> dict:
    from audiogen.artifacts import MelSpectrogram, Structure

    return {"seam": seam, "takes": Structure, "gives": MelSpectrogram}


def test_a_kind_of_work_is_known_by_its_words(tiny: Path, stranger: Path, capsys) -> None:
    plan = understand(Request("a bell, 3 s"))
    assert (plan.kind.name, plan.conditioning.seconds, plan.stages) == ("bells", 3.0, {"structure": "bells"})
    assert main(["make", "一口钟,3 秒", "--seed", "1", "--json", "-q"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["seconds"] == 3.0 and hertz(read_audio(tiny / row["file"])[0]) == 523
    assert main(["make", "something else", "--kind", "bells", "-o", "c.wav", "-q"]) == 0
    wave = load_pipeline("bells")("a bell, 3 s", Sampling(seed=1))
    np.testing.assert_array_equal(
        wave.samples, next(make(Request("a bell, 3 s", sampling=Sampling(seed=1)))).waveform.samples
    )
    assert main(["explain", "a loud bell, 3 s"]) == 0
    said = capsys.readouterr().out
    assert "bells" in said and "3 s" in said and "mean velocity" in said  # what is understood is shown
    with pytest.raises(InvalidRequest, match="A bell takes 1 to 10 seconds, not 20"):
        understand(Request("a bell, 20 s"))
    with pytest.raises(InvalidRequest, match="A bell has an end, so it cannot be a loop"):
        understand(Request("a bell, 3 s", sampling=Sampling(loop=True)))


def test_a_kind_of_picture(tiny: Path, stranger: Path) -> None:
    """It keeps the size that its stage gives, has a sheet, and is made again where nobody has met it yet."""
    assert main(["make", "a stamp from Peru", "--seed", "3", "-n", "2", "-o", "s.png", "-q"]) == 0
    assert sorted(f.name for f in tiny.glob("*.png")) == ["s-1.png", "s-2.png", "s-sheet.png"]
    picture = load_pipeline("stamps")("a stamp from Peru", Sampling(seed=3))
    assert picture.size == (64, 48)
    np.testing.assert_allclose(Picture.load(tiny / "s-1.png").pixels, picture.pixels, atol=0.51 / 255)
    del kinds.KINDS["stamps"]
    sys.modules.pop("stranger")
    plugins.forget()
    assert main(["again", "s-1.png", "-q"]) == 0
    assert (tiny / "s-1.png").read_bytes() == (tiny / "s-1-again.png").read_bytes()
    assert main(["make", "a stamp", "--loop", "-o", "t.png", "-q"]) == 2


def test_a_broken_package_is_named_and_harms_nothing(tiny: Path, stranger: Path, capsys) -> None:
    install(stranger, "broken", "raise RuntimeError('no such driver')")
    assert main(["make", "a bell, 2 s", "-o", "d.wav", "-q"]) == 0
    said = capsys.readouterr().err
    assert "what adds broken (broken) cannot be used and is left out: RuntimeError: no such driver" in said


def test_a_package_that_is_not_needed_is_not_imported(stranger: Path) -> None:
    registry.stage_entry("score", "piano")
    assert "stranger" not in sys.modules
    with pytest.raises(InvalidRequest, match="arpeggio"):
        registry.stage_entry("no such stage")
    assert "stranger" in sys.modules


def test_a_registration_that_cannot_be_is_refused_in_words() -> None:
    class Half:
        name, seam = "half", "structure"

    with pytest.raises(InvalidRequest, match="does not say its takes, gives"):
        registry.register_stage(Half, kinds=["piano"])
    with pytest.raises(InvalidRequest, match="a family is flow, diffusion, not 'dance'"):
        registry.register_stage("a:B", kinds=["piano"], name="b", family="dance", **fields("decoder"))
    with pytest.raises(InvalidRequest, match="a seam is structure, decoder, renderer, not 'middle'"):
        registry.register_stage("a:B", kinds=["piano"], name="b", **fields("middle"))
    with pytest.raises(InvalidRequest, match="must be sound or picture, not 'film'; it needs at least"):
        kinds.Kind("film", result="film")
