"""A wrong folder for training data is answered in one line, whatever is wrong with it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.data.ambience_recordings import read_recordings
from audiogen.lab.data.manifests import read_manifest
from audiogen.lab.data.piano_midi import COLUMNS, read_corpus
from audiogen.lab.data.piano_sampler import PianoBank


def test_the_rows_of_a_manifest_are_read_by_their_columns(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,split\nrain.ogg,train\n", encoding="utf-8")
    assert read_manifest(tmp_path / "manifest.csv", ["file"]) == [{"file": "rain.ogg", "split": "train"}]
    with pytest.raises(InvalidRequest, match="has no column licence"):
        read_manifest(tmp_path / "manifest.csv", ["file", "licence"])
    (tmp_path / "manifest.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidRequest, match="Cannot read"):
        read_manifest(tmp_path / "manifest.csv", ["file"])


def test_a_folder_without_the_data_is_named_with_what_should_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="manifest.csv does not exist; --source is the folder"):
        list(read_corpus(tmp_path, ("train",)))
    with pytest.raises(InvalidRequest, match="manifest.csv does not exist"):
        read_recordings(tmp_path, "train")
    with pytest.raises(InvalidRequest, match="index.json does not exist"):
        PianoBank.build(tmp_path)


def test_an_archive_without_its_piece_is_named(tmp_path: Path) -> None:
    row = dict.fromkeys(COLUMNS, "x") | {"archive": "rolls.zip", "path": "absent.mid", "split": "train"}
    lines = [",".join(COLUMNS), ",".join(row[name] for name in COLUMNS)]
    (tmp_path / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InvalidRequest, match="rolls.zip does not exist"):
        list(read_corpus(tmp_path, ("train",), welte_red=False))
    with zipfile.ZipFile(tmp_path / "rolls.zip", "w") as pack:
        pack.writestr("other.mid", b"")
    with pytest.raises(InvalidRequest, match="Cannot read .*rolls.zip .*absent.mid"):
        list(read_corpus(tmp_path, ("train",), welte_red=False))
