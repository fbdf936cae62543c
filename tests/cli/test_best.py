"""--best K: takes are made, judged and chosen; the rest is let go, and can be made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiogen.artifacts import Notes, Structure
from audiogen.media.audio import read_recipe
from audiogen.media.png import read_recipe as read_png
from audiogen.ranking import Verdict

MAKE = ("make", "piano in C major, 2 s", "-n", 3, "--seed", 5)


def rows(done) -> list[dict]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_the_best_take_is_kept_and_the_others_are_named(tiny, run) -> None:
    done = run(*MAKE, "--best", 1, "-o", "take.wav")
    assert (done.code, done.out) == (0, "take.wav\n")
    assert [f.name for f in tiny.iterdir()] == ["take.wav"]
    assert "ranking of 3 takes, 0 to 1:" in done.err
    table = done.err[done.err.index("ranking") :].splitlines()[1:]
    assert "--seed with its number" in table.pop()
    assert len(table) == 6 and table[0].startswith("  1  seed ") and table[0].endswith("kept")
    assert {line.split()[2] for line in table[::2]} == {"5", "6", "7"}
    totals = [float(line.split()[3]) for line in table[::2]]
    assert totals == sorted(totals, reverse=True)
    assert all("closing" in line and "fidelity" in line for line in table[::2])


def test_the_kept_file_is_that_take_and_holds_its_verdict(tiny, run) -> None:
    run(*MAKE, "--best", 1, "-o", "take.wav")
    recipe = read_recipe(tiny / "take.wav")
    verdict = Verdict.from_dict(recipe["verdict"])
    assert (verdict.place, verdict.of) == (1, 3)
    assert {c.name for c in verdict.checks} == {"closing", "signal", "obedience", "fidelity"}
    assert run("again", "take.wav").code == 0
    assert (tiny / "take.wav").read_bytes() == (tiny / "take-again.wav").read_bytes()
    run("make", "piano in C major, 2 s", "--seed", recipe["sampling"]["seed"], "-o", "alone.wav")
    alone = read_recipe(tiny / "alone.wav")
    assert alone == {k: v for k, v in recipe.items() if k != "verdict"}


def test_a_verdict_is_not_carried_to_another_take(tiny, run, monkeypatch) -> None:
    run(*MAKE, "--best", 1, "-o", "take.wav")
    monkeypatch.setattr("audiogen.provenance.__version__", "9.9")
    assert "not as it was" in run("again", "take.wav").err
    assert "verdict" not in read_recipe(tiny / "take-again.wav")


def test_info_shows_the_verdict(tiny, run) -> None:
    run(*MAKE, "--best", 2, "-o", "take.wav")
    first, second = (run("info", f"take-{k}.wav").out for k in (1, 2))
    assert "judged        best of 3:  0." in first and "judged        2 of 3:  0." in second
    assert json.loads(run("info", "take-1.wav", "--json").out)["recipe"]["verdict"]["place"] == 1
    run("make", "piano 1 s", "-o", "plain.wav")
    assert "judged" not in run("info", "plain.wav").out


def test_several_are_kept_in_order(tiny, run) -> None:
    done = run(*MAKE, "--best", 2, "-o", "take.wav", "--keep-structure")
    assert done.out.split() == ["take-1.wav", "take-1.mid", "take-2.wav", "take-2.mid"]
    first, second = (read_recipe(tiny / f"take-{k}.wav")["verdict"] for k in (1, 2))
    assert (first["place"], second["place"]) == (1, 2) and first["total"] >= second["total"]


def test_names_that_tell_takes_apart_stay_with_their_takes(tiny, run) -> None:
    done = run(*MAKE, "--best", 1)
    (file,) = done.out.split()
    seed = read_recipe(tiny / file)["sampling"]["seed"]
    assert file == f"piano-in-C-major-2-s-{seed}.wav"
    done = run(*MAKE, "--best", 1, "-o", "t{n}.wav")
    assert done.out == f"t{seed - 4}.wav\n"


def test_json_has_a_line_for_every_take(tiny, run) -> None:
    found = rows(run(*MAKE, "--best", 1, "-o", "take.wav", "--json"))
    assert [row["file"] for row in found] == ["take.wav", None, None]
    assert [row["verdict"]["place"] for row in found] == [1, 2, 3]
    assert sorted(row["seed"] for row in found) == [5, 6, 7]
    assert found[0]["recipe"]["verdict"] == found[0]["verdict"]
    assert all(row["verdict"]["checks"]["signal"]["words"] for row in found)


def test_one_take_can_be_judged(tiny, run) -> None:
    assert run("make", "piano 1 s", "--best", 1, "-o", "one.wav").code == 0
    verdict = read_recipe(tiny / "one.wav")["verdict"]
    assert (verdict["place"], verdict["of"]) == (1, 1)


def test_takes_without_notes_and_of_my_own_notes(tiny, run) -> None:
    notes = Notes.from_rows([[60, 0.1, 0.6, 70], [64, 0.5, 1.0, 60], [67, 0.9, 1.4, 80]])
    Structure(3.0, notes).save(tiny / "mine.mid")
    done = run("decode", "mine.mid", "soft", "-n", 2, "--best", 1, "-o", "x.wav", "--json")
    assert set(rows(done)[0]["verdict"]["checks"]) == {"closing", "signal", "fidelity"}
    for structure in ("mel", "none"):
        done = run("make", "piano 1 s", "--structure", structure, "-n", 2, "--best", 1, "--json")
        assert {"closing", "signal"} <= set(rows(done)[0]["verdict"]["checks"]) <= {"closing", "signal"}


def test_jobs_choose_each_their_best(tiny, run) -> None:
    lines = [{"prompt": "piano 1 s", "n": 2, "best": 1, "seed": 3}, {"prompt": "piano 1 s", "seed": 8}]
    (tiny / "night.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    done = run("make", "night.jsonl", "-o", "{job}.wav")
    assert (done.code, done.out) == (0, "1.wav\n2.wav\n")
    assert "verdict" in read_recipe(tiny / "1.wav") and "verdict" not in read_recipe(tiny / "2.wav")
    again = run("make", "night.jsonl", "-o", "{job}.wav", "--skip-existing")
    assert again.out == "" and "2 jobs: 0 takes made, 2 left alone" in again.err


def test_stdout_carries_the_best(tiny, capfdbinary) -> None:
    from audiogen.cli import main

    assert main([str(a) for a in (*MAKE, "--best", 1, "-o", "-")]) == 0
    assert capfdbinary.readouterr().out[:4] == b"RIFF"


def test_dry_run_says_how_many_are_kept(tiny, run) -> None:
    assert "the best 1 of 3 takes" in run(*MAKE, "--best", 1, "--dry-run").out
    assert json.loads(run(*MAKE, "--best", 2, "--dry-run", "--json").out)["best"] == 2


def test_more_than_there_are_is_refused(tiny, run) -> None:
    done = run(*MAKE, "--best", 4)
    assert done.code == 2 and "give -n 4 or more" in done.err


@pytest.mark.parametrize("finished", [0, 2])
def test_an_interruption_keeps_the_best_of_what_is_finished(tiny, run, monkeypatch, finished) -> None:
    from audiogen import making

    real, calls = making.make, []

    def stop(plan, progress, items):
        calls.append(items)
        if len(calls) > finished:
            raise KeyboardInterrupt
        return real(plan, progress, items=items)

    monkeypatch.setattr(making, "make", stop)
    done = run(*MAKE, "--best", 1, "-o", "take.wav")
    assert done.code == 130
    assert (tiny / "take.wav").exists() == (finished > 0)
    if finished:
        assert read_recipe(tiny / "take.wav")["verdict"]["of"] == 2


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `clip` and `clap` of toys with random weights."""
    from tests.hub import toy_judges

    root = tmp_path_factory.mktemp("judges")
    toy_judges.write_clip(root / "clip")
    toy_judges.write_clap(root / "clap")
    return root


