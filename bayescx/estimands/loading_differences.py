"""Which items mean something else in some organization: how far its loadings are from those of the population."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import BLOCK_VARIABLES, CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands.population import leading_coords
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.model.layout import Layout

__all__ = ["LOADING", "check_probability", "differing_items", "loading_differences"]

Floats = NDArray[np.float64]

LOADING = "loading"

_UNITS = "share of the factor's average loading"


class _Free(NamedTuple):
    """A loading that the model leaves free, without its declared sign: ``value * draws`` of a component."""

    name: str
    factor: str
    item: str
    component: str
    value: float


def loading_differences(fit: Fit, at_least: float = 0.1) -> xr.Dataset:
    """How far each organization's loadings are from those of the population, and whether that is far enough to matter.

    An item whose loading differs measures more, or less, of its factor in that organization than elsewhere: people
    there may understand it in another way. Differences are shares of the average loading of the factor in the
    population, which is 1 where ``identification="mean"`` gives the factor its unit.

    Parameters
    ----------
    fit : Fit
        With partially pooled loadings.
    at_least : float
        The smallest difference that matters; 0.1 is a tenth of the factor's average loading.

    Returns
    -------
    xarray.Dataset
        - tau (chain, draw, loading): SD of the loading over organizations.
        - deviation (chain, draw, organization, loading): own loading less that of the population.
        - differs (organization, loading): probability that the deviation is larger than ``at_least``, up or down.
        - differs_somewhere (loading): probability that it is so in one or more of these organizations.

        ``loading`` names the free loadings as the model does, ``f=~x1``, with coordinates factor and item. Where the
        model makes loadings equal by a label each has its own place. ``attrs``: at_least.

    Raises
    ------
    FitError
        If loadings are not partially pooled, the model leaves none free, one organization reported, or ``at_least`` is
        no positive number.

    Notes
    -----
    Loadings of items that the model declares reversed are taken without their sign: of these, too, a positive
    deviation says that the item measures more of its factor there. The average is that of absolute population loadings
    on the common scale, draw by draw, those that the model or the marker sets to a number among them.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("trust =~ t1 + t2 + t3")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> fit = bcx.fit(model, evidence, pooling={"loadings": "partial"}, random_seed=1, progressbar=False)
    >>> loading_differences(fit)["differs_somewhere"].round(1).to_series().to_dict()
    {'trust=~t1': 0.5, 'trust=~t2': 0.2, 'trust=~t3': 0.2}
    """
    _check_threshold(at_least)
    layout = layout_of(fit)
    free = _free_loadings(fit, layout)
    average = _averages(fit, layout, [one.factor for one in free])
    deviation = _draws(fit, free, "") - _draws(fit, free, "_mu")[:, :, None, :]
    deviation /= average[:, :, None, :]
    tau = np.abs(_draws(fit, free, "_tau") / average)
    beyond = np.abs(deviation) > at_least
    found = xr.Dataset(
        {
            "tau": ((CHAIN, DRAW, LOADING), tau),
            "deviation": ((CHAIN, DRAW, ORGANIZATION, LOADING), deviation),
            "differs": ((ORGANIZATION, LOADING), beyond.mean(axis=(0, 1))),
            "differs_somewhere": ((LOADING,), beyond.any(axis=2).mean(axis=(0, 1))),
        },
        coords={
            **leading_coords(fit, ORGANIZATION),
            LOADING: [one.name for one in free],
            "factor": (LOADING, [one.factor for one in free]),
            "item": (LOADING, [one.item for one in free]),
        },
        attrs={"at_least": float(at_least), "long_name": "differences of loadings between organizations"},
    )
    words = {
        "tau": ("SD of the loading over organizations", _UNITS),
        "deviation": ("loading of the organization less that of the population", _UNITS),
        "differs": (f"probability that the loading deviates by more than {at_least:g}", "probability"),
        "differs_somewhere": (f"probability that it deviates by more than {at_least:g} somewhere", "probability"),
    }
    for name, (long_name, units) in words.items():
        found[name].attrs = {"long_name": long_name, "units": units, "estimand": name}
    return found


def differing_items(
    fit: Fit, at_least: float = 0.1, probability: float = 0.95, *, ci_prob: float = 0.95
) -> pd.DataFrame:
    """List the items of a model with the organizations where each means something else.

    Parameters
    ----------
    fit : Fit
        With partially pooled loadings.
    at_least : float
        The smallest difference that matters, a share of the factor's average loading.
    probability : float
        Organizations are listed where the probability of such a difference is larger than this.
    ci_prob : float
        Probability of the equal-tailed intervals.

    Returns
    -------
    pandas.DataFrame
        One row per item and organization listed, largest ``differs_somewhere`` first; an item without any has one row
        in which organization is empty. Columns item, factor, tau (posterior mean), tau_lb, tau_ub, differs_somewhere
        (probability), organization, deviation (posterior mean), deviation_lb, deviation_ub, differs (probability).
        ``attrs``: at_least, probability, ci_prob.

    Raises
    ------
    FitError
        As ``loading_differences``; or if a probability is not between 0 and 1.

    Examples
    --------
    >>> table = differing_items(fit)  # doctest: +SKIP
    >>> table.loc[table["organization"] != "", ["item", "organization", "deviation"]]  # doctest: +SKIP
    """
    for name, value in (("probability", probability), ("ci_prob", ci_prob)):
        check_probability(name, value)
    found = loading_differences(fit, at_least)
    check_items_can_be_named(fit)
    tau = _summary(found["tau"].values, ci_prob)
    deviation = _summary(found["deviation"].values, ci_prob)
    differs = found["differs"].values
    records = []
    for i in np.argsort(-found["differs_somewhere"].values, kind="stable"):
        item = {
            "item": str(found["item"].values[i]),
            "factor": str(found["factor"].values[i]),
            **dict(zip(("tau", "tau_lb", "tau_ub"), tau[:, i], strict=True)),
            "differs_somewhere": found["differs_somewhere"].values[i],
        }
        listed = np.flatnonzero(differs[:, i] > probability)
        for j in sorted(listed, key=lambda j: -differs[j, i]):
            own = dict(zip(("deviation", "deviation_lb", "deviation_ub"), deviation[:, j, i], strict=True))
            records.append({**item, ORGANIZATION: fit.organizations[j], **own, "differs": differs[j, i]})
        if not len(listed):
            none = dict.fromkeys(("deviation", "deviation_lb", "deviation_ub", "differs"), np.nan)
            records.append({**item, ORGANIZATION: "", **none})
    table = pd.DataFrame(records)
    table.attrs = {"at_least": float(at_least), "probability": float(probability), "ci_prob": float(ci_prob)}
    return table


def check_items_can_be_named(fit: Fit) -> None:
    """Refuse factors whose unit is that of one item: a drift of that item would be charged to all others.

    Raises
    ------
    FitError
    """
    layout = layout_of(fit)
    scaled = {layout.constructs[factor[0].column] for factor in layout.averages}
    fixed = {row.lhs for row in fit.model.loadings if row.fixed} if fit.identification == "mean" else set()
    marked = {row.lhs for row in fit.model.loadings} if fit.identification == "marker" else fixed
    if named := [name for name in layout.constructs if name in marked - scaled]:
        raise FitError(
            f"the unit of {', '.join(named)} is that of one item, so which items differ cannot be told: if that item "
            'drifts, all others seem to. Fit with identification="mean", and without fixed loadings'
        )


def _check_threshold(at_least: object) -> None:
    number = isinstance(at_least, int | float | np.number) and not isinstance(at_least, bool)
    if not number or not math.isfinite(at_least) or at_least <= 0:  # type: ignore[arg-type,operator]
        raise FitError(
            "at_least must be a positive number such as 0.1, a tenth of the factor's average loading; "
            f"found {at_least!r}"
        )


def check_probability(name: str, value: object) -> None:
    """Refuse what is no probability between 0 and 1.

    Raises
    ------
    FitError
    """
    if not isinstance(value, float | np.floating) or not 0 < value < 1:
        raise FitError(f"{name} must lie between 0 and 1, found {value!r}")


def _free_loadings(fit: Fit, layout: Layout) -> list[_Free]:
    """The model's free loadings, factor by factor in the order of its text.

    Raises
    ------
    FitError
        If there is none, or none that could differ.
    """
    entries = {entry.name: entry for entry in (*layout.loadings, *layout.paths)}  # factors of factors are in paths
    free = [
        _Free(row.name, row.lhs, row.rhs, layout.components[entry.component].name, abs(entry.value))
        for row in fit.model.loadings
        if (entry := entries[row.name]).component >= 0
    ]
    if not free:
        raise FitError("the model has no free loadings: there is nothing that could differ between organizations")
    if fit.pooling["loadings"] != "partial":
        raise FitError(
            f"loadings were fitted with pooling {fit.pooling['loadings']!r}: how they differ between organizations is "
            'known from partially pooled loadings, fit(..., pooling={"loadings": "partial"})'
        )
    if len(fit.organizations) < 2:
        raise FitError(f"only {fit.organizations[0]!r} reported: loadings can differ between two or more organizations")
    order = list(dict.fromkeys(one.factor for one in free))
    return sorted(free, key=lambda one: order.index(one.factor))


def _draws(fit: Fit, free: list[_Free], suffix: str) -> Floats:
    """Draws of the loadings without declared signs, (chain, draw[, organization], loading)."""
    variable, dim = BLOCK_VARIABLES["loadings"]
    array = fit.posterior[variable + suffix].sel({dim: [one.component for one in free]})
    return np.asarray(array.values * np.array([one.value for one in free]))


def _averages(fit: Fit, layout: Layout, factors: list[str]) -> Floats:
    """Average population loading of the factor of each of ``factors``, (chain, draw, factor)."""
    variable, dim = BLOCK_VARIABLES["loadings"]
    centre = fit.posterior[f"{variable}_mu"]
    scaled = {layout.constructs[factor[0].column] for factor in layout.averages}
    entries = {entry.name: entry for entry in (*layout.loadings, *layout.paths)}
    out = {}
    for factor in set(factors):
        sizes = [
            np.abs(entry.value) * np.abs(centre.sel({dim: layout.components[entry.component].name}).values)
            if entry.component >= 0
            else np.full(centre.shape[:2], abs(entry.value))
            for row in fit.model.loadings
            if row.lhs == factor and (entry := entries[row.name]).value != 0
        ]
        out[factor] = np.ones(centre.shape[:2]) if factor in scaled else np.mean(sizes, axis=0)
    return np.stack([out[factor] for factor in factors], axis=-1)


def _summary(draws: Floats, ci_prob: float) -> Floats:
    """Mean, lower and upper end, (3, ...), of draws (chain, draw, ...)."""
    tail = (1 - ci_prob) / 2
    return np.stack([draws.mean(axis=(0, 1)), *np.quantile(draws, [tail, 1 - tail], axis=(0, 1))])
