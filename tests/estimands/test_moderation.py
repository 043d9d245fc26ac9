"""What attributes do to paths: against sums by hand, the truth of a simulation, and a regression by quadrature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

import bayescx as bcx
from bayescx.errors import FitError, ModelError, PriorError
from bayescx.estimands.moderation import explained_heterogeneity, moderator_effects, path_at
from bayescx.priors import Prior
from tests.moderated import IF_GOODS, MODERATED_MODEL, OWN_SD, PER_THOUSAND, moderated_fit, moderated_rows

Floats = NDArray[np.float64]
PATH = "loyalty~effort"


def attributes_by_hand() -> pd.DataFrame:
    """Of the twelve that reported and the one that did not, from the rows."""
    rows = moderated_rows().groupby("organization")[["employees", "industry"]].first()
    rows.loc["late"] = [9000, "goods"]
    return pd.DataFrame({"employees": rows["employees"].astype(float), "goods": (rows["industry"] == "goods") * 1.0})


def z_by_hand() -> Floats:
    found = attributes_by_hand()
    reported = found.drop(index="late")
    return np.asarray((found - reported.mean()) / [reported["employees"].std(ddof=0), 1.0])


def unit(fit: bcx.Fit, outcome: str = "loyalty", cause: str = "effort") -> float:
    return fit.scale[outcome] / fit.scale[cause]


def moderation(fit: bcx.Fit) -> dict[str, Floats]:
    drawn = fit.posterior["moderation"]
    return {str(name): drawn.sel(moderator=name).values for name in drawn["moderator"].values}


def test_effects_are_coefficients_in_units() -> None:
    fit = moderated_fit()
    drawn = moderation(fit)
    assert list(drawn) == ["trust~effort:employees", "loyalty~effort:employees", "loyalty~effort:industry[goods]"]
    own = moderator_effects(fit)
    sd = attributes_by_hand().drop(index="late")["employees"].std(ddof=0)
    np.testing.assert_allclose(own.sel(moderator=f"{PATH}:employees"), drawn[f"{PATH}:employees"] * unit(fit) / sd)
    np.testing.assert_allclose(
        own.sel(moderator=f"{PATH}:industry[goods]"), drawn[f"{PATH}:industry[goods]"] * unit(fit)
    )
    common = moderator_effects(fit, standardized=True)
    ratio = bcx.direct_effects(fit, "typical") / bcx.direct_effects(fit, "typical", standardized=False)
    for name, draws in drawn.items():
        path = name.split(":")[0]
        outcome, cause = path.split("~")
        expected = draws * unit(fit, outcome, cause) * ratio.sel(path=path).values
        np.testing.assert_allclose(common.sel(moderator=name).values, expected, rtol=1e-9)
    assert own["path"].values.tolist() == ["trust~effort", PATH, PATH]
    assert own["attribute"].values.tolist() == ["employees", "employees", "industry[goods]"]


def test_the_truth_is_found() -> None:
    fit = moderated_fit()
    found = bcx.summarize(moderator_effects(fit), 0.95).set_index("moderator")
    for name, truth in {"employees": PER_THOUSAND / 1000, "industry[goods]": IF_GOODS}.items():
        row = found.loc[f"{PATH}:{name}"]
        assert row["eti95_lb"] < truth < row["eti95_ub"]
    left = fit.posterior["beta_tau"].sel(path=PATH).values * unit(fit)
    assert np.quantile(left, 0.025) < OWN_SD < np.quantile(left, 0.975)
    assert not fit.provenance["convergence_problems"]


def test_explained_share_by_hand() -> None:
    fit = moderated_fit()
    drawn, z = moderation(fit), z_by_hand()[:12]
    moved = drawn[f"{PATH}:employees"][..., None] * z[:, 0] + drawn[f"{PATH}:industry[goods]"][..., None] * z[:, 1]
    variance = ((moved - moved.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1) / 12
    tau = fit.posterior["beta_tau"].sel(path=PATH).values
    found = explained_heterogeneity(fit)
    np.testing.assert_allclose(found.sel(path=PATH), variance / (variance + tau**2), rtol=1e-12)
    assert found["path"].values.tolist() == ["trust~effort", PATH]


def test_a_path_at_stated_attributes() -> None:
    fit = moderated_fit()
    drawn, known = moderation(fit), attributes_by_hand().drop(index="late")
    z = (8000 - known["employees"].mean()) / known["employees"].std(ddof=0), 1 - known["goods"].mean()
    mu = fit.posterior["beta_mu"].sel(path=PATH).values
    expected = mu + drawn[f"{PATH}:employees"] * z[0] + drawn[f"{PATH}:industry[goods]"] * z[1]
    raw = path_at(fit, {"employees": 8000, "industry": "goods"}).sel(path=PATH)
    np.testing.assert_allclose(raw.values, expected * unit(fit), rtol=1e-12)
    new = path_at(fit, {"employees": 8000, "industry": "goods"}, new=True).sel(path=PATH) / unit(fit)
    tau = fit.posterior["beta_tau"].sel(path=PATH).values
    deviation = (new.values - expected) / tau
    assert abs(deviation.mean()) < 0.06
    assert deviation.std() == pytest.approx(1.0, abs=0.05)


def test_the_typical_organization_has_average_attributes() -> None:
    fit = moderated_fit()
    for standardized in (False, True):
        typical = bcx.direct_effects(fit, target="typical", standardized=standardized).sel(path=PATH)
        np.testing.assert_allclose(typical.values, path_at(fit, {}, standardized=standardized).sel(path=PATH).values)


def test_unreported_organizations_have_their_stated_attributes_and_others_some_that_are_known() -> None:
    """The average of fourteen: twelve of their own, one stated, one drawn."""
    fit = moderated_fit()
    drawn, z = moderation(fit), z_by_hand()
    gamma = np.stack([drawn[f"{PATH}:employees"], drawn[f"{PATH}:industry[goods]"]], axis=-1)
    own = fit.posterior["beta"].sel(path=PATH).values.sum(axis=-1)
    mu = fit.posterior["beta_mu"].sel(path=PATH).values
    assert z[:12].mean() == pytest.approx(0.0)
    expected = (own + 2 * mu + gamma @ z[12] + gamma @ z.mean(axis=0)) / 14
    found = bcx.direct_effects(fit, target="average", standardized=False).sel(path=PATH).values / unit(fit)
    assert found.mean() == pytest.approx(expected.mean(), abs=0.01)
    tau = fit.posterior["beta_tau"].sel(path=PATH).values
    spread = np.sqrt((gamma @ np.cov(z.T, ddof=0) * gamma).sum(axis=-1) + 2 * tau**2) / 14
    assert (found - expected).std() == pytest.approx(np.sqrt((spread**2).mean()), rel=0.1)


def test_a_new_organization_is_drawn_from_all_that_are_known() -> None:
    fit = moderated_fit()
    drawn, z = moderation(fit), z_by_hand()
    gamma = np.stack([drawn[f"{PATH}:employees"], drawn[f"{PATH}:industry[goods]"]], axis=-1)
    mu, tau = (fit.posterior[name].sel(path=PATH).values for name in ("beta_mu", "beta_tau"))
    found = bcx.direct_effects(fit, target="new", standardized=False).sel(path=PATH).values / unit(fit)
    variance = (gamma @ np.cov(z.T, ddof=0) * gamma).sum(axis=-1) + tau**2
    scaled = (found - mu - gamma @ z.mean(axis=0)) / np.sqrt(variance)
    assert abs(scaled.mean()) < 0.08
    assert scaled.std() == pytest.approx(1.0, abs=0.06)


def test_what_heterogeneity_leaves_is_less_than_without_the_attributes() -> None:
    fit = moderated_fit()
    left = bcx.heterogeneity(fit)["beta_tau"].sel(path=PATH).mean()
    plain = bcx.parse_model("trust ~ effort; loyalty ~ effort + trust")
    evidence = bcx.Evidence.from_rows(moderated_rows(), organization="organization")
    without = bcx.fit(plain, evidence, random_seed=1, progressbar=False)
    assert float(left) < 0.6 * float(bcx.heterogeneity(without)["beta_tau"].sel(path=PATH).mean())


def by_quadrature(estimate: Floats, variance: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Mean and SD of (mu, gamma) given estimates of known variance, over a grid of tau under its default prior."""
    design = np.column_stack([np.ones(len(z)), z])
    prior = np.diag([1.0, *[0.2**-2] * z.shape[1]])
    grid = np.linspace(1e-4, 1.2, 3000)
    means, seconds, log_p = [], [], []
    for tau in grid:
        weight = 1 / (variance + tau**2)
        precision = prior + (design.T * weight) @ design
        covariance = np.linalg.inv(precision)
        best = covariance @ (design.T @ (weight * estimate))
        cov = np.diag(variance + tau**2) + design @ np.linalg.inv(prior) @ design.T
        log_p.append(stats.multivariate_normal(np.zeros(len(z)), cov).logpdf(estimate) - 0.5 * (tau / 0.2) ** 2)
        means.append(best)
        seconds.append(np.diag(covariance) + best**2)
    weights = np.exp(np.array(log_p) - max(log_p))
    mean = np.average(means, axis=0, weights=weights)
    return mean, np.sqrt(np.average(seconds, axis=0, weights=weights) - mean**2)


