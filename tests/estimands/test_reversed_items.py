"""Answers from items that the model declares reversed: those from recoded items, with signs as in the data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.estimands.importance import importance_performance
from bayescx.estimands.intercepts import intercept_differences
from bayescx.estimands.latent_means import latent_means
from bayescx.estimands.loading_differences import differing_items, loading_differences
from bayescx.estimands.reliability import measurement_quality, reliability
from bayescx.estimands.system import layout_of
from bayescx.estimands.whatif import defined_parameters, what_if
from bayescx.model import matrices

PLAIN = """
f =~ x1 + x2 + a*x3
g =~ x4 + x5 + x6
g ~ b*f
y ~ g + f
x2 ~~ c*x5
of_item := a
product := a*b
shared := c
"""
DECLARED = PLAIN.replace("a*x3", "a*upper(0)*x3").replace("x6", "upper(0)*x6")
REVERSED = ("x3", "x6")
ANSWERS = (-60.0, 60.0)  # lowest + highest answer is 0: an item is turned by its sign alone, and no digit is lost


@cache
def fit_of(text: str) -> bcx.Fit:
    """A short fit: what follows from draws must be right whether or not they have converged."""
    model = bcx.parse_model(text)
    rows = bcx.simulate(bcx.parse_model(PLAIN), organizations=4, n_obs=150, random_seed=4).rows
    places = rows["organization"].map({name: place for place, name in enumerate(sorted(set(rows["organization"])))})
    for i, name in enumerate(model.observed):
        rows[name] = (1.0 + i) * (rows[name] + 0.3 * places)
    rows.loc[rows["organization"] == "org_04", "x6"] += 7.0
    if text == DECLARED:
        rows[list(REVERSED)] *= -1.0
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        return bcx.fit(
            model, evidence, pooling={"loadings": "partial"}, draws=100, tune=150, chains=2, random_seed=1,
            progressbar=False,
        )  # fmt: skip


@pytest.fixture
def plain() -> bcx.Fit:
    return fit_of(PLAIN)


@pytest.fixture
def declared() -> bcx.Fit:
    return fit_of(DECLARED)


ALIKE: dict[str, Callable[..., xr.DataArray]] = {
    "direct": bcx.direct_effects,
    "direct, raw": lambda fit, target: bcx.direct_effects(fit, target, standardized=False),
    "total": bcx.total_effects,
    "r_squared": bcx.r_squared,
    "shares": lambda fit, target: bcx.explained_shares(fit, "y", target=target),
    "what_if": lambda fit, target: what_if(fit, {"f": 1.0}, target),
    "reliability": reliability,
    "reliability of answers": lambda fit, target: reliability(fit, target, standardized=False),
    "ave": bcx.average_variance_extracted,
    "htmt": bcx.heterotrait_monotrait,
}


@pytest.mark.parametrize("target", ["organization", "typical", "average", "new", "alone"])
@pytest.mark.parametrize("name", ALIKE)
def test_answers_are_those_of_recoded_items(plain: bcx.Fit, declared: bcx.Fit, name: str, target: str) -> None:
    expected, found = (ALIKE[name](fit, target) for fit in (plain, declared))
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-8, atol=1e-9)


def test_tables_are_those_of_recoded_items(plain: bcx.Fit, declared: bcx.Fit) -> None:
    for table in (measurement_quality, differing_items):
        expected, found = (table(fit).select_dtypes("number").to_numpy() for fit in (plain, declared))
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_differences_of_loadings_are_of_their_sizes(plain: bcx.Fit, declared: bcx.Fit) -> None:
    expected, found = loading_differences(plain), loading_differences(declared)
    assert found["loading"].values.tolist() == expected["loading"].values.tolist()
    for name in expected.data_vars:
        np.testing.assert_allclose(found[name].values, expected[name].values, rtol=1e-8, atol=1e-9)


def test_loadings_have_the_signs_of_the_data(plain: bcx.Fit, declared: bcx.Fit) -> None:
    np.testing.assert_allclose(declared.posterior["loading"], plain.posterior["loading"], atol=1e-9)
    sign = np.array([-1.0 if name in REVERSED else 1.0 for name in declared.model.observed])
    matrix = []
    for fit in (plain, declared):
        layout = layout_of(fit)
        u = np.ones(len(layout.components))
        matrix.append(matrices.loading_matrix(layout, u))
    np.testing.assert_allclose(matrix[1], matrix[0] * sign[:, None])


@pytest.mark.parametrize("standardized", [True, False])
def test_defined_parameters_have_the_signs_of_the_data(plain: bcx.Fit, declared: bcx.Fit, standardized: bool) -> None:
    expected, found = (defined_parameters(fit, standardized=standardized) for fit in (plain, declared))
    np.testing.assert_allclose(found, expected * [-1.0, -1.0, 1.0], rtol=1e-8)
    assert (found.sel(definition="of_item") < 0).mean() > 0.99


def test_levels_are_those_of_recoded_items(plain: bcx.Fit, declared: bcx.Fit) -> None:
    expected, found = (importance_performance(fit, "y", answers=ANSWERS) for fit in (plain, declared))
    for name in ("importance", "performance", "performance_se"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)
    assert found.attrs["reversed"] == "f: x3; g: x6 (turned)"


def test_means_of_factors_are_those_of_recoded_items(plain: bcx.Fit, declared: bcx.Fit) -> None:
    """Not draw by draw: intercepts of a turned item are drawn with the opposite noise."""
    for standardized in (True, False):
        expected, found = (latent_means(fit, standardized=standardized) for fit in (plain, declared))
        apart = found.mean(("chain", "draw")) - expected.mean(("chain", "draw"))
        assert float(np.abs(apart / expected.std(("chain", "draw"))).max()) < 0.5
        np.testing.assert_allclose(found.std(("chain", "draw")), expected.std(("chain", "draw")), rtol=0.3)


def test_intercepts_have_the_signs_of_the_data(plain: bcx.Fit, declared: bcx.Fit) -> None:
    expected, found = (
        intercept_differences(fit)["deviation"].mean(("chain", "draw")).sel(organization="org_04")
        for fit in (plain, declared)
    )
    assert float(expected.sel(item="x6")) > 0.3
    for item in declared.model.items:
        sign = -1.0 if item in REVERSED else 1.0
        assert float(found.sel(item=item)) == pytest.approx(sign * float(expected.sel(item=item)), abs=0.1)


def test_a_saved_fit_keeps_its_declared_signs(declared: bcx.Fit, tmp_path: Path) -> None:
    declared.save(tmp_path / "fit.nc")
    again = bcx.load_fit(tmp_path / "fit.nc")
    assert [row.rhs for row in again.model.loadings if row.reversed] == list(REVERSED)
    np.testing.assert_array_equal(defined_parameters(again), defined_parameters(declared))
