"""The page, on Gradio: fields, tabs and events. What it asks goes to the desk, as the HTTP calls do.

Canvases and players are elements of web/studio.js; they speak to the page through one hidden element, whose
commands `Page.obey` carries out. No file passes through gradio itself.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.themes.utils.fonts import Font

from audiogen.errors import AudiogenError
from audiogen.studio import html
from audiogen.studio.commands import Commands, failed, same
from audiogen.studio.desk import Desk
from audiogen.studio.fields import own_html
from audiogen.studio.understood import understood
from audiogen.studio.words import WORDS

BUS = "window.audiogenSay = (text) => { props.value = text; trigger('input'); };"
BEAT_S = 0.25  # between two looks at a job
BROWSER_WORDS = (
    *("rollHelp", "viewHelp", "drawHelp", "maskHelp", "move", "add", "erase", "pedal", "velocity", "decode"),
    *(
        "inpaint",
        "continue",
        "extend",
        "from",
        "to",
        "sound",
        "recipe",
        "mixWith",
        "compare",
        "take",
        "takes",
    ),
    *("contour", "changeThis", "editContour", "brush", "undo", "clear", "play", "close", "position", "steps"),
)


def head(lang: str) -> str:
    """What stands in the head of the page: its words for the browser, its script and its style."""
    words = {key: WORDS[lang][key] for key in BROWSER_WORDS}
    return (
        f"<script>window.AUDIOGEN_WORDS = {json.dumps(words, ensure_ascii=False)};</script>"
        '<link rel="stylesheet" href="/studio/studio.css"><script src="/studio/studio.js" defer></script>'
    )


def theme() -> Any:
    """Plain, with the fonts that are there: none is fetched."""

    sans = [Font("system-ui"), Font("Noto Sans CJK SC"), Font("sans-serif")]
    return gr.themes.Base(primary_hue="indigo", font=sans, font_mono=[Font("monospace")])


class Page(Commands):
    """One language of the page.

    Args:
        desk: that the jobs go to.
        lang: "en" or "zh".
    """

    def __init__(self, desk: Desk, lang: str) -> None:
        super().__init__(desk, lang)
        self.watched: dict[tuple[str, str], str] = {}  # (browser session, tab) -> the job that it shows

    def build(self) -> Any:

        w = self.words
        with gr.Blocks(title="audiogen studio", analytics_enabled=False, fill_width=True) as blocks:
            own_html(html.head(self.lang, w))
            self.bus = gr.HTML(
                "", html_template="<i></i>", js_on_load=BUS, elem_id="ag-bus", elem_classes="ag-hidden"
            )
            self.own = gr.State(
                {"compare": [], "contour": "", "mask": "", "init": "", "style": None, "under": ""}
            )
            with gr.Tabs() as self.tabs:
                with gr.Tab(w["sound_tab"], id="sound"):
                    self._sound()
                with gr.Tab(w["picture_tab"], id="picture"):
                    self._picture()
                with gr.Tab(w["story_tab"], id="story"):
                    self._story()
                with gr.Tab(w["compare_tab"], id="compare"):
                    self.compare = own_html(html.compared([], w))
                    clear = gr.Button(w["clear"], size="sm")
                with gr.Tab(w["files_tab"], id="files") as files_tab:
                    self.files = own_html(html.empty(w["empty_files"]), elem_id="files")
            clear.click(
                self._forget, [self.own], [self.own, self.compare], queue=False, api_visibility="private"
            )
            files_tab.select(self._listed, None, [self.files], queue=False, api_visibility="private")
            self._wire(blocks)
        return blocks

    def _wire(self, blocks: Any) -> None:
        quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
        for prompt, chips, kind in (
            (self.prompt, self.chips, self.kind),
            (self.p_prompt, self.p_chips, None),
        ):
            drawn = kind is None
            prompt.input(
                self._understand_picture if drawn else self._understand,
                [prompt] if drawn else [prompt, self.kind],
                [chips],
                trigger_mode="always_last",
                **quick,
            )
        self.kind.change(self._understand, [self.prompt, self.kind], [self.chips], **quick)
        dice = "() => Math.floor(Math.random() * 100000)"
        self.dice.click(None, None, [self.seed], js=dice, api_visibility="private")
        self.p_dice.click(None, None, [self.p_seed], js=dice, api_visibility="private")
        self.open.click(None, None, None, js="() => { audiogenPick(); }", api_visibility="private")
        settings = [self.prompt, self.kind, self.seconds, self.seed, self.lock, self.takes]
        settings += [self.format, self.rate, self.loop]
        self.make.click(self._make, settings, [self.job, self.seed, self.status], **quick)
        self.mix.click(self._mix, [self.own, self.job, self.below], [self.job, self.status], **quick)
        drawn_settings: list[Any] = [
            self.p_prompt,
            self.size,
            self.p_seed,
            self.p_lock,
            self.p_takes,
            self.steps,
        ]
        drawn_settings += [self.strength, self.own]
        self.p_make.click(self._paint, drawn_settings, [self.p_job, self.p_seed, self.p_status], **quick)
        told = [self.hero, self.frames, self.s_style, self.s_seed]
        self.s_make.click(self._tell, told, [self.s_job, self.s_status], **quick)
        for stop, job in ((self.stop, self.job), (self.p_stop, self.p_job), (self.s_stop, self.s_job)):
            stop.click(self._stop, [job], None, **quick)
        for job, tab, status, view in (
            (self.job, "sound", self.status, self.view),
            (self.p_job, "picture", self.p_status, self.p_view),
            (self.s_job, "story", self.s_status, self.s_view),
        ):
            job.change(
                self._watching(tab),
                [job],
                [status, view],
                js=f"(id) => audiogenJob.keep('{tab}', id)",
                concurrency_limit=None,
                trigger_mode="multiple",
                show_progress="hidden",
                api_visibility="private",
            )
            blocks.load(None, None, [job], js=f"() => audiogenJob.get('{tab}')", api_visibility="private")
        ready = "() => { document.body.dataset.ready = 1; }"  # events are heard from now on
        blocks.load(None, None, None, js=ready, api_visibility="private")
        self.strength.change(self._means, [self.strength], [self.meaning], **quick)
        self.leave.click(self._leave, [self.own], [self.own, self.changing, self.mask], **quick)
        self.bus.input(self.obey, [self.bus, self.own, self.seconds, self.seed], self._touched, **quick)

    # events

    def _understand_picture(self, prompt: str) -> str:
        return html.chips(understood(prompt, default="picture"), self.words)

    def _make(
        self,
        prompt: str,
        kind: str,
        seconds: float,
        seed: int,
        lock: bool,
        takes: int,
        form: str,
        rate: int,
        loop: bool,
    ) -> tuple[Any, ...]:
        seed = int(seed or 0) if lock else secrets.randbelow(100_000)
        row = {"prompt": prompt, "kind": kind or None, "seconds": seconds or None, "seed": seed}
        row |= {"takes": int(takes), "format": form, "rate": int(rate), "loop": bool(loop)}
        job, words = self._submit(row)
        return job, seed, words

    def _paint(
        self,
        prompt: str,
        size: int,
        seed: int,
        lock: bool,
        takes: int,
        steps: bool,
        strength: float,
        own: dict[str, Any],
    ) -> tuple[Any, ...]:
        seed = int(seed or 0) if lock else secrets.randbelow(100_000)
        row: dict[str, Any] = {"prompt": prompt, "size": int(size), "seed": seed, "takes": int(takes)}
        row |= {"steps": bool(steps), "format": "png", "style": own["style"]}
        if own["init"]:
            row |= {"file": own["init"], "mask": own["mask"], "strength": strength}
        elif own["contour"]:
            row |= {"contour": own["contour"]}
        if not own["contour"] or own["init"]:
            row["kind"] = understood(prompt, default="picture")["kind"]
        job, words = self._submit(row)
        return job, seed, words

    def _tell(self, hero: str, frames: str, style: str, seed: int) -> tuple[Any, Any]:
        seen = [line for line in (frames or "").splitlines() if line.strip()]
        row = {"verb": "story", "prompt": hero or "", "frames": seen, "style": style, "seed": int(seed or 0)}
        return self._submit(row | {"format": "png"})

    def _mix(self, own: dict[str, Any], job: str, below: float) -> tuple[Any, ...]:
        try:
            shown = self.desk.job(job)
        except AudiogenError as problem:
            return same(), failed(str(problem))
        main = f"{shown.id}/{shown.takes[0]['file']}" if shown.takes else ""
        return self._submit({"verb": "mix", "file": main, "under": [own["under"]], "below_lu": below})

    def _submit(self, row: dict[str, Any]) -> tuple[Any, Any]:
        """The id of the new job, and a line; what is refused changes only the line."""
        try:
            return self.desk.submit(row).id, ""
        except AudiogenError as problem:
            return same(), failed(str(problem))

    def _stop(self, job: str) -> None:
        if job in self.desk.jobs:
            self.desk.cancel(job)

    def _watching(self, tab: str) -> Any:

        element = "ag-sound" if tab == "sound" else "ag-pictures"

        def watch(id_: str, request: gr.Request) -> Iterator[tuple[Any, Any]]:
            """Shows a job until it is over, or until this page shows another."""
            key = (str(request.session_hash), tab)
            if id_ not in self.desk.jobs:  # nothing was made here yet, or it has been removed since
                yield same(), same()
                return
            self.watched[key] = id_
            job, seen, line = self.desk.jobs[id_], -1, ""
            while True:
                over, count = job.over, len(job.takes) + len(job.ranking) + bool(job.album)
                now = html.status(job, self.desk, self.words)
                if count != seen or now != line or over:
                    view = html.takes(job, element) if count != seen and count else same()
                    seen, line = count, now
                    yield now, view
                if over or self.watched.get(key) != id_:
                    return
                time.sleep(BEAT_S)

        return watch

    def _means(self, strength: float) -> str:
        name = "all_new" if strength >= 0.95 else "much" if strength >= 0.3 else "little"
        return f'<p class="ag-remark">{self.words[name]}</p>'

    def _leave(self, own: dict[str, Any]) -> tuple[Any, ...]:

        return own | {"init": "", "mask": ""}, gr.update(visible=False), ""

    def _forget(self, own: dict[str, Any]) -> tuple[Any, ...]:
        return own | {"compare": []}, html.compared([], self.words)
