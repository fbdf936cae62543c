"""The page as one document: style, scripts and questions stand inside, nothing is fetched from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from audiogen.listen.trials import Row

_FOLDER = Path(__file__).parent / "web"


def document(settings: Row, nonce: str, static: Row | None = None) -> bytes:
    """The whole page, UTF-8.

    Args:
        settings: what it knows of the test: the kind, the medium, the words; see `Design.page`.
        nonce: the one of the Content-Security-Policy; only what carries it is run.
        static: the trials and their files, for a page without a server; it brings its own policy.
    """
    source = "static.js" if static else "served.js"
    scripts = "\n".join(_read(name) for name in ("texts.js", "player.js", "widgets.js", source, "page.js"))
    meta = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy(nonce, framed=True)}">'
        if static
        else ""
    )
    html = _read("page.html").replace("<!-- POLICY -->", meta).replace("NONCE", nonce)
    parts = {"STYLE": _read("page.css"), "SCRIPT": scripts, "TEST": _json(settings), "STATIC": _json(static)}
    for mark, text in parts.items():
        html = html.replace(f"/* {mark} */", text)
    return html.encode()


def policy(nonce: str, framed: bool = False) -> str:
    """The Content-Security-Policy that goes with `document`; as a tag it cannot speak of frames."""
    frames = "" if framed else "; frame-ancestors 'none'"
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        f"connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'{frames}"
    )


def _json(value: Row | None) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
