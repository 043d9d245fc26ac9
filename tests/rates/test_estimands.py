"""Shares, odds and ratios are what their names say, of whom they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.rates import (
    Counts,
    RatesFit,
    category_rates,
    fit_rates,
    group_rate_difference,
    group_rate_ratio,
    rate_heterogeneity,
    rate_odds,
    rate_ratio,
)

DNL = ("disloyal", "neutral", "loyal")


@pytest.fixture(scope="module")
def fit() -> RatesFit:
    answers = np.random.default_rng(3).multinomial(60, [0.2, 0.5, 0.3], size=(4, 2))
    answers[0, 0] = [0, 12, 3]
    answers[3, 1] = 0
    return fit_rates(Counts(("a", "b", "c", "d"), ("pleased", "cross"), DNL, answers, 9), draws=500, chains=2)


@pytest.fixture(scope="module")
def ungrouped() -> RatesFit:
    return fit_rates(Counts(("a", "b"), ("",), ("stay", "leave"), np.array([[[50, 9]], [[30, 0]]]), 2), draws=500)


@pytest.mark.parametrize("target", ["organization", "typical", "average", "new"])
def test_shares_add_to_one(fit: RatesFit, ungrouped: RatesFit, target: Any) -> None:
    shares = category_rates(fit, target)
    own = ("organization",) if target == "organization" else ()
    assert shares.dims == ("chain", "draw", *own, "group", "category")
    np.testing.assert_allclose(shares.sum("category"), 1)
    assert category_rates(ungrouped, target).dims == ("chain", "draw", *own, "category")
    assert shares.attrs == {
        "long_name": "share of each category", "units": "share", "estimand": "category_rates", "target": target,
    }  # fmt: skip


def test_the_average_is_of_known_and_unknown_organizations(fit: RatesFit, ungrouped: RatesFit) -> None:
    known = category_rates(ungrouped).mean("organization")
    np.testing.assert_allclose(category_rates(ungrouped, "average"), known)
    within = category_rates(fit).sum("organization")
    beyond = (9 * category_rates(fit, "average") - within) / 5
    assert float(beyond.min()) > 0
    assert float(beyond.max()) < 1
    assert category_rates(fit, "average").equals(category_rates(fit, "average"))
    spread = [category_rates(fit, target, category="loyal").std(("chain", "draw")) for target in ("average", "new")]
    assert (spread[0] < spread[1]).all()


def test_typical_is_the_centre(ungrouped: RatesFit) -> None:
    centre = 1 / (1 + np.exp(-ungrouped.posterior["mu"].values[..., 0, 0]))
    np.testing.assert_allclose(category_rates(ungrouped, "typical", category="stay"), centre)


@pytest.mark.parametrize("target", ["organization", "typical", "average", "new"])
def test_ratios_and_odds_are_of_the_same_shares(fit: RatesFit, target: Any) -> None:
    shares = category_rates(fit, target)
    ratio = shares.sel(category="disloyal") / shares.sel(category="loyal")
    np.testing.assert_allclose(rate_ratio(fit, "disloyal", "loyal", target), ratio)
    loyal = shares.sel(category="loyal")
    np.testing.assert_allclose(rate_odds(fit, "loyal", target), loyal / (1 - loyal), rtol=1e-9)
    either = category_rates(fit, target, category=["disloyal", "neutral"])
    np.testing.assert_allclose(either, 1 - loyal)
    one, other = loyal.sel(group="cross"), loyal.sel(group="pleased")
    np.testing.assert_allclose(group_rate_ratio(fit, "loyal", "cross", "pleased", target), one / other)
    np.testing.assert_allclose(group_rate_difference(fit, "loyal", "cross", "pleased", target), one - other)
    assert rate_ratio(fit, "disloyal", "loyal", target, group="cross").ndim == ratio.ndim - 1


def test_heterogeneity_is_tau_and_a_new_organization(fit: RatesFit, ungrouped: RatesFit) -> None:
    found = rate_heterogeneity(fit)
    assert found["tau"].dims == ("chain", "draw", "group", "split")
    np.testing.assert_array_equal(found["prediction"], category_rates(fit, "new"))
    assert rate_heterogeneity(ungrouped)["tau"].dims == ("chain", "draw", "split")
    table = bcx.summarize(found, 0.9)
    assert set(table["quantity"]) == {"tau", "prediction"}
    alone = fit_rates(Counts(("a",), ("",), ("stay", "leave"), np.array([[[50, 9]]]), 4))
    with pytest.raises(FitError, match="two or more are needed"):
        rate_heterogeneity(alone)


def test_summaries_have_the_labels_and_no_trace_of_a_chain(fit: RatesFit) -> None:
    table = bcx.summarize(category_rates(fit), 0.9)
    assert table.columns[:3].tolist() == ["organization", "group", "category"]
    assert len(table) == 4 * 2 * 3
    assert (table["r_hat"] < 1.02).all()
    assert (table["ess_bulk"] > 600).all()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fit: category_rates(fit, "averge"), "unknown target 'averge'; did you mean 'average'"),
        (lambda fit: category_rates(fit, category="loyel"), "no category 'loyel'; did you mean 'loyal'"),
        (lambda fit: category_rates(fit, category=3), "named by text"),
        (lambda fit: category_rates(fit, category=[]), "name one category"),
        (lambda fit: category_rates(fit, category=["loyal", "loyal"]), "several distinct ones"),
        (lambda fit: category_rates(fit, group="corss"), "no group 'corss'; did you mean 'cross'"),
        (lambda fit: rate_ratio(fit, "loyal", ["loyal", "neutral"]), "loyal stands above and below"),
        (lambda fit: rate_odds(fit, list(DNL)), "have no odds"),
        (lambda fit: group_rate_ratio(fit, "loyal", "cross", "cross"), "two groups are compared"),
        (lambda fit: group_rate_difference(fit, "loyal", "cross", "x"), "no group 'x'"),
    ],
)
def test_what_cannot_be_asked(fit: RatesFit, ask: Any, message: str) -> None:
    with pytest.raises(FitError, match=message):
        ask(fit)


def test_groups_are_not_asked_for_where_there_are_none(ungrouped: RatesFit) -> None:
    with pytest.raises(FitError, match="not in groups in this fit, so none is 'cross'; leave group out"):
        category_rates(ungrouped, group="cross")
    with pytest.raises(FitError, match="not in groups in this fit"):
        group_rate_ratio(ungrouped, "stay", "cross", "pleased")
