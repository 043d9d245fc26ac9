"""Attributes of organizations: from rows, stated in a table, a mapping or a document; and as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.coding import Attribute, Category
from bayescx.evidence import Attributes, Evidence, Matched, Published, SampleMoments, read_evidence
from bayescx.evidence.toml import attributes_document
from bayescx.spec import parse_model

MODEL = parse_model("y ~ pool(x, employees) + pool(z, employees, category(industry, services, goods, finance))")
NAMES = ("employees", "industry[goods]", "industry[finance]")
STAFF = {"north": 100, "south": 250, "east": 400, "west": 50, "mid": 700, "far": 300}
INDUSTRY = dict(zip(STAFF, ["services", "goods", "finance", "goods", "services", "finance"], strict=True))
VALUES = np.array([[100, 0, 0], [250, 1, 0], [400, 0, 1], [50, 1, 0], [700, 0, 0], [300, 0, 1.0]])
STATED = pd.DataFrame({"employees": STAFF, "industry": INDUSTRY})
HOSTILE = '<script>alert("1")</script>\n../../x'


def rows(n: int = 20, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(n * len(STAFF), 3)), columns=["y", "x", "z"])
    frame["org"] = np.repeat(list(STAFF), n)
    return frame.assign(employees=frame["org"].map(STAFF), industry=frame["org"].map(INDUSTRY)).assign(**columns)


def plain() -> pd.DataFrame:
    return rows().drop(columns=["employees", "industry"])


def matched(frame: pd.DataFrame | None = None, **options: Any) -> Matched:
    evidence = Evidence.from_rows(rows() if frame is None else frame, organization="org", **options)
    return evidence.matched(MODEL.observed, MODEL.coded, MODEL.attributes)


def moments() -> dict[str, SampleMoments]:
    return Evidence.from_rows(plain(), organization="org").matched(MODEL.observed).moments()


def test_attributes_are_read_from_rows() -> None:
    found = matched().attributes
    assert found.names == NAMES
    assert found.moderators == tuple(MODEL.attributes.values())
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.unreported == ()
    assert found.unreported_values.shape == (0, 3)


@pytest.mark.parametrize(
    "frame",
    [
        rows().astype({"industry": "category", "employees": "float32"}),
        rows().astype({"industry": "category", "employees": "category"}),
        rows(industry=lambda one: " " + one["industry"] + " "),
        rows().sample(frac=1, random_state=1).sort_values("org", key=lambda org: org.map(list(STAFF).index)),
        rows(employees=lambda one: one["employees"].where(one.index % 7 < 5)),
        rows(industry=lambda one: one["industry"].where(one.index % 7 < 5, "NA")),
    ],
)
def test_ways_in_which_tables_hold_them(frame: pd.DataFrame) -> None:
    np.testing.assert_array_equal(matched(frame).attributes.values, VALUES)


@pytest.mark.parametrize(
    "stated",
    [
        STATED,
        STATED.astype({"industry": "category"}),
        STATED.sort_index(),
        STATED.assign(region="elsewhere", since=2001),
        STATED.T.to_dict(),
        {f" {name} ": {"employees": np.int64(STAFF[name]), "industry": f" {INDUSTRY[name]} "} for name in STAFF},
    ],
)
def test_stated_ones_are_those_of_rows(stated: Any) -> None:
    assert matched(plain(), attributes=stated).attributes == matched().attributes
    assert matched(attributes=stated).fingerprint == matched().fingerprint


def test_some_are_stated_and_the_others_are_in_rows() -> None:
    found = matched(rows().drop(columns="employees"), attributes=STATED[["employees"]])
    assert found.fingerprint == matched().fingerprint
    frame = rows(employees=lambda one: one["employees"].where(one["org"] != "east"))
    assert matched(frame, attributes={"east": {"employees": 400.0}}).fingerprint == matched().fingerprint


def test_moments_parts_and_figures_take_them_too() -> None:
    arguments = MODEL.observed, MODEL.coded, MODEL.attributes
    by_moments = Evidence.from_moments(moments(), attributes=STATED).matched(*arguments)
    assert by_moments.attributes == matched().attributes
    parts = {name: frame.drop(columns="org") for name, frame in rows().groupby("org", sort=False)}
    assert Evidence.from_parts(parts, attributes=STATED).matched(*arguments).fingerprint == matched().fingerprint
    figure = Published(statistic="r_squared", outcome="y", value=0.5, organizations=list(STAFF), n_obs=600)
    figures = Evidence.from_published([figure], n_planned=8, attributes=STATED)
    np.testing.assert_array_equal(figures.matched(*arguments).attributes.values, VALUES)


def test_numbers_are_standardized_over_those_that_reported() -> None:
    new = np.array([[1_000_000, 1, 0.0]])
    found = matched(n_planned=7, attributes={"new": {"employees": 1_000_000, "industry": "goods"}}).attributes
    for attributes in (found, matched().attributes):
        np.testing.assert_allclose(attributes.centre, VALUES.mean(axis=0))
        np.testing.assert_allclose(attributes.scale, [VALUES[:, 0].std(ddof=0), 1, 1])
    np.testing.assert_allclose(found.z(), (VALUES - found.centre) / found.scale)
    np.testing.assert_allclose(found.z_unreported(), (new - found.centre) / found.scale)
    np.testing.assert_allclose(found.z().mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found.z()[:, 0].std(), 1)
    same = Attributes((Attribute("x"),), np.full((3, 1), 7.0), (), np.empty((0, 1)))
    np.testing.assert_array_equal(same.z(), np.zeros((3, 1)))


def test_planned_organizations_that_did_not_report() -> None:
    stated = {
        "new": {"employees": 1000, "industry": "goods"},
        "newer": {"employees": 5, "industry": "finance"},
        "nothing known": {"region": "south"},
    }
    found = matched(n_planned=8, attributes=stated)
    assert found.attributes.unreported == ("new", "newer")
    np.testing.assert_array_equal(found.attributes.unreported_values, [[1000, 1, 0], [5, 0, 1]])
    np.testing.assert_array_equal(found.attributes.values, VALUES)


def test_organizations_kept_out_count_where_they_can_be_planned() -> None:
    frame = rows().drop(range(15))  # north has 5 respondents
    assert matched(frame, min_n=10).attributes.unreported == ()
    found = matched(frame, min_n=10, n_planned=6).attributes
    assert found.unreported == ("north",)
    np.testing.assert_array_equal(found.unreported_values, VALUES[:1])
    new = {"new": {"employees": 1000, "industry": "goods"}}
    assert matched(frame, min_n=10, n_planned=6, attributes=new).attributes.unreported == ("new",)
    assert matched(frame, min_n=10, n_planned=7, attributes=new).attributes.unreported == ("new", "north")


def test_those_cut_off_are_unreported() -> None:
    whole = matched(n_planned=7, attributes={"new": {"employees": 1000, "industry": "goods"}})
    part = whole.only(["south", "mid"])
    assert part.organizations == ("south", "mid")
    np.testing.assert_array_equal(part.attributes.values, VALUES[[1, 4]])
    assert part.attributes.unreported == ("new", "north", "east", "west", "far")
    np.testing.assert_array_equal(part.attributes.unreported_values[1:], VALUES[[0, 2, 3, 5]])
    np.testing.assert_allclose(part.attributes.centre, whole.attributes.centre)  # one unit before and after a report
    np.testing.assert_allclose(part.attributes.z(), whole.attributes.z()[[1, 4]])
    assert whole.only(whole.organizations).fingerprint == whole.fingerprint
    assert whole.only([]).attributes.values.shape == (0, 3)
    again = Attributes.from_dict(part.attributes.to_dict())
    assert again == part.attributes
    np.testing.assert_array_equal(again.only([0], ["south", "mid"]).z(), part.attributes.z()[:1])


def test_without_attributes_nothing_changes() -> None:
    evidence = Evidence.from_rows(rows(), organization="org", attributes=STATED, n_planned=9)
    found = evidence.matched(MODEL.observed)
    assert found.attributes.values.shape == (6, 0)
    assert found.attributes.names == found.attributes.unreported == ()
    assert found.attributes == Attributes.none(6)
    assert found.only(["east"]).attributes == Attributes.none(1)
    assert (
        found.fingerprint
        == Evidence.from_rows(plain(), organization="org", n_planned=9).matched(MODEL.observed).fingerprint
    )


def test_fingerprints_tell_attributes_apart() -> None:
    new = {"new": {"employees": 1000, "industry": "goods"}}
    other = {"new": {"employees": 1001, "industry": "goods"}}
    found = {
        matched().fingerprint,
        matched(n_planned=7).fingerprint,
        matched(n_planned=7, attributes=new).fingerprint,
        matched(n_planned=7, attributes=other).fingerprint,
        matched(rows(employees=lambda one: one["employees"] + 1)).fingerprint,
        Evidence.from_rows(rows(), organization="org").matched(MODEL.observed).fingerprint,
    }
    assert len(found) == 6


def test_they_survive_dictionaries_and_documents(tmp_path: Path) -> None:
    names = ["plain", HOSTILE, "a.b", "満足"]
    column, level = "number of `x`", 'le"vel'
    stated = {name: {column: 0.1 + place, "kind": [level, "3", "b"][place % 3]} for place, name in enumerate(names)}
    moderators = {
        one.name: one for one in (Attribute(column), *(Category("kind", k, ("3", "b", level)) for k in ("b", level)))
    }
    parts = {name: plain()[["y", "x", "z"]][:20] for name in names[:3]}
    evidence = Evidence.from_parts(parts, n_planned=4, attributes=stated)
    found = evidence.matched(["y", "x", "z"], None, moderators).attributes
    assert found.unreported == (names[3],)
    assert Attributes.from_dict(found.to_dict()) == found
    assert found.stated(evidence.organizations) == stated
    (tmp_path / "a.csv").write_text(plain()[:20].to_csv(index=False))
    shares = '[organizations.a]\nrows = "a.csv"\n'
    (tmp_path / "evidence.toml").write_text(shares + attributes_document(stated), encoding="utf-8")
    assert read_evidence(tmp_path / "evidence.toml").attributes == stated


def test_a_document_states_attributes(tmp_path: Path) -> None:
    rows().drop(columns="industry").to_csv(tmp_path / "rows.csv", index=False)
    tables = "".join(f'[attributes.{name}]\nindustry = "{INDUSTRY[name]}"\n' for name in STAFF)
    new = '[attributes." new one "]\nemployees = 12\nindustry = "goods"\n'
    text = f'n_planned = 7\nrows = "rows.csv"\norganization = "org"\n{tables}{new}'
    (tmp_path / "evidence.toml").write_text(text)
    found = read_evidence(tmp_path / "evidence.toml").matched(MODEL.observed, MODEL.coded, MODEL.attributes).attributes
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.unreported == ("new one",)
    np.testing.assert_array_equal(found.unreported_values, [[12, 1, 0]])


def test_levels_count_by_value() -> None:
    model = parse_model("y ~ pool(x, category(kind, 1, 2)) + pool(z, category(old, false, true))")
    stated = {
        name: {"kind": kind, "old": old}
        for name, kind, old in zip(
            STAFF, [1, 2.0, "01", "2", 1, 2], [True, "true", False, "false", 1.0, 0], strict=True
        )
    }
    del stated["mid"]["old"], stated["far"]["old"]
    frame = plain().assign(old=lambda one: one["org"].map({"mid": True, "far": False}))
    evidence = Evidence.from_rows(frame, organization="org", attributes=stated)
    found = evidence.matched(model.observed, model.coded, model.attributes).attributes
    assert found.values.T.tolist() == [[0, 1, 0, 1, 0, 1], [1, 1, 0, 0, 1, 0]]


def test_attributes_do_not_change() -> None:
    found = matched().attributes
    with pytest.raises(ValueError, match="read-only"):
        found.values[0, 0] = 1.0
    with pytest.raises(ValueError, match="finite, one column each"):
        Attributes((Attribute("x"),), np.array([[np.nan]]), (), np.empty((0, 1)))
    with pytest.raises(ValueError, match="one column each"):
        Attributes((Attribute("x"),), np.ones((1, 2)), (), np.empty((0, 1)))
