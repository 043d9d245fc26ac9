"""lavaan syntax: what each way of writing means."""

from __future__ import annotations

import pytest

from bayescx.errors import ModelError, ModelSyntaxError
from bayescx.spec import Parameter, parse_model
from bayescx.spec.scanner import statements
from bayescx.spec.syntax import parse


def names(text: str) -> list[str]:
    parsed = parse(text)
    assert parsed.problems == ()
    return [row.name for row in parsed.parameters]


def only(text: str) -> Parameter:
    parsed = parse(text)
    assert parsed.problems == ()
    (row,) = parsed.parameters
    return row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ x", ["y~x"]),
        ("y~x+z", ["y~x", "y~z"]),
        ("a + b ~ x + z", ["a~x", "a~z", "b~x", "b~z"]),
        ("f =~ x1 + x2", ["f=~x1", "f=~x2"]),
        ("y1 ~~ y5", ["y1~~y5"]),
        ("y2 ~~ y4 + y6", ["y2~~y4", "y2~~y6"]),
        ("y ~~ y", ["y~~y"]),
        ("y ~ 1", ["y~1"]),
        ("y ~ 1 + x", ["y~1", "y~x"]),
        ("y ~ x + 1", ["y~x", "y~1"]),
        ("y~1;z~x", ["y~1", "z~x"]),
    ],
)
def test_operators(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ x; z ~ y", ["y~x", "z~y"]),
        ("y ~ x;;\n;z ~ y;", ["y~x", "z~y"]),
        ("y ~ x\r\nz ~ y\rw ~ z", ["y~x", "z~y", "w~z"]),
        ("y ~ x +\n z", ["y~x", "y~z"]),
        ("y ~\n x", ["y~x"]),
        ("y ~ x\n + z", ["y~x", "y~z"]),
        ("y ~ 0.5*\nx", ["y~x"]),
        ("f =~\n\n x1 +\n# the second\n x2", ["f=~x1", "f=~x2"]),
        ("y ~ x # + z\n# w ~ x\n! v ~ x\nz ~ y ! the end", ["y~x", "z~y"]),
        ("y ~ x # a ; b ~ c\nz ~ y", ["y~x", "z~y"]),
        ("\ufeffy ~ x", ["y~x"]),
        ("y\u00a0~\tx", ["y~x"]),
    ],
)
def test_statements_and_comments(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize("name", ["x", "_x", ".x", "x.1", "Vertrauen_größe", "満足", "x1.y_2", "c", "start", "sqrt"])
def test_names(name: str) -> None:
    assert names(f"y ~ {name}") == [f"y~{name}"]
    assert only(f"y ~ {name}*z").label == name


@pytest.mark.parametrize(
    ("term", "fixed", "label", "freed"),
    [
        ("x", None, None, False),
        ("0.5*x", 0.5, None, False),
        ("-0.5*x", -0.5, None, False),
        ("-.5*x", -0.5, None, False),
        ("5.*x", 5.0, None, False),
        ("1e-3*x", 0.001, None, False),
        ("0*x", 0.0, None, False),
        ("1*x", 1.0, None, False),
        ("NA*x", None, None, True),
        ("a*x", None, "a", False),
        ("c*x", None, "c", False),
        ("a*0.5*x", 0.5, "a", False),
        ("0.5*a*x", 0.5, "a", False),
        ("NA*a*x", None, "a", True),
        ("a*x + 0.5*x", 0.5, "a", False),
        ("x + a*x", None, "a", False),
        ("a*x + NA*x", None, "a", True),
    ],
)
@pytest.mark.parametrize("left", ["y ~", "f =~", "y ~~"])
def test_modifiers(left: str, term: str, fixed: float | None, label: str | None, freed: bool) -> None:
    row = only(f"{left} {term}")
    assert (row.rhs, row.fixed, row.label, row.freed) == ("x", fixed, label, freed)


@pytest.mark.parametrize(
    ("term", "label", "freed"),
    [
        ("upper(0)*x", None, False),
        ("upper( 0.0 ) * x", None, False),
        ("a*upper(0)*x", "a", False),
        ("upper(0)*a*x", "a", False),
        ("NA*upper(0)*x", None, True),
        ("x + upper(0)*x", None, False),
        ("upper(0)*x + a*x", "a", False),
    ],
)
def test_upper_0_declares_a_reversed_item(term: str, label: str | None, freed: bool) -> None:
    row = only(f"f =~ {term}")
    assert row.reversed
    assert (row.fixed, row.label, row.freed) == (None, label, freed)
    assert not only("f =~ x").reversed


def test_upper_is_also_a_name() -> None:
    assert names("f =~ upper + upper*x2") == ["f=~upper", "f=~x2"]
    assert not any(row.reversed for row in parse("f =~ upper + upper*x2").parameters)


def test_upper_between_backquotes_is_a_name() -> None:
    parsed = parse("f =~ `upper` + `upper`*x2")
    assert [(row.name, row.label, row.reversed) for row in parsed.parameters] == [
        ("f=~upper", None, False),
        ("f=~x2", "upper", False),
    ]
    with pytest.raises(ModelSyntaxError, match="between backquotes it is a variable"):
        parse_model("f =~ x1 + x2 + `upper`(0)*x3")


def test_modifiers_of_an_intercept() -> None:
    row = only("y ~ 0*1")
    assert (row.op, row.rhs, row.fixed) == ("~1", "", 0.0)


def test_position_is_that_of_the_term() -> None:
    rows = parse("y ~ x +\n  0.5*z").parameters
    assert [(row.line, row.column) for row in rows] == [(1, 5), (2, 3)]


def test_columns_count_characters() -> None:
    assert statements("\t é ~ x")[0].tokens[-1].column == 7


def test_definitions() -> None:
    parsed = parse("d := a*b # product\n  total := d +\n c; e := (a -\n b)\n / c")
    assert [(row.name, row.text, row.line, row.column) for row in parsed.definitions] == [
        ("d", "a*b", 1, 1),
        ("total", "d + c", 2, 3),
        ("e", "(a - b) / c", 3, 5),
    ]


def test_statement_ends_at_a_semicolon_even_after_an_operator() -> None:
    with pytest.raises(ModelSyntaxError, match="found ';' where a variable"):
        parse_model("y ~ x +; z ~ x")


def test_statement_of_too_many_parameters_is_refused() -> None:
    left, right = "+".join(f"a{i}" for i in range(200)), "+".join(f"b{i}" for i in range(200))
    with pytest.raises(ModelError, match="40000 parameters"):
        parse_model(f"{left} ~ {right}")


def test_only_text_is_a_text() -> None:
    with pytest.raises(TypeError, match="read_model"):
        parse_model(b"y ~ x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ `Q3: trust (1-7)`", ["y~Q3: trust (1-7)"]),
        ("`a b` ~ `c#d` + `e!f`", ["a b~c#d", "a b~e!f"]),
        ("f =~ `x 1` + 0.5*`x;2`", ["f=~x 1", "f=~x;2"]),
        ("`y` ~ a*`x`", ["y~x"]),
        ("`../../x` ~~ `<script>alert(1)</script>`", ["../../x~~<script>alert(1)</script>"]),
        ("y ~ `x + z`\n+ w", ["y~x + z", "y~w"]),
    ],
)
def test_names_between_backquotes_hold_nearly_anything(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_places_count_the_backquotes() -> None:
    row = parse("y ~ `a b` + x").parameters[1]
    assert (row.line, row.column) == (1, 13)


def test_a_name_with_and_without_backquotes_is_one_variable() -> None:
    with pytest.raises(ModelError, match="a second time"):
        parse_model("y ~ x + `x`")
