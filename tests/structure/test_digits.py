"""Stages that draw digits: causality, caching, batches, what is asked, what is seen on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Contour
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.networks.dcgan import GeneratorSizes
from audiogen.networks.digit_unet import UNetSizes
from audiogen.networks.digit_vae import VAESizes
from audiogen.networks.gated_pixelcnn import Canvas, GatedPixelCNN, PixelCNNSizes
from audiogen.stage import Options, Sampling, silent
from audiogen.structure.digits.base import DigitStage
from audiogen.structure.digits.ddpm import DDPMConfig, DDPMStage
from audiogen.structure.digits.fine_pixelcnn import FinePixelCNNConfig, FinePixelCNNStage, large
from audiogen.structure.digits.gan import ConditionalGANStage, DCGANStage, GANConfig, WGANGPStage
from audiogen.structure.digits.pixelcnn import OTHER_DRAFT, Guided, PixelCNNConfig, PixelCNNStage
from audiogen.structure.digits.vae import VAEConfig, VAEStage

SEVEN = Conditioning(path="digit", subject="7")
CACHE_ERROR = 1e-5  # float32 sums in another order
COMPANY_ERROR = 1e-5  # the same, of a batch and of one
TINY = PixelCNNSizes(size=12, patch=1, levels=4, width=8, dilations=(1, 2), head=8)
TINY_BLOCKS = PixelCNNSizes(size=12, patch=2, levels=3, width=8, dilations=(1, 4), head=8)

TINY_FINE = PixelCNNSizes(size=20, patch=2, levels=3, width=8, dilations=(1, 2), head=8, sketched=True)

STAGES: dict[str, DigitStage] = {
    "pixelcnn": PixelCNNStage.from_config(PixelCNNConfig(TINY_BLOCKS), device="cpu"),
    "pixelcnn-64": FinePixelCNNStage.from_config(
        FinePixelCNNConfig(TINY_FINE, sketch=PixelCNNConfig(TINY_BLOCKS)), device="cpu"
    ),
    "dcgan": DCGANStage.from_config(GANConfig(GeneratorSizes(64, 8, 2, 0)), device="cpu"),
    "wgan-gp": WGANGPStage.from_config(GANConfig(GeneratorSizes(28, 8, 4)), device="cpu"),
    "cgan": ConditionalGANStage.from_config(GANConfig(GeneratorSizes(28, 8, 4)), device="cpu"),
    "vae": VAEStage.from_config(VAEConfig(VAESizes(latent=4, hidden=16)), device="cpu"),
    "ddpm": DDPMStage.from_config(DDPMConfig(UNetSizes(width=8, deep=8, condition=8), steps=3), device="cpu"),
}


def shaken(sizes: PixelCNNSizes) -> GatedPixelCNN:
    """A network in which nothing is zero."""
    torch.manual_seed(0)
    network = GatedPixelCNN(sizes)
    for weight in network.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    return network.eval()


@pytest.mark.parametrize("sizes", [TINY, TINY_BLOCKS])
def test_a_symbol_hangs_on_those_before_it_and_on_no_other(sizes: PixelCNNSizes) -> None:
    """There is neither a look ahead nor a blind spot."""
    network = shaken(replace(sizes, dilations=(1, 1, 1, 2, 2, 2)))
    n = sizes.grid
    embedded = network.see(torch.randint(sizes.symbols, (1, n, n))).detach().requires_grad_()
    network.see.register_forward_hook(lambda module, given, made: embedded)
    row, column = n // 2, n // 2
    logits = network(torch.zeros(1, n, n, dtype=torch.int64), torch.tensor([3]))
    (slope,) = torch.autograd.grad(logits[0, row, column].square().sum(), embedded)
    heard = slope[0].abs().sum(-1) > 0
    order = torch.arange(n * n).view(n, n)
    before = order < row * n + column
    assert not heard[~before].any()
    near = (order // n >= row - 2) & ((order % n - column).abs() <= 2)
    assert heard[before & near].all()


@pytest.mark.parametrize("sizes", [TINY, TINY_BLOCKS])
def test_the_cached_canvas_says_what_the_whole_network_says(sizes: PixelCNNSizes) -> None:
    network, labels = shaken(sizes), torch.tensor([2, 9])
    symbols = torch.randint(sizes.symbols, (2, sizes.grid, sizes.grid))
    whole = network(symbols, labels)
    canvas = Canvas(network, labels)
    for row in range(sizes.grid):
        canvas.begin_row(row)
        for column in range(sizes.grid):
            error = (canvas.logits(row, column) - whole[:, row, column]).abs().max()
            assert error < CACHE_ERROR, (row, column)
            canvas.put(row, column, symbols[:, row, column])
    assert torch.equal(canvas.symbols, symbols)


def test_a_large_drawing_is_told_all_of_the_small_one() -> None:
    """The cache says so too; and a place of the sketch is heard where it lies."""
    network, label = shaken(TINY_FINE), torch.tensor([4])
    symbols = torch.randint(TINY_FINE.symbols, (1, 10, 10))
    sketch = torch.rand(1, 12, 12)
    whole = network(symbols, label, sketch)
    canvas = Canvas(network, label, sketch)
    for row in range(10):
        canvas.begin_row(row)
        for column in range(10):
            error = (canvas.logits(row, column) - whole[:, row, column]).abs().max()
            assert error < 10 * CACHE_ERROR, (row, column)
            canvas.put(row, column, symbols[:, row, column])
    sketch[0, 11, 11] = 1 - sketch[0, 11, 11]
    changed = (network(symbols, label, sketch) - whole).abs().amax(-1)[0]
    assert changed[9, 9] > CACHE_ERROR and changed[0, 0] == 0
    with pytest.raises(ValueError, match="smaller drawing"):
        network(symbols, label)


def test_a_large_drawing_has_the_sketch_of_its_seed() -> None:
    stage = STAGES["pixelcnn-64"]
    seen: list[np.ndarray] = []
    stage(SEVEN, SEVEN, Sampling(seed=3), silent, Options(lambda done, total, c: seen.append(c.pixels)))
    small = PixelCNNStage(stage.config.sketch, stage.network.sketch, device="cpu")
    sketch = torch.from_numpy(small(SEVEN, SEVEN, Sampling(seed=3), silent).pixels)[None]
    assert np.array_equal(seen[5], large(sketch, 20)[0].numpy()), (
        "six rows of the sketch, then ten of the other"
    )
    assert {pixels.shape for pixels in seen} == {(20, 20)} and len(seen) == 16


def test_guidance_mixes_the_classes_exactly() -> None:
    """p(symbol | drawn) is the quotient of two sums over classes of p(drawn | y)."""
    network, digits, n = shaken(TINY_BLOCKS), torch.tensor([2, 7]), TINY_BLOCKS.grid
    symbols = torch.randint(TINY_BLOCKS.symbols, (2, n, n))
    classes = torch.arange(10)
    whole = torch.stack([network(row.repeat(10, 1, 1), classes).log_softmax(-1) for row in symbols])
    taken = whole.gather(-1, symbols[:, None, ..., None].expand(-1, 10, -1, -1, 1))[..., 0].flatten(2)
    before = taken.cumsum(-1) - taken  # log p(drawn | y) at every place, [2, 10, n * n]
    anything = (before[..., None] + whole.flatten(2, 3)).logsumexp(1) - before.logsumexp(1)[..., None]
    asked = whole[torch.arange(2), digits].flatten(1, 2)
    wanted = anything + 2.5 * (asked - anything)
    pen = Guided(network, digits, 2.5)
    for row in range(n):
        pen.begin_row(row)
        for column in range(n):
            made = pen.logits(row, column)
            assert (made - wanted[:, row * n + column]).abs().max() < 10 * CACHE_ERROR, (row, column)
            pen.put(row, column, symbols[:, row, column])


def test_of_several_drafts_the_plainest_is_given() -> None:
    network, seven = shaken(TINY_BLOCKS), torch.tensor([7])
    config = PixelCNNConfig(TINY_BLOCKS, guidance=3.0)
    drafts, plain = [], []
    for k in range(3):
        ink = PixelCNNStage(config, network, device="cpu").draw(seven, [5 + OTHER_DRAFT * k], Sampling())
        symbols = network.to_symbols(ink).repeat(10, 1, 1)
        chances = network(symbols, torch.arange(10)).log_softmax(-1)
        foretold = chances.gather(-1, symbols[..., None]).sum((1, 2, 3)).tolist()
        drafts.append(ink)
        plain.append(foretold.pop(7) - max(foretold))
    seen: list[torch.Tensor] = []
    stage = PixelCNNStage(replace(config, drafts=3), network, device="cpu")
    made = stage.draw(seven, [5], Sampling(), seen=lambda done, total, ink: seen.append(ink))
    assert torch.equal(made, drafts[int(np.argmax(plain))]) and len(set(plain)) == 3
    assert torch.equal(seen[-1], made) and len(seen) == 6
    for wrong in ({"drafts": 2, "guidance": 1.0}, {"drafts": 0}):
        with pytest.raises(InvalidRequest, match="drafts"):
            PixelCNNConfig(**wrong)


@pytest.mark.parametrize("guidance, drafts", [(1.0, 1), (3.0, 1), (3.0, 2)])
def test_a_guided_digit_is_the_same_in_any_company(guidance: float, drafts: int) -> None:
    config = PixelCNNConfig(TINY_BLOCKS, guidance=guidance, drafts=drafts)
    stage = PixelCNNStage(config, shaken(TINY_BLOCKS), device="cpu")
    together = stage.draw(torch.tensor([1, 2, 3]), [5, 6, 7], Sampling())
    assert torch.equal(together[1], stage.draw(torch.tensor([2]), [6], Sampling())[0])


@pytest.mark.parametrize("sizes", [TINY, TINY_BLOCKS, PixelCNNSizes(size=9, patch=3, levels=2, width=8)])
def test_symbols_hold_every_grey_level(sizes: PixelCNNSizes) -> None:
    network = GatedPixelCNN(sizes)
    levels = torch.randint(sizes.levels, (3, sizes.size, sizes.size))
    ink = levels.float() / (sizes.levels - 1)
    symbols = network.to_symbols(ink)
    assert symbols.min() >= 0 and symbols.max() < sizes.symbols
    assert torch.allclose(network.to_ink(symbols), ink)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_gives_a_contour_that_belongs_to_its_seed(name: str) -> None:
    stage = STAGES[name]
    made = stage(SEVEN, SEVEN, Sampling(seed=3), silent)
    assert isinstance(made, Contour) and made.asked == SEVEN
    assert made.pixels.dtype == np.float32 and made.pixels.shape[0] == made.pixels.shape[1]
    assert made.pixels.min() >= 0 and made.pixels.max() <= 1
    again = stage(SEVEN, SEVEN, Sampling(seed=3), silent)
    other = stage(SEVEN, SEVEN, Sampling(seed=4), silent)
    assert np.array_equal(made.pixels, again.pixels)
    assert not np.array_equal(made.pixels, other.pixels)


@pytest.mark.parametrize("name", STAGES)
def test_a_digit_is_the_same_in_any_company(name: str) -> None:
    stage = STAGES[name]
    together = stage.draw(torch.tensor([1, 2, 3]), [5, 6, 7], Sampling())
    alone = stage.draw(torch.tensor([2]), [6], Sampling())
    assert (together[1] - alone[0]).abs().max() < COMPANY_ERROR


def test_noise_on_the_way_is_that_of_the_digit() -> None:
    stage = DDPMStage(replace(STAGES["ddpm"].config, scheduler="ddpm"), STAGES["ddpm"].network, device="cpu")
    together = stage.draw(torch.tensor([1, 2]), [5, 6], Sampling())
    alone = stage.draw(torch.tensor([2]), [6], Sampling())
    assert (together[1] - alone[0]).abs().max() < COMPANY_ERROR


@pytest.mark.parametrize("name", STAGES)
def test_what_is_seen_on_the_way_ends_with_the_result(name: str) -> None:
    seen: list[tuple[int, int, Contour]] = []
    steps: list[tuple[int, int]] = []

    def progress(stage: str, step: int, total: int) -> bool:
        steps.append((step, total))
        return True

    made = STAGES[name](SEVEN, SEVEN, Sampling(), progress, Options(lambda *row: seen.append(row)))
    total = steps[-1][1]
    assert [step for step, _ in steps] == list(range(total + 1))
    assert [done for done, _, _ in seen] == list(range(1, total + 1))
    assert np.array_equal(seen[-1][2].pixels, made.pixels)


def test_rows_of_a_pixelcnn_appear_one_after_the_other() -> None:
    seen: list[np.ndarray] = []
    STAGES["pixelcnn"](
        SEVEN, SEVEN, Sampling(), silent, Options(lambda done, total, c: seen.append(c.pixels))
    )
    for done, pixels in enumerate(seen, 1):
        assert not pixels[2 * done :].any()
        assert np.array_equal(pixels[: 2 * done], seen[-1][: 2 * done])


def test_a_cancelled_drawing_stops() -> None:
    with pytest.raises(Cancelled):
        STAGES["pixelcnn"](SEVEN, SEVEN, Sampling(), lambda stage, step, total: step < 2)


def test_what_is_no_digit_is_refused_by_those_that_hear() -> None:
    for subject, words in ((None, "No digit"), ("12", "no digit"), ("cat", "no digit")):
        asked = Conditioning(path="digit", subject=subject)
        with pytest.raises(InvalidRequest, match=words):
            STAGES["cgan"](asked, asked, Sampling(), silent)
    anything: Any = Conditioning(path="digit")
    assert STAGES["dcgan"](anything, anything, Sampling(), silent).pixels.shape == (64, 64)


def test_colder_noise_is_nearer_to_the_middle() -> None:
    stage = STAGES["cgan"]
    digits, seeds = torch.full((20,), 4), list(range(20))
    warm = stage.draw(digits, seeds, Sampling()).var(0).sum()
    cold = stage.draw(digits, seeds, Sampling(temperature=0.3)).var(0).sum()
    assert cold < warm


def test_guidance_of_one_asks_the_network_once() -> None:
    stage = STAGES["ddpm"]
    calls: list[int] = []
    hook = stage.network.register_forward_pre_hook(lambda *a: calls.append(1))
    try:
        for guidance, wanted in ((2.0, 2), (1.0, 1)):
            calls.clear()
            config = replace(stage.config, guidance=guidance, steps=1)
            DDPMStage(config, stage.network, device="cpu").draw(torch.tensor([1]), [1], Sampling())
            assert len(calls) == wanted
    finally:
        hook.remove()
