"""k of N: the answer is right for any k, and what stands in the margin is what was known then."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands import margin as module
from bayescx.estimands.margin import AS_REPORTED, margin_by_reporting
from bayescx.estimands.quantity import Quantity, interval_of, quantity_of
from bayescx.evidence.published import Published
from bayescx.model.refit import refit_each
from bayescx.plots.margin import plot_margin
from tests.estimands import brute
from tests.estimands.one_path import SE, fit_of
from tests.estimands.quadrature import average_of

REFERENCE = {0.1: (0.71, 0.94), 0.2: (0.62, 1.00), 0.5: (0.37, 1.13)}  # ends of the 95 % interval of the average of ten


# ------------------------------------------------------------------------------ the average of N, by quadrature


@pytest.mark.parametrize("scale", REFERENCE)
def test_two_of_ten(scale: float) -> None:
    exact = average_of(10, [0.86, 0.80], [SE, SE], scale)
    assert exact.interval() == pytest.approx(REFERENCE[scale], abs=0.006)
    draws = bcx.direct_effects(fit_of((0.86, 0.80), scale), "average", standardized=False).values
    mean, sd = exact.moments()
    assert draws.mean() == pytest.approx(mean, abs=0.03 * sd)
    assert draws.std() == pytest.approx(sd, rel=0.05)
    np.testing.assert_allclose(np.quantile(draws, [0.025, 0.975]), exact.interval(), atol=0.2 * sd)


def test_quadrature_knows_its_limits() -> None:
    """All reported: the mean of the estimates; no differences: the pooled estimate, whatever N."""
    all_of_three = average_of(3, [0.2, 0.5, 0.9], [0.001] * 3, 1.0)
    assert all_of_three.moments() == pytest.approx((1.6 / 3, 0.001 / np.sqrt(3)), abs=1e-4)
    alike = average_of(1000, [0.86, 0.80], [0.03, 0.03], 1e-4)
    assert alike.moments() == pytest.approx((0.83, 0.03 / np.sqrt(2)), abs=5e-4)


def test_when_all_have_reported_it_is_the_mean_of_their_own_paths_draw_by_draw() -> None:
    fit = fit_of((0.9, 0.7, 0.8), n_planned=3, draws=1000)
    average = bcx.direct_effects(fit, "average", standardized=False).sel(path="y~x")
    np.testing.assert_allclose(average, fit.posterior["beta"].sel(path="y~x").mean("organization"), rtol=1e-12)
    exact = average_of(3, [0.9, 0.7, 0.8], [SE] * 3, 0.2)
    mean, sd = exact.moments()
    assert float(average.mean()) == pytest.approx(mean, abs=0.1 * sd)
    assert float(average.std()) == pytest.approx(sd, rel=0.06)


@pytest.fixture(scope="module")
def three_of_ten() -> xr.Dataset:
    fit = fit_of((0.86, 0.80, 0.6), draws=4000)
    return margin_by_reporting(fit, "y~x", standardized=False, draws=2500, progressbar=False)


def test_every_answer_in_the_margin_is_right(three_of_ten: xr.Dataset) -> None:
    estimates = dict(zip("abc", (0.86, 0.80, 0.6), strict=True))
    exact = {}
    for order in three_of_ten["order"].values:
        for k in (1, 2, 3):
            here = three_of_ten.sel(order=order)
            names = tuple(sorted(here["joined"].values[1 : k + 1]))
            if names not in exact:
                exact[names] = average_of(10, [estimates[name] for name in names], [SE] * k, 0.2, points=1500)
            mean, sd = exact[names].moments()
            lower, upper = exact[names].interval()
            found = here.sel(reported=k)
            assert float(found["mean"]) == pytest.approx(mean, abs=0.1 * sd)
            assert float(found["sd"]) == pytest.approx(sd, rel=0.08)
            assert float(found["lower"]) == pytest.approx(lower, abs=0.25 * sd)
            assert float(found["upper"]) == pytest.approx(upper, abs=0.25 * sd)


def test_before_any_report_stand_the_priors(three_of_ten: xr.Dataset) -> None:
    """mu ~ Normal(0, 1), tau ~ HalfNormal(0.2): the average of ten has mean 0 and variance 1 + 0.04 / 10."""
    prior = three_of_ten.sel(reported=0)
    sd = np.sqrt(1.004)
    np.testing.assert_allclose(prior["mean"], 0, atol=4 * sd / np.sqrt(4000))
    np.testing.assert_allclose(prior["sd"], sd, rtol=0.05)
    np.testing.assert_allclose(prior["upper"], 1.96 * sd, rtol=0.08)
    np.testing.assert_allclose(prior["lower"], -1.96 * sd, rtol=0.08)


# ------------------------------------------------------------------------------------------------ orders, refits


def test_orders_and_who_joined(three_of_ten: xr.Dataset) -> None:
    assert three_of_ten["order"].values.tolist() == [AS_REPORTED, "1", "2", "3", "4", "5"]  # all there are
    assert three_of_ten["reported"].values.tolist() == [0, 1, 2, 3]
    joined = [tuple(row) for row in three_of_ten["joined"].values]
    assert joined[0] == ("", "a", "b", "c")
    assert len(set(joined)) == 6
    assert all(sorted(row) == ["", "a", "b", "c"] for row in joined)


def test_one_set_has_one_answer_and_one_refit(three_of_ten: xr.Dataset) -> None:
    assert three_of_ten.attrs["refits"] == 6  # {a} {b} {c} {a, b} {a, c} {b, c}
    answers: dict[frozenset[str], set[float]] = {}
    for order in three_of_ten["order"].values:
        here = three_of_ten.sel(order=order)
        for k in range(4):
            names = frozenset(here["joined"].values[1 : k + 1])
            answers.setdefault(names, set()).add(float(here["lower"].sel(reported=k)))
    assert len(answers) == 8
    assert all(len(values) == 1 for values in answers.values())


def test_the_latest_answer_is_the_fits_own(example_fit: bcx.Fit) -> None:
    asked: dict[Any, xr.DataArray] = {
        "loyalty~trust": bcx.direct_effects(example_fit, "average", standardized=False).sel(path="loyalty~trust"),
        ("total", "satisfaction", "loyalty"): bcx.total_effects(example_fit, "average", standardized=False).sel(
            cause="satisfaction", outcome="loyalty"
        ),
        ("indirect", "satisfaction", "loyalty"): bcx.indirect_effects(example_fit, "average", standardized=False).sel(
            cause="satisfaction", outcome="loyalty"
        ),
        ("r_squared", "trust"): bcx.r_squared(example_fit, "average").sel(outcome="trust"),
    }
    for name, draws in asked.items():
        quantity = quantity_of(example_fit, name, standardized=False)
        found = interval_of(quantity.average(example_fit), 0.8)
        expected = bcx.summarize(draws.reset_coords(drop=True), 0.8).iloc[0]
        assert found == (expected["mean"], expected["eti80_lb"], expected["eti80_ub"], expected["sd"])
        assert quantity.units == draws.attrs["units"]
    margin = margin_by_reporting(
        example_fit, "loyalty~trust", orders=0, ci_prob=0.8, standardized=False, progressbar=False
    )
    last = margin.sel(order=AS_REPORTED, reported=4)
    assert tuple(float(last[name]) for name in ("mean", "lower", "upper", "sd")) == tuple(
        interval_of(quantity_of(example_fit, "loyalty~trust", standardized=False).average(example_fit), 0.8)
    )
    assert margin["joined"].values[0].tolist() == ["", *example_fit.organizations]
    assert margin.attrs | {"not_converged": 0} == {
        "quantity": "loyalty~trust", "words": "direct effect of trust on loyalty",
        "units": "units of the outcome per unit of the cause", "ci_prob": 0.8, "n_planned": 6, "simulated": 0,
        "converged": 1, "refits": 3, "not_converged": 0,
    }  # fmt: skip


def test_the_seed_and_the_set_decide_alone(tmp_path: Path) -> None:
    fit = fit_of((0.86, 0.80, 0.6), draws=4000)
    how: dict[str, Any] = {"draws": 50, "tune": 50, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one, same = (margin_by_reporting(fit, "y~x", orders=2, **how) for _ in range(2))
        real = margin_by_reporting(fit, "y~x", orders=0, **how)
        other = margin_by_reporting(fit, "y~x", orders=2, random_seed=99, **how)
    xr.testing.assert_identical(one, same)
    xr.testing.assert_equal(one.sel(order=[AS_REPORTED]), real)
    assert not one["lower"].sel(order=AS_REPORTED, reported=1).equals(other["lower"].sel(order=AS_REPORTED, reported=1))
    one.to_netcdf(tmp_path / "margin.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "margin.nc", engine="h5netcdf") as back:
        xr.testing.assert_equal(back.load(), one)


def test_random_orders_are_distinct_and_never_the_real_one() -> None:
    organizations = tuple("abcde")
    orders = module._other_orders(organizations, 40, 1)
    assert len(set(orders)) == 40
    assert organizations not in orders
    assert all(sorted(order) == list("abcde") for order in orders)
    assert orders[:7] == module._other_orders(organizations, 7, 1)
    assert module._other_orders(("a",), 8, 1) == []
    assert module._other_orders(organizations, 0, 1) == []


def test_refits_that_do_not_converge_are_counted_in_one_warning() -> None:
    fit = fit_of((0.86, 0.80, 0.6), draws=4000)
    with pytest.warns(ConvergenceWarning, match="6 of 6 refits did not converge") as caught:
        margin = margin_by_reporting(fit, "y~x", draws=20, tune=20, progressbar=False)
    assert len(caught) == 1
    assert margin.attrs["not_converged"] == margin.attrs["refits"] == 6


def test_the_real_order_can_be_named() -> None:
    fit = fit_of((0.86, 0.80, 0.6), draws=4000)
    how: dict[str, Any] = {"draws": 50, "tune": 50, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        listed = margin_by_reporting(fit, "y~x", **how)
        named = margin_by_reporting(fit, "y~x", order=["c", "a", "b"], **how)
        same = margin_by_reporting(fit, "y~x", order=np.array(fit.organizations), **how)
    xr.testing.assert_identical(listed, same)
    assert named["joined"].sel(order=AS_REPORTED).values.tolist() == ["", "c", "a", "b"]
    assert len({tuple(row) for row in named["joined"].values}) == 6  # the other orders are none but the real one

    def answers(margin: xr.Dataset) -> dict[tuple[str, ...], float]:
        rows = zip(margin["joined"].values, margin["lower"].values, strict=True)
        return {tuple(joined): float(lower[1]) for joined, lower in rows}

    assert answers(named) == answers(listed)  # who has reported decides, not which order is called the real one
    picture = plot_margin(named)
    real = picture.data[picture.data["order"] == AS_REPORTED]
    assert real["joined"].tolist() == ["", "c", "a", "b"]
    assert real["lower"].tolist() == pytest.approx(named["lower"].sel(order=AS_REPORTED).values.tolist())


# ------------------------------------------------------------------------------------------- before any, figures


def test_a_prior_is_simulated_unless_it_needs_loadings_of_paths_that_average_one() -> None:
    """Loadings of items play no part in effects of factors; those of a second-order factor are paths."""
    asked = [("factors", "g~f", True), ("second order", "y~s", True), ("second order, marker", "y~s", True)]
    asked += [("second order", ("total", "s", "f"), False), ("second order, marker", ("total", "s", "g"), True)]
    for case, quantity, is_there in asked:
        fit = brute.fit_of(case)
        found = quantity_of(fit, quantity).before_any(fit)
        assert (found is not None) is is_there, (case, quantity)
        if found is not None:
            lower, upper = found.quantile([0.025, 0.975]).values
            assert -3 < lower < upper < 3
            assert bool(lower < 0) is (quantity != ("total", "s", "g"))  # loadings are positive


def test_before_any_report_signs_are_agreed_and_so_is_the_scale(figures_fit: bcx.Fit) -> None:
    """Where only figures speak every variance is about 1, so that the standardized path of a single cause, whose
    population centre was declared positive, lies between 0 and 1 but for organizations far from that centre."""
    found = quantity_of(figures_fit, "trust~satisfaction").before_any(figures_fit)
    assert found is not None
    assert found.sizes["draw"] == 2000
    lower, middle, upper = found.quantile([0.025, 0.5, 0.975]).values
    assert -0.05 < lower < 0.2
    assert 0.5 < middle < 0.9
    assert 0.9 < upper < 1.0


def test_before_any_report_the_average_is_that_of_the_prior_that_contraction_compares_with(
    example_fit: bcx.Fit,
) -> None:
    loyalty = ("total", "satisfaction", "loyalty")
    found = quantity_of(example_fit, loyalty).before_any(example_fit)
    total = bcx.total_effects(example_fit, "average").sel(cause="satisfaction", outcome="loyalty")
    assert found is not None
    assert float(found.std(ddof=1)) == pytest.approx(float(total["prior_sd"]), rel=0.05)


def test_without_the_priors_the_margin_starts_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Quantity, "before_any", lambda *_: None)
    fit = fit_of((0.86, 0.80), draws=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        margin = margin_by_reporting(fit, "y~x", draws=50, tune=50, progressbar=False)
    assert margin["reported"].values.tolist() == [1, 2]
    assert margin["joined"].values.tolist() == [["a", "b"], ["b", "a"]]


def test_figures_of_a_set_count_once_all_of_it_has_reported(example_fit: bcx.Fit) -> None:
    north, south, east, west = example_fit.organizations
    what: dict[str, Any] = {"statistic": "r_squared", "outcome": "trust", "value": 0.75, "n_obs": 400}
    figure = Published(organizations=(east, west), **what)
    checked = Published(organizations=(east,), use="check", **what)
    levels = {north: "rows", south: "rows", east: "figures", west: "figures"}
    evidence = replace(example_fit.evidence, level=levels, published=(figure, checked))
    fit = replace(example_fit, evidence=evidence)
    cases = [((east,), ()), ((north, east), (north,)), ((east, west), (east, west)), ((west, east, north),) * 2]
    for names, known in cases:
        assert module._informed(fit, frozenset(names)) == frozenset(known)
    everyone = frozenset(example_fit.organizations)
    only_checked = replace(fit, evidence=replace(evidence, published=(checked,)))
    assert module._informed(only_checked, everyone) == everyone  # the fit itself, whatever it knew
    assert module._informed(only_checked, frozenset((north, east))) == {north}


# --------------------------------------------------------------------------------------------------- bad questions


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        ("loyalty~trsut", r"no path 'loyalty~trsut'; did you mean 'loyalty~trust'\? Its paths: trust~satisfaction"),
        ("loyalty", r"no path 'loyalty'.* A quantity is named as \"outcome~cause\""),
        (("total", "satisfaction", "loyaltee"), "no construct 'loyaltee'; did you mean 'loyalty'"),
        (("total", "loyalty", "satisfaction"), "no total effect of 'loyalty' on 'satisfaction'"),
        (("total", "trust", "trust"), "no total effect of 'trust' on 'trust'"),
        (("indirect", "trust", "loyalty"), "no indirect effect of 'trust' on 'loyalty'.*through another construct"),
        (("r_squared", "satisfaction"), "'satisfaction' has no causes in the model. Outcomes: trust, loyalty"),
        (("r_squared", "trsut"), "no construct 'trsut'; did you mean 'trust'"),
        (("r_squared", "trust", "loyalty"), "no quantity is called"),
        (("direct", "trust", "loyalty"), "no quantity is called"),
        (("total", "satisfaction", 3), "no quantity is called"),
        (7, "no quantity is called 7; name it as"),
        (None, "no quantity is called None"),
    ],
)
def test_quantities_that_are_none(example_fit: bcx.Fit, quantity: Any, message: str) -> None:
    with pytest.raises(FitError, match=message):
        margin_by_reporting(example_fit, quantity)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"orders": -1}, "orders must be a whole number from 0 to 1000, found -1"),
        ({"orders": 2.5}, r"orders must be a whole number from 0 to 1000, found 2\.5"),
        ({"draws": "many"}, "draws must be a whole number of at least 4, found 'many'"),
        ({"tune": True}, "tune must be a whole number of at least 1, found True"),
        ({"ci_prob": 95}, "ci_prob must lie between 0 and 1, found 95; for 95 % give 0.95"),
        ({"random_seed": -1}, "random_seed must be a whole number of at least 0"),
        (
            {"order": ["west", "nort", "east", "west"]},
            "No organization is called 'nort'; did you mean 'north'. Named more than once: 'west'. Missing: 'north'",
        ),
        ({"order": []}, r"fit\. Missing: 'north', 'south', 'east', 'west'\. Name every .*: north, south, east, west"),
        ({"order": ["north", "south", "east", 4]}, r"No organization is called '4'\. Missing: 'west'\. Name"),
        ({"order": "north"}, "order must be a sequence of names, found 'north'. Name every organization once"),
        ({"order": {"north", "south", "east", "west"}}, "order must be a sequence of names"),
        ({"order": 4}, "order must be a sequence of names, found 4"),
    ],
)
def test_settings_that_cannot_be(example_fit: bcx.Fit, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        margin_by_reporting(example_fit, "loyalty~trust", **settings)


def test_without_a_population_nothing_is_known_of_the_others() -> None:
    fit = fit_of((0.86, 0.80), pooling="none", draws=100)
    with pytest.raises(FitError, match="fit with pooling='partial' or 'full'"):
        margin_by_reporting(fit, "y~x")


def test_names_between_backquotes_are_found() -> None:
    text = "`<b>late</b> trust` ~ `a b`; loyalty ~ `<b>late</b> trust`\n#: loyalty = being loyal"
    rows = bcx.simulate(bcx.parse_model(text), organizations=2, n_obs=50, random_seed=1).rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = bcx.fit(
            bcx.parse_model(text), bcx.Evidence.from_rows(rows, organization="organization"),
            draws=20, tune=50, chains=2, random_seed=1, progressbar=False,
        )  # fmt: skip
    (again,) = refit_each(fit, [{}], doing="", progressbar=False)
    for written in (" `<b>late</b> trust` ~ `a b`", "<b>late</b> trust~a b"):
        quantity = quantity_of(fit, written)
        assert quantity.name == "<b>late</b> trust~a b"
        assert quantity.average(again).dims == ("chain", "draw")
    total = quantity_of(fit, ("total", "`a b`", "loyalty"))
    assert (total.name, total.words) == ("total loyalty~a b", "total effect of a b on being loyal")
    assert total.average(fit).dims == ("chain", "draw")
