"""Respondents grouped by what they answered, as the arrays of the compiled density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx.evidence import Matched
from bayescx.kernel.patterns import Patterns
from bayescx.model.flat import starts

__all__ = ["pattern_arrays"]

Floats = NDArray[np.float64]


def pattern_arrays(matched: Matched, unit: Floats, first_extra: int) -> Patterns:
    """Patterns of all organizations that have any, on the common scale.

    Parameters
    ----------
    matched : Matched
        Evidence; organizations without patterns enter the density by their complete moments.
    unit : array of float, shape (p,)
        Data units per common unit. Correlations have no units and are not divided.
    first_extra : int
        Where log scales begin among the extra free numbers: p for each organization that shared only correlations,
        in the order of organizations.

    Returns
    -------
    Patterns
        With arrays of length 0 where no organization has patterns.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.evidence import Evidence
    >>> rows = pd.DataFrame({"x": [1.0, 2.0, 4.0, 5.0, 7.0], "y": [2.0, 1.0, 5.0, 4.0, None]})
    >>> matched = Evidence.from_rows(rows.assign(organization="north"), organization="organization").matched(("x", "y"))
    >>> arrays = pattern_arrays(matched, np.array([1.0, 10.0]), 0)
    >>> arrays.n_obs.tolist(), arrays.seen.tolist(), arrays.mean.tolist()
    ([4.0, 1.0], [[0, 1], [0, -1]], [[3.0, 0.3], [7.0, 0.0]])
    """
    p = len(matched.variables)
    patterned = [(j, name) for j, name in enumerate(matched.organizations) if name in matched.patterns]
    free = [matched.level[name] == "correlations" for _, name in patterned]
    counts = [len(matched.patterns[name]) for _, name in patterned]
    total = np.array([sum(one.n_obs for one in matched.patterns[name]) for _, name in patterned], dtype=np.float64)
    every = [
        (one, np.ones(p) if is_free else unit)
        for (_, name), is_free in zip(patterned, free, strict=True)
        for one in matched.patterns[name]
    ]
    n_pattern = len(every)
    seen, mean = np.full((n_pattern, p), -1, dtype=np.int64), np.zeros((n_pattern, p))
    scatter = np.zeros((n_pattern, p * p))
    for row, (one, units) in enumerate(every):
        q, here = len(one.variables), units[list(one.variables)]
        seen[row, :q] = one.variables
        mean[row, :q] = one.mean / here
        scatter[row, : q * q] = (one.scatter / np.multiply.outer(here, here)).ravel()
    return Patterns(
        organization=np.array([j for j, _ in patterned], dtype=np.int64),
        start=starts(counts),
        free_extra=np.where(free, first_extra + p * (np.cumsum(free) - 1), -1).astype(np.int64),
        scale_sd=1.0 / np.sqrt(2.0 * total),
        n_obs=np.array([one.n_obs for one, _ in every], dtype=np.float64),
        n_seen=np.array([len(one.variables) for one, _ in every], dtype=np.int64),
        seen=seen,
        mean=mean,
        scatter=scatter,
    )
