"""`log_likelihood`: the density of rows, and everything that can be wrong with values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from bayescx.errors import ModelError
from bayescx.evidence import Evidence, SampleMoments
from bayescx.model.likelihood import log_likelihood
from bayescx.spec import parse_model

PATHS = "m ~ a*x; y ~ b*m + x"
PATH_VALUES = {"m~x": 0.5, "y~m": 0.4, "y~x": -0.2, "x~~x": 1.3, "m~~m": 0.7, "y~~y": 0.9}
FACTOR = "f =~ x1 + x2 + x3; f ~ z"
FACTOR_VALUES = {
    "f=~x2": 0.8,
    "f=~x3": 1.2,
    "f~z": 0.5,
    "z~~z": 2.0,
    "f~~f": 0.6,
    "x1~~x1": 0.5,
    "x2~~x2": 0.7,
    "x3~~x3": 0.4,
}


def rows(variables: list[str], organizations: dict[str, int], seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frames = []
    for name, n in organizations.items():
        mixing = np.eye(len(variables)) + 0.3 * rng.standard_normal((len(variables), len(variables)))
        values = rng.standard_normal((n, len(variables))) @ mixing + rng.standard_normal(len(variables))
        frames.append(pd.DataFrame(values, columns=variables).assign(organization=name))
    return pd.concat(frames, ignore_index=True)


def evidence_on(frame: pd.DataFrame) -> Evidence:
    return Evidence.from_rows(frame, organization="organization")


PATH_ROWS = rows(["m", "x", "y"], {"north": 12, "south": 20})
FACTOR_ROWS = rows(["x1", "x2", "x3", "z"], {"north": 15, "south": 25})


def by_row(frame: pd.DataFrame, variables: list[str], mean: Any, sigma: Any) -> list[float]:
    """Sum of the rows' log densities, organization by organization."""
    density = multivariate_normal(np.asarray(mean), np.asarray(sigma))
    return [density.logpdf(own[variables]).sum() for _, own in frame.groupby("organization", sort=False)]


def path_sigma() -> np.ndarray:
    a, b, c, x, m, y = (PATH_VALUES[name] for name in ("m~x", "y~m", "y~x", "x~~x", "m~~m", "y~~y"))
    total = a * b + c
    mm, my = a**2 * x + m, a * c * x + b * (a**2 * x + m)
    yy = total**2 * x + b**2 * m + y
    return np.array([[x, a * x, total * x], [a * x, mm, my], [total * x, my, yy]])


def factor_sigma() -> np.ndarray:
    loadings = np.array([1.0, 0.8, 1.2])
    variance = 0.5**2 * 2.0 + 0.6
    sigma = np.empty((4, 4))
    sigma[:3, :3] = variance * np.outer(loadings, loadings) + np.diag([0.5, 0.7, 0.4])
    sigma[:3, 3] = sigma[3, :3] = loadings * 0.5 * 2.0
    sigma[3, 3] = 2.0
    return sigma


def test_rows_of_a_path_model() -> None:
    values = PATH_VALUES | {"x~1": 0.3, "m~1": -0.5, "y~1": 1.1}
    mean_x = 0.3
    mean_m = -0.5 + 0.5 * mean_x
    mean_y = 1.1 + 0.4 * mean_m - 0.2 * mean_x
    expected = by_row(PATH_ROWS, ["x", "m", "y"], [mean_x, mean_m, mean_y], path_sigma())
    found = log_likelihood(parse_model(PATHS), evidence_on(PATH_ROWS), values)
    assert found.dims == ("organization",)
    assert list(found["organization"].values) == ["north", "south"]
    np.testing.assert_allclose(found.values, expected, rtol=1e-12)


def test_rows_of_a_factor_model_with_intercepts() -> None:
    values = FACTOR_VALUES | {"f~1": 0.4, "x1~1": 0.1, "x2~1": 0.2, "x3~1": 0.3, "z~1": -0.6}
    mean_f = 0.4 + 0.5 * -0.6
    mean = [0.1 + mean_f, 0.2 + 0.8 * mean_f, 0.3 + 1.2 * mean_f, -0.6]
    expected = by_row(FACTOR_ROWS, ["x1", "x2", "x3", "z"], mean, factor_sigma())
    found = log_likelihood(parse_model(FACTOR), evidence_on(FACTOR_ROWS), values)
    np.testing.assert_allclose(found.values, expected, rtol=1e-12)


def test_a_model_with_coded_terms_has_no_joint_likelihood() -> None:
    model = parse_model("y ~ m + below(x, 0) + above(x, 0)")
    values = {**dict.fromkeys(["y~m", "y~below(x, 0)", "y~above(x, 0)"], 0.1), "y~~y": 1.0}
    with pytest.raises(
        ModelError, match=r"coded terms such as below\(x, 0\), so exogenous variables are taken as they"
    ):
        log_likelihood(model, evidence_on(PATH_ROWS), values)


