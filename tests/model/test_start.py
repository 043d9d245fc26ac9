"""Where chains start, and each organization's own estimates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from bayescx.evidence import Evidence, SampleMoments
from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays
from bayescx.model.prepare import prepare
from bayescx.model.start import Start, find_start
from bayescx.priors import Prior, Priors
from bayescx.spec import parse_model

OBSERVED = "m ~ x1 + x2; y ~ m + x1"


def evidence_of(text: str, n_obs: list[int], seed: int = 1, cov: np.ndarray | None = None) -> Evidence:
    """Moments of a model with known covariance: three latent-like columns that share one cause."""
    rng = np.random.default_rng(seed)
    names = list(parse_model(text).observed)
    p = len(names)
    common = 0.5 * np.ones((p, p)) + 0.5 * np.eye(p) if cov is None else cov
    moments = {}
    for j, n in enumerate(n_obs):
        rows = rng.multivariate_normal(np.zeros(p), common, size=n)
        moments[f"o{j}"] = SampleMoments(n, None, pd.DataFrame(np.cov(rows.T), index=names, columns=names))
    return Evidence.from_moments(moments)


def arrays_of(
    text: str, n_obs: list[int], priors: Priors | None = None, pooling: str = "partial", seed: int = 1
) -> Arrays:
    at = prepare(parse_model(text), evidence_of(text, n_obs, seed), priors, pooling=pooling)
    return Arrays.of(at.layout, at.sample, at.priors)


def named(start: Start, name: str) -> int:
    return [c.name for c in start.arrays.layout.components].index(name)


@pytest.mark.parametrize("pooling", ["partial", "none"])
def test_own_estimates_are_least_squares_with_their_standard_errors(pooling: str) -> None:
    """In large samples, where the penalty weighs nothing."""
    start = find_start(arrays_of(OBSERVED, [2000, 3000], pooling=pooling))
    sample, columns = start.arrays.sample, start.arrays.layout.variables
    for outcome, causes in {"m": ["x1", "x2"], "y": ["m", "x1"]}.items():
        for j in range(2):
            rows, here = columns.index(outcome), [columns.index(c) for c in causes]
            cov = sample.cov[j]
            slopes = np.linalg.solve(cov[np.ix_(here, here)], cov[here, rows])
            residual = cov[rows, rows] - cov[here, rows] @ slopes
            errors = np.sqrt(residual * np.diag(np.linalg.inv(cov[np.ix_(here, here)])) / (sample.n_obs[j] - 1))
            at = [named(start, f"{outcome}~{cause}") for cause in causes]
            np.testing.assert_allclose(start.estimate[j, at], slopes, atol=1e-5)
            np.testing.assert_allclose(np.sqrt(start.variance[j, at]), errors, rtol=1e-3)


def test_estimates_of_log_sds_have_variance_one_over_2_df() -> None:
    start = find_start(arrays_of(OBSERVED, [400, 900]))
    at = named(start, "y~~y")
    np.testing.assert_allclose(start.variance[:, at], 1 / (2 * (start.arrays.sample.n_obs - 1)), rtol=1e-2)


def test_estimates_have_no_prior_in_them() -> None:
    """A prior far away moves the posterior, not the organizations' own estimates."""
    far = Priors(path_mean=Prior("Normal", mu=-2.0, sigma=0.5))
    one, other = find_start(arrays_of(OBSERVED, [300, 300])), find_start(arrays_of(OBSERVED, [300, 300], far))
    at = [named(one, name) for name in ("m~x1", "m~x2", "y~m", "y~x1")]
    np.testing.assert_allclose(one.estimate[:, at], other.estimate[:, at], atol=0.02)


def test_variances_have_no_prior_in_them_either() -> None:
    """A prior as firm as the data halves the posterior's variance, and leaves the sampling variance as it was."""
    firm = Priors().replace({"y~m": Prior("Normal", mu=0.4, sigma=0.1)})
    one, other = find_start(arrays_of(OBSERVED, [100, 120])), find_start(arrays_of(OBSERVED, [100, 120], firm))
    at = named(one, "y~m")
    assert one.variance[:, at].min() > 0.005
    np.testing.assert_allclose(other.variance[:, at], one.variance[:, at], rtol=0.1)
    np.testing.assert_allclose(other.estimate[:, at], one.estimate[:, at], atol=0.02)


