"""Factors that no data can identify, found by counting before anything is sampled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from bayescx.spec.parameters import Parameter
from bayescx.spec.roles import Roles
from bayescx.spec.source import Problem


def identification_problems(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    """Yield the factors that are obviously not identified.

    A factor of three items identifies itself, one of two needs a second construct that it is related to, and
    one of a single item stands for that item, whose residual variance is then 0.
    """
    variances = {row.lhs: row for row in parameters if row.op == "~~" and row.lhs == row.rhs}
    loadings: dict[str, list[Parameter]] = defaultdict(list)
    owners: dict[str, set[str]] = defaultdict(set)
    for row in parameters:
        if row.op == "=~":
            loadings[row.lhs].append(row)
            owners[row.rhs].add(row.lhs)
    related = _related(parameters, roles)
    for factor, rows in loadings.items():
        alone = len(set.union(*(owners[row.rhs] for row in rows))) == 1
        first = rows[0]
        if all(row.fixed == 0 for row in rows):
            hint = "free one, or drop the factor"
            yield Problem(first.line, first.column, f"found every loading of '{factor}' fixed to 0; {hint}")
        elif len(rows) == 1 and alone and _item_and_factor_free(first, variances):
            item = first.rhs
            hint = f"drop {item} ~~ {item} (it is then 0), or fix it to a known error variance"
            shown = f"the factor '{factor}' with the single item '{item}' of free residual variance"
            yield Problem(first.line, first.column, f"found {shown}; {hint}")
        elif len(rows) == 2 and alone and factor not in related and _unknowns(factor, rows, variances) > 3:
            equal = f"{factor} =~ a*{first.rhs} + a*{rows[1].rhs}"
            hint = f"add a third, give both one label ({equal}), or add a path"
            shown = f"the factor '{factor}' with two items and no other construct, which is not identified"
            yield Problem(first.line, first.column, f"found {shown}; {hint}")


def _related(parameters: Sequence[Parameter], roles: Roles) -> set[str]:
    """Return the constructs that an arrow or a free covariance ties to another construct."""
    related: set[str] = set()
    for row in parameters:
        # A second-order loading relates the factor it leads to; seen from the other end that is an item.
        related.update((row.lhs, row.rhs) if row.op == "~" else (row.rhs,) if row.op == "=~" else ())
    endogenous = {effect for _, effect in roles.arrows}
    exogenous = [name for name in roles.structural if name not in endogenous]
    zero: set[frozenset[str]] = set()
    for row in parameters:
        if row.op == "~~" and row.lhs != row.rhs:
            if row.fixed == 0:
                zero.add(frozenset((row.lhs, row.rhs)))
            else:
                related.update((row.lhs, row.rhs))
    # Exogenous constructs covary unless that is written to be 0.
    if zero:
        for one, other in combinations(exogenous, 2):
            if frozenset((one, other)) not in zero:
                related.update((one, other))
    elif len(exogenous) > 1:
        related.update(exogenous)
    return related


def _item_and_factor_free(loading: Parameter, variances: dict[str, Parameter]) -> bool:
    item, factor = variances.get(loading.rhs), variances.get(loading.lhs)
    return item is not None and item.fixed is None and (factor is None or factor.fixed is None)


def _unknowns(factor: str, rows: Sequence[Parameter], variances: dict[str, Parameter]) -> int:
    """Count what two items' variances and covariance would have to tell: loadings, and three variances."""
    free = {row.label or row.name for row in rows if row.fixed is None}
    scaled = any(row.fixed for row in rows)
    count = len(free) if scaled else len(free) - 1
    names = (factor, *(row.rhs for row in rows))
    rest = [variances[name] for name in names if name in variances]
    known = sum(row.fixed is not None for row in rest)
    shared = [row.label for row in rest if row.fixed is None and row.label is not None]
    return count + 3 - known - (len(shared) - len(set(shared)))
