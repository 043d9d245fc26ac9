"""Omega, AVE and HTMT are what a covariance matrix of items, built entry by entry, says."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.reliability import (
    average_variance_extracted,
    heterotrait_monotrait,
    measurement_quality,
    reliability,
)
from tests.estimands.brute import TARGETS, World, answer, fit_of, reported
from tests.turned import turned

LATENT = {
    "factors": ["f", "g", "h"],
    "factors, marker": ["f", "g", "h"],
    "items that covary": ["f", "g"],
    "second order": ["f", "g", "h"],
    "observed, latent and a single indicator": ["f"],
}
ASKED = [(name, target) for name in LATENT for target in TARGETS]
PAIRED = [(name, target) for name, target in ASKED if len(LATENT[name]) > 1]
TIGHT = {"rtol": 0.0, "atol": 1e-10}


def items_of(world: World, factor: str) -> list[str]:
    return [item for item, owner in world.loading if owner == factor]


def item_covariance(world: World, one: str, other: str) -> float:
    """In the data's units."""
    carried = sum(
        a * b * world.covariance(f, g)
        for (i, f), a in world.loading.items()
        for (k, g), b in world.loading.items()
        if (i, k) == (one, other)
    )
    return carried + world.theta[one, other]


@pytest.mark.parametrize("standardized", [True, False])
@pytest.mark.parametrize(("name", "target"), ASKED)
def test_omega(name: str, target: str, standardized: bool) -> None:
    fit = fit_of(name)

    def by_hand(world: World) -> list[float]:
        out = []
        for factor in LATENT[name]:
            items = items_of(world, factor)
            weight = {item: 1.0 / fit.scale[item] if standardized else 1.0 for item in items}
            common = sum(weight[item] * world.loading[item, factor] for item in items) ** 2
            whole = sum(weight[a] * weight[b] * item_covariance(world, a, b) for a, b in product(items, items))
            out.append(common * world.covariance(factor, factor) / whole)
        return out

    found = reliability(fit, target, standardized=standardized)  # type: ignore[arg-type]
    assert found["factor"].values.tolist() == LATENT[name]
    np.testing.assert_allclose(found.values, answer(name, target, by_hand), **TIGHT)


@pytest.mark.parametrize(("name", "target"), ASKED)
def test_average_variance_extracted(name: str, target: str) -> None:
    def by_hand(world: World) -> list[float]:
        out = []
        for factor in LATENT[name]:
            shares = [
                world.loading[item, factor] ** 2 * world.covariance(factor, factor) / item_covariance(world, item, item)
                for item in items_of(world, factor)
            ]
            out.append(sum(shares) / len(shares))
        return out

    found = average_variance_extracted(fit_of(name), target)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.values, answer(name, target, by_hand), **TIGHT)


def ratio(world: World, one: str, other: str) -> float:
    """HTMT by its definition, for different factors."""

    def size(a: str, b: str) -> float:
        covariance = item_covariance(world, a, b)
        return abs(covariance) / np.sqrt(item_covariance(world, a, a) * item_covariance(world, b, b))

    between = np.mean([size(a, b) for a in items_of(world, one) for b in items_of(world, other) if a != b])
    within = [np.mean([size(a, b) for a, b in combinations(items_of(world, f), 2)]) for f in (one, other)]
    return float(between / np.sqrt(within[0] * within[1]))


@pytest.mark.parametrize(("name", "target"), PAIRED)
def test_heterotrait_monotrait(name: str, target: str) -> None:
    factors = LATENT[name]

    def by_hand(world: World) -> list[list[float]]:
        return [[1.0 if a == b else ratio(world, a, b) for b in factors] for a in factors]

    found = heterotrait_monotrait(fit_of(name), target)  # type: ignore[arg-type]
    assert found.dims[-2:] == ("factor", "factor_other")
    np.testing.assert_allclose(found.values, answer(name, target, by_hand), **TIGHT)


@pytest.mark.parametrize("target", ["organization", "average"])
@pytest.mark.parametrize("name", [name for name, factors in LATENT.items() if len(factors) > 1])
def test_the_table_for_reviewers(name: str, target: str) -> None:
    factors = LATENT[name]
    table = measurement_quality(fit_of(name), target, ci_prob=0.9)  # type: ignore[arg-type]
    omega, ave = reliability(fit_of(name), target), average_variance_extracted(fit_of(name), target)  # type: ignore[arg-type]
    correlation = np.abs(
        answer(
            name,
            target,
            lambda world: [[world.covariance(a, b) / (world.sd(a) * world.sd(b)) for b in factors] for a in factors],
        )
    )
    htmt = heterotrait_monotrait(fit_of(name), target).values  # type: ignore[arg-type]
    where: list[tuple[int, ...]] = list(np.ndindex(omega.shape[2:]))
    assert len(table) == len(where)
    for (_, row), at in zip(table.iterrows(), where, strict=True):
        i = at[-1]
        assert row["factor"] == factors[i]
        assert row["items"] == 3
        for column, draws in (("omega", omega.values), ("ave", ave.values)):
            here = draws[(..., *at)].ravel()
            expected = [here.mean(), *np.quantile(here, [0.05, 0.95])]
            np.testing.assert_allclose(
                row[[column, f"{column}_lb", f"{column}_ub"]].to_numpy(dtype=float), expected, atol=1e-9
            )
        others = [k for k in range(len(factors)) if k != i]
        sizes = np.stack([correlation[(..., *at, k)] for k in others])
        ratios = np.stack([htmt[(..., *at, k)] for k in others])
        assert row["largest_correlation"] == pytest.approx(sizes.max(axis=0).mean())
        assert row["correlates_most_with"] == factors[others[int(sizes.mean(axis=(1, 2)).argmax())]]
        assert row["p_fornell_larcker"] == pytest.approx((ave.values[(..., *at)] > sizes.max(axis=0) ** 2).mean())
        assert row["htmt"] == pytest.approx(ratios.max(axis=0).mean())
        assert row["p_htmt_85"] == pytest.approx((ratios < 0.85).all(axis=0).mean())
        assert row["p_htmt_90"] == pytest.approx((ratios < 0.90).all(axis=0).mean())


