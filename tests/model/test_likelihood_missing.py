"""The log-likelihood of incomplete answers: the sum of every respondent's own density."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from bayescx.errors import ModelError
from bayescx.evidence import Evidence, Published, SampleMoments
from bayescx.model.likelihood import log_likelihood
from bayescx.model.likelihood_missing import pattern_log_likelihood
from bayescx.spec import parse_model

MODEL = parse_model("f =~ x1 + x2 + x3; f ~ z")
NAMES = ["x1", "x2", "x3", "z"]
VALUES = {"f=~x2": 0.8, "f=~x3": 1.2, "f~z": 0.5, "z~~z": 2.0, "f~~f": 0.6, "x1~~x1": 0.5, "x2~~x2": 0.7, "x3~~x3": 0.4}
INTERCEPTS = {"f~1": 0.4, "x1~1": 0.1, "x2~1": 0.2, "x3~1": 0.3, "z~1": -0.6}
LOADINGS = np.array([1.0, 0.8, 1.2])
SIGMA = np.empty((4, 4))
SIGMA[:3, :3] = (0.5**2 * 2.0 + 0.6) * np.outer(LOADINGS, LOADINGS) + np.diag([0.5, 0.7, 0.4])
SIGMA[:3, 3] = SIGMA[3, :3] = LOADINGS * 0.5 * 2.0
SIGMA[3, 3] = 2.0
MEAN = np.array([*(np.array([0.1, 0.2, 0.3]) + (0.4 + 0.5 * -0.6) * LOADINGS), -0.6])


def rows(share: float = 0.2, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(150, 4)) @ np.linalg.cholesky(SIGMA).T * 1.3 + [1.0, 5.0, -2.0, 100.0]
    values[rng.random(values.shape) < share] = np.nan
    return pd.DataFrame(values, columns=NAMES).assign(organization=np.repeat(["north", "south"], [60, 90]))


def row_by_row(values: np.ndarray, mean: np.ndarray, sigma: np.ndarray = SIGMA) -> float:
    total = 0.0
    for row in values:
        there = ~np.isnan(row)
        if there.any():
            total += multivariate_normal(mean[there], sigma[np.ix_(there, there)]).logpdf(row[there])
    return total


def most_likely_mean(values: np.ndarray) -> np.ndarray:
    """Where the sum of the rows' densities, a quadratic function of the mean, has its top."""
    slope, curvature = np.zeros(4), np.zeros((4, 4))
    for row in values:
        there = np.flatnonzero(~np.isnan(row))
        precision = np.linalg.inv(SIGMA[np.ix_(there, there)])
        slope[there] += precision @ row[there]
        curvature[np.ix_(there, there)] += precision
    return np.linalg.solve(curvature, slope)


def by_organization(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    return {str(name): own[NAMES].to_numpy() for name, own in frame.groupby("organization", sort=False)}


def evidence_on(frame: pd.DataFrame) -> Evidence:
    return Evidence.from_rows(frame, organization="organization")


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_given_intercepts(share: float) -> None:
    frame = rows(share)
    found = log_likelihood(MODEL, evidence_on(frame), VALUES | INTERCEPTS)
    expected = [row_by_row(own, MEAN) for own in by_organization(frame).values()]
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_saturated_means_are_the_most_likely_ones(share: float) -> None:
    frame = rows(share)
    found = log_likelihood(MODEL, evidence_on(frame), VALUES)
    for name, own in by_organization(frame).items():
        best = row_by_row(own, most_likely_mean(own))
        assert found.sel(organization=name).item() == pytest.approx(best, rel=0, abs=1e-8)
        for step in 1e-3 * np.vstack([np.eye(4), -np.eye(4)]):
            assert row_by_row(own, most_likely_mean(own) + step) < best


def test_intercepts_left_out_beside_others() -> None:
    frame = rows()
    given = VALUES | {"x1~1": 0.1, "z~1": 90.0}
    found = log_likelihood(MODEL, evidence_on(frame), given).sel(organization="south").item()
    own = by_organization(frame)["south"]

    def negative(free: np.ndarray) -> float:
        mean = np.array([0.1, *free, 0.0]) + 0.5 * 90.0 * np.array([*LOADINGS, 0.0]) + [0, 0, 0, 90.0]
        return -row_by_row(own, mean)

    best = minimize(negative, np.zeros(2), options={"gtol": 1e-7})
    assert found == pytest.approx(-best.fun, rel=0, abs=1e-7)


def test_an_organization_that_lacks_a_variable() -> None:
    frame = rows()
    frame.loc[frame["organization"] == "south", ["x2"]] = np.nan
    moved = MEAN + np.array([0.0, 6.8, 0.0, 0.0])
    for values, mean in ((VALUES | INTERCEPTS, MEAN), (VALUES | INTERCEPTS | {"x2~1": 7.0}, moved)):
        found = log_likelihood(MODEL, evidence_on(frame), values)
        expected = [row_by_row(own, mean) for own in by_organization(frame).values()]
        np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-8)
    free = log_likelihood(MODEL, evidence_on(frame), VALUES).sel(organization="south").item()
    others = {name: value for name, value in INTERCEPTS.items() if name != "x2~1"}
    alike = log_likelihood(MODEL, evidence_on(frame), VALUES | others).sel(organization="south").item()
    assert np.isfinite(free)
    assert alike == pytest.approx(row_by_row(by_organization(frame)["south"], MEAN), rel=0, abs=1e-8)


