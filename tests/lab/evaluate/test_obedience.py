"""The measuring of obedience: each part on music whose answer is known, and the command on tiny weights."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from audiogen.artifacts import Notes
from audiogen.lab.evaluate.adherence import (
    endings,
    held_out,
    memory,
    mode,
    order,
    others,
    sound,
    tempo,
    texture,
)
from audiogen.lab.evaluate.adherence.command import PARTS, SETTINGS, main
from audiogen.lab.evaluate.adherence.pieces import Job, Made, jobs
from audiogen.lab.evaluate.adherence.report import Goal, Section, as_json, markdown
from audiogen.lab.evaluate.bootstrap import estimate, share
from audiogen.media import files
from audiogen.media.midi import MidiData, midi_bytes

CADENCE = ((36, 60, 64, 67), (41, 60, 65, 69), (43, 59, 65, 67), (36, 60, 64, 67))  # I IV V I


def song(bpm: float = 100.0, seconds: float = 15.0, up: int = 0, velocity: float = 70.0) -> Notes:
    """Chords on the beat under running eighths; closes on the tonic, key C major moved `up`."""
    beat = 60 / bpm
    count = int((seconds - 2) / beat / 4) * 4
    rows = []
    for k in range(count):
        chord = CADENCE[k % 4]
        rows += [(p + up, k * beat, (k + 0.9) * beat, velocity) for p in chord]
        rows += [(chord[1] + 12 + up, (k + 0.5) * beat, (k + 0.95) * beat, velocity)] if k + 1 < count else []
    table = np.array(rows, float)
    table[table[:, 1] == table[:, 1].max(), 2] = seconds - 0.3
    return Notes.from_rows(table, tempo=bpm)


def as_made(setting: str, notes: list[Notes], prompt: str = "piano") -> list[Made]:
    return [Made(Job(setting, prompt, i, 15.0), n, 0.1) for i, n in enumerate(notes)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three held-out songs in the real layout: two scores, one of them in two tempi, and a performance."""
    folder = tmp_path_factory.mktemp("audio") / "piano-midi"
    folder.mkdir()
    bpm = {"scores/a.mid": 100.0, "scores/b.mid": 132.0, "rolls/c.mid": 90.0}
    names = ["path", "archive", "composer", "title", "composition", "licence", "kind", "split", "velocities"]
    with (
        open(folder / "manifest.csv", "w", newline="") as file,
        zipfile.ZipFile(folder / "all.zip", "w") as pack,
    ):
        rows = csv.DictWriter(file, names)
        rows.writeheader()
        for path, tempo_ in bpm.items():
            notes = song(tempo_, 40.0, up=2)
            metre = (6, 8) if path == "scores/b.mid" else (4, 4)
            pack.writestr(path, midi_bytes(MidiData(notes.rows(), notes.pedal, tempo_, metre)))
            kind = "score" if path.startswith("scores") else "performance"
            known = {"path": path, "archive": "all.zip", "kind": kind, "split": "test", "velocities": "9"}
            rows.writerow(dict.fromkeys(names, "x") | known | {"title": "Study in D major"})
    return folder.parent


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training set of one performance, packed as `audiogen data` does."""
    folder = tmp_path_factory.mktemp("data")
    notes = song(70.0, 60.0)
    count = len(notes)
    arrays = {"type": np.zeros(count, np.uint8), "pitch": notes.pitch.astype(np.uint8)}
    arrays |= {"time": notes.onset_s.astype(np.float32), "first": np.array([0, count])}
    files.write_npz(folder / "train.npz", arrays | {"kind": np.zeros(1, np.uint8)})
    return folder


def goals(sections: list[Section]) -> dict[str, bool | None]:
    return {goal.name: goal.passed for section in sections for goal in section.goals}


def test_every_part_measures_pieces_through_the_prompt_parser():
    """Each setting asks for something, and the prompt parser understands all of it."""
    for part, settings in SETTINGS.items():
        for setting, prompts in settings.items():
            for job in jobs(setting, prompts, len(prompts), 12.0):
                asked = job.asked
                assert asked.seconds == 12 and not asked.unknown, job
                if part in order.WORDS:
                    assert getattr(asked, part) is not None, job
                if part == "tempo":
                    assert asked.tempo == int(setting.split()[0])
                if part == "key":
                    assert asked.mode == setting


def test_rising_words_pass_only_when_the_music_rises():
    loud = {word: 30.0 + 15 * i for i, word in enumerate(order.WORDS["loudness"])}
    made = [
        m
        for word, velocity in loud.items()
        for m in as_made(
            f"loudness: {word}", [song(velocity=velocity + d) for d in (-1, 0, 1)], f"piano, {word}"
        )
    ]
    (section,) = order.measure("loudness", made, 15.0)
    assert section.goals[0].passed and section.rows[0]["mean velocity"].value == 30
    swapped = [Made(Job(m.job.setting, m.job.prompt, 0, 15.0), song(velocity=60), 0.1) for m in made]
    assert not order.measure("loudness", swapped, 15.0)[0].goals[0].passed


def test_an_asked_tempo_is_heard_or_not(source):
    right = [m for bpm in tempo.ASKED for m in as_made(f"{bpm} bpm", [song(bpm)])]
    found = goals(tempo.measure(right, [], 15.0))
    assert list(found.values()) == [True] * len(tempo.ASKED) + [None, None]
    wrong = [m for bpm in tempo.ASKED for m in as_made(f"{bpm} bpm", [song(bpm * 1.2)])]
    assert not any(goals(tempo.measure(wrong, [], 15.0)).values())


def test_a_beat_is_as_clear_as_in_real_scores_or_not(source):
    real = held_out.in_time(source, held_out.pieces(source), 15.0, 2)
    alike = [m for bpm in tempo.ASKED for m in as_made(f"{bpm} bpm", [e.notes for e in real])]
    wandering = [m for bpm in tempo.ASKED for m in as_made(f"{bpm} bpm", [_one_voice()])]
    for made, clear in ((alike, True), (wandering, False)):
        found = tempo.measure(made, real, 15.0)
        assert [goal.passed for goal in found[1].goals] == [clear, clear]
        assert found[0].rows[-1]["setting"] == found[1].rows[-1]["setting"] == "real scores"
        assert found[0].rows[-1]["comb"].value == 0.5  # one says 6/8 and is played in quarters


def test_an_asked_mode_is_heard_or_not(source):
    pieces = held_out.pieces(source)
    cut = [e for p in pieces for e in held_out.excerpts(p, 15.0, 2)]
    right = as_made("major", [song(up=u) for u in (0, 2)], "piano in a major key")
    (section,) = mode.measure(right, cut, pieces)
    assert all(goals([section]).values())
    assert {row["setting"] for row in section.rows} >= {"real, opening", "real, anywhere", "real, whole"}
    wrong = as_made("minor", [song(up=u) for u in (0, 2)], "piano in D minor")
    assert not any(goals(mode.measure(wrong, cut, pieces)).values())
    assert set(goals(mode.measure(right, [], [])).values()) == {None}


def clicks(notes: Notes, seconds: float) -> np.ndarray:
    """Decaying tones where the notes are: what the sound's judges hear, without a decoder."""
    time = np.arange(int(seconds * sound.RATE)) / sound.RATE
    heard = np.zeros(len(time))
    for pitch, onset, _, velocity in notes.rows():
        after = time[int(onset * sound.RATE) :] - onset
        hz = 440 * 2 ** ((pitch - 69) / 12)
        heard[len(time) - len(after) :] += (
            velocity / 800 * np.exp(-6 * after) * np.sin(2 * np.pi * hz * after)
        )
    return heard


