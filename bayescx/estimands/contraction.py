"""How much narrower the evidence made each path than its prior was."""

from __future__ import annotations

import xarray as xr

from bayescx._names import CHAIN, DRAW, PATH
from bayescx.errors import FitError
from bayescx.estimands.population import layout_of
from bayescx.fitted import Fit
from bayescx.model.arrays import component_priors
from bayescx.priors import Prior

__all__ = ["contraction"]

_VARIABLES = ("beta_mu", "beta_tau", "beta")


def contraction(fit: Fit) -> xr.Dataset:
    """Posterior contraction of path coefficients: 1 - variance of the posterior / variance of the prior.

    Near 1 the answer comes from the evidence, near 0 from the prior; below 0 the posterior is the wider of the two.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    xarray.Dataset
        Along ``path`` (free paths): ``beta_mu`` and ``beta_tau`` with partial pooling, ``beta`` with full pooling,
        ``beta`` (organization, path) without pooling. Shares; nan where the prior has no finite variance.

    Raises
    ------
    FitError
        If no path is free, or the fit kept no draws from the prior.

    Examples
    --------
    >>> sorted(contraction(fit).data_vars)
    ['beta_mu', 'beta_tau']
    """
    posterior = fit.posterior
    if PATH not in posterior.dims:
        raise FitError("the model has no free path, so there is no prior that evidence could have narrowed")
    if "prior" not in fit.tree.children:
        raise FitError("this fit kept no draws from the prior; fit it again to compare prior and posterior")
    prior = fit.tree["prior"].to_dataset()
    layout = layout_of(fit)
    described = component_priors(layout, fit.priors)
    of_paths = [described[c] for c in layout.of_block("paths")]
    out = {}
    for name in _VARIABLES:
        if name not in prior:
            continue
        used = [sd if name == "beta_tau" else centre for centre, sd in of_paths]
        finite = xr.DataArray(
            [one is not None and _has_variance(one) for one in used], dims=PATH, coords={PATH: posterior[PATH].values}
        )
        before = prior[name].var((CHAIN, DRAW), ddof=1).where(finite)
        after = posterior[name].var((CHAIN, DRAW), ddof=1)
        ratio = 1.0 - after / before
        ratio.attrs = {"long_name": f"contraction of {name}", "units": "share", "estimand": "contraction"}
        out[name] = ratio.rename(name)
    return xr.Dataset(out)


def _has_variance(prior: Prior) -> bool:
    """Whether the variance of a prior is finite, so that the variance of its draws means anything."""
    if prior.name in ("Cauchy", "HalfCauchy"):
        return False
    if prior.name in ("StudentT", "HalfStudentT"):
        return prior.parameters["nu"] > 2
    return prior.name != "InverseGamma" or prior.parameters["alpha"] > 2
