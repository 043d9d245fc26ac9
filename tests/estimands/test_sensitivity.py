"""Answers under other priors of tau, side by side."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.sensitivity import prior_sensitivity
from tests.estimands.one_path import SE, fit_of
from tests.estimands.quadrature import average_of

OWN = "HalfNormal(0.2), as fitted"


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return prior_sensitivity(
            fit_of((0.86, 0.80)), scales=(0.1, 0.2, 0.5), standardized=False, draws=6000, progressbar=False
        )


def test_every_column_is_right(table: pd.DataFrame) -> None:
    for prior, scale in {"HalfNormal(0.1)": 0.1, OWN: 0.2, "HalfNormal(0.5)": 0.5}.items():
        exact = average_of(10, [0.86, 0.80], [SE, SE], scale)
        found = table.loc["y~x", prior]
        mean, sd = exact.moments()
        assert found["mean"] == pytest.approx(mean, abs=0.1 * sd)
        np.testing.assert_allclose(found[["lower", "upper"]], exact.interval(), atol=0.35 * sd)


def test_the_fits_own_prior_is_marked_and_not_refitted(table: pd.DataFrame) -> None:
    assert table.columns.tolist() == [
        (prior, name) for prior in ("HalfNormal(0.1)", OWN, "HalfNormal(0.5)") for name in ("mean", "lower", "upper")
    ]
    fit = fit_of((0.86, 0.80))
    own = bcx.summarize(bcx.direct_effects(fit, "average", standardized=False), kind="stats").iloc[0]
    assert table.loc["y~x", OWN].tolist() == [own["mean"], own["eti95_lb"], own["eti95_ub"]]
    assert table.attrs["refits"] == 2


def test_all_direct_effects_by_default_and_one_warning(example_fit: bcx.Fit) -> None:
    how: dict[str, Any] = {"scales": [0.1], "draws": 20, "tune": 50, "progressbar": False}
    with pytest.warns(ConvergenceWarning, match="1 of 1 refits did not converge") as caught:
        table = prior_sensitivity(example_fit, ci_prob=0.8, **how)
    assert len(caught) == 1
    assert table.attrs == {"refits": 1, "not_converged": 1}
    assert table.index.tolist() == ["trust~satisfaction", "loyalty~trust", "loyalty~satisfaction"]
    assert table.index.name == "quantity"
    assert table.columns.get_level_values(0).unique().tolist() == [OWN, "HalfNormal(0.1)"]  # its own stands first
    own = bcx.summarize(bcx.direct_effects(example_fit, "average"), 0.8, kind="stats")
    np.testing.assert_array_equal(table[OWN], own[["mean", "eti80_lb", "eti80_ub"]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        same = prior_sensitivity(example_fit, ci_prob=0.8, **how)
        other = prior_sensitivity(example_fit, ("r_squared", "loyalty"), random_seed=5, **how)
    pd.testing.assert_frame_equal(table, same)
    assert other.index.tolist() == ["r_squared loyalty"]


def test_its_own_scale_alone_needs_no_refit(example_fit: bcx.Fit) -> None:
    table = prior_sensitivity(example_fit, "loyalty~trust", scales=np.array([0.2, 0.2]), progressbar=False)
    assert table.columns.get_level_values(0).unique().tolist() == [OWN]
    assert table.attrs == {"refits": 0, "not_converged": 0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scales": (0.1, -1)}, "scales must be positive numbers such as .*, found -1"),
        ({"scales": (0.1, "wide")}, "found 'wide'"),
        ({"scales": "0.1"}, "found '0.1'"),
        ({"scales": float("nan")}, "found nan"),
        ({"scales": (True,)}, "found True"),
        ({"scales": ()}, "scales is empty"),
        ({"quantity": ("total", "trust")}, "no quantity is called"),
        ({"random_seed": "one"}, "random_seed must be a whole number"),
    ],
)
def test_questions_that_cannot_be(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        prior_sensitivity(example_fit, **{"progressbar": False, **changes})


@pytest.mark.parametrize("pooling", ["full", "none"])
def test_only_partial_pooling_has_such_a_prior(pooling: str) -> None:
    with pytest.raises(FitError, match=f"pooling '{pooling}': path_sd plays no part"):
        prior_sensitivity(fit_of((0.86, 0.80), pooling=pooling, draws=100))
