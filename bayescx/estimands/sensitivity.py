"""How much answers depend on the prior of the differences between organizations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayescx.errors import FitError
from bayescx.estimands.quantity import (
    Interval,
    Quantity,
    QuantityName,
    interval_of,
    is_settled,
    quantity_of,
    whole_number,
)
from bayescx.fitted import Fit
from bayescx.model.refit import refit_each, warn_of_refits
from bayescx.priors import Prior

__all__ = ["prior_sensitivity"]

_SHOWN = ("mean", "lower", "upper")


def prior_sensitivity(
    fit: Fit,
    quantity: QuantityName | None = None,
    *,
    scales: Sequence[float] = (0.1, 0.2, 0.4),
    ci_prob: float = 0.95,
    standardized: bool = True,
    draws: int | None = None,
    tune: int | None = None,
    random_seed: int | None = None,
    progressbar: bool = True,
) -> pd.DataFrame:
    """Put the average of the N planned side by side under narrower and wider priors of tau.

    The prior of the SD between organizations, ``path_sd``, matters most while few have reported. The fit is repeated
    with HalfNormal(scale) for each scale; everything else stays as it is.

    Parameters
    ----------
    fit : Fit
        With partially pooled paths.
    quantity : str or tuple, optional
        As in ``margin_by_reporting``; by default every direct effect.
    scales : sequence of float
        Scales of the half-normal priors, on the common scale.
    ci_prob : float
        Probability of the equal-tailed intervals.
    standardized : bool
        Effects in SDs; else in the data's units.
    draws, tune : int, optional
        Of each refit, per chain; by default those of the fit.
    random_seed : int, optional
        Of the refits; by default the fit's own.
    progressbar : bool
        Show how many refits are done.

    Returns
    -------
    pandas.DataFrame
        One row per quantity (index ``quantity``); for each prior, in columns of two levels, mean, lower and upper. The
        fit's own prior says so: ``"HalfNormal(0.2), as fitted"``; it stands first where it is none of the scales.
        ``attrs["not_converged"]`` holds how many of the ``attrs["refits"]`` did not converge.

    Raises
    ------
    FitError
        If there is no such quantity, paths are not partially pooled, or a scale is not a positive number.

    Warns
    -----
    ConvergenceWarning
        Once, if refits did not converge for these quantities.

    Examples
    --------
    >>> table = prior_sensitivity(fit, "loyalty~trust", scales=(0.1, 0.2), progressbar=False)
    >>> table.columns.get_level_values(0).unique().tolist()
    ['HalfNormal(0.1)', 'HalfNormal(0.2), as fitted']
    """
    if fit.pooling["paths"] != "partial":
        raise FitError(
            f"paths were fitted with pooling {fit.pooling['paths']!r}: path_sd plays no part; only 'partial' has it"
        )
    names = [row.name for row in fit.model.paths] if quantity is None else [quantity]
    asked = [quantity_of(fit, name, standardized=standardized) for name in names]
    wanted = _priors(scales)
    own = fit.priors.path_sd
    seed = fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)
    answers = {own: [interval_of(one.average(fit), ci_prob) for one in asked]}
    missing = [prior for prior in wanted if prior != own]
    changes = [
        {"priors": fit.priors.replace(path_sd=prior), "draws": draws, "tune": tune, "random_seed": seed}
        for prior in missing
    ]
    unsettled = 0
    doing = f"Refitting with other priors ({len(changes)})"
    for prior, again in zip(missing, refit_each(fit, changes, doing=doing, progressbar=progressbar), strict=True):
        averages = [one.average(again) for one in asked]
        answers[prior] = [interval_of(average, ci_prob) for average in averages]
        unsettled += not all(is_settled(again, average) for average in averages)
    warn_of_refits(unsettled, len(changes))
    order = wanted if own in wanted else [own, *wanted]
    table = _table(asked, {_named(prior, own): answers[prior] for prior in order})
    table.attrs = {"refits": len(changes), "not_converged": unsettled}
    return table


def _priors(scales: Any) -> list[Prior]:
    """Half-normal priors by their scales, each once."""
    given = list(scales) if isinstance(scales, Sequence | np.ndarray) and not isinstance(scales, str) else [scales]
    for scale in given:
        number = isinstance(scale, int | float | np.number) and not isinstance(scale, bool)
        if not number or not math.isfinite(scale) or scale <= 0:
            raise FitError(f"scales must be positive numbers such as (0.1, 0.2, 0.4), found {scale!r}")
    if not given:
        raise FitError("scales is empty; give positive numbers such as (0.1, 0.2, 0.4)")
    return list(dict.fromkeys(Prior("HalfNormal", sigma=float(scale)) for scale in given))


def _named(prior: Prior, own: Prior) -> str:
    parameters = ", ".join(f"{value:g}" for value in prior.parameters.values())
    return f"{prior.name}({parameters})" + (", as fitted" if prior == own else "")


def _table(asked: Sequence[Quantity], answers: dict[str, list[Interval]]) -> pd.DataFrame:
    columns = {
        (prior, name): [getattr(one, name) for one in intervals]
        for prior, intervals in answers.items()
        for name in _SHOWN
    }
    return pd.DataFrame(columns, index=pd.Index([one.name for one in asked], name="quantity"))
