"""R-squared and heterogeneity are what covariances by recursion and formulas written out say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import FitError
from tests.estimands.brute import ASKED, CASES, World, answer, fit_of, from_population, units_of
from tests.moderated import moderated_fit

TIGHT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.parametrize(("name", "target"), ASKED)
def test_r_squared(name: str, target: str) -> None:
    found = bcx.r_squared(fit_of(name), target)
    outcomes = found["outcome"].values

    def by_hand(world: World) -> list[float]:
        """Variance of the part that the predictors carry, over all variance: not one minus anything."""
        out = []
        for outcome in outcomes:
            causes = {cause: b for (o, cause), b in world.path.items() if o == outcome}
            explained = sum(
                b * c * world.covariance(one, other) for one, b in causes.items() for other, c in causes.items()
            )
            out.append(explained / world.covariance(outcome, outcome))
        return out

    np.testing.assert_allclose(found.values, answer(name, target, by_hand), **TIGHT)


def test_r_squared_of_correlated_residuals_counts_predictors_only() -> None:
    # m3 ~ m1 with m1 ~~ m2 ~~ m3: the disturbance of m3 is not correlated with that of m1, so both ways agree
    found = bcx.r_squared(fit_of("residual covariances"))
    assert found["outcome"].values.tolist() == ["m1", "m2", "m3", "y"]
    assert ((found > 0) & (found < 1)).all()


def test_r_squared_says_what_it_is(example_fit: bcx.Fit) -> None:
    found = bcx.r_squared(example_fit, "average")
    assert found.dims == ("chain", "draw", "outcome")
    assert found.attrs["units"] == "share of variance"
    assert "random x" in found.attrs["long_name"]


def test_r_squared_recovers_the_rows(example_fit: bcx.Fit, example_rows: pd.DataFrame) -> None:
    expected = [
        np.corrcoef(rows["satisfaction"], rows["trust"])[0, 1] ** 2
        for _, rows in example_rows.groupby("organization", sort=False)
    ]
    found = bcx.r_squared(example_fit).sel(outcome="trust").mean(("chain", "draw"))
    np.testing.assert_allclose(found.values, expected, atol=0.05)


HETEROGENEOUS = [name for name, case in CASES.items() if "pooling" not in case.options]


@pytest.mark.parametrize("name", HETEROGENEOUS)
def test_tau_is_in_the_units_of_its_path(name: str) -> None:
    fit = fit_of(name)
    unit = units_of(fit, CASES[name].anchors)
    found = bcx.heterogeneity(fit)["beta_tau"]
    for path in fit.posterior["path"].values:
        outcome, cause = path.split("~")
        expected = fit.posterior["beta_tau"].sel(path=path) * (unit[outcome] / unit[cause])
        np.testing.assert_allclose(found.sel(path=path).values, expected.values, **TIGHT)


@pytest.mark.parametrize("name", HETEROGENEOUS)
def test_prediction_is_the_path_of_one_more_organization(name: str) -> None:
    fit = fit_of(name)
    unit = units_of(fit, CASES[name].anchors)
    drawn = from_population(fit, 1, 3)
    found = bcx.heterogeneity(fit)["prediction"]
    for path in fit.posterior["path"].values:
        outcome, cause = path.split("~")
        expected = [[one[0][path] * unit[outcome] / unit[cause] for one in chain] for chain in drawn]
        np.testing.assert_allclose(found.sel(path=path).values, expected, **TIGHT)


@pytest.mark.parametrize("name", HETEROGENEOUS)
def test_i_squared_by_higgins_and_thompson(name: str) -> None:
    fit = fit_of(name)
    sampling = fit.tree["constant_data"]["sampling_sd"]
    found = bcx.heterogeneity(fit)["i_squared"]
    for path in fit.posterior["path"].values:
        weights = [1 / float(sd) ** 2 for sd in sampling.sel(path=path).values]
        k = len(weights)
        typical = (k - 1) * sum(weights) / (sum(weights) ** 2 - sum(w**2 for w in weights))
        for c, d in np.ndindex(found.sel(path=path).shape):
            tau = float(fit.posterior["beta_tau"].sel(path=path).values[c, d])
            share = tau**2 / (tau**2 + typical)
            assert found.sel(path=path).values[c, d] == pytest.approx(share, rel=1e-9)


@pytest.mark.parametrize("name", HETEROGENEOUS)
def test_pooling_factor_by_gelman_and_pardoe(name: str) -> None:
    posterior = fit_of(name).posterior
    found = bcx.heterogeneity(fit_of(name))["pooling_factor"]
    assert found.dims == ("path",)
    for path in posterior["path"].values:
        beta = posterior["beta"].sel(path=path).values.reshape(-1, posterior.sizes["organization"])
        mu = posterior["beta_mu"].sel(path=path).values.reshape(-1)
        deviations = [[b - m for b in row] for row, m in zip(beta.tolist(), mu.tolist(), strict=True)]
        variance_of_means = np.var(np.mean(deviations, axis=0), ddof=1)
        mean_of_variances = np.mean([np.var(row, ddof=1) for row in deviations])
        assert found.sel(path=path).item() == pytest.approx(1 - variance_of_means / mean_of_variances)


def test_sampling_sds_are_those_of_least_squares(example_fit: bcx.Fit, example_rows: pd.DataFrame) -> None:
    """What I-squared stands on: each organization's own estimates and their standard errors."""
    data = example_fit.tree["constant_data"]
    scale = example_fit.scale["trust"] / example_fit.scale["satisfaction"]
    for name, rows in example_rows.groupby("organization", sort=False):
        x, y = rows["satisfaction"] - rows["satisfaction"].mean(), rows["trust"] - rows["trust"].mean()
        slope = float(x @ y / (x @ x))
        error = float(np.sqrt(((y - slope * x) ** 2).sum() / len(rows) / (x @ x)))
        at = {"organization": name, "path": "trust~satisfaction"}
        assert data["own_estimate"].sel(at).item() * scale == pytest.approx(slope, rel=1e-3)
        assert data["sampling_sd"].sel(at).item() * scale == pytest.approx(error, rel=0.02)


