"""The page over HTTP, for this machine, or for the local network where that was asked.

Every address begins with a random token, so that another user or another page in the browser cannot read or
answer; the Host header must be the address that the request came to, so that a foreign name that resolves to
it gets nothing. Every rater has a key of their own, and answers only for themselves. No path is ever joined
to a folder: stimuli have names in memory.

    GET  /TOKEN/               the page
    POST /TOKEN/join           {"rater": name}: a sitting; {"key": ...} comes back
    GET  /TOKEN/KEY/state      what is asked now, JSON
    GET  /TOKEN/KEY/file/NAME  a WAV or PNG file
    POST /TOKEN/KEY/answer     an answer, JSON; the state after it comes back
"""

from __future__ import annotations

import errno
import json
import secrets
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.page import document, policy
from audiogen.listen.session import Session, Sittings

LOOPBACK = "127.0.0.1"
ANYWHERE = "0.0.0.0"
_NAMES = {LOOPBACK: ("localhost",)}
_BODY_LIMIT = 64 << 10  # bytes of an answer
_SILENT_S = 30  # a connection that says nothing for so long is closed
_JSON, _HTML = "application/json", "text/html; charset=utf-8"


class ListeningServer(ThreadingHTTPServer):
    """Serves the sittings of one test.

    Args:
        sittings: what is asked. Where the test has its rater, only that one is asked.
        port: 0 lets the system choose.
        share: listen on the local network as well.
    Attributes:
        url: what to open; of a shared test what others open.
        session: the sitting of the test's own rater, or None.
        finished: set when that rater's last answer has been kept and said so to the page.
    Raises:
        InvalidRequest: the port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, sittings: Sittings, port: int = 0, share: bool = False) -> None:
        self.sittings = sittings
        self.token = secrets.token_urlsafe(24)
        self.finished = threading.Event()
        self.keys: dict[str, Session] = {}
        self.host = _own_address() if share else LOOPBACK
        rater = sittings.design.settings.rater
        self.session = None if rater is None else sittings.sit(rater)
        try:
            super().__init__((ANYWHERE if share else LOOPBACK, port), _Handler)
        except OSError as problem:
            why = "is in use" if problem.errno == errno.EADDRINUSE else f"is not free ({problem.strerror})"
            raise InvalidRequest(
                f"Port {port} {why}; choose another with --port, or leave it out."
            ) from problem

    def server_bind(self) -> None:
        """Without the name look-up of HTTPServer, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.server_port}/{self.token}/"

    def join(self, given: Any) -> str:
        """The key of a sitting.

        Raises:
            InvalidRequest: see `Sittings.sit`.
        """
        session = self.session
        if session is None:
            session = self.sittings.sit(given.get("rater") if isinstance(given, dict) else None)
        key = secrets.token_urlsafe(18)
        self.keys[key] = session
        return key

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error; all else was answered by the handler."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(sittings: Sittings, port: int = 0, share: bool = False) -> Iterator[ListeningServer]:
    """A server that answers in the background until the block is left."""
    with ListeningServer(sittings, port, share) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Refused(Exception):
    """An answer that is no 200."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: ListeningServer
    timeout = _SILENT_S
    server_version, sys_version = "audiogen", ""

    def do_GET(self) -> None:
        self._reply(self._get)

    def do_POST(self) -> None:
        self._reply(self._post)
        if self.server.session is not None and self.server.session.complete:
            self.server.finished.set()

    def log_message(self, format: str, *args: Any) -> None:
        """stderr is for the user, and the page says what went wrong."""

    def _get(self, place: str) -> None:
        if place == "":
            nonce = secrets.token_urlsafe(16)
            settings = self.server.sittings.design.page() | {"ask_name": self.server.session is None}
            self._send(document(settings, nonce), _HTML, {"Content-Security-Policy": policy(nonce)})
            return
        session, place = self._sitting(place)
        if place == "state":
            self._send_json(session.state())
            return
        folder, _, name = place.partition("/")
        found = session.stimulus(name) if folder == "file" else None
        if found is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        self._send(*found)

    def _post(self, place: str) -> None:
        if place == "join":
            self._send_json({"key": self.server.join(self._body())})
            return
        session, place = self._sitting(place)
        if place != "answer":
            raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        self._send_json(session.answer(self._body()))

    def _sitting(self, place: str) -> tuple[Session, str]:
        """The sitting whose key the address bears, and what follows.

        Raises:
            _Refused: no such key.
        """
        key, _, rest = place.partition("/")
        session = self.server.keys.get(key)
        if session is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here; load the page again.")
        return session, rest

    def _reply(self, respond: Any) -> None:
        """Check who asks, answer, and turn errors into JSON with one line of words."""
        try:
            respond(self._place())
        except _Refused as problem:
            self._send_json({"error": str(problem)}, problem.status)
        except InvalidRequest as problem:
            self._send_json({"error": str(problem)}, HTTPStatus.BAD_REQUEST)
        except AudiogenError as problem:
            self._send_json({"error": str(problem)}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _place(self) -> str:
        """What follows the token.

        Raises:
            _Refused: another Host, Origin or token.
        """
        # the address of this machine that the request came to, whichever of its networks that is
        reached = self.connection.getsockname()[0]
        hosts = [f"{name}:{self.server.server_port}" for name in (reached, *_NAMES.get(reached, ()))]
        origin = self.headers.get("Origin")
        known = [f"http://{host}" for host in hosts]
        if self.headers.get("Host") not in hosts or (origin and origin not in known):
            raise _Refused(HTTPStatus.FORBIDDEN, "This server answers only to its own page.")
        _, _, rest = self.path.partition("?")[0].partition("/")
        token, slash, place = rest.partition("/")
        if not slash or not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(HTTPStatus.FORBIDDEN, "Open the address that the terminal shows.")
        return place

    def _body(self) -> Any:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "An answer says how long it is.") from None
        if not 0 <= length <= _BODY_LIMIT:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The answer is too long.")
        try:
            return json.loads(self.rfile.read(length))
        except (ValueError, RecursionError) as problem:
            raise InvalidRequest("The answer is no JSON.") from problem

    def _send_json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value, ensure_ascii=False).encode(), _JSON, status=status)

    def _send(
        self,
        body: bytes,
        type_: str,
        headers: dict[str, str] | None = None,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> None:
        self.send_response(status)
        fixed = {
            "Content-Type": type_,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        for name, value in (fixed | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _own_address() -> str:
    """The address of this machine in the local network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of no machine, RFC 5737
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])
