"""Where published figures and missing answers speak, the compiled density is the posterior written out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays
from bayescx.model.averages import free_directions
from bayescx.model.prepare import Prepared
from bayescx.model.start import Start, find_start
from tests.model import dense_figures
from tests.model.figure_cases import CASES, unknown_sizes

Floats = NDArray[np.float64]
EACH = pytest.mark.parametrize("name", CASES)


@cache
def started(name: str) -> tuple[Prepared, Start]:
    at = CASES[name].prepared()
    return at, find_start(Arrays.of(at.layout, at.sample, at.priors, at.informed))


def point_at(at: Prepared, arrays: Arrays, x: Floats) -> dense_figures.Point:
    """The free numbers as parameters."""
    n_org, n_pop = len(at.evidence.organizations), len(arrays.population)
    sizes = (len(arrays.shared), n_pop, n_pop, n_org * len(arrays.own))
    shared, mu, tau, own, extra = np.split(expand(x, arrays.n_expanded, arrays.records), np.cumsum(sizes))
    u = np.empty((n_org, len(at.layout.components)))
    u[:, arrays.shared], u[:, arrays.own] = shared, own.reshape(n_org, -1)
    unknown = unknown_sizes(at)
    free = [name for name, level in at.evidence.level.items() if level == "correlations"]
    n_obs = [at.evidence.n_obs[at.evidence.organizations.index(name)] for name in free]
    e = extra[len(unknown) :].reshape(len(free), len(at.layout.variables))
    return dense_figures.Point(
        u,
        dict(zip(arrays.population, mu, strict=True)),
        dict(zip(arrays.population, tau, strict=True)),
        dict(zip(unknown, extra, strict=False)),
        e / np.sqrt(2 * np.array(n_obs, dtype=float))[:, None],
    )


def log_volume(arrays: Arrays, x: Floats) -> float:
    """Log |d parameters / d x|; loadings that average 1 count along what is left free."""
    offset, directions = free_directions(arrays.layout, arrays.shared)

    def parameters(x: Floats) -> Floats:
        expanded = expand(x, arrays.n_expanded, arrays.records)
        shared, rest = np.split(expanded, [len(arrays.shared)])
        return np.concatenate([directions.T @ (shared - offset), rest])

    return float(np.linalg.slogdet(slopes(parameters, x))[1])


def slopes(f: Callable[[Floats], Floats], x: Floats, h: float = 1e-3) -> Floats:
    """Derivatives of f, (D, ...)."""
    steps = h * np.eye(x.size)
    return np.array([(8 * (f(x + s) - f(x - s)) - (f(x + 2 * s) - f(x - 2 * s))) / (12 * h) for s in steps])


@EACH
def test_density_is_the_one_written_out(name: str) -> None:
    at, start = started(name)
    apart = []
    for seed in range(3):
        x = start.draw(seed)
        expected = dense_figures.log_posterior(at, point_at(at, start.arrays, x)) + log_volume(start.arrays, x)
        assert np.isfinite(expected)
        apart.append(log_density(x, start.arrays.records)[0] - expected)
    np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-6)


@EACH
def test_gradient_is_that_of_finite_differences(name: str) -> None:
    _, start = started(name)
    x = start.draw(5)
    gradient = log_density(x, start.arrays.records)[1]
    differences = slopes(lambda x: np.array(log_density(x, start.arrays.records)[0]), x, 3e-4)
    assert np.max(np.abs(differences - gradient) / (1 + np.abs(gradient))) < 1e-6


@EACH
def test_every_chain_starts_where_there_is_density(name: str) -> None:
    _, start = started(name)
    for seed in range(200):
        value, gradient = log_density(start.draw(seed), start.arrays.records)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("far", [30.0, 800.0, -800.0])
def test_far_away_there_is_no_nan(far: float) -> None:
    for name in ("every statistic, rule mean, partial", "every level of evidence", "negative signs, full"):
        _, start = started(name)
        value, _ = log_density(np.full(start.centre.size, far), start.arrays.records)
        assert value < 0


def test_how_chains_start_and_move_is_not_in_the_posterior() -> None:
    """Other steering, other coordinates: the density of parameters is the same."""
    at, start = started("with data")
    blank = Arrays.of(at.layout, at.sample, at.priors, at.informed)
    apart = []
    for arrays, x in ((start.arrays, start.draw(6)), (blank, 0.3 * start.draw(7)), (blank, 0.3 * start.draw(8))):
        density = log_density(x, arrays.records)[0] - log_volume(arrays, x)
        apart.append(density - dense_figures.log_posterior(at, point_at(at, arrays, x)))
    np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-7)
