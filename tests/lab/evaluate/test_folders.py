"""evaluate sound A/ B/ and pictures A/ B/: known damage lies in order, few files are said to be few."""

from __future__ import annotations

import json
import re
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from scipy.ndimage import gaussian_filter

from audiogen.artifacts import Contour, Picture
from audiogen.errors import AudiogenError
from audiogen.lab.evaluate.folders import cache, command, page, pictures, sets, sounds
from audiogen.lab.evaluate.folders.detail import BLOCKS, detail
from audiogen.lab.evaluate.pictures import command as decoders
from audiogen.lab.evaluate.scores import Score

RATE = 22_050


def rows(count: int, dimensions: int = 6, seed: int = 0, moved: float = 0, wide: float = 1) -> sets.Rows:
    rng = np.random.default_rng(seed)
    return [moved + wide * rng.normal(size=(2, dimensions)) for _ in range(count)]


def test_the_farther_a_set_is_moved_the_larger_its_distances() -> None:
    reference = sets.Reference.of(rows(40), rows(40, seed=1))
    found = [reference.scores(rows(40, seed=2, moved=by)) for by in (0, 0.5, 1, 2)]
    for name in ("kernel", "frechet"):
        values = [each[name].value for each in found]
        assert values == sorted(values)
    assert found[0]["kernel"].interval[0] < 0.5  # of one kind: nothing between them
    assert found[3]["coverage"].value < 0.3 < found[0]["coverage"].value


def test_density_and_coverage_tell_a_narrow_set_from_a_wide_one() -> None:
    """A set that repeats what is usual is dense and covers little; strays are not dense."""
    real = np.random.default_rng(0).normal(size=(200, 4))
    rng = np.random.default_rng(1)
    narrow, strays = 0.1 * rng.normal(size=(200, 4)), 5 * rng.normal(size=(200, 4))
    same = rng.normal(size=(200, 4))
    density, coverage = ([sets.neighbours(x, real)[k].mean() for x in (same, narrow, strays)] for k in (0, 1))
    assert density[0] == pytest.approx(1, abs=0.15)
    assert density[1] > density[0] + 0.2
    assert density[2] < 0.2
    assert coverage[0] > 0.9
    assert coverage[1] < 0.5


def test_sets_of_other_sizes_are_not_compared() -> None:
    reference = sets.Reference.of(rows(10), rows(10, seed=1))
    with pytest.raises(ValueError, match="one size"):
        reference.scores(rows(11))


def test_copies_that_were_worked_on_stand_beside_their_originals() -> None:
    names = [f"{k}" for k in range(12)]
    reference, chosen, other = sets.dealt(names[3:9], names, 6)
    assert {names[k] for k in other} == set(names[3:9])
    assert [names[3:9][k] for k in chosen] == [names[k] for k in other]
    assert not set(reference) & set(other)
    reference, chosen, other = sets.dealt([f"take {k}" for k in range(9)], names, 6)
    assert sorted(reference + other) == list(range(12))
    assert len(set(chosen)) == 6


def test_what_can_be_concluded_depends_on_how_many_there_are() -> None:
    draws = np.random.default_rng(0).normal(size=400)
    real, same, far, near = (Score(v, v + draws) for v in (1.0, 1.2, 9.0, -9.0))
    noise = Score(5.0, 5 + 10 * draws[::-1])
    assert "are few" in sets.conclusion(far, real, 8, "distance")[0]
    assert len(sets.conclusion(far, real, 500, "distance")) == 1
    assert "farther" in sets.conclusion(far, real, 500, "distance")[0]
    assert "look for copies" in sets.conclusion(near, real, 500, "distance")[0]
    assert "cannot be told" in sets.conclusion(noise, real, 500, "distance")[0]
    assert "higher" in sets.conclusion(same, real, 500, "distance")[0]


