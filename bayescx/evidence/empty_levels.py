"""Where nobody has a level, or is beyond a knot: paths there rest on what the other organizations say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bayescx.coding import Category, Coded, Hinge
from bayescx.evidence.matching import Matched

__all__ = ["empty_levels"]

ROUNDING = 1e-9


def empty_levels(matched: Matched, coded: Mapping[str, Coded]) -> dict[str, tuple[str, ...]]:
    """By coded column, the organizations in which nobody has the level, or is on that side of the knot.

    The reference level of a category is among them, called like the others: ``issue[billing]``.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.evidence import Evidence
    >>> rows = pd.DataFrame({"org": list("aaaaaabbbbbb"), "y": [1, 2, 4, 3, 5, 1] * 2, "issue": list("pqqpqpqrrqrq")})
    >>> coded = {f"issue[{level}]": Category("issue", level, ("p", "q", "r")) for level in "qr"}
    >>> matched = Evidence.from_rows(rows, organization="org").matched(["y", *coded], coded)
    >>> empty_levels(matched, coded)
    {'issue[r]': ('a',), 'issue[p]': ('b',)}
    """
    found: dict[str, list[str]] = defaultdict(list)
    dummies: dict[str, list[int]] = defaultdict(list)
    reference: dict[str, str] = {}
    for k, name in enumerate(matched.variables):
        how = coded.get(name)
        if how is None:
            continue
        nobody = _nobody(matched, k, coded)
        found[name] += [matched.organizations[j] for j in np.flatnonzero(nobody)]
        if isinstance(how, Category):
            dummies[how.column].append(k)
            reference[how.column] = f"{how.column}[{how.reference}]"
    for column, places in dummies.items():
        blocks = matched.cov[np.ix_(range(len(matched.cov)), places, places)]
        all_vary_as_one = (blocks.any(axis=(1, 2))) & (blocks.sum(axis=(1, 2)) <= ROUNDING)
        everybody = matched.mean[:, places].sum(axis=1) >= 1 - ROUNDING
        found[reference[column]] += [matched.organizations[j] for j in np.flatnonzero(all_vary_as_one | everybody)]
    return {name: tuple(organizations) for name, organizations in found.items() if organizations}


def _nobody(matched: Matched, k: int, coded: Mapping[str, Coded]) -> npt.NDArray[np.bool_]:
    """Where a coded column is 0 throughout, (J,); without its mean, where a column that excludes it varies."""
    how = coded[matched.variables[k]]
    others = [i for i, name in enumerate(matched.variables) if i != k and name in coded and _excludes(coded[name], how)]
    elsewhere = (matched.cov[:, others, others] > 0).any(axis=1)
    mean = matched.mean[:, k]
    return np.asarray((matched.cov[:, k, k] == 0) & ((mean == 0) | (np.isnan(mean) & elsewhere)))


def _excludes(one: Coded, other: Coded) -> bool:
    """Whether a column that does not vary must be 0 where the other does."""
    if isinstance(one, Hinge) or isinstance(other, Hinge):
        return isinstance(one, Hinge) and isinstance(other, Hinge) and one == other.other
    return one.column == other.column
