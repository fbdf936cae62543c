"""The stage `remote` against a real HTTP server on this machine."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiogen.artifacts import Picture
from audiogen.cli import main
from audiogen.errors import AudiogenError, InvalidRequest, MissingPackage
from audiogen.hub.remote import ADDRESS, KEY, RemotePictures
from audiogen.media import png
from audiogen.request import Conditioning
from audiogen.stage import Sampling, silent

SECRET = "sk-very-secret"
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 16, 16)).astype(np.float32) / 255


class Service(ThreadingHTTPServer):
    """Answers what `answers` holds, in order: (status, headers, body); remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(json.loads(raw) | {"path": self.path})
        self._answer(*self.server.answers.pop(0))

    def do_GET(self) -> None:
        self._answer(200, {}, Picture(PIXELS).png_bytes())

    def _answer(self, status: int, headers: dict[str, str], body: Any) -> None:
        self.server.keys.append(self.headers["Authorization"])
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *words: Any) -> None:
        """Says nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    served = Service()
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv(ADDRESS, served.address)
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.chdir(tmp_path)
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def good() -> tuple[int, dict[str, str], Any]:
    packed = base64.b64encode(Picture(PIXELS).png_bytes()).decode()
    return 200, {}, {"data": [{"b64_json": packed}]}


def refused(status: int, **headers: str) -> tuple[int, dict[str, str], Any]:
    return status, headers, {"error": {"message": f"no: the key {SECRET} is not liked"}}


def make(*more: str) -> int:
    return main(["make", "a violin", "--decoder", "remote", "--model", "m", "-o", "a.png", "-q", *more])


def ask(service: Service, waits: list[float] | None = None) -> Picture:
    stage = RemotePictures("m", SECRET, service.address, wait=([] if waits is None else waits).append)
    known = Conditioning(prompt="a violin", path="picture", size=256)
    return stage(known, known, Sampling(), silent)


def test_a_picture_comes_with_its_recipe_and_without_the_key(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers = [good()]
    assert make("--yes", "--size", "256", "--style", "ink") == 0
    (asked,) = service.asked
    assert asked["path"] == "/v1/images/generations" and service.keys == [f"Bearer {SECRET}"]
    assert asked["prompt"].startswith("a violin, ink drawing") and asked["size"] == "256x256"
    recipe = png.read_recipe(Path("a.png"))
    assert recipe is not None and "another picture" in recipe["weights"]["remote"]["note"]
    assert SECRET.encode() not in Path("a.png").read_bytes()
    assert main(["again", "a.png", "-q"]) == InvalidRequest.exit_code
    assert "cannot be made again" in capsys.readouterr().err


def test_it_costs_a_yes_and_needs_a_key(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make() == InvalidRequest.exit_code
    assert "--yes" in capsys.readouterr().err and not service.asked
    monkeypatch.delenv(KEY)
    assert make("--yes") == MissingPackage.exit_code
    assert KEY in capsys.readouterr().err and not service.asked


def test_a_busy_service_is_asked_again(service: Service) -> None:
    waits: list[float] = []
    service.answers = [refused(429, **{"Retry-After": "7"}), refused(503), good()]
    assert np.allclose(ask(service, waits).pixels, PIXELS, atol=0.01)
    assert waits == [7.0, 2.0]
    service.answers = [refused(503)] * 4
    with pytest.raises(AudiogenError, match="refuses \\(503\\)"):
        ask(service)


@pytest.mark.parametrize(("status", "kind"), [(400, InvalidRequest), (401, MissingPackage)])
def test_a_refusal_is_one_line_without_the_key(service: Service, status: int, kind: type) -> None:
    service.answers = [refused(status)]
    with pytest.raises(kind, match=f"refuses \\({status}\\)") as caught:
        ask(service)
    assert SECRET not in str(caught.value) and "***" in str(caught.value)


def test_a_picture_behind_an_address_is_fetched_without_the_key(service: Service) -> None:
    service.answers = [(200, {}, {"data": [{"url": f"{service.address}/x.png"}]})]
    assert np.allclose(ask(service).pixels, PIXELS, atol=0.01)
    assert service.keys == [f"Bearer {SECRET}", None]
    service.answers = [(302, {"Location": f"{service.address}/x.png"}, b"")]
    with pytest.raises(AudiogenError, match="refuses \\(302\\)"):
        ask(service)


@pytest.mark.parametrize("body", [b"<html>", {"data": []}, [], {"data": [{"url": "file:///etc/hosts"}]}])
def test_an_answer_without_a_picture_is_refused(service: Service, body: Any) -> None:
    service.answers = [(200, {}, body)]
    with pytest.raises(AudiogenError, match="gave no JSON|without a picture"):
        ask(service)


def test_an_address_that_would_tell_the_key_is_refused() -> None:
    for address, words in (
        ("http://example.org/v1", "https"),
        ("ftp://example.org", "must be an address"),
        ("https://me:secret@example.org", "must hold no key"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            RemotePictures("m", SECRET, address)
