"""--variation: most of a piece stays, through files, names, recipes and --best."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audiogen.artifacts import Structure
from audiogen.media.audio import read_recipe
from tests.structure.test_score_variation import same, song

MAKE = ("make", "piano 6 s", "--seed", 7, "--keep-structure")


@pytest.fixture
def mine(tiny):
    file = tiny / "mine.mid"
    song().save(file)
    return file


def share(a, b) -> float:
    """Of the notes of one file, those that are in the other."""
    first, second = (Structure.load(f).notes for f in (a, b))
    return float(same(first, second).mean())


def test_a_piece_made_from_words_is_varied(tiny, run) -> None:
    run(*MAKE, "-o", "a.wav")
    done = run(*MAKE, "--variation", 0.3, "-o", "b.wav")
    assert done.code == 0 and "variation ..." in done.err
    assert 0.5 <= share(tiny / "a.mid", tiny / "b.mid") < 1
    run(*MAKE, "--variation", 0, "-o", "same.wav")
    assert (tiny / "a.mid").read_bytes() == (tiny / "same.mid").read_bytes()


def test_again_makes_the_variation_again(tiny, mine, run) -> None:
    run(*MAKE, "--variation", 0.3, "--variation-seed", 4, "-o", "a.wav")
    run("decode", mine, "--variation", 0.3, "--seed", 2, "-o", "b.wav")
    mine.unlink()
    for name in "ab":
        done = run("again", f"{name}.wav")
        assert done.code == 0 and "not as it was" not in done.err
        assert (tiny / f"{name}.wav").read_bytes() == (tiny / f"{name}-again.wav").read_bytes()
    recipe = read_recipe(tiny / "a.wav")
    assert (recipe["sampling"]["variation"], recipe["sampling"]["variation_seed"]) == (0.3, 4)
    assert read_recipe(tiny / "b.wav")["pipeline"]["structure"] == "score"


def test_my_own_notes_are_varied(tiny, mine, run) -> None:
    for verb in (["decode", mine], ["make", "", "--structure", mine]):
        done = run(*verb, "--variation", 0.25, "--seed", 1, "-o", "x.wav", "--force")
        assert done.code == 0, done.err
    done = run("structure", "", "--structure", mine, "--variation", 0.25, "--seed", 1, "-o", "v.mid")
    assert (done.code, done.out) == (0, "v.mid\n")
    assert 0.65 <= share(mine, tiny / "v.mid") <= 0.9
    made, given = Structure.load(tiny / "v.mid").notes, Structure.load(mine).notes
    assert (made.tempo, made.metre) == (given.tempo, given.metre)
    ticks = made.onset_s / (60 / 120 / 24)
    np.testing.assert_allclose(ticks, np.round(ticks), atol=0.03)


def test_several_variations_are_of_one_piece_and_have_names(tiny, run) -> None:
    done = run("structure", "piano 6 s", "--seed", 7, "--variation", 0.4, "-n", 3)
    names = [f"piano-6-s-7-v{k}.mid" for k in range(3)]
    assert done.out.split() == names
    assert len({(tiny / name).read_bytes() for name in names}) == 3
    run("structure", "piano 6 s", "--seed", 7, "-o", "base.mid")
    told = json.loads(run("structure", "piano 6 s", "--seed", 7, "--variation", 0.4, "--json", "--force").out)
    assert (told["seed"], told["variation_seed"], told["file"]) == (7, 0, names[0])
    assert min(share(tiny / "base.mid", tiny / name) for name in names) > 0.4
    run("structure", "piano 6 s", "--seed", 7, "--variation", 0.4, "--variation-seed", 2, "-o", "alone.mid")
    assert (tiny / "alone.mid").read_bytes() == (tiny / names[2]).read_bytes()


def test_the_best_variation(tiny, run) -> None:
    done = run(*MAKE, "--variation", 0.3, "-n", 3, "--best", 1, "-o", "b.wav", "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["seed"] for row in rows] == [7, 7, 7]
    assert sorted(row["variation_seed"] for row in rows) == [0, 1, 2]
    assert "--variation-seed with its number" in done.err
    kept = rows[0]["variation_seed"]
    run(*MAKE, "--variation", 0.3, "--variation-seed", kept, "-o", "alone.wav")
    assert (tiny / "alone.mid").read_bytes() == (tiny / "b.mid").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "piano", "--variation", "0.3"], "give the --seed of the take"),
        (["make", "piano", "--variation-seed", "3"], "give --variation F"),
        (["make", "piano", "--seed", 1, "--structure", "mel", "--variation", "0.3"], "only the stage score"),
        (["make", "piano", "--seed", 1, "--structure", "none", "--variation", "0.3"], "only the stage score"),
        (["make", "piano", "--seed", 1, "--variation", "1.3"], "0<=x<=1"),
        (["decode", "coarse.npz", "--variation", "0.3"], "this file holds none"),
        (["structure", "", "--structure", "mine.mid"], "is a structure already"),
    ],
    ids=lambda a: " ".join(map(str, a)) if isinstance(a, list) else None,
)
def test_what_cannot_be_varied_is_refused(tiny, mine, run, arguments, words) -> None:
    Structure(2.0, mel=np.zeros((34, 50), np.float32)).save(tiny / "coarse.npz")
    done = run(*arguments)
    assert done.code == 2 and words in done.err
    assert "Traceback" not in done.err


def test_a_mel_beside_the_notes_is_left_out_and_said(tiny, run) -> None:
    both = song()
    Structure(16.0, both.notes, np.zeros((34, 400), np.float32)).save(tiny / "both.npz")
    done = run("decode", "both.npz", "--variation", 0.2, "--seed", 1, "-o", "x.wav")
    assert done.code == 0 and "left out the coarse mel" in done.err


def test_jobs_can_be_variations(tiny, mine, run) -> None:
    lines = [{"prompt": "piano 4 s", "seed": 3, "variation": 0.3}, {"prompt": "", "structure": "mine.mid"}]
    lines[1] |= {"variation": 0.2, "variation-seed": 5}
    (tiny / "night.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    assert run("make", "night.jsonl", "-o", "{job}-{variation}.wav").out == "1-0.wav\n2-5.wav\n"
