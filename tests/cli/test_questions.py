"""Options that do not go with an estimand are refused before a fit is read, with words that name what works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
import typer

from bayescx.cli.questions import _KINDS, Estimand, Question, check_options

Command = Callable[..., Any]
OPTIONS = {
    "--target": ("target", "average"),
    "--raw": ("raw", True),
    "--ci": ("ci", 0.9),
    "--outcome": ("outcome", "y"),
    "--driver": ("driver", "x"),
    "--by": ("by", 2.0),
    "--method": ("method", "lmg"),
    "--answers": ("answers", "1:7"),
}


def test_every_estimand_has_its_options() -> None:
    assert set(get_args(Estimand)) == set(_KINDS)


@pytest.mark.parametrize("estimand", get_args(Estimand))
@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_taken_or_refused_by_name(estimand: str, option: str) -> None:
    field, value = OPTIONS[option]
    question = Question(estimand, **{field: value})
    if option in _KINDS[estimand].takes:
        check_options(question)
        return
    with pytest.raises(typer.BadParameter) as refused:
        check_options(question)
    assert refused.value.param_hint == option
    said = str(refused.value)
    assert "leave" in said or f"not with {estimand}" in said


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ("--estimand ranks --outcome y --ci 0.9", "--estimand ranks gives probabilities, which have no intervals"),
        ("--estimand means --target average", "means are those of each organization; leave --target out"),
        ("--estimand loadings --target new", "loadings are compared between organizations; leave --target out"),
        ("--estimand heterogeneity --target new", "heterogeneity is about the population; leave --target out"),
        ("--estimand catch_up --driver x --target new", "catching up is told of each organization"),
        ("--estimand shares --outcome y --raw", "--estimand shares knows no other units; leave --raw out"),
        ("--estimand quality --raw", "--estimand quality knows no other units"),
        ("--estimand heterogeneity --raw", "heterogeneity knows the data's units only; leave --raw out"),
        ("--estimand r_squared --raw", "r_squared knows no units, being a share of variance; leave --raw out"),
        ("--estimand what_if --driver x --by 1e308 --raw", "at most 1e+06 either way, found 1e+308"),
        ("--estimand what_if --driver x --by -2e6", "at most 1e+06 either way, found -2e+06"),
        ("--estimand ranks --outcome y --answers 1:7", "goes with --estimand importance, not with ranks"),
        ("--estimand importance --outcome y --target new", "importance is told of targets average and organization"),
        ("--method pratt", "goes with --estimand shares, not with direct"),
        ("--by 2 --estimand catch_up --driver x", "goes with --estimand what_if, not with catch_up"),
        ("--driver x --estimand total", "goes with --estimand what_if, catch_up, not with total"),
        ("--outcome y", "goes with --estimand ranks, shares, importance, what_if, catch_up, not with direct"),
        ("--estimand nonsense", "'nonsense' is not one of 'direct'"),
    ],
)
def test_refusals_come_before_the_fit_is_read(words: str, fragment: str, bayescx: Command) -> None:
    done = bayescx("summarize", "there-is-no-such-fit.nc", *words.split())
    assert (done.code, done.out) == (2, "")
    assert fragment in " ".join(done.err.split())


def test_defaults_are_those_of_the_functions() -> None:
    assert Question("importance").whom == "average"
    assert Question("quality").whom == "average"
    assert Question("ranks").whom == "organization"
    assert Question("what_if", target="new").whom == "new"
    assert (Question("direct").ci_prob, Question("direct", ci=0.8).ci_prob) == (0.95, 0.8)
