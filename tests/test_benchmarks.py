"""The benchmark page comes from its numbers, and the measuring tools measure."""

from __future__ import annotations

import sys

import pytest
import torch

from benchmarks.machine import describe, matrix_peak
from benchmarks.page import page
from benchmarks.process import run_child
from benchmarks.stages import flops, timed

RESULTS = {
    "machine": describe(),
    "threads": 2,
    "peaks": [{"dtype": "float32", "threads": 2, "gflops": 123.4}],
    "stages": {
        "threads": 2,
        "seconds": 15.0,
        "density": 10.0,
        "chain_s": 3.0,
        "rows": [
            {"stage": "structure score", "median_s": 1.0, "least_s": 0.9, "runs": 7, "notes": 150},
            {"stage": "structure mel", "missing": "no weights"},
            {
                "stage": "decoder flow",
                "median_s": 2.0,
                "least_s": 1.9,
                "runs": 7,
                "flop": 1e11,
                "dtype": "float32",
                "efficiency": 0.405,
            },
        ],
    },
    "pictures": {
        "threads": 2,
        "rows": [{"stage": "structure pixelcnn", "median_s": 0.61, "least_s": 0.6, "runs": 7}],
        "digit_s": 1.5,
        "painted_s": 1.9,
        "cat_s": 1.2,
    },
    "process": {
        "threads": 2,
        "rows": [
            {"command": "audiogen make", "median_s": 5.5, "first_s": 6.5, "peak_mb": 900.0, "runs": 5},
            {"command": "audiogen make -n 4", "median_s": 8.0, "first_s": 8.5, "peak_mb": 950.0, "runs": 5},
        ],
    },
    "scaling": [
        {"what": "piano", "sound_s": 15.0, "seconds": 5.0, "peak_mb": 500.0},
        {"what": "piano", "sound_s": 115.0, "seconds": 18.0, "peak_mb": 600.0},
    ],
    "limits": [{"what": "score, a step", "seconds": 0.003, "limit": "its weights", "limit_s": 0.001}],
    "workers": [
        {"workers": 1, "threads": 1, "jobs": 24, "rate": 1.25},
        {"workers": 2, "threads": 2, "jobs": 24, "rate": 2.4},
    ],
    "musicgen": [
        {
            "dtype": "bfloat16",
            "threads": 2,
            "steps": 200,
            "parameters": 587_000_000,
            "step_s": 0.1,
            "encodec_s": 2.0,
            "scaled_s": 77.0,
        }
    ],
    "pretrained": [
        {
            "part": "a UNet",
            "switch": "compile",
            "seconds": 41.5,
            "cpu_s": 80.0,
            "compile_s": 93.0,
            "weights_mb": 3000.0,
            "peak_mb": 3777.0,
            "distance": 0.0123,
        },
        {"part": "a UNet", "switch": "int8", "missing": "no room"},
    ],
}


def test_page_says_the_numbers() -> None:
    text = page(RESULTS)
    for number in ("123", "3.00 s", "0.200", "150 notes", "40%", "weights missing", "5.50", "900", "26"):
        assert number in text, number
    for cell in ("| compile | 41.5 | 80.0 | 93 | 3000 | 777 | 1.23% |", "| a UNet | int8 | no room |"):
        assert cell in text, cell
    assert "speed only" in text
    assert "MusicGen" not in page({k: v for k, v in RESULTS.items() if k != "musicgen"})


def test_page_begins_with_ratios() -> None:
    ratios = page(RESULTS).split("## ")[1]
    for row in (
        "| real-time factor of the piano, warm | 0.200 |",
        "| times as fast as MusicGen-small in bfloat16 | 26 |",
        "| four takes in a fresh process, by the time of one | 1.45 |",
        "| score, a step, by its weights | 3.0 |",
        "| 2 workers, by the throughput of one on one thread | 1.92 |",
        "| a further second of piano, s | 0.130 |",
    ):
        assert row in ratios, row


def test_page_sets_pictures_beside_the_piano() -> None:
    text = page(RESULTS)
    for number in ("1.50 s", "0.50 of the time", "1.20 s", "0.40", "0.610"):
        assert number in text, number
    assert "Pictures" not in page({k: v for k, v in RESULTS.items() if k != "pictures"})


def test_flops_are_counted_from_the_products() -> None:
    a, b = torch.ones(3, 5), torch.ones(5, 7)
    assert flops(lambda: a @ b) == 2 * 3 * 5 * 7


def test_timed_runs_as_often_as_it_says() -> None:
    calls: list[int] = []
    found = timed(lambda: calls.append(1), runs=5, warm_up=2)
    assert len(calls) == 7 and found["runs"] == 5
    assert 0 <= found["least_s"] <= found["median_s"]


def test_child_memory_is_that_of_the_child() -> None:
    megabytes = 300
    small = run_child([sys.executable, "-c", "pass"])
    large = run_child([sys.executable, "-c", f"x = bytearray(b'1') * ({megabytes} * 10**6)"])
    assert large.peak_mb - small.peak_mb == pytest.approx(megabytes, rel=0.1)
    assert small.heard_s is None


def test_the_first_word_is_timed() -> None:
    words = "import sys, time; print('here', file=sys.stderr, flush=True); time.sleep(0.3)"
    child = run_child([sys.executable, "-c", words])
    assert child.heard_s is not None and child.seconds - child.heard_s > 0.25


def test_a_child_that_fails_is_named() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        run_child([sys.executable, "-c", "raise SystemExit(3)"])


def test_matrix_peak_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.machine.SIZE", 64)
    before = torch.get_num_threads()
    assert matrix_peak(torch.float32, 1) > 1e6
    assert torch.get_num_threads() == before