def hiss(folder: Path, count: int, seed: int) -> Path:
    """Sounds of 5 s: noise that pulses."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    t = np.arange(5 * RATE) / RATE
    for k in range(count):
        pulse = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(1, 4) * t)
        soundfile.write(folder / f"{k}.wav", 0.1 * pulse * rng.normal(size=len(t)), RATE)
    return folder


def test_sounds_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = hiss(tmp_path / "a", 6, 0), hiss(tmp_path / "b", 12, 1)
    (a / "broken.wav").write_bytes(b"no sound")
    soundfile.write(a / "silent.wav", np.zeros(6 * RATE), RATE)
    soundfile.write(a / "short.wav", np.ones(RATE) * 0.1, RATE)
    assert command.main([str(a), str(b), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert "6 files of each kind are few" in told.out
    assert all(words in told.err for words in ("broken.wav", "it is silent", "it lasts 1.0 s"))
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    kernel = {row["name"]: row["scores"]["kernel"]["value"] for row in figures["sets"]}
    assert kernel["B, low-pass 3.5 kHz"] > kernel["B, other half"]
    document = (tmp_path / "out" / "report.html").read_text()
    assert document.count("<audio") == 18
    assert 'src="../a/0.wav"' in document
    assert command.main([str(a), str(b), "--out", str(tmp_path / "out")]) == 3


def test_the_harder_a_sound_is_clipped_the_lower_its_crest_factors() -> None:
    """At any level, and with nothing to say of silence."""
    noise = np.random.default_rng(0).normal(size=(2, 2 * sounds.RATE)).astype(np.float32)
    limits = np.abs(noise).max() / 10 ** (np.array([0, 6, 10, 25]) / 20)
    found = np.array([sounds.crest_factors(np.clip(noise, -limit, limit)) for limit in limits])
    assert (np.diff(found, axis=0) < -0.1).all()
    assert sounds.crest_factors(0.01 * noise) == pytest.approx(found[0], abs=1e-3)
    assert np.isfinite(sounds.crest_factors(np.zeros((2, sounds.RATE), np.float32))).all()


def test_clipping_lies_in_order() -> None:
    """10 dB and 25 dB of it, in sounds whose spectrum it leaves as it is."""
    own = sounds.embedding("ours", None, None)
    rng = np.random.default_rng(0)
    clips = [0.1 * rng.uniform(0.5, 2) * rng.normal(size=(2, 5 * sounds.RATE)) for _ in range(18)]

    def rows(some: list[np.ndarray], db: float) -> sets.Rows:
        limits = [np.abs(x).max() * 10 ** (-db / 20) for x in some]
        return [own.describe(np.clip(x, -m, m).astype(np.float32)) for x, m in zip(some, limits, strict=True)]

    reference = sets.Reference.of(rows(clips[:6], 0), rows(clips[6:12], 0), own.sizes)
    found = [reference.scores(rows(clips[12:], db))["kernel"].value for db in (0, 10, 25)]
    assert found == sorted(found)


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = hiss(tmp_path / "a", 2, 0), hiss(tmp_path / "b", 2, 1)
    out = ["--out", str(tmp_path / "out"), "--force"]
    assert command.main([str(a), str(b), *out]) == 0
    before = (tmp_path / "out" / "figures.json").read_text()
    monkeypatch.setattr(sounds, "read", None)  # cannot be called
    assert command.main([str(a), str(b), *out]) == 0
    assert (tmp_path / "out" / "figures.json").read_text() == before
    assert "nothing can be concluded" in before


def test_notes_are_held_against_the_midi_file_beside(tmp_path: Path) -> None:
    from audiogen.artifacts import Notes, Structure

    struck = np.array([[60 + k, 0.5 * k, 0.5 * k + 0.4, 80] for k in range(10)], float)
    Structure(6.0, notes=Notes.from_rows(struck)).save(tmp_path / "a.mid")
    heard = struck[:9, :2] + [0, 0.01]
    facts = sounds.facts_of(
        0.1 * np.ones((2, 6 * 44_100), np.float32), tmp_path / "a.wav", lambda x: heard, None
    )
    assert facts["note_f1"] == pytest.approx(2 * 9 / 19, abs=1e-3)
    assert facts["tempo_bpm"] is not None


def test_texture_is_heard_between_the_fades(tmp_path: Path) -> None:
    noise = np.tile(np.random.default_rng(0).standard_normal(8 * 44_100).astype(np.float32), (2, 1))
    faded = noise * np.interp(np.arange(noise.shape[1]) / 44_100, [0, 0.6, 7.4, 8], [0, 1, 1, 0])
    plain, other = (sounds.facts_of(x, tmp_path / "a.wav", None, None, texture=True) for x in (noise, faded))
    assert plain["texture_together_far"] == pytest.approx(other["texture_together_far"], abs=0.02)
    assert abs(plain["texture_together_far"]) < 0.06


def drawn(folder: Path, count: int, seed: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for k in range(count):
        coarse = rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(coarse).resize((256, 256), Image.Resampling.NEAREST).save(folder / f"{k}.png")
    return folder


@pytest.fixture
def simple(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the feature network: means and steps of a picture."""

    def describe(pixels: np.ndarray) -> np.ndarray:
        steps = np.abs(np.diff(pixels, axis=2)).mean((1, 2))
        return np.concatenate([pixels.mean((1, 2)), pixels.std((1, 2)), 20 * steps])[None]

    monkeypatch.setattr(pictures, "embedding", lambda *_: sets.Embedding("simple", describe))


