"""Explained variance, and how much paths differ between organizations."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, ORGANIZATION, OUTCOME, PATH
from bayescx.errors import FitError
from bayescx.estimands.effects import direct_effects, units_of
from bayescx.estimands.moderation import own_shift
from bayescx.estimands.population import Target, evaluate, labelled, variables_without_unit
from bayescx.estimands.prior import CONTRACTION, PRIOR_SD, with_contraction
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit

__all__ = ["heterogeneity", "r_squared"]

Floats = NDArray[np.float64]


def r_squared(fit: Fit, target: Target = "organization") -> xr.DataArray:
    """Share of an outcome's variance that its predictors explain: 1 - residual variance / implied variance.

    Random-x: exogenous variables vary as the model says they do, so their spread counts in the interval.

    Parameters
    ----------
    fit : Fit
    target : {"organization", "typical", "average", "new", "alone"}

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], outcome (every construct with predictors), with coordinates contraction and
        prior_sd as those of ``direct_effects``.

    Raises
    ------
    FitError
        If the target is unknown or cannot be answered with this pooling.

    Examples
    --------
    >>> r_squared(fit, target="average")["outcome"].values.tolist()
    ['trust', 'loyalty']
    """
    layout = layout_of(fit)
    outcomes = [i for i in range(len(layout.constructs)) if i not in layout.exogenous]

    def function(system: System) -> Floats:
        return system.explained[..., outcomes]

    coords: dict[str, object] = {OUTCOME: [layout.constructs[i] for i in outcomes]}
    found = labelled(
        fit, target, evaluate(fit, target, function, key="r_squared"), (OUTCOME,), coords,
        name="r_squared", long_name="explained variance (R-squared, random x)", units="share of variance",
    )  # fmt: skip
    return with_contraction(found, fit, function, key="r_squared")


def heterogeneity(fit: Fit) -> xr.Dataset:
    """How much each path differs between organizations, in the data's units.

    Parameters
    ----------
    fit : Fit
        With partially pooled paths.

    Returns
    -------
    xarray.Dataset
        Along ``path`` (free paths; those that a label makes equal each in their own units):

        - ``beta_tau`` (chain, draw, path): SD between organizations; where a path depends on attributes of
          organizations, of what these leave unexplained (see ``explained_heterogeneity``).
        - ``total_sd`` (chain, draw, path), only where a path of the model depends on attributes: SD between
          organizations with what their attributes do, sqrt(tau^2 + variance of gamma' z over those that reported).
        - ``i_squared`` (chain, draw, path): tau^2 / (tau^2 + s^2), with s^2 the typical sampling variance of the
          organizations' own estimates (Higgins & Thompson 2002); nan where no organization has data on the path.
        - ``prediction`` (chain, draw, path): the path in one more organization; its quantiles are the prediction
          interval.
        - ``pooling_factor`` (path,): 0 when organizations keep their own estimates, 1 when they share one
          (Gelman & Pardoe 2006).
        - ``differs_most`` (path,): probability that no other path has a larger SD between organizations, with what
          attributes do, compared on the common scale.

    Raises
    ------
    FitError
        If paths are not partially pooled, none is free, only one organization reported, or nobody shared the data's
        units.

    Examples
    --------
    >>> sorted(heterogeneity(fit).data_vars)
    ['beta_tau', 'differs_most', 'i_squared', 'pooling_factor', 'prediction']
    """
    if fit.pooling["paths"] != "partial":
        raise FitError(f"paths were fitted with pooling {fit.pooling['paths']!r}: only 'partial' has a heterogeneity")
    if len(fit.organizations) < 2:
        raise FitError("one organization says nothing about differences between organizations; two or more are needed")
    if PATH not in fit.posterior.dims:
        raise FitError("the model has no free path, so there is nothing that could differ between organizations")
    if lacking := variables_without_unit(fit):
        raise FitError(
            "how much paths differ between organizations is told in the data's units, and nobody shared those of "
            f"{', '.join(lacking)}: published figures and correlations have none. Standardized effects can be told: "
            "direct_effects(fit) of each organization, direct_effects(fit, 'new') of one that nobody has asked yet"
        )
    layout = layout_of(fit)
    free = [e for e in layout.paths if e.component >= 0 and layout.components[e.component].block == "paths"]
    paths = [e.name for e in free]
    # paths made equal by a label have one component; each has its own unit
    components = xr.DataArray([layout.components[e.component].name for e in free], dims=PATH, coords={PATH: paths})
    posterior = fit.posterior[["beta", "beta_mu", "beta_tau"]].sel({PATH: components}).assign_coords({PATH: paths})
    units = [abs(e.value) * layout.unit[e.row] / layout.unit[e.column] for e in free]
    scale = xr.DataArray(units, dims=PATH, coords={PATH: paths})
    tau = posterior["beta_tau"]
    sampling = xr.DataArray(_typical_variance(fit), dims=PATH, coords={PATH: fit.posterior[PATH].values})
    sampling = sampling.sel({PATH: components}).assign_coords({PATH: paths})
    deviation, total = posterior["beta"] - posterior["beta_mu"], tau
    if layout.moderators:
        shift = own_shift(fit, layout).sel({PATH: components}).assign_coords({PATH: paths})
        deviation, total = deviation - shift, (tau**2 + shift.var(ORGANIZATION)) ** 0.5
    spread = deviation.mean((CHAIN, DRAW)).var(ORGANIZATION, ddof=1)
    pooling_factor = 1.0 - spread / deviation.var(ORGANIZATION, ddof=1).mean((CHAIN, DRAW))
    new = direct_effects(fit, target="new", standardized=False).sel(path=paths)
    new = new.drop_vars(["lhs", "op", "rhs", CONTRACTION, PRIOR_SD])
    unit_name = units_of(standardized=False)
    described = {
        "beta_tau": (tau * scale, "SD of the path between organizations", unit_name),
        "total_sd": (total * scale, "SD of the path between organizations, what attributes do included", unit_name),
        "i_squared": (tau**2 / (tau**2 + sampling), "I-squared: share of variance between organizations", "share"),
        "prediction": (new, "path in a new organization", unit_name),
        "pooling_factor": (pooling_factor, "pooling factor", "share"),
        "differs_most": (
            (total == total.max(PATH)).mean((CHAIN, DRAW)),
            "probability of differing most",
            "probability",
        ),
    }
    if not layout.moderators:
        del described["total_sd"]
    out = {}
    for name, (array, long_name, unit) in described.items():
        array.attrs = {"long_name": long_name, "units": unit, "estimand": name}
        out[name] = array.rename(name)
    return xr.Dataset(out)


def _typical_variance(fit: Fit) -> Floats:
    """Higgins and Thompson's typical sampling variance of each path on the common scale, shape (path,)."""
    variance = fit.tree["constant_data"].to_dataset()["sampling_sd"].values ** 2
    weight = np.where(np.isfinite(variance), 1.0 / variance, 0.0)
    total, squares = weight.sum(axis=0), (weight**2).sum(axis=0)
    k = (weight > 0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        typical = np.where(k > 1, (k - 1) * total / (total**2 - squares), 1.0 / total)
    return np.where(k > 0, typical, np.nan)
