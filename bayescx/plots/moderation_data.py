"""The numbers of a moderation plot: a path in every organization and along an attribute of organizations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION, PATH, parameter_name
from bayescx.coding import Attribute
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands import direct_effects, summarize
from bayescx.estimands.moderation import moderated_layout, path_at, path_units
from bayescx.estimands.moderation_tables import moderator_table
from bayescx.fitted import Fit

__all__ = ["LEVEL", "NEW", "TYPICAL", "VALUE", "moderation_table", "named_attribute", "named_path"]

TYPICAL, NEW = "typical", "new"
VALUE, LEVEL = "value", "level"

_POINTS = 41  # of a line, enough for bands that look curved
_PAD = 0.04  # of the range of a number, to either side; nothing lies beyond one that has two values


def named_path(fit: Fit, path: object) -> str:
    """Find a path that depends on attributes by its name.

    Raises
    ------
    FitError
        If none does, or not this one.
    """
    moderated_layout(fit)  # which refuses a model without moderators
    there = list(fit.model.moderators)
    known = parameter_name(path) if isinstance(path, str) else ""
    if known not in there:
        hint = did_you_mean(str(path), there) or "."
        raise FitError(f"no path {path!r} depends on attributes of organizations{hint} Paths that do: {_listed(there)}")
    return known


def named_attribute(fit: Fit, path: str, attribute: object) -> str:
    """Find an attribute of a path by the name of its column.

    Raises
    ------
    FitError
        If the path does not depend on it.
    """
    there = list(dict.fromkeys(one.column for one in fit.model.moderators[path]))
    known = attribute.strip().strip("`") if isinstance(attribute, str) else ""
    if known not in there:
        hint = did_you_mean(str(attribute), there) or "."
        raise FitError(f"{path} does not depend on an attribute {attribute!r}{hint} It does on: {_listed(there)}")
    return known


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def moderation_table(fit: Fit, path: str, attribute: str, ci_prob: float, *, standardized: bool) -> pd.DataFrame:
    """One row per mark: organizations, then the typical and a new one along the attribute.

    ``attrs`` hold the rows of ``moderator_table`` that are about this attribute, as ``differences``.
    """
    if standardized:
        unit = path_units(fit, [path], standardized=True).sel({PATH: path}, drop=True)
        own = (fit.posterior["beta"].sel({PATH: path}, drop=True) * unit).transpose(CHAIN, DRAW, ORGANIZATION)
    else:
        own = direct_effects(fit, "organization", standardized=False).sel({PATH: path}).reset_coords(drop=True)
    along = (_along(fit, path, attribute, ci_prob, new=new, standardized=standardized) for new in (False, True))
    table = pd.concat([_organizations(fit, own, path, attribute, ci_prob), *along], ignore_index=True)
    differences = moderator_table(fit, ci_prob, standardized=standardized, kind="stats")
    chosen = differences[(differences[PATH] == path) & (differences["attribute"] == attribute)]
    lower, upper = (column for column in chosen if str(column).startswith("eti"))
    chosen = chosen.rename(columns={lower: "lower", upper: "upper"})
    table.attrs = {PATH: path, "attribute": attribute, "differences": chosen.to_dict("records")}
    return table


def _organizations(fit: Fit, own: xr.DataArray, path: str, attribute: str, ci_prob: float) -> pd.DataFrame:
    """Each organization where its attribute stands, and the weight of its own data on the path, 1 for the heaviest."""
    values, levels = _places(fit, attribute)
    constant = fit.tree["constant_data"].to_dataset()
    sd = constant["sampling_sd"].sel({PATH: path}).values
    known = np.isfinite(sd) & (sd > 0)
    weight = np.where(known, 1.0 / np.where(known, sd, 1.0) ** 2, 0.0)
    told = _told(own, ci_prob)
    return told.assign(
        what=ORGANIZATION,
        organization=fit.organizations,
        value=values,
        level=levels,
        weight=weight / (weight.max() or 1.0),
    )[_COLUMNS]


_COLUMNS = ["what", ORGANIZATION, VALUE, LEVEL, "mean", "lower", "upper", "weight"]


def _told(draws: xr.DataArray, ci_prob: float) -> pd.DataFrame:
    table = summarize(draws, ci_prob, kind="stats")
    lower, upper = (column for column in table if str(column).startswith("eti"))
    return pd.DataFrame({"mean": table["mean"], "lower": table[lower], "upper": table[upper]})


def _places(fit: Fit, attribute: str) -> tuple[list[float], list[str]]:
    """Values of a number, or levels of a category, of the organizations that reported."""
    known = fit.evidence.attributes
    columns = [k for k, one in enumerate(known.moderators) if one.column == attribute]
    first = known.moderators[columns[0]]
    if isinstance(first, Attribute):
        return known.values[:, columns[0]].tolist(), [""] * len(known.values)
    by_column = [known.moderators[k].level for k in columns]  # type: ignore[union-attr]  # all of one category
    levels = [
        next((level for level, is_it in zip(by_column, row, strict=True) if is_it), first.reference)
        for row in known.values[:, columns].tolist()
    ]
    return [float("nan")] * len(levels), levels


def _along(fit: Fit, path: str, attribute: str, ci_prob: float, *, new: bool, standardized: bool) -> pd.DataFrame:
    """The typical or a new organization at every level of a category, or along the numbers that organizations have."""

    def at(value: object) -> xr.DataArray:
        found = path_at(fit, {attribute: value}, new=new, standardized=standardized)
        return found.sel({PATH: path}, drop=True)

    one = next(one for one in fit.evidence.attributes.moderators if one.column == attribute)
    places: Sequence[object]
    if isinstance(one, Attribute):
        values, _ = _places(fit, attribute)
        pad = _PAD * (max(values) - min(values)) or 0.5 * (abs(values[0]) or 1.0)
        if len(set(values)) == 2:
            pad = 0.0
        low = min(values) - pad if min(values) < 0 else max(min(values) - pad, 0.0)
        high = max(values) + pad
        places = np.linspace(low, high, _POINTS).tolist()
        first, last = at(low), at(high)  # a straight line in every draw, so both ends tell all of it
        draws = [first + (last - first) * (k / (_POINTS - 1)) for k in range(_POINTS)]
        where: dict[str, Any] = {VALUE: places, LEVEL: ""}
    else:
        places = list(one.levels)
        draws = [at(level) for level in places]
        where = {VALUE: float("nan"), LEVEL: places}
    told = _told(xr.concat(draws, "place").transpose(CHAIN, DRAW, "place"), ci_prob)
    about: dict[str, Any] = {"what": NEW if new else TYPICAL, ORGANIZATION: "", "weight": float("nan")}
    return told.assign(**about, **where)[_COLUMNS]
