"""Ranks of drivers are what counting sorted effects says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.ranks import rank_probabilities
from tests.estimands.brute import World, answer, asked_of, fit_of
from tests.turned import turned

CASES = {
    "residual covariances": "y",
    "three causes, two of them apart": "y",
    "two correlated causes": "y",
    "factors": "h",
}
ASKED = [(name, target) for name in CASES for target in asked_of(name)]


@pytest.mark.parametrize("effect", ["direct", "total"])
@pytest.mark.parametrize(("name", "target"), ASKED)
def test_ranks_count_sorted_effects(name: str, target: str, effect: str) -> None:
    outcome = CASES[name]
    found = rank_probabilities(fit_of(name), outcome, target, effect)  # type: ignore[arg-type]
    drivers = found["driver"].values.tolist()

    def effects(world: World) -> list[float]:
        one = world.total if effect == "total" else lambda cause, end: world.path[end, cause]
        return [one(cause, outcome) * world.ratio(cause, outcome, standardized=True) for cause in drivers]

    sizes = answer(name, target, effects)  # the average is one of signed effects
    expected = counted(np.abs(sizes))
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    np.testing.assert_allclose(found["negative"].values, (sizes < 0).mean(axis=(0, 1)), atol=1e-12)
    assert set(drivers) == set(fit_of(name).model.predictors(outcome))


def counted(sizes: Any) -> Any:
    """How often each driver has each rank, by sorting one draw after another."""
    n_chain, n_draw, *middle, k = sizes.shape
    out = np.zeros((*middle, k, k))
    for c, d in np.ndindex(n_chain, n_draw):
        for at in np.ndindex(*middle):
            for rank, driver in enumerate(np.argsort(-sizes[(c, d, *at)])):
                out[(*at, driver, rank)] += 1 / (n_chain * n_draw)
    return out


def test_probabilities_add_up_both_ways() -> None:
    found = rank_probabilities(fit_of("residual covariances"), "y")
    assert found.dims == ("organization", "driver", "rank")
    assert found["rank"].values.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(found.sum("rank"), 1.0)
    np.testing.assert_allclose(found.sum("driver"), 1.0)


def test_a_tidy_table_says_what_it_holds(example_fit: bcx.Fit) -> None:
    found = rank_probabilities(example_fit, "loyalty", "average")
    table = found.to_dataframe().reset_index()
    assert table.columns.tolist() == ["driver", "rank", "negative", "rank_probability"]
    assert len(table) == 4
    assert found.attrs["units"] == "probability"
    assert (found.attrs["outcome"], found.attrs["effect"], found.attrs["target"]) == ("loyalty", "direct", "average")


def test_a_driver_that_lowers_the_outcome_ranks_by_its_size(example_fit: bcx.Fit) -> None:
    found = rank_probabilities(turned(example_fit, "loyalty~trust", "beta"), "loyalty")
    assert (found.sel(driver="trust", rank=1) > 0.99).all()
    np.testing.assert_array_equal(found["negative"].sel(driver="trust"), 1.0)


def test_any_construct_with_a_route_may_take_part(example_fit: bcx.Fit) -> None:
    found = rank_probabilities(example_fit, "loyalty", "typical", "total", ["satisfaction", "trust"])
    assert found["driver"].values.tolist() == ["satisfaction", "trust"]
    sizes = bcx.total_effects(example_fit, "typical").sel(outcome="loyalty", cause=["satisfaction", "trust"])
    first = float((np.abs(sizes[..., 0]) > np.abs(sizes[..., 1])).mean())
    assert float(found.sel(driver="satisfaction", rank=1)) == pytest.approx(first)
    assert rank_probabilities(example_fit, "trust", "typical", among="satisfaction").values.tolist() == [[1.0]]


def test_an_organization_that_has_no_answer_is_not_ranked(mixed_fit: bcx.Fit) -> None:
    found = rank_probabilities(mixed_fit, "loyalty", "alone")
    nothing = found.sel(organization=["one", "two"])
    assert np.isnan(nothing.values).all()
    assert np.isnan(nothing["negative"].values).all()
    others = found.drop_sel(organization=["one", "two"])
    np.testing.assert_allclose(others.sum("rank"), 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcome": "loyality"}, r"no construct 'loyality'; did you mean 'loyalty'\?"),
        (
            {"outcome": "satisfaction"},
            "'satisfaction' has no predictors in this model. Constructs that have some:",
        ),
        ({"outcome": None}, "an outcome is named by text such as 'loyalty', found None"),
        ({"effect": "totl"}, r"unknown effect 'totl'; did you mean 'total'\? Effects: direct, total"),
        ({"among": []}, "among is empty; name drivers of 'loyalty': trust, satisfaction"),
        ({"among": ["trsut"]}, r"no construct 'trsut'; did you mean 'trust'\?"),
        ({"among": ["loyalty"]}, "'loyalty' has no direct effect on 'loyalty'. Drivers: trust, satisfaction"),
        ({"among": ["loyalty"], "effect": "total"}, "'loyalty' has no total effect on 'loyalty'"),
        ({"target": "avrage"}, r"unknown target 'avrage'; did you mean 'average'\?"),
    ],
)
def test_what_cannot_be_ranked(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        rank_probabilities(example_fit, **{"outcome": "loyalty", **changes})


def test_a_route_is_no_direct_effect() -> None:
    with pytest.raises(FitError, match="'x2' has no direct effect on 'y'; it has a total one: effect='total'"):
        rank_probabilities(fit_of("two correlated causes"), "y", among=["x2"])
