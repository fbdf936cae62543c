"""What answers show, against figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen import report
from audiogen.listen.preferences import conclusion


def row(number, winner, rater="ann", question="", systems=("old", "new"), a=None, **changes):
    """An answer; `winner` a system or None; `a` the system on side A, else alternating."""
    a = a or systems[number % 2]
    b = systems[1 - systems.index(a)]
    sounds = [
        {"label": label, "system": name, "file": f"{name}/{number}.wav", "sha256": f"{name}{number}",
         "gain_db": -1.0 if name == systems[1] else 0.0, "listened_s": 3.0}
        for label, name in (("A", a), ("B", b))
    ]  # fmt: skip
    answer = {a: "A", b: "B", None: "none"}[winner]
    base = {"kind": "ab", "trial": f"{question}{number}", "item": f"piece{number}", "rater": rater}
    base |= {"question": question, "repeat": 0, "systems": list(systems), "sounds": sounds}
    return base | {"answer": answer, "switches": 4, "comment": ""} | changes


def write(file, rows, tail=""):
    Path(file).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows) + tail, "utf-8")
    return Path(file)


def reported(*files):
    return report.report(*report.collect(files))


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_nine_of_ten(tmp_path):
    rows = [row(k, "old" if k == 0 else "new") for k in range(10)] + [row(10, None)]
    found = reported(write("a.jsonl", rows))
    (result,) = found["comparisons"]
    assert (result["systems"], result["answers"], result["no_preference"]) == (["old", "new"], 11, 1)
    new = result["preferred"]["new"]
    assert (new["count"], new["of"], new["share"]) == (9, 10, 0.9)
    assert new["interval"] == pytest.approx([0.55498, 0.99747], abs=1e-5)  # Clopper and Pearson 1934
    assert result["p"] == pytest.approx(22 / 1024)  # 2 (1 + 10) / 2^10
    assert result["conclusion"].startswith(
        "new is preferred to old in 9 of 10 decided answers (95 % interval"
    )
    assert result["caution"] is None
    assert result["listened_s"] == {"old": 3.0, "new": 3.0}
    assert result["gain_db"] == {"old": 0.0, "new": -1.0}
    text = "\n".join(report.words(found))
    assert "    9    90 %  (95 % interval 55 % to 100 %)  prefer new" in text
    assert "p = 0.021 (exact two-sided binomial test; no preference left out)" in text


def test_eight_of_ten_shows_nothing():
    rows = [row(k, "old" if k < 2 else "new") for k in range(10)]
    (result,) = reported(write("a.jsonl", rows))["comparisons"]
    assert result["p"] == pytest.approx(112 / 1024)  # 2 (1 + 10 + 45) / 2^10
    assert result["conclusion"].startswith("No difference shown: new is preferred in 8 of 10")
    assert "does not show that they are equal" in result["conclusion"]


def test_conclusions():
    assert "each is preferred in 4 of 8" in conclusion(["a", "b"], [4, 4], 0)
    assert conclusion(["a", "b"], [0, 0], 3) == "No difference shown: none of 3 answers prefers either."
    assert "fewer than 6 decided answers no difference can be shown" in conclusion(["a", "b"], [5, 0], 0)
    assert conclusion(["a", "b"], [6, 0], 0).startswith("a is preferred to b in 6 of 6 decided answers")
    assert conclusion(["a", "b"], [6, 0], 9).endswith("Most answers, 9, have no preference.")


def test_a_rater_who_always_says_a_prefers_nobody():
    rows = [row(k, ("old", "new")[k % 2]) for k in range(20)]
    assert {r["answer"] for r in rows} == {"A"}
    found = reported(write("a.jsonl", rows))
    (result,) = found["comparisons"]
    assert (result["p"], result["first_side"]["count"]) == (1.0, 20)
    assert result["first_side"]["p"] < 1e-5
    assert "side A was chosen in 20 of 20 (100 %, p = 1.9e-06): a bias to one side" in report.words(found)


def test_raters_items_and_comments():
    rows = [row(k, "new") for k in range(6)]
    rows += [row(k, "old", rater="鲍勃", comment="rougher\nbass") for k in range(2)] + [
        row(2, None, rater="鲍勃")
    ]
    found = reported(write("a.jsonl", rows[:6]), write("b.jsonl", rows[6:]))
    (result,) = found["comparisons"]
    assert result["by_rater"] == [
        {"rater": "ann", "preferred": {"old": 0, "new": 6, "none": 0}, "p": pytest.approx(1 / 32)},
        {"rater": "鲍勃", "preferred": {"old": 2, "new": 0, "none": 1}, "p": 0.5},
    ]
    assert result["by_item"][0] == {"item": "piece0", "preferred": {"old": 1, "new": 1, "none": 0}}
    assert len(result["by_item"]) == 6
    assert "2 raters judged the same items" in result["caution"]
    lines = report.words(found)
    assert "     0       6       0  ann" in lines
    assert "     1       1       0  piece0" in lines
    assert "piece0, 鲍勃 (prefers old): rougher bass" in lines


def test_questions_and_systems_are_kept_apart():
    rows = [row(0, "new"), row(0, "new", question="Brighter?"), row(1, "x", systems=("x", "y"))]
    found = reported(write("a.jsonl", rows))
    assert [(c["systems"], c["question"]) for c in found["comparisons"]] == [
        (["old", "new"], ""), (["old", "new"], "Brighter?"), (["x", "y"], ""),
    ]  # fmt: skip
    assert 'old against new: "Brighter?"' in report.words(found)


def test_damaged_repeated_and_unknown_lines_are_counted():
    good = row(0, "new")
    damaged = [
        "no json", "[1]", '{"kind": "ab"', "\x00", "{}", "[" * 5000,
        json.dumps(good | {"answer": "C"}), json.dumps(good | {"sounds": []}),
        json.dumps(good | {"sounds": [{"label": "A"}]}), json.dumps(good | {"sounds": good["sounds"][:1]}),
        json.dumps(good | {"rater": 5}), json.dumps(good | {"comment": ["x"]}),
        json.dumps(good | {"switches": float("inf")}), json.dumps(good | {"switches": 10**400}),
        json.dumps(good | {"sounds": [{**s, "listened_s": "long"} for s in good["sounds"]]}),
        json.dumps(good | {"sounds": [{**s, "system": "old"} for s in good["sounds"]]}),
    ]  # fmt: skip
    other = json.dumps(good | {"kind": "cmos", "answer": {"A": 80, "B": 20}})
    file = write("a.jsonl", [good, good], "\n".join([*damaged, other, "", " "]))
    with open(file, "ab") as stream:
        stream.write(b"\xff\xfe\n")
    found = reported(file, file)
    assert found["damaged_lines"] == 2 * (len(damaged) + 1)
    assert (found["answers"], found["repeated_lines"], found["other_kinds"]) == (1, 3, 2)
    said = report.left_out(found)
    assert said[0] == f"lines left out: {2 * (len(damaged) + 1)} (damaged)"
    assert len(said) == 3
    assert report.left_out(reported(write("b.jsonl", [good]))) == []


def test_the_first_of_two_answers_to_one_trial_counts():
    found = reported(write("a.jsonl", [row(0, "new"), row(0, "old")]))
    assert found["comparisons"][0]["preferred"]["new"]["count"] == 1
    assert found["comparisons"][0]["preferred"]["old"]["count"] == 0


def test_nothing_to_report_on():
    with pytest.raises(InvalidRequest, match="absent.jsonl does not exist"):
        reported(Path("absent.jsonl"))
    with pytest.raises(InvalidRequest, match="cannot be read"):
        reported(Path("."))
    Path("empty.jsonl").write_text("what\n")
    with pytest.raises(InvalidRequest, match=r"no answers to report on \(1 damaged line\)"):
        reported(Path("empty.jsonl"))


def test_only_ties():
    found = reported(write("a.jsonl", [row(k, None) for k in range(3)]))
    (result,) = found["comparisons"]
    assert (result["p"], result["preferred"]["old"]["interval"]) == (None, None)
    assert "side A: no decided answers" in report.words(found)
    json.dumps(found, allow_nan=False)
