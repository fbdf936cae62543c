"""Two small folders of sounds, and a sitting over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiogen.listen.session import Session, Settings

RATE = 44_100


def noise(seconds: float = 2.0, level: float = 0.05, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """White noise, float [T]."""
    return level * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def write(file: Path, *channels: np.ndarray, rate: int = RATE, subtype: str = "PCM_24") -> Path:
    file.parent.mkdir(exist_ok=True)
    soundfile.write(str(file), np.stack(channels, 1), rate, subtype=subtype)
    return file


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """old/ and new/ with one.wav, two.wav and three.wav; new is 6 dB louder. The current folder."""
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(("one", "two", "three")):
        write(tmp_path / "old" / f"{name}.wav", noise(seed=k), noise(seed=k + 10))
        write(tmp_path / "new" / f"{name}.wav", noise(seed=k, level=0.1), noise(seed=k + 10, level=0.1))
    return tmp_path


@pytest.fixture
def sit(folders: Path) -> Callable[..., Session]:
    """sit(seed=3) -> a Session over the two folders, answers in answers.jsonl."""

    def begin(**settings: Any) -> Session:
        given = {"answers": Path("answers.jsonl"), "rater": "ann", "seed": 1, **settings}
        return Session.open(Path("old"), Path("new"), Settings(**given))[0]

    return begin


def reply(session: Session, answer: object = "A", **changes: Any) -> dict[str, Any]:
    """What the page would send for the trial that is asked now."""
    assert session.current is not None
    given = {"trial": session.current.id, "answer": answer, "listened_s": {"A": 1.5, "B": 2}}
    return given | {"switches": 3, "seconds": 9.5, "comment": ""} | changes
