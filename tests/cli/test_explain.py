"""audiogen explain: the table, the words it came from, what is left open, what was not understood."""

from __future__ import annotations

import json

from audiogen.artifacts import Conditioning


def test_a_value_in_musical_terms_stands_beside_the_words_it_came_from(run):
    done = run("explain", "a very slow waltz in D minor, pp, not much pedal, 20 s")
    assert done.code == 0 and done.err == ""
    rows = [line.split(maxsplit=1) for line in done.out.splitlines()]
    for name, *parts in (
        ("seconds", "20 s", '"20 s"'),
        ("tempo", "54 beats per minute, lento", '"very slow"'),
        ("key", "D minor", '"in D minor"'),
        ("metre", "3/4", '"waltz"'),
        ("loudness", "pp, mean velocity 34 of 127", '"pp"'),
        ("pedal", "down 20% of the time", '"not much pedal"'),
    ):
        value = dict(rows)[name]
        assert value.startswith(parts[0]) and value.endswith(parts[1]), value
    assert dict(rows)["left"].startswith("open") and "register" in dict(rows)["left"]


def test_chinese(run):
    done = run("explain", "降E大调圆舞曲,别太快,很轻,像雨滴,饕餮")
    for words in ('"降E大调"', '"圆舞曲"', '"别太快"', '"很轻"', '"雨滴"'):
        assert words in done.out
    assert "not understood, and left out: 饕餮" in done.err
    assert "note: 雨滴: heard as a mood" in done.err


def test_remarks_go_to_stderr_and_quiet_leaves_them_out(run):
    loud = run("explain", "fast adagio, zeugma")
    assert "note: 'fast' and 'adagio' contradict each other" in loud.err
    assert "zeugma" in loud.err and "zeugma" not in loud.out
    assert run("explain", "fast adagio, zeugma", "-q").err == ""


def test_json_holds_everything(run):
    row = json.loads(run("explain", "fast adagio, zeugma, 12 s", "--json").out)
    assert row["words"]["tempo"] == ["adagio"]
    assert row["unknown"] == ["zeugma"]
    assert len(row["remarks"]) == 1
    row.pop("words")
    assert Conditioning.from_dict(row).tempo == 66
