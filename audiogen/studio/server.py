"""HTTP: who may ask, the calls, the files. No answer names a place on this machine.

Reached from this machine only, it checks that the request is meant for it (Host, Origin), so that no page of
the web can use it. Opened to a network, it asks for a token besides.
"""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from uvicorn import Config, Server

from audiogen import __version__
from audiogen.errors import AudiogenError
from audiogen.studio.ask import asked_in
from audiogen.studio.desk import MOST_UPLOAD, Desk, Job
from audiogen.studio.understood import understood
from audiogen.studio.words import LANGUAGES

COOKIE = "audiogen_token"
MOST_BODY = 4 << 20  # bytes of a call that is no upload
# of gradio: what would take files in or give files out past the desk, or speak of the machine
CLOSED: tuple[str, ...] = (
    "/gradio_api/upload",
    "/gradio_api/file",
    "/gradio_api/proxy",
    "/gradio_api/deep_link",
)
CLOSED += ("/gradio_api/stream", "/monitoring", "/gradio_api/component_server")
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'"
)
Next = Callable[[Request], Awaitable[Response]]


def described(desk: Desk, job: Job) -> dict[str, Any]:
    """A job for whoever asks: how far it is, its place in the queue, its takes with where their files are."""
    row = {k: v for k, v in asdict(job).items() if k != "since"}
    row["place"], row["left_s"] = desk.place(job), job.left_s
    return row


def application(desk: Desk, token: str = "") -> FastAPI:
    """The calls of the studio, without its page.

    Args:
        token: that whoever asks must show; "": only this machine is served, and none is needed.
    """
    app = FastAPI(
        title="audiogen studio", version=__version__, docs_url=None, redoc_url=None, openapi_url=None
    )

    @app.middleware("http")
    async def guard(request: Request, call_next: Next) -> Response:
        refused = _refused(request, token)
        if refused is not None:
            return refused
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if token and hmac.compare_digest(request.query_params.get("token", ""), token):
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
        return response

    @app.exception_handler(AudiogenError)
    async def in_words(request: Request, problem: AudiogenError) -> JSONResponse:
        return JSONResponse({"error": str(problem)}, 400)

    @app.get("/api")
    async def documentation() -> PlainTextResponse:
        return PlainTextResponse((resources.files("audiogen.studio") / "web/api.txt").read_text("utf-8"))

    @app.post("/api/understand")
    async def understand(request: Request) -> Any:
        row = await _json(request)
        return understood(str(row.get("prompt") or ""), row.get("kind"))

    @app.post("/api/jobs")
    async def submit(request: Request) -> Any:
        return described(desk, desk.submit(await _json(request)))

    @app.get("/api/jobs")
    async def jobs() -> Any:
        return [described(desk, job) for job in desk.history()]

    @app.get("/api/jobs/{id_}")
    async def job(id_: str) -> Any:
        return described(desk, desk.job(id_))

    @app.post("/api/jobs/{id_}/cancel")
    async def cancel(id_: str) -> Any:
        desk.cancel(id_)
        return described(desk, desk.job(id_))

    @app.post("/api/jobs/{id_}/keep")
    async def keep(id_: str, request: Request) -> Any:
        desk.keep(id_, bool((await _json(request)).get("star")))
        return described(desk, desk.job(id_))

    @app.delete("/api/jobs/{id_}")
    async def remove(id_: str) -> Any:
        desk.remove(id_)
        return {"removed": id_}

    @app.post("/api/uploads")
    async def upload(request: Request, name: str) -> Any:
        data = await _body(request, MOST_UPLOAD)
        known = desk.upload(name, data)
        return {"file": known, "settings": settings(desk.file(known))}

    @app.get("/api/files/{job_}/{name}")
    async def file(job_: str, name: str) -> FileResponse:
        return FileResponse(desk.file(f"{job_}/{name}"), headers={"Cache-Control": "private, max-age=86400"})

    @app.get("/studio/{name}")
    async def web(name: str) -> Response:
        kinds = {"studio.js": "text/javascript", "studio.css": "text/css", "styles.png": "image/png"}
        if name not in kinds:
            return JSONResponse({"error": "There is no such file."}, 404)
        data = (resources.files("audiogen.studio") / "web" / name).read_bytes()
        return Response(data, media_type=kinds[name])

    return app


def settings(file: Path) -> dict[str, Any]:
    """What a file was made with, from the recipe in it; {}: it has none, or cannot be read."""
    from audiogen.media import audio, png

    suffix = file.suffix.lower()
    try:
        if suffix == png.SUFFIX:
            return asked_in(png.read_recipe(file) or {})
        return asked_in(audio.read_recipe(file) or {}) if suffix in audio.SUFFIXES else {}
    except AudiogenError:
        return {}


def _refused(request: Request, token: str) -> Response | None:
    """The answer to who may not ask; None: they may."""
    if any(place in request.url.path for place in CLOSED):
        return JSONResponse({"error": "closed; files go through /api/uploads and /api/files"}, 404)
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        return JSONResponse({"error": "not from another page"}, 403)
    if not token:
        return None if host in ("127.0.0.1", "localhost", "::1") else _no("this machine only")
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    shown = (request.query_params.get("token", ""), request.cookies.get(COOKIE, ""), bearer)
    return None if any(hmac.compare_digest(each, token) for each in shown) else _no("a token is needed")


def _no(words: str) -> Response:
    return JSONResponse({"error": words}, 403)


async def _body(request: Request, most: int) -> bytes:
    """The body, read no further than `most` bytes.

    Raises:
        AudiogenError: it is longer.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise AudiogenError(f"At most {most >> 20} MB can be sent.")
        parts.append(part)
    return b"".join(parts)


async def _json(request: Request) -> dict[str, Any]:
    try:
        row = json.loads(await _body(request, MOST_BODY) or b"{}")
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise AudiogenError("The body must be a JSON object.")
    return row


def with_page(app: FastAPI, desk: Desk) -> FastAPI:
    """The page in both languages beside the calls; / goes to that of the browser."""
    import gradio as gr

    from audiogen.studio.page import Page, head, theme

    @app.get("/")
    async def front(request: Request) -> RedirectResponse:
        chinese = request.headers.get("accept-language", "").lower().startswith("zh")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/{'zh' if chinese else 'en'}/{query}")

    for lang in LANGUAGES:
        gr.mount_gradio_app(
            app,
            Page(desk, lang).build(),
            f"/{lang}",
            theme=theme(),
            head=head(lang),
            footer_links=[],
            show_error=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
        )
    return app


class Serving:
    """A server in a thread, between `__enter__` and `__exit__`.

    Attributes:
        address: with the token, where there is one.
    """

    def __init__(self, app: FastAPI, host: str, port: int, token: str = "") -> None:
        config = Config(app, host=host, port=port, log_level="error", access_log=False, lifespan="on")
        config.server_header = False
        self._server = Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._host, self._token = host, token

    def __enter__(self) -> Serving:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise AudiogenError("The port is taken or not allowed; give another with --port.")
            time.sleep(0.02)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        shown = "127.0.0.1" if self._host in ("127.0.0.1", "localhost") else _own_address()
        self.address = f"http://{shown}:{port}/" + (f"?token={self._token}" if self._token else "")
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)


def _own_address() -> str:
    """The address of this machine on its network."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
