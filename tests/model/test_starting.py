"""Where the density is zero at every start, the fit says so and names figures that do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.evidence import Published
from bayescx.kernel.posterior import log_density
from bayescx.model.arrays import Arrays
from bayescx.model.engine import sample_kernel
from bayescx.model.nuts import SamplerSettings
from bayescx.model.prepare import prepare
from bayescx.model.start import Start, find_start
from bayescx.model.starting import check_starts

MODEL = bcx.parse_model("m ~ x; y ~ m")
KEYS = {"statistic": "r_squared", "organizations": ["one"], "n_obs": 400}
FIGURES = [Published(**KEYS, outcome="m", value=0.5), Published(**KEYS, outcome="y", value=0.3)]
SETTINGS = SamplerSettings(draws=10, tune=10, chains=3, cores=1, seed=1, target_accept=0.9, progressbar=False)


def start_of(evidence: bcx.Evidence) -> Start:
    at = prepare(MODEL, evidence)
    return find_start(Arrays.of(at.layout, at.sample, at.priors, at.informed))


def without_density(start: Start) -> Start:
    return replace(start, centre=np.full_like(start.centre, 800.0), spread=np.zeros_like(start.spread))


def test_a_start_with_density_is_taken() -> None:
    start = start_of(bcx.Evidence.from_published(FIGURES))
    assert np.isfinite(log_density(start.draw(1), start.arrays.records)[0])
    check_starts(start, SETTINGS)


def test_figures_that_fit_worst_are_named() -> None:
    start = without_density(start_of(bcx.Evidence.from_published(FIGURES)))
    with pytest.raises(FitError, match=r"density is zero at all 3 starting points.*fit worst there: r_squared"):
        sample_kernel(start, SETTINGS)


def test_without_figures_none_is_named() -> None:
    rows = bcx.simulate(MODEL, organizations=2, n_obs=50, random_seed=1).rows
    start = without_density(start_of(bcx.Evidence.from_rows(rows, organization="organization")))
    with pytest.raises(FitError, match="density is zero") as caught:
        check_starts(start, SETTINGS)
    assert "figures" not in str(caught.value)
