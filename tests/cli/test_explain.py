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
    assert "note: 雨滴: taken as a mood; there will be no sound of it" in done.err


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


def test_sounds_of_nature_have_a_row_each(run):
    done = run("explain", "heavy rain with a few birds, 10 s")
    assert done.code == 0 and done.err == ""
    rows = {line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1] for line in done.out.splitlines()}
    assert list(rows) == ["path", "seconds", "rain", "birds", "intensity"]
    for name, value, said in (
        ("seconds", "10 s", '"10 s"'),
        ("rain", "weight 1", '"rain"'),
        ("birds", "weight 0.45", '"a few birds"'),
        ("intensity", "0.85 (0 is light", '"heavy"'),
    ):
        assert rows[name].startswith(value) and rows[name].endswith(said), rows[name]
    assert "left open     intensity" in run("explain", "雨声 + 鸟鸣,10 秒").out


def test_sounds_of_nature_as_json(run):
    row = json.loads(run("explain", "heavy rain with a few birds, 10 s", "--json").out)
    assert row["path"] == "ambience" and row["sources"] == {"rain": 1.0, "birds": 0.45}
    words = row.pop("words")
    assert words["birds"] == ["a few birds"] and words["intensity"] == ["heavy"]
    assert Conditioning.from_dict(row).intensity == 0.85


def test_a_sound_that_is_not_known_is_refused_in_one_line(run):
    for prompt in ("traffic", "狗叫", "silent rain", "rain, no rain"):
        done = run("explain", prompt)
        assert done.code == 2 and done.out == "" and done.err.count("\n") == 1, done.err
