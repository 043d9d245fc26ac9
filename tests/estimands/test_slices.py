"""A slice step leaves every one of many distributions as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from bayescx.estimands.slices import slice_step


def test_steps_keep_their_distributions() -> None:
    rng = np.random.default_rng(3)
    count = 4000
    shape, rate = np.repeat([0.5, 5.0], count), np.repeat([0.1, 200.0], count)

    def log_density(index: Any, x: Any) -> Any:  # of the logarithm of a gamma variable
        return shape[index] * x - rate[index] * np.exp(x)

    exact = np.log(rng.gamma(shape, 1 / rate))
    for start in (exact, np.zeros(2 * count)):  # in its distribution, and far from it
        x = start
        for _ in range(30):
            x = slice_step(log_density, x, rng)
        for part, a, b in ((x[:count], 0.5, 0.1), (x[count:], 5.0, 200.0)):
            assert stats.kstest(np.exp(part), stats.gamma(a, scale=1 / b).cdf).pvalue > 0.001


def test_the_state_that_is_given_is_kept() -> None:
    rng, state = np.random.default_rng(1), np.zeros(5)
    slice_step(lambda index, x: -(x**2), state, rng)
    assert not state.any()
