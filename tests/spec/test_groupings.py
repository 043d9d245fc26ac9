"""Groups of predictors that a model text names."""

from __future__ import annotations

import pytest

from bayescx.errors import ModelError
from bayescx.spec import parse_model

EQUATION = "y ~ below(x, 4) + above(x, 4) + `a b` + category(kind, a, b)\n"


def test_groups_are_columns_in_order() -> None:
    model = parse_model(EQUATION + "#: [the  offer] = `a b`, kind\n#:[other]=x")
    assert model.groups == {"the offer": ("a b", "kind"), "other": ("x",)}
    assert parse_model(EQUATION).groups == {}


def test_words_may_hold_brackets() -> None:
    model = parse_model("y ~ x\n#: x = points [1] = many")
    assert model.in_words("x") == "points [1] = many"
    assert model.groups == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("#: [one] = kinds", "line 2, column 5: found 'kinds' in the group 'one', no predictor; did you mean 'kind'?"),
        ("#: [one] = y", "found 'y' in the group 'one', no predictor"),
        ("#: [one] = x, x", "found 'x' in the groups 'one' and 'one'; keep one of them"),
        ("#: [one] = x\n#: [two] = kind, x", "line 3, column 5: found 'x' in the groups 'one' and 'two'"),
        ("#: [one] = x\n#: [one] = kind", "found the group 'one' a second time (first on line 2)"),
        ("#: [] = x", "found no usable name of a group (1 to 60 characters); write #: [name] = first, second"),
        ("#: [one] =", "found '' in the group 'one', no predictor"),
        ("#: [x] = kind", "found the group 'x', which is the name of a predictor"),
        (f"#: [{'n' * 61}] = x", "found no usable name of a group"),
    ],
)
def test_what_is_no_group(line: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_model(EQUATION + line)
    assert said in str(caught.value)
