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


@CONFIGS
@torch.no_grad()
def test_a_code_changes_what_follows_and_nothing_before(config):
    net, heard = network(config), codes(64)
    changed = heard.clone()
    changed[0, 30] = (heard[0, 30] + 100) % 256
    difference = (net(heard, NOTHING_ASKED) - net(changed, NOTHING_ASKED)).abs().amax(-1)[0]
    assert (difference[:31] == 0).all()
    assert difference[31] > 1e-3


@CONFIGS
@torch.no_grad()
def test_memory_is_as_long_as_the_config_says(config):
    """Counted from a block's first sample: the slow clock hears whole blocks."""
    net, start = network(config), 64
    heard = codes(start + config.block)

    def difference(back: int) -> float:
        changed = heard.clone()
        changed[0, start - back] = (heard[0, start - back] + 100) % 256
        pair = [net(row, NOTHING_ASKED)[0, start] for row in (heard, changed)]
        return float((pair[0] - pair[1]).abs().max())

    assert difference(config.reach) > 0
    assert difference(config.reach + 1) == 0


@CONFIGS
@torch.no_grad()
def test_the_last_part_alone_is_as_in_the_whole(config):
    net, heard = network(config), codes(96)
    whole, part = net(heard, NOTHING_ASKED), net(heard, NOTHING_ASKED, 64)
    torch.testing.assert_close(part, whole[:, 64:])


@CONFIGS
@torch.no_grad()
def test_attributes_are_heard(config):
    net, heard = network(config), codes(32)
    asked = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]])
    assert (net(heard, asked) - net(heard, NOTHING_ASKED)).abs().max() > 1e-3


def test_the_default_size_fits_two_megabytes_and_remembers_a_second():
    net = Wavenet(WavenetConfig())
    assert 2 * sum(p.numel() for p in net.parameters()) < 2_000_000
    assert net.config.reach > 16_000
