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
    design, scale = np.column_stack([np.ones(5), z]), np.array([1.0, 0.5])
    found = draw_regression(values, np.diag(variance), design, scale, SD, 20_000, rng)
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
        found = draw_regression(values, np.diag(variance), design, np.array([1.0, 0.5]), SD, 400, rng)
        for drawn, truth in ((found.theta[:, 1], theta[1]), (found.tau, tau), (found.level[:, 0], level[0])):
            low, high = np.quantile(drawn, [0.05, 0.95])
            inside.append(low <= truth <= high)
    covered = np.reshape(inside, (400, 3)).mean(axis=0)
    assert np.all(np.abs(covered - 0.9) < 0.045)


def test_errors_that_go_together_are_taken_off_together() -> None:
    """Against the normal posterior of theta and levels at the tau that the prior nearly fixes."""
    rng = np.random.default_rng(3)
    tau, z = 0.4, np.array([-1.0, 0.2, 0.9, 1.5])
    root = rng.normal(size=(4, 4))
    noise, values, design = 0.1 * root @ root.T, rng.normal(size=4), np.column_stack([np.ones(4), z])
    firm = Prior("LogNormal", mu=float(np.log(tau)), sigma=1e-3)
    found = draw_regression(values, noise, design, np.array([2.0, 0.5]), firm, 40_000, rng)
    total = np.linalg.inv(noise + tau**2 * np.eye(4))
    cov = np.linalg.inv(design.T @ total @ design + np.diag([1 / 4.0, 4.0]))
    np.testing.assert_allclose(found.theta.mean(axis=0), cov @ design.T @ total @ values, atol=0.02)
    np.testing.assert_allclose(np.cov(found.theta.T), cov, atol=0.02)
    prior = tau**2 * np.eye(4) + design @ np.diag([4.0, 0.25]) @ design.T
    gain = prior @ np.linalg.inv(prior + noise)
    np.testing.assert_allclose(found.level.mean(axis=0), gain @ values, atol=0.02)
    np.testing.assert_allclose(np.cov(found.level.T), prior - gain @ prior, atol=0.03)


def test_spreads_far_beyond_the_prior_are_found() -> None:
    rng = np.random.default_rng(4)
    values = 25.0 * rng.standard_normal(200)
    found = draw_regression(
        values, 0.01 * np.eye(200), np.ones((200, 1)), np.array([100.0]), Prior("HalfCauchy", beta=0.25), 4000, rng
    )
    assert np.unique(found.tau).size > 3900
    assert found.tau.mean() == pytest.approx(values.std(ddof=1), rel=0.05)
