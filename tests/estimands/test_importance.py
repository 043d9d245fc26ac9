"""Importance is the total effect worked out by hand, performance what the rows say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.importance import importance_performance
from bayescx.estimands.levels import checked_answers, levels_of
from tests.estimands.brute import CASES as WORLDS
from tests.estimands.brute import World, answer, fit_of, reported, rows_of
from tests.turned import turned

CASES = {"factors, loadings pooled": "h", "observed, latent and a single indicator": "k"}
ITEMS = {"f": ["x1", "x2", "x3"], "g": ["x4", "x5", "x6"], "h": ["x7", "x8", "x9"], "k": ["x7"], "z": ["z"], "y": ["y"]}
WHOM = pytest.mark.parametrize("target", ["average", "organization"])
NAME = pytest.mark.parametrize("name", CASES)


def means_of(name: str) -> pd.DataFrame:
    return rows_of(WORLDS[name]).groupby("organization", sort=False).mean()


def at_the_means_of_draws(name: str) -> list[World]:
    """Each organization with the means of its draws as parameters."""
    fit = fit_of(name)
    draws = [draw for chain in reported(fit) for draw in chain]
    mean = [
        {key: float(np.mean([draw[j][key] for draw in draws])) for key in draws[0][j]}
        for j in range(len(fit.organizations))
    ]
    return [World(fit, WORLDS[name].anchors, values) for values in mean]


def variance_of_sum(world: World, items: list[str]) -> float:
    """Of equally weighted items, cell by cell; an observed construct is its own item."""
    loading = world.loading | {(name, name): 1.0 for name in world.constructs if name in items}

    def cell(a: str, b: str) -> float:
        shared = sum(
            one * other * world.covariance(f, g)
            for (i, f), one in loading.items()
            for (k, g), other in loading.items()
            if (i, k) == (a, b)
        )
        return shared + world.theta.get((a, b), 0.0)

    return sum(cell(a, b) for a in items for b in items) / len(items) ** 2


@WHOM
@NAME
def test_importance_is_the_total_effect(name: str, target: Any) -> None:
    found = importance_performance(fit_of(name), CASES[name], target)["importance"]
    drivers = found["driver"].values.tolist()

    def by_hand(world: World) -> list[float]:
        outcome = CASES[name]
        return [world.total(one, outcome) * world.ratio(one, outcome, standardized=True) for one in drivers]

    np.testing.assert_allclose(found.values, answer(name, target, by_hand), rtol=1e-9, atol=1e-12)
    assert drivers == {"h": ["f", "g"], "k": ["f", "z", "y"]}[CASES[name]]


@NAME
def test_performance_is_the_mean_of_the_means_of_items(name: str) -> None:
    means = means_of(name)
    own = importance_performance(fit_of(name), CASES[name], "organization")
    average = importance_performance(fit_of(name), CASES[name])
    drivers = own["driver"].values.tolist()
    expected = np.array([means[ITEMS[one]].mean(axis=1) for one in drivers]).T
    np.testing.assert_allclose(own["performance"].values, expected)
    np.testing.assert_allclose(average["performance"].values, expected.mean(axis=0))
    assert own["items"].values.tolist() == [len(ITEMS[one]) for one in drivers]
    assert average["organizations"].values.tolist() == [3] * len(drivers)
    assert average.attrs["with_means"] == "organization 0, organization 1, organization 2"


@NAME
def test_standard_errors_are_the_model_s(name: str) -> None:
    worlds = at_the_means_of_draws(name)
    own = importance_performance(fit_of(name), CASES[name], "organization")
    drivers = own["driver"].values.tolist()
    variance = np.array([[variance_of_sum(world, ITEMS[one]) / 80 for one in drivers] for world in worlds])
    np.testing.assert_allclose(own["performance_se"].values, np.sqrt(variance), rtol=1e-9)
    average = importance_performance(fit_of(name), CASES[name])["performance_se"]
    np.testing.assert_allclose(average.values, np.sqrt(variance.sum(axis=0)) / 3, rtol=1e-9)
    # and roughly those of the rows
    spread = rows_of(WORLDS[name]).set_index("organization")[ITEMS["f"]].mean(axis=1).groupby("organization").std()
    np.testing.assert_allclose(own["performance_se"].sel(driver="f"), spread / np.sqrt(80), rtol=0.4)


def test_answers_rescale_to_a_hundred() -> None:
    name = "factors, loadings pooled"
    bare = importance_performance(fit_of(name), "h")
    scaled = importance_performance(fit_of(name), "h", answers=(-10, 90))
    np.testing.assert_allclose(scaled["performance"], bare["performance"] + 10)
    np.testing.assert_allclose(scaled["performance_se"], bare["performance_se"])
    np.testing.assert_array_equal(scaled["importance"], bare["importance"])
    assert scaled["performance"].attrs["units"] == "0 to 100: answers from -10 to 90"
    assert bare["performance"].attrs["units"] == "points of the answer scale"


def test_a_reversed_item_is_turned_only_if_answers_are_known() -> None:
    name = "factors, loadings pooled"
    fit = turned(fit_of(name), "f=~x2", *[one for one in ("loading", "loading_mu") if one in fit_of(name).posterior])
    means, bare = means_of(name), importance_performance(fit, "h", drivers="f")
    np.testing.assert_allclose(bare["performance"], means[["x1", "x3"]].to_numpy().mean())
    assert bare.attrs["reversed"] == "f: x2 (left out, as answers= is not given)"
    both = importance_performance(fit, "h")
    assert both["placed"].to_series().to_dict() == {"f": False, "g": True}  # two of three items are no level to compare
    assert (both["items"].values.tolist(), both["of_items"].values.tolist()) == ([2, 3], [3, 3])
    assert both.attrs["not_placed"].startswith("f: its level rests on 2 of 3 items, because answers=")
    assert importance_performance(fit, "h", answers=(-50, 50))["placed"].values.all()
    known = importance_performance(fit, "h", drivers="f", answers=(0, 20))
    x1, x2, x3 = means[["x1", "x2", "x3"]].mean()
    np.testing.assert_allclose(known["performance"], 5 * (x1 + (20 - x2) + x3) / 3)
    assert known.attrs["reversed"] == "f: x2 (turned)"
    se = importance_performance(fit_of(name), "h", drivers="f", answers=(0, 20))["performance_se"]
    # the fit with its loading turned says that the turned item goes along with the others: the same variance
    np.testing.assert_allclose(known["performance_se"], se)
    assert importance_performance(fit_of(name), "h").attrs["reversed"] == ""


def test_a_factor_whose_items_are_all_reversed_has_no_level_without_answers() -> None:
    name = "factors, loadings pooled"
    fit = fit_of(name)
    for item in ITEMS["f"]:
        fit = turned(fit, f"f=~{item}", "loading", "loading_mu")
    assert levels_of(fit, ["f"]).left_out == {
        "f": "all its items are reversed; answers=(lowest, highest) lets them be turned"
    }
    assert levels_of(fit, ["f"], (0.0, 20.0)).constructs == ("f",)


def test_a_factor_of_factors_has_no_level_of_its_own() -> None:
    fit = fit_of("second order")
    found = levels_of(fit, ["s", "f"])
    assert found.constructs == ("f",)
    assert found.left_out == {"s": "it has no item of its own, only factors"}
    with pytest.raises(FitError, match="there is no performance of s: it has no item of its own, only factors"):
        importance_performance(fit, "y")


def test_mixed_units_are_named(example_fit: bcx.Fit) -> None:
    told = importance_performance(fit_of("factors, loadings pooled"), "h").attrs["mixed_units"]
    assert told.startswith("items of f have SDs that differ more than 3 times")
    assert importance_performance(example_fit, "loyalty").attrs["mixed_units"] == ""
    observed = importance_performance(fit_of("observed, latent and a single indicator"), "k", drivers=["z", "y"])
    assert observed.attrs["mixed_units"].startswith("SDs differ more than 3 times between drivers")


def test_organizations_count_as_far_as_they_shared_means(mixed_fit: bcx.Fit, mixed_evidence: bcx.Evidence) -> None:
    own = importance_performance(mixed_fit, "loyalty", "organization")
    average = importance_performance(mixed_fit, "loyalty")
    assert own["organization"].values.tolist() == list(mixed_fit.organizations)
    mean = mixed_fit.evidence.mean[:, [mixed_fit.evidence.variables.index(one) for one in own["driver"].values]]
    np.testing.assert_allclose(own["performance"].values, mean)
    assert np.isfinite(own["performance"].values).sum(axis=0).tolist() == [3, 2]  # one lacks trust
    # levels to compare are those of the same organizations, which shared means of both
    both = np.isfinite(mean).all(axis=1)
    np.testing.assert_allclose(average["performance"].values, mean[both].mean(axis=0))
    assert abs(mean[both].mean(axis=0) - np.nanmean(mean, axis=0)).max() > 0.01
    assert average["organizations"].values.tolist() == [2, 2]
    assert importance_performance(mixed_fit, "loyalty", drivers="satisfaction")["organizations"].item() == 3
    assert average["placed"].values.all()
    assert "<b>east</b>: it shared no means of all items of trust" in average.attrs["left_out"]
    assert "west: it shared correlations, which have no means" in average.attrs["left_out"]
    assert average.attrs["with_means"] == "north, south"
    assert own.attrs["with_means"] == "north, south, <b>east</b>"
    # the error is that of those who answered
    patterns = mixed_fit.evidence.patterns["south"]
    trust = mixed_fit.evidence.variables.index("trust")
    n = sum(one.n_obs for one in patterns if trust in one.variables)
    assert n < 150
    layout_sd = own["performance_se"].sel(organization="south", driver="trust") * np.sqrt(n)
    sd = np.sqrt(mixed_fit.evidence.cov[list(mixed_fit.organizations).index("south"), trust, trust])
    assert float(layout_sd) == pytest.approx(sd, rel=0.15)


def test_without_an_organization_in_common_nothing_is_placed(mixed_fit: bcx.Fit) -> None:
    evidence = mixed_fit.evidence
    mean = evidence.mean.copy()
    mean[:2, evidence.variables.index("satisfaction")] = np.nan
    found = importance_performance(replace(mixed_fit, evidence=replace(evidence, mean=mean)), "loyalty")
    assert found["organizations"].values.tolist() == [1, 2]
    assert not found["placed"].values.any()
    assert "satisfaction: no organization shared means of all these drivers" in found.attrs["not_placed"]


def test_what_is_coded_or_only_measured_is_no_driver() -> None:
    rows = bcx.simulate(bcx.parse_model("y ~ x + z"), organizations=2, n_obs=60, random_seed=1).rows
    model = bcx.parse_model("y ~ below(x, 0) + above(x, 0) + z")
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(model, evidence, draws=20, tune=50, chains=2, random_seed=1, progressbar=False)
    assert importance_performance(fit, "y")["driver"].values.tolist() == ["z"]
    with pytest.raises(FitError, match=r"no performance of below\(x, 0\): it is coded from another variable"):
        importance_performance(fit, "y", drivers=["below(x, 0)"])
    with pytest.raises(
        FitError, match="no driver of 'f' has a level of its own: only a factor that it measures leads to it"
    ):
        importance_performance(fit_of("second order"), "f")


def test_nobody_shared_means(figures_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"nobody shared means\. Share rows.*one: only figures were published about it"):
        importance_performance(figures_fit, "loyalty")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcome": "loyality"}, r"no construct 'loyality'; did you mean 'loyalty'\?"),
        ({"outcome": "satisfaction"}, "'satisfaction' has no predictors"),
        ({"target": "typical"}, "told of the average or of each organization, found target 'typical'"),
        ({"drivers": []}, "drivers is empty; name drivers of 'loyalty': satisfaction, trust"),
        ({"drivers": ["trst"]}, r"no construct 'trst'; did you mean 'trust'\?"),
        ({"drivers": ["loyalty"]}, "no route leads from 'loyalty' to 'loyalty'"),
        ({"drivers": 3}, "drivers are names of constructs"),
        ({"answers": (7, 1)}, r"such as \(1, 7\); found \(7, 1\)"),
        ({"answers": (1, 1)}, "lowest and the highest"),
        ({"answers": (1, float("inf"))}, "lowest and the highest"),
        ({"answers": "17"}, "found '17'"),
        ({"answers": (1, True)}, "lowest and the highest"),
        ({"answers": (1, 2, 3)}, "lowest and the highest"),
        ({"answers": (1, 3)}, r"outside the answers from 1 to 3: satisfaction in north \(\d\.\d+\), satisfaction in"),
    ],
)
def test_what_cannot_be_told(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        importance_performance(example_fit, **{"outcome": "loyalty", **changes})


def test_means_at_the_ends_of_the_answers_are_within() -> None:
    assert checked_answers(np.array([1, 5])) == (1.0, 5.0)
    assert checked_answers(None) is None


def test_summaries_work_on_it(example_fit: bcx.Fit) -> None:
    found = importance_performance(example_fit, "loyalty")
    table = bcx.summarize(found["importance"])
    assert table["driver"].tolist() == ["satisfaction", "trust"]
    total = bcx.total_effects(example_fit, "average").sel(outcome="loyalty", cause="trust")
    np.testing.assert_array_equal(found["importance"].sel(driver="trust"), total)
    assert table["mean"][1] == pytest.approx(float(total.mean()))
