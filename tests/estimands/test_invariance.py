"""Equal, pooled and free loadings are told apart by what they predict, and scored as dense algebra says."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError, ModelError
from bayescx.estimands import invariance
from bayescx.estimands.invariance import (
    _log_densities,
    _log_density,
    _log_mean_exp,
    _splits,
    _table,
    _without,
    compare_invariance,
)
from tests.drifting import drifting
from tests.estimands import brute
from tests.estimands.brute import CASES, World, reported

TEXT = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f"
ITEMS = [f"x{i}" for i in range(1, 7)]
SHORT: dict[str, Any] = {"draws": 50, "tune": 150, "progressbar": False}


def rows_of(*, drift: bool, n: int = 250) -> pd.DataFrame:
    """Four organizations; with drift, x2 says less of f in two of them and x4 more of g in two others."""
    rng = np.random.default_rng(8)
    frames = []
    for j, name in enumerate(("north", "south", "east", "west")):
        f = rng.standard_normal(n)
        g = 0.6 * f + 0.8 * rng.standard_normal(n)
        loading = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
        if drift:
            loading[1] *= 0.5 if j < 2 else 1.0
            loading[3] *= 1.6 if j % 2 else 1.0
        answers = np.stack([f, f, f, g, g, g], axis=1) * loading + 0.6 * rng.standard_normal((n, 6))
        frames.append(pd.DataFrame(10.0 * answers, columns=ITEMS).assign(organization=name))
    return pd.concat(frames, ignore_index=True)


def fitted(evidence: bcx.Evidence, **settings: Any) -> bcx.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bcx.fit(bcx.parse_model(TEXT), evidence, random_seed=2, chains=2, **{**SHORT, **settings})


@cache
def fit_of(drift: bool) -> bcx.Fit:
    return fitted(bcx.Evidence.from_rows(rows_of(drift=drift), organization="organization"))


@cache
def comparison(drift: bool) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return compare_invariance(fit_of(drift), folds=2, draws=150, tune=200, progressbar=False)


def test_equal_loadings_are_not_rejected() -> None:
    table = comparison(False)
    close = table["elpd_diff"] >= -table["se_diff"]
    assert close["full"] or close["partial"]
    assert table.loc["full", "elpd_diff"] > -2 * table.loc["full", "se_diff"] - 2


def test_drifting_items_make_equal_loadings_clearly_worst() -> None:
    table = comparison(True)
    assert table["elpd_diff"].idxmin() == "full"
    assert table.loc["full", "elpd_diff"] < -5 * table.loc["full", "se_diff"]
    assert table["elpd_diff"].max() == 0.0
    assert table["elpd_diff"].drop("full").min() > table.loc["full", "elpd_diff"] / 2
    assert table.index.tolist() == ["full", "partial", "none"]
    assert table["refits"].tolist() == [2, 2, 2]
    assert table.attrs["scored"] == ["north", "south", "east", "west"]
    assert table.attrs["respondents"] == 4 * 249


def test_scores_are_of_the_size_that_the_truth_has() -> None:
    """The density under the covariances that made the rows is what the best model can hope for."""
    factors = np.array([[1.0, 0.6], [0.6, 1.0]])
    loadings = np.kron(np.eye(2), np.ones((3, 1)))
    sigma = 100 * (loadings @ factors @ loadings.T + 0.36 * np.eye(6))
    rows = rows_of(drift=False)
    centred = rows[ITEMS] - rows.groupby("organization")[ITEMS].transform("mean")
    truth = multivariate_normal(np.zeros(6), sigma).logpdf(centred).sum() / len(rows)
    found = comparison(False)["elpd_per_respondent"]
    assert found.max() < truth + 0.05
    assert found.min() > truth - 0.2


def test_log_density_of_moments_is_that_of_their_rows() -> None:
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((2, 5, 4))
    sigma = np.swapaxes(factors, -1, -2) @ factors + np.eye(4)
    rows = [rng.standard_normal((n, 4)) for n in (1, 6)]
    found = _log_density(sigma, np.stack([one.T @ one for one in rows]), np.array([1.0, 6.0]))
    expected = [[multivariate_normal(np.zeros(4), s).logpdf(one).sum() for one in rows] for s in sigma]
    np.testing.assert_allclose(found, expected)


def covariance_of(world: World, items: tuple[str, ...]) -> np.ndarray:
    """Of all items, in the data's units, entry by entry."""
    out = np.zeros((len(items), len(items)))
    for a, one in enumerate(items):
        for b, other in enumerate(items):
            carried = sum(
                wa * wb * world.covariance(f, g)
                for (i, f), wa in world.loading.items()
                for (k, g), wb in world.loading.items()
                if (i, k) == (one, other)
            )
            out[a, b] = carried + world.theta[one, other]
    return out


