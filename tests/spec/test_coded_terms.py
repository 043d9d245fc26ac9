"""Coded terms: hinges, categories, and paths that are one for all organizations."""

from __future__ import annotations

import copy
import pickle

import pytest

from bayescx.coding import Category, Hinge
from bayescx.errors import ModelError
from bayescx.spec import Parameter, PathModel, parse_model

HOSTILE = "<script>alert(1)</script>"
MODEL = """
trust ~ below(expectations, 4) + above(expectations, 4.50) + fixed(age)
loyalty ~ trust + below(expectations, 4) + category(issue, billing, `late delivery`, 3) + pool(tenure)
#: expectations = what they expected
#: `issue[3]` = something else
"""


def structure(model: PathModel) -> list[tuple[object, ...]]:
    """Rows without their places, in the order in which a model is written."""
    order = {name: place for place, name in enumerate(model.endogenous)}
    rows = sorted(model.paths, key=lambda row: order[row.lhs])
    return [(row.lhs, row.rhs, row.pooled, row.coded) for row in rows]


def paths(text: str) -> tuple[Parameter, ...]:
    return parse_model(text).paths


def test_a_hinge_is_one_term_that_takes_values_and_labels() -> None:
    one, two, three = paths("y ~ a*below(x, 4) + 0.5*above(x, +4.50) + NA*below(z, -2)")
    assert (one.rhs, one.coded, one.label, one.pooled) == ("below(x, 4)", Hinge("x", "below", 4.0), "a", None)
    assert (two.rhs, two.coded, two.fixed) == ("above(x, 4.5)", Hinge("x", "above", 4.5), 0.5)
    assert (three.rhs, three.freed) == ("below(z, -2)", True)
    assert one.name == "y~below(x, 4)"


def test_a_category_stands_for_its_levels_but_the_first() -> None:
    levels = ("billing", "late delivery", "3", "-1.5")
    rows = paths("y ~ x + category(issue, billing, `late delivery`, 3.0, -1.50) + z")
    assert [row.rhs for row in rows] == ["x", *(f"issue[{level}]" for level in levels[1:]), "z"]
    assert [row.coded for row in rows[1:-1]] == [Category("issue", level, levels) for level in levels[1:]]
    assert {(row.line, row.column) for row in rows[1:-1]} == {(1, 9)}


@pytest.mark.parametrize(
    ("term", "pooled"),
    [
        ("x", None),
        ("fixed(x)", False),
        ("pool(x)", True),
        ("below(x, 4)", None),
        ("fixed(below(x, 4))", False),
        ("pool( above( x , 4 ) )", True),
        ("category(x, 1, 2, 3)", False),
        ("fixed(category(x, 1, 2, 3))", False),
        ("pool(category(x, 1, 2, 3))", True),
        ("fixed(`x y`)", False),
        ("a*fixed(x)", False),
    ],
)
def test_what_is_one_for_all_organizations(term: str, pooled: bool | None) -> None:
    assert {row.pooled for row in paths(f"y ~ {term}")} == {pooled}


@pytest.mark.parametrize("name", ["below", "above", "category", "fixed", "pool"])
def test_the_functions_are_also_names(name: str) -> None:
    (row,) = paths(f"y ~ {name}")
    assert (row.rhs, row.coded, row.pooled) == (name, None, None)
    assert paths(f"y ~ {name}*x")[0].label == name
    with pytest.raises(ModelError, match="found"):
        parse_model(f"y ~ `{name}`(x, 4)")


def test_columns_needed_are_the_coded_ones() -> None:
    model = parse_model(MODEL)
    assert model.observed == (
        *("trust", "below(expectations, 4)", "above(expectations, 4.5)", "age"),
        *("loyalty", "issue[late delivery]", "issue[3]", "tenure"),
    )
    assert list(model.coded) == [name for name in model.observed if name not in ("trust", "age", "loyalty", "tenure")]
    assert model.exogenous == tuple(name for name in model.observed if name not in ("trust", "loyalty"))
    assert {coded.name for coded in model.coded.values()} == set(model.coded)
    assert parse_model("y ~ x").coded == {}


def test_one_hinge_in_two_equations_is_one_column() -> None:
    model = parse_model("m ~ below(x, 4); y ~ m + below(x, 4) + above(x, 5) + below(x, 6)")
    assert model.observed == ("m", "below(x, 4)", "y", "above(x, 5)", "below(x, 6)")


