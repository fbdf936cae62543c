"""A hub on this machine: folders are served as models, in the way of the real one as far as clients ask."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "fedcba9876" * 4
PIECE = 1024  # bytes


class ServedHub(ThreadingHTTPServer):
    """The models, by id; what is not among them is unknown.

    Attributes:
        gated: ids whose terms nobody has accepted. cut: ids whose safetensors end in the middle.
        pause_s: between pieces of `PIECE` bytes of safetensors.
        sent: bytes of safetensors that were sent.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.models: dict[str, Path] = {}
        self.gated: set[str] = set()
        self.cut: set[str] = set()
        self.pause_s = 0.0
        self.sent = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: ServedHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        of_api = parts[:2] == ["api", "models"]
        owner, name, *rest = parts[2:] if of_api else parts
        model = f"{owner}/{name}"
        folder = self.server.models.get(model)
        if folder is None:
            self._send(401, b"", with_body, {"X-Error-Code": "RepoNotFound"})
        elif rest[:1] in (["revision"], ["tree"], ["resolve"]) and rest[1] not in ("main", COMMIT):
            self._send(404, b"", with_body, {"X-Error-Code": "RevisionNotFound"})
        elif of_api:
            rows = self._tree(folder) if rest[:1] == ["tree"] else self._told(model, folder)
            self._send(200, json.dumps(rows).encode(), with_body, {"Content-Type": "application/json"})
        elif model in self.server.gated and not rest[-1].endswith(".md"):
            self._send(401, b"", with_body, {"X-Error-Code": "GatedRepo"})
        else:
            file = folder.joinpath(*rest[2:])
            if not file.is_file():
                self._send(404, b"", with_body, {"X-Error-Code": "EntryNotFound"})
                return
            content = file.read_bytes()
            whole = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
            self._send(200, content, with_body, whole, model if file.suffix == ".safetensors" else None)

    def _send(
        self, code: int, body: bytes, with_body: bool, more: dict[str, str], model: str | None = None
    ) -> None:
        self.send_response(code)
        for key, value in {"Content-Length": str(len(body)), **more}.items():
            self.send_header(key, value)
        self.end_headers()
        if not with_body:
            return
        for at in range(0, len(body), PIECE):
            if model in self.server.cut and at > len(body) // 2:
                self.close_connection = True
                return
            try:
                self.wfile.write(body[at : at + PIECE])
            except OSError:  # the client has gone
                self.close_connection = True
                return
            if model is not None:
                self.server.sent += len(body[at : at + PIECE])
                time.sleep(self.server.pause_s)

    def _told(self, model: str, folder: Path) -> dict[str, object]:
        rows = [{"rfilename": row["path"], "size": row["size"]} for row in self._tree(folder)]
        gated = "auto" if model in self.server.gated else False
        return {"id": model, "sha": COMMIT, "siblings": rows, "gated": gated, "tags": []}

    def _tree(self, folder: Path) -> list[dict[str, object]]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [
            {
                "type": "file",
                "path": path.relative_to(folder).as_posix(),
                "size": path.stat().st_size,
                "oid": hashlib.sha1(path.read_bytes()).hexdigest(),
            }
            for path in files
        ]


@contextmanager
def serving() -> Iterator[ServedHub]:
    """A hub that answers while this runs."""
    with ServedHub() as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
