"""Patterns of answers become arrays: which organization, which variables, which units, which free numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence import Evidence, SampleMoments
from bayescx.model.patterned import pattern_arrays
from tests.model import dense_patterns

NAMES = ["x", "m", "y"]
UNIT = np.array([1.0, 2.0, 4.0])


@pytest.fixture
def evidence() -> Evidence:
    """Complete rows, incomplete rows, correlations, rows without y, correlations again."""
    rng = np.random.default_rng(1)

    def rows(n: int) -> pd.DataFrame:
        return pd.DataFrame(rng.standard_normal((n, 3)) * UNIT, columns=NAMES)

    def correlations(names: list[str]) -> SampleMoments:
        return SampleMoments(40, None, rows(40)[names].corr(), scale_free=True)

    holes = rows(20)
    holes.loc[[0, 3, 7], "m"] = np.nan
    holes.loc[19, ["x", "y"]] = np.nan
    return Evidence.from_parts(
        {
            "complete": rows(30),
            "holes": holes,
            "correlations": correlations(NAMES),
            "no y": rows(25).drop(columns="y"),
            "two correlations": correlations(["x", "y"]),
        }
    )


def test_organizations_with_patterns_and_no_others(evidence: Evidence) -> None:
    arrays = pattern_arrays(evidence.matched(NAMES), UNIT, 0)
    assert arrays.organization.tolist() == [1, 2, 3, 4]
    assert arrays.start.tolist() == [0, 3, 4, 5, 6]
    assert arrays.n_obs.tolist() == [16, 3, 1, 40, 25, 40]
    assert arrays.n_seen.tolist() == [3, 2, 1, 3, 2, 2]
    assert arrays.seen.tolist() == [[0, 1, 2], [0, 2, -1], [1, -1, -1], [0, 1, 2], [0, 1, -1], [0, 2, -1]]


def test_free_numbers_are_those_of_organizations_that_shared_correlations(evidence: Evidence) -> None:
    arrays = pattern_arrays(evidence.matched(NAMES), UNIT, 5)
    assert arrays.free_extra.tolist() == [-1, 5, -1, 8]
    np.testing.assert_allclose(arrays.scale_sd, 1 / np.sqrt(2 * np.array([20, 40, 25, 40])))


def test_units_divide_all_but_correlations(evidence: Evidence) -> None:
    matched = evidence.matched(NAMES)
    arrays = pattern_arrays(matched, UNIT, 0)
    (rows,) = (one for one in matched.patterns["holes"] if one.variables == (0, 2))
    np.testing.assert_allclose(arrays.mean[1], [rows.mean[0], rows.mean[1] / 4, 0])
    expected = [rows.scatter[0, 0], rows.scatter[0, 1] / 4, rows.scatter[1, 0] / 4, rows.scatter[1, 1] / 16]
    np.testing.assert_allclose(arrays.scatter[1], [*expected, *np.zeros(5)])
    (shared,) = matched.patterns["two correlations"]
    np.testing.assert_allclose(arrays.scatter[5, :4], shared.scatter.ravel())
    np.testing.assert_allclose(arrays.scatter[5, [0, 3]], 39)
    assert not arrays.mean[[3, 5]].any()


def test_single_respondents_have_no_scatter(evidence: Evidence) -> None:
    arrays = pattern_arrays(evidence.matched(NAMES), UNIT, 0)
    assert arrays.n_obs[2] == 1
    assert arrays.mean[2, 0] != 0
    assert not arrays.scatter[2].any()


def test_without_patterns_arrays_are_empty() -> None:
    matched = dense_patterns.matched(NAMES, {}, {}, {"a": (30, np.eye(3))}, ["a"])
    arrays = pattern_arrays(matched, UNIT, 0)
    shapes = {name: array.shape for name, array in arrays._asdict().items()}
    assert shapes == {
        "organization": (0,), "start": (1,), "free_extra": (0,), "scale_sd": (0,), "n_obs": (0,), "n_seen": (0,),
        "seen": (0, 3), "mean": (0, 3), "scatter": (0, 9),
    }  # fmt: skip


def test_types_are_those_that_the_compiled_density_reads(evidence: Evidence) -> None:
    for names in (NAMES, ["x"]):
        arrays = pattern_arrays(evidence.matched(names), np.ones(len(names)), 0)
        for name, array in arrays._asdict().items():
            whole = name in ("organization", "start", "free_extra", "n_seen", "seen")
            assert array.dtype == (np.int64 if whole else np.float64)
            assert array.flags.c_contiguous
