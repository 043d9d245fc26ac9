"""Differences of loadings are what subtracting them one by one says, in draws of models of many shapes."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.loading_differences import differing_items, loading_differences
from tests.drifting import drifting
from tests.estimands import brute
from tests.estimands.brute import CASES, Case, World, from_population, reported

MARKED = Case(
    "f =~ x1 + l*x2 + l*x3; g =~ 2*x4 + x5 + x6; h =~ NA*x7 + x8 + x9; h ~~ 1*h; g ~ f; h ~ g",
    brute.FACTORS,
    brute.ITEM_UNITS,
    anchors={"f": "x1"},
    options={"identification": "marker", "pooling": {"loadings": "partial"}},
)
POOLED = ["factors, loadings pooled", "second order, loadings pooled", "marked"]
TEXT = "f =~ x1 + x2 + x3; g =~ y1 + y2"
NAMES = ("north", "south", "east")


@cache
def fit_of(name: str) -> bcx.Fit:
    if name != "marked":
        return brute.fit_of(name)
    evidence = bcx.Evidence.from_rows(brute.rows_of(MARKED), organization="organization")
    settings: dict[str, Any] = {"chains": 2, "cores": 1, "random_seed": 7, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bcx.fit(bcx.parse_model(MARKED.text), evidence, draws=6, tune=100, **settings, **MARKED.options)


def on_the_common_scale(world: World, fit: bcx.Fit, item: str, factor: str) -> float:
    """A loading back from the data's units."""
    raw = world.loading[item, factor] if (item, factor) in world.loading else world.path[item, factor]
    unit = 0.5 * fit.scale["x4"] if factor == "g" and fit.model.loadings[3].fixed == 2 else world.unit[factor]
    return raw * unit / world.unit[item]


def loadings_of(fit: bcx.Fit, case: Case, values: Any) -> dict[str, float]:
    world = World(fit, case.anchors, values)
    if fit.model.loadings[3].fixed == 2:  # World knows no loading fixed by the model: g has half the unit of x4
        for item in ("x5", "x6"):
            world.loading[item, "g"] = values[f"g=~{item}"] * world.unit[item] / (0.5 * fit.scale["x4"])
    return {row.name: on_the_common_scale(world, fit, row.rhs, row.lhs) for row in fit.model.loadings}


@pytest.mark.parametrize("name", POOLED)
@pytest.mark.parametrize("at_least", [0.02, 0.1])
def test_every_draw_is_a_subtraction(name: str, at_least: float) -> None:
    fit, case = fit_of(name), MARKED if name == "marked" else CASES[name]
    found = loading_differences(fit, at_least)
    free = [row for row in fit.model.loadings if row.name not in ("f=~x1", "g=~x4") or name != "marked"]
    assert found["loading"].values.tolist() == [row.name for row in free]
    assert found["factor"].values.tolist() == [row.lhs for row in free]
    assert found["item"].values.tolist() == [row.rhs for row in free]
    assert found["deviation"].dims == ("chain", "draw", "organization", "loading")
    own, centre = reported(fit), from_population(fit, 1, None)
    beyond = np.zeros(found["deviation"].shape, dtype=bool)
    for c, d, j in np.ndindex(beyond.shape[:3]):
        here, typical = (loadings_of(fit, case, values) for values in (own[c][d][j], centre[c][d][0]))
        for i, row in enumerate(free):
            average = np.mean([abs(typical[other.name]) for other in fit.model.loadings if other.lhs == row.lhs])
            if name != "marked":
                assert average == pytest.approx(1)
            expected = (here[row.name] - typical[row.name]) / average
            assert found["deviation"].values[c, d, j, i] == pytest.approx(expected, abs=1e-10)
            beyond[c, d, j, i] = abs(expected) > at_least
    np.testing.assert_allclose(found["differs"], beyond.mean(axis=(0, 1)))
    np.testing.assert_allclose(found["differs_somewhere"], beyond.max(axis=2).mean(axis=(0, 1)))


