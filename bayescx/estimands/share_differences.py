"""What explains one outcome and what another: relative parts of R-squared of two outcomes, and their differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, OUTCOME
from bayescx.errors import FitError
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.grouping import Groups, group_members
from bayescx.estimands.population import Target, labelled
from bayescx.estimands.shares import GROUP, ShareMethod, explained_shares
from bayescx.fitted import Fit

__all__ = ["groups_of_terms", "share_differences", "shared_groups"]

Floats = NDArray[np.float64]

PREDICTORS = "predictors"
_UNITS = "share of R-squared"
_ROUNDING = 1e-12  # parts closer than this are equal: both are 0 where a predictor does not vary


def share_differences(
    fit: Fit,
    outcomes: Sequence[str],
    groups: Groups | None = None,
    target: Target = "organization",
    method: ShareMethod = "lmg",
) -> xr.Dataset:
    """Compare how large a part each group of predictors has in what is explained of two outcomes.

    Parameters
    ----------
    fit : Fit
    outcomes : sequence of str
        Two outcomes. A group that leads to one of them only has no part in the other: 0.
    groups : mapping of str to iterable of str, optional
        Name of each group and its predictors, or the columns that they are coded from, which stand for all terms of
        theirs. What is in none stands by itself, column by column (``groups_of_terms``). By default those that the
        model text names, ``#: [service] = effort, issue``. LMG takes ten groups at most.
    target : {"organization", "typical", "average", "new", "alone"}
        Of the average of the N planned, each part is the ratio of the averages, as in ``explained_shares``.
    method : {"lmg", "pratt"}
        See ``explained_shares``.

    Returns
    -------
    xarray.Dataset
        ``share`` (chain, draw[, organization], outcome, group), parts of R-squared that add up to 1 for each outcome;
        ``difference`` (chain, draw[, organization], group), the first outcome's less the second's, draw by draw; and
        ``larger_in_first`` ([organization,] group), the probability that it is above 0. Coordinate ``predictors``
        (outcome, group): the terms of each group, joined by " + ".

    Raises
    ------
    FitError
        If these are not two different outcomes, a group names what is a predictor of neither, and as
        ``explained_shares``.

    Examples
    --------
    >>> found = share_differences(fit, ["loyalty", "trust"], target="average")
    >>> found["share"].dims, found["group"].values.tolist()
    (('chain', 'draw', 'outcome', 'group'), ['trust', 'satisfaction'])
    >>> found["share"].mean(("chain", "draw")).sel(outcome="trust").round(6).values.tolist()
    [0.0, 1.0]
    """
    first, second = both = _two(outcomes)
    members = shared_groups(fit, both, groups)
    names = list(dict.fromkeys(name for one in members.values() for name in one))
    parts = [_shares(fit, outcome, method, members[outcome], names, target) for outcome in both]
    terms = [[" + ".join(members[outcome].get(name, [])) for name in names] for outcome in both]
    share = labelled(
        fit, target, np.stack(parts, axis=-2), (OUTCOME, GROUP),
        {OUTCOME: list(both), GROUP: names, PREDICTORS: ((OUTCOME, GROUP), terms)},
        name="share", long_name=f"part of what is explained of {first} and of {second}", units=_UNITS,
    )  # fmt: skip
    difference = labelled(
        fit, target, parts[0] - parts[1], (GROUP,), {GROUP: names},
        name="difference", long_name=f"part of what is explained of {first} less that of {second}", units=_UNITS,
    )  # fmt: skip
    larger = (difference > _ROUNDING).where(difference.notnull()).mean((CHAIN, DRAW))
    words = f"probability that the part is larger of {first} than of {second}"
    found = {
        "share": share,
        "difference": difference,
        "larger_in_first": larger.assign_attrs(long_name=words, units="probability"),
    }
    return xr.Dataset(found, attrs={"estimand": "share_differences", "target": target, "method": method})


def groups_of_terms(fit: Fit, outcome: str) -> dict[str, list[str]]:
    """An outcome's predictors by the column that they come from.

    The parts of a variable on the two sides of a knot, and the dummies of one category, belong together; any other
    predictor is a group by itself.

    Raises
    ------
    FitError
        If the outcome is unknown or has no predictors.

    Examples
    --------
    >>> groups_of_terms(fit, "loyalty")
    {'trust': ['trust'], 'satisfaction': ['satisfaction']}
    """
    coded = fit.model.coded
    found: dict[str, list[str]] = {}
    for name in predictors_of(fit, outcome):
        found.setdefault(coded[name].column if name in coded else name, []).append(name)
    return found


def shared_groups(fit: Fit, outcomes: Iterable[str], groups: Groups | None = None) -> dict[str, dict[str, list[str]]]:
    """The terms of each group, for each outcome; groups that do not lead to an outcome are left out of it.

    Raises
    ------
    FitError
        If an outcome is unknown or has no predictors, or the groups are none of these predictors.

    Examples
    --------
    >>> shared_groups(fit, ["loyalty", "trust"], {"all": ["trust", "satisfaction"]})
    {'loyalty': {'all': ['trust', 'satisfaction']}, 'trust': {'all': ['satisfaction']}}
    """
    columns = {outcome: groups_of_terms(fit, outcome) for outcome in outcomes}
    if groups is None:
        there = {column for own in columns.values() for column in own}
        named = {name: [one for one in own if one in there] for name, own in fit.model.groups.items()}
        groups = {name: own for name, own in named.items() if own}
    every: dict[str, dict[str, None]] = {}
    for found in columns.values():
        for column, terms in found.items():
            every.setdefault(column, {}).update(dict.fromkeys(terms))
    predictors = [term for terms in every.values() for term in terms]
    if isinstance(groups, Mapping):
        groups = {group: _terms(every, names) for group, names in groups.items()}
    members = _by_column(group_members(" or ".join(columns), predictors, groups), every, groups or {})
    shared: dict[str, dict[str, list[str]]] = {}
    for outcome, own in columns.items():
        there = {term for terms in own.values() for term in terms}
        kept = {group: [term for term in terms if term in there] for group, terms in members.items()}
        shared[outcome] = {group: terms for group, terms in kept.items() if terms}
    return shared


def _two(outcomes: object) -> tuple[str, str]:
    both = list(outcomes) if isinstance(outcomes, Iterable) and not isinstance(outcomes, str) else [outcomes]
    if len(both) != 2 or both[0] == both[1]:
        raise FitError(
            f"two different outcomes are compared, such as outcomes=('disloyalty', 'loyalty'); found {outcomes!r}"
        )
    return cast("tuple[str, str]", tuple(both))


def _terms(columns: Mapping[str, Iterable[str]], names: Any) -> Any:
    """Names with columns replaced by their terms; what is no list of names is left for others to refuse."""
    if not isinstance(names, Iterable):
        return names
    listed = [names] if isinstance(names, str) else [str(name) for name in names]
    return [term for name in listed for term in columns.get(name, [name])]


def _by_column(
    members: Mapping[str, list[str]], columns: Mapping[str, Iterable[str]], given: Groups
) -> dict[str, list[str]]:
    """Groups as they were named, then what is in none of them by the column that it comes from."""
    home = {term: column for column, terms in columns.items() for term in terms}
    found = {group: members[group] for group in given}
    for name in members:
        if name not in given:
            if home[name] in given:
                raise FitError(f"group {home[name]!r} has the name of a column outside it; give the group another name")
            found.setdefault(home[name], []).append(name)
    return found


def _shares(fit: Fit, outcome: str, method: ShareMethod, members: Groups, names: list[str], target: Target) -> Floats:
    """Relative parts of one outcome (chain, draw[, organization], group), 0 for groups that do not lead to it."""
    found = explained_shares(fit, outcome, method, members, target, relative=True)
    parts = found.reindex({GROUP: names}, fill_value=0.0)
    return parts.where(found.isel({GROUP: 0}, drop=True).notnull()).transpose(..., GROUP).values
