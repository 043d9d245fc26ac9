"""Marks stand where the shares are, names stay text, and no text covers another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bayescx.errors import FitError
from bayescx.plots.rates import plot_rates
from bayescx.rates import Counts, PublishedRate, RatesFit, category_rates, fit_rates
from tests.plots.fits import HOSTILE_ORGANIZATIONS, LONG, SCRIPT, collisions, smallest_letters, texts_of

YES, NO = SCRIPT, r"$\frac{1}{"


def fit_of(case: str) -> RatesFit:
    rng = np.random.default_rng(5)
    names = {"hostile": HOSTILE_ORGANIZATIONS, "one": ("only",)}.get(case, tuple(f"shop {j}" for j in range(40)))
    answers = rng.multinomial(80, [0.2, 0.8], size=(len(names), 2))
    groups = (LONG.strip(), "cross")
    figure = PublishedRate(value=0.2, categories=YES, group="cross", organizations=["<i>x</i>"], n_obs=500)
    return fit_rates(Counts(names, groups, (YES, NO), answers, len(names) + 3), [figure], draws=50)


@pytest.fixture(scope="module", params=["hostile", "one", "forty"])
def fit(request: pytest.FixtureRequest) -> RatesFit:
    return fit_of(request.param)


@pytest.fixture(scope="module")
def small() -> RatesFit:
    counts = Counts(("a", "b", "c"), ("",), ("leaves", "stays"), np.array([[[20, 80]], [[9, 51]], [[0, 12]]]), 5)
    return fit_rates(counts, [PublishedRate(value=0.3, categories="leaves", organizations=["p"], n_obs=90)], draws=200)


def test_marks_are_the_posterior(small: RatesFit) -> None:
    picture = plot_rates(small, "leaves", ci_prob=0.9)
    data = picture.data
    own = category_rates(small, category="leaves")
    expected = own.mean(("chain", "draw")).values
    np.testing.assert_allclose(data.loc[data["target"] == "organization", "mean"], expected)
    bounds = own.quantile([0.05, 0.95], ("chain", "draw")).values
    np.testing.assert_allclose(data.loc[data["target"] == "organization", ["lower", "upper"]].to_numpy().T, bounds)
    assert data["n_obs"].tolist()[:4] == [100, 60, 12, 0]
    assert data["label"].tolist()[4:] == [
        "typical organization", "average of the five planned, four known", "new organization",
    ]  # fmt: skip
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    (dots,) = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots.get_xdata(), expected)
    population = np.concatenate([line.get_xdata() for line in axes.lines if line.get_marker() == "D"])
    np.testing.assert_allclose(np.sort(population), np.sort(data["mean"][4:]))
    assert picture.title == "Share of leaves"
    assert "4 organizations, from c" in picture.description


def test_several_categories_and_groups_are_named(fit: RatesFit) -> None:
    picture = plot_rates(fit, [YES], group="cross")
    assert picture.title == f"Share of {YES} among cross"


def test_small_shares_have_three_decimals() -> None:
    rare = fit_rates(Counts(("a", "b"), ("",), ("rare", "other"), np.array([[[2, 998]], [[3, 997]]]), 2))
    assert "a 0.004 [0.001, 0.00" in plot_rates(rare, "rare").description


@pytest.mark.parametrize("width", [3.8, 6.5, 12])
def test_no_text_covers_another(fit: RatesFit, width: float) -> None:
    for group in fit.groups:
        picture = plot_rates(fit, YES, group=group, width=width)
        assert collisions(picture) == []
        assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    picture = plot_rates(fit_of("hostile"), NO, group="cross", width=12)
    assert "<b>" not in picture.inline("p")
    assert "&lt;i&gt;x&lt;/i&gt;" in picture.svg
    assert any(r"$\frac{1}{" in text for text, _ in texts_of(picture))


def test_svg_is_the_same_every_time(small: RatesFit) -> None:
    assert plot_rates(small, "leaves").svg == plot_rates(small, "leaves").svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"category": "x"}, "no category 'x'"),
        ({"group": "x"}, "no group 'x'"),
        ({"group": None}, "a picture shows one group"),
        ({"width": 2}, "width must lie between"),
        ({"ci_prob": 95}, "ci_prob must lie between"),
    ],
)
def test_what_cannot_be_drawn(fit: RatesFit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_rates(fit, **{"category": YES, "group": "cross"} | changes)
