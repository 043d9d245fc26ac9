"""Attributes that cannot be used: every problem is named with its organization, and all are reported together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, read_evidence
from bayescx.model.told_apart import check_matched_attributes, check_told_apart
from bayescx.spec import parse_model
from tests.evidence.test_attributes import MODEL, STAFF, STATED, matched, plain, rows

ABSENT = "it is a column with one value for all respondents of an organization, or is stated"
NEW = {"new": {"employees": 1000, "industry": "goods"}}


def changed(column: str, cells: dict[int, object]) -> pd.DataFrame:
    frame = rows().astype({column: object})
    for row, cell in cells.items():
        frame.loc[row, column] = cell
    return frame


PROBLEMS: list[tuple[str, pd.DataFrame, dict[str, Any], str]] = [
    (
        "nowhere",
        plain(),
        {},
        f"no attribute 'employees' of any organization; {ABSENT}: [attributes.north] employees = 1200",
    ),
    (
        "nowhere, a category",
        plain(),
        {},
        f"no attribute 'industry' of any organization; {ABSENT}: [attributes.north] industry = \"services\"",
    ),
    (
        "misspelled column",
        rows().rename(columns={"employees": "Employee"}),
        {},
        "no attribute 'employees' of any organization; did you mean 'Employee'? Otherwise state it: [attributes.north]",
    ),
    (
        "misspelled statement",
        plain(),
        {"attributes": STATED.rename(columns={"industry": "industri"})},
        "no attribute 'industry' of any organization; did you mean 'industri'?",
    ),
    (
        "missing in two",
        rows(employees=lambda one: one["employees"].where(~one["org"].isin(["south", "far"]))),
        {},
        "attribute 'employees' is missing: south, far; state it: [attributes.south] employees = 1200",
    ),
    (
        "missing of one that did not report",
        rows(),
        {"attributes": {"new one": {"employees": 3}}, "n_planned": 7},
        'attribute \'industry\' is missing: new one; state it: [attributes."new one"] industry = "services"',
    ),
    (
        "two values",
        changed("employees", {3: 101, 25: 250.5}),
        {},
        "has more than one value: north (100 in data row 1, 101 in data row 4), south (250 in data row 21, 250.5 in",
    ),
    (
        "two values, meant as two terms",
        changed("employees", {3: 101}),
        {},
        "; an attribute is the same for all respondents of an organization (two pooled terms are written pool(x) + ",
    ),
    (
        "two levels",
        changed("industry", {3: "goods"}),
        {},
        "attribute 'industry' has more than one value: north (services in data row 1, goods in data row 4)",
    ),
    ("text", changed("employees", {3: "many"}), {}, "text in column 'employees': north (data row 4: 'many')"),
    (
        "infinite",
        rows(employees=np.inf),
        {},
        "attribute 'employees' is not finite: north (data row 1: inf), south (data row 21: inf)",
    ),
    ("infinite in one", changed("employees", dict.fromkeys(range(20), np.inf)), {}, "north (data row 1: inf)"),
    (
        "unknown level",
        changed("industry", dict.fromkeys(range(20), "Services Ltd")),
        {},
        "unknown category in column 'industry': north (data row 1: 'Services Ltd'); the model's levels: services, ",
    ),
    (
        "unknown level stated",
        plain(),
        {"attributes": STATED.replace("goods", "\x1b[31mgods")},
        "unknown category in attribute 'industry': south (stated: '\\x1b[31mgods'), west",
    ),
    (
        "text stated",
        plain(),
        {"attributes": STATED.astype({"employees": str})},
        "attribute 'employees' is not a number: north (stated: '100'), south (stated: '250')",
    ),
    (
        "truth value stated",
        rows().drop(columns="employees"),
        {"attributes": STATED[["employees"]].astype(object).replace(50, True)},
        "attribute 'employees' is not a number: west (stated: True); state a number",
    ),
    (
        "infinity stated",
        rows().drop(columns="employees"),
        {"attributes": STATED[["employees"]].astype(object).mask(STATED == 50, 10**400)},
        "attribute 'employees' is not finite: west (stated: inf)",
    ),
    (
        "stated otherwise",
        rows(),
        {"attributes": {"east": {"employees": 401, "industry": "goods"}}},
        "attribute 'employees' is stated otherwise than rows have it: east (401 stated, 400 in its rows)",
    ),
    (
        "level stated otherwise",
        rows(),
        {"attributes": {"east": {"industry": "goods"}}},
        "attribute 'industry' is stated otherwise than rows have it: east (goods stated, finance in its rows)",
    ),
    (
        "the same everywhere",
        rows(employees=7),
        {},
        "attribute 'employees' is 7 everywhere and tells no organizations apart; leave it out of the model, or wait",
    ),
    ("one level everywhere", rows(industry="goods"), {}, "attribute 'industry' is goods everywhere and tells no"),
    (
        "nobody of a level",
        rows(industry=lambda one: one["industry"].replace("finance", "goods")),
        {"attributes": {"new": {"employees": 1, "industry": "finance"}}, "n_planned": 7},
        "no organization has the level 'finance' of attribute 'industry' (only organizations that share something ",
    ),
    (
        "nobody of the reference",
        rows(industry=lambda one: one["industry"].replace("services", "goods")),
        {},
        "no organization has the level 'services' of attribute 'industry'",
    ),
    (
        "more than are planned",
        rows(),
        {"attributes": {**NEW, "newer": NEW["new"]}, "n_planned": 7},
        "attributes are stated of 2 organizations that shared nothing (new, newer), but n_planned = 7 leaves 1; ",
    ),
    (
        "not planned, misspelled",
        rows(),
        {"attributes": {"North": NEW["new"]}},
        "of 1 organization that shared nothing (North), but n_planned is not stated; did you mean 'north' by 'North'?",
    ),
    (
        "planned, misspelled",
        rows(),
        {"attributes": {"North": NEW["new"], "fa r\x1b": NEW["new"], "new": NEW["new"]}, "n_planned": 9},
        "stated of 'North', which shared nothing; did you mean 'north'? If that is another organization, give it a ",
    ),
    (
        "misspelled, of a series",
        rows(org=lambda one: "shop " + one["org"].map(dict(zip(STAFF, "abcdef", strict=True)))),
        {"attributes": {"shopp a": NEW["new"]}, "n_planned": 7},
        "stated of 'shopp a', which shared nothing; did you mean 'shop a'?",
    ),
    (
        "too large to be squared",
        rows(employees=lambda one: 1e160 * one["employees"]),
        {},
        "values of attribute 'employees' are too large, or too close to 0, to be compared: west (5e+161), mid (7e+162)",
    ),
    (
        "too small to be squared",
        rows(employees=lambda one: -1e-170 * one["employees"]),
        {},
        "too close to 0, to be compared: west (-5e-169), mid (-7e-168); tell them in another unit, such as millions",
    ),
    (
        "a table that is not indexed by organization",
        plain(),
        {"attributes": STATED.reset_index()},
        "stated of 6 organizations that shared nothing (0, 1, 2, 3, 4 ... and 1 more), but n_planned is not stated",
    ),
]


@pytest.mark.parametrize(
    ("frame", "options", "fragment"), [case[1:] for case in PROBLEMS], ids=[c[0] for c in PROBLEMS]
)
def test_problems_are_located(frame: pd.DataFrame, options: dict[str, Any], fragment: str) -> None:
    evidence = Evidence.from_rows(frame, organization="org", **options)
    found = evidence.problems(MODEL.observed, MODEL.coded, MODEL.attributes)
    assert fragment in "\n".join(found).replace("\x1b", "\\x1b")
    with pytest.raises(EvidenceError) as refused:
        evidence.matched(MODEL.observed, MODEL.coded, MODEL.attributes)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value).splitlines()) <= 24
    assert evidence.problems(MODEL.observed) == ()


@pytest.mark.parametrize("name", ["shop g", "shop 1", "elsewhere"])
def test_another_of_a_series_is_no_slip(name: str) -> None:
    frame = rows(org=lambda one: "shop " + one["org"].map(dict(zip(STAFF, "abcdef", strict=True))))
    found = matched(frame, attributes={name: NEW["new"]}, n_planned=7)
    assert found.attributes.unreported == (name,)


def test_attributes_of_others_are_no_evidence() -> None:
    found = matched()
    with pytest.raises(ValueError, match="attributes of 6 organizations do not go with evidence on 5"):
        replace(found, organizations=found.organizations[:5])


def test_organizations_join_in_the_place_of_those_expected() -> None:
    stated = {name: {"employees": k, "industry": "goods"} for k, name in enumerate(["first", "second"])}
    found = matched(attributes=stated, n_planned=8).attributes
    joined = found.joined(np.array([[7.0, 1, 0]]), 2)
    np.testing.assert_array_equal(joined.values, np.insert(found.values, 2, [7.0, 1, 0], axis=0))
    assert joined.unreported == ("second",)
    np.testing.assert_array_equal(joined.unreported_values, [[1.0, 1, 0]])
    np.testing.assert_allclose(joined.centre, joined.values.mean(axis=0))


def test_all_problems_are_reported_together() -> None:
    frame = changed("employees", {3: 101}).assign(x=lambda one: one["x"].where(one["org"] != "mid", 1.0))
    evidence = Evidence.from_rows(frame, organization="org", attributes={"new": {"employees": 1}}, n_planned=3)
    found = "\n".join(evidence.problems(MODEL.observed, MODEL.coded, MODEL.attributes))
    for fragment in ("n_planned = 3 is smaller", "column 'x' is constant: mid", "more than one value: north", "(new)"):
        assert fragment in found


@pytest.mark.parametrize(
    ("stated", "fragment"),
    [
        ([1], "attributes must be a DataFrame indexed by organization, or a mapping"),
        ("north", "not str"),
        ({"north": 3}, "the attributes of north must be a table of names and values, found 3"),
        ({"north": {"employees": [1]}}, "attribute 'employees' of north is a number or text, found [1]"),
        ({"north": {"employees": 1j}}, "of north is a number or text, found 1j"),
        ({"north": {}, " north": {}}, "attributes are stated of north twice"),
        ({" ": {"employees": 1}}, "attributes are stated of no organization"),
        (pd.concat([STATED, STATED[:1]]), "attributes are stated of north twice"),
        (pd.concat([STATED, STATED], axis=1), "two columns of one name: employees, industry"),
    ],
)
def test_statements_that_are_none(stated: Any, fragment: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        Evidence.from_rows(rows(), organization="org", attributes=stated)
    assert fragment in str(refused.value)


def test_a_document_reports_statements_with_the_rest(tmp_path: Path) -> None:
    rows().to_csv(tmp_path / "rows.csv", index=False)
    text = 'rows = "rows.csv"\norganization = "org"\nplaned = 3\n[attributes]\nnorth = 3\n[attributes.south]\nx = [1]\n'
    (tmp_path / "evidence.toml").write_text(text)
    found = "\n".join(read_evidence(tmp_path / "evidence.toml").problems(MODEL.observed))
    for fragment in (
        "unknown key 'planed'",
        "attributes of north must be a table",
        "attribute 'x' of south is a number",
    ):
        assert fragment in found


def test_numbers_in_single_precision_are_the_same() -> None:
    frame = rows(employees=lambda one: (one["employees"] / 1000).astype("float32"))
    stated = {name: {"employees": value / 1000} for name, value in STATED["employees"].items()}
    assert matched(frame, attributes=stated).attributes.values[0, 0] == 0.1


def few(organizations: list[str], text: str) -> None:
    model = parse_model(text)
    frame = rows()
    evidence = Evidence.from_rows(frame[frame["org"].isin(organizations)], organization="org")
    found = evidence.matched(model.observed, model.coded, model.attributes)
    check_matched_attributes(model, found)
    check_told_apart(model, found)


def test_too_few_organizations_for_a_path() -> None:
    few(["north", "south", "east"], "y ~ pool(x, employees)")
    with pytest.raises(EvidenceError, match=r"y~x: 2 organizations cannot tell what employees does to it: at least 3"):
        few(["north", "south"], "y ~ pool(x, employees)")
    industry = "category(industry, services, goods, finance)"
    with pytest.raises(EvidenceError) as refused:
        few(["north", "south", "east", "west"], f"y ~ pool(x, employees, {industry}) + pool(z, {industry})")
    shown = "4 organizations cannot tell what employees, industry[goods], industry[finance] do to it: at least 5 are"
    assert f"y~x: {shown}" in str(refused.value)
    assert "y~z" not in str(refused.value)


def test_attributes_that_say_the_same() -> None:
    model = parse_model("y ~ pool(x, employees, half)")
    evidence = Evidence.from_rows(rows(half=lambda one: one["employees"] / 2 + 3), organization="org")
    found = evidence.matched(model.observed, None, model.attributes)
    with pytest.raises(
        EvidenceError, match="y~x: these 6 organizations cannot tell employees from half, which are coll"
    ):
        check_told_apart(model, found)


def test_evidence_for_other_attributes_is_refused() -> None:
    found = Evidence.from_rows(rows(), organization="org").matched(MODEL.observed)
    with pytest.raises(EvidenceError, match="matched to the attributes none, but this model needs employees, industry"):
        check_matched_attributes(MODEL, found)
    with pytest.raises(EvidenceError, match="but this model needs none"):
        check_matched_attributes(parse_model("y ~ x + z"), matched())
