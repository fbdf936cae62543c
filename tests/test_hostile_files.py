"""Files of strangers: sizes are capped before memory is taken, and every field is checked before the work."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from audiogen import Contour, Latents, MelSpectrogram, Notes, Picture, Structure, Waveform
from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.media import audio, drawing, files, png
from audiogen.provenance import UNPACKED_LIMIT, pack, request_of, unpack
from audiogen.stage import Sampling

CALM = {"prompt": "calm piano", "path": "piano", "seconds": 2.0}
RECIPE = {
    "audiogen": "0.1.0",
    "pipeline": {"structure": "score", "decoder": "flow", "renderer": "vocoder"},
    "prompt": "calm piano",
    "conditioning": CALM,
    "sampling": {"seed": 1},
    "loudness": "auto",
    "rate": 44_100,
    "device": "cpu",
    "threads": 2,
}


def npy(shape: str, body: bytes = b"", descr: str = "'<f4'") -> bytes:
    """An array file with any header."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + body


def npz(path: Path, compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, raw in members.items():
            archive.writestr(f"{name}.npy", raw)
    return path


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"mel": npy("(34, 1000000)", bytes(34 * 4 * 1_000_000))}, "129 MB unpacked, and at most 128 MB"),
        ({"mel": npy("(34, 1000000000000)")}, "not an archive of plain arrays"),
        ({"mel": npy("(-1, 5)", bytes(20))}, "not an archive of plain arrays"),
        ({"mel": npy("(5,)", bytes(40), "'<M8[D]'")}, "not an archive of plain arrays"),
        ({"mel": npy("(5,)", bytes(40), "'|O'")}, "not an archive of plain arrays"),
        ({"mel": b"no array"}, "not an archive of plain arrays"),
        ({f"a{k}": npy("(0,)") for k in range(65)}, "65 arrays, and at most 64"),
    ],
)
def test_what_an_npz_would_unpack_to_is_known_before(tmp_path: Path, members: dict, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        files.read_npz(npz(tmp_path / "x.npz", **members))


def test_an_npz_of_lzma_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="an unusual compression"):
        files.read_npz(npz(tmp_path / "x.npz", zipfile.ZIP_LZMA, a=npy("(0,)")))


def test_every_array_comes_back(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array("词"), "c": np.zeros((0, 2)), "d": np.array(3)}
    arrays["f"] = np.asfortranarray(np.arange(6).reshape(2, 3))
    (tmp_path / "x.npz").write_bytes(files.npz_bytes(arrays))
    for name, array in files.read_npz(tmp_path / "x.npz").items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"seconds": np.array("long")}, "`seconds` is .*, not a number"),
        ({"seconds": np.array(np.nan)}, "above 0, not nan"),
        ({"seconds": np.array(2.0), "known": np.array("5"), "notes": np.zeros((0, 4))}, "no JSON object"),
        (
            {"seconds": np.array(2.0), "known": np.array('{"metre":5}'), "notes": np.zeros((0, 4))},
            "A metre is",
        ),
        ({"seconds": np.array(2.0), "notes": np.zeros((3, 1))}, "Notes are rows"),
        ({"seconds": np.array(2.0), "notes": np.array([["a"] * 4])}, "Notes are rows"),
        ({"seconds": np.array(2.0), "onsets": np.zeros((3, 3))}, "Onset strength is"),
        ({"seconds": np.array(2.0), "mel": np.full((34, 9), np.inf)}, "NaN or infinity"),
        ({"seconds": np.array(2.0), "asked": np.array('{"metre":5}')}, "metre must be a list"),
        ({"seconds": np.array(2.0), "asked": np.array('{"key":"H minor"}')}, "key must be such as"),
        ({"seconds": np.array(2.0), "asked": np.array('{"sources":{"rain":2}}')}, 'weight of "rain"'),
        ({"seconds": np.array(2.0), "asked": np.array("[" * 9999)}, "no JSON object"),
    ],
)
def test_a_structure_with_anything_in_it_is_refused(tmp_path: Path, arrays: dict, words: str) -> None:
    (tmp_path / "x.npz").write_bytes(files.npz_bytes(arrays))
    with pytest.raises(InvalidRequest, match=words):
        Structure.load(tmp_path / "x.npz")


