"""A variable may be lacking where others have it; a misspelled column may not pass for that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence import Evidence, SampleMoments
from bayescx.evidence.lacking import misspelled

NAMES = ("x", "m", "y")


def frame(seed: int, **columns: Any) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(30, 3))
    return pd.DataFrame(values, columns=NAMES).assign(**columns)


WHOLE, OTHER = frame(1), frame(2)


def problems(**parts: Any) -> tuple[str, ...]:
    return Evidence.from_parts(parts).problems(NAMES)


def moments_of(rows: pd.DataFrame) -> SampleMoments:
    return SampleMoments(len(rows), rows.mean(), rows.cov())


@pytest.mark.parametrize("share", [lambda rows: rows, moments_of], ids=["rows", "moments"])
def test_one_organization_may_lack_what_another_has(share: Any) -> None:
    evidence = Evidence.from_parts({"a": WHOLE, "b": share(OTHER.drop(columns="m"))})
    matched = evidence.matched(NAMES)
    assert set(matched.patterns) == {"b"}
    (only,) = matched.patterns["b"]
    assert (only.variables, only.n_obs) == ((0, 2), 30)
    np.testing.assert_allclose(only.scatter, 29 * OTHER[["x", "y"]].cov(), rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(matched.cov[1]), [[False, True, False], [True] * 3, [False, True, False]])
    np.testing.assert_array_equal(np.isnan(matched.mean[1]), [False, True, False])
    np.testing.assert_array_equal(matched.cov[0], Evidence.from_parts({"a": WHOLE}).matched(NAMES).cov[0])
    assert evidence.summary(NAMES)["lacks"].tolist() == ["", "m"]


def test_in_one_table_an_empty_column_is_a_lacking_variable() -> None:
    table = pd.concat([WHOLE.assign(org="a"), OTHER.assign(org="b", m=np.nan)])
    matched = Evidence.from_rows(table, organization="org").matched(NAMES)
    apart = Evidence.from_parts({"a": WHOLE, "b": OTHER.drop(columns="m")}).matched(NAMES)
    assert matched.fingerprint == apart.fingerprint


def test_what_nobody_has_is_an_error() -> None:
    (problem,) = problems(a=WHOLE.drop(columns="m"), b=OTHER.drop(columns="m"))
    assert problem.startswith("no column 'm': a, b")
    found = problems(a=WHOLE.assign(m=np.nan), b=moments_of(OTHER[["x", "y"]]))
    assert found == ("no values in column 'm': a", "no column 'm': b (moments); there is x, y")


def test_an_organization_without_any_of_the_variables_is_an_error() -> None:
    found = problems(a=WHOLE, b=OTHER.set_axis(["p", "q", "r"], axis="columns"))
    assert [problem[:16] for problem in found] == ["no column 'x': b", "no column 'm': b", "no column 'y': b"]


def test_an_organization_that_is_kept_out_has_nothing() -> None:
    evidence = Evidence.from_parts({"a": WHOLE.head(6), "b": OTHER.drop(columns="m")}, min_n=10)
    (problem,) = evidence.problems(NAMES)
    assert problem.startswith("no column 'm': b")


@pytest.mark.parametrize("slip", ["M", " m", "m_"])
def test_a_misspelled_column_is_an_error(slip: str) -> None:
    (problem,) = problems(a=WHOLE, b=OTHER.rename(columns={"m": slip}))
    assert problem.startswith(f"no column 'm': b; did you mean '{slip}'?")


def test_a_similar_column_that_others_have_too_is_none() -> None:
    assert problems(a=WHOLE.assign(M=1.0), b=OTHER.rename(columns={"m": "M"})) == ()


@pytest.mark.parametrize(
    ("column", "is_slip"),
    [
        ("trust_company", False),
        ("trsut_cs", True),
        ("Trust-CS", True),
        ("trust_cs_2", False),
        ("satisfaction_cs", False),
        ("trustcs", True),
    ],
)
def test_what_counts_as_a_slip(column: str, is_slip: bool) -> None:
    assert misspelled("trust_cs", ["other", column]) == (column if is_slip else None)


def test_numbers_tell_items_apart() -> None:
    assert misspelled("item_01", ["item_11", "item_2"]) is None
    assert misspelled("item_01", ["item1", "item_2"]) == "item1"


def test_with_complete_cases_nothing_may_lack() -> None:
    evidence = Evidence.from_parts({"a": WHOLE, "b": OTHER.drop(columns="m")}, missing="listwise")
    assert evidence.problems(NAMES) == ("no column 'm': b; there is x, y",)


def test_the_needed_size_is_that_of_the_variables_it_has() -> None:
    five = OTHER.drop(columns="m").head(4)
    assert problems(a=WHOLE, b=five) == ()
    (problem,) = problems(a=WHOLE, b=five.head(3))
    assert "too few respondents (more than 3 are needed for 2 variables): b (n = 3)" in problem
