"""The dtype and the threads of a machine: measured once, kept, and never a reason to fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from audiogen import calibration
from audiogen.calibration import Calibration, chosen, known, measured

KEY = "a processor"
MEASURED = Calibration("bfloat16", 2, {"float32, 2": 100.0})


def never() -> Calibration:
    raise AssertionError("it was kept")


def test_what_is_clearly_faster_is_chosen_else_float32_on_all_threads() -> None:
    slow_bf16 = {("float32", 1): 2.0, ("float32", 2): 1.0, ("bfloat16", 1): 4.0, ("bfloat16", 2): 2.0}
    assert (chosen(slow_bf16, 2).dtype, chosen(slow_bf16, 2).threads) == ("float32", 2)
    assert chosen(slow_bf16 | {("bfloat16", 2): 0.95}, 2).dtype == "float32"  # within a tenth
    assert chosen(slow_bf16 | {("bfloat16", 2): 0.5}, 2).dtype == "bfloat16"
    assert chosen(slow_bf16 | {("float32", 1): 0.5}, 2).threads == 1


def test_a_measurement_is_kept_and_read_by_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / "new" / "calibration.json"
    first = known(file, KEY, lambda: MEASURED)
    assert (first.dtype, first.kept) == ("bfloat16", str(file))
    assert known(file, KEY, never) == first
    assert known(file, "another", lambda: Calibration("float32", 1)).dtype == "float32"
    assert known(file, KEY, never) == first
    assert [each.name for each in file.parent.iterdir()] == ["calibration.json"]


@pytest.mark.parametrize("held", ["", "{", "[]", '{"a processor": {"dtype": 3}}', '{"a processor": 1}'])
def test_a_damaged_file_is_written_anew(tmp_path: Path, held: str) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(held)
    assert known(file, KEY, lambda: MEASURED).dtype == "bfloat16"
    assert json.loads(file.read_text())[KEY]["threads"] == 2


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = known(tmp_path / "file" / "calibration.json", KEY, lambda: MEASURED)
    assert found.dtype == "bfloat16" and found.kept.startswith("not kept (")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    found = known(tmp_path / "calibration.json", KEY, lambda: MEASURED)
    assert found.kept.startswith("not kept (") and not list(tmp_path.iterdir())


def test_of_two_that_measure_at_once_both_take_the_same(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"

    def meanwhile() -> Calibration:
        known(file, KEY, lambda: MEASURED)
        return Calibration("float32", 1)

    assert known(file, KEY, meanwhile) == known(file, KEY, never)
    assert known(file, KEY, never).dtype == "bfloat16"


def test_measuring_leaves_the_threads_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "BUDGET_S", 0.0)
    before = torch.get_num_threads()
    found = measured(before)
    assert torch.get_num_threads() == before
    assert found.rates and all(rate > 0 for rate in found.rates.values())
    if not calibration.BF16_FLAGS & calibration.flags():
        assert found.dtype == "float32"


def test_nothing_is_measured_until_something_is_computed(tmp_path: Path) -> None:
    code = "import audiogen.calibration, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
