"""Fits of one path whose estimates and standard errors are made to measure, for comparison with quadrature."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache

import pandas as pd

import bayescx as bcx
from bayescx.errors import ConvergenceWarning

N_OBS = 2000
SE = 0.03


def moments(estimate: float, se: float = SE, n_obs: int = N_OBS) -> bcx.SampleMoments:
    """Moments of x and y whose regression has this coefficient and standard error, with Var(x) = 1."""
    residual = se**2 * (n_obs - 1)
    cov = [[1.0, estimate], [estimate, estimate**2 + residual]]
    return bcx.SampleMoments(n_obs=n_obs, mean=None, cov=pd.DataFrame(cov, index=["x", "y"], columns=["x", "y"]))


@cache
def fit_of(
    estimates: Sequence[float], scale: float = 0.2, n_planned: int = 10, draws: int = 10_000, pooling: str = "partial"
) -> bcx.Fit:
    """Organizations "a", "b", … in the data's own units, so that the priors are those of the quadrature."""
    shared = {chr(ord("a") + i): moments(estimate) for i, estimate in enumerate(estimates)}
    evidence = bcx.Evidence.from_moments(shared, n_planned=n_planned)
    priors = bcx.Priors().replace(path_sd=bcx.Prior("HalfNormal", sigma=scale))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one divergence in 40,000 draws is no bias
        return bcx.fit(
            bcx.parse_model("y ~ x"), evidence, priors, scale=False, draws=draws, random_seed=3, progressbar=False,
            pooling=pooling,
        )  # fmt: skip
