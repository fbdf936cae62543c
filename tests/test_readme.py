"""The README is true: its snippets run, its links lead somewhere, its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from audiogen.cli import main
from audiogen.cli.group import VERBS
from tests.test_revision import noise

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.S)
COMMANDS = [
    line.split("  #")[0].strip() for line in re.findall(r"^    (?:\.venv/bin/)?(audiogen .*)$", README, re.M)
]
SERVING = ("audiogen data", "audiogen train", "audiogen listen", "audiogen studio")
RUNNABLE = [c for c in COMMANDS if not c.startswith(SERVING)]


@pytest.mark.parametrize("code", SNIPPETS)
def test_snippets_run(tiny, registered, code):
    exec(compile(code.replace("15 s", "1 s"), "README.md", "exec"), {"__name__": "__main__"})
    assert list(tiny.glob("*.wav"))


def test_commands_run_in_order(tiny):
    (tiny / "mine.mid").write_bytes(_some_midi())
    assert main(["make", "calm piano, 10 s", "-o", "calm.wav"]) == 0
    noise(6.0).save("rain.wav")
    Image.new("L", (512, 512), 255).save(tiny / "mask.png")
    (tiny / "night.txt").write_text("# two for the night\ncalm piano, 1 s\npiano, 1 s\n")
    (tiny / "fox.txt").write_text("a fox\non the beach\n")
    assert len(RUNNABLE) >= 9
    for command in RUNNABLE:
        for asked, shorter in ((r"\d+ s\b", "1 s"), (r"--seconds \d+", "--seconds 11"), (r"-n \d", "-n 2")):
            command = re.sub(asked, shorter, command)
        arguments = shlex.split(command)[1:]
        assert main(arguments) == 0, command
    assert (tiny / "b.wav").read_bytes() == (tiny / "b-again.wav").read_bytes()


def test_the_jobs_run(tiny):
    jobs = re.findall(r'^    (\{"prompt".*)$', README, re.M)
    assert len(jobs) == 2
    (tiny / "mine.mid").write_bytes(_some_midi())
    (tiny / "jobs.jsonl").write_text(
        "\n".join(re.sub(r'"seconds": \d+', '"seconds": 1', job) for job in jobs)
    )
    assert main(["make", "jobs.jsonl", "--seed", "3"]) == 0
    assert (tiny / "mine-3.flac").exists()


def test_every_verb_is_told():
    for verb in VERBS:
        assert re.search(rf"`{verb}[ `]", README), verb


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", README):
        file, anchor = target
        assert not file or file.startswith("http") or (ROOT / file).exists(), file
        if not anchor:
            continue
        text = (ROOT / file).read_text(encoding="utf-8") if file else README
        headings = {
            re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)
        }
        assert anchor in headings, anchor


def _some_midi() -> bytes:
    import numpy as np

    from audiogen.media.midi import MidiData, midi_bytes

    return midi_bytes(MidiData(np.array([[60, 0.0, 0.5, 70]]), np.zeros((0, 2))))
