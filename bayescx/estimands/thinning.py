"""Moments of one sample parted into moments of independent samples, without any rows: exact for normal data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["thinned"]

Floats = NDArray[np.float64]


def thinned(scatter: Floats, degrees: Sequence[int], rng: np.random.Generator) -> Floats:
    """Part sums of squares and products into independent ones that add up to them.

    If W ~ Wishart(d, Sigma), whatever Sigma, the parts are independent Wishart(d_k, Sigma): W_k = L B_k L' with L the
    Cholesky factor of W, and B_1, B_2, ... matrix-variate Dirichlet. These are B_k = C^-1 G_k C'^-1 of independent
    G_k ~ Wishart(d_k, I), with C the Cholesky factor of their sum.

    Parameters
    ----------
    scatter : array (p, p)
        W = (n - 1) S of an organization; positive definite.
    degrees : sequence of int
        d_k, each at least 1, whose sum d is n - 1. Parts with d_k < p are singular.
    rng : numpy.random.Generator

    Returns
    -------
    array (K, p, p)

    Examples
    --------
    >>> parts = thinned(np.array([[9.0, 3.0], [3.0, 4.0]]), [5, 3, 1], np.random.default_rng(1))
    >>> parts.shape, parts.sum(axis=0).round(9).tolist()
    ((3, 2, 2), [[9.0, 3.0], [3.0, 4.0]])
    """
    p = len(scatter)
    standard = np.stack([_standard_wishart(d, p, rng) for d in degrees])
    factor = np.linalg.cholesky(scatter) @ np.linalg.inv(np.linalg.cholesky(standard.sum(axis=0)))
    return np.asarray(factor @ standard @ factor.T)


def _standard_wishart(d: int, p: int, rng: np.random.Generator) -> Floats:
    """One draw of Wishart(d, I), (p, p); its cost does not grow with d (Bartlett 1933)."""
    if d < p:
        rows = rng.standard_normal((d, p))
        return np.asarray(rows.T @ rows)
    factor = np.tril(rng.standard_normal((p, p)), -1)
    factor[np.diag_indices(p)] = np.sqrt(rng.chisquare(d - np.arange(p)))
    return np.asarray(factor @ factor.T)
