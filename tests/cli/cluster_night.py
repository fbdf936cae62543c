"""A night of jobs on a cluster of two nodes, one of which dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Notes, Structure

JOBS = 9
POISONED = 5
CODE = "import sys; from audiogen.cli import main; sys.exit(main())"


@dataclass(frozen=True)
class Night:
    code: int
    out: str
    err: str
    killed: bool


def night_with_a_dying_node(cluster_class: Any, folder: Path) -> Night:
    """Each node does one job at a time; when three files are there the second node goes.

    Job POISONED starts from a file that is gone once the first of them is there.
    """
    Structure(1.0, Notes.from_rows(np.array([[60, 0.1, 0.6, 70]]))).save(folder / "gone.mid")
    lines: list[dict[str, Any]] = [{"prompt": "calm piano", "seconds": 1, "seed": n} for n in range(JOBS)]
    lines[POISONED - 1]["structure"] = "gone.mid"
    (folder / "night.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    cluster = cluster_class(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        command = [sys.executable, "-c", CODE, "make", "night.jsonl", "-o", "{job}.wav"]
        command += ["--engine", "ray", "--cluster", cluster.address]
        made = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        killed = threading.Event()

        def watch() -> None:
            while made.poll() is None and (there := len(list(folder.glob("*.wav")))) < 3:
                if there:
                    (folder / "gone.mid").unlink(missing_ok=True)
                time.sleep(0.05)
            if made.poll() is None:
                cluster.remove_node(second, allow_graceful=False)
                killed.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        out, err = made.communicate(timeout=600)
        watcher.join()
        return Night(made.returncode, out, err, killed.is_set())
    finally:
        cluster.shutdown()
