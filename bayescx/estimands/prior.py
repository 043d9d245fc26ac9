"""How much narrower than under the priors the evidence made an answer.

Populations drawn from the priors go through the same code as the posterior's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx.estimands.given import mean_covariance
from bayescx.estimands.memory import remembered
from bayescx.estimands.prior_draws import possible_populations, simulated_populations
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.model.component_priors import component_priors
from bayescx.model.layout import Layout
from bayescx.priors import Prior

__all__ = ["CONTRACTION", "PRIOR_SD", "with_contraction"]

Floats = NDArray[np.float64]
Function = Callable[[System], Floats]

CONTRACTION, PRIOR_SD = "contraction", "prior_sd"

_DRAWS, _FEWEST_DRAWS = 4000, 1000
_ROUNDING = 1e-20
_PAIR = 2  # organizations of one population, from which follows how alike they are


def with_contraction(
    answer: xr.DataArray,
    fit: Fit,
    function: Function,
    denominator: Function | None = None,
    *,
    key: Hashable,
    standardized: bool = True,
) -> xr.DataArray:
    """Add to an estimand how much narrower it is than under the priors.

    Parameters
    ----------
    answer : DataArray
        Draws of the estimand, labelled.
    fit : Fit
    function, denominator : callable
        What it was computed with; see ``population.evaluate``.
    key : hashable
        What they compute.
    standardized : bool
        Whether units cancel, so that no prior of a parameter makes the variance infinite.

    Returns
    -------
    xarray.DataArray
        With coordinates along all dimensions but chain and draw: ``prior_sd``, the SD under the priors of the same
        target (of one new organization, where the target is each organization), and ``contraction``, 1 - variance of
        the posterior / variance of the prior: near 1 the answer comes from the evidence, near 0 from the prior, and
        below 0 the posterior is the wider one. nan where the priors leave the variance undefined (as of a ratio whose
        denominator may be 0), or nothing varies.

    Examples
    --------
    >>> from bayescx.estimands import r_squared
    >>> found = r_squared(fit, "average")["contraction"]
    >>> found.dims, bool((found > 0.9).all())
    (('outcome',), True)
    """
    target = answer.attrs["target"]
    population = target if target in ("typical", "average") else "new"
    before = remembered(
        fit,
        ("prior variance", population, key),
        lambda: _variance(fit, population, function, denominator, standardized),
    )
    after = answer.values.var(axis=(0, 1), ddof=1)
    variance = np.broadcast_to(before, after.shape)
    dims = answer.dims[2:]
    return answer.assign_coords({PRIOR_SD: (dims, np.sqrt(variance)), CONTRACTION: (dims, 1.0 - after / variance)})


def _variance(
    fit: Fit,
    target: str,
    function: Function,
    denominator: Function | None,
    standardized: bool,
) -> Floats:
    """Variance of an estimand under the priors, shape of its cells; nan where it has none."""
    layout = layout_of(fit)
    ratio_of_averages = target == "average" and denominator is not None
    count = max(fit.n_planned, _PAIR) if ratio_of_averages else _PAIR
    u = simulated_populations(fit, layout, count, max(_DRAWS * _PAIR // count, _FEWEST_DRAWS))
    u = {"typical": u[:, :1], "new": u[:, 1:2]}.get(target, u[:, 1:])
    can_occur = possible_populations(layout, u)
    u = np.full((2, *u.shape[1:]), np.nan) if can_occur is None else can_occur
    if not standardized:
        u[..., _without_variance(fit, layout)] = np.nan
    system = System(layout, u, mean_covariance(fit, layout))
    with np.errstate(all="ignore"):
        values = function(system)
        if denominator is not None:
            return _of_ratio(*(part[:, : fit.n_planned].mean(axis=1) for part in (values, denominator(system))))
        if target == "average":
            return _of_average(values[:, 0], values[:, 1], fit.n_planned)
        return _spread(values[:, 0])


def _of_ratio(above: Floats, below: Floats) -> Floats:
    """Variance of a ratio; one whose denominator may have either sign has none."""
    return np.where((below > 0).all(axis=0) | (below < 0).all(axis=0), _spread(above / below), np.nan)


def _without_variance(fit: Fit, layout: Layout) -> list[int]:
    """Components with a prior, or a prior of their SD between organizations, of infinite variance."""

    def has_none(prior: Prior | None) -> bool:
        return prior is not None and not np.isfinite(prior.distribution().var())

    return [c for c, priors in enumerate(component_priors(layout, fit.priors)) if any(map(has_none, priors))]


def _of_average(one: Floats, other: Floats, planned: int) -> Floats:
    """Variance of the average of so many organizations, from two organizations of each population."""
    alike = ((one - one.mean(axis=0)) * (other - other.mean(axis=0))).mean(axis=0)
    each = 0.5 * (_spread(one) + _spread(other))
    return np.asarray(np.clip(alike, 0.0, each) * (1.0 - 1.0 / planned) + each / planned)


def _spread(draws: Floats) -> Floats:
    """Variance over the first axis; nan where nothing varies."""
    variance = draws.var(axis=0, ddof=1)
    least = _ROUNDING * (draws**2).mean(axis=0)
    return np.where(np.isfinite(variance) & (variance > least), variance, np.nan)
