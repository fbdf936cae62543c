"""Makes the sounds and pictures of this folder from the shipped weights; names choose some of them.

python samples/make.py [NAME ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from audiogen.making import Request, Take, make
from audiogen.media.files import write_atomic
from audiogen.media.plot import picture
from audiogen.stage import Sampling

HERE = Path(__file__).parent
PIECES = {
    "calm": ("舒缓的钢琴独奏,15 秒", 1),
    "waltz": ("a lively waltz in G major, 150 bpm, 15 s", 6),
    "storm": ("stormy piano in C minor, fortissimo, 15 s", 3),
}
SOUNDS = {
    "rain": ("rain, 10 s", 1),
    "birdsong": ("lots of birdsong, 10 s", 4),
    "garden": ("rain and birdsong, 10 s", 2),
    "waves": ("ocean waves, 10 s", 1),
    "fire": ("a crackling campfire, 10 s", 1),
}
PICTURES = {
    "seven": ("水彩风格的数字 7", 1),
    "three": ("油画风格的数字 3", 1),
    "nine": ("素描风格的数字 9", 1),
    "cat-flat": ("a cartoon cat, big eyes", 1),
    "cat-3d": ("a 3d cat, smiling", 1),
    "cat-outline": ("an outline drawing of a cat", 1),
}


def main() -> None:
    """Write NAME.ogg of sound, NAME.mid of pieces and piano.png of the first, NAME.png of pictures."""
    wanted = sys.argv[1:] or [*SOUNDS, *PIECES, *PICTURES]
    for name in wanted:
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
