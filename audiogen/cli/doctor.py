"""audiogen doctor: is this installation complete and sound?"""

from __future__ import annotations

import importlib.metadata
import os
import platform

import click

from audiogen.calibration import calibrated, flags, processor
from audiogen.cli import options

PACKAGES = (
    *("numpy", "scipy", "numba", "pillow", "soundfile", "soxr", "symusic", "safetensors"),
    *("torch", "torchaudio", "transformers", "diffusers", "huggingface_hub"),
)
EXTRAS = {"train": "accelerate", "eval": "matplotlib", "play": "sounddevice"}
_WIDTH = 30  # of the names, the longest of a weight among them
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


@click.command("doctor")
@options.talk
def command() -> int:
    """Check Python, packages, processor and weights. Exit code 0: all is well, 4: weights are missing."""
    from audiogen import __version__

    _row("audiogen", __version__)
    _row("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in PACKAGES:
        _row(name, _version(name) or "MISSING (pip install audiogen again)")
    for extra, name in EXTRAS.items():
        _row(f"extra {extra}", f"{name} {_version(name)}" if _version(name) else f"not installed ({name})")
    there = flags()
    named = " ".join(flag for flag in FLAGS if flag in there)
    _row("processor", f"{processor()}, {os.cpu_count()} cores; {named or 'no AVX2'}")
    complete = _weights()
    return _torch() or (0 if complete else _missing_code())


def _weights() -> bool:
    """Presence and checksum of everything that ships; True if all is well."""
    from audiogen import registry
    from audiogen.errors import MissingModel

    complete = True
    for name in registry.WEIGHTS:
        try:
            registry.find_weights(name)
            _row(f"weights {name}", "ok")
        except (MissingModel, OSError, ValueError) as problem:
            complete = False
            _row(f"weights {name}", f"MISSING: {problem}")
    return complete


def _torch() -> int:
    """What torch can do here; exit code 1 if it cannot be imported."""
    try:
        import torch

        from audiogen.compat import ensure_torchaudio
        from audiogen.pretrained import compute_dtype, pick_device
    except (ImportError, OSError) as problem:
        _row("torch", f"CANNOT BE IMPORTED: {problem}")
        return 1
    device = pick_device("auto")
    dtype = str(compute_dtype(device.type)).removeprefix("torch.")
    found = calibrated()
    threads = found.threads if device.type == "cpu" else torch.get_num_threads()
    _row("computes on", f"{device} in {dtype}, threads: {threads}")
    rates = "; ".join(f"{rate:g} ({setting})" for setting, rate in found.rates.items())
    _row("measured", f"GFLOP/s (dtype, threads): {rates}")
    _row("measurement kept in", found.kept)
    state = ensure_torchaudio()
    _row("torchaudio", f"{state.state}{f' ({state.reason})' if state.reason else ''}; not needed by audiogen")
    return 0


def _missing_code() -> int:
    from audiogen.errors import MissingModel

    return MissingModel.exit_code


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _row(name: str, value: str) -> None:
    click.echo(f"{name:<{_WIDTH}} {value}")
