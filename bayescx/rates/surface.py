"""The centre and SD of a population given counts: interpolated densities to propose from, and the exact one.

Grids run over log tau and over mu in units of its own spread at that tau, so that they are rectangular wherever the
posterior lies. What the interpolation gets wrong is known at every draw, because the exact density is: it becomes a
weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.rates.binomial import log_marginal
from bayescx.rates.grids import Grid

__all__ = ["Pull", "Surface"]

Floats = NDArray[np.float64]
OfPopulations = Callable[[Floats, Floats], Floats]

_KNOTS = 64  # of log tau
_TAILS = 1e-8, 1 - 1e-7  # of the prior of tau: where the search for the edges of its posterior starts
_DEEP = 14.0  # the edges of log tau are where its log density is lower than its highest by this much,
_DEEPER = 64.0  # and above, where figures may pull it up, by this much
_SMALLEST_LOG_TAU, _LARGEST_LOG_TAU = -60.0, np.log(100.0)  # beyond, all shares are alike, or all 0 or 1
_REACH, _SPACING = 5.5, 0.5  # of mu, in its SDs at a given tau; figures may pull it twice as far
_NEWTON, _FARTHEST = 12, 3.0
_LEAST_AT_EDGE = 1e-7  # share of the mass in the outermost cells that ends the search for the edges of mu
_WIDENINGS, _TRIMS = 12, 3
_TEMPER = 0.25  # power of the wider density
_SHARES = 0.1, 0.2, 0.7  # of proposals: given counts, from the wider density, and given figures too
_COARSE, _FINER = np.linspace(-1, 1, 81), np.linspace(-1, 1, 21)
_ZOOMS = 4


@dataclass(frozen=True)
class Pull:
    """What figures that tell of this split alone make of populations: log likelihoods (M,) from mu and tau (M,).

    Attributes
    ----------
    rough : callable
        Smooth, to find where the posterior lies.
    close : callable
        Closer, perhaps with some noise.
    """

    rough: OfPopulations
    close: OfPopulations


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
    pull : Pull, optional
        Figures that tell of this split alone: where they pull it is proposed as well.

    Raises
    ------
    FitError
        If the posterior has no edges that a grid could have, as heavy-tailed priors without data make it.
    """

    def __init__(
        self, k: Floats, n: Floats, mean: Prior, sd: Prior, *, wide: bool = False, pull: Pull | None = None
    ) -> None:
        self.k, self.n = k.astype(np.float64), n.astype(np.float64)
        self.mean, self.sd = mean.distribution(), sd.distribution()
        self._middle = float(self.mean.ppf(0.5))
        self._scale = float(self.mean.ppf(0.8413447) - self.mean.ppf(0.1586553)) / 2
        counted = self._filled(*self._knots(_DEEPER if wide else _DEEP), 2 * _REACH if wide else _REACH)
        self._log_total = counted.log_total
        self._aim, self._parts = counted, [(1.0, counted)]
        if wide:
            self._aim = counted if pull is None else self._pulled(counted, pull)
            grids = counted, counted.tempered(_TEMPER), self._aim
            self._parts = list(zip(_SHARES, grids, strict=True))

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

    def _knots(self, deep_above: float) -> tuple[Floats, Floats, Floats]:
        """Knots of log tau where its mass lies, each with the centre and spread of mu."""
        start, stop = (float(edge) for edge in np.log(self.sd.ppf(_TAILS)))
        largest = max(stop, _LARGEST_LOG_TAU)
        total, asked = self.k.sum(), self.n.sum()
        t = np.linspace(start, stop, _KNOTS)
        mu, spread, height = self._centres(np.exp(t), np.full(_KNOTS, np.log((total + 0.5) / (asked - total + 0.5))))
        for _ in range(_WIDENINGS):  # counts may know of a larger or smaller SD than the prior expects
            low, high = height[0] > height.max() - _DEEP, height[-1] > height.max() - deep_above
            wider = max(start - 2.0 * low, _SMALLEST_LOG_TAU), min(stop + 1.0 * high, largest)
            if wider == (start, stop):
                break
            start, stop = wider
            t, mu, spread, height = self._moved(t, mu, start, stop)
        for _ in range(_TRIMS):
            low = np.flatnonzero(height > height.max() - _DEEP)[0]
            high = np.flatnonzero(height > height.max() - deep_above)[-1]
            t, mu, spread, height = self._moved(t, mu, t[max(low - 1, 0)], t[min(high + 1, _KNOTS - 1)])
        return t, mu, spread

    def _moved(self, t: Floats, mu: Floats, start: float, stop: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Knots from start to stop, with centres, spreads and heights."""
        wanted = np.linspace(start, stop, _KNOTS)
        return wanted, *self._centres(np.exp(wanted), np.interp(wanted, t, mu))

    def _filled(self, t: Floats, centre: Floats, spread: Floats, reach: float) -> Grid:
        """A grid that grows until next to nothing is at its edges."""

        def columns(v: Floats) -> Floats:
            mu = centre + v[:, None] * spread
            tau = np.broadcast_to(np.exp(t), mu.shape)
            return self.log_density(mu.ravel(), tau.ravel()).reshape(mu.shape) + np.log(spread)

        v = np.arange(-reach, reach + _SPACING / 2, _SPACING)
        height = columns(v)
        for _ in range(_WIDENINGS):
            mass = np.exp(height - height.max())
            edge = mass[[0, -1]].sum(axis=1) / mass.sum()
            if (edge < _LEAST_AT_EDGE).all():
                return Grid(t, v, centre, spread, height)
            more = np.ceil(0.5 * len(v)) * _SPACING
            below = np.arange(v[0] - more, v[0], _SPACING) if edge[0] >= _LEAST_AT_EDGE else v[:0]
            above = v[-1] + np.arange(_SPACING, more + _SPACING / 2, _SPACING) if edge[1] >= _LEAST_AT_EDGE else v[:0]
            height = np.concatenate([columns(below), height, columns(above)])
            v = np.concatenate([below, v, above])
        raise FitError(
            "the centre of this population has no end: its prior has tails so heavy that the counts do not bound "
            'it; a Normal prior of the mean does, e.g. mean=Prior("Normal", mu=0, sigma=1.5)'
        )

    def _pulled(self, counted: Grid, pull: Pull) -> Grid:
        """A grid where figures pull the population; it follows mu at each tau as the other does given counts."""
        t = counted.t
        for _ in range(2):
            centre, spread, height = _searched(counted, pull.rough, t)
            deep = np.flatnonzero(height > height.max() - _DEEP)
            t = np.linspace(t[max(deep[0] - 1, 0)], t[min(deep[-1] + 1, _KNOTS - 1)], _KNOTS)
        centre, spread, _ = _searched(counted, pull.rough, t)
        v = np.arange(-_REACH, _REACH + _SPACING / 2, _SPACING)
        mu = (centre + v[:, None] * spread).ravel()
        tau = np.tile(np.exp(t), len(v))
        height = (self.log_density(mu, tau) + pull.close(mu, tau)).reshape(len(v), len(t)) + np.log(spread)
        sound = np.isfinite(height)
        if not sound.any():  # figures of which nothing is to be expected: proposals are then refused later
            return counted
        return Grid(t, v, centre, spread, np.where(sound, height, -np.inf))

    def propose(self, size: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
        """Draw (mu, tau) from interpolated densities.

        Returns
        -------
        mu, tau, log_proposal, log_rough : array (size,)
            The log density of (mu, log tau) drawn from, and that of the interpolated posterior (with what pulls it)
            over it, which is 0 unless the proposal is wide.
        """
        sizes = rng.multinomial(size, [share for share, _ in self._parts])
        drawn = [grid.draw(int(some), rng) for some, (_, grid) in zip(sizes, self._parts, strict=True)]
        order = rng.permutation(size)
        mu, tau = (np.concatenate([one[i] for one in drawn])[order] for i in (0, 1))
        densities = [np.log(share) + grid.log_density(mu, tau) for share, grid in self._parts]
        log_proposal = np.logaddexp.reduce(densities)
        if len(densities) == 1:
            return mu, tau, log_proposal, np.zeros(size)
        return mu, tau, log_proposal, self._aim.log_density(mu, tau) - log_proposal

    def log_weight(self, mu: Floats, tau: Floats, log_proposal: Floats) -> Floats:
        """Exact density given counts over the proposal's, about 0 as a logarithm where that follows counts alone."""
        return np.asarray(self.log_density(mu, tau) - self._log_total - log_proposal)


def _searched(counted: Grid, pull: OfPopulations, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean and SD of mu at each knot of log tau where figures pull it, and the log density of log tau, all roughly."""
    tau = np.exp(t)
    middle = np.interp(t, counted.t, counted.centre)
    reach = np.interp(t, counted.t, counted.spread) * max(-counted.v[0], counted.v[-1])
    places, heights = np.zeros((0, len(t))), np.zeros((0, len(t)))
    for zoom in range(_ZOOMS):
        steps = _FINER if zoom else _COARSE
        mu = middle + reach * steps[:, None]
        every = np.tile(tau, len(steps))
        height = (counted.log_height(mu.ravel(), every) + pull(mu.ravel(), every)).reshape(mu.shape)
        places, heights = np.concatenate([places, mu]), np.concatenate([heights, height])
        order = np.argsort(places, axis=0)
        places, heights = np.take_along_axis(places, order, axis=0), np.take_along_axis(heights, order, axis=0)
        middle = np.take_along_axis(places, heights.argmax(axis=0)[None], axis=0)[0]
        reach = reach * 2 * (steps[1] - steps[0])
    top = heights.max(axis=0)
    mass = np.exp(heights - top)
    total = np.asarray(np.trapezoid(mass, places, axis=0))
    mean = np.asarray(np.trapezoid(mass * places, places, axis=0)) / total
    square = np.asarray(np.trapezoid(mass * (places - mean) ** 2, places, axis=0)) / total
    return mean, np.maximum(np.sqrt(square), 1e-9), top + np.log(total)
