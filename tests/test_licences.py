"""What a file says about its licence is what the weights that made it were trained on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.licences import WEIGHTS_FOLDER, known_sources, notice, sources_of

CARDS = sorted(folder for folder in WEIGHTS_FOLDER.iterdir() if folder.is_dir())


def credits(name: str) -> list[dict[str, str]]:
    with open(WEIGHTS_FOLDER / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("folder", CARDS, ids=lambda folder: folder.name)
def test_every_card_names_its_sources(folder: Path) -> None:
    sources = sources_of(folder)
    assert sources and all(source.what and source.by and source.licences and source.url for source in sources)
    for source in sources:
        assert not source.credits or (WEIGHTS_FOLDER / source.credits).exists()


def test_every_source_and_every_file_of_credits_is_of_some_weights() -> None:
    used = {source for folder in CARDS for source in sources_of(folder)}
    assert used == set(known_sources().values())
    named = {source.credits for source in used if source.credits}
    assert named == {file.name for file in WEIGHTS_FOLDER.glob("*-credits.csv")}


@pytest.mark.parametrize(
    ("family", "named"),
    [
        ("piano-*", "player-piano rolls"),
        ("digit-*", "MNIST"),
        ("ambience-*", "recordings of nature"),
        ("picture-*", "emoji"),
    ],
)
def test_weights_of_a_family_name_what_it_is_made_of(family: str, named: str) -> None:
    folders = [folder for folder in CARDS if folder.match(family)]
    assert folders and all(any(named in source.what for source in sources_of(folder)) for folder in folders)


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        ("piano-credits.csv", {"Mutopia Project": "mutopia", "GiantMIDI-Piano": "giantmidi"}),
        ("piano-credits.csv", {"pianolatron-data": "piano-rolls"}),
        ("piano-credits.csv", {"Salamander Grand Piano V3 (subset)": "salamander"}),
    ],
)
def test_the_licences_of_a_source_are_those_of_its_credits(file: str, kinds: dict[str, str]) -> None:
    for set_, name in kinds.items():
        rows = [row for row in credits(file) if row["set"] == set_]
        assert {row["licence"] for row in rows} == set(known_sources()[name].licences)
        assert all(row["attribution"] and row["source"].startswith("https://") for row in rows)


def test_the_licences_of_the_recordings_are_those_of_their_credits() -> None:
    found = {part for row in credits("ambience-credits.csv") for part in row["licence"].split(" or ")}
    assert found == set(known_sources()["nature"].licences)


def test_the_licences_of_the_pictures_are_those_of_their_credits() -> None:
    rows = [row for row in credits("picture-credits.csv") if row["kind"] == "illustration"]
    spelled = {row["licence"].replace("CC-BY-", "CC BY ").replace("CC0-", "CC0 ") for row in rows}
    assert spelled == set(known_sources()["illustrations"].licences)


def test_a_notice_names_each_source_once_and_nothing_else() -> None:
    said = notice((name, WEIGHTS_FOLDER / name) for name in ("piano-score", "piano-flow", "vocoder"))
    for part in (
        "Salamander",
        "Alexander Holm, CC BY 3.0".replace(", ", "; "),
        "CC BY 4.0",
        "piano-credits.csv",
    ):
        assert said.count(part) >= 1, part
    assert said.count("GiantMIDI") == 1 and "MNIST" not in said and "emoji" not in said
    digits = notice([("digit-pixelcnn", WEIGHTS_FOLDER / "digit-pixelcnn")])
    assert "CC BY-SA 3.0" in digits and "Salamander" not in digits


def card(folder: Path, head: str) -> Path:
    (folder / "README.md").write_text(f"---\n{head}\n---\n\n# mine\n")
    return folder


def test_weights_of_others_say_it_in_their_own_card(tmp_path: Path) -> None:
    own = "sources: [{what: My bells, by: Me, licences: [CC0 1.0]}]"
    assert "My bells (Me; CC0 1.0)" in notice([("bells", card(tmp_path, own))])
    assert "(apache-2.0)" in notice([("bells", card(tmp_path, "license: apache-2.0"))])


def test_weights_that_say_nothing_are_not_spoken_for(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# mine\n")
    assert notice([("bells", tmp_path)]) == "Nothing is stated about what bells was trained on."
    assert notice([("unnamed", None)]) == "Nothing is stated about what unnamed was trained on."
    assert notice([]) == "Made without trained weights."


@pytest.mark.parametrize(
    "head", ["sources: [marble]", "sources: [{what: x}]", "sources: [3]", "a: [", "sources: 7"]
)
def test_a_head_that_cannot_be_read_is_named(tmp_path: Path, head: str) -> None:
    with pytest.raises(InvalidRequest, match="README.md"):
        sources_of(card(tmp_path, head))