@pytest.mark.parametrize("n_org", [5, 20])
def test_posterior_is_the_meta_regression_by_quadrature(n_org: int) -> None:
    """Many respondents make an organization's estimate normal with known variance: the textbook's random effects."""
    rng = np.random.default_rng(n_org)
    moments, attributes, n = {}, {}, 20_000
    for j in range(n_org):
        slope = 0.4 + 0.1 * (j % 3) + 0.08 * rng.standard_normal()
        cov = np.array([[1.0, slope], [slope, slope**2 + 0.5]])
        frame = pd.DataFrame(cov, index=["x", "y"], columns=["x", "y"])
        moments[f"o{j}"] = bcx.SampleMoments(n, None, frame)
        attributes[f"o{j}"] = {"size": float(j % 3)}
    evidence = bcx.Evidence.from_moments(moments, attributes=attributes)
    fit = bcx.fit(
        bcx.parse_model("y ~ pool(x, size)"), evidence, random_seed=2, draws=2500, progressbar=False, scale=False
    )
    z = fit.evidence.attributes.z()
    slopes = np.array([one.cov.loc["x", "y"] / one.cov.loc["x", "x"] for one in moments.values()])
    mean, sd = by_quadrature(slopes, np.full(n_org, 0.5 / n), z)
    posterior = fit.posterior
    found = np.stack([posterior["beta_mu"].values[..., 0], posterior["moderation"].values[..., 0]], axis=-1)
    np.testing.assert_allclose(found.mean(axis=(0, 1)), mean, atol=0.04 * sd.max())
    np.testing.assert_allclose(found.std(axis=(0, 1)), sd, rtol=0.06)


