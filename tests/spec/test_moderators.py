"""Paths that depend on attributes of organizations: pool(x, employees, category(industry, …))."""

from __future__ import annotations

import pytest

from bayescx.coding import Attribute, Category, Hinge
from bayescx.errors import ModelError
from bayescx.spec import parse_model

HOSTILE = "<script>alert(1)</script>"
LEVELS = ("services", "goods", "public sector")
INDUSTRY = "category(industry, services, goods, `public sector`)"
ISSUE = "category(issue, billing, delivery, technical)"
MODEL = f"""
trust ~ pool(effort, employees)
loyalty ~ a*pool(below(expectations, 4), employees, {INDUSTRY}) + trust
        + pool({ISSUE}, employees)
#: industry = line of business
#: employees = number of employees
"""
GOODS, PUBLIC = (Category("industry", level, LEVELS) for level in LEVELS[1:])
EMPLOYEES = Attribute("employees")


def test_what_follows_the_term_are_attributes() -> None:
    model = parse_model(MODEL)
    assert model.moderators == {
        "trust~effort": (EMPLOYEES,),
        "loyalty~below(expectations, 4)": (EMPLOYEES, GOODS, PUBLIC),
        "loyalty~issue[delivery]": (EMPLOYEES,),
        "loyalty~issue[technical]": (EMPLOYEES,),
    }
    assert model.attributes == {"employees": EMPLOYEES, "industry[goods]": GOODS, "industry[public sector]": PUBLIC}
    assert {row.pooled for row in model.paths if row.moderators} == {True}
    row = model.paths[1]
    assert (row.label, row.coded, row.moderators) == (
        "a",
        Hinge("expectations", "below", 4.0),
        (EMPLOYEES, GOODS, PUBLIC),
    )


def test_attributes_are_no_variables() -> None:
    model = parse_model(MODEL)
    plain = parse_model(
        "trust ~ effort; loyalty ~ below(expectations, 4) + trust + category(issue, billing, delivery, technical)"
    )
    for name in ("observed", "exogenous", "endogenous", "constructs"):
        assert getattr(model, name) == getattr(plain, name)
    assert list(model.coded) == list(plain.coded)
    assert (plain.moderators, plain.attributes) == ({}, {})
    assert parse_model("y ~ pool(x) + fixed(z)").moderators == {}


def test_text_is_read_again_as_the_same_model() -> None:
    model = parse_model(MODEL)
    assert str(model).splitlines() == [
        "trust ~ pool(effort, employees)",
        f"loyalty ~ pool(below(expectations, 4), employees, {INDUSTRY}) + trust + pool({ISSUE}, employees)",
    ]
    again = parse_model(str(model))
    assert str(again) == str(model)
    assert (again.moderators, again.attributes) == (model.moderators, model.attributes)


@pytest.mark.parametrize(
    "equation",
    [
        f"y ~ pool(x, `{HOSTILE}`, category(`../../x`, `$x$`, `{HOSTILE}`))",
        "y ~ pool(`a, b`, `c, d`, category(`e)`, `(f`, 1e20, -3, 007))",
        f"y ~ pool(x, `{'z' * 200}`, 従業員, category(оценка, плохо, хорошо))",
        "y ~ pool(x, pool, below, category(category, fixed, pool))",
        "y + m ~ pool(fixed, category(i, true, false)) + pool(z)",
    ],
)
def test_hostile_names_are_read_again(equation: str) -> None:
    model = parse_model(equation)
    again = parse_model(str(model))
    assert again.moderators == model.moderators
    assert str(again) == str(model)
    assert all(model.in_words(name) for name in model.attributes)


def test_attributes_in_words() -> None:
    model = parse_model(MODEL)
    assert [model.in_words(name) for name in model.attributes] == [
        "number of employees",
        "line of business: goods",
        "line of business: public sector",
    ]
    model = parse_model("y ~ pool(x, head_count, category(main_industry, a, b_c))\n#: `main_industry[b_c]` = B and C")
    assert [model.in_words(name) for name in model.attributes] == ["head count", "B and C"]
    with pytest.raises(ModelError, match="words for 'employes', which the model does not have; did you mean 'emp"):
        parse_model("y ~ pool(x, employees)\n#: employes = size")


def test_levels_count_by_value() -> None:
    one, two = (parse_model(f"y ~ pool(x, category(i, {levels}))").attributes for levels in ("1, 2", "1.0, 02"))
    assert one == two
    assert list(one) == ["i[2]"]


def test_a_label_of_its_own_is_no_problem() -> None:
    model = parse_model("y ~ a*pool(x, z) + b*w\nboth := a + b")
    assert model.paths[0].label == "a"


def test_several_outcomes_share_a_term() -> None:
    model = parse_model("y + m ~ pool(x, z)")
    assert list(model.moderators) == ["y~x", "m~x"]
    assert list(model.attributes) == ["z"]
