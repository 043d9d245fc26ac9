"""Rows that cannot be coded: every odd cell and every column that does not vary is located."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence import Evidence, read_evidence
from bayescx.spec import parse_model
from tests.evidence.coded_cases import MODEL, assert_as_coded_by_hand, matched, problems, rows


def spoiled(column: str, cells: dict[int, object]) -> pd.DataFrame:
    frame = rows().astype({column: object})
    for row, cell in cells.items():
        frame.loc[row, column] = cell
    return frame


PROBLEMS = [
    (
        "unknown category in one organization",
        spoiled("issue", {70: "refund", 72: "refund"}),
        "unknown category in column 'issue': north (data row 71: 'refund'); the model's levels: billing, delivery",
    ),
    (
        "misspelled category",
        spoiled("issue", {3: "Billing "}),
        "(data row 4: 'Billing '); the model's levels: billing, delivery, technical; did you mean 'billing'?",
    ),
    (
        "hostile category",
        spoiled("issue", {0: "a\n\x1b[31mb"}),
        "unknown category in column 'issue': south (data row 1: ",
    ),
    ("a list for a category", spoiled("issue", {0: ["billing"]}), "south (data row 1: \"['billing']\")"),
    (
        "a number for a category",
        spoiled("issue", {0: 3.0}),
        "unknown category in column 'issue': south (data row 1: '3.0')",
    ),
    (
        "no column of a category",
        rows().rename(columns={"issue": "Issue"}),
        "no column 'issue': south, north; did you mean 'Issue'?",
    ),
    (
        "no column of a hinge",
        rows().drop(columns="expectations"),
        "no column 'expectations': south, north; there is org, loyalty, trust, issue",
    ),
    (
        "text under a hinge",
        spoiled("expectations", {9: "high"}),
        "text in column 'expectations': south (data row 10: 'high')",
    ),
    (
        "infinity under a hinge",
        spoiled("expectations", {60: np.inf}),
        "a value that is not finite in column 'expectations': north (data row 61: inf)",
    ),
    (
        "column twice",
        pd.concat([rows(), rows()[["issue"]]], axis=1),
        "2 columns 'issue': south, north",
    ),
    (
        "hinge beforehand on the wrong side",
        rows(**{"below(expectations, 4)": lambda one: (4 - one["expectations"]).clip(lower=0)}),
        "a value above 0 in column 'below(expectations, 4)': ",
    ),
    (
        "dummy beforehand with other values",
        rows(**{"issue[delivery]": 2}),
        "in column 'issue[delivery]': south (data row 1: '2'), north (data row 61: '2'); the model's levels: 0, 1",
    ),
    (
        "nobody above the knot in all organizations",
        rows(expectations=lambda one: one["expectations"].clip(upper=3)),
        "nobody is above the knot of 'above(expectations, 4)': south, north; knot 4 lies outside the data (1 to 3)",
    ),
    (
        "nobody below the knot at the end of the data",
        rows(expectations=lambda one: one["expectations"].clip(lower=4)),
        "nobody is below the knot of 'below(expectations, 4)': south, north; knot 4 lies at the end of the data (4",
    ),
    (
        "levels that nobody has",
        rows(issue="billing"),
        "nobody has the levels 'delivery', 'technical' of 'issue': south, north; leave out of the model what nobody",
    ),
    (
        "reference that nobody has",
        rows(issue=lambda one: one["issue"].replace("billing", "delivery")),
        "nobody has the level 'billing' of 'issue', the reference: south, north; leave it out of the model's levels",
    ),
    (
        "level that tells organizations apart",
        rows(issue=lambda one: one["org"].map({"south": "billing", "north": "delivery"})),
        "'issue[delivery]' varies within no organization: south, north; what is the same for all respondents",
    ),
    (
        "constant in one organization",
        rows(trust=lambda one: one["trust"].where(one["org"] == "south", 3.0)),
        "(always 3); leave it or these organizations out, or write it as a cause with few values: category(trust, …)",
    ),
    (
        "characteristic of organizations",
        rows(trust=lambda one: one["org"].map({"south": 1.0, "north": 2.0})),
        "column 'trust' is constant: south (always 1), north (always 2); it tells organizations apart, and",
    ),
    (
        "plain variable that a level gives away",
        rows(trust=lambda one: one["trust"].where(one["org"] == "south", one["issue"] == "delivery").astype(float)),
        "not positive definite: some combination of trust, issue[delivery] has zero or negative variance: north",
    ),
]


@pytest.mark.parametrize(("frame", "message"), [pytest.param(*case, id=name) for name, *case in PROBLEMS])
@pytest.mark.parametrize("missing", ["fiml", "listwise"])
def test_is_refused_with_its_place(frame: pd.DataFrame, message: str, missing: str) -> None:
    found = problems(frame, missing=missing)
    assert len([one for one in found if message in one]) == 1, found


@pytest.mark.parametrize(("side", "at"), [("below", 9), ("below", 7), ("above", 1), ("above", 0)])
def test_a_hinge_that_bends_nothing_is_refused(side: str, at: int) -> None:
    """With the other side it would be said of that one."""
    model = parse_model(f"loyalty ~ trust + {side}(expectations, {at})")
    (problem,) = problems(rows(), model)
    other, where = ("above", "outside" if at == 9 else "at the end of") if side == "below" else ("below", "")
    where = where or ("at the end of" if at == 1 else "outside")
    assert problem == (
        f"nobody is {other} the knot of '{side}(expectations, {at})', which so is the whole variable: south, north; "
        f"knot {at} lies {where} the data (1 to 7): choose a knot inside them, or write expectations itself"
    )
    both = parse_model(f"loyalty ~ trust + below(expectations, {at}) + above(expectations, {at})")
    (problem,) = problems(rows(), both)
    assert problem.startswith(f"nobody is {other} the knot of '{other}(expectations, {at})': south, north; knot {at}")
    assert problems(rows(), parse_model(f"loyalty ~ trust + {side}(expectations, 4)")) == ()
    inside = rows().assign(expectations=lambda one: one["expectations"].clip(upper=4).where(one["org"] == "south", 6))
    assert problems(inside, parse_model("loyalty ~ trust + above(expectations, 3)")) == ()  # south has both sides


def test_one_category_is_one_problem_however_many_levels() -> None:
    assert len(problems(spoiled("issue", {0: "refund", 100: "lost"}))) == 1
    assert len(problems(rows().drop(columns=["issue", "expectations"]))) == 2


def test_missing_answers_must_be_left_out() -> None:
    frame = spoiled("issue", {0: None, 1: "n/a", 70: np.nan})
    frame.loc[[2, 3], "trust"] = np.nan
    frame.loc[104, "expectations"] = None
    (problem,) = problems(frame)
    assert problem == (
        "answers are missing, and a model with below(…), above(…) or category(…) needs complete ones: south (4 of 60 "
        "respondents), north (2 of 45 respondents); missing='listwise' (command line: --missing listwise; in an "
        'evidence file: missing = "listwise") leaves these respondents out'
    )
    found = matched(frame, missing="listwise")
    assert found.n_obs.tolist() == [56, 43]
    assert found.dropped == {"south": 4, "north": 2}
    assert_as_coded_by_hand(found, frame[~frame.index.isin([0, 1, 2, 3, 70, 104])])


def test_rows_without_any_answer_are_no_respondents() -> None:
    frame = rows().astype({"expectations": float})
    frame.loc[[0, 1], ["loyalty", "trust", "expectations", "issue"]] = None
    assert matched(frame).n_obs.tolist() == [58, 45]


def test_places_in_a_file_are_lines(tmp_path: Path) -> None:
    spoiled("issue", {70: "refund"}).to_csv(tmp_path / "rows.csv", index=False)
    (problem,) = read_evidence(tmp_path / "rows.csv", organization="org").problems(MODEL.observed, MODEL.coded)
    assert "north (data row 71, line 72 of rows.csv: 'refund')" in problem


def test_an_organization_may_lack_a_column() -> None:
    frame = rows()
    own = {str(name): one for name, one in frame.groupby("org", sort=False)}
    own["north"] = own["north"].drop(columns="issue")
    found = Evidence.from_parts(own).matched(MODEL.observed, MODEL.coded)
    assert np.isnan(found.mean[1]).tolist() == [False, False, False, False, True, True]
    np.testing.assert_allclose(found.cov[1, :4, :4], matched(frame).cov[1, :4, :4], rtol=1e-12)
    overview = Evidence.from_parts(own).summary(MODEL.observed, MODEL.coded)
    assert overview["lacks"].tolist() == ["", "issue[delivery], issue[technical]"]
    (problem,) = Evidence.from_parts(own, missing="listwise").problems(MODEL.observed, MODEL.coded)
    assert problem.startswith("no column 'issue': north")
    own["north"] = own["north"].assign(Issue="billing")
    (problem,) = Evidence.from_parts(own).problems(MODEL.observed, MODEL.coded)
    assert problem.startswith("no column 'issue': north; did you mean 'Issue'?")


def test_summary_counts_what_is_used() -> None:
    frame = spoiled("issue", {0: None})
    evidence = Evidence.from_rows(frame, organization="org", missing="listwise")
    overview = evidence.summary(MODEL.observed, MODEL.coded)
    assert overview["n_obs"].tolist() == [59, 45]
    assert overview["used"].all()
    assert not Evidence.from_rows(frame, organization="org").summary(MODEL.observed, MODEL.coded)["used"].all()
