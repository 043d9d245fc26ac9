"""Consequences of moving a construct, and quantities defined in the model text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx import algebra
from bayescx._names import OUTCOME
from bayescx.errors import FitError
from bayescx.estimands.parts import in_parts, is_number
from bayescx.estimands.population import Target, evaluate, labelled, positions
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.model import matrices
from bayescx.model.layout import Entry, Layout

__all__ = ["defined_parameters", "what_if"]

Floats = NDArray[np.float64]


def what_if(
    fit: Fit,
    changes: Mapping[str, float],
    target: Target = "organization",
    *,
    start: Mapping[str, float] | None = None,
    standardized: bool = False,
) -> xr.DataArray:
    """What follows in every construct if some constructs are moved.

    The constructs named in ``changes`` move by exactly these amounts, whatever drives them (their incoming arrows are
    cut); everything downstream follows along the paths.

    Parameters
    ----------
    fit : Fit
    changes : mapping
        Construct name to the amount it is moved by: data units, or SDs of the construct if ``standardized``. Or the
        name of a variable that the model has in parts, ``below(x, 4)`` and ``above(x, 4)``: then ``start`` says where
        it moves from.
    target : {"organization", "typical", "average", "new", "alone"}
    start : mapping, optional
        Present value of each variable that the model has in parts: what one point does depends on it.
    standardized : bool
        Amounts and consequences in SDs, by each organization's own model-implied SDs.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], outcome (all constructs).

    Raises
    ------
    FitError
        If a construct is unknown, an amount is not a finite number, a variable in parts has no start, changes
        contradict each other (a variable and a part of it; two levels of one category), or nobody shared the data's
        units.

    Examples
    --------
    >>> what_if(fit, {"satisfaction": 1.0}, target="average").dims
    ('chain', 'draw', 'outcome')
    """
    layout = layout_of(fit)
    if not changes:
        raise FitError("changes is empty; name a construct and an amount, e.g. {'trust': 1.0}")
    for name, amount in changes.items():
        if not is_number(amount):
            raise FitError(f"the change of {name!r} must be a finite number, found {amount!r}")
    constructs = in_parts(fit, changes, {} if start is None else start, standardized=standardized)
    position = positions(layout, constructs)
    moved = [position[name] for name in constructs]
    amounts = np.array(list(constructs.values()))

    def function(system: System) -> Floats:
        unit = np.sqrt(system.variance) if standardized else np.broadcast_to(layout.unit, system.variance.shape)
        shift = np.zeros(system.variance.shape)
        shift[..., moved] = amounts * (unit[..., moved] if standardized else 1.0 / layout.unit[moved])
        cut = system.paths.copy()
        cut[..., moved, :] = 0.0
        consequence = np.einsum("...ik,...k->...i", algebra.total_effects(cut), shift)
        return np.asarray(consequence / unit if standardized else consequence * unit)

    listed = ", ".join(f"{name} {amount:+g}" for name, amount in changes.items())
    key = ("what_if", tuple(constructs.items()), standardized)
    return labelled(
        fit, target, evaluate(fit, target, function, key=key, standardized=standardized),
        (OUTCOME,), {OUTCOME: list(layout.constructs)},
        name="what_if", long_name=f"change after {listed}", units="SD" if standardized else "data units",
    )  # fmt: skip


def defined_parameters(fit: Fit, target: Target = "organization", *, standardized: bool = False) -> xr.DataArray:
    """Quantities that the model text defines by ``:=``.

    Each is computed in every organization from its own labelled parameters; "average" is the mean over organizations,
    of a quotient too: for the ratio of the averages divide two definitions afterwards, or see ``mediated_share``.

    Parameters
    ----------
    fit : Fit
    target : {"organization", "typical", "average", "new", "alone"}
    standardized : bool
        Compute from standardized parameters instead of the data's units.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], definition.

    Raises
    ------
    FitError
        If the model defines nothing, or nobody shared the data's units.

    Examples
    --------
    >>> defined_parameters(fit, target="typical")["definition"].values.tolist()
    ['mediated']
    """
    definitions = fit.model.definitions
    if not definitions:
        raise FitError("the model defines no quantity with := ; e.g. 'indirect := a*b' over labels a and b")
    layout = layout_of(fit)
    wanted = {label for definition in definitions for label in definition.expression.labels}

    def function(system: System) -> Floats:
        known: dict[str, Floats] = {
            label: _parameter(layout, system, rows[0].name, standardized=standardized)
            for label, rows in fit.model.labels.items()
            if label in wanted
        }
        shape = system.u.shape[:-1]
        for definition in definitions:
            value = np.asarray(definition.expression.evaluate(known), dtype=np.float64)
            known[definition.name] = np.broadcast_to(value, shape)
        return np.stack([known[definition.name] for definition in definitions], axis=-1)

    return labelled(
        fit, target, evaluate(fit, target, function, standardized=standardized), ("definition",),
        {"definition": [definition.name for definition in definitions]},
        name="defined_parameter", long_name="defined parameter",
        units="from standardized parameters" if standardized else "from parameters in data units",
    )  # fmt: skip


def _parameter(layout: Layout, system: System, name: str, *, standardized: bool) -> Floats:
    """One parameter by lavaan's name, shape (...), standardized or in data units."""
    for entry in layout.paths:
        if entry.name == name:
            effects = system.in_units(system.paths, standardized=standardized)
            return np.asarray(effects[..., entry.row, entry.column])
    for entry in layout.loadings:
        if entry.name == name:
            return _loading(layout, system, entry, standardized=standardized)
    return _covariance(layout, system, name, standardized=standardized)


def _loading(layout: Layout, system: System, entry: Entry, *, standardized: bool) -> Floats:
    loadings = matrices.loading_matrix(layout, system.u)
    value = loadings[..., entry.row, entry.column]
    if not standardized:
        return np.asarray(value * layout.scale[layout.variables[entry.row]] / layout.unit[entry.column])
    theta = matrices.theta_matrix(layout, system.u)
    sigma = loadings @ system.covariance @ np.swapaxes(loadings, -1, -2) + theta
    return np.asarray(value * np.sqrt(system.variance[..., entry.column] / sigma[..., entry.row, entry.row]))


def _covariance(layout: Layout, system: System, name: str, *, standardized: bool) -> Floats:
    """A residual variance or covariance; standardized: share of the variance, or correlation of the residuals."""
    one, other = name.split("~~")
    if one in layout.constructs:
        position = {construct: i for i, construct in enumerate(layout.constructs)}
        matrix, unit = system.psi, layout.unit
        total = system.variance
    else:
        position = {variable: i for i, variable in enumerate(layout.variables)}
        matrix = matrices.theta_matrix(layout, system.u)
        unit = np.array([layout.scale[variable] for variable in layout.variables])
        loadings = matrices.loading_matrix(layout, system.u)
        sigma = loadings @ system.covariance @ np.swapaxes(loadings, -1, -2) + matrix
        total = np.diagonal(sigma, axis1=-2, axis2=-1)
    a, b = position[one], position[other]
    value = matrix[..., a, b]
    if not standardized:
        return np.asarray(value * unit[a] * unit[b])
    if a == b:
        return np.asarray(value / total[..., a])
    return np.asarray(value / np.sqrt(matrix[..., a, a] * matrix[..., b, b]))
