"""Every number of a report, gathered once: sentences and tables take theirs from here, so they cannot differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands import (
    direct_effects,
    heterogeneity,
    indirect_effects,
    r_squared,
    route_effects,
    summarize,
    total_effects,
)
from bayescx.estimands.contraction import contraction
from bayescx.estimands.levels import Answers as Scale
from bayescx.estimands.levels import checked_answers
from bayescx.estimands.moderation_tables import moderator_table
from bayescx.estimands.population import available_targets, is_informed_by_others
from bayescx.estimands.summary import LEAST_CONTRACTION
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.report.draws import with_fewer_draws
from bayescx.wording import numbers

__all__ = ["MOST_ROUTES", "Answers", "Estimate", "Key", "ends", "estimate_of", "gather", "in_a_column"]

_MANY, _ENOUGH = 12, 1000

MOST_ROUTES = 40
"""Routes from one cause to one outcome that a report lists."""


class Key(NamedTuple):
    """What a number is about: an effect of ``kind`` on ``outcome``, for a target, and there for an organization.

    Kinds are direct, indirect, total (with a cause), r_squared (without) and route (the cause is the whole route).
    """

    kind: str
    target: str
    outcome: str
    cause: str = ""
    organization: str = ""


class Estimate(NamedTuple):
    """Posterior mean and interval, the id of their table cell, and whether they rest mostly on the prior.

    ``beside`` are figures that they stand with in a column of one unit: all are printed with the same decimals.
    """

    mean: float
    lower: float
    upper: float
    id: str
    rests_on_prior: bool = False
    beside: tuple[float, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """Mean, lower and upper bound as they are printed."""
        return numbers(self.mean, self.lower, self.upper, *self.beside)[:3]


def in_a_column[K: Hashable](estimates: dict[K, Estimate]) -> dict[K, Estimate]:
    """The same estimates, to be printed with the same decimals.

    Examples
    --------
    >>> found = in_a_column({"north": Estimate(0.62, 0.5, 0.7, "n"), "south": Estimate(0.0031, 0.0, 0.01, "s")})
    >>> found["south"].figures
    ('0.00', '0.00', '0.01')
    """
    sizes = [abs(value) for one in estimates.values() for value in one[:3] if math.isfinite(value)]
    return {name: one._replace(beside=(max(sizes, default=0.0),)) for name, one in estimates.items()}


@dataclass(frozen=True)
class Answers:
    """What a fit answers.

    Attributes
    ----------
    fit : Fit
    ci_prob : float
        Probability of the intervals.
    targets : tuple of str
        Those that the pooling can answer; "alone" only where organizations inform each other.
    estimates : dict
        Key to Estimate.
    heterogeneity : dict
        (quantity, path) to Estimate; empty where paths are not partially pooled.
    pooling_factor, differs_most : dict
        Path to pooling factor, and to the probability that it differs most between organizations.
    routes : dict
        Name of each route that has estimates to the constructs on it.
    scale : (float, float), optional
        Lowest and highest answer of the questionnaire, if they are known.
    """

    fit: Fit
    ci_prob: float
    targets: tuple[str, ...]
    estimates: dict[Key, Estimate]
    heterogeneity: dict[tuple[str, str], Estimate]
    pooling_factor: dict[str, float]
    differs_most: dict[str, float]
    routes: dict[str, tuple[str, ...]]
    scale: Scale | None = None

    @cached_property
    def quick(self) -> Fit:
        """The fit for what takes long with many causes of one outcome: then with about a thousand draws."""
        most = max((len(self.fit.model.predictors(name)) for name in self.fit.model.endogenous), default=0)
        return with_fewer_draws(self.fit, _ENOUGH) if most > _MANY else self.fit

    def is_fixed(self, kind: str, outcome: str, cause: str) -> bool:
        """Whether the model sets this direct effect."""
        return kind == "direct" and self.fit.model.fixed_path(cause, outcome) is not None

    def effects(self, kind: str) -> list[tuple[str, str]]:
        """(outcome, cause) of each effect of a kind, once, in causal order of outcomes and causes."""
        position = {name: i for i, name in enumerate(self.fit.model.constructs)}
        found = dict.fromkeys((key.outcome, key.cause) for key in self.estimates if key.kind == kind)
        if kind == "route":
            return list(found)
        return sorted(found, key=lambda pair: (position[pair[0]], position.get(pair[1], -1)))

    def resting(self, kind: str) -> list[tuple[str, str]]:
        """(outcome, cause) of effects of a kind whose main figure rests mostly on the prior."""
        keys = {pair: Key(kind, self.main or "", *pair) for pair in self.effects(kind)}
        return [pair for pair, key in keys.items() if key in self.estimates and self.estimates[key].rests_on_prior]

    @property
    def populations(self) -> tuple[str, ...]:
        """Targets that are not about each organization: what most tables have columns for.

        One organization that is all there is says nothing of others: its typical and new ones would be the prior's.
        """
        if self.fit.n_planned == 1:
            return ("average",)
        return tuple(target for target in ("typical", "average", "new") if target in self.targets)

    @property
    def main(self) -> str | None:
        """The target that headlines speak of: the average of those planned, if it can be told."""
        return next((target for target in ("average", "typical") if target in self.populations), None)


def gather(fit: Fit, ci_prob: float = 0.95, answers: Scale | None = None) -> Answers:
    """Ask a fit everything that a report tells.

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1, or ``answers`` are none.
    """
    scale = checked_answers(answers)
    targets = tuple(t for t in available_targets(fit) if t != "alone" or is_informed_by_others(fit))
    estimates: dict[Key, Estimate] = {}
    for kind, target, table in _tables(fit, targets, ci_prob):
        for row in table.to_dict("records"):
            key = _key(kind, target, {str(name): value for name, value in row.items()})
            estimates[key] = estimate_of(row, f"{kind}-{target}-{len(estimates)}")
    varying, factor, most = _heterogeneity(fit, ci_prob)
    routes = {" -> ".join(route): route for pair in _listed(fit) for route in fit.model.routes(*pair)}
    return Answers(fit, ci_prob, targets, estimates, varying, factor, most, routes, scale)


def _tables(fit: Fit, targets: tuple[Any, ...], ci_prob: float) -> Iterator[tuple[str, str, pd.DataFrame]]:
    kinds: dict[str, Callable[..., Any]] = {
        "direct": direct_effects,
        "indirect": indirect_effects,
        "total": total_effects,
        "r_squared": r_squared,
    }
    is_direct_only = _is_direct_only(fit)
    if is_direct_only:  # total effects are the direct ones: nothing to compute
        del kinds["indirect"], kinds["total"]
    for kind, estimand in kinds.items():
        for target in targets:
            if kind == "indirect" and target in (ORGANIZATION, "alone"):
                continue  # shown for populations only
            table = summarize(estimand(fit, target), ci_prob, kind="stats")
            yield kind, target, table
            if kind == "direct" and is_direct_only:
                yield "total", target, _as_totals(table)
    for cause, outcome in _listed(fit):
        for target in (one for one in targets if one not in (ORGANIZATION, "alone")):
            table = summarize(route_effects(fit, cause, outcome, target), ci_prob, kind="stats")
            yield "route", target, table.assign(outcome=outcome)


def _is_direct_only(fit: Fit) -> bool:
    """Whether no route has more than one arrow."""
    outcomes = set(fit.model.endogenous)
    return not fit.model.latents and all(row.rhs not in outcomes for row in fit.model.paths)


def _as_totals(table: pd.DataFrame) -> pd.DataFrame:
    """Direct effects as the total effects that they are, by cause and outcome."""
    ends_of = table["path"].str.partition("~")
    return table.drop(columns="path").assign(outcome=ends_of[0], cause=ends_of[2])


def ends(fit: Fit) -> list[tuple[str, str]]:
    """Where chains of paths begin and end: causes that no path leads to, and outcomes that drive nothing.

    Second-order loadings are measurement, not effects: they neither begin nor end a chain.
    """
    model = fit.model
    causes, outcomes = {row.rhs for row in model.paths}, {row.lhs for row in model.paths}
    first = [name for name in model.constructs if name in causes - outcomes]
    last = [name for name in model.constructs if name in outcomes - causes]
    return [(cause, outcome) for cause in first for outcome in last if model.count_routes(cause, outcome)]


def _listed(fit: Fit) -> list[tuple[str, str]]:
    """Pairs whose routes are listed: more than one, and not too many to read."""
    return [pair for pair in ends(fit) if 1 < fit.model.count_routes(*pair) <= MOST_ROUTES]


def _key(kind: str, target: str, row: dict[str, Any]) -> Key:
    organization = row.get(ORGANIZATION, "")
    if kind == "direct":
        outcome, _, cause = row["path"].partition("~")
        return Key(kind, target, outcome, cause, organization)
    return Key(kind, target, row["outcome"], row.get("route", row.get("cause", "")), organization)


def estimate_of(row: dict[Any, Any], name: str, *, rests_on_prior: bool | None = None) -> Estimate:
    """A row of a summary as an estimate; whether it rests on the prior is what the row says, or what is given."""
    lower, upper = (float(value) for column, value in row.items() if str(column).startswith("eti"))
    rests = row.get("rests_on_prior", False) if rests_on_prior is None else rests_on_prior
    return Estimate(float(row["mean"]), lower, upper, name, bool(rests))


def _heterogeneity(
    fit: Fit, ci_prob: float
) -> tuple[dict[tuple[str, str], Estimate], dict[str, float], dict[str, float]]:
    try:
        array = heterogeneity(fit)
    except FitError:  # not partially pooled, or one organization: nothing varies
        return {}, {}, {}
    rows = summarize(array, ci_prob, kind="stats").to_dict("records")
    resting = _resting(fit)
    varying = {
        (row["quantity"], row["path"]): estimate_of(
            row, f"heterogeneity-{i}", rests_on_prior=resting[row["quantity"], row["path"]]
        )
        for i, row in enumerate(rows)
    }
    factor, most = (
        {str(path): float(value) for path, value in array[name].to_series().items()}
        for name in ("pooling_factor", "differs_most")
    )
    return varying, factor, most


def _resting(fit: Fit) -> dict[tuple[str, str], bool]:
    """Whether each measure of heterogeneity, and the path of a new organization, rests mostly on the prior."""
    layout = layout_of(fit)
    known = contraction(fit)["beta_tau"].to_series()
    of_new = summarize(direct_effects(fit, "new", standardized=False), kind="stats").set_index("path")["rests_on_prior"]
    moderators = moderator_table(fit, standardized=True, kind="stats") if layout.moderators else None
    out: dict[tuple[str, str], bool] = {}
    for entry in layout.paths:
        if entry.component < 0 or entry.name not in of_new:
            continue  # set by the model, or a second-order loading
        component = layout.components[entry.component].name
        if component not in known:
            continue  # the same everywhere
        spread = bool(known[component] < LEAST_CONTRACTION)
        out |= {("beta_tau", entry.name): spread, ("i_squared", entry.name): spread}
        out["prediction", entry.name] = bool(of_new[entry.name])
        if moderators is not None:
            of_path = moderators["path"] == entry.name
            out["total_sd", entry.name] = spread and bool(moderators["rests_on_prior"][of_path].all())
    return out
