"""Slopes that no answer bounds: a direction in which the likelihood never falls, by linear programming.

The ordered probit's log likelihood is concave. It has no maximum if thresholds and slopes can move for ever without
making any answer less likely: every answer's upper threshold stays above its predictor and the lower one below it. The
directions that do so are a cone; whether a term moves in it is a linear program, to which the answers that
contradict its solution are added until none does (or nothing moves).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

__all__ = ["Directions", "separated_terms"]

Floats = NDArray[np.float64]
Directions = tuple[int, ...]
"""In which a slope can move for ever: 1 up, -1 down, or both."""

_FIRST, _MORE = 1000, 500
_NOTHING = 1e-7


def separated_terms(
    x: Floats | csr_array, codes: NDArray[np.intp], answers: NDArray[np.int64], n_org: int, asked: NDArray[np.intp]
) -> dict[int, Directions]:
    """Return those of the terms ``asked`` (places among K) whose common slope the answers do not bound, and where to.

    Parameters
    ----------
    x : array (P, K), or a sparse one
        Covariates, of about unit scale.
    codes : array (P,)
        Organizations; each has thresholds of its own, slopes are the same for all.
    answers : array (P, C)
    n_org : int
    asked : array of int
    """
    if not len(asked):
        return {}
    rows = _constraints(x, codes, answers, n_org)
    rng = np.random.default_rng(0)
    active = rng.permutation(rows.shape[0])[:_FIRST]
    weights = np.zeros(x.shape[1])
    weights[asked] = rng.uniform(0.5, 1.0, len(asked))  # a sum with such weights is 0 for no direction but by chance
    for sign in (1, -1):
        moves, active = _moves(rows, active, sign * weights)
        if moves:
            break
    else:
        return {}
    found: dict[int, Directions] = {}
    for k in asked.tolist():
        for sign in (1, -1):
            moves, active = _moves(rows, active, sign * np.eye(x.shape[1])[k])
            if moves:
                found[k] = (*found.get(k, ()), sign)
    return found


def _constraints(x: Floats | csr_array, codes: NDArray[np.intp], answers: NDArray[np.int64], n_org: int) -> csr_array:
    """Rows r with r @ (slopes, thresholds) >= 0, (R, K + J (C - 1))."""
    n_cut = answers.shape[1] - 1
    parts = []
    for c in range(n_cut + 1):
        given = np.flatnonzero(answers[:, c] > 0)
        for cut, sign in ((c, 1.0), (c - 1, -1.0)):
            if 0 <= cut < n_cut:
                place = codes[given] * n_cut + cut
                here = np.arange(len(given))
                cuts = csr_array((np.full(len(given), sign), (here, place)), shape=(len(given), n_org * n_cut))
                parts.append(hstack([csr_array(-sign * x[given]), cuts]))
    between = np.arange(n_org * n_cut).reshape(n_org, n_cut)
    low, high = between[:, :-1].ravel(), between[:, 1:].ravel()
    here = np.arange(len(low))
    order = csr_array(
        (np.repeat([1.0, -1.0], len(low)), (np.tile(here, 2), np.concatenate([high, low]))),
        shape=(len(low), n_org * n_cut),
    )
    parts.append(hstack([csr_array((len(low), x.shape[1])), order]))
    return csr_array(vstack(parts).tocsr())


def _moves(rows: csr_array, active: NDArray[np.intp], weights: Floats) -> tuple[bool, NDArray[np.intp]]:
    """Whether a weighted sum of slopes can rise for ever; and the rows that were needed to tell."""
    n_slope, n_free = len(weights), rows.shape[1]
    bounds = [(-1.0, 1.0)] * n_slope + [(None, None)] * (n_free - n_slope)
    cost = np.concatenate([-weights, np.zeros(n_free - n_slope)])
    while True:
        solution = _solved(cost, rows[active], bounds)
        if solution is None or cost @ solution > -_NOTHING:
            return False, active
        slack = rows @ solution
        worst = np.argsort(slack)[:_MORE]
        new = np.setdiff1d(worst[slack[worst] < -_NOTHING], active)
        if not len(new):
            return True, active
        active = np.concatenate([active, new])


def _solved(cost: Floats, rows: csr_array, bounds: Sequence[tuple[float | None, float | None]]) -> Floats | None:
    """The cheapest direction; None, and a warning, where no algorithm finds it."""
    for method in ("highs", "highs-ds", "highs-ipm"):
        found = linprog(cost, A_ub=-rows, b_ub=np.zeros(rows.shape[0]), bounds=bounds, method=method)
        if found.status == 0:
            return np.asarray(found.x)
    warnings.warn(
        f"separation could not be ruled out, for its linear program was not solved: {found.message}; look at slopes "
        "that are much larger than others",
        UserWarning,
        stacklevel=2,
    )
    return None
