"""What one unit of each construct is, and how each factor gets its unit.

A factor's unit comes, in this order, from a loading that the model fixes to a number, from a factor variance that
it fixes (its loadings are then all free, with or without NA*), or from ``identification``: its free loadings
average 1 on the common scale ("mean": no item is special), or its first loading is 1 ("marker": lavaan's
convention, in the unit of that item).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx.coding import Coded, Hinge
from bayescx.errors import ModelError
from bayescx.evidence import Matched
from bayescx.evidence.patterns import available_variance
from bayescx.spec import Parameter, PathModel

__all__ = ["construct_scales", "pooled_sd", "scale_of"]


def pooled_sd(variance: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root of the mean of variances (J, p) weighted by ``df`` (J, p), n - 1 each; 1 where no organization has any."""
    total = df.sum(axis=0)
    known = np.where(df > 0, variance, 0.0)
    return np.sqrt(np.divide((df * known).sum(axis=0), total, out=np.ones(total.shape), where=total > 0))


def scale_of(matched: Matched, coded: Mapping[str, Coded] | None = None) -> NDArray[np.float64]:
    """Common scale of evidence, shape (p,): each variable over all who answered it.

    Organizations that shared correlations, and those known by figures, have no scale of their own to count. A variable
    of which nobody shared a variance keeps the unit 1: the common scale itself. The parts of a variable below and above
    a knot (``coded``) have one scale, that of the variable, so that equal slopes have equal priors.
    """
    p = len(matched.variables)
    variance, df = np.zeros((len(matched.organizations), p)), np.zeros((len(matched.organizations), p))
    for j, name in enumerate(matched.organizations):
        if matched.level.get(name) in ("figures", "correlations"):
            continue
        if name in matched.patterns:
            found, counted = available_variance(matched.patterns[name], p)
            variance[j], df[j] = np.nan_to_num(found), np.nan_to_num(counted)
        else:
            variance[j], df[j] = np.diagonal(matched.cov[j]), matched.n_obs[j] - 1.0
    for below, above in _halves(matched.variables, coded or {}):
        both = [below, above]
        variance[:, both] = matched.cov[:, both][:, :, both].sum(axis=(1, 2))[:, None]
    return pooled_sd(variance, df)


def _halves(variables: Sequence[str], coded: Mapping[str, Coded]) -> Iterator[tuple[int, int]]:
    """Positions of the two parts of each variable that has both at one knot."""
    for name, hinge in coded.items():
        if isinstance(hinge, Hinge) and hinge.side == "below":
            other = Hinge(hinge.column, "above", hinge.at).name
            if name in variables and other in variables:
                yield variables.index(name), variables.index(other)


def construct_scales(
    model: PathModel, observed: Mapping[str, float], identification: str
) -> tuple[dict[str, float], dict[str, float], list[str]]:
    """Loadings fixed by convention (name -> raw value), units of constructs, and factors scaled by their average.

    Raises
    ------
    ModelError
        If a factor has no unit: ``identification="marker"`` with ``NA*`` on the first loading and nothing else fixed,
        or with a first item that is declared reversed.
    """
    rows: dict[str, list[Parameter]] = {}
    for row in model.loadings:
        rows.setdefault(row.lhs, []).append(row)
    fixed_variance = {row.lhs for row in model.variances if row.fixed}  # a variance of zero gives no unit
    marked: dict[str, float] = {}
    averaged: list[str] = []
    anchor: dict[str, tuple[str, float]] = {}
    problems = []
    for factor, loadings in rows.items():
        numbers = [row for row in loadings if row.fixed]
        free = [row for row in loadings if row.fixed is None]
        if numbers:
            anchor[factor] = (numbers[0].rhs, abs(numbers[0].fixed or 1.0))
        elif factor in fixed_variance:
            continue
        elif identification == "marker" and free[0].freed:
            problems.append(
                f"line {free[0].line}: factor '{factor}' has no unit: NA* frees its first loading; fix another loading "
                f"(1*item) or the factor's variance ({factor} ~~ 1*{factor})"
            )
        elif (identification == "marker" or len(free) == 1) and free[0].reversed:
            problems.append(
                f"line {free[0].line}: loading {free[0].name} is 1 by convention, but upper(0) declares {free[0].rhs} "
                f"reversed; {_unmarked(free)}"
            )
        elif identification == "marker" or len(free) == 1:
            label = free[0].label
            if label is not None and len(model.labels[label]) > 1:
                problems.append(
                    f"line {free[0].line}: loading {free[0].name} is 1 by convention, but its label '{label}' makes "
                    f"others equal to it; fix them all ({label}*1*{free[0].rhs}), or free this one (NA*{free[0].rhs}) "
                    f"and fix the factor's variance ({factor} ~~ 1*{factor})"
                )
            marked[free[0].name] = 1.0
            anchor[factor] = (free[0].rhs, 1.0)
        else:
            averaged.append(factor)
    if problems:
        raise ModelError("identification", problems)
    averaged_items = {factor: [row.rhs for row in rows[factor] if row.fixed is None] for factor in averaged}
    return marked, _units(rows, anchor, averaged_items, observed, model.constructs), averaged


def _unmarked(free: Sequence[Parameter]) -> str:
    """What works for a factor whose first item is reversed."""
    straight = next((row.rhs for row in free if not row.reversed), None)
    if straight is not None:
        return f"write {straight} first, or let loadings average 1 (identification='mean')"
    return "recode it (lowest + highest answer - answer), and leave upper(0) out"


def _units(
    factors: Iterable[str],
    anchor: Mapping[str, tuple[str, float]],
    averaged: Mapping[str, Sequence[str]],
    observed: Mapping[str, float],
    constructs: Iterable[str],
) -> dict[str, float]:
    """Data units per unit of each construct.

    An anchored factor has the unit of its item, one scaled by its average loading the mean unit of its items, so that
    its raw effects are per point of the answer scale that its items share. An item may be a factor itself.
    """
    scale = {name: observed[name] for name in constructs if name in observed}
    scale |= {factor: 1.0 for factor in factors if factor not in anchor and factor not in averaged}

    def unit(name: str) -> float:
        if name in observed:
            return observed[name]
        if name not in scale:
            item, value = anchor.get(name, ("", 1.0))
            scale[name] = unit(item) / value if item else float(np.mean([unit(part) for part in averaged[name]]))
        return scale[name]

    for factor in factors:
        unit(factor)
    return scale
