"""Target "alone": each organization by itself, whatever the pooling, close to a fit that pools nothing."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.estimands.population import available_targets, is_informed_by_others

APART = {"paths": "none", "residuals": "none", "exogenous": "none", "covariances": "none"}
MODELS = {
    "observed": "m ~ x; y ~ m + x",
    "latent": "f =~ x1 + x2 + x3; g =~ y1 + y2 + y3; g ~ f",
    "correlated": "y ~ x + z; w ~ y; x ~~ 0*z",
}
POOLINGS: dict[str, str | dict[str, str]] = {
    "partial": "partial",
    "residuals shared": {"paths": "partial", "residuals": "full", "exogenous": "full"},
    "all shared": {"paths": "full", "residuals": "full", "exogenous": "full", "covariances": "full"},
}


def evidence_for(text: str) -> tuple[bcx.PathModel, bcx.Evidence]:
    model = bcx.parse_model(text)
    rows = bcx.simulate(model, organizations=3, n_obs=120, heterogeneity=0.3, random_seed=4).rows
    return model, bcx.Evidence.from_rows(rows, organization="organization")


@cache
def apart(name: str) -> bcx.Fit:
    """A fit in which organizations share nothing but loadings."""
    model, evidence = evidence_for(MODELS[name])
    return bcx.fit(model, evidence, pooling=APART, random_seed=1, progressbar=False)


@cache
def pooled(name: str, pooling: str) -> bcx.Fit:
    """Another fit to the same evidence."""
    one = apart(name)
    with np.errstate(all="ignore"):
        return bcx.fit(one.model, one.evidence, pooling=POOLINGS[pooling], random_seed=2, progressbar=False)


def spread(array: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    return array.mean(("chain", "draw")).values, array.std(("chain", "draw")).values


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("estimand", [bcx.direct_effects, bcx.total_effects, bcx.r_squared])
@pytest.mark.parametrize("model", MODELS)
def test_alone_is_what_a_fit_without_pooling_says(model: str, pooling: str, estimand: object) -> None:
    mean, sd = spread(estimand(pooled(model, pooling), "alone"))  # type: ignore[operator]
    wanted, wanted_sd = spread(estimand(apart(model), "organization"))  # type: ignore[operator]
    moves = wanted_sd > 0
    # a normal approximation, and for factors the loadings are held: within a quarter of an SD, and a fifth of its size
    np.testing.assert_array_less(np.abs(mean - wanted)[moves] / wanted_sd[moves], 0.25)
    np.testing.assert_array_less(np.abs(np.log(sd[moves] / wanted_sd[moves])), 0.25)


def test_means_of_raw_paths_are_the_maxima(example_fit: bcx.Fit) -> None:
    maxima = example_fit.tree["constant_data"]["alone"]
    effects = bcx.direct_effects(example_fit, "alone", standardized=False)
    for path in effects["path"].values:
        outcome, cause = str(path).split("~")
        unit = example_fit.scale[outcome] / example_fit.scale[cause]
        np.testing.assert_allclose(
            effects.sel(path=path).mean(("chain", "draw")), maxima.sel(component=path) * unit, rtol=1e-12
        )


def test_pooling_draws_organizations_together(example_fit: bcx.Fit) -> None:
    pooled, alone = (
        bcx.direct_effects(example_fit, target, standardized=False).mean(("chain", "draw")).std("organization")
        for target in ("organization", "alone")
    )
    assert (pooled < alone).all()


def test_every_pooling_can_answer_alone() -> None:
    model, evidence = evidence_for("y ~ x")
    for pooling in ("none", "partial", "full"):
        with pytest.warns(bcx.ConvergenceWarning):
            fit = bcx.fit(
                model, evidence, pooling=pooling, random_seed=1, draws=15, tune=100, chains=3, progressbar=False
            )
        assert "alone" in available_targets(fit)
        assert is_informed_by_others(fit) == (pooling != "none")
        draws = bcx.direct_effects(fit, "alone")
        assert draws.dims == ("chain", "draw", "organization", "path")
        assert draws.shape == (3, 15, 3, 1)  # an odd number of draws
        assert np.isfinite(draws).all()
        np.testing.assert_array_equal(draws, bcx.direct_effects(dataclasses.replace(fit), "alone"))