@pytest.mark.parametrize("name", ["factors, loadings pooled", "factors, marker"])
def test_scores_are_what_dense_algebra_says_in_the_datas_units(name: str) -> None:
    fit = brute.fit_of(name)
    splits = _splits(fit, 2, seed=5)
    found = _log_densities(fit, splits, 1)
    for c, chain in enumerate(reported(fit)):
        for d, organizations in enumerate(chain):
            for j, values in enumerate(organizations):
                sigma = covariance_of(World(fit, CASES[name].anchors, values), fit.evidence.variables)
                pieces = zip(splits[j].pieces(1), splits[j].degrees[1], strict=True)
                for m, (scatter, degrees) in enumerate(pieces):
                    kernel = len(sigma) * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1]
                    expected = -0.5 * (degrees * kernel + np.trace(np.linalg.solve(sigma, scatter)))
                    assert found[c, d, j, m] == pytest.approx(expected, rel=1e-8)


def test_uncertainty_of_parameters_counts_as_the_mean_density() -> None:
    values = np.log(np.array([[[1e-3, 2.0]], [[3e-3, 4.0]]])) - 800.0
    np.testing.assert_allclose(_log_mean_exp(values), np.log([2e-3, 3.0]) - 800.0)


def test_folds_and_the_rest_add_up_to_what_was_shared() -> None:
    fit = fit_of(False)
    splits = _splits(fit, 3, seed=1)
    for fold in range(3):
        evidence = _without(fit, splits, fold)
        for split in splits:
            j = split.position
            assert sum(split.degrees[fold]) + evidence.n_obs[j] == fit.evidence.n_obs[j]
            whole = split.pieces(fold).sum(axis=0) + evidence.cov[j] * (evidence.n_obs[j] - 1)
            np.testing.assert_allclose(whole, fit.evidence.cov[j] * 249, rtol=1e-9)
            assert [sum(fold) for fold in split.degrees] == [83, 83, 83]
            assert len(split.degrees[fold]) == min(83, 15)  # as many pieces as an organization has parameters
    assert not np.allclose(splits[0].pieces(0), splits[1].pieces(0))
    same, other = _splits(fit, 3, seed=1), _splits(fit, 3, seed=2)
    np.testing.assert_array_equal(splits[0].pieces(0), same[0].pieces(0))
    assert not np.allclose(splits[0].pieces(0), other[0].pieces(0))


def test_differences_and_their_errors_are_over_organizations_and_folds() -> None:
    fit = fit_of(False)
    splits = _splits(fit, 2, seed=1)
    rng = np.random.default_rng(1)
    cells = {
        word: rng.normal(mean, 1.0, (2, 4)) for word, mean in (("full", -30.0), ("partial", -10.0), ("none", -20.0))
    }
    table = _table(fit, splits, cells, {"full": 0, "partial": 1, "none": 2})
    assert table.loc["partial", ["elpd_diff", "se_diff"]].tolist() == [0.0, 0.0]
    apart = (cells["full"] - cells["partial"]).ravel()
    assert table.loc["full", "elpd"] == pytest.approx(cells["full"].sum())
    assert table.loc["full", "elpd_diff"] == pytest.approx(apart.sum())
    assert table.loc["full", "se_diff"] == pytest.approx(np.sqrt(8) * np.std(apart, ddof=1))
    assert table.loc["none", "elpd_per_respondent"] == pytest.approx(cells["none"].sum() / 996)
    assert table["not_converged"].tolist() == [0, 1, 2]


