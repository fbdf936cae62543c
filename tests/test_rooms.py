"""The rooms of the house: who may import whom, read from the source with ast.

A room is a folder of the package (in the workshop `lab`, a folder of it), or a module beside them. Imports
inside functions count as well; those under `if TYPE_CHECKING:` do not. To let a room import another, add the
edge here and say in the pull request why the house needs it.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import audiogen

PACKAGE = Path(audiogen.__file__).parent

BASE = {"audiogen", "errors", "rows", "memory"}  # `audiogen` itself: its version
SEAM = {"artifacts", "stage"} | BASE
STAGE = SEAM | {"media", "networks", "sampling", "pretrained", "conditions"}
ALLOWED: dict[str, set[str]] = {
    "audiogen": set(),
    "errors": set(),
    "rows": {"errors"},
    "compat": BASE,
    "calibration": BASE | {"media"},
    "native": set(),  # loops as machine code
    "memory": set(),
    "media": BASE | {"native"},
    "plugins": BASE,
    "kinds": BASE | {"plugins", "media"},
    "artifacts": BASE | {"media", "kinds"},
    "stage": BASE | {"artifacts"},
    "conditions": BASE | {"artifacts"},
    "prompt": BASE | {"artifacts", "media"},  # the names of colours
    "registry": SEAM | {"plugins", "kinds"},
    "hub": STAGE | {"kinds", "registry", "compat", "licences"},  # pretrained models as stages
    "pipeline": SEAM | {"kinds", "registry", "request", "making"},  # the engine with stages of one's own
    "weight_files": BASE,
    "pretrained": BASE | {"registry", "weight_files", "calibration"},
    "recipe": BASE,
    "licences": BASE,
    "networks": {"errors", "media"},
    "sampling": {"errors", "media", "memory", "compat", "native"},  # the schedulers of diffusers
    "structure": STAGE,
    "decoder": STAGE,
    "render": STAGE | {"native"},
    "request": SEAM | {"kinds", "media", "registry", "hub"},
    "origin": BASE,
    "provenance": SEAM | {"origin", "licences", "media", "registry", "request", "hub"},
    "scenery": {"media", "prompt"},  # places and weather as pixels
    "making": SEAM
    | {"origin", "kinds", "media", "prompt", "registry", "request", "provenance", "hub", "scenery"},
    "story": SEAM
    | {"origin", "media", "making", "prompt", "registry", "request", "provenance", "hub", "scenery"},
    # the word list of the prompt is written from the vocabulary of the pictures
    "lab": BASE,
    "lab.data": SEAM | {"media", "pretrained", "recipe", "sampling", "structure", "prompt"},
    "lab.evaluate": STAGE
    | {"pipeline", "registry", "structure", "decoder", "render", "lab.data", "prompt", "ranking"}
    | {"story", "making", "hub", "compat"},  # stories, and judges of the user's
    "ranking": SEAM  # of the hub: CLIP and CLAP
    | {"hub", "kinds", "media", "structure", "networks", "pretrained", "registry", "request", "making"},
    "lab.train": STAGE
    | {
        "structure",
        "decoder",
        "render",
        "registry",
        "pipeline",
        "recipe",
        "lab.data",
        "lab.evaluate",
        "ranking",
        "weight_files",
    }
    | {"hub", "compat"},  # a LoRA is trained within a pretrained model
    "listen": BASE | {"media"},
    # the page and the HTTP calls: the engine, as the command line has it
    "studio": SEAM
    | {"media", "making", "prompt", "request", "provenance", "kinds", "registry", "ranking", "story"},
    "cli": SEAM
    | {
        "calibration",
        "media",
        "making",
        "prompt",
        "request",
        "provenance",
        "kinds",
        "licences",
        "registry",
        "pretrained",
        "compat",
        "recipe",
        "lab.train",
        "lab.data",
        "hub",
        "story",
        "origin",
    }
    | {"lab.evaluate", "structure", "decoder", "render", "listen", "ranking", "studio"},
}
HEAVY = {"torch", "transformers", "diffusers", "torchaudio", "librosa", "matplotlib", "scipy", "accelerate"}
HEAVY |= {"gradio"}
LIGHT_ROOMS = ("audiogen", "errors", "compat", "artifacts", "stage", "registry", "prompt", "recipe")
# all that --help and explain pass through
LIGHT_ROOMS += ("plugins", "kinds", "pipeline", "making", "request", "provenance", "cli", "story")


def room_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).parts
    if parts == ("__init__.py",):
        return "audiogen"
    if parts[0] == "lab" and len(parts) > 2:
        return f"lab.{parts[1]}"
    return parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


def imports(tree: ast.Module) -> list[tuple[str, ast.stmt]]:
    """(full module name, statement) of every import that happens at run time."""
    found: list[tuple[str, ast.stmt]] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, child) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, "absolute imports only"
                base = child.module or ""
                names = [f"{base}.{alias.name}" for alias in child.names] if base == "audiogen" else [base]
                found.extend((name, child) for name in names)
            visit(child)

    visit(tree)
    return found


def rooms_imported(file: Path) -> set[str]:
    found = set()
    for name, _ in imports(ast.parse(file.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] == "audiogen":
            inside = (
                len(parts) > 1 and (PACKAGE / parts[1]).exists() or (PACKAGE / f"{parts[-1]}.py").exists()
            )
            room = parts[1] if len(parts) > 1 and inside else "audiogen"
            found.add(f"lab.{parts[2]}" if room == "lab" and len(parts) > 2 else room)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_only_what_its_room_may(file):
    room = room_of(file)
    assert room in ALLOWED, f"{room} is a new room: give it a line in ALLOWED"
    too_far = rooms_imported(file) - ALLOWED[room] - {room}
    assert not too_far, f"{room} may not import {', '.join(sorted(too_far))}"


def test_stages_do_not_import_each_other():
    for room in ("structure", "decoder", "render"):
        others = {"structure", "decoder", "render", "lab.train", "cli", "lab.data", "lab.evaluate"} - {room}
        assert not ALLOWED[room] & others


def test_inference_never_imports_training():
    reachable, todo = set(), {"making"}
    while todo:
        room = todo.pop()
        reachable.add(room)
        todo |= ALLOWED[room] - reachable
    assert not reachable & {"lab.train", "lab.data", "lab.evaluate", "cli"}


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_light_rooms_import_nothing_heavy_at_the_top(room):
    for file in FILES:
        if room_of(file) == room:
            assert not {name.split(".")[0] for name in _at_the_top(file)} & HEAVY, file


def test_nothing_that_makes_imports_slow_libraries_at_the_top():
    """Half of torch's own time, for one function each."""
    for file in FILES:
        if not room_of(file).startswith("lab"):
            assert not _at_the_top(file) & {"scipy.signal", "scipy.stats", "scipy.optimize"}, file


def _at_the_top(file: Path) -> set[str]:
    """The modules that are imported as soon as this one is."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {name for name, _ in imports(ast.Module([n for n in tree.body if not _is_body(n)], []))}


def _is_body(node: ast.stmt) -> bool:
    """A function or class, whose imports happen later."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def test_the_table_has_no_room_that_does_not_exist():
    assert set(ALLOWED) - {room_of(f) for f in FILES} <= {"recipe"}


def test_transformers_and_diffusers_come_through_compat():
    for file in FILES:
        names = {name.split(".")[0] for name, _ in imports(ast.parse(file.read_text(encoding="utf-8")))}
        assert room_of(file) == "compat" or not names & {"transformers", "diffusers"}, file


def test_the_reader_sees_what_it_should(tmp_path):
    """The checks above look through functions, and not into TYPE_CHECKING blocks."""
    tree = ast.parse(
        "import torch\nfrom audiogen import compat\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import scipy\ndef f():\n    from audiogen.media import files\n"
    )
    names = [name for name, _ in imports(tree)]
    assert names == ["torch", "audiogen.compat", "typing", "audiogen.media"]
