"""Can the moments determine the parameters? Checked numerically, at two random points, before sampling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import ModelError
from bayescx.model import matrices
from bayescx.model.averages import free_directions
from bayescx.model.layout import Layout
from bayescx.model.threads import one_thread

__all__ = ["check_identified"]

Floats = NDArray[np.float64]
_STEP = 1e-5
_SINGULAR = 1e-7  # of the largest singular value; differences leave about 1e-10
_NAMED = 0.15


def check_identified(layout: Layout) -> None:
    """Refuse a model with parameters that no covariance matrix can tell apart.

    The derivatives of all variances and covariances in the free parameters must have full column rank (local
    identification; Wald 1950, Rothenberg 1971); a direction without effect names the parameters in it.

    Raises
    ------
    ModelError
        Naming the parameters that cannot be told apart.
    """
    if not layout.components:
        raise ModelError(
            f"model {layout.model.name or ''}".strip(),
            ["every parameter is fixed, so there is nothing to estimate; free one"],
        )
    with one_thread():
        loose = [_loose_directions(layout, seed) for seed in (1, 2)]
    fewest = min(loose, key=lambda directions: directions.shape[1])
    if fewest.shape[1] == 0:
        return
    names = [component.name for component in layout.components]
    weight = np.abs(fewest).max(axis=1)
    involved = [name for name, w in zip(names, weight, strict=True) if w > _NAMED * weight.max()]
    p = len(layout.variables)
    n_free = free_directions(layout, range(len(names)))[1].shape[1]
    count = f"{n_free} free parameters, {p * (p + 1) // 2} variances and covariances of {p} variables"
    advice = "add items or other variables to what these belong to, fix one of them, or give two of them one label"
    raise ModelError(
        f"model {layout.model.name or ''}".strip(),
        [f"the data cannot determine {', '.join(involved)} ({count}); {advice}"],
    )


def _loose_directions(layout: Layout, seed: int) -> Floats:
    """Directions in the components, shape (C, k), in which no variance or covariance moves."""
    rng = np.random.default_rng(seed)
    centre = {"paths": 0.4, "controls": 0.4, "loadings": 1.0, "residuals": 0.0, "exogenous": 0.0, "covariances": 0.1}
    middle = np.array([centre[component.block] for component in layout.components])
    u = middle + 0.15 * rng.standard_normal(middle.size)
    _, directions = free_directions(layout, range(middle.size))
    steps = _STEP * directions.T
    moved = (_moments(layout, u + steps) - _moments(layout, u - steps)) / (2 * _STEP)
    size = np.linalg.norm(moved, axis=1)
    unit = moved / np.maximum(size, 1e-12)[:, None]
    _, values, right = np.linalg.svd(unit.T, full_matrices=True)
    values = np.concatenate([values, np.zeros(unit.shape[0] - values.size)])
    loose = right[values < _SINGULAR * max(values[0], 1e-12)] / np.maximum(size, 1e-12)
    return np.asarray(directions @ loose.T)


def _moments(layout: Layout, u: Floats) -> Floats:
    sigma = matrices.implied_covariance(layout, u)
    rows, columns = np.tril_indices(sigma.shape[-1])
    return np.asarray(sigma[..., rows, columns])
