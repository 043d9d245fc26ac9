"""Densities hold the mass of their draws, and say how far the evidence narrowed the prior."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.contraction import contraction
from bayescx.plots.prior_posterior import plot_prior_posterior
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, smallest_letters, texts_of

PATHS = ["trust~satisfaction", "loyalty~trust", "loyalty~satisfaction"]


def curve(data: pd.DataFrame, parameter: str, variable: str) -> pd.DataFrame:
    return data[(data["parameter"] == parameter) & (data["variable"] == variable)]


@pytest.mark.parametrize("variable", ["beta_mu", "beta_tau"])
def test_posterior_curves_hold_the_draws(example_fit: bcx.Fit, variable: str) -> None:
    data = plot_prior_posterior(example_fit).data
    assert data["parameter"].unique().tolist() == PATHS
    assert set(data["organization"]) == {""}
    for path in PATHS:
        one = curve(data, path, variable)
        x, density = one["x"].to_numpy(), one["posterior"].to_numpy()
        draws = example_fit.posterior[variable].sel(path=path).values.ravel()
        assert (np.diff(x) > 0).all()
        assert np.trapezoid(density, x) == pytest.approx(1, abs=0.02)
        assert np.trapezoid(density * x, x) == pytest.approx(draws.mean(), abs=0.1 * draws.std())
        below = np.concatenate([[0], np.cumsum(np.diff(x) * (density[1:] + density[:-1]) / 2)])
        shares = np.array([0.1, 0.5, 0.9])
        np.testing.assert_allclose(np.interp(np.quantile(draws, shares), x, below), shares, atol=0.02)


def test_prior_curves_are_the_priors(example_fit: bcx.Fit) -> None:
    data = plot_prior_posterior(example_fit).data
    mu, tau = curve(data, PATHS[1], "beta_mu"), curve(data, PATHS[1], "beta_tau")
    normal = np.exp(-(mu["x"] ** 2) / 2) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(mu["prior"], normal, rtol=1e-12)
    half_normal = 2 * np.exp(-((tau["x"] / 0.2) ** 2) / 2) / np.sqrt(2 * np.pi) / 0.2
    assert tau["x"].min() == 0
    np.testing.assert_allclose(tau["prior"], half_normal, rtol=1e-12)
    assert np.trapezoid(tau["prior"], tau["x"]) == pytest.approx(1, abs=0.01)


def test_contraction_is_written_in_every_panel(example_fit: bcx.Fit) -> None:
    picture = plot_prior_posterior(example_fit, ["loyalty~trust"], width=4.4)
    narrowed = contraction(example_fit).sel(path="loyalty~trust")
    texts = [text for text, _ in texts_of(picture)]
    for variable in ("beta_mu", "beta_tau"):
        share = float(narrowed[variable])
        assert set(curve(picture.data, "loyalty~trust", variable)["contraction"]) == {share}
        percent = round(100 * (1 - np.sqrt(1 - share)))
        expected = "prior narrowed by > 99 %" if percent >= 100 else f"prior narrowed by {percent} %"
        expected = "prior not narrowed" if percent < 1 else expected
        assert expected in texts
        assert expected in picture.description
    assert {"typical path (mu)", "SD between organizations (tau)", "trust → loyalty", "prior", "posterior"} <= set(
        texts
    )


def test_panels_of_a_column_share_their_scale(example_fit: bcx.Fit) -> None:
    figure = plot_prior_posterior(example_fit).figure
    assert figure is not None
    assert len(figure.axes) == 6
    columns: dict[float, set[tuple[float, float]]] = {}
    for axes in figure.axes:
        columns.setdefault(round(axes.get_position().x0, 3), set()).add(axes.get_xlim())
    assert [len(limits) for limits in columns.values()] == [1, 1]
    for axes in figure.axes:
        drawn = [np.max(line.get_ydata()) for line in axes.lines]
        assert drawn == pytest.approx([1.0])  # every posterior to one height


def test_one_curve_per_organization_without_pooling() -> None:
    fit = fit_of("none")
    picture = plot_prior_posterior(fit, "loyalty~trust")
    assert picture.data["variable"].unique().tolist() == ["beta"]
    assert picture.data["organization"].unique().tolist() == list(fit.organizations)
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    assert len(axes.lines) == len(fit.organizations)
    shares = contraction(fit)["beta"].sel(path="loyalty~trust").values
    assert np.unique(picture.data["contraction"]) == pytest.approx(np.sort(shares))
    assert "path (one curve per organization)" in [text for text, _ in texts_of(picture)]


def test_full_pooling_has_one_column() -> None:
    picture = plot_prior_posterior(fit_of("full"))
    assert picture.data["variable"].unique().tolist() == ["beta"]
    assert picture.figure is not None
    assert len(picture.figure.axes) == 3
    assert "path (all organizations share it)" in [text for text, _ in texts_of(picture)]


def test_a_prior_without_a_variance_leaves_the_posterior_visible() -> None:
    picture = plot_prior_posterior(fit_of("cauchy"), ["loyalty~trust"])
    mu = curve(picture.data, "loyalty~trust", "beta_mu")
    assert mu["contraction"].isna().all()
    assert "prior without a variance" in [text for text, _ in texts_of(picture)]
    assert np.isfinite(mu[["x", "prior", "posterior"]]).all(axis=None)
    spread = float(fit_of("cauchy").posterior["beta_mu"].sel(path="loyalty~trust").std())
    assert mu["x"].max() - mu["x"].min() < 1000 * spread


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize("case", ["hostile", "none", "full", "one"])
def test_no_text_covers_another(case: str, width: float) -> None:
    picture = plot_prior_posterior(fit_of(case), width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    picture = plot_prior_posterior(fit_of("hostile"))
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    assert f"{fits.MATH}~{fits.LONG.strip()}" in picture.data["parameter"].tolist()


def test_svg_is_the_same_every_time_and_global_settings_do_not_matter(example_fit: bcx.Fit) -> None:
    expected = plot_prior_posterior(example_fit).svg
    settings = dict(mpl.rcParams)
    with mpl.rc_context({"patch.edgecolor": "red", "lines.linestyle": ":"}):
        assert plot_prior_posterior(example_fit).svg == expected
    assert dict(mpl.rcParams) == settings


def test_names_are_read_as_written_elsewhere(example_fit: bcx.Fit) -> None:
    picture = plot_prior_posterior(example_fit, ["loyalty ~ trust", "loyalty~trust"])
    assert picture.data["parameter"].unique().tolist() == ["loyalty~trust"]
    assert picture.title == "Prior and posterior of 1 path"


@pytest.mark.parametrize(
    ("case", "parameters", "message"),
    [
        (
            "ten",
            ["loyalty~trsut"],
            r"no free path 'loyalty~trsut'; did you mean 'loyalty~trust'\? Free paths: trust~sat",
        ),
        ("fixed", ["trust~satisfaction"], "no free path 'trust~satisfaction'.*Free paths: loyalty~trust"),
        ("ten", [], "parameters is empty"),
        ("ten", [3], "no free path 3"),
        ("constant", None, "no free path"),
    ],
)
def test_what_cannot_be_drawn(case: str, parameters: list[str] | None, message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_prior_posterior(fit_of(case), parameters)
