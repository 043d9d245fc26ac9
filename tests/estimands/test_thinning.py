"""Parts of a Wishart matrix are independent Wishart matrices of the same covariance."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from bayescx.estimands.thinning import thinned

FACTOR = np.array([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.5, -0.3, 0.7]])
SIGMA = FACTOR @ FACTOR.T
DEGREES = (7, 5, 2)  # one by Bartlett's way, one near it, one singular
TRIANGLE = np.triu_indices(3)


@pytest.fixture(scope="module")
def parts() -> np.ndarray:
    """Upper triangles of the parts of many samples, (sample, part, element)."""
    rng = np.random.default_rng(0)
    out = np.empty((6000, len(DEGREES), len(TRIANGLE[0])))
    for one in out:
        rows = rng.standard_normal((sum(DEGREES), 3)) @ FACTOR.T
        one[:] = thinned(rows.T @ rows, DEGREES, rng)[:, *TRIANGLE]
    return out


def test_parts_have_the_moments_of_wisharts(parts: np.ndarray) -> None:
    pairs = list(zip(*TRIANGLE, strict=True))
    for k, d in enumerate(DEGREES):
        error = parts[:, k].std(axis=0) / np.sqrt(len(parts))
        np.testing.assert_array_less(np.abs(parts[:, k].mean(axis=0) - d * SIGMA[TRIANGLE]), 4 * error)
        expected = [[d * (SIGMA[i, a] * SIGMA[j, b] + SIGMA[i, b] * SIGMA[j, a]) for a, b in pairs] for i, j in pairs]
        np.testing.assert_allclose(np.cov(parts[:, k].T), expected, atol=0.08 * np.max(expected))


def test_parts_are_independent(parts: np.ndarray) -> None:
    for values in (parts, np.log(parts[:, :, [0, 3, 5]]), np.abs(parts - parts.mean(axis=0))):  # beyond linear, too
        for one, other in combinations(range(len(DEGREES)), 2):
            both = np.corrcoef(values[:, one].T, values[:, other].T)
            size = values.shape[-1]
            assert np.abs(both[:size, size:]).max() < 4.5 / np.sqrt(len(values))


def test_parts_add_up_and_have_their_rank() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((40, 6)) * np.array([1e-3, 1.0, 1e4, 5.0, 7.0, 0.1])
    scatter = rows.T @ rows
    found = thinned(scatter, [1, 3, 6, 30], rng)
    np.testing.assert_allclose(found.sum(axis=0), scatter, rtol=1e-9, atol=1e-12 * np.abs(scatter).max())
    sd = np.sqrt(np.diag(scatter))
    ranks = [np.linalg.matrix_rank(one / np.outer(sd, sd), tol=1e-9) for one in found]
    assert ranks == [1, 3, 6, 6]


def test_draws_follow_from_the_generator_and_millions_of_respondents_cost_nothing() -> None:
    scatter = 1e8 * SIGMA
    one, other = (thinned(scatter, [50_000_000, 50_000_000], np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(one[0], scatter / 2, rtol=0.01)
    assert not np.array_equal(one[0], thinned(scatter, [50_000_000, 50_000_000], np.random.default_rng(5))[0])
