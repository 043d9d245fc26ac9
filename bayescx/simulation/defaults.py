"""Values for what a user leaves open: a population that looks like the studies that the models come from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bayescx import algebra
from bayescx.simulation.slots import Slot
from bayescx.simulation.system import System
from bayescx.spec import PathModel

__all__ = ["population_values"]

EXPLAINED = 0.5
EXOGENOUS_CORRELATION = 0.3
RESIDUAL_CORRELATION = 0.2
ITEM_VARIANCE = 0.36
LEAST_VARIANCE = 0.2


class _Population:
    """Values as they become known: fixed by the model, given, equal by label, or else a default."""

    def __init__(self, slots: Mapping[str, Slot], given: Mapping[str, float]) -> None:
        self.slots = slots
        self.values = {name: slot.fixed for name, slot in slots.items() if slot.fixed is not None} | dict(given)
        self._labelled: dict[str, float] = {}
        for name, value in self.values.items():
            self._remember(name, value)

    def _remember(self, name: str, value: float) -> None:
        label = self.slots[name].label
        if label is not None:
            self._labelled[label] = value

    def settle(self, name: str, default: float) -> float:
        """Give a parameter its value: the default, unless something else decides."""
        if name not in self.values:
            label = self.slots[name].label
            self.values[name] = default if label is None else self._labelled.get(label, default)
            self._remember(name, self.values[name])
        return self.values[name]

    def sd(self, variable: str) -> float:
        return float(np.sqrt(self.values[f"{variable}~~{variable}"]))


def population_values(model: PathModel, slots: Mapping[str, Slot], given: Mapping[str, float]) -> dict[str, float]:
    """Complete the values given to one for every parameter, in the order of ``slots``."""
    known = _Population(slots, given)
    for slot in slots.values():
        if slot.kind == "loading":
            known.settle(slot.name, -1.0 if slot.reversed else 1.0)
    for name in model.constructs:
        if name in model.exogenous:
            known.settle(f"{name}~~{name}", 1.0)
            _covariances(known, name, EXOGENOUS_CORRELATION)
        else:
            _equation(model, known, name)
            _covariances(known, name, RESIDUAL_CORRELATION)
    for name in model.items:
        known.settle(f"{name}~~{name}", ITEM_VARIANCE)
        _covariances(known, name, RESIDUAL_CORRELATION)
    return {name: known.values[name] for name in slots}


def _covariances(known: _Population, name: str, correlation: float) -> None:
    """Covariances of a variable with those whose variance is known by now."""
    for slot in known.slots.values():
        if slot.kind == "covariance" and name in (slot.lhs, slot.rhs):
            other = slot.rhs if slot.lhs == name else slot.lhs
            if f"{other}~~{other}" in known.values:
                known.settle(slot.name, correlation * known.sd(name) * known.sd(other))


def _equation(model: PathModel, known: _Population, outcome: str) -> None:
    """Equal paths that explain half of an outcome of variance 1, and the residual variance that is left."""
    index = {name: i for i, name in enumerate(model.constructs)}
    causes = [index[name] for name in model.predictors(outcome)]
    before = System.of(model, known.slots, known.values)
    phi = algebra.construct_covariance(before.paths, before.psi)[np.ix_(causes, causes)]
    equal = np.sqrt(EXPLAINED / max(float(phi.sum()), 0.1 * float(np.trace(phi))))
    for row in model.paths:
        if row.lhs == outcome:
            known.settle(row.name, float(equal))
    weights = System.of(model, known.slots, known.values).paths[index[outcome], causes]
    explained = float(weights @ phi @ weights)
    known.settle(f"{outcome}~~{outcome}", max(1.0 - explained, LEAST_VARIANCE))
