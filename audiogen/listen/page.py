"""The page as one document: style and scripts stand inside it, nothing is fetched from elsewhere."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent
_SCRIPTS = ("texts.js", "player.js", "page.js")


def page(nonce: str) -> bytes:
    """The whole page, UTF-8.

    Args:
        nonce: the one of the Content-Security-Policy; only what carries it is run.
    """
    scripts = "\n".join(_read(name) for name in _SCRIPTS)
    document = _read("page.html")
    for mark, text in (("STYLE", _read("page.css")), ("SCRIPT", scripts)):
        document = document.replace(f"/* {mark} */", text)
    return document.replace("NONCE", nonce).encode()


def policy(nonce: str) -> str:
    """The Content-Security-Policy that goes with `page(nonce)`."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
