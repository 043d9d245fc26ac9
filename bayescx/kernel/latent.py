"""Log-likelihood of latent-variable models with independent item residuals, in m x m matrices.

    A = (I - B)' Psi^-1 (I - B) + Lambda' Theta^-1 Lambda
    log|Sigma| = log|Theta| + log|Psi| + log|A|
    tr(S Sigma^-1) = tr(S Theta^-1) - tr(A^-1 W' S W),   W = Theta^-1 Lambda

The derivative in A is G = A^-1 + A^-1 (W' S W) A^-1, the one in W is -2 S W A^-1; the rest is the chain rule
along the few entries that B and Lambda have.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled
from bayescx.kernel.exogenous import exogenous_adjoint, exogenous_precision

__all__ = ["latent_likelihood"]


@compiled
def inverse_and_log_det(a, factor, inverse):
    """Cholesky-invert the symmetric ``a`` (d, d) into ``inverse``; return log|a|, or nan where it is not positive definite."""
    d = a.shape[0]
    determinant = 1.0
    log_det = 0.0
    for i in range(d):
        for j in range(i):
            s = a[i, j]
            for k in range(j):
                s -= factor[i, k] * factor[j, k]
            factor[i, j] = s * factor[j, j]  # the diagonal holds reciprocals
        s = a[i, i]
        for k in range(i):
            s -= factor[i, k] * factor[i, k]
        if not s > 0.0:
            return np.nan
        determinant *= s
        if determinant < 1e-200 or determinant > 1e200:
            log_det += np.log(determinant)
            determinant = 1.0
        factor[i, i] = 1.0 / np.sqrt(s)
    log_det += np.log(determinant)
    for i in range(d):  # the factor becomes its own inverse
        for j in range(i):
            s = 0.0
            for k in range(j, i):
                s -= factor[i, k] * inverse[k, j]
            inverse[i, j] = s * factor[i, i]
        inverse[i, i] = factor[i, i]
    for i in range(d):
        for j in range(i + 1):
            factor[i, j] = inverse[i, j]
    for i in range(d):
        for j in range(i + 1):
            s = 0.0
            for k in range(i, d):
                s += factor[k, i] * factor[k, j]
            inverse[i, j] = s
            inverse[j, i] = s
    return log_det


@compiled
def _measurement(u, cov, structure, a, loading, scaled, inverse_theta, moment, projected):
    """Add Lambda' Theta^-1 Lambda to ``a``; fill W, (S W)' and W' S W; return log|Theta| + tr(S Theta^-1)."""
    m, p = moment.shape
    value = 0.0
    for f in range(m):
        for i in range(p):
            moment[f, i] = 0.0
        for g in range(m):
            projected[f, g] = 0.0
    for i in range(p):
        c = structure.theta_component[i]
        sd = structure.theta_value[i]
        inverse = np.exp(-2.0 * u[c]) / (sd * sd) if c >= 0 else 1.0 / (sd * sd)
        value += 2.0 * np.log(sd) + cov[i, i] * inverse
        if c >= 0:
            value += 2.0 * u[c]
        inverse_theta[i] = inverse
        first, last = structure.loading_start[i], structure.loading_start[i + 1]
        for e in range(first, last):
            c = structure.loading_component[e]
            loading[e] = structure.loading_value[e] * (u[c] if c >= 0 else 1.0)
            scaled[e] = loading[e] * inverse
            f = structure.loading_column[e]
            for g in range(first, e + 1):
                k = structure.loading_column[g]
                a[f, k] += scaled[e] * loading[g]
                if g < e:
                    a[k, f] += scaled[e] * loading[g]
            for k in range(p):
                moment[f, k] += scaled[e] * cov[i, k]
    for i in range(p):
        for e in range(structure.loading_start[i], structure.loading_start[i + 1]):
            f = structure.loading_column[e]
            for g in range(m):
                projected[f, g] += scaled[e] * moment[g, i]
    return value


@compiled
def _structural(u, structure, is_exogenous, a, weight, inverse_psi):
    """Add the endogenous part of (I - B)' Psi^-1 (I - B) to ``a``; return the endogenous part of log|Psi|."""
    log_det = 0.0
    for i in range(is_exogenous.shape[0]):
        if is_exogenous[i]:
            continue
        c, sd = structure.psi_component[i], structure.psi_value[i]
        log_det += 2.0 * np.log(sd) + (2.0 * u[c] if c >= 0 else 0.0)
        inverse = (np.exp(-2.0 * u[c]) if c >= 0 else 1.0) / (sd * sd)
        inverse_psi[i] = inverse
        a[i, i] += inverse
        first, last = structure.path_start[i], structure.path_start[i + 1]
        for e in range(first, last):
            c = structure.path_component[e]
            weight[e] = structure.path_value[e] * (u[c] if c >= 0 else 1.0)
            s = structure.path_source[e]
            a[i, s] -= weight[e] * inverse
            a[s, i] -= weight[e] * inverse
            for g in range(first, e + 1):
                t = structure.path_source[g]
                a[s, t] += weight[e] * weight[g] * inverse
                if g < e:
                    a[t, s] += weight[e] * weight[g] * inverse
    return log_det


