"""One organization's share given the population: the integral over it, and exact draws of it.

A count of ``k`` in ``n`` with ``logit p = mu + tau z`` and z standard normal has the log density (up to constants)
``h(z) = k theta - n log(1 + exp theta) - z^2 / 2`` with ``theta = mu + tau z``. It is concave in z, which is all that
this module uses. Arrays broadcast; nothing runs organization by organization.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["draw_deviations", "log_marginal", "softplus"]

Floats = NDArray[np.float64]

_NODES = 24
_DROP = 20.0  # an integral ends on either side where the log density has dropped by this much
_NEWTON, _WIDENING = 100, 4
_SETTLED = 1e-6  # Newton's method squares what is left, in SDs
_X, _W = np.polynomial.legendre.leggauss(_NODES)
_X, _W = (_X + 1) / 2, _W / 2
_MOST_CELLS = 1 << 17  # numbers handled at a time: what fits into a processor's cache
_MOST_ROUNDS = 400
_LOG_ROOT = 0.5 * np.log(2 * np.pi)


def softplus(theta: Floats) -> Floats:
    """``log(1 + exp theta)`` without overflow, (...)."""
    return np.asarray(np.maximum(theta, 0.0) + np.log1p(np.exp(-np.abs(theta))))


class _Density:
    """The log density of z for every cell of broadcast arrays, and where it is highest."""

    def __init__(self, k: Floats, n: Floats, mu: Floats, tau: Floats) -> None:
        self.k, self.n, self.mu, self.tau = np.broadcast_arrays(k, n, mu, tau)
        self.mode = self._mode()

    def height(self, z: Floats) -> Floats:
        """The log density; z may have one more axis in front."""
        theta = self.mu + self.tau * z
        return np.asarray(self.k * theta - self.n * softplus(theta) - 0.5 * z * z)

    def slope(self, z: Floats) -> tuple[Floats, Floats]:
        """First derivative, and minus the second."""
        p = expit(self.mu + self.tau * z)
        return self.tau * (self.k - self.n * p) - z, 1.0 + self.tau**2 * self.n * p * (1.0 - p)

    def _mode(self) -> Floats:
        """Newton's method, kept inside brackets that hold the mode and shrink."""
        k, n, mu, tau = self.k, self.n, self.mu, self.tau
        own = np.log((k + 0.5) / (n - k + 0.5))
        weight = tau**2 * (k + 0.5) * (n - k + 0.5) / (n + 1)
        low, high = -tau * (n - k), tau * k
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            z = np.clip(weight / (1.0 + weight) * (own - mu) / tau, low, high)
        for _ in range(_NEWTON):
            first, second = self.slope(z)
            low, high = np.where(first > 0, z, low), np.where(first < 0, z, high)
            step = z + first / second
            inside = (step >= low) & (step <= high)
            moved, z = z, np.where(inside, step, 0.5 * (low + high))
            if (np.abs(z - moved) * np.sqrt(second)).max(initial=0.0) < _SETTLED:
                break
        return np.asarray(z)

    def width(self, side: float, drop: float, rounds: int = _WIDENING) -> Floats:
        """How far from the mode, on one side, the log density has dropped by about so much."""
        top = self.height(self.mode)
        wide = np.sqrt(2.0 * drop / self.slope(self.mode)[1])
        for _ in range(rounds):
            z = self.mode + side * wide
            first = side * self.slope(z)[0]
            with np.errstate(divide="ignore", invalid="ignore"):
                step = (self.height(z) - top + drop) / first
            wide = np.clip(np.where(first < 0, wide - step, 2 * wide), 0.1 * wide, 3.0 * wide)
        return np.asarray(wide)


