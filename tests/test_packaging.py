"""What the package declares is what it imports, and its wheel works far from the sources."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NAMES = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "c2pa": "c2pa-python",
}  # import -> distribution, where they differ
WAITING = {"torchaudio", "transformers"}  # declared for what is to come
EXTRA_OF = {
    "tests": ("dev", "train", "eval", "prompts", "credentials", "cluster"),
    "benchmarks": ("eval", "quantize"),
    "examples": (),
}


def declared() -> dict[str, set[str]]:
    """Distributions by extra, "" for what is always installed."""
    tomllib: Any = pytest.importorskip("tomllib")  # Python 3.11
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: {_name(line) for line in lines} - {"audiogen"} for extra, lines in rows.items()}


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


@functools.cache
def imported(folder: str, everywhere: bool = True) -> set[str]:
    """Distributions that the files of a folder import; `everywhere`: inside functions too."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        nodes: Iterable[ast.AST] = ast.walk(tree) if everywhere else tree.body
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
            elif file.name == "compat.py" and isinstance(node, ast.Constant) and node.value == "diffusers":
                found.add("diffusers")  # imported by its name
    tops = {name.partition(".")[0] for name in found} - set(sys.stdlib_module_names)
    ours = {"audiogen", "tests", "benchmarks"}
    return {NAMES.get(top, top).lower().replace("_", "-") for top in tops - ours}


def test_all_that_is_imported_is_declared() -> None:
    assert not imported("audiogen") - set().union(*declared().values())


def test_all_that_is_declared_is_imported() -> None:
    rows = declared()
    assert not rows[""] - imported("audiogen") - WAITING
    for extra in ("train", "eval", "play"):
        assert not rows[extra] - imported("audiogen"), extra


def test_what_an_extra_brings_is_imported_only_where_it_is_needed() -> None:
    rows = declared()
    page = imported("audiogen/studio", everywhere=False) & rows["ui"]  # that room is the extra
    assert not imported("audiogen", everywhere=False) - rows[""] - page


@pytest.mark.parametrize("folder", EXTRA_OF)
def test_what_tests_benchmarks_and_examples_import_is_declared(folder: str) -> None:
    rows = declared()
    assert not imported(folder) - rows[""].union(*(rows[extra] for extra in EXTRA_OF[folder]))


@pytest.mark.slow
@pytest.mark.weights
def test_the_wheel_makes_a_sound_and_a_picture_outside_the_checkout(tmp_path: Path) -> None:
    """With the packages that are here; `make wheel-test` does the same in an empty environment."""
    pytest.importorskip("setuptools", minversion="77")
    source, wheels, unpacked = tmp_path / "source", tmp_path / "wheels", tmp_path / "unpacked"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for file in (ROOT / "audiogen").rglob("*"):
        target = source / file.relative_to(ROOT)
        if file.is_file() and "__pycache__" not in file.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "-w", str(wheels), str(source)], check=True)
    (wheel,) = wheels.glob("audiogen-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    made = {"piano.wav": "calm piano, 1 s", "cat.png": "a cartoon cat"}
    calls = [["make", words, "--seed", "1", "-o", name] for name, words in made.items()]
    run = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); from audiogen.cli import main; "
        f"sys.exit(max(main(call) for call in {calls!r}))"
    )
    subprocess.run([sys.executable, "-I", "-c", run], check=True, cwd=tmp_path)
    assert all((tmp_path / name).stat().st_size > 10_000 for name in made)
