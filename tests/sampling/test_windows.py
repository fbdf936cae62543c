"""Windows over long sounds: everything once, with its surroundings."""

from __future__ import annotations

import torch

from audiogen.sampling.windows import spans


def local_mean(x: torch.Tensor) -> torch.Tensor:
    """A local operation of reach 3: the mean of 7 neighbours, zeros beyond the ends."""
    return torch.nn.functional.avg_pool1d(x[None], 7, 1, 3)[0]


def in_windows(x: torch.Tensor, circular: bool) -> torch.Tensor:
    out = torch.full_like(x, float("nan"))
    for span in spans(x.shape[1], 40, 3, circular):
        seen = local_mean(x[:, span.index(x.shape[1])])
        out[:, span.first : span.stop] = seen[:, span.first - span.low : span.stop - span.low]
    return out


def test_windows_join_without_a_seam() -> None:
    x = torch.randn(2, 103, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(in_windows(x, circular=False), local_mean(x))


def test_in_a_circle_the_end_sees_the_beginning() -> None:
    x = torch.randn(2, 103, generator=torch.Generator().manual_seed(0))
    turned = in_windows(x.roll(50, 1), circular=True)
    torch.testing.assert_close(turned, in_windows(x, circular=True).roll(50, 1))
    assert not torch.allclose(in_windows(x, circular=False).roll(50, 1), turned)
