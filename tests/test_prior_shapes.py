"""Densities, quantiles and variances of priors agree with each other and with their draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from bayescx.priors import _FAMILIES, Prior

PRIORS = [
    Prior("Normal", mu=0.5, sigma=2.0),
    Prior("StudentT", nu=7.0, mu=-1.0, sigma=0.5),
    Prior("Cauchy", alpha=1.0, beta=0.5),
    Prior("Laplace", mu=0.3, b=0.7),
    Prior("Logistic", mu=-0.3, s=0.4),
    Prior("HalfNormal", sigma=0.2),
    Prior("HalfStudentT", nu=7.0, sigma=0.3),
    Prior("HalfCauchy", beta=0.4),
    Prior("Exponential", lam=3.0),
    Prior("Gamma", alpha=2.0, beta=5.0),
    Prior("InverseGamma", alpha=5.0, beta=2.0),
    Prior("LogNormal", mu=-1.0, sigma=0.5),
]


def test_every_family_is_tested() -> None:
    assert {prior.name for prior in PRIORS} == set(_FAMILIES)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
def test_shape_and_draws_are_one_distribution(prior: Prior) -> None:
    shape = prior.distribution()
    quantiles = shape.ppf([0.1, 0.5, 0.9])
    draws = prior.sample(np.random.default_rng(1), 200_000)
    np.testing.assert_allclose([(draws <= q).mean() for q in quantiles], [0.1, 0.5, 0.9], atol=0.005)
    for low, high, share in zip(quantiles, quantiles[1:], (0.4, 0.4), strict=False):
        assert quad(lambda x: float(shape.pdf(x)), low, high)[0] == pytest.approx(share, abs=1e-6)
    if "Cauchy" not in prior.name:
        assert float(shape.var()) == pytest.approx(draws.var(), rel=0.06)
    assert (float(shape.pdf(-0.1)) == 0) == prior.positive


@pytest.mark.parametrize("name", ["StudentT", "HalfStudentT"])
def test_heavy_tails_have_no_variance(name: str) -> None:
    assert not np.isfinite(Prior(name, nu=2.0, sigma=1.0).distribution().var())
    assert np.isfinite(Prior(name, nu=2.5, sigma=1.0).distribution().var())
