"""Parameter values by name as the matrices of one organization, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.errors import ModelError
from bayescx.simulation.slots import Slot
from bayescx.spec import PathModel

__all__ = ["System", "check_positive_definite", "derived_values"]

Floats = NDArray[np.float64]
_ROUNDING = 1e-10
_INVOLVED = 0.25


class System(NamedTuple):
    """B (m, m), Psi (m, m), Lambda (p, m) and Theta (p, p) in the data's units."""

    paths: Floats
    psi: Floats
    loadings: Floats
    theta: Floats

    @classmethod
    def of(cls, model: PathModel, slots: Mapping[str, Slot], values: Mapping[str, float]) -> System:
        """Put values where they belong; a parameter without a value is 0."""
        construct = {name: i for i, name in enumerate(model.constructs)}
        column = {name: i for i, name in enumerate(model.observed)}
        m, p = len(construct), len(column)
        out = cls(np.zeros((m, m)), np.zeros((m, m)), np.zeros((p, m)), np.zeros((p, p)))
        for name in construct.keys() & column.keys():
            out.loadings[column[name], construct[name]] = 1.0
        for name, value in values.items():
            slot = slots[name]
            if slot.kind == "path":
                out.paths[construct[slot.lhs], construct[slot.rhs]] = value
            elif slot.kind == "loading" and slot.rhs in construct:  # of a second-order factor
                out.paths[construct[slot.rhs], construct[slot.lhs]] = value
            elif slot.kind == "loading":
                out.loadings[column[slot.rhs], construct[slot.lhs]] = value
            else:
                index, matrix = (construct, out.psi) if slot.lhs in construct else (column, out.theta)
                matrix[index[slot.lhs], index[slot.rhs]] = matrix[index[slot.rhs], index[slot.lhs]] = value
        return out

    def draw(self, rng: np.random.Generator, n_obs: int) -> Floats:
        """Rows of ``n_obs`` respondents, shape (n_obs, p), with mean 0."""
        disturbances = rng.standard_normal((n_obs, self.psi.shape[0])) @ _root(self.psi)
        constructs = disturbances @ algebra.total_effects(self.paths).T
        errors = rng.standard_normal((n_obs, self.theta.shape[0])) @ _root(self.theta)
        return np.asarray(constructs @ self.loadings.T + errors)


def _root(matrix: Floats) -> Floats:
    """Symmetric square root of a positive semidefinite matrix: residual variances may be 0."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def check_positive_definite(model: PathModel, system: System) -> None:
    """Refuse values that belong to no covariance matrix.

    Raises
    ------
    ModelError
        Naming the variables most involved.
    """
    items = [name for name in model.observed if name in model.items]
    rows = [model.observed.index(name) for name in items]
    sigma = algebra.implied_covariance(*system)
    checks = [
        ("variances and covariances of the constructs' residuals", model.constructs, system.psi, False),
        ("variances and covariances of the items' residuals", items, system.theta[np.ix_(rows, rows)], False),
        ("variances and covariances of the observed variables", model.observed, sigma, True),
    ]
    problems = [
        f"the {what} fit no covariance matrix that is positive definite; look at {', '.join(names)}"
        for what, labels, matrix, strictly in checks
        for names in _indefinite(labels, matrix, strictly=strictly)
    ]
    if problems:
        raise ModelError("values to simulate", problems[:1])  # the others follow from the first


def _indefinite(labels: Sequence[str], matrix: Floats, *, strictly: bool) -> Iterator[list[str]]:
    """Yield the labels in the direction of the least variance where that variance is not what it must be."""
    if matrix.size == 0:
        return
    values, vectors = np.linalg.eigh(matrix)
    slack = _ROUNDING * max(float(np.abs(values).max()), _ROUNDING)
    if values[0] < (slack if strictly else -slack):
        weight = np.abs(vectors[:, 0])
        yield [name for name, w in zip(labels, weight, strict=True) if w > _INVOLVED * weight.max()]


def derived_values(model: PathModel, system: System, values: Mapping[str, float]) -> Iterator[tuple[str, str, float]]:
    """Yield (kind, name, value) of standardized paths, R-squared and definitions."""
    variance = np.diagonal(algebra.construct_covariance(system.paths, system.psi))
    standardized = algebra.standardized(system.paths, variance)
    explained = algebra.r_squared(system.paths, system.psi)
    index = {name: i for i, name in enumerate(model.constructs)}
    for row in model.paths:
        yield "standardized_path", row.name, float(standardized[index[row.lhs], index[row.rhs]])
    for name in model.endogenous:
        yield "r_squared", name, float(explained[index[name]])
    known = {label: np.float64(values[rows[0].name]) for label, rows in model.labels.items() if rows[0].name in values}
    with np.errstate(all="ignore"):  # a definition may divide by a path that is 0
        for definition in model.definitions:
            known[definition.name] = np.float64(definition.expression.evaluate(known))
            yield "defined", definition.name, float(known[definition.name])
