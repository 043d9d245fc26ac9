"""Regression of noisy values of organizations on their attributes, exact draws for many posteriors at once.

    value_j ~ Normal(level_j, noise_j),   level_j ~ Normal(d_j' theta, tau),   theta ~ Normal(0, scale)

Given tau all is normal; tau is drawn from a grid of quantiles of its prior, alike in probability.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.prior_shapes import frozen
from bayescx.priors import Prior

__all__ = ["Regression", "draw_regression"]

Floats = NDArray[np.float64]
_GRID = 200
_AT_ONCE = 50  # draws, to bound memory


class Regression(NamedTuple):
    """Draws: ``theta`` (S, q), ``tau`` (S,), ``level`` (S, J)."""

    theta: Floats
    tau: Floats
    level: Floats


def draw_regression(
    values: Floats, variance: Floats, design: Floats, scale: Floats, sd: Prior, rng: np.random.Generator
) -> Regression:
    """Draw one regression for each of S sets of values.

    Parameters
    ----------
    values, variance : array (S, J)
        Values with independent normal noise of these variances.
    design : array (J, q)
    scale : array (q,)
        SDs of the normal priors of theta, about 0.
    sd : Prior
        Of tau.
    rng : numpy.random.Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z = np.linspace(-1, 1, 40)
    >>> values = np.tile(0.5 * z, (500, 1))
    >>> design, flat = np.column_stack([np.ones(40), z]), np.array([10.0, 10.0])
    >>> found = draw_regression(values, np.full((500, 40), 0.01), design, flat, Prior("HalfNormal", sigma=0.5), rng)
    >>> found.theta.mean(axis=0).round(1).tolist()
    [0.0, 0.5]
    """
    tau = frozen(sd.name, sd.parameters).ppf((np.arange(_GRID) + 0.5) / _GRID)
    parts = [
        _drawn(values[i : i + _AT_ONCE], variance[i : i + _AT_ONCE], design, scale, tau, rng)
        for i in range(0, len(values), _AT_ONCE)
    ]
    return Regression(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _drawn(
    values: Floats, variance: Floats, design: Floats, scale: Floats, grid: Floats, rng: np.random.Generator
) -> Regression:
    weight = 1.0 / (variance[:, None] + grid[:, None] ** 2)  # (S, G, J)
    precision, told = _normal(weight, values[:, None], design, scale)
    best = np.linalg.solve(precision, told[..., None])[..., 0]
    log_p = 0.5 * np.log(weight).sum(axis=-1) - 0.5 * np.linalg.slogdet(precision)[1]
    log_p -= 0.5 * ((weight * values[:, None] ** 2).sum(axis=-1) - (told * best).sum(axis=-1))
    share = np.exp(log_p - log_p.max(axis=1, keepdims=True)).cumsum(axis=1)
    chosen = (share > share[:, -1:] * rng.random((len(values), 1))).argmax(axis=1)
    tau, every = grid[chosen], np.arange(len(values))
    factor = np.linalg.cholesky(precision[every, chosen])
    noise = rng.standard_normal((len(values), design.shape[1], 1))
    theta = best[every, chosen] + np.linalg.solve(np.swapaxes(factor, 1, 2), noise)[..., 0]
    centre = theta @ design.T
    own = 1.0 / variance + 1.0 / tau[:, None] ** 2
    level = (values / variance + centre / tau[:, None] ** 2) / own
    return Regression(theta, tau, level + rng.standard_normal(level.shape) / np.sqrt(own))


def _normal(weight: Floats, values: Floats, design: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Precision (..., q, q) of theta given tau, and precision times mean (..., q)."""
    precision = np.einsum("...j,ja,jb->...ab", weight, design, design, optimize=True) + np.diag(scale**-2.0)
    return precision, (weight * values) @ design
