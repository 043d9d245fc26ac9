"""The numbers of an importance-performance map: one row per driver, and its quarter."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import ORGANIZATION
from bayescx.estimands import summarize
from bayescx.estimands.ranks import DRIVER

__all__ = ["FIRST", "KEEP", "LOW", "OVERKILL", "importance_table"]

FIRST, KEEP, LOW, OVERKILL = "work here first", "keep up", "low priority", "possible overkill"


def importance_table(found: xr.Dataset, ci_prob: float, organization: str) -> pd.DataFrame:
    """One row per mark.

    Parameters
    ----------
    found : Dataset
        Of ``importance_performance``, for the average or one organization.
    ci_prob : float
        Probability of intervals: equal-tailed of importance, normal of performance.
    organization : str
        Whose it is; empty for the average.

    Returns
    -------
    pandas.DataFrame
        As of ``plot_importance_performance``. Quarters part at the averages of the drivers that are placed; there are
        none where fewer than two are.
    """
    told = summarize(found["importance"], ci_prob, kind="stats")
    lower, upper = (column for column in told if str(column).startswith("eti"))
    level, se = found["performance"].values, found["performance_se"].values
    half = NormalDist().inv_cdf((1 + ci_prob) / 2) * se
    return pd.DataFrame(
        {
            "target": found.attrs["target"],
            ORGANIZATION: organization,
            DRIVER: told[DRIVER].astype(str),
            "mean": told["mean"],
            "sd": told["sd"],
            "lower": told[lower],
            "upper": told[upper],
            "performance": level,
            "performance_se": se,
            "performance_lower": level - half,
            "performance_upper": level + half,
            "quadrant": _quadrants(told["mean"].to_numpy(), level, found["placed"].values),
        }
    )


def _quadrants(importance: np.ndarray, level: np.ndarray, placed: np.ndarray) -> np.ndarray:
    if placed.sum() < 2:
        return np.full(len(level), "", dtype=object)
    important, high = importance >= importance[placed].mean(), level >= level[placed].mean()
    choices = [~placed, important & ~high, important & high, ~important & ~high]
    return np.asarray(np.select(choices, ["", FIRST, KEEP, LOW], OVERKILL), dtype=object)
