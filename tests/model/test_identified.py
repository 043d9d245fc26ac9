"""Parameters that no covariance matrix can tell apart are named; textbook models pass."""

from __future__ import annotations

import pytest

from bayescx.errors import ModelError
from bayescx.model.identified import check_identified
from bayescx.model.layout import Layout
from bayescx.spec import parse_model

F, G, H = "f =~ x1 + x2 + x3; ", "g =~ x4 + x5 + x6; ", "h =~ x7 + x8 + x9; "

IDENTIFIED = {
    "regression": "y ~ x1 + x2",
    "mediation": "m ~ x; y ~ m + x",
    "instrument": "m ~ z; y ~ m; m ~~ y",
    "seemingly unrelated regressions": "y1 ~ x1 + x2; y2 ~ x1 + x2; y1 ~~ y2",
    "one factor, three items": F,
    "two factors of two items that covary": "f =~ x1 + x2; g =~ x3 + x4; g ~ f",
    "three factors": F + G + H + "h ~ f + g",
    "cross-loading": F + "g =~ x4 + x5 + x6 + x1; g ~ f",
    "items that covary": F + G + "g ~ f; x1 ~~ x4; x2 ~~ x5",
    "multiple indicators, multiple causes": "f =~ y1 + y2 + y3; f ~ x1 + x2",
    "single indicator without error": "f =~ x1; g =~ y1 + y2 + y3; g ~ f",
    "second order": F + G + H + "s =~ f + g + h",
    "two items with equal loadings": "f =~ a*x1 + a*x2; y ~ f",
    "variance fixed, all loadings free": "f =~ NA*x1 + x2 + x3; f ~~ 1*f",
    "political democracy": """
        ind60 =~ x1 + x2 + x3
        dem60 =~ y1 + y2 + y3 + y4
        dem65 =~ y5 + y6 + y7 + y8
        dem60 ~ ind60
        dem65 ~ ind60 + dem60
        y1 ~~ y5; y2 ~~ y4 + y6; y3 ~~ y7; y4 ~~ y8; y6 ~~ y8
    """,
}
# model -> names that the message must have, names that it must not have
UNIDENTIFIED: dict[str, tuple[str, list[str], list[str]]] = {
    "a mediator whose residual covaries with the outcome's": (
        "m ~ x; y ~ m + x; m ~~ y",
        ["y~m", "y~x", "m~~y"],
        ["m~x", "x~~x"],
    ),
    "four items, every pair of residuals": (
        "f =~ x1 + x2 + x3; x1 ~~ x2 + x3; x2 ~~ x3",
        ["f~~f", "x1~~x2", "x1~~x3", "x2~~x3"],
        [],
    ),
    "two factors with the same items": (
        "f =~ x1 + x2 + x3; g =~ x1 + x2 + x3; y ~ f + g",
        ["f=~x1", "g=~x1"],
        [],
    ),
}


def layout_of(text: str, identification: str) -> Layout:
    model = parse_model(text)
    unit = {name: 10.0 ** (i % 5 - 2) for i, name in enumerate(model.observed)}
    return Layout.of(model, unit, identification=identification)


@pytest.mark.parametrize("identification", ["mean", "marker"])
@pytest.mark.parametrize("name", IDENTIFIED)
def test_textbook_models_pass(name: str, identification: str) -> None:
    text = IDENTIFIED[name]
    if identification == "marker":
        text = text.replace("NA*x1 + x2 + x3; f ~~ 1*f", "x1 + x2 + x3").replace("a*x1 + a*x2", "1*x1 + 1*x2")
    check_identified(layout_of(text, identification))


@pytest.mark.parametrize("name", UNIDENTIFIED)
def test_what_cannot_be_told_apart_is_named(name: str) -> None:
    text, involved, innocent = UNIDENTIFIED[name]
    with pytest.raises(ModelError, match="the data cannot determine") as error:
        check_identified(layout_of(text, "mean"))
    listed = str(error.value).split("cannot determine ")[1].split(" (")[0].split(", ")
    assert set(involved) <= set(listed)
    assert not set(innocent) & set(listed)


def test_parameters_and_moments_are_counted() -> None:
    with pytest.raises(ModelError, match=r"7 free parameters, 6 variances and covariances of 3 variables"):
        check_identified(layout_of("m ~ x; y ~ m + x; m ~~ y", "mean"))


def test_pooling_cannot_make_up_for_it() -> None:
    """Priors would give a posterior all the same, and its numbers would be the prior's."""
    with pytest.raises(ModelError, match="the data cannot determine"):
        check_identified(Layout.of(parse_model("m ~ x; y ~ m + x; m ~~ y"), pooling="full"))
