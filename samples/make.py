"""Makes the sounds of this folder and the picture of the README from the shipped weights.

python samples/make.py
"""

from __future__ import annotations

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


def main() -> None:
    """Write NAME.ogg of every piece and sound, NAME.mid of every piece, and piano.png of the first."""
    for name, (prompt, seed) in SOUNDS.items():
        for take in make(Request(prompt, sampling=Sampling(seed=seed))):
            take.save(HERE / f"{name}.ogg", force=True)
    for number, (name, (prompt, seed)) in enumerate(PIECES.items()):
        for take in make(Request(prompt, sampling=Sampling(seed=seed))):
            assert take.structure is not None
            take.save(HERE / f"{name}.ogg", force=True)
            take.structure.save(HERE / f"{name}.mid", force=True)
            if number == 0:
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
