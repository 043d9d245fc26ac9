"""Normal probabilities are right in the middle and far in the tails."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm

from bayescx.kernel.choices import normal


@njit
def tail(z: float) -> tuple[float, float]:
    return normal.tail(z)  # type: ignore[no-any-return]


@njit
def interval(a: float, d: float, log_d: float) -> tuple[float, float, float]:
    return normal.interval(a, d, log_d)  # type: ignore[no-any-return]


@njit
def quick(z: float) -> tuple[float, float]:
    return normal.quick(z)  # type: ignore[no-any-return]


def test_a_tail_is_scipys_wherever_it_is() -> None:
    z = np.concatenate([np.linspace(-60, 10, 701), [-1e8, -1e3, 40.0]])
    found = np.array([tail(one) for one in z])
    assert found[:, 0] == pytest.approx(log_ndtr(z), rel=1e-13, abs=1e-300)
    near = slice(0, 701)
    assert found[near, 1] == pytest.approx(np.exp(norm.logpdf(z[near]) - log_ndtr(z[near])), rel=1e-10)
    assert found[[701, 702, 703], 1] == pytest.approx([1e8, 1e3 + 1e-3, 0.0], rel=1e-8)
    assert found[0, 1] == pytest.approx(60 + 1 / 60 - 2 / 60**3, rel=1e-8)


# lower end, width: log probability, derivatives in the lower end and in the log width (mpmath 1.4.1, 700 digits)
FACTS = {
    (-200.0, 0.001): (-20007.7250278758, 199.9994833445, 1.103330754698),
    (-200.0, 5.0): (-19018.6919643885, 195.0051279354, 975.0256396772),
    (-39.0, 1e-12): (-789.049959649114, 39.0, 1.00000000002),
    (-9.0, 0.1): (-43.2400450990111, 8.942641770555, 1.512133356804),
    (-9.0, 0.002): (-47.6245338013316, 8.99899700035, 1.009025657514),
    (-5.2, 0.009): (-19.1259916346335, 5.195464931748, 1.023555038825),
    (-0.3, 0.7): (-1.29706384763869, -0.04799152424414, 0.9431314320923),
    (0.0, 1e-300): (-691.694466431418, -5.0e-301, 1.0),
    (5.0, 20.0): (-15.0649983939887, -5.186503967126, 5.34023217542e-129),
    (30.0, 1e-05): (-462.432013994442, -30.00000499975, 0.9998500074667),
}


@pytest.mark.parametrize("given", FACTS, ids=str)
def test_an_interval_keeps_its_digits_however_narrow_or_far_out(given: tuple[float, float]) -> None:
    a, d = given
    assert interval(a, d, np.log(d)) == pytest.approx(FACTS[given], rel=1e-10, abs=1e-290)


def test_quick_probabilities_have_fifteen_digits() -> None:
    z = np.concatenate([np.linspace(-12, 12, 4801), [-np.inf, np.inf]])
    found = np.array([quick(one) for one in z])
    assert np.abs(found[:, 0] - ndtr(z)).max() < 1e-15
    assert np.abs(found[:, 1] - norm.pdf(z)).max() < 1e-14
    assert np.isnan(quick(np.nan)[0])


def test_what_is_infinite_stays_defined() -> None:
    assert interval(0.3, np.inf, np.inf) == pytest.approx((log_ndtr(-0.3), -norm.pdf(0.3) / ndtr(-0.3), 0.0))
    value, both, wider = interval(0.3, 0.0, -800.0)  # exp(-800) is 0, its logarithm is not
    assert (value, both, wider) == pytest.approx((-800.0 + norm.logpdf(0.3), -0.3, 1.0))
    assert np.isneginf(tail(-np.inf)[0])
