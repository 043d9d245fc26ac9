"""Parts of R-squared are what regressions in every order, and Pratt's formula, say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands import shares
from bayescx.estimands.shares import explained_shares, shapley, unexplained
from tests.estimands.brute import World, answer, asked_of, fit_of

Floats = NDArray[np.float64]

CASES: dict[str, tuple[str, dict[str, list[str]] | None]] = {
    "residual covariances": ("y", None),
    "three causes, two of them apart": ("y", {"apart": ["x3", "x1"]}),
    "labels, a fixed path, definitions": ("loyalty", None),
    "factors": ("h", None),
    "second order": ("f", None),
    "nothing pooled, all reported": ("y", {"both": ["m", "x1"]}),
}
ASKED = [(name, target) for name in CASES for target in asked_of(name)]
TIGHT = {"rtol": 0.0, "atol": 1e-10}


def explained_by(r: Floats, names: Sequence[int]) -> float:
    """R-squared of the last variable's regression on some of the others."""
    chosen = list(names)
    along = r[chosen, -1]
    return float(along @ np.linalg.solve(r[np.ix_(chosen, chosen)], along)) if chosen else 0.0


def every_order(r: Floats, groups: Sequence[Sequence[int]]) -> list[float]:
    """What each group adds to R-squared, averaged over all orders of groups."""
    out = [0.0] * len(groups)
    orders = list(permutations(range(len(groups))))
    for order in orders:
        inside: list[int] = []
        for group in order:
            before = explained_by(r, inside)
            inside = [*inside, *groups[group]]
            out[group] += (explained_by(r, inside) - before) / len(orders)
    return out


def correlations(world: World, names: Sequence[str]) -> Floats:
    return np.array([[world.covariance(a, b) / (world.sd(a) * world.sd(b)) for b in names] for a in names])


def members(found: Any) -> list[list[str]]:
    return [names.split(" + ") for names in found["predictors"].values.tolist()]


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("method", ["lmg", "pratt"])
@pytest.mark.parametrize(("name", "target"), ASKED)
def test_parts_of_r_squared(name: str, target: str, method: str, relative: bool) -> None:
    outcome, groups = CASES[name]
    found = explained_shares(fit_of(name), outcome, method, groups, target, relative=relative)  # type: ignore[arg-type]
    predictors = [one for group in members(found) for one in group]
    places = [[predictors.index(one) for one in group] for group in members(found)]
    assert sorted(predictors) == sorted(fit_of(name).model.predictors(outcome))

    def by_hand(world: World) -> list[float]:
        r = correlations(world, [*predictors, outcome])
        whole = explained_by(r, range(len(predictors)))
        if method == "lmg":
            return [*every_order(r, places), whole]
        products = np.linalg.solve(r[:-1, :-1], r[:-1, -1]) * r[:-1, -1]
        return [*(sum(products[one] for one in group) for group in places), whole]

    expected = answer(name, target, by_hand)
    parts, whole = expected[..., :-1], expected[..., -1:]  # of the average: both averaged, so the ratio is theirs
    np.testing.assert_allclose(found.values, parts / whole if relative else parts, **TIGHT)


@pytest.mark.parametrize("method", ["lmg", "pratt"])
@pytest.mark.parametrize("target", ["organization", "average", "new", "alone"])
def test_parts_add_up_to_r_squared(example_fit: bcx.Fit, method: str, target: str) -> None:
    found = explained_shares(example_fit, "loyalty", method, target=target)  # type: ignore[arg-type]
    whole = bcx.r_squared(example_fit, target).sel(outcome="loyalty")  # type: ignore[arg-type]
    np.testing.assert_allclose(found.sum("group").values, whole.values, **TIGHT)
    assert found.attrs["sum"] == "R-squared"
    shared = explained_shares(example_fit, "loyalty", method, target=target, relative=True)  # type: ignore[arg-type]
    np.testing.assert_allclose(shared.sum("group").values, 1.0, **TIGHT)
    assert shared.attrs["sum"] == "1"
    assert (shared["contraction"] < 1).all()


def test_a_suppressor_has_a_negative_pratt_value_and_a_positive_lmg_one() -> None:
    """By hand: correlations .6 with each other, .5 and .1 with the outcome."""
    r = np.array([[1.0, 0.6, 0.5], [0.6, 1.0, 0.1], [0.5, 0.1, 1.0]])
    slopes = np.linalg.solve(r[:2, :2], r[:2, 2])
    assert slopes[1] * r[1, 2] < 0
    parts = shapley(1.0 - unexplained(r[..., None], [1, 1])).ravel()
    assert (parts > 0).all()
    np.testing.assert_allclose(parts, every_order(r, [[0], [1]]), **TIGHT)
    assert parts[1] == pytest.approx(0.5 * 0.1**2 + 0.5 * (slopes @ r[:2, 2] - 0.25))


def random_correlations(q: int, seed: int) -> Floats:
    draws = np.random.default_rng(seed).standard_normal((q, 3 * q))
    return np.corrcoef(draws + draws.mean(axis=0))


