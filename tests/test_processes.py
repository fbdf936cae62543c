"""Several processes: a forked one never waits for threads that only its parent has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FORKED = """
import os, sys
import audiogen, torch
torch.set_num_threads(2)
large = torch.ones(600, 600)
large @ large  # now the parent has its threads
child = os.fork()
if not child:
    right = bool(((large @ large) == 600).all())
    os._exit(0 if right and torch.get_num_threads() == 1 else 1)
assert torch.get_num_threads() == 2
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_computes_with_one_thread() -> None:
    never = 300  # s; it would wait for ever
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=never)
