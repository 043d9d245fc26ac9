"""Regression of noisy values: against the posterior on a dense grid, and truth drawn from its priors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayescx.estimands.normal_regression import draw_regression
from bayescx.priors import Prior

SD = Prior("HalfNormal", sigma=0.5)


def test_draws_are_those_of_the_posterior_on_a_grid() -> None:
    rng = np.random.default_rng(1)
    z = np.array([-1.0, -0.3, 0.2, 0.5, 1.4])
    values, variance = 0.2 + 0.4 * z + 0.3 * rng.standard_normal(5), np.array([0.01, 0.2, 0.05, 0.02, 0.1])
    a, d, tau = np.meshgrid(np.linspace(-2, 2, 81), np.linspace(-2, 2, 81), np.linspace(1e-3, 2.5, 80), indexing="ij")
    log_p = stats.norm(0, 1).logpdf(a) + stats.norm(0, 0.5).logpdf(d) - 0.5 * (tau / 0.5) ** 2
    for value, noise, at in zip(values, variance, z, strict=True):
        log_p += stats.norm(a + d * at, np.sqrt(noise + tau**2)).logpdf(value)
    weight = np.exp(log_p - log_p.max())
    weight /= weight.sum()
    draws = 20_000
    found = draw_regression(
        np.tile(values, (draws, 1)), np.tile(variance, (draws, 1)), np.column_stack([np.ones(5), z]),
        np.array([1.0, 0.5]), SD, rng,
    )  # fmt: skip
    for drawn, grid in ((found.theta[:, 0], a), (found.theta[:, 1], d), (found.tau, tau)):
        mean = (weight * grid).sum()
        sd = np.sqrt((weight * grid**2).sum() - mean**2)
        assert drawn.mean() == pytest.approx(mean, abs=0.03 * sd)
        assert drawn.std() == pytest.approx(sd, rel=0.03)
    middle = (weight * (values[0] / variance[0] + (a + d * z[0]) / tau**2) / (1 / variance[0] + 1 / tau**2)).sum()
    assert found.level[:, 0].mean() == pytest.approx(middle, abs=0.005)


def test_intervals_cover_what_was_drawn_from_the_priors() -> None:
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(400):
        z = rng.standard_normal((8, 1))
        design = np.column_stack([np.ones(8), z])
        theta, tau = rng.normal(0, [1.0, 0.5]), abs(0.5 * rng.standard_normal())
        level = design @ theta + tau * rng.standard_normal(8)
        variance = rng.uniform(0.005, 0.2, 8)
        values = level + np.sqrt(variance) * rng.standard_normal(8)
        found = draw_regression(
            np.tile(values, (400, 1)), np.tile(variance, (400, 1)), design, np.array([1.0, 0.5]), SD, rng
        )
        for drawn, truth in ((found.theta[:, 1], theta[1]), (found.tau, tau), (found.level[:, 0], level[0])):
            low, high = np.quantile(drawn, [0.05, 0.95])
            inside.append(low <= truth <= high)
    covered = np.reshape(inside, (400, 3)).mean(axis=0)
    assert np.all(np.abs(covered - 0.9) < 0.045)
