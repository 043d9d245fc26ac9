"""Named groups of an outcome's predictors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bayescx.errors import FitError, did_you_mean

__all__ = ["Groups", "group_members"]

Groups = Mapping[str, Iterable[str]]


def group_members(outcome: str, predictors: Sequence[str], groups: Groups | None) -> dict[str, list[str]]:
    """The predictors of each group; those that are in none come last, each by itself.

    Raises
    ------
    FitError
        If this is no mapping of names to predictors, a group is empty or bears the name of a predictor outside it, or
        a predictor is unknown or in two groups.

    Examples
    --------
    >>> group_members("loyalty", ["trust", "price", "service"], {"offer": ["price", "service"]})
    {'offer': ['price', 'service'], 'trust': ['trust']}
    """
    if groups is not None and not isinstance(groups, Mapping):
        raise FitError(f"groups is a mapping such as {{'name': ['first', 'second']}}, found {type(groups).__name__}")
    members: dict[str, list[str]] = {}
    whose: dict[str, str] = {}
    for group, given in (groups or {}).items():
        members[group] = _names(outcome, predictors, group, given)
        for name in members[group]:
            if name in whose:
                where = f"twice in group {group!r}" if whose[name] == group else f"in {whose[name]!r} and {group!r}"
                raise FitError(f"predictor {name!r} stands {where}; keep one of them, so that the parts add up")
            whose[name] = group
    for name in predictors:
        if name not in whose:
            if name in members:
                raise FitError(f"group {name!r} has the name of a predictor outside it; give the group another name")
            members[name] = [name]
    return members


def _names(outcome: str, predictors: Sequence[str], group: object, given: object) -> list[str]:
    """The predictors that a group lists; a single one may stand without a list."""
    if not isinstance(group, str) or not isinstance(given, Iterable):
        raise FitError(f"a group is named by text and lists predictors, found {group!r}: {given!r}")
    names = [given] if isinstance(given, str) else [str(name) for name in given]
    there = ", ".join(predictors)
    if not names:
        raise FitError(f"group {group!r} is empty; predictors of {outcome!r}: {there}")
    for name in names:
        if name not in predictors:
            hint = did_you_mean(name, predictors) or "."
            raise FitError(
                f"group {group!r} names {name!r}, which is no predictor of {outcome!r}{hint} Its predictors: {there}"
            )
    return names
