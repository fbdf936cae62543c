"""The network sees the past only, all of it, and the same through a crop; it is told what is expected."""

from __future__ import annotations

import math

import pytest
import torch

from audiogen.networks.wavenet import Wavenet, WavenetConfig

TWO_CLOCKS = WavenetConfig(
    width=8, skip=8, dilations=(1, 2, 4), block=4, slow_width=8, slow_dilations=(1, 2, 4), roll=3
)
PLAIN = WavenetConfig(width=8, skip=8, dilations=(1, 2, 4), block=4, slow_dilations=())
CONFIGS = pytest.mark.parametrize("config", [TWO_CLOCKS, PLAIN], ids=["two clocks", "plain"])


def network(config: WavenetConfig) -> Wavenet:
    torch.manual_seed(0)
    return Wavenet(config).eval()


def codes(length: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (1, length), generator=torch.Generator().manual_seed(seed))


def expected(length: int, amplitude: float = 0.1, level: float = 0.3) -> torch.Tensor:
    """The same throughout."""
    return torch.tensor([amplitude, level, 0.2, -0.1]).expand(1, length, 4)


def silent_roll(length: int) -> torch.Tensor:
    return torch.zeros(1, length // 4, 3)


def mixture(net: Wavenet, heard: torch.Tensor, start: int = 0) -> torch.Tensor:
    return net(heard, expected(heard.shape[1]), silent_roll(heard.shape[1]), start)


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
        near, told = expected(heard.shape[1]).double(), silent_roll(heard.shape[1]).double()
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
    part = mixture(net, heard, 64)
    torch.testing.assert_close(part, mixture(net, heard)[:, 64:])


@torch.no_grad()
def test_the_notes_of_a_block_are_heard_from_its_first_sample():
    net, heard = network(TWO_CLOCKS), codes(32)
    roll = silent_roll(32)
    roll[0, 3] = 1.0
    difference = (net(heard, expected(32), roll) - mixture(net, heard)).abs().amax((2, 3))[0]
    assert (difference[:12] == 0).all()
    assert difference[12] > 1e-5


@CONFIGS
@torch.no_grad()
def test_the_mixture_lies_around_what_is_expected_and_is_as_wide_as_it_is_loud(config):
    """An untrained network plays what it is told, with noise in proportion."""
    net, heard = network(config), codes(32)
    soft, loud = (net(heard, expected(32, level * 0.5, level), silent_roll(32)) for level in (0.01, 0.1))
    assert (soft[..., 1, :] - 0.005).abs().max() < 0.5 * 0.01
    assert (loud[..., 1, :] - 0.05).abs().max() < 0.5 * 0.1
    assert (loud[..., 2, :] - soft[..., 2, :]).mean().item() == pytest.approx(math.log(10), abs=0.3)


def test_the_default_size_fits_one_megabyte_in_int8_and_remembers_a_quarter_of_a_second():
    net = Wavenet(WavenetConfig())
    assert sum(p.numel() for p in net.parameters()) < 1_000_000
    assert net.config.reach > 4_000
