"""Every number that is told of choices, gathered once: for reports and for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.choices import (
    ChoiceFit,
    choice_asymmetry,
    choice_probabilities,
    choice_slopes,
    choice_thresholds,
)
from bayescx.choices.fitted import CUT, FIXED_TERM, TERM
from bayescx.choices.population import CATEGORY, ChoiceTarget
from bayescx.coding import Hinge
from bayescx.estimands import summarize
from bayescx.estimands.summary import LEAST_CONTRACTION

__all__ = ["EVERY", "choices_table", "hinged", "populations_of", "spreads_of", "thinned"]

EVERY: tuple[ChoiceTarget, ...] = ("organization", "typical", "average", "new")
_POPULATIONS: tuple[ChoiceTarget, ...] = ("typical", "average", "new")

_PRIOR_DRAWS = 400
_SEED = 5  # of draws from the prior, which say how much the answers added
_FARTHEST = 745.0  # the logarithm of a probability that is no longer told from 0, and of a ratio to one
_CENTRES = (("threshold", "cut_mu", CUT), ("slope", "beta_mu", TERM), ("slope", "beta_fixed", FIXED_TERM))
_MANY_CELLS, _ENOUGH = 4_000_000, 400


def populations_of(fit: ChoiceFit) -> tuple[ChoiceTarget, ...]:
    """Targets that are not about each organization; one that is all there is says nothing of others."""
    return _POPULATIONS if fit.n_planned > 1 else ("average",)


def hinged(fit: ChoiceFit) -> list[str]:
    """Variables that the model has below and above a knot."""
    hinges = [how for how in fit.counts.equation.coded.values() if isinstance(how, Hinge)]
    sides = {
        name: {how.side for how in hinges if how.column == name} for name in dict.fromkeys(h.column for h in hinges)
    }
    return [name for name, found in sides.items() if len(found) == 2]


def thinned(fit: ChoiceFit) -> ChoiceFit:
    """The same fit with fewer draws, evenly spaced, where patterns are many; itself where they are not."""
    sizes = fit.posterior.sizes
    step = sizes[CHAIN] * sizes[DRAW] // max(_ENOUGH, _MANY_CELLS // len(fit.counts.x))
    if step < 2:
        return fit
    kept = {DRAW: slice(None, None, step)}
    return replace(fit, posterior=fit.posterior.isel(kept), sample_stats=fit.sample_stats.isel(kept))


def choices_table(
    fit: ChoiceFit,
    targets: Sequence[ChoiceTarget] = EVERY,
    ci_prob: float = 0.95,
    *,
    kind: Literal["all", "stats"] = "all",
) -> pd.DataFrame:
    """Summarize everything that a fit of choices tells, one row per number.

    Returns
    -------
    pandas.DataFrame
        Columns ``quantity``: "share" (mean probability of a category), "ratio" (of the first category's to the last's),
        "slope" (in SDs of the latent answer per unit of a term), "slope_difference" (below less above a knot),
        "larger_below" (whether the slope below is the larger in size: its mean is the probability of that) or
        "threshold"; ``name``, of the category, the term, the variable or the threshold; ``target``; ``organization``
        (empty but for the target of that name); those of `summarize`; ``median``, which is what to tell of a ratio,
        whose mean hangs on draws with next to nobody in the last category; and ``rests_on_prior``: the answers cut the
        variance under the priors (of a ratio, that of its logarithm) by less than half. Of the target "new" that is
        said where it holds of a centre or an SD of the populations that it is drawn from.

    Raises
    ------
    FitError
        If a target is unknown, or ``ci_prob`` is not between 0 and 1.
    """
    resting = _Resting(fit)
    parts = []
    for target in targets:
        for quantity, draws in _quantities(fit, target).items():
            with np.errstate(invalid="ignore"):  # a ratio to a share of 0 has no SD
                found = summarize(draws, ci_prob, kind=kind)
            names = found.pop("name")
            whose = found.pop(ORGANIZATION) if ORGANIZATION in found else ""
            about: dict[str, Any] = {"quantity": quantity, "name": names, "target": target, ORGANIZATION: whose}
            about |= {**found, "median": draws.median((CHAIN, DRAW)).values.ravel()}
            parts.append(pd.DataFrame({**about, "rests_on_prior": resting.of(quantity, target, draws)}))
    table = pd.concat(parts, ignore_index=True)
    order = {name: place for place, name in enumerate(dict.fromkeys(table["quantity"]))}
    return table.sort_values("quantity", key=lambda one: one.map(order), kind="stable").reset_index(drop=True)


def _quantities(fit: ChoiceFit, target: ChoiceTarget) -> dict[str, xr.DataArray]:
    """Draws of all quantities with dims chain, draw[, organization], name."""
    first, last = fit.categories[0], fit.categories[-1]
    shares = choice_probabilities(fit, target=target).rename({CATEGORY: "name"})
    with np.errstate(divide="ignore", invalid="ignore"):  # as choice_ratio, which would ask all respondents again
        ratio = shares.sel(name=first, drop=True) / shares.sel(name=last, drop=True)
    found = {
        "share": shares,
        "ratio": ratio.expand_dims(name=[f"{first} / {last}"], axis=-1),
        "slope": choice_slopes(fit, target).rename({TERM: "name"}),
    }
    if variables := hinged(fit):
        sides = [choice_asymmetry(fit, name, target) for name in variables]
        for quantity, part in (("slope_difference", "difference"), ("larger_below", "larger_below")):
            found[quantity] = xr.concat([one[part] for one in sides], dim=pd.Index(variables, name="name")).transpose(
                ..., "name"
            )
    found["threshold"] = choice_thresholds(fit, target).rename({CUT: "name"})
    return found


# ------------------------------------------------------------------------------------------ what is open


def spreads_of(fit: ChoiceFit, ci_prob: float = 0.95) -> pd.DataFrame:
    """SDs between organizations: of the first threshold, of the logs of the increments, and of pooled slopes.

    Returns
    -------
    pandas.DataFrame
        Columns ``quantity`` ("threshold" or "slope"), ``name``, those of `summarize` for draws, and
        ``rests_on_prior``. Slopes are per SD of their variable within organizations.
    """
    parts = []
    for quantity, variable, dim in (("threshold", "cut_tau", CUT), ("slope", "beta_tau", TERM)):
        if variable not in fit.posterior:
            continue
        table = summarize(fit.posterior[variable], ci_prob, kind="stats").rename(columns={dim: "name"})
        table.insert(0, "quantity", quantity)
        sds = [fit.priors.slope_sd] * len(table)
        if quantity == "threshold":
            sds = [fit.priors.threshold_sd] + [fit.priors.increment_sd] * (len(table) - 1)
        before = np.array([float(prior.distribution().var()) for prior in sds])
        with np.errstate(invalid="ignore"):
            table["rests_on_prior"] = 1.0 - table["sd"].to_numpy() ** 2 / before < LEAST_CONTRACTION
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


class _Resting:
    """How much the answers added to the priors, of every quantity and target."""

    def __init__(self, fit: ChoiceFit) -> None:
        self.fit, self.before = fit, _before_answers(fit)
        self._known: dict[str, dict[str, xr.DataArray]] = {}

    def of(self, quantity: str, target: ChoiceTarget, draws: xr.DataArray) -> Any:
        """Whether each number rests mostly on the prior, in the order of the table's rows."""
        if quantity == "larger_below":
            return np.zeros(draws[0, 0].size, dtype=bool)
        if target == "new":
            return np.array([self._is_population_open(quantity, str(name)) for name in draws["name"].values])
        if target not in self._known:
            self._known[target] = _quantities(self.before, target)
        before, after = self._known[target][quantity].values, draws.values
        with np.errstate(divide="ignore", invalid="ignore"):
            if quantity == "ratio":
                before, after = (
                    np.nan_to_num(np.log(one), posinf=_FARTHEST, neginf=-_FARTHEST) for one in (before, after)
                )
            found = 1.0 - after.var(axis=(0, 1)) / before.var(axis=(0, 1)) < LEAST_CONTRACTION
        return np.asarray(found).ravel()

    @cached_property
    def _open(self) -> set[tuple[str, str]]:
        """Thresholds and terms of whose populations a centre or an SD is mostly what the prior says."""
        table = spreads_of(self.fit)
        there = table.loc[table["rests_on_prior"], ["quantity", "name"]]
        found = set(there.itertuples(index=False, name=None))
        for quantity, variable, dim in _CENTRES:
            if variable in self.fit.posterior:
                before, after = (one.posterior[variable].var((CHAIN, DRAW)) for one in (self.before, self.fit))
                names = after[dim].values[(1.0 - after / before < LEAST_CONTRACTION).values]
                found |= {(quantity, str(name)) for name in names}
        return found

    def _is_population_open(self, quantity: str, name: str) -> bool:
        if quantity == "slope":
            return ("slope", name) in self._open
        if quantity == "slope_difference":
            coded = self.fit.counts.equation.coded
            sides = [one for one, how in coded.items() if isinstance(how, Hinge) and how.column == name]
            return any(("slope", one) in self._open for one in sides)
        return any(kind == "threshold" for kind, _ in self._open)