def test_one_organization_less_changes_neither_centre_nor_unit() -> None:
    fit = moderated_fit()
    fewer = fit.evidence.only(fit.organizations[:2])
    np.testing.assert_allclose(fewer.attributes.centre, fit.evidence.attributes.centre)
    np.testing.assert_allclose(fewer.attributes.scale, fit.evidence.attributes.scale)


def test_an_organization_without_data_has_no_say_in_the_units() -> None:
    rows = moderated_rows().query("organization != 'o12'")
    model = bcx.parse_model("loyalty ~ pool(effort, employees)")
    found = []
    for stated in ({}, {"giant": {"employees": 1_000_000}}):
        evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=14, attributes=stated)
        found.append(bcx.fit(model, evidence, random_seed=1, draws=500, progressbar=False))
    np.testing.assert_array_equal(found[0].posterior["moderation"], found[1].posterior["moderation"])


def test_what_cannot_be_answered() -> None:
    fit = moderated_fit()
    with pytest.raises(FitError, match=r"no path depends on an attribute 'employes'.*employees"):
        path_at(fit, {"employes": 3})
    with pytest.raises(FitError, match="industry has no level 'banking'; its levels: services, goods"):
        path_at(fit, {"industry": "banking"})
    with pytest.raises(FitError, match="employees is a number, found 'many'"):
        path_at(fit, {"employees": "many"})
    with pytest.raises(FitError, match="employees is a number, found True"):
        path_at(fit, {"employees": True})
    with pytest.raises(FitError, match="employees is a number, found 1000"):
        path_at(fit, {"employees": 10**400})
    for nothing in (None, "employees", 3):
        with pytest.raises(FitError, match=r"attributes are told by name, \{'employees': …\}; .*; found"):
            path_at(fit, nothing)  # type: ignore[arg-type]


