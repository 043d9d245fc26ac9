"""Deviations of intercepts are found again, in SDs of the item, and flagged."""

from __future__ import annotations

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.intercepts import intercept_differences
from tests.estimands.mean_studies import COUNT, ITEMS, mean_fit, study


def test_sds_and_deviations_are_found_again() -> None:
    found = intercept_differences(mean_fit()).sel(item=ITEMS)
    tau = found["tau"].mean(("chain", "draw")).values
    sd = np.sqrt(1 + 0.7**2)
    truth = study().deviations / sd
    assert tau[:4].max() < tau[4:].mean()
    assert np.corrcoef(tau, truth.std(axis=0, ddof=1))[0, 1] > 0.95
    seen = found["deviation"].mean(("chain", "draw")).values
    for some in (slice(0, 4), slice(4, 7)):  # what all items of a factor share is taken for its mean
        one, other = (part[:, some] - part[:, some].mean(axis=0) for part in (truth, seen))
        one, other = (part - part.mean(axis=1, keepdims=True) for part in (one, other))
        np.testing.assert_allclose(other, one, atol=0.13)
    beyond = np.abs(found["deviation"].values - seen) <= 1.645 * found["deviation"].std(("chain", "draw")).values
    assert 0.85 < beyond.mean() < 0.95
    assert found["differs"].dims == ("organization", "item")
    assert found["tau"].attrs["units"] == found["deviation"].attrs["units"] == "SD of the item within organizations"


def test_units_of_the_data_cancel() -> None:
    # without scaling the prior is in points of the scale, of which an SD of an item has two times the root of 1.49
    raw = bcx.Prior("HalfNormal", sigma=0.1 * 2 * np.sqrt(1.49))
    one = intercept_differences(mean_fit())
    other = intercept_differences(mean_fit("unscaled"), intercept_sd=raw)
    for name in ("tau", "deviation"):
        means = (each[name].mean(("chain", "draw")).values for each in (one, other))
        np.testing.assert_allclose(*means, atol=0.02)


def test_probabilities_count_draws() -> None:
    found = intercept_differences(mean_fit(), at_least=0.15)
    beyond = np.abs(found["deviation"]) > 0.15
    np.testing.assert_allclose(found["differs"], beyond.mean(("chain", "draw")))
    np.testing.assert_allclose(found["differs_somewhere"], beyond.any("organization").mean(("chain", "draw")))
    np.testing.assert_array_equal(found["flagged"], found["differs"] > 0.95)
    flagged = found["flagged_somewhere"].to_series()
    assert flagged[["b1", "b2", "b3"]].any()
    assert not flagged[["a1", "a2", "a3", "a4"]].any()
    assert found.sizes["organization"] == COUNT
    assert "o" not in found["item"].values


def test_an_item_that_an_organization_lacks_is_nan() -> None:
    found = intercept_differences(mean_fit("some without means"))
    lacking = found["differs"].isnull().to_pandas()
    assert lacking.loc["o3", ["b1", "b2", "b3"]].all()
    assert lacking.loc["o4", "a1"]
    assert lacking.to_numpy().sum() == 4
    assert not found["flagged"].sel(organization="o4", item="a1").item()


def test_what_cannot_be_told(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no factor has several items"):
        intercept_differences(example_fit)
    with pytest.raises(FitError, match="at_least must be"):
        intercept_differences(mean_fit(), at_least=-1)
