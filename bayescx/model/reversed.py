"""Items that run against their factor: found before sampling, because no posterior would say so.

A factor whose loadings average 1 takes all of them to point the same way. With a reversed item the average is met by
loadings far from 1, and the sign of the factor is left to chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import ModelError
from bayescx.model.layout import Layout

__all__ = ["check_directions"]

Floats = NDArray[np.float64]
_CLEAR = 0.15  # weight on the first component of the items' correlations below which an item says little either way


def check_directions(layout: Layout, n_obs: NDArray[np.int64], cov: Floats) -> None:
    """Refuse factors scaled by their average loading whose items correlate with opposite signs.

    Parameters
    ----------
    layout : Layout
    n_obs : int array (J,)
    cov : array (J, p, p)
        Sample covariances; items are compared within organizations, pooled over them.

    Raises
    ------
    ModelError
        Naming the items to recode.
    """
    weight = (n_obs - 1) / (n_obs - 1).sum()
    pooled = np.einsum("j,jab->ab", weight, cov)
    sd = np.sqrt(np.diagonal(pooled))
    correlation = pooled / np.outer(sd, sd)
    problems = []
    for factor in layout.averages:
        items = [entry for entry in factor if entry in layout.loadings]
        rows = [entry.row for entry in items]
        if len(rows) < 2:
            continue
        first = np.linalg.eigh(correlation[np.ix_(rows, rows)])[1][:, -1]
        first *= np.sign(first.sum()) or 1.0
        against = [entry.name for entry, w in zip(items, first, strict=True) if w < -_CLEAR]
        if against:
            name = layout.constructs[items[0].column]
            shown = ", ".join(entry.partition("=~")[2] for entry in against)
            straight = next(e.name for e in items if e.name not in against).partition("=~")[2]
            problems.append(
                f"factor '{name}': {shown} runs against the other items (negative correlations), as reverse-coded "
                "items do; recode (lowest + highest answer - answer), or set the factor's unit by an item: "
                f"{name} =~ 1*{straight} + ..."
            )
    if problems:
        raise ModelError(f"model {layout.model.name or ''}".strip(), problems)
