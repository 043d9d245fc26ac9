"""The log posterior, written out: what the kernel and the PyMC model must both equal.

Plain loops over organizations, matrices and parameters; nothing is shared with the package but the layout.
Parameters are natural ones (components, mu, tau): no Jacobians. Constants of the data are left out:

    log p = sum_j -(n_j - 1)/2 [log|Sigma_j| + tr(S_j Sigma_j^-1)]
          + sum over partially pooled c: log p(mu_c) + log p(tau_c) + sum_j log Normal(u_jc; mu_c + gamma_c' z_j, tau_c)
          + sum over moderators g: log p(gamma_g)
          + sum over unpooled c: sum_j log p(u_jc)
          + sum over fully pooled c: log p(u_c)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bayescx.model.arrays import Sample
from bayescx.model.layout import Entry, Layout, SdEntry
from bayescx.priors import Prior, Priors

Floats = NDArray[np.float64]

DISTRIBUTIONS = {
    "Normal": lambda p: stats.norm(p["mu"], p["sigma"]),
    "StudentT": lambda p: stats.t(p["nu"], p["mu"], p["sigma"]),
    "Cauchy": lambda p: stats.cauchy(p["alpha"], p["beta"]),
    "Laplace": lambda p: stats.laplace(p["mu"], p["b"]),
    "Logistic": lambda p: stats.logistic(p["mu"], p["s"]),
    "HalfNormal": lambda p: stats.halfnorm(0, p["sigma"]),
    "HalfCauchy": lambda p: stats.halfcauchy(0, p["beta"]),
    "Exponential": lambda p: stats.expon(0, 1 / p["lam"]),
    "Gamma": lambda p: stats.gamma(p["alpha"], 0, 1 / p["beta"]),
    "InverseGamma": lambda p: stats.invgamma(p["alpha"], 0, p["beta"]),
    "LogNormal": lambda p: stats.lognorm(p["sigma"], 0, np.exp(p["mu"])),
}

PRIORS_OF = {
    "paths": ("path_mean", "path_sd"),
    "loadings": ("loading", "loading_sd"),
    "residuals": ("residual", "residual_sd"),
    "exogenous": ("exogenous", "exogenous_sd"),
    "covariances": ("correlation", "correlation_sd"),
    "controls": ("path_mean", "path_sd"),
}


def dense_log_posterior(
    layout: Layout,
    sample: Sample,
    priors: Priors,
    u: Floats,
    mu: Mapping[int, float],
    tau: Mapping[int, float],
    gamma: Mapping[str, float] | None = None,
) -> float:
    """Log posterior density of components ``u`` (J, C), of ``mu`` and ``tau`` by component number, of ``gamma``."""
    moved, total = np.zeros(u.shape), 0.0
    for one in layout.moderators:
        assert gamma is not None
        assert sample.attributes is not None
        moved[:, one.component] += gamma[one.name] * sample.attributes[:, one.column]
        total += log_density(priors.overrides.get(one.name, priors.moderator), gamma[one.name])
    return total + log_likelihood(layout, sample, u) + log_prior(layout, priors, u - moved, mu, tau)


def log_likelihood(layout: Layout, sample: Sample, u: Floats) -> float:
    total = 0.0
    for n, cov, components in zip(sample.n_obs, sample.cov, u, strict=True):
        sigma = implied_covariance(layout, components)
        if not np.all(np.linalg.eigvalsh(sigma) > 0):
            return -np.inf
        _, log_determinant = np.linalg.slogdet(sigma)
        total -= (n - 1) / 2 * (log_determinant + np.trace(cov @ np.linalg.inv(sigma)))
    return total


def log_prior(layout: Layout, priors: Priors, u: Floats, mu: Mapping[int, float], tau: Mapping[int, float]) -> float:
    total = 0.0
    for c, component in enumerate(layout.components):
        centre_field, sd_field = PRIORS_OF[component.block]
        centre = priors.overrides.get(component.name, getattr(priors, centre_field))
        pooling = layout.pooling[component.block]
        if pooling == "full":
            assert np.all(u[:, c] == u[0, c])
            total += log_density(centre, u[0, c])
        elif pooling == "none":
            total += sum(log_density(centre, value) for value in u[:, c])
        else:
            total += log_density(centre, mu[c]) + log_density(getattr(priors, sd_field), tau[c])
            total += stats.norm(mu[c], tau[c]).logpdf(u[:, c]).sum()
    return total


def log_density(prior: Prior, value: float) -> float:
    if prior.name == "HalfStudentT":
        p = prior.parameters
        return float(np.log(2) + stats.t(p["nu"], 0, p["sigma"]).logpdf(value)) if value > 0 else -np.inf
    return float(DISTRIBUTIONS[prior.name](prior.parameters).logpdf(value))


def implied_covariance(layout: Layout, components: Floats) -> Floats:
    """Sigma = Lambda (I - B)^-1 Psi (I - B)^-T Lambda' + Theta of one organization."""
    m, p = len(layout.constructs), len(layout.variables)
    paths = matrix(layout.paths, components, (m, m))
    loadings = matrix(layout.loadings, components, (p, m))
    psi = residual_covariance(layout.psi, layout.psi_cells, components)
    theta = residual_covariance(layout.theta, layout.theta_cells, components)
    total = np.linalg.inv(np.eye(m) - paths)
    return loadings @ total @ psi @ total.T @ loadings.T + theta


def matrix(entries: Sequence[Entry], components: Floats, shape: tuple[int, int]) -> Floats:
    out = np.zeros(shape)
    for entry in entries:
        out[entry.row, entry.column] = entry.value
        if entry.component >= 0:
            out[entry.row, entry.column] *= components[entry.component]
    return out


def residual_covariance(sds: Sequence[SdEntry], cells: NDArray[Any], components: Floats) -> Floats:
    sd = np.array([e.value * (np.exp(components[e.component]) if e.component >= 0 else 1.0) for e in sds])
    return correlation(cells, components) * np.outer(sd, sd)


def correlation(cells: NDArray[Any], components: Floats) -> Floats:
    """Correlations of variables taken in order, each given the ones before it.

    A free pair (i, k), k first, has partial correlation tanh(z) given all variables before k; another pair
    has correlation 0. With R the correlations of the variables before k, and a, b those of i and k with them,
    r_ik = a'R^-1 b + tanh(z) sqrt(1 - a'R^-1 a) sqrt(1 - b'R^-1 b).
    """
    out = np.eye(len(cells))
    for i in range(len(cells)):
        for k in range(i):
            if cells[i, k] >= 0:
                a, b = out[i, :k], out[k, :k]
                solved = np.linalg.solve(out[:k, :k], np.column_stack([a, b]))
                room = (1 - a @ solved[:, 0]) * (1 - b @ solved[:, 1])
                value = a @ solved[:, 1] + np.tanh(components[cells[i, k]]) * np.sqrt(room)
                out[i, k] = out[k, i] = value
    return out


def random_moments(rng: np.random.Generator, n_org: int, p: int) -> Sample:
    """Covariance matrices of positively related variables, of samples of very different sizes."""
    n_obs = rng.integers(10 * p, 60 * p, size=n_org)
    centre = 0.5 * np.eye(p) + 0.5
    cov = stats.wishart(5 * p, centre / (5 * p)).rvs(n_org, random_state=rng)
    return Sample(n_obs, np.asarray(cov, dtype=float).reshape(n_org, p, p))
