"""Each prior family of the kernel has scipy's density, and the slope of that density."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit
from scipy import stats

from bayescx.kernel import priors

# name -> parameters, scipy's distribution, log of what folding multiplies the density by
FAMILIES: dict[str, tuple[dict[str, float], Any, float]] = {
    "Normal": ({"mu": 0.3, "sigma": 2.0}, stats.norm(0.3, 2.0), 0.0),
    "StudentT": ({"nu": 4.0, "mu": -1.0, "sigma": 0.5}, stats.t(4.0, -1.0, 0.5), 0.0),
    "Cauchy": ({"alpha": -0.5, "beta": 0.7}, stats.cauchy(-0.5, 0.7), 0.0),
    "Laplace": ({"mu": 1.0, "b": 0.4}, stats.laplace(1.0, 0.4), 0.0),
    "Logistic": ({"mu": 1.0, "s": 0.4}, stats.logistic(1.0, 0.4), 0.0),
    "HalfNormal": ({"sigma": 0.5}, stats.halfnorm(0, 0.5), 0.0),
    "HalfStudentT": ({"nu": 3.0, "sigma": 0.5}, stats.t(3.0, 0, 0.5), np.log(2)),
    "HalfCauchy": ({"beta": 0.7}, stats.halfcauchy(0, 0.7), 0.0),
    "Exponential": ({"lam": 4.0}, stats.expon(0, 0.25), 0.0),
    "Gamma": ({"alpha": 2.0, "beta": 5.0}, stats.gamma(2.0, 0, 0.2), 0.0),
    "InverseGamma": ({"alpha": 3.0, "beta": 2.0}, stats.invgamma(3.0, 0, 2.0), 0.0),
    "LogNormal": ({"mu": -0.5, "sigma": 0.8}, stats.lognorm(0.8, 0, np.exp(-0.5)), 0.0),
}
HALF_LINE = list(FAMILIES)[5:]


@njit
def density(family: int, parameters: Any, x: float) -> tuple[float, float]:
    return priors.log_density(family, parameters, x)  # type: ignore[no-any-return]


def at(name: str, x: float) -> tuple[float, float]:
    encoded = priors.encode(name, FAMILIES[name][0])
    assert encoded is not None
    return density(encoded[0], np.array(encoded[1]), x)


@pytest.mark.parametrize("name", FAMILIES)
def test_log_density_is_scipy_s(name: str) -> None:
    _, distribution, folded = FAMILIES[name]
    for x in np.geomspace(1e-3, 20, 15):
        for value in (x,) if name in HALF_LINE else (x, -x):
            expected = distribution.logpdf(value) + folded
            assert at(name, value)[0] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_slope_is_that_of_the_density(name: str) -> None:
    h = 1e-4
    for x in np.geomspace(0.05, 20, 15):
        for value in (x,) if name in HALF_LINE else (x, -x):
            f = [at(name, value + step * h * x)[0] for step in (-2, -1, 1, 2)]
            difference = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h * x)
            assert at(name, value)[1] == pytest.approx(difference, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", HALF_LINE)
def test_there_is_nothing_below_zero(name: str) -> None:
    for x in (0.0, -1e-9, -2.0):
        assert at(name, x)[0] == -np.inf


@pytest.mark.parametrize("name", FAMILIES)
def test_codes_tell_positive_families(name: str) -> None:
    encoded = priors.encode(name, FAMILIES[name][0])
    assert encoded is not None
    assert (encoded[0] >= priors.POSITIVE) == (name in HALF_LINE)


def test_codes_are_different_and_unknown_families_have_none() -> None:
    codes = {encoded[0] for name in FAMILIES if (encoded := priors.encode(name, FAMILIES[name][0])) is not None}
    assert len(codes) == len(FAMILIES)
    assert priors.encode("Wald", {}) is None


def test_the_kernel_knows_every_family_that_a_prior_can_have() -> None:
    from bayescx.priors import _FAMILIES

    assert set(_FAMILIES) == set(FAMILIES)
