"""Which slopes the answers bound: in each organization alone, and where a term has a slope in every one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from bayescx.choices.patterns import varies_within
from bayescx.choices.separation import Directions, separated_terms

__all__ = ["FREE", "free_directions", "unbounded_terms"]

Floats = NDArray[np.float64]
FREE = 2
"""A slope that an organization's answers bound on neither side: it says nothing of it."""


def free_directions(
    x: Floats, codes: NDArray[np.intp], answers: NDArray[np.int64], n_org: int, pooled: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Where the answers of an organization alone leave its own slopes unbounded, (J, K).

    0 where they bound it from both sides, 1 where nothing keeps it from rising, -1 from falling, `FREE` from either.
    Common slopes are taken to be known, and have `FREE`.
    """
    out = np.full((n_org, len(pooled)), FREE, dtype=np.intp)
    moving = varies_within(x, codes, n_org) & pooled
    for j in range(n_org):
        here, asked = codes == j, np.flatnonzero(moving[j])
        none = np.zeros(int(here.sum()), dtype=np.intp)
        found = separated_terms(x[here][:, asked], none, answers[here], 1, np.arange(len(asked)))
        out[j, asked] = [_free(found.get(place)) for place in range(len(asked))]
    return out


def unbounded_terms(
    x: Floats, codes: NDArray[np.intp], answers: NDArray[np.int64], n_org: int, pooled: NDArray[np.bool_]
) -> list[int]:
    """Return the places of terms with a slope (of pooled ones: a slope of the population) that nothing bounds.

    Organizations have pooled slopes of their own, and what one cannot tell of such a slope is taken from the others: it
    has theirs. So a study of many small organizations is not taken for separated in each, and one where slopes
    differ between organizations is not taken for one with a slope that contradicts itself.

    Parameters
    ----------
    x : array (P, K)
        Covariates, of about unit scale.
    codes : array (P,)
    answers : array (P, C)
    n_org : int
    pooled : array of bool (K,)
    """
    alone = free_directions(x, codes, answers, n_org, pooled)
    own = alone != FREE
    fixed = np.flatnonzero(~pooled)
    found = list(separated_terms(_designed(x, codes, own), codes, answers, n_org, fixed))
    for k in np.flatnonzero(pooled & (alone != 0).all(axis=0)).tolist():
        common = own.copy()
        common[:, k] = False
        found += separated_terms(_designed(x, codes, common), codes, answers, n_org, np.array([k]))
    return sorted(found)


def _designed(x: Floats, codes: NDArray[np.intp], own: NDArray[np.bool_]) -> csr_array:
    """Columns of the slopes that organizations share, (P, K), and beside them those of ``own`` slopes (J, K)."""
    pattern, term = np.nonzero(own[codes] & (x != 0))
    number = np.cumsum(own).reshape(own.shape) - 1
    places = pattern, number[codes[pattern], term]
    apart = csr_array((x[pattern, term], places), shape=(len(x), int(own.sum())))
    return csr_array(hstack([csr_array(np.where(own[codes], 0.0, x)), apart]).tocsr())


def _free(directions: Directions | None) -> int:
    if directions is None:
        return 0
    return FREE if len(directions) == 2 else directions[0]
