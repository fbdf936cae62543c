"""The score recipe at toy size: a made corpus -> packed data -> a few steps -> weights that write music."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning
from audiogen.lab.data.registry import prepare_recipe
from audiogen.lab.train.runner import train
from audiogen.lab.train.score import field_losses
from audiogen.lab.train.score_windows import ScoreCorpus, WindowSettings
from audiogen.media.files import read_npz
from audiogen.media.midi import MidiData, midi_bytes
from audiogen.stage import Sampling, silent
from audiogen.structure.score.events import ATTRIBUTES, END, METRICAL, NOTE, OFFSETS, TICKS
from audiogen.structure.score.stage import ScoreStage

RECIPE = """
data: {name: piano-score}
task: {name: score, batch_size: 2, valid_rows: 2, context: 96}
stage: {width: 32, layers: 1, heads: 2, hidden: 32, head_hidden: 16, context: 96}
train: {steps: 30, eval_every: 15, save_every: 15, log_every: 5, warmup: 5, lr: 5e-3, ema: 0.5}
"""


def broken_chords(beats: int, bpm: float, low: int, loud: bool) -> bytes:
    beat = 60 / bpm
    rows = [
        (low + (0, 4, 7, 12)[i % 4] + 2 * (i // 16 % 3), i * beat / 2, (i + 1) * beat / 2, 90 if loud else 40)
        for i in range(2 * beats)
    ]
    pedal = np.array([(i * beat * 2, float(i % 2 == 0)) for i in range(beats // 2)])
    return midi_bytes(MidiData(np.array(rows, float), pedal, bpm, (4, 4), "C major"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two performances and a score for training, one of each held out."""
    folder = tmp_path_factory.mktemp("source") / "piano-midi"
    folder.mkdir()
    rows = []
    for archive, kind in (("rolls.zip", "performance"), ("scores.zip", "score")):
        with zipfile.ZipFile(folder / archive, "w") as packed:
            for number, split in enumerate(("train", "train", "valid")):
                path = f"{kind}/{number}.mid"
                packed.writestr(path, broken_chords(80, 70 + 20 * number, 50 + number, number % 2 == 0))
                rows.append((path, archive, kind, split, 20))
    names = ["path", "archive", "kind", "split", "velocities"]
    unsaid = ["composer", "title", "composition", "performer", "licence", "source"]
    with open(folder / "manifest.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names + unsaid)
        writer.writerows([*row, *[""] * len(unsaid)] for row in rows)
    recipe = folder.parent / "toy.yaml"
    recipe.write_text(RECIPE + "\n")
    recipe.write_text(recipe.read_text().replace("piano-score}", "piano-score, welte_red: false}"))
    prepare_recipe(recipe, folder.parent, folder.parent / "data")
    return folder.parent


def test_scores_are_packed_in_ticks_with_bars(corpus: Path) -> None:
    data = read_npz(corpus / "data" / "train.npz")
    piece = int(np.flatnonzero(data["kind"] == METRICAL)[0])
    part = slice(data["first"][piece], data["first"][piece + 1])
    notes = data["type"][part] == NOTE
    np.testing.assert_allclose(data["time"][part][notes][:4], [0, 12, 24, 36], atol=0.1)
    assert set(data["bar_phase"][part][notes]) == {0, 12, 24, 36, 48, 60, 72, 84}
    assert data["bpm"][part][0] == pytest.approx(70, rel=1e-3) and data["metre"][piece].tolist() == [4, 4]
    assert data["end"][piece] > data["time"][part].max() + TICKS / 2


def test_windows_fill_rows_and_hold_endings(corpus: Path) -> None:
    windows = ScoreCorpus(corpus / "data" / "train.npz", WindowSettings(context=96, longest_s=12))
    rng = np.random.default_rng(0)
    rows = [windows.row(rng) for _ in range(40)]
    used = np.mean([(row["owner"] >= 0).mean() for row in rows])
    assert used > 0.8
    for row in rows:
        empty = row["owner"] < 0
        assert (row["targets"][empty] == -1).all()
        for window in range(row["owner"].max() + 1):
            mine = row["owner"] == window
            assert row["positions"][mine].tolist() == list(range(mine.sum()))
            assert row["inputs"][mine][0, 0] == 4  # the start
            codes = row["inputs"][mine][:, -len(ATTRIBUTES) :] - OFFSETS[-len(ATTRIBUTES) :]
            assert (codes == codes[0]).all()
    ends = sum((row["targets"][:, 0] == END).sum() for row in rows)
    total = sum(row["owner"].max() + 1 for row in rows)
    assert 0.1 < ends / total < 0.6


def test_the_recipe_trains_and_its_weights_write(corpus: Path, tmp_path: Path) -> None:
    recipe = corpus / "toy.yaml"
    result = train(recipe, corpus / "data", tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    valid = [row["metric"] for row in rows if row["split"] == "valid"]
    assert result.finished and valid[-1] < valid[0]
    assert {path.name for path in (tmp_path / "run" / "samples").iterdir()} == {"0.mid", "1.mid", "2.mid"}
    stage = ScoreStage.from_pretrained(result.weights)
    asked = Conditioning(seconds=4.0)
    assert len(stage(asked, asked, Sampling(seed=1), silent).notes) > 0


def test_fields_that_do_not_apply_cost_nothing(corpus: Path) -> None:
    windows = ScoreCorpus(corpus / "data" / "valid.npz", WindowSettings(context=96))
    row = windows.row(np.random.default_rng(0), augment=False)
    batch = {name: torch.from_numpy(value)[None] for name, value in row.items()}
    torch.manual_seed(0)
    from audiogen.structure.score.stage import ScoreConfig

    network = ScoreStage.build(
        ScoreConfig(width=32, layers=1, heads=2, hidden=32, head_hidden=16, context=96)
    )
    sums, counts = field_losses(network.eval(), batch)
    assert counts[0] == (batch["owner"] >= 0).sum() and counts[2] == (batch["targets"][..., 0] == NOTE).sum()
    batch["targets"][..., 3] = -1
    masked, _ = field_losses(network, batch)
    assert masked[3] == 0 and masked[0] == sums[0]
