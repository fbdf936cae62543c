"""Pictures from a server with the `images/generations` call that many services offer.

The key comes from the environment only, and goes nowhere but into the header of the call: neither into a
recipe nor into a message. What a service makes cannot be made again, and its recipe says so.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiogen.artifacts import Conditioning, Picture
from audiogen.errors import AudiogenError, InvalidRequest, MissingPackage
from audiogen.hub import finding
from audiogen.hub.choice import ModelChoice
from audiogen.kinds import FREE
from audiogen.stage import Progress, Sampling, report

KEY, ADDRESS = "AUDIOGEN_API_KEY", "AUDIOGEN_API_BASE"
USUAL_ADDRESS = "https://api.openai.com/v1"
TRIES = 4
BUSY = (408, 409, 429, 500, 502, 503, 504)  # answers after which another try may succeed
TIMEOUT_S = 180.0
LONGEST_WAIT_S = 60.0
MOST_BYTES = 64_000_000  # of an answer
HERE = ("localhost", "127.0.0.1", "::1")


class RemotePictures:
    """Words to a picture, by a service that is paid with a key."""

    name, seam, takes, gives = finding.REMOTE, "decoder", Conditioning, Picture
    vocabulary = FREE

    def __init__(
        self, model: str, key: str, address: str, wait: Callable[[float], None] = time.sleep
    ) -> None:
        place = urllib.parse.urlsplit(address)
        if place.scheme not in ("https", "http") or not place.hostname:
            raise InvalidRequest(f"{ADDRESS} must be an address such as {USUAL_ADDRESS}, not {address!r}.")
        if place.scheme == "http" and place.hostname not in HERE:
            raise InvalidRequest(f"{ADDRESS} must begin with https, or the key would travel in the clear.")
        if place.username or place.query:
            raise InvalidRequest(f"{ADDRESS} must hold no key; give it in {KEY}.")
        self.model, self.address, self.wait = model, address.rstrip("/"), wait
        self._key = key
        self.source = {
            "name": model,
            "server": place.hostname,
            "note": "made by a service; the same request gives another picture",
        }
        self.folder: Path | None = None

    @classmethod
    def from_pretrained(cls, choice: ModelChoice, device: str = "auto") -> RemotePictures:
        """The service that the environment names.

        Raises:
            MissingPackage: no key is set. InvalidRequest: what only models here know, or an unsafe address.
        """
        if choice != ModelChoice(choice.source, choice.revision):
            raise InvalidRequest(
                "--lora, --controlnet, --dtype, --offload, --slicing and the like are for models here."
            )
        key = os.environ.get(KEY, "").strip()
        if not key:
            raise MissingPackage(
                f"The stage remote needs a key: set {KEY} (and {ADDRESS} for another service)."
            )
        return cls(choice.source, key, os.environ.get(ADDRESS) or USUAL_ADDRESS)

    def __call__(
        self, x: Conditioning, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Picture:
        asked = {
            "--negative": conditioning.negative,
            "--steps": sampling.steps,
            "--guidance": sampling.guidance,
            "--guidance-rescale": sampling.guidance_rescale,
        }
        for flag, value in asked.items():
            if value:
                raise InvalidRequest(f"A service knows no {flag}; leave it out.")
        rows: dict[str, Any] = {
            "model": self.model,
            "prompt": conditioning.wording or conditioning.prompt,
            "n": 1,
        }
        if conditioning.size is not None:
            rows["size"] = f"{conditioning.size}x{conditioning.size}"
        report(progress, self.name, 0, 1)
        raw = self._picture(self._asked(rows, progress))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "answer.png"
            file.write_bytes(raw)
            picture = Picture.load(file)
        report(progress, self.name, 1, 1)
        return picture

    def _asked(self, rows: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """The answer of the service, asked again where it was busy."""
        call = urllib.request.Request(
            f"{self.address}/images/generations",
            json.dumps(rows).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        for left in reversed(range(TRIES)):
            try:
                answer = json.loads(_fetched(call))
            except urllib.error.HTTPError as problem:
                if problem.code not in BUSY or not left:
                    raise self._refusal(problem) from None
                pause = _pause(problem.headers.get("Retry-After"), TRIES - left)
            except (OSError, TimeoutError) as problem:
                if not left:
                    raise AudiogenError(
                        f"{self.source['server']} does not answer ({self._hidden(str(problem))})."
                    ) from None
                pause = _pause(None, TRIES - left)
            except ValueError:
                raise AudiogenError(f"{self.source['server']} gave no JSON; is {ADDRESS} right?") from None
            else:
                return answer if isinstance(answer, dict) else {}
            report(progress, self.name, 0, 1)
            self.wait(pause)
        raise AssertionError("the last try answers or raises")

    def _picture(self, answer: dict[str, Any]) -> bytes:
        """The bytes in an answer, or behind the address in it."""
        rows = answer.get("data")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        try:
            if isinstance(row.get("b64_json"), str):
                return base64.b64decode(row["b64_json"], validate=True)
            if isinstance(row.get("url"), str):
                place = urllib.parse.urlsplit(row["url"])
                if place.scheme == "https" or (place.scheme == "http" and place.hostname in HERE):
                    return _fetched(urllib.request.Request(row["url"]))
        except (OSError, ValueError) as problem:
            raise AudiogenError(
                f"The picture of {self.source['server']} could not be fetched ({self._hidden(str(problem))})."
            ) from None
        raise AudiogenError(f"{self.source['server']} answered without a picture.")

    def _refusal(self, problem: urllib.error.HTTPError) -> AudiogenError:
        """What the service says against it, in one line and without the key."""
        try:
            rows = json.loads(problem.read(100_000))
            words = rows["error"]["message"]
        except (OSError, ValueError, KeyError, TypeError):
            words = problem.reason
        said = f"{self.source['server']} refuses ({problem.code}): {self._hidden(str(words))[:300]}"
        if problem.code in (401, 403):
            return MissingPackage(f"{said}; see to {KEY}.")
        return InvalidRequest(said) if 400 <= problem.code < 500 else AudiogenError(said)

    def _hidden(self, words: str) -> str:
        return " ".join(words.replace(self._key, "***").split())


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the key would go along with it."""

    def redirect_request(self, *told: Any) -> None:
        return None


def _fetched(call: urllib.request.Request) -> bytes:
    """The body of an answer.

    Raises:
        OSError: no answer, another status, or more than MOST_BYTES.
    """
    with urllib.request.build_opener(_Straight).open(call, timeout=TIMEOUT_S) as stream:
        raw: bytes = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise OSError(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    return raw


def _pause(asked: str | None, tried: int) -> float:
    """Seconds to wait: as the service asks, else 1, 2, 4, ..."""
    try:
        return min(max(float(asked or ""), 0.0), LONGEST_WAIT_S)
    except ValueError:
        return float(2 ** (tried - 1))
