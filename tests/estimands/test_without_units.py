"""Published figures and correlations have no units: what is told without them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.population import available_targets, variables_without_unit

RAW: dict[str, Callable[[bcx.Fit], Any]] = {
    "direct": lambda fit: bcx.direct_effects(fit, standardized=False),
    "indirect": lambda fit: bcx.indirect_effects(fit, "average", standardized=False),
    "total": lambda fit: bcx.total_effects(fit, "new", standardized=False),
    "route": lambda fit: bcx.route_effects(fit, "satisfaction", "loyalty", standardized=False),
    "what_if": lambda fit: bcx.what_if(fit, {"satisfaction": 1.0}),
    "defined": bcx.defined_parameters,
}
STANDARDIZED: dict[str, Callable[[bcx.Fit], Any]] = {
    "direct": lambda fit: bcx.direct_effects(fit, "average"),
    "indirect": lambda fit: bcx.indirect_effects(fit, "typical"),
    "total": lambda fit: bcx.total_effects(fit, "new"),
    "route": lambda fit: bcx.route_effects(fit, "satisfaction", "loyalty", "organization"),
    "what_if": lambda fit: bcx.what_if(fit, {"satisfaction": 1.0}, standardized=True),
    "defined": lambda fit: bcx.defined_parameters(fit, standardized=True),
    "r_squared": bcx.r_squared,
    "mediated": lambda fit: bcx.mediated_share(fit, "average").sel(cause="satisfaction", outcome="loyalty"),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_answers_are_refused_where_nobody_shared_units(name: str, figures_fit: bcx.Fit, mixed_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"nobody shared the units of this evidence.*standardized=True"):
        RAW[name](figures_fit)
    assert np.isfinite(RAW[name](mixed_fit)).all()


@pytest.mark.parametrize("name", STANDARDIZED)
def test_standardized_answers_need_no_units(name: str, figures_fit: bcx.Fit) -> None:
    assert np.isfinite(STANDARDIZED[name](figures_fit)).all()


def test_heterogeneity_is_told_in_units(figures_fit: bcx.Fit, mixed_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"nobody shared those of trust, satisfaction, loyalty.*direct_effects\(fit\)"):
        bcx.heterogeneity(figures_fit)
    found = bcx.heterogeneity(mixed_fit)
    for name in ("beta_tau", "prediction", "pooling_factor", "differs_most"):
        assert np.isfinite(found[name]).all()


def test_a_variable_of_which_only_correlations_are_known_has_no_unit(mixed_fit: bcx.Fit) -> None:
    assert variables_without_unit(mixed_fit) == ()
    cut = bcx.Fit(**{**vars(mixed_fit), "evidence": mixed_fit.evidence.only(["<b>east</b>", "west", "one", "two"])})
    assert variables_without_unit(cut) == ("trust",)
    with pytest.raises(FitError, match="nobody shared the units of trust: published figures and correlations"):
        bcx.direct_effects(cut, "typical", standardized=False)


def test_the_share_of_heterogeneity_is_unknown_where_no_data_tell(mixed_fit: bcx.Fit) -> None:
    tree = mixed_fit.tree.copy(deep=True)
    untold = tree["constant_data"]["sampling_sd"].copy()
    untold.loc[{"path": "loyalty~trust"}] = np.inf
    tree["constant_data"]["sampling_sd"] = untold
    found = bcx.heterogeneity(bcx.Fit(**{**vars(mixed_fit), "tree": tree}))["i_squared"]
    assert np.isnan(found.sel(path="loyalty~trust")).all()
    assert np.isfinite(found.sel(path="trust~satisfaction")).all()


# ------------------------------------------------------------------------------------------------- alone


def test_alone_is_answered_only_if_somebody_shared_data(figures_fit: bcx.Fit, mixed_fit: bcx.Fit) -> None:
    assert available_targets(figures_fit) == ("organization", "typical", "average", "new")
    assert "alone" in available_targets(mixed_fit)
    with pytest.raises(FitError, match="no organization shared data of its own"):
        bcx.direct_effects(figures_fit, "alone")


@pytest.mark.parametrize("estimand", [bcx.direct_effects, bcx.total_effects, bcx.r_squared, bcx.defined_parameters])
def test_organizations_known_by_figures_have_nothing_of_their_own(
    estimand: Callable[..., Any], mixed_fit: bcx.Fit
) -> None:
    draws = estimand(mixed_fit, "alone")
    known = draws.sel(organization=["north", "south", "<b>east</b>", "west", "moments"])
    assert np.isfinite(known).all()
    assert np.isnan(draws.sel(organization=["one", "two"])).all()
    table = bcx.summarize(draws)
    nothing = table["organization"].isin(["one", "two"])
    assert nothing.sum() > 0
    pd.testing.assert_series_equal(table["mean"].isna(), nothing, check_names=False)
