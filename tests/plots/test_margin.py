"""The picture of a margin shows its numbers at their places, legibly, whatever the names are."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.margin import AS_REPORTED, margin_by_reporting
from bayescx.plots import style
from bayescx.plots.margin import plot_margin
from tests.plots import fits
from tests.plots.fits import collisions, lines_with, smallest_letters, texts_of

WORDS = "direct effect of trust in the company on loyalty to the company"
HOSTILE = f"direct effect of {fits.SCRIPT} on {fits.MATH} {fits.CJK} {fits.LONG}"


def margin_of(
    reported: int = 10, planned: int = 10, orders: int = 3, unit: float = 1.0, prior: bool = True, **attrs: Any
) -> xr.Dataset:
    """A margin whose intervals shrink with the number of reports."""
    k = np.arange(0 if prior else 1, reported + 1)
    shift = 0.02 * np.arange(orders + 1)[:, None] * (k < reported)
    half = np.where(k == 0, 1.5, 0.35 / np.maximum(k, 1)) + shift
    mean = 0.4 + 0.02 * np.sin(k) + shift
    values = {"mean": mean, "lower": mean - half, "upper": mean + half, "sd": half / 1.96}
    names = [["" if one == 0 else f"{fits.SCRIPT} {one}" for one in k] for _ in range(orders + 1)]
    return xr.Dataset(
        {name: (("order", "reported"), unit * value) for name, value in values.items()},
        coords={
            "order": [AS_REPORTED, *map(str, range(1, orders + 1))],
            "reported": k,
            "joined": (("order", "reported"), names),
        },
        attrs={
            "quantity": "loyalty~trust", "words": WORDS, "units": "SD of the outcome per SD of the cause",
            "ci_prob": 0.95, "n_planned": planned, "simulated": 0, "converged": 1, "refits": 9, "not_converged": 0,
            **attrs,
        },
    )  # fmt: skip


CASES = {
    "ten of ten": {},
    "four of ten": {"reported": 4},
    "one of one": {"reported": 1, "planned": 1, "orders": 0},
    "one of two": {"reported": 1, "planned": 2, "orders": 0},
    "two of ten": {"reported": 2, "orders": 1},
    "three of a thousand": {"reported": 3, "planned": 1000},
    "forty of forty": {"reported": 40, "planned": 40},
    "without priors": {"prior": False},
    "large numbers": {"unit": 123456.0, "units": "units of the outcome per unit of the cause"},
    "small numbers": {"unit": 1e-4},
    "hostile": {"words": HOSTILE, "simulated": 1, "converged": 0, "not_converged": 3},
}


@pytest.mark.parametrize(
    ("case", "width"),
    [*((case, 3.8) for case in CASES), ("ten of ten", 6.5), ("hostile", 6.5), ("three of a thousand", 12)],
)
def test_no_text_covers_another(case: str, width: float) -> None:
    margin = margin_of(**CASES[case])
    picture = plot_margin(margin, width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5
    assert picture.figure is not None
    assert picture.figure.get_size_inches()[0] == pytest.approx(width)
    texts = [text for text, _ in texts_of(picture)]
    last = margin["reported"].values[-1]
    assert any(text.startswith(f"after {last} of {margin.attrs['n_planned']:,}: ") for text in texts)


def test_marks_stand_at_their_numbers() -> None:
    margin = margin_of(reported=4)
    picture = plot_margin(margin)
    real = margin.sel(order=AS_REPORTED)
    after = real.sel(reported=slice(1, None))
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    (band,) = [one for one in axes.collections if isinstance(one, PolyCollection)]
    corners = {(float(x), round(float(y), 9)) for x, y in band.get_paths()[0].vertices}
    for end in ("lower", "upper"):
        assert {(float(k), round(float(after[end].sel(reported=k)), 9)) for k in (1, 2, 3, 4)} <= corners
    (line,) = [one for one in lines_with(picture, marker="None", color=style.BLUE) if one.get_linewidth() == 1.0]
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(line.get_ydata(), after["mean"])
    (last,) = lines_with(picture, marker="D")
    assert (last.get_xdata()[0], last.get_ydata()[0]) == (4, float(after["mean"][-1]))
    (bar,) = [one for one in lines_with(picture, color=style.VERMILLION) if one.get_linewidth() == 2.2]
    np.testing.assert_array_equal(bar.get_ydata()[:2], [float(after["lower"][-1]), float(after["upper"][-1])])
    others = margin.sel(order=["1", "2", "3"], reported=[1, 2, 3, 4]).mean("order")
    thin = lines_with(picture, color=style.GREY, linewidth=0.8, marker="None")
    averages = [one for one in thin if len(one.get_xdata()) == 4]
    np.testing.assert_allclose(averages[0].get_ydata(), others["lower"])
    np.testing.assert_allclose(averages[1].get_ydata(), others["upper"])
    low, high = axes.get_xlim()
    assert low < 0
    assert 10 < high < 11  # room for those that have not reported


def test_priors_that_are_far_wider_end_in_arrows() -> None:
    wide = plot_margin(margin_of())
    assert wide.figure is not None
    low, high = wide.figure.axes[0].get_ylim()
    assert 0.3 < high < 1.5  # the priors reach 1.9
    arrows = {mark: [one.get_ydata()[0] for one in lines_with(wide, marker=mark)] for mark in "^v"}
    assert arrows == {"^": [high], "v": [low]}
    assert any(text == "by the priors alone: −1.10 to 1.90" for text, _ in texts_of(wide))
    margin = margin_of()
    margin["lower"][:, 0], margin["upper"][:, 0] = 0.0, 0.9
    near = plot_margin(margin)
    assert not [line for mark in "^v" for line in lines_with(near, marker=mark)]


def test_labels_say_what_the_interval_was() -> None:
    margin = margin_of()
    picture = plot_margin(margin)
    texts = [text for text, _ in texts_of(picture)]
    real = margin.sel(order=AS_REPORTED)
    for k in (2, 6, 10):
        lower, upper = (float(real[end].sel(reported=k)) for end in ("lower", "upper"))
        assert f"after {k} of 10: {lower:.2f} to {upper:.2f}" in texts
        assert f"after {k} of 10: {lower:.2f} to {upper:.2f}" in picture.description
    assert "How sure are we of the average of the ten?" in texts
    assert "95\u00a0% interval, SD per SD" in texts
    assert f"D{WORDS[1:]}" in texts
    assert picture.title == f"How sure are we of the average of the ten? D{WORDS[1:]}"
    assert "ends on average over 3 other orders" in texts
    assert "ends on average over 1 other order" in [t for t, _ in texts_of(plot_margin(margin_of(orders=1)))]
    alone = plot_margin(margin_of(1, 1, 0))
    assert alone.title.startswith("How sure are we of the only organization?")
    assert "after 1 of 1: 0.07 to 0.77" in [text for text, _ in texts_of(alone)]


def test_labels_stand_above_their_places() -> None:
    picture = plot_margin(margin_of())
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    box, (low, high) = axes.get_position(), axes.get_xlim()
    for text, place in texts_of(picture):
        if text.startswith("after "):
            k = int(text.split()[1])
            x = 72 * 6.5 * (box.x0 + box.width * (k - low) / (high - low))
            assert place.x0 - 0.5 <= x <= place.x1 + 0.5


def test_data_are_the_margin(tmp_path: Path) -> None:
    margin = margin_of()
    picture = plot_margin(margin)
    assert picture.data.columns.tolist() == ["order", "reported", "joined", "mean", "lower", "upper", "sd"]
    assert picture.data["order"].unique().tolist() == margin["order"].values.tolist()
    for name in ("mean", "lower", "upper", "sd", "joined"):
        np.testing.assert_array_equal(picture.data[name], margin[name].values.ravel())
    same = plot_margin(margin.transpose("reported", "order"))
    assert same.svg == picture.svg == plot_margin(margin).svg
    for suffix in ("svg", "png", "pdf"):
        assert picture.save(tmp_path / f"margin.{suffix}", dpi=60).stat().st_size > 2000


def test_notes_warn_the_reader() -> None:
    picture = plot_margin(margin_of(**CASES["hostile"]))
    notes = ["Not converged: do not report", "3 of 9 refits not converged: approximate", "Simulated data"]
    texts = [text for text, _ in texts_of(picture)]
    for note in notes:
        assert note in texts
        assert f"{note}." in picture.description
        assert note not in plot_margin(margin_of()).description


def test_hostile_words_stay_text() -> None:
    picture = plot_margin(margin_of(**CASES["hostile"]))
    assert "<script" not in picture.inline("p")
    words = " ".join(ET.fromstring(picture.svg).itertext())  # noqa: S314 (our own SVG)
    assert fits.SCRIPT in words
    assert r"$x$ and $\frac{1}{" in words


def test_an_interval_without_width_is_drawn() -> None:
    margin = margin_of()
    for name in ("mean", "lower", "upper"):
        margin[name][:] = 0.5
    picture = plot_margin(margin)
    assert collisions(picture) == []
    assert "after 10 of 10: 0.50 to 0.50" in [text for text, _ in texts_of(picture)]


def test_a_fit_is_asked_first(example_fit: bcx.Fit) -> None:
    how: dict[str, Any] = {"orders": 0, "ci_prob": 0.8, "standardized": False, "random_seed": 4, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        picture = plot_margin(example_fit, ("r_squared", "trust"), **how)
        margin = margin_by_reporting(example_fit, ("r_squared", "trust"), **how)
    assert picture.svg == plot_margin(margin).svg
    assert picture.title == "How sure are we of the average of the six? Explained variance (R²) of trust"
    assert picture.data["joined"].tolist()[1:5] == list(example_fit.organizations)
    assert "80\u00a0% interval, share of variance" in picture.description
    assert collisions(picture) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None,), "or a fit; found NoneType. This works"),
        ((xr.Dataset({"mean": 1.0}),), "found a Dataset without its variables"),
        ((margin_of().drop_attrs(),), "found a Dataset without its variables"),
        ((margin_of(), "loyalty~trust"), "a quantity is asked of a fit"),
    ],
)
def test_what_cannot_be_drawn(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_margin(*arguments)


def test_a_fit_needs_a_quantity_that_it_has(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match='say which quantity of the fit: plot_margin\\(fit, "outcome~cause"\\)'):
        plot_margin(example_fit)
    with pytest.raises(FitError, match="no path 'loyalty~trsut'; did you mean"):
        plot_margin(example_fit, "loyalty~trsut")
    with pytest.raises(FitError, match="width must lie between"):
        plot_margin(margin_of(), width=30)
