"""Direct, total, indirect and route effects and mediated shares are what loops over routes say."""

from __future__ import annotations

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from tests.estimands.brute import ASKED, CASES, World, answer, fit_of, worlds

UNITS = pytest.mark.parametrize("standardized", [False, True], ids=["raw", "standardized"])
TIGHT = {"rtol": 1e-9, "atol": 1e-12}


@UNITS
@pytest.mark.parametrize(("name", "target"), ASKED)
def test_direct_effects(name: str, target: str, standardized: bool) -> None:
    effects = bcx.direct_effects(fit_of(name), target, standardized=standardized)
    pairs = list(zip(effects["lhs"].values, effects["rhs"].values, strict=True))

    def by_hand(world: World) -> list[float]:
        return [
            world.path[outcome, cause] * world.ratio(cause, outcome, standardized=standardized)
            for outcome, cause in pairs
        ]

    written = [(row.lhs, row.rhs) for row in fit_of(name).model.parameters if row.op == "~"]
    assert pairs == written
    assert effects["path"].values.tolist() == [f"{outcome}~{cause}" for outcome, cause in pairs]
    assert set(effects["op"].values) == {"~"}
    np.testing.assert_allclose(effects.values, answer(name, target, by_hand), **TIGHT)


@UNITS
@pytest.mark.parametrize("which", ["total", "indirect"])
@pytest.mark.parametrize(("name", "target"), ASKED)
def test_total_and_indirect_effects(name: str, target: str, which: str, standardized: bool) -> None:
    function = {"total": bcx.total_effects, "indirect": bcx.indirect_effects}[which]
    effects = function(fit_of(name), target, standardized=standardized)
    causes, outcomes = effects["cause"].values, effects["outcome"].values

    def by_hand(world: World) -> list[list[float]]:
        return [
            [
                getattr(world, which)(cause, outcome) * world.ratio(cause, outcome, standardized=standardized)
                for outcome in outcomes
            ]
            for cause in causes
        ]

    np.testing.assert_allclose(effects.values, answer(name, target, by_hand), **TIGHT)


@pytest.mark.parametrize("name", CASES)
def test_causes_outcomes_and_routes_are_those_of_the_model(name: str) -> None:
    effects = bcx.total_effects(fit_of(name))
    world = worlds(name, "organization")[0][0][0]
    assert effects["cause"].values.tolist() == [
        c for c in world.constructs if any(cause == c for _, cause in world.path)
    ]
    assert effects["outcome"].values.tolist() == [
        o for o in world.constructs if any(outcome == o for outcome, _ in world.path)
    ]
    for cause in effects["cause"].values:
        for outcome in effects["outcome"].values:
            routes = [route for route in world.routes(cause, outcome) if len(route) > 1]
            assert bool(effects["has_route"].sel(cause=cause, outcome=outcome)) == bool(routes)


@UNITS
@pytest.mark.parametrize("target", ["organization", "typical", "average", "new"])
@pytest.mark.parametrize(
    ("name", "cause", "outcome"),
    [
        ("two correlated causes", "x1", "y"),
        ("labels, a fixed path, definitions", "satisfaction", "loyalty"),
        ("factors, marker", "f", "h"),
        ("residual covariances", "x", "y"),
        ("second order, marker", "s", "f"),
    ],
)
def test_route_effects(name: str, cause: str, outcome: str, target: str, standardized: bool) -> None:
    effects = bcx.route_effects(fit_of(name), cause, outcome, target, standardized=standardized)
    routes = [route.split(" -> ") for route in effects["route"].values]

    def by_hand(world: World) -> list[float]:
        ratio = world.ratio(cause, outcome, standardized=standardized)
        return [world.along(route) * ratio for route in routes]

    world = worlds(name, "organization")[0][0][0]
    assert sorted(routes) == sorted(world.routes(cause, outcome))
    np.testing.assert_allclose(effects.values, answer(name, target, by_hand), **TIGHT)
    total = bcx.total_effects(fit_of(name), target, standardized=standardized).sel(cause=cause, outcome=outcome)
    np.testing.assert_allclose(effects.sum("route").values, total.values, **TIGHT)