@compiled
def _structural_adjoint(structure, is_exogenous, slope, weight, inverse_psi, half, adjoint):
    """Add derivatives in paths and endogenous residual SDs; ``slope`` is G."""
    for i in range(is_exogenous.shape[0]):
        if is_exogenous[i]:
            continue
        first, last = structure.path_start[i], structure.path_start[i + 1]
        square = slope[i, i]  # (I - B)_i G (I - B)_i'
        for e in range(first, last):
            s = structure.path_source[e]
            along = slope[s, i]
            for g in range(first, last):
                along -= slope[s, structure.path_source[g]] * weight[g]
            square -= weight[e] * (along + slope[s, i])
            c = structure.path_component[e]
            if c >= 0:
                adjoint[c] += 2.0 * half * inverse_psi[i] * along * structure.path_value[e]
        c = structure.psi_component[i]
        if c >= 0:
            adjoint[c] += 2.0 * half * (inverse_psi[i] * square - 1.0)


@compiled
def _measurement_adjoint(
    cov, structure, slope, inverse, moment, loading, scaled, inverse_theta, half, adjoint
):
    """Add derivatives in loadings and item residual SDs; ``slope`` is G, ``inverse`` is A^-1, ``moment`` is (S W)'."""
    m, p = moment.shape
    for i in range(p):
        first, last = structure.loading_start[i], structure.loading_start[i + 1]
        residual = (
            1.0 - cov[i, i] * inverse_theta[i]
        )  # derivative in log theta_i, minus what goes through W and A
        for e in range(first, last):
            f = structure.loading_column[e]
            through_w = 0.0
            for g in range(m):
                through_w -= 2.0 * inverse[f, g] * moment[g, i]
            through_a = 0.0
            for g in range(first, last):
                through_a += slope[f, structure.loading_column[g]] * scaled[g]
            residual -= scaled[e] * through_w + loading[e] * through_a
            c = structure.loading_component[e]
            if c >= 0:
                d = through_w * inverse_theta[i] + 2.0 * through_a
                adjoint[c] -= half * d * structure.loading_value[e]
        c = structure.theta_component[i]
        if c >= 0:
            adjoint[c] -= 2.0 * half * residual


@compiled
def latent_likelihood(data, structure, u, adjoint):
    """Sum of the organizations' log-likelihoods; ``adjoint`` (J, C) gains the derivatives."""
    n_org, m, p = u.shape[0], structure.psi_component.shape[0], structure.theta_component.shape[0]
    exogenous = structure.exogenous
    n_exo, n_load = exogenous.shape[0], structure.loading_column.shape[0]
    is_exogenous = np.zeros(m, dtype=np.bool_)
    for b in range(n_exo):
        is_exogenous[exogenous[b]] = True
    a, factor, inverse = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    projected, slope, product = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    moment, loading, scaled = np.empty((m, p)), np.empty(n_load), np.empty(n_load)
    inverse_theta, inverse_psi, weight = np.empty(p), np.empty(m), np.empty(structure.path_source.shape[0])
    precision, x_moment, work = (
        np.empty((n_exo, n_exo)),
        np.empty((n_exo, n_exo)),
        np.empty((2, n_exo, n_exo)),
    )
    x_factor, x_inverse, x_sd = np.empty((n_exo, n_exo)), np.empty((n_exo, n_exo)), np.empty(n_exo)
    total = 0.0
    for j in range(n_org):
        row, cov, half = u[j], data.cov[j], data.half_df[j]
        a[:] = 0.0
        value = _measurement(row, cov, structure, a, loading, scaled, inverse_theta, moment, projected)
        value += _structural(row, structure, is_exogenous, a, weight, inverse_psi)
        log_det = exogenous_precision(row, structure, precision, x_factor, x_inverse, x_sd)
        for b in range(n_exo):
            for c in range(n_exo):
                a[exogenous[b], exogenous[c]] += precision[b, c]
        value += log_det + inverse_and_log_det(a, factor, inverse)
        if not np.isfinite(value):
            return -np.inf
        for b in range(m):  # product = A^-1 (W' S W); its trace leaves the deviance
            for c in range(m):
                s = 0.0
                for d in range(m):
                    s += inverse[b, d] * projected[d, c]
                product[b, c] = s
            value -= product[b, b]
        for b in range(m):
            for c in range(b + 1):
                s = inverse[b, c]
                for d in range(m):
                    s += product[b, d] * inverse[d, c]
                slope[b, c] = s
                slope[c, b] = s
        total -= half * value
        _structural_adjoint(structure, is_exogenous, slope, weight, inverse_psi, half, adjoint[j])
        _measurement_adjoint(
            cov, structure, slope, inverse, moment, loading, scaled, inverse_theta, half, adjoint[j]
        )
        for b in range(n_exo):
            for c in range(n_exo):
                x_moment[b, c] = slope[exogenous[b], exogenous[c]]
        exogenous_adjoint(
            row, structure, precision, x_factor, x_inverse, x_sd, x_moment, -half, work, adjoint[j]
        )  # log|Psi_x| + tr(G Psi_x^-1): the same form as for observed exogenous variables
    return total
