"""Cached steps equal the full pass; nothing sees the future."""

from __future__ import annotations

import torch

from audiogen.networks.mel_transformer import MelTransformer, MelTransformerConfig

TINY = MelTransformerConfig(
    keep=(0.8,) * 4 + (0.0,), stages=3, entries=16, width=32, layers=2, hidden=48, head_hidden=16, context=24
)
SAME = 2e-4  # float32 sums in another order


def example(frames: int = 20) -> tuple[MelTransformer, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    network = MelTransformer(TINY).eval()
    for weight in network.parameters():
        if weight.ndim >= 2:
            weight.data.mul_(4)  # far from the small start, so that every input shows
    network.quantiser.codebooks.normal_()
    codes = torch.randint(0, 16, (2, frames, 3))
    return network, {
        "codes": codes,
        "frames": network.quantiser.decode(codes),
        "attributes": torch.tensor([[0, 3, 16], [5, 0, 1]]),
        "left": torch.randint(0, 18, (2, frames)),
    }


@torch.inference_mode()
def test_steps_with_cache_equal_the_full_pass() -> None:
    network, x = example()
    full = network(**x)
    cache, rows, before = network.cache(2), network.starts(2), torch.zeros(2, 1, 5)
    for n in range(x["codes"].shape[1]):
        hidden = network.step(rows, before, x["attributes"], x["left"][:, n : n + 1], cache)
        for stage in range(3):
            torch.testing.assert_close(
                network.stage_logits(hidden, stage), full[stage][:, n], rtol=0, atol=SAME
            )
            hidden = network.tell(hidden, stage, x["codes"][:, n, stage])
        rows, before = network.rows(x["codes"][:, n : n + 1]), x["frames"][:, n : n + 1]
    assert cache.length == x["codes"].shape[1]


@torch.inference_mode()
def test_a_prefix_at_once_equals_its_steps() -> None:
    network, x = example()
    full = network(**x)
    rows = torch.cat([network.starts(2), network.rows(x["codes"][:, :9])], 1)
    before = torch.cat([torch.zeros(2, 1, 5), x["frames"][:, :9]], 1)
    hidden = network.step(rows, before, x["attributes"], x["left"][:, :10], network.cache(2))
    torch.testing.assert_close(network.stage_logits(hidden, 0), full[0][:, 9], rtol=0, atol=SAME)


@torch.inference_mode()
def test_no_code_is_seen_before_its_turn() -> None:
    network, x = example()
    full = network(**x)
    codes = x["codes"].clone()
    codes[:, 10, 1] = (codes[:, 10, 1] + 1) % 16
    changed = network(**{**x, "codes": codes, "frames": network.quantiser.decode(codes)})
    for stage in range(3):
        seen = 10 if stage < 2 else 9  # stage 2 of frame 10 may know stage 1 of frame 10
        torch.testing.assert_close(
            changed[stage][:, : seen + 1], full[stage][:, : seen + 1], rtol=0, atol=SAME
        )
    assert (changed[2][:, 10] - full[2][:, 10]).abs().max() > 1e-3
    assert (changed[0][:, 11] - full[0][:, 11]).abs().max() > 1e-3


@torch.inference_mode()
def test_every_hint_is_heard() -> None:
    network, x = example()
    full = network(**x)[0]
    for name, change in (
        ("attributes", torch.tensor([[0, 3, 15], [5, 0, 2]])),
        ("left", (x["left"] + 1) % 18),
    ):
        assert (network(**{**x, name: change})[0] - full).abs().max() > 1e-4, name
