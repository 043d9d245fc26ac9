"""Conflicts: what is flagged, and that a figure never predicts itself."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, EvidenceError, FitError
from bayescx.estimands.conflict import conflict
from bayescx.estimands.figure_predictions import predictions_of
from bayescx.estimands.published import predicted_figures
from bayescx.evidence import Published
from bayescx.model.refit import refit

MODEL = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
SHORT: dict[str, Any] = {"draws": 250, "tune": 300, "chains": 2, "progressbar": False}


def path(value: float, **keys: Any) -> Published:
    stated: dict[str, Any] = {"organizations": ("north",), "n_obs": 150, "cause": "satisfaction", "use": "check"}
    return Published(statistic="path", outcome="trust", value=value, **stated | keys)


def r_squared(value: float, **keys: Any) -> Published:
    stated: dict[str, Any] = {"organizations": ("north",), "n_obs": 150, "use": "check"}
    return Published(statistic="r_squared", outcome="trust", value=value, **stated | keys)


def ordering(first: str, *others: str, **keys: Any) -> Published:
    stated: dict[str, Any] = {"of": "path", "organizations": ("north",), "n_obs": 150, "use": "check"}
    return Published(statistic="ordering", outcome="loyalty", cause=first, among=others, **stated | keys)


def quietly(fit: bcx.Fit, *args: Any, **keys: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return conflict(fit, *args, **SHORT | keys)


# ------------------------------------------------------------------------------------- without any refit


def test_a_value_is_compared_with_its_predictive_distribution(example_fit: bcx.Fit) -> None:
    given = [path(0.85), path(0.5, n_obs=90), r_squared(0.72, rounded_to=0.04)]
    table = conflict(example_fit, given, progressbar=False)
    assert table.index.tolist() == [one.label if k != 1 else f"{one.label} #2" for k, one in enumerate(given)]
    assert table["flag"].tolist() == ["", "conflict", ""]
    assert table["predicted_from"].unique().tolist() == ["other evidence"]
    assert table["converged"].all()
    assert table["holds"].isna().all()
    assert table.attrs == {"refits": 0, "not_converged": 0}
    printed = predicted_figures(example_fit, given, printed=True)
    for position, one in enumerate(given):
        row, draws = table.iloc[position], printed.isel(figure=position).values.ravel()
        assert row["predicted"] == pytest.approx(np.median(draws), abs=0.006 + 0.3 * one.rounded_to)
        assert row["sd"] == pytest.approx(draws.std(), rel=0.08)
        assert row["difference"] == pytest.approx(row["published"] - row["predicted"])
        assert row["z"] == pytest.approx(row["difference"] / row["sd"])
        ties = np.isclose(draws, row["published"])
        below = (draws < row["published"] - 1e-9).mean() + 0.5 * ties.mean()
        assert row["tail_probability"] == pytest.approx(2 * min(below, 1 - below), abs=0.03)


def test_a_print_at_its_place_on_a_coarse_grid_is_no_conflict(example_fit: bcx.Fit) -> None:
    """Where every draw prints the same figure, that figure agrees however far off the place it is."""
    mean = float(predictions_of(example_fit, [r_squared(0.5, n_obs=10**9)]).statistic.mean())
    fine = [r_squared(grid * round(mean / grid), n_obs=10**9, rounded_to=grid) for grid in (0.35, 0.36)]
    table = conflict(example_fit, fine, progressbar=False)
    np.testing.assert_allclose(table["tail_probability"], 1.0, atol=1e-6)
    assert table["z"].abs().max() < np.sqrt(3)


def test_orderings_and_bounds_hold_with_a_probability(example_fit: bcx.Fit) -> None:
    true, false = ordering("trust", "satisfaction"), ordering("satisfaction", "trust")
    claim: dict[str, Any] = {"of": "r_squared", "outcome": "trust", "value": 0.3, "use": "check", "n_obs": 150}
    bounds = [
        Published(statistic="bound", side=side, organizations=("north",), **claim) for side in ("at_least", "at_most")
    ]
    table = conflict(example_fit, [true, false, *bounds], progressbar=False)
    assert table["flag"].tolist() == ["", "", "", "conflict"]
    sooner = conflict(example_fit, [true, false], flag_below=0.25, progressbar=False)
    assert sooner["flag"].tolist() == ["", "conflict"]
    assert table["holds"].iloc[0] == pytest.approx(1 - table["holds"].iloc[1])
    assert table["holds"].iloc[2] == pytest.approx(1 - table["holds"].iloc[3])
    margin = predicted_figures(example_fit, [true], printed=True).values
    assert table["holds"].iloc[0] == pytest.approx((margin > 0).mean(), abs=0.02)
    assert table[["difference", "z", "tail_probability"]].isna().all(axis=None)
    assert table["published"].tolist()[2:] == [0.3, 0.3]
    assert table["predicted"].notna().tolist() == [False, False, True, True]


def test_each_organization_has_its_row(example_fit: bcx.Fit) -> None:
    each = path(0.85, organizations=("north", "west"), n_obs=300, rule="each")
    table = conflict(example_fit, [each], progressbar=False)
    assert table.index.tolist() == ["path trust~satisfaction (north)", "path trust~satisfaction (west)"]
    single = conflict(example_fit, [path(0.85, organizations=("west",))], progressbar=False)
    pd.testing.assert_series_equal(table.iloc[1], single.iloc[0])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"flag_below": 2}, "flag_below"),
        ({"draws": 0}, "draws"),
        ({"tune": 1.5}, "tune"),
        ({"chains": 0}, "chains"),
        ({"random_seed": -1}, "random_seed"),
    ],
)
def test_unusable_settings_are_refused(example_fit: bcx.Fit, setting: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        conflict(example_fit, [path(0.8)], **setting)


# -------------------------------------------------------------------------------------------- node-splitting


def moments(path: float, seed: int, n_obs: int = 300, organizations: int = 3) -> dict[str, bcx.SampleMoments]:
    values = {"trust~satisfaction": path, "trust~~trust": 1 - path**2}
    study = bcx.simulate(
        MODEL, organizations=organizations, n_obs=n_obs, values=values, heterogeneity=0.04, random_seed=seed
    )
    return bcx.Evidence.from_rows(study.rows, organization="organization").matched(MODEL.observed).moments()


def fit_of(shared: dict[str, bcx.SampleMoments], *published: Published) -> bcx.Fit:
    evidence = bcx.Evidence.from_moments(shared, n_planned=10, published=list(published))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(MODEL, evidence, random_seed=1, **SHORT)


FIFTH: dict[str, Any] = {"organizations": ("fifth",), "n_obs": 400, "use": "evidence"}
LOYAL = ordering("trust", "satisfaction", **FIFTH)
CORRELATION = Published(statistic="correlation", between=("loyalty", "trust"), value=0.6, **FIFTH)


@cache
def contradicted() -> bcx.Fit:
    """Others have paths of 0.7; the fifth is said to have 0.1, and a correlation as others have."""
    return fit_of(moments(0.7, seed=5), path(0.1, **FIFTH), CORRELATION, LOYAL)


def test_a_contradiction_shows_once_the_figure_does_not_predict_itself() -> None:
    split = quietly(contradicted())
    helped = quietly(contradicted(), split=False)
    assert split["flag"].tolist() == ["conflict", "", ""]
    assert split["predicted_from"].unique().tolist() == ["other evidence"]
    assert helped["predicted_from"].unique().tolist() == ["all evidence"]
    assert split["z"].iloc[0] < -3 < 0.7 * helped["z"].iloc[0]
    assert split["predicted"].iloc[0] == pytest.approx(0.7, abs=0.1)
    assert split["use"].unique().tolist() == ["evidence"]
    assert (split.attrs["refits"], helped.attrs["refits"]) == (3, 0)


def test_splitting_is_turning_the_figure_into_a_check() -> None:
    fit = contradicted()
    figure = fit.evidence.published[0]
    table = quietly(fit, [figure], random_seed=4)
    turned = tuple(replace(one, use="check") if one == figure else one for one in fit.evidence.published)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        other = refit(fit, evidence=replace(fit.evidence, published=turned), draws=500, random_seed=9)
    row, check = table.iloc[0], conflict(other, [turned[0]]).iloc[0]
    assert check["use"] == "check"
    assert row["predicted"] == pytest.approx(check["predicted"], abs=0.3 * check["sd"])
    assert row["sd"] == pytest.approx(check["sd"], rel=0.2)
    pd.testing.assert_frame_equal(table, quietly(fit, [figure], random_seed=4))


def test_refits_that_did_not_converge_are_counted_in_one_warning() -> None:
    with pytest.warns(ConvergenceWarning, match="2 of 2 refits did not converge") as caught:
        table = conflict(contradicted(), [CORRELATION, LOYAL], draws=20, tune=60, chains=2, progressbar=False)
    assert len(caught) == 1
    assert table.attrs == {"refits": 2, "not_converged": 2}
    assert not table["converged"].any()


# --------------------------------------------------------------------- figures first, then rows of organization one

SET: dict[str, Any] = {"organizations": ("one", "two"), "n_obs": 600}


def of_set(**keys: Any) -> tuple[Published, Published]:
    return r_squared(0.75, **SET | keys), path(0.86, **SET | keys)


def test_two_figures_of_one_sample_must_fit_each_other() -> None:
    """0.86 squared is 0.74: the two disagree a little more than rounding makes likely, whatever n is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        evidence = bcx.Evidence.from_published(of_set(use="evidence"), n_planned=10)
        fit = bcx.fit(MODEL, evidence, random_seed=1, **SHORT)
    table = quietly(fit)
    assert table["predicted"].tolist() == pytest.approx([0.74, 0.866], abs=0.004)
    assert table["sd"].max() < 0.008  # others of the same respondents leave rounding and little else open
    assert table["z"].abs().between(0.8, 2.5).all()
    assert table["flag"].tolist() == ["", ""]


