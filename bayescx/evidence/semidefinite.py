"""Covariances in which coded columns may not vary, or be combinations of each other; other variables may not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from bayescx.evidence.arithmetic import Floats, dependent_variables

__all__ = ["dependent_beside", "emptied", "independent", "outside_of_rank"]

LEAST_SHARE = 1e-8
"""Of a variance, what must be left of it given other coded columns for a column to be no combination of them."""


def independent(cov: Floats, among: Sequence[int]) -> list[int]:
    """Return those of some positions whose variables vary and are no combination of earlier ones.

    Examples
    --------
    >>> independent(np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), [0, 1, 2])
    [0]
    """
    varying = [k for k in among if cov[k, k] > 0]
    scale = np.sqrt(cov[varying, varying])
    left = cov[np.ix_(varying, varying)] / np.outer(scale, scale)
    chosen = []
    for place, k in enumerate(varying):
        share = left[place, place]
        if share > LEAST_SHARE:
            chosen.append(k)
            left -= np.outer(left[:, place], left[place]) / share
    return chosen


def dependent_beside(cov: Floats, names: Sequence[str], coded: Collection[str]) -> tuple[str, ...]:
    """Return the variables of a combination without variance, unless it is one of coded columns alone.

    Parameters
    ----------
    cov : array (p, p)
        Variables without variance are passed over.
    names : sequence of str, length p
    coded : collection of str
        The columns that may depend on each other.
    """
    loose = [k for k, name in enumerate(names) if name in coded]
    firm = [k for k, name in enumerate(names) if name not in coded and cov[k, k] > 0]
    kept = sorted([*firm, *independent(cov, loose)])
    if not firm:
        return ()
    return dependent_variables(cov[np.ix_(kept, kept)], [names[k] for k in kept])


def outside_of_rank(cov: Floats, names: Sequence[str], coded: Collection[str]) -> int:
    """Number of coded columns that say nothing new: without variance, or combinations of others; nan is passed over."""
    loose = [k for k, name in enumerate(names) if name in coded and not np.isnan(cov[k, k])]
    return len(loose) - len(independent(cov, loose))


def emptied(cov: Floats, positions: Sequence[int]) -> None:
    """Set covariances of variables that do not vary to exactly 0, in place."""
    cov[positions, :] = 0.0
    cov[:, positions] = 0.0
