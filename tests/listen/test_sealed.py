"""A page in one file, and what comes back from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest, WouldOverwrite
from audiogen.listen.report import collect, report
from audiogen.listen.sealed import PLANS, write_static

PAGE, ANSWERS = Path("test.html"), Path("ann.jsonl")


@pytest.fixture
def page(examine):
    """The trials of a page that was written, as its script sees them."""
    write_static(examine(rater=None, seed=None).design, PAGE)
    text = PAGE.read_text("utf-8")
    return json.loads(re.search(r'id="static"[^>]*>(.*?)</script>', text, re.S)[1])


def answers(page, plan=0, rater="ann", **changes):
    rows = []
    for trial in page["plans"][plan]:
        row = {"sealed": page["test"], "plan": plan, "rater": rater, "trial": trial["id"], "answer": "A"}
        row |= {"listened_s": {"A": 2, "B": 3}, "switches": 1, "seconds": 9, "comment": "", "time": "t"}
        rows.append(row | changes)
    return rows


def write_rows(rows, file=ANSWERS):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_the_page_holds_the_sounds_but_not_whose_they_are(page):
    text = PAGE.read_text("utf-8")
    assert len(page["plans"]) == PLANS
    assert len(page["files"]) == 6
    assert all(data.startswith("data:audio/flac;base64,") for data in page["files"].values())
    text = re.sub(r"base64,[^\"]*", "", text)
    for word in ("old/", "new/", '"old"', '"new"', "sha256", "gain_db"):
        assert word not in text
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "default-src 'none'" in text


def test_answers_become_rows_with_the_key_beside_them(page):
    key = json.loads(Path("test.key.json").read_text("utf-8"))
    rows, counts = collect([write_rows(answers(page, 5) + answers(page, 7, "bob", answer="none"))])
    assert counts["answers"] == 6 and counts["forged_lines"] == counts["locked_lines"] == 0
    (found,) = report(rows, counts)["comparisons"]
    assert (found["raters"], found["items"], found["no_preference"]) == (2, 3, 3)
    for row in rows[:3]:
        shown = key["labels"][5][row["trial"]]
        assert shown["A"].endswith(f" {row['preferred']}")
        assert row["stimuli"][0]["system"] == row["preferred"]
        assert {"gain_db", "loudness_lufs", "file", "sha256"} <= set(row["stimuli"][0])
    assert found["gain_db"]["new"] == pytest.approx(-6.02, abs=0.01)


def test_without_its_key_an_answer_is_not_read(page, tmp_path):
    write_rows(answers(page))
    (tmp_path / "elsewhere").mkdir()
    Path("test.key.json").rename("elsewhere/test.key.json")
    with pytest.raises(InvalidRequest, match="give the .key.json that was written beside the page"):
        collect([ANSWERS])
    rows, _ = collect([ANSWERS, Path("elsewhere/test.key.json")])
    assert len(rows) == 3


@pytest.mark.parametrize(
    "forged",
    [
        {"plan": 99}, {"plan": True}, {"plan": "0"}, {"trial": "0" * 16}, {"answer": "C"}, {"rater": ""},
        {"listened_s": {"A": 0, "B": 0}}, {"listened_s": None}, {"comment": 5}, {"switches": None},
        {"answer": ["A"]}, {"trial": ["x"]},
    ],
)  # fmt: skip
def test_forged_answers_are_kept_apart(page, forged):
    good = answers(page)
    rows, counts = collect([write_rows([good[0], good[1] | forged])])
    assert (len(rows), counts["forged_lines"]) == (1, 1)


def test_a_page_is_not_written_over_another(page, examine):
    before = PAGE.read_bytes(), Path("test.key.json").read_bytes()
    with pytest.raises(WouldOverwrite):
        write_static(examine(rater=None).design, PAGE)
    assert (PAGE.read_bytes(), Path("test.key.json").read_bytes()) == before
    for words in ("not json", "[1]", '{"sealed": "x"}', "[" * 5000):
        Path("bad.key.json").write_text(words)
        with pytest.raises(InvalidRequest, match="is no key"):
            collect([write_rows(answers(page)), Path("bad.key.json")])
        Path("bad.key.json").unlink()


def test_mushra_in_a_page(examine):
    write_static(examine(("old",), "new", rater=None, kind="mushra").design, PAGE)
    text = PAGE.read_text("utf-8")
    page = json.loads(re.search(r'id="static"[^>]*>(.*?)</script>', text, re.S)[1])
    assert len(page["files"]) == 3 * 4, "each piece: the system, the reference, two anchors"
    scores = {label: 50 for label in page["plans"][0][0]["stimuli"] if label != "R"}
    heard = dict.fromkeys(page["plans"][0][0]["stimuli"], 2)
    rows, _ = collect([write_rows(answers(page, answer=scores, listened_s=heard))])
    assert len(rows) == 3
    assert {s["system"] for s in rows[0]["stimuli"]} == {"old", "reference", "anchor35", "anchor70"}
