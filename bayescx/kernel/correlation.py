"""Correlation matrices with chosen zeros, from unconstrained numbers, and back-propagation through them.

The Cholesky factor of the correlation matrix is filled row by row. A free cell takes ``tanh(z)`` of what is left of its
row's unit length (a canonical partial correlation, so a full block is always positive definite); a cell that must
be zero in the correlation matrix takes the value that makes it so. Only patterns whose zeros cannot be met leave the
row without length: that is reported, never repaired.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled

__all__ = ["correlation_adjoint", "correlation_factor"]


@compiled
def correlation_factor(u, cells, factor):
    """Fill the lower-triangular ``factor`` (d, d); False when the zeros cannot be met."""
    d = cells.shape[0]
    for i in range(d):
        left = 1.0
        for j in range(i):
            component = cells[i, j]
            if component >= 0:
                entry = np.tanh(u[component]) * np.sqrt(left)
            else:
                entry = 0.0
                for k in range(j):
                    entry -= factor[i, k] * factor[j, k]
                entry /= factor[j, j]
            factor[i, j] = entry
            factor[j, i] = 0.0
            left -= entry * entry
            if not left > 1e-14:
                return False
        factor[i, i] = np.sqrt(left)
    return True


@compiled
def correlation_adjoint(u, cells, factor, adjoint, gradient):
    """Add to ``gradient`` (C,) what ``adjoint`` (d, d), the derivative in the factor, implies; it is used up."""
    d = cells.shape[0]
    for i in range(d - 1, -1, -1):
        left = factor[i, i] * factor[i, i]
        left_adjoint = 0.5 * adjoint[i, i] / factor[i, i]
        for j in range(i - 1, -1, -1):
            entry = factor[i, j]
            entry_adjoint = adjoint[i, j] - 2.0 * entry * left_adjoint
            left += entry * entry
            component = cells[i, j]
            if component >= 0:
                t = np.tanh(u[component])
                root = np.sqrt(left)
                gradient[component] += entry_adjoint * (1.0 - t * t) * root
                left_adjoint += 0.5 * entry_adjoint * t / root
            else:
                share = entry_adjoint / factor[j, j]
                adjoint[j, j] -= share * entry
                for k in range(j):
                    adjoint[i, k] -= share * factor[j, k]
                    adjoint[j, k] -= share * factor[i, k]
