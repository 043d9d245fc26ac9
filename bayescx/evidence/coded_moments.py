"""Whether moments that were shared can be those of coded columns: dummies of 0 and 1, parts beside a knot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from bayescx.coding import Category, Coded, Hinge
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.findings import Finding

__all__ = ["coded_findings"]

ROUNDING = 0.01
"""How far moments of dummies may be from what their means make them: both may be rounded to two digits."""
ADVICE = "bayescx moments ROWS --model MODEL codes and shares them"


def coded_findings(
    organization: str, n_obs: int, mean: Floats, cov: Floats, variables: Sequence[str], coded: Mapping[str, Coded]
) -> list[Finding]:
    """Say which coded columns have moments that their coding does not allow; what has no mean is passed over.

    A dummy of mean m has variance m (1 - m) n / (n - 1). Nobody has two levels of a category, or is on both sides of a
    knot: the covariance of such a pair is minus the product of their means, times n / (n - 1).

    Parameters
    ----------
    organization : str
    n_obs : int
    mean : array (p,)
    cov : array (p, p)
        Divisor n - 1.
    variables : sequence of str, length p
    coded : mapping of str to Hinge or Category
    """
    known = [(k, coded[name]) for k, name in enumerate(variables) if name in coded and not np.isnan(mean[k])]
    found = list(_alone(known, mean, cov, n_obs)) or list(_together(known, mean, cov, n_obs))
    return [Finding(what, organization, says, advice) for what, says, advice in found]


def _alone(known: Sequence[tuple[int, Coded]], mean: Floats, cov: Floats, n_obs: int) -> Iterator[tuple[str, str, str]]:
    """What is wrong with single columns."""
    for k, how in known:
        what, m = f"'{how.name}' is not what it says", float(mean[k])
        if isinstance(how, Hinge):
            if m > 0 if how.side == "below" else m < 0:
                yield what, f"its mean is {m:g}, {'above' if m > 0 else 'below'} 0", ""
            continue
        variance = m * (1 - m) * n_obs / (n_obs - 1)
        if not -ROUNDING <= m <= 1 + ROUNDING:
            yield what, f"its mean is {m:g}", f"; a level is coded 0 and 1: {ADVICE}"
        elif abs(cov[k, k] - variance) > ROUNDING:
            says = f"its mean is {m:g} and its variance {cov[k, k]:g}"
            yield what, says, f"; coded 0 and 1 it would have the variance {variance:.4g}: {ADVICE}"


def _together(
    known: Sequence[tuple[int, Coded]], mean: Floats, cov: Floats, n_obs: int
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with pairs of columns of which one is 0 wherever the other is not."""
    for (j, one), (k, other) in combinations(known, 2):
        if not _exclude(one, other):
            continue
        expected = -float(mean[j] * mean[k]) * n_obs / (n_obs - 1)
        scale = 1.0 if isinstance(one, Category) else 2 * float(np.sqrt(cov[j, j] * cov[k, k]))
        if abs(cov[j, k] - expected) > ROUNDING * scale:
            what = f"'{one.name}' and '{other.name}' are not what they say"
            reason = "nobody has both" if isinstance(one, Category) else "nobody is on both sides"
            advice = f"; {reason}, so with their means it would be {expected:.4g}: {ADVICE}"
            yield what, f"their covariance is {cov[j, k]:g}", advice


def _exclude(one: Coded, other: Coded) -> bool:
    if one.column != other.column:
        return False
    if isinstance(one, Hinge) and isinstance(other, Hinge):
        low, high = (one, other) if one.side == "below" else (other, one)
        return low.side != high.side and low.at <= high.at
    return isinstance(one, Category) and isinstance(other, Category)
