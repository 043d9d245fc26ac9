"""The centre and SD of a population given counts: an interpolated density to propose from, and the exact one.

The grid runs over log tau and over mu in units of its own spread at that tau, so that it is rectangular wherever the
posterior lies. What the interpolation gets wrong is known at every draw, because the exact density is: it becomes a
weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.rates.binomial import log_marginal

__all__ = ["Surface"]

Floats = NDArray[np.float64]
Cells = NDArray[np.intp]

_KNOTS = 48  # of log tau
_TAILS = 1e-6, 1 - 1e-7  # of the prior of tau: what lies beyond is left out
_DEEP = 16.0  # and so is log tau where its log density is lower than its highest by this much
_REACH, _SPACING = 5.5, 0.5  # of mu, in its SDs at a given tau
_NEWTON, _FARTHEST = 12, 3.0
_LEAST_AT_EDGE = 1e-7  # share of the mass in the outermost cells that ends the search for the edges of mu
_WIDENINGS = 12
_TEMPER, _WIDE = 0.25, 1.0  # power of the wider density, and its mass against that of the other


class Surface:
    """The posterior of (mu, tau) of one split in one group.

    Parameters
    ----------
    k, n : array (J,)
        Counts of the split's left side, and of both sides.
    mean, sd : Prior
        Of mu and tau.
    wide : bool
        Propose from a wider density as well, because published figures may pull the population to where counts alone
        rarely put it.

    Raises
    ------
    FitError
        If the posterior has no edges that a grid could have, as heavy-tailed priors without data make it.
    """

    def __init__(self, k: Floats, n: Floats, mean: Prior, sd: Prior, *, wide: bool = False) -> None:
        self.k, self.n = k.astype(np.float64), n.astype(np.float64)
        self.mean, self.sd = mean.distribution(), sd.distribution()
        self._middle = float(self.mean.ppf(0.5))
        self._scale = float(self.mean.ppf(0.8413447) - self.mean.ppf(0.1586553)) / 2
        self._place_knots()
        self._fill()
        self.hat = self.mass
        if wide:
            wider = self.mass**_TEMPER
            self.hat = self.mass + _WIDE * wider * (self.mass.sum() / wider.sum())
        corners = self.hat[:-1, :-1] + self.hat[1:, :-1] + self.hat[:-1, 1:] + self.hat[1:, 1:]
        self.cumulative = np.cumsum(corners.ravel()) / corners.sum()

    def log_density(self, mu: Floats, tau: Floats) -> Floats:
        """Exact log density of (mu, log tau), without its constant; (M,)."""
        likelihood = log_marginal(self.k, self.n, mu, tau)[0]
        with np.errstate(divide="ignore"):
            prior = np.log(self.mean.pdf(mu)) + np.log(self.sd.pdf(tau)) + np.log(tau)
        return np.asarray(likelihood + prior)

    def _centres(self, tau: Floats, mu: Floats) -> tuple[Floats, Floats, Floats]:
        """Where mu is highest for each tau, its SD there, and the log density of log tau, by Laplace's method.

        The log likelihood is concave in mu, because an integral over a log-concave density is one.
        """
        for _ in range(_NEWTON):
            _, first, second = log_marginal(self.k, self.n, mu, tau, moments=True)
            precision = second + self._scale**-2
            step = (first - (mu - self._middle) / self._scale**2) / precision
            mu = mu + np.clip(step, -_FARTHEST, _FARTHEST)
            if np.abs(step * np.sqrt(precision)).max() < 0.01:
                break
        spread = 1 / np.sqrt(precision)
        return mu, spread, self.log_density(mu, tau) + np.log(spread)

    def _place_knots(self) -> None:
        """Knots of log tau where its mass lies, each with the centre and spread of mu."""
        start, stop = (float(edge) for edge in np.log(self.sd.ppf(_TAILS)))
        total, asked = self.k.sum(), self.n.sum()
        mu = np.full(_KNOTS, np.log((total + 0.5) / (asked - total + 0.5)))
        for _ in range(2):
            t = np.linspace(start, stop, _KNOTS)
            mu, _, height = self._centres(np.exp(t), mu)
            deep = np.flatnonzero(height > height.max() - _DEEP)
            first, last = max(deep[0] - 1, 0), min(deep[-1] + 1, _KNOTS - 1)
            start, stop = float(t[first]), float(t[last])
            mu = np.interp(np.linspace(start, stop, _KNOTS), t, mu)
        self.t = np.linspace(start, stop, _KNOTS)
        self.centre, self.spread, _ = self._centres(np.exp(self.t), mu)

    def _column(self, v: Floats) -> Floats:
        """Exact log density of (v, log tau) on all knots of log tau, (len(v), T)."""
        mu = self.centre + v[:, None] * self.spread
        tau = np.broadcast_to(np.exp(self.t), mu.shape)
        return self.log_density(mu.ravel(), tau.ravel()).reshape(mu.shape) + np.log(self.spread)

    def _fill(self) -> None:
        """Heights of the grid; it grows until next to nothing is at its edges."""
        v = np.arange(-_REACH, _REACH + _SPACING / 2, _SPACING)
        height = self._column(v)
        for _ in range(_WIDENINGS):
            mass = np.exp(height - height.max())
            edge = mass[[0, -1]].sum(axis=1) / mass.sum()
            if (edge < _LEAST_AT_EDGE).all():
                break
            more = np.ceil(0.5 * len(v)) * _SPACING
            below = np.arange(v[0] - more, v[0], _SPACING) if edge[0] >= _LEAST_AT_EDGE else v[:0]
            above = v[-1] + np.arange(_SPACING, more + _SPACING / 2, _SPACING) if edge[1] >= _LEAST_AT_EDGE else v[:0]
            height = np.concatenate([self._column(below), height, self._column(above)])
            v = np.concatenate([below, v, above])
        else:
            raise FitError(
                "the centre of this population has no end: its prior has tails so heavy that the counts do not bound "
                'it; a Normal prior of the mean does, e.g. mean=Prior("Normal", mu=0, sigma=1.5)'
            )
        self.v, self.top = v, float(height.max())
        self.mass = np.exp(height - self.top)

    def propose(self, size: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw (mu, tau) from a bilinear interpolation on the grid.

        Returns
        -------
        mu, tau, log_proposal, log_rough : array (size,)
            The last two up to a constant: the log density of (mu, log tau) drawn from, and the interpolated log
            posterior over it, which is 0 unless the proposal is wide.
        """
        cell = np.searchsorted(self.cumulative, rng.random(size), side="right")
        a, b = np.unravel_index(np.minimum(cell, len(self.cumulative) - 1), (len(self.v) - 1, len(self.t) - 1))
        low, high = self.hat[a, b], self.hat[a + 1, b]
        low2, high2 = self.hat[a, b + 1], self.hat[a + 1, b + 1]
        x = _on_a_slope(low + low2, high + high2, rng.random(size))
        near, far = low + x * (high - low), low2 + x * (high2 - low2)
        y = _on_a_slope(near, far, rng.random(size))
        t = self.t[b] + y * (self.t[1] - self.t[0])
        spread = np.interp(t, self.t, self.spread)
        mu = np.interp(t, self.t, self.centre) + (self.v[a] + x * _SPACING) * spread
        drawn = np.log(near + y * (far - near))
        rough = np.zeros(size) if self.hat is self.mass else np.log(self._between(a, b, x, y)) - drawn
        return mu, np.exp(t), drawn - np.log(spread), rough

    def _between(self, a: Cells, b: Cells, x: Floats, y: Floats) -> Floats:
        """The density at places in cells of the grid."""
        near = self.mass[a, b] + x * (self.mass[a + 1, b] - self.mass[a, b])
        far = self.mass[a, b + 1] + x * (self.mass[a + 1, b + 1] - self.mass[a, b + 1])
        return np.asarray(np.maximum(near + y * (far - near), np.finfo(np.float64).tiny))

    def log_weight(self, mu: Floats, tau: Floats, log_proposal: Floats) -> Floats:
        """Exact density over the interpolated one, about 0 as a logarithm."""
        return np.asarray(self.log_density(mu, tau) - self.top - log_proposal)


def _on_a_slope(left: Floats, right: Floats, u: Any) -> Floats:
    """Quantiles of the density on (0, 1) that runs straight from ``left`` to ``right``."""
    return np.asarray(u * (left + right) / (left + np.sqrt(left**2 + u * (right**2 - left**2))))
