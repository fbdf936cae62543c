"""The way to Transkun, against a stand-in of its package: the same names, a network of one weight."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.errors import MissingPackage
from audiogen.lab.evaluate.transkun import transkun

# what moduleconf makes of a configuration, and the network that it names
MODULECONF = """
import importlib, json
from types import SimpleNamespace

def parseFromFile(path):
    rows = json.load(open(path))
    return {
        name: SimpleNamespace(
            module=importlib.import_module(of["module"]), config=SimpleNamespace(**of["config"])
        )
        for name, of in rows.items()
    }
"""
MODEL = """
from types import SimpleNamespace
import torch

class TransKun(torch.nn.Module):
    def __init__(self, conf):
        super().__init__()
        self.fs = conf.fs
        self.pitch = torch.nn.Parameter(torch.zeros(()))

    def transcribe(self, x, stepInSecond=None, segmentSizeInSecond=None, discardSecondHalf=False):
        assert x.dtype == torch.float32 and x.shape[1] == 2, "samples first, two channels"
        assert not self.training and not torch.is_grad_enabled() and not discardSecondHalf
        loud = (x.abs().amax(1) > 0.4).nonzero()[:, 0] / self.fs  # of 0.5, whatever the level was
        heard = [SimpleNamespace(pitch=round(float(self.pitch)), start=float(s)) for s in loud]
        return [*heard[::-1], SimpleNamespace(pitch=-64, start=0.0)]  # the pedal, as it writes it
"""
CONF = '{"Model": {"module": "transkun.model", "config": {"fs": 44100}}}'


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "transkun"
    (package / "pretrained").mkdir(parents=True)
    (tmp_path / "moduleconf.py").write_text(MODULECONF)
    (package / "model.py").write_text(MODEL)
    for folder in (package, package / "pretrained"):
        (folder / "__init__.py").touch()
    (package / "pretrained" / "2.0.conf").write_text(CONF)
    torch.save({"best_state_dict": {"pitch": torch.tensor(60.0)}}, package / "pretrained" / "2.0.pt")
    for name in [name for name in sys.modules if name.split(".")[0] in ("transkun", "moduleconf")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.split(".")[0] in ("transkun", "moduleconf")]:
        del sys.modules[name]


@pytest.mark.parametrize("level", [0.01, 0.9])
def test_notes_are_heard_in_order_at_any_level_and_pedals_left_out(installed: Path, level: float) -> None:
    samples = np.zeros((2, 44_100))
    samples[:, [4_410, 22_050]] = level
    np.testing.assert_allclose(transkun()(samples), [[60, 0.1], [60, 0.5]])


def test_silence_has_no_notes(installed: Path) -> None:
    assert transkun()(np.zeros((2, 44_100))).shape == (0, 2)


def test_weights_of_the_last_step_serve_where_there_is_no_best(installed: Path) -> None:
    torch.save({"state_dict": {"pitch": torch.tensor(72.0)}}, installed / "pretrained" / "2.0.pt")
    samples = np.ones((2, 1))
    np.testing.assert_allclose(transkun()(samples), [[72, 0]])


def test_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moduleconf", None)
    with pytest.raises(MissingPackage, match=r"pip install 'audiogen\[transkun\]'"):
        transkun()
