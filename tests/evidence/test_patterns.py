"""Patterns of missing answers: groups are exact, however they are cut and joined."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence.patterns import Pattern, available_variance, patterns_of, pooled, restricted


def incomplete(n: int = 200, p: int = 4, share: float = 0.25, seed: int = 1, mean: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = mean + rng.normal(size=(n, p)) @ (np.eye(p) + 0.4 * rng.normal(size=(p, p)))
    values[rng.random((n, p)) < share] = np.nan
    return values


def assert_same(found: tuple[Pattern, ...], expected: tuple[Pattern, ...], rtol: float = 1e-10) -> None:
    assert [(one.variables, one.n_obs) for one in found] == [(one.variables, one.n_obs) for one in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.mean, other.mean, rtol=rtol, atol=1e-13)
        np.testing.assert_allclose(one.scatter, other.scatter, rtol=rtol, atol=1e-11)


def test_groups_are_those_of_a_computation_row_by_row() -> None:
    values = incomplete()
    values[7] = np.nan
    frame = pd.DataFrame(values)
    expected = dict(list(frame.groupby(frame.notna().apply(tuple, axis=1))))
    found = patterns_of(values)
    assert sum(one.n_obs for one in found) == int((~np.isnan(values)).any(axis=1).sum()) < len(values)
    assert len(found) == len([answered for answered in expected if any(answered)])
    for one in found:
        own = expected[tuple(k in one.variables for k in range(4))].to_numpy()[:, one.variables]
        assert one.n_obs == len(own)
        np.testing.assert_allclose(one.mean, own.mean(axis=0), rtol=1e-12, atol=1e-14)
        centred = own - own.mean(axis=0)
        np.testing.assert_allclose(one.scatter, centred.T @ centred, rtol=1e-12, atol=1e-13)


def test_the_fullest_pattern_is_first_and_the_order_of_rows_does_not_matter() -> None:
    values = incomplete()
    found = patterns_of(values)
    assert [len(one.variables) for one in found] == sorted((len(one.variables) for one in found), reverse=True)
    assert_same(patterns_of(values[::-1]), found)


def test_one_respondent_has_no_scatter() -> None:
    (only,) = patterns_of(np.array([[1.0, np.nan, 3.0]]))
    assert (only.variables, only.n_obs, only.mean.tolist()) == ((0, 2), 1, [1.0, 3.0])
    np.testing.assert_array_equal(only.scatter, np.zeros((2, 2)))


def test_arrays_are_read_only() -> None:
    only = patterns_of(np.ones((3, 2)))[0]
    with pytest.raises(ValueError, match="read-only"):
        only.mean[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        only.scatter[0, 0] = 5.0


@pytest.mark.parametrize("mean", [0.0, 1e6])
@pytest.mark.parametrize("wanted", [[0, 1, 2, 3], [2, 0], [3], [1, 3, 0]])
def test_forgetting_variables_is_the_same_before_and_after_grouping(wanted: list[int], mean: float) -> None:
    values = incomplete(mean=mean)
    assert_same(restricted(patterns_of(values), wanted), patterns_of(values[:, wanted]), 1e-9)


def test_positions_that_nobody_answered_stay_empty() -> None:
    values = incomplete(p=2)
    found = restricted(patterns_of(values), [0, -1, 1])
    assert {variable for one in found for variable in one.variables} == {0, 2}


def test_pooling_halves_gives_the_whole() -> None:
    values = incomplete(mean=1e5)
    halves = [*patterns_of(values[:90]), *patterns_of(values[90:])]
    assert_same(pooled(halves), patterns_of(values))


@pytest.mark.parametrize("mean", [0.0, -1e7])
def test_available_variance_is_that_of_all_who_answered(mean: float) -> None:
    values = incomplete(mean=mean)
    values[1:, 3] = np.nan
    values[0, 3] = 1.0
    variance, df = available_variance(patterns_of(values), 5)
    expected = pd.DataFrame(values)
    np.testing.assert_allclose(variance[:3], expected.var().to_numpy()[:3], rtol=1e-9)
    np.testing.assert_array_equal(df, [*(expected.count()[:3] - 1), 0, 0])
    assert np.isnan(variance[3:]).all()


def test_available_variance_sees_that_patterns_differ_in_their_means() -> None:
    values = np.array([[0.0, 1.0], [1.0, 2.0], [10.0, np.nan], [11.0, np.nan]])
    variance, _ = available_variance(patterns_of(values), 2)
    assert variance[0] == pytest.approx(np.var([0, 1, 10, 11], ddof=1))


def test_available_variance_of_correlations_is_one() -> None:
    only = Pattern((0, 2), 100, np.zeros(2), 99 * np.array([[1.0, 0.3], [0.3, 1.0]]))
    variance, df = available_variance([only], 3)
    np.testing.assert_allclose(variance, [1.0, np.nan, 1.0])
    np.testing.assert_array_equal(df, [99, 0, 99])