REPLACED: dict[str, Any] = {"use": "evidence", "overlap": "replace"}


@pytest.mark.parametrize(("of_one", "flags"), [(0.83, ["", ""]), (0.4, ["conflict"])])
def test_rows_of_one_of_the_set_replace_its_part_of_the_figures(of_one: float, flags: list[str]) -> None:
    """With a path of 0.4 in one, two would need a path above 1."""
    (one,) = moments(of_one, seed=3, organizations=1).values()
    fit = fit_of({"one": one}, *of_set(**REPLACED)[-len(flags) :])
    names = ["satisfaction", "trust"]
    cov = one.cov.loc[names, names].to_numpy()
    r = cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1])
    table = quietly(fit)
    assert table["flag"].tolist() == flags
    statistic = predictions_of(fit, fit.evidence.published[-1:])
    assert statistic.terms[0].members == ("two",)
    two = bcx.direct_effects(fit).sel(path="trust~satisfaction", organization="two")
    np.testing.assert_allclose(statistic.statistic[..., 0], 0.5 * (r + two.values))


def test_an_r_squared_above_1_is_left_to_nobody() -> None:
    (one,) = moments(0.4, seed=3, organizations=1).values()
    with pytest.raises(EvidenceError, match=r"r_squared trust \(one, two\).*1\.\d\d is left for two"):
        fit_of({"one": one}, *of_set(**REPLACED))


@pytest.mark.parametrize(("of_one", "flags"), [(0.83, ["", ""]), (0.4, ["conflict", "conflict"])])
def test_or_the_figures_become_checks(of_one: float, flags: list[str]) -> None:
    fit = fit_of(moments(of_one, seed=3, organizations=3) | {"one": moments(of_one, seed=4)["org_01"]}, *of_set())
    table = conflict(fit, progressbar=False)
    assert table["use"].unique().tolist() == ["check"]
    assert table["flag"].tolist() == flags
    assert table.attrs["refits"] == 0
