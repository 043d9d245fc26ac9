"""Tables of moderators: steps that can be read, contraction, and shares under the priors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.moderation import moderator_effects
from bayescx.estimands.moderation_tables import explained_table, moderator_table, readable_step
from tests.moderated import moderated_fit, moderated_rows


@pytest.mark.parametrize(
    ("sd", "step"), [(1.0, 1.0), (3.0, 1.0), (3.3, 10.0), (0.02, 0.01), (1736.0, 1000.0), (4e-7, 1e-6), (2e9, 1e9)]
)
def test_steps_are_the_nearest_power_of_ten(sd: float, step: float) -> None:
    assert readable_step(sd) == step


def test_a_standardized_row_is_per_sd_of_the_attribute() -> None:
    fit = moderated_fit()
    raw, common = moderator_table(fit, kind="stats"), moderator_table(fit, standardized=True, kind="stats")
    assert raw["per"].tolist() == [1000, 1000, 1]
    sd = fit.evidence.attributes.scale[0]
    assert common["per"].tolist() == [sd, sd, 1]
    loyalty = raw["path"] == "loyalty~effort"
    unit = (raw["mean"] / raw["per"]) / (common["mean"] / common["per"])
    assert np.ptp(unit[loyalty]) == pytest.approx(0, abs=1e-9)  # one path has one unit
    np.testing.assert_array_equal(raw["higher"], common["higher"])
    np.testing.assert_allclose(common["mean"], moderator_effects(fit, standardized=True).mean(("chain", "draw")))


def test_contraction_is_against_the_prior_of_the_coefficient() -> None:
    fit = moderated_fit()
    table = moderator_table(fit, standardized=True, kind="stats")
    np.testing.assert_allclose(table["contraction"], 1 - table["sd"] ** 2 / 0.2**2)
    assert not table["rests_on_prior"].any()
    assert table["level"].tolist() == ["", "", "goods"]
    assert table["reference"].tolist() == ["", "", "services"]
    assert table["attribute"].tolist() == ["employees", "employees", "industry"]


def test_the_prior_share_is_that_of_the_fit_s_own_priors() -> None:
    fit = moderated_fit()
    table = explained_table(fit, 0.5).set_index("path")
    assert (table["prior_lower"] < table["prior_mean"]).all()
    assert (table["prior_mean"] < table["prior_upper"]).all()
    # of one coefficient and SDs of one prior, the ratio of two half-normals: the median share is that of equal sizes
    z = fit.evidence.attributes.z()[:, 0]
    draws = np.random.default_rng(2).standard_normal((200_000, 2)) ** 2
    share = draws[:, 0] * z.var() / (draws[:, 0] * z.var() + draws[:, 1])
    expected = [share.mean(), *np.quantile(share, [0.25, 0.75])]
    np.testing.assert_allclose(
        table.loc["trust~effort", ["prior_mean", "prior_lower", "prior_upper"]].to_numpy(float), expected, atol=0.02
    )


def test_units_that_nobody_shared() -> None:
    parts = {
        name: bcx.SampleMoments(len(rows), None, rows[["effort", "trust"]].corr(), scale_free=True)
        for name, rows in moderated_rows().groupby("organization")
    }
    stated = moderated_rows().groupby("organization")[["employees"]].first()
    evidence = bcx.Evidence.from_moments(parts, attributes=stated)
    model = bcx.parse_model("trust ~ pool(effort, employees)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # so few draws
        fit = bcx.fit(model, evidence, random_seed=1, draws=50, tune=200, chains=2, progressbar=False)
    assert len(moderator_table(fit, standardized=True)) == 1
    with pytest.raises(FitError, match="nobody shared the units of this evidence"):
        moderator_table(fit)
