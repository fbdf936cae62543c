"""Tests of pictures: what is shown, and what was asked for."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.folders import gather
from audiogen.media.png import png_bytes
from tests.listen.conftest import noise, reply, write


@pytest.fixture
def drawn(folders):
    """red/ and blue/ with cat.png and fox.png."""
    for name, colour in (("red", (1, 0, 0)), ("blue", (0, 0, 1))):
        Path(name).mkdir()
        for what in ("cat", "fox"):
            pixels = np.ones((3, 8, 8)) * np.array(colour)[:, None, None]
            Path(name, f"{what}.png").write_bytes(
                png_bytes(pixels, {"prompt": f"a {what}", "pipeline": name})
            )
    return folders


def test_the_prompt_is_shown_and_the_recipe_is_not(drawn, examine):
    session = examine(("red", "blue"), kind="shows").sit("bob")
    view = session.state()["trial"]
    assert view["prompt"] in ("a cat", "a fox")
    data, type_ = session.stimulus(view["stimuli"]["A"])
    assert type_ == "image/png"
    image = Image.open(io.BytesIO(data))
    assert image.info == {} and image.size == (8, 8)
    state = session.answer(reply(session, "partly"))
    assert (state["done"], state["total"]) == (1, 4)


def test_a_text_beside_the_file_is_the_prompt(drawn):
    Path("red/cat.txt").write_text("eine Katze\n", "utf-8")
    items, medium, _ = gather([Path("red"), Path("blue")])
    assert (medium, [item.prompt for item in items]) == ("picture", ["eine Katze", "a fox"])


def test_see_through_pictures_lie_on_white(drawn, examine):
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save("red/cat.png")
    session = examine(("red", "blue")).sit("bob")
    files = [Image.open(io.BytesIO(session.stimulus(name)[0])) for name in session._stimuli]
    assert any(f.getpixel((0, 0)) == (255, 255, 255) for f in files)


def test_what_cannot_be_shown(drawn, examine):
    with pytest.raises(InvalidRequest, match="is for sounds; these are pictures"):
        examine(("red",), "blue", kind="mushra")
    with pytest.raises(InvalidRequest, match="hold sounds, others pictures"):
        examine(("red", "old"))
    session = examine(("red", "blue")).sit("bob")
    Path("red/cat.png").write_bytes(Path("blue/cat.png").read_bytes())
    with pytest.raises(AudiogenError, match="start the test again"):
        for name in session._stimuli:
            session.stimulus(name)
    Path("red/cat.png").write_bytes(b"\x89PNG and nothing")
    with pytest.raises(InvalidRequest, match="red/cat.png is no readable picture"):
        examine(("red", "blue"))


def test_a_folder_of_both_is_one_of_sounds(drawn):
    for name in ("red", "blue"):
        write(Path(name) / "song.wav", noise())
    items, medium, _ = gather([Path("red"), Path("blue")])
    assert (medium, [item.name for item in items]) == ("sound", ["song"])
