"""Free directions of components, where the loadings of a factor must average 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space

from bayescx.model.layout import Entry, Layout

__all__ = ["Ties", "free_directions", "ties_of"]

Floats = NDArray[np.float64]


def free_directions(layout: Layout, members: Sequence[int]) -> tuple[Floats, Floats]:
    """Offset (F,) and matrix (F, Z) so that ``offset + matrix @ z`` are the admissible values of ``members``.

    A factor whose loadings average 1 has one direction less than loadings; the directions are orthonormal, so that
    no item is special. Any other component is a direction of its own.
    """
    position = {c: i for i, c in enumerate(members)}
    offset = np.zeros(len(members))
    columns: list[Floats] = []
    tied: set[int] = set()
    for factors in _linked(layout.averages):
        group = sorted({entry.component for factor in factors for entry in factor} & set(position))
        if not group:
            continue
        constraint, total = _constraints(factors, group)
        rows = [position[c] for c in group]
        ones = np.ones(len(group))
        offset[rows] = ones + np.linalg.pinv(constraint) @ (total - constraint @ ones)
        for direction in null_space(constraint).T:
            column = np.zeros(len(members))
            column[rows] = direction
            columns.append(column)
        tied.update(group)
    for c in members:
        if c not in tied:
            column = np.zeros(len(members))
            column[position[c]] = 1.0
            columns.append(column)
    return offset, np.array(columns).T if columns else np.zeros((len(members), 0))


class Ties(NamedTuple):
    """Sums that values keep: ``matrix`` (constraints, values) times the values is ``target`` (constraints,)."""

    matrix: Floats
    target: Floats


def ties_of(layout: Layout, members: Sequence[int]) -> Ties:
    """Averages of 1 among ``members``, one constraint per factor."""
    tied = [factor for factor in layout.averages if {entry.component for entry in factor} <= set(members)]
    return Ties(*_constraints(tied, members))


def _constraints(factors: Sequence[tuple[Entry, ...]], members: Sequence[int]) -> tuple[Floats, Floats]:
    """Sum of each factor's loadings (factors, members), and how many they are."""
    position = {c: i for i, c in enumerate(members)}
    constraint = np.zeros((len(factors), len(members)))
    for row, factor in zip(constraint, factors, strict=True):
        for entry in factor:
            row[position[entry.component]] += entry.value
    return constraint, np.array([float(len(factor)) for factor in factors])


def _linked(factors: Sequence[tuple[Entry, ...]]) -> list[list[tuple[Entry, ...]]]:
    """Group factors that share a loading by label: their averages are constrained together."""
    groups: list[list[tuple[Entry, ...]]] = []
    for factor in factors:
        components = {entry.component for entry in factor}
        joined = [g for g in groups if any(e.component in components for other in g for e in other)]
        groups = [g for g in groups if g not in joined]
        groups.append([factor, *(other for g in joined for other in g)])
    return groups
