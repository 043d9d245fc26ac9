"""Densities on grids: drawn from as they are evaluated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayescx.rates.grids import Grid

T, V = np.linspace(-3, 1, 21), np.linspace(-4, 4, 17)
CENTRE, SPREAD = 0.3 * T, np.exp(0.2 * T)
HEIGHT = -0.5 * V[:, None] ** 2 - (T + 1) ** 2 + 3.0


@pytest.fixture(scope="module")
def grid() -> Grid:
    return Grid(T, V, CENTRE, SPREAD, HEIGHT)


def test_a_density_has_the_mass_1_and_none_outside(grid: Grid) -> None:
    t, mu = np.linspace(-3, 1, 401), np.linspace(-8, 8, 1601)
    mass = np.exp(grid.log_density(np.repeat(mu, len(t)), np.tile(np.exp(t), len(mu)))).reshape(len(mu), len(t))
    assert np.trapezoid(np.trapezoid(mass, mu, axis=0), t) == pytest.approx(1.0, abs=1e-3)
    assert np.isneginf(grid.log_density(np.array([0.0, 99.0]), np.array([np.exp(2.0), 0.5]))).all()
    assert grid.log_total == pytest.approx(3.0 + np.log(np.sqrt(2 * np.pi) * np.sqrt(np.pi)), abs=0.01)


def test_draws_have_the_density(grid: Grid) -> None:
    mu, tau = grid.draw(20_000, np.random.default_rng(3))
    t = np.linspace(-3, 1, 2001)
    marginal = np.interp(t, T, np.trapezoid(np.exp(HEIGHT), V, axis=0))
    cumulative = np.cumsum(marginal) / marginal.sum()
    assert stats.kstest(np.log(tau), lambda x: np.interp(x, t, cumulative)).pvalue > 0.001
    v = (mu - np.interp(np.log(tau), T, CENTRE)) / np.interp(np.log(tau), T, SPREAD)
    assert abs(v.mean()) < 0.03
    assert v.std() == pytest.approx(1.02, abs=0.03)  # a little wider than normal: straight between the knots
    assert np.isfinite(grid.log_density(mu, tau)).all()


def test_heights_are_known_beyond_the_edges_and_tempering_widens(grid: Grid) -> None:
    inside = grid.log_height(np.array([0.3 * -1.0]), np.exp(np.array([-1.0])))
    np.testing.assert_allclose(inside, 3.0 - 0.2 * -1.0)
    beyond = grid.log_height(np.array([99.0]), np.exp(np.array([-1.0])))
    np.testing.assert_allclose(beyond, 3.0 - 8.0 - 0.2 * -1.0)
    wide = grid.tempered(0.25).draw(20_000, np.random.default_rng(3))[0]
    assert wide.std() > 1.5 * grid.draw(20_000, np.random.default_rng(3))[0].std()
