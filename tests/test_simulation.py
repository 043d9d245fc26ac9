"""Simulated rows have the moments that the truth table says; settings and values are checked together."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.datasets import load_model
from bayescx.errors import ModelError
from bayescx.simulation import Simulation, simulate
from bayescx.spec import parse_model

CHAIN = "m ~ x; y ~ m + x"
CORRELATED = "y ~ x1 + x2 + x3"
LATENT = """
trust =~ t1 + t2 + t3
loyal =~ l1 + l2 + l3
loyal ~ trust + price
t1 ~~ l1
"""


PARAMETERS = ("path", "loading", "variance", "covariance")


def truth_of(study: Simulation, organization: str = "typical", *kinds: str) -> pd.Series[float]:
    rows = study.truth[study.truth["organization"] == organization]
    return rows[rows["kind"].isin(kinds or PARAMETERS)].set_index("parameter")["value"]


def moments(study: Simulation, organization: str = "org_01") -> pd.DataFrame:
    return study.rows[study.rows["organization"] == organization].drop(columns="organization").cov()


def test_rows_and_truth_have_the_promised_columns() -> None:
    study = simulate(load_model("value_creation"), organizations=3, n_obs=20, random_seed=1)
    assert list(study.rows.columns) == ["organization", *load_model("value_creation").observed]
    assert study.rows["organization"].value_counts().to_dict() == dict.fromkeys(["org_01", "org_02", "org_03"], 20)
    assert list(study.truth.columns) == ["organization", "kind", "parameter", "value"]
    assert list(study.truth["organization"].unique()) == ["typical", "org_01", "org_02", "org_03"]
    assert set(study.truth["kind"]) == {"path", "variance", "standardized_path", "r_squared"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.random_seed = 2  # type: ignore[misc]


def test_names_stay_in_order_from_a_hundred_organizations_on() -> None:
    names = simulate(parse_model(CHAIN), organizations=100, n_obs=2, random_seed=1).rows["organization"].unique()
    assert list(names) == sorted(names)
    assert names[0] == "org_001"


def test_each_equation_explains_half_by_default() -> None:
    study = simulate(load_model("value_creation"), organizations=1, n_obs=200_000, random_seed=1, heterogeneity=0)
    assert np.allclose(truth_of(study, "typical", "r_squared"), 0.5)
    assert np.allclose(np.diag(moments(study)), 1.0, atol=0.02)


def test_large_samples_show_the_regressions_that_the_truth_says() -> None:
    model = load_model("value_creation")
    study = simulate(model, organizations=2, n_obs=400_000, random_seed=2)
    for organization in ("org_01", "org_02"):
        cov, true = moments(study, organization), truth_of(study, organization, "path")
        for outcome in model.endogenous:
            causes = list(model.predictors(outcome))
            weights = np.linalg.solve(cov.loc[causes, causes], cov.loc[causes, outcome])
            assert np.allclose(weights, true[[f"{outcome}~{cause}" for cause in causes]], atol=0.01)
            residual = cov.loc[outcome, outcome] - weights @ cov.loc[causes, outcome]
            r_squared = truth_of(study, organization, "r_squared")[outcome]
            assert 1 - residual / cov.loc[outcome, outcome] == pytest.approx(r_squared, abs=0.005)


def test_standardized_paths_are_those_of_standardized_rows() -> None:
    study = simulate(parse_model(CHAIN), organizations=1, n_obs=400_000, random_seed=3, values={"x~~x": 25.0})
    cov = moments(study)
    slope = cov.loc["x", "m"] / np.sqrt(cov.loc["x", "x"] * cov.loc["m", "m"])
    assert slope == pytest.approx(truth_of(study, "org_01", "standardized_path")["m~x"], abs=0.01)


def test_exogenous_variables_correlate_and_written_zeros_do_not() -> None:
    study = simulate(parse_model(CORRELATED + "; x1 ~~ 0*x2"), organizations=1, n_obs=200_000, random_seed=1)
    cov = moments(study)
    assert cov.loc["x1", "x2"] == pytest.approx(0.0, abs=0.01)
    assert cov.loc["x1", "x3"] == pytest.approx(0.3, abs=0.01)
    assert truth_of(study)["x1~~x2"] == 0


def test_latent_models_have_the_implied_item_covariances() -> None:
    values = {"trust=~t2": 0.8, "t2~~t2": 0.5, "l1~~t1": 0.2, "trust~~price": 0.4}
    study = simulate(parse_model(LATENT), organizations=1, n_obs=400_000, random_seed=5, values=values)
    cov, true = moments(study), truth_of(study, "org_01")
    assert cov.loc["t2", "t2"] == pytest.approx(0.64 + 0.5, abs=0.02)
    assert cov.loc["t2", "t3"] == pytest.approx(0.8, abs=0.02)
    assert cov.loc["t1", "price"] == pytest.approx(0.4, abs=0.02)
    weights = true[["loyal~trust", "loyal~price"]]
    shared = weights["loyal~trust"] + 0.4 * weights["loyal~price"]
    assert cov.loc["t3", "l3"] == pytest.approx(shared, abs=0.02)
    assert cov.loc["t1", "l1"] == pytest.approx(shared + 0.2, abs=0.02)


def test_second_order_factors_and_single_indicators() -> None:
    text = "f =~ a1 + a2 + a3; g =~ b1; q =~ f + g + h; h =~ c1 + c2"
    study = simulate(parse_model(text), organizations=1, n_obs=200_000, random_seed=1)
    cov, true = moments(study), truth_of(study)
    assert true["b1~~b1"] == 0
    assert cov.loc["a1", "b1"] == pytest.approx(1.0, abs=0.02)
    assert cov.loc["b1", "b1"] == pytest.approx(1.0 + true["g~~g"], abs=0.02)


def test_given_values_are_the_population_and_organizations_deviate_in_paths_only() -> None:
    study = simulate(parse_model(CHAIN), organizations=400, n_obs=2, values={"m~x": 0.8, "y~~y": 2.0}, random_seed=1)
    parameters = study.truth[study.truth["kind"].isin(PARAMETERS)]
    wide = parameters.pivot_table(index="organization", columns="parameter", values="value")
    paths = wide.drop(index="typical")[["m~x", "y~m", "y~x"]]
    assert wide.loc["typical", "m~x"] == 0.8
    assert paths["m~x"].mean() == pytest.approx(0.8, abs=0.015)
    assert paths.std().to_numpy() == pytest.approx(0.08, abs=0.01)
    assert (wide["y~~y"] == 2.0).all()
    assert (wide["m~~m"] == wide.loc["typical", "m~~m"]).all()


def test_labels_make_parameters_equal_within_every_organization() -> None:
    text = "m ~ a*x; y ~ a*m + b*x; total := a*a + b"
    study = simulate(parse_model(text), organizations=5, n_obs=2, values={"y~m": 0.4}, random_seed=1)
    for organization in study.truth["organization"].unique():
        paths = truth_of(study, organization, "path")
        assert paths["m~x"] == paths["y~m"]
        expected = paths["m~x"] ** 2 + paths["y~x"]
        assert truth_of(study, organization, "defined")["total"] == pytest.approx(expected)
    assert truth_of(study, "typical", "path")["m~x"] == 0.4
    assert truth_of(study, "org_01", "path")["m~x"] != 0.4


def test_labels_on_variances_and_loadings() -> None:
    text = "f =~ x1 + b*x2 + b*x3; x1 ~~ v*x1; x2 ~~ v*x2"
    true = truth_of(
        simulate(parse_model(text), organizations=1, n_obs=2, values={"f=~x3": 0.7, "x2~~x2": 0.1}, random_seed=1)
    )
    assert true[["f=~x2", "f=~x3"]].tolist() == [0.7, 0.7]
    assert true[["x1~~x1", "x2~~x2", "x3~~x3"]].tolist() == [0.1, 0.1, 0.36]


def test_reversed_items_load_negatively() -> None:
    text = "f =~ x1 + x2 + upper(0)*x3 + b*upper(0)*x4 + b*upper(0)*x5"
    study = simulate(parse_model(text), organizations=1, n_obs=100_000, values={"f=~x4": -0.5}, random_seed=1)
    assert truth_of(study)[[f"f=~x{i}" for i in range(1, 6)]].tolist() == [1, 1, -1, -0.5, -0.5]
    assert moments(study).loc["x1", "x3"] == pytest.approx(-1.0, abs=0.02)
    assert moments(study).loc["x3", "x5"] == pytest.approx(0.5, abs=0.02)


def test_fixed_values_stay_fixed_in_every_organization() -> None:
    study = simulate(parse_model("m ~ 0.5*x; y ~ m; y ~~ 0.3*y"), organizations=3, n_obs=2, random_seed=1)
    for organization in study.truth["organization"].unique():
        assert truth_of(study, organization, "path")["m~x"] == 0.5
        assert truth_of(study, organization, "variance")["y~~y"] == 0.3


def test_residual_variance_is_never_below_a_fifth_by_default() -> None:
    true = truth_of(simulate(parse_model("y ~ x"), organizations=1, n_obs=2, values={"y~x": 3.0}, random_seed=1))
    assert true["y~~y"] == 0.2


def test_seed_makes_the_same_rows_and_more_organizations_leave_the_first_alone() -> None:
    few = simulate(parse_model(CHAIN), organizations=2, n_obs=(20, 40), random_seed=9)
    again = simulate(parse_model(CHAIN), organizations=2, n_obs=(20, 40), random_seed=9)
    more = simulate(parse_model(CHAIN), organizations=4, n_obs=(20, 40), random_seed=9)
    pd.testing.assert_frame_equal(few.rows, again.rows)
    pd.testing.assert_frame_equal(few.truth, again.truth)
    pd.testing.assert_frame_equal(few.rows, more.rows.iloc[: len(few.rows)])


def test_without_a_seed_a_new_one_is_drawn_and_kept() -> None:
    one = simulate(parse_model(CHAIN), organizations=1, n_obs=5)
    again = simulate(parse_model(CHAIN), organizations=1, n_obs=5, random_seed=one.random_seed)
    pd.testing.assert_frame_equal(one.rows, again.rows)


def test_numbers_of_respondents_fill_their_range() -> None:
    study = simulate(parse_model(CHAIN), organizations=60, n_obs=(20, 22), random_seed=1)
    assert set(study.rows["organization"].value_counts()) == {20, 21, 22}


@pytest.mark.parametrize(
    ("text", "values", "fragment"),
    [
        (CHAIN, {"m~z": 0.1}, "no parameter 'm~z'; did you mean 'm~x'?"),
        (CHAIN, {"nothing": 0.1}, "no parameter 'nothing'; it has m~x, y~m, y~x, x~~x"),
        (CHAIN, {"m~1": 3.0}, "intercepts cannot be set"),
        (CHAIN, {"m~x": "big"}, "m~x must be a finite number, found 'big'"),
        (CHAIN, {"m~x": float("nan")}, "m~x must be a finite number, found nan"),
        (CHAIN, {"m~x": None}, "m~x must be a finite number, found None"),
        (CHAIN, {"m~~m": -1}, "m~~m is a variance and cannot be negative"),
        (CHAIN, {"m~~m": 0}, "positive definite; look at"),
        ("y ~ 0.5*x", {"y~x": 0.4}, "y~x is fixed to 0.5 by the model; it cannot be 0.4"),
        ("m ~ a*x; y ~ a*m", {"m~x": 0.1, "y~m": 0.2}, "share the label 'a' but are given 0.2 and 0.1"),
        ("f =~ x1 + x2 + upper(0)*x3", {"f=~x3": 0.5}, "upper(0), and cannot be positive, found 0.5"),
        (CORRELATED, {"x1~~x2": 0.1, "x2~~x1": 0.2}, "x1~~x2 is given twice"),
        (CORRELATED, {"x1~~x2": 2.0}, "constructs' residuals fit no covariance matrix"),
        (CORRELATED, {"x1~~x2": 0.9, "x1~~x3": 0.9, "x2~~x3": -0.9}, "look at x1, x2, x3"),
        (
            LATENT,
            {"t1~~l1": 0.5},
            "items' residuals fit no covariance matrix that is positive definite; look at t1, l1",
        ),
    ],
)
def test_values_that_cannot_be_are_refused(text: str, values: dict[str, Any], fragment: str) -> None:
    with pytest.raises(ModelError) as refused:
        simulate(parse_model(text), values=values, organizations=1, n_obs=10)
    assert fragment in str(refused.value)


def test_all_values_are_reported_together() -> None:
    with pytest.raises(ModelError) as refused:
        simulate(parse_model(CHAIN), values={"m~z": 1, "y~~y": -1, "y~x": "?"})
    assert len(refused.value.problems) == 3


def test_values_are_found_in_either_order_and_with_blanks() -> None:
    study = simulate(parse_model(CORRELATED), organizations=1, n_obs=2, values={"x2 ~~ x1": 0.1, " y ~ x1": 0.4})
    assert truth_of(study)["x1~~x2"] == 0.1
    assert truth_of(study)["y~x1"] == 0.4


@pytest.mark.parametrize(
    ("settings", "fragment"),
    [
        ({"organizations": 0}, "organizations must be a whole number above 0, found 0"),
        ({"organizations": 2.5}, "organizations must be"),
        ({"n_obs": 0}, "n_obs must be a whole number above 0 or a range"),
        ({"n_obs": (30, 20)}, "n_obs must be"),
        ({"n_obs": (20, 30, 40)}, "n_obs must be"),
        ({"n_obs": "500"}, "n_obs must be"),
        ({"heterogeneity": -0.1}, "heterogeneity must be a finite number of at least 0"),
        ({"heterogeneity": float("inf")}, "heterogeneity must be"),
        ({"random_seed": -1}, "random_seed must be"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], fragment: str) -> None:
    with pytest.raises(ModelError, match="settings of simulate") as refused:
        simulate(parse_model(CHAIN), **settings)
    assert fragment in str(refused.value)


def test_a_variable_called_organization_is_refused() -> None:
    with pytest.raises(ModelError, match="the column of names"):
        simulate(parse_model("y ~ organization"))


def test_coded_terms_and_attributes_of_organizations_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        simulate(parse_model("y ~ below(x, 4) + pool(w, size)"))
    assert "coded terms such as below(x, 4)" in str(caught.value)
    assert "y~w depends on size of organizations" in str(caught.value)
