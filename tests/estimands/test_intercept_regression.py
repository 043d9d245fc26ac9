"""Levels of organizations on their attributes: adjusted means by hand, the truth of a simulation, and refusals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError, PriorError
from bayescx.estimands.intercept_regression import _adjusted, intercept_regression
from bayescx.estimands.mean_evidence import shared_means
from bayescx.estimands.system import layout_of
from bayescx.priors import Prior
from tests.moderated import moderated_fit

ORGANIZATIONS, PER_HUNDRED, SPREAD = 25, 0.6, 0.3


@cache
def leveled() -> tuple[bcx.Fit, pd.DataFrame]:
    """Loyalty in points of 10 rises by 0.6 with each hundred employees, and with effort, which differs too."""
    rng = np.random.default_rng(5)
    frames = []
    for j in range(ORGANIZATIONS):
        n, size = int(rng.integers(150, 400)), float(rng.uniform(100, 900))
        effort = rng.normal(4 + 0.5 * rng.standard_normal(), 1, n)
        level = 30 + PER_HUNDRED * size / 100 + SPREAD * rng.standard_normal()
        loyalty = level + (2 + 0.2 * rng.standard_normal()) * (effort - 4) + 3 * rng.standard_normal(n)
        frames.append(pd.DataFrame({"o": f"o{j}", "effort": effort, "loyalty": loyalty, "size": size}))
    rows = pd.concat(frames, ignore_index=True)
    evidence = bcx.Evidence.from_rows(rows, organization="o")
    return bcx.fit(bcx.parse_model("loyalty ~ pool(effort, size)"), evidence, random_seed=1, progressbar=False), rows


def test_the_truth_is_found() -> None:
    fit, _ = leveled()
    found = intercept_regression(fit, "loyalty")
    for name, truth in {"coefficient": PER_HUNDRED / 100, "tau": SPREAD}.items():
        low, middle, high = np.quantile(found[name].values, [0.005, 0.5, 0.995])
        assert low < truth < high
        assert middle == pytest.approx(truth, rel=0.5)
    assert 0.9 < float(found["explained"].mean()) < 1.0
    assert found["coefficient"].dims == ("chain", "draw", "attribute")
    assert found["coefficient"]["attribute"].values.tolist() == ["size"]


def test_adjusted_means_and_their_errors_are_those_by_hand() -> None:
    fit, rows = leveled()
    shared = shared_means(fit)
    values, noise = _adjusted(fit, layout_of(fit), "loyalty", ("effort",), shared, list(range(ORGANIZATIONS)))
    means = rows.groupby("o", sort=False)[["effort", "loyalty"]].mean()
    slope = fit.posterior["beta"].values[..., 0] * fit.scale["loyalty"] / fit.scale["effort"]
    apart = (means["effort"] - means["effort"].mean()).to_numpy()
    expected = means["loyalty"].to_numpy() - slope.mean(axis=(0, 1)) * apart
    np.testing.assert_allclose(values * fit.scale["loyalty"], expected, rtol=1e-9)
    residual = np.exp(fit.posterior["log_residual_sd"].values[..., 0]) * fit.scale["loyalty"]
    counts = rows.groupby("o", sort=False).size().to_numpy()
    of_slopes = np.cov(slope.reshape(-1, ORGANIZATIONS), rowvar=False) * np.outer(apart, apart)
    by_hand = of_slopes + np.diag((residual**2).mean(axis=(0, 1)) / counts)
    np.testing.assert_allclose(noise * fit.scale["loyalty"] ** 2, by_hand, rtol=1e-8, atol=1e-12)


def test_errors_of_slopes_are_no_spread_of_levels() -> None:
    """Causes far apart between organizations, few respondents, and no spread but of sampling."""
    rng = np.random.default_rng(6)
    frames = []
    for j in range(20):
        effort = rng.normal(3 * rng.standard_normal(), 1, 60)
        loyalty = 0.5 * effort + 0.02 * rng.standard_normal() + rng.standard_normal(60)
        frames.append(pd.DataFrame({"o": f"o{j}", "effort": effort, "loyalty": loyalty, "size": float(j)}))
    evidence = bcx.Evidence.from_rows(pd.concat(frames, ignore_index=True), organization="o")
    fit = bcx.fit(bcx.parse_model("loyalty ~ pool(effort, size)"), evidence, random_seed=1, progressbar=False)
    tau = intercept_regression(fit, "loyalty")["tau"].values
    assert np.quantile(tau, 0.05) < 0.05
    assert tau.mean() < 0.2


def test_units_of_the_standardized_form() -> None:
    fit, _ = leveled()
    raw, standardized = (intercept_regression(fit, "loyalty", standardized=s) for s in (False, True))
    ratio = fit.scale["loyalty"] / fit.evidence.attributes.scale[0]
    np.testing.assert_allclose(raw["coefficient"], standardized["coefficient"] * ratio)
    np.testing.assert_allclose(raw["tau"], standardized["tau"] * fit.scale["loyalty"])
    np.testing.assert_array_equal(raw["explained"], standardized["explained"])


def test_levels_are_drawn_together() -> None:
    fit, rows = leveled()
    found = intercept_regression(fit, "loyalty")["level"].mean(("chain", "draw")).values
    raw = rows.groupby("o", sort=False)["loyalty"].mean().to_numpy()
    assert found.std() < raw.std()
    assert found.mean() == pytest.approx(raw.mean(), abs=0.05)


def test_an_organization_without_means_is_left_out_and_named() -> None:
    fit = moderated_fit()
    moments = fit.evidence.moments()
    first = moments["o01"]
    moments["o01"] = bcx.SampleMoments(first.n_obs, None, first.cov)
    stated = fit.evidence.attributes.stated(fit.organizations)
    evidence = bcx.Evidence.from_moments(moments, attributes=stated, n_planned=fit.n_planned)
    other = bcx.fit(fit.model, evidence, random_seed=1, draws=500, progressbar=False)
    found = intercept_regression(other, "loyalty")
    assert found.attrs["left_out"] == ["o01"]
    assert found.sizes["organization"] == 11


def test_refusals(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"pool\(effort, employees\)"):
        intercept_regression(example_fit, "loyalty")
    with pytest.raises(FitError, match="'effort' has no predictors"):
        intercept_regression(moderated_fit(), "effort")
    for value in (0, -1.0, "a", float("nan"), True):
        with pytest.raises(FitError, match="coefficient_sd must be a number above 0"):
            intercept_regression(moderated_fit(), "loyalty", coefficient_sd=value)  # type: ignore[arg-type]
    with pytest.raises(PriorError, match="sd is the prior of an SD"):
        intercept_regression(moderated_fit(), "loyalty", sd=Prior("Normal"))
    with pytest.raises(FitError, match="random_seed must be a whole number"):
        intercept_regression(moderated_fit(), "loyalty", random_seed=-1)
