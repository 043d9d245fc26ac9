"""Patterns of missing answers end to end in a few arrays, as a file of arrays can hold them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from bayescx.evidence.patterns import Pattern

__all__ = ["flattened", "unflattened"]


def flattened(patterns: Mapping[str, tuple[Pattern, ...]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the patterns of all organizations one after the other.

    Returns
    -------
    dict of str to array
        Of each pattern ``organization``, ``n_obs`` and ``n_answers`` (its number of variables); of each of its
        variables ``position`` (among those of the model) and ``mean``; ``scatter`` row by row.

    Examples
    --------
    >>> one = Pattern((0, 2), 5, np.array([1.0, 2.0]), np.eye(2))
    >>> {name: values.tolist() for name, values in flattened({"north": (one,)}).items()}["position"]
    [0, 2]
    """
    listed = [(name, one) for name, group in patterns.items() for one in group]
    return {
        "organization": np.array([name for name, _ in listed], dtype=str),
        "n_obs": np.array([one.n_obs for _, one in listed], dtype=np.int64),
        "n_answers": np.array([len(one.variables) for _, one in listed], dtype=np.int64),
        "position": np.array([variable for _, one in listed for variable in one.variables], dtype=np.int64),
        "mean": np.concatenate([one.mean for _, one in listed] or [np.empty(0)]),
        "scatter": np.concatenate([one.scatter.ravel() for _, one in listed] or [np.empty(0)]),
    }


def unflattened(arrays: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, tuple[Pattern, ...]]:
    """Return the patterns that `flattened` took, by organization.

    Raises
    ------
    ValueError
        If the arrays do not fit together.

    Examples
    --------
    >>> one = Pattern((0, 2), 5, np.array([1.0, 2.0]), np.eye(2))
    >>> unflattened(flattened({"north": (one,)}))["north"][0].variables
    (0, 2)
    """
    sizes = np.asarray(arrays["n_answers"], dtype=np.int64)
    ends, corners = np.cumsum([0, *sizes]).tolist(), np.cumsum([0, *sizes**2]).tolist()
    position, mean, scatter = (np.asarray(arrays[name]) for name in ("position", "mean", "scatter"))
    if (sizes < 1).any() or len(position) != ends[-1] or len(mean) != ends[-1] or len(scatter) != corners[-1]:
        raise ValueError("patterns of answers do not fit together")
    found: dict[str, list[Pattern]] = {}
    cells = zip(pairwise(ends), pairwise(corners), strict=True)
    for name, n_obs, size, (row, corner) in zip(arrays["organization"], arrays["n_obs"], sizes, cells, strict=True):
        here, block = slice(*row), slice(*corner)
        one = Pattern(
            tuple(int(variable) for variable in position[here]),
            int(n_obs),
            np.array(mean[here], dtype=np.float64),
            np.array(scatter[block], dtype=np.float64).reshape(size, size),
        )
        found.setdefault(str(name), []).append(one)
    return {name: tuple(group) for name, group in found.items()}
