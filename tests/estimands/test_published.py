"""Figures as a posterior predicts them: statistics against other estimands, sampling errors against closed forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import wishart

import bayescx as bcx
from bayescx import algebra
from bayescx.errors import FitError
from bayescx.estimands.figure_predictions import Predictions, predictions_of
from bayescx.estimands.population import evaluate
from bayescx.estimands.published import predicted_figures
from bayescx.estimands.system import layout_of
from bayescx.evidence import Published
from tests.model.sampling import sampling_variance

Floats = NDArray[np.float64]
PAIR = ("north", "south")


def figure(statistic: str = "path", organizations: tuple[str, ...] = ("north",), **keys: Any) -> Published:
    about: dict[str, Any] = {
        "r_squared": {"outcome": "trust"},
        "path": {"outcome": "trust", "cause": "satisfaction"},
        "total_effect": {"outcome": "loyalty", "cause": "satisfaction"},
        "correlation": {"between": ("trust", "satisfaction")},
        "share": {"outcome": "loyalty", "cause": "satisfaction", "reading": "mediated"},
        "path_ratio": {"outcome": "loyalty", "numerator": ("trust",), "denominator": ("satisfaction",)},
        "ordering": {"of": "path", "outcome": "loyalty", "cause": "trust", "among": ("satisfaction",)},
    }
    stated = (
        {"n_obs": 150, "use": "check"} | ({} if statistic == "ordering" else {"value": 0.5}) | about.get(statistic, {})
    )
    return Published(statistic=statistic, organizations=organizations, **stated | keys)


def evidence_of(*given: Published) -> tuple[Published, ...]:
    return tuple(replace(one, use="evidence") for one in given)


def informed(fit: bcx.Fit, *published: Published, members: tuple[str, ...] = PAIR) -> bcx.Fit:
    """The same draws, as though figures alone spoke of some organizations."""
    level = {**fit.evidence.level, **dict.fromkeys(members, "figures")}
    return replace(fit, evidence=replace(fit.evidence, published=published, level=level))


def correlation_of(fit: bcx.Fit, organization: str, one: int = 0, other: int = 1) -> Floats:
    phi = evaluate(fit, "organization", lambda system: system.covariance)[:, :, fit.organizations.index(organization)]
    return np.asarray(phi[..., one, other] / np.sqrt(phi[..., one, one] * phi[..., other, other]))


def only(found: Predictions) -> tuple[Floats, Floats, Floats]:
    return found.statistic[..., 0], found.expected[..., 0], found.noise[..., 0]


# ------------------------------------------------------------------------------------------------ statistics


def test_statistics_are_those_of_the_other_estimands(example_fit: bcx.Fit) -> None:
    r2 = bcx.r_squared(example_fit).sel(outcome="trust")
    total = bcx.total_effects(example_fit).sel(cause="satisfaction", outcome="loyalty")
    path = bcx.direct_effects(example_fit)
    mediated = total - path.sel(path="loyalty~satisfaction")
    expected = {
        figure("r_squared", PAIR): r2.sel(organization=list(PAIR)).mean("organization"),
        figure("path"): path.sel(organization="north", path="trust~satisfaction"),
        figure("total_effect", ("east",)): total.sel(organization="east"),
        figure("share", PAIR): mediated.sel(organization=list(PAIR)).mean("organization")
        / total.sel(organization=list(PAIR)).mean("organization"),
        figure("path_ratio", value=4.0): path.sel(organization="north", path="loyalty~trust")
        / path.sel(organization="north", path="loyalty~satisfaction"),
        figure("ordering"): path.sel(organization="north", path="loyalty~trust")
        - path.sel(organization="north", path="loyalty~satisfaction"),
        figure("bound", of="r_squared", outcome="trust", side="at_most"): r2.sel(organization="north"),
    }
    found = predicted_figures(example_fit, list(expected))
    assert found.dims == ("chain", "draw", "figure")
    assert found["figure"].values.tolist() == [one.label for one in expected]
    for position, draws in enumerate(expected.values()):
        np.testing.assert_allclose(found.isel(figure=position).values, draws.values, rtol=1e-10)


def test_figures_of_the_evidence_are_the_default_and_say_what_they_are(example_fit: bcx.Fit) -> None:
    fit = informed(example_fit, *evidence_of(figure(value=0.6)), figure("ordering"))
    found = predicted_figures(fit)
    assert found["use"].values.tolist() == ["evidence", "check"]
    np.testing.assert_array_equal(found["published"].values, [0.6, np.nan])
    assert predicted_figures(fit, [figure("correlation", use="evidence")])["use"].values.tolist() == ["check"]
    assert predicted_figures(fit, [figure(value=0.6)])["use"].values.tolist() == ["evidence"]  # it did inform the fit
    assert bcx.summarize(found)["figure"].tolist() == [one.label for one in fit.evidence.published]


def test_each_organization_and_each_pair_of_an_ordering_is_an_entry(example_fit: bcx.Fit) -> None:
    each = figure("path", PAIR, rule="each")
    found = predicted_figures(example_fit, [each, replace(each, source="a")])
    assert found["figure"].values.tolist() == [
        "path trust~satisfaction (north)",
        "path trust~satisfaction (south)",
        "path trust~satisfaction (north) [a]",
        "path trust~satisfaction (south) [a]",
    ]
    path = bcx.direct_effects(example_fit).sel(path="trust~satisfaction", organization=list(PAIR))
    np.testing.assert_allclose(found.values[..., :2], path.values)


def test_known_statistics_of_a_set_are_taken_as_known(example_fit: bcx.Fit) -> None:
    (replaced,) = evidence_of(figure("path", PAIR, value=0.5, n_obs=300, overlap="replace"))
    fit = informed(example_fit, members=("south",))
    statistic, _, noise = only(predictions_of(fit, [replaced]))
    j = fit.organizations.index("north")
    x, y = (fit.evidence.variables.index(name) for name in ("satisfaction", "trust"))
    cov = fit.evidence.cov[j]
    known = cov[x, y] / np.sqrt(cov[x, x] * cov[y, y])
    south = correlation_of(fit, "south")
    np.testing.assert_allclose(statistic, 0.5 * known + 0.5 * south)
    np.testing.assert_allclose(noise, 0.5 * (1 - south**2) / np.sqrt(150), rtol=1e-9)


# ------------------------------------------------------------------------------------------- sampling errors


def test_sampling_errors_are_those_of_textbooks(example_fit: bcx.Fit) -> None:
    r = correlation_of(example_fit, "north")
    for one, sd in {
        figure("correlation"): (1 - r**2) / np.sqrt(150),
        figure("path"): (1 - r**2) / np.sqrt(150),  # of the only cause: the correlation itself
        figure("r_squared"): 2 * np.abs(r) * (1 - r**2) / np.sqrt(150),
    }.items():
        statistic, expected, noise = only(predictions_of(example_fit, [one]))
        np.testing.assert_allclose(noise, sd, rtol=1e-9)
        np.testing.assert_array_equal(expected, statistic)


@pytest.mark.parametrize("rule", ["mean", "pooled"])
@pytest.mark.parametrize("statistic", ["total_effect", "correlation", "r_squared"])
def test_sampling_errors_of_a_set_are_those_of_the_likelihood(example_fit: bcx.Fit, statistic: str, rule: str) -> None:
    found = predictions_of(example_fit, [figure(statistic, PAIR, rule=rule)])
    phi = evaluate(example_fit, "organization", lambda system: system.covariance)[:, :20]
    members = phi[:, :, [example_fit.organizations.index(name) for name in PAIR]]
    variance = sampling_variance(found.terms[0], layout_of(example_fit), members, np.log(75))
    np.testing.assert_allclose(found.noise[:, :20, 0], np.sqrt(variance), rtol=1e-9)


@pytest.mark.parametrize("statistic", ["share", "path_ratio"])
def test_sampling_errors_of_ratios_are_those_of_simulated_samples(example_fit: bcx.Fit, statistic: str) -> None:
    n = 500_000
    noise = predictions_of(example_fit, [figure(statistic, n_obs=n)]).noise[0, 0, 0]
    phi = evaluate(example_fit, "organization", lambda system: system.covariance)[0, 0, 0]
    sample = algebra.regressions(wishart(n, phi / n).rvs(20_000, random_state=1), [[], [0], [0, 1]])
    sd = np.sqrt(np.diagonal(sample.phi, axis1=-2, axis2=-1))
    total = sample.effects[:, 2, 0]
    direct = sample.paths[:, 2, 0]
    ratio = {
        "share": (total - direct) / total,
        "path_ratio": sample.paths[:, 2, 1] * sd[:, 1] / (direct * sd[:, 0]),
    }
    assert noise == pytest.approx(ratio[statistic].std(), rel=0.03)


def test_prints_lie_on_the_grid_and_scatter_as_they_should(example_fit: bcx.Fit) -> None:
    one = figure("correlation", value=0.6, rounded_to=0.05)
    printed = predicted_figures(example_fit, [one], printed=True).isel(figure=0)
    steps = (printed.values - 0.6) / 0.05
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
    statistic, _, noise = only(predictions_of(example_fit, [one]))
    variance = statistic.var() + (noise**2).mean() + 0.05**2 / 12
    assert printed.values.std() == pytest.approx(np.sqrt(variance), rel=0.05)
    again = predicted_figures(example_fit, [one], printed=True).isel(figure=0)
    np.testing.assert_array_equal(printed.values, again.values)


# ------------------------------------------------------------------------------ figures of the same sample


def test_an_r_squared_is_predicted_by_the_only_path_behind_it(example_fit: bcx.Fit) -> None:
    fit = informed(example_fit, *evidence_of(figure("path", value=0.6, rounded_to=0.01)))
    statistic, expected, noise = only(predictions_of(fit, [figure("r_squared")]))
    r = correlation_of(fit, "north")
    error, rounding = (1 - r**2) ** 2 / 150, 0.01**2 / 12
    kept = error / (error + rounding)
    np.testing.assert_allclose(statistic, r**2)
    np.testing.assert_allclose(expected, r**2 + 2 * r * kept * (0.6 - r), rtol=1e-9)
    np.testing.assert_allclose(noise, 2 * np.abs(r) * np.sqrt(error * (1 - kept)), rtol=1e-6)
    assert noise.max() < 0.006  # up to rounding, whatever n is


def test_a_figure_is_not_given_itself(example_fit: bcx.Fit) -> None:
    path, other = evidence_of(figure("path"), figure("r_squared", ("south",)))
    alone = predictions_of(informed(example_fit), [path])
    together = predictions_of(informed(example_fit, path, other), [path])
    np.testing.assert_allclose(together.noise, alone.noise)  # another organization is another sample
    np.testing.assert_array_equal(together.expected, together.statistic)


def test_errors_reach_through_organizations_in_common(example_fit: bcx.Fit) -> None:
    """A figure of both organizations links those of each: given it, the other's error says something."""
    both, south = evidence_of(figure("correlation", PAIR, value=0.7), figure("correlation", ("south",), value=0.7))
    noise = {
        given: only(predictions_of(informed(example_fit, *given), [figure("correlation")]))[2].mean()
        for given in ((), (south,), (both,), (both, south))
    }
    assert noise[()] == pytest.approx(noise[south,])
    assert noise[both, south] < 0.9 * noise[both,] < 0.9 * noise[()]


