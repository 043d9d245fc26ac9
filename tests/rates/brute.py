"""The posterior of shares by plain integration and by weighing draws from the prior: slow, short and independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

Floats = np.ndarray
Figure = tuple[tuple[int, ...], Callable[[Floats], Floats]]


def stick(logits: Floats) -> Floats:
    """Shares of categories parted one after the other, (..., S + 1), from logits (..., S)."""
    p = 1 / (1 + np.exp(-logits))
    left = np.cumprod(1 - p, axis=-1)
    before = np.concatenate([np.ones_like(p[..., :1]), left[..., :-1]], axis=-1)
    return np.concatenate([p * before, left[..., -1:]], axis=-1)


def grid_posterior(k: Sequence[int], n: Sequence[int], largest_tau: float = 2.4) -> dict[str, Floats]:
    """Mean and SD of every organization's share, of mu and of tau, on a dense grid of mu, tau and logits.

    The prior is mu ~ Normal(0, 1.5), tau ~ HalfNormal(0.5).
    """
    mu, tau = np.linspace(-7, 7, 281), (np.arange(120) + 0.5) * (largest_tau / 120)
    z, step = np.linspace(-8, 8, 401, retstep=True)
    theta = mu[:, None, None] + tau[:, None] * z
    softplus = np.logaddexp(0, theta)
    p = np.exp(theta - softplus)
    log_weight = stats.norm.logpdf(mu, 0, 1.5)[:, None] + stats.halfnorm.logpdf(tau, scale=0.5)
    within = []
    for successes, asked in zip(k, n, strict=True):
        height = successes * theta - asked * softplus + stats.norm.logpdf(z) + np.log(step)
        top = height.max(axis=-1)
        density = np.exp(height - top[..., None])
        mass = density.sum(axis=-1)
        log_weight = log_weight + np.log(mass) + top
        within.append([(density * p**power).sum(axis=-1) / mass for power in (1, 2)])
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    first = [(weight * one).sum() for one, _ in within]
    second = [(weight * two).sum() for _, two in within]
    mean = [*first, (weight.sum(axis=1) * mu).sum(), (weight.sum(axis=0) * tau).sum()]
    square = [*second, (weight.sum(axis=1) * mu**2).sum(), (weight.sum(axis=0) * tau**2).sum()]
    return {"mean": np.array(mean), "sd": np.sqrt(np.array(square) - np.array(mean) ** 2)}


def weighed_prior(
    answers: Sequence[Sequence[int]], n_members: int, figures: Sequence[Figure], n_splits: int, size: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Mean, SD and standard error of mu, tau and all shares, organizations with counts first.

    A figure is the places of its members among those without counts, and the log likelihood of their mean shares.
    """
    rng = np.random.default_rng(seed)
    mu, tau = rng.normal(0, 1.5, (size, n_splits)), np.abs(rng.normal(0, 0.5, (size, n_splits)))
    logits = mu[:, None] + tau[:, None] * rng.standard_normal((size, len(answers) + n_members, n_splits))
    shares = stick(logits)
    log_weight = np.zeros(size)
    for j, counts in enumerate(answers):
        log_weight += (np.array(counts) * np.log(shares[:, j])).sum(axis=1)
    for members, log_likelihood in figures:
        log_weight += log_likelihood(shares[:, [len(answers) + i for i in members]].mean(axis=1))
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    states = np.concatenate([mu, tau, shares.reshape(size, -1)], axis=1)
    mean = weight @ states
    left = (states - mean) ** 2
    return mean, np.sqrt(weight @ left), np.sqrt(weight**2 @ left)


def printed_share(value: float, n: int, category: int, step: float = 0.01) -> Callable[[Floats], Floats]:
    """Log probability that a share of ``n`` respondents is printed as ``value``: that of every count that is."""
    k = np.arange(n + 1)
    k = k[np.isclose(np.floor(k / n / step + 0.5 + 1e-9) * step, value)]

    def log_likelihood(mean: Floats) -> Floats:
        share = mean[:, category]
        total = sum(stats.binom.pmf(one, n, share) for one in k)
        return np.log(np.maximum(total, 1e-300))

    return log_likelihood


def printed_ratio(value: float, n: float, above: int, below: int, step: float) -> Callable[[Floats], Floats]:
    """Log probability that a ratio of two shares is printed as ``value``."""

    def log_likelihood(mean: Floats) -> Floats:
        centre = np.log(mean[:, above] / mean[:, below])
        error = np.sqrt((1 / mean[:, above] + 1 / mean[:, below]) / n)
        edges = [stats.norm.cdf((np.log(value + side * step / 2) - centre) / error) for side in (1, -1)]
        return np.log(np.maximum(edges[0] - edges[1], 1e-300))

    return log_likelihood
