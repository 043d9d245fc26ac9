"""Shares, odds and ratios of shares, for each organization, the typical one, the average of N, or a new one.

Three different things: a *share* (or rate) is a part of all answers; *odds* are a share to what is left of 1; a
*ratio* is one share to another, of two categories or of one category in two groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError, did_you_mean
from bayescx.evidence.findings import listing, printable, suggestion
from bayescx.rates.fitted import GROUP, RatesFit

__all__ = [
    "CATEGORY",
    "RateTarget",
    "category_rates",
    "group_rate_difference",
    "group_rate_ratio",
    "rate_heterogeneity",
    "rate_odds",
    "rate_ratio",
]

Floats = NDArray[np.float64]
RateTarget = Literal["organization", "typical", "average", "new"]
CATEGORY = "category"
_UNREPORTED, _NEW = 2, 3  # random streams, apart from those of the fit


def category_rates(
    fit: RatesFit,
    target: RateTarget = "organization",
    *,
    category: str | Sequence[str] | None = None,
    group: str | None = None,
) -> xr.DataArray:
    """Shares of answers.

    Parameters
    ----------
    fit : RatesFit
    target : {"organization", "typical", "average", "new"}
        Each organization; one at the centre of the population (z = 0 in every split); the mean of the shares of the
        N planned, of which those that have not reported are drawn from the population; one more organization.
    category : str or sequence of str, optional
        One category, or several taken together; by default each, along a dim.
    group : str, optional
        One group; by default each, along a dim where there are several.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization][, group][, category]; shares from 0 to 1.

    Raises
    ------
    FitError
        If the fit has no such target, category or group.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, fit_rates
    >>> frame = pd.DataFrame({"shop": ["a", "b"], "leaves": [20, 9], "stays": [80, 51]})
    >>> fit = fit_rates(Counts.from_table(frame, organization="shop", n_planned=4))
    >>> category_rates(fit, "average", category="leaves").dims
    ('chain', 'draw')
    """
    shares = _shares(fit, target)
    what = "share of each category"
    if category is not None:
        shares, what = _together(shares, category), f"share of {_said(category)}"
    return _labelled(_group(shares, fit, group), "category_rates", what, "share", target)


def rate_ratio(
    fit: RatesFit,
    numerator: str | Sequence[str],
    denominator: str | Sequence[str],
    target: RateTarget = "average",
    *,
    group: str | None = None,
) -> xr.DataArray:
    """Ratio of the shares of two categories among the same respondents: "four times as many leave as stay".

    Parameters
    ----------
    fit : RatesFit
    numerator, denominator : str or sequence of str
        Different categories; of several, their shares together.
    target : {"organization", "typical", "average", "new"}
        "average" is the ratio of the average shares, not the average of ratios.
    group : str, optional

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization][, group].

    Raises
    ------
    FitError
        If the fit has no such target, category or group, or a category stands above and below.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, fit_rates
    >>> frame = pd.DataFrame({"shop": ["a", "b"], "disloyal": [40, 90], "neutral": [50, 99], "loyal": [10, 20]})
    >>> fit = fit_rates(Counts.from_table(frame, organization="shop"))
    >>> float(rate_ratio(fit, "disloyal", "loyal").median().round())
    4.0
    """
    shares = _shares(fit, target)
    above, below = _together(shares, numerator), _together(shares, denominator)
    if both := set(_names(numerator)) & set(_names(denominator)):
        raise FitError(
            f"{listing(sorted(map(printable, both)))} stands above and below; a share over a whole is category_rates"
        )
    said = f"share of {_said(numerator)} / share of {_said(denominator)}"
    return _labelled(_group(_over(above, below), fit, group), "rate_ratio", said, "ratio of shares", target)


def rate_odds(
    fit: RatesFit, category: str | Sequence[str], target: RateTarget = "average", *, group: str | None = None
) -> xr.DataArray:
    """Odds of an answer: its share to that of all others, p / (1 - p).

    Parameters
    ----------
    fit : RatesFit
    category : str or sequence of str
    target : {"organization", "typical", "average", "new"}
        "average": the odds of the average share.
    group : str, optional

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization][, group].

    Raises
    ------
    FitError
        If the fit has no such target, category or group, or nothing else could be answered.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, fit_rates
    >>> frame = pd.DataFrame({"shop": ["a", "b"], "leaves": [20, 19], "stays": [80, 81]})
    >>> float(rate_odds(fit_rates(Counts.from_table(frame, organization="shop")), "stays").median().round())
    4.0
    """
    shares = _shares(fit, target)
    asked = _together(shares, category)
    if set(_names(category)) >= set(fit.categories):
        raise FitError("all categories together have no odds: nothing else could be answered")
    others = _together(shares, [name for name in fit.categories if name not in _names(category)])
    said = f"odds of {_said(category)}"
    return _labelled(_group(_over(asked, others), fit, group), "rate_odds", said, "odds", target)


def group_rate_ratio(
    fit: RatesFit,
    category: str | Sequence[str],
    numerator_group: str,
    denominator_group: str,
    target: RateTarget = "average",
) -> xr.DataArray:
    """Ratio of one category's share in two groups of respondents (a risk ratio, not an odds ratio).

    Parameters
    ----------
    fit : RatesFit
    category : str or sequence of str
    numerator_group, denominator_group : str
    target : {"organization", "typical", "average", "new"}
        "average" is the ratio of the average shares.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization].

    Raises
    ------
    FitError
        If the fit has no such target, category or group.

    Notes
    -----
    Groups are independent of each other given the data: that an organization with many leavers in one group tends to
    have many in the other is not in the model, so an organization's own ratio is a little wider than it could be.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, fit_rates
    >>> counts = {"leaves": [200, 720], "stays": [800, 280]}
    >>> frame = pd.DataFrame({"shop": ["a", "a"], "is": ["pleased", "cross"], **counts})
    >>> fit = fit_rates(Counts.from_table(frame, organization="shop", groups="is"))
    >>> float(group_rate_ratio(fit, "leaves", "cross", "pleased").median().round(1))
    3.6
    """
    above, below = _two_groups(fit, category, numerator_group, denominator_group, target)
    said = f"share of {_said(category)}: {printable(numerator_group)} / {printable(denominator_group)}"
    return _labelled(_over(above, below), "group_rate_ratio", said, "ratio of shares", target)


def group_rate_difference(
    fit: RatesFit, category: str | Sequence[str], group: str, minus_group: str, target: RateTarget = "average"
) -> xr.DataArray:
    """Difference of one category's share between two groups of respondents (a risk difference).

    Parameters
    ----------
    fit : RatesFit
    category : str or sequence of str
    group, minus_group : str
    target : {"organization", "typical", "average", "new"}

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization]; from -1 to 1.

    Raises
    ------
    FitError
        If the fit has no such target, category or group.

    Notes
    -----
    As of ``group_rate_ratio``.
    """
    one, other = _two_groups(fit, category, group, minus_group, target)
    said = f"share of {_said(category)}: {printable(group)} − {printable(minus_group)}"
    return _labelled(one - other, "group_rate_difference", said, "difference of shares", target)


def rate_heterogeneity(fit: RatesFit) -> xr.Dataset:
    """How much shares differ between organizations.

    Parameters
    ----------
    fit : RatesFit

    Returns
    -------
    xarray.Dataset
        - ``tau`` (chain, draw[, group], split): SD of the logits between organizations.
        - ``prediction`` (chain, draw[, group], category): the shares in one more organization; their quantiles are
          the prediction interval.

    Raises
    ------
    FitError
        If fewer than two organizations are known.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, fit_rates
    >>> frame = pd.DataFrame({"shop": ["a", "b"], "leaves": [20, 9], "stays": [80, 51]})
    >>> sorted(rate_heterogeneity(fit_rates(Counts.from_table(frame, organization="shop"))).data_vars)
    ['prediction', 'tau']
    """
    if len(fit.organizations) < 2:
        raise FitError("one organization says nothing about differences between organizations; two or more are needed")
    tau = _labelled(
        _group(fit.posterior["tau"], fit, None), "rate_heterogeneity", "SD between organizations", "logit", "new"
    )
    tau.attrs.pop("target")
    return xr.Dataset({"tau": tau, "prediction": category_rates(fit, "new")})


def _two_groups(
    fit: RatesFit, category: str | Sequence[str], one: str, other: str, target: str
) -> tuple[xr.DataArray, xr.DataArray]:
    shares = _together(_shares(fit, target), category)
    if fit.groups == ("",):
        raise FitError("respondents are not in groups in this fit; Counts.from_rows(..., groups=...) tells them apart")
    if one == other:
        raise FitError(f"two groups are compared, found {printable(str(one))!r} twice")
    found = [_group(shares, fit, group).reset_coords(GROUP, drop=True) for group in (one, other)]
    return found[0], found[1]


def _shares(fit: RatesFit, target: str) -> xr.DataArray:
    """Shares of every category, (chain, draw[, organization], group, category)."""
    targets = get_args(RateTarget)
    if target not in targets:
        raise FitError(
            f"unknown target {target!r:.60}{did_you_mean(str(target), targets) or '.'} Targets: {', '.join(targets)}"
        )
    posterior = fit.posterior
    reported = posterior["logit"].values
    if target == "typical":
        logits = posterior["mu"].values
    elif target == "new":
        logits = _drawn(fit, 1, _NEW)[:, :, 0]
    elif target == "average":
        beyond = fit.n_planned - len(fit.organizations)
        logits = np.concatenate([reported, _drawn(fit, beyond, _UNREPORTED)], axis=2)
    else:
        logits = reported
    values = fit.tree.shares(logits)
    if target == "average":
        values = values.mean(axis=2)
    dims = (CHAIN, DRAW, *((ORGANIZATION,) if target == "organization" else ()), GROUP, CATEGORY)
    coords = {dim: posterior[dim].values for dim in dims if dim != CATEGORY}
    return xr.DataArray(values, dims=dims, coords={**coords, CATEGORY: list(fit.categories)})


def _drawn(fit: RatesFit, count: int, stream: int) -> Floats:
    """Logits of organizations drawn from the population, (chain, draw, count, group, split)."""
    mu, tau = (fit.posterior[name].values[:, :, None] for name in ("mu", "tau"))
    shape = (*mu.shape[:2], count, *mu.shape[3:])
    return np.asarray(mu + tau * np.random.default_rng([fit.seed, stream]).standard_normal(shape))


def _names(category: str | Sequence[str]) -> list[str]:
    return [category] if isinstance(category, str) else list(category)


def _said(category: str | Sequence[str]) -> str:
    return " + ".join(printable(name) for name in _names(category))


def _together(shares: xr.DataArray, category: str | Sequence[str]) -> xr.DataArray:
    """The share of a category, or of several together."""
    known = [str(name) for name in shares[CATEGORY].values]
    if not isinstance(category, str | Sequence):
        raise FitError(f"a category is named by text, found {category!r:.60}")
    asked = _names(category)
    for name in asked:
        if name not in known:
            raise FitError(f"there is no category {printable(str(name))!r}{suggestion(str(name), known)}")
    if not asked or len(set(asked)) < len(asked):
        raise FitError(f"name one category or several distinct ones, found {category!r:.60}")
    return shares.sel({CATEGORY: asked}).sum(CATEGORY)


def _group(values: xr.DataArray, fit: RatesFit, group: str | None) -> xr.DataArray:
    """One group, or all of them; without a dim where respondents are not told apart."""
    if group is None:
        return values.isel({GROUP: 0}, drop=True) if fit.groups == ("",) else values
    if fit.groups == ("",):
        raise FitError(
            f"respondents are not in groups in this fit, so none is {printable(str(group))!r}; leave group out"
        )
    if group not in fit.groups:
        raise FitError(f"there is no group {printable(str(group))!r}{suggestion(str(group), fit.groups)}")
    return values.sel({GROUP: group})


def _over(above: xr.DataArray, below: xr.DataArray) -> xr.DataArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return above / below


def _labelled(values: xr.DataArray, name: str, long_name: str, units: str, target: str) -> xr.DataArray:
    named = values.rename(name)
    named.attrs = {"long_name": long_name, "units": units, "estimand": name, "target": target}
    return named