def one(pitch: float = 60, onset: float = 0, offset: float = 1, velocity: float = 64) -> Notes:
    return Notes.from_rows(np.array([[pitch, onset, offset, velocity]]))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one(pitch=20), "pitch is 21..108"),
        (lambda: one(onset=2), "ends after it begins"),
        (lambda: one(velocity=1e9), "velocity 1..127"),
        (lambda: one(velocity=np.nan), "NaN"),
        (lambda: Notes.from_rows(np.array([[60, 0, 1, 64.0]]), tempo=np.nan), "A tempo"),
        (lambda: Contour(np.full((64, 64), np.nan, np.float32)), "NaN"),
        (lambda: Contour(np.zeros((28, 27), np.float32)), "square"),
        (lambda: Latents(np.zeros((8, 500, 500), np.float32)), "1 to 128 places"),
        (lambda: Latents(np.zeros((8, 0, 0), np.float32)), "1 to 128 places"),
        (lambda: Structure(np.inf), "finite"),
        (lambda: MelSpectrogram(np.zeros((10, 9)), np.zeros((2, 34, 9)), 0.1), "mid of a mel"),
        (lambda: MelSpectrogram(np.zeros((170, 9)), np.zeros((2, 34, 9)), 60.0), "do not cover"),
        (lambda: Picture(np.zeros((8, 8, 3), np.float32)), "A picture is"),
        (lambda: Waveform(np.zeros((44_100, 2), np.float32)), "give samples.T"),
        (lambda: Waveform(np.zeros(44_100, np.float32)), "channels, samples"),
        (lambda: Waveform(np.zeros((2, 9), np.float32), 0), "sample rate"),
    ],
)
def test_an_artifact_that_cannot_be_is_refused_when_it_is_made(make: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        make()


def test_a_long_narrow_drawing_is_not_made_a_square_of_its_length() -> None:
    rgba = np.ones((4, 4, 50_000), np.float32)
    rgba[:3, :, 20_000:30_000] = 0
    ink, remarks = drawing.drawing(rgba, (28, 64))
    assert ink.shape == (64, 64) and ink.max() > 0.5
    assert "made square" in " ".join(remarks)


def test_a_large_picture_is_made_smaller_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "ENOUGH_PIXELS", 100)
    for mode, white in (("L", 255), ("RGB", (255,) * 3), ("P", 3), ("I;16", 65535), ("1", 1)):
        Image.new(mode, (40, 20), white).save(tmp_path / "x.png")
        rgba, remarks = png.read(tmp_path / "x.png")
        assert rgba.shape == (4, 6, 13)
        assert "made smaller, to 13x6 pixels" in remarks[0]


@pytest.mark.parametrize(
    ("values", "middle", "words"),
    [
        (np.array([[0, 0.5, 1]], np.float32), 0.5, ""),
        (np.array([[0, 100, 255]], np.float32), 100 / 255, ""),
        (np.array([[0, 1e9, 2e9]], np.float32), 0.5, "brightest value"),
        (np.array([[0, 1_000_000, 2_000_000]], np.int32), 0.5, "brightest value"),
    ],
)
def test_a_tiff_of_floats_or_of_32_bits_is_not_black(
    tmp_path: Path, values: Any, middle: float, words: str
) -> None:
    Image.fromarray(values).save(tmp_path / "x.tif")
    rgba, remarks = png.read(tmp_path / "x.tif")
    np.testing.assert_allclose(rgba[0, 0], [0, middle, 1], atol=1e-6)
    assert words in " ".join(remarks)
    Image.fromarray(np.array([[0, np.nan]], np.float32)).save(tmp_path / "nan.tif")
    with pytest.raises(InvalidRequest, match="NaN"):
        png.read(tmp_path / "nan.tif")


def test_only_the_first_picture_of_several_is_taken_and_that_is_said(tmp_path: Path) -> None:
    first, second = Image.new("L", (4, 4), 255), Image.new("L", (4, 4), 0)
    first.save(tmp_path / "x.gif", save_all=True, append_images=[second])
    rgba, remarks = png.read(tmp_path / "x.gif")
    assert rgba.min() == 1 and "holds several pictures; the first is taken" in remarks[0]


def test_a_sound_too_long_for_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Waveform(np.zeros((2, 1000), np.float32)).save(tmp_path / "x.flac")
    monkeypatch.setattr(audio, "MOST_VALUES", 1999)
    with pytest.raises(InvalidRequest, match="x.flac is too long"):
        Waveform.load(tmp_path / "x.flac")


def packed(raw: bytes, **change: Any) -> dict[str, Any]:
    text = base64.b64encode(zlib.compress(raw)).decode()
    return {"file": "x.png", "sha256": hashlib.sha256(raw).hexdigest(), "zlib_base64": text, **change}


