"""torchaudio in every state that users have it in; each state is a small package of that behaviour."""

from __future__ import annotations

import sys

import pytest

from audiogen import compat
from audiogen.errors import MissingPackage

BROKEN = "raise OSError('libcudart.so.13: cannot open shared object file')"
INIT = "from . import _extension, functional\n__version__ = '9.9'"
FUNCTIONAL = """
from torchaudio._extension import _IS_TORCHAUDIO_EXT_AVAILABLE, fail_if_no_align

@fail_if_no_align
def forced_align():
    return "aligned"
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a torchaudio of the given files; nothing of the real one is left in sys.modules."""

    def write(**files: str) -> None:
        folder = tmp_path / "torchaudio"
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)

    kept = {n: m for n, m in sys.modules.items() if n.split(".")[0] == "torchaudio"}
    for name in kept:
        del sys.modules[name]
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(compat, "_settled", None)
    yield write
    compat._forget()
    sys.modules.update(kept)


def test_native(package):
    package(__init__="__version__ = '9.9'")
    assert compat.ensure_torchaudio() == compat.TorchaudioState("native")


@pytest.mark.parametrize("kind", ["OSError", "RuntimeError", "ImportError"])
def test_a_broken_compiled_part_is_left_out(package, kind):
    package(__init__=INIT, functional=FUNCTIONAL, _extension=f"raise {kind}('built for CUDA 13.0')")
    state = compat.ensure_torchaudio()
    assert state == compat.TorchaudioState("pure-python", f"{kind}: built for CUDA 13.0")
    import torchaudio

    assert torchaudio.__version__ == "9.9"
    assert torchaudio.functional._IS_TORCHAUDIO_EXT_AVAILABLE is False
    with pytest.raises(RuntimeError, match="forced_align needs the compiled part"):
        torchaudio.functional.forced_align()


def test_what_cannot_be_saved_is_hidden(package):
    package(__init__=f"import sys\n{BROKEN}")
    state = compat.ensure_torchaudio()
    assert state.state == "hidden"
    assert state.reason.count("libcudart") == 2
    with pytest.raises(ImportError):
        import torchaudio  # noqa: F401
    assert "torchaudio._extension" not in sys.modules


def test_absent(package):
    assert compat.ensure_torchaudio() == compat.TorchaudioState("absent", "not installed")


def test_a_missing_part_of_torchaudio_is_not_absent(package):
    package(__init__="import a_module_that_nobody_has")
    assert compat.ensure_torchaudio().state == "hidden"


def test_the_first_answer_holds(package):
    assert compat.ensure_torchaudio().state == "absent"
    package(__init__="")
    assert compat.ensure_torchaudio().state == "absent"


def test_a_missing_package_is_named(package, monkeypatch):
    monkeypatch.delitem(sys.modules, "diffusers", raising=False)
    with pytest.raises(MissingPackage, match="needs diffusers"):
        compat.import_diffusers()


def test_import_passes_through_torchaudio(package, tmp_path, monkeypatch):
    (tmp_path / "transformers.py").write_text("import sys\nseen = 'torchaudio' in sys.modules")
    monkeypatch.setitem(sys.modules, "transformers", None)  # so that what is imported now is gone afterwards
    del sys.modules["transformers"]
    package(__init__=INIT, functional=FUNCTIONAL, _extension=BROKEN)
    assert compat.import_transformers().seen
