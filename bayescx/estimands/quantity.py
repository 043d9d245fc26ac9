"""One number about the average of the N planned, by its name: what is followed through many refits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from bayescx._names import parameter_name
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.effects import direct_effects, indirect_effects, total_effects, units_of
from bayescx.estimands.population import available_targets, layout_of, positions
from bayescx.estimands.summary import summarize
from bayescx.estimands.variance import r_squared
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
_EFFECTS: Mapping[str, Callable[..., xr.DataArray]] = {"total": total_effects, "indirect": indirect_effects}


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
    average : callable
        Fit to the draws (chain, draw) of its average over the N planned.
    """

    name: str
    words: str
    units: str
    average: Callable[[Fit], xr.DataArray]


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
    cause, outcome = (fit.model.in_words(part) for part in (rows[name].rhs, rows[name].lhs))

    def average(one: Fit) -> xr.DataArray:
        draws = direct_effects(one, "average", standardized=standardized)
        return draws.sel(path=name).reset_coords(drop=True)

    return Quantity(name, f"direct effect of {cause} on {outcome}", units_of(standardized=standardized), average)


def _effect(fit: Fit, kind: str, cause: str, outcome: str, *, standardized: bool) -> Quantity:
    cause, outcome = cause.strip().strip("`"), outcome.strip().strip("`")
    positions(layout_of(fit), (cause, outcome))
    direct = any((row.lhs, row.rhs) == (outcome, cause) for row in fit.model.paths)
    if cause == outcome or fit.model.count_routes(cause, outcome) <= (direct and kind == "indirect"):
        through = " through another construct" if kind == "indirect" else ""
        raise FitError(f"there is no {kind} effect of {cause!r} on {outcome!r}: no route leads there{through}")

    def average(one: Fit) -> xr.DataArray:
        draws = _EFFECTS[kind](one, "average", standardized=standardized)
        return draws.sel(cause=cause, outcome=outcome).reset_coords(drop=True)

    words = f"{kind} effect of {fit.model.in_words(cause)} on {fit.model.in_words(outcome)}"
    return Quantity(f"{kind} {outcome}~{cause}", words, units_of(standardized=standardized), average)


def _explained(fit: Fit, outcome: str) -> Quantity:
    outcome = outcome.strip().strip("`")
    if outcome not in fit.model.endogenous:
        positions(layout_of(fit), (outcome,))
        raise FitError(f"{outcome!r} has no causes in the model. Outcomes: {', '.join(fit.model.endogenous)}")

    def average(one: Fit) -> xr.DataArray:
        return r_squared(one, "average").sel(outcome=outcome).reset_coords(drop=True)

    words = f"explained variance (R²) of {fit.model.in_words(outcome)}"
    return Quantity(f"r_squared {outcome}", words, "share of variance", average)


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
