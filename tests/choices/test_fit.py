"""fit_choices samples the posterior: against statsmodels, by seed, with empty categories; refuses what cannot be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from bayescx.choices import (
    ChoiceCounts,
    ChoiceFit,
    ChoicePriors,
    choice_probabilities,
    choice_slopes,
    choice_thresholds,
    fit_choices,
)
from bayescx.choices.arrays import ChoiceArrays
from bayescx.choices.scoring import climbed, score_and_information
from bayescx.errors import ConvergenceWarning, FitError, PriorError
from bayescx.priors import Prior
from tests.choices import reference
from tests.choices.worlds import rows, simulated

FLAT = ChoicePriors(
    slope=Prior("Normal", sigma=100), threshold=Prior("Normal", sigma=100), increment=Prior("Normal", sigma=100)
)
MODEL = "after ~ below(expectations, 4) + above(expectations, 4) + effort + pool(category(issue, question, billing))"
# OrderedModel(distr="probit") of statsmodels 0.15.0 on the same rows: estimates and standard errors
ORDERED = {
    "slopes": ([0.291859, 0.105513, -0.252934, -0.419106], [0.020751, 0.019957, 0.013451, 0.039656]),
    "thresholds": [-1.604871, 0.197518],
}
# Probit of statsmodels 0.15.0, loyal or not
BINARY = {"slopes": [0.275500, 0.115346, -0.252550, -0.430327], "threshold": 0.214871}


def test_one_organization_with_flat_priors_has_the_maximum_likelihood_estimates() -> None:
    counts = ChoiceCounts.from_rows(
        reference.rows(), MODEL, organization="organization", categories=reference.CATEGORIES
    )
    fit = fit_choices(counts, FLAT, draws=1500, tune=500, random_seed=1, progressbar=False)
    slopes, thresholds = choice_slopes(fit), choice_thresholds(fit)
    over = ("chain", "draw")
    estimates, errors = ORDERED["slopes"]
    assert slopes.mean(over).values[0] == pytest.approx(estimates, rel=0.03)
    assert slopes.std(over).values[0] == pytest.approx(errors, rel=0.08)
    assert thresholds.mean(over).values[0] == pytest.approx(ORDERED["thresholds"], rel=0.03)


def test_two_categories_are_a_probit() -> None:
    frame = reference.rows()
    frame["after"] = np.where(frame["after"] == "loyal", "loyal", "other")
    counts = ChoiceCounts.from_rows(frame, MODEL, organization="organization", categories=["other", "loyal"])
    fit = fit_choices(counts, FLAT, draws=1500, tune=500, random_seed=1, progressbar=False)
    over = ("chain", "draw")
    assert choice_slopes(fit).mean(over).values[0] == pytest.approx(BINARY["slopes"], rel=0.03)
    assert choice_thresholds(fit).mean(over).values[0] == pytest.approx([BINARY["threshold"]], rel=0.05)


def test_scoring_finds_the_maximum() -> None:
    counts = ChoiceCounts.from_rows(
        reference.rows(), MODEL, organization="organization", categories=reference.CATEGORIES
    )
    peak = climbed(ChoiceArrays(counts, FLAT))
    assert peak.u[0, 2:] / counts.spread == pytest.approx(ORDERED["slopes"][0], rel=1e-4)
    variance = np.diag(np.linalg.inv(peak.information[0]))[2:]
    assert np.sqrt(variance) / counts.spread == pytest.approx(ORDERED["slopes"][1], rel=0.01)


def test_scores_are_derivatives_with_common_slopes_and_empty_categories() -> None:
    arrays = ChoiceArrays(simulated("after ~ fixed(effort) + below(expectations, 4)", sizes=(20, 60)), ChoicePriors())
    peak = climbed(arrays)
    own, shared = list(arrays.own), list(arrays.shared)
    location, scale = arrays.prior_shape.T
    pull = (peak.u - location) / scale**2
    assert peak.score[:, own] == pytest.approx(pull[:, own], abs=1e-2)
    assert peak.score[:, shared].sum(axis=0) == pytest.approx(pull[0, shared], abs=1e-2)
    eigenvalues = np.linalg.eigvalsh(score_and_information(arrays, peak.u)[1])
    assert eigenvalues.min() > -1e-8


def test_a_seed_makes_draws_reproducible() -> None:
    counts = simulated("after ~ effort", sizes=(25, 40))
    with pytest.warns(ConvergenceWarning):
        one, same, other = (
            fit_choices(counts, draws=20, tune=50, chains=2, random_seed=seed, progressbar=False) for seed in (4, 4, 5)
        )
    assert np.array_equal(one.posterior["beta"], same.posterior["beta"])
    assert not np.array_equal(one.posterior["beta"], other.posterior["beta"])
    assert one.provenance["convergence_problems"]


def test_a_fit_says_what_it_was_made_from(choice_fit: ChoiceFit) -> None:
    assert repr(choice_fit) == "ChoiceFit(3 of 5 organizations, 4 terms, 3 categories, 4 chains x 500 draws)"
    posterior = choice_fit.posterior
    assert posterior["beta"].dims == ("chain", "draw", "organization", "term")
    assert posterior["term"].values.tolist() == ["below(expectations, 4)", "above(expectations, 4)", "effort"]
    assert posterior["fixed_term"].values.tolist() == ["issue[billing]"]
    assert posterior["threshold"].values.tolist() == ["disloyal | neutral", "neutral | loyal"]
    assert choice_fit.provenance["random_seed"] == choice_fit.seed == 1
    assert choice_fit.provenance["convergence"]["divergences"] == 0
    assert not posterior["beta"].values.flags.writeable
    assert "no problems" in choice_fit._repr_html_() or "ESS" not in choice_fit._repr_html_()
    with pytest.raises(dataclasses.FrozenInstanceError):
        choice_fit.counts = choice_fit.counts  # type: ignore[misc]


def test_an_organization_without_a_category_borrows_its_threshold(choice_fit: ChoiceFit) -> None:
    """Nobody is disloyal at the first one: its probability is small, not 0, and its slopes are near the others'."""
    assert "nobody is 'disloyal': org_1" in choice_fit.counts.notes
    share = choice_probabilities(choice_fit).sel(organization="org_1", category="disloyal")
    assert 0 < float(share.mean()) < 0.15
    slopes = choice_slopes(choice_fit).std(("chain", "draw"))
    assert (slopes.sel(organization="org_1") < 1.0).all()