def test_shared_components_have_no_own_estimate() -> None:
    start = find_start(arrays_of("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f", [200, 200]))
    loading = named(start, "f=~x1")
    assert np.isnan(start.estimate[:, loading]).all()
    assert np.isinf(start.variance[:, loading]).all()
    assert np.isfinite(start.estimate[:, named(start, "g~f")]).all()


def test_small_organizations_do_no_harm() -> None:
    """Six rows for four variables have no usable maximum of their own."""
    start = find_start(arrays_of(OBSERVED, [6, 7, 500]))
    assert np.isfinite(start.centre).all()
    assert np.isfinite(start.spread).all()
    at = named(start, "y~m")
    assert start.variance[0, at] > 10 * start.variance[2, at]


TEXTS = [
    OBSERVED,
    "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f",
    "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f; x1 ~~ x4",
]


@pytest.mark.parametrize("pooling", ["partial", "none", "full"])
@pytest.mark.parametrize("text", TEXTS)
def test_the_centre_is_near_the_bulk_of_the_posterior(text: str, pooling: str) -> None:
    """No point is far above it: nothing near a maximum found by other means is 3 nats per parameter better."""
    start = find_start(arrays_of(text, [150, 200, 250], pooling=pooling))
    records = start.arrays.records

    def negative(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_density(x, records)
        return (-value, -gradient) if np.isfinite(value) else (1e12, 0 * x)

    here = log_density(start.centre, records)[0]
    best = -minimize(negative, start.centre, jac=True, method="L-BFGS-B", bounds=[(-8, 8)] * start.centre.size).fun
    assert np.isfinite(here)
    assert best - here < 3 * start.centre.size


def test_starting_points_are_spread_reproducible_and_possible() -> None:
    start = find_start(arrays_of(OBSERVED, [150, 200, 250]))
    points = np.array([start.draw(seed) for seed in range(200)])
    np.testing.assert_array_equal(points[3], start.draw(3))
    np.testing.assert_allclose(points.mean(axis=0), start.centre, atol=5 * start.spread.max() / np.sqrt(200))
    np.testing.assert_allclose(points.std(axis=0), start.spread, rtol=0.3)
    assert np.isfinite([log_density(point, start.arrays.records)[0] for point in points]).all()


def test_steering_keeps_the_order_of_parameters() -> None:
    before = arrays_of(OBSERVED, [150, 200, 250])
    start = find_start(before)
    assert start.arrays.own == before.own
    assert start.arrays.n_dim == before.n_dim == start.centre.size == start.spread.size
    expanded = expand(start.centre, before.n_expanded, start.arrays.records)
    own = expanded[2 * len(before.population) :].reshape(3, -1)
    at = [before.own.index(c) for c in before.layout.of_block("paths")]
    # at eps = 0 an organization's components lie between its own estimate and the others'
    estimate = start.estimate[:, list(np.array(before.own)[at])]
    assert np.abs(own[:, at] - estimate).max() < 0.2


def test_positive_priors_can_be_steered_too() -> None:
    priors = Priors(path_mean=Prior("HalfNormal", sigma=0.5)).replace({"y~m": Prior("Gamma", alpha=2, beta=2)})
    start = find_start(arrays_of(OBSERVED, [150, 200], priors))
    assert np.isfinite(start.estimate[:, named(start, "y~m")]).all()


def test_an_organization_with_correlations_stands_alone_on_the_common_scale() -> None:
    names = ["satisfaction", "trust"]
    cov = pd.DataFrame([[1.0, 0.34], [0.34, 1.0]], names, names)
    evidence = Evidence.from_parts(
        {"rows": SampleMoments(400, None, cov), "alike": SampleMoments(400, None, cov, scale_free=True)}
    )
    at = prepare(parse_model("trust ~ satisfaction"), evidence)
    start = find_start(Arrays.of(at.layout, at.sample, at.priors))
    path = start.arrays.layout.of_block("paths")[0]
    assert start.alone[1, path] == pytest.approx(start.alone[0, path], abs=1e-3)
    assert start.alone_cov[1, path, path] == pytest.approx(start.alone_cov[0, path, path], rel=0.02)
