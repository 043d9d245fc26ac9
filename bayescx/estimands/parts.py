"""A change of a variable that the model has in parts, as changes of its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bayescx.coding import Category, Hinge
from bayescx.errors import FitError
from bayescx.fitted import Fit

__all__ = ["in_parts", "is_number"]


def is_number(value: object) -> bool:
    """Whether something is a finite number."""
    return isinstance(value, int | float | np.number) and bool(np.isfinite(value))


def in_parts(
    fit: Fit, changes: Mapping[str, float], start: Mapping[str, float], *, standardized: bool
) -> dict[str, float]:
    """Changes of constructs; a variable in parts moves from its start, past a knot if the way leads there.

    Raises
    ------
    FitError
        If a variable in parts has no start, one has a start that does not need it, or changes contradict each other:
        a variable and a part of it, or two levels of one category.
    """
    if not isinstance(start, Mapping):
        raise FitError(f"start is a mapping such as {{'expectations': 4}}, found {start!r:.80}")
    parts: dict[str, list[Hinge]] = {}
    for term in fit.model.coded.values():
        if isinstance(term, Hinge):
            parts.setdefault(term.column, []).append(term)
    whole = {name for name in changes if name in parts and name not in fit.model.constructs}
    needless = [name for name in start if name not in whole]
    if needless:
        raise FitError(f"start names {', '.join(map(repr, needless))}, which changes do not move in parts")
    _check_contradictions(fit, changes, {name: parts[name] for name in whole})
    if whole and standardized:
        raise FitError(f"the model has {min(whole)!r} in parts: move it in the data's units, standardized=False")
    found: dict[str, float] = {}
    for name, amount in changes.items():
        if name not in whole:
            found[name] = float(amount)
            continue
        first = _start(name, start, parts[name])
        for term in parts[name]:
            before, after = term.values(np.array([first, first + amount], dtype=np.float64))
            found[term.name] = float(after - before)
    return found


def _start(name: str, start: Mapping[str, float], hinges: Sequence[Hinge]) -> float:
    """Where a variable in parts moves from."""
    if name not in start:
        knots = ", ".join(f"{at:g}" for at in sorted({term.at for term in hinges}))
        raise FitError(
            f"what a change of {name!r} does depends on where it starts, for its slope changes at {knots}; say so: "
            f"start={{{name!r}: {knots.partition(',')[0]}}}"
        )
    if not is_number(start[name]):
        raise FitError(f"start must give numbers of the data's units, found {start[name]!r:.80} for {name!r}")
    return float(start[name])


def _check_contradictions(fit: Fit, changes: Mapping[str, float], whole: Mapping[str, Sequence[Hinge]]) -> None:
    for name, hinges in whole.items():
        if also := [hinge.name for hinge in hinges if hinge.name in changes]:
            raise FitError(f"changes move {name!r} and also {' and '.join(also)}, a part of it; name one of them")
    levels: dict[str, dict[str, float]] = {}
    for name, amount in changes.items():
        how = fit.model.coded.get(name)
        if isinstance(how, Category):
            levels.setdefault(how.column, {})[name] = float(amount)
    for column, moved in levels.items():
        rising = sum(amount for amount in moved.values() if amount > 0)
        falling = -sum(amount for amount in moved.values() if amount < 0)
        if len(moved) > 1 and max(rising, falling) > 1:
            said = ", ".join(f"{name} {amount:+g}" for name, amount in moved.items())
            raise FitError(
                f"nobody has two levels of {column!r}, found changes {said}; name one level: 1 is the change from the "
                "reference to it"
            )