def test_pooling_holds_a_tiny_organization_with_the_others() -> None:
    frame = rows(3, (200, 200, 200, 6), 4)
    counts = ChoiceCounts.from_rows(
        frame, "after ~ effort", organization="organization", categories=reference.CATEGORIES
    )
    fit = fit_choices(counts, draws=500, tune=500, random_seed=2, progressbar=False)
    slopes = choice_slopes(fit)
    own, mean = slopes.sel(organization="org_4"), choice_slopes(fit, "typical")
    assert float(own.std()) < 0.4
    assert abs(float(own.mean() - mean.mean())) < 0.15


def test_categories_in_the_middle_that_nobody_gave_do_no_harm() -> None:
    frame = rows(7, (60, 80), 5)
    frame["after"] = frame["after"].replace({"3": "4", "6": "5"})
    counts = ChoiceCounts.from_rows(frame, "after ~ effort", organization="organization", categories=range(1, 8))
    fit = fit_choices(counts, draws=500, tune=500, random_seed=2, progressbar=False)
    thresholds = choice_thresholds(fit)
    assert (thresholds.diff("threshold") > 0).all()
    assert float(choice_probabilities(fit, target="average").sel(category="3").mean()) < 0.05


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"draws": 2}, "draws must be a whole number of at least 4, found 2"),
        ({"chains": 1.5}, "chains must be a whole number"),
        ({"random_seed": -1}, "random_seed must be a whole number"),
        ({"target_accept": 1.2}, "target_accept must lie between 0 and 1"),
        ({"priors": Prior("Normal")}, "priors must be ChoicePriors, found Prior"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object], expected: str) -> None:
    with pytest.raises(FitError) as caught:
        fit_choices(simulated("after ~ effort"), **changes)  # type: ignore[arg-type]
    assert expected in str(caught.value)


def test_what_is_no_counts_is_refused() -> None:
    with pytest.raises(FitError, match="counts must be ChoiceCounts"):
        fit_choices(pd.DataFrame())  # type: ignore[arg-type]


def test_priors_say_what_is_wrong_with_them() -> None:
    with pytest.raises(PriorError, match="slope_sd is the prior of a standard deviation"):
        ChoicePriors(slope_sd=Prior("Normal"))
    with pytest.raises(PriorError, match="threshold may be above or below 0"):
        ChoicePriors(threshold=Prior("HalfNormal"))
    with pytest.raises(PriorError, match="effort must be a Prior"):
        ChoicePriors(overrides={"effort": 3})  # type: ignore[dict-item]
    with pytest.raises(PriorError, match="did you mean 'effort'"):
        fit_choices(simulated("after ~ effort"), ChoicePriors(overrides={"efort": Prior("Normal")}))