def test_what_cannot_be_parted_stays_whole_and_is_not_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(drift=False, n=60)
    parts: dict[str, Any] = {name: part[ITEMS] for name, part in rows.groupby("organization", sort=False)}
    parts["south"] = parts["south"].mask(np.random.default_rng(1).random((60, 6)) < 0.1)
    parts["east"] = bcx.SampleMoments(60, None, parts["east"].corr(), scale_free=True)
    fit = fitted(bcx.Evidence.from_parts(parts))
    seen: list[Any] = []
    original = invariance.refit_each

    def watched(fit: bcx.Fit, changes: Any, **how: Any) -> Any:
        seen.extend(changes)
        return original(fit, changes, **how)

    monkeypatch.setattr(invariance, "refit_each", watched)
    with pytest.warns(ConvergenceWarning, match="6 of 6 refits did not converge for the quantity asked for") as caught:
        table = compare_invariance(fit, folds=2, draws=10, tune=60, progressbar=False)
    assert len(caught) == 1
    assert table.attrs["scored"] == ["north", "west"]
    assert table.attrs["not_scored"] == ["south", "east"]
    assert table["not_converged"].tolist() == [2, 2, 2]
    assert [change["pooling"]["loadings"] for change in seen] == ["full"] * 2 + ["partial"] * 2 + ["none"] * 2
    assert [change["identification"] for change in seen] == ["mean"] * 4 + ["marker"] * 2
    for change in seen:
        assert change["evidence"].patterns == fit.evidence.patterns
        assert change["evidence"].n_obs.tolist() in ([30, 60, 60, 30], [31, 60, 60, 31])
        np.testing.assert_array_equal(change["evidence"].cov[1:3], fit.evidence.cov[1:3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        again = compare_invariance(fit, folds=2, draws=10, tune=60, progressbar=False)
    pd.testing.assert_frame_equal(table, again)


def test_evidence_that_cannot_be_parted_says_so(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no free loadings"):
        compare_invariance(example_fit)
    with pytest.raises(FitError, match="only 'north' reported"):
        compare_invariance(drifting(TEXT, ["north"]))
    fit = drifting(TEXT, ["north", "south"])
    patterns = dict.fromkeys(fit.organizations, ())
    with pytest.raises(FitError, match="no organization shared complete rows or covariances"):
        compare_invariance(replace(fit, evidence=replace(fit.evidence, patterns=patterns)))
    small = replace(fit, evidence=replace(fit.evidence, n_obs=np.array([14, 14])))
    with pytest.raises(FitError, match=r"into 2 folds: north \(n = 14\), south \(n = 14\).* more than 7 respondents"):
        compare_invariance(small, folds=2)
    with pytest.raises(FitError, match=r"into 20 folds: north \(n = 16\)"):
        compare_invariance(fit, folds=20)


def test_an_organization_too_small_to_be_parted_stays_whole() -> None:
    fit = drifting(TEXT, ["north", "south"])
    fit = replace(fit, evidence=replace(fit.evidence, n_obs=np.array([14, 300])))
    (split,) = invariance._splits(fit, 2, 1)
    assert split.name == "south"
    assert invariance._without(fit, [split], 0).n_obs.tolist()[0] == 14


def test_figures_about_those_who_are_parted_are_held_out_too() -> None:
    fit = drifting(TEXT, ["north", "south"])
    about: dict[str, Any] = {"statistic": "r_squared", "outcome": "g", "value": 0.5, "n_obs": 100}
    figures = tuple(bcx.Published(organizations=[name], **about) for name in ("south", "elsewhere"))
    evidence = replace(fit.evidence, n_obs=np.array([14, 300]), published=figures)
    (split,) = invariance._splits(replace(fit, evidence=evidence), 2, 1)
    kept = invariance._without(replace(fit, evidence=evidence), [split], 0).published
    assert [figure.organizations for figure in kept] == [("elsewhere",)]


def test_a_factor_that_has_no_unit_when_loadings_are_free() -> None:
    fit = drifting("f =~ NA*x1 + x2 + x3", ["north", "south"])
    with pytest.raises(ModelError, match="factor 'f' has no unit"):
        compare_invariance(fit, folds=2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 1}, "folds must be a whole number of at least 2, found 1"),
        ({"folds": 2.5}, "folds must be a whole number"),
        ({"random_seed": -1}, "random_seed must be a whole number"),
    ],
)
def test_settings_are_checked(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        compare_invariance(drifting(TEXT, ["north", "south"]), **changes)