def test_two_equal_organizations_share_one_sampling_variance() -> None:
    """With equal weights the typical variance is that of each: (k - 1) k w / ((k w)^2 - k w^2) = 1 / w."""
    fit = example_of_equals()
    found = bcx.heterogeneity(fit)["i_squared"]
    tau = fit.posterior["beta_tau"]
    sampling = fit.tree["constant_data"]["sampling_sd"].isel(organization=0)
    np.testing.assert_allclose(found.values, (tau**2 / (tau**2 + sampling**2)).values, rtol=1e-6)


def example_of_equals() -> bcx.Fit:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"x": rng.standard_normal(50)})
    rows["y"] = 0.5 * rows["x"] + rng.standard_normal(50)
    evidence = bcx.Evidence.from_parts({"one": rows, "other": rows.copy()})
    settings: dict[str, Any] = {"random_seed": 1, "progressbar": False, "chains": 2, "cores": 1}
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(bcx.parse_model("y ~ x"), evidence, draws=20, tune=100, **settings)


def test_heterogeneity_says_what_it_is(example_fit: bcx.Fit) -> None:
    found = bcx.heterogeneity(example_fit)
    assert isinstance(found, xr.Dataset)
    assert set(found.data_vars) == {"beta_tau", "i_squared", "prediction", "pooling_factor", "differs_most"}
    for name, array in found.data_vars.items():
        assert array.attrs["estimand"] == name
        assert array.attrs["long_name"]
        assert array.attrs["units"]
    assert ((found["i_squared"] > 0) & (found["i_squared"] < 1)).all()


def test_models_without_free_paths_have_no_heterogeneity(example_rows: pd.DataFrame) -> None:
    with pytest.raises(FitError, match="the model has no free path"):
        bcx.heterogeneity(quick(example_rows, "trust ~ 0.8*satisfaction"))
    fixed = bcx.direct_effects(quick(example_rows, "trust ~ 0.8*satisfaction"), standardized=False)
    np.testing.assert_allclose(fixed.values, 0.8)


