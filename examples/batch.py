"""Eight prompts, eight files: the networks are loaded once, and every file holds its recipe.

    python examples/batch.py          writes out/1-calm.wav ... out/8-march.flac

The same without Python: `audiogen make prompts.txt -o "out/{job}-{slug}.wav" --mkdir`.
"""

from pathlib import Path

import audiogen
from audiogen import Request, Sampling

PROMPTS = {
    "1-calm.wav": "calm piano",
    "2-storm.wav": "stormy piano in C minor",
    "3-waltz.wav": "a slow waltz in D minor, pp",
    "4-night.wav": "安静的夜晚,钢琴独奏",
    "5-fast.wav": "快板,D大调",
    "6-low.wav": "low, heavy chords",
    "7-rag.ogg": "ragtime at 100 bpm",
    "8-march.flac": "a march, 120 bpm, loud",
}
out = Path("out")
out.mkdir(exist_ok=True)

loaded: dict = {}  # calls that share it load every network once
for number, (name, prompt) in enumerate(PROMPTS.items()):
    request = Request(prompt, path="piano", seconds=2, sampling=Sampling(seed=number))
    for take in audiogen.make(request, loaded=loaded):
        take.save(out / name, force=True)
        print(name, take.recipe["conditioning"])