def test_means_left_out_are_saturated() -> None:
    found = log_likelihood(parse_model(PATHS), evidence_on(PATH_ROWS), PATH_VALUES)
    expected = []
    for _, own in PATH_ROWS.groupby("organization", sort=False):
        data = own[["x", "m", "y"]]
        expected.append(multivariate_normal(data.mean(), path_sigma()).logpdf(data).sum())
    np.testing.assert_allclose(found.values, expected, rtol=1e-12)
    factor_mean_only = log_likelihood(parse_model(FACTOR), evidence_on(FACTOR_ROWS), FACTOR_VALUES | {"f~1": 3.0})
    saturated = log_likelihood(parse_model(FACTOR), evidence_on(FACTOR_ROWS), FACTOR_VALUES)
    np.testing.assert_allclose(factor_mean_only.values, saturated.values, rtol=1e-12)


def test_intercepts_left_out_beside_others_take_their_most_likely_values() -> None:
    model = parse_model(FACTOR)
    frame = FACTOR_ROWS[FACTOR_ROWS["organization"] == "south"]
    given = FACTOR_VALUES | {"x1~1": 0.1, "z~1": -0.6}

    def negative(open_ones: np.ndarray) -> float:
        values = given | {"x2~1": open_ones[0], "x3~1": open_ones[1]}
        return -log_likelihood(model, evidence_on(frame), values).item()

    best = minimize(negative, np.zeros(2), options={"gtol": 1e-8})
    found = log_likelihood(model, evidence_on(frame), given)
    assert found.item() == pytest.approx(-best.fun, abs=1e-8)


def test_values_by_label_by_either_order_and_with_spaces() -> None:
    model = parse_model("y ~ x1 + x2; y ~~ v*y")
    frame = rows(["x1", "x2", "y"], {"one": 30})
    plain = {"y~x1": 0.1, "y~x2": 0.2, "y~~y": 0.9, "x1~~x1": 1.0, "x2~~x2": 1.2, "x1~~x2": 0.3}
    other = {"y ~ x1": 0.1, "y ~ x2": 0.2, "v": 0.9, "x1~~x1": 1.0, "x2~~x2": 1.2, "x2~~x1": 0.3}
    one, two = (log_likelihood(model, evidence_on(frame), values).item() for values in (plain, other))
    assert one == two


def test_equal_parameters_are_given_once() -> None:
    model = parse_model("m ~ a*x; y ~ a*m + x")
    values = {name: value for name, value in PATH_VALUES.items() if name != "y~m"}
    by_name = log_likelihood(model, evidence_on(PATH_ROWS), values)
    by_label = {"a": values["m~x"], **{name: value for name, value in values.items() if name != "m~x"}}
    by_both = values | {"y~m": values["m~x"]}
    for other in (by_label, by_both):
        np.testing.assert_array_equal(by_name, log_likelihood(model, evidence_on(PATH_ROWS), other))


def test_values_in_the_model_text_are_used() -> None:
    fixed = parse_model("m ~ 0.5*x; y ~ 0.4*m + x; m ~~ 0.7*m")
    values = {name: PATH_VALUES[name] for name in ("y~x", "x~~x", "y~~y")}
    expected = log_likelihood(parse_model(PATHS), evidence_on(PATH_ROWS), PATH_VALUES)
    np.testing.assert_array_equal(expected, log_likelihood(fixed, evidence_on(PATH_ROWS), values))
    np.testing.assert_array_equal(expected, log_likelihood(fixed, evidence_on(PATH_ROWS), PATH_VALUES))


def test_the_only_item_of_a_factor_has_no_residual() -> None:
    values = {"y~f": 0.5, "f~~f": 1.3, "y~~y": 0.9}
    frame = PATH_ROWS[["x", "y", "organization"]]
    as_factor = log_likelihood(parse_model("f =~ x; y ~ f"), evidence_on(frame), values)
    as_variable = log_likelihood(parse_model("y ~ x"), evidence_on(frame), {"y~x": 0.5, "x~~x": 1.3, "y~~y": 0.9})
    np.testing.assert_allclose(as_factor, as_variable, rtol=1e-12)


def test_second_order_factors() -> None:
    model = parse_model(
        "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ x7 + x8 + x9\ns =~ f + g + h; f ~~ 0.4*f; g ~~ 0.5*g; h ~~ 0.6*h"
    )
    names = [f"x{i}" for i in range(1, 10)]
    frame = rows(names, {"one": 40})
    values = {f"{name}~~{name}": 0.8 for name in names} | {"s~~s": 1.1, "s=~g": 0.9, "s=~h": 0.7}
    values |= {"f=~x2": 0.8, "f=~x3": 1.2, "g=~x5": 0.7, "g=~x6": 1.1, "h=~x8": 0.9, "h=~x9": 1.3}
    first = np.kron(np.eye(3), np.ones((3, 1))) * np.array([[1, 0.8, 1.2, 1, 0.7, 1.1, 1, 0.9, 1.3]]).T
    second = np.array([1, 0.9, 0.7])
    phi = 1.1 * np.outer(second, second) + np.diag([0.4, 0.5, 0.6])
    sigma = first @ phi @ first.T + 0.8 * np.eye(9)
    expected = by_row(frame, names, frame[names].mean(), sigma)
    np.testing.assert_allclose(log_likelihood(model, evidence_on(frame), values), expected, rtol=1e-12)


