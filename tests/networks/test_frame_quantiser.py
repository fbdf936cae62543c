"""Encode, decode and fit of the predictive quantiser."""

from __future__ import annotations

import torch

from audiogen.networks.frame_quantiser import FrameQuantiser, k_means


def walk(batch: int = 8, frames: int = 200, seed: int = 0) -> torch.Tensor:
    """Sequences that change slowly, [B, N, 4]."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(batch, frames, 4, generator=generator)
    out = [steps[:, 0]]
    for n in range(1, frames):
        out.append(0.95 * out[-1] + 0.3 * steps[:, n])
    return torch.stack(out, 1) * torch.tensor([1.0, 2.0, 0.5, 0.0]) - 5


def fitted(keep: float, stages: int = 2, entries: int = 32) -> FrameQuantiser:
    quantiser = FrameQuantiser(torch.full((4,), keep), stages, entries)
    quantiser.fit(walk(), torch.full((4,), 0.1), torch.Generator().manual_seed(0))
    return quantiser


def test_decode_gives_what_encode_said() -> None:
    quantiser = fitted(0.8)
    codes, states = quantiser.encode(walk(seed=1))
    assert codes.shape == (8, 200, 2) and codes.max() < 32
    torch.testing.assert_close(quantiser.decode(codes), states, rtol=0, atol=0)
    x = walk(seed=1)
    error = (quantiser.denormalise(states) - x).std((0, 1))
    assert (error[:3] < 0.3 * x.std((0, 1))[:3]).all()


def test_more_stages_and_prediction_both_lower_the_error() -> None:
    x = walk(seed=1)

    def error(quantiser: FrameQuantiser) -> float:
        return float((quantiser.denormalise(quantiser.encode(x)[1]) - x).abs().mean())

    plain, deep, predictive = fitted(0.0), fitted(0.0, stages=4), fitted(0.8)
    assert error(deep) < 0.8 * error(plain)
    assert error(predictive) < 0.8 * error(plain)


def test_encoding_is_causal() -> None:
    quantiser, x = fitted(0.8), walk(seed=1)
    changed = x.clone()
    changed[:, 100:] += 3
    torch.testing.assert_close(quantiser.encode(changed)[0][:, :100], quantiser.encode(x)[0][:, :100])


def test_k_means_finds_separate_points_and_survives_too_few() -> None:
    points = torch.tensor([[0.0], [10.0], [20.0]]).repeat(50, 1)
    centres = k_means(points, 8, torch.Generator().manual_seed(0), rounds=5)
    assert set(centres.flatten().round().tolist()) == {0.0, 10.0, 20.0}
    assert k_means(points[:3], 8, torch.Generator().manual_seed(0), rounds=2).shape == (8, 1)
