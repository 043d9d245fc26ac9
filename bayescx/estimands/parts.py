"""A change of a variable that the model has in parts, as changes of its parts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayescx.coding import Hinge
from bayescx.errors import FitError
from bayescx.fitted import Fit

__all__ = ["in_parts"]


def in_parts(
    fit: Fit, changes: Mapping[str, float], start: Mapping[str, float], *, standardized: bool
) -> dict[str, float]:
    """Changes of constructs; a variable in parts moves from its start, past a knot if the way leads there.

    Raises
    ------
    FitError
        If a variable in parts has no start, or one has a start that does not need it.
    """
    parts: dict[str, list[Hinge]] = {}
    for term in fit.model.coded.values():
        if isinstance(term, Hinge):
            parts.setdefault(term.column, []).append(term)
    whole = {name for name in changes if name in parts and name not in fit.model.constructs}
    needless = [name for name in start if name not in whole]
    if needless:
        raise FitError(f"start names {', '.join(map(repr, needless))}, which changes do not move in parts")
    found: dict[str, float] = {}
    for name, amount in changes.items():
        if name not in whole:
            found[name] = float(amount)
            continue
        if standardized:
            raise FitError(f"the model has {name!r} in parts: move it in the data's units, standardized=False")
        if name not in start or not np.isfinite(start[name]):
            knots = ", ".join(f"{at:g}" for at in sorted({term.at for term in parts[name]}))
            raise FitError(
                f"what a change of {name!r} does depends on where it starts, for its slope changes at {knots}; say so: "
                f"start={{{name!r}: {knots.partition(',')[0]}}}"
            )
        ends = np.array([start[name], start[name] + amount], dtype=np.float64)
        for term in parts[name]:
            before, after = term.values(ends)
            found[term.name] = float(after - before)
    return found
