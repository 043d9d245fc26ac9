"""Means of constructs: found again from simulated ones, in the right units, and named where they do not compare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError, PriorError
from bayescx.estimands.latent_means import comparable_means, latent_means, rank_organizations, spread_of_means
from bayescx.estimands.mean_draws import INTERCEPT_SD, mean_draws
from bayescx.estimands.mean_evidence import shared_means
from bayescx.estimands.mean_plan import plan_of
from bayescx.estimands.population import evaluate
from bayescx.estimands.system import layout_of
from bayescx.model.layout import Layout
from tests.estimands.mean_studies import CONSTRUCTS, COUNT, mean_fit, study


def flat(draws: Any) -> Any:
    return draws.values.reshape(-1, *draws.shape[2:])


def test_means_are_found_again() -> None:
    found = latent_means(mean_fit(), standardized=False).sel(construct=CONSTRUCTS)
    truth = 2.0 * study().means
    lower, upper = np.quantile(flat(found), [0.025, 0.975], axis=0)
    assert ((lower <= truth) & (truth <= upper)).mean() > 0.85
    off = (flat(found).mean(axis=0) - truth) / flat(found).std(axis=0)
    assert 0.5 < np.sqrt((off**2).mean()) < 1.5
    assert np.corrcoef(flat(found).mean(axis=0)[:, 0], truth[:, 0])[0, 1] > 0.98


def test_dims_and_coordinates() -> None:
    found = latent_means(mean_fit(), draws=100)
    assert found.dims == ("chain", "draw", "organization", "construct")
    assert dict(found.sizes) == {"chain": 2, "draw": 50, "organization": COUNT, "construct": 3}
    assert found["draw"].values.tolist() == list(range(0, 200, 4))
    np.testing.assert_allclose(found.sum("organization"), 0.0, atol=1e-9)
    assert found["items"].sel(construct=CONSTRUCTS).values.tolist() == [4, 3, 1]
    assert found.attrs["left_out"] == ""
    table = bcx.summarize(found)
    assert table.columns.tolist()[:3] == ["organization", "construct", "mean"]


def test_differences_that_intercepts_could_make_up_are_not_comparable() -> None:
    found = latent_means(mean_fit())
    comparable = found["comparable"].to_series()
    assert comparable[CONSTRUCTS].tolist() == [True, False, True]
    noise = found["intercept_noise"].to_series()
    assert noise["f"] < 0.25 < 0.5 < noise["g"]
    assert np.isnan(noise["o"])
    percent = "all" if noise["g"] >= 1 else f"{100 * noise['g']:.0f} %"
    assert found.attrs["comparability"].startswith(f"Organizations should not be compared on g ({percent}): ")
    table = comparable_means(mean_fit()).set_index("construct")
    assert table.loc["g", "verdict"] == (
        f"not comparable: intercepts of items could make up {percent} of the SD between organizations"
    )
    told = table.loc["f"]
    assert told["added_sd"] / told["sd_between"] == pytest.approx(told["intercept_noise"])
    assert table.loc["g", "added_sd"] > 2 * table.loc["f", "added_sd"]
    assert table.loc["g", "added_sd"] < 0.25 / np.sqrt(3)  # that of an average of three items: the best are known


def test_the_unit_is_the_pooled_sd_within_organizations() -> None:
    fit = mean_fit()
    standardized, raw = latent_means(fit, draws=400), latent_means(fit, draws=400, standardized=False)
    layout = layout_of(fit)
    variance = evaluate(fit, "organization", lambda system: system.variance)
    weights = (fit.evidence.n_obs - 1)[:, None]
    pooled = np.sqrt((variance * weights).sum(axis=2) / weights.sum(axis=0)) * layout.unit
    order = [layout.constructs.index(name) for name in standardized["construct"].values]
    np.testing.assert_allclose(raw.values / standardized.values, np.broadcast_to(pooled[:, :, None, order], raw.shape))


def test_an_observed_construct_has_the_mean_of_its_variable(example_fit: bcx.Fit) -> None:
    found = flat(latent_means(example_fit, standardized=False))
    evidence = example_fit.evidence
    order = [evidence.variables.index(name) for name in latent_means(example_fit)["construct"].values]
    mean = evidence.mean[:, order]
    count = len(mean)
    own = np.diagonal(evidence.cov, axis1=1, axis2=2)[:, order] / evidence.n_obs[:, None]
    expected = np.sqrt(own * (1 - 2 / count) + own.sum(axis=0) / count**2)
    error = 5 / np.sqrt(len(found))
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - mean + mean.mean(axis=0)) / expected, error)
    np.testing.assert_allclose(found.std(axis=0) / expected, 1.0, atol=error)
    assert latent_means(example_fit)["comparable"].values.all()


def test_sampling_errors_of_constructs_are_correlated_as_the_constructs_are(example_fit: bcx.Fit) -> None:
    found = flat(latent_means(example_fit, draws=4000))
    of_means = np.corrcoef(found[:, 0, 0], found[:, 0, 1])[0, 1]
    names = ["satisfaction", "trust"]
    places = [example_fit.evidence.variables.index(name) for name in names]
    cov = example_fit.evidence.cov[0][np.ix_(places, places)]
    assert abs(of_means - cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1])) < 0.05


def test_organizations_without_means_are_left_out_and_named() -> None:
    fit = mean_fit("some without means")
    found = latent_means(fit)
    assert found["organization"].values.tolist() == ["o0", "o3", "o4", "o5"]
    assert found.attrs["left_out"] == ("o1: it shared no means; <i>o2</i>: it shared correlations, which have no means")
    lacking = found.isnull().all(("chain", "draw")).to_pandas()
    assert lacking.loc["o3", "g"]
    assert lacking.to_numpy().sum() == 1
    np.testing.assert_allclose(found.sum("organization"), 0.0, atol=1e-9)
    ranks = rank_organizations(fit, "g")
    assert ranks["organization"].values.tolist() == ["o0", "o4", "o5"]
    whole = flat(latent_means(mean_fit()).sel(organization=["o0", "o3", "o4", "o5"], construct="f"))
    whole -= whole.mean(axis=1, keepdims=True)
    part = flat(found.sel(construct="f"))
    np.testing.assert_allclose(part.mean(axis=0), whole.mean(axis=0), atol=0.06)  # o4 lacks an item


def test_who_answered_what_is_counted(mixed_fit: bcx.Fit, mixed_evidence: bcx.Evidence) -> None:
    shared = shared_means(mixed_fit)
    assert shared.organizations == ("north", "south", "<b>east</b>")
    assert set(shared.left_out) == {"west", "moments", "one", "two"}
    matched = mixed_fit.evidence
    names = list(matched.variables)
    belongs = np.eye(len(names), dtype=bool)
    counts = shared.counts(belongs)
    np.testing.assert_array_equal(counts[0], 150)
    patterns = matched.patterns["south"]
    for a in range(len(names)):
        for b in range(len(names)):
            both = sum(one.n_obs for one in patterns if {a, b} <= set(one.variables))
            assert counts[1][a, b] == both
    trust = names.index("trust")
    assert counts[2][trust].sum() == 0
    means = latent_means(mixed_fit, standardized=True)
    assert means.sel(organization="<b>east</b>", construct="trust").isnull().all()


def test_missing_answers_widen_the_mean(mixed_fit: bcx.Fit) -> None:
    found = mean_draws(mixed_fit, 100, INTERCEPT_SD, None)
    plan = found.plan
    south = plan.shared.organizations.index("south")
    answers = plan.shared.counts(np.eye(3, dtype=bool))[south]
    order = [plan.layout.variables.index(name) for name in found.constructs]
    n = np.diag(answers)[order]
    np.testing.assert_allclose(np.diag(plan.sampling[south]), 1 / n)
    np.testing.assert_allclose(plan.sampling[south][0, 1], answers[order[0], order[1]] / (n[0] * n[1]))


def test_ranks_count_draws() -> None:
    fit = mean_fit()
    ranks, means = rank_organizations(fit, "f"), flat(latent_means(fit, pooled=True).sel(construct="f"))
    np.testing.assert_allclose(ranks.sum("rank"), 1.0)
    np.testing.assert_allclose(ranks.sum("organization"), 1.0)
    highest = means.argmax(axis=1)
    lowest = means.argmin(axis=1)
    np.testing.assert_allclose(ranks.sel(rank=1), [(highest == j).mean() for j in range(COUNT)])
    np.testing.assert_allclose(ranks.sel(rank=COUNT), [(lowest == j).mean() for j in range(COUNT)])
    assert ranks["comparable"].item() is True
    assert rank_organizations(fit, "g")["comparable"].item() is False


def test_how_much_organizations_differ() -> None:
    spread, pooled = spread_of_means(mean_fit()), latent_means(mean_fit(), pooled=True)
    np.testing.assert_allclose(spread, pooled.std("organization", ddof=1))
    np.testing.assert_allclose((spread > 0.1).mean(("chain", "draw")), spread["differ"])
    truth = (
        2.0
        * study().means.std(axis=0, ddof=1)
        / [2.0, 2.0, 2.0 * np.sqrt(0.4**2 + 0.3**2 + 2 * 0.4 * 0.3 * 0.6 + 0.49)]
    )
    for name, true in zip(CONSTRUCTS, truth, strict=True):
        assert np.abs(spread.sel(construct=name).mean() - true) < 3 * spread.sel(construct=name).std()
    assert spread["differ"].to_series()[CONSTRUCTS].ge(0.95).tolist() == [True, False, True]
    table = comparable_means(mean_fit()).set_index("construct")
    assert table["sd_between"].tolist() == pytest.approx(spread.mean(("chain", "draw")).values.tolist())
    assert table["differ"].tolist() == spread["differ"].values.tolist()


def test_the_same_seed_gives_the_same_draws() -> None:
    one, other = (latent_means(mean_fit("rows"), random_seed=seed) for seed in (3, 4))
    np.testing.assert_array_equal(one, latent_means(mean_fit("rows"), random_seed=3))
    assert (one != other).any()


def test_a_prior_that_allows_no_deviations_leaves_sampling_error() -> None:
    tight = latent_means(mean_fit(), intercept_sd=bcx.Prior("HalfNormal", sigma=1e-4))
    usual = latent_means(mean_fit())
    assert (tight["intercept_noise"].sel(construct="g") < 0.01).item()
    assert (tight.std(("chain", "draw")) < usual.std(("chain", "draw"))).sel(construct="g").all()


def test_a_factor_of_factors_has_no_mean_of_its_own() -> None:
    second = Layout.of(bcx.parse_model("f =~ a1 + a2\ng =~ b1 + b2 + b3\nh =~ f + g\no ~ h"))
    plan = plan_of(second, shared_means(mean_fit("rows")))
    assert plan.not_compared == {"h": "it has no item of its own, only factors"}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"draws": 0}, FitError, "draws must be a whole number of at least 2"),
        ({"random_seed": -1}, FitError, "random_seed must be a whole number"),
        ({"intercept_sd": bcx.Prior("Normal")}, PriorError, "needs a positive distribution"),
        ({"intercept_sd": 0.1}, PriorError, "intercept_sd must be a Prior"),
    ],
)
def test_settings_that_are_none(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        latent_means(mean_fit(), **changes)


def test_constructs_that_are_none() -> None:
    with pytest.raises(FitError, match="no construct 'ff'"):
        rank_organizations(mean_fit(), "ff")
    with pytest.raises(FitError, match="named by text"):
        rank_organizations(mean_fit(), 3)  # type: ignore[arg-type]


def test_means_of_one_organization_cannot_be_compared(figures_fit: bcx.Fit) -> None:
    with pytest.raises(
        FitError, match=r"two organizations must have shared means; one did: o0.*o1: it shared no means"
    ):
        latent_means(mean_fit("one mean"))
    with pytest.raises(FitError, match=r"none did.*only figures were published about it"):
        latent_means(figures_fit)
