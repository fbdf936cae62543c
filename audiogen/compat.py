"""Imports that are slow or fragile, in one place: transformers, diffusers, torchaudio.

Nothing of ours needs torchaudio, but a broken one breaks the audio imports of transformers and
diffusers: its Linux wheel is built for one CUDA, and beside a CPU torch it raises OSError, beside a
torch of another CUDA RuntimeError. So it is made harmless before they are imported.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from audiogen.errors import MissingPackage

_EXTENSION = "torchaudio._extension"
# torchao, where it is installed, is imported by diffusers and peft; on a CPU it warns of its parts for GPUs
_TALKATIVE = ("torchao", "torch.utils._pytree", "diffusers.quantizers.torchao.torchao_quantizer")


@dataclass(frozen=True)
class TorchaudioState:
    """How torchaudio is usable here.

    Attributes:
        state: "native", "pure-python" (its compiled part left out), "hidden" (others see it as not
            installed) or "absent".
        reason: why it is not native.
    """

    state: str
    reason: str = ""


_settled: TorchaudioState | None = None


def ensure_torchaudio() -> TorchaudioState:
    """Make `import torchaudio` safe for others; the answer of the first call holds for the process."""
    global _settled
    if _settled is None:
        _settled = _settle()
    return _settled


def import_transformers() -> ModuleType:
    """transformers, after torchaudio has been made harmless."""
    return _import("transformers")


def import_diffusers() -> ModuleType:
    """diffusers, after torchaudio has been made harmless."""
    return _import("diffusers")


def _settle() -> TorchaudioState:
    try:
        importlib.import_module("torchaudio")
        return TorchaudioState("native")
    except ModuleNotFoundError as problem:
        if problem.name == "torchaudio":
            return TorchaudioState("absent", "not installed")
        reason = _words(problem)
    except (ImportError, OSError, RuntimeError) as problem:
        reason = _words(problem)
    _forget()
    sys.modules[_EXTENSION] = _stub()
    try:
        importlib.import_module("torchaudio")
        return TorchaudioState("pure-python", reason)
    except (ImportError, OSError, RuntimeError) as problem:
        reason = f"{reason}; then {_words(problem)}"
    _forget()
    sys.modules["torchaudio"] = None  # type: ignore[assignment]  # Python's sign for "not importable"
    return TorchaudioState("hidden", reason)


def _stub() -> ModuleType:
    """Stands for the compiled part: says that it is not there."""
    stub: Any = ModuleType(_EXTENSION)
    stub._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stub._IS_ALIGN_AVAILABLE = False
    stub._check_cuda_version = lambda: None
    stub.fail_if_no_align = _refusing
    return stub


def _refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """In place of a function that needs the compiled part."""

    @functools.wraps(function)
    def refuse(*args: Any, **options: Any) -> Any:
        raise RuntimeError(
            f"{function.__name__} needs the compiled part of torchaudio, which failed to load."
        )

    return refuse


def _forget() -> None:
    for name in [n for n in sys.modules if n == "torchaudio" or n.startswith("torchaudio.")]:
        del sys.modules[name]


def _import(name: str) -> ModuleType:
    ensure_torchaudio()
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.ERROR)
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise MissingPackage(f"This needs {name} ({_words(problem)}): pip install {name}.") from problem


def _words(problem: Exception) -> str:
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0] if lines else ''}".rstrip(": ")