def test_models_without_arrows_have_no_effects_but_tables_all_the_same(example_rows: pd.DataFrame) -> None:
    fit = quick(example_rows, "f =~ trust + satisfaction + loyalty")
    with pytest.raises(FitError, match="the model has no free path"):
        bcx.heterogeneity(fit)
    for estimand in (bcx.direct_effects, bcx.total_effects, bcx.indirect_effects, bcx.r_squared):
        for target in ("organization", "average"):
            found = estimand(fit, target)  # type: ignore[operator]
            assert found.size == 0
            assert bcx.summarize(found).empty


def quick(rows: pd.DataFrame, text: str) -> bcx.Fit:
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=5)
    settings: dict[str, Any] = {"random_seed": 1, "progressbar": False, "chains": 2, "cores": 1}
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(bcx.parse_model(text), evidence, draws=10, tune=50, **settings)


@pytest.mark.parametrize("name", ["paths shared", "nothing pooled, all reported"])
def test_heterogeneity_needs_partially_pooled_paths(name: str) -> None:
    with pytest.raises(FitError, match="only 'partial' has a heterogeneity"):
        bcx.heterogeneity(fit_of(name))


def test_paths_that_a_label_makes_equal_each_have_their_units(example_rows: pd.DataFrame) -> None:
    model = bcx.parse_model("trust ~ a*satisfaction; loyalty ~ a*trust + satisfaction")
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization")
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(model, evidence, random_seed=1, draws=50, tune=200, chains=2, progressbar=False)
    found = bcx.heterogeneity(fit)
    assert found["path"].values.tolist() == ["trust~satisfaction", "loyalty~trust", "loyalty~satisfaction"]
    # equal in the data's units, so their SDs are; the same draws behind both
    np.testing.assert_allclose(found["beta_tau"][..., 0], found["beta_tau"][..., 1], rtol=1e-12)
    np.testing.assert_array_equal(found["i_squared"][..., 0], found["i_squared"][..., 1])
    np.testing.assert_allclose(found["prediction"][..., 0], found["prediction"][..., 1], rtol=1e-12)


def test_the_chance_of_differing_most_counts_draws(example_fit: bcx.Fit) -> None:
    found = bcx.heterogeneity(example_fit)["differs_most"]
    tau = example_fit.posterior["beta_tau"].values.reshape(-1, 3)
    np.testing.assert_allclose(found.values, np.bincount(tau.argmax(axis=1), minlength=3) / len(tau))
    assert float(found.sum()) == pytest.approx(1)


def test_what_differs_most_counts_what_attributes_do() -> None:
    """The SD between organizations is that of what their attributes add, and of what these leave."""
    fit = moderated_fit()
    found = bcx.heterogeneity(fit)
    z = fit.evidence.attributes.z()
    gamma = {str(name): fit.posterior["moderation"].sel(moderator=name) for name in fit.posterior["moderator"].values}
    tau, total = fit.posterior["beta_tau"], {}
    for path, names in {"trust~effort": ["employees"], "loyalty~effort": ["employees", "industry[goods]"]}.items():
        moved = sum(gamma[f"{path}:{name}"].values[..., None] * z[:, k] for k, name in enumerate(names))
        total[path] = np.sqrt(moved.var(axis=-1) + tau.sel(path=path).values ** 2)
    total["loyalty~trust"] = tau.sel(path="loyalty~trust").values
    for path, draws in total.items():
        outcome, cause = path.split("~")
        unit = fit.scale[outcome] / fit.scale[cause]
        np.testing.assert_allclose(found["total_sd"].sel(path=path), draws * unit)
        np.testing.assert_allclose(found["beta_tau"].sel(path=path), tau.sel(path=path) * unit)
        largest = np.max(list(total.values()), axis=0)
        assert float(found["differs_most"].sel(path=path)) == pytest.approx((draws == largest).mean())
    assert float(found["differs_most"].sel(path="loyalty~effort")) > 0.99
    assert float((tau.sel(path="loyalty~effort") == tau.max("path")).mean()) < 0.9
