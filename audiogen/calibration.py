"""In which dtype, and on how many threads, this machine computes fastest: measured once, in 0.1 s, and kept.

Processor flags do not say it: bf16 is six times as fast as float32 with AMX, and half as fast on some
processors that have AVX512-BF16 alone. What is measured are the two products of a ConvNeXt block, most of
what decoders and vocoder do, as autocast runs them. It is kept by machine and torch in the cache folder
(AUDIOGEN_CACHE, else the user's own), and measured in every process where none can be written.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from audiogen.errors import AudiogenError
from audiogen.media.files import write_atomic
from audiogen.rows import from_rows

BUDGET_S = 0.1
FRAMES, WIDTH, INNER = 1125, 320, 1280  # 15 s of sound, and the vocoder's blocks
ROUNDS = 3  # at least
CLEARLY = {"bfloat16": 1.1, "fewer threads": 1.3}  # so much faster than float32, on all cores
BF16_FLAGS = {"amx_bf16", "avx512_bf16", "bf16"}  # without any of them bf16 is emulated, 60 times slower
FILE = "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """What was measured.

    Attributes:
        dtype: "float32" or "bfloat16"; threads: for everything but autoregressive steps, which take one.
        rates: GFLOP/s by "dtype, threads".
        kept: the file that holds it, or why there is none.
    """

    dtype: str
    threads: int
    rates: dict[str, float] = field(default_factory=dict)
    kept: str = ""


@lru_cache(maxsize=1)
def calibrated() -> Calibration:
    """Of this machine and process: as kept, else measured now."""
    import torch

    threads = torch.get_num_threads()
    key = f"{processor()}, {os.cpu_count()} cores, {threads} threads, torch {torch.__version__}"
    return known(cache_folder() / FILE, key, lambda: measured(threads))


def cache_folder() -> Path:
    """Where what can be found out again is kept."""
    if own := os.environ.get("AUDIOGEN_CACHE"):
        return Path(own).expanduser()
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "audiogen"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "audiogen"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "audiogen"


def known(file: Path, key: str, measure: Callable[[], Calibration]) -> Calibration:
    """The row `key` of a file; a missing one is measured and added, and a file that is damaged written anew.

    Of two processes that measure at once the later one takes what the earlier one has kept.
    """
    if (found := _read(file).get(key)) is not None:
        return found
    result = measure()
    rows = _read(file)
    if key in rows:
        return rows[key]
    rows[key] = Calibration(result.dtype, result.threads, result.rates, str(file))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        held = json.dumps({name: asdict(row) for name, row in rows.items()}, indent=1)
        write_atomic(file, held.encode(), force=True)
    except (OSError, AudiogenError) as problem:
        return Calibration(result.dtype, result.threads, result.rates, f"not kept ({problem})")
    return rows[key]


def _read(file: Path) -> dict[str, Calibration]:
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        return {name: from_rows(Calibration, row) for name, row in rows.items()}
    except (OSError, ValueError, AttributeError):  # none yet, or damaged: it is only a measurement
        return {}


def measured(threads: int) -> Calibration:
    """Both dtypes, if the processor has both, on one thread and on `threads`, by turns; the best of each."""
    import torch

    dtypes = ["float32", *(["bfloat16"] if BF16_FLAGS & flags() else [])]
    settings = list(product(dtypes, sorted({1, threads})))
    blocks = torch.nn.Sequential(
        torch.nn.Linear(WIDTH, INNER), torch.nn.GELU(), torch.nn.Linear(INNER, WIDTH)
    ).requires_grad_(False)
    x = torch.zeros(FRAMES, WIDTH)
    seconds = dict.fromkeys(settings, float("inf"))
    try:
        start, rounds = time.perf_counter(), 0
        while rounds < ROUNDS or time.perf_counter() - start < BUDGET_S:
            for dtype, number in settings:
                torch.set_num_threads(number)
                with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
                    before = time.perf_counter()
                    blocks(x)
                    took = time.perf_counter() - before
                seconds[dtype, number] = min(seconds[dtype, number], took)
            rounds += 1
    finally:
        torch.set_num_threads(threads)
    return chosen(seconds, threads)


def chosen(seconds: dict[tuple[str, int], float], threads: int) -> Calibration:
    """The fastest of (dtype, threads); float32 and all threads where nothing is clearly faster."""

    def weighed(setting: tuple[str, int]) -> float:
        fewer = CLEARLY["fewer threads"] if setting[1] < threads else 1.0
        return seconds[setting] * fewer * CLEARLY.get(setting[0], 1.0)

    best = min(seconds, key=weighed)
    flop = 4 * FRAMES * WIDTH * INNER
    rates = {f"{dtype}, {number}": round(flop / s / 1e9, 1) for (dtype, number), s in seconds.items()}
    return Calibration(*best, rates)


def processor() -> str:
    """Its name, as the system has it."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def flags() -> set[str]:
    """Instruction sets of the processor; none where the system does not list them."""
    listed = _cpuinfo()
    return set((listed.get("flags") or listed.get("Features") or "").split())


def _cpuinfo() -> dict[str, Any]:
    """The first processor of /proc/cpuinfo."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n", 1)[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
