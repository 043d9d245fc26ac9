"""Means drawn together: little where organizations are alike, not at all where they are far apart, and calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from bayescx.estimands.mean_spread import LEAST_SPREAD, MEAN_SD, drawn_together


def flat_draws(means: Any, error: Any, count: int, rng: np.random.Generator) -> Any:
    """What a flat posterior of observed means with sampling errors (J,) looks like."""
    seen = means + error * rng.standard_normal(len(means))
    draws = seen + error * rng.standard_normal((count, len(means)))
    return draws - draws.mean(axis=1, keepdims=True)


def differ(together: Any) -> float:
    return float((together.std(axis=1, ddof=1) > LEAST_SPREAD).mean())


def test_posterior_of_three_means_is_that_of_quadrature() -> None:
    rng = np.random.default_rng(3)
    seen, error = np.array([0.25, -0.05, -0.2]), 0.1
    draws = seen + error * rng.standard_normal((40_000, 3))
    draws -= draws.mean(axis=1, keepdims=True)
    found = drawn_together(draws, rng)
    prior = stats.halfcauchy(scale=MEAN_SD.parameters["beta"])

    def weight(omega: float) -> float:
        variance = omega**2 + error**2
        return float(prior.pdf(omega) * np.exp(-0.5 * (seen**2).sum() / variance) / variance)  # two contrasts

    total = integrate.quad(weight, 0, 50, limit=200)[0]
    kept = integrate.quad(lambda omega: weight(omega) * omega**2 / (omega**2 + error**2), 0, 50, limit=200)[0] / total
    np.testing.assert_allclose(found.mean(axis=0), kept * seen, atol=0.003)
    np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-12)


@pytest.mark.parametrize(("count", "most"), [(2, 1), (10, 1), (40, 0)])
def test_organizations_that_are_alike_are_not_said_to_differ(count: int, most: int) -> None:
    rng = np.random.default_rng(count)
    found = [drawn_together(flat_draws(np.zeros(count), 0.07, 400, rng), rng) for _ in range(40)]
    assert sum(differ(one) >= 0.95 for one in found) <= most


def test_those_that_differ_are_found_to_and_gaps_are_covered() -> None:
    rng = np.random.default_rng(0)
    seen, held = [], []
    for _ in range(60):
        means = 0.3 * rng.standard_normal(10)
        found = drawn_together(flat_draws(means, 0.07, 500, rng), rng)
        seen.append(differ(found) >= 0.95)
        low, high = np.quantile(found.max(axis=1, keepdims=True) - found, [0.05, 0.95], axis=0)
        held.append((low <= means.max() - means + 1e-12) & (means.max() - means <= high))
    assert np.mean(seen) > 0.9
    assert 0.85 < np.mean(held) < 0.95


def test_flat_gaps_are_too_wide_where_all_are_alike() -> None:
    rng = np.random.default_rng(1)
    gaps = []
    for _ in range(20):
        flat = flat_draws(np.zeros(10), 0.07, 400, rng)
        gaps.append([(one.max(axis=1, keepdims=True) - one).mean() for one in (flat, drawn_together(flat, rng))])
    flat_gap, gap = np.mean(gaps, axis=0)
    assert gap < 0.55 * flat_gap


def test_draws_of_those_far_apart_stay_what_they_are() -> None:
    rng = np.random.default_rng(2)
    flat = flat_draws(np.array([-3.0, -1.0, 1.0, 3.0]), 0.02, 300, rng)
    np.testing.assert_allclose(drawn_together(flat, rng), flat, atol=0.005)


def test_errors_that_organizations_share_are_no_differences() -> None:
    rng = np.random.default_rng(4)
    camps = np.repeat([-0.5, 0.5], 5)  # how high one half stands against the other is not known
    flat = 0.4 * camps + 0.02 * rng.standard_normal((2000, 10)) + 0.3 * rng.standard_normal((2000, 1)) * camps
    flat -= flat.mean(axis=1, keepdims=True)
    apart = flat[:, 5:].mean(axis=1) - flat[:, :5].mean(axis=1)
    together = drawn_together(flat, rng)
    pooled = together[:, 5:].mean(axis=1) - together[:, :5].mean(axis=1)
    assert pooled.mean() < 0.5 * apart.mean()


@pytest.mark.parametrize(("draws", "count"), [(2, 40), (12, 40), (30, 2), (5, 3)])
def test_few_draws_of_many_organizations_do(draws: int, count: int) -> None:
    rng = np.random.default_rng(5)
    found = drawn_together(flat_draws(np.zeros(count), 0.1, draws, rng), rng)
    assert found.shape == (draws, count)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-9)
