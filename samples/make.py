"""Makes the sounds and pictures of this folder from the shipped weights; names choose some of them.

python samples/make.py [NAME ...]            digits/NAME is the grid of a structure stage, as digits/vae;
                                             subjects is a sheet of pictures, story a picture story
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiogen.making import Request, Take, make, understand
from audiogen.media.files import write_atomic
from audiogen.media.grid import grid
from audiogen.media.plot import picture
from audiogen.media.png import encoded, png_bytes
from audiogen.media.sheet import sheet, thumbnail
from audiogen.registry import STAGES, WEIGHTS, Loaded
from audiogen.stage import Sampling
from audiogen.story import StoryRequest, tell
from audiogen.story.album import combined

HERE = Path(__file__).parent
PIECES = {
    "calm": ("舒缓的钢琴独奏,15 秒", 1),
    "waltz": ("a lively waltz in G major, 150 bpm, 15 s", 6),
    "storm": ("stormy piano in C minor, fortissimo, 15 s", 3),
}
SOUNDS = {
    "rain": ("rain, 10 s", 1),
    "birdsong": ("lots of birdsong, 10 s", 4),
    "garden": ("rain and birdsong, 10 s", 8),
    "waves": ("ocean waves, 10 s", 1),
    "fire": ("a crackling campfire, 10 s", 1),
}
PICTURES = {
    "seven": ("水彩风格的数字 7", 1),
    "three": ("油画风格的数字 3", 1),
    "nine": ("素描风格的数字 9", 1),
    "cat": ("a cartoon cat, big eyes", 5),
    "cat-watercolor": ("水彩猫", 2),
    "cat-ink": ("a cat in pen and ink", 1),
}
GRIDS = {
    f"digits/{entry.name}": entry.name
    for entry in STAGES
    if entry.seam == "structure" and entry.weights.get("digit") in WEIGHTS
}
STORY = "story"
TOLD = StoryRequest(
    "a red fox",
    (
        "wearing a scarf in a meadow",
        "playing in the snow",
        "at the edge of a village by a stream",
        "in a forest at night",
    ),
    Sampling(seed=0),
)
SHEET = "subjects"  # one picture of each, seed 1, as it comes
SUBJECTS = {
    "cat": "watercolor",
    "dog": "oil",
    "rabbit": "pencil",
    "fox": "watercolor",
    "bear": "ink",
    "panda": "3d",
    "owl": "oil",
    "butterfly": "watercolor",
    "apple": "oil",
    "strawberry": "3d",
    "pizza": "flat",
    "cupcake": "watercolor",
    "flower": "pencil",
    "tree": "watercolor",
    "house": "ink",
    "car": "3d",
    "elephant": "watercolor",
    "umbrella": "flat",
    "horse": "oil",
    "fish": "watercolor",
    "banana": "flat",
    "penguin": "3d",
    "sun": "oil",
    "sailboat": "pencil",
}
THUMBNAIL = 192  # pixels to a side
COLUMNS = 8  # of each digit in a grid
CELL = 64  # pixels to a side, at least


def main() -> None:
    """Write NAME.ogg of sound, NAME.mid of pieces and piano.png of the first, NAME.png of pictures."""
    wanted = sys.argv[1:] or [*SOUNDS, *PIECES, *PICTURES, *GRIDS, SHEET, STORY]
    for name in wanted:
        if name in GRIDS:
            write_atomic(HERE / f"{name}.png", digits(GRIDS[name]), force=True)
            continue
        if name == SHEET:
            write_atomic(HERE / f"{name}.png", subjects(), force=True)
            continue
        if name == STORY:
            frames = [frame.picture.pixels for frame in tell(TOLD)]
            whole, _ = combined(frames, TOLD.frames)
            write_atomic(HERE / f"{name}.png", encoded(whole), force=True)
            continue
        suffix, (prompt, seed) = next(
            (end, found[name])
            for end, found in ((".ogg", SOUNDS), (".ogg", PIECES), (".png", PICTURES))
            if name in found
        )
        for take in make(Request(prompt, sampling=Sampling(seed=seed))):
            take.save(HERE / f"{name}{suffix}", force=True)
            if name in PIECES and take.structure is not None:
                take.structure.save(HERE / f"{name}.mid", force=True)
            if name == next(iter(PIECES)):
                write_atomic(HERE / "piano.png", drawn(take), force=True)


def digits(stage: str) -> bytes:
    """A row of every digit by a structure stage, seeds from 1 on, as a PNG file."""
    loaded: Loaded = {}
    found = []
    for digit in range(10):
        request = Request(f"digit {digit}", structure=stage, sampling=Sampling(seed=1, n=COLUMNS))
        for take in make(understand(request).until("structure"), loaded=loaded):
            assert take.contour is not None
            found.append(take.contour.pixels)
    return png_bytes(grid(found, COLUMNS, -(-CELL // len(found[0]))))


def subjects() -> bytes:
    """A contact sheet of subjects and looks, as a PNG file."""
    loaded: Loaded = {}
    prompts = [f"{subject}, {look}" for subject, look in SUBJECTS.items()]
    found = []
    for prompt in prompts:
        for take in make(Request(prompt, path="picture", sampling=Sampling(seed=1)), loaded=loaded):
            assert take.picture is not None
            found.append(thumbnail(take.picture.pixels, THUMBNAIL))
    return png_bytes(sheet(found, prompts, columns=4).transpose(2, 0, 1) / 255)


def drawn(take: Take) -> bytes:
    """Structure, decoded mel and result of one piece, as a PNG file."""
    assert take.structure is not None and take.structure.notes is not None
    assert take.mel is not None and take.waveform is not None
    notes, wave = take.structure.notes, take.waveform
    return picture(
        wave.seconds,
        notes=notes.rows(),
        pedal=notes.pedal,
        mid=take.mel.mid,
        samples=wave.samples,
        sample_rate=wave.sample_rate,
    )


if __name__ == "__main__":
    main()
