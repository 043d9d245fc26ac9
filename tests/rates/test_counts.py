"""Counts from rows and tables, and everything that can be wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError
from bayescx.rates import Counts, fit_rates


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "org": ["north"] * 4 + ["south"] * 4 + [None],
            "mood": ["pleased", "pleased", "cross", "cross", "pleased", "cross", "cross", None, "cross"],
            "intent": ["stay", "leave", "stay", None, "stay", "leave", " leave ", "stay", "stay"],
        }
    )


def table() -> pd.DataFrame:
    return pd.DataFrame({"org": ["north", "south"], "stay": [3, 12], "leave": [1, 0]})


def test_rows_are_counted_by_group_and_what_is_missing_is_said() -> None:
    counts = Counts.from_rows(rows(), organization="org", outcome="intent", groups="mood", n_planned=5)
    assert (counts.organizations, counts.groups, counts.categories) == (
        ("north", "south"), ("cross", "pleased"), ("leave", "stay"),
    )  # fmt: skip
    assert counts.answers.tolist() == [[[0, 1], [1, 1]], [[2, 0], [0, 1]]]
    assert counts.missing == {"north": 1, "south": 1}
    assert counts.unassigned == 1
    assert counts.n_obs.tolist() == [[1, 2], [2, 1]]
    said = "2 of 5 organizations, 6 answers in 2 groups: leave, stay; 2 without an answer; 1 without an organization"
    assert repr(counts) == f"Counts({said})"
    with pytest.raises(ValueError, match="read-only"):
        counts.answers[0] = 1


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files_and_frames_give_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    rows().to_csv(path, index=False) if suffix == "csv" else rows().to_parquet(path)
    ways = [
        Counts.from_rows(source, organization="org", outcome="intent", groups="mood")
        for source in (rows(), path, str(path))
    ]
    assert all((one.answers == ways[0].answers).all() and one.missing == ways[0].missing for one in ways)
    counted = tmp_path / "counts.csv"
    table().to_csv(counted, index=False)
    assert Counts.from_table(counted, organization="org").answers.tolist() == [[[3, 1]], [[12, 0]]]


def test_categories_have_an_order() -> None:
    frame = rows().assign(score=[1, 10, 2, 2, 10, 1, 2, 2, 1])
    by_size = Counts.from_rows(frame, organization="org", outcome="score")
    assert by_size.categories == ("1", "2", "10")
    stated = pd.Categorical(frame["intent"].str.strip(), ["stay", "unsure", "leave"], ordered=True)
    ordered = Counts.from_rows(frame.assign(intent=stated), organization="org", outcome="intent")
    assert ordered.categories == ("stay", "unsure", "leave")
    chosen = Counts.from_rows(frame, organization="org", outcome="intent", categories=["stay", "leave", "call"])
    assert chosen.answers.sum(axis=(0, 1)).tolist() == [4, 3, 0]


def test_stated_names_are_no_missing_answers(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"org": list("aabb"), "reason": ["none", "price", "None", None], "mood": ["NA", "good", "good", "NA"]}
    )
    stated: dict[str, Any] = {"organization": "org", "outcome": "reason", "categories": ["none", "price"]}
    counts = Counts.from_rows(frame.replace("None", "none"), **stated)
    assert counts.answers.tolist() == [[[1, 1]], [[1, 0]]]
    assert counts.missing == {"b": 1}
    with pytest.raises(EvidenceError, match="without a single answer: b"):  # 'None' was not stated
        Counts.from_rows(frame, **stated)
    frame.replace("None", "none").to_csv(tmp_path / "rows.csv", index=False)
    from_file = Counts.from_rows(tmp_path / "rows.csv", **stated, groups="mood", group_names=["good", "NA"])
    assert from_file.groups == ("good", "NA")
    assert from_file.answers.tolist() == [[[0, 1], [1, 0]], [[1, 0], [0, 0]]]
    table_of = pd.DataFrame({"org": ["a", "a"], "mood": ["none", "good"], "stay": [1, 2], "leave": [3, 4]})
    by_group = Counts.from_table(table_of, organization="org", groups="mood", group_names=["good", "none"])
    assert by_group.answers.tolist() == [[[2, 4], [1, 3]]]


@pytest.mark.parametrize(
    ("cells", "categories", "names"),
    [
        ([1, 2, 2, 1], [1, 2], ("1", "2")),
        ([1.0, 2.0, 2.0, 1.0], ["1", "2.0"], ("1", "2")),
        (["01", "02", "2", "1"], ["01", "02"], ("1", "2")),
        ([True, False, False, True], ["true", "false"], ("true", "false")),
        ([1.5, 2.5, 2.5, 1.5], [1.5, 2.5], ("1.5", "2.5")),
    ],
)
def test_stated_categories_are_recognized_as_levels_of_a_model_are(
    cells: list[Any], categories: list[Any], names: tuple[str, ...]
) -> None:
    frame = pd.DataFrame({"org": list("aabb"), "x": cells})
    counts = Counts.from_rows(frame, organization="org", outcome="x", categories=categories)
    assert counts.categories == names
    assert counts.answers.tolist() == [[[1, 1]], [[1, 1]]]


def test_numbers_name_categories() -> None:
    answers = np.array([[[3, 4]]])
    assert Counts(("a",), ("",), (1, 2.0), answers, 1).categories == ("1", "2")  # type: ignore[arg-type]
    assert Counts.empty([1, 2]).categories == ("1", "2")  # type: ignore[list-item]
    frame = pd.DataFrame({"org": ["a"], 1: [3], 2: [4]})
    assert Counts.from_table(frame, organization="org", categories=[2, 1]).answers.tolist() == [[[4, 3]]]  # type: ignore[list-item]


def test_a_table_needs_no_row_for_an_empty_group() -> None:
    frame = pd.DataFrame({"org": ["a", "a", "b"], "mood": ["x", "y", "x"], "stay": [3, 4, 5.0], "leave": ["1", 0, 2]})
    counts = Counts.from_table(frame, organization="org", groups="mood", n_planned=4)
    assert counts.answers.tolist() == [[[3, 1], [4, 0]], [[5, 2], [0, 0]]]
    assert fit_rates(counts, draws=50).posterior.sizes["organization"] == 2
    chosen = Counts.from_table(frame.assign(note="x"), organization="org", groups="mood", categories=["leave", "stay"])
    assert chosen.answers[0].tolist() == [[1, 3], [0, 4]]


def test_hostile_names_are_names() -> None:
    names = ["<script>alert(1)</script>", "../../x", "$x$", "x" * 200, "顧客"]
    frame = pd.DataFrame({"org": names, "<b>yes</b>": [1, 2, 3, 4, 5], "$no$": [5, 4, 3, 2, 1]})
    counts = Counts.from_table(frame, organization="org")
    assert counts.organizations == tuple(names)
    assert "<script>" not in counts._repr_html_()
    assert "&lt;b&gt;yes" in counts._repr_html_()


ROWS: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "no column": (rows(), {"outcome": "intnt"}, ["no column 'intnt' for outcome; did you mean 'intent'"]),
    "no organization": (rows(), {"organization": "shop"}, ["no column 'shop' to tell the organizations apart"]),
    "no groups": (rows(), {"groups": "modd", "outcome": "x"}, ["for outcome", "no column 'modd' for groups"]),
    "no name": (rows(), {"organization": 3}, ["organization must be the name of a column"]),
    "no outcome": (rows(), {"outcome": None}, ["outcome must be the name of a column"]),
    "no table": ([1, 2], {}, ["a table is needed"]),
    "no file": ("nowhere.csv", {}, ["no such file"]),
    "no rows": (rows().iloc[:0], {}, ["the table has no rows"]),
    "not stated": (
        rows(), {"categories": ["stay", "leaves"]},
        ["a category that was not stated, 'leave': north (data row 2), south (data row 6)", "are stay, leaves"],
    ),
    "a slip": (
        rows().replace({"intent": {" leave ": "laeve"}}), {},
        ["of one organization alone, 'laeve': south (data row 7)", "there is laeve, leave, stay", "categories=[...]"],
    ),
    "one category": (rows().assign(intent="stay"), {}, ["two or more categories are needed, found stay"]),
    "nothing answered": (rows().assign(intent=None), {}, ["two or more categories are needed, found none"]),
    "names twice": (rows(), {"categories": ["stay", "stay"]}, ["categories name 'stay' twice"]),
    "categories as text": (rows(), {"categories": "stay"}, ["categories must be a list of names"]),
    "an empty category": (rows(), {"categories": ["stay", " "]}, ["'' is no name"]),
    "a truth value": (rows(), {"categories": ["stay", True]}, ["True is no name"]),
    "a group not stated": (
        rows(), {"groups": "mood", "group_names": ["pleased", "angry"]},
        ["a group that was not stated, 'cross': north (data row 3), south (data row 6); the groups are pleased, angry"],
    ),
    "names of no groups": (rows(), {"group_names": ["pleased"]}, ["group_names need groups"]),
    "groups that are words for missing": (
        rows().assign(mood="none"), {"groups": "mood"}, ["no respondent belongs to a group; if words such as 'none'"],
    ),
    "an empty group": (
        rows().assign(mood=["pleased"] * 8 + ["cross"]), {"groups": "mood"}, ["group 'cross': nobody gave an answer"],
    ),
    "no group at all": (rows().assign(mood=None), {"groups": "mood"}, ["column 'mood' is empty"]),
    "a silent organization": (
        rows().assign(intent=["stay", "leave", None, None, None, None, None, None, None]),
        {"categories": ["stay", "leave"]}, ["an organization without a single answer: south; leave it out"],
    ),
    "too few planned": (rows(), {"n_planned": 1}, ["n_planned = 1 is smaller than the number"]),
    "planned no number": (rows(), {"n_planned": 2.5}, ["n_planned must be a whole number above 0"]),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_malformed_rows(case: str) -> None:
    frame, changes, messages = ROWS[case]
    with pytest.raises(EvidenceError) as raised:
        Counts.from_rows(frame, **{"organization": "org", "outcome": "intent"} | changes)
    for message in messages:
        assert message in str(raised.value)


TABLES: dict[str, tuple[pd.DataFrame, dict[str, Any], list[str]]] = {
    "a group not stated": (
        table().assign(mood=["x", "y"]), {"groups": "mood", "group_names": ["x"]}, ["a group that was not stated: y"],
    ),
    "negative": (table().assign(stay=[3, -1]), {}, ["a negative count in column 'stay': south (data row 2: -1)"]),
    "share": (table().assign(stay=[0.3, 1]), {}, ["a share in column 'stay': north (data row 1: 0.3); counts are"]),
    "fraction": (table().assign(stay=[3.5, 1]), {}, ["a count that is not whole in column 'stay': north"]),
    "empty": (table().assign(stay=[np.nan, 1]), {}, ["an empty cell in column 'stay': north", "write 0 where nobody"]),
    "text": (table().assign(stay=["many", 1]), {}, ["text in column 'stay': north (data row 1: 'many')"]),
    "infinite": (table().assign(stay=[np.inf, 1]), {}, ["a count too large to be one in column 'stay'"]),
    "twice": (
        table().assign(org="north"), {},
        ["an organization has several rows: north, data row 1, data row 2; name the column of groups"],
    ),
    "nameless": (table().assign(org=["north", " "]), {}, ["no organization is named: data row 2"]),
    "twice in a group": (
        table().assign(org="north", mood="x"), {"groups": "mood"}, ["several rows in the same group: north (x)"],
    ),
    "no group": (table().assign(mood=["x", None]), {"groups": "mood"}, ["no group is named: data row 2"]),
    "zeros": (table().assign(stay=0, leave=0), {}, ["nobody gave an answer"]),
    "a silent organization": (table().assign(stay=[3, 0], leave=[1, 0]), {}, ["without a single answer: south"]),
    "one column": (table()[["org", "stay"]], {}, ["two or more categories are needed, found stay"]),
    "no column": (table(), {"categories": ["stay", "leaves"]}, ["no column 'leaves' for a category; did you mean"]),
    "no rows": (table().iloc[:0], {}, ["the table has no rows"]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_malformed_tables(case: str) -> None:
    frame, changes, messages = TABLES[case]
    with pytest.raises(EvidenceError) as raised:
        Counts.from_table(frame, **{"organization": "org"} | changes)
    for message in messages:
        assert message in str(raised.value)


def test_problems_are_reported_together() -> None:
    frame = pd.DataFrame({"org": ["a", "a", None], "stay": [-1, 0.5, 2], "leave": ["x", 1, 1]})
    with pytest.raises(EvidenceError) as raised:
        Counts.from_table(frame, organization="org")
    assert len(raised.value.problems) == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answers": np.zeros((2, 1, 2), dtype=int)}, "without a single answer: a, b"),
        ({"answers": np.array([[[1, -1]], [[2, 3]]])}, "negative counts: a"),
        ({"answers": np.array([[[1, 0.5]], [[2, 3]]])}, "must be whole numbers"),
        ({"answers": np.ones((2, 2, 2), dtype=int)}, "must have shape"),
        ({"answers": np.array([[[np.inf, 1]], [[2, 3]]])}, "below 1,000,000,000,000, found inf"),
        ({"answers": np.array([[[1e300, 1]], [[2, 3]]])}, r"found 1e\+300"),
        ({"categories": ("x",)}, "two or more categories"),
        ({"organizations": ("a", "a")}, "organizations name 'a' twice"),
        ({"n_planned": 1}, "smaller than"),
    ],
)
def test_counts_are_checked_when_they_are_made(changes: dict[str, Any], message: str) -> None:
    sound: dict[str, Any] = {
        "organizations": ("a", "b"), "groups": ("",), "categories": ("x", "y"),
        "answers": np.array([[[1, 2]], [[3, 4]]]), "n_planned": 4,
    }  # fmt: skip
    assert Counts(**sound).n_planned == 4
    with pytest.raises(EvidenceError, match=message):
        Counts(**sound | changes)
