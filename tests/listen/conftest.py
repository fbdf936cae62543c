"""Two small folders of sounds, and a sitting over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiogen.listen.design import Settings, open_design
from audiogen.listen.session import Session, Sittings

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
def examine(folders: Path) -> Callable[..., Sittings]:
    """examine(kind="mos") -> Sittings over the two folders, answers in answers.jsonl."""

    def begin(
        places: tuple[str, ...] = ("old", "new"), reference: str | None = None, **settings: Any
    ) -> Sittings:
        given = {"answers": Path("answers.jsonl"), "rater": "ann", "seed": 1, **settings}
        original = None if reference is None else Path(reference)
        return Sittings(open_design([Path(p) for p in places], original, Settings(**given))[0])

    return begin


@pytest.fixture
def sit(examine: Callable[..., Sittings]) -> Callable[..., Session]:
    """sit(seed=3) -> the Session of ann, or of another rater."""

    def begin(**settings: Any) -> Session:
        return examine(**settings).sit(settings.get("rater", "ann"))

    return begin


def reply(session: Session, answer: object = "A", **changes: Any) -> dict[str, Any]:
    """What the page would send for the trial that is asked now."""
    assert session.current is not None
    heard = {label: 1.5 + 0.5 * k for k, label in enumerate(session.current.stimuli)}
    given = {"trial": session.current.id, "answer": answer, "listened_s": heard}
    return given | {"switches": 3, "seconds": 9.5, "comment": ""} | changes
