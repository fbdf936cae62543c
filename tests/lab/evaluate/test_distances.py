"""The two distances, against closed forms and another implementation."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.evaluate.frechet import frechet
from audiogen.lab.evaluate.kernel import Kernels, bandwidth, kernel_distance


def with_moments(mean: np.ndarray, covariance: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows whose sample mean and covariance are exactly these."""
    rows = np.random.default_rng(seed).standard_normal((count, len(mean)))
    rows -= rows.mean(0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    return rows @ np.linalg.cholesky(covariance).T + mean


def test_frechet_of_gaussians_is_the_closed_form() -> None:
    """Of diagonal covariances: squared difference of the means and of the standard deviations."""
    mean, sd = np.array([[0.0, 1, -2], [1, 1, 2]]), np.array([[1.0, 2, 0.5], [1, 0.5, 3]])
    x, y = (with_moments(m, np.diag(s**2), 200, k) for k, (m, s) in enumerate(zip(mean, sd, strict=True)))
    closed = np.square(mean[0] - mean[1]).sum() + np.square(sd[0] - sd[1]).sum()
    assert frechet(x, y) == pytest.approx(closed, rel=1e-6)
    assert frechet(x, x) == pytest.approx(0, abs=1e-6)


def test_frechet_agrees_with_a_matrix_root_where_covariances_do_not_commute(rng) -> None:
    from scipy.linalg import sqrtm

    a, b = rng.standard_normal((2, 5, 5))
    covariances = a @ a.T + np.eye(5), b @ b.T + np.eye(5)
    x, y = (with_moments(np.zeros(5), c, 80, k) for k, c in enumerate(covariances))
    closed = np.trace(covariances[0] + covariances[1] - 2 * sqrtm(covariances[0] @ covariances[1]).real)
    assert frechet(x, y) == pytest.approx(closed, rel=1e-6)


def test_a_row_that_counts_twice_is_a_row_twice(rng) -> None:
    x, y = rng.standard_normal((2, 30, 4))
    weight = rng.integers(0, 3, 30)
    assert frechet(x, y, weight) == pytest.approx(frechet(np.repeat(x, weight, 0), y))


def test_kernel_distance_agrees_with_torchmetrics(rng) -> None:
    """Of single rows: theirs is the same unbiased estimate, here handed the Gaussian kernel."""
    torch = pytest.importorskip("torch")
    kid = pytest.importorskip("torchmetrics.image.kid")
    x, y = rng.standard_normal((20, 3)), 0.5 + rng.standard_normal((20, 3))
    width = bandwidth(y)

    def gaussian(a: np.ndarray, b: np.ndarray):
        return torch.from_numpy(np.exp(-np.square(a[:, None] - b[None]).sum(-1) / (2 * width**2)))

    theirs = 100 * float(kid.maximum_mean_discrepancy(gaussian(x, x), gaussian(x, y), gaussian(y, y)))
    assert kernel_distance([r[None] for r in x], [r[None] for r in y]) == pytest.approx(theirs, rel=1e-9)


def test_kernel_distance_of_gaussians_is_the_closed_form(rng) -> None:
    """N(0, 1) and N(m, 1), kernel width b: 2 b / sqrt(b^2 + 2) (1 - exp(-m^2 / (2 (b^2 + 2))))."""
    shift, b = 1.5, 1.2
    x, y = rng.standard_normal((2, 2000, 1))
    closed = 200 * b / np.sqrt(b**2 + 2) * (1 - np.exp(-(shift**2) / (2 * (b**2 + 2))))
    assert kernel_distance([r[None] for r in x], [r[None] + shift for r in y], b) == pytest.approx(
        closed, rel=0.1
    )


def test_of_the_same_kind_it_is_nought_on_average_and_sometimes_negative(rng) -> None:
    draws = rng.standard_normal((200, 2, 8, 1, 3))
    found = np.array([kernel_distance(list(x), list(y), 2.0) for x, y in draws])
    assert abs(found.mean()) < 3 * found.std() / np.sqrt(len(found))
    assert (found < 0).any()


def test_segments_of_one_sound_are_not_taken_for_different_sounds(rng) -> None:
    """Copies of a segment within each sound change nothing."""
    x, y = ([r[None] for r in rng.standard_normal((10, 3))] for _ in range(2))
    thrice = [np.repeat(r, 3, 0) for r in x]
    assert kernel_distance(thrice, y, 1.0) == pytest.approx(kernel_distance(x, y, 1.0))


def test_a_sound_drawn_twice_is_no_pair(rng) -> None:
    """With weights it is the estimate over the drawn sounds, pairs of a sound with itself left out."""
    x, y = ([r[None] for r in rng.standard_normal((6, 2))] for _ in range(2))
    kernels = Kernels.between(x, y, 1.0)
    drawn = np.array([0, 0, 1, 2, 5, 5])
    pairs = [(i, j) for i in drawn for j in drawn if i != j]
    made = np.mean([kernels.made[i, j] for i, j in pairs])
    real = kernels.real[~np.eye(6, dtype=bool)].mean()
    expected = 100 * (made + real - 2 * kernels.across[drawn].mean())
    assert kernels.distance(made=np.bincount(drawn, minlength=6)) == pytest.approx(expected)
