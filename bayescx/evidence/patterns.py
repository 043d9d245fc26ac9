"""Patterns of missing answers: respondents who answered the same variables, and their moments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bayescx.evidence.arithmetic import Floats, two_pass_scatter

__all__ = ["Pattern", "available_variance", "patterns_of", "pooled", "restricted"]


@dataclass(frozen=True, eq=False)
class Pattern:
    """Respondents of one organization who answered the same variables, and no others.

    Parameters
    ----------
    variables : tuple of int, length q
        What they answered: positions among the variables of the model, ascending.
    n_obs : int
        Number of these respondents.
    mean : array of float, shape (q,)
        Their means; zeros where means were not shared.
    scatter : array of float, shape (q, q)
        Sums of squares and products about their own mean; zeros for a single respondent.
    """

    variables: tuple[int, ...]
    n_obs: int
    mean: Floats
    scatter: Floats

    def __post_init__(self) -> None:
        for array in (self.mean, self.scatter):
            array.flags.writeable = False


def patterns_of(values: Floats) -> tuple[Pattern, ...]:
    """Group rows (n, p; nan where an answer is missing) by what was answered; rows without answers are left out.

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, np.nan], [np.nan, np.nan]])
    >>> [(one.variables, one.n_obs, one.mean.tolist()) for one in patterns_of(rows)]
    [((0, 1), 1, [1.0, 2.0]), ((0,), 2, [4.0])]
    """
    kinds, kind_of = np.unique(~np.isnan(values), axis=0, return_inverse=True)
    order = np.argsort(kind_of, kind="stable")
    bounds = np.searchsorted(kind_of[order], np.arange(len(kinds) + 1))
    found = []
    for number, answered in enumerate(kinds):
        rows = order[bounds[number] : bounds[number + 1]]
        if answered.any():
            mean, scatter = two_pass_scatter(values[np.ix_(rows, answered)])
            found.append(Pattern(tuple(np.flatnonzero(answered).tolist()), len(rows), mean, scatter))
    return _in_order(found)


def pooled(patterns: Iterable[Pattern]) -> tuple[Pattern, ...]:
    """Join the groups that answered the same variables; the fullest pattern first."""
    alike: dict[tuple[int, ...], list[Pattern]] = {}
    for one in patterns:
        alike.setdefault(one.variables, []).append(one)
    return _in_order([group[0] if len(group) == 1 else _joined(group) for group in alike.values()])


def restricted(patterns: Iterable[Pattern], wanted: Sequence[int]) -> tuple[Pattern, ...]:
    """Forget the answers to all other variables; positions are then those in `wanted`.

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0, 0.0], [3.0, np.nan, 4.0], [5.0, 6.0, 1.0]])
    >>> [(one.variables, one.n_obs) for one in restricted(patterns_of(rows), [2, 0])]
    [((0, 1), 3)]
    """
    place = {variable: position for position, variable in enumerate(wanted)}
    kept = []
    for one in patterns:
        cells = sorted((place[variable], k) for k, variable in enumerate(one.variables) if variable in place)
        if cells:
            keep = [k for _, k in cells]
            variables = tuple(position for position, _ in cells)
            kept.append(Pattern(variables, one.n_obs, one.mean[keep], one.scatter[np.ix_(keep, keep)]))
    return pooled(kept)


def available_variance(patterns: Iterable[Pattern], p: int) -> tuple[Floats, Floats]:
    """Variance (p,) of each variable over all who answered it, and its degrees of freedom (p,).

    Differences between the means of patterns are part of it. The variance is nan, and the degrees of freedom 0,
    where fewer than two answered.

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [3.0, np.nan], [8.0, np.nan]])
    >>> variance, df = available_variance(patterns_of(rows), 2)
    >>> variance.tolist(), df.tolist()
    ([13.0, nan], [2.0, 0.0])
    """
    variance, df = np.full(p, np.nan), np.zeros(p)
    alone: list[list[Pattern]] = [[] for _ in range(p)]
    for one in patterns:
        for k, variable in enumerate(one.variables):
            alone[variable].append(Pattern((variable,), one.n_obs, one.mean[[k]], one.scatter[np.ix_([k], [k])]))
    for variable, groups in enumerate(alone):
        if sum(one.n_obs for one in groups) > 1:
            everybody = _joined(groups)
            df[variable] = everybody.n_obs - 1
            variance[variable] = everybody.scatter[0, 0] / df[variable]
    return variance, df


def _joined(group: Sequence[Pattern]) -> Pattern:
    """Join groups exactly; measured from the first mean, so that a large common mean costs no digits."""
    counts = np.array([one.n_obs for one in group], dtype=float)
    start = group[0].mean
    shifts = np.array([one.mean - start for one in group])
    shift = counts @ shifts / counts.sum()
    apart = shifts - shift
    scatter = np.sum([one.scatter for one in group], axis=0) + (counts[:, None] * apart).T @ apart
    return Pattern(group[0].variables, int(counts.sum()), start + shift, (scatter + scatter.T) / 2)


def _in_order(patterns: Iterable[Pattern]) -> tuple[Pattern, ...]:
    """The fullest pattern first, so that the same respondents give the same tuple however they were shared."""
    return tuple(sorted(patterns, key=lambda one: (-len(one.variables), one.variables)))
