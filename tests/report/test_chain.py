"""Which outcome ends the chains and which cause matters most for it: rules, checked on models without a fit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import bayescx as bcx
from bayescx.report.answers import Answers, Estimate, Key
from bayescx.report.chain import by_total_effect, last_outcome, most_driven, raising_causes


def fit(text: str) -> Any:
    return SimpleNamespace(model=bcx.parse_model(text), n_planned=4)


def answers(text: str, outcome: str, totals: dict[str, float], *, main: str = "average") -> Answers:
    estimates = {
        Key("total", main, outcome, cause): Estimate(mean, mean, mean, cause) for cause, mean in totals.items()
    }
    estimates[Key("total", "organization", outcome, "other", "north")] = Estimate(9.0, 9.0, 9.0, "")
    return Answers(fit(text), 0.95, ("average", "typical"), estimates, {}, {}, {}, {})


@pytest.mark.parametrize(
    ("text", "last", "driven"),
    [
        ("trust ~ satisfaction; loyalty ~ trust + satisfaction", "loyalty", "loyalty"),
        ("z ~ x; m ~ x; y ~ m; w ~ x", "y", None),  # most constructs lead to y
        ("y ~ x; z ~ x", "z", None),  # the last that is named
        ("y ~ a + b + c; z ~ y + a", "z", "y"),
        ("y ~ a + b; z ~ y + a", "z", "z"),
        ("f =~ x1 + x2 + x3", None, None),
        ("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ x7 + x8 + x9; q =~ f + g + h; y ~ q", "y", None),
    ],
)
def test_outcomes_of_models(text: str, last: str | None, driven: str | None) -> None:
    assert last_outcome(fit(text)) == last
    assert most_driven(fit(text)) == driven


def test_causes_that_raise_come_by_size_and_only_from_the_beginning() -> None:
    totals = {"a": 0.2, "b": 0.5, "c": -0.7, "m": 0.9}
    asked = answers("m ~ a + b; y ~ m + c", "y", totals)
    assert list(by_total_effect(asked, "y")) == ["m", "c", "b", "a"]
    assert raising_causes(asked, "y") == ["b", "a"]


def test_effects_are_those_of_whom_headlines_speak_of() -> None:
    asked = answers("y ~ a", "y", {"a": 0.4}, main="typical")
    assert raising_causes(asked, "y") == []  # the average is the main one, and is not there
