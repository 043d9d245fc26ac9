"""Matrix algebra of recursive path models, batched over leading axes.

Conventions, fixed here. ``paths[..., i, k]`` is B_ik: the effect of construct k on construct i, so eta = B eta + zeta.
Psi is the covariance of zeta (exogenous constructs included: their zeta is themselves). Residual covariance matrices
come as SDs and Fisher-z *partial* correlations (see ``correlation``). R-squared is random-x: 1 - psi_ii /
Var(eta_i) with exogenous variance as modelled, not conditioned on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Regressions",
    "construct_covariance",
    "correlation",
    "gaussian_log_likelihood",
    "implied_covariance",
    "r_squared",
    "regressions",
    "standardized",
    "total_effects",
]

Floats = NDArray[np.float64]


def total_effects(paths: Floats) -> Floats:
    """T = (I - B)^-1, shape (..., m, m): entry (i, k) is the total effect of k on i, with 1 on the diagonal.

    B must be strictly lower triangular: constructs in causal order. Row i is then row i of I plus the rows of its
    causes weighted by their paths, so that pairs without a route are exactly 0.

    Raises
    ------
    ValueError
        If B is anything else.
    """
    out = np.zeros_like(paths)
    for i in range(paths.shape[-1]):
        out[..., i, i] = 1.0
        for k in np.flatnonzero(paths[..., i, :].reshape(-1, paths.shape[-1]).any(axis=0)):
            if k >= i:
                raise ValueError("B is not strictly lower triangular: constructs must stand in causal order")
            out[..., i, : k + 1] += paths[..., i, k, None] * out[..., k, : k + 1]
    return out


def construct_covariance(paths: Floats, psi: Floats) -> Floats:
    """Phi = T Psi T', the implied covariance matrix of the constructs, shape (..., m, m)."""
    effects = total_effects(paths)
    return np.asarray(effects @ psi @ np.swapaxes(effects, -1, -2))


def implied_covariance(paths: Floats, psi: Floats, loadings: Floats, theta: Floats) -> Floats:
    """Sigma = Lambda Phi Lambda' + Theta, shape (..., p, p); ``loadings`` is (..., p, m)."""
    phi = construct_covariance(paths, psi)
    return np.asarray(loadings @ phi @ np.swapaxes(loadings, -1, -2) + theta)


def r_squared(paths: Floats, psi: Floats) -> Floats:
    """Share of each construct's variance that its predictors explain, random-x, (..., m); 0 for exogenous ones."""
    phi = construct_covariance(paths, psi)
    explained = 1.0 - np.diagonal(psi, axis1=-2, axis2=-1) / np.diagonal(phi, axis1=-2, axis2=-1)
    exogenous = ~np.any(paths != 0, axis=-1)
    return np.asarray(np.where(exogenous, 0.0, explained))


def standardized(effects: Floats, variance: Floats) -> Floats:
    """Effects in SDs of the outcome per SD of the cause: ``effects`` (..., m, m), ``variance`` (..., m).

    What does not vary (a coded column that is constant) moves nothing, and nothing moves it.
    """
    sd = np.sqrt(variance)
    return np.asarray(effects * sd[..., None, :] / np.where(sd > 0, sd, 1.0)[..., :, None])


def correlation(z: Floats, cells: NDArray[np.int64]) -> Floats:
    """Correlation matrices (..., d, d) from Fisher-z partial correlations.

    Parameters
    ----------
    z : array (..., C)
        Unconstrained numbers.
    cells : int array (d, d)
        For each cell below the diagonal the position in ``z``, or -1 for a correlation of zero.

    Notes
    -----
    Row i of the Cholesky factor is filled from the left: a free cell takes tanh(z) of the length that is left (the
    canonical partial correlation given the variables before; Lewandowski, Kurowicka & Joe 2009), a zero cell the
    value that makes the correlation zero. Where a pattern of zeros leaves no length, the result is nan.
    """
    d = cells.shape[0]
    factor = np.zeros((*z.shape[:-1], d, d))
    for i in range(d):
        left = np.ones(z.shape[:-1])
        for j in range(i):
            if cells[i, j] >= 0:
                entry = np.tanh(z[..., cells[i, j]]) * np.sqrt(left)
            else:
                entry = -np.sum(factor[..., i, :j] * factor[..., j, :j], axis=-1) / factor[..., j, j]
            factor[..., i, j] = entry
            left = left - entry**2
        with np.errstate(invalid="ignore"):
            factor[..., i, i] = np.where(left > 0, np.sqrt(left), np.nan)
    return np.asarray(factor @ np.swapaxes(factor, -1, -2))


class Regressions(NamedTuple):
    """Equation-by-equation regressions of a covariance matrix ``phi`` (..., m, m) of constructs in causal order.

    ``paths`` (..., m, m) are the coefficients, ``effects`` = (I - paths)^-1, ``explained`` (..., m) the explained
    variances.
    """

    phi: Floats
    paths: Floats
    effects: Floats
    explained: Floats


def regressions(phi: Floats, causes: Sequence[Sequence[int]]) -> Regressions:
    """Regress each construct on its ``causes`` (positions), as who publishes figures does; complex ``phi`` too.

    In a model whose residuals do not covary, the implied covariance matrix gives the paths back.
    """
    paths, explained = np.zeros_like(phi), np.zeros_like(phi[..., 0])
    for i, columns in enumerate(map(list, causes)):
        if columns:
            along = phi[..., columns, i]
            slope = np.linalg.solve(phi[..., columns, :][..., columns], along[..., None])[..., 0]
            paths[..., i, columns] = slope
            explained[..., i] = (slope * along).sum(axis=-1)
    return Regressions(phi, paths, total_effects(paths), explained)


def gaussian_log_likelihood(n_obs: Floats, cov: Floats, sigma: Floats, offset: Floats | None = None) -> Floats:
    """Gaussian log-likelihood with its constants, of ``n_obs`` (J,) respondents with divisor-n ``cov`` (J, p, p).

    ``sigma`` (J, p, p) is the implied covariance matrix and ``offset`` (J, p) the sample mean minus the implied
    one. Where ``sigma`` is not positive definite the result is -inf.
    """
    p = cov.shape[-1]
    out = np.full(cov.shape[0], -np.inf)
    for j in range(cov.shape[0]):
        try:
            np.linalg.cholesky(sigma[j])
        except np.linalg.LinAlgError:
            continue
        moment = cov[j] if offset is None else cov[j] + np.outer(offset[j], offset[j])
        _, log_det = np.linalg.slogdet(sigma[j])
        trace = np.trace(np.linalg.solve(sigma[j], moment))
        out[j] = -0.5 * n_obs[j] * (p * np.log(2 * np.pi) + log_det + trace)
    return out
