"""The page in a real browser; skipped where there is no chromium with its chromedriver.

Sound is checked twice: a tap before the loudspeaker sees the running page play, and the same player
rendered offline, sample by sample, shows that a switch is in time.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiogen.listen.server import serving
from tests.listen.browser import chromium
from tests.listen.conftest import RATE, noise, write

pytestmark = pytest.mark.slow

EXACT = 1e-6  # of full scale: the sum of two float32 gains

# Everything that goes to the loudspeaker passes an analyser; what the page complains of is kept.
TAP = """
window.complaints = [];
addEventListener("error", (event) => complaints.push(event.message));
addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) => complaints.push(event.violatedDirective));
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode && this.context instanceof AudioContext) {
    window.tap = window.tap || this.context.createAnalyser();
    connect.call(this, window.tap);
  }
  return connect.call(this, target, ...rest);
};
window.level = () => {
  const samples = new Float32Array(tap.fftSize);
  tap.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs));
};
"""

# The page's own Player on a clock that renders as fast as it can: [left], [right], times of the switches.
OFFLINE = """
return (async (sounds, rate, switches) => {
const context = new OfflineAudioContext(2, 2 * rate, rate);
const resume = context.resume.bind(context);
context.resume = async () => {};
const player = new Player(() => {}, (name) => source.read(name));
player.context = context;
await player.load(sounds);
await player.play();
for (const [time, label] of switches) {
  context.suspend(time).then(() => { player.hear(label); resume(); });
}
const rendered = await context.startRendering();
player.count();
return {
  rendered: [0, 1].map((k) => Array.from(rendered.getChannelData(k))),
  sounds: player.buffers.map((b) => [0, 1].map((k) => Array.from(b.getChannelData(k)))),
  started: player.startedAt, heard: player.heard,
};
})(...arguments);
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as running:
        running.before_page(TAP)
        yield running