@pytest.mark.parametrize("sizes", [[1] * 10, [3, 1, 2, 4], [2]])
def test_every_set_of_groups(sizes: list[int]) -> None:
    groups = [list(range(start, end)) for start, end in pairwise(np.cumsum([0, *sizes]).tolist())]
    cells = [random_correlations(sum(sizes) + 1, seed) for seed in (1, 2)]
    found = unexplained(np.stack(cells, axis=-1), sizes)
    assert found.shape == (2 ** len(sizes), 2)
    for number in range(2 ** len(sizes)):
        inside = [one for g, group in enumerate(groups) if number >> g & 1 for one in group]
        expected = [1.0 - explained_by(r, inside) for r in cells]
        np.testing.assert_allclose(found[number], expected, **TIGHT)


def test_five_groups_in_all_their_orders() -> None:
    r = random_correlations(9, 3)
    groups = [[0], [1, 2], [3], [4, 5, 6], [7]]
    parts = shapley(1.0 - unexplained(r[..., None], [1, 2, 1, 3, 1])).ravel()
    np.testing.assert_allclose(parts, every_order(r, groups), **TIGHT)


def test_a_predictor_that_others_determine_adds_nothing() -> None:
    """Twins: whichever enters first takes everything, so that each has half."""
    r = np.array([[1.0, 1.0, 0.6], [1.0, 1.0, 0.6], [0.6, 0.6, 1.0]])
    np.testing.assert_allclose(shapley(1.0 - unexplained(r[..., None], [1, 1])).ravel(), [0.18, 0.18], **TIGHT)


def test_blocks_change_nothing(example_fit: bcx.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = replace(example_fit)  # with nothing remembered
    expected = explained_shares(example_fit, "loyalty", target="average").values
    monkeypatch.setattr(shares, "_BLOCK", 4096)
    np.testing.assert_allclose(explained_shares(fit, "loyalty", target="average").values, expected, **TIGHT)


def test_an_organization_without_data_of_its_own_has_no_parts(mixed_fit: bcx.Fit) -> None:
    for method in ("lmg", "pratt"):
        found = explained_shares(mixed_fit, "loyalty", method, target="alone")  # type: ignore[arg-type]
        without = np.isin(found["organization"].values, ["one", "two"])
        np.testing.assert_array_equal(np.isnan(found.values).all(axis=(0, 1, 3)), without)


def test_shares_say_what_they_are(example_fit: bcx.Fit) -> None:
    found = explained_shares(example_fit, "loyalty", "pratt", {"both": ["trust", "satisfaction"]}, "average")
    assert found.dims == ("chain", "draw", "group")
    assert found["predictors"].values.tolist() == ["trust + satisfaction"]
    assert found.attrs["units"] == "share of variance"
    assert "Pratt" in found.attrs["long_name"]
    assert bcx.summarize(found)["group"].tolist() == ["both"]


def test_predictors_outside_all_groups_stand_by_themselves() -> None:
    found = explained_shares(fit_of("residual covariances"), "y", groups={"m": ["m1", "m3"], "only": "x"})
    assert found["group"].values.tolist() == ["m", "only", "m2"]
    assert members(found) == [["m1", "m3"], ["x"], ["m2"]]


def with_model(fit: bcx.Fit, text: str) -> bcx.Fit:
    """A fit whose model says something else: for questions that are refused before any draw is looked at."""
    return replace(fit, model=bcx.parse_model(text))


def test_more_than_ten_groups_are_refused_with_a_way_out(example_fit: bcx.Fit) -> None:
    names = [f"x{i}" for i in range(11)]
    fit = with_model(example_fit, f"y ~ {' + '.join(names)}")
    with pytest.raises(FitError, match=r"at most ten groups, and 'y' has 11: x0, x1, .* groups=\{'name': \['first'"):
        explained_shares(fit, "y")
    with pytest.raises(FitError, match="ten groups"):
        explained_shares(fit, "y", groups={"one": "x3"})


def test_an_outcome_whose_predictors_carry_its_residual_is_refused(example_fit: bcx.Fit) -> None:
    fit = with_model(example_fit, "m1 ~ x; m2 ~ m1; y ~ m2; m1 ~~ y")
    with pytest.raises(FitError, match="by m1~~y its residual covaries with its predictor 'm2'"):
        explained_shares(fit, "y")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outcome": "loyality"}, r"no construct 'loyality'; did you mean 'loyalty'\?"),
        ({"outcome": "satisfaction"}, "'satisfaction' has no predictors"),
        ({"method": "lgm"}, r"unknown method 'lgm'; did you mean 'lmg'\? Methods: lmg, pratt"),
        ({"groups": {"a": ["loyalty"]}}, "group 'a' names 'loyalty', which is no predictor of 'loyalty'"),
        ({"target": "avrage"}, r"unknown target 'avrage'"),
    ],
)
def test_what_cannot_be_parted(example_fit: bcx.Fit, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        explained_shares(example_fit, **{"outcome": "loyalty", **arguments})
