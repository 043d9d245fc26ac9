"""Means and sums of squares of rows to the last digits, and the check that a covariance matrix is one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SMALLEST_EIGENVALUE = 1e-10
"""A correlation matrix with an eigenvalue below this is not positive definite in floating point."""


def two_pass_moments(values: Floats) -> tuple[Floats, Floats]:
    """Return mean (p,) and covariance (p, p; divisor n-1) of complete rows (n, p).

    The rows are centred before they are multiplied, twice, so that the rounding error of the first mean is
    taken out as well (the corrected two-pass algorithm: Chan, Golub & LeVeque, 1983, The American
    Statistician 37, 242-247). E[xy] - E[x]E[y] would lose every digit at mean 1e8 and SD 1.

    Examples
    --------
    >>> mean, cov = two_pass_moments(np.array([[1.0, 2.0], [3.0, 6.0]]))
    >>> mean.tolist(), cov.tolist()
    ([2.0, 4.0], [[2.0, 4.0], [4.0, 8.0]])
    """
    mean, products = _centred_products(values)
    cov = products / (len(values) - 1)
    return mean, (cov + cov.T) / 2


def two_pass_scatter(values: Floats) -> tuple[Floats, Floats]:
    """Return mean (p,) and sums of squares and products about it (p, p) of complete rows; zeros for one row.

    Examples
    --------
    >>> mean, scatter = two_pass_scatter(np.array([[1.0, 2.0], [3.0, 6.0]]))
    >>> scatter.tolist()
    [[2.0, 4.0], [4.0, 8.0]]
    """
    mean, products = _centred_products(values)
    return mean, (products + products.T) / 2


def _centred_products(values: Floats) -> tuple[Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(axis=0)
        centred = values - mean
        rest = centred.mean(axis=0)
        centred -= rest
        return mean + rest, centred.T @ centred


def dependent_variables(cov: Floats, names: Sequence[str]) -> tuple[str, ...]:
    """Return the variables whose combination has no variance; empty when `cov` is positive definite.

    Judged on the correlation scale, so that units do not matter. The variables are those with a sizeable
    weight in the eigenvector of the smallest eigenvalue.

    Examples
    --------
    >>> dependent_variables(np.array([[1.0, 2.0], [2.0, 4.0]]), ["x", "twice_x"])
    ('x', 'twice_x')
    """
    scale = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(scale, scale))
    if values[0] > SMALLEST_EIGENVALUE:
        return ()
    weight = np.abs(vectors[:, 0])
    return tuple(name for name, one in zip(names, weight, strict=True) if one >= 0.3 * weight.max())