def test_tau_is_a_share_of_the_average_too() -> None:
    pooled = fit_of("factors, loadings pooled")
    np.testing.assert_allclose(
        loading_differences(pooled)["tau"].values, pooled.posterior["loading_tau"].values, rtol=1e-12
    )
    fit = fit_of("marked")
    found, posterior = loading_differences(fit)["tau"], fit.posterior
    second = posterior["loading_mu"].sel(indicator="f=~x2") * fit.scale["x2"] / fit.scale["x1"]  # raw
    third = second * fit.scale["x1"] / fit.scale["x3"]  # equal in the data's units
    average = (1 + posterior["loading_mu"].sel(indicator="f=~x2") + third) / 3
    tau = posterior["loading_tau"].sel(indicator="f=~x2")
    np.testing.assert_allclose(found.sel(loading="f=~x2"), tau / average)
    np.testing.assert_allclose(found.sel(loading="f=~x3"), tau * fit.scale["x2"] / fit.scale["x3"] / average)


def test_words_and_threshold_come_along() -> None:
    found = loading_differences(drifting(TEXT, NAMES), 0.25)
    assert found.attrs["at_least"] == 0.25
    assert found["differs"].attrs["long_name"] == "probability that the loading deviates by more than 0.25"
    for name in ("tau", "deviation"):
        assert found[name].attrs["units"] == "share of the factor's average loading"
    assert found["organization"].values.tolist() == list(NAMES)


def test_items_that_differ_come_first_with_the_organizations_where() -> None:
    drifts = {("south", "g=~y1"): -0.4, ("east", "g=~y1"): 0.3, ("north", "f=~x2"): 0.12}
    fit = drifting(TEXT, NAMES, drifts)
    found, table = loading_differences(fit), differing_items(fit, ci_prob=0.9)
    assert table["item"].tolist()[:3] == ["y1", "y1", "x2"]
    assert set(table["item"]) == {"x1", "x2", "x3", "y1", "y2"}
    assert sorted(table["organization"][:2]) == ["east", "south"]
    assert table["organization"].tolist()[2:] == [""] * 4  # x2: likely, but not likely enough
    assert 0.5 < table["differs_somewhere"][2] < 0.95
    row = table[table["organization"] == "south"].iloc[0]
    draws = found["deviation"].sel(organization="south", loading="g=~y1").values
    assert row["deviation"] == pytest.approx(draws.mean())
    assert row[["deviation_lb", "deviation_ub"]].tolist() == pytest.approx(np.quantile(draws, [0.05, 0.95]).tolist())
    assert row["differs"] == 1.0 == row["differs_somewhere"]
    tau = found["tau"].sel(loading="g=~y1").values
    assert row[["tau", "tau_lb", "tau_ub"]].tolist() == pytest.approx(
        [tau.mean(), *np.quantile(tau, [0.05, 0.95])], rel=1e-12
    )
    assert table.attrs == {"at_least": 0.1, "probability": 0.95, "ci_prob": 0.9}
    sure = differing_items(fit, probability=0.5)
    assert "north" in sure["organization"].tolist()
    none = differing_items(fit, at_least=0.9)
    assert none["organization"].eq("").all()
    assert none[["deviation", "differs"]].isna().all(axis=None)
    assert len(none) == 5


def test_loadings_that_are_not_pooled_say_how_to_fit(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="the model has no free loadings"):
        loading_differences(example_fit)
    fit = drifting(TEXT, NAMES)
    for word in ("full", "none"):
        other = replace(fit, pooling={**fit.pooling, "loadings": word}, identification="marker")
        with pytest.raises(FitError, match=rf"pooling '{word}'.*pooling=\{{\"loadings\": \"partial\"\}}"):
            differing_items(other)
    with pytest.raises(FitError, match="only 'north' reported"):
        loading_differences(drifting(TEXT, ["north"]))


@pytest.mark.parametrize("at_least", [0, -0.1, float("nan"), float("inf"), "0.1", True, None])
def test_a_threshold_is_a_positive_number(at_least: Any) -> None:
    with pytest.raises(FitError, match=r"at_least must be a positive number such as 0\.1, a tenth"):
        loading_differences(drifting(TEXT, NAMES), at_least)


@pytest.mark.parametrize("name", ["probability", "ci_prob"])
@pytest.mark.parametrize("value", [0, 1, 95, 1.5, "0.9"])
def test_probabilities_are_checked(name: str, value: Any) -> None:
    with pytest.raises(FitError, match=f"{name} must lie between 0 and 1"):
        differing_items(drifting(TEXT, NAMES), **{name: value})
