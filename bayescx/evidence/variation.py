"""Variables that vary within no organization, and coded columns that are collinear in all of them together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bayescx.coding import Category, Coded, Hinge, number_text
from bayescx.evidence.arithmetic import Floats, dependent_variables
from bayescx.evidence.findings import Finding, listing
from bayescx.evidence.matching import Examined, estimated

__all__ = ["without_variation"]

RangeOf = Callable[[str], tuple[float, float] | None]
LEAST_SHARE = 1e-12
"""Of the variance of a sum of dummies, what counts as none."""


def without_variation(
    examined: Sequence[Examined], variables: Sequence[str], coded: Mapping[str, Coded], range_of: RangeOf
) -> list[Examined]:
    """Add what only all organizations together tell to the findings of each.

    Parameters
    ----------
    examined : sequence of Examined
    variables : sequence of str
    coded : mapping of str to Hinge or Category
    range_of : callable
        Smallest and largest answer in a column of the rows, None where there is none.
    """
    examined = _with_advice(examined, variables, coded)
    present = [one for one in examined if not one.is_kept_out and one.level not in ("unusable", "figures")]
    if not coded or not present or any(one.findings for one in present):
        return examined
    moments = {one.organization: estimated(one, len(variables)) for one in present}
    said = (
        _still(moments, variables, coded, range_of)
        or _unbent(present, coded, range_of)
        or _collinear(present, moments, variables, coded)
    )
    return [
        replace(one, findings=tuple(Finding(what, one.organization, advice=advice) for what, advice in found))
        if (found := said.get(one.organization, ()))
        else one
        for one in examined
    ]


def _with_advice(examined: Sequence[Examined], variables: Sequence[str], coded: Mapping[str, Coded]) -> list[Examined]:
    """Say of a column that is constant in every organization, but not the same, what it is; in some, what works."""
    reason = "; it tells organizations apart, and what is the same for all respondents of an organization has no path"
    present = [one for one in examined if not one.is_kept_out and one.level not in ("unusable", "figures")]
    whats = {}
    for name in variables:
        what = f"column '{name}' is constant"
        having = [[f for f in one.findings if f.what == what] for one in present if name not in one.lacks]
        values = {found[0].detail for found in having if found}
        if len(values) > 1 and all(having):
            whats[what] = f"{reason} within it; as an attribute other paths may depend on it: pool(x, {_written(name)})"
        elif coded and any(having) and not all(having):
            works = f"category({_written(name)}, …) of its values as levels may be constant somewhere"
            whats[what] = f"; leave it or these organizations out, or write it as a cause with few values: {works}"
    if not whats:
        return list(examined)
    return [
        replace(one, findings=tuple(replace(f, advice=whats[f.what]) if f.what in whats else f for f in one.findings))
        for one in examined
    ]


def _still(
    moments: Mapping[str, tuple[Floats, Floats]],
    variables: Sequence[str],
    coded: Mapping[str, Coded],
    range_of: RangeOf,
) -> dict[str, list[tuple[str, str]]]:
    """Coded columns without variation in every organization that has them."""
    said: dict[str, list[tuple[str, str]]] = defaultdict(list)
    nobody: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for k, name in enumerate(variables):
        having = {one: mean[k] for one, (mean, cov) in moments.items() if not np.isnan(cov[k, k])}
        if name not in coded or not having or any(moments[one][1][k, k] > 0 for one in having):
            continue
        how, values = coded[name], np.array(list(having.values()))
        if isinstance(how, Category) and not values.any():
            nobody[how.column, tuple(having)].append(how.level)
            continue
        for one in having:
            said[one].append(_why(how, values, range_of))
    for (column, having_names), levels in nobody.items():
        shown = listing([f"'{level}'" for level in levels])
        what = f"nobody has the level{'s' if len(levels) > 1 else ''} {shown} of '{column}'"
        for one in having_names:
            said[one].append((what, "; leave out of the model what nobody has"))
    return said


def _why(coded: Coded, values: Floats, range_of: RangeOf) -> tuple[str, str]:
    """Say why a column varies nowhere, given its value in each organization, and what to do."""
    if np.isnan(values).any():
        return f"nothing varies in '{coded.name}'", "; leave it out of the model"
    if values.any() or isinstance(coded, Category):
        what = f"'{coded.name}' varies within no organization"
        reason = "; what is the same for all respondents of an organization has no path within it"
        if not isinstance(coded, Category):
            return what, reason
        return (
            what,
            f"{reason}; as an attribute other paths may depend on it: pool(x, category({_written(coded.column)}, …))",
        )
    what = f"nobody is {coded.side} the knot of '{coded.name}'"
    if (found := range_of(coded.column)) is None:
        return what, "; choose a knot inside the data"
    return what, f"; knot {number_text(coded.at)} lies {_where(coded.at, found)}"


def _where(knot: float, found: tuple[float, float]) -> str:
    """The place of a knot that nobody is on both sides of."""
    end = "at the end of" if knot in found else "outside"
    return f"{end} the data ({' to '.join(map(number_text, found))})"


def _unbent(
    present: Sequence[Examined], coded: Mapping[str, Coded], range_of: RangeOf
) -> dict[str, list[tuple[str, str]]]:
    """Hinges that are the whole variable: nobody is beyond the knot, in rows that all have the variable."""
    said = []
    for how in coded.values():
        if not isinstance(how, Hinge) or how.other.name in coded:
            continue
        if not all(one.level == "rows" and {how.column} <= one.columns - {how.name} for one in present):
            continue
        found = range_of(how.column)
        if found is not None and not how.other.values(np.array(found)).any():
            what = f"nobody is {how.other.side} the knot of '{how.name}', which so is the whole variable"
            where = f"; knot {number_text(how.at)} lies {_where(how.at, found)}"
            said.append((what, f"{where}: choose a knot inside them, or write {_written(how.column)} itself"))
    return {one.organization: said for one in present} if said else {}


def _collinear(
    present: Sequence[Examined],
    moments: Mapping[str, tuple[Floats, Floats]],
    variables: Sequence[str],
    coded: Mapping[str, Coded],
) -> dict[str, list[tuple[str, str]]]:
    """Coded columns that are combinations of others in all organizations together."""
    whole = [one for one in present if not np.isnan(moments[one.organization][1]).any()]
    if not whole:
        return {}
    pooled = np.sum([(one.n_obs - 1) * moments[one.organization][1] for one in whole], axis=0)
    said = _without_reference(pooled, variables, coded)
    if not said:
        kept = [k for k in _free_of_repetition(variables, coded) if pooled[k, k] > 0]
        dependent = dependent_variables(pooled[np.ix_(kept, kept)], [variables[k] for k in kept])
        what = f"coded columns are collinear: some combination of {listing(dependent, 6)} has no variance"
        said = [(what, "; leave one of them out of the model")] if dependent else []
    return {one.organization: said for one in whole} if said else {}


def _without_reference(pooled: Floats, variables: Sequence[str], coded: Mapping[str, Coded]) -> list[tuple[str, str]]:
    """Categories whose dummies add up to the same everywhere."""
    dummies: dict[str, list[int]] = defaultdict(list)
    for k, name in enumerate(variables):
        if isinstance(coded.get(name), Category):
            dummies[coded[name].column].append(k)
    said = []
    for column, places in dummies.items():
        block = pooled[np.ix_(places, places)]
        (first, *_) = (coded[variables[k]] for k in places)
        if isinstance(first, Category) and block.sum() <= LEAST_SHARE * np.trace(block) and block.any():
            what = f"nobody has the level '{first.reference}' of '{column}', the reference"
            said.append((what, "; leave it out of the model's levels: the first of the others takes its place"))
    return said


def _free_of_repetition(variables: Sequence[str], coded: Mapping[str, Coded]) -> list[int]:
    """Positions without one side of each further knot of a column: the two sides of each knot add up to the same."""
    sides: dict[tuple[str, float], set[str]] = defaultdict(set)
    whole: set[str] = set()
    kept = []
    for k, name in enumerate(variables):
        how = coded.get(name)
        if isinstance(how, Hinge):
            sides[how.column, how.at].add(how.side)
            if len(sides[how.column, how.at]) == 2:
                if how.column in whole:
                    continue
                whole.add(how.column)
        kept.append(k)
    return kept


def _written(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"
