"""Expanded draws get the names of their parameters, whatever order the kernel keeps them in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bayescx.model.arrays import Arrays, Sample
from bayescx.model.layout import Layout
from bayescx.model.tree import posterior_dataset, prior_dataset
from bayescx.priors import Prior, Priors
from bayescx.spec import parse_model

# single-predictor equations come before and between those of several, so that blocks change the order
TEXT = "f =~ x1 + x2 + x3; a ~ x; b ~ a + x + z; c ~ b; f ~ c + a"
NAMES = {"beta": "path", "log_residual_sd": "residual", "log_exogenous_sd": "exogenous"}
NAMES |= {"partial_correlation_z": "covariance", "loading": "indicator"}


def arrays_of(pooling: str | dict[str, str]) -> Arrays:
    layout = Layout.of(parse_model(TEXT), pooling=pooling)
    p = len(layout.variables)
    return Arrays.of(layout, Sample(np.array([30, 40]), np.stack([np.eye(p)] * 2)), Priors())


def marked(arrays: Arrays) -> dict[str, NDArray[np.float64]]:
    """Two chains of three draws: component c is c, its mean 1000 + c, its SD 2000 + c; organization j adds j/10."""
    ones = np.ones((2, 3, 1))
    own = np.array(arrays.own)[None, None, None, :] + np.arange(2)[None, None, :, None] / 10
    return {
        "shared": ones * np.array(arrays.shared),
        "mu": ones * (1000 + np.array(arrays.population)),
        "tau": ones * (2000 + np.array(arrays.population)),
        "own": np.broadcast_to(own, (2, 3, 2, len(arrays.own))),
    }


@pytest.mark.parametrize(
    "pooling",
    ["partial", {"paths": "none", "exogenous": "full"}, {"paths": "full", "residuals": "none", "covariances": "full"}],
)
def test_every_value_is_under_its_name(pooling: Any) -> None:
    arrays = arrays_of(pooling)
    number = {component.name: c for c, component in enumerate(arrays.layout.components)}
    found = posterior_dataset(arrays, marked(arrays), ("one", "other"))
    seen = set()
    for variable, array in found.data_vars.items():
        block = str(variable).removesuffix("_mu").removesuffix("_tau")
        base = {"": 0, "_mu": 1000, "_tau": 2000}[str(variable).removeprefix(block)]
        dim = NAMES[block]
        for name in array[dim].values:
            at = array.sel({dim: name})
            if "organization" in at.dims:
                np.testing.assert_allclose(at.sel(organization="one"), number[name])
                np.testing.assert_allclose(at.sel(organization="other"), number[name] + 0.1)
            else:
                np.testing.assert_allclose(at, base + number[name])
            seen.add(name)
    assert seen == set(number)


def test_the_kernel_keeps_another_order() -> None:
    """Else the test above could not tell right from wrong."""
    arrays = arrays_of("partial")
    assert list(arrays.own) != sorted(arrays.own)


def test_prior_draws_are_under_the_names_of_their_priors() -> None:
    layout = Layout.of(parse_model(TEXT), pooling={"residuals": "full"})
    priors = Priors()
    for c, component in enumerate(layout.components):
        priors = priors.replace({component.name: Prior("Normal", mu=float(c), sigma=1e-6)})
    found = prior_dataset(layout, priors, seed=1, draws=10)
    assert "loading" not in found  # its prior is conditional on the average
    for c, component in enumerate(layout.components):
        if component.block == "loadings":
            continue
        name = {"paths": "beta", "residuals": "log_residual_sd", "exogenous": "log_exogenous_sd"}.get(
            component.block, "partial_correlation_z"
        )
        variable = name if component.block == "residuals" else f"{name}_mu"
        np.testing.assert_allclose(found[variable].sel({NAMES[name]: component.name}), c, atol=1e-4)
    marker = prior_dataset(Layout.of(parse_model(TEXT), identification="marker"), Priors(), seed=1)
    assert marker["loading"]["indicator"].values.tolist() == ["f=~x2", "f=~x3"]
