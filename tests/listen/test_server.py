"""Who gets an answer from the server, and what it says of itself."""

from __future__ import annotations

import http.client
import json
import re
import socket

import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen.page import document
from audiogen.listen.server import ListeningServer, serving
from tests.listen.conftest import noise, reply, write


@pytest.fixture
def server(examine):
    with serving(examine()) as running:
        running.key = running.join({})
        yield running


def ask(server, method="GET", path=None, body=None, place="", **headers):
    """(status, headers, body) of one request; `path` None: TOKEN/KEY/place, or TOKEN/ without a place."""
    place = f"{server.key}/{place}" if place else ""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    path = f"/{server.token}/{place}" if path is None else path
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, given)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, dict(response.getheaders()), content


def test_a_whole_sitting(server):
    session = server.session
    assert server.url == f"http://127.0.0.1:{server.server_port}/{server.token}/"
    for done in range(3):
        state = json.loads(ask(server, place="state")[2])
        assert state["done"] == done
        for name in state["trial"]["stimuli"].values():
            status, headers, wav = ask(server, place=f"file/{name}")
            assert (status, headers["Content-Type"], wav[:4]) == (200, "audio/wav", b"RIFF")
        assert not server.finished.is_set()
        status, _, answered = ask(server, "POST", body=reply(session), place="answer")
        assert (status, json.loads(answered)["done"]) == (200, done + 1)
    assert server.finished.wait(10)
    assert session.design.settings.answers.read_text().count("\n") == 3


def test_the_headers_of_both_sounds_are_the_same(server):
    names = server.session.state()["trial"]["stimuli"].values()
    one, other = (ask(server, place=f"file/{name}")[1] for name in names)
    for headers in (one, other):
        headers.pop("Date")
    assert one == other
    assert one["Cache-Control"] == "no-store"
    assert one["Server"].strip() == "audiogen"


def test_only_its_own_page_is_answered(server):
    port = server.server_port
    for path in (
        "/",
        "/state",
        "/wrong/",
        "/wrong/state",
        f"/{server.token}",
        f"/{server.token[:-1]}/state",
        "/%C3%A9/",
    ):
        assert ask(server, path=path)[0] == 403
    assert ask(server, place="state", Host="evil.example")[0] == 403
    assert ask(server, place="state", Host=f"evil.example:{port}")[0] == 403
    assert ask(server, place="state", Host=f"localhost:{port}")[0] == 200
    body = reply(server.session)
    assert ask(server, "POST", body=body, place="answer", Origin="http://evil.example")[0] == 403
    assert not server.session.design.settings.answers.exists()
    assert ask(server, "POST", body=body, place="answer", Origin=f"http://127.0.0.1:{port}")[0] == 200


def test_there_are_no_files_to_be_had(server):
    for place in (
        "../old/one.wav",
        "file/../../old/one.wav",
        "file/old/one.wav",
        "file/%2e%2e/one.wav",
        "answers.jsonl",
        "page.html",
        "file/",
        "file",
        "state/x",
    ):
        status, _, content = ask(server, place=place)
        assert (status, b"RIFF" in content) == (404, False), place
    assert ask(server, "POST", body={}, place="state")[0] == 404
    assert ask(server, "PUT", body={}, place="state")[0] == 501


def test_bad_answers_are_words(server):
    for body, status, words in (
        ("{", 400, "no JSON"),
        ("[" * 60_000, 400, "no JSON"),
        ("[]", 400, "JSON object"),
        (reply(server.session, "C"), 400, "one of A, none, B"),
        ("x" * 70_000, 413, "too long"),
    ):
        got, _, content = ask(server, "POST", body=body, place="answer")
        assert (got, words in json.loads(content)["error"]) == (status, True), content
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as raw:
        place, host = f"/{server.token}/{server.key}/answer", f"127.0.0.1:{server.server_port}"
        head = f"POST {place} HTTP/1.0\r\nHost: {host}\r\n\r\n"
        raw.sendall(head.encode())
        assert b" 411 " in raw.recv(100)
    assert ask(server, place="state")[0] == 200


def test_a_sound_that_changed_is_no_sound(server):
    trial = server.session.current
    for sound in trial.stimuli.values():
        write(sound.file, noise(seed=5))
    name = server.session.state()["trial"]["stimuli"]["A"]
    status, _, content = ask(server, place=f"file/{name}")
    assert (status, b"start the test again" in content) == (500, True)


def test_the_page_is_one_document_without_foreign_parts(server):
    status, headers, content = ask(server)
    text = content.decode()
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    nonces = set(re.findall(r'nonce="([^"]*)"', text))
    assert len(nonces) == 1
    policy = headers["Content-Security-Policy"]
    assert f"script-src 'nonce-{nonces.pop()}'" in policy
    assert "default-src 'none'" in policy
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert "://" not in text.replace("http://www.w3.org", "")
    assert ask(server)[2] != content, "a nonce is used once"


def test_the_page_tells_each_thing_in_both_languages():
    text = document({}, "n").decode()
    english, chinese = text.split("  zh: {")
    names = [
        re.findall(r"^\s{4}(\w+):|, (\w+):", part.split("\n};")[0], re.M)
        for part in (english.split("  en: {")[1], chinese)
    ]
    found = [{a or b for a, b in part} for part in names]
    assert found[0] == found[1]
    assert set(re.findall(r'data-(?:text|label)="(\w+)"', text)) <= found[0]


def test_a_port_that_is_taken_or_not_allowed(examine):
    with (
        serving(examine()) as first,
        pytest.raises(InvalidRequest, match=f"Port {first.server_port} is in use"),
    ):
        ListeningServer(examine(), first.server_port)
    with serving(examine(), first.server_port) as second:
        assert second.server_port == first.server_port
        assert second.token != first.token
        assert second.server_address[0] == "127.0.0.1"
