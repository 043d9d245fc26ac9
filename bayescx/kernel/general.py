"""Log-likelihood of any recursive model, with the p x p implied covariance matrix.

For residual covariances, single-indicator factors, and observed beside latent variables in one structural part.

    Sigma = Lambda T Psi T' Lambda' + Theta,  T = (I - B)^-1;  the derivative of log|Sigma| + tr(S Sigma^-1) in Sigma is
    G = Sigma^-1 - Sigma^-1 S Sigma^-1, and H = T' Lambda' G Lambda T is the one in Psi.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled
from bayescx.kernel.correlation import correlation_adjoint, correlation_factor
from bayescx.kernel.latent import inverse_and_log_det

__all__ = ["general_likelihood"]


@compiled
def _multiply(a, b, out):
    """``out`` = a @ b, row by row so that the inner loop runs along memory."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            out[i, j] = 0.0
        for k in range(a.shape[1]):
            x = a[i, k]
            if x != 0.0:
                for j in range(b.shape[1]):
                    out[i, j] += x * b[k, j]


@compiled
def _covariance(u, cells, component, value, sd, factor, out):
    """Residual covariance ``diag(sd) F F' diag(sd)``; False where the zeros leave no positive definite one."""
    d = cells.shape[0]
    for i in range(d):
        c = component[i]
        sd[i] = value[i] * (np.exp(u[c]) if c >= 0 else 1.0)
    if not correlation_factor(u, cells, factor):
        return False
    for i in range(d):
        for j in range(i + 1):
            s = 0.0
            for k in range(j + 1):
                s += factor[i, k] * factor[j, k]
            out[i, j] = s * sd[i] * sd[j]
            out[j, i] = out[i, j]
    return True


@compiled
def _covariance_adjoint(u, cells, component, sd, factor, matrix, slope, weight, work, adjoint):
    """Add derivatives of ``weight * f``; ``slope`` (d, d), symmetric, is that of f in the covariance ``matrix``."""
    d = cells.shape[0]
    for i in range(d):
        c = component[i]
        if c >= 0:
            s = 0.0
            for j in range(d):
                s += slope[i, j] * matrix[i, j]
            adjoint[c] += 2.0 * weight * s
    for i in range(d):
        for j in range(i + 1):
            s = 0.0
            for k in range(j, d):
                s += slope[i, k] * sd[k] * factor[k, j]
            work[i, j] = 2.0 * weight * sd[i] * s
    correlation_adjoint(u, cells, factor, work, adjoint)


@compiled
def _total_effects(u, structure, effects):
    """T = (I - B)^-1 by substitution: constructs are in causal order."""
    m = effects.shape[0]
    for i in range(m):
        for k in range(m):
            effects[i, k] = 1.0 if i == k else 0.0
        for e in range(structure.path_start[i], structure.path_start[i + 1]):
            c = structure.path_component[e]
            b = structure.path_value[e] * (u[c] if c >= 0 else 1.0)
            s = structure.path_source[e]
            for k in range(s + 1):
                effects[i, k] += b * effects[s, k]


@compiled
def general_likelihood(data, structure, u, adjoint):
    """Sum of the organizations' log-likelihoods; ``adjoint`` (J, C) gains the derivatives."""
    n_org, m, p = u.shape[0], structure.psi_component.shape[0], structure.theta_component.shape[0]
    effects, psi, psi_factor = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    middle, h, work_m = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    theta, theta_factor, sigma = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    inverse, g, work_p = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    loading, reach, along = np.empty((p, m)), np.empty((p, m)), np.empty((p, m))
    reach_t, psi_sd, theta_sd = np.empty((m, p)), np.empty(m), np.empty(p)
    total = 0.0
    for j in range(n_org):
        row, cov, half = u[j], data.cov[j], data.half_df[j]
        _total_effects(row, structure, effects)
        fine = _covariance(
            row, structure.psi_cell, structure.psi_component, structure.psi_value, psi_sd, psi_factor, psi
        ) and _covariance(
            row, structure.theta_cell, structure.theta_component, structure.theta_value, theta_sd, theta_factor, theta
        )  # fmt: skip
        if not fine:
            return -np.inf
        loading[:] = 0.0
        for i in range(p):
            for e in range(structure.loading_start[i], structure.loading_start[i + 1]):
                c = structure.loading_component[e]
                loading[i, structure.loading_column[e]] += structure.loading_value[e] * (u[j, c] if c >= 0 else 1.0)
        _multiply(loading, effects, reach)
        _multiply(reach, psi, along)
        for i in range(p):
            for k in range(m):
                reach_t[k, i] = reach[i, k]
        _multiply(along, reach_t, sigma)
        for i in range(p):
            for k in range(p):
                sigma[i, k] += theta[i, k]
        log_det = inverse_and_log_det(sigma, work_p, inverse)
        if not np.isfinite(log_det):
            return -np.inf
        _multiply(inverse, cov, work_p)
        _multiply(work_p, inverse, g)
        value = log_det
        for i in range(p):
            value += work_p[i, i]
            for k in range(p):
                g[i, k] = inverse[i, k] - g[i, k]
        total -= half * value
        _multiply(g, reach, along)
        _multiply(reach_t, along, h)
        _covariance_adjoint(
            row, structure.psi_cell, structure.psi_component, psi_sd, psi_factor, psi, h, -half, work_m, adjoint[j]
        )  # fmt: skip
        _covariance_adjoint(
            row, structure.theta_cell, structure.theta_component, theta_sd, theta_factor, theta, g, -half, work_p,
            adjoint[j],
        )  # fmt: skip
        # Sigma = Lambda Phi Lambda' + Theta with Phi = T Psi T': d Lambda = 2 G Lambda Phi; d B = 2 (T' Lambda' G
        # Lambda) Phi
        _multiply(psi, effects.T, work_m)
        _multiply(effects, work_m, middle)  # Phi
        _multiply(g, loading, along)
        for i in range(p):
            for e in range(structure.loading_start[i], structure.loading_start[i + 1]):
                c = structure.loading_component[e]
                if c >= 0:
                    s = 0.0
                    for k in range(m):
                        s += along[i, k] * middle[k, structure.loading_column[e]]
                    adjoint[j, c] -= 2.0 * half * s * structure.loading_value[e]
        _multiply(reach_t, along, work_m)  # T' Lambda' G Lambda
        for i in range(m):
            for e in range(structure.path_start[i], structure.path_start[i + 1]):
                c = structure.path_component[e]
                if c >= 0:
                    s = 0.0
                    for k in range(m):
                        s += work_m[i, k] * middle[k, structure.path_source[e]]
                    adjoint[j, c] -= 2.0 * half * s * structure.path_value[e]
    return total
