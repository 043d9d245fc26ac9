"""One number about the average of the N planned, by its name: what is followed through many refits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, parameter_name
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.effects import units_of
from bayescx.estimands.given import mean_covariance
from bayescx.estimands.population import available_targets, evaluate, labelled, positions
from bayescx.estimands.prior_draws import possible_populations, simulated_populations
from bayescx.estimands.summary import summarize
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.model.convergence import judge

__all__ = [
    "Interval",
    "Quantity",
    "QuantityName",
    "check_population",
    "interval_of",
    "is_settled",
    "quantity_of",
    "whole_number",
]

QuantityName = str | tuple[str, ...]
"""Direct effects by the path's name, others as kind and constructs: ``("total", cause, outcome)``."""

_WORKS = (
    '"outcome~cause" (direct effect), ("total", cause, outcome), ("indirect", cause, outcome) or ("r_squared", outcome)'
)
_PRIOR_DRAWS, _FEWEST_DRAWS = 4000, 600
_MOST_ORGANIZATIONS = 40_000  # of all populations together, to bound memory


@dataclass(frozen=True)
class Quantity:
    """A quantity that every fit of one model can answer.

    Attributes
    ----------
    name : str
        Such as "loyalty~trust", "total loyalty~satisfaction", "r_squared loyalty".
    words : str
        What readers call it, by the model's words.
    units : str
    function : callable
        A System's axes to the quantity of each organization.
    standardized : bool
        Whether it has no units, or those of a share.
    """

    name: str
    words: str
    units: str
    function: Callable[[System], NDArray[np.float64]]
    standardized: bool = True

    def average(self, fit: Fit) -> xr.DataArray:
        """Draws (chain, draw) of the average over the N planned."""
        values = evaluate(fit, "average", self.function, standardized=self.standardized)
        return labelled(fit, "average", values, (), {}, name="average", long_name=self.words, units=self.units)

    def before_any(self, fit: Fit) -> xr.DataArray | None:
        """The same (chain, draw) under the priors, as before any report; None where these cannot be simulated.

        They cannot be for a second-order factor scaled by its average loading, and with correlations that the model
        sets to 0 and the priors nearly always make impossible.
        """
        layout = layout_of(fit)
        draws = min(_PRIOR_DRAWS, max(_FEWEST_DRAWS, _MOST_ORGANIZATIONS // fit.n_planned))
        populations = simulated_populations(fit, layout, fit.n_planned, draws)[:, 1:]
        if (u := possible_populations(layout, populations)) is None:
            return None
        with np.errstate(all="ignore"):
            values = self.function(System(layout, u, mean_covariance(fit, layout))).mean(axis=1)
        return xr.DataArray(values[None], dims=(CHAIN, DRAW)) if np.isfinite(values).all() else None


class Interval(NamedTuple):
    """Mean, equal-tailed interval and SD of draws."""

    mean: float
    lower: float
    upper: float
    sd: float

    @property
    def width(self) -> float:
        """Upper less lower end."""
        return self.upper - self.lower


def quantity_of(fit: Fit, quantity: QuantityName, *, standardized: bool = True) -> Quantity:
    """Find a quantity by its name.

    Raises
    ------
    FitError
        If it is not named as it must be, or the model has no such quantity.

    Examples
    --------
    >>> quantity_of(fit, ("total", "satisfaction", "loyalty")).words
    'total effect of satisfaction on loyalty'
    """
    if isinstance(quantity, str):
        return _direct(fit, quantity, standardized=standardized)
    match quantity:
        case ["r_squared", str(outcome)]:
            return _explained(fit, outcome)
        case [("total" | "indirect") as kind, str(cause), str(outcome)]:
            return _effect(fit, kind, cause, outcome, standardized=standardized)
    raise FitError(f"no quantity is called {quantity!r}; name it as {_WORKS}")


def _direct(fit: Fit, written: str, *, standardized: bool) -> Quantity:
    rows = {row.name: row for row in fit.model.paths}
    name = parameter_name(written)
    if name not in rows:
        hint = did_you_mean(name, rows) or "."
        there = ", ".join(rows) or "none"
        raise FitError(f"the model has no path {written!r}{hint} Its paths: {there}. A quantity is named as {_WORKS}")
    return _effect_of(fit, "direct", rows[name].rhs, rows[name].lhs, name, standardized=standardized)


def _effect(fit: Fit, kind: str, cause: str, outcome: str, *, standardized: bool) -> Quantity:
    cause, outcome = cause.strip().strip("`"), outcome.strip().strip("`")
    positions(layout_of(fit), (cause, outcome))
    direct = any((row.lhs, row.rhs) == (outcome, cause) for row in fit.model.paths)
    if cause == outcome or fit.model.count_routes(cause, outcome) <= (direct and kind == "indirect"):
        through = " through another construct" if kind == "indirect" else ""
        raise FitError(f"there is no {kind} effect of {cause!r} on {outcome!r}: no route leads there{through}")
    return _effect_of(fit, kind, cause, outcome, f"{kind} {outcome}~{cause}", standardized=standardized)


def _effect_of(fit: Fit, kind: str, cause: str, outcome: str, name: str, *, standardized: bool) -> Quantity:
    at = positions(layout_of(fit), (cause, outcome))

    def function(system: System) -> NDArray[np.float64]:
        return system.effects_of(kind, standardized=standardized)[..., at[outcome], at[cause]]

    words = f"{kind} effect of {fit.model.in_words(cause)} on {fit.model.in_words(outcome)}"
    return Quantity(name, words, units_of(standardized=standardized), function, standardized)


def _explained(fit: Fit, outcome: str) -> Quantity:
    outcome = outcome.strip().strip("`")
    at = positions(layout_of(fit), (outcome,))
    if outcome not in fit.model.endogenous:
        raise FitError(f"{outcome!r} has no causes in the model. Outcomes: {', '.join(fit.model.endogenous)}")
    words = f"explained variance (R²) of {fit.model.in_words(outcome)}"
    return Quantity(
        f"r_squared {outcome}", words, "share of variance", lambda system: system.explained[..., at[outcome]]
    )


def check_population(fit: Fit) -> None:
    """Refuse a fit whose organizations come from no population: nothing is then known of those to come.

    Raises
    ------
    FitError
    """
    if "new" not in available_targets(fit):
        raise FitError(
            "what organizations that have not reported would show is known only from a population that all come from: "
            "fit with pooling='partial' or 'full', not 'none'"
        )


def whole_number(name: str, value: object, least: int, most: int | None = None) -> int:
    """Return a setting that must be a whole number.

    Raises
    ------
    FitError
        If it is none, or out of range.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):  # type: ignore[operator]
        span = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise FitError(f"{name} must be a whole number {span}, found {value!r}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def interval_of(draws: xr.DataArray, ci_prob: float) -> Interval:
    """Mean, equal-tailed interval and SD of draws (chain, draw)."""
    row = summarize(draws, ci_prob, kind="stats").iloc[0]
    lower, upper = (row[name] for name in row.index if str(name).startswith("eti"))
    return Interval(float(row["mean"]), float(lower), float(upper), float(row["sd"]))


def is_settled(fit: Fit, draws: xr.DataArray) -> bool:
    """Whether a quantity's own draws meet the limits that ``bayescx.fit`` sets to every parameter."""
    return not judge(xr.Dataset({"average": draws}), fit.tree["sample_stats"].to_dataset()).problems
