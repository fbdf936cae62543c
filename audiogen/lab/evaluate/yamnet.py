"""YAMNet (Google, Apache-2.0), a recogniser of 521 classes of AudioSet that no training here has seen.

It is not part of the package: a folder holds `yamnet.tflite` and `yamnet_class_map.csv`, and `ai-edge-litert`
runs it. It hears 16 kHz mono, with its peak at 0.7, in windows of 0.98 s.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from audiogen.artifacts import Conditioning, Waveform
from audiogen.errors import InvalidRequest, MissingPackage
from audiogen.ranking.asked import Row
from audiogen.ranking.verdict import ramp

RATE, WINDOW, STEP = 16_000, 15_600, 7_800
CLASSES = {
    "piano": ("Piano", "Electric piano", "Keyboard (musical)"),
    "rain": ("Rain", "Rain on surface", "Raindrop"),
    "birds": ("Bird", "Bird vocalization, bird call, bird song", "Chirp, tweet"),
    "waves": ("Ocean", "Waves, surf"),
    "fire": ("Fire", "Crackle"),
    "thunder": ("Thunder", "Thunderstorm"),
    "wind": ("Wind", "Wind noise (microphone)", "Rustling leaves"),
    "crickets": ("Cricket", "Insect"),
    "water": ("Water", "Stream", "Waterfall"),
    "rooster": ("Chicken, rooster", "Crowing, cock-a-doodle-doo"),
}
_HEARD = (
    0.01,
    0.15,
)  # mean score from which a source counts as not heard, heard; recordings of fire have 0.12


class Yamnet:
    """Scores and embeddings of sounds.

    Raises:
        InvalidRequest: the folder lacks its files. MissingPackage: nothing here runs them.
    """

    def __init__(self, folder: Path) -> None:
        model, names = folder / "yamnet.tflite", folder / "yamnet_class_map.csv"
        for file in (model, names):
            if not file.is_file():
                raise InvalidRequest(f"{folder} holds no {file.name}; YAMNet is two files.")
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as problem:
            raise MissingPackage("YAMNet needs a package: pip install ai-edge-litert") from problem
        self.net = Interpreter(str(model), num_threads=1)
        self.net.allocate_tensors()
        self.into = self.net.get_input_details()[0]["index"]
        self.out = self.net.get_output_details()[0]["index"]
        with open(names, encoding="utf-8") as lines:
            self.names = [row[2] for row in list(csv.reader(lines))[1:]]

    def scores(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Mean scores of a sound [channels, T], float [521] in 0..1."""
        return self._windows(samples, rate).mean(0)

    def windows(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Rows for distances: log odds of the classes, the mean of every ten windows, [segments, 521]."""
        scores = np.clip(self._windows(samples, rate), 1e-4, 1 - 1e-4)
        odds = np.log(scores / (1 - scores))
        return np.stack([part.mean(0) for part in np.array_split(odds, max(1, len(odds) // 10))])

    def _windows(self, samples: np.ndarray, rate: int) -> np.ndarray:
        import soxr

        mono = soxr.resample(samples.mean(0), rate, RATE).astype(np.float32)
        mono = 0.7 * mono / (np.abs(mono).max(initial=0) + 1e-9)
        mono = np.pad(mono, (0, max(0, WINDOW - len(mono))))
        found = []
        for first in range(0, len(mono) - WINDOW + 1, STEP):
            self.net.set_tensor(self.into, mono[first : first + WINDOW])
            self.net.invoke()
            found.append(self.net.get_tensor(self.out)[0].copy())
        return np.array(found)

    def source(self, scores: np.ndarray, name: str) -> float:
        """The score of a sound of nature, or of the piano: the highest of its classes."""
        return max(float(scores[self.names.index(each)]) for each in CLASSES[name])


def heard_as_asked(wave: Waveform, known: Conditioning, folder: Path) -> list[Row]:
    """A row for every sound that was asked for, and for the piano."""
    net = Yamnet(folder)
    scores = net.scores(wave.samples, wave.sample_rate)
    asked = [*(["piano"] if known.path == "piano" else []), *known.sources]
    first = net.names[int(scores.argmax())]
    rows = []
    for name in asked:
        score = net.source(scores, name)
        rows.append(
            Row(name, "heard", f"YAMNet {score:.2f}, first of all {first}", round(ramp(score, *_HEARD), 3))
        )
    return rows
