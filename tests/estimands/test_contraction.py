"""Contraction is one minus a ratio of variances, where the prior has one."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.contraction import contraction


def quick_fit(rows: pd.DataFrame, text: str, priors: bcx.Priors | None = None, pooling: str = "partial") -> bcx.Fit:
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(
            bcx.parse_model(text), evidence, priors, pooling=pooling, random_seed=1, progressbar=False,
            draws=50, tune=200, chains=2,
        )  # fmt: skip


def test_population_values(example_fit: bcx.Fit) -> None:
    found = contraction(example_fit)
    assert set(found.data_vars) == {"beta_mu", "beta_tau"}
    for name, ratio in found.data_vars.items():
        assert ratio.dims == ("path",)
        assert ratio.attrs["units"] == "share"
        for path in found["path"].values:
            before = {"beta_mu": 1.0, "beta_tau": 0.2**2 * (1 - 2 / np.pi)}[str(name)]  # Normal(0, 1), HalfNormal(0.2)
            after = example_fit.posterior[name].sel(path=path).values
            assert float(ratio.sel(path=path)) == pytest.approx(1 - np.var(after, ddof=1) / before)
    assert (found["beta_mu"] > 0.9).all()  # 600 respondents against a prior of one SD


def test_without_pooling_each_organization_has_its_own(example_rows: pd.DataFrame) -> None:
    fit = quick_fit(example_rows, "loyalty ~ trust", pooling="none")
    found = contraction(fit)
    assert set(found.data_vars) == {"beta"}
    assert found["beta"].sizes == {"organization": 4, "path": 1}
    after = fit.posterior["beta"].sel(organization="east").values.var(ddof=1)
    assert float(found["beta"].sel(organization="east").item()) == pytest.approx(1 - after)  # prior Normal(0, 1)


def test_full_pooling_has_one_value_per_path(example_rows: pd.DataFrame) -> None:
    found = contraction(quick_fit(example_rows, "loyalty ~ trust + satisfaction", pooling="full"))
    assert found["beta"].sizes == {"path": 2}
    assert (found["beta"] > 0.95).all()


@pytest.mark.parametrize(
    ("prior", "is_known"),
    [
        (bcx.Prior("Cauchy", beta=1.0), False),
        (bcx.Prior("StudentT", nu=2.0), False),
        (bcx.Prior("StudentT", nu=3.0), True),
    ],
)
def test_priors_without_a_variance(example_rows: pd.DataFrame, prior: bcx.Prior, is_known: bool) -> None:
    priors = bcx.Priors().replace({"loyalty~trust": prior}, path_sd=bcx.Prior("InverseGamma", alpha=2.0, beta=0.2))
    found = contraction(quick_fit(example_rows, "loyalty ~ trust + satisfaction", priors))
    assert np.isfinite(found["beta_mu"].sel(path="loyalty~trust")).item() is is_known
    assert np.isfinite(found["beta_mu"].sel(path="loyalty~satisfaction")).item()
    assert np.isnan(found["beta_tau"]).all()


def test_no_free_path(example_rows: pd.DataFrame) -> None:
    with pytest.raises(FitError, match="no free path"):
        contraction(quick_fit(example_rows, "loyalty ~ 0.5*trust"))


def test_signs_and_the_scale_of_figures_count_to_the_prior(figures_fit: bcx.Fit) -> None:
    """What an effect of the typical organization says, a path's own contraction says too, but for standardizing."""
    centre = contraction(figures_fit)["beta_mu"]
    effect = bcx.direct_effects(figures_fit, "typical")["contraction"]
    assert (np.abs(centre.sel(path=effect["path"].values) - effect.values) < 0.35).all()