def test_one_organization_explains_no_differences() -> None:
    fit = moderated_fit()
    one = replace(fit, evidence=fit.evidence.only(fit.organizations[:1]))
    with pytest.raises(FitError, match="one organization says nothing about differences"):
        explained_heterogeneity(one)


def test_an_organization_known_by_figures_only_is_refused_with_what_works() -> None:
    rows = moderated_rows()
    for use in ("check", "evidence"):
        figure = bcx.Published(
            statistic="path", outcome="loyalty", cause="effort", organizations=["other"], value=0.4, n_obs=200, use=use
        )
        stated = {"other": {"employees": 2500, "industry": "goods"}}
        settings: dict[str, Any] = {"organization": "organization", "n_planned": 14, "attributes": stated}
        evidence = bcx.Evidence.from_rows(rows, published=[figure], **settings)
        with pytest.raises(
            ModelError, match=r"other is known by published figures only.*leave the figures about it out"
        ):
            bcx.fit(bcx.parse_model(MODERATED_MODEL), evidence, progressbar=False)
    model = bcx.parse_model(MODERATED_MODEL)
    found = bcx.Evidence.from_rows(rows, **settings).matched(model.observed, model.coded, model.attributes)
    assert found.attributes.unreported == ("other",)  # without the figures, what is stated of it stays


def test_without_moderators_there_is_nothing_to_tell(example_fit: bcx.Fit) -> None:
    for asked in (moderator_effects, explained_heterogeneity):
        with pytest.raises(FitError, match=r"pool\(effort, employees\)"):
            asked(example_fit)


@pytest.mark.parametrize("pooling", ["full", "none"])
def test_other_pooling_is_refused(pooling: str) -> None:
    evidence = bcx.Evidence.from_rows(moderated_rows(), organization="organization")
    with pytest.raises(ModelError, match=f"found '{pooling}' for paths: use 'partial'"):
        bcx.fit(bcx.parse_model(MODERATED_MODEL), evidence, pooling=pooling, progressbar=False)


def test_declared_signs_and_positive_priors_are_refused() -> None:
    model = bcx.parse_model(MODERATED_MODEL)
    evidence = bcx.Evidence.from_rows(moderated_rows(), organization="organization", signs={PATH: 1})
    with pytest.raises(ModelError, match="the sign of loyalty~effort is declared"):
        bcx.fit(model, evidence, progressbar=False)
    evidence = bcx.Evidence.from_rows(moderated_rows(), organization="organization")
    priors = bcx.Priors().replace({f"{PATH}:employees": Prior("HalfNormal", sigma=1.0)})
    with pytest.raises(PriorError, match=r"loyalty~effort:employees is .*may be negative"):
        bcx.fit(model, evidence, priors, progressbar=False)
