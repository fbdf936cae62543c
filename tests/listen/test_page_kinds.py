"""The other kinds, the shared page and the page in one file, in a real browser; skipped without one."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from audiogen.listen.answers import read_answers
from audiogen.listen.report import collect, report
from audiogen.listen.sealed import write_static
from audiogen.listen.server import serving
from audiogen.media.png import png_bytes
from tests.cli.test_listen import start  # noqa: F401
from tests.listen.browser import chromium
from tests.listen.conftest import noise, write
from tests.listen.test_page import TAP

pytestmark = pytest.mark.slow

FILE = Path("answers.jsonl")
READY = "state && state.trial && !busy"
HEAR_ALL = "for (const label of labels()) player.heard[label] = 2; show();"  # a rater who has heard enough


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        running.before_page(TAP)
        yield running


@pytest.fixture
def opened(browser, examine):
    with ExitStack() as stack:

        def open_page(*places, share=False, **settings):
            given = {"places": places} if places else {}
            server = stack.enter_context(serving(examine(**given, **settings), share=share))
            browser.size(400, 900)
            browser.open(server.url)
            if not share:
                browser.until(READY)
            return server

        yield open_page
        assert browser.run("return window.complaints") == []
        browser.open("about:blank")


def text(browser, selector):
    return browser.run("return document.querySelector(arguments[0]).innerText", selector)


def sent(browser, done):
    browser.until(f"(state.done === {done} && !busy) || !state.trial")


def fits(browser):
    """Nothing sticks out, and every button is large enough for a finger and has a name."""
    assert browser.run("return document.documentElement.scrollWidth") == 400
    small = "[...document.querySelectorAll('button')].filter((b) => b.offsetHeight && b.offsetHeight < 44)"
    assert browser.run(f"return {small}.length") == 0
    unnamed = (
        "[...document.querySelectorAll('button, input')].filter((b) => b.offsetHeight && "
        "!(b.getAttribute('aria-label') || b.innerText || document.querySelector(`label[for=${b.id}]`)))"
    )
    assert browser.run(f"return {unnamed}.map((b) => b.id)") == []


def test_mushra_by_keyboard(browser, opened, folders):
    write(folders / "real" / "one.wav", noise(), noise())
    opened("old", "new", reference="real", kind="mushra")
    fits(browser)
    browser.press("c")
    assert browser.run("return player.active") == "C"
    browser.press("r")
    assert browser.run("return player.active") == "R"
    browser.run(HEAR_ALL)
    assert text(browser, "#status").startswith("Still without a score: A, B, C, D, and E")
    for label in "ABCDE":
        browser.run(f"document.querySelector('#score-{label}').focus()")
        browser.press("\ue010" if label == "A" else "Right")  # End, or one step up from the middle
    assert text(browser, "#value-A") == "100"
    browser.run("document.activeElement.blur()")
    browser.press(
        "b", "\ue013", "\ue00e", "\ue015", "r", "\ue013"
    )  # up, page up, down; the reference has none
    assert browser.run("return answer") == {"A": 100, "B": 61, "C": 51, "D": 51, "E": 51}
    assert (
        browser.run("return document.querySelector('#score-B').getAttribute('aria-valuetext')") == "61, Good"
    )
    browser.run("document.activeElement.blur()")
    browser.press("Enter")
    sent(browser, 1)
    (row,) = read_answers(FILE).rows
    assert row["answer"] == {"A": 100, "B": 61, "C": 51, "D": 51, "E": 51}


@pytest.mark.parametrize(
    ("kind", "keys", "answer"),
    [("abx", "2", "B"), ("mos", "4", "4"), ("rank", "21", ["B", "A"]), ("shows", "2", "partly")],
)
def test_each_kind_by_keyboard(browser, opened, kind, keys, answer):
    opened(kind=kind)
    fits(browser)
    browser.press(*keys)
    assert text(browser, "#status").startswith("Listen to")
    browser.run(HEAR_ALL)
    browser.press(*keys)
    browser.press("Enter")
    sent(browser, 1)
    (row,) = read_answers(FILE).rows
    assert (row["kind"], row["answer"]) == (kind, answer)


def test_pictures_by_touch_and_enlarged(browser, opened, folders):
    for name in ("red", "blue", "grey"):
        Path(name).mkdir()
        pixels = np.ones((3, 16, 16)) * np.array(("red", "blue", "grey").index(name) / 3)
        Path(name, "cat.png").write_bytes(png_bytes(pixels))
    opened("red", "blue", "grey", kind="rank")
    fits(browser)
    browser.until("!missing().length")
    browser.click("#look-B")
    assert browser.run("return document.querySelector('#large').open")
    browser.press("Escape")
    for label in "CAB":
        browser.click(f"#rank-{label}")
    assert text(browser, "#status") == "From best to worst: C, A, B."
    browser.click("#rank-C")
    browser.click("#rank-C")
    browser.click("#next")
    browser.until("!state.trial")
    (row,) = read_answers(FILE).rows
    assert row["answer"] == ["A", "B", "C"]


def test_a_part_is_repeated(browser, opened):
    opened()
    browser.press("Space")
    browser.until("player.position > 0.3")
    browser.press("[")
    browser.until("player.position > player.region[0] + 0.4")
    browser.press("]")
    low, high = browser.run("return player.region")
    assert 0.3 <= low < high - 0.2 < 2
    before = browser.run("return player.heard.A")
    browser.until("player.heard.A > arguments[0] + 2 * arguments[1]", before, high - low)
    assert low <= browser.run("return player.position") <= high
    browser.press("o")
    assert browser.run("return player.looping") is False


def test_a_shared_page_asks_for_a_name(browser, opened):
    server = opened(rater=None, share=True)
    browser.until("!document.querySelector('#who').hidden")
    fits(browser)
    browser.run("document.querySelector('#name').value = 'Ann'")
    browser.click("#join button")
    browser.until(READY)
    browser.open(server.url)  # the same tab goes on
    browser.until(READY)
    assert [s.rater for s in server.sittings.sessions] == ["Ann"]
    browser.run("sessionStorage.clear()")  # closed, and opened again
    browser.open(server.url)
    browser.until("document.querySelector('#name').value === 'Ann'")
    browser.click("#join button")
    browser.until(READY)
    browser.run("sessionStorage.clear(); localStorage.clear()")  # another browser
    browser.open(server.url)
    browser.until("!document.querySelector('#who').hidden")
    browser.run("document.querySelector('#name').value = 'Ann'")
    browser.click("#join button")
    browser.until("!document.querySelector('#failure').hidden")
    assert "Ann is here already" in text(browser, "#failure")


def test_a_page_in_one_file_from_disk(browser, examine, tmp_path):
    write_static(examine(rater=None, seed=4).design, Path("test.html"))
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    allow = {"behavior": "allow", "downloadPath": str(downloads)}
    browser.tell("Browser.setDownloadBehavior", allow)
    browser.open(Path("test.html").resolve().as_uri())
    browser.run("document.querySelector('#name').value = 'Bob'")
    browser.click("#join button")
    browser.until(READY)
    for done in (1, 2, 3):
        browser.run(HEAR_ALL)
        browser.press("1", "Enter")
        sent(browser, done)
        if done == 2:  # closed and opened again
            browser.open(Path("test.html").resolve().as_uri())
            browser.run("document.querySelector('#name').value = 'Bob'")
            browser.click("#join button")
            browser.until(READY)
            assert browser.run("return state.done") == 2
    assert "download your answers" in text(browser, "#end-text")
    browser.click("#download")
    from tests.listen.browser import wait

    file = wait(lambda: next(iter(downloads.glob("*.jsonl")), None), "the download")
    assert browser.run("return complaints") == []
    browser.open("about:blank")
    rows, counts = collect([file, Path("test.key.json")])
    (found,) = report(rows, counts)["comparisons"]
    assert (file.name, found["answers"], found["raters"]) == ("test-Bob.jsonl", 3, 1)


def test_after_kill_9_nothing_is_lost(browser, start):  # noqa: F811
    given = ("old", "new", "--rater", "ann", "--answers", str(FILE), "--repeats", "2")
    process, url, _ = start(*given)
    browser.open(url)
    for done in (1, 2, 3):
        browser.until(READY)
        browser.run(HEAR_ALL)
        browser.press("2", "Enter")
        sent(browser, done)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    browser.run(HEAR_ALL)
    browser.press("1", "Enter")
    browser.until("!document.querySelector('#failure').hidden")
    assert len(FILE.read_text().splitlines()) == 3
    process, url, said = start(*given)
    assert any("3 are answered already" in line for line in said)
    browser.open(url)
    browser.until(READY)
    assert browser.run("return [state.done, state.total]") == [3, 6]
    browser.open("about:blank")


def test_simulated_raters_over_hundreds_of_trials(browser, opened, folders):
    """Two hundred answers through the page itself; what they prefer is found again."""
    for seed, place in enumerate(("old", "new")):
        for name in ("one", "two", "three"):
            write(folders / place / f"{name}.wav", noise(0.5, seed=seed))  # short, so that it is quick
    opened(repeats=67, seed=8)
    script = """
    return (async (rounds) => {
      for (let k = 0; k < rounds && state.trial; k += 1) {
        while (busy) await new Promise((go) => setTimeout(go, 5));
        for (const label of labels()) player.heard[label] = 2;
        choose(k % 10 < 7 ? "A" : "B");
        await send();
      }
      return state.done;
    })(...arguments);
    """
    done = 0
    while done < 201:
        done = browser.run(script, 20)
    rows, counts = collect([FILE])
    (found,) = report(rows, counts)["comparisons"]
    assert found["answers"] == 201
    assert found["first_side"]["share"] == pytest.approx(0.7, abs=0.02)
    assert found["p"] > 0.05, "whoever answers by side prefers nobody"
    assert json.dumps(found, allow_nan=False)
