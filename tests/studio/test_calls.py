"""The HTTP calls: the client of docs/studio.md runs, and who may not ask is refused."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from audiogen.studio.desk import MOST_UPLOAD, Desk
from audiogen.studio.server import Serving, application
from audiogen.studio.worker import Inside

DOCS = Path(__file__).parents[2] / "docs" / "studio.md"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[object]:
    """serve(token) -> the client of the documentation, and the desk."""
    known: dict[str, object] = {}
    exec(re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.S)[0], known)
    open_: list[tuple[Desk, Serving]] = []

    def start(token: str = ""):
        desk = Desk(tmp_path / f"studio-{len(open_)}", Inside())
        serving = Serving(application(desk, token), "127.0.0.1", 0, token).__enter__()
        open_.append((desk, serving))
        return known["Studio"](serving.address.partition("?")[0], token), desk  # type: ignore[operator]

    yield start
    for desk, serving in open_:
        serving.__exit__()
        desk.close()


def refused(studio, method: str, place: str, body=None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(studio.address + place, body, headers, method=method)
    with pytest.raises(urllib.error.HTTPError) as problem:
        urllib.request.urlopen(request)
    return problem.value.code, json.loads(problem.value.read()).get("error", "")


def test_a_program_makes_what_the_page_makes(tiny, serve):
    studio, desk = serve()
    told = json.loads(studio.call("POST", "/api/understand", {"prompt": "calm piano, 3 s, zebra"}))
    assert told["unknown"] == ["zebra"] and ["3 s", "seconds"] in told["chips"]
    first, second = studio.make(prompt="calm piano, 3 s", seed=7, takes=2)
    samples, rate = soundfile.read(io.BytesIO(first))
    assert (len(samples), rate) == (3 * 44_100, 44_100) and first != second
    (job,) = json.loads(studio.call("GET", "/api/jobs"))
    assert sorted(row["place"] for row in job["ranking"]) == [1, 2]
    sent = json.loads(studio.call("POST", "/api/uploads?name=calm.wav", first))
    assert (sent["settings"]["prompt"], sent["settings"]["seed"]) == ("calm piano, 3 s", 7)
    (anew,) = studio.make(verb="inpaint", file=sent["file"], start_s=1, stop_s=2, seed=3)
    assert (soundfile.read(io.BytesIO(anew))[0][:44_100] == samples[:44_100]).all()
    shown = studio.call("GET", "/api/jobs").decode()
    assert str(desk.folder) not in shown


def test_every_field_of_a_job_is_documented(serve):
    from dataclasses import fields

    from audiogen.studio.ask import Ask

    studio, _ = serve()
    text = studio.call("GET", "/api").decode()
    assert [field.name for field in fields(Ask) if f'"{field.name}"' not in text] == []


def test_who_may_not_ask_is_refused(serve):
    studio, _ = serve()
    assert refused(studio, "GET", "/api/jobs", Host="evil.example") == (403, "this machine only")
    code, words = refused(studio, "POST", "/api/jobs", b"{}", Origin="http://evil.example")
    assert (code, words) == (403, "not from another page")
    assert refused(studio, "POST", "/en/gradio_api/upload", b"x")[0] == 404
    for place in (
        "/api/files/uploads/..%2f..%2fetc%2fpasswd",
        "/api/files/uploads/none.wav",
        "/api/jobs/none",
    ):
        assert refused(studio, "GET", place)[0] in (400, 404)
    closed, _ = serve("secret")
    assert closed.call("GET", "/api/jobs") == b"[]"
    closed.token = "wrong"
    assert refused(closed, "GET", "/api/jobs", Host="evil.example") == (403, "a token is needed")


def test_what_is_too_large_or_no_json_is_refused(serve, monkeypatch):
    studio, _ = serve()
    assert MOST_UPLOAD >= 1 << 20
    monkeypatch.setattr("audiogen.studio.server.MOST_UPLOAD", 1 << 20)
    assert "1 MB" in refused(studio, "POST", "/api/uploads?name=x.wav", b"x" * (1 << 21))[1]
    assert "JSON object" in refused(studio, "POST", "/api/jobs", b"[1]")[1]
    assert "verb" in refused(studio, "POST", "/api/jobs", b'{"verb": "sing"}')[1]