def test_tempo_and_mode_are_heard_in_the_sound(source):
    made = [m for bpm in tempo.ASKED for m in as_made(f"{bpm} bpm", [song(bpm)])]
    made += as_made("major", [song()], "piano in a major key") + as_made(
        "minor", [song()], "piano in D minor"
    )
    real = held_out.in_time(source, held_out.pieces(source), 15.0, 1)
    heard, keys = sound.measure(clicks, made, real, 15.0, 1)
    assert [goal.passed for goal in heard.goals] == [True] * 4
    assert [row["pieces"] for row in heard.rows] == [1, 1, 1, 1, 1]
    assert [row["Albrecht"].value for row in keys.rows] == [1, 0]
    assert sound.measure(clicks, [], [], 15.0, 1) == []
    assert not sound.measure(clicks, as_made("60 bpm", [song(78)]), [], 15.0, 1)[0].goals[0].passed


def test_endings_are_told_apart():
    closed = endings.ending(song())
    assert closed["tonic bass"] == closed["in tonic triad"] == closed["from dominant"] == 1
    assert closed["chord notes"] == 4 and closed["lowest"] == 36
    assert closed["ring"] == closed["key held"] == pytest.approx(14.7 - song().onset_s.max())
    whole = song().rows()
    cut = endings.ending(Notes.from_rows(whole[whole[:, 1] < whole[:, 1].max() - 0.4]))
    assert cut["tonic bass"] == 0 and cut["from dominant"] == 0
    late = whole.copy()
    late[-4:, 1:3] += 1.5
    late[-4:, 3] -= 30
    slower = endings.ending(Notes.from_rows(late))
    assert slower["last gap"] > 2 * closed["last gap"] and slower["velocity drop"] > 20
    assert np.isnan(endings.ending(song(), fixed_velocity=True)["velocity drop"])


