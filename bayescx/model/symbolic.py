"""Model matrices as PyTensor expressions, for the open PyMC model.

The same definitions as in ``matrices``, written for symbols: a component is a column of ``u`` (J, C), and
every matrix has the organizations in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray

from bayescx.model.layout import Entry, Layout, SdEntry

__all__ = ["implied_covariance"]

Tensor = Any  # PyTensor's operators are not typed closely enough to name its variables here


def implied_covariance(layout: Layout, u: Tensor, n_org: int) -> Tensor:
    """Sigma = Lambda (I - B)^-1 Psi (I - B)^-T Lambda' + Theta on the common scale, shape (J, p, p)."""
    m, p = len(layout.constructs), len(layout.variables)
    paths = _matrix(layout.paths, u, (n_org, m, m))
    loadings = _matrix(layout.loadings, u, (n_org, p, m))
    psi = _residual_covariance(layout.psi, layout.psi_cells, u, n_org)
    theta = _residual_covariance(layout.theta, layout.theta_cells, u, n_org)
    reach = loadings @ pt.linalg.inv(np.eye(m) - paths)  # of every construct's residual into the variables
    return reach @ psi @ _transposed(reach) + theta


def _matrix(entries: Sequence[Entry], u: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Fixed entries are numbers, free ones ``value * component``, the rest zero."""
    numbers = np.zeros(shape)
    for e in entries:
        numbers[:, e.row, e.column] = e.value
    free = [e for e in entries if e.component >= 0]
    if not free:
        return pt.as_tensor(numbers)
    values = np.array([e.value for e in free]) * u[:, [e.component for e in free]]
    return pt.as_tensor(numbers)[:, [e.row for e in free], [e.column for e in free]].set(values)


def _residual_covariance(sds: Sequence[SdEntry], cells: NDArray[np.int64], u: Tensor, n_org: int) -> Tensor:
    """Covariance matrix of residuals from log SDs and Fisher-z partial correlations, shape (J, d, d)."""
    free = [i for i, e in enumerate(sds) if e.component >= 0]
    values = np.array([e.value for e in sds])
    sd = pt.as_tensor(np.tile(values, (n_org, 1)))
    if free:
        sd = sd[:, free].set(values[free] * pt.exp(u[:, [sds[i].component for i in free]]))
    factor = sd[:, :, None] * _correlation_factor(cells, u, n_org)
    return factor @ _transposed(factor)


def _correlation_factor(cells: NDArray[np.int64], u: Tensor, n_org: int) -> Tensor:
    """Cholesky factor of the correlation matrix, shape (J, d, d).

    Row i is a unit vector, filled from the left: a free cell takes tanh(z) of the length that is left,
    another cell what makes its correlation zero, the diagonal the rest. Structural zeros are left out.
    """
    entry: dict[tuple[int, int], Tensor] = {}
    for i in range(len(cells)):
        left = pt.ones(n_org)
        for k in range(i):
            common = [h for h in range(k) if (i, h) in entry and (k, h) in entry]
            if cells[i, k] >= 0:
                entry[i, k] = pt.tanh(u[:, cells[i, k]]) * pt.sqrt(left)
            elif common:
                entry[i, k] = -sum(entry[i, h] * entry[k, h] for h in common) / entry[k, k]
            if (i, k) in entry:
                left = left - entry[i, k] ** 2
        entry[i, i] = pt.sqrt(left)
    rows, columns = zip(*entry, strict=True)
    values = pt.stack(list(entry.values()), axis=1)
    return pt.zeros((n_org, *cells.shape))[:, list(rows), list(columns)].set(values)


def _transposed(matrices: Tensor) -> Tensor:
    return matrices.swapaxes(-1, -2)
