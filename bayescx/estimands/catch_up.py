"""What organizations would gain by catching up with the one that is highest on a construct."""

from __future__ import annotations

import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION, OUTCOME
from bayescx.estimands.latent_means import CONSTRUCT, latent_means, named_construct
from bayescx.estimands.whatif import what_if
from bayescx.fitted import Fit

__all__ = ["catch_up"]


def catch_up(fit: Fit, construct: str, *, draws: int = 1000, random_seed: int | None = None) -> xr.DataArray:
    """What follows in every construct if an organization's mean of one rose to that of the highest organization.

    In each draw the gap to the organization that is highest in that draw, see ``latent_means``, times what one unit
    more of the construct does in the organization itself, see ``what_if``: the construct is moved, whatever drives it,
    and what is downstream follows. Which organization is highest is uncertain, and this counts: the one that is highest
    on average still gains in the draws in which another is higher. Gains are never below 0 in the construct itself, and
    among organizations that hardly differ they are mostly noise.

    Parameters
    ----------
    fit : Fit
    construct : str
    draws : int
        About so many draws of the posterior are used, evenly spaced.
    random_seed : int, optional
        Of the means; by default that of the fit.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, organization, outcome (all constructs; the construct itself has the gap), in the data's units;
        only organizations that shared means of the construct. Scalar coordinates ``items``, ``intercept_noise`` and
        ``comparable`` of the construct, and attributes ``comparability`` and ``left_out``, are those of
        ``latent_means``: where organizations cannot be compared on the construct, gaps say little.

    Raises
    ------
    FitError
        If the construct is unknown or has no mean, fewer than two organizations shared means, a setting is none, or
        nobody shared units.

    Examples
    --------
    >>> gain = catch_up(fit, "trust")
    >>> gain.dims, bool((gain.sel(outcome="trust") >= 0).all())
    (('chain', 'draw', 'organization', 'outcome'), True)
    """
    means = latent_means(fit, standardized=False, draws=draws, random_seed=random_seed)
    one = means.sel({CONSTRUCT: named_construct(fit, means, construct)}).dropna(ORGANIZATION)
    gap = one.max(ORGANIZATION) - one
    each = what_if(fit, {construct: 1.0}, "organization").sel({dim: gap[dim] for dim in (CHAIN, DRAW, ORGANIZATION)})
    found = (gap * each).transpose(CHAIN, DRAW, ORGANIZATION, OUTCOME).drop_vars(CONSTRUCT).rename("catch_up")
    found.attrs = {
        "long_name": f"change if {construct} rose to that of the highest organization",
        "units": "data units",
        "estimand": "catch_up",
        "construct": construct,
        "comparability": means.attrs["comparability"],
        "left_out": means.attrs["left_out"],
    }
    return found
