"""Latent means by plain dense algebra: one joint Gaussian of intercepts, means and deviations given the SDs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import block_diag, null_space


@dataclass(frozen=True)
class World:
    """Everything that one draw says, and the means: J organizations, p variables, m constructs, on one scale.

    ``free`` (p,) tells which variables have deviations of their intercept.
    """

    mean: Any
    loadings: Any
    phi: Any
    theta: Any
    n: Any
    free: Any

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.loadings.shape

    @property
    def noise(self) -> Any:
        """Sampling covariance of all means together."""
        cov = self.loadings @ self.phi @ np.swapaxes(self.loadings, 1, 2) + self.theta
        return block_diag(*(one / n for one, n in zip(cov, self.n, strict=True)))

    @property
    def design(self) -> Any:
        """Columns of intercepts, then of means of constructs that sum to 0 over organizations."""
        j, p, _ = self.shape
        intercepts = np.tile(np.eye(p), (j, 1))
        return np.hstack([intercepts, block_diag(*self.loadings) @ self.basis])

    @property
    def basis(self) -> Any:
        j, _, m = self.shape
        return null_space(np.tile(np.eye(m), (1, j)))


@dataclass(frozen=True)
class Conditional:
    """Given SDs: log marginal likelihood, and means and covariances of latent means and of deviations."""

    log_likelihood: float
    alpha: Any
    alpha_cov: Any
    deviation: Any


def conditional(world: World, tau: Any) -> Conditional:
    """What the means say given the SDs of intercepts (p,)."""
    j, p, m = world.shape
    there = np.isfinite(world.mean).ravel()
    spread = np.diag(np.tile(np.where(world.free, tau, 0.0) ** 2, j))[there]
    x = world.design[there]
    y = world.mean.ravel()[there]
    whole = world.noise[np.ix_(there, there)] + spread[:, there]
    inverse = np.linalg.inv(whole)
    information = x.T @ inverse @ x
    cov = np.linalg.inv(information)
    beta = cov @ x.T @ inverse @ y
    left = y - x @ beta
    log_likelihood = -0.5 * (np.linalg.slogdet(whole)[1] + np.linalg.slogdet(information)[1] + left @ inverse @ left)
    basis = world.basis
    return Conditional(
        float(log_likelihood),
        (basis @ beta[p:]).reshape(j, m),
        basis @ cov[p:, p:] @ basis.T,
        (spread.T @ inverse @ left).reshape(j, p),
    )


@dataclass(frozen=True)
class Reference:
    """Posterior means and SDs by weighing SDs drawn from their prior with the marginal likelihood."""

    alpha: Any
    alpha_sd: Any
    tau: Any
    tau_sd: Any
    deviation: Any
    weights: Any

    @property
    def effective(self) -> float:
        return float(1.0 / (self.weights**2).sum())


def reference(world: World, tau: Any) -> Reference:
    """Integrate SDs out; ``tau`` (K, p) are draws from their prior."""
    found = [conditional(world, one) for one in tau]
    log_weight = np.array([one.log_likelihood for one in found])
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    alpha = np.array([one.alpha for one in found])
    variance = np.array([np.diag(one.alpha_cov).reshape(one.alpha.shape) for one in found])
    mean = np.tensordot(weights, alpha, 1)
    spread = np.tensordot(weights, variance + (alpha - mean) ** 2, 1)
    middle = weights @ tau
    return Reference(
        mean,
        np.sqrt(spread),
        middle,
        np.sqrt(weights @ (tau - middle) ** 2),
        np.tensordot(weights, np.array([one.deviation for one in found]), 1),
        weights,
    )
