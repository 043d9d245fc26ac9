"""Do items mean the same in every organization? Deviations of their intercepts."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands.mean_draws import INTERCEPT_SD, mean_draws
from bayescx.fitted import Fit
from bayescx.model.scales import scale_of
from bayescx.priors import Prior

__all__ = ["FLAGGED", "ITEM", "intercept_differences"]

ITEM = "item"
FLAGGED = 0.95
"""Probability above which a difference is flagged."""


def intercept_differences(
    fit: Fit,
    *,
    at_least: float = 0.1,
    draws: int = 1000,
    intercept_sd: Prior = INTERCEPT_SD,
    random_seed: int | None = None,
) -> xr.Dataset:
    """Whether items are answered higher or lower in an organization than its customers' standing on factors explains.

    It is what ``latent_means`` knows of intercepts; there the model is described. A deviation that all items of a
    factor share cannot be told from a higher mean of the factor.

    Parameters
    ----------
    fit : Fit
    at_least : float
        A deviation that matters, in SDs of the item's answers within organizations.
    draws, intercept_sd, random_seed
        As of ``latent_means``.

    Returns
    -------
    xarray.Dataset
        In SDs of the item: ``tau`` (chain, draw, item), the SD between organizations; ``deviation`` (chain, draw,
        organization, item), own intercept less the population's, nan for an item that an organization lacks. And
        probabilities: ``differs`` (organization, item), that the size of the deviation exceeds ``at_least``;
        ``differs_somewhere`` (item), that the largest does. ``flagged`` and ``flagged_somewhere`` are those above
        0.95. Items that are the only one of their construct are left out.

    Raises
    ------
    FitError
        If no factor has several items, fewer than two organizations shared means, or a setting is none.
    PriorError
        If ``intercept_sd`` is not a prior of an SD.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("trust =~ t1 + t2 + t3; loyalty ~ trust")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> found = intercept_differences(bcx.fit(model, evidence, random_seed=1, progressbar=False))
    >>> found["differs"].dims, found["item"].values.tolist()
    (('organization', 'item'), ['t1', 't2', 't3'])
    """
    _check_size(at_least)
    found = mean_draws(fit, draws, intercept_sd, random_seed)
    if not found.items:
        raise FitError(
            "no factor has several items, so a deviation of an intercept cannot be told from a difference in the "
            "construct; a factor and its items are written: trust =~ trust_1 + trust_2 + trust_3"
        )
    places = list(found.plan.items)
    common = np.array([fit.scale[name] for name in fit.evidence.variables])
    sd = (scale_of(fit.evidence, fit.model.coded) / common)[places]  # 1, unless the fit kept the units of the data
    tau, deviation = found.by_chain(found.tau / sd), found.by_chain(found.deviation / sd)
    lacks = np.isnan(deviation).all(axis=(0, 1))
    beyond = np.abs(deviation) > at_least
    differs = np.where(lacks, np.nan, beyond.mean(axis=(0, 1)))
    somewhere = beyond.any(axis=2).mean(axis=(0, 1))
    units = {"units": "SD of the item within organizations"}
    share = {"units": "probability"}
    what = f"probability that the deviation exceeds {float(at_least):g} SD"
    return xr.Dataset(
        {
            "tau": ((CHAIN, DRAW, ITEM), tau, {"long_name": "SD of intercepts between organizations", **units}),
            "deviation": (
                (CHAIN, DRAW, ORGANIZATION, ITEM),
                deviation,
                {"long_name": "intercept less that of the population", **units},
            ),
            "differs": ((ORGANIZATION, ITEM), differs, {"long_name": what, **share}),
            "differs_somewhere": (ITEM, somewhere, {"long_name": f"{what} in some organization", **share}),
            "flagged": ((ORGANIZATION, ITEM), differs > FLAGGED),
            "flagged_somewhere": (ITEM, somewhere > FLAGGED),
        },
        coords={
            CHAIN: list(found.chain),
            DRAW: list(found.draw),
            ORGANIZATION: found.organizations,
            ITEM: found.items,
        },
        attrs={"estimand": "intercept_difference", "at_least": float(at_least)},
    )


def _check_size(at_least: object) -> None:
    number = isinstance(at_least, int | float | np.number) and not isinstance(at_least, bool)
    if not number or not 0 <= float(at_least) < np.inf:  # type: ignore[arg-type]
        raise FitError(f"at_least must be a number of SDs, 0 or more, found {at_least!r}")
