"""Direct, total, indirect and route effects, and the share of an effect that is mediated.

With B_ik the effect of construct k on construct i, total effects are (I - B)^-1 - I: the sum over all routes of the
product of their paths. Indirect = total - direct.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CAUSE, OUTCOME, PATH
from bayescx.errors import FitError
from bayescx.estimands.population import Target, evaluate, labelled, positions
from bayescx.estimands.prior import with_contraction
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.spec import PathModel

__all__ = ["direct_effects", "indirect_effects", "mediated_share", "route_effects", "total_effects"]

Floats = NDArray[np.float64]

STANDARDIZED_UNITS = "SD of the outcome per SD of the cause"
RAW_UNITS = "units of the outcome per unit of the cause"


def units_of(*, standardized: bool) -> str:
    """What an effect is measured in."""
    return STANDARDIZED_UNITS if standardized else RAW_UNITS


def direct_effects(fit: Fit, target: Target = "organization", *, standardized: bool = True) -> xr.DataArray:
    """Path coefficients.

    Parameters
    ----------
    fit : Fit
    target : {"organization", "typical", "average", "new", "alone"}
        Each organization that reported, the population centre, the mean over the N planned, one more organization;
        "alone": each organization as its own data say, without the others.
    standardized : bool
        In SDs, by each organization's own model-implied SDs; else in the data's units. The unit of a factor is that of
        its marker or, by default, the mean unit of its items: a point of the answer scale that they share.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], path (organization for "organization" and "alone"), with coordinates lhs, op,
        rhs along path; contraction and prior_sd tell how much narrower the evidence made each effect than its prior
        (1 - variance / variance under the priors; nan where these leave it undefined). All effects and R-squared have
        these two; they are about the draws as returned, not about what is computed from them.

    Raises
    ------
    FitError
        If the target is unknown or cannot be answered with this pooling, or nobody shared the data's units.

    Examples
    --------
    >>> effects = direct_effects(fit, target="average")
    >>> effects.dims
    ('chain', 'draw', 'path')
    """
    layout = layout_of(fit)
    entries = [entry for entry in layout.paths if "=~" not in entry.name]
    rows, columns = [e.row for e in entries], [e.column for e in entries]

    def function(system: System) -> Floats:
        return system.effects_of("direct", standardized=standardized)[..., rows, columns]

    names = layout.constructs
    coords: dict[str, object] = {
        PATH: [e.name for e in entries],
        "lhs": (PATH, [names[row] for row in rows]),
        "op": (PATH, ["~"] * len(rows)),
        "rhs": (PATH, [names[column] for column in columns]),
    }
    key = ("direct", standardized)
    found = labelled(
        fit, target, evaluate(fit, target, function, key=key, standardized=standardized), (PATH,), coords,
        name="direct_effect", long_name="direct effect", units=units_of(standardized=standardized),
    )  # fmt: skip
    return with_contraction(found, fit, function, key=key, standardized=standardized)


def _reach(model: PathModel, shortest: int) -> tuple[list[str], list[str], NDArray[np.bool_]]:
    """Causes, outcomes, and which cause reaches which outcome along at least ``shortest`` (1 or 2) arrows."""
    names = model.constructs
    position = {name: i for i, name in enumerate(names)}
    reached, behind = np.zeros((2, len(names), len(names)), dtype=bool)
    for outcome in names:  # causal order: what reaches a predictor is known before
        row = position[outcome]
        for predictor in model.predictors(outcome):
            behind[row] |= reached[position[predictor]]
        reached[row] = behind[row]
        reached[row, [position[predictor] for predictor in model.predictors(outcome)]] = True
    causes = [name for name in names if reached[:, position[name]].any()]
    outcomes = [name for name in names if reached[position[name]].any()]
    wanted = reached if shortest == 1 else behind
    grid = wanted[np.ix_([position[o] for o in outcomes], [position[c] for c in causes])].T
    return causes, outcomes, grid


def _pairs(
    fit: Fit,
    target: Target,
    pick: str,
    name: str,
    long_name: str,
    units: str,
    *,
    standardized: bool,
    ratio: bool = False,
) -> xr.DataArray:
    causes, outcomes, grid = _reach(fit.model, 2 if pick == "indirect" and not ratio else 1)
    position = {construct: i for i, construct in enumerate(layout_of(fit).constructs)}
    rows, columns = [position[o] for o in outcomes], [position[c] for c in causes]

    def matrix(system: System, which: str) -> Floats:
        effects = system.effects_of(which, standardized=standardized)
        return np.swapaxes(effects[..., rows, :][..., columns], -1, -2) * grid

    def function(system: System) -> Floats:
        return matrix(system, pick)

    denominator = (lambda system: matrix(system, "total")) if ratio else None
    key = (pick, standardized, ratio)
    known = standardized or ratio  # units cancel in a ratio
    values = evaluate(fit, target, function, denominator, key=key, standardized=known)
    coords: dict[str, object] = {CAUSE: causes, OUTCOME: outcomes, "has_route": ((CAUSE, OUTCOME), grid)}
    found = labelled(fit, target, values, (CAUSE, OUTCOME), coords, name=name, long_name=long_name, units=units)
    return with_contraction(found, fit, function, denominator, key=key, standardized=known)


def total_effects(fit: Fit, target: Target = "organization", *, standardized: bool = True) -> xr.DataArray:
    """Total effects: all routes from a cause to an outcome together.

    Parameters are those of ``direct_effects``.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], cause, outcome. Coordinate ``has_route`` (cause, outcome) tells pairs
        without any route, whose effect is 0 by the model.

    Examples
    --------
    >>> total_effects(fit, target="typical").sel(cause="satisfaction", outcome="loyalty").dims
    ('chain', 'draw')
    """
    units = units_of(standardized=standardized)
    return _pairs(fit, target, "total", "total_effect", "total effect", units, standardized=standardized)


def indirect_effects(fit: Fit, target: Target = "organization", *, standardized: bool = True) -> xr.DataArray:
    """Indirect effects: total minus direct. Parameters and dims are those of ``total_effects``.

    Coordinate ``has_route`` (cause, outcome) tells pairs with a route through at least one other construct.

    Examples
    --------
    >>> indirect_effects(fit).dims
    ('chain', 'draw', 'organization', 'cause', 'outcome')
    """
    units = units_of(standardized=standardized)
    return _pairs(fit, target, "indirect", "indirect_effect", "indirect effect", units, standardized=standardized)


def mediated_share(fit: Fit, target: Target = "organization") -> xr.DataArray:
    """Indirect over total effect, with raw effects; over several organizations the ratio of the averages.

    Dims are those of ``total_effects``; nan where there is no route. A share outside [0, 1] means that direct and
    indirect effects have opposite signs.

    Examples
    --------
    >>> mediated_share(fit, target="typical").attrs["units"]
    'share of the total effect'
    """
    return _pairs(
        fit, target, "indirect", "mediated_share", "mediated share", "share of the total effect",
        standardized=False, ratio=True,
    )  # fmt: skip


def route_effects(
    fit: Fit, cause: str, outcome: str, target: Target = "organization", *, standardized: bool = True
) -> xr.DataArray:
    """The effect along each route from ``cause`` to ``outcome``: products of paths, which sum to the total effect.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], route; a route is named ``"a -> b -> c"``.

    Raises
    ------
    FitError
        If a construct is unknown or no route leads from cause to outcome.

    Examples
    --------
    >>> routes = route_effects(fit, "satisfaction", "loyalty", target="typical")
    >>> routes["route"].values.tolist()
    ['satisfaction -> trust -> loyalty', 'satisfaction -> loyalty']
    """
    position = positions(layout_of(fit), (cause, outcome))
    found = fit.model.routes(cause, outcome)
    if not found:
        raise FitError(f"no route leads from {cause!r} to {outcome!r}")

    def function(system: System) -> Floats:
        products = []
        for route in found:
            product = np.ones(system.u.shape[:-1])
            for source, sink in pairwise(route):
                product = product * system.paths[..., position[sink], position[source]]
            products.append(product)
        effects = np.stack(products, axis=-1)
        scale = np.zeros_like(system.paths)
        scale[..., position[outcome], position[cause]] = 1.0
        factor = system.in_units(scale, standardized=standardized)[..., position[outcome], position[cause]]
        return np.asarray(effects * factor[..., None])

    answer = labelled(
        fit, target, evaluate(fit, target, function, standardized=standardized),
        ("route",), {"route": [" -> ".join(route) for route in found]},
        name="route_effect", long_name=f"effect of {cause} on {outcome} by route",
        units=units_of(standardized=standardized),
    )  # fmt: skip
    return with_contraction(
        answer, fit, function, key=("route", cause, outcome, standardized), standardized=standardized
    )
