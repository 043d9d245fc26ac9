"""Small groups of respondents are merged, dropped or refused, and all of it is counted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence
from bayescx.evidence.coarsening import coarsened, shareable_moments
from bayescx.evidence.patterns import patterns_of

NAMES = ("x", "m", "y")


def rows(sizes: Mapping[str, int], seed: int = 2) -> np.ndarray:
    """Rows by what they answer: {"xm": 20, "x": 3} has 20 rows without y and 3 with x only."""
    rng = np.random.default_rng(seed)
    parts = []
    for answered, n in sizes.items():
        part = rng.normal(size=(n, 3))
        part[:, [name not in answered for name in NAMES]] = np.nan
        parts.append(part)
    return np.vstack(parts)


def in_words(sizes: Mapping[str, int], minimum: int = 10) -> tuple[dict[str, int], int, int, int]:
    found = coarsened(patterns_of(rows(sizes)), minimum)
    groups = {"".join(NAMES[k] for k in one.variables): one.n_obs for one in found.patterns}
    return groups, found.merged, found.ignored, found.dropped


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"xmy": 20, "xm": 10}, ({"xmy": 20, "xm": 10}, 0, 0, 0)),
        ({"xmy": 4, "xm": 12, "x": 30}, ({"xm": 16, "x": 30}, 4, 4, 0)),
        ({"xmy": 4, "xm": 9, "x": 30}, ({"x": 43}, 13, 17, 0)),
        ({"xmy": 4, "xm": 12, "xy": 13}, ({"xm": 12, "xy": 17}, 4, 4, 0)),
        ({"xmy": 30, "xm": 9}, ({"xmy": 30}, 0, 0, 9)),
        ({"xm": 9, "my": 9}, ({}, 0, 0, 18)),
    ],
)
def test_the_fullest_large_group_within_takes_a_small_one(sizes: dict[str, int], expected: tuple[object, ...]) -> None:
    assert in_words(sizes) == expected


def test_merged_groups_have_the_moments_of_their_rows() -> None:
    values = rows({"xmy": 4, "xm": 12})
    (only,) = coarsened(patterns_of(values), 10).patterns
    np.testing.assert_allclose(only.mean, values[:, :2].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(only.scatter, 15 * np.cov(values[:, :2].T), rtol=1e-12)


@given(st.dictionaries(st.sampled_from(["xmy", "xm", "xy", "my", "x", "m", "y"]), st.integers(1, 25), min_size=1))
def test_no_group_is_small_and_nobody_is_lost_from_the_count(sizes: dict[str, int]) -> None:
    found = coarsened(patterns_of(rows(sizes)), 10)
    assert all(one.n_obs >= 10 for one in found.patterns)
    assert sum(one.n_obs for one in found.patterns) + found.dropped == sum(sizes.values())


def evidence(**organizations: Mapping[str, int]) -> Evidence:
    frames = [pd.DataFrame(rows(sizes), columns=NAMES).assign(org=name) for name, sizes in organizations.items()]
    return Evidence.from_rows(pd.concat(frames), organization="org")


def test_what_is_shared_is_estimated_from_the_groups_that_are_shared() -> None:
    """Means and covariances beside the groups must not give away those who were dropped."""
    matched = evidence(a={"xmy": 30, "xm": 9}, b={"xmy": 40, "xm": 5, "x": 20}).matched(NAMES)
    found = shareable_moments(matched, 10)
    alone = evidence(a={"xmy": 30}).matched(NAMES)
    np.testing.assert_allclose(found["a"].moments.cov, alone.cov[0], rtol=1e-12)
    assert (found["a"].moments.n_obs, found["a"].dropped) == (30, 9)
    assert found["a"].moments.patterns == ()
    assert found["b"].counts == {"merged": 5, "ignored": 5, "dropped": 0}
    assert [one.n_obs for one in found["b"].moments.patterns] == [40, 25]


def test_a_variable_that_only_small_groups_answered_is_lost() -> None:
    found = shareable_moments(evidence(a={"xm": 30, "y": 4}).matched(NAMES), 10)["a"]
    assert found.moments.variables == ("x", "m")
    assert found.lost == ("y",)


def test_organizations_that_are_too_small_are_named() -> None:
    organizations = {"fine": {"xmy": 30}, "tiny": {"xmy": 8}, "torn": {"xm": 9, "my": 9, "xy": 9}}
    with pytest.raises(EvidenceError) as refused:
        shareable_moments(evidence(**organizations).matched(NAMES), 10)
    message = str(refused.value)
    assert "fewer than 10 respondents: tiny (n = 8); --min-n 10 keeps such organizations out" in message
    assert "no 10 respondents answered the same questions: torn (n = 27)" in message
    assert "fine" not in message
