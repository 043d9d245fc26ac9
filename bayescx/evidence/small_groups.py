"""Levels and sides of a knot with so few respondents that moments would show their answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from bayescx.coding import Category, Coded
from bayescx.evidence.findings import Finding
from bayescx.evidence.matching import Matched

__all__ = ["small_groups"]


def small_groups(matched: Matched, organization: str, minimum: int, coded: Mapping[str, Coded]) -> list[Finding]:
    """Say which coded columns of an organization speak of fewer than `minimum` respondents, but of some.

    How many a column speaks of follows from its moments: (sum of h)^2 / (sum of h^2), the number of those with a level,
    and at most the number of those beyond a knot, less where few of them are far beyond it.
    """
    j = matched.organizations.index(organization)
    n = int(matched.n_obs[j])
    counts: dict[str, float] = {}
    rest: dict[str, float] = defaultdict(lambda: float(n))
    for k, name in enumerate(matched.variables):
        mean, variance = float(matched.mean[j, k]), float(matched.cov[j, k, k])
        if name not in coded or mean != mean or variance != variance:
            continue
        square = mean**2 + variance * (n - 1) / n
        counts[name] = n * mean**2 / square if square else 0.0
        how = coded[name]
        if isinstance(how, Category):
            rest[f"{how.column}[{how.reference}]"] -= counts[name]
    advice = "; join levels, move the knot or leave the term out of the model: their answers could be worked out"
    return [
        Finding(f"fewer than {minimum} respondents behind '{name}'", organization, f"n = {round(count)}", advice)
        for name, count in (counts | rest).items()
        if 0.5 < count < minimum - 1e-6
    ]
