"""A test in one HTML file, and the answers that come back from it.

The page holds the sounds, a few ready orders of the trials and labels, and no name of a system. What the
labels stand for lies in NAME.key.json beside it, which stays with whoever gives the test. Answers come back
as lines {"sealed": test, "plan": order, "trial": id, "answer": ...}; with the key they become rows like all
others, judged by the same rules as those a server gets.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.listen.answers import is_valid
from audiogen.listen.design import Design, check_rater, completed
from audiogen.listen.kinds import KINDS
from audiogen.listen.page import document
from audiogen.listen.session import SEEDS
from audiogen.listen.trials import Row
from audiogen.media.files import write_together

KEY_SUFFIX = ".key.json"
PLANS = 24  # rows of the Latin square that a page holds; a rater gets one of them by chance
MOST_BYTES = 300 << 20  # of the page; more would not open on a telephone
_KEY_LIMIT = 200 << 20  # bytes


def key_path(page: Path) -> Path:
    return page.with_name(page.stem + KEY_SUFFIX)


def write_static(design: Design, page: Path, force: bool = False) -> Path:
    """Write the page and its key; returns the key's path.

    Raises:
        WouldOverwrite, InvalidRequest: see `check_target`, or the sounds are too much for one file.
        AudiogenError: it could not be written.
    """
    seed = design.settings.seed if design.settings.seed is not None else secrets.randbelow(SEEDS)
    test = secrets.token_hex(8)
    names: dict[tuple[str, str, int], str] = {}  # (item, sha256, low-pass) -> opaque name
    files: dict[str, str] = {}
    size = 0
    plans: list[list[Row]] = []
    rows: dict[str, Row] = {}  # by trial: the row, its stimuli by opaque name
    labels: list[dict[str, dict[str, str]]] = []
    checks: list[dict[str, str]] = []
    for number in range(PLANS):
        views = []
        labels.append({})
        checks.append({})
        for trial in design.trials(seed, number):
            row = design.row(trial)
            shown = {}
            for stimulus, (label, own) in zip(row["stimuli"], trial.stimuli.items(), strict=True):
                place = trial.item.name, own.sha256, own.lowpass_hz
                if place not in names:
                    names[place] = secrets.token_urlsafe(9)
                    data, type_ = design.presented.encode(trial.item, own, small=True)
                    size += len(data)
                    if size > MOST_BYTES:
                        raise InvalidRequest(
                            f"The files are over {MOST_BYTES >> 20} MiB, too much for one page; give fewer."
                        )
                    files[names[place]] = f"data:{type_};base64,{base64.b64encode(data).decode()}"
                shown[label] = names[place]
                kept = rows.setdefault(trial.id, row | {"stimuli": {}})["stimuli"]
                kept[f"{names[place]} {stimulus['system']}"] = stimulus
            labels[-1][trial.id] = {s["label"]: f"{shown[s['label']]} {s['system']}" for s in row["stimuli"]}
            if trial.check:
                checks[-1][trial.id] = trial.check
            views.append(design.view(trial, shown))
        plans.append(views)
    order = secrets.SystemRandom().sample(sorted(files), len(files))
    static = {"test": test, "name": page.stem, "plans": plans, "files": {name: files[name] for name in order}}
    html = document(design.page() | {"ask_name": True}, secrets.token_urlsafe(16), static)
    key = {"sealed": test, "seed": seed, "rows": rows, "labels": labels, "checks": checks}
    told = json.dumps(key, ensure_ascii=False).encode()
    write_together({key_path(page): told, page: html}, force)
    return key_path(page)


@dataclass
class Opened:
    """Sealed answers that became rows.

    Attributes:
        forged: answers that the test cannot have given.
        locked: answers whose key is not here.
    """

    rows: list[Row] = field(default_factory=list)
    forged: int = 0
    locked: int = 0

    @property
    def hint(self) -> str:
        return "give the .key.json that was written beside the page as well" if self.locked else ""


def open_sealed(sealed: Sequence[Row], keys: Sequence[Path]) -> Opened:
    """Rows of sealed answers.

    Args:
        sealed: lines of the answers files.
        keys: key files; those of other tests are passed over.
    Raises:
        InvalidRequest: a key cannot be read.
    """
    opened = Opened()
    wanted = {row["sealed"] for row in sealed if isinstance(row["sealed"], str)}
    known = {key["sealed"]: key for path in keys if (key := _read_key(path))["sealed"] in wanted}
    for row in sealed:
        own = known.get(row["sealed"]) if isinstance(row["sealed"], str) else None
        if own is None:
            opened.locked += 1
            continue
        try:
            opened.rows.append(_opened(row, own))
        except (InvalidRequest, KeyError, IndexError, TypeError, ValueError):
            opened.forged += 1
    return opened


def _opened(given: Row, key: Row) -> Row:
    """One row; raises whatever a forged answer leads to."""
    plan, trial = given["plan"], given["trial"]
    if isinstance(plan, bool) or not 0 <= plan < len(key["labels"]):
        raise InvalidRequest("There is no such plan.")
    labels = key["labels"][plan]
    base = key["rows"][trial]
    stimuli = [base["stimuli"][name] | {"label": label} for label, name in labels[trial].items()]
    row = completed(base | {"stimuli": stimuli, "check": key["checks"][plan].get(trial, "")}, given)
    if not row["check"]:
        del row["check"]
    own: dict[str, Any] = {"rater": check_rater(given["rater"]), "number": 0, "of": len(labels)}
    own |= {"seed": key["seed"], "order": plan, "time": str(given.get("time", ""))[:40]}
    if not is_valid(row | own):
        raise InvalidRequest("The answer is none of its kind.")
    return row | own


def _read_key(path: Path) -> Row:
    try:
        if path.stat().st_size > _KEY_LIMIT:
            raise InvalidRequest(f"{path} is too large for a key.")
        key: Any = json.loads(path.read_bytes())
    except OSError as problem:
        raise InvalidRequest(f"{path} cannot be read ({problem.strerror}).") from problem
    except (ValueError, RecursionError):
        key = None
    if (
        not isinstance(key, dict)
        or not isinstance(key.get("sealed"), str)
        or not isinstance(key.get("rows"), dict)
    ):
        raise InvalidRequest(f"{path} is no key of a listening page.")
    if not all(isinstance(row, dict) and row.get("kind") in KINDS for row in key["rows"].values()):
        raise InvalidRequest(f"{path} is of a kind of test that this version does not know.")
    return key
