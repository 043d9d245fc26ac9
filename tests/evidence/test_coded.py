"""Coded columns: what rows give, to the last digit, and what nobody has."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence import Evidence, Matched, SampleMoments, empty_levels, read_evidence
from bayescx.spec import parse_model
from tests.evidence.coded_cases import HOSTILE, MODEL, assert_as_coded_by_hand, by_hand, matched, problems, rows


def test_moments_are_those_of_columns_coded_by_hand() -> None:
    frame = rows()
    found = matched(frame)
    assert found.variables == MODEL.observed
    assert found.n_obs.tolist() == [60, 45]
    assert found.patterns == {}
    assert found.empty == {}
    assert_as_coded_by_hand(found, frame)


def test_rows_coded_by_hand_are_the_same_evidence() -> None:
    frame = rows()
    own = by_hand(frame, MODEL.observed, MODEL.coded).assign(org=frame["org"])
    assert matched(own).fingerprint == matched(frame).fingerprint
    assert matched(own.astype({"issue[delivery]": bool})).fingerprint == matched(frame).fingerprint
    some = frame.assign(**{"issue[delivery]": own["issue[delivery]"]}).drop(columns="loyalty").join(own["loyalty"])
    assert matched(some).fingerprint == matched(frame).fingerprint


def test_rows_and_their_moments_are_the_same_evidence() -> None:
    by_rows = matched(rows())
    shared = {name: SampleMoments.from_json(one.to_json()) for name, one in by_rows.moments().items()}
    evidence = Evidence.from_moments(shared)
    assert evidence.matched(MODEL.observed, MODEL.coded).fingerprint == by_rows.fingerprint
    mixed = Evidence.from_parts({"south": shared["south"], "north": rows().query("org == 'north'")})
    np.testing.assert_array_equal(mixed.matched(MODEL.observed, MODEL.coded).cov, by_rows.cov)


def test_evidence_without_coded_columns_has_the_fingerprint_that_it_had() -> None:
    frame, names = rows(), ["loyalty", "trust", "expectations"]
    evidence = Evidence.from_rows(frame, organization="org")
    assert evidence.matched(names).fingerprint == evidence.matched(names, {}).fingerprint
    assert evidence.matched(names).fingerprint == evidence.matched(names, MODEL.coded).fingerprint
    moments = {name: SampleMoments(len(own), own.mean(), own.cov()) for name, own in frame[names].groupby(frame["org"])}
    cut = evidence.matched(names).only(["south"])
    assert Evidence.from_moments({"south": moments["south"]}, n_planned=2).matched(names).n_obs.tolist() == [60]
    assert cut.empty == {}


@pytest.mark.parametrize(
    ("levels", "cells"),
    [
        ("1, 2, 3", [1, 2, 3]),
        ("1, 2, 3", [1.0, 2.0, 3.0]),
        ("1, 2, 3", ["1", " 2 ", "3.0"]),
        ("01, 2.0, 3", ["1", "02", "3"]),
        ("-1, 0, 2.5", [-1.0, 0.0, 2.5]),
        ("a, b, `c d`", ["a", " b", "c d "]),
        ("满, 足, `a, b`", ["满", "足", "a, b"]),
        (f"`{HOSTILE}`, `[x]`, `$x$`", [HOSTILE, "[x]", "$x$"]),
        ("123456781, 123456782, 123456783", [123456781, 123456782, 123456783]),
        ("1234567890121, 1234567890122, 1234567890123", [1234567890121, 1234567890122, 1234567890123]),
        ("1234567890121, 1234567890122, 1234567890123", [1234567890121.0, 1234567890122.0, 1234567890123.0]),
        ("12345678901234567, 12345678901234568, 1", [12345678901234567, 12345678901234568, "1"]),
    ],
)
@pytest.mark.parametrize("kind", ["as it is", "category", "object"])
def test_levels_are_found_in_cells_of_any_kind(levels: str, cells: list[object], kind: str) -> None:
    model = parse_model(f"loyalty ~ trust + category(issue, {levels})")
    codes = np.random.default_rng(5).integers(0, 3, 105)
    column = pd.Series([cells[code] for code in codes])
    if kind != "as it is":
        column = column.astype(kind)
    found = matched(rows(issue=column), model)
    dummies = [found.variables.index(name) for name in model.coded]
    expected = [
        [(codes[:60] == 1).mean(), (codes[:60] == 2).mean()],
        [(codes[60:] == 1).mean(), (codes[60:] == 2).mean()],
    ]
    np.testing.assert_allclose(found.mean[:, dummies], expected, rtol=1e-12)


@pytest.mark.parametrize("levels", ["False, True", "false, true", "FALSE, TRUE", "0, 1"])
@pytest.mark.parametrize("dtype", ["bool", "boolean", "object", "category"])
def test_truth_values_are_levels_in_any_spelling(levels: str, dtype: str) -> None:
    model = parse_model(f"loyalty ~ trust + category(member, {levels})")
    member = np.random.default_rng(6).random(105) < 0.4
    found = matched(rows(member=pd.Series(member).astype(dtype)), model)
    assert found.mean[0, -1] == pytest.approx(member[:60].mean(), rel=1e-12)


def test_truth_values_of_a_csv_file(tmp_path: Path) -> None:
    model = parse_model("loyalty ~ trust + category(member, TRUE, FALSE)")
    frame = rows(member=np.random.default_rng(6).random(105) < 0.4)
    frame.assign(member=frame["member"].map({True: "TRUE", False: "FALSE"})).to_csv(tmp_path / "rows.csv", index=False)
    evidence = read_evidence(tmp_path / "rows.csv", organization="org")
    assert evidence.matched(model.observed, model.coded).mean[0, -1] == pytest.approx(1 - frame["member"][:60].mean())


def test_unused_categories_do_not_matter() -> None:
    frame = rows()
    frame["issue"] = pd.Categorical(frame["issue"], categories=["refund", "billing", "delivery", "technical", "other"])
    assert matched(frame).fingerprint == matched(rows()).fingerprint


def test_hostile_names_of_columns() -> None:
    names = {"expectations": "Q3: trust (1-7), below [x]", "issue": HOSTILE}
    model = parse_model(
        f"loyalty ~ trust + below(`{names['expectations']}`, 4) + category(`{HOSTILE}`, billing, delivery, technical)"
    )
    frame = rows().rename(columns=names)
    assert_as_coded_by_hand(matched(frame, model), frame, model)


# ------------------------------------------------------------------------------------------ what is empty


def without(frame: pd.DataFrame, organization: str, level: str, instead: str) -> pd.DataFrame:
    cells = frame["issue"].mask((frame["org"] == organization) & (frame["issue"] == level), instead)
    return frame.assign(issue=cells)


def test_a_level_that_nobody_has_in_one_organization() -> None:
    frame = without(rows(), "north", "delivery", "billing")
    found = matched(frame)
    assert found.empty == {"north": ("issue[delivery]",)}
    assert empty_levels(found, MODEL.coded) == {"issue[delivery]": ("north",)}
    assert_as_coded_by_hand(found, frame)
    k = found.variables.index("issue[delivery]")
    assert not found.cov[1, k].any()
    assert not found.cov[1, :, k].any()
    assert found.only(["south"]).empty == {}
    shared = Evidence.from_moments(found.moments())
    assert shared.matched(MODEL.observed, MODEL.coded).fingerprint == found.fingerprint


def test_a_reference_level_that_nobody_has_in_one_organization() -> None:
    frame = without(rows(), "north", "billing", "delivery")
    found = matched(frame)
    assert found.empty == {}
    assert empty_levels(found, MODEL.coded) == {"issue[billing]": ("north",)}
    dummies = [found.variables.index(name) for name in ("issue[delivery]", "issue[technical]")]
    assert found.cov[1][np.ix_(dummies, dummies)].sum() == pytest.approx(0, abs=1e-12)
    shared = Evidence.from_moments(found.moments())
    assert shared.matched(MODEL.observed, MODEL.coded).fingerprint == found.fingerprint


def test_one_level_that_everybody_has_in_one_organization() -> None:
    frame = rows()
    frame.loc[frame["org"] == "north", "issue"] = "technical"
    found = matched(frame)
    assert found.empty == {"north": ("issue[delivery]", "issue[technical]")}
    assert empty_levels(found, MODEL.coded) == {"issue[delivery]": ("north",), "issue[billing]": ("north",)}
    assert found.mean[1, -1] == 1.0


def without_means(found: Matched) -> Matched:
    parts = {name: SampleMoments(one.n_obs, None, one.cov) for name, one in found.moments().items()}
    return Evidence.from_moments(parts).matched(MODEL.observed, MODEL.coded)


def test_without_means_everybody_is_not_taken_for_nobody() -> None:
    """A level without variation is that of nobody only where another varies, a side only where the other does."""
    everybody = matched(rows().assign(issue=lambda one: one["issue"].where(one["org"] == "south", "technical")))
    assert empty_levels(without_means(everybody), MODEL.coded) == {}
    nobody = matched(without(rows(), "north", "delivery", "billing"))
    assert empty_levels(without_means(nobody), MODEL.coded) == {"issue[delivery]": ("north",)}
    above = rows().assign(expectations=lambda one: one["expectations"].where(one["org"] == "south", 5 + one.index % 3))
    for found in (matched(above), without_means(matched(above))):
        assert empty_levels(found, MODEL.coded) == {"below(expectations, 4)": ("north",)}
    alike = matched(rows().assign(expectations=lambda one: one["expectations"].where(one["org"] == "south", 2)))
    assert empty_levels(alike, MODEL.coded) == {"above(expectations, 4)": ("north",)}
    assert empty_levels(without_means(alike), MODEL.coded) == {}


def test_nobody_below_the_knot_in_one_organization() -> None:
    frame = rows()
    frame.loc[frame["org"] == "north", "expectations"] = frame["expectations"].clip(lower=4)
    found = matched(frame)
    assert found.empty == {"north": ("below(expectations, 4)",)}
    assert_as_coded_by_hand(found, frame)


def test_everybody_with_the_same_answer_in_one_organization() -> None:
    frame = rows(expectations=lambda one: one["expectations"].where(one["org"] == "south", 3).astype(float) + 0.1)
    found = matched(frame)
    assert found.empty == {"north": ("below(expectations, 4)", "above(expectations, 4)")}
    assert found.mean[1, 2] == pytest.approx(-0.9)
    shared = Evidence.from_moments(found.moments())
    assert shared.matched(MODEL.observed, MODEL.coded).fingerprint == found.fingerprint


def test_few_respondents_are_enough_where_levels_are_empty() -> None:
    levels = ", ".join(f"l{i}" for i in range(25))
    model = parse_model(f"loyalty ~ trust + category(issue, {levels})")
    large = rows({"large": 400}, issue=np.resize([f"l{i}" for i in range(25)], 400))
    small = rows({"small": 12}, seed=2, issue=np.resize(["l3", "l7", "l9"], 12))
    found = matched(pd.concat([large, small]), model)
    assert len(found.empty["small"]) == 21
    (problem,) = problems(pd.concat([large, small.head(5)]), model)
    assert problem.startswith("too few respondents (more than 5 are needed for 4 variables): small (n = 5); min_n=6 ")


def test_collinear_coded_columns_in_one_organization() -> None:
    model = parse_model("loyalty ~ trust + category(a, x, y) + category(b, x, y) + below(e, 4) + below(e, 5)")
    rng = np.random.default_rng(3)
    frame = rows(a=rng.choice(["x", "y"], 105), e=rng.integers(1, 8, 105))
    frame["b"] = np.where(frame["org"] == "north", frame["a"], rng.permutation(frame["a"]))
    frame.loc[frame["org"] == "north", "e"] = frame["e"].clip(upper=4)
    found = matched(frame, model)
    assert np.linalg.matrix_rank(found.cov[1]) == 4
    frame["b"] = frame["a"]
    (problem,) = problems(frame, model)
    assert problem.startswith(
        "coded columns are collinear: some combination of a[y], b[y] has no variance: south, north"
    )


def test_different_knots_in_different_equations_are_not_collinear() -> None:
    sides = [f"below(expectations, {knot}) + above(expectations, {knot})" for knot in (3, 5)]
    model = parse_model(f"trust ~ {sides[0]}\nloyalty ~ {sides[1]}")
    assert_as_coded_by_hand(matched(rows(), model), rows(), model)


# ------------------------------------------------------------------------------------------ speed


def test_large_tables_are_coded_in_about_a_second() -> None:
    levels = [f"level {i}" for i in range(22)]
    terms = ", ".join(f"`{level}`" for level in levels)
    model = parse_model(
        f"loyalty ~ trust + below(expectations, 4) + above(expectations, 4) + category(issue, {terms})\n"
        "trust ~ below(expectations, 4) + below(age, 40) + above(age, 40)"
    )
    assert len(model.coded) == 25
    sizes = {f"org{i}": 2_500 for i in range(30)}
    rng = np.random.default_rng(9)
    frame = rows(sizes, issue=rng.choice(levels, 75_000), age=rng.integers(18, 80, 75_000))
    start = time.perf_counter()
    found = matched(frame, model)
    assert time.perf_counter() - start < 3  # 0.2 s on a quiet machine
    assert_as_coded_by_hand(found.only(["org7"]), frame, model)
