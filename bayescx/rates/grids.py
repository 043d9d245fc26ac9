"""Densities of (mu, log tau) on a grid that follows the spread of mu along log tau: drawn from, and known anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Grid"]

Floats = NDArray[np.float64]


class Grid:
    """A bilinear density on knots of log tau and of v, which is mu less a centre over a spread at that tau.

    Parameters
    ----------
    t : array (T,)
        Knots of log tau, equally far apart.
    v : array (V,)
        Knots of v, equally far apart.
    centre, spread : array (T,)
        Of mu at each knot of log tau.
    height : array (V, T)
        Log density of (v, log tau) at the knots, up to a constant.
    """

    def __init__(self, t: Floats, v: Floats, centre: Floats, spread: Floats, height: Floats) -> None:
        self.t, self.v, self.centre, self.spread = t, v, centre, spread
        self.height = height
        self._density = np.exp(height - height.max())
        corners = self._density[:-1, :-1] + self._density[1:, :-1] + self._density[:-1, 1:] + self._density[1:, 1:]
        self._cumulative = np.cumsum(corners.ravel()) / corners.sum()
        self._log_mass = np.log(corners.sum() / 4 * (t[1] - t[0]) * (v[1] - v[0]))

    @property
    def log_total(self) -> float:
        """Log of the integral of the density as it was given."""
        return float(self.height.max() + self._log_mass)

    def tempered(self, power: float) -> Grid:
        """The same grid with a wider density: its power below 1."""
        return Grid(self.t, self.v, self.centre, self.spread, power * self.height)

    def draw(self, size: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw mu and tau, (size,)."""
        cell = np.searchsorted(self._cumulative, rng.random(size), side="right")
        a, b = np.unravel_index(np.minimum(cell, len(self._cumulative) - 1), (len(self.v) - 1, len(self.t) - 1))
        low, high = self._density[a, b], self._density[a + 1, b]
        low2, high2 = self._density[a, b + 1], self._density[a + 1, b + 1]
        x = _on_a_slope(low + low2, high + high2, rng.random(size))
        near, far = low + x * (high - low), low2 + x * (high2 - low2)
        t = self.t[b] + _on_a_slope(near, far, rng.random(size)) * (self.t[1] - self.t[0])
        v = self.v[a] + x * (self.v[1] - self.v[0])
        return np.interp(t, self.t, self.centre) + v * np.interp(t, self.t, self.spread), np.exp(t)

    def log_density(self, mu: Floats, tau: Floats) -> Floats:
        """Log density of (mu, log tau), (M,); nothing outside the grid."""
        a, b, x, y, spread, inside = self._place(mu, tau)
        near = self._density[a, b] + x * (self._density[a + 1, b] - self._density[a, b])
        far = self._density[a, b + 1] + x * (self._density[a + 1, b + 1] - self._density[a, b + 1])
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.where(inside, near + y * (far - near), 0.0)) - self._log_mass - np.log(spread))

    def log_height(self, mu: Floats, tau: Floats) -> Floats:
        """Log density of (mu, log tau), (M,), up to a constant: logarithms interpolated, beyond an edge those there."""
        a, b, x, y, spread, _ = self._place(mu, tau)
        x, y = np.clip(x, 0, 1), np.clip(y, 0, 1)
        near = (1 - x) * self.height[a, b] + x * self.height[a + 1, b]
        far = (1 - x) * self.height[a, b + 1] + x * self.height[a + 1, b + 1]
        return np.asarray((1 - y) * near + y * far - np.log(spread))

    def _place(self, mu: Floats, tau: Floats) -> tuple[Any, Any, Floats, Floats, Floats, NDArray[np.bool_]]:
        """Cells of places, where in them, the spread there, and whether the place lies on the grid."""
        t = np.log(tau)
        spread = np.interp(t, self.t, self.spread)
        down = (t - self.t[0]) / (self.t[1] - self.t[0])
        right = ((mu - np.interp(t, self.t, self.centre)) / spread - self.v[0]) / (self.v[1] - self.v[0])
        slack = 1e-9
        inside = (
            (down >= -slack) & (down <= len(self.t) - 1 + slack)
            & (right >= -slack) & (right <= len(self.v) - 1 + slack)
        )  # fmt: skip
        b = np.clip(np.floor(down), 0, len(self.t) - 2).astype(np.intp)
        a = np.clip(np.floor(right), 0, len(self.v) - 2).astype(np.intp)
        return a, b, right - a, down - b, spread, inside


def _on_a_slope(left: Floats, right: Floats, u: Any) -> Floats:
    """Quantiles of the density on (0, 1) that runs straight from ``left`` to ``right``."""
    return np.asarray(u * (left + right) / (left + np.sqrt(left**2 + u * (right**2 - left**2))))
