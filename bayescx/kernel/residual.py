"""Residual covariance matrices from log SDs and partial correlations, and back-propagation through them."""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled
from bayescx.kernel.correlation import correlation_adjoint, correlation_factor

__all__ = ["residual_covariance", "residual_covariance_adjoint"]


@compiled
def residual_covariance(u, cells, component, value, sd, factor, out):
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
def residual_covariance_adjoint(u, cells, component, sd, factor, matrix, slope, weight, work, adjoint):
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