def _before_answers(fit: ChoiceFit) -> ChoiceFit:
    """A fit of the same respondents whose draws are those of the priors."""
    counts, priors = fit.counts, fit.priors
    rng = np.random.default_rng([fit.seed, _SEED])
    n_org, n_cut = len(counts.organizations), len(counts.categories) - 1
    slopes = dict(zip(counts.terms, priors.slopes(counts.terms), strict=True))
    pooled = [name for name, own in zip(counts.terms, counts.equation.pooled, strict=True) if own]
    common = [name for name in counts.terms if name not in pooled]
    centres = {"cut": [priors.threshold] + [priors.increment] * (n_cut - 1), "beta": [slopes[one] for one in pooled]}
    sds = {
        "cut": [priors.threshold_sd] + [priors.increment_sd] * (n_cut - 1),
        "beta": [priors.slope_sd] * len(pooled),
    }
    over, each = (CHAIN, DRAW), (CHAIN, DRAW, ORGANIZATION)
    variables: dict[str, Any] = {}
    for name, dim in (("cut", CUT), ("beta", TERM)):
        if not centres[name]:
            continue
        mu, tau = (
            np.stack([prior.sample(rng, (1, _PRIOR_DRAWS)) for prior in own], axis=-1)
            for own in (centres[name], sds[name])
        )
        z = rng.standard_normal((1, _PRIOR_DRAWS, n_org, len(centres[name])))
        variables[f"{name}_mu"], variables[f"{name}_tau"] = ((*over, dim), mu), ((*over, dim), tau)
        variables[name] = ((*each, dim), mu[:, :, None] + tau[:, :, None] * z)
    if common:
        drawn = [slopes[name].sample(rng, (1, _PRIOR_DRAWS)) for name in common]
        variables["beta_fixed"] = ((*over, FIXED_TERM), np.stack(drawn, axis=-1))
    coords = {CHAIN: [0], DRAW: np.arange(_PRIOR_DRAWS)}
    return replace(fit, posterior=xr.Dataset(variables, coords=coords), sample_stats=xr.Dataset())
