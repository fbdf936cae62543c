"""webMUSHRA's files: configurations there and back, and the columns of its tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import yaml

from audiogen.errors import InvalidRequest
from audiogen.listen.answers import read_answers
from audiogen.listen.webmushra import read_config, tables, write_config
from tests.listen.conftest import noise, reply, write

# As in the manual of webMUSHRA: a shuffled list inside the pages, paths seen from the folder above.
THEIRS = """
testname: Example
testId: example
bufferSize: 2048
stopOnErrors: true
showButtonPreviousPage: true
remoteService: service/write.php
pages:
  - type: generic
    id: first_page
    name: Welcome
    content: <p>hello</p>
  - type: volume
    id: vol
    stimulus: old/one.wav
    defaultVolume: 0.5
  -
    - random
    - type: mushra
      id: trial1
      name: Mono
      content: test
      showWaveform: true
      enableLooping: true
      reference: old/one.wav
      createAnchor35: true
      createAnchor70: false
      stimuli:
        C1: new/one.wav
        C2: new/two.wav
    - type: bs1116
      id: trial2
      reference: old/one.wav
      stimuli: [new/one.wav]
  - type: finish
    name: Thank you
    questionnaire: []
"""


def test_their_configuration_becomes_a_test(folders):
    Path("configs").mkdir()
    Path("configs/example.yaml").write_text(THEIRS)
    config = read_config(Path("configs/example.yaml"))
    (item,) = config.items
    assert (config.kind, item.name) == ("mushra", "trial1")
    assert item.reference.file.resolve() == Path("old/one.wav").resolve()
    assert [(s.system, s.file.name) for s in item.stimuli] == [("C1", "one.wav"), ("C2", "two.wav")]
    assert config.remarks == ["pages of other types, left out: bs1116"]


@pytest.mark.parametrize("kind", ["mushra", "ab", "mos"])
def test_a_test_is_written_and_read_again(examine, folders, kind):
    reference = "real" if kind == "mushra" else None
    for name in ("one", "two"):
        write(folders / "real" / f"{name}.wav", noise(seed=3))
    design = examine(kind=kind, reference=reference).design
    write_config(design, Path("test.yaml"))
    written = yaml.safe_load(Path("test.yaml").read_text())
    assert written["pages"][-1]["type"] == "finish" and written["pages"][0][0] == "random"
    config = read_config(Path("test.yaml"))
    assert config.kind == kind
    files = {s.file.resolve() for item in config.items for s in item.all}
    page = written["pages"][0][1]
    if kind == "mushra":
        assert page["randomize"] and not page["showConditionNames"] and not page["strict"]
    if kind == "ab":
        assert page["unforced"] == "No preference"  # its label; without the line a choice is forced
    if kind == "mos":
        assert page["mustPlayback"] == "ended"
    assert files == {s.file.resolve() for item in design.items for s in item.all}


def test_what_webmushra_does_otherwise_is_said(examine, folders):
    write(folders / "real" / "one.wav", noise(1.5, seed=3))
    design = examine(kind="mushra", reference="real").design
    assert write_config(design, Path("test.yaml")) == [
        "webMUSHRA refuses other lengths, rates or channels on a page: one",
        "webMUSHRA does not match loudness; these files differ by up to 6.1 dB",
    ]


def test_a_choice_is_forced_where_it_was_asked_so(examine, folders):
    write_config(examine(kind="ab", forced=True).design, Path("ab.yaml"))
    write_config(examine(kind="abx").design, Path("abx.yaml"))
    for name in ("ab.yaml", "abx.yaml"):
        assert "unforced" not in yaml.safe_load(Path(name).read_text())["pages"][0][1]


def test_in_a_folder_of_its_configurations_paths_are_seen_from_the_one_above(examine, folders):
    Path("configs").mkdir()
    write_config(examine(kind="ab").design, Path("configs/test.yaml"))
    assert yaml.safe_load(Path("configs/test.yaml").read_text())["pages"][0][1]["reference"] == "old/one.wav"
    assert len(read_config(Path("configs/test.yaml")).items) == 3


def test_answers_in_their_columns(examine, folders):
    for kind, answer in (("ab", "A"), ("abx", "B"), ("mos", "4")):
        session = examine(kind=kind, answers=Path("all.jsonl")).sit("ann")
        session.answer(reply(session, answer, comment="a,b & 50 %"))
    session = examine(("old",), "new", kind="mushra", answers=Path("all.jsonl")).sit("ann")
    session.answer(reply(session, {label: 70 for label in session.current.stimuli if label != "R"}))
    written = tables(read_answers(Path("all.jsonl")).rows)
    found = {name: list(csv.reader(io.StringIO(data.decode()))) for name, data in written.items()}
    assert sorted(found) == ["lss.csv", "mushra.csv", "paired_comparison.csv"]
    assert found["mushra.csv"][0] == [
        "session_test_id", "name", "session_uuid", "trial_id", "rating_stimulus", "rating_score",
        "rating_time", "rating_comment",
    ]  # fmt: skip
    assert sorted(row[4] for row in found["mushra.csv"][1:]) == ["anchor35", "anchor70", "old", "reference"]
    head, pair, abx = found["paired_comparison.csv"]
    assert head[3:] == [
        "choice_reference", "choice_non_reference", "choice_answer", "choice_time", "choice_comment",
    ]  # fmt: skip
    assert pair[3:5] == ["old", "new"] and pair[5] in ("correct", "incorrect") and pair[7] == "a,b & 50 %"
    assert abx[5] in ("correct", "incorrect")
    assert found["lss.csv"][1][3] == "4"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "is no YAML"),
        ("pages: 5", "has no pages"),
        ("pages: [{type: volume}]", "no page of type"),
        (
            "pages: [{type: mushra, id: x, stimuli: {a: absent.wav}}]",
            "absent.wav, named in .* does not exist",
        ),
        ("pages: [{type: mushra, stimuli: {a: old/one.wav}}]", "no id or no stimuli"),
        ("pages: [{type: mushra, id: x, stimuli: {}}]", "no id or no stimuli"),
        ("&a [*a]", "has no pages|is no YAML"),
    ],
)
def test_what_is_no_configuration(folders, text, words):
    Path("bad.yaml").write_text(text)
    with pytest.raises(InvalidRequest, match=words):
        read_config(Path("bad.yaml"))


def test_kinds_that_have_no_page_there(examine):
    with pytest.raises(InvalidRequest, match="no page for --kind rank"):
        write_config(examine(kind="rank").design, Path("x.yaml"))
