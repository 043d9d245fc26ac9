"""The covariance matrix of exogenous constructs that covary: precision, log determinant, and back-propagation.

Psi_x = diag(s) F F' diag(s), with F the factor of their correlation matrix. Outside the general route this block is the
only part of Psi that is not diagonal.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled
from bayescx.kernel.correlation import correlation_adjoint, correlation_factor

__all__ = ["exogenous_adjoint", "exogenous_precision"]


@compiled
def exogenous_precision(u, structure, precision, factor, inverse, sd):
    """Fill ``precision`` (e, e), the correlation ``factor``, its ``inverse`` and ``sd`` (e,); return log|Psi_x|.

    The result is -inf where the pattern of zeros leaves no positive definite matrix.
    """
    n = structure.block.shape[0]
    log_det = 0.0
    for a in range(n):
        c = structure.psi_component[structure.block[a]]
        sd[a] = structure.psi_value[structure.block[a]] * (np.exp(u[c]) if c >= 0 else 1.0)
    if not correlation_factor(u, structure.block_cell, factor):
        return -np.inf
    for a in range(n):
        log_det += 2.0 * np.log(sd[a] * factor[a, a])
        for b in range(a):
            s = 0.0
            for c in range(b, a):
                s -= factor[a, c] * inverse[c, b]
            inverse[a, b] = s / factor[a, a]
            inverse[b, a] = 0.0
        inverse[a, a] = 1.0 / factor[a, a]
    for a in range(n):
        for b in range(a + 1):
            s = 0.0
            for c in range(a, n):
                s += inverse[c, a] * inverse[c, b]
            precision[a, b] = s / (sd[a] * sd[b])
            precision[b, a] = precision[a, b]
    return log_det


@compiled
def exogenous_adjoint(u, structure, precision, factor, inverse, sd, moment, weight, work, adjoint):
    """Add to ``adjoint`` (C,) the derivative of ``weight * (log|Psi_x| + tr(moment Psi_x^-1))``; ``work`` is (2, e, e).

    In log s_a that is 2 (1 - (Psi_x^-1 moment)_aa). With N = diag(1/s) moment diag(1/s) and K = F^-1 it is, in the
    factor, the lower triangle of 2 K' (I - K N K').
    """
    n = structure.block.shape[0]
    for a in range(n):
        c = structure.psi_component[structure.block[a]]
        if c >= 0:
            s = 1.0
            for b in range(n):
                s -= precision[a, b] * moment[b, a]
            adjoint[c] += 2.0 * weight * s
    left, slope = work[0], work[1]
    for a in range(n):
        for b in range(n):
            s = 0.0
            for c in range(a + 1):
                s += inverse[a, c] * moment[c, b] / (sd[c] * sd[b])
            left[a, b] = s
    for a in range(n):  # I - K N K', kept in slope until it is multiplied
        for b in range(n):
            s = 1.0 if a == b else 0.0
            for c in range(b + 1):
                s -= left[a, c] * inverse[b, c]
            slope[a, b] = s
    for a in range(n):
        for b in range(n):
            s = 0.0
            for c in range(a, n):
                s += inverse[c, a] * slope[c, b]
            left[a, b] = 2.0 * weight * s if b <= a else 0.0
    correlation_adjoint(u, structure.block_cell, factor, left, adjoint)
