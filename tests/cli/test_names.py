"""Names of files: words, folders, templates; and whether they may be written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from audiogen.cli import output
from audiogen.cli.names import Facts, file_names, needs_seed, slug, suffix_of
from audiogen.errors import InvalidRequest, WouldOverwrite

WALTZ = Facts("a slow waltz, pp", [7, 8], job=3, key="F# minor", tempo=62.0, seconds=15.0)


def names(template, facts=WALTZ, suffix=".wav"):
    return [str(name) for name in file_names(template, facts, suffix)]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("calm piano, 15 s", "calm-piano-15-s"),
        ("舒缓的钢琴独奏,15 秒", "舒缓的钢琴独奏-15-秒"),
        ("../../etc/passwd", "etc-passwd"),
        ("?!", "audiogen"),
        ("x" * 100, "x" * 48),
    ],
)
def test_slug(words, name):
    assert slug(words) == name


@pytest.mark.parametrize(
    ("template", "first", "second"),
    [
        (
            "takes/{n:02}-{slug}-{seed}.wav",
            "takes/01-a-slow-waltz-pp-7.wav",
            "takes/02-a-slow-waltz-pp-8.wav",
        ),
        ("{job:03}_{take}.flac", "003_1.flac", "003_2.flac"),
        ("{key} {tempo} {seconds}-{seed:05d}.mp3", "F-sharp-minor 62 15-00007.mp3", None),
        ("{slug:.6}-{n}.wav", "a-slow-1.wav", "a-slow-2.wav"),
        ("{key}.wav", "F-sharp-minor-1.wav", "F-sharp-minor-2.wav"),
        ("a{{b}}-{n}.wav", "a{b}-1.wav", "a{b}-2.wav"),
        ("{seed}/x.wav", "7/x.wav", "8/x.wav"),
        ("plain.wav", "plain-1.wav", "plain-2.wav"),
        (None, "a-slow-waltz-pp-7.wav", "a-slow-waltz-pp-8.wav"),
        ("takes/", "takes/a-slow-waltz-pp-7.wav", "takes/a-slow-waltz-pp-8.wav"),
    ],
)
def test_templates(template, first, second):
    found = names(template)
    assert found[0] == first
    assert second is None or found[1] == second


def test_a_folder_that_exists_takes_default_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "{out}").mkdir()
    assert names("{out}", suffix=".ogg")[0] == "{out}/a-slow-waltz-pp-7.ogg"
    assert suffix_of("{out}") == ""


def test_what_the_prompt_left_open_takes_any_format():
    assert names("{key}-{tempo:03}-{seconds:.1f}.wav", Facts("x", [1], seconds=2.5)) == ["any-any-2.5.wav"]
    flat = Facts("x", [1], key="Bb major", tempo=90.4)
    assert names("{key}-{tempo:03}.wav", flat) == ["B-flat-major-090.wav"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{sed}.wav", r"no field \{sed\}; there are n, take, job, slug, seed, "),
        ("{}.wav", r"no field \{\}"),
        ("{0}.wav", r"no field \{0\}"),
        ("{slug.__class__}.wav", r"no field \{slug.__class__\}"),
        ("{slug!r}.wav", r"no field \{slug!r\}"),
        ("{n.wav", "a brace that stays is written twice"),
        ("n}.wav", "a brace that stays is written twice"),
        ("{n:0999999999}.wav", "is no width; write for example {n:02}"),
        ("{n:{job}}.wav", "is no width"),
        ("{n:.2}.wav", r"\(1\)"),
    ],
)
def test_templates_that_mean_nothing_are_refused_in_words(template, words):
    with pytest.raises(InvalidRequest, match=words):
        names(template)


@pytest.mark.parametrize(
    ("output_", "suffix", "seed"),
    [
        (None, None, True),
        ("x.WAV", ".wav", False),
        ("{seed}.flac", ".flac", True),
        ("{tempo:5.1f}", "", False),
        ("takes/", "", True),
        ("{n}.{slug}", ".x", False),
    ],
)
def test_suffix_and_seed_of_a_name(output_, suffix, seed):
    assert needs_seed(output_) is seed
    if output_ is not None:
        assert suffix_of(output_) == suffix


def test_targets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = Facts("piano", [5, 6])
    one = Facts("piano", [5])
    named = output.targets("a.wav", facts, ".wav", beside=output.Beside(structure=True, picture=True))
    assert [str(t.file) for t in named] == ["a-1.wav", "a-2.wav"]
    assert list(map(str, named[0].files)) == ["a-1.wav", "a-1.mid", "a-1.npz", "a-1.png"]
    assert output.targets("-", one, ".wav") == [output.Target(None)]
    with pytest.raises(InvalidRequest, match="one file"):
        output.targets("-", one, ".wav", beside=output.Beside(picture=True))
    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(InvalidRequest, match="send it to a file"):
        output.targets("-", one, ".wav")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_there_is_kept_replaced_or_skipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = Facts("piano", [5, 6])
    Path("a-1.wav").write_bytes(b"mine")
    with pytest.raises(WouldOverwrite, match="a-1.wav exists"):
        output.targets("a.wav", facts, ".wav")
    skipping = output.targets("a.wav", facts, ".wav", output.Rules(skip_existing=True))
    assert [t.exists for t in skipping] == [True, False]
    assert not any(t.exists for t in output.targets("a.wav", facts, ".wav", output.Rules(force=True)))
    Path("a-2.png").write_bytes(b"mine")
    with pytest.raises(WouldOverwrite, match="a-2.png exists"):
        output.targets("a.wav", facts, ".wav", output.Rules(skip_existing=True), output.Beside(picture=True))
    with pytest.raises(InvalidRequest, match="give one of them"):
        output.Rules(force=True, skip_existing=True)


def test_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = Facts("piano", [5])
    with pytest.raises(InvalidRequest, match="let --mkdir make it"):
        output.targets("a/b/c.wav", one, ".wav")
    (target,) = output.targets("a/b/c.wav", one, ".wav", output.Rules(mkdir=True))
    assert not Path("a").exists()  # not before there is something to put into it
    output.write_files({target.file: b"x"}, output.Rules(mkdir=True))
    assert Path("a/b/c.wav").read_bytes() == b"x"
    with pytest.raises(InvalidRequest, match=r"a/b/c\.wav is a file and cannot be a folder"):
        output.targets("a/b/c.wav/d.wav", one, ".wav", output.Rules(mkdir=True))
    with pytest.raises(InvalidRequest, match=r"c\.wav is a file and cannot be a folder"):
        output.targets("a/b/c.wav/d/e.wav", one, ".wav", output.Rules(mkdir=True))
    with pytest.raises(InvalidRequest, match="at most 255 bytes"):
        output.targets("钢" * 90 + ".wav", one, ".wav")
    with pytest.raises(InvalidRequest, match="control character"):
        output.targets("a\nb.wav", one, ".wav")