@pytest.mark.usefixtures("simple")
def test_pictures_end_to_end(tmp_path: Path, capsys) -> None:
    """Options may come first; what is no file is passed over, what cannot be read is said."""
    a, b = drawn(tmp_path / "a", 8, 0), drawn(tmp_path / "b", 16, 1)
    (a / "folder.png").mkdir()
    (a / "gone.png").symlink_to(tmp_path / "nowhere.png")
    shutil.copy(b / "9.png", a / "9.png")
    assert decoders.main(["-n", "8", "--out", str(tmp_path / "out"), str(a), str(b)]) == 0
    told = capsys.readouterr()
    assert re.search(r"Diversity: .* lie [\d.]+ \[[\d.]+, [\d.]+\] times", told.out)
    assert "files of the same names" in told.out
    assert "1 files of A are in B as well" in told.out
    assert "gone.png: No such file" in told.err
    assert "folder.png" not in told.err
    kid = {
        r["name"]: r["scores"]["kid"]["value"]
        for r in json.loads((tmp_path / "out/figures.json").read_text())["sets"]
    }
    assert kid["B, other half"] < kid["B, noise of 0.05"] < kid["B, noise of 0.2"]
    assert (tmp_path / "out" / "report.html").read_text().count("<img") == 25


@pytest.mark.usefixtures("simple")
def test_a_full_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """It is no fault of a picture, so none is left out for it."""

    def full(*_: object, **__: object) -> None:
        raise AudiogenError("Could not write: No space left on device.")

    monkeypatch.setattr(cache, "write_atomic", full)
    a = drawn(tmp_path / "a", 2, 0)
    assert command.of_pictures([str(a), str(a), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err.endswith("audiogen: Could not write: No space left on device.\n")


def test_a_contour_is_held_against_the_picture_whatever_its_size(tmp_path: Path) -> None:
    """Those of digits have 28 pixels; one without ink asks for nothing."""
    ink = np.zeros((28, 28), np.float32)
    ink[8:20, 12:16] = 1
    pixels = 1 - np.repeat(ink.repeat(16, 0).repeat(16, 1)[None], 3, 0)
    for name, asked in (("seven", ink), ("none", 0 * ink)):
        Picture(pixels).save(tmp_path / f"{name}.png", recipe={"contour": Contour(asked).packed()})
    facts, empty = (
        pictures.facts_of(pictures.read(file), file, None, None)
        for file in (tmp_path / "seven.png", tmp_path / "none.png")
    )
    assert facts["size"] == "448x448"
    assert facts["contour_iou"] > 0.85
    assert "contour_iou" not in empty


def test_the_finest_detail_tells_noise_jpeg_and_half_the_size() -> None:
    """In a picture with as much contrast at every size; each row is worse than the one before."""
    rng = np.random.default_rng(0)
    grain = [rng.normal(size=(3, 256 >> k, 256 >> k)).repeat(1 << k, 1).repeat(1 << k, 2) for k in range(7)]
    picture = np.clip(0.5 + 0.04 * gaussian_filter(sum(grain), (0, 0.5, 0.5)), 0, 1)
    levels = np.round(255 * picture).astype(np.uint8).transpose(1, 2, 0)

    def jpeg(quality: int) -> np.ndarray:
        with BytesIO() as file:
            Image.fromarray(levels).save(file, "JPEG", quality=quality)
            return np.asarray(Image.open(file)).transpose(2, 0, 1) / 255

    def smaller(side: int) -> np.ndarray:
        small = Image.fromarray(levels).resize((side, side), Image.Resampling.BOX)
        return np.asarray(small.resize((256, 256), Image.Resampling.BICUBIC)).transpose(2, 0, 1) / 255

    own = detail(picture)
    assert own.shape == (sum(BLOCKS),)
    for worse in (
        [np.clip(picture + size * rng.normal(size=picture.shape), 0, 1) for size in (0.01, 0.03, 0.1)],
        [jpeg(quality) for quality in (80, 50, 20)],
        [smaller(side) for side in (192, 128, 64)],
    ):
        away = [float(np.linalg.norm(detail(each) - own)) for each in worse]
        assert away == sorted(away)
        assert away[0] > 0.1


def test_scores_of_words_stand_beside_every_file(tmp_path: Path, capsys) -> None:
    """By toys with random weights: of the words of the recipe, else of the name."""
    from audiogen.hub.judges import Clap, Clip
    from audiogen.lab.evaluate.folders.words import words_of
    from audiogen.media import png
    from tests.hub import toy_judges

    toy_judges.write_clip(tmp_path / "clip")
    toy_judges.write_clap(tmp_path / "clap")
    assert words_of({"prompt": "a cat"}, Path("x.png")) == "a cat"
    assert words_of(None, Path("a-red_fox.png")) == "a red fox"
    a, b = drawn(tmp_path / "a", 2, 0), drawn(tmp_path / "b", 2, 1)
    png_file = a / "0.png"
    png_file.write_bytes(png.png_bytes(png.read(png_file)[0][:3], {"prompt": "a blue cat"}))
    given = ["--clip", str(tmp_path / "clip"), "--embedding", "clip", "--out", str(tmp_path / "seen")]
    assert command.of_pictures([str(a), str(b), *given]) == 0
    facts = json.loads((tmp_path / "seen/figures.json").read_text())["files_a"][0]["facts"]
    cosine = Clip(str(tmp_path / "clip")).cosines([pictures.read(png_file)], ["a blue cat"])[0]
    assert facts["clip_score"] == pytest.approx(100 * cosine, abs=1e-3)
    a, b = hiss(tmp_path / "c", 2, 0), hiss(tmp_path / "d", 2, 1)
    given = ["--clap", str(tmp_path / "clap"), "--embedding", "clap", "--out", str(tmp_path / "heard")]
    assert command.main([str(a), str(b), *given]) == 0
    facts = json.loads((tmp_path / "heard/figures.json").read_text())["files_a"][1]["facts"]
    cosine = Clap(str(tmp_path / "clap")).cosine(sounds.read(a / "1.wav"), sounds.RATE, "1")
    assert facts["clap_score"] == pytest.approx(100 * cosine, abs=1e-3)
    assert "| clap_score |" in capsys.readouterr().out
    assert command.main([str(a), str(b), "--clap", str(tmp_path / "clip")]) == 2
    assert "give a CLAP" in capsys.readouterr().err


def test_the_inception_score_is_one_where_all_is_alike_and_ten_where_all_digits_come() -> None:
    assert pictures.inception_score(np.tile(np.eye(10)[3], (20, 1))) == pytest.approx(1, abs=1e-3)
    assert pictures.inception_score(np.tile(np.eye(10), (3, 1))) == pytest.approx(10, rel=1e-3)


def test_wrong_folders_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    full = hiss(tmp_path / "full", 1, 0)
    for arguments, said in (
        ([tmp_path / "none", full], "is no folder"),
        ([tmp_path / "empty", full], "holds no sound"),
        ([full, full, "--embedding", "clap"], "--clap"),
        ([full, full, "-n", "2"], "at least 6"),
        ([full, full, "--out", full / "0.wav" / "x"], "Cannot make the folder"),
    ):
        assert command.main([str(each) for each in arguments]) == 2
        assert said in capsys.readouterr().err


def test_names_of_files_are_no_markup(tmp_path: Path) -> None:
    row = {"name": "<b>&", "file": str(tmp_path / "<b>&.wav"), "facts": {}}
    result = {
        "what": "sound",
        "a": "<a>",
        "b": "b",
        "embedding": "ours",
        "sets": [],
        "count": 0,
        "conclusions": [],
    }
    document = page.html(result | {"left_out": ["<i>"], "files_a": [row], "files_b": []}, tmp_path).decode()
    assert not any(tag in document for tag in ("<b>", "<i>", "<a>"))


def test_files_of_one_name_stand_in_one_row_by_their_numbers(tmp_path: Path) -> None:
    result = {"what": "picture", "a": "a", "b": "b", "embedding": "ours", "sets": [], "count": 0}
    rows = {side: [{"name": n, "file": f"{side}/{n}.png", "facts": {}} for n in names] for side, names in
            (("a", ("10", "2", "only")), ("b", ("2", "10")))}  # fmt: skip
    result |= {"conclusions": [], "left_out": [], "files_a": rows["a"], "files_b": rows["b"]}
    alts = re.findall('alt="(.*?)"', page.html(result, tmp_path).decode())
    assert alts == ["2.png", "2.png", "10.png", "10.png", "only.png"]
