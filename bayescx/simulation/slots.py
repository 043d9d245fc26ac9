"""Every parameter of a model by its lavaan name, written or implied, and the values that users give."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from bayescx._names import parameter_name
from bayescx.errors import ModelError, did_you_mean
from bayescx.spec import Parameter, PathModel

__all__ = ["Slot", "given_values", "parameter_slots"]

_LISTED = 12


class Slot(NamedTuple):
    """One parameter; ``kind`` is path, loading, variance or covariance, ``fixed`` its value if not free."""

    name: str
    kind: str
    lhs: str
    rhs: str
    fixed: float | None = None
    label: str | None = None
    reversed: bool = False


def parameter_slots(model: PathModel) -> dict[str, Slot]:
    """Return all parameters by name: paths, loadings, (residual) variances, covariances.

    A covariance that nobody wrote is named as lavaan does, cause or earlier exogenous construct first.
    """
    return {slot.name: slot for slot in _slots(model)}


def _slots(model: PathModel) -> Iterator[Slot]:
    for row in model.paths:
        yield _written(row, "path")
    for row in model.loadings:
        yield _written(row, "loading")
    variances = {row.lhs: row for row in model.variances}
    for name in (*model.constructs, *model.items):
        if name in variances:
            yield _written(variances[name], "variance")
        else:
            yield Slot(f"{name}~~{name}", "variance", name, name, 0.0 if name in model.single_indicators else None)
    for row in model.covariances:
        yield _written(row, "covariance")
    written = {frozenset((row.lhs, row.rhs)) for row in model.covariances}
    exogenous = [name for name in model.constructs if name in model.exogenous]
    for one, other in combinations(exogenous, 2):
        if frozenset((one, other)) not in written:
            yield Slot(f"{one}~~{other}", "covariance", one, other)


def _written(row: Parameter, kind: str) -> Slot:
    return Slot(row.name, kind, row.lhs, row.rhs, row.fixed, row.label, row.reversed)


def given_values(model: PathModel, values: Mapping[str, float]) -> dict[str, float]:
    """Check values given by a user and return them by the model's own names, equal by label.

    Raises
    ------
    ModelError
        With every unknown name, value out of range and contradiction.
    """
    slots = parameter_slots(model)
    aliases = {f"{slot.rhs}~~{slot.lhs}": slot.name for slot in slots.values() if slot.kind == "covariance"}
    problems: list[str] = []
    given: dict[str, float] = {}
    for asked, value in values.items():
        plain = parameter_name(str(asked))
        name = aliases.get(plain, plain)
        problem = _problem(name, value, slots)
        if problem is None:
            problem = _contradiction(name, float(value), slots, given)
        if problem is None:
            given[name] = float(value)
        else:
            problems.append(problem)
    if problems:
        raise ModelError("values to simulate", problems)
    by_label = {slots[name].label: value for name, value in given.items() if slots[name].label is not None}
    shared = {slot.name: by_label[slot.label] for slot in slots.values() if slot.label in by_label}
    return given | shared


def _problem(name: str, value: object, slots: Mapping[str, Slot]) -> str | None:
    if name not in slots:
        if name.endswith("~1"):
            return f"'{name}': simulated variables have mean 0; intercepts cannot be set"
        listing = ", ".join(list(slots)[:_LISTED]) + (" …" if len(slots) > _LISTED else "")
        return f"the model has no parameter '{name}'{did_you_mean(name, slots) or f'; it has {listing}'}"
    if isinstance(value, bool | str) or not _is_finite(value):
        return f"{name} must be a finite number, found {value!r}"
    if slots[name].kind == "variance" and float(value) < 0:  # type: ignore[arg-type]  # finite, so a number
        return f"{name} is a variance and cannot be negative, found {value!r}"
    if slots[name].reversed and float(value) > 0:  # type: ignore[arg-type]
        return f"{name} is the loading of an item declared reversed, upper(0), and cannot be positive, found {value!r}"
    return None


def _contradiction(name: str, value: float, slots: Mapping[str, Slot], given: Mapping[str, float]) -> str | None:
    slot = slots[name]
    if slot.fixed is not None and value != slot.fixed:
        return f"{name} is fixed to {slot.fixed:g} by the model; it cannot be {value:g}"
    if name in given:
        return f"{name} is given twice, once in the other order" if given[name] != value else None
    for other, before in given.items():
        if slot.label is not None and slots[other].label == slot.label and before != value:
            return f"{name} and {other} share the label '{slot.label}' but are given {value:g} and {before:g}"
    return None


def _is_finite(value: object) -> bool:
    try:
        return math.isfinite(value)  # type: ignore[arg-type]  # that it may be no number is the question
    except TypeError:
        return False
