"""Slopes in SDs of the answer, as slopes of any other scale can be given, so that two models can be compared."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayescx.choices.fitted import TERM, ChoiceFit
from bayescx.choices.patterns import pooled_products
from bayescx.choices.population import ChoiceTarget, components, labelled, over_organizations

__all__ = ["slopes_in_sds"]


def slopes_in_sds(fit: ChoiceFit, target: ChoiceTarget = "average") -> xr.DataArray:
    """Slopes in SDs of the latent answer within organizations, per unit of each term.

    That SD is not the residual one, which is 1, but the root of 1 + b' S b, with b an organization's slopes and S the
    pooled covariance of terms within organizations: what an outcome in units of its own SD has too.

    Parameters
    ----------
    fit : ChoiceFit
    target : {"organization", "typical", "average", "new"}

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], term.

    Raises
    ------
    FitError
        If the target is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, choice_slopes, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> bool((abs(slopes_in_sds(fit)) < abs(choice_slopes(fit, "average"))).all())
    True
    """
    counts = fit.counts
    weight = counts.answers.sum(axis=1).astype(np.float64)
    scaled = (counts.x - counts.centre) / counts.spread
    products = pooled_products(scaled, counts.organization, weight, len(counts.organizations))
    covariance = products / max(float((counts.n_obs - 1).sum()), 1.0)
    beta = components(fit, target).beta
    total = np.sqrt(1.0 + np.einsum("smk,kl,sml->sm", beta, covariance, beta))
    values = over_organizations(beta / counts.spread / total[..., None], target)
    return labelled(
        fit, target, values, (TERM, list(fit.terms)), name="slopes_in_sds", long_name="slope of each term",
        units="SD of the latent answer per unit",
    )  # fmt: skip
