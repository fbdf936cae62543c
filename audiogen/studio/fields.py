"""The fields of the page: what stands on its tabs, without what happens."""

from __future__ import annotations

from typing import Any

import gradio as gr

from audiogen.studio import html
from audiogen.studio.desk import Desk
from audiogen.studio.words import WORDS


class Fields:
    """Fields in one language.

    Args:
        desk: that the jobs go to.
        lang: "en" or "zh".
    """

    own: Any  # what belongs to a visitor
    bus: Any  # through which web/studio.js speaks
    tabs: Any
    compare: Any
    files: Any

    def __init__(self, desk: Desk, lang: str) -> None:
        self.desk, self.lang, self.words = desk, lang, WORDS[lang]

    def _sound(self) -> None:
        w = self.words
        self.prompt = gr.Textbox(
            label=w["prompt"], placeholder=w["sound_hint"], lines=2, elem_id="prompt", autofocus=True
        )
        self.chips = own_html(elem_id="chips")
        with gr.Row(equal_height=True):
            self.seconds = gr.Number(
                label=w["seconds"],
                info=w["seconds_info"],
                value=None,
                minimum=0,
                maximum=600,
                min_width=110,
                elem_id="seconds",
            )
            self.seed = gr.Number(
                label=w["seed"], value=1, precision=0, minimum=0, min_width=110, elem_id="seed"
            )
            self.takes = gr.Slider(1, 8, value=1, step=1, label=w["takes"], min_width=150, elem_id="takes")
        with gr.Row():
            self.make = gr.Button(
                w["make"], variant="primary", elem_id="make", elem_classes="ag-make", min_width=120
            )
            self.stop = gr.Button(w["stop"], elem_id="stop", min_width=90)
            self.dice = gr.Button("⚄", min_width=60, elem_id="dice")
            self.lock = gr.Checkbox(
                label=w["lock"], value=False, min_width=130, container=False, elem_id="lock"
            )
            self.open = gr.Button(w["open"], min_width=130, elem_id="open")
        with gr.Accordion(w["more"], open=False), gr.Row():
            choices = [(w["auto"], ""), ("piano", "piano"), ("ambience", "ambience")]
            self.kind = gr.Radio(choices, value="", label=w["kind"])
            self.format = gr.Radio(["wav", "flac", "ogg", "mp3"], value="wav", label=w["format"])
            self.rate = gr.Radio([("44.1 kHz", 44_100), ("48 kHz", 48_000)], value=44_100, label=w["rate"])
            self.loop = gr.Checkbox(label=w["loop"], value=False, elem_id="loop")
        with gr.Group(visible=False) as self.mixing, gr.Row():
            self.under = gr.Textbox(label=w["mix_info"], interactive=False)
            self.below = gr.Slider(-10, 40, value=8, step=1, label=w["below"])
            self.mix = gr.Button(w["mix_make"], elem_id="mix")
        self.status = own_html(elem_id="status")
        self.view = own_html(html.empty(w["empty_sound"]), elem_id="view")
        self.job = gr.Textbox(elem_id="ag-job", elem_classes="ag-hidden", show_label=False)

    def _picture(self) -> None:
        w = self.words
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                self.p_prompt = gr.Textbox(
                    label=w["prompt"], placeholder=w["picture_hint"], lines=2, elem_id="p-prompt"
                )
                self.p_chips = own_html(elem_id="p-chips")
                self.styles = own_html(html.styles(None), elem_id="styles")
                with gr.Row():
                    self.p_seed = gr.Number(
                        label=w["seed"], value=1, precision=0, minimum=0, min_width=90, elem_id="p-seed"
                    )
                    self.p_takes = gr.Slider(
                        1, 8, value=1, step=1, label=w["takes"], min_width=140, elem_id="p-takes"
                    )
                    self.size = gr.Radio([384, 512], value=512, label=w["size"], min_width=110)
                with gr.Row():
                    self.p_make = gr.Button(
                        w["make"], variant="primary", elem_id="p-make", elem_classes="ag-make", min_width=110
                    )
                    self.p_stop = gr.Button(w["stop"], min_width=80)
                    self.p_dice = gr.Button("⚄", min_width=50)
                with gr.Row():
                    self.p_lock = gr.Checkbox(label=w["lock"], value=False, container=False, min_width=120)
                    self.steps = gr.Checkbox(label=w["steps"], value=False, container=False, min_width=120)
                with gr.Accordion(w["draw"], open=True):
                    own_html(html.canvas("contour"), elem_id="contour")
                with gr.Group(visible=False) as self.changing:
                    gr.Markdown(f"**{w['change']}**")
                    self.mask = own_html("")
                    self.strength = gr.Slider(
                        0, 1, value=0.6, step=0.05, label=w["strength"], elem_id="strength"
                    )
                    self.meaning = own_html(f'<p class="ag-remark">{w["much"]}</p>')
                    self.leave = gr.Button(w["leave"], size="sm")
            with gr.Column(scale=5, min_width=300):
                self.p_status = own_html(elem_id="p-status")
                self.p_view = own_html(html.empty(w["empty_picture"]), elem_id="p-view")
        self.p_job = gr.Textbox(elem_id="ag-p-job", elem_classes="ag-hidden", show_label=False)

    def _story(self) -> None:
        w = self.words
        with gr.Row():
            with gr.Column(scale=4, min_width=300):
                self.hero = gr.Textbox(label=w["hero"], placeholder=w["hero_hint"], elem_id="hero")
                self.frames = gr.Textbox(
                    label=w["frames"], placeholder=w["frames_hint"], lines=5, elem_id="frames"
                )
                self.s_style = gr.Radio(list(html.STYLES[:4]), value="watercolor", label=w["style"])
                with gr.Row():
                    self.s_seed = gr.Number(
                        label=w["seed"], value=1, precision=0, minimum=0, min_width=90, elem_id="s-seed"
                    )
                    self.s_make = gr.Button(
                        w["make"], variant="primary", elem_id="s-make", elem_classes="ag-make", min_width=110
                    )
                    self.s_stop = gr.Button(w["stop"], min_width=80)
            with gr.Column(scale=6, min_width=300):
                self.s_status = own_html(elem_id="s-status")
                self.s_view = own_html(html.empty(w["empty_story"]), elem_id="s-view")
        self.s_job = gr.Textbox(elem_id="ag-s-job", elem_classes="ag-hidden", show_label=False)

    @property
    def _touched(self) -> list[Any]:
        return [
            *(self.own, self.job, self.p_job, self.status, self.prompt, self.kind, self.seconds, self.seed),
            *(self.lock, self.loop, self.p_prompt, self.p_seed, self.p_lock, self.styles, self.changing),
            *(self.mask, self.compare, self.files, self.mixing, self.under, self.tabs, self.chips),
            *(self.p_status, self.s_job, self.hero, self.frames, self.s_seed),
        ]


def own_html(value: str = "", **options: Any) -> Any:
    """HTML in our own style only."""
    return gr.HTML(value, apply_default_css=False, **options)
