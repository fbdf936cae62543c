"""Transkun, an accurate transcriber of piano that no training here has seen (arXiv 2404.09466).

It is an extra: `pip install 'audiogen[transkun]'` (MIT) brings its weights along. About 2 s of processor
time for 1 s of sound.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch

from audiogen.compat import ensure_torchaudio
from audiogen.errors import MissingPackage
from audiogen.ranking.evidence import RATE, Ear

_WEIGHTS = "2.0"


def transkun() -> Ear:
    """What hears samples [2, T] at 44.1 kHz, as rows (pitch, onset s), float64 [N, 2].

    Raises:
        MissingPackage: it is not installed, or it does not load.
    """
    ensure_torchaudio()
    try:
        import moduleconf
        from transkun import pretrained

        folder = Path(pretrained.__path__[0])
        parsed = moduleconf.parseFromFile(str(folder / f"{_WEIGHTS}.conf"))["Model"]
        network = parsed.module.TransKun(conf=parsed.config)
    except ImportError as problem:
        raise MissingPackage(
            f"Notes by Transkun need the package transkun ({problem}): pip install 'audiogen[transkun]'."
        ) from problem
    saved = torch.load(folder / f"{_WEIGHTS}.pt", map_location="cpu", weights_only=True)
    network.load_state_dict(saved.get("best_state_dict", saved.get("state_dict")), strict=False)
    network.eval()
    assert network.fs == RATE

    def hear(samples: np.ndarray) -> np.ndarray:
        loud = samples.T / (np.abs(samples).max() + 1e-9) * 0.5
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of checkpoints of gradients, which there are none of
            notes = network.transcribe(torch.from_numpy(loud.astype(np.float32)), discardSecondHalf=False)
        rows = [(note.pitch, note.start) for note in notes if note.pitch > 0]  # below: pedals
        return np.array(sorted(rows, key=lambda row: row[1]), float).reshape(-1, 2)

    return hear