def test_the_last_seconds_of_a_piece_end_with_its_ring():
    notes = endings.last(song(100, 40.0), 15.0)
    assert notes.onset_s.min() >= 0 and 11 < notes.onset_s.max() < 15
    assert endings.ending(notes)["ring"] == pytest.approx(endings.ending(song(100, 40.0))["ring"])


def test_endings_beside_real_ones(source):
    made = as_made("nothing asked", [song(90, seconds=16)] * 3) + as_made("asked tempo", [song()] * 3)
    found = goals(endings.measure(made, held_out.pieces(source), 15.0))
    assert len(found) == 6 and all(value for name, value in found.items() if "tonic" in name)


def test_a_copy_is_caught_and_a_new_piece_is_not(source, data):
    rng = np.random.default_rng(4)
    table = song().rows()
    table[:, 0] = rng.integers(40, 80, len(table))
    new = Notes.from_rows(table)
    held = [p for p in held_out.pieces(source) if not p.metrical]
    stranger = [held_out.Piece(**(vars(p) | {"notes": new})) for p in held]
    copied = as_made("nothing asked", [song(110, up=5)]) + as_made("asked tempo", [new])
    sections = memory.measure(copied, stranger, data)
    assert list(goals(sections).values()) == [False, True]
    assert sections[0].rows[0]["longest"] > 40 and sections[0].rows[1]["longest"] < 8
    repetition = {row["setting"]: row["4 notes"].value for row in sections[1].rows}
    assert repetition["nothing asked"] > 0.5 > 0.1 > repetition["asked tempo"]
    assert [s.title for s in memory.measure(copied, stranger, None)] == ["Repetition within a piece"]


def test_texture_of_a_song_and_of_one_voice():
    full, one = texture.texture(song()), texture.texture(_one_voice())
    assert full["both hands"] == 1 and full["one voice"] < 0.3 and full["single"] < 0.6
    assert one["both hands"] == 0 and one["one voice"] == 1 and one["chord"] == one["single"] == 1
    assert full["echo"] > 0.9 > 0.4 > one["echo"]
    assert full["values"] < one["values"] and full["left"] == pytest.approx(0.3, abs=0.1)


def _one_voice() -> Notes:
    rng = np.random.default_rng(7)
    onset = np.cumsum(rng.uniform(0.1, 0.6, 40))
    length = np.append(np.diff(onset), 1.0) * 0.9
    return Notes.from_rows(np.stack([rng.integers(62, 90, 40), onset, onset + length, np.full(40, 70)], 1))


