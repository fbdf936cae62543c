"""audiogen compare at its smallest: two random decoders on prepared windows made here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import SOURCES
from audiogen.cli.group import run
from audiogen.errors import InvalidRequest, MissingModel, WouldOverwrite
from audiogen.lab.evaluate.compare import cells, running
from audiogen.lab.evaluate.compare.cells import Cell
from audiogen.lab.evaluate.compare.folder import Options, compare
from audiogen.lab.evaluate.compare.sound import measures, work
from audiogen.media.mel import MelSettings
from tests.lab.evaluate.test_embedding import scene

MEL = MelSettings()
SECONDS = 4.8


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared windows of rain and birds, 4.8 s each."""
    folder = tmp_path_factory.mktemp("prepared")
    for split, count, first in (("train", 56, 0), ("valid", 6, 1000), ("test", 6, 2000)):
        sources = np.zeros((count, len(SOURCES)), np.float32)
        sources[np.arange(count), np.arange(count) % 2] = 1
        np.savez(
            folder / f"{split}-000.npz",
            mid=np.stack([scene(first + k) for k in range(count)]).astype(np.float16),
            sources=sources,
            intensity=np.full(count, np.nan, np.float32),
        )
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two random decoders of ambience, a random coarse-mel stage and a random vocoder."""
    from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
    from audiogen.render.vocoder import Vocoder, VocoderConfig

    folder = tmp_path_factory.mktemp("weights")
    config = FlowDecoderConfig(
        width=16,
        dilations=(1,),
        templates=0,
        scenes=4,
        take_names=("c0", "c1"),
        take_centre=(),
        take_spread=(),
        attributes=(*SOURCES, "intensity"),
    )
    for name in ("a", "b"):
        FlowDecoder.from_config(config, seed=ord(name)).save_pretrained(folder / name)
    vocoder = Vocoder.from_config(VocoderConfig(width=16, blocks=1, iterations=1), seed=3)
    vocoder.save_pretrained(folder / "vocoder")
    return {name: str(folder / name) for name in ("a", "b", "vocoder")}


def options(data: Path | None, weights: dict[str, str], **changed) -> Options:
    rows = {
        "decoders": f"one:flow={weights['a']},two:flow={weights['b']}",
        "schedulers": "euler,two:heun",
        "steps": (1, 2),
        "count": 4,
        "data": data,
        "structures": (work.HELD_OUT,),
        "seconds": SECONDS,
        "vocoder": weights["vocoder"],
    }
    return Options(**{**rows, **changed})


@pytest.mark.slow
def test_a_comparison_says_everything_and_goes_on_from_its_cells(data, weights, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said: list[str] = []
    asked = options(data, weights)
    page = compare(asked, tmp_path / "out", lambda *_: True, said.append, "audiogen compare")
    names = [cell["name"] for cell in page["cells"]]
    assert names == [
        "one-euler-1", "one-euler-2", "two-euler-1", "two-euler-2", "two-heun-1", "two-heun-2"
    ]  # fmt: skip
    counted = {cell["name"]: cell["evaluations"] for cell in page["cells"]}
    assert counted["one-euler-2"] == 2 and counted["two-heun-2"] == 3, "Heun's last step is Euler's"
    scores = page["cells"][0]["scores"]["held-out"]
    assert set(scores) == {"kernel", "frechet", "l1", "adherence", "moves", "diversity"}
    for value, low, high in scores.values():
        assert low <= value <= high
    assert page["anchors"]["noise of its colour"]["kernel"][0] > page["anchors"]["real"]["kernel"][0]
    orders = page["verdicts"]["held-out"]["kernel"]
    assert [order["evaluations"] for order in orders] == [None, 1, 2]
    assert set(page["heard"]) >= {"real recordings, through the vocoder"}
    folder = tmp_path / "out"
    text = (folder / "report.md").read_text()
    for file in ("quality.png", "strip.png", "1-one.ogg", "1-real.ogg"):
        assert (folder / file).stat().st_size > 1000 and f"({file})" in text
    assert "Each" not in said[0] and "(from the folder)" not in " ".join(said)

    again: list[str] = []
    twice = compare(asked, folder, lambda *_: True, again.append, "audiogen compare")
    assert sum("(from the folder)" in line for line in again) == len(names)
    assert twice["cells"] == page["cells"] and twice["verdicts"] == page["verdicts"]
    with pytest.raises(WouldOverwrite, match="another comparison"):
        compare(options(data, weights, count=2), folder, lambda *_: True, print, "")


def test_without_data_no_distance_is_told(weights, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    asked = options(None, weights, structures=(work.NONE,), steps=(1,), heard=False)
    page = compare(asked, tmp_path / "out", lambda *_: True, print, "audiogen compare")
    assert not page["anchors"] and not page["heard"]
    assert all(not cell["scores"]["none"] for cell in page["cells"])
    assert "No `--data`" in page["settings"]["remarks"][0]


def test_a_clap_says_how_near_sounds_are_to_their_words(data, weights, tmp_path: Path) -> None:
    """Random weights: what is asserted is whose cosines they are, and that the floor stands beside them."""
    pytest.importorskip("matplotlib")
    from audiogen.lab.evaluate.compare.likeness import ANOTHERS
    from tests.hub import toy_judges

    toy_judges.write_clap(tmp_path / "clap")
    changed = {"steps": (1,), "schedulers": "euler", "count": 3, "clap": str(tmp_path / "clap")}
    asked = options(data, weights, decoders=f"one:flow={weights['a']}", **changed)
    page = compare(asked, tmp_path / "out", lambda *_: True, print, "audiogen compare")
    score, low, high = page["cells"][0]["scores"]["held-out"]["clap"]
    assert -100 <= low <= score <= high <= 100
    heard = page["heard"]
    assert heard["one-euler-1, through the vocoder"]["clap"][0] == pytest.approx(score, abs=1e-3)
    real = heard["real recordings, through the vocoder"]["clap"][0]
    assert set(heard[ANOTHERS]) == {"clap"} and heard[ANOTHERS]["clap"][0] != pytest.approx(real, abs=1e-3)
    assert "*CLAP score* is 100 times" in (tmp_path / "out" / "report.md").read_text()


def test_verb_on_the_command_line(data, weights, tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    line = [
        "compare",
        "--decoders",
        f"flow={weights['a']}",
        "--schedulers",
        "euler",
        "--steps",
        "1",
        "-n",
        "2",
    ]
    line += ["--data", str(data), "--structures", "held-out", "--seconds", str(SECONDS), "--no-heard"]
    assert run([*line, "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "report.json").read_text())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["--decoders", "flaw"], "No decoder named 'flaw'"),
        (["--decoders", "flow=nowhere/to/be"], "nowhere/to/be"),
        (["--schedulers", "ddim"], "fits no contender"),
        (["--steps", "0,2"], "numbers from 1 to 1000"),
        (["--clip", "x"], "give --clap"),
        (["--structures", "some"], "choose from held-out, stage, none"),
        (["--prompts", "nowhere.txt"], "Cannot read nowhere.txt"),
        (["--structures", "held-out"], "need --data"),
    ],
)
def test_bad_input_is_one_line(changed, words, weights, tmp_path: Path, capsys) -> None:
    line = ["compare", "-o", str(tmp_path / "out"), "--decoders", f"flow={weights['a']}"]
    assert run([*line, *changed]) in (2, 4)
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in said and not (tmp_path / "out").exists()


def test_contenders_are_named_by_label_stage_and_weights(weights) -> None:
    found = cells.contenders(f"flow={weights['a']},new:flow={weights['b']}", "ambience", "euler,new:midpoint")
    assert [(c.label, c.schedulers) for c in found] == [("flow", ("euler",)), ("new", ("euler", "midpoint"))]
    assert [c.name for c in cells.grid(found, [1, 4])][-1] == "new-midpoint-4"
    with pytest.raises(InvalidRequest, match="hold a name twice"):
        cells.contenders(f"flow={weights['a']},flow={weights['b']}", "ambience")
    two = f"flow={weights['a']},new:flow={weights['b']}"
    assert [c.label for c in cells.contenders(two, "ambience", "new:euler")] == ["new"]


def test_distilled_weights_take_only_their_steps() -> None:
    few = cells.Contender("few", "flow", "x", ("euler",), cells.FEW_STEPS)
    assert [c.steps for c in cells.grid([few], [1, 2, 8])] == [1, 2]


def test_no_weights_for_a_path_is_a_missing_model(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("audiogen.registry.WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(MissingModel, match="--decoders"):
        cells.contenders(None, "ambience")


def test_work_is_the_same_every_time_and_seeds_differ(data) -> None:
    first, second = (work.build("ambience", 4, 3, data, (work.HELD_OUT,), seconds=SECONDS) for _ in range(2))
    assert [i.name for i in first.items] == [i.name for i in second.items]
    assert running.key_of(*first.arrays()) == running.key_of(*second.arrays())
    assert len(first.items) == 12 and len({i.seed for i in first.items}) == 12
    assert [i.conditioning.sources for i in first.items[:2]] == [{"rain": 1.0}, {"birds": 1.0}]
    assert first.pools is not None
    assert [w.kind for w in first.pools.reference] == [w.kind for w in first.pools.measured]


def test_adherence_is_1_for_what_was_asked_and_0_for_somebody_elses(rng) -> None:
    asked = list(rng.standard_normal((6, 34, 50)))
    exact = measures.adherence(asked, asked)
    assert exact["adherence"].value == 1 and exact["l1"].value == 0 and exact["moves"].value > 0.999
    shuffled = measures.adherence(asked, asked[1:] + asked[:1])
    assert shuffled["adherence"].value == pytest.approx(0, abs=0.02)
    assert abs(shuffled["moves"].value) < 0.1
    half = measures.adherence(asked, [(a + b) / 2 for a, b in zip(asked, asked[1:] + asked[:1], strict=True)])
    assert half["adherence"].value == pytest.approx(0.5, abs=0.02)


def test_a_cell_counts_its_evaluations_and_is_kept(tmp_path: Path) -> None:
    network = torch.nn.Linear(3, 3)
    runs = []

    def make() -> running.Run:
        runs.append(1)
        return running.run_cell(
            Cell("a", "euler", 2),
            network,
            [1.0, 2.0],
            lambda item: network(torch.full((2, 3), item)) + network(torch.ones(1, 3)),
            lambda item, artifact: {"made": artifact.detach().numpy()},
            lambda step, of: None,
        )

    first, lay_there = running.cached(tmp_path, Cell("a", "euler", 2), "key", make)
    assert first.evaluations == 3 and not lay_there, "a batch of two and one more"
    assert first.made["made"].shape == (2, 2, 3) and (first.seconds > 0).all() and first.memory_mb > 10
    second, lay_there = running.cached(tmp_path, Cell("a", "euler", 2), "key", make)
    assert lay_there and np.array_equal(second.made["made"], first.made["made"])
    assert second.evaluations == 3 and len(runs) == 1
    _, lay_there = running.cached(tmp_path, Cell("a", "euler", 2), "another key", make)
    assert not lay_there and len(runs) == 2


def test_a_cell_that_was_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def stop(step: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.cached(
            tmp_path,
            Cell("a", "euler", 1),
            "key",
            lambda: running.run_cell(
                Cell("a", "euler", 1), torch.nn.Linear(1, 1), [0], lambda i: i, lambda i, a: {}, stop
            ),
        )
    assert not list(tmp_path.iterdir())


def test_prompts_come_from_a_file(tmp_path: Path) -> None:
    from audiogen.cli.compare import prompts_of

    (tmp_path / "p.txt").write_text("# mine\nrain\n\nwaves\n")
    assert prompts_of(tmp_path / "p.txt") == ("rain", "waves")


def test_anchors_are_printed_as_a_table(data, capsys, monkeypatch) -> None:
    from audiogen.lab.evaluate import anchors

    monkeypatch.setattr(anchors, "SECONDS", SECONDS)
    monkeypatch.setattr(anchors, "LADDERS", {"noise of its colour": anchors.LADDERS["noise of its colour"]})
    monkeypatch.setattr(anchors.read_pools, "__defaults__", (SECONDS,))
    assert anchors.main(["--data", str(data), "-n", "4"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert anchors.main(["--data", str(data / "nowhere"), "-n", "4"]) == 2
