"""Does an outcome suffer more below a point than it gains above it: slopes on the two sides of a knot."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.coding import Hinge, Side
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.effects import units_of
from bayescx.estimands.population import Target, evaluate, labelled, positions
from bayescx.estimands.prior import CONTRACTION, PRIOR_SD, with_contraction
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit

__all__ = ["SIDES", "asymmetry", "knot_of", "others_of"]

Floats = NDArray[np.float64]
HingeEffect = Literal["direct", "total"]

SIDES: tuple[Side, Side] = ("below", "above")
SIDE = "side"


def asymmetry(
    fit: Fit,
    outcome: str,
    variable: str,
    target: Target = "organization",
    *,
    at: float | None = None,
    effect: HingeEffect = "total",
    standardized: bool = True,
) -> xr.Dataset:
    """Compare the slope of an outcome below a knot with the slope above it.

    For a model with ``below(variable, at)`` and ``above(variable, at)``. A slope says how much the outcome changes per
    unit by which the variable rises on that side: both are positive where more is better throughout, and equal
    where the knot makes no difference. Where the model bends the variable at other points too, the slopes are those
    next to the knot, and hold as far as the next of these points.

    Parameters
    ----------
    fit : Fit
    outcome, variable : str
        A construct, and the variable that the model has in two parts.
    target : {"organization", "typical", "average", "new", "alone"}
    at : float, optional
        The knot, where the model has several of the variable.
    effect : {"total", "direct"}
        Through every route, or by the paths from the two parts to the outcome alone.
    standardized : bool
        Slopes in SDs of the outcome per SD of the variable, by each organization's own; else in the data's units.

    Returns
    -------
    xarray.Dataset
        ``slope`` (chain, draw[, organization], side: below, above), with contraction as effects have it;
        ``difference``, below less above; ``ratio``, below divided by above: of the average of the N, the ratio of the
        averaged slopes. It has no moments where the slope above may be 0: read its quantiles. And
        ``stronger_below`` ([organization]), the probability that the slope below is the larger in size. Attributes
        ``holds_from`` and ``holds_to`` are the points between which the two slopes hold, infinite where nothing else
        bends the variable.

    Raises
    ------
    FitError
        If the model does not have the variable in two parts at a knot, or the outcome does not depend on both.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("loyalty ~ below(expectations, 0) + above(expectations, 0)")
    >>> rows = bcx.simulate(bcx.parse_model("loyalty ~ expectations"), organizations=4, n_obs=200, random_seed=1).rows
    >>> fit = bcx.fit(model, bcx.Evidence.from_rows(rows, organization="organization"), progressbar=False)
    >>> found = asymmetry(fit, "loyalty", "expectations", target="average")
    >>> found["slope"].dims, found["slope"]["side"].values.tolist()
    (('chain', 'draw', 'side'), ['below', 'above'])
    """
    if effect not in get_args(HingeEffect):
        hint = did_you_mean(str(effect), get_args(HingeEffect)) or "."
        raise FitError(f"unknown effect {effect!r}{hint} Effects: {', '.join(get_args(HingeEffect))}")
    if not isinstance(outcome, str):
        raise FitError(f"outcome must be a name, found {outcome!r}")
    knot = knot_of(fit, variable, at)
    names = [Hinge(variable, side, knot).name for side in SIDES]
    hinges = _hinges(fit, variable)
    position = positions(layout_of(fit), [outcome, *(hinge.name for hinge in hinges)])
    row, columns = position[outcome], [position[name] for name in names]
    _check_dependence(fit, outcome, names, effect)
    bending = [position[hinge.name] for hinge in hinges]
    moving = np.array([_moves(hinge, knot) for hinge in hinges], dtype=np.float64)

    def function(system: System) -> Floats:
        slopes = np.asarray(system.effects_of(effect, standardized=False)[..., row, bending] @ moving)
        if not standardized:
            return slopes
        unit = system.layout.unit
        parts = system.psi[..., columns, :][..., columns].sum(axis=(-1, -2))
        sd = np.sqrt(parts) * unit[columns[0]]
        return np.asarray(slopes * (sd / (np.sqrt(system.variance[..., row]) * unit[row]))[..., None])

    key = ("asymmetry", effect, outcome, variable, knot, standardized)
    slope = labelled(
        fit, target, evaluate(fit, target, function, key=key, standardized=standardized), (SIDE,), {SIDE: list(SIDES)},
        name="slope", long_name=f"slope of {outcome} on either side of {variable} = {knot:g}",
        units=units_of(standardized=standardized),
    )  # fmt: skip
    at_others = [hinge.at for hinge in others_of(fit, outcome, variable, knot, effect)]
    slope.attrs["holds_from"] = max((at for at in at_others if at < knot), default=-np.inf)
    slope.attrs["holds_to"] = min((at for at in at_others if at > knot), default=np.inf)
    return _compared(with_contraction(slope, fit, function, key=key, standardized=standardized))


def others_of(fit: Fit, outcome: str, variable: str, knot: float, effect: HingeEffect = "total") -> list[Hinge]:
    """Parts of a variable at other knots by which it acts on an outcome too: there its slope changes as well."""
    model = fit.model
    direct = model.predictors(outcome)
    return [
        one
        for one in _hinges(fit, variable)
        if one.at != knot and (one.name in direct if effect == "direct" else model.count_routes(one.name, outcome))
    ]


def _hinges(fit: Fit, variable: str) -> list[Hinge]:
    return [one for one in fit.model.coded.values() if isinstance(one, Hinge) and one.column == variable]


def _moves(hinge: Hinge, knot: float) -> tuple[bool, bool]:
    """Whether a part moves with its variable just below a knot, and just above it."""
    if hinge.side == "below":
        return hinge.at >= knot, hinge.at > knot
    return hinge.at < knot, hinge.at <= knot


def knot_of(fit: Fit, variable: str, at: float | None = None) -> float:
    """The knot at which the model has both parts of a variable.

    Raises
    ------
    FitError
        If there is none, or several and ``at`` is none of them.
    """
    if not isinstance(variable, str):
        raise FitError(f"variable must be the name of one variable that the model has in two parts, found {variable!r}")
    sides: dict[str, dict[float, set[str]]] = {}
    for term in fit.model.coded.values():
        if isinstance(term, Hinge):
            sides.setdefault(term.column, {}).setdefault(term.at, set()).add(term.side)
    whole = {name: [at for at, found in knots.items() if len(found) == 2] for name, knots in sides.items()}
    whole = {name: knots for name, knots in whole.items() if knots}
    if variable not in whole:
        known = f" It has those of {', '.join(whole)}." if whole else ""
        raise FitError(
            f"the model does not have {variable!r} in two parts, such as below({variable}, 4) + above({variable}, 4)."
            f"{known}"
        )
    knots = whole[variable]
    if at is None and len(knots) == 1:
        return knots[0]
    if at not in knots:
        shown = ", ".join(f"{knot:g}" for knot in knots)
        raise FitError(f"the knots of {variable!r} are {shown}; at= names one of them, found {at!r}")
    return float(at)


def _check_dependence(fit: Fit, outcome: str, names: list[str], effect: HingeEffect) -> None:
    model = fit.model
    predictors = set(model.predictors(outcome))
    lacking = [
        name
        for name in names
        if (name not in predictors if effect == "direct" else not model.count_routes(name, outcome))
    ]
    if lacking:
        what = "path" if effect == "direct" else "route"
        raise FitError(
            f"there is no {what} from {' and '.join(lacking)} to {outcome!r}, so there is nothing to compare"
        )


def _compared(slope: xr.DataArray) -> xr.Dataset:
    """Slopes with what follows from them."""
    below, above = (
        slope.sel({SIDE: side}, drop=True).drop_vars([CONTRACTION, PRIOR_SD], errors="ignore") for side in SIDES
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = below / above
    stronger = (abs(below) > abs(above)).where(below.notnull() & above.notnull()).mean((CHAIN, DRAW))
    found = {
        "slope": slope,
        "difference": (below - above).assign_attrs(slope.attrs, long_name="slope below less slope above"),
        "ratio": ratio.assign_attrs(slope.attrs, long_name="slope below divided by slope above", units="1"),
        "stronger_below": stronger.assign_attrs(
            long_name="probability that the slope below is larger in size", units="probability"
        ),
    }
    return xr.Dataset(found, attrs=slope.attrs)