def test_factors_with_one_item_are_compared_with_but_not_judged() -> None:
    table = measurement_quality(fit_of("observed, latent and a single indicator"))
    assert table["factor"].tolist() == ["f"]
    assert table["correlates_most_with"].tolist() == ["k"]
    assert 0 < table["largest_correlation"].item() < 1
    assert np.isnan(table[["htmt", "p_htmt_85", "p_htmt_90"]].to_numpy(dtype=float)).all()
    with pytest.raises(FitError, match="needs two factors with two items each; the model has one, 'f'"):
        heterotrait_monotrait(fit_of("observed, latent and a single indicator"))


def test_an_item_that_runs_against_its_factor_is_reversed_before_it_is_summed() -> None:
    fit = fit_of("second order")
    for estimand in (reliability, average_variance_extracted, heterotrait_monotrait):
        found = estimand(turned(fit, "f=~x2", "loading"))  # type: ignore[operator]
        np.testing.assert_allclose(found.values, estimand(fit).values, **TIGHT)  # type: ignore[operator]


def test_an_item_of_two_factors_is_not_paired_with_itself(example_rows: pd.DataFrame) -> None:
    rng = np.random.default_rng(5)
    rows = example_rows[["organization"]].copy()
    common = rng.standard_normal((2, len(rows)))
    for i in range(5):
        rows[f"x{i}"] = common[0 if i < 3 else 1] + (0.7 * common[1] if i == 2 else 0) + rng.standard_normal(len(rows))
    model = bcx.parse_model("f =~ x0 + x1 + x2; g =~ x3 + x4 + x2; g ~ f")
    settings: dict[str, Any] = {"random_seed": 1, "progressbar": False, "chains": 2, "cores": 1}
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(model, bcx.Evidence.from_rows(rows, organization="organization"), draws=5, tune=50, **settings)
    found = heterotrait_monotrait(fit)
    world = World(fit, {}, reported(fit)[1][2][3])
    assert float(found.sel(factor="f", factor_other="g")[1, 2, 3]) == pytest.approx(ratio(world, "f", "g"), abs=1e-10)
    omega = reliability(fit, standardized=False).sel(factor="f")[1, 2, 3]
    items = items_of(world, "f")
    whole = sum(item_covariance(world, a, b) for a, b in product(items, items))
    common_part = sum(world.loading[item, "f"] for item in items) ** 2 * world.covariance("f", "f")
    assert float(omega) == pytest.approx(common_part / whole, abs=1e-10)
    np.testing.assert_allclose(np.diagonal(found.values, axis1=-2, axis2=-1), 1.0)


def test_they_say_what_they_are() -> None:
    fit = fit_of("factors")
    for estimand, dims in (
        (reliability, ("factor",)),
        (average_variance_extracted, ("factor",)),
        (heterotrait_monotrait, ("factor", "factor_other")),
    ):
        found = estimand(fit, "average")  # type: ignore[operator]
        assert found.dims == ("chain", "draw", *dims)
        assert found.attrs["estimand"] == found.name
        assert found.attrs["units"]
        assert "contraction" in found.coords
    assert reliability(fit)["items"].values.tolist() == [3, 3, 3]


def test_alone_has_answers_too() -> None:
    found = reliability(fit_of("factors"), "alone")
    assert ((found > 0) & (found < 1)).all()


def test_models_that_measure_nothing(example_fit: bcx.Fit) -> None:
    for estimand in (reliability, average_variance_extracted, heterotrait_monotrait, measurement_quality):
        with pytest.raises(FitError, match="the model has no factors"):
            estimand(example_fit)  # type: ignore[operator]
    single = replace(example_fit, model=bcx.parse_model("k =~ trust; k ~ satisfaction"))
    with pytest.raises(FitError, match=r"no factor has two items with errors.* Factors: k"):
        reliability(single)


@pytest.mark.parametrize("target", ["avrage", "all"])
def test_unknown_targets(target: str) -> None:
    with pytest.raises(FitError, match=f"unknown target '{target}'"):
        measurement_quality(fit_of("factors"), target)  # type: ignore[arg-type]
