"""audiogen: a sentence becomes a finished sound in three stages that anyone can swap and edit between.

    import audiogen
    piano = audiogen.load_pipeline("piano")
    wave = piano("calm piano, 15 s", audiogen.Sampling(seed=7))  # the samples of `audiogen make ... --seed 7`
    wave.save("calm.wav")

Names load on first use, so importing the package is cheap.

Several processes: the same seed gives the same result in all that have as many threads. A forked one (as
multiprocessing makes them on Linux before Python 3.14) computes with one thread; where the GPU is used, start
them anew: multiprocessing.get_context("spawn").
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

__version__ = "0.1.0"

# Idle threads that spin take the cores from whoever else is working: of OpenMP a first call of 56 s in place
# of 1.6 s on a busy machine, of OpenBLAS a seventh of the time of two workers. Read when torch, numpy load.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # its least: 2 ** 4 cycles


def _work_alone() -> None:
    """A forked process has none of its parent's OpenMP threads, and would wait for them for ever."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which forks nothing
    os.register_at_fork(after_in_child=_work_alone)

_PLACES = {
    "Conditioning": "audiogen.artifacts",
    "Contour": "audiogen.artifacts",
    "Latents": "audiogen.artifacts",
    "MelSpectrogram": "audiogen.artifacts",
    "Notes": "audiogen.artifacts",
    "Picture": "audiogen.artifacts",
    "Structure": "audiogen.artifacts",
    "Waveform": "audiogen.artifacts",
    "Pipeline": "audiogen.pipeline",
    "Request": "audiogen.request",
    "Sampling": "audiogen.stage",
    "Stage": "audiogen.stage",
    "Take": "audiogen.request",
    "Verdict": "audiogen.ranking",
    "load_pipeline": "audiogen.pipeline",
    "load_stage": "audiogen.registry",
    "register_stage": "audiogen.registry",
    "Kind": "audiogen.kinds",
    "register_kind": "audiogen.kinds",
    "Options": "audiogen.stage",
    "Edit": "audiogen.stage",
    "make": "audiogen.making",
    "parse": "audiogen.prompt",
    "rank": "audiogen.ranking",
    "ScoreStage": "audiogen.structure.score.stage",
    "MelStage": "audiogen.structure.mel.stage",
    "FlowDecoder": "audiogen.decoder.flow",
    "Vocoder": "audiogen.render.vocoder",
    "PixelCNNStage": "audiogen.structure.digits.pixelcnn",
    "PictureFlowDecoder": "audiogen.decoder.picture",
    "Painter": "audiogen.render.painter",
    "AudiogenError": "audiogen.errors",
}

__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'audiogen' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