@pytest.mark.parametrize(("name", "target"), ASKED)
def test_mediated_share_is_the_ratio_of_the_averages(name: str, target: str) -> None:
    share = bcx.mediated_share(fit_of(name), target)
    for cause in share["cause"].values:
        for outcome in share["outcome"].values:
            found = share.sel(cause=cause, outcome=outcome)
            if not found["has_route"]:
                assert np.isnan(found).all()
                continue
            pair = (cause, outcome)
            indirect = answer(name, target, lambda world, pair=pair: world.indirect(*pair))
            total = answer(name, target, lambda world, pair=pair: world.total(*pair))
            np.testing.assert_allclose(found.values, indirect / total, **TIGHT)


def test_the_mediated_share_of_an_average_is_no_mean_of_shares(example_fit: bcx.Fit) -> None:
    pair = {"cause": "satisfaction", "outcome": "loyalty"}
    each = bcx.mediated_share(example_fit).sel(pair).mean("organization")
    average = bcx.mediated_share(example_fit, "average").sel(pair)
    assert abs(each - average).max() > 1e-3


def test_indirect_and_direct_effects_add_up(example_fit: bcx.Fit) -> None:
    pair = {"cause": "satisfaction", "outcome": "loyalty"}
    for standardized in (False, True):
        total = bcx.total_effects(example_fit, "average", standardized=standardized).sel(pair)
        indirect = bcx.indirect_effects(example_fit, "average", standardized=standardized).sel(pair)
        direct = bcx.direct_effects(example_fit, "average", standardized=standardized)
        np.testing.assert_allclose((indirect + direct.sel(path="loyalty~satisfaction")).values, total.values, **TIGHT)


def test_effects_say_what_they_are(example_fit: bcx.Fit) -> None:
    raw = bcx.total_effects(example_fit, "average", standardized=False)
    assert raw.name == "total_effect"
    assert raw.attrs == {
        "long_name": "total effect",
        "units": "units of the outcome per unit of the cause",
        "estimand": "total_effect",
        "target": "average",
    }
    assert bcx.direct_effects(example_fit).attrs["units"] == "SD of the outcome per SD of the cause"
    assert bcx.direct_effects(example_fit).dims == ("chain", "draw", "organization", "path")
    assert bcx.direct_effects(example_fit)["organization"].values.tolist() == ["north", "south", "east", "west"]
    assert bcx.indirect_effects(example_fit, "new").dims == ("chain", "draw", "cause", "outcome")


def test_raw_effects_recover_what_the_rows_were_made_with(example_fit: bcx.Fit) -> None:
    # loyalty is 10 * (0.5 trust + 0.2 satisfaction), trust is 0.8 satisfaction; slopes differ by 0.1
    effects = bcx.total_effects(example_fit, "average", standardized=False).mean(("chain", "draw"))
    assert effects.sel(cause="satisfaction", outcome="trust").item() == pytest.approx(0.8, abs=0.25)
    assert effects.sel(cause="trust", outcome="loyalty").item() == pytest.approx(5.0, abs=1.5)
    assert effects.sel(cause="satisfaction", outcome="loyalty").item() == pytest.approx(6.0, abs=1.5)


def test_route_effects_refuse_what_the_model_does_not_have(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no construct 'trst'; did you mean 'trust'"):
        bcx.route_effects(example_fit, "trst", "loyalty")
    with pytest.raises(FitError, match="no construct 'loyal'"):
        bcx.route_effects(example_fit, "trust", "loyal")
    with pytest.raises(FitError, match="no route leads from 'loyalty' to 'trust'"):
        bcx.route_effects(example_fit, "loyalty", "trust")
    with pytest.raises(FitError, match="no route leads from 'trust' to 'trust'"):
        bcx.route_effects(example_fit, "trust", "trust")
