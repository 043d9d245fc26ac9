"""Whom an answer is about: reported, typical, average of the N planned, new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import FitError
from tests.estimands.brute import SEED, answer, fit_of, rows_of, worlds

ESTIMANDS: dict[str, Callable[..., xr.DataArray]] = {
    "direct": bcx.direct_effects,
    "total": bcx.total_effects,
    "indirect": bcx.indirect_effects,
    "share": bcx.mediated_share,
    "r_squared": bcx.r_squared,
    "routes": lambda fit, target: bcx.route_effects(fit, "satisfaction", "loyalty", target),
    "what_if": lambda fit, target: bcx.what_if(fit, {"trust": 1.0}, target),
    "defined": bcx.defined_parameters,
}
EACH = pytest.mark.parametrize("estimand", ESTIMANDS)


def planned(fit: bcx.Fit, n: int) -> bcx.Fit:
    return replace(fit, evidence=replace(fit.evidence, n_planned=n))


def with_posterior(fit: bcx.Fit, change: Callable[[xr.Dataset], xr.Dataset]) -> bcx.Fit:
    tree = fit.tree.copy()
    tree["posterior"] = xr.DataTree(change(fit.posterior))
    return replace(fit, tree=tree)


@EACH
def test_unknown_targets_are_refused(example_fit: bcx.Fit, estimand: str) -> None:
    with pytest.raises(FitError, match="unknown target 'typcal'; did you mean 'typical'"):
        ESTIMANDS[estimand](example_fit, target="typcal")


@pytest.mark.parametrize("estimand", ["direct", "total", "indirect", "r_squared", "what_if", "defined", "routes"])
def test_when_all_have_reported_the_average_is_their_mean(example_fit: bcx.Fit, estimand: str) -> None:
    fit = planned(example_fit, 4)
    function = ESTIMANDS[estimand]
    each = function(fit, target="organization").mean("organization")
    np.testing.assert_allclose(function(fit, target="average").values, each.values, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("estimand", ["direct", "total", "r_squared", "defined"])
def test_the_average_weighs_every_planned_organization_equally(example_fit: bcx.Fit, estimand: str) -> None:
    """Four of six reported: N times the average, less those that reported, is what the two others add."""
    function = ESTIMANDS[estimand]
    six = 6 * function(example_fit, target="average")
    reported = function(example_fit, target="organization").sum("organization")
    others = (six - reported) / 2
    new = function(example_fit, target="new")
    # two drawn organizations: the mean of one, half the variance
    error = float(new.std()) / np.sqrt(new.sizes["draw"])
    np.testing.assert_allclose(others.mean(("chain", "draw")), new.mean(("chain", "draw")), atol=6 * error)


def test_the_average_adds_what_the_documented_stream_draws() -> None:
    """(sum over reported + sum over drawn) / N, with the drawn ones rebuilt from the seed."""
    name = "two correlated causes"
    fit = fit_of(name)
    n = fit.n_planned - len(fit.organizations)
    reported = bcx.r_squared(fit, "organization").sel(outcome="y").sum("organization")

    def r_squared(world: Any) -> float:
        return 1 - world.psi["y", "y"] / world.covariance("y", "y")

    drawn = np.array([[[r_squared(w) for w in draw[3:]] for draw in chain] for chain in worlds(name, "average")])
    assert drawn.shape[2] == n == 2
    expected = (reported.values + drawn.sum(axis=2)) / fit.n_planned
    np.testing.assert_allclose(bcx.r_squared(fit, "average").sel(outcome="y").values, expected, rtol=1e-10)


def test_typical_is_the_effect_at_the_population_centre(example_fit: bcx.Fit) -> None:
    posterior, scale = example_fit.posterior, example_fit.scale
    mu = {path: posterior["beta_mu"].sel(path=path).values for path in posterior["path"].values}
    total = mu["loyalty~satisfaction"] + mu["trust~satisfaction"] * mu["loyalty~trust"]
    found = bcx.total_effects(example_fit, "typical", standardized=False)
    np.testing.assert_allclose(
        found.sel(cause="satisfaction", outcome="loyalty").values,
        total * scale["loyalty"] / scale["satisfaction"],
        rtol=1e-10,
    )


def test_new_organizations_are_drawn_with_mean_mu_and_sd_tau(example_fit: bcx.Fit) -> None:
    posterior, scale = example_fit.posterior, example_fit.scale
    drawn = bcx.direct_effects(example_fit, "new", standardized=False)
    noise = []
    for path in posterior["path"].values:
        outcome, cause = path.split("~")
        common = drawn.sel(path=path).values * scale[cause] / scale[outcome]
        at = posterior.sel(path=path)
        noise.append(((common - at["beta_mu"].values) / at["beta_tau"].values).ravel())
    assert_standard_normal(np.array(noise))


def test_residual_sds_of_new_organizations_are_drawn_too(example_fit: bcx.Fit) -> None:
    """R-squared and the raw path of trust give its residual variance, given the SD of satisfaction."""
    posterior, scale = example_fit.posterior, example_fit.scale
    flat = with_posterior(
        example_fit,
        lambda p: p.assign(beta_tau=0 * p["beta_tau"], log_exogenous_sd_tau=0 * p["log_exogenous_sd_tau"]),
    )
    slope = bcx.direct_effects(flat, "new", standardized=False).sel(path="trust~satisfaction")
    slope = slope.values * scale["satisfaction"] / scale["trust"]
    explained = slope**2 * np.exp(2 * posterior["log_exogenous_sd_mu"].values[..., 0])
    share = bcx.r_squared(flat, "new").sel(outcome="trust").values
    log_sd = 0.5 * np.log(explained * (1 / share - 1))
    at = posterior.sel(residual="trust~~trust")
    noise = (log_sd - at["log_residual_sd_mu"].values) / at["log_residual_sd_tau"].values
    assert_standard_normal(noise.reshape(1, -1))


def assert_standard_normal(noise: np.ndarray) -> None:
    """Means, SDs, quantiles and correlations within about five standard errors."""
    n = noise.shape[1]
    np.testing.assert_allclose(noise.mean(axis=1), 0, atol=5 / np.sqrt(n))
    np.testing.assert_allclose(noise.std(axis=1), 1, atol=5 / np.sqrt(2 * n))
    np.testing.assert_allclose(np.mean(np.abs(noise) < 0.6745, axis=1), 0.5, atol=5 * 0.5 / np.sqrt(n))
    if len(noise) > 1:
        np.testing.assert_allclose(np.corrcoef(noise), np.eye(len(noise)), atol=5 / np.sqrt(n))


@EACH
def test_without_differences_between_organizations_all_targets_agree(example_fit: bcx.Fit, estimand: str) -> None:
    def level(posterior: xr.Dataset) -> xr.Dataset:
        blocks = ("beta", "log_residual_sd", "log_exogenous_sd")
        changes = {f"{block}_tau": 0 * posterior[f"{block}_tau"] for block in blocks}
        changes |= {b: posterior[f"{b}_mu"] + 0 * posterior[b] for b in blocks}
        return posterior.assign({k: v.transpose(*posterior[k].dims) for k, v in changes.items()})

    fit = with_posterior(example_fit, level)
    function = ESTIMANDS[estimand]
    typical = function(fit, target="typical")
    for target in ("average", "new"):
        np.testing.assert_allclose(function(fit, target=target).values, typical.values, rtol=1e-9)
    each = function(fit, target="organization")
    for j in range(4):
        np.testing.assert_allclose(each.isel(organization=j).values, typical.values, rtol=1e-9)


@EACH
@pytest.mark.parametrize("target", ["average", "new"])
def test_answers_are_reproducible(example_fit: bcx.Fit, estimand: str, target: str) -> None:
    once = ESTIMANDS[estimand](example_fit, target=target)
    again = ESTIMANDS[estimand](example_fit, target=target)
    xr.testing.assert_identical(once, again)


def test_draws_follow_from_the_seed_of_the_fit(example_fit: bcx.Fit) -> None:
    other = replace(example_fit, provenance={**example_fit.provenance, "random_seed": 2})
    for target in ("average", "new"):
        differs = bcx.direct_effects(example_fit, target) != bcx.direct_effects(other, target)
        assert differs.all()
    for target in ("organization", "typical"):
        xr.testing.assert_identical(bcx.direct_effects(example_fit, target), bcx.direct_effects(other, target))


def test_all_answers_speak_of_the_same_new_organization(example_fit: bcx.Fit) -> None:
    direct = bcx.direct_effects(example_fit, "new", standardized=False)
    total = bcx.total_effects(example_fit, "new", standardized=False)
    np.testing.assert_allclose(
        direct.sel(path="loyalty~trust").values,
        total.sel(cause="trust", outcome="loyalty").values,
        rtol=1e-12,
    )
    np.testing.assert_allclose(bcx.heterogeneity(example_fit)["prediction"].values, direct.values, rtol=1e-12)


def test_unreported_and_new_organizations_are_different_draws(example_fit: bcx.Fit) -> None:
    fit = planned(example_fit, 5)
    five = 5 * bcx.direct_effects(fit, "average", standardized=False)
    fifth = five - bcx.direct_effects(fit, "organization", standardized=False).sum("organization")
    new = bcx.direct_effects(fit, "new", standardized=False)
    centre = bcx.direct_effects(fit, "typical", standardized=False)
    for path in fit.posterior["path"].values:
        one = (fifth - centre).sel(path=path).values.ravel()
        other = (new - centre).sel(path=path).values.ravel()
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_an_average_of_products_is_no_product_of_averages(example_fit: bcx.Fit) -> None:
    direct = bcx.direct_effects(example_fit, "average", standardized=False)
    through = direct.sel(path="trust~satisfaction") * direct.sel(path="loyalty~trust")
    indirect = bcx.indirect_effects(example_fit, "average", standardized=False)
    assert abs(indirect.sel(cause="satisfaction", outcome="loyalty") - through).max() > 1e-3


def independent(**pooling: str) -> bcx.Fit:
    rows = rows_of_example()
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=5)
    settings: dict[str, Any] = {"random_seed": SEED, "progressbar": False, "chains": 2, "cores": 1}
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(bcx.parse_model("m ~ x1; y ~ m + x1"), evidence, pooling=pooling, draws=10, tune=50, **settings)


def rows_of_example() -> Any:
    from tests.estimands.brute import CASES

    return rows_of(CASES["two correlated causes"])


@pytest.mark.parametrize("block", ["paths", "residuals", "exogenous"])
def test_without_a_population_only_those_that_reported_can_be_spoken_of(block: str) -> None:
    fit = independent(**{block: "none"})
    for target in ("typical", "new"):
        with pytest.raises(FitError, match=f"pooling 'none' for {block}"):
            bcx.total_effects(fit, target)  # type: ignore[arg-type]
    with pytest.raises(FitError, match="nothing is known of the 2 organizations that have not reported"):
        bcx.r_squared(fit, "average")
    assert bcx.r_squared(fit).sizes["organization"] == 3
    complete = planned(fit, 3)
    mean = bcx.r_squared(complete).mean("organization")
    np.testing.assert_allclose(bcx.r_squared(complete, "average").values, mean.values)


def test_a_block_without_parameters_needs_no_population() -> None:
    fit = independent(covariances="none")  # one cause: there is no covariance to speak of
    assert bcx.r_squared(fit, "new").dims == ("chain", "draw", "outcome")
    assert bcx.direct_effects(fit, "average").dims == ("chain", "draw", "path")


def test_shared_paths_are_the_same_everywhere() -> None:
    fit = fit_of("paths shared")
    each = bcx.direct_effects(fit, standardized=False)
    for target in ("typical", "average", "new"):
        found = bcx.direct_effects(fit, target, standardized=False)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.values, each.isel(organization=2).values, rtol=1e-12)
    standardized = bcx.direct_effects(fit)
    assert abs(standardized.isel(organization=0) - standardized.isel(organization=1)).max() > 1e-6


def test_brute_force_averages_over_the_planned_number() -> None:
    assert len(worlds("two correlated causes", "average")[0][0]) == 5
    assert answer("two correlated causes", "average", lambda world: 1.0).shape == (2, 6)
