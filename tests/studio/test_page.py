"""The studio in a real browser, on tiny networks; skipped where there is no chromium with chromedriver."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audiogen.artifacts import Waveform
from audiogen.media.audio import read_recipe
from audiogen.studio.desk import Desk
from audiogen.studio.server import Serving, application, with_page
from audiogen.studio.worker import Inside
from tests.listen import browser as driving
from tests.listen.browser import Browser, chromium, wait

pytestmark = pytest.mark.slow

# What the page complains of, where it asks, and what it is answered.
WATCH = """
window.complaints = []; window.asked = []; window.told = [];
addEventListener("error", (event) => complaints.push(event.message));
addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => complaints.push(event.violatedDirective));
const ask = window.fetch;
window.fetch = async (...all) => {
  const answer = await ask(...all);
  asked.push(String(all[0]?.url || all[0]));
  const kind = answer.headers.get("content-type") || "";
  if (/json|text/.test(kind) && !/event-stream/.test(kind)) answer.clone().text().then((t) => told.push(t));
  return answer;
};
"""


class Held(Inside):
    """Works on tiny networks; a job whose words say "long" goes on until it is let go or stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def __call__(self, row, places, folder, cancel, tell):
        while "long" in row["prompt"] and not self.go.wait(0.02):
            tell("progress", ("decoder", 1, 4))
            if cancel.is_set():
                return "cancelled", ""
        return super().__call__(row, places, folder, cancel, tell)


class Studio:
    """The page, driven as a person does."""

    def __init__(self, browser: Browser, desk: Desk, address: str) -> None:
        self.browser, self.desk, self.address = browser, desk, address

    def open(self, lang: str = "en") -> None:
        self.browser.open(f"{self.address}{lang}/")
        self.browser.until("document.body && document.body.dataset.ready")

    def ask(self, words: str, field: str = "#prompt textarea") -> None:
        self.browser.click(field)
        self.browser.run("document.querySelector(arguments[0]).select()", field)
        self.browser.press(*words)

    def tab(self, name: str) -> None:
        self.browser.run(
            "[...document.querySelectorAll('[role=tab]')].find((b) => b.innerText === arguments[0]).click()",
            name,
        )

    def shown(self, element: str = "ag-sound") -> str:
        """The job that is on the page, once it is done there."""
        there = f"document.querySelector('{element}')?.job?.id"
        id_ = wait(lambda: self.browser.run(f"return {there};"), element)
        return str(id_)

    def next(self, before: str, element: str = "ag-sound") -> str:
        return str(wait(lambda: (now := self.shown(element)) != before and now, "another job"))


@pytest.fixture(scope="module")
def studio(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    from audiogen import registry

    folder = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "WEIGHTS_FOLDER", tiny_weights)
        patch.setattr(driving, "PATIENCE_S", 180.0)
        desk = Desk(folder / "history", Held())
        app = with_page(application(desk), desk)
        with Serving(app, "127.0.0.1", 0) as serving, chromium(folder) as browser:
            browser.size(1180, 1000)
            browser.before_page(WATCH)
            page = Studio(browser, desk, serving.address)
            page.open()
            yield page
        desk.close()


def test_a_sentence_becomes_a_piece_with_its_notes(studio: Studio) -> None:
    browser = studio.browser
    studio.ask("calm piano in D minor, 4 s, zebra")
    browser.until("document.querySelector('#chips .ag-unknown')?.innerText === 'zebra'")
    chips = browser.run("return [...document.querySelectorAll('#chips span')].map((c) => c.innerText)")
    assert {"a piano piece", "4 s", "key D minor"} <= set(chips)
    browser.run("document.querySelector('#make').click()")
    job = studio.desk.job(studio.shown())
    assert job.status == "done" and job.takes[0]["notes"]
    assert not browser.run("return complaints")


def test_a_note_is_moved_and_the_piece_played_again(studio: Studio) -> None:
    browser, before = studio.browser, studio.shown()
    first = studio.desk.job(before).takes[0]
    box = browser.run(
        "const s = document.querySelector('ag-sound'), c = s.canvas.getBoundingClientRect(), n = s.notes[0];"
        "s.canvas.scrollIntoView({block: 'center'}); const b = s.canvas.getBoundingClientRect();"
        "return [b.left + (s.x(n.on) + s.x(n.off)) / 2, b.top + s.y(n.pitch) + s.rowHeight / 2, s.rowHeight];"
    )
    drag(browser, box[0], box[1], box[0], box[1] - 3 * box[2])
    moved = browser.run("return document.querySelector('ag-sound').notes[0].pitch")
    assert moved == first["notes"][0][0] + 3
    browser.run("document.querySelector('ag-sound').canvas.focus()")
    browser.press("n", "+", "a")  # by the keyboard: another is chosen, louder, and one is added
    browser.run("document.querySelector('ag-sound .ag-primary').click()")
    job = studio.desk.job(studio.next(before))
    assert job.ask["verb"] == "decode"
    assert len(job.takes[0]["notes"]) == len(first["notes"]) + 1


def test_a_part_is_made_anew_and_downloaded(studio: Studio) -> None:
    browser, before = studio.browser, studio.shown()
    browser.run(
        "const s = document.querySelector('ag-sound'); s.region = [1, 2.5]; s.fields(); s.anew.click();"
    )
    job = studio.desk.job(studio.next(before))
    assert (job.ask["verb"], job.ask["start_s"], job.ask["stop_s"]) == ("inpaint", 1, 2.5)
    old, new = (
        Waveform.load(studio.desk.file(f"{j.id}/{j.takes[0]['file']}")).samples
        for j in (studio.desk.job(before), job)
    )
    np.testing.assert_array_equal(old[:, :44_100], new[:, :44_100])
    size, name = browser.run(
        "const a = document.querySelector('ag-sound .ag-links a'); const r = new XMLHttpRequest();"
        "r.open('GET', a.href, false); r.overrideMimeType('text/plain; charset=x-user-defined'); r.send();"
        "return [r.responseText.length, a.download];"
    )
    assert size == studio.desk.file(f"{job.id}/take-1.wav").stat().st_size and name.endswith(".wav")
    assert read_recipe(studio.desk.file(f"{job.id}/take-1.wav"))["region"]["start_s"] == 1


