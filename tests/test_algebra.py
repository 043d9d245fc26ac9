"""Matrix algebra of recursive path models, against loops, numpy and scipy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bayescx import algebra

Floats = NDArray[np.float64]


def random_paths(m: int, seed: int, shape: tuple[int, ...] = ()) -> Floats:
    """Strictly lower triangular: constructs in causal order."""
    return np.tril(np.random.default_rng(seed).normal(size=(*shape, m, m)), -1)


def random_covariance(m: int, seed: int) -> Floats:
    a = np.random.default_rng(seed).normal(size=(m, 2 * m))
    return np.asarray(a @ a.T / (2 * m))


def sum_over_routes(paths: Floats, outcome: int, cause: int) -> float:
    if outcome == cause:
        return 1.0
    return sum(paths[outcome, k] * sum_over_routes(paths, k, cause) for k in range(outcome))


def test_total_effects_are_sums_over_routes() -> None:
    paths = random_paths(5, 1)
    found = algebra.total_effects(paths)
    for outcome, cause in itertools.product(range(5), range(5)):
        expected = sum_over_routes(paths, outcome, cause) if outcome >= cause else 0.0
        assert found[outcome, cause] == pytest.approx(expected, abs=1e-12)


def test_construct_covariance_follows_equation_by_equation() -> None:
    paths, psi = random_paths(4, 2), np.diag([1.0, 0.5, 2.0, 0.3])
    cov = np.zeros((4, 4))
    for i in range(4):
        for k in range(i):
            cov[i, k] = cov[k, i] = sum(paths[i, s] * cov[s, k] for s in range(i))
        cov[i, i] = psi[i, i] + sum(paths[i, s] * paths[i, t] * cov[s, t] for s in range(i) for t in range(i))
    np.testing.assert_allclose(algebra.construct_covariance(paths, psi), cov, rtol=1e-12)


def test_implied_covariance_is_that_of_simulated_equations() -> None:
    paths, psi, theta = random_paths(3, 3), random_covariance(3, 4), random_covariance(5, 5)
    loadings = np.random.default_rng(6).normal(size=(5, 3))
    # exact expectations: disturbances that are orthonormal in the sample
    z = np.random.default_rng(7).normal(size=(100, 8))
    z, _ = np.linalg.qr(z)
    zeta = z[:, :3] @ np.linalg.cholesky(psi).T
    epsilon = z[:, 3:] @ np.linalg.cholesky(theta).T
    eta = np.zeros_like(zeta)
    for i in range(3):
        eta[:, i] = zeta[:, i] + eta[:, :i] @ paths[i, :i]
    rows = eta @ loadings.T + epsilon
    found = algebra.implied_covariance(paths, psi, loadings, theta)
    np.testing.assert_allclose(found, rows.T @ rows, rtol=1e-10, atol=1e-12)


def test_leading_axes_are_batches() -> None:
    paths = random_paths(3, 8, shape=(2, 4))
    psi = np.stack([[random_covariance(3, 10 * a + b) for b in range(4)] for a in range(2)])
    loadings, theta = np.random.default_rng(9).normal(size=(5, 3)), np.eye(5)
    together = algebra.implied_covariance(paths, psi, loadings, theta)
    shares, effects = algebra.r_squared(paths, psi), algebra.total_effects(paths)
    assert together.shape == (2, 4, 5, 5)
    for a, b in itertools.product(range(2), range(4)):
        one = algebra.implied_covariance(paths[a, b], psi[a, b], loadings, theta)
        np.testing.assert_allclose(together[a, b], one)
        np.testing.assert_allclose(shares[a, b], algebra.r_squared(paths[a, b], psi[a, b]))
        np.testing.assert_allclose(effects[a, b], algebra.total_effects(paths[a, b]))


def test_r_squared_is_a_squared_multiple_correlation() -> None:
    paths, psi = random_paths(4, 11), np.diag([1.0, 0.5, 2.0, 0.3])
    cov = algebra.construct_covariance(paths, psi)
    found = algebra.r_squared(paths, psi)
    assert found[0] == 0.0  # exogenous
    for i in range(1, 4):
        explained = cov[i, :i] @ np.linalg.solve(cov[:i, :i], cov[:i, i])
        assert found[i] == pytest.approx(explained / cov[i, i])


def test_standardized_effects_are_those_of_standardized_variables() -> None:
    paths, psi = random_paths(4, 12), np.diag([1.0, 0.5, 2.0, 0.3])
    variance = np.diag(algebra.construct_covariance(paths, psi))
    found = algebra.standardized(paths, variance)
    sd = np.sqrt(variance)
    unit_variances = np.diag(1 / sd) @ psi @ np.diag(1 / sd)
    np.testing.assert_allclose(np.diag(algebra.construct_covariance(found, unit_variances)), 1.0)
    assert found[2, 1] == pytest.approx(paths[2, 1] * sd[1] / sd[2])


# --------------------------------------------------------------------------------- correlation matrices


def full_block(d: int) -> NDArray[np.int64]:
    cells = np.full((d, d), -1, dtype=np.int64)
    cells[np.tril_indices(d, -1)] = np.arange(d * (d - 1) // 2)
    return cells


@pytest.mark.parametrize("d", [2, 3, 5])
def test_a_full_block_is_always_a_correlation_matrix(d: int) -> None:
    z = np.random.default_rng(d).normal(scale=1.5, size=(200, d * (d - 1) // 2))
    found = algebra.correlation(z, full_block(d))
    np.testing.assert_allclose(np.diagonal(found, axis1=-2, axis2=-1), 1.0)
    np.testing.assert_array_equal(found, np.swapaxes(found, -1, -2))
    assert np.linalg.eigvalsh(found).min() > 0


@pytest.mark.parametrize("d", [2, 3, 5])
def test_a_full_block_reaches_every_correlation_matrix_once(d: int) -> None:
    """z comes back from partial correlations worked out by regression."""
    z = np.random.default_rng(20 + d).normal(scale=0.7, size=d * (d - 1) // 2)
    cells = full_block(d)
    r = algebra.correlation(z, cells)
    for i in range(d):
        for k in range(i):
            before = list(range(k))
            inverse = np.linalg.inv(r[np.ix_([*before, k, i], [*before, k, i])])
            partial = -inverse[-1, -2] / np.sqrt(inverse[-1, -1] * inverse[-2, -2])
            assert np.arctanh(partial) == pytest.approx(z[cells[i, k]], abs=1e-8)


def test_two_variables_correlate_by_tanh() -> None:
    found = algebra.correlation(np.array([0.7]), full_block(2))
    np.testing.assert_allclose(found, [[1, np.tanh(0.7)], [np.tanh(0.7), 1]])


@pytest.mark.parametrize("zeros", [[(2, 0)], [(2, 1)], [(3, 0), (3, 1)], [(1, 0), (2, 0), (3, 0)], [(3, 2)]])
def test_zeros_are_where_they_were_asked_for(zeros: list[tuple[int, int]]) -> None:
    cells = full_block(4)
    for zero in zeros:
        cells[zero] = -1
    z = np.random.default_rng(30).normal(scale=0.3, size=(50, 6))
    found = algebra.correlation(z, cells)
    assert np.isfinite(found).all()
    for i, k in zeros:
        np.testing.assert_allclose(found[:, i, k], 0.0, atol=1e-14)
    free = [cell for cell in zip(*np.tril_indices(4, -1), strict=True) if cell not in zeros]
    for i, k in free:
        assert np.abs(found[:, i, k]).min() > 1e-6
    np.testing.assert_allclose(np.diagonal(found, axis1=-2, axis2=-1), 1.0)
    assert np.linalg.eigvalsh(found).min() > 0


def test_zeros_that_cannot_be_met_are_nan() -> None:
    cells = full_block(3)
    cells[2, 1] = -1  # r_12 = 0 with both nearly collinear with the first
    found = algebra.correlation(np.array([[2.5, 2.5, 0.0], [0.1, 0.1, 0.0]]), cells)
    assert np.isnan(found[0]).any()
    assert np.isfinite(found[1]).all()


# ------------------------------------------------------------------------------------------- likelihood


def test_log_likelihood_is_that_of_multivariate_normal_rows() -> None:
    rng = np.random.default_rng(40)
    sigma = np.stack([random_covariance(3, 41), random_covariance(3, 42)])
    centre = rng.normal(size=(2, 3))
    rows = [rng.normal(size=(n, 3)) for n in (20, 35)]
    cov = np.stack([np.cov(r.T, ddof=0) for r in rows])
    offset = np.stack([r.mean(axis=0) for r in rows]) - centre
    found = algebra.gaussian_log_likelihood(np.array([20.0, 35.0]), cov, sigma, offset)
    for j in range(2):
        expected = stats.multivariate_normal(centre[j], sigma[j]).logpdf(rows[j]).sum()
        assert found[j] == pytest.approx(expected, rel=1e-12)


def test_log_likelihood_without_offset_has_means_at_their_maximum() -> None:
    rows = np.random.default_rng(43).normal(size=(30, 2))
    cov = np.cov(rows.T, ddof=0)[None]
    found = algebra.gaussian_log_likelihood(np.array([30.0]), cov, np.eye(2)[None])
    expected = stats.multivariate_normal(rows.mean(axis=0), np.eye(2)).logpdf(rows).sum()
    assert found[0] == pytest.approx(expected, rel=1e-12)


def test_log_likelihood_is_minus_infinity_without_a_positive_definite_matrix() -> None:
    sigma = np.array([[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])
    found = algebra.gaussian_log_likelihood(np.array([9.0, 9.0]), np.stack([np.eye(2)] * 2), sigma)
    assert found[0] == -np.inf
    assert np.isfinite(found[1])


def test_total_effects_are_the_inverse_and_exactly_zero_without_a_route() -> None:
    rng = np.random.default_rng(3)
    paths = np.tril(rng.standard_normal((4, 5, 6, 6)), -1) * (rng.random((6, 6)) < 0.5)
    effects = algebra.total_effects(paths)
    np.testing.assert_allclose(effects, np.linalg.inv(np.eye(6) - paths), atol=1e-12)
    reach = np.linalg.matrix_power(np.eye(6) + (paths != 0).any(axis=(0, 1)), 6) > 0
    assert (effects[..., ~reach] == 0).all()


@pytest.mark.parametrize("at", [(0, 1), (2, 2)])
def test_total_effects_refuse_an_order_that_is_not_causal(at: tuple[int, int]) -> None:
    paths = np.zeros((3, 3))
    paths[at] = 0.5
    with pytest.raises(ValueError, match="causal order"):
        algebra.total_effects(paths)
