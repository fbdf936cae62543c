"""webMUSHRA: its YAML configurations read and written, and answers in the columns of its CSV files.

mushra -> mushra pages and mushra.csv; ab and abx -> paired_comparison; mos and shows ->
likert_single_stimulus and lss.csv. In paired_comparison.csv the reference of an A/B pair is the system that
was named first. What has no page there (volume, consent, questionnaires) is passed over and said. Source:
github.com/audiolabs/webMUSHRA, doc/experimenter.md, lib/webmushra/pages and service/write.php.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from audiogen.errors import InvalidRequest
from audiogen.listen.design import Design
from audiogen.listen.folders import REFERENCE, checksum
from audiogen.listen.kind import Kind
from audiogen.listen.kinds import KINDS
from audiogen.listen.presented import Sounds
from audiogen.listen.scores import ScoreKind
from audiogen.listen.trials import Item, Row, Stimulus
from audiogen.media.files import write_atomic

_PAGES = {"mushra": "mushra", "paired_comparison": "ab", "likert_single_stimulus": "mos"}
_BACK = {"mushra": "mushra", "ab": "paired_comparison", "abx": "paired_comparison"} | dict.fromkeys(
    ("mos", "shows"), "likert_single_stimulus"
)
_PASSED_OVER = ("volume", "finish", "generic", "consent")
_LARGEST = 4 << 20  # bytes of a configuration
_HEARD_DB = 0.5  # louder by so much is heard


@dataclass(frozen=True)
class Config:
    """A test that a configuration describes."""

    kind: str
    items: list[Item]
    remarks: list[str]


def read_config(path: Path, kind: str | None = None) -> Config:
    """The items of a configuration; paths in it are seen from its folder or the one above, as webMUSHRA does.

    Args:
        kind: what is asked; None: as its pages say.
    Raises:
        InvalidRequest: unreadable, no pages that can be asked, a file that is missing.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InvalidRequest(f"{path} is too large for a configuration.")
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InvalidRequest(f"{path} cannot be read ({problem.strerror}).") from problem
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise InvalidRequest(f"{path} is no YAML ({first}).") from problem
    if not isinstance(config, dict) or not isinstance(config.get("pages"), list):
        raise InvalidRequest(f"{path} is no configuration of webMUSHRA: it has no pages.")
    pages = list(_flat(config["pages"]))
    known = [page for page in pages if page.get("type") in _PAGES]
    if not known:
        raise InvalidRequest(f"{path} has no page of type {', '.join(_PAGES)}.")
    first = known[0]["type"]
    chosen = [page for page in known if page["type"] == first]
    other = sorted({str(p.get("type")) for p in pages} - {first, *_PASSED_OVER})
    remarks = [f"pages of other types, left out: {', '.join(other)}"] if other else []
    items = [_item(page, path) for page in chosen]
    if len({item.name for item in items}) < len(items):
        raise InvalidRequest(f"Two pages of {path} have one id; give each its own.")
    return Config(kind or _PAGES[first], items, remarks)


def write_config(design: Design, path: Path, force: bool = False) -> list[str]:
    """Write a test as a configuration; remarks on what webMUSHRA will not take come back.

    Raises:
        InvalidRequest: this kind of test has no page there.
        WouldOverwrite, AudiogenError: see `write_atomic`.
    """
    kind = design.kind.name
    if kind not in _BACK:
        raise InvalidRequest(f"webMUSHRA has no page for --kind {kind}; it takes {', '.join(_BACK)}.")
    pages: list[Any] = ["random"]
    for item in design.items:
        units = [item] if kind == "mushra" else design.kind.units([item])
        for k, unit in enumerate(units):
            pages.append(_page(unit, kind, path, f"-{k + 1}" if len(units) > 1 else "", design))
    finish = {
        "type": "finish",
        "name": "Thank you",
        "content": "",
        "showResults": False,
        "writeResults": True,
    }
    questionnaire = [{"type": "text", "label": "name", "name": "name"}]
    config = {
        "testname": path.stem,
        "testId": path.stem,
        "bufferSize": 2048,
        "stopOnErrors": True,
        "showButtonPreviousPage": True,
        "remoteService": "service/write.php",
        "pages": [pages, finish | {"questionnaire": questionnaire}],
    }
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=110)
    write_atomic(path, text.encode(), force)
    return _otherwise(design)


def tables(rows: Sequence[Row]) -> dict[str, bytes]:
    """CSV files by name, of the answers for which webMUSHRA has one."""
    found: dict[str, list[list[Any]]] = {}
    for row in rows:
        if row.get("check"):
            continue
        kind = KINDS[row["kind"]]
        page = _BACK.get(row["kind"])
        start = [_test_id(row), row["rater"]]
        session = hashlib.sha256(f"{_test_id(row)} {row['rater']}".encode()).hexdigest()[:16]
        milliseconds = round(1000 * row.get("seconds", 0))
        if page == "mushra":
            head = [
                "session_uuid",
                "trial_id",
                "rating_stimulus",
                "rating_score",
                "rating_time",
                "rating_comment",
            ]
            table = found.setdefault("mushra.csv", [["session_test_id", "name", *head]])
            for system, score in _scores(kind, row).items():
                table.append([*start, session, row["item"], system, score, milliseconds, row["comment"]])
        elif page == "paired_comparison":
            head = [
                "choice_reference",
                "choice_non_reference",
                "choice_answer",
                "choice_time",
                "choice_comment",
            ]
            table = found.setdefault(
                "paired_comparison.csv", [["session_test_id", "name", "trial_id", *head]]
            )
            table.append([*start, row["item"], *_pair(row), milliseconds, row["comment"]])
        elif page:
            head = ["trial_id", "stimuli_rating", "stimuli", "rating_time"]
            table = found.setdefault("lss.csv", [["session_test_id", "name", *head]])
            system = row["stimuli"][0]["system"]
            table.append([*start, row["item"], row["answer"], system, milliseconds])
    return {name: _csv(table) for name, table in found.items()}


