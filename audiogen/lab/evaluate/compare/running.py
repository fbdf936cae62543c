"""Runs cells one after the other; what each made and took stays in a folder.

A cell that lies there with the same key (weights, work, settings) is not run again. Seconds are those of the
decoder alone; the first item of a cell is made once before, unmeasured. Peak memory is that of the whole
process while the cell ran, libraries and weights included: Linux lets a process reset its own high-water
mark. Elsewhere the mark is that of the process so far, and `memory_is_of_cell` is False.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.lab.evaluate.compare.cells import Cell
from audiogen.media.files import read_npz, write_npz

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Run:
    """What a cell made and took.

    Attributes:
        made: what was kept of all items, stacked, by name.
        seconds, cpu_seconds: of each item, [N]; the second is the time of all threads together, which other
            programs on the machine change less.
        evaluations: of the network for one item; guidance and second-order steps count.
        memory_mb: peak while the cell ran.
    """

    cell: Cell
    made: Arrays
    seconds: np.ndarray
    cpu_seconds: np.ndarray
    evaluations: float
    memory_mb: float
    memory_is_of_cell: bool


def run_cell(
    cell: Cell,
    network: Any,
    items: Sequence[Any],
    decode: Callable[[Any], Any],
    keep: Callable[[Any, Any], Arrays],
    progress: Callable[[int, int], None],
) -> Run:
    """Make every item.

    Args:
        network: a module whose first argument is a batch; its calls are counted.
        decode: item -> artifact, measured; keep: (item, artifact) -> arrays, not measured.
    """
    decode(items[0])
    of_cell, made, wall, cpu = reset_peak(), [], [], []
    with counted(network) as calls:
        for k, item in enumerate(items):
            progress(k, len(items))
            before = time.perf_counter(), time.process_time()
            artifact = decode(item)
            wall.append(time.perf_counter() - before[0])
            cpu.append(time.process_time() - before[1])
            made.append(keep(item, artifact))
    progress(len(items), len(items))
    stacked = {name: np.stack([one[name] for one in made]) for name in made[0]}
    evaluations = calls[0] / len(items)
    return Run(cell, stacked, np.array(wall), np.array(cpu), evaluations, peak_mb(network), of_cell)


def cached(folder: Path, cell: Cell, key: str, run: Callable[[], Run]) -> tuple[Run, bool]:
    """The run of a cell from its file in the folder, or made now and written; and whether it lay there."""
    file = folder / f"{cell.name}.npz"
    if file.exists() and (found := _read(file, cell, key)) is not None:
        return found, True
    made = run()
    took = {
        "seconds": made.seconds,
        "cpu_seconds": made.cpu_seconds,
        "figures": np.array([made.evaluations, made.memory_mb, made.memory_is_of_cell], float),
        "key": np.array(key),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_npz(file, {**{f"made_{name}": array for name, array in made.made.items()}, **took}, force=True)
    return made, False


def _read(file: Path, cell: Cell, key: str) -> Run | None:
    arrays = read_npz(file)
    if str(arrays.get("key")) != key:
        return None
    evaluations, memory_mb, of_cell = arrays["figures"]
    made = {name.removeprefix("made_"): a for name, a in arrays.items() if name.startswith("made_")}
    return Run(
        cell,
        made,
        arrays["seconds"],
        arrays["cpu_seconds"],
        float(evaluations),
        float(memory_mb),
        bool(of_cell),
    )


def key_of(*parts: Any) -> str:
    """A digest of what a result depends on (numbers, words, lists, dicts, arrays), 16 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(json.dumps(part, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]


@contextmanager
def counted(network: Any) -> Iterator[list[int]]:
    """How many items the network was called with meanwhile: a list of one number."""
    calls = [0]

    def count(module: Any, given: tuple[Any, ...]) -> None:
        calls[0] += len(given[0])

    handle = network.register_forward_pre_hook(count)
    try:
        yield calls
    finally:
        handle.remove()


def reset_peak() -> bool:
    """Let the high-water mark of memory begin anew; False where the system has no such thing."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_mb(network: Any) -> float:
    """Peak resident memory of this process, MB; on a GPU that of the tensors there."""
    import torch

    device = next(iter(network.parameters())).device
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
    except (OSError, StopIteration):
        import resource  # not on Windows, where there is no mark

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
