"""The page over HTTP, for this machine only.

It listens on 127.0.0.1. Every address begins with a random token, so that another user or another page in
the browser cannot read or answer; the Host header must name this server, so that a foreign name that
resolves to 127.0.0.1 gets nothing. No path is ever joined to a folder: sounds have names in memory.

    GET  /TOKEN/            the page
    GET  /TOKEN/state       what is asked now, JSON
    GET  /TOKEN/sound/NAME  a WAV file
    POST /TOKEN/answer      an answer, JSON; the state after it comes back
"""

from __future__ import annotations

import errno
import json
import secrets
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.page import page, policy
from audiogen.listen.session import Session

LOOPBACK = "127.0.0.1"
_BODY_LIMIT = 64 << 10  # bytes of an answer
_SILENT_S = 30  # a connection that says nothing for so long is closed
_JSON, _HTML, _WAV = "application/json", "text/html; charset=utf-8", "audio/wav"


class ListeningServer(ThreadingHTTPServer):
    """Serves one session.

    Args:
        session: what is asked.
        port: 0 lets the system choose.
    Attributes:
        url: what to open.
        finished: set when the last answer has been kept and said so to the page.
    Raises:
        InvalidRequest: the port is taken or not allowed.
    """

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(24)
        self.finished = threading.Event()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as problem:
            why = "is in use" if problem.errno == errno.EADDRINUSE else f"is not free ({problem.strerror})"
            raise InvalidRequest(
                f"Port {port} {why}; choose another with --port, or leave it out."
            ) from problem

    def server_bind(self) -> None:
        """Without the name look-up of HTTPServer, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> tuple[str, str]:
        """What the Host header may say."""
        return f"{LOOPBACK}:{self.server_port}", f"localhost:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error; all else was answered by the handler."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(session: Session, port: int = 0) -> Iterator[ListeningServer]:
    """A server that answers in the background until the block is left."""
    with ListeningServer(session, port) as server:
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
        if self.server.session.complete:
            self.server.finished.set()

    def log_message(self, format: str, *args: Any) -> None:
        """stderr is for the user, and the page says what went wrong."""

    def _get(self, place: str) -> None:
        session = self.server.session
        if place == "":
            nonce = secrets.token_urlsafe(16)
            self._send(page(nonce), _HTML, {"Content-Security-Policy": policy(nonce)})
        elif place == "state":
            self._send_json(session.state())
        else:
            folder, _, name = place.partition("/")
            wav = session.sound(name) if folder == "sound" else None
            if wav is None:
                raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
            self._send(wav, _WAV)

    def _post(self, place: str) -> None:
        if place != "answer":
            raise _Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        self._send_json(self.server.session.answer(self._body()))

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
        origin = self.headers.get("Origin")
        known = [f"http://{host}" for host in self.server.hosts]
        if self.headers.get("Host") not in self.server.hosts or (origin and origin not in known):
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
