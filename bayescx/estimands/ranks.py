"""Which driver of an outcome has the greatest impact, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.population import Target, evaluate, leading_coords, leading_dims, positions
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit

__all__ = ["DRIVER", "RANK", "RankedEffect", "rank_probabilities"]

Floats = NDArray[np.float64]
RankedEffect = Literal["direct", "total"]

DRIVER, RANK = "driver", "rank"


def rank_probabilities(
    fit: Fit,
    outcome: str,
    target: Target = "organization",
    effect: RankedEffect = "direct",
    among: Iterable[str] | None = None,
) -> xr.DataArray:
    """Probability that a driver's impact on an outcome has each rank; rank 1 is the greatest.

    Impact is the absolute size of the standardized effect: a driver that lowers the outcome ranks by how much it does.
    For the average of the N planned, effects are averaged over organizations first, with their signs, and ranks are
    those of the averages. Effects of exactly the same size, which only fixed paths can have, rank as listed.

    Parameters
    ----------
    fit : Fit
    outcome : str
    target : {"organization", "typical", "average", "new", "alone"}
    effect : {"direct", "total"}
    among : iterable of str, optional
        The drivers to rank; by default the outcome's predictors. With total effects any construct with a route to the
        outcome may take part.

    Returns
    -------
    xarray.DataArray
        Dims [organization,] driver, rank: over ranks and over drivers probabilities add up to 1. Coordinate
        ``negative`` is the probability that the effect is below 0. nan for an organization that has no answer.
        ``.to_dataframe()`` makes a tidy table.

    Raises
    ------
    FitError
        If the outcome is unknown or has no predictors, a driver has no such effect on it, or the target has no answer.

    Examples
    --------
    >>> ranks = rank_probabilities(fit, "loyalty", target="average")
    >>> ranks.dims, ranks["driver"].values.tolist()
    (('driver', 'rank'), ['trust', 'satisfaction'])
    >>> float(ranks.sel(driver="trust", rank=1).round(1))
    1.0
    """
    drivers = _drivers(fit, outcome, effect, among)
    position = positions(layout_of(fit), drivers)
    row, columns = position[outcome], [position[name] for name in drivers]

    def function(system: System) -> Floats:
        return system.effects_of(effect, standardized=True)[..., row, columns]

    effects = evaluate(fit, target, function, key=("ranked", effect, outcome, drivers))
    known = np.isfinite(effects).all(axis=(0, 1, -1))
    rank = (-np.abs(effects)).argsort(axis=-1, kind="stable").argsort(axis=-1)
    chances = np.stack([(rank == place).mean(axis=(0, 1)) for place in range(len(drivers))], axis=-1)
    dims = leading_dims(target)[2:]
    coords = {name: values for name, values in leading_coords(fit, target).items() if name not in (CHAIN, DRAW)}
    negative = np.where(known[..., None], (effects < 0).mean(axis=(0, 1)), np.nan)
    return xr.DataArray(
        np.where(known[..., None, None], chances, np.nan),
        dims=(*dims, DRIVER, RANK),
        coords={
            **coords,
            DRIVER: list(drivers),
            RANK: np.arange(1, len(drivers) + 1),
            "negative": ((*dims, DRIVER), negative),
        },
        name="rank_probability",
        attrs={
            "long_name": f"probability of each rank by size of the {effect} effect on {outcome}",
            "units": "probability",
            "estimand": "rank_probability",
            "target": target,
            "outcome": outcome,
            "effect": effect,
        },
    )


def _drivers(fit: Fit, outcome: str, effect: str, among: Iterable[str] | None) -> tuple[str, ...]:
    kinds = get_args(RankedEffect)
    if effect not in kinds:
        raise FitError(
            f"unknown effect {effect!r}{did_you_mean(str(effect), kinds) or '.'} Effects: {', '.join(kinds)}"
        )
    predictors = predictors_of(fit, outcome)
    if among is None:
        return predictors
    asked = tuple(dict.fromkeys([among] if isinstance(among, str) else map(str, among)))
    if not asked:
        raise FitError(f"among is empty; name drivers of {outcome!r}: {', '.join(predictors)}")
    positions(layout_of(fit), asked)
    reaching = [name for name in fit.model.constructs if fit.model.count_routes(name, outcome)]
    allowed = list(predictors) if effect == "direct" else reaching
    for name in asked:
        if name not in allowed:
            is_total = effect == "direct" and name in reaching
            hint = "; it has a total one: effect='total'." if is_total else f". Drivers: {', '.join(allowed)}"
            raise FitError(f"{name!r} has no {effect} effect on {outcome!r}{hint}")
    return asked
