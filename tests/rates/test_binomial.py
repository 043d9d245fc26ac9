"""One organization: the integral against dense integration, and exact draws against its distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayescx.rates.binomial import draw_deviations, log_marginal, softplus

COUNTS = [(0, 1), (1, 1), (0, 40), (3, 7), (12, 50), (0, 1000), (1000, 1000), (300, 2500), (30_000, 75_000)]


def dense(k: float, n: float, mu: float, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """A fine grid of z around where the density is, and the log density."""
    wide = np.linspace(-400, 400, 400_001)
    theta = mu + tau * wide
    height = k * theta - n * softplus(theta) - 0.5 * wide**2
    there = wide[height > height.max() - 60]
    z = np.linspace(there[0] - 0.01, there[-1] + 0.01, 400_001)
    theta = mu + tau * z
    return z, k * theta - n * softplus(theta) - 0.5 * z**2


def marginal(k: float, n: float, mu: float, tau: float) -> float:
    z, height = dense(k, n, mu, tau)
    top = height.max()
    return float(top + np.log(np.trapezoid(np.exp(height - top), z)) - 0.5 * np.log(2 * np.pi))


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_the_integral_is_that_of_a_dense_grid(k: int, n: int) -> None:
    cases = [(mu, tau) for mu in (-6.0, -1.0, 0.0, 3.0) for tau in (1e-3, 0.1, 0.5, 1.0, 3.0)]
    mu, tau = np.array(cases).T
    found, first, second = log_marginal(np.array([float(k)]), np.array([float(n)]), mu, tau, moments=True)
    expected = [marginal(k, n, *case) for case in cases]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
    step = 1e-4
    ahead, behind = (log_marginal(np.array([float(k)]), np.array([float(n)]), mu + d, tau)[0] for d in (step, -step))
    np.testing.assert_allclose(first, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-3)
    assert (second > -1e-6).all()


@pytest.mark.parametrize(("tau", "within"), [(5.0, 1e-6), (10.0, 1e-5), (30.0, 2e-4), (100.0, 2e-4)])
def test_a_heavy_tailed_sd_is_still_exact_enough(tau: float, within: float) -> None:
    for k, n, mu in ((0, 1000, 2.0), (0, 1, -12.0), (0, 1, -30.0), (1, 2, -5.0)):
        found = log_marginal(np.array([float(k)]), np.array([float(n)]), np.array([mu]), np.array([tau]))[0]
        assert found[0] == pytest.approx(marginal(k, n, mu, tau), abs=within)


def test_organizations_that_were_not_asked_add_nothing() -> None:
    mu, tau = np.array([0.3]), np.array([0.4])
    alone = log_marginal(np.array([3.0]), np.array([9.0]), mu, tau)[0]
    with_others = log_marginal(np.array([3.0, 0.0, 0.0]), np.array([9.0, 0.0, 0.0]), mu, tau)[0]
    np.testing.assert_array_equal(alone, with_others)
    assert log_marginal(np.zeros(2), np.zeros(2), mu, tau)[0].tolist() == [0.0]


def test_equal_organizations_count_as_often_as_they_are() -> None:
    mu, tau = np.array([-0.5, 0.8]), np.array([0.4, 0.1])
    one = log_marginal(np.array([3.0]), np.array([9.0]), mu, tau)[0]
    three = log_marginal(np.full(3, 3.0), np.full(3, 9.0), mu, tau)[0]
    np.testing.assert_allclose(three, 3 * one)


@pytest.mark.parametrize(
    ("k", "n", "mu", "tau"),
    [
        (0, 40, 0.5, 0.8),
        (7, 7, -1.0, 2.0),
        (12, 50, -1.0, 0.3),
        (0, 1, 3.0, 30.0),
        (500, 2000, 0.0, 1.0),
        (0, 0, 1.0, 0.5),
    ],
)
def test_draws_have_the_exact_distribution(k: int, n: int, mu: float, tau: float) -> None:
    size = 20_000
    drawn = draw_deviations(
        np.array([float(k)]), np.array([float(n)]), np.full(size, mu), np.full(size, tau), np.random.default_rng(3)
    )[:, 0]
    z, height = dense(k, n, mu, tau)
    cumulative = np.cumsum(np.exp(height - height.max()))
    ks = stats.kstest(drawn, lambda x: np.interp(x, z, cumulative / cumulative[-1]))
    assert ks.pvalue > 0.001
