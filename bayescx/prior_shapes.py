"""Densities, quantiles and variances of the priors' distributions, by scipy.stats (loaded on first use)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

__all__ = ["frozen"]

Floats = NDArray[np.float64]


def frozen(name: str, p: Mapping[str, float]) -> Any:
    """A distribution by PyMC's name and parameters, with ``pdf``, ``ppf`` and ``var``.

    Examples
    --------
    >>> float(frozen("HalfNormal", {"sigma": 1.0}).var().round(4))
    0.3634
    """
    return _SHAPES[name](p)


class _HalfStudentT:
    """|t| with ``nu`` degrees of freedom, times ``sigma``; scipy.stats has none."""

    def __init__(self, nu: float, sigma: float) -> None:
        self.nu, self.sigma = nu, sigma
        self.whole = stats.t(nu, 0.0, sigma)

    def pdf(self, x: ArrayLike) -> Floats:
        """Density, (...)."""
        return np.where(np.asarray(x) < 0, 0.0, 2 * self.whole.pdf(x))

    def ppf(self, q: ArrayLike) -> Floats:
        """Quantiles, (...)."""
        return np.asarray(self.whole.ppf((1 + np.asarray(q)) / 2))

    def var(self) -> float:
        """Variance: E t^2 = nu / (nu - 2), less the square of E |t|; infinite for nu of at most 2."""
        if self.nu <= 2:
            return np.inf
        log_ratio = special.gammaln((self.nu + 1) / 2) - special.gammaln(self.nu / 2)
        mean = 2 * np.sqrt(self.nu / np.pi) * np.exp(log_ratio) / (self.nu - 1)
        return float(self.sigma**2 * (self.nu / (self.nu - 2) - mean**2))


_SHAPES: dict[str, Callable[[Mapping[str, float]], Any]] = {
    "Normal": lambda p: stats.norm(p["mu"], p["sigma"]),
    "StudentT": lambda p: stats.t(p["nu"], p["mu"], p["sigma"]),
    "Cauchy": lambda p: stats.cauchy(p["alpha"], p["beta"]),
    "Laplace": lambda p: stats.laplace(p["mu"], p["b"]),
    "Logistic": lambda p: stats.logistic(p["mu"], p["s"]),
    "HalfNormal": lambda p: stats.halfnorm(scale=p["sigma"]),
    "HalfStudentT": lambda p: _HalfStudentT(p["nu"], p["sigma"]),
    "HalfCauchy": lambda p: stats.halfcauchy(scale=p["beta"]),
    "Exponential": lambda p: stats.expon(scale=1 / p["lam"]),
    "Gamma": lambda p: stats.gamma(p["alpha"], scale=1 / p["beta"]),
    "InverseGamma": lambda p: stats.invgamma(p["alpha"], scale=p["beta"]),
    "LogNormal": lambda p: stats.lognorm(p["sigma"], scale=np.exp(p["mu"])),
}
