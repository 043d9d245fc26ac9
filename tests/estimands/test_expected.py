"""What the next organizations would buy: futures are drawn right, and their intervals are those of quadrature."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands import expected as module
from bayescx.estimands.attributes import known_attributes
from bayescx.estimands.expected import expected_margin
from bayescx.estimands.quantity import interval_of, quantity_of
from tests.estimands.one_path import SE, fit_of
from tests.estimands.quadrature import average_of, futures
from tests.moderated import moderated_fit

COLUMNS = [
    *("k", "width_now", "expected_width", "width_10", "width_90"),
    *("sd_now", "expected_sd", "share_saved", "not_converged"),
]
SHORT: dict[str, Any] = {"simulations": 2, "draws": 20, "tune": 50, "progressbar": False}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    fit = fit_of((0.86, 0.80))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return expected_margin(
            fit, [10, 2, 6], "y~x", simulations=6, standardized=False, draws=300, tune=300, progressbar=False
        )


# ------------------------------------------------------------------------------------------------ the statistics


def test_todays_width_is_the_fits_own(table: pd.DataFrame) -> None:
    fit = fit_of((0.86, 0.80))
    own = interval_of(quantity_of(fit, "y~x", standardized=False).average(fit), 0.95)
    now = table.set_index("k").loc[2]
    assert (table["width_now"] == own.width).all()
    assert (table["sd_now"] == own.sd).all()
    assert (now[["expected_width", "width_10", "width_90"]] == own.width).all()
    assert now["expected_sd"] == own.sd
    assert now["share_saved"] == 0
    lower, upper = average_of(10, [0.86, 0.80], [SE, SE], 0.2).interval()
    assert own.width == pytest.approx(upper - lower, rel=0.05)


def test_expected_widths_are_those_of_quadrature(table: pd.DataFrame) -> None:
    found = table.set_index("k")
    exact = futures(10, [0.86, 0.80], SE, 0.2, 6, 60, np.random.default_rng(1))
    error = np.hypot(exact.std() / np.sqrt(60), exact.std() / np.sqrt(6))
    assert found.loc[6, "expected_width"] == pytest.approx(exact.mean(), abs=3 * error)
    assert found.loc[6, "width_10"] < found.loc[6, "expected_width"] < found.loc[6, "width_90"]


def test_when_all_have_reported_only_sampling_error_is_left(table: pd.DataFrame) -> None:
    found = table.set_index("k").loc[10]
    assert found["expected_sd"] == pytest.approx(SE / np.sqrt(10), rel=0.12)  # residual SDs differ, too
    assert found["expected_width"] == pytest.approx(3.92 * found["expected_sd"], rel=0.05)


def test_the_table_says_what_is_saved(table: pd.DataFrame) -> None:
    assert table.columns.tolist() == COLUMNS
    assert table["k"].tolist() == [2, 6, 10]
    np.testing.assert_allclose(table["share_saved"], 1 - table["expected_width"] / table["width_now"])
    assert table["share_saved"].is_monotonic_increasing
    assert table["not_converged"].between(0, 6).all()


def with_posterior(fit: bcx.Fit, change: Any) -> bcx.Fit:
    tree = fit.tree.copy()
    tree["posterior"] = xr.DataTree(change(fit.posterior))
    return replace(fit, tree=tree)


def test_futures_have_the_covariance_of_their_population(example_fit: bcx.Fit) -> None:
    """Without differences between organizations, at huge samples: Sigma by hand at mu of the draw that was taken."""
    blocks = ("beta", "log_residual_sd", "log_exogenous_sd")
    fit = with_posterior(example_fit, lambda p: p.assign({f"{b}_tau": 0 * p[f"{b}_tau"] for b in blocks}))
    found = module._futures(fit, 5, 3, 10**9, seed=4)
    assert found.shape == (5, 3, 3, 3)
    np.testing.assert_allclose(found, found[:, :1] + 0 * found, rtol=1e-3)  # one truth per simulation
    assert len(np.unique(found[:, 0, 0, 0])) == 5
    posterior = example_fit.posterior
    path = {name: posterior["beta_mu"].sel(path=name).values.ravel() for name in posterior["path"].values}
    log_sd = posterior["log_residual_sd_mu"]
    residual = {name: np.exp(log_sd.sel(residual=name).values.ravel()) for name in posterior["residual"].values}
    x = np.exp(posterior["log_exogenous_sd_mu"].sel(exogenous="satisfaction~~satisfaction").values.ravel())
    a, b, c = path["trust~satisfaction"], path["loyalty~trust"], path["loyalty~satisfaction"]
    scale = example_fit.scale
    order = [example_fit.evidence.variables.index(name) for name in ("satisfaction", "trust", "loyalty")]
    xx, xt, tt = (found[:, 0, order[i], order[k]] for i, k in ((0, 0), (0, 1), (1, 1)))
    xl, ll = (found[:, 0, order[i], order[2]] for i in (0, 2))
    units = [scale[name] for name in ("satisfaction", "trust", "loyalty")]
    expected = np.stack(
        [
            x**2 * units[0] ** 2,
            a * x**2 * units[0] * units[1],
            (a**2 * x**2 + residual["trust~~trust"] ** 2) * units[1] ** 2,
            (a * b + c) * x**2 * units[0] * units[2],
            ((a * b + c) ** 2 * x**2 + b**2 * residual["trust~~trust"] ** 2 + residual["loyalty~~loyalty"] ** 2)
            * units[2] ** 2,
        ],
        axis=-1,
    )
    for one in np.stack([xx, xt, tt, xl, ll], axis=-1):
        assert np.isclose(expected, one, rtol=1e-3).all(axis=-1).any()  # the draw that it came from


def test_futures_differ_as_their_population_does(example_fit: bcx.Fit) -> None:
    found = module._futures(example_fit, 200, 2, 10**9, seed=4)
    satisfaction = example_fit.evidence.variables.index("satisfaction")
    log_sd = 0.5 * np.log(found[..., satisfaction, satisfaction]) - np.log(example_fit.scale["satisfaction"])
    posterior = example_fit.posterior.sel(exogenous="satisfaction~~satisfaction")
    tau = posterior["log_exogenous_sd_tau"]
    assert log_sd.mean() == pytest.approx(float(posterior["log_exogenous_sd_mu"].mean()), abs=0.05)
    apart = (log_sd[:, 0] - log_sd[:, 1]).std() / np.sqrt(2)  # two of one truth differ by tau alone
    assert apart == pytest.approx(float(np.sqrt((tau**2).mean())), rel=0.35)


def test_sample_covariances_are_wishart() -> None:
    sigma = np.array([[4.0, 1.0, 0.5], [1.0, 1.0, 0.2], [0.5, 0.2, 2.0]])
    df = 10
    found = module._wishart(np.random.default_rng(1), np.broadcast_to(sigma, (40_000, 3, 3)), df)
    np.testing.assert_allclose(found, np.swapaxes(found, -1, -2))
    np.testing.assert_allclose(found.mean(axis=0), sigma, atol=0.05)
    variance = (sigma**2 + np.multiply.outer(np.diag(sigma), np.diag(sigma))) / df
    np.testing.assert_allclose(found.var(axis=0), variance, rtol=0.06)


# ----------------------------------------------------------------------------------------------------- evidence


def test_imagined_organizations_join_before_those_known_by_figures(example_fit: bcx.Fit) -> None:
    evidence = replace(
        example_fit.evidence,
        organizations=("imagined 1", "south", "east", "west"),
        n_obs=np.array([150, 150, 150, 0]),
        level={"imagined 1": "rows", "south": "rows", "east": "moments", "west": "figures"},
    )
    cov = np.stack([np.eye(3), 2 * np.eye(3)])
    joined = module._joined(evidence, cov, 99, np.empty((2, 0)))
    assert joined.organizations == ("imagined 1", "south", "east", "imagined 2", "imagined 3", "west")
    assert joined.n_obs.tolist() == [150, 150, 150, 99, 99, 0]
    np.testing.assert_array_equal(joined.cov[3:5], cov)
    np.testing.assert_array_equal(joined.cov[[0, 1, 2, 5]], evidence.cov)
    np.testing.assert_array_equal(joined.mean[[0, 1, 2, 5]], evidence.mean)
    assert np.isnan(joined.mean[3:5]).all()
    assert joined.level["imagined 3"] == "moments"
    assert joined.n_planned == evidence.n_planned
    assert joined.fingerprint != evidence.fingerprint
    assert evidence.organizations[-1] == "west"


def test_imagined_organizations_have_the_attributes_that_they_were_drawn_with() -> None:
    """Two more are planned: "late", of which attributes were stated, and one that is like anyone."""
    fit = moderated_fit()
    attributes = module._attributes_to_come(fit, 40, 2, seed=3)
    known = fit.evidence.attributes
    assert (attributes[:, 0] == [9000, 1]).all()
    everyone = {tuple(row) for row in [*known.values.tolist(), *known.unreported_values.tolist()]}
    others = {tuple(row) for row in attributes[:, 1].tolist()}
    assert others <= everyone
    assert len(others) > 6
    cov = module._futures(fit, 1, 2, 200, 3)[0]
    one, both = (module._joined(fit.evidence, cov[:k], 200, attributes[0, :k]) for k in (1, 2))
    np.testing.assert_array_equal(both.attributes.values, np.vstack([known.values, attributes[0]]))
    assert (one.attributes.unreported, both.attributes.unreported) == ((), ())
    assert both.organizations[12:] == ("imagined 1", "imagined 2")


def test_paths_of_imagined_organizations_follow_their_attributes() -> None:
    """At huge samples and without other differences: the slope of effort is mu + gamma' z of a draw."""
    blocks = ("beta", "log_residual_sd", "log_exogenous_sd")
    fit = with_posterior(moderated_fit(), lambda p: p.assign({f"{b}_tau": 0 * p[f"{b}_tau"] for b in blocks}))
    count = 2
    found, z = module._futures(fit, 5, count, 10**9, seed=4), known_attributes(fit)
    members = module._alike(fit, 5, count, seed=4)
    effort, trust = (fit.evidence.variables.index(name) for name in ("effort", "trust"))
    slope = found[..., effort, trust] / found[..., effort, effort] * fit.scale["effort"] / fit.scale["trust"]
    mu = fit.posterior["beta_mu"].sel(path="trust~effort").values.ravel()
    gamma = fit.posterior["moderation"].sel(moderator="trust~effort:employees").values.ravel()
    for own, whose in zip(slope, members, strict=True):
        expected = mu[:, None] + gamma[:, None] * z[whose, 0]
        assert np.isclose(expected, own, atol=1e-4).all(axis=1).any()
    assert (np.abs(slope[:, 0] - slope[:, 1]) > 1e-3).any()