def test_orderings_neither_give_nor_take_errors(example_fit: bcx.Fit) -> None:
    ordering, path = figure("ordering"), figure("path")
    fit = informed(example_fit, *evidence_of(ordering, figure("correlation")))
    free = only(predictions_of(example_fit, [ordering]))[2]
    np.testing.assert_allclose(only(predictions_of(fit, [ordering]))[2], free)
    np.testing.assert_allclose(
        only(predictions_of(informed(example_fit, *evidence_of(ordering)), [path]))[2],
        only(predictions_of(example_fit, [path]))[2],
    )


def test_an_unpublished_size_is_the_posteriors_or_else_drawn_from_its_range(example_fit: bcx.Fit) -> None:
    ranged: dict[str, Any] = {"n_obs": (200, 1000)}
    r = correlation_of(example_fit, "north")
    drawn = ((1 - r**2) / only(predictions_of(example_fit, [figure("correlation", **ranged)]))[2]) ** 2
    assert np.log(drawn).mean() == pytest.approx(np.log(200 * 1000) / 2, abs=0.05)
    assert np.log(drawn).std() == pytest.approx(np.log(5) / 4, rel=0.05)
    given = (figure("path", PAIR, n_obs=(50, 90)), figure("r_squared", **ranged), figure("share", ("east",)))
    sizes = np.stack([np.full(r.shape, 60.0), np.full(r.shape, 440.0)], axis=-1)
    posterior = example_fit.posterior.assign(published_n_obs=(("chain", "draw", "published_sample"), sizes))
    fit = informed(example_fit, *evidence_of(*given), members=(*PAIR, "east"))
    fit = replace(fit, tree=xr.DataTree.from_dict({"posterior": posterior}))
    found = predictions_of(fit, [figure("ordering", **ranged), figure("ordering", PAIR, n_obs=(50, 90))])
    free = predictions_of(example_fit, [figure("ordering", n_obs=440), figure("ordering", PAIR, n_obs=60)])
    np.testing.assert_allclose(found.noise, free.noise, rtol=1e-9)


