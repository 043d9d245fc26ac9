"""Levels, sides of a knot and values with so few respondents that moments would show their answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bayescx.coding import Category, Coded, number_text
from bayescx.evidence.findings import Finding
from bayescx.evidence.matching import Matched
from bayescx.evidence.patterns import Pattern

__all__ = ["small_groups"]

_WHY = "their answers could be worked out"


def small_groups(
    matched: Matched,
    organization: str,
    minimum: int,
    coded: Mapping[str, Coded],
    patterns: Sequence[Pattern] = (),
) -> list[Finding]:
    """Say which columns of an organization tell apart fewer than `minimum` respondents, but some.

    A column with two values does so whatever it is called: its mean tells how many have each value, and its covariances
    the sums of their other answers. Where moments are those of `patterns`, each pattern counts by itself.
    """
    j = matched.organizations.index(organization)
    whole = Pattern(tuple(range(len(matched.variables))), int(matched.n_obs[j]), matched.mean[j], matched.cov[j])
    found = dict(_coded_groups(matched, j, coded))
    advice = f"; join levels, move the knot or leave the term out of the model: {_WHY}"
    counted = [(f"'{name}'", count, advice) for name, count in found.items()]
    advice = f"; join values, or leave the column out: {_WHY}"
    for group in patterns or [whole]:
        counted += [(what, count, advice) for what, count in _values(matched, organization, group, coded)]
    return [
        Finding(f"fewer than {minimum} respondents behind {what}", organization, f"n = {round(count)}", how)
        for what, count, how in counted
        if 0.5 < count < minimum - 1e-6
    ]


def _coded_groups(matched: Matched, j: int, coded: Mapping[str, Coded]) -> Iterator[tuple[str, float]]:
    """How many respondents a coded column speaks of.

    It follows from its moments: (sum of h)^2 / (sum of h^2), the number of those with a level, and at most the number
    of those beyond a knot, less where few of them are far beyond it.
    """
    n = int(matched.n_obs[j])
    rest: dict[str, float] = defaultdict(lambda: float(n))
    for k, name in enumerate(matched.variables):
        mean, variance = float(matched.mean[j, k]), float(matched.cov[j, k, k])
        if name not in coded or mean != mean or variance != variance:
            continue
        square = mean**2 + variance * (n - 1) / n
        count = n * mean**2 / square if square else 0.0
        yield name, count
        how = coded[name]
        if isinstance(how, Category):
            rest[f"{how.column}[{how.reference}]"] -= count
    yield from rest.items()


def _values(
    matched: Matched, organization: str, group: Pattern, coded: Mapping[str, Coded]
) -> Iterator[tuple[str, float]]:
    """How many of a group of respondents have each value of each column with two; other levels are told already."""
    pairs = matched.two_valued.get(organization, {})
    for place, mean in zip(group.variables, np.asarray(group.mean).tolist(), strict=True):
        name = matched.variables[place]
        if name not in pairs or isinstance(coded.get(name), Category):
            continue
        low, high = pairs[name]
        above = group.n_obs * (mean - low) / (high - low)
        for value, count in ((low, group.n_obs - above), (high, above)):
            if name not in coded or value == 0:
                yield f"'{name}' = {number_text(value)}", count
