"""From published figures alone the posterior stays within what they imply, and says what they leave open."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bayescx as bcx

MODEL = bcx.load_model("value_creation")
EXPLAINED = {
    "trust_cs": 0.75,
    "connection_cs": 0.30,
    "satisfaction_company": 0.60,
    "trust_company": 0.70,
    "connection_company": 0.76,
    "loyalty": 0.68,
}
# what the six figures leave as the range of each total effect of satisfaction with customer service
TOTALS = {"trust_company": (0.648, 0.757), "connection_company": (0.414, 0.674), "loyalty": (0.453, 0.671)}


def figures(*, n_obs: Any, rounded_to: float, with_path: bool) -> list[bcx.Published]:
    stated: dict[str, Any] = {"organizations": ["one", "two"], "n_obs": n_obs, "rounded_to": rounded_to}
    ratio = {
        "outcome": "loyalty",
        "numerator": ["trust_company", "connection_company"],
        "denominator": ["satisfaction_company"],
    }
    found = [bcx.Published(statistic="r_squared", outcome=name, value=v, **stated) for name, v in EXPLAINED.items()]
    found.append(bcx.Published(statistic="path_ratio", **ratio, value=4.0, **stated))
    if with_path:
        path = {"outcome": "trust_cs", "cause": "satisfaction_cs", "value": 0.86}
        found.append(bcx.Published(statistic="path", **path, **stated))
    return found


# A short run shows a wrong posterior; that these are sampled well by default is for longer studies.
SHORT = {"draws": 400, "tune": 400, "chains": 2}


@pytest.fixture(scope="module", params=[SHORT, pytest.param({}, marks=pytest.mark.calibration)], ids=["short", "long"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


def fitted(published: list[bcx.Published], settings: dict[str, Any]) -> bcx.Fit:
    evidence = bcx.Evidence.from_published(published, n_planned=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if settings else "error", bcx.ConvergenceWarning)
        return bcx.fit(MODEL, evidence, pooling="full", random_seed=1, progressbar=False, **settings)


def assert_sampled_well(fit: bcx.Fit, settings: dict[str, Any]) -> None:
    if settings:
        worst = fit.provenance["convergence"]
        assert worst["r_hat"] < 1.05
        assert worst["divergences"] == 0
    else:
        assert not fit.provenance["convergence_problems"]


@pytest.fixture(scope="module")
def exact(settings: dict[str, Any]) -> bcx.Fit:
    return fitted(figures(n_obs=10_000_000, rounded_to=1e-4, with_path=False), settings)


def test_exact_figures_fix_the_equations_of_one_cause(exact: bcx.Fit) -> None:
    paths = bcx.direct_effects(exact, "average")
    for path, value in {
        "trust_cs~satisfaction_cs": 0.866,
        "connection_cs~trust_cs": 0.548,
        "satisfaction_company~satisfaction_cs": 0.775,
    }.items():
        assert paths.sel(path=path).values == pytest.approx(value, abs=2e-3)


def test_exact_figures_bound_total_effects_and_leave_splits_open(exact: bcx.Fit) -> None:
    totals = bcx.total_effects(exact, "average").sel(cause="satisfaction_cs")
    for outcome, (lowest, highest) in TOTALS.items():
        draws = totals.sel(outcome=outcome)
        assert draws.min() > lowest - 2e-3
        assert draws.max() < highest + 2e-3
    paths = bcx.direct_effects(exact, "average")
    satisfaction = paths.sel(path="loyalty~satisfaction_company")
    assert satisfaction.min() > 0.167
    assert satisfaction.max() < 0.211
    for path in ("trust_company~trust_cs", "trust_company~satisfaction_company"):
        draws = paths.sel(path=path)
        assert draws.min() > -1e-3
        assert draws.max() < 0.839
        assert draws.quantile(0.975) - draws.quantile(0.025) > 0.7  # the split is open


def test_exact_figures_are_sampled_well(exact: bcx.Fit, settings: dict[str, Any]) -> None:
    assert_sampled_well(exact, settings)


def test_figures_of_unknown_samples_widen_the_intervals(exact: bcx.Fit, settings: dict[str, Any]) -> None:
    fit = fitted(figures(n_obs=(200, 1000), rounded_to=0.01, with_path=True), settings)
    assert_sampled_well(fit, settings)
    path = {"path": "trust_cs~satisfaction_cs"}
    sharp, wide = (bcx.direct_effects(one, "average").sel(path).values for one in (exact, fit))
    assert wide.std() > 10 * sharp.std()
    assert np.median(wide) == pytest.approx(0.862, abs=0.01)
    totals = bcx.total_effects(fit, "average").sel(cause="satisfaction_cs")
    for outcome, (lowest, highest) in TOTALS.items():
        assert lowest < float(totals.sel(outcome=outcome).median()) < highest
    size = fit.posterior["published_n_obs"]
    assert dict(size.sizes)["published_sample"] == 1
    assert size.quantile(0.025) > 150
    assert size.quantile(0.975) < 1300
