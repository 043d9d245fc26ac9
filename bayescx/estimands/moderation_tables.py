"""What attributes of organizations do to paths, as tables: in steps that can be read, and beside the prior."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, MODERATION, MODERATOR, PATH
from bayescx.coding import Category
from bayescx.estimands.moderation import explained_heterogeneity, moderator_effects
from bayescx.estimands.summary import LEAST_CONTRACTION, Kind, summarize
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.model.component_priors import component_priors, moderator_priors

__all__ = ["explained_table", "moderator_table", "readable_step"]

Floats = NDArray[np.float64]

_SEED, _DRAWS = 21, 20_000  # of the priors' draws: the same for every fit


def moderator_table(fit: Fit, ci_prob: float = 0.95, *, standardized: bool = False, kind: Kind = "all") -> pd.DataFrame:
    """Summarize how paths differ between organizations whose attribute differs by a step that can be read.

    Parameters
    ----------
    fit : Fit
        Of a model with moderators.
    ci_prob : float
        Probability of the equal-tailed interval.
    standardized : bool
        False: the path in the data's units, per step of a number (1, 2 or 5 times a power of ten, or from one to the
        other of two values). True: the path in SDs of the outcome per SD of the cause, both of the typical
        organization, per SD of a number over organizations. Of a category, against its reference level either way.
    kind : {"all", "stats"}
        "stats" leaves the diagnostics out.

    Returns
    -------
    pandas.DataFrame
        One row per moderator: moderator, path, attribute (its column), level and reference (empty for a number), per
        (the step, in the attribute's units; 1 for a level), columns as those of ``summarize``, ``higher`` (the
        probability that the path is higher), ``contraction`` (1 - variance / variance under the prior) and
        ``rests_on_prior`` (it is below 0.5).

    Raises
    ------
    FitError
        As ``moderator_effects``, if nobody shared the data's units that are asked for, or if ``ci_prob`` is not
        between 0 and 1.

    Examples
    --------
    >>> import bayescx as bcx
    >>> rows = bcx.simulate(bcx.parse_model("loyalty ~ effort"), organizations=6, n_obs=200, random_seed=1).rows
    >>> rows["employees"] = 1000 + 250 * rows.groupby("organization").ngroup()
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> model = bcx.parse_model("loyalty ~ pool(effort, employees)")
    >>> moderated = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    >>> moderator_table(moderated)[["path", "attribute", "per"]].values.tolist()
    [['loyalty~effort', 'employees', 500.0]]
    """
    draws = moderator_effects(fit, standardized=standardized)
    layout, known = layout_of(fit), fit.evidence.attributes
    used = [known.moderators[one.column] for one in layout.moderators]
    scale = known.scale[[one.column for one in layout.moderators]]
    columns = [known.values[:, one.column] for one in layout.moderators]
    step = scale if standardized else list(map(readable_step, columns, scale))
    per = np.where([isinstance(one, Category) for one in used], 1.0, step)
    told = draws if standardized else (draws * per).assign_attrs(draws.attrs)
    table = summarize(told.reset_coords(drop=True), ci_prob, kind=kind)
    before = np.array([prior.distribution().var() for prior in moderator_priors(layout, fit.priors)], dtype=float)
    names = [one.name for one in layout.moderators]
    after = fit.posterior[MODERATION].sel({MODERATOR: names}).var((CHAIN, DRAW), ddof=1).values
    contraction = 1.0 - after / np.where(np.isfinite(before), before, np.nan)
    labels = {
        "path": draws[PATH].values,
        "attribute": [one.column for one in used],
        "level": [one.level if isinstance(one, Category) else "" for one in used],
        "reference": [one.reference if isinstance(one, Category) else "" for one in used],
        "per": per,
    }
    labelled = pd.concat([table[[MODERATOR]], pd.DataFrame(labels), table.drop(columns=MODERATOR)], axis=1)
    return labelled.assign(
        higher=(draws > 0).mean((CHAIN, DRAW)).values,
        contraction=contraction,
        rests_on_prior=contraction < LEAST_CONTRACTION,
    )


def readable_step(values: Floats, sd: float) -> float:
    """What "more" of an attribute is: 1, 2 or 5 times the power of ten that is nearest to its SD.

    Where it has two values, such as 0 and 1, there is no step between them, and it is their difference.

    Examples
    --------
    >>> [readable_step(np.arange(5.0), sd) for sd in (1707.0, 0.23, 4.0, 0.09)]
    [2000.0, 0.2, 5.0, 0.1]
    >>> readable_step(np.array([1.0, 0.0, 0.0]), 0.47)
    1.0
    """
    different = np.unique(values)
    if len(different) == 2:
        return float(f"{different[1] - different[0]:.12g}")
    power = math.floor(math.log10(sd))
    steps = [float(f"{digit}e{power}") for digit in (1, 2, 5, 10)]
    return min(steps, key=lambda step: abs(math.log(step / sd)))


def explained_table(fit: Fit, ci_prob: float = 0.95, *, kind: Kind = "all") -> pd.DataFrame:
    """Summarize which share of the variance of paths between organizations attributes explain, beside its prior.

    A share is never below 0, so it is to be compared with what the priors give for organizations with these attributes.

    Returns
    -------
    pandas.DataFrame
        One row per path that depends on attributes: columns as those of ``summarize``, then prior_mean, prior_lower and
        prior_upper (with the same probability).

    Raises
    ------
    FitError
        As ``explained_heterogeneity``, or if ``ci_prob`` is not between 0 and 1.

    Examples
    --------
    >>> import bayescx as bcx
    >>> rows = bcx.simulate(bcx.parse_model("loyalty ~ effort"), organizations=6, n_obs=200, random_seed=1).rows
    >>> rows["employees"] = 1000 + 250 * rows.groupby("organization").ngroup()
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> model = bcx.parse_model("loyalty ~ pool(effort, employees)")
    >>> moderated = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    >>> table = explained_table(moderated, kind="stats")
    >>> table.columns.tolist()[-3:], bool((table["prior_lower"] < table["prior_mean"]).all())
    (['prior_mean', 'prior_lower', 'prior_upper'], True)
    """
    table = summarize(explained_heterogeneity(fit), ci_prob, kind=kind)
    before = _prior_shares(fit)
    tail = (1 - ci_prob) / 2
    bounds = [np.quantile(before[path], [tail, 1 - tail]) for path in table[PATH]]
    return table.assign(
        prior_mean=[before[path].mean() for path in table[PATH]],
        prior_lower=[lower for lower, _ in bounds],
        prior_upper=[upper for _, upper in bounds],
    )


def _prior_shares(fit: Fit) -> dict[str, Floats]:
    """Draws of each path's share from the priors, for organizations with the attributes that they have."""
    layout, rng = layout_of(fit), np.random.default_rng(_SEED)
    z = fit.evidence.attributes.z()
    shift: dict[int, Floats] = {}
    for one, prior in zip(layout.moderators, moderator_priors(layout, fit.priors), strict=True):
        added = prior.sample(rng, (_DRAWS, 1)) * z[:, one.column]
        shift[one.component] = shift.get(one.component, 0.0) + added
    spreads = [sd for _, sd in component_priors(layout, fit.priors)]
    out = {}
    for component, moved in shift.items():
        sd = spreads[component]
        left = np.zeros(_DRAWS) if sd is None else sd.sample(rng, (_DRAWS,))
        explained = moved.var(axis=1)
        out[layout.components[component].name] = explained / (explained + left**2)
    return out