def test_complete_rows_among_incomplete_organizations_keep_their_value() -> None:
    frame = rows()
    whole = rows(0.0)
    mixed = pd.concat([frame[frame["organization"] == "north"], whole[whole["organization"] == "south"]])
    found = log_likelihood(MODEL, evidence_on(mixed), VALUES | INTERCEPTS)
    alone = log_likelihood(MODEL, evidence_on(whole), VALUES | INTERCEPTS)
    np.testing.assert_array_equal(found.sel(organization="south"), alone.sel(organization="south"))


def test_patterns_of_complete_rows_are_the_usual_likelihood() -> None:
    whole = rows(0.0)
    matched = evidence_on(whole).matched(NAMES)
    own = Evidence.from_moments(matched.moments()).parts["north"]
    assert isinstance(own, SampleMoments)
    found = pattern_log_likelihood(own.answer_patterns(NAMES), SIGMA, MEAN, np.zeros((4, 0)))
    assert found == pytest.approx(row_by_row(by_organization(whole)["north"], MEAN), abs=1e-9)


def test_rows_and_moments_agree() -> None:
    evidence = evidence_on(rows())
    shared = Evidence.from_moments(evidence.matched(NAMES).moments())
    for values in (VALUES, VALUES | INTERCEPTS):
        by_moments = log_likelihood(MODEL, shared, values)
        np.testing.assert_allclose(by_moments, log_likelihood(MODEL, evidence, values), rtol=1e-12)


def test_impossible_values_have_density_zero() -> None:
    found = log_likelihood(MODEL, evidence_on(rows()), VALUES | {"x3~~x3": -1.0})
    assert (found == -np.inf).all()


def test_means_that_were_not_shared_are_asked_for_in_vain() -> None:
    frame = rows(0.0).drop(columns="organization")
    shares = {
        "whole": SampleMoments(150, frame.mean(), frame.cov()),
        "lacking": SampleMoments(150, None, frame.drop(columns="x2").cov()),
    }
    evidence = Evidence.from_moments(shares)
    assert np.isfinite(log_likelihood(MODEL, evidence, VALUES)).all()
    with pytest.raises(ModelError, match="'lacking' shared no means") as refused:
        log_likelihood(MODEL, evidence, VALUES | INTERCEPTS)
    assert "'whole'" not in str(refused.value)


def test_correlations_have_no_density_in_units() -> None:
    frame = rows(0.0).drop(columns="organization")
    loose = SampleMoments(150, None, frame.corr(), scale_free=True)
    evidence = Evidence.from_moments({"a": SampleMoments(150, None, frame.cov()), "b": loose})
    with pytest.raises(ModelError, match="'b' shared correlations only, which have no units"):
        log_likelihood(MODEL, evidence, VALUES)


def test_organizations_known_by_figures_only_are_left_out() -> None:
    figure = Published(statistic="r_squared", outcome="f", value=0.5, organizations=["c"], n_obs=300)
    frame = rows(0.0).drop(columns="organization")
    shares = {"a": SampleMoments(150, None, frame.cov())}
    found = log_likelihood(MODEL, Evidence.from_parts(shares, published=[figure]), VALUES)
    assert list(found["organization"].values) == ["a"]
    with pytest.raises(ModelError, match="no organization shared rows or moments"):
        log_likelihood(MODEL, Evidence.from_published([figure]), VALUES)