def _flat(pages: Sequence[Any]) -> Iterator[Row]:
    """Pages of nested lists; a list may begin with the word random."""
    for page in pages:
        if isinstance(page, list):
            yield from _flat(page)
        elif isinstance(page, dict):
            yield page


def _item(page: Row, path: Path) -> Item:
    name, stimuli = page.get("id"), page.get("stimuli")
    if isinstance(stimuli, str):
        stimuli = {"stimulus": stimuli}
    if isinstance(stimuli, list):
        stimuli = {f"C{k + 1}": file for k, file in enumerate(stimuli)}
    if name is None or not isinstance(stimuli, dict) or not stimuli:
        raise InvalidRequest(f"A page of {path} has no id or no stimuli.")
    made = [_stimulus(str(system), file, path) for system, file in stimuli.items()]
    reference = page.get("reference")
    open_ = None if reference is None else _stimulus(REFERENCE, reference, path)
    if page["type"] == "paired_comparison" and open_ is not None:
        return Item(str(name), (open_, *made))
    return Item(str(name), tuple(made), open_, str(page.get("content") or ""))


def _stimulus(system: str, file: Any, path: Path) -> Stimulus:
    for folder in (path.parent, path.parent.parent):
        found = folder / str(file)
        if found.is_file():
            return Stimulus(system, found, checksum(found))
    raise InvalidRequest(f"{file}, named in {path}, does not exist.")


def _page(unit: Item, kind: str, path: Path, end: str, design: Design) -> Row:
    # it looks for files in its root, the folder above that of its configurations
    root = path.absolute().parent.parent if path.absolute().parent.name == "configs" else path.parent

    def place(stimulus: Stimulus) -> str:
        return Path(os.path.relpath(stimulus.file, root)).as_posix()

    words = design.kind.texts["en"]
    page: Row = {"type": _BACK[kind], "id": unit.name + end, "name": unit.name}
    page["content"] = design.settings.question or words["question"]
    named = {s.system: place(s) for s in unit.stimuli}
    loop = {"showWaveform": True, "enableLooping": True}
    if kind == "mushra" and unit.reference is not None:
        how = {"createAnchor35": True, "createAnchor70": True, "randomize": True, "showConditionNames": False}
        how["strict"] = False  # or it refuses what is longer than 12 s
        return page | loop | how | {"reference": place(unit.reference), "stimuli": named}
    if _BACK[kind] == "paired_comparison":
        first, *rest = named.items()
        words = {c.value: c.en for c in design.kind.choices if not design.settings.forced}
        unforced = {"unforced": words["none"]} if "none" in words else {}
        return page | loop | unforced | {"reference": first[1], "stimuli": dict(rest)}
    answers = [{"value": c.value, "label": c.en} for c in design.kind.choices]
    return page | {"mustRate": True, "mustPlayback": "ended", "stimuli": named, "response": answers}


def _otherwise(design: Design) -> list[str]:
    """What webMUSHRA does otherwise than the page here: it takes the files as they are."""
    other = sorted({s.file.suffix for item in design.items for s in item.all} - {".wav"})
    found = [f"webMUSHRA plays WAV alone; convert {', '.join(other)}"] if other else []
    levels = design.presented.levels if isinstance(design.presented, Sounds) else {}
    uneven = [name for name, own in levels.items() if not own.alike or len(set(own.seconds)) > 1]
    if uneven and design.kind.name == "mushra":
        found.append(f"webMUSHRA refuses other lengths, rates or channels on a page: {', '.join(uneven[:5])}")
    apart = max((np.ptp(own.gain_db) for own in levels.values()), default=0.0)
    if apart >= _HEARD_DB:
        found.append(f"webMUSHRA does not match loudness; these files differ by up to {apart:.1f} dB")
    return found


def _test_id(row: Row) -> str:
    return "-".join([row["kind"], *map(str, row.get("systems") or [])])


def _scores(kind: Kind, row: Row) -> dict[str, float]:
    assert isinstance(kind, ScoreKind)
    return kind.scores(row)


def _pair(row: Row) -> list[str]:
    """Reference, the other, and whether the reference was chosen; of ABX whether the answer is right."""
    heard = {s["label"]: s["system"] for s in row["stimuli"]}
    a, b = heard["A"], heard["B"]
    named = row.get("systems") or sorted((a, b))
    first, second = (a, b) if named.index(a) < named.index(b) else (b, a)
    if row["kind"] == "abx":
        return [heard["X"], b if heard["X"] == a else a, "correct" if row["correct"] else "incorrect"]
    chosen = heard.get(row["answer"])
    told = "undecided" if chosen is None else "correct" if chosen == first else "incorrect"
    return [first, second, told]


def _csv(table: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue().encode()
