"""The numbers of a forest plot: an effect by its name, for every target that the fit can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd
import xarray as xr

from bayescx._names import ORGANIZATION, parameter_name
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands import direct_effects, indirect_effects, route_effects, summarize, total_effects
from bayescx.estimands.population import Target, available_targets, is_informed_by_others
from bayescx.fitted import Fit
from bayescx.wording import target_words

__all__ = ["POPULATION", "Effect", "Kind", "forest_table", "named_effect"]

Kind = Literal["direct", "total", "indirect", "route"]
POPULATION: tuple[Target, ...] = ("typical", "average", "new")

_ORDER: tuple[Target, ...] = ("organization", "alone", *POPULATION)
_ARROW = " -> "
_MOST_LISTED = 12


@dataclass(frozen=True)
class Effect:
    """An effect that a fit can answer: the constructs on its way, and its draws (chain, draw[, organization])."""

    chain: tuple[str, ...]
    draws: Callable[[Target], xr.DataArray]


def named_effect(fit: Fit, name: str, kind: str, *, standardized: bool) -> Effect:
    """Find an effect by its name.

    Raises
    ------
    FitError
        If the kind is unknown or the model has no such effect.
    """
    kinds = get_args(Kind)
    if kind not in kinds:
        raise FitError(f"unknown kind {kind!r}{did_you_mean(str(kind), kinds) or '.'} Kinds: {', '.join(kinds)}")
    if not isinstance(name, str):
        raise FitError(f"an effect is named by text such as 'loyalty~trust', found {name!r}")
    find = _route if kind == "route" else _between
    return find(fit, name, kind, standardized)


def _between(fit: Fit, name: str, kind: str, standardized: bool) -> Effect:
    """A direct, total or indirect effect, ``outcome~cause``."""
    function = {"direct": direct_effects, "total": total_effects, "indirect": indirect_effects}[kind]
    reported = function(fit, "organization", standardized=standardized)
    if kind == "direct":
        there = {str(path): {"path": str(path)} for path in reported["path"].values}
    else:
        pairs = reported["has_route"].to_series()
        there = {f"{outcome}~{cause}": {"cause": cause, "outcome": outcome} for cause, outcome in pairs.index[pairs]}
    known = parameter_name(name)
    if known not in there:
        raise _missing(f"{kind} effect", name, there)

    def draws(target: Target) -> xr.DataArray:
        array = reported if target == "organization" else function(fit, target, standardized=standardized)
        return array.sel(there[known]).reset_coords(drop=True)

    outcome, cause = known.split("~")
    return Effect((cause, outcome), draws)


def _route(fit: Fit, name: str, kind: str, standardized: bool) -> Effect:
    """The effect along one route, ``a -> b -> c``."""
    route = tuple(stop.strip().strip("`") for stop in name.split(_ARROW.strip()))
    known = set(route) <= set(fit.model.constructs)
    there = fit.model.routes(route[0], route[-1]) if known and route[0] != route[-1] else ()
    if route not in there:
        raise _missing(kind, name, map(_ARROW.join, there or [(row.rhs, row.lhs) for row in fit.model.paths]))

    def draws(target: Target) -> xr.DataArray:
        array = route_effects(fit, route[0], route[-1], target, standardized=standardized)
        return array.sel(route=_ARROW.join(route)).reset_coords(drop=True)

    return Effect(route, draws)


def _missing(what: str, name: str, there: Iterable[str]) -> FitError:
    available = list(there)
    hint = did_you_mean(name, available) or "."
    return FitError(f"the model has no {what} {name!r}{hint} {_listed(available)}")


def _listed(available: Sequence[str]) -> str:
    if not available:
        return "There is none."
    more = f" and {len(available) - _MOST_LISTED} more" if len(available) > _MOST_LISTED else ""
    return f"There are: {', '.join(available[:_MOST_LISTED])}{more}"


def forest_table(fit: Fit, effect: Effect, ci_prob: float) -> pd.DataFrame:
    """One row per mark: organizations together with the others, each alone, then the population."""
    targets = set(available_targets(fit))
    if not is_informed_by_others(fit):
        targets.discard("alone")  # it would say the same a second time
    parts = [_rows(fit, effect, target, ci_prob) for target in _ORDER if target in targets]
    return pd.concat(parts, ignore_index=True)


def _rows(fit: Fit, effect: Effect, target: Target, ci_prob: float) -> pd.DataFrame:
    draws = effect.draws(target)
    outer, inner = (summarize(draws, probability, kind="stats") for probability in (ci_prob, 0.5))
    lower, upper = (column for column in outer if str(column).startswith("eti"))
    organizations = [str(name) for name in outer[ORGANIZATION]] if ORGANIZATION in outer else [""]
    n_obs = dict(zip(fit.organizations, fit.evidence.n_obs.tolist(), strict=True))
    return pd.DataFrame(
        {
            "target": target,
            "organization": organizations,
            "label": [target_words(fit, target)] if target in POPULATION else organizations,
            "n_obs": pd.array([n_obs.get(name) for name in organizations], dtype="Int64"),
            "mean": outer["mean"],
            "sd": outer["sd"],
            "lower": outer[lower],
            "upper": outer[upper],
            "lower50": inner["eti50_lb"],
            "upper50": inner["eti50_ub"],
        }
    )
