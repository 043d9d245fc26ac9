"""Which items count for which factor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.measurement import measurement_of


def with_model(fit: bcx.Fit, text: str) -> bcx.Fit:
    """A fit whose model says something else: for what is asked of the model alone."""
    return replace(fit, model=bcx.parse_model(text))


def test_items_without_errors_and_factors_of_factors_are_left_out(example_fit: bcx.Fit) -> None:
    text = "f =~ a + b + c; g =~ d + e; h =~ k; s =~ f + g + h; c ~~ 0*c; e ~~ 1*e"
    measured = measurement_of(with_model(example_fit, text))
    names = [[measured.layout.variables[row] for row in rows] for rows in measured.items.values()]
    assert dict(zip(measured.factors, names, strict=True)) == {"f": ["a", "b"], "g": ["d", "e"]}
    assert measured.single == ("h",)
    assert [measured.layout.constructs[column] for column in measured.columns] == ["f", "g"]
    np.testing.assert_array_equal(measured.belongs, [[1, 0], [1, 0], [0, 1], [0, 1]])


def test_units_of_items_are_the_datas(example_fit: bcx.Fit) -> None:
    measured = measurement_of(with_model(example_fit, "f =~ loyalty + trust + satisfaction"))
    assert measured.unit.tolist() == [example_fit.scale[measured.layout.variables[row]] for row in measured.rows]


def test_a_model_may_measure_nothing(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"no factors.* written: trust =~ trust_1"):
        measurement_of(example_fit)
    with pytest.raises(FitError, match=r"no factor has two items with errors.* Factors: f"):
        measurement_of(with_model(example_fit, "f =~ a + b; b ~~ 0*b"))


def test_a_model_may_have_no_outcome(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"'f' has no predictors in this model\. Nor has any other construct"):
        predictors_of(with_model(example_fit, "f =~ a + b + c"), "f")
    with pytest.raises(FitError, match="name the construct without backquotes: 'loyalty'"):
        predictors_of(example_fit, "`loyalty`")
