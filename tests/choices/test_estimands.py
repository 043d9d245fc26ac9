"""Answers from draws: written out by hand for every target, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr

from bayescx.choices import (
    ChoiceFit,
    choice_asymmetry,
    choice_effects,
    choice_probabilities,
    choice_ratio,
    choice_slopes,
    choice_thresholds,
)
from bayescx.choices.population import _NEW, _UNREPORTED
from bayescx.errors import FitError
from bayescx.estimands import summarize

Floats = NDArray[np.float64]
TARGETS = ("organization", "typical", "average", "new")
OVER = ("chain", "draw")


def by_hand(fit: ChoiceFit, chain: int, draw: int, j: int, x: Floats, weight: Floats) -> Floats:
    """Mean probabilities of categories in a reported organization, from the draws as they are stored."""
    one = fit.posterior.isel(chain=chain, draw=draw)
    counts = fit.counts
    kappa = np.cumsum(np.concatenate([one["cut"].values[j, :1], np.exp(one["cut"].values[j, 1:])]))
    beta = np.concatenate([one["beta"].values[j], one["beta_fixed"].values])
    eta = (x - counts.centre) / counts.spread @ beta
    below = ndtr(kappa - eta[:, None])
    chance = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), axis=1)
    return np.asarray(weight @ chance / weight.sum())


def own(fit: ChoiceFit, j: int) -> tuple[Floats, Floats]:
    here = fit.counts.organization == j
    return fit.counts.x[here].copy(), fit.counts.answers[here].sum(axis=1)


def test_probabilities_average_over_an_organizations_own_respondents(choice_fit: ChoiceFit) -> None:
    found = choice_probabilities(choice_fit)
    assert found.dims == ("chain", "draw", "organization", "category")
    for j in range(3):
        x, weight = own(choice_fit, j)
        assert found.values[2, 7, j] == pytest.approx(by_hand(choice_fit, 2, 7, j, x, weight), abs=1e-12)
    assert found.sum("category").values == pytest.approx(1.0)


def test_probabilities_match_what_was_observed(choice_fit: ChoiceFit) -> None:
    counts = choice_fit.counts
    observed = np.add.reduceat(counts.answers, counts.start[:-1], axis=0) / counts.n_obs[:, None]
    assert choice_probabilities(choice_fit).mean(OVER).values[1:] == pytest.approx(observed[1:], abs=0.05)


def test_at_sets_columns_for_everyone_and_leaves_the_others(choice_fit: ChoiceFit) -> None:
    found = choice_probabilities(choice_fit, {"expectations": 6, "issue": "billing"})
    x, weight = own(choice_fit, 1)
    x[:, 0], x[:, 1], x[:, 3] = 0.0, 2.0, 1.0
    assert found.values[0, 3, 1] == pytest.approx(by_hand(choice_fit, 0, 3, 1, x, weight), abs=1e-12)
    assert "expectations = 6, issue = billing" in found.attrs["long_name"]


def test_effects_are_differences_of_averages(choice_fit: ChoiceFit) -> None:
    found = choice_effects(choice_fit, "effort", "organization").values[1, 5, 2]
    x, weight = own(choice_fit, 2)
    more = x + np.array([0, 0, 1.0, 0])
    expected = by_hand(choice_fit, 1, 5, 2, more, weight) - by_hand(choice_fit, 1, 5, 2, x, weight)
    assert found == pytest.approx(expected, abs=1e-12)
    level = choice_effects(choice_fit, "issue[billing]", "organization").values[1, 5, 2]
    with_it, without = x.copy(), x.copy()
    with_it[:, 3], without[:, 3] = 1.0, 0.0
    expected = by_hand(choice_fit, 1, 5, 2, with_it, weight) - by_hand(choice_fit, 1, 5, 2, without, weight)
    assert level == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("target", TARGETS)
def test_effects_add_up_to_nothing_and_point_where_slopes_do(choice_fit: ChoiceFit, target: str) -> None:
    effects = choice_effects(choice_fit, "effort", target)  # type: ignore[arg-type]
    assert effects.sum("category").values == pytest.approx(0.0, abs=1e-12)
    slope = choice_slopes(choice_fit, target).sel(term="effort")  # type: ignore[arg-type]
    if target != "average":
        assert ((effects.sel(category="loyal") > 0) == (slope > 0)).all()


def test_the_average_is_the_mean_over_all_planned(choice_fit: ChoiceFit) -> None:
    """Reported ones have their own slopes, the two others are drawn from the population."""
    reported = choice_slopes(choice_fit).sel(term="effort").values
    sizes = choice_fit.posterior.sizes
    rng = np.random.default_rng([choice_fit.seed, _UNREPORTED])
    n_draw = sizes["chain"] * sizes["draw"]
    rng.standard_normal((n_draw, 2, 2))  # thresholds come first
    noise = rng.standard_normal((n_draw, 2, 3))[..., 2].reshape(sizes["chain"], sizes["draw"], 2)
    mu, tau = (choice_fit.posterior[name].sel(term="effort").values for name in ("beta_mu", "beta_tau"))
    drawn = (mu[..., None] + tau[..., None] * noise) / choice_fit.counts.spread[2]
    expected = (reported.sum(axis=2) + drawn.sum(axis=2)) / 5
    assert choice_slopes(choice_fit, "average").sel(term="effort").values == pytest.approx(expected)


def test_without_unreported_ones_the_average_is_that_of_the_reported(choice_fit: ChoiceFit) -> None:
    complete = replace(choice_fit, counts=replace(choice_fit.counts, n_planned=3))
    each = choice_probabilities(complete)
    assert choice_probabilities(complete, target="average").values == pytest.approx(each.mean("organization").values)
    ratio = choice_ratio(complete, "disloyal", "loyal")
    mean = each.mean("organization")
    assert ratio.values == pytest.approx((mean.sel(category="disloyal") / mean.sel(category="loyal")).values)


def test_the_typical_one_has_the_centre_and_everyones_respondents(choice_fit: ChoiceFit) -> None:
    slopes = choice_slopes(choice_fit, "typical", standardized=True)
    assert slopes.values[..., :3] == pytest.approx(choice_fit.posterior["beta_mu"].values)
    one = choice_fit.posterior.isel(chain=0, draw=11)
    kappa = np.cumsum(np.concatenate([one["cut_mu"].values[:1], np.exp(one["cut_mu"].values[1:])]))
    beta = np.concatenate([one["beta_mu"].values, one["beta_fixed"].values])
    counts, means = choice_fit.counts, []
    for j in range(3):
        x, weight = own(choice_fit, j)
        below = ndtr(kappa - ((x - counts.centre) / counts.spread @ beta)[:, None])
        means.append(weight @ below / weight.sum())
    found = choice_probabilities(choice_fit, target="typical").values[0, 11]
    assert np.cumsum(found)[:2] == pytest.approx(np.mean(means, axis=0), abs=1e-12)


def test_a_new_one_varies_more_than_the_typical_one(choice_fit: ChoiceFit) -> None:
    new, typical = (choice_slopes(choice_fit, target).sel(term="effort") for target in ("new", "typical"))
    tau = choice_fit.posterior["beta_tau"].sel(term="effort") / choice_fit.counts.spread[2]
    assert float(new.std()) == pytest.approx(float(np.sqrt(typical.var() + (tau**2).mean())), rel=0.1)
    assert np.array_equal(new, choice_slopes(choice_fit, "new").sel(term="effort"))
    assert _NEW != _UNREPORTED


def test_thresholds_are_in_the_datas_units_or_of_the_average_respondent(choice_fit: ChoiceFit) -> None:
    raw, standard = choice_thresholds(choice_fit), choice_thresholds(choice_fit, standardized=True)
    shift = choice_slopes(choice_fit).values @ choice_fit.counts.centre
    assert (raw - standard).values == pytest.approx(np.repeat(shift[..., None], 2, axis=3))
    assert (raw.diff("threshold") > 0).all()
    x = choice_fit.counts.x[choice_fit.counts.organization == 1][:1]
    eta = choice_slopes(choice_fit).values[0, 0, 1] @ x[0]
    below = ndtr(raw.values[0, 0, 1] - eta)
    assert np.cumsum(by_hand(choice_fit, 0, 0, 1, x, np.ones(1)))[:2] == pytest.approx(below)


@pytest.mark.parametrize("target", TARGETS)
def test_asymmetry_compares_both_sides(choice_fit: ChoiceFit, target: str) -> None:
    found = choice_asymmetry(choice_fit, "expectations", target)  # type: ignore[arg-type]
    slopes = choice_slopes(choice_fit, target)  # type: ignore[arg-type]
    below, above = slopes.isel(term=0).values, slopes.isel(term=1).values
    assert found["below"].values == pytest.approx(below)
    assert found["difference"].values == pytest.approx(below - above)
    assert found["ratio"].values == pytest.approx(below / above)
    assert found["larger_below"].values == pytest.approx((np.abs(below) > np.abs(above)) * 1.0)
    assert found["below"].attrs["target"] == target


def test_the_slope_that_is_larger_is_found_to_be(choice_fit: ChoiceFit) -> None:
    found = choice_asymmetry(choice_fit, "expectations")
    assert float(found["larger_below"].mean()) > 0.9  # 0.3 against 0.1
    table = summarize(found["difference"])
    assert 0 < float(table["mean"].iloc[0]) < 0.5


@pytest.mark.parametrize("target", TARGETS)
def test_a_ratio_is_that_of_probabilities(choice_fit: ChoiceFit, target: str) -> None:
    shares = choice_probabilities(choice_fit, {"effort": 2}, target)  # type: ignore[arg-type]
    ratio = choice_ratio(choice_fit, ["disloyal", "neutral"], "loyal", target, at={"effort": 2})  # type: ignore[arg-type]
    expected = (shares.sel(category="disloyal") + shares.sel(category="neutral")) / shares.sel(category="loyal")
    assert ratio.values == pytest.approx(expected.values)
    assert ratio.attrs["long_name"] == "probability of disloyal + neutral / probability of loyal"


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda fit: choice_slopes(fit, "alone"), "unknown target 'alone'. Targets: organization"),
        (lambda fit: choice_effects(fit, "efort"), "there is no term 'efort'; did you mean 'effort'"),
        (lambda fit: choice_probabilities(fit, {"isue": "billing"}), "no column 'isue'; did you mean 'issue'"),
        (lambda fit: choice_probabilities(fit, {"issue": "biling"}), "no level 'biling'; did you mean 'billing'"),
        (lambda fit: choice_probabilities(fit, {"effort": "much"}), "'effort' is a number, found 'much'"),
        (lambda fit: choice_probabilities(fit, 3), "at is a mapping"),
        (lambda fit: choice_ratio(fit, "disloyal", "loyall"), "there is no category 'loyall'; did you mean 'loyal'"),
        (lambda fit: choice_ratio(fit, ["loyal", "neutral"], "loyal"), "loyal stands above and below"),
        (lambda fit: choice_ratio(fit, [], "loyal"), "name one category or several"),
        (lambda fit: choice_asymmetry(fit, "effort"), "'effort' has no slopes below and above a knot"),
    ],
)
def test_what_the_fit_cannot_answer_is_said(choice_fit: ChoiceFit, ask: object, expected: str) -> None:
    with pytest.raises(FitError) as caught:
        ask(choice_fit)  # type: ignore[operator]
    assert expected in str(caught.value)