def log_marginal(
    k: Floats, n: Floats, mu: Floats, tau: Floats, *, moments: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Integrate organizations out: the log likelihood of all counts given the population.

    Gauss-Legendre quadrature on either side of the mode of each organization's log density, which is concave; the
    two sides have widths of their own, so counts of zero are as exact as others (tested against dense integration:
    better than 1e-6).

    Parameters
    ----------
    k, n : array (J,)
        Counts and respondents.
    mu, tau : array (M,)
        Centre and SD of the population, on the logit scale; tau above 0.
    moments : bool
        Also return the first and minus the second derivative with respect to mu.

    Returns
    -------
    log_likelihood, first, second : array (M,)
        Without binomial coefficients; derivatives are empty unless asked for.
    """
    asked = n > 0
    pairs, times = np.unique(np.stack([k[asked], n[asked]]), axis=1, return_counts=True)
    out = np.zeros((3, len(mu)))
    if not len(times):
        return out[0], out[1], out[2]
    block = max(1, _MOST_CELLS // (len(times) * _NODES))
    for start in range(0, len(mu), block):
        rows = slice(start, start + block)
        parts = _integrals(pairs[0], pairs[1], mu[rows, None], tau[rows, None], moments)
        out[: len(parts), rows] = [part @ times for part in parts]
    return out[0], out[1], out[2]


def _integrals(k: Floats, n: Floats, mu: Floats, tau: Floats, moments: bool) -> list[Floats]:
    """Log integrals, (M, J), and with them the derivatives with respect to mu."""
    density = _Density(k, n, mu, tau)
    top = density.height(density.mode)
    total = np.zeros_like(top)
    first, second = np.zeros_like(top), np.zeros_like(top)
    for side in (-1.0, 1.0):
        wide = density.width(side, _DROP)
        z = density.mode + side * wide * _X[:, None, None]
        mass = np.exp(density.height(z) - top) * _W[:, None, None] * wide
        total += mass.sum(axis=0)
        if moments:
            p = expit(density.mu + density.tau * z)
            score = density.k - density.n * p
            first += (mass * score).sum(axis=0)
            second += (mass * (density.n * p * (1 - p) - score**2)).sum(axis=0)
    value = top + np.log(total) - _LOG_ROOT
    return [value, first / total, second / total + (first / total) ** 2] if moments else [value]


def draw_deviations(k: Floats, n: Floats, mu: Floats, tau: Floats, rng: np.random.Generator) -> Floats:
    """Draw z of every organization exactly, by rejection.

    The hat is flat at the mode and exponential beyond two points beside it, where it touches the log density; a
    concave function lies below its tangents, so the draws are exact wherever the points are.

    Parameters
    ----------
    k, n : array (J,)
    mu, tau : array (N,)

    Returns
    -------
    array (N, J)
    """
    whole = _Density(k, n, mu[:, None], tau[:, None])
    hat = _Hat(whole)
    out = np.empty(whole.mode.shape)
    open_cells = np.ones(out.shape, dtype=bool)
    for _ in range(_MOST_ROUNDS):
        z, height = hat.draw(open_cells, rng)
        part = whole.k[open_cells], whole.n[open_cells], whole.mu[open_cells], whole.tau[open_cells]
        theta = part[2] + part[3] * z
        log_density = part[0] * theta - part[1] * softplus(theta) - 0.5 * z * z
        accepted = np.log(rng.random(len(z))) < log_density - height
        cells = np.flatnonzero(open_cells)
        out.ravel()[cells[accepted]] = z[accepted]
        open_cells.ravel()[cells[accepted]] = False
        if not open_cells.any():
            return out
    raise ArithmeticError(f"{int(open_cells.sum())} organizations' shares could not be drawn")


class _Hat:
    """An envelope of the log density: flat in the middle, with exponential tails."""

    def __init__(self, density: _Density) -> None:
        self.top = density.height(density.mode) + 1e-9  # the mode is known to about 1e-10
        self.edges, self.rates = [], []
        for side in (-1.0, 1.0):
            z = density.mode + side * density.width(side, 1.0, 2)
            rate = np.abs(density.slope(z)[0])
            self.rates.append(rate)
            self.edges.append(z - side * (self.top - density.height(z)) / rate)
        masses = np.stack([1 / self.rates[0], self.edges[1] - self.edges[0], 1 / self.rates[1]])
        self.cumulative = np.cumsum(masses, axis=0) / masses.sum(axis=0)

    def draw(self, where: NDArray[Any], rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw under the hat for the cells ``where``, with the hat's height there."""
        low, high = (edge[where] for edge in self.edges)
        left, right = (rate[where] for rate in self.rates)
        which = rng.random(len(low))
        beyond = rng.standard_exponential(len(low))
        inside = low + (high - low) * rng.random(len(low))
        is_left, is_right = which < self.cumulative[0][where], which > self.cumulative[1][where]
        z = np.where(is_left, low - beyond / left, np.where(is_right, high + beyond / right, inside))
        return z, self.top[where] - np.where(is_left | is_right, beyond, 0.0)
