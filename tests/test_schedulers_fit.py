"""Which decoder takes which scheduler, and which weights some steps pick: known before any is loaded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audiogen import registry
from audiogen.errors import InvalidRequest
from audiogen.making import make, understand
from audiogen.request import Request
from audiogen.stage import Sampling


@pytest.mark.parametrize(
    ("words", "decoder", "scheduler", "fitting"),
    [
        ("calm piano, 2 s", None, "ddim", "euler, heun, midpoint"),
        ("rain, 2 s", "flow", "ddpm", r"euler, heun, midpoint, dpm-solver\+\+"),
        ("rain, 2 s", "diffusion", "heun", r"ddpm, ddim, dpm-solver\+\+, euler, euler-ancestral"),
    ],
)
def test_a_scheduler_that_does_not_fit_is_refused_before_anything_is_loaded(
    words: str,
    decoder: str | None,
    scheduler: str,
    fitting: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tmp_path)  # no weights: loading would be another error
    with pytest.raises(InvalidRequest, match=f"no scheduler '{re.escape(scheduler)}'; it has: {fitting}"):
        understand(Request(words, decoder=decoder, sampling=Sampling(scheduler=scheduler)))


def test_schedulers_that_fit_are_taken() -> None:
    for name in registry.FAMILIES["diffusion"]:
        plan = understand(Request("rain, 2 s", decoder="diffusion", sampling=Sampling(scheduler=name)))
        assert plan.stages["decoder"] == "diffusion"


@pytest.mark.parametrize(
    ("sampling", "few"),
    [
        (Sampling(), False),
        (Sampling(steps=1), True),
        (Sampling(steps=2, scheduler="euler"), True),
        (Sampling(steps=3), False),
        (Sampling(steps=2, guidance=4.0), False),  # distilled weights have one guidance built in
        (Sampling(steps=2, scheduler="heun"), False),
    ],
)
def test_one_or_two_steps_pick_the_distilled_weights(sampling: Sampling, few: bool) -> None:
    assert sampling.few == few
    name = registry.weights_for("flow", "ambience", sampling.few)
    assert name == ("ambience-few" if few else "ambience-flow")
    assert registry.weights_for("flow", "piano", sampling.few) == "piano-flow"
    assert registry.weights_for("vocoder", "ambience", sampling.few) == "vocoder"


def test_the_recipe_names_the_weights_that_were_used(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tiny_weights)
    names = []
    for steps, decoder in ((2, "flow"), (3, "flow"), (2, "diffusion")):
        asked = Request("rain, 1 s", structure="none", decoder=decoder, sampling=Sampling(steps=steps))
        (take,) = make(asked)
        names.append(take.recipe["weights"][decoder]["name"])
    assert names == ["ambience-few", "ambience-flow", "ambience-diffusion"]
