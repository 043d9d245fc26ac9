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
    ("sd", "step"),
    [(1.0, 1.0), (3.0, 2.0), (3.3, 5.0), (0.02, 0.02), (1736.0, 2000.0), (4e-7, 5e-7), (8e9, 1e10), (7.0, 5.0)],
)
def test_steps_are_one_two_or_five_of_a_power_of_ten(sd: float, step: float) -> None:
    assert readable_step(np.array([0.0, sd, 2 * sd]), sd) == step


@pytest.mark.parametrize(
    ("values", "step"), [([0, 1, 0, 0], 1.0), ([0.1, 0.3], 0.2), ([-5, 7, 7], 12.0), ([3, 3], 1.0)]
)
def test_the_step_of_two_values_is_from_one_to_the_other(values: list[float], step: float) -> None:
    sd = np.std(values) or 1.0  # evidence has 1 where nothing differs
    assert readable_step(np.array(values), float(sd)) == step


def test_a_standardized_row_is_per_sd_of_the_attribute() -> None:
    fit = moderated_fit()
    raw, common = moderator_table(fit, kind="stats"), moderator_table(fit, standardized=True, kind="stats")
    assert raw["per"].tolist() == [2000, 2000, 1]
    sd = fit.evidence.attributes.scale[0]
    assert common["per"].tolist() == [sd, sd, 1]
    loyalty = raw["path"] == "loyalty~effort"
    unit = (raw["mean"] / raw["per"]) / (common["mean"] / common["per"])
    assert np.ptp(unit[loyalty]) < 0.02 * unit[loyalty].mean()  # one path has one unit, but for draws of SDs
    np.testing.assert_array_equal(raw["higher"], common["higher"])
    np.testing.assert_allclose(common["mean"], moderator_effects(fit, standardized=True).mean(("chain", "draw")))


def test_contraction_is_against_the_prior_of_the_coefficient() -> None:
    fit = moderated_fit()
    table = moderator_table(fit, standardized=True, kind="stats")
    variance = fit.posterior["moderation"].var(("chain", "draw"), ddof=1)
    np.testing.assert_allclose(table["contraction"], 1 - variance / 0.2**2)
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
