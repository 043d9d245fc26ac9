"""Derivatives of published statistics in a covariance matrix, against complex steps through the regressions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.estimands.figure_slopes import regressed, slopes_of
from bayescx.kernel.statistics import CORRELATION, PATH, PRATT, R_SQUARED, SQUARED_TOTAL, TOTAL

Floats = NDArray[np.float64]
CAUSES = [[], [], [0, 1], [0, 2], [1, 2, 3]]
STATISTICS = {
    "path": (PATH, 4, 2),
    "total effect": (TOTAL, 4, 0),
    "total effect of a direct cause": (TOTAL, 3, 0),
    "correlation": (CORRELATION, 4, 1),
    "explained variance": (R_SQUARED, 4, 4),
    "Pratt": (PRATT, 3, 2),
    "squared total effect": (SQUARED_TOTAL, 4, 1),
}


def matrices(count: int) -> Floats:
    root = np.random.default_rng(2).standard_normal((count, 3, 5, 9))
    return np.asarray(root @ np.swapaxes(root, -1, -2))


def value_of(code: int, i: int, k: int, phi: Floats) -> Floats:
    found = algebra.regressions(phi, CAUSES)
    spread = np.sqrt(phi[..., k, k] / phi[..., i, i])
    correlation = phi[..., i, k] / np.sqrt(phi[..., i, i] * phi[..., k, k])
    values = {
        PATH: found.paths[..., i, k] * spread,
        TOTAL: found.effects[..., i, k] * spread,
        CORRELATION: correlation,
        R_SQUARED: found.explained[..., i] / phi[..., i, i],
        PRATT: found.paths[..., i, k] * spread * correlation,
        SQUARED_TOTAL: (found.effects[..., i, k] * spread) ** 2,
    }
    return np.asarray(values[code])


@pytest.mark.parametrize("name", STATISTICS)
def test_slopes_are_those_of_complex_steps(name: str) -> None:
    phi, atom = matrices(4), STATISTICS[name]
    found = slopes_of([(*atom, np.ones((4, 1)))], regressed(phi, CAUSES))
    np.testing.assert_allclose(found, np.swapaxes(found, -1, -2), atol=1e-14)
    for i in range(5):
        for k in range(i + 1):
            moved = phi.astype(complex)
            moved[..., i, k] += 1e-30j
            moved[..., k, i] = moved[..., i, k]
            slope = value_of(*atom, moved).imag / 1e-30
            np.testing.assert_allclose(found[..., i, k] * (1 if i == k else 2), slope, rtol=1e-9, atol=1e-12)


def test_slopes_of_a_sum_are_sums_of_slopes() -> None:
    at = regressed(matrices(3), CAUSES)
    weights = np.random.default_rng(1).standard_normal((len(STATISTICS), 3, 1))
    together = slopes_of([(*atom, w) for atom, w in zip(STATISTICS.values(), weights, strict=True)], at)
    apart = [
        w[..., None, None] * slopes_of([(*atom, np.ones((3, 1)))], at)
        for atom, w in zip(STATISTICS.values(), weights, strict=True)
    ]
    np.testing.assert_allclose(together, sum(apart), rtol=1e-9, atol=1e-12)


def test_some_members_have_the_slopes_that_they_have_among_all() -> None:
    at = regressed(matrices(2), CAUSES)
    atoms = [(*STATISTICS["total effect"], np.ones((2, 1)))]
    np.testing.assert_array_equal(slopes_of(atoms, at.at([2, 0])), slopes_of(atoms, at)[:, [2, 0]])
