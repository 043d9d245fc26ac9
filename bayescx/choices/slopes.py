"""Slopes and thresholds on the latent scale, and whether a variable works more on one side of its knot."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx.choices.fitted import CUT, TERM, ChoiceFit, cut_names
from bayescx.choices.population import ChoiceTarget, Components, components, labelled, over_organizations
from bayescx.coding import Hinge
from bayescx.errors import FitError
from bayescx.evidence.findings import printable, suggestion

__all__ = ["choice_asymmetry", "choice_slopes", "choice_thresholds"]

Floats = NDArray[np.float64]
_RAW, _STANDARD = "latent SD per unit", "latent SD per SD"


def choice_slopes(fit: ChoiceFit, target: ChoiceTarget = "organization", *, standardized: bool = False) -> xr.DataArray:
    """Slopes of all terms: by how many SDs of the latent answer it changes.

    Parameters
    ----------
    fit : ChoiceFit
    target : {"organization", "typical", "average", "new"}
    standardized : bool
        Per SD within organizations (of hinges, that of their variable) rather than per unit of the data.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], term; above 0 where more goes with higher categories.

    Raises
    ------
    FitError
        If the target is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> slopes = choice_slopes(fit, "typical")
    >>> slopes.dims, bool((slopes < 0).mean() > 0.9)
    (('chain', 'draw', 'term'), True)
    """
    values = over_organizations(_slopes(fit, components(fit, target), standardized), target)
    units = _STANDARD if standardized else _RAW
    return labelled(
        fit, target, values, (TERM, list(fit.terms)), name="choice_slopes", long_name="slope of each term", units=units
    )


def choice_thresholds(
    fit: ChoiceFit, target: ChoiceTarget = "organization", *, standardized: bool = False
) -> xr.DataArray:
    """Thresholds between categories, in SDs of the latent answer.

    Parameters
    ----------
    fit : ChoiceFit
    target : {"organization", "typical", "average", "new"}
    standardized : bool
        Of the average respondent, rather than of one whose terms are all 0 (hinges at their knots, categories at
        their references).

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], threshold; ascending.

    Raises
    ------
    FitError
        If the target is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> choice_thresholds(fit).coords["threshold"].values.tolist()
    ['leave | stay']
    """
    found, counts = components(fit, target), fit.counts
    kappa = found.kappa
    if not standardized:
        kappa = kappa + (found.beta @ (counts.centre / counts.spread))[..., None]
    names = cut_names(fit.categories)
    values = over_organizations(kappa, target)
    return labelled(
        fit, target, values, (CUT, names), name="choice_thresholds", long_name="threshold", units="latent SD"
    )


def choice_asymmetry(
    fit: ChoiceFit, variable: str, target: ChoiceTarget = "average", *, standardized: bool = False
) -> xr.Dataset:
    """Compare a variable's slopes below and above its knots.

    Parameters
    ----------
    fit : ChoiceFit
    variable : str
        With hinges on both sides. With several knots, the slopes below the lowest and above the highest.
    target : {"organization", "typical", "average", "new"}
        "average": the ratio is that of the average slopes, and so is what it is said to be larger.
    standardized : bool
        Per SD of the variable.

    Returns
    -------
    xarray.Dataset
        Dims chain, draw[, organization]: ``below``, ``above``, their ``difference`` (below - above) and ``ratio``
        (below / above), and ``larger_below``, 1 where |below| > |above|: its mean is the probability of that.

    Raises
    ------
    FitError
        If the target is unknown, or the variable has no hinges on both sides.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ below(effort, 3) + above(effort, 3)", organization="shop",
    ...     categories=["leave", "stay"],
    ... )  # fmt: skip
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> sorted(choice_asymmetry(fit, "effort").data_vars)
    ['above', 'below', 'difference', 'larger_below', 'ratio']
    """
    sides = {side: _places(fit, variable, side) for side in ("below", "above")}
    if missing := [side for side, places in sides.items() if not places]:
        known = dict.fromkeys(how.column for how in fit.counts.equation.coded.values() if isinstance(how, Hinge))
        if variable not in known:
            hint = suggestion(str(variable), known) if known else "; the model has no hinges"
            raise FitError(f"{printable(str(variable))!r} has no slopes below and above a knot{hint}")
        raise FitError(f"{printable(variable)!r} has no hinge {missing[0]} a knot, so that there is nothing to compare")
    slopes = _slopes(fit, components(fit, target), standardized)
    below, above = (
        over_organizations(slopes[..., places].sum(axis=-1), target) for places in (sides["below"], sides["above"])
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = below / above
    units = _STANDARD if standardized else _RAW
    described = {
        "below": (below, f"slope of {printable(variable)} below the knot", units),
        "above": (above, f"slope of {printable(variable)} above the knot", units),
        "difference": (below - above, f"slope of {printable(variable)}: below − above", units),
        "ratio": (ratio, f"slope of {printable(variable)}: below / above", "ratio of slopes"),
        "larger_below": (
            (np.abs(below) > np.abs(above)).astype(np.float64),
            f"slope of {printable(variable)} is larger below the knot",
            "probability",
        ),
    }
    return xr.Dataset(
        {
            name: labelled(fit, target, values, None, name="choice_asymmetry", long_name=long_name, units=unit)
            for name, (values, long_name, unit) in described.items()
        }
    )


def _slopes(fit: ChoiceFit, found: Components, standardized: bool) -> Floats:
    return found.beta if standardized else np.asarray(found.beta / fit.counts.spread)


def _places(fit: ChoiceFit, variable: str, side: str) -> list[int]:
    """Hinges that are all at work on the far side of their knots: there their slopes add up."""
    coded = fit.counts.equation.coded
    hinges = {k: coded[name] for k, name in enumerate(fit.terms) if name in coded}
    return [k for k, how in hinges.items() if isinstance(how, Hinge) and (how.column, how.side) == (variable, side)]
