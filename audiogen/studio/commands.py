"""What the elements of web/studio.js tell the page, carried out: one method for each command."""

from __future__ import annotations

import json
import secrets
from typing import Any

import gradio as gr

from audiogen.errors import AudiogenError
from audiogen.studio import html
from audiogen.studio.fields import Fields
from audiogen.studio.understood import understood

MOST_COMPARED = 6


class Commands(Fields):
    """The commands; each answers with the fields that it changes."""

    def obey(self, text: str, own: dict[str, Any], seconds: float | None, seed: int) -> dict[Any, Any]:
        """Carry out a command of the browser; anything else is left alone."""
        try:
            row = json.loads(text)
            act = getattr(self, f"_do_{row['do']}")
            changed: dict[Any, Any] = act(row, own, seconds)
        except AudiogenError as problem:
            changed = {self.status: failed(str(problem)), self.p_status: failed(str(problem))}
        except (ValueError, KeyError, TypeError, AttributeError):
            changed = {}
        return changed or {self.own: own}

    def _do_decode(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        asked = {name: row[name] for name in ("notes", "pedal", "length_s", "seed", "loop")}
        return {self.job: self.desk.submit({"verb": "decode", "kind": "piano", **asked}).id}

    def _edit(self, row: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        asked = {"verb": row["do"], "file": row["file"], "seed": secrets.randbelow(100_000)}
        if row["do"] == "inpaint":
            asked |= {"start_s": row["start_s"], "stop_s": row["stop_s"]}
        elif row["do"] == "continue":
            asked |= {"seconds": seconds or 10.0}
        else:
            asked |= {"seconds": seconds if seconds and seconds > row["length_s"] else 1.5 * row["length_s"]}
        return {self.job: self.desk.submit(asked).id}

    def _do_inpaint(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        return self._edit(row, seconds)

    _do_continue = _do_extend = _do_inpaint

    def _do_under(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:

        self.desk.file(row["file"])
        own = own | {"under": row["file"]}
        return {self.own: own, self.mixing: gr.update(visible=True), self.under: str(row["label"])}

    def _do_compare(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        file = str(row["file"]).removeprefix("/api/files/")
        self.desk.file(file)
        rows = [each for each in own["compare"] if each["file"] != f"/api/files/{file}"]
        rows = [*rows, {"file": f"/api/files/{file}", "label": str(row["label"])[:120]}][-MOST_COMPARED:]
        return {self.own: own | {"compare": rows}, self.compare: html.compared(rows, self.words)}

    def _do_style(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        name = row["name"] if row["name"] in html.STYLES and row["name"] != own["style"] else None
        return {self.own: own | {"style": name}, self.styles: html.styles(name)}

    def _do_drawn(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        if row["file"]:
            self.desk.file(row["file"])
        return {self.own: own | {"mask" if row["kind"] == "mask" else "contour": row["file"]}}

    def _do_change(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:

        self.desk.file(row["file"])
        shown = {self.changing: gr.update(visible=True), self.mask: html.canvas("mask", row["file"])}
        return shown | {self.own: own | {"init": row["file"], "mask": ""}}

    def _do_dropped(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        """A file was dropped: its settings come back, and it is shown."""

        name, told = str(row["name"]), row["settings"]
        line = (
            f'<div class="ag-status">{html.escape(self.words["restored"].format(name=name))}</div>'
            if told
            else ""
        )
        if row["file"].lower().endswith(".png"):
            back = self._do_change(row, own, seconds) if not told or told.get("prompt") else {}
            back |= {self.tabs: gr.update(selected="picture"), self.p_status: line}
            if told:
                back |= {
                    self.p_prompt: told.get("prompt", ""),
                    self.p_seed: told.get("seed", 1),
                    self.p_lock: True,
                }
            return back
        verb = "open" if row["file"].lower().rpartition(".")[2] in ("wav", "flac", "ogg", "mp3") else "decode"
        back = {
            self.tabs: gr.update(selected="sound"),
            self.job: self.desk.submit({"verb": verb, "file": row["file"]}).id,
        }
        if told:
            prompt, kind = told.get("prompt", ""), told.get("kind") or ""
            back |= {self.prompt: prompt, self.chips: self._understand(prompt, ""), self.lock: True}
            back |= {self.kind: kind if kind in ("piano", "ambience") else "", self.seed: told.get("seed", 1)}
            back |= {self.seconds: told.get("seconds"), self.loop: bool(told.get("loop")), self.status: line}
        return back

    def _do_show(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        """A job of the history is shown, with its settings."""

        job = self.desk.job(row["job"])
        ask, take = job.ask, job.takes[0]
        if ask["verb"] == "story":
            shown = {self.s_job: job.id, self.tabs: gr.update(selected="story"), self.hero: ask["prompt"]}
            return shown | {self.frames: "\n".join(ask["frames"]), self.s_seed: ask["seed"]}
        if "pixels" in take:
            shown = {
                self.p_job: job.id,
                self.tabs: gr.update(selected="picture"),
                self.p_prompt: ask["prompt"],
            }
            return shown | {self.p_seed: ask["seed"], self.p_lock: True}
        shown = {
            self.job: job.id,
            self.tabs: gr.update(selected="sound"),
            self.lock: True,
            self.seed: ask["seed"],
        }
        shown |= {self.prompt: ask["prompt"], self.seconds: ask["seconds"], self.loop: ask["loop"]}
        return shown | {self.chips: self._understand(ask["prompt"], "")}

    def _do_star(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        self.desk.keep(row["job"], not self.desk.job(row["job"]).star)
        return {self.files: self._listed()}

    def _do_remove(self, row: dict[str, Any], own: dict[str, Any], seconds: float | None) -> dict[Any, Any]:
        self.desk.remove(row["job"])
        return {self.files: self._listed()}

    def _understand(self, prompt: str, kind: str) -> str:
        return html.chips(understood(prompt, kind or None), self.words)

    def _listed(self) -> str:
        return html.files(self.desk, self.words)


def failed(words: str) -> str:
    return f'<div class="ag-status ag-failed" role="alert">{html.escape(words)}</div>'


def same() -> Any:

    return gr.skip()
