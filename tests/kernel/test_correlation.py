"""The kernel's correlation factor is that of the NumPy algebra, and its adjoint is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.kernel import correlation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit
def fill(u: Any, cells: Any, factor: Any) -> bool:
    return correlation.correlation_factor(u, cells, factor)  # type: ignore[no-any-return]


@njit
def pull_back(u: Any, cells: Any, factor: Any, adjoint: Any, gradient: Any) -> None:
    correlation.correlation_adjoint(u, cells, factor, adjoint, gradient)


def cells_of(d: int, zeros: list[tuple[int, int]]) -> Ints:
    """Free cells below the diagonal numbered from the last one up, so that order and position differ."""
    cells = np.full((d, d), -1, dtype=np.int64)
    free = [cell for cell in zip(*np.tril_indices(d, -1), strict=True) if cell not in zeros]
    for number, cell in enumerate(reversed(free)):
        cells[cell] = number + 2
    return cells


PATTERNS = [
    cells_of(1, []),
    cells_of(2, []),
    cells_of(2, [(1, 0)]),
    cells_of(3, [(2, 1)]),
    cells_of(4, []),
    cells_of(5, [(2, 0), (3, 1), (4, 0), (4, 2)]),
    cells_of(4, [(1, 0), (2, 0), (3, 0), (2, 1), (3, 1)]),
]
EACH = pytest.mark.parametrize("cells", PATTERNS, ids=lambda cells: f"{len(cells)}, {int((cells >= 0).sum())} free")


def factor_at(u: Floats, cells: Ints) -> Floats:
    factor = np.full(cells.shape, 9.0)  # whatever was there before must not matter
    assert fill(u, cells, factor)
    return factor


@EACH
def test_factor_gives_the_correlations_of_the_algebra(cells: Ints) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        u = 0.4 * rng.standard_normal(20)
        factor = factor_at(u, cells)
        np.testing.assert_array_equal(factor, np.tril(factor))
        np.testing.assert_allclose(factor @ factor.T, algebra.correlation(u, cells), rtol=1e-12, atol=1e-14)


@EACH
def test_adjoint_is_that_of_finite_differences(cells: Ints) -> None:
    rng = np.random.default_rng(2)
    u = 0.4 * rng.standard_normal(20)
    weight = np.tril(rng.standard_normal(cells.shape))

    def weighed(u: Floats) -> float:
        return float(np.sum(weight * factor_at(u, cells)))

    gradient = np.ones(20)  # it adds
    pull_back(u, cells, factor_at(u, cells), weight.copy(), gradient)
    for k in range(20):
        h = 1e-3
        step = h * np.eye(20)[k]
        f = [weighed(u + s * step) for s in (-2, -1, 1, 2)]
        difference = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h)
        assert gradient[k] - 1 == pytest.approx(difference, abs=1e-9)


def test_zeros_that_cannot_be_met_are_reported() -> None:
    cells = np.array([[-1, -1, -1], [0, -1, -1], [1, -1, -1]])  # r_21 must be 0
    factor = np.empty((3, 3))
    assert fill(np.array([0.1, 0.1]), cells, factor)
    assert not fill(np.array([2.5, 2.5]), cells, factor)
    assert np.isnan(algebra.correlation(np.array([2.5, 2.5]), cells)).any()