def test_a_clap_ranks_sounds_and_the_recipe_says_which_and_how(tiny, run, judges) -> None:
    clap = str(judges / "clap")
    done = run(*MAKE, "--best", 1, "--rank-by", clap, "-o", "take.wav")
    assert done.code == 0 and f"ranking of 3 takes, by {clap}, a cosine of sound and words:" in done.err
    recipe = read_recipe(tiny / "take.wav")
    by = recipe["verdict"]["rank_by"]
    assert (by["kind"], by["model"]) == ("clap", clap) and len(by["sha256"]) == 64
    from audiogen.hub.judges import Clap
    from audiogen.media.audio import read_audio

    network = Clap(clap)
    scores = {}
    for seed in (5, 6, 7):
        run("make", "piano in C major, 2 s", "--seed", seed, "--bits", "float", "-o", f"{seed}.wav")
        scores[seed] = network.cosine(*read_audio(tiny / f"{seed}.wav"), "piano in C major, 2 s")
    best = max(scores, key=lambda seed: scores[seed])
    assert recipe["sampling"]["seed"] == best and by["cosine"] == pytest.approx(scores[best], abs=1e-4)
    assert set(recipe["verdict"]["checks"]) == {"closing", "signal", "obedience", "fidelity"}
    assert "best of 3:  clap " in run("info", "take.wav").out
    assert run("again", "take.wav").code == 0
    assert (tiny / "take.wav").read_bytes() == (tiny / "take-again.wav").read_bytes()


def test_a_clip_ranks_pictures(tiny, run, judges) -> None:
    make = ("make", "a red cat", "-n", 3, "--seed", 5, "--size", "384", "--best", 2)
    done = run(*make, "--rank-by", str(judges / "clip"), "-o", "cat.png", "--json")
    assert done.code == 0
    found = [row["verdict"]["rank_by"]["cosine"] for row in rows(done)]
    assert len(found) == 3 and found == sorted(found, reverse=True)
    verdict = read_png(tiny / "cat-1.png")["verdict"]
    assert verdict["place"] == 1 and "total" not in verdict and verdict["rank_by"]["kind"] == "clip"
    assert "judged        best of 3:  clip " in run("info", "cat-1.png").out


def test_what_cannot_rank_is_refused_before_anything_is_made(tiny, run, judges) -> None:
    clip, clap = str(judges / "clip"), str(judges / "clap")
    for code, words, more in (
        (2, "give --best K as well", ("--rank-by", clap)),
        (2, "compares no words with sounds; give a CLAP", ("--best", 1, "--rank-by", clip)),
        (4, "no folder nowhere", ("--best", 1, "--rank-by", "nowhere")),
    ):
        done = run(*MAKE, *more, "-o", "x.wav")
        assert done.code == code and words in done.err and done.err.count("\n") == 1
    picture = ("make", "a red cat", "-n", 2, "--best", 1, "-o", "x.png")
    assert "compares no words with pictures" in run(*picture, "--rank-by", clap).err
    assert "give --rank-by with a CLIP" in run(*picture).err
    assert not list(tiny.iterdir())
    assert f"by {clap}" in run(*MAKE, "--best", 1, "--rank-by", clap, "--dry-run").out
