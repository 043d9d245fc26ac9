"""The average of N by brute force, for one path: a grid over tau, and given tau everything is Gaussian.

Estimates b_j ~ Normal(beta_j, se_j), beta_j ~ Normal(mu, tau), mu ~ Normal(0, 1), tau ~ HalfNormal(scale). The average
of N is (the sum of the beta_j of those that reported + the sum of N - k further draws) / N.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm

Floats = NDArray[np.float64]


class Mixture(NamedTuple):
    """A mixture of normals over the grid of tau."""

    weight: Floats
    mean: Floats
    sd: Floats

    def moments(self) -> tuple[float, float]:
        mean = float(self.weight @ self.mean)
        return mean, float(np.sqrt(self.weight @ (self.sd**2 + self.mean**2) - mean**2))

    def quantile(self, probability: float) -> float:
        low, high = float((self.mean - 12 * self.sd).min()), float((self.mean + 12 * self.sd).max())
        return float(brentq(lambda x: self.weight @ norm.cdf((x - self.mean) / self.sd) - probability, low, high))

    def interval(self, ci_prob: float = 0.95) -> tuple[float, float]:
        return self.quantile((1 - ci_prob) / 2), self.quantile((1 + ci_prob) / 2)


def average_of(n_planned: int, estimates: ArrayLike, errors: ArrayLike, scale: float, points: int = 4001) -> Mixture:
    """Posterior of the average of ``n_planned`` given the estimates of those that reported."""
    b, se = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float)
    k = len(b)
    tau = scale * 6 * (np.arange(points) + 0.5) / points  # midpoints, to where the half-normal ends
    log_weight, mean, sd = norm.logpdf(tau / scale), np.empty(points), np.empty(points)
    for i, t in enumerate(tau):
        # (mu, beta_1 ... beta_k) is Gaussian a priori; observing b = beta + noise is one Kalman step
        prior = np.ones((k + 1, k + 1))
        prior[1:, 1:] += t**2 * np.eye(k)
        seen = prior[1:, 1:] + np.diag(se**2)
        gain = prior[:, 1:] @ np.linalg.inv(seen)
        after, spread = gain @ b, prior - gain @ prior[1:, :]
        share = np.array([n_planned - k, *np.ones(k)]) / n_planned
        mean[i] = share @ after
        sd[i] = np.sqrt(share @ spread @ share + (n_planned - k) * t**2 / n_planned**2)
        log_weight[i] += -0.5 * (np.linalg.slogdet(seen)[1] + b @ np.linalg.solve(seen, b))
    weight = np.exp(log_weight - log_weight.max())
    return Mixture(weight / weight.sum(), mean, sd)


def futures(
    n_planned: int,
    estimates: ArrayLike,
    se: float,
    scale: float,
    total: int,
    simulations: int,
    rng: np.random.Generator,
) -> Floats:
    """Widths of the 95 % interval once ``total`` organizations with the same standard error have reported."""
    b = np.asarray(estimates, dtype=float)
    tau = scale * 6 * (np.arange(600) + 0.5) / 600
    log_weight, truths = norm.logpdf(tau / scale), []
    for i, t in enumerate(tau):
        seen = 1.0 + (t**2 + se**2) * np.eye(len(b))
        log_weight[i] += -0.5 * (np.linalg.slogdet(seen)[1] + b @ np.linalg.solve(seen, b))
        gain = np.linalg.solve(seen, np.ones(len(b)))
        truths.append((gain @ b, np.sqrt(1.0 - gain.sum())))  # mean and SD of mu
    weight = np.exp(log_weight - log_weight.max())
    widths = []
    for i in rng.choice(len(tau), size=simulations, p=weight / weight.sum()):
        mu = rng.normal(*truths[i])
        later = rng.normal(mu, np.hypot(tau[i], se), size=total - len(b))
        lower, upper = average_of(n_planned, [*b, *later], [se] * total, scale, points=300).interval()
        widths.append(upper - lower)
    return np.array(widths)