@pytest.fixture
def opened(browser, examine):
    """opened(seed=2) -> a running server whose page is open and has loaded its first sounds."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def open_page(**settings):
            server = stack.enter_context(serving(examine(**settings)))
            browser.size(1000, 1000)
            browser.open(server.url)
            browser.until("state && state.trial && !busy")
            return server

        yield open_page
        browser.open("about:blank")


def text(browser, selector):
    return browser.run("return document.querySelector(arguments[0]).innerText", selector)


def hear_both(browser):
    browser.press("o", "Space")  # repeated, so that it does not end before a busy machine has switched
    browser.until("player.heard.A > state.trial.minimum_s")
    browser.press("Right")
    browser.until("!missing().length && document.querySelector('#answer-A').ariaDisabled === 'false'")


def rows():
    return [json.loads(line) for line in Path("answers.jsonl").read_text("utf-8").splitlines()]


def test_a_whole_sitting_by_keyboard(browser, opened):
    server = opened(question="Which is clearer?")
    assert text(browser, "#question") == "Which is clearer?"
    browser.press("1", "Enter")
    assert text(browser, "#status") == "Listen to A and B first."
    assert not Path("answers.jsonl").exists()
    for number, (keys, answer) in enumerate([(["1"], "A"), (["1", "2"], "B"), (["2", "="], "none")], start=1):
        assert text(browser, "#progress") == f"{number} of 3"
        hear_both(browser)
        browser.press(*keys)
        browser.click("#comment")
        browser.press(*"r2", "Space", "b", "Escape", "Enter")
        browser.until(f"state.done === {number} && !busy")
        row = rows()[-1]
        assert (row["answer"], row["comment"], row["number"]) == (answer, "r2 b", number)
        assert row["switches"] >= 1
        assert all(0.5 <= sound["listened_s"] < row["seconds"] + 1 for sound in row["stimuli"])
    assert server.finished.wait(10)
    assert text(browser, "#end-title") == "That was the last one. Thank you!"
    assert browser.run("return document.activeElement.id") == "end-title"
    assert len(rows()) == 3
    assert browser.run("return complaints") == []
    hosts = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert hosts and all(host.startswith(server.url) for host in hosts)


def test_it_sounds_and_space_and_r_do_what_they_say(browser, opened):
    opened()
    browser.press("o", "Space")
    browser.until("window.tap && level() > 0.01")
    before = browser.run("return player.context.currentTime")
    browser.until("player.context.currentTime > arguments[0] + 0.2", before)
    assert browser.run("return document.querySelector('#play').ariaLabel") == "Pause"
    browser.press("Space")
    browser.until("level() === 0")
    browser.press("o")
    stopped = browser.run("return player.position")
    assert 0 < stopped <= 2
    heard = browser.run("return player.heard.A")
    browser.press("b", "Left", "Right")
    assert browser.run("return [player.position, player.heard.A, player.active]") == [stopped, heard, "B"]
    browser.press("r")
    assert browser.run("return [player.position, player.playing]") == [0, False]
    browser.press("Space")
    browser.until("!player.playing && player.heard.B > 1.9")  # to the end, and back to the start
    assert browser.run("return player.position") == 0


def test_a_switch_is_sample_aligned_and_without_a_gap(browser, opened, folders):
    x = noise(2.0)
    for name in ("one", "two", "three"):
        write(folders / "old" / f"{name}.wav", x, 0 * x)
        write(folders / "new" / f"{name}.wav", 0 * x, x)
    opened()
    switches = [[0.5, "B"], [0.9, "A"], [1.3, "B"], [1.302, "A"], [1.7, "B"]]
    addresses = browser.run("return state.trial.stimuli")
    got = browser.run(OFFLINE, addresses, RATE, switches)
    rendered, sounds = np.array(got["rendered"]), np.array(got["sounds"])
    assert np.array_equal(sounds[0, ::-1], sounds[1]), "one sound, once left, once right"
    start = round(got["started"] * RATE)
    length = rendered.shape[1] - start
    assert not rendered[:, :start].any()
    wanted = sounds[0].sum(0)[:length]
    assert np.abs(rendered.sum(0)[start:] - wanted).max() < EXACT, "nothing is late, lost or doubled"
    side = np.abs(rendered).argmax(0)
    first = side[start + 100]
    for (time, _), (until, _), flipped in zip(
        switches, [*switches[1:], [2.0, ""]], (1, 0, 1, 0, 1), strict=True
    ):
        middle = round((time + min(until - 0.001, time + 0.1)) / 2 * RATE)
        if until - time > 0.05:
            assert side[middle] == (first + flipped) % 2
    assert got["heard"]["A"] + got["heard"]["B"] == pytest.approx(2 - got["started"], abs=0.01)


def test_a_reload_and_a_restart_lose_nothing(browser, opened):
    server = opened(seed=None)
    hear_both(browser)
    browser.press("2", "Enter")
    browser.until("state.done === 1 && !busy")
    hear_both(browser)
    browser.press("1")
    browser.click("#comment")
    browser.press(*"warm")
    browser.until("(sessionStorage.draft || '').includes('warm')")
    trial = browser.run("return state.trial.id")
    browser.open(server.url)
    browser.until("state && state.trial && !busy")
    assert browser.run("return [state.trial.id, answer, document.querySelector('#comment').value]") == [
        trial,
        "A",
        "warm",
    ]
    browser.press("Enter")
    browser.until("state.done === 2 && !busy")
    assert rows()[-1]["comment"] == "warm"
    last = browser.run("return state.trial.id")
    opened(seed=None)
    assert browser.run("return [state.trial.id, state.done]") == [last, 2]


def test_an_answer_that_is_not_saved_stays(browser, opened, monkeypatch):
    import audiogen.listen.session as session
    from audiogen.errors import AudiogenError

    def full(*_):
        raise AudiogenError("The disk is full.")

    opened()
    hear_both(browser)
    with monkeypatch.context() as patch:
        patch.setattr(session, "append", full)
        browser.press("1", "Enter")
        browser.until("!document.querySelector('#failure').hidden")
        assert text(browser, "#failure").startswith("Not saved: The disk is full. Your answer is still here")
    browser.press("Enter")
    browser.until("state.done === 1 && !busy")
    assert browser.run("return document.querySelector('#failure').hidden")
    assert len(rows()) == 1


def test_when_the_programme_has_ended(browser, opened, examine):
    with serving(examine()) as server:
        browser.open(server.url)
        browser.until("state && state.trial && !busy")
        hear_both(browser)
    browser.press("1", "Enter")
    browser.until("!document.querySelector('#failure').hidden")
    assert "Start it again in the terminal" in text(browser, "#failure")
    browser.open("about:blank")


def test_chinese_and_a_narrow_screen(browser, opened):
    opened(forced=True)
    browser.size(400, 800)
    browser.click("#language")
    assert text(browser, "#question").startswith("您更喜欢哪一个")
    assert browser.run("return document.documentElement.lang") == "zh-Hans"
    assert browser.run("return document.documentElement.scrollWidth") == 400
    small = "[...document.querySelectorAll('button')].filter((b) => b.offsetHeight && b.offsetHeight < 44)"
    assert browser.run(f"return {small}.length") == 0
    hear_both(browser)
    browser.press("0")
    assert browser.run("return [answer, document.querySelector('#answer-none')]") == [None, None]
    browser.click("#language")


def test_the_mouse_and_tab_reach_everything(browser, opened):
    opened()
    browser.click("#loop")
    browser.click("#play")
    browser.until("player.heard.A > state.trial.minimum_s")
    browser.click("#hear-B")
    browser.until("!missing().length")
    browser.click("#answer-none")
    browser.press("Space")  # after the mouse it plays and pauses, it does not press the last button
    assert browser.run("return [answer, player.playing]") == ["none", False]
    reached = []
    for _ in range(18):
        browser.press("Tab")
        reached.append(browser.run("return document.activeElement.id || document.activeElement.tagName"))
    for name in (
        "play",
        "restart",
        "seek",
        "hear-A",
        "hear-B",
        "answer-A",
        "answer-B",
        "comment",
        "next",
        "language",
    ):
        assert name in reached
    browser.run("document.querySelector('#answer-B').focus()")
    browser.press("Space")
    assert browser.run("return [answer, player.playing]") == ["B", False]
    browser.run("document.querySelector('#next').focus()")
    browser.press("Enter")
    browser.until("state.done === 1 && !busy")
    assert rows()[0]["answer"] == "B"