def test_more_organizations_can_be_expected_where_paths_depend_on_attributes() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = expected_margin(moderated_fit(), [12, 13, 14], "loyalty~effort", **{**SHORT, "simulations": 1})
    assert found["k"].tolist() == [12, 13, 14]
    assert found["expected_width"].gt(0).all()


def test_respondents_are_the_median_of_those_present(example_fit: bcx.Fit) -> None:
    counted = replace(example_fit.evidence, n_obs=np.array([100, 0, 300, 101]))
    assert module._respondents(replace(example_fit, evidence=counted), None) == 101
    assert module._respondents(example_fit, 40) == 40
    nobody = replace(example_fit.evidence, n_obs=np.zeros(4, dtype=np.int64))
    with pytest.raises(FitError, match="say with n_obs how many"):
        module._respondents(replace(example_fit, evidence=nobody), None)


def test_the_seed_decides_and_one_warning_counts(example_fit: bcx.Fit) -> None:
    with pytest.warns(ConvergenceWarning, match="2 of 2 refits did not converge") as caught:
        one = expected_margin(example_fit, 5, "loyalty~trust", **SHORT)
    assert len(caught) == 1
    assert one["not_converged"].tolist() == [2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        same = expected_margin(example_fit, 5, "loyalty~trust", **SHORT)
        among = expected_margin(example_fit, (5, 5, 4), "loyalty~trust", **SHORT)
        other = expected_margin(example_fit, 5, "loyalty~trust", random_seed=7, **SHORT)
    pd.testing.assert_frame_equal(one, same)
    assert among["k"].tolist() == [4, 5]
    pd.testing.assert_series_equal(among.loc[1], one.loc[0], check_names=False)
    assert not one["expected_width"].equals(other["expected_width"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": 3}, "k must be a whole number from 4 to 6, found 3"),
        ({"k": [5, 7]}, "k must be a whole number from 4 to 6, found 7"),
        ({"k": 5.0}, r"k must be a whole number from 4 to 6, found 5\.0"),
        ({"k": "5"}, "k must be a whole number from 4 to 6, found '5'"),
        ({"k": []}, r"k is empty; name numbers of organizations from 4 \(present\) to 6 \(planned\)"),
        ({"simulations": 0}, "simulations must be a whole number of at least 1, found 0"),
        ({"n_obs": 4}, "n_obs must be a whole number from 5 to 1000000000, found 4"),
        ({"draws": 3}, "draws must be a whole number of at least 4, found 3"),
        ({"random_seed": 0.5}, "random_seed must be a whole number"),
        ({"quantity": "loyalty~nothing"}, "no path 'loyalty~nothing'"),
        ({"ci_prob": 2.0}, "ci_prob must lie between 0 and 1"),
    ],
)
def test_questions_that_cannot_be(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        expected_margin(**{"fit": example_fit, "k": 5, "quantity": "loyalty~trust", **changes})


def test_without_a_population_nobody_can_be_imagined() -> None:
    with pytest.raises(FitError, match="fit with pooling='partial' or 'full'"):
        expected_margin(fit_of((0.86, 0.80), pooling="none", draws=100), 5, "y~x")
