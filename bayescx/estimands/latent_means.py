"""Who is higher on a construct: means of constructs between organizations, their ranks, and whether they compare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands.mean_draws import INTERCEPT_SD, MeanDraws, mean_draws
from bayescx.estimands.population import positions, variables_without_unit
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.priors import Prior

__all__ = [
    "COMPARABLE", "CONSTRUCT", "DIFFER", "MOST_NOISE", "RANK", "comparable_means", "latent_means", "named_construct",
    "rank_organizations", "spread_of_means",
]  # fmt: skip

Floats = NDArray[np.float64]

CONSTRUCT, RANK, COMPARABLE, DIFFER = "construct", "rank", "comparable", "differ"
MOST_NOISE = 0.5
"""Means whose differences intercepts could make up to this share (of an SD between organizations) are comparable."""


def latent_means(
    fit: Fit,
    *,
    standardized: bool = True,
    pooled: bool = False,
    draws: int = 1000,
    intercept_sd: Prior = INTERCEPT_SD,
    random_seed: int | None = None,
) -> xr.DataArray:
    """Means of constructs: each organization's less the average of the organizations.

    Loadings and covariances are learned from covariances only; this second step asks what the means say, draw by draw
    of the posterior, and tells the first step nothing: a cut posterior (Plummer 2015, Statistics and Computing 25), as
    "structural after measurement" does it (Rosseel & Loh 2024, Psychological Methods). Organizations differ in the
    intercepts of items, not only in what the items measure: an item's intercept in an organization deviates from that
    item's intercept elsewhere, Normal(0, tau), with an SD tau learned for each item. Latent means are then as
    comparable as intercepts are alike, and their intervals are wider where they are not. They sum to 0 over
    organizations and are otherwise free; where loadings differ, intercepts are compared at that average. A construct
    that is one variable has the mean of the variable: no data tell a deviation of its intercept from a difference in
    the construct, so none is assumed.

    Parameters
    ----------
    fit : Fit
    standardized : bool
        In SDs of the construct: of its customers within organizations, by the model, pooled over the organizations
        compared with respondents less 1 as weights, one SD for all. Else in the construct's own units; of a factor
        scaled by its average loading, points of the answer scale that its items share.
    pooled : bool
        Draw means together as far as organizations are alike: means of a construct come from a population whose SD is
        learned, HalfCauchy(0.25) in SDs of the construct, see ``bayescx.estimands.mean_spread``. What compares
        organizations with the highest of them needs this, or it takes sampling errors for differences.
    draws : int
        About so many draws of the posterior are used, evenly spaced.
    intercept_sd : Prior
        Of each tau, in SDs of the item (on the common scale of the fit).
    random_seed : int, optional
        By default that of the fit.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, organization, construct; only organizations that shared means, nan for a construct that one
        of them lacks. Coordinates along construct: ``items`` (how many); ``intercept_noise``, the SD that deviations
        of intercepts add to a mean relative to the SD of the means between organizations (nan for one variable);
        ``comparable``, whether this is at most 0.5; ``differ``, the probability that the SD of the (pooled) means of
        these organizations is above a tenth of the construct's SD. The attribute ``comparability`` says in a sentence
        which compare, ``left_out`` names organizations that shared no means and constructs without items, with reasons;
        columns coded from others are never there.

    Raises
    ------
    FitError
        If fewer than two organizations shared means of a construct, a setting is none, or nobody shared units.
    PriorError
        If ``intercept_sd`` is not a prior of an SD.

    Notes
    -----
    Where answers are missing, an organization's means are the maximum-likelihood ones; their sampling error is that of
    the respondents who answered, which is a little too much.

    The prior lets one item of a factor be nearly free of deviations, and then that item counts most. Over studies whose
    tau follow the prior, 90 % intervals hold 90 % of the true means; where all items of a factor deviate alike and far
    more than the prior expects (tau of 0.25), they held 74 to 77 %: give a wider ``intercept_sd`` if you expect that.

    Examples
    --------
    >>> means = latent_means(fit)
    >>> means.dims, means["construct"].values.tolist()
    (('chain', 'draw', 'organization', 'construct'), ['satisfaction', 'trust', 'loyalty'])
    >>> bool(abs(means.sum("organization")).max() < 1e-9)
    True
    """
    found = mean_draws(fit, draws, intercept_sd, random_seed)
    values = found.together if pooled else found.mean
    if standardized:
        values = values / found.sd[:, None]
        units = "SD of the construct within organizations, pooled"
    else:
        _check_units(fit)
        values = values * found.plan.layout.unit[list(found.plan.constructs)]
        units = "units of the construct"
    attrs = {
        "long_name": f"{'pooled ' if pooled else ''}mean less the average of the organizations",
        "units": units,
        "estimand": "latent_mean",
        "comparability": _sentence(found),
        "left_out": _left_out(found),
    }
    coords: dict[str, Any] = {
        CHAIN: list(found.chain),
        DRAW: list(found.draw),
        ORGANIZATION: found.organizations,
        CONSTRUCT: found.constructs,
        "items": (CONSTRUCT, _items(found)),
        "intercept_noise": (CONSTRUCT, found.intercept_noise),
        COMPARABLE: (CONSTRUCT, _comparable(found)),
        DIFFER: (CONSTRUCT, found.differ),
    }
    dims = (CHAIN, DRAW, ORGANIZATION, CONSTRUCT)
    return xr.DataArray(found.by_chain(values), dims=dims, coords=coords, name="latent_mean", attrs=attrs)


def rank_organizations(
    fit: Fit,
    construct: str,
    *,
    draws: int = 1000,
    intercept_sd: Prior = INTERCEPT_SD,
    random_seed: int | None = None,
) -> xr.DataArray:
    """Probability that an organization has each rank on a construct; rank 1 is the highest mean.

    Ranked are pooled means, see ``latent_means``: of organizations that are alike none is likely the highest.
    Parameters are those of ``latent_means``, and a construct.

    Returns
    -------
    xarray.DataArray
        Dims organization, rank; over ranks and over organizations probabilities add up to 1. Organizations that shared
        no mean of the construct are not there. Scalar coordinates ``intercept_noise``, ``comparable`` and ``differ``
        as of ``latent_means``.

    Raises
    ------
    FitError
        If the construct is unknown or has no mean, and as ``latent_means`` does.

    Examples
    --------
    >>> ranks = rank_organizations(fit, "trust")
    >>> ranks.dims, bool(abs(ranks.sum("organization") - 1).max() < 1e-9)
    (('organization', 'rank'), True)
    """
    means = latent_means(fit, pooled=True, draws=draws, intercept_sd=intercept_sd, random_seed=random_seed)
    one = means.sel({CONSTRUCT: named_construct(fit, means, construct)}).dropna(ORGANIZATION)
    values = one.values.reshape(-1, one.sizes[ORGANIZATION])
    rank = (-values).argsort(axis=1).argsort(axis=1)
    count = values.shape[1]
    probability = (rank[:, :, None] == np.arange(count)).mean(axis=0)
    coords = {
        ORGANIZATION: one[ORGANIZATION].values,
        RANK: np.arange(1, count + 1),
        **{name: one[name].values for name in ("intercept_noise", COMPARABLE, DIFFER)},
    }
    attrs = {
        "long_name": f"probability of the rank of an organization's mean of {construct}",
        "units": "probability",
        "estimand": "organization_rank",
        "construct": construct,
    }
    return xr.DataArray(probability, dims=(ORGANIZATION, RANK), coords=coords, name="organization_rank", attrs=attrs)


def spread_of_means(
    fit: Fit, *, draws: int = 1000, intercept_sd: Prior = INTERCEPT_SD, random_seed: int | None = None
) -> xr.DataArray:
    """How much organizations differ: the SD of their means, in SDs of each construct within organizations.

    Parameters and errors are those of ``latent_means``. It is the SD (divisor: organizations less 1) of the pooled
    means of these organizations, not that of a population that they may come from.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, construct; coordinate ``differ`` as of ``latent_means``.

    Examples
    --------
    >>> spread = spread_of_means(fit)
    >>> spread.dims, bool((spread >= 0).all())
    (('chain', 'draw', 'construct'), True)
    """
    found = mean_draws(fit, draws, intercept_sd, random_seed)
    return xr.DataArray(
        found.by_chain(found.spread),
        dims=(CHAIN, DRAW, CONSTRUCT),
        coords={
            CHAIN: list(found.chain),
            DRAW: list(found.draw),
            CONSTRUCT: found.constructs,
            DIFFER: (CONSTRUCT, found.differ),
        },
        name="spread_of_means",
        attrs={
            "long_name": "SD of means between organizations",
            "units": "SD of the construct within organizations, pooled",
            "estimand": "spread_of_means",
        },
    )


def comparable_means(
    fit: Fit, *, draws: int = 1000, intercept_sd: Prior = INTERCEPT_SD, random_seed: int | None = None
) -> pd.DataFrame:
    """Say of each construct whether organizations can be compared on it.

    Parameters and errors are those of ``latent_means``.

    Returns
    -------
    pandas.DataFrame
        Columns construct, items, organizations (how many are compared), sd_between (SD of their means, in SDs of the
        construct: the posterior mean of ``spread_of_means``), differ (probability that it is above 0.1), added_sd (SD
        that deviations of intercepts add to a mean, in the same unit), intercept_noise (their ratio), comparable
        (whether it is at most 0.5) and verdict, a sentence. nan where one variable stands for the construct.

    Examples
    --------
    >>> comparable_means(fit)["verdict"][0]
    'one variable: that it means the same everywhere is taken for granted'
    """
    found = mean_draws(fit, draws, intercept_sd, random_seed)
    return pd.DataFrame(
        {
            CONSTRUCT: found.constructs,
            "items": _items(found),
            "organizations": found.plan.takes_part.sum(axis=0),
            "sd_between": found.spread.mean(axis=0),
            DIFFER: found.differ,
            "added_sd": found.added_sd,
            "intercept_noise": found.intercept_noise,
            COMPARABLE: _comparable(found),
            "verdict": [_verdict(float(noise)) for noise in found.intercept_noise],
        }
    )


def named_construct(fit: Fit, means: xr.DataArray, construct: str) -> str:
    """Check that a construct is one of those compared.

    Raises
    ------
    FitError
        If it is unknown, or has no mean.
    """
    if not isinstance(construct, str):
        raise FitError(f"a construct is named by text such as 'trust', found {construct!r}")
    there = means[CONSTRUCT].values.tolist()
    if construct not in there:
        positions(layout_of(fit), [construct])
        if construct in fit.model.coded:
            raise FitError(
                f"organizations cannot be compared on {construct!r}: it is coded from another variable. Constructs "
                f"that can be compared: {', '.join(there)}"
            )
        raise FitError(
            f"organizations cannot be compared on {construct!r}. Left out are {means.attrs['left_out']}. Constructs "
            f"that can be compared: {', '.join(there)}"
        )
    return construct


def _check_units(fit: Fit) -> None:
    if lacking := variables_without_unit(fit):
        raise FitError(
            f"means in the data's units cannot be told, because nobody shared the units of {', '.join(lacking)}; means "
            "in standard deviations can: standardized=True"
        )


def _items(found: MeanDraws) -> list[int]:
    """How many variables measure each construct."""
    plan = found.plan
    return [int(plan.belongs[:, i].sum()) for i in range(len(plan.constructs))]


def _comparable(found: MeanDraws) -> list[bool]:
    return [not noise > MOST_NOISE for noise in found.intercept_noise]


def _verdict(noise: float) -> str:
    if np.isnan(noise):
        return "one variable: that it means the same everywhere is taken for granted"
    could = f"intercepts of items could make up {_percent(noise)} of the SD between organizations"
    return f"{'not comparable' if noise > MOST_NOISE else 'comparable'}: {could}"


def _percent(noise: float) -> str:
    return f"{100 * noise:.0f} %" if noise < 1 else "all"


def _sentence(found: MeanDraws) -> str:
    """Which constructs organizations cannot be compared on, or that there is none."""
    noise = dict(zip(found.constructs, found.intercept_noise.tolist(), strict=True))
    apart = [f"{name} ({_percent(one)})" for name, one in noise.items() if one > MOST_NOISE]
    if apart:
        return (
            f"Organizations should not be compared on {', '.join(apart)}: this much of the SD between organizations "
            "could come from intercepts of items that differ"
        )
    told = [one for one in noise.values() if not np.isnan(one)]
    if not told:
        return "Each construct is one variable: that it means the same everywhere is taken for granted"
    return (
        f"Organizations can be compared: intercepts of items could make up at most {100 * max(told):.0f} % of the SD "
        "between organizations on any construct"
    )


def _left_out(found: MeanDraws) -> str:
    """Organizations and constructs that are not there, each with the reason."""
    coded = found.plan.layout.model.coded
    constructs = {name: why for name, why in found.plan.not_compared.items() if name not in coded}
    reasons = found.plan.shared.left_out | constructs
    return "; ".join(f"{name}: {why}" for name, why in reasons.items())