def test_values_that_differ_by_organization() -> None:
    model, evidence = parse_model(PATHS), evidence_on(PATH_ROWS)
    other = PATH_VALUES | {"m~x": 0.1, "y~1": 2.0}
    found = log_likelihood(model, evidence, {"south": other, "north": PATH_VALUES})
    north = log_likelihood(model, evidence, PATH_VALUES).sel(organization="north")
    south = log_likelihood(model, evidence, other).sel(organization="south")
    np.testing.assert_allclose(found, [north, south], rtol=1e-12)


@pytest.mark.parametrize(
    "change",
    [{"y~~y": -5.0}, {"x~~x": -1.0}, {"y~~y": 0.0}, {"y~~y": 1e-17}, {"y~x": 1e200}],
    ids=["negative", "negative cause", "zero", "lost in rounding", "overflow"],
)
def test_impossible_values_have_density_zero(change: dict[str, float]) -> None:
    impossible = PATH_VALUES | change
    evidence = evidence_on(PATH_ROWS)
    found = log_likelihood(parse_model(PATHS), evidence, {"north": PATH_VALUES, "south": impossible})
    assert np.isfinite(found.sel(organization="north"))
    assert found.sel(organization="south") == -np.inf


def test_covariances_may_be_impossible() -> None:
    model = parse_model("f =~ x1 + x2 + x3; f ~ z; x1 ~~ x2")
    found = log_likelihood(model, evidence_on(FACTOR_ROWS), FACTOR_VALUES | {"x2~~x1": 30.0})
    assert (found == -np.inf).all()


def problems(values: Any, text: str = PATHS, frame: pd.DataFrame = PATH_ROWS) -> str:
    with pytest.raises(ModelError) as caught:
        log_likelihood(parse_model(text), evidence_on(frame), values)
    return str(caught.value)


def test_everything_wrong_is_said_together() -> None:
    values: dict[str, Any] = {name: value for name, value in PATH_VALUES.items() if name != "x~~x"}
    said = problems(values | {"m~x": float("nan"), "y~mm": 0.4, "y~~y": "big", "y~x": True})
    assert said.startswith("values: 5 problems")
    assert "m~x must be a finite number, found nan" in said
    assert "unknown parameter 'y~mm'; did you mean 'y~m'?" in said
    assert "y~~y must be a finite number, found 'big'" in said
    assert "y~x must be a finite number, found True" in said
    assert re.search(r"no value for .*x~~x", said)


def test_missing_labelled_parameters_are_named_with_their_label() -> None:
    said = problems({})
    assert "m~x (label a), y~m (label b), y~x, " in said


def test_a_freed_first_loading_is_needed() -> None:
    text = "f =~ NA*x1 + x2 + x3; f ~ z"
    assert "no value for f=~x1" in problems(FACTOR_VALUES, text, FACTOR_ROWS)


def test_an_exogenous_covariance_is_needed_unless_it_is_zero() -> None:
    frame = rows(["x1", "x2", "y"], {"one": 30})
    values = {"y~x1": 0.1, "y~x2": 0.2, "y~~y": 0.9, "x1~~x1": 1.0, "x2~~x2": 1.2}
    assert "no value for x1~~x2" in problems(values, "y ~ x1 + x2", frame)
    log_likelihood(parse_model("y ~ x1 + x2; x1 ~~ 0*x2"), evidence_on(frame), values)


def test_contradictions() -> None:
    fixed = "m ~ 0.3*x; y ~ m + x"
    assert "m~x is fixed to 0.3 in the model, found 0.5" in problems(PATH_VALUES, fixed)
    equal = "m ~ a*x; y ~ a*m + x"
    assert "m~x and y~m are one parameter, found 0.5 and 0.4" in problems(PATH_VALUES, equal)


def test_organizations_are_checked() -> None:
    said = problems({"nrth": PATH_VALUES, "south": PATH_VALUES})
    assert "unknown organization 'nrth'; did you mean 'north'?" in said
    assert "no values for organization 'north'" in said
    assert "'m~x' stands beside organizations" in problems({"north": PATH_VALUES, "m~x": 0.5})
    assert "south: no value for m~x" in problems({"north": PATH_VALUES, "south": {}})


def test_intercepts_need_means() -> None:
    frame = PATH_ROWS[PATH_ROWS["organization"] == "north"].drop(columns="organization")
    evidence = Evidence.from_moments({"north": SampleMoments(12, None, frame.cov())})
    log_likelihood(parse_model(PATHS), evidence, PATH_VALUES)
    with pytest.raises(ModelError, match="'north' shared no means"):
        log_likelihood(parse_model(PATHS), evidence, PATH_VALUES | {"y~1": 0.0})