def test_two_packed_files_of_one_name_stay_two(tmp_path: Path) -> None:
    rows = {"init": packed(b"picture"), "mask": packed(b"mask")}
    found = {role: unpack(row, tmp_path / role, tmp_path) for role, row in rows.items()}
    assert [file.read_bytes() for file in found.values()] == [b"picture", b"mask"]
    assert [file.name for file in found.values()] == ["x.png", "x.png"]  # the recipe of the replay says it


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (packed(b"a" * 9_000_000), ""),
        (packed(bytes(UNPACKED_LIMIT + 1)), "damaged .more than 64 MB"),
        (packed(b"a", sha256="0" * 64), "is not the file"),
        (packed(b"a", zlib_base64="%%%"), "is damaged"),
        (packed(b"a", zlib_base64=5), "is damaged"),
        (packed(b"a", zlib_base64=packed(bytes(range(99)))["zlib_base64"][:40]), "is damaged"),
        *[(packed(b"a", file=name), "") for name in ("ok.png", "图.png")],
        *[(packed(b"a", file=name), "no file can be called") for name in ("..", "", ".", "a/b")],
        (packed(b"a", file="a\0b"), "control character"),
        (packed(b"a", file="x" * 300), "at most 255 bytes"),
        (packed(b"a", file="\ud800"), "no text"),
        (packed(b"a", file=5), "file must be a text"),
    ],
)
def test_a_packed_file_is_small_whole_and_in_its_folder(tmp_path: Path, row: dict, words: str) -> None:
    if not words:
        assert unpack(row, tmp_path / "init", tmp_path).parent == tmp_path / "init"
        return
    with pytest.raises(InvalidRequest, match=words):
        unpack(row, tmp_path / "init", tmp_path)


def test_a_file_that_is_packed_is_unpacked_again(tmp_path: Path) -> None:
    (tmp_path / "mine.mid").write_bytes(b"MThd")
    assert unpack(pack(tmp_path / "mine.mid"), tmp_path / "source", tmp_path).read_bytes() == b"MThd"


@pytest.mark.parametrize("size", [64, 28, 10**9, "64", True, None, [64]])
def test_a_packed_contour_is_as_large_as_it_says(size: Any) -> None:
    bomb = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()
    assert Contour.unpacked({"size": size, "zlib_base64": bomb}) is None
    drawn = Contour(np.eye(64, dtype=np.float32))
    again = Contour.unpacked(drawn.packed())
    assert again is not None and np.array_equal(again.pixels, drawn.pixels)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threads": 10**9}, "threads must be 1 .. 256"),
        ({"threads": True}, "threads must be a whole number"),
        ({"dtype": {"flow": "nope"}}, "dtype must be such as bfloat16"),
        ({"dtype": {"flow": 5}}, "dtype: flow must be a text"),
        ({"weights": {"flow": 5}}, "weights: flow must be an object"),
        ({"bed": {"weights": []}}, "bed: weights must be an object"),
        ({"pipeline": []}, "pipeline must be an object"),
        ({"prompt": None}, "prompt must be a text"),
        ({"rate": "fast"}, "rate must be a whole number"),
        ({"device": 5}, "device must be a text"),
        ({"sampling": {"seed": 1, "foo": 2}}, 'no setting "foo"'),
        ({"sampling": {"n": 3}}, "a recipe is of one take"),
        ({"sampling": {"steps": 1001}}, "steps must be 1 .. 1000"),
        ({"conditioning": {"metre": [3, 0]}}, "A metre is"),
        ({"conditioning": {"tempo": "a"}}, "tempo must be a number"),
        ({"conditioning": {"prompt": 5}}, "prompt must be a text"),
        ({"conditioning": {"colour": "blue"}}, 'no setting "colour"'),
        ({"source": {"file": "a.mid", "sha256": "0", "seconds": "a"}}, "put that file"),
        ({"init": 5}, "init must be an object"),
        ({"audiogen": "\x1b[2J" * 99, "threads": 0}, r"written by audiogen .u001b"),
    ],
)
def test_a_recipe_is_checked_before_anything_is_made(tmp_path: Path, change: dict, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        request_of(RECIPE | change, tmp_path, tmp_path)
    assert "\x1b" not in str(refused.value) and len(str(refused.value)) < 400


def test_a_whole_recipe_is_a_request(tmp_path: Path) -> None:
    request = request_of(RECIPE, tmp_path, tmp_path)
    assert (request.sampling.seed, request.conditioning) == (1, Conditioning(**CALM))


def test_as_many_steps_are_made_again_as_are_made(tmp_path: Path) -> None:
    recipe = RECIPE | {"sampling": {"seed": 1, "steps": 1000}}
    before = Sampling(
        seed=1, steps=1000, arithmetic=1, scenes=1, phases=1, grids=1, melodies=1
    )  # of a recipe that does not say
    assert request_of(recipe, tmp_path, tmp_path).sampling == before


def test_a_recipe_of_brackets_is_none(tmp_path: Path) -> None:
    assert files.json_object("[" * 100_000) is None
    image, buffer = Image.new("L", (2, 2)), io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text(png.COMMENT, "{" + '"a":{' * 50_000)
    image.save(buffer, "PNG", pnginfo=info)
    (tmp_path / "x.png").write_bytes(buffer.getvalue())
    assert png.read_recipe(tmp_path / "x.png") is None
