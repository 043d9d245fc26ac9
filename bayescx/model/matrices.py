"""Model matrices from components, in NumPy and batched over leading axes; independent of the kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.model.layout import Entry, Layout, SdEntry

__all__ = ["implied_covariance", "loading_matrix", "path_matrix", "psi_matrix", "residual_covariance", "theta_matrix"]

Floats = NDArray[np.float64]


def _fill(entries: Sequence[Entry], u: Floats, shape: tuple[int, int]) -> Floats:
    out = np.zeros((*u.shape[:-1], *shape), dtype=u.dtype)
    for entry in entries:
        out[..., entry.row, entry.column] += entry.value * (u[..., entry.component] if entry.component >= 0 else 1.0)
    return out


def path_matrix(layout: Layout, u: Floats) -> Floats:
    """B, shape (..., m, m), on the common scale; ``u`` is (..., C)."""
    m = len(layout.constructs)
    return _fill(layout.paths, u, (m, m))


def loading_matrix(layout: Layout, u: Floats) -> Floats:
    """Lambda, shape (..., p, m), on the common scale."""
    return _fill(layout.loadings, u, (len(layout.variables), len(layout.constructs)))


def implied_covariance(layout: Layout, u: Floats) -> Floats:
    """Sigma, covariance of all variables that the model implies, shape (..., p, p), on the common scale."""
    return algebra.implied_covariance(
        path_matrix(layout, u), psi_matrix(layout, u), loading_matrix(layout, u), theta_matrix(layout, u)
    )


def residual_covariance(u: Floats, sds: Sequence[SdEntry], cells: NDArray[np.int64]) -> Floats:
    """Covariance matrix of residuals from log SDs and partial correlations, shape (..., d, d)."""
    ones = np.ones(u.shape[:-1], dtype=u.dtype)
    columns = [e.value * (np.exp(u[..., e.component]) if e.component >= 0 else ones) for e in sds]
    sd = np.stack(columns, axis=-1)
    if np.all(cells < 0):
        return np.asarray(sd[..., None] * sd[..., None, :] * np.eye(len(sds)))
    return np.asarray(algebra.correlation(u, cells) * sd[..., None] * sd[..., None, :])


def psi_matrix(layout: Layout, u: Floats) -> Floats:
    """Psi, shape (..., m, m), on the common scale."""
    return residual_covariance(u, layout.psi, layout.psi_cells)


def theta_matrix(layout: Layout, u: Floats) -> Floats:
    """Theta, shape (..., p, p), on the common scale."""
    return residual_covariance(u, layout.theta, layout.theta_cells)
