"""Which constructs hang together, who takes part, and what is left out with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.mean_groups import groups_of
from bayescx.estimands.mean_plan import plan_of
from bayescx.model import matrices
from bayescx.model.layout import Layout
from tests.estimands.test_mean_structure import shared

TWO_FACTORS = "f =~ x1 + x2 + x3; g =~ y1 + y2; g ~ f"


def layout_of(text: str) -> Layout:
    return Layout.of(bcx.parse_model(text))


def groups(text: str) -> list[tuple[set[str], set[str]]]:
    layout = layout_of(text)
    return [
        ({layout.constructs[c] for c in one.constructs}, {layout.variables[k] for k in one.variables})
        for one in groups_of(layout)
    ]


def test_groups_are_joined_by_shared_items_and_errors_that_covary() -> None:
    assert groups(TWO_FACTORS) == [({"f"}, {"x1", "x2", "x3"}), ({"g"}, {"y1", "y2"})]
    assert groups(f"{TWO_FACTORS}; x1 ~~ y1") == [({"f", "g"}, {"x1", "x2", "x3", "y1", "y2"})]
    assert groups("f =~ x1 + x2; g =~ x2 + y1; h =~ y1 + z; h ~ f") == [({"f", "g", "h"}, {"x1", "x2", "y1", "z"})]
    assert groups("y ~ x") == [({"x"}, {"x"}), ({"y"}, {"y"})]


def test_a_loading_of_zero_joins_nothing() -> None:
    assert groups("f =~ x1 + x2 + 0*y1; g =~ y1 + y2; g ~ f") == [({"f"}, {"x1", "x2"}), ({"g"}, {"y1", "y2"})]


def plan(text: str, mean: Any) -> Any:
    return plan_of(layout_of(text), shared(np.asarray(mean, dtype=float), np.full(len(mean), 50)))


def test_organizations_that_lack_a_factor_take_no_part_in_it() -> None:
    nan = np.nan
    found = plan(TWO_FACTORS, [[1, 1, 1, 1, 1], [1, nan, nan, nan, nan], [1, 1, nan, nan, 1]])
    assert found.takes_part.tolist() == [[True, True], [True, False], [True, True]]
    found = plan(TWO_FACTORS, [[1, 1, 1, 1, 1], [1, 1, 1, nan, nan]])
    assert found.not_compared == {"g": "fewer than two organizations shared means of what measures it"}


def test_organizations_without_an_item_in_common_are_not_compared() -> None:
    nan = np.nan
    found = plan(TWO_FACTORS, [[1, nan, nan, 1, 1], [nan, 1, 1, 1, 1]])
    assert found.not_compared == {"f": "organizations have too few items in common"}
    with pytest.raises(FitError, match=r"no construct has means that could be compared\. f: organizations"):
        plan("f =~ x1 + x2 + x3", [[1, nan, nan], [nan, 1, 1]])


def test_parts_of_errors_that_covary_add_up() -> None:
    text = "f =~ x1 + x2 + x3 + x4; x1 ~~ x2; x3 ~~ x4"
    layout = layout_of(text)
    found = plan_of(layout, shared(np.ones((3, 4)), np.array([20, 30, 40])))
    u = 0.3 * np.random.default_rng(1).standard_normal((2, 3, len(layout.components)))
    ((group, members),) = found.groups
    block = found.block(group, members, u)
    assert block.tied is not None
    expected = matrices.theta_matrix(layout, u) / np.array([20, 30, 40])[:, None, None]
    np.testing.assert_allclose(block.tied + block.own[..., None] * np.eye(4), expected, atol=1e-15)
    assert np.linalg.eigvalsh(block.tied).min() > -1e-12
