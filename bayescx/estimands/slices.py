"""Slice sampling of many independent positive numbers at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["slice_step"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LogDensity = Callable[[Ints, Floats], Floats]

_WIDTH = 1.0  # of the first interval, on the log scale
_MOST = 200  # steps out or inwards: far more than any density here needs


def slice_step(log_density: LogDensity, state: Floats, rng: np.random.Generator) -> Floats:
    """One step of a slice sampler for each of many independent numbers (Neal 2003, stepping out and shrinkage).

    Leaves each number's distribution as it is, whatever the log density.

    Parameters
    ----------
    log_density : callable
        From positions in ``state`` (k,) and values there (k,) to log densities (k,), up to a constant.
    state : array (K,)
        Finite log densities.
    rng : numpy.random.Generator

    Returns
    -------
    array (K,)

    Examples
    --------
    >>> rng, x = np.random.default_rng(1), np.zeros(2000)
    >>> for _ in range(10):
    ...     x = slice_step(lambda index, values: -0.5 * (values - 3.0) ** 2, x, rng)
    >>> float(x.mean().round(1)), float(x.std().round(1))
    (3.0, 1.0)
    """
    everything = np.arange(state.size)
    level = log_density(everything, state) - rng.standard_exponential(state.size)
    left = state - _WIDTH * rng.random(state.size)
    right = left + _WIDTH
    for edge, step in ((left, -_WIDTH), (right, _WIDTH)):
        moving = everything
        for _ in range(_MOST):
            moving = moving[log_density(moving, edge[moving]) > level[moving]]
            if not moving.size:
                break
            edge[moving] += step
    new, moving = state.copy(), everything
    for _ in range(_MOST):
        tried = left[moving] + (right[moving] - left[moving]) * rng.random(moving.size)
        inside = log_density(moving, tried) >= level[moving]
        new[moving[inside]] = tried[inside]
        moving, tried = moving[~inside], tried[~inside]
        if not moving.size:
            break
        below = tried < state[moving]
        left[moving[below]] = tried[below]
        right[moving[~below]] = tried[~below]
    return new
