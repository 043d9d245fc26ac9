"""Meta-regression of paths: what attributes of organizations do to them, and how much of the differences they explain.

``beta_j ~ Normal(beta_mu + gamma' z_j, beta_tau)``, with z the attributes of organization j, centred over the
organizations that reported; numbers are divided by their SD over these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, MODERATION, MODERATOR, ORGANIZATION, PATH
from bayescx.coding import Attribute, Category, level_text
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.attributes import added_by
from bayescx.estimands.effects import units_of
from bayescx.estimands.population import check_units, evaluate
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.model.layout import Entry, Layout

__all__ = ["explained_heterogeneity", "moderated_layout", "moderator_effects", "own_shift", "path_at", "path_units"]

Floats = NDArray[np.float64]


def moderator_effects(fit: Fit, *, standardized: bool = False) -> xr.DataArray:
    """How much a path differs between organizations whose attribute differs by one, other attributes equal.

    Parameters
    ----------
    fit : Fit
        Of a model with moderators, ``pool(effort, employees)``.
    standardized : bool
        False: the path in the data's units, per unit of a number. True: the path in SDs of the outcome per SD of the
        cause, both of the typical organization, per SD of a number over organizations. Of a category, against its
        reference level either way.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, moderator ("loyalty~effort:employees"), with coordinates path and attribute.

    Raises
    ------
    FitError
        If no path of the model depends on an attribute, or nobody shared the data's units.

    Examples
    --------
    >>> moderator_effects(moderated)["moderator"].values.tolist()
    ['trust~effort:employees', 'loyalty~effort:employees', 'loyalty~effort:industry[goods]']
    """
    layout = moderated_layout(fit)
    if not standardized:
        check_units(fit)
    entries = _entries(layout)
    attributes = fit.evidence.attributes
    paths = [entries[one.component].name for one in layout.moderators]
    unit = path_units(fit, paths, standardized=standardized).drop_vars(PATH).rename({PATH: MODERATOR})
    if not standardized:
        unit = unit / attributes.scale[[one.column for one in layout.moderators]]
    found = (fit.posterior[MODERATION] * unit).transpose(CHAIN, DRAW, MODERATOR)
    found = found.assign_coords(
        path=(MODERATOR, paths),
        attribute=(MODERATOR, [attributes.names[one.column] for one in layout.moderators]),
    )
    per = "SD of the attribute" if standardized else "unit of the attribute"
    found.attrs = {
        "long_name": "change of the path with an attribute of organizations",
        "units": f"{units_of(standardized=standardized)}, per {per} or against its reference level",
        "estimand": "moderator_effects",
    }
    return found.rename("moderator_effects")


def explained_heterogeneity(fit: Fit) -> xr.DataArray:
    """Share of the variance of a path between organizations that attributes explain.

    Variance of gamma' z_j over the organizations that reported (divisor J), divided by itself plus beta_tau^2: an
    R-squared of organizations. It is never below 0, so compare it with its prior where organizations are few: without
    any effect it is about what the prior of gamma gives it.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, path (those that depend on attributes).

    Raises
    ------
    FitError
        If no path of the model depends on an attribute, or only one organization reported.

    Examples
    --------
    >>> share = explained_heterogeneity(moderated).sel(path="loyalty~effort")
    >>> bool(share.mean() > 0.8)
    True
    """
    layout = moderated_layout(fit)
    if len(fit.organizations) < 2:
        raise FitError("one organization says nothing about differences between organizations; two or more are needed")
    explained = own_shift(fit, layout).var(ORGANIZATION)
    names = list(dict.fromkeys(layout.components[one.component].name for one in layout.moderators))
    explained = explained.sel({PATH: names})
    share = explained / (explained + fit.posterior["beta_tau"].sel({PATH: names}) ** 2)
    share.attrs = {
        "long_name": "share of the variance between organizations that attributes explain",
        "units": "share",
        "estimand": "explained_heterogeneity",
    }
    return share.rename("explained_heterogeneity")


def path_at(fit: Fit, attributes: Mapping[str, Any], *, new: bool = False, standardized: bool = False) -> xr.DataArray:
    """Paths of an organization with these attributes: the typical one, or a new one.

    Parameters
    ----------
    fit : Fit
    attributes : mapping
        Attribute to value, ``{"employees": 5000, "industry": "goods"}``; those left out are at the average of the
        organizations that reported.
    new : bool
        Add what attributes leave unexplained: one more organization like that, not the centre of all such.
    standardized : bool
        False: in the data's units. True: in SDs of the outcome per SD of the cause, both of the typical organization.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, path (those that depend on attributes).

    Raises
    ------
    FitError
        If no path depends on an attribute, an attribute or a value is not known, or nobody shared the data's units.

    Examples
    --------
    >>> small, large = (path_at(moderated, {"employees": size}).sel(path="loyalty~effort") for size in (1000, 5000))
    >>> bool((small > large).mean() > 0.95)
    True
    """
    layout = moderated_layout(fit)
    if not standardized:
        check_units(fit)
    z = _stated(fit, attributes)
    sizes = fit.posterior.sizes
    moved = added_by(np.broadcast_to(z, (sizes[CHAIN], sizes[DRAW], 1, len(z))), fit, layout)[:, :, 0]
    components = list(dict.fromkeys(one.component for one in layout.moderators))
    entries = _entries(layout)
    names = [entries[c].name for c in components]
    found = fit.posterior["beta_mu"].sel({PATH: names}).copy(data=None)
    values = found.values + moved[..., components]
    if new:
        noise = np.random.default_rng([fit.seed, 10]).standard_normal(values.shape)
        values = values + noise * fit.posterior["beta_tau"].sel({PATH: names}).values
    unit = path_units(fit, names, standardized=standardized)
    found = (found.copy(data=values) * unit).transpose(CHAIN, DRAW, PATH).rename("path_at")
    found.attrs = {
        "long_name": "path of a new organization" if new else "path of the typical organization with these attributes",
        "units": units_of(standardized=standardized),
        "estimand": "path_at",
    }
    return found


def path_units(fit: Fit, paths: Sequence[str], *, standardized: bool) -> xr.DataArray:
    """What free paths on the common scale are multiplied by: dims path, and chain and draw where standardized.

    On the common scale the SDs of the typical organization are 1 or so; where only correlations were shared, nothing
    but the ratio of path and SDs is told.
    """
    layout = layout_of(fit)
    entries = {entry.name: entry for entry in layout.paths}
    rows, columns = ([getattr(entries[name], side) for name in paths] for side in ("row", "column"))
    if not standardized:
        return xr.DataArray(layout.unit[rows] / layout.unit[columns], dims=PATH, coords={PATH: list(paths)})
    sd = np.sqrt(evaluate(fit, "typical", lambda system: system.variance, key="variance"))
    coords = {CHAIN: fit.posterior[CHAIN].values, DRAW: fit.posterior[DRAW].values, PATH: list(paths)}
    return xr.DataArray(sd[..., columns] / sd[..., rows], dims=(CHAIN, DRAW, PATH), coords=coords)


def own_shift(fit: Fit, layout: Layout) -> xr.DataArray:
    """What their attributes add to paths of organizations that reported, on the common scale."""
    members = layout.of_block("paths")
    z = fit.evidence.attributes.z()
    sizes = fit.posterior.sizes
    values = added_by(np.broadcast_to(z, (sizes[CHAIN], sizes[DRAW], *z.shape)), fit, layout)[..., members]
    return fit.posterior["beta"].copy(data=values)


def moderated_layout(fit: Fit) -> Layout:
    """The layout of a fit in which paths depend on attributes; an error where none do."""
    layout = layout_of(fit)
    if not layout.moderators:
        raise FitError(
            "no path of this model depends on an attribute of organizations; name the attribute in the model: "
            "loyalty ~ pool(effort, employees)"
        )
    return layout


def _entries(layout: Layout) -> dict[int, Entry]:
    """The path of each component that moderators move: a label would tie them, which models refuse.

    Without a label the path is its component, ``Entry.value`` is 1, so that units of variables alone turn it into raw.
    """
    return {entry.component: entry for entry in layout.paths if entry.component >= 0}


def _stated(fit: Fit, attributes: Mapping[str, Any]) -> Floats:
    """Attributes as the density has them, (K,); 0, the average, where nothing is stated."""
    known = fit.evidence.attributes
    columns = list(dict.fromkeys(one.column for one in known.moderators))
    if not hasattr(attributes, "items"):
        example = f"{{{columns[0]!r}: …}}; {{}} is the average of organizations"
        raise FitError(f"attributes are told by name, {example}; found {attributes!r}")
    z = np.zeros(len(known.moderators))
    for name, value in attributes.items():
        if name not in columns:
            hint = did_you_mean(str(name), columns) or "."
            raise FitError(f"no path depends on an attribute {name!r}{hint} Attributes: {', '.join(columns)}")
        for k, one in enumerate(known.moderators):
            if one.column == name:
                z[k] = (_value(one, value) - known.centre[k]) / known.scale[k]
    return z


def _value(one: Attribute | Category, value: Any) -> float:
    if isinstance(one, Category):
        level = level_text(str(value))
        if level not in one.levels:
            raise FitError(f"{one.column} has no level {str(value)!r}; its levels: {', '.join(one.levels)}")
        return float(level == one.level)
    try:
        number = float("nan") if isinstance(value, bool | np.bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not np.isfinite(number):
        raise FitError(f"{one.column} is a number, found {value!r}")
    return number
