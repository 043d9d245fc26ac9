"""A refit is the fit that would have been made; many of them are quiet and warn once."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, ModelError
from bayescx.model.refit import refit, refit_each, warn_of_refits

SHORT = {"draws": 20, "tune": 50, "chains": 2}
MODEL = "trust ~ satisfaction; loyalty ~ trust + satisfaction"


def fitted(rows: pd.DataFrame, **settings: Any) -> bcx.Fit:
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=6)
    model = bcx.parse_model(MODEL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(model, evidence, **{**SHORT, "random_seed": 3, "progressbar": False, **settings})


def again(fit: bcx.Fit, **changes: Any) -> bcx.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return refit(fit, **changes)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"pooling": {"paths": "full", "residuals": "none"}},
        {"scale": False, "priors": bcx.Priors().replace(path_sd=bcx.Prior("HalfNormal", sigma=0.5))},
        {"identification": "marker", "target_accept": 0.7},
    ],
)
def test_with_nothing_replaced_it_is_the_same_fit(example_rows: pd.DataFrame, settings: dict[str, Any]) -> None:
    fit = fitted(example_rows, **settings)
    same = again(fit)
    xr.testing.assert_identical(same.posterior, fit.posterior)
    assert (same.scale, same.pooling, same.identification) == (fit.scale, fit.pooling, fit.identification)
    varying = ("created_at", "seconds")
    assert {k: v for k, v in same.provenance.items() if k not in varying} == {
        k: v for k, v in fit.provenance.items() if k not in varying
    }


def test_other_evidence_gives_what_a_fit_to_it_gives(example_rows: pd.DataFrame) -> None:
    fit = fitted(example_rows)
    two = ["south", "west"]
    cut = again(fit, evidence=fit.evidence.only(two), random_seed=8)
    alone = fitted(example_rows[example_rows["organization"].isin(two)], random_seed=8)
    assert cut.organizations == ("south", "west")
    assert cut.n_planned == 6
    xr.testing.assert_identical(cut.posterior, alone.posterior)
    assert cut.scale == alone.scale != fit.scale  # nobody knew the others' SDs


def test_priors_and_settings_are_replaced(example_rows: pd.DataFrame) -> None:
    fit = fitted(example_rows)
    narrow = fit.priors.replace(path_sd=bcx.Prior("HalfNormal", sigma=0.01))
    other = again(fit, priors=narrow, draws=30, tune=40, chains=3, random_seed=11, target_accept=0.8)
    assert other.priors == narrow
    names = ("draws", "tune", "chains", "random_seed", "target_accept")
    assert [other.provenance[name] for name in names] == [30, 40, 3, 11, 0.8]
    assert other.posterior["beta_tau"].max() < fit.posterior["beta_tau"].max() / 2
    np.testing.assert_array_equal(other.evidence.cov, fit.evidence.cov)


def test_pooling_and_the_unit_of_factors_are_replaced(example_rows: pd.DataFrame) -> None:
    pooling = {"paths": "full", "residuals": "none"}
    other = again(fitted(example_rows), pooling=pooling, identification="marker")
    same = fitted(example_rows, pooling=pooling, identification="marker")
    xr.testing.assert_identical(other.posterior, same.posterior)
    assert other.identification == "marker"
    assert other.pooling == same.pooling
    assert other.pooling["covariances"] == "partial"


def test_one_refit_warns_and_refuses_as_a_fit_does(example_rows: pd.DataFrame) -> None:
    fit = fitted(example_rows)
    with pytest.warns(ConvergenceWarning, match="the sampler did not converge"):
        refit(fit)
    with pytest.raises(ModelError, match="draws must be a whole number of at least 4, found 1"):
        refit(fit, draws=1)


def test_many_refits_are_quiet(example_rows: pd.DataFrame, capfd: pytest.CaptureFixture[str]) -> None:
    fit = fitted(example_rows)
    capfd.readouterr()
    changes = [{"random_seed": 1}, {"random_seed": 2}, {}]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for progressbar in (False, True):  # no terminal, no bar
            found = list(refit_each(fit, changes, doing="Refitting", progressbar=progressbar))
            assert [one.seed for one in found] == [1, 2, 3]
            assert all(one.provenance["convergence_problems"] for one in found)
            assert {one.provenance["target_accept"] for one in found} == {fit.provenance["target_accept"]}
    assert capfd.readouterr() == ("", "")


def test_one_warning_counts_them() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_refits(0, 7)
    with pytest.warns(ConvergenceWarning, match="3 of 7 refits did not converge") as caught:
        warn_of_refits(3, 7)
    assert len(caught) == 1
