"""Log-likelihood of latent-variable models with independent item residuals, in m x m matrices.

    A = (I - B)' Psi^-1 (I - B) + Lambda' Theta^-1 Lambda
    log|Sigma| = log|Theta| + log|Psi| + log|A|
    tr(S Sigma^-1) = tr(S Theta^-1) - tr(A^-1 W' S W),   W = Theta^-1 Lambda

The derivative in A is G = A^-1 + A^-1 (W' S W) A^-1, the one in W is -2 S W A^-1; the rest is the chain rule
along the few entries that B and Lambda have.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled, log_product
from bayescx.kernel.exogenous import exogenous_adjoint, exogenous_precision

__all__ = ["latent_likelihood"]


@compiled
def inverse_and_log_det(a, factor, inverse):
    """Invert the symmetric ``a`` (d, d); return log|a|, or nan where it is not positive definite."""
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
def _measurement(u, cov, structure, inverse_square, a, loading, scaled, inverse_theta, along, moment, projected):
    """Add Lambda' Theta^-1 Lambda to ``a``; fill W, S W, W' S W; return log|Theta| + tr(S Theta^-1), less constants."""
    m, p = along.shape
    value = 0.0
    along[:] = 0.0
    projected[:] = 0.0
    for i in range(p):
        c = structure.theta_component[i]
        inverse = inverse_square[i]
        if c >= 0:
            inverse *= np.exp(-2.0 * u[c])
            value += 2.0 * u[c]
        value += cov[i, i] * inverse
        inverse_theta[i] = inverse
        first, last = structure.loading_start[i], structure.loading_start[i + 1]
        for e in range(first, last):
            c = structure.loading_component[e]
            loading[e] = structure.loading_value[e] * (u[c] if c >= 0 else 1.0)
            weight = loading[e] * inverse
            scaled[e] = weight
            f = structure.loading_column[e]
            for g in range(first, e + 1):
                k = structure.loading_column[g]
                a[f, k] += weight * loading[g]
                if g < e:
                    a[k, f] += weight * loading[g]
            for k in range(p):
                along[f, k] += weight * cov[i, k]
    for f in range(m):  # transposed once, so that the loops over constructs run along memory
        for i in range(p):
            moment[i, f] = along[f, i]
    for i in range(p):
        for e in range(structure.loading_start[i], structure.loading_start[i + 1]):
            f, weight = structure.loading_column[e], scaled[e]
            for g in range(m):
                projected[f, g] += weight * moment[i, g]
    return value


@compiled
def _structural(u, structure, single, inverse_square, a, weight, inverse_psi):
    """Add the part of (I - B)' Psi^-1 (I - B) with diagonal Psi to ``a``; return its log|Psi|, less constants."""
    log_det = 0.0
    for i in single:
        c = structure.psi_component[i]
        inverse = inverse_square[i]
        if c >= 0:
            inverse *= np.exp(-2.0 * u[c])
            log_det += 2.0 * u[c]
        inverse_psi[i] = inverse
        a[i, i] += inverse
        first, last = structure.path_start[i], structure.path_start[i + 1]
        for e in range(first, last):
            c = structure.path_component[e]
            weight[e] = structure.path_value[e] * (u[c] if c >= 0 else 1.0)
            s, w = structure.path_source[e], weight[e] * inverse
            a[i, s] -= w
            a[s, i] -= w
            for g in range(first, e + 1):
                t = structure.path_source[g]
                a[s, t] += w * weight[g]
                if g < e:
                    a[t, s] += w * weight[g]
    return log_det


@compiled
def _structural_adjoint(structure, single, slope, weight, inverse_psi, half, adjoint):
    """Add derivatives in paths and in SDs of residuals that stand alone; ``slope`` is G."""
    for i in single:
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
def _measurement_adjoint(cov, structure, slope, inverse, moment, loading, scaled, inverse_theta, half, adjoint):
    """Add derivatives in loadings and item residual SDs; ``slope`` is G, ``inverse`` is A^-1, ``moment`` is S W."""
    p, m = moment.shape
    for i in range(p):
        first, last = structure.loading_start[i], structure.loading_start[i + 1]
        residual = 1.0 - cov[i, i] * inverse_theta[i]  # derivative in log theta_i, less what goes through W and A
        for e in range(first, last):
            f = structure.loading_column[e]
            through_w = 0.0
            for g in range(m):
                through_w -= 2.0 * inverse[f, g] * moment[i, g]
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
    block, single = structure.block, structure.single
    n_block, n_load = block.shape[0], structure.loading_column.shape[0]
    a, factor, inverse = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    projected, slope, product = np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    along, moment, loading, scaled = np.empty((m, p)), np.empty((p, m)), np.empty(n_load), np.empty(n_load)
    inverse_theta, inverse_psi, weight = np.empty(p), np.empty(m), np.empty(structure.path_source.shape[0])
    precision, x_moment, work = (
        np.empty((n_block, n_block)),
        np.empty((n_block, n_block)),
        np.empty((2, n_block, n_block)),
    )
    x_factor, x_inverse, x_sd = np.empty((n_block, n_block)), np.empty((n_block, n_block)), np.empty(n_block)
    constant = 2.0 * log_product(structure.theta_value)
    for i in single:
        constant += 2.0 * np.log(structure.psi_value[i])
    theta_inverse_square = 1.0 / (structure.theta_value * structure.theta_value)
    psi_inverse_square = 1.0 / (structure.psi_value * structure.psi_value)
    total = 0.0
    for j in range(n_org):
        row, cov, half = u[j], data.cov[j], data.half_df[j]
        a[:] = 0.0
        value = constant + _measurement(
            row, cov, structure, theta_inverse_square, a, loading, scaled, inverse_theta, along, moment, projected
        )  # fmt: skip
        value += _structural(row, structure, single, psi_inverse_square, a, weight, inverse_psi)
        if n_block > 0:
            value += exogenous_precision(row, structure, precision, x_factor, x_inverse, x_sd)
        for b in range(n_block):
            for c in range(n_block):
                a[block[b], block[c]] += precision[b, c]
        value += inverse_and_log_det(a, factor, inverse)
        if not np.isfinite(value):
            return -np.inf
        for b in range(m):  # product = A^-1 (W' S W); its trace leaves the deviance
            for c in range(m):
                product[b, c] = 0.0
                slope[b, c] = inverse[b, c]
            for d in range(m):
                x = inverse[b, d]
                for c in range(m):
                    product[b, c] += x * projected[d, c]
            value -= product[b, b]
            for d in range(m):
                x = product[b, d]
                for c in range(m):
                    slope[b, c] += x * inverse[d, c]
        total -= half * value
        _structural_adjoint(structure, single, slope, weight, inverse_psi, half, adjoint[j])
        _measurement_adjoint(
            cov, structure, slope, inverse, moment, loading, scaled, inverse_theta, half, adjoint[j]
        )  # fmt: skip
        for b in range(n_block):
            for c in range(n_block):
                x_moment[b, c] = slope[block[b], block[c]]
        if n_block > 0:  # log|Psi_x| + tr(G Psi_x^-1): the same form as for observed exogenous variables
            exogenous_adjoint(
                row, structure, precision, x_factor, x_inverse, x_sd, x_moment, -half, work, adjoint[j]
            )  # fmt: skip
    return total
