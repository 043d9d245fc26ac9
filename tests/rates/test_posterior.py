"""Draws against the posterior that brute force finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError, FitError, PriorError
from bayescx.priors import Prior
from bayescx.rates import Counts, PublishedRate, RatesFit, category_rates, fit_rates
from bayescx.rates.sampling import draw_group
from bayescx.rates.splits import tree_of
from bayescx.rates.surface import Surface
from tests.rates.brute import grid_posterior

MEAN, SD = Prior("Normal", mu=0.0, sigma=1.5), Prior("HalfNormal", sigma=0.5)


def counted(answers: Any, categories: tuple[str, ...] = ("yes", "no"), n_planned: int = 50) -> Counts:
    answers = np.asarray(answers)
    names = tuple(f"o{j}" for j in range(len(answers)))
    return Counts(names, ("",), categories, answers[:, None, :], n_planned)


@pytest.mark.parametrize(
    ("k", "n"),
    [([3, 0, 12], [30, 15, 40]), ([0, 0], [9, 40]), ([5], [5]), ([20, 15, 26, 9], [100, 100, 100, 100])],
)
def test_means_and_sds_are_those_of_a_dense_grid(k: list[int], n: list[int]) -> None:
    size = 100_000
    fit = fit_rates(counted([[a, b - a] for a, b in zip(k, n, strict=True)]), draws=size // 4, random_seed=4)
    brute = grid_posterior(k, n)
    shares = category_rates(fit, category="yes").values.reshape(size, -1)
    population = [fit.posterior[name].values.reshape(size, 1) for name in ("mu", "tau")]
    found = np.concatenate([shares, *population], axis=1)
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - brute["mean"]) / (brute["sd"] / np.sqrt(size)), 4.0)
    np.testing.assert_allclose(found.std(axis=0), brute["sd"], rtol=0.015)
    np.testing.assert_allclose(found[:, : len(k)].mean(axis=0), brute["mean"][: len(k)], atol=1e-3)


@pytest.mark.parametrize(("k", "n"), [([0, 990], [75_000, 1000]), ([0, 98], [1000, 100])])
def test_an_sd_larger_than_its_prior_expects(k: list[int], n: list[int]) -> None:
    size = 20_000
    fit = fit_rates(counted([[a, b - a] for a, b in zip(k, n, strict=True)]), draws=size // 4, random_seed=4)
    brute = grid_posterior(k, n, largest_tau=6.0)
    for name, place in (("mu", -2), ("tau", -1)):
        draws = fit.posterior[name].values
        assert abs(draws.mean() - brute["mean"][place]) < 4 * brute["sd"][place] / np.sqrt(size)
        assert draws.std() == pytest.approx(brute["sd"][place], rel=0.03)


@pytest.mark.parametrize(
    ("k", "n"),
    [
        ([], []),
        ([0], [1]),
        ([0] * 5, [40] * 5),
        ([0] * 20, [3000] * 20),
        ([500, 6000, 1], [1000, 10_000, 3]),
        (np.random.default_rng(1).binomial(2500, 0.2, 30), [2500] * 30),
        (np.random.default_rng(1).binomial(750_000, 0.2, 30), [750_000] * 30),
    ],
)
@pytest.mark.parametrize("sd", [SD, Prior("Exponential", lam=1.0), Prior("Gamma", alpha=0.5, beta=1.0)])
def test_the_interpolated_density_is_nearly_the_exact_one(k: Any, n: Any, sd: Prior) -> None:
    surface = Surface(np.array(k, float), np.array(n, float), MEAN, sd)
    mu, tau, log_proposal, rough = surface.propose(3000, np.random.default_rng(2))
    weight = np.exp(surface.log_weight(mu, tau, log_proposal))
    assert weight.max() < 1.35
    assert weight.mean() ** 2 / (weight**2).mean() > 0.985
    assert (rough == 0).all()


def test_heavy_tails_have_edges_or_are_refused() -> None:
    nothing = np.zeros(0)
    surface = Surface(nothing, nothing, Prior("StudentT", nu=4.0, sigma=1.0), SD)
    assert surface.propose(5, np.random.default_rng(0))[0].shape == (5,)
    with pytest.raises(FitError, match="no end"):
        Surface(np.zeros(1), np.full(1, 3.0), Prior("Cauchy", beta=1.0), SD)
    extreme, rng = Prior("StudentT", nu=0.05, sigma=1.0), np.random.default_rng(0)
    with pytest.raises(FitError, match="tails too heavy"):
        draw_group(np.zeros((2, 2), dtype=np.int64), tree_of(["yes", "no"]), (), extreme, SD, 100, rng)


def test_draws_follow_from_the_seed_and_are_independent() -> None:
    counts = counted([[3, 27], [0, 15], [12, 28]])
    one, same, other = (fit_rates(counts, random_seed=seed) for seed in (1, 1, 2))
    assert one.posterior.identical(same.posterior)
    assert not one.posterior.equals(other.posterior)
    tau = one.posterior["tau"].values.ravel()
    assert abs(np.corrcoef(tau[1:], tau[:-1])[0, 1]) < 0.05
    assert len(np.unique(tau)) == tau.size
    assert one.distinct == {"": 1.0}
    assert one.posterior["logit"].dims == ("chain", "draw", "organization", "group", "split")
    assert one.posterior["logit"].shape == (4, 1000, 3, 1, 1)


def test_a_group_does_not_change_what_is_known_of_another() -> None:
    answers = np.array([[[3, 27], [9, 9]], [[0, 15], [2, 1]]])
    both = Counts(("a", "b"), ("pleased", "cross"), ("leaves", "stays"), answers, 2)
    changed = Counts(("a", "b"), ("pleased", "cross"), ("leaves", "stays"), answers * [[[1], [3]]], 2)
    one, other = (fit_rates(counts).posterior.sel(group="pleased") for counts in (both, changed))
    assert one.equals(other)


def test_priors_can_be_replaced() -> None:
    counts = counted([[3, 27], [30, 15], [12, 28]])
    tight = fit_rates(counts, sd=Prior("HalfNormal", sigma=0.01), mean=Prior("StudentT", nu=4.0, sigma=1.0))
    loose = fit_rates(counts, sd=Prior("HalfCauchy", beta=2.0))
    spread = [category_rates(fit, category="yes").mean(("chain", "draw")).std().item() for fit in (tight, loose)]
    assert spread[0] < 0.005
    assert spread[1] > 0.2


def test_the_order_of_splits_changes_the_posterior_little() -> None:
    answers = [[6, 12, 22], [9, 30, 41], [0, 7, 8]]
    by_order = fit_rates(counted(answers, ("d", "n", "l")))
    tree = [("n", ("d", "l")), ("d", "l")]
    by_tree = fit_rates(counted(answers, ("d", "n", "l")), splits=tree)
    assert by_tree.tree.names == ("n : d + l", "d : l")
    one, other = (category_rates(fit, "average").mean(("chain", "draw")) for fit in (by_order, by_tree))
    np.testing.assert_allclose(one, other, atol=0.03)
    assert not np.allclose(one, other, atol=1e-4)


def small_frame() -> pd.DataFrame:
    return pd.DataFrame({"shop": ["a", "b", "c"], "leaves": [20, 9, 0], "stays": [80, 51, 12]})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"mean": 0.5}, PriorError, "mean must be a Prior"),
        ({"sd": Prior("Normal")}, PriorError, "needs a positive distribution"),
        ({"draws": 0}, FitError, "draws must be a whole number"),
        ({"draws": 10**6, "chains": 10**6}, FitError, "too many to hold: 3 numbers in each .* allow 1,000,000"),
        ({"chains": 1.5}, FitError, "chains must be a whole number"),
        ({"random_seed": -1}, FitError, "random_seed"),
        ({"published": "20 %"}, EvidenceError, "a list of PublishedRate"),
        ({"splits": [("leaves", "stay")]}, EvidenceError, "no category 'stay'; did you mean 'stays'"),
    ],
)
def test_what_cannot_be_fitted(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    counts = Counts.from_table(small_frame(), organization="shop")
    with pytest.raises(error, match=message):
        fit_rates(counts, **changes)


def test_a_prior_is_not_passed_off_as_a_posterior() -> None:
    with pytest.raises(FitError, match="counts must be Counts"):
        fit_rates(small_frame())  # type: ignore[arg-type]
    with pytest.raises(FitError, match="nothing is known: there are neither counts"):
        fit_rates(Counts.empty(["a", "b"], n_planned=3))
    checked = PublishedRate(value=0.2, categories="a", organizations=2, n_obs=90, use="check")
    with pytest.raises(FitError, match="nothing is known"):
        fit_rates(Counts.empty(["a", "b"], n_planned=3), [checked])


def test_a_fit_says_what_it_is_and_never_changes() -> None:
    fit = fit_rates(Counts.from_table(small_frame(), organization="shop", n_planned=5))
    assert repr(fit) == "RatesFit(3 of 5 organizations, 2 categories, 4 chains x 1000 draws)"
    assert "leaves : stays" in fit._repr_html_()
    assert isinstance(fit, RatesFit)
    with pytest.raises(ValueError, match="read-only"):
        fit.posterior["tau"].values[0] = 0
