"""The processor, and the matrix product rate that it reaches: the yardstick of everything else."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import torch

from audiogen import calibration

SIZE = 2048  # larger than every cache level that matters, small enough to repeat
REPEATS = 12
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")


def describe() -> dict[str, Any]:
    """Processor, cores, instruction sets, versions and how busy the machine was."""
    import audiogen

    there = calibration.flags()
    return {
        "cpu": calibration.processor(),
        "cores": os.cpu_count(),
        "flags": [f for f in FLAGS if f in there],
        "load_1min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "audiogen": audiogen.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def matrix_peak(dtype: torch.dtype, threads: int) -> float:
    """FLOP/s of a square product of `SIZE`, the best of `REPEATS`."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        a, b = (torch.randn(SIZE, SIZE).to(dtype) for _ in range(2))
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            a @ b
            seconds.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return 2 * SIZE**3 / min(seconds)


def matrix_peaks(threads: int) -> list[dict[str, Any]]:
    """Rows (dtype, threads, gflops) for every dtype of `dtypes` on one and on `threads` threads."""
    return [
        {"dtype": dtype, "threads": n, "gflops": matrix_peak(getattr(torch, dtype), n) / 1e9}
        for dtype in dtypes()
        for n in sorted({1, threads})
    ]


def dtypes() -> list[str]:
    """float32, and bfloat16 where the processor has instructions for it: without them it takes minutes."""
    return ["float32", *(["bfloat16"] if calibration.BF16_FLAGS & calibration.flags() else [])]
