"""A real browser for the tests of the page: Chromium through chromedriver, spoken to as W3C WebDriver.

The protocol is JSON over HTTP, and the tests need six of its calls, so no package is added for it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 30.0
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--no-proxy-server", "--hide-scrollbars", "--lang=en"),
)
KEYS = {
    "Space": " ",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Left": "\ue012",
    "Right": "\ue014",
    "Tab": "\ue004",
}


class Browser:
    """One window; every call raises what chromedriver complains of."""

    def __init__(self, driver: str, capabilities: dict[str, Any]) -> None:
        self.base = f"{driver}/session"
        made = self._call("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
        self.base += f"/{made['sessionId']}"

    def open(self, url: str) -> None:
        self._call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a function body."""
        return self._call("POST", "/execute/sync", {"script": script, "args": arguments})

    def before_page(self, script: str) -> None:
        """Run at the start of every page, before its own scripts."""
        self.tell("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def tell(self, command: str, parameters: dict[str, Any]) -> Any:
        """A command of the Chrome DevTools protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def press(self, *keys: str) -> None:
        """Keys by name or character, one after the other."""
        actions: list[dict[str, str]] = []
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def click(self, selector: str) -> None:
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        (element,) = found.values()
        self._call("POST", f"/element/{element}/click", {})

    def size(self, width: int, height: int, dark: bool = False) -> None:
        """Of the page in CSS pixels; windows cannot be narrower than 500."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.tell("Emulation.setEmulatedMedia", {"features": scheme})

    def picture(self, file: Path) -> None:
        whole = self.tell("Page.captureScreenshot", {"captureBeyondViewport": True})
        file.write_bytes(base64.b64decode(whole["data"]))

    def until(self, condition: str, *arguments: Any) -> Any:
        """Wait until an expression is true; returns its value."""
        return wait(lambda: self.run(f"return {condition};", *arguments), condition)

    def close(self) -> None:
        self._call("DELETE", "")

    def _call(self, method: str, place: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + place, data, method=method)
        try:
            with _direct.open(request, timeout=PATIENCE_S) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as problem:
            raise RuntimeError(problem.read().decode()) from problem


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of a condition, which must come within the patience of a test."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain: {what}")


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A fresh browser with its profile in `folder`; the test is skipped where there is none."""
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs chromium (or google-chrome) and chromedriver")
    log = folder / "chromedriver.log"
    with open(log, "wb") as stream:
        process = subprocess.Popen([driver, "--port=0"], stdout=stream, stderr=stream)
    try:
        port = wait(lambda: _port(log), "chromedriver starts")
        options = {"binary": binary, "args": [*FLAGS, f"--user-data-dir={folder / 'profile'}"]}
        browser = Browser(f"http://127.0.0.1:{port}", {"goog:chromeOptions": options})
        try:
            yield browser
        finally:
            browser.close()
    finally:
        process.terminate()
        process.wait()


def _port(log: Path) -> int | None:
    text = log.read_text(errors="replace")
    _, found, after = text.partition("started successfully on port ")
    return int(after.split(".")[0]) if found and os.linesep in after else None
