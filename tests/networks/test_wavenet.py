"""The network sees the past only, all of it, and the same through a crop; attributes are heard."""

from __future__ import annotations

import pytest
import torch

from audiogen.networks.wavenet import Wavenet, WavenetConfig

TWO_CLOCKS = WavenetConfig(
    width=8, skip=8, dilations=(1, 2, 4), block=4, slow_width=8, slow_dilations=(1, 2, 4)
)
PLAIN = WavenetConfig(width=8, skip=8, dilations=(1, 2, 4), block=4, slow_dilations=())
CONFIGS = pytest.mark.parametrize("config", [TWO_CLOCKS, PLAIN], ids=["two clocks", "plain"])
NOTHING_ASKED = torch.zeros(1, 6)


def network(config: WavenetConfig) -> Wavenet:
    torch.manual_seed(0)
    return Wavenet(config).eval()


def codes(length: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (1, length), generator=torch.Generator().manual_seed(seed))


def expected(length: int, centre: float = 128.0) -> torch.Tensor:
    """A predictor that always says the same: here the network's own memory is looked at."""
    return torch.tensor([centre, 0.0, 1.0]).expand(1, length, 3)


def mixture(net: Wavenet, heard: torch.Tensor, start: int = 0) -> torch.Tensor:
    return net(heard, expected(heard.shape[1]), NOTHING_ASKED, start)


@CONFIGS
@torch.no_grad()
def test_a_code_changes_what_follows_and_nothing_before(config):
    net, heard = network(config), codes(64)
    changed = heard.clone()
    changed[0, 30] = (heard[0, 30] + 100) % 256
    difference = (mixture(net, heard) - mixture(net, changed)).abs().amax((2, 3))[0]
    assert (difference[:31] == 0).all()
    assert difference[31] > 1e-4


@CONFIGS
@torch.no_grad()
def test_memory_is_as_long_as_the_config_says(config):
    """Counted from a block's first sample: the slow clock hears whole blocks."""
    net, start = network(config).double(), 64
    heard = codes(start + config.block)

    def difference(back: int) -> float:
        changed = heard.clone()
        changed[0, start - back] = (heard[0, start - back] + 100) % 256
        near, told = expected(heard.shape[1]).double(), NOTHING_ASKED.double()
        raw: list[torch.Tensor] = []
        hook = net.mixture.register_forward_hook(lambda module, inputs, output: raw.append(output))
        for row in (heard, changed):
            net(row, near, told)
        hook.remove()
        return float((raw[0] - raw[1])[0, start].abs().max())

    assert difference(config.reach) > 0
    assert difference(config.reach + 1) == 0


@CONFIGS
@torch.no_grad()
def test_the_last_part_alone_is_as_in_the_whole(config):
    net, heard = network(config), codes(96)
    part = net(heard, expected(96 - net.first_heard(64)), NOTHING_ASKED, 64)
    torch.testing.assert_close(part, mixture(net, heard)[:, 64:])


@CONFIGS
@torch.no_grad()
def test_attributes_are_heard(config):
    net, heard = network(config), codes(32)
    asked = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]])
    difference = net(heard, expected(32), asked) - mixture(net, heard)
    assert difference.abs().max() > 1e-4


@torch.no_grad()
def test_the_mixture_lies_around_what_the_predictor_expects():
    """Moved by 20 codes, the means move by 20 and little more; a larger error widens every scale."""
    net, heard = network(TWO_CLOCKS), codes(32)
    before = mixture(net, heard)
    after = net(heard, expected(32, 148.0), NOTHING_ASKED)
    torch.testing.assert_close(
        after[..., 1, :] - before[..., 1, :], torch.full((1, 32, 5), 20.0), atol=3, rtol=0
    )
    unsure = torch.tensor([128.0, 0.0, 2.0]).expand(1, 32, 3)
    wider = net(heard, unsure, NOTHING_ASKED)[..., 2, :] - before[..., 2, :]
    assert ((wider > 0.5) | (wider == 0)).all()  # 0 where the scale is at its limit
    assert wider.mean() > 0.5


def test_the_default_size_fits_two_megabytes_and_remembers_a_second():
    net = Wavenet(WavenetConfig())
    assert 2 * sum(p.numel() for p in net.parameters()) < 2_000_000
    assert net.config.reach > 16_000