def test_attributes_of_a_piece():
    notes = Notes.from_rows(song().rows(), np.array([[0.0, 1.0], [3.0, 0.0]]))
    found = others.attributes(notes, 15.0)
    assert found["pedal"] == pytest.approx(0.2) and found["loudness"] == 70
    assert found["density"] == len(notes) / 15 and 0.8 < found["articulation"] <= 1


def test_the_beat_of_a_score_is_the_dotted_quarter_in_six_eight(source):
    pieces = held_out.pieces(source)
    found = {e.piece.path: e.beat for e in held_out.in_time(source, pieces, 15.0, 2)}
    assert found["scores/a.mid"] == pytest.approx(100, abs=0.1)
    assert found["scores/b.mid"] == pytest.approx(88, abs=0.1) and "rolls/c.mid" not in found
    assert [e.start_s for e in held_out.excerpts(pieces[0], 15.0, 2)] == pytest.approx([0, 20.4], abs=0.1)
    assert held_out.excerpts(pieces[0], 90.0, 2) == []


def test_the_page_and_the_json_say_the_same():
    rows = [{"setting": "a", "share": share([1, 1, 0, 1]), "x": 0.25, "none": estimate([np.nan])}]
    said = [Section("Part", rows, [Goal("holds", True, "1"), Goal("open", None)], "Words.", ("share",))]
    page = markdown(said)
    assert "| holds | yes | 1 |" in page and "| open | not measured |" in page
    assert "### Part" in page and "| a | 75% [" in page and "| 0.25 | - |" in page
    told = json.loads(json.dumps(as_json(said)))
    assert told[0]["rows"][0]["share"]["value"] == 0.75 and told[0]["rows"][0]["none"]["value"] is None


def test_the_command_measures_everything(tiny_weights, source, data, tmp_path, capsys):
    out = tmp_path / "out.json"
    arguments = ["--weights", str(tiny_weights / "piano-score"), "-n", "2", "--seconds", "3"]
    code = main([*arguments, "--source", str(source), "--data", str(data), "--json", str(out)])
    page, talk = capsys.readouterr()
    assert code == 0 and "held-out" in talk and page.startswith("| goal | met | measured |")
    told = json.loads(out.read_text())
    assert told["n"] == 2 and told["seconds"] == 3
    titles = [section["title"] for section in told["sections"]]
    assert len(titles) == len(PARTS) + 2  # tempo and memory have two sections each
    assert all(f"### {title}" in page for title in titles)


def test_the_command_measures_a_part_without_real_pieces(tiny_weights, capsys):
    code = main(
        ["--weights", str(tiny_weights / "piano-score"), "-n", "1", "--seconds", "2", "--only", "density"]
    )
    page = capsys.readouterr().out
    assert code == 0 and "### Density" in page and "### Tempo" not in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "nowhere"], "manifest.csv"),
        (["--weights", "nobody"], "nobody"),
        (["--only", "memory", "--data", "nowhere"], "train.npz"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_line(
    arguments, words, tiny_weights, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    weights = [] if "--weights" in arguments else ["--weights", str(tiny_weights / "piano-score")]
    code = main([*weights, "-n", "1", "--seconds", "2", *arguments])
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert code in (2, 4) and told.startswith("audiogen:") and words in told


@pytest.mark.parametrize("arguments", [["--only", "tmepo"], ["-n", "0"], ["--processes", "x"]])
def test_wrong_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2 and "error" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_write_the_same_pieces(tiny_weights):
    from audiogen.lab.evaluate.adherence.pieces import write

    wanted = jobs("x", ["piano", "piano at 90 bpm"], 3, 2.0)
    weights = str(tiny_weights / "piano-score")
    alone, together = write(weights, wanted), write(weights, wanted, processes=2)
    for a, b in zip(alone, together, strict=True):
        assert a.job == b.job
        np.testing.assert_array_equal(a.notes.rows(), b.notes.rows())
