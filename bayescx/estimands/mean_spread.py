"""How much organizations differ in a mean, and their means drawn together as far as that tells.

Means of organizations that are all alike still spread by their sampling errors, and the largest of them is too large.
So the J means of a construct are taken to come from a population, Normal(centre, omega), whose omega is learned: flat
draws of the means (sum 0, posterior mean m and covariance V, about normal) are its likelihood,

    C'm ~ Normal(0, C'VC + omega^2 I),   omega ~ HalfCauchy(0.25), in SDs of the construct within organizations,

C orthonormal contrasts. Given omega, each flat draw is drawn towards the centre: draws of organizations that differ
much stay what they are, and keep the parameters that they belong to.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx.estimands.mean_structure import contrasts
from bayescx.prior_shapes import frozen
from bayescx.priors import Prior

__all__ = ["LEAST_SPREAD", "MEAN_SD", "drawn_together"]

Floats = NDArray[np.float64]

MEAN_SD = Prior("HalfCauchy", beta=0.25)
LEAST_SPREAD = 0.1
"""Organizations differ where the SD of their means is above this share of the SD of customers within them."""

_GRID = 400


def drawn_together(flat: Floats, rng: np.random.Generator) -> Floats:
    """Draws of J means that come from one population with a learned SD.

    Parameters
    ----------
    flat : array (S, J)
        Draws of means that nothing ties, in SDs of the construct, each with sum 0; J of at least 2.
    rng : numpy.random.Generator

    Returns
    -------
    array (S, J)
        Each with sum 0.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> alike = 0.1 * rng.standard_normal((500, 5))
    >>> alike -= alike.mean(axis=1, keepdims=True)
    >>> bool(drawn_together(alike, rng).std() < alike.std())
    True
    """
    basis = contrasts(flat.shape[1])
    values, vectors = np.linalg.eigh(_covariance(flat, basis))
    error = np.maximum(values, 0.0)
    turned = flat @ basis @ vectors
    omega = _spreads(turned.mean(axis=0), error, len(flat), rng)[:, None]
    # a draw of the prior, moved towards the data: by Matheron's rule a draw of the posterior, with the flat draw's own
    # deviation from the mean as the error
    prior = omega * rng.standard_normal(turned.shape)
    together = prior + omega**2 / (omega**2 + error) * (turned - prior)
    return np.asarray(together @ vectors.T @ basis.T)


def _covariance(flat: Floats, basis: Floats) -> Floats:
    """Covariance of the contrasts.

    That of the draws where they are many; drawn to that of independent errors of the same variances where few draws
    would make one of many organizations up.
    """
    draws, count = flat.shape
    shown = np.atleast_2d(np.cov(flat @ basis, rowvar=False))
    variance = flat.var(axis=0, ddof=1)
    total = variance.sum() * count / (count - 1)
    own = (variance - total / count**2) / (1 - 2 / count) if count > 2 else np.full(count, total / count)
    apart = basis.T @ (np.maximum(own, 0.0)[:, None] * basis)
    weight = min(1.0, count / draws)
    return np.asarray(weight * apart + (1 - weight) * shown)


def _spreads(mean: Floats, error: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Draws of omega, given independent contrasts (J - 1) with their error variances."""
    grid = frozen(MEAN_SD.name, MEAN_SD.parameters).ppf((np.arange(_GRID) + 0.5) / _GRID)  # alike in prior probability
    variance = error + grid[:, None] ** 2
    log_weight = -0.5 * (np.log(variance) + mean**2 / variance).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(rng.choice(grid, size=draws, p=weight / weight.sum()))