def test_a_dropped_file_brings_its_settings_back(studio: Studio) -> None:
    browser, before = studio.browser, studio.shown()
    made = studio.desk.history()[-1]
    studio.ask("x")
    browser.run(
        "fetch(arguments[0]).then((r) => r.blob()).then((blob) => { const t = new DataTransfer();"
        "t.items.add(new File([blob], 'old.wav'));"
        "dispatchEvent(new DragEvent('drop', {dataTransfer: t})); });",
        f"/api/files/{made.id}/take-1.wav",
    )
    studio.next(before)
    browser.until("document.querySelector('#prompt textarea').value.startsWith('calm piano')")
    assert int(browser.run("return document.querySelector('#seed input').value")) == made.ask["seed"]
    assert browser.run("return document.querySelector('#lock input').checked")


def test_a_job_is_stopped(studio: Studio) -> None:
    browser = studio.browser
    studio.ask("a long piano piece, 4 s")
    browser.run("document.querySelector('#make').click()")
    browser.until("document.querySelector('#status .ag-track')")
    browser.run("document.querySelector('#stop').click()")
    browser.until("document.querySelector('#status').innerText.includes('stopped')")
    assert all(job.over for job in studio.desk.jobs.values())


def test_a_reload_in_the_middle_loses_nothing_and_tabs_keep_apart(studio: Studio) -> None:
    browser, held = studio.browser, studio.desk.runner
    studio.ask("a long piano piece, 4 s")
    browser.run("document.querySelector('#make').click()")
    browser.until("document.querySelector('#status .ag-track')")
    mine = browser._call("GET", "/window")
    other = browser._call("POST", "/window/new", {"type": "tab"})["handle"]
    browser._call("POST", "/window", {"handle": other})
    studio.open("zh")
    assert browser.run("return document.querySelector('#make').innerText") == "生成"
    assert not browser.run("return document.querySelector('ag-sound')")  # the other tab's work is not here
    studio.ask("rain, 2 s")
    browser.run("document.querySelector('#make').click()")
    browser.until("document.querySelector('#status').innerText.includes('1')")  # one goes before it
    browser._call("POST", "/window", {"handle": mine})
    studio.open()
    browser.until("document.querySelector('#status .ag-track')")
    held.go.set()
    assert studio.desk.job(studio.shown()).ask["prompt"].startswith("a long")
    browser._call("POST", "/window", {"handle": other})
    assert studio.desk.job(studio.shown()).ask["prompt"] == "rain, 2 s"
    browser._call("DELETE", "/window")
    browser._call("POST", "/window", {"handle": mine})


def test_a_contour_is_drawn_and_painted(studio: Studio) -> None:
    browser = studio.browser
    studio.tab("Picture")
    browser.until("document.querySelector('ag-draw canvas')?.getBoundingClientRect().width > 50")
    browser.run("document.querySelector('ag-draw canvas').scrollIntoView({block: 'center'})")
    left, top, side = browser.run(
        "const b = document.querySelector('ag-draw canvas').getBoundingClientRect();"
        "return [b.left, b.top, b.width]"
    )
    drag(browser, left + 0.3 * side, top + 0.2 * side, left + 0.6 * side, top + 0.8 * side)
    wait(lambda: list((studio.desk.folder / "uploads").glob("*contour.png")), "the drawing is sent")
    time.sleep(0.5)
    studio.ask("watercolor", "#p-prompt textarea")
    browser.run("document.querySelector('#p-make').click()")
    job = studio.desk.job(studio.shown("ag-pictures"))
    assert job.ask["contour"].endswith("contour.png") and job.takes[0]["pixels"] == [512, 512]


def test_nothing_is_asked_elsewhere_and_no_place_of_this_machine_is_told(studio: Studio) -> None:
    browser = studio.browser
    host = studio.address.rstrip("/")
    asked = browser.run("return performance.getEntriesByType('resource').map((r) => r.name).concat(asked)")
    assert [url for url in asked if not url.startswith((host, "/", "./", "data:", "blob:"))] == []
    told = "\n".join(browser.run("return told")) + json.dumps(browser.run("return document.body.innerHTML"))
    assert str(studio.desk.folder) not in told and str(Path.home()) + "/" not in told
    assert not browser.run("return complaints")


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_page_needs_no_scrolling_sideways(studio: Studio, dark: bool) -> None:
    studio.tab("Sound")
    studio.browser.size(400, 800, dark)
    studio.browser.until("document.documentElement.scrollWidth <= 400")
    studio.browser.size(1180, 1000)


def drag(browser: Browser, x: float, y: float, to_x: float, to_y: float) -> None:
    """The mouse, pressed at one point and let go at another."""
    moves = [
        {"type": "pointerMove", "duration": 0, "x": round(a), "y": round(b)}
        for a, b in ((x, y), (to_x, to_y))
    ]
    down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
    row = {
        "type": "pointer",
        "id": "mouse",
        "parameters": {"pointerType": "mouse"},
        "actions": [moves[0], down, moves[1], up],
    }
    browser._call("POST", "/actions", {"actions": [row]})
