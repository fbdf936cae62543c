"""Models from a hub on this machine: what is fetched and refused, and what an end in the middle leaves."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audiogen.cli import main
from audiogen.errors import Cancelled, MissingModel
from audiogen.hub import finding
from tests.hub.served import COMMIT, ServedHub, serving

Hub = Callable[[str], Path]
ID = "owner/toy"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub) -> Iterator[ServedHub]:
    """A hub with one model, and an empty cache."""
    with serving() as found:
        found.models = {ID: hub("pictures")}
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", found.address)
        monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", found.address)
        form = found.address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", form)
        yield found


def weights(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").rglob("*.safetensors"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that says what went wrong."""
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("audiogen: ")]
    return line


@pytest.mark.slow
def test_a_model_is_shown_fetched_and_used_where_the_hub_has_gone(
    served: ServedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "show", ID]) == 0
    assert "here          no" in capsys.readouterr().out and not weights(tmp_path)
    assert main(["models", "pull", ID]) == 0
    assert capsys.readouterr().out.strip().endswith(COMMIT) and len(weights(tmp_path)) == 3
    served.models = {}
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert main(["make", "a cat", "--model", ID, "--steps", "1", "--size", "32", "-o", "a.png", "-q"]) == 0
    assert main(["again", "a.png", "-q"]) == 0
    assert Path("a.png").read_bytes() == Path("a-again.png").read_bytes()


@pytest.mark.slow
def test_a_manifest_alone_is_no_model(served: ServedHub, capsys: pytest.CaptureFixture[str]) -> None:
    """The network ends after the first file: what is cached is not the whole."""
    finding.manifest(ID)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert main(["models", "pull", ID]) == MissingModel.exit_code
    assert "owner/toy is " in said(capsys)


@pytest.mark.slow
def test_what_the_hub_refuses_is_one_line(
    served: ServedHub, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served.models["owner/gated"] = hub("pictures")
    served.gated.add("owner/gated")
    for given, words in (
        (["owner/nobody"], "The hub has no model owner/nobody"),
        (["owner/gated"], "owner/gated is gated: accept its terms"),
        ([ID, "--revision", "gone"], "no such revision"),
    ):
        assert main(["make", "a cat", "-o", "a.png", "--model", *given]) == MissingModel.exit_code
        assert words in said(capsys)
        assert main(["models", "pull", *given]) == MissingModel.exit_code
        assert words in said(capsys)
    assert main(["models", "show", "owner/gated"]) == 0  # what it is may be known before
    assert "gated         yes, accept its terms" in capsys.readouterr().out
    assert not weights(tmp_path) and not Path("a.png").exists()


@pytest.mark.slow
def test_a_download_that_breaks_off_leaves_no_file_that_could_be_taken_for_whole(
    served: ServedHub, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """Cut by the other side, the disk full, Ctrl-C; afterwards it is fetched whole."""
    served.cut.add(ID)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # between attempts
    assert main(["models", "pull", ID]) == MissingModel.exit_code
    assert "cannot be reached" in said(capsys) and not weights(tmp_path)
    served.cut.clear()

    def full(*given: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("huggingface_hub.file_download.http_get", full)
        assert main(["models", "pull", ID]) == MissingModel.exit_code
    assert "The disk is full; owner/toy was not fetched" in said(capsys) and not weights(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1024)
    served.pause_s, served.sent = 0.05, 0

    def interrupt() -> None:
        while served.sent < 4096:
            time.sleep(0.01)
        while not over.is_set():  # one that strikes a destructor is lost, as any exception there
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            over.wait(3)

    over = threading.Event()
    threading.Thread(target=interrupt, daemon=True).start()
    code = main(["models", "pull", ID])
    over.set()
    assert code == Cancelled.exit_code
    assert "interrupted" in said(capsys) and not list((tmp_path / "cache").rglob("*.incomplete"))
    whole = {file.stat().st_size for file in hub("pictures").rglob("*.safetensors")}
    assert {file.stat().st_size for file in weights(tmp_path)} <= whole - {
        max(whole)
    }  # the large one was cut
    served.pause_s = 0
    assert main(["models", "pull", ID]) == 0
    for file in weights(tmp_path):
        finding.single_file(str(file))
    assert len(weights(tmp_path)) == 3
