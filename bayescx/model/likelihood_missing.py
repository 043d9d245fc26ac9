"""Gaussian log-likelihood of incomplete answers: every respondent counts with the answers that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

if TYPE_CHECKING:
    from bayescx.evidence.patterns import Pattern

__all__ = ["pattern_log_likelihood"]

Floats = NDArray[np.float64]


def pattern_log_likelihood(patterns: Sequence[Pattern], sigma: Floats, mean: Floats, design: Floats) -> float:
    """Log density of all answers of one organization, constants included.

    The implied means are ``mean + design @ free``, with `free` at its most likely value: generalized least squares over
    the patterns. Directions of `free` that no answer speaks of have no part in the density.

    Parameters
    ----------
    patterns : sequence of Pattern
    sigma : array (p, p)
        Implied covariance matrix, positive definite.
    mean : array (p,)
    design : array (p, f)
        The identity where means are saturated; no column where all intercepts are given.

    Examples
    --------
    >>> from bayescx.evidence import Pattern
    >>> one = Pattern((0,), 2, np.zeros(1), np.array([[2.0]]))
    >>> round(pattern_log_likelihood([one], np.eye(2), np.zeros(2), np.zeros((2, 0))), 6)
    -2.837877
    """
    roots = [np.linalg.cholesky(sigma[np.ix_(one.variables, one.variables)]) for one in patterns]
    apart = [
        np.sqrt(one.n_obs) * solve_triangular(root, one.mean - mean[list(one.variables)], lower=True)
        for one, root in zip(patterns, roots, strict=True)
    ]
    misfit = np.concatenate(apart)
    if design.shape[1]:
        reach = [
            np.sqrt(one.n_obs) * solve_triangular(root, design[list(one.variables)], lower=True)
            for one, root in zip(patterns, roots, strict=True)
        ]
        misfit = misfit - _projected(np.concatenate(reach), misfit)
    total = -0.5 * float(misfit @ misfit)
    for one, root in zip(patterns, roots, strict=True):
        constant = len(one.variables) * np.log(2 * np.pi) + 2 * np.log(np.diag(root)).sum()
        total -= 0.5 * (one.n_obs * constant + _trace(root, one.scatter))
    return float(total)


def _trace(root: Floats, scatter: Floats) -> float:
    """tr(Sigma^-1 S), from the Cholesky factor of Sigma."""
    half = solve_triangular(root, scatter, lower=True)
    return float(np.trace(solve_triangular(root, half.T, lower=True)))


def _projected(design: Floats, target: Floats) -> Floats:
    """The part of `target` within reach of the columns of `design`, whatever their units and rank."""
    length = np.linalg.norm(design, axis=0)
    unit = design[:, length > 0] / length[length > 0]
    best, *_ = np.linalg.lstsq(unit, target)
    return np.asarray(unit @ best)
