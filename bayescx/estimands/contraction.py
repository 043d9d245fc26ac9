"""How much narrower the evidence made each path than its prior was."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW, PATH
from bayescx.errors import FitError
from bayescx.estimands.prior_draws import simulated_populations
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.model.component_priors import component_priors
from bayescx.priors import Prior

__all__ = ["contraction", "path_priors"]

_DRAWS = 4000


def contraction(fit: Fit) -> xr.Dataset:
    """Posterior contraction of path coefficients: 1 - variance of the posterior / variance of the prior.

    Near 1 the answer comes from the evidence, near 0 from the prior; below 0 the posterior is the wider of the two.
    With published figures, declared signs and the agreed scale count to the prior, as they do for every effect.

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
        If no path is free.

    Examples
    --------
    >>> sorted(contraction(fit).data_vars)
    ['beta_mu', 'beta_tau']
    """
    posterior = fit.posterior
    if PATH not in posterior.dims:
        raise FitError("the model has no free path, so there is no prior that evidence could have narrowed")
    out = {}
    for name, priors in path_priors(fit).items():
        spread = [float(prior.distribution().var()) for prior in priors.values()]
        if name != "beta_tau" and (fit.evidence.published or fit.evidence.signs):
            spread = _agreed_variance(fit, list(priors))
        before = xr.DataArray(spread, dims=PATH, coords={PATH: list(priors)})
        after = posterior[name].var((CHAIN, DRAW), ddof=1)
        ratio = 1.0 - after / before.where(np.isfinite(before))
        ratio.attrs = {"long_name": f"contraction of {name}", "units": "share", "estimand": "contraction"}
        out[name] = ratio.rename(name)
    return xr.Dataset(out)


def _agreed_variance(fit: Fit, paths: list[str]) -> list[float]:
    """Variance of centres under the priors, declared signs and the common scale of figures, which are no evidence."""
    layout = layout_of(fit)
    position = {component.name: c for c, component in enumerate(layout.components)}
    centres = simulated_populations(fit, layout, 2, _DRAWS)[:, 0]
    return [float(centres[:, position[path]].var(ddof=1)) for path in paths]


def path_priors(fit: Fit) -> dict[str, dict[str, Prior]]:
    """Priors of the posterior's path variables: variable (beta_mu, beta_tau or beta) to path to prior.

    Examples
    --------
    >>> path_priors(fit)["beta_tau"]["loyalty~trust"]
    Prior("HalfNormal", sigma=0.2)
    """
    layout = layout_of(fit)
    described = component_priors(layout, fit.priors)
    of_paths = {layout.components[c].name: described[c] for c in layout.of_block("paths")}
    if fit.pooling["paths"] != "partial":
        return {"beta": {name: centre for name, (centre, _) in of_paths.items()}}
    return {
        "beta_mu": {name: centre for name, (centre, _) in of_paths.items()},
        "beta_tau": {name: sd for name, (_, sd) in of_paths.items() if sd is not None},
    }
