"""The implied p x p covariance matrix of one organization, and back-propagation from it to components.

    Sigma = Lambda Phi Lambda' + Theta,  Phi = T Psi T',  T = (I - B)^-1

With G the derivative in Sigma, H = T' Lambda' G Lambda T is the one in Psi, 2 G Lambda Phi the one in Lambda, and
2 (T' Lambda' G Lambda) Phi the one in B.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled, inlined
from bayescx.kernel.residual import residual_covariance, residual_covariance_adjoint

__all__ = ["implied_likelihood", "multiply"]


@compiled
def multiply(a, b, out):
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


@inlined
def implied_likelihood(weigh, evidence, organization, structure, u, adjoint):
    """Sum over ``organization`` of log-likelihoods in Sigma; ``adjoint`` (J, C) gains the derivatives.

    ``weigh(evidence, a, sigma, slope)`` is what the a-th of them has seen: it returns a deviance, its weight in the
    log-likelihood, and writes its derivative in Sigma to ``slope`` (p, p), symmetric. A deviance of nan has no density.
    """
    m, p = structure.psi_component.shape[0], structure.theta_component.shape[0]
    effects, psi, psi_factor = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    phi, h, work_m = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    theta, theta_factor, sigma = np.empty((p, p)), np.empty((p, p)), np.empty((p, p))
    slope, work_p = np.empty((p, p)), np.empty((p, p))
    loading, reach, along = np.empty((p, m)), np.empty((p, m)), np.empty((p, m))
    reach_t, psi_sd, theta_sd = np.empty((m, p)), np.empty(m), np.empty(p)
    total = 0.0
    for a in range(organization.shape[0]):
        j = organization[a]
        row = u[j]
        _total_effects(row, structure, effects)
        fine = residual_covariance(
            row, structure.psi_cell, structure.psi_component, structure.psi_value, psi_sd, psi_factor, psi
        ) and residual_covariance(
            row, structure.theta_cell, structure.theta_component, structure.theta_value, theta_sd, theta_factor, theta
        )  # fmt: skip
        if not fine:
            return -np.inf
        loading[:] = 0.0
        for i in range(p):
            for e in range(structure.loading_start[i], structure.loading_start[i + 1]):
                c = structure.loading_component[e]
                loading[i, structure.loading_column[e]] += structure.loading_value[e] * (row[c] if c >= 0 else 1.0)
        multiply(loading, effects, reach)
        multiply(reach, psi, along)
        for i in range(p):
            for k in range(m):
                reach_t[k, i] = reach[i, k]
        multiply(along, reach_t, sigma)
        for i in range(p):
            for k in range(p):
                sigma[i, k] += theta[i, k]
        deviance, weight = weigh(evidence, a, sigma, slope)
        if not abs(deviance) < np.inf:  # x - x, as isfinite has it, may be simplified where sums are reordered
            return -np.inf
        total += weight * deviance
        multiply(slope, reach, along)
        multiply(reach_t, along, h)
        residual_covariance_adjoint(
            row, structure.psi_cell, structure.psi_component, psi_sd, psi_factor, psi, h, weight, work_m, adjoint[j]
        )  # fmt: skip
        residual_covariance_adjoint(
            row, structure.theta_cell, structure.theta_component, theta_sd, theta_factor, theta, slope, weight, work_p,
            adjoint[j],
        )  # fmt: skip
        multiply(psi, effects.T, work_m)
        multiply(effects, work_m, phi)
        multiply(slope, loading, along)
        for i in range(p):
            for e in range(structure.loading_start[i], structure.loading_start[i + 1]):
                c = structure.loading_component[e]
                if c >= 0:
                    s = 0.0
                    for k in range(m):
                        s += along[i, k] * phi[k, structure.loading_column[e]]
                    adjoint[j, c] += 2.0 * weight * s * structure.loading_value[e]
        multiply(reach_t, along, work_m)  # T' Lambda' G Lambda
        for i in range(m):
            for e in range(structure.path_start[i], structure.path_start[i + 1]):
                c = structure.path_component[e]
                if c >= 0:
                    s = 0.0
                    for k in range(m):
                        s += work_m[i, k] * phi[k, structure.path_source[e]]
                    adjoint[j, c] += 2.0 * weight * s * structure.path_value[e]
    return total
