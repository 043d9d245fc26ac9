"""Printed shares: which counts are printed so, and how likely those are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from bayescx.rates.prints import count_window, half_heights, log_count_window, places_around

SHARES = np.array([1e-4, 0.02, 0.3, 0.5, 0.77, 0.995])


@pytest.mark.parametrize(
    ("value", "step", "n", "window"),
    [
        (0.2, 0.01, 100, (19, 20)),
        (0.2, 0.01, 1000, (194, 204)),  # 195 to 204: halves are rounded up
        (0.0, 0.01, 1000, (-1, 4)),
        (1.0, 0.01, 1000, (994, 1000)),
        (0.0, 0.01, 10, (-1, 0)),
        (1.0, 0.01, 10, (9, 10)),
        (0.25, 0.5, 1, (-1, 0)),
    ],
)
def test_whole_counts_that_are_printed_so(value: float, step: float, n: int, window: tuple[int, int]) -> None:
    assert count_window(value, step, n, whole=True) == window
    low, high = window
    expected = stats.binom.cdf(high, n, SHARES) - stats.binom.cdf(low, n, SHARES)
    np.testing.assert_allclose(np.exp(log_count_window(SHARES, n, low, high)), expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("n", "whole", "within"),
    [(1, True, 1e-9), (37, True, 1e-9), (400, True, 1e-9), (400, False, 1e-9), (37, False, 0.3)],
)
def test_something_is_printed(n: int, whole: bool, within: float) -> None:
    total = np.zeros(len(SHARES))
    for percent in range(101):
        value = percent / 100
        low, high = count_window(value, 0.01, n, whole=whole)
        is_printed = not whole or high == np.floor(high)
        total += np.exp(log_count_window(SHARES, n, low, high)) * is_printed
    np.testing.assert_allclose(total, 1.0, atol=within)


def test_sizes_that_are_no_number_of_persons_lie_between_those_that_are() -> None:
    found = [
        log_count_window(SHARES, n, *count_window(0.0, 0.01, n, whole=whole))
        for n, whole in ((40, True), (40.5, False), (41, True))
    ]
    assert (found[0] > found[1]).all()
    assert (found[1] > found[2]).all()
    odd = log_count_window(SHARES, 50, *count_window(0.21, 0.01, 50, whole=True))  # no count of 50 is 21 %
    assert SHARES[odd.argmax()] == 0.3


def test_far_windows_keep_their_order() -> None:
    found = log_count_window(np.array([0.5, 0.51, 0.52]), 10_000, -1.0, 50.0)
    assert np.isneginf(found[0]) or found[0] > found[1] > found[2]
    one = log_count_window(np.array([0.5, 0.9, 0.999]), 100_000, -1.0, 0.0)
    np.testing.assert_allclose(one, 100_000 * np.log1p(-np.array([0.5, 0.9, 0.999])))


@pytest.mark.parametrize(
    ("value", "n", "expected"),
    [
        (0.0, 1000, (-np.inf, np.log(np.log(2) / 1000))),
        (1.0, 1000, (-np.log(np.log(2) / 1000), np.inf)),
        (0.5, 10_000, (-1.1774 * 2 / 100, 1.1774 * 2 / 100)),
    ],
)
def test_where_a_likelihood_has_half_its_height(value: float, n: int, expected: tuple[float, float]) -> None:
    step = 1e-4 if n == 10_000 else 1e-3
    logits = places_around(min(max(value, 0.25 / n), 1 - 0.25 / n), 0.5)
    low, high, soft_low, soft_high = half_heights(
        logits, log_count_window(expit(logits), n, *count_window(value, step, n, whole=True))
    )
    np.testing.assert_allclose([low, high], expected, atol=0.002)
    assert min(soft_low, soft_high) > 0