# --------------------------------------------------------------------------------------------------- errors


def test_what_the_fit_does_not_have_is_refused_at_once(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no published figures in this fit"):
        predicted_figures(example_fit)
    with pytest.raises(FitError, match="list of Published"):
        predicted_figures(example_fit, [])
    with pytest.raises(FitError, match="list of Published"):
        predicted_figures(example_fit, ["r_squared"])  # type: ignore[list-item]
    wrong = [figure(organizations=("nroth",)), figure(outcome="trsut")]
    with pytest.raises(FitError, match=r"no construct 'trsut'; did you mean 'trust'\?; .*did you mean 'north'"):
        predicted_figures(example_fit, wrong)


def test_names_of_users_come_out_as_they_are(example_fit: bcx.Fit) -> None:
    name = "<script>alert(1)</script>\n$x$"
    organizations = (name, *example_fit.organizations[1:])
    evidence = replace(example_fit.evidence, organizations=organizations, level=dict.fromkeys(organizations, "rows"))
    posterior = example_fit.posterior.assign_coords(organization=list(organizations))
    fit = replace(example_fit, evidence=evidence, tree=xr.DataTree.from_dict({"posterior": posterior}))
    (label,) = predicted_figures(fit, [figure(organizations=(name,))])["figure"].values.tolist()
    assert label.startswith("path trust~satisfaction (<script>alert(1)</script>")
    assert "\n" not in label
