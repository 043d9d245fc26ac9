"""Regression of noisy values of organizations on their attributes, with errors that go together.

    values ~ Normal(level, noise),   level_j ~ Normal(d_j' theta, tau),   theta ~ Normal(0, scale)

With noise = U diag(lambda) U', U' values have independent errors lambda + tau^2, whatever tau is. tau is drawn from its
marginal posterior, by interpolation of its integral over a grid; the rest is normal given tau.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from bayescx.prior_shapes import frozen
from bayescx.priors import Prior

__all__ = ["Regression", "draw_regression"]

Floats = NDArray[np.float64]
_GRID = 1000
_NEGLIGIBLE = 1e-7  # of the density's maximum, at the end of the grid
_MOST_WIDER = 40


class Regression(NamedTuple):
    """Draws: ``theta`` (S, q), ``tau`` (S,), ``level`` (S, J)."""

    theta: Floats
    tau: Floats
    level: Floats


class _Turned(NamedTuple):
    """Values (J,), error variances (J,) and design (J, q) in directions whose errors are independent."""

    values: Floats
    variance: Floats
    design: Floats
    penalty: Floats

    def solved(self, tau: Floats) -> tuple[Floats, Floats, Floats]:
        """Log density of tau (T,) without its prior, and precision (T, q, q) and mean (T, q) of theta given it."""
        weight = 1.0 / (self.variance + tau[:, None] ** 2)
        precision = np.einsum("tj,ja,jb->tab", weight, self.design, self.design, optimize=True) + np.diag(self.penalty)
        told = (weight * self.values) @ self.design
        mean = np.linalg.solve(precision, told[..., None])[..., 0]
        log_p = 0.5 * np.log(weight).sum(axis=1) - 0.5 * np.linalg.slogdet(precision)[1]
        log_p -= 0.5 * ((weight * self.values**2).sum(axis=1) - (told * mean).sum(axis=1))
        return log_p, precision, mean


def draw_regression(
    values: Floats, noise: Floats, design: Floats, scale: Floats, sd: Prior, draws: int, rng: np.random.Generator
) -> Regression:
    """Draw independently from the posterior.

    Parameters
    ----------
    values, noise : array (J,), (J, J)
        Values with normal errors of this covariance.
    design : array (J, q)
    scale : array (q,)
        SDs of the normal priors of theta, about 0.
    sd : Prior
        Of tau, on the positive half-line.
    draws : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z = np.linspace(-1, 1, 40)
    >>> design, flat = np.column_stack([np.ones(40), z]), np.array([10.0, 10.0])
    >>> found = draw_regression(0.5 * z, 0.01 * np.eye(40), design, flat, Prior("HalfNormal", sigma=0.5), 500, rng)
    >>> float(found.theta[:, 1].mean().round(1))
    0.5
    """
    variance, turn = np.linalg.eigh(noise)
    turned = _Turned(turn.T @ values, np.maximum(variance, 0.0), turn.T @ design, scale**-2.0)
    tau = _spreads(turned, sd, draws, rng)
    _, precision, mean = turned.solved(tau)
    back = np.swapaxes(np.linalg.cholesky(precision), 1, 2)
    theta = mean + np.linalg.solve(back, rng.standard_normal((*mean.shape, 1)))[..., 0]
    centre = theta @ turned.design.T
    share = tau[:, None] ** 2 / (tau[:, None] ** 2 + turned.variance)
    level = centre + share * (turned.values - centre)
    level += np.sqrt(share * turned.variance) * rng.standard_normal(level.shape)
    return Regression(theta, tau, level @ turn.T)


def _spreads(turned: _Turned, sd: Prior, draws: int, rng: np.random.Generator) -> Floats:
    """Draws of tau, from a grid that reaches to where its density is negligible, and is finest near 0."""
    prior = frozen(sd.name, sd.parameters)
    end = float(prior.ppf(0.99))
    for _ in range(_MOST_WIDER):
        grid = end * np.linspace(0.0, 1.0, _GRID)[1:] ** 2
        log_p = turned.solved(grid)[0] + prior.logpdf(grid)
        density = np.exp(log_p - log_p.max())
        if density[-1] < _NEGLIGIBLE:
            break
        end *= 2.0
    below = cumulative_trapezoid(np.concatenate([density[:1], density]), np.concatenate([[0.0], grid]), initial=0.0)
    return np.asarray(np.interp(rng.random(draws) * below[-1], below, np.concatenate([[0.0], grid])))
