"""Log-likelihood of path models on observed variables: one regression per equation on cross-products.

log L = -(n - 1) / 2 [log|Sigma| + tr(S Sigma^-1)] splits into the endogenous equations, where the residual mean square
(1, -b) S (1, -b)' meets its variance, and the saturated block of exogenous variables.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled
from bayescx.kernel.exogenous import exogenous_adjoint, exogenous_precision

__all__ = ["observed_likelihood"]


@compiled
def _equation(i, cov, u, structure, adjoint, half, weight, column):
    """Log-likelihood of one equation, its derivatives added to ``adjoint``.

    ``weight`` and ``column`` are room for its paths and the data columns of their causes.
    """
    own = structure.observed_row[i]
    first, last = structure.path_start[i], structure.path_start[i + 1]
    for e in range(first, last):
        c = structure.path_component[e]
        weight[e - first] = structure.path_value[e] * (u[c] if c >= 0 else 1.0)
        column[e - first] = structure.observed_row[structure.path_source[e]]
    square = cov[own, own]
    c = structure.psi_component[i]
    inverse = np.exp(-2.0 * u[c]) if c >= 0 else 1.0
    inverse /= structure.psi_value[i] ** 2
    for e in range(first, last):
        source = column[e - first]
        residual = cov[source, own]
        for f in range(last - first):
            residual -= cov[source, column[f]] * weight[f]
        square -= weight[e - first] * (residual + cov[source, own])
        k = structure.path_component[e]
        if k >= 0:
            adjoint[k] += 2.0 * half * inverse * residual * structure.path_value[e]
    log_variance = 2.0 * np.log(structure.psi_value[i])
    if c >= 0:
        log_variance += 2.0 * u[c]
        adjoint[c] += 2.0 * half * (square * inverse - 1.0)
    return -half * (log_variance + square * inverse)


@compiled
def observed_likelihood(data, structure, u, adjoint):
    """Sum of the organizations' log-likelihoods; ``adjoint`` (J, C) gains the derivatives."""
    n_org = u.shape[0]
    block = structure.block
    n_block = block.shape[0]
    weight = np.empty(structure.path_source.shape[0])
    column = np.empty(structure.path_source.shape[0], dtype=np.int64)
    precision, moment = np.empty((n_block, n_block)), np.empty((n_block, n_block))
    factor, inverse, sd = np.empty((n_block, n_block)), np.empty((n_block, n_block)), np.empty(n_block)
    work = np.empty((2, n_block, n_block))
    total = 0.0
    for j in range(n_org):
        half, cov, row = data.half_df[j], data.cov[j], u[j]
        for i in structure.single:
            total += _equation(i, cov, row, structure, adjoint[j], half, weight, column)
        if n_block > 0:
            log_det = exogenous_precision(row, structure, precision, factor, inverse, sd)
            if log_det == -np.inf:
                return -np.inf
            trace = 0.0
            for a in range(n_block):
                for b in range(n_block):
                    x, y = structure.observed_row[block[a]], structure.observed_row[block[b]]
                    moment[a, b] = cov[x, y]
                    trace += moment[a, b] * precision[a, b]
            total -= half * (log_det + trace)
            exogenous_adjoint(row, structure, precision, factor, inverse, sd, moment, -half, work, adjoint[j])
    return total
