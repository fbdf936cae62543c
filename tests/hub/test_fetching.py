"""Hub ids: what is in the hub's cache is used, what a file of somebody names is not fetched unasked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audiogen.cli import main
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import facts, finding

Hub = Callable[[str], Path]
COMMIT = "0123456789" * 4


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "cache"


def put(cache: Path, name: str, folder: Path) -> Path:
    """A folder into the cache, in its form."""
    model = cache / f"models--{name.replace('/', '--')}"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text(COMMIT)
    shutil.copytree(folder, model / "snapshots" / COMMIT)
    return model / "snapshots" / COMMIT


@pytest.mark.slow
def test_a_model_of_the_cache_is_named_by_its_commit_and_used_again(
    cache: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from audiogen.media.audio import read_recipe

    monkeypatch.chdir(tmp_path)
    put(cache, "owner/toy", hub("musicgen"))
    assert main(["make", "drums, 1 s", "--model", "owner/toy", "--seed", "3", "-o", "a.wav", "-q"]) == 0
    recipe = read_recipe(tmp_path / "a.wav")
    assert recipe is not None and recipe["model"] == {
        "source": "owner/toy",
        "revision": COMMIT,
        "dtype": "float32",
    }
    assert main(["again", "a.wav", "-q"]) == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "a-again.wav").read_bytes()
    shutil.rmtree(cache)
    capsys.readouterr()
    assert main(["again", "a.wav", "-o", "b.wav", "-q"]) == MissingModel.exit_code
    assert "models pull owner/toy" in capsys.readouterr().err


def test_nothing_is_asked_of_the_hub_where_only_what_is_here_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = []

    def seen(*names: str, **more: object) -> str:
        asked.append(more["local_files_only"])
        raise LocalEntryNotFoundError("not here")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", seen)
    monkeypatch.setattr("huggingface_hub.snapshot_download", seen)
    with finding.here_only():
        for look in (finding.manifest, finding.part_folder):
            with pytest.raises(MissingModel, match="not fetched unasked"):
                look("owner/name")
    assert asked and all(asked)
    for has_address in (True, False):  # where the hub has no address, it is not asked for half a minute
        monkeypatch.setattr(finding, "_has_address", lambda endpoint, known=has_address: known)
        with pytest.raises(MissingModel, match="cannot be reached"):
            finding.part_folder("owner/name")
        assert asked[-1] is not has_address


def test_pull_says_what_a_model_is_and_where_it_lies(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = tmp_path / "lora"
    part.mkdir()
    (part / "pytorch_lora_weights.safetensors").write_bytes(b"")
    where = put(cache, "owner/lora", part)
    assert main(["models", "pull", "owner/lora"]) == 0
    assert capsys.readouterr().out.strip() == str(where)
    assert main(["models", "pull", "owner/other"]) == MissingModel.exit_code
    assert main(["models", "pull", str(tmp_path)]) == InvalidRequest.exit_code
    assert "no hub id" in capsys.readouterr().err


def test_a_model_that_does_not_fit_on_the_disk_is_not_begun(cache: Path) -> None:
    large = facts.Facts("owner/large", "text-to-image", "", "", None, False, 1 << 60, None)
    with pytest.raises(MissingModel, match="set HF_HOME to another disk"):
        facts.check_room(large)
    facts.check_room(facts.Facts("owner/small", "text-to-image", "", "", None, False, 1, None))
