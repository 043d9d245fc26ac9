"""Rows: told apart by organization, complete cases or patterns of answers, every odd cell located."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence.rows import (
    OrganizationSample,
    Sheet,
    by_organization,
    one_organization,
    organization_samples,
)


def frame(n: int = 12, seed: int = 1) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 3)), columns=["x", "m", "y"])


def sample(
    rows: pd.DataFrame, variables: tuple[str, ...] = ("x", "m", "y"), missing: str = "listwise"
) -> OrganizationSample:
    (only,) = organization_samples(one_organization(Sheet(rows), "north"), variables, missing)
    return only


def found(rows: pd.DataFrame, missing: str = "listwise") -> list[str]:
    return [f"{one.what} ({one.detail}){one.advice}" for one in sample(rows, missing=missing).findings]


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        ([1022, 7, 1022], ("1022", "7")),
        ([1022.0, np.nan, 7.0], ("1022", "7")),
        (["1022.0", "7.0", None], ("1022", "7")),
        ([1.5, 2.0, 2.0], ("1.5", "2.0")),
        (["007", "7", "007"], ("007", "7")),
        (["v1.0", "v2.0", "v1.0"], ("v1.0", "v2.0")),
        ([" north ", "south", ""], ("north", "south")),
        (pd.Categorical(["b", "a", "b"]), ("b", "a")),
        ([True, False, True], ("True", "False")),
        (["NA", "EMEA", "NA"], ("NA", "EMEA")),
        (pd.array([3, None, 4], dtype="Int64"), ("3", "4")),
    ],
)
def test_organizations_become_text(codes: object, names: tuple[str, ...]) -> None:
    grouped = by_organization(Sheet(frame(3).assign(org=codes)), "org")
    assert grouped.organizations == names
    assert grouped.problems == ()


def test_rows_without_organization_are_counted() -> None:
    grouped = by_organization(Sheet(frame(5).assign(org=["a", None, " ", "b", "a"])), "org")
    assert grouped.unassigned == 2
    assert grouped.codes.tolist() == [0, -1, -1, 1, 0]
    assert grouped.sizes() == (2, 1)


def test_one_name_in_two_spellings_is_a_problem() -> None:
    grouped = by_organization(Sheet(frame(3).assign(org=["a", "a ", "b"])), "org")
    assert grouped.problems == ("an organization is named in more than one way: a ('a', 'a ')",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame().assign(Org=1), "no column 'org' to tell the organizations apart; did you mean 'Org'?"),
        (frame(), "no column 'org' to tell the organizations apart; there is x, m, y"),
        (frame(0).assign(org=1), "the table has no rows"),
        (frame().assign(org=np.nan), "column 'org' is empty"),
    ],
)
def test_rows_that_cannot_be_told_apart(rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        by_organization(Sheet(rows), "org")
    assert message in str(refused.value)


def test_samples_equal_a_computation_organization_by_organization() -> None:
    rows = frame(300).assign(org=np.random.default_rng(2).choice(["c", "a", "b"], 300), text="any")
    rows.loc[rows.sample(40, random_state=1).index, "m"] = np.nan
    grouped = by_organization(Sheet(rows), "org")
    samples = {one.organization: one for one in organization_samples(grouped, ["y", "x", "m"], "listwise")}
    assert tuple(samples) == grouped.organizations == tuple(rows["org"].unique())
    for name, one in samples.items():
        own = rows.loc[rows["org"] == name, ["y", "x", "m"]]
        complete = own.dropna()
        assert (one.n_rows, one.n_obs) == (len(own), len(complete))
        np.testing.assert_allclose(one.mean, complete.mean(), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(one.cov, complete.cov(), rtol=1e-12, atol=1e-15)


def test_only_the_needed_variables_decide_which_rows_are_complete() -> None:
    rows = frame().assign(other=np.nan)
    assert sample(rows).n_obs == 12
    assert sample(rows.assign(m=rows["m"].mask(rows.index < 3))).n_obs == 9
    assert sample(rows.assign(m=rows["m"].mask(rows.index < 3)), ("x", "y")).n_obs == 12


@pytest.mark.parametrize("dtype", ["int8", "Int64", "bool", "boolean", "Float64", "float32", "uint16", "category"])
def test_all_kinds_of_numbers_are_numbers(dtype: str) -> None:
    whole = [1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0]
    one = sample(frame().assign(m=pd.Series(whole).astype(dtype)))
    assert one.findings == ()
    assert one.mean is not None
    assert one.mean[1] == 0.5


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_all_kinds_of_missing_are_missing(missing: object) -> None:
    mixed = pd.Series([missing, 1, 2.5, True, Decimal("0.5"), np.int8(3), *range(6)], dtype=object)
    one = sample(frame().assign(m=mixed))
    assert one.findings == ()
    assert one.n_obs == 11
    assert one.mean is not None
    assert one.mean[1] == pytest.approx((1 + 2.5 + 1 + 0.5 + 3 + 15) / 11)


def test_nullable_missing_is_missing() -> None:
    assert sample(frame().assign(m=pd.array([None, *range(11)], dtype="Int64"))).n_obs == 11


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["1", "2", "high"] * 4, "text in column 'm' (data row 3: 'high'); numbers are needed"),
        (["1", "", "n/a", "2"] * 3, "text in column 'm' (data row 1: '1'); it holds numbers stored as text"),
        ([1, 2, "3"] * 4, "text in column 'm' (data row 3: '3'); it holds numbers stored as text"),
        ([1, 2, "3,5"] * 4, "text in column 'm' (data row 3: '3,5'); write decimals with a point"),
        ([1, 2, "x" * 500] * 4, "xxx..."),
        ([1, 2, [3]] * 4, "text in column 'm' (data row 3: '[3]')"),
        (pd.date_range("2026-01-01", periods=12), "text in column 'm' (data row 1: '2026-01-01"),
        (pd.Categorical(["low", "high"] * 6), "text in column 'm' (data row 1: 'low')"),
        ([1 + 2j, 3] * 6, "text in column 'm' (data row 1: '(1+2j)')"),
        ([1, 2, np.inf] * 4, "a value that is not finite in column 'm' (data row 3: inf)"),
        ([1, 2, -np.inf] * 4, "a value that is not finite in column 'm' (data row 3: -inf)"),
        ([np.nan] * 12, "no values in column 'm'"),
        ([None] * 12, "no values in column 'm'"),
        ([2.5, np.nan] * 6, "column 'm' is constant (always 2.5)"),
        ([1e200, -1e200] * 6, "values too large to square"),
    ],
)
def test_a_spoiled_column_is_located(column: object, message: str) -> None:
    messages = found(frame().assign(m=column))
    assert len(messages) == 1
    assert message in messages[0]


def samples_with_a_stray_word(**sheet: Any) -> list[OrganizationSample]:
    rows = frame(36).assign(org=np.repeat(["a", "b", "c"], 12)).astype({"m": str})
    rows.loc[20, "m"] = "often"
    return list(organization_samples(by_organization(Sheet(rows, **sheet), "org"), ["x", "m", "y"]))


def test_text_in_a_typed_table_is_not_converted() -> None:
    samples = samples_with_a_stray_word()
    assert [len(one.findings) for one in samples] == [1, 1, 1]
    assert "stored as text" in samples[0].findings[0].advice
    assert samples[1].findings[0].detail == "data row 21: 'often'"


def test_text_in_one_organization_of_a_csv_file_leaves_the_others_alone() -> None:
    samples = samples_with_a_stray_word(source="rows.csv", line_of=lambda row: row + 2)
    assert [len(one.findings) for one in samples] == [0, 1, 0]
    assert samples[1].findings[0].detail == "data row 21, line 22 of rows.csv: 'often'"
    assert samples[1].cov is None
    np.testing.assert_allclose(samples[0].cov, frame(36)[:12].cov(), rtol=1e-12)


def test_missing_and_repeated_columns() -> None:
    rows = pd.concat([frame()[["x", "y"]], frame()[["y"]]], axis=1)
    assert found(rows) == ["no column 'm' (); there is x, y, y", "2 columns 'y' ()"]


def test_columns_that_are_no_text_are_found_by_their_text() -> None:
    assert sample(frame().set_axis([1, 2, 3], axis="columns"), ("1", "3")).n_obs == 12


def test_collinear_columns_are_named() -> None:
    rows = frame().assign(y=lambda one: 3 * one["m"] - 1e3)
    assert "some combination of m, y has zero or negative variance" in found(rows)[0]


def test_constant_columns_do_not_hide_collinear_ones() -> None:
    rows = frame().assign(x=1.0, y=lambda one: -one["m"])
    assert len(found(rows)) == 2


# --------------------------------------------------------------------------------------- full information


def test_complete_rows_give_the_same_numbers_to_the_last_bit() -> None:
    rows = pd.concat([frame(30), pd.DataFrame(np.nan, index=range(4), columns=["x", "m", "y"])], ignore_index=True)
    whole, cases = sample(rows, missing="fiml"), sample(rows)
    assert whole.patterns == ()
    assert (whole.n_rows, whole.n_obs) == (cases.n_rows, cases.n_obs) == (34, 30)
    np.testing.assert_array_equal(whole.mean, cases.mean)
    np.testing.assert_array_equal(whole.cov, cases.cov)


def test_incomplete_rows_are_grouped_by_what_was_answered() -> None:
    rows = frame(30)
    rows.loc[:4, "m"] = np.nan
    rows.loc[3:9, "y"] = np.nan
    rows.loc[10, ["x", "m", "y"]] = np.nan
    one = sample(rows, missing="fiml")
    assert (one.n_rows, one.n_obs, one.mean, one.cov) == (30, 29, None, None)
    assert [(group.variables, group.n_obs) for group in one.patterns] == [
        ((0, 1, 2), 19),
        ((0, 1), 5),
        ((0, 2), 3),
        ((0,), 2),
    ]
    own = rows.loc[:2, ["x", "y"]]
    np.testing.assert_allclose(one.patterns[2].mean, own.mean(), rtol=1e-12)
    np.testing.assert_allclose(one.patterns[2].scatter, own.cov() * 2, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_variable_that_nobody_answered_is_lacking(how: str) -> None:
    rows = frame(30).drop(columns="m") if how == "absent" else frame(30).assign(m=np.nan)
    one = sample(rows, missing="fiml")
    assert one.findings == ()
    assert list(one.lacks) == ["m"]
    (only,) = one.patterns
    assert (only.variables, only.n_obs) == ((0, 2), 30)
    np.testing.assert_allclose(only.scatter, frame(30)[["x", "y"]].cov() * 29, rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([2.5, np.nan] * 6, "column 'm' is constant (always 2.5)"),
        ([2.5] + [np.nan] * 11, "column 'm' is constant (always 2.5)"),
        ([1e200, -1e200, np.nan] * 4, "values too large to square"),
        ([1, np.nan, np.inf, 2] * 3, "a value that is not finite in column 'm' (data row 3: inf)"),
    ],
)
def test_available_answers_are_checked(column: object, message: str) -> None:
    (only,) = found(frame().assign(m=column), "fiml")
    assert message in only


def test_collinear_answers_are_found_in_complete_rows_or_in_pairs() -> None:
    twins = frame(30).assign(y=lambda one: 3 * one["m"] - 1e3)
    some = twins.assign(x=twins["x"].mask(twins.index < 10))
    few = twins.assign(x=twins["x"].mask(twins.index > 2))
    for rows in (some, few):
        (only,) = found(rows, "fiml")
        assert "some combination of m, y has zero or negative variance" in only


def test_collinear_by_the_chance_of_who_answered_everything_is_not_collinear() -> None:
    rows = frame(30)
    rows.loc[:14, "y"] = 3 * rows.loc[:14, "m"] - 1e3
    rows.loc[15:, "x"] = np.nan
    assert found(rows, "fiml") == []
