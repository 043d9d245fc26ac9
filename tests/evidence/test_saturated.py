"""Estimates without a model: at the maximum of the likelihood of incomplete answers, and usable on its border."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bayescx.evidence.arithmetic import two_pass_moments
from bayescx.evidence.patterns import Pattern, patterns_of
from bayescx.evidence.saturated import saturated_moments


def incomplete(n: int, share: float, seed: int = 3, unit: float = 1.0, mean: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = mean + unit * rng.normal(size=(n, 4)) @ (np.eye(4) + 0.5 * rng.normal(size=(4, 4)))
    values[rng.random(values.shape) < share] = np.nan
    return values


def log_density(values: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> float:
    total = 0.0
    for row in values:
        there = ~np.isnan(row)
        if there.any():
            total += multivariate_normal(mean[there], cov[np.ix_(there, there)]).logpdf(row[there])
    return total


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_no_small_step_raises_the_likelihood(share: float) -> None:
    values = incomplete(120, share)
    n = int((~np.isnan(values)).any(axis=1).sum())
    mean, cov = saturated_moments(patterns_of(values), 4)
    maximum = cov * (n - 1) / n
    best = log_density(values, mean, maximum)
    step = 1e-4
    for i in range(4):
        for sign in (-1, 1):
            assert log_density(values, mean + sign * step * np.eye(4)[i], maximum) < best
            for k in range(i + 1):
                turned = maximum.copy()
                turned[i, k] = turned[k, i] = turned[i, k] + sign * step
                assert log_density(values, mean, turned) < best


def test_complete_rows_have_their_usual_moments() -> None:
    values = incomplete(50, 0.0)
    mean, cov = saturated_moments(patterns_of(values), 4)
    expected = two_pass_moments(values)
    np.testing.assert_allclose(mean, expected[0], rtol=1e-12)
    np.testing.assert_allclose(cov, expected[1], rtol=1e-12)


def test_monotone_missing_answers_have_their_closed_form() -> None:
    """Everybody answered x, some y: the regression of y on x carries over to those who did not (Anderson 1957)."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=80)
    y = 0.7 * x + rng.normal(size=80)
    values = np.column_stack([x, np.where(x > 0.4, np.nan, y)])
    both = ~np.isnan(values[:, 1])
    slope, intercept = np.polyfit(x[both], y[both], 1)
    residual = np.mean((y[both] - intercept - slope * x[both]) ** 2)
    mean, cov = saturated_moments(patterns_of(values), 2)
    variance = np.var(x)
    expected = np.array([[variance, slope * variance], [slope * variance, slope**2 * variance + residual]]) * 80 / 79
    np.testing.assert_allclose(mean, [x.mean(), intercept + slope * x.mean()], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(cov, expected, rtol=1e-6)


@pytest.mark.parametrize(("unit", "origin"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e6)])
def test_units_do_not_matter(unit: float, origin: float) -> None:
    mean, cov = saturated_moments(patterns_of(incomplete(150, 0.2)), 4)
    other_mean, other_cov = saturated_moments(patterns_of(incomplete(150, 0.2, unit=unit, mean=origin)), 4)
    np.testing.assert_allclose((other_mean - origin) / unit, mean, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(other_cov / unit**2, cov, rtol=1e-6, atol=1e-7)


def test_lacking_variables_are_nan() -> None:
    values = incomplete(60, 0.1)
    values[:, 2] = np.nan
    mean, cov = saturated_moments(patterns_of(values), 4)
    there = np.array([True, True, False, True])
    np.testing.assert_array_equal(np.isnan(mean), ~there)
    np.testing.assert_array_equal(np.isnan(cov), ~np.outer(there, there))
    alone, _ = saturated_moments(patterns_of(values[:, there]), 3)
    np.testing.assert_allclose(mean[there], alone, rtol=1e-12)


def test_variables_that_nobody_answered_together_stay_apart() -> None:
    values = incomplete(100, 0.0)[:, :2]
    values[:50, 0] = np.nan
    values[50:, 1] = np.nan
    _, cov = saturated_moments(patterns_of(values), 2)
    assert cov[0, 1] == 0
    np.testing.assert_allclose(np.diag(cov), np.nanvar(values, axis=0) * 100 / 99, rtol=1e-8)


def test_an_estimate_on_the_border_is_positive_definite() -> None:
    """Those who answered both variables lie on a line."""
    values = np.full((40, 2), np.nan)
    rng = np.random.default_rng(6)
    values[:24, 0], values[16:, 1] = rng.normal(size=24), rng.normal(size=24)
    values[16:24, 1] = values[16:24, 0]
    _, cov = saturated_moments(patterns_of(values), 2)
    assert np.isfinite(cov).all()
    assert np.linalg.eigvalsh(cov)[0] > 1e-7
    assert cov[0, 1] > 0.99 * np.sqrt(cov[0, 0] * cov[1, 1])


def test_correlations_come_back() -> None:
    correlations = np.array([[1.0, 0.4], [0.4, 1.0]])
    mean, cov = saturated_moments([Pattern((0, 2), 30, np.zeros(2), correlations * 29)], 3)
    np.testing.assert_allclose(cov[np.ix_([0, 2], [0, 2])], correlations, rtol=1e-14)
    assert np.isnan(cov[1]).all()
    np.testing.assert_array_equal(mean[[0, 2]], 0)
