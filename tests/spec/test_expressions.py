"""Arithmetic of definitions, against Python's own."""

from __future__ import annotations

import math
import pickle
import random

import numpy as np
import pytest
import xarray as xr

from bayescx.spec import Expression, parse_model

VALUES = {"a": 2.0, "b": 3.0, "c": -0.5}


def expression(text: str) -> Expression:
    return parse_model(f"y ~ a*x1 + b*x2 + c*x3\nd := {text}").definitions[0].expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", 2.0),
        ("a + b*c", 0.5),
        ("(a + b)*c", -2.5),
        ("a - b - c", -0.5),
        ("a / b / 2", 1 / 3),
        ("a * b / 4", 1.5),
        ("2^3^2", 512.0),
        ("-a^2", -4.0),
        ("(-a)^2", 4.0),
        ("a^-b", 0.125),
        ("2^-a*b", 0.75),
        ("a - -b", 5.0),
        ("--a", 2.0),
        ("+a", 2.0),
        ("-a*-b", 6.0),
        ("sqrt(a*8)", 4.0),
        ("sqrt(4)^3", 8.0),
        ("-sqrt(4)", -2.0),
        ("abs(c)*exp(log(a))", 1.0),
        ("log(exp(1))", 1.0),
        ("sqrt((a + 2))", 2.0),
        ("1e3*.5 + 5.", 505.0),
        ("a +\n b", 5.0),
        ("a\n * b", 6.0),
        ("(\n a\n)", 2.0),
    ],
)
def test_value(text: str, expected: float) -> None:
    assert expression(text).evaluate(VALUES) == pytest.approx(expected, rel=1e-15)


def test_random_expressions_agree_with_python() -> None:
    generator = random.Random(7)  # noqa: S311

    def grow(depth: int) -> str:
        if depth == 0 or generator.random() < 0.15:
            return generator.choice(["a", "b", "c", "2", "0.5", "1e1"])
        kind = generator.choice(["binary", "binary", "binary", "quotient", "group", "minus", "function"])
        if kind == "binary":
            return f"{grow(depth - 1)} {generator.choice('+-*')} {grow(depth - 1)}"
        if kind == "quotient":
            return f"{grow(depth - 1)} / {generator.choice(['a', 'b', '3', '(a + 1.5)'])}"
        if kind == "function":
            return f"abs({grow(depth - 1)})"
        return f"({grow(depth - 1)})" if kind == "group" else f"-{grow(depth - 1)}"

    for _ in range(300):
        text = grow(6)
        expected = eval(text, {"abs": abs}, dict(VALUES))  # noqa: S307  (text made above)
        assert expression(text).evaluate(VALUES) == pytest.approx(expected, rel=1e-12)


def test_labels_in_order_of_first_use() -> None:
    assert expression("b*a + b^2 - sqrt(c)").labels == ("b", "a", "c")
    assert expression("1 + 2").labels == ()


def test_arrays_keep_their_labels() -> None:
    draws = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("chain", "draw"))
    sites = xr.DataArray([1.0, 2.0], dims="organization", coords={"organization": ["n", "s"]})
    result = expression("2*a*sqrt(b) - 1").evaluate({"a": draws, "b": sites})
    assert result.dims == ("chain", "draw", "organization")
    np.testing.assert_allclose(result, 2 * draws * np.sqrt(sites) - 1)


def test_outside_of_the_domain_is_nan_or_infinite() -> None:
    assert expression("1/(a - a)").evaluate(VALUES) == math.inf
    assert np.isnan(expression("a/0").evaluate({"a": 0}))
    assert np.isnan(expression("log(c)").evaluate(VALUES))
    assert np.isnan(expression("c^0.5").evaluate(VALUES))
    assert expression("10^a^10").evaluate(VALUES) == math.inf


def test_missing_value_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="b"):
        expression("a*b").evaluate({"a": 1.0})


def test_deep_expression_evaluates_and_pickles() -> None:
    deep = expression("(" * 20_000 + "a" + "+ 1)" * 20_000)
    assert deep.evaluate(VALUES) == 20_002
    assert pickle.loads(pickle.dumps(deep)) == deep  # noqa: S301


def test_equal_expressions_are_equal_wherever_they_stand() -> None:
    assert expression("a*(b)") == expression("  a * b")
    assert expression("a*b") != expression("b*a")
