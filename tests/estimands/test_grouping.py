"""Groups of predictors: every one in one place, or an error that says where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from bayescx.errors import FitError
from bayescx.estimands.grouping import group_members

PREDICTORS = ("trust", "price", "service")


def test_without_groups_each_stands_by_itself() -> None:
    assert group_members("loyalty", PREDICTORS, None) == {name: [name] for name in PREDICTORS}
    assert group_members("loyalty", PREDICTORS, {}) == {name: [name] for name in PREDICTORS}


def test_groups_come_first_in_their_own_order() -> None:
    found = group_members("loyalty", PREDICTORS, {"offer": ("service", "price")})
    assert list(found.items()) == [("offer", ["service", "price"]), ("trust", ["trust"])]


def test_a_single_predictor_needs_no_list_and_may_lend_its_name() -> None:
    assert group_members("loyalty", PREDICTORS, {"trust": "trust"})["trust"] == ["trust"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": ["trust", "trsut"]}, r"group 'a' names 'trsut', .* of 'loyalty'; did you mean 'trust'\?"),
        ({"a": ["trust"], "b": ["price", "trust"]}, "predictor 'trust' stands in 'a' and 'b'"),
        ({"a": ["trust", "trust"]}, "predictor 'trust' stands twice in group 'a'"),
        ({"a": []}, "group 'a' is empty; predictors of 'loyalty': trust, price, service"),
        ({"trust": ["price"]}, "group 'trust' has the name of a predictor outside it"),
        ({"a": 3}, "a group is named by text and lists predictors, found 'a': 3"),
        ({1: ["trust"]}, "found 1: "),
        (["trust"], "groups is a mapping .* found list"),
    ],
)
def test_what_is_no_grouping(groups: Any, message: str) -> None:
    with pytest.raises(FitError, match=message):
        group_members("loyalty", PREDICTORS, groups)