def test_text_is_read_again_as_the_same_structure() -> None:
    model = parse_model(MODEL)
    assert structure(parse_model(str(model))) == structure(model)
    assert str(model).splitlines() == [
        "trust ~ below(expectations, 4) + above(expectations, 4.5) + fixed(age)",
        "loyalty ~ trust + below(expectations, 4) + category(issue, billing, `late delivery`, 3) + pool(tenure)",
    ]


@pytest.mark.parametrize(
    "equation",
    [
        "y ~ pool(category(i, `a, b`, `c]`, `[d`))",
        f"y ~ below(`{HOSTILE}`, 4) + category(`../../x`, `{HOSTILE}`, `$x$`)",
        "y ~ fixed(below(`Q3: trust (1-7)`, -0.125)) + pool(above(`q[1]`, 1e-7)) + category(`a, b`, 1e20, -3, `-3x`)",
        "y ~ above(`x, 3`, 4) + above(満足, 4) + category(оценка, плохо, хорошо)",
        "y ~ category(i, below, `fixed(x)`, NA1) + category(below, category, fixed)",
        f"y ~ below(`{'x' * 200}`, 123456789)",
        "y ~ category(i, true, false) + fixed(category(j, 1, 2)) + pool(z)",
    ],
)
def test_hostile_names_are_read_again(equation: str) -> None:
    model = parse_model(equation)
    again = parse_model(str(model))
    assert structure(again) == structure(model)
    assert str(again) == str(model)
    assert all(model.in_words(name) for name in model.observed)


def test_knots_keep_twelve_digits() -> None:
    (row,) = paths("y ~ below(x, 3.14159265358979)")
    assert isinstance(row.coded, Hinge)
    assert row.coded.name == row.rhs == "below(x, 3.14159265359)"
    assert row.coded.at == 3.14159265359


def test_words_of_coded_columns_come_from_their_column() -> None:
    model = parse_model(MODEL)
    assert [model.in_words(name) for name in model.coded] == [
        "what they expected below 4",
        "what they expected above 4.5",
        "issue: late delivery",
        "something else",
    ]
    assert model.in_words("expectations") == "what they expected"
    assert parse_model("y ~ category(main_issue, a, b_c)").in_words("main_issue[b_c]") == "main issue: b c"


def test_words_for_what_is_no_column_are_refused() -> None:
    with pytest.raises(ModelError, match="words for 'expectation', which the model does not have; did you mean"):
        parse_model("y ~ below(expectations, 4)\n#: expectation = hope")


def test_coded_terms_survive_pickling() -> None:
    model = parse_model(MODEL)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):  # noqa: S301
        assert twin.coded == model.coded
        assert str(twin) == str(model)


def test_labels_may_tie_the_sides_of_a_knot() -> None:
    assert set(parse_model("y ~ a*below(x, 4) + a*above(x, 4); m ~ b*fixed(z) + b*fixed(w)").labels) == {"a", "b"}


def test_a_name_that_only_looks_coded_is_a_variable() -> None:
    model = parse_model("y ~ `Q3[SQ001]` + `below(x, 4)`")
    assert model.coded == {}
    assert structure(parse_model(str(model))) == structure(model)


@pytest.mark.parametrize(
    "text",
    [
        "y ~ below(" + "(" * 50_000,
        "y ~ " + "fixed(" * 50_000 + "x" + ")" * 50_000,
        "y ~ category(i" + ",a" * 50_000 + ")",
        "y ~ below(" + "x," * 50_000 + "4)",
    ],
)
def test_absurd_terms_are_refused(text: str) -> None:
    with pytest.raises(ModelError, match="line 1, column"):
        parse_model(text)


def test_many_levels_are_read() -> None:
    levels = ", ".join(f"l{i}" for i in range(5_000))
    assert len(paths(f"y ~ category(i, {levels})")) == 4_999


def test_codes_of_many_digits_are_levels_of_their_own() -> None:
    text = "loyalty ~ category(product, 1234567890123, 1234567890124, -12345678901234567890, 1.5, `1_0`)"
    model = parse_model(text)
    levels = ("1234567890123", "1234567890124", "-12345678901234567890", "1.5", "1_0")
    assert [one.levels for one in model.coded.values() if isinstance(one, Category)] == [levels] * 4
    assert parse_model(str(model)).coded == model.coded
