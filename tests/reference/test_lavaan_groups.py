"""Equal and free loadings over two schools: the maximum of the posterior under flat priors is lavaan's.

Priors are so wide that they do not count, and moments have divisor n with n degrees of freedom, as lavaan's likelihood.
"""

from __future__ import annotations

import numpy as np
import pytest

from bayescx.kernel.posterior import expand
from bayescx.model.arrays import Arrays, Sample
from bayescx.model.layout import BLOCKS, Layout
from bayescx.model.newton import climb
from bayescx.priors import Prior, Priors
from bayescx.spec import parse_model
from tests.model import dense
from tests.reference.test_lavaan_likelihood import FACTS, sample

WIDE = Prior("Normal", mu=0.0, sigma=30.0)
FLAT = Priors(loading=WIDE, residual=WIDE, exogenous=WIDE, correlation=WIDE)
APART = dict.fromkeys(BLOCKS, "none")


@pytest.mark.parametrize(("pooling", "fit"), [("full", "metric"), ("none", "configural")])
def test_the_maximum_is_lavaans(pooling: str, fit: str) -> None:
    schools = [sample(name) for name in ("pasteur", "grant_white")]
    n_obs = np.array([school.n_obs for school in schools])
    cov = np.array([school.cov.to_numpy() * (school.n_obs - 1) / school.n_obs for school in schools])
    layout = Layout.of(parse_model(FACTS["fits"][fit]["model"]), None, APART | {"loadings": pooling}, "marker")
    arrays = Arrays.of(layout, Sample(n_obs + 1, cov), FLAT)
    start = np.zeros((2, len(layout.components)))
    start[:, layout.of_block("loadings")] = 1.0
    peak = climb(arrays.records, 2, len(arrays.own), arrays.n_shared_free, arrays.free_of(start))
    values = expand(peak.x, arrays.n_expanded, arrays.records)
    u = np.empty((2, len(layout.components)))
    u[:, arrays.shared] = values[: len(arrays.shared)]
    u[:, arrays.own] = values[len(arrays.shared) :].reshape(2, -1)
    log_likelihood = [
        dense.log_likelihood(layout, Sample(n_obs[[j]] + 1, cov[[j]]), u[[j]]) - n_obs[j] * 4.5 * np.log(2 * np.pi)
        for j in range(2)
    ]
    # the sum is flat at its maximum, each school's own part is not
    np.testing.assert_allclose(log_likelihood, list(FACTS["fits"][fit]["log_likelihood"].values()), rtol=0, atol=1e-3)
    expected = {"metric": -3686.29361222590, "configural": -3682.19751207368}[fit]
    assert sum(log_likelihood) == pytest.approx(expected, rel=0, abs=1e-5)
