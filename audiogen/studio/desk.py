"""The desk: jobs in a queue, what is uploaded, and the history in a folder of the user's choice.

Every job has a folder of its own there: its files, and `job.json`, which says all that the page shows. The
oldest are removed when the folder grows beyond its limit; those that are kept (a star) stay.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.media import audio, midi, png
from audiogen.media.files import write_atomic
from audiogen.rows import from_rows
from audiogen.studio.ask import Ask

FACTS = "job.json"
UPLOADS = "uploads"
MOST_UPLOAD = 64 << 20  # bytes
LIMIT = 4 << 30  # bytes of the whole folder
MOST_WAITING = 20
SUFFIXES = (*audio.SUFFIXES, *midi.SUFFIXES, ".npz", png.SUFFIX)
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
_ID = re.compile(r"[0-9a-z-]{6,40}")
_FILE = re.compile(r"[0-9A-Za-z._-]{1,80}")
Runner = Callable[..., tuple[str, Any]]


@dataclass
class Job:
    """A job and how far it is; all of it is shown.

    Attributes:
        stage, step, total, since: of the work that goes on; `since` is when the stage began.
        takes: what `work.perform` told of each. album: all frames of a story as one file.
    """

    id: str
    ask: dict[str, Any]
    status: str = QUEUED
    created: float = 0.0
    stage: str = ""
    step: int = 0
    total: int = 0
    since: float = 0.0
    error: str = ""
    remarks: list[str] = field(default_factory=list)
    takes: list[dict[str, Any]] = field(default_factory=list)
    ranking: list[dict[str, Any]] = field(default_factory=list)
    album: str = ""
    star: bool = False

    @property
    def over(self) -> bool:
        return self.status in (DONE, FAILED, CANCELLED)

    @property
    def left_s(self) -> float | None:
        """Seconds left of this stage, or None where it cannot be told yet."""
        share = self.step / self.total if self.total else 0.0
        return (time.time() - self.since) * (1 - share) / share if 0.02 < share <= 1 else None


class Desk:
    """Takes jobs in, has them done one at a time, and keeps what came out.

    Args:
        folder: of the history; made if it is missing.
        runner: does one job, see `worker`.
        limit: bytes that the folder may hold.
    """

    def __init__(self, folder: Path, runner: Any, limit: int = LIMIT) -> None:
        self.folder, self.runner, self.limit = folder, runner, limit
        (folder / UPLOADS).mkdir(parents=True, exist_ok=True)
        self.jobs: dict[str, Job] = {}
        self._waiting: list[str] = []
        self._cancel: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._read()
        self._thread = threading.Thread(target=self._work, daemon=True, name="studio")
        self._thread.start()

    def submit(self, row: dict[str, Any]) -> Job:
        """Take a job in.

        Raises:
            InvalidRequest: it asks for what cannot be, names a file that is not there, or too many wait.
        """
        ask: Ask = from_rows(Ask, row, "job")
        for name in (ask.file, ask.mask, ask.contour, *ask.under):
            if name:
                self.file(name)
        if len(self._waiting) >= MOST_WAITING:
            raise InvalidRequest(f"{MOST_WAITING} jobs wait already; try again when some are done.")
        job = Job(
            f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}", asdict(ask), created=time.time()
        )
        with self._changed:
            self.jobs[job.id] = job
            self._waiting.append(job.id)
            self._cancel[job.id] = threading.Event()
            self._changed.notify_all()
        return job

    def place(self, job: Job) -> int:
        """How many go before it; 0: it is its turn."""
        with self._changed:
            ahead = sum(other.status == RUNNING for other in self.jobs.values())
            return self._waiting.index(job.id) + ahead if job.id in self._waiting else 0

    def cancel(self, id_: str) -> None:
        """Stop a job, whether it waits or is at work."""
        job = self.job(id_)
        with self._changed:
            if job.id in self._waiting:
                self._waiting.remove(job.id)
                job.status = CANCELLED
            if job.id in self._cancel:
                self._cancel[job.id].set()
            self._changed.notify_all()

    def job(self, id_: str) -> Job:
        """The job of that name.

        Raises:
            InvalidRequest: there is none.
        """
        if id_ not in self.jobs:
            raise InvalidRequest("There is no such job; it may have been removed.")
        return self.jobs[id_]

    def history(self) -> list[Job]:
        """What has been made, the newest first."""
        made = [job for job in self.jobs.values() if job.takes]
        return sorted(made, key=lambda job: job.created, reverse=True)

    def remove(self, id_: str) -> None:
        """A job and its files are gone."""
        job = self.job(id_)
        if not job.over:
            raise InvalidRequest("This job is at work; stop it first.")
        del self.jobs[id_]
        shutil.rmtree(self.folder / id_, ignore_errors=True)

    def keep(self, id_: str, star: bool) -> None:
        """Whether a job stays when the folder is full."""
        job = self.job(id_)
        job.star = star
        self._write(job)

    def upload(self, name: str, data: bytes) -> str:
        """Keep a file that was sent; returns its name at the desk.

        Raises:
            InvalidRequest: empty, too large, or of another kind than can be used.
        """
        suffix = Path(name).suffix.lower()
        if suffix not in SUFFIXES:
            raise InvalidRequest(
                f"Cannot use a {suffix or 'file without suffix'}; give {', '.join(SUFFIXES)}."
            )
        if not data or len(data) > MOST_UPLOAD:
            raise InvalidRequest(
                f"A file has 1 byte to {MOST_UPLOAD >> 20} MB; this has {len(data):,} bytes."
            )
        stem = re.sub(r"[^0-9A-Za-z_-]+", "-", Path(name).stem)[:40].strip("-") or "file"
        known = f"{secrets.token_hex(4)}-{stem}{suffix}"
        write_atomic(self.folder / UPLOADS / known, data)
        return f"{UPLOADS}/{known}"

    def file(self, name: str) -> Path:
        """The file of a name such as uploads/NAME or JOB/NAME.

        Raises:
            InvalidRequest: there is none.
        """
        first, _, second = name.partition("/")
        if _ID.fullmatch(first) and _FILE.fullmatch(second) and not second.startswith("."):
            path = self.folder / first / second
            if path.is_file():
                return path
        raise InvalidRequest("There is no such file here; upload it again.")

    def close(self) -> None:
        with self._changed:
            self._closed = True
            for event in self._cancel.values():
                event.set()
            self._changed.notify_all()
        self._thread.join(timeout=10)
        self.runner.close()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = self.jobs[self._waiting.pop(0)]
                job.status = RUNNING
            try:
                self._do(job)
            except Exception as problem:  # a full disk, say: this job failed, the next may not
                job.status, job.error = FAILED, f"It could not be kept ({type(problem).__name__})."
            with self._changed:
                self._cancel.pop(job.id, None)
                self._changed.notify_all()

    def _do(self, job: Job) -> None:
        folder = self.folder / job.id
        folder.mkdir(exist_ok=True)
        ask = job.ask
        names = [ask["file"], ask["mask"], ask["contour"], *ask["under"]]
        places = {name: str(self.file(name)) for name in names if name}

        def tell(name: str, value: Any) -> None:
            if name == "progress":
                stage, step, total = value
                if stage != job.stage or step < job.step:
                    job.since = time.time()
                job.stage, job.step, job.total = stage, step, total
            elif name == "take":
                job.takes = [*job.takes, value]
            else:
                setattr(job, name, value)

        job.since, job.stage = time.time(), "loading"
        status, words = self.runner(job.ask, places, str(folder), self._cancel[job.id], tell)
        job.error = words
        if job.takes:
            self._write(job)
            self._make_room()
        else:
            shutil.rmtree(folder, ignore_errors=True)
        job.status = status

    def _write(self, job: Job) -> None:
        row = {k: v for k, v in asdict(job).items() if k not in ("stage", "step", "total", "since")}
        row["status"] = DONE
        write_atomic(self.folder / job.id / FACTS, json.dumps(row, ensure_ascii=False).encode(), force=True)

    def _read(self) -> None:
        """The history of earlier runs; what is damaged is left alone and not shown."""
        for file in sorted(self.folder.glob(f"*/{FACTS}")):
            try:
                row = json.loads(file.read_text(encoding="utf-8"))
                job: Job = from_rows(Job, row, "job")
            except (InvalidRequest, ValueError, OSError):
                continue
            if job.id == file.parent.name and _ID.fullmatch(job.id):
                self.jobs[job.id] = job

    def _make_room(self) -> None:
        """Remove uploads and jobs, the oldest first, until the folder is within its limit."""
        sizes = {path: path.stat().st_size for path in self.folder.rglob("*") if path.is_file()}
        total = sum(sizes.values())
        uploads = sorted((self.folder / UPLOADS).iterdir(), key=lambda path: path.stat().st_mtime)
        used = {
            name
            for job in self.jobs.values()
            if not job.over
            for name in (job.ask["file"], *job.ask["under"])
        }
        for path in uploads:
            if total <= self.limit:
                return
            if f"{UPLOADS}/{path.name}" not in used:
                total -= sizes.get(path, 0)
                path.unlink(missing_ok=True)
        for job in reversed(self.history()[1:]):
            if total <= self.limit:
                return
            if job.over and not job.star:
                total -= sum(size for path, size in sizes.items() if path.parent.name == job.id)
                self.remove(job.id)
