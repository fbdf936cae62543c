"""The event transformer: cached decoding equals the full pass, nothing sees the future or a neighbour."""

from __future__ import annotations

import pytest
import torch

from audiogen.networks.score_transformer import KVCache, ScoreTransformer, ScoreTransformerConfig

CONFIG = ScoreTransformerConfig(
    vocabulary=40,
    fields=(3, 5, 4),
    width=32,
    layers=2,
    heads=2,
    hidden=48,
    head_hidden=16,
    context=24,
    trace_input=1,
    trace_first=10,
    trace_size=20,
)
ROUNDING = 2e-5  # float32, other order of summation


@pytest.fixture
def network() -> ScoreTransformer:
    torch.manual_seed(0)
    net = ScoreTransformer(CONFIG).eval()
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return net


def codes(n: int = 12, batch: int = 2) -> torch.Tensor:
    return torch.randint(0, CONFIG.vocabulary, (batch, n, 3), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_cached_steps_equal_the_full_pass(network: ScoreTransformer) -> None:
    inputs = codes()
    full = network.trunk(inputs)
    cache = KVCache(CONFIG, batch=2)
    first = network.step(inputs[:, :5], cache)
    rest = [network.step(inputs[:, i : i + 1], cache) for i in range(5, 12)]
    torch.testing.assert_close(torch.cat([first, *rest], 1), full, atol=ROUNDING, rtol=ROUNDING)
    assert cache.length == 12


@torch.no_grad()
def test_traces_fade_by_their_decay(network: ScoreTransformer) -> None:
    seen: list[torch.Tensor] = []
    network.traces.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    inputs = torch.zeros(1, 4, 3, dtype=torch.long)
    inputs[0, 1, 1] = 13  # code 3 of the traces, once
    network.trunk(inputs)
    left = seen[0].expm1().view(4, len(CONFIG.trace_decays), CONFIG.trace_size)
    assert left[0].abs().max() == 0
    for rate, values in zip(CONFIG.trace_decays, left[1:, :, 3].T, strict=True):
        torch.testing.assert_close(values, torch.tensor([1.0, rate, rate**2]))


def test_no_position_sees_the_future(network: ScoreTransformer) -> None:
    inputs = codes(batch=1)
    inputs[0, 7, 1] = 12
    changed = inputs.clone()
    changed[0, 7] = (changed[0, 7] + 1) % CONFIG.vocabulary
    difference = (network.trunk(inputs) - network.trunk(changed)).abs().amax(-1)[0]
    assert difference[:7].max() == 0 and difference[7:].min() > 0


@torch.no_grad()
def test_packed_windows_equal_each_alone(network: ScoreTransformer) -> None:
    inputs = codes(batch=1)
    owner = torch.tensor([[0] * 5 + [1] * 7])
    positions = torch.tensor([[*range(5), *range(7)]])
    mask = (owner[:, :, None] == owner[:, None, :]) & torch.ones(12, 12, dtype=torch.bool).tril()
    packed = network.trunk(inputs, positions, mask)
    alone = torch.cat([network.trunk(inputs[:, :5]), network.trunk(inputs[:, 5:])], 1)
    torch.testing.assert_close(packed, alone, atol=ROUNDING, rtol=ROUNDING)


@torch.no_grad()
def test_each_head_sees_only_the_fields_before_it(network: ScoreTransformer) -> None:
    inputs = codes()
    targets = torch.zeros(2, 12, 3, dtype=torch.long)
    other = targets.clone()
    other[..., 1] = 4
    before, after = network(inputs, targets), network(inputs, other)
    assert torch.equal(before[0], after[0]) and torch.equal(before[1], after[1])
    assert not torch.allclose(before[2], after[2])
    assert [row.shape[-1] for row in before] == [3, 5, 4]
