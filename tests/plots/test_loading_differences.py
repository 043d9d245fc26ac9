"""Dots of loadings stand where the estimand puts them, and those that matter have names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bayescx.errors import FitError
from bayescx.estimands.loading_differences import loading_differences
from bayescx.plots import style
from bayescx.plots.loading_differences import plot_loading_differences
from tests.drifting import drifting
from tests.plots import fits
from tests.plots.fits import collisions, lines_with, smallest_letters, texts_of

TEXT = """
f =~ x1 + x2 + x3
g =~ y1 + y2
f =~ x4
#: f = individual attention
#: x2 = the employee makes me feel that my question is important
"""
NAMES = ["north", "south", "east", "west"]
DRIFTS = {("south", "g=~y1"): -0.4, ("east", "g=~y1"): 0.3, ("north", "f=~x2"): 0.25}


def hostile(factors: int = 12, items: int = 5, organizations: int = 40) -> Any:
    """Sixty items, forty organizations, and names that no page is ready for."""
    names = [*fits.HOSTILE_ORGANIZATIONS, *(f"organization {j}" for j in range(4, organizations))]
    text = [f"f{i} =~ " + " + ".join(f"f{i}_{k}" for k in range(items)) for i in range(factors)]
    words = {
        "f0": fits.LONG,
        "f0_1": fits.LONG,
        "f1_0": fits.SCRIPT,
        "f2_0": fits.MATH,
        "f3_0": fits.CJK,
        "f3": fits.SCRIPT,
    }
    text += [f"#: {name} = {said.strip()}" for name, said in words.items()]
    rng = np.random.default_rng(1)
    drifts = {(name, f"f{i}=~f{i}_{i % items}"): rng.choice([-0.3, 0.4]) for i, name in enumerate(names[:factors])}
    drifts |= {(name, "f5=~f5_1"): 0.3 for name in names[:30]}
    return drifting("\n".join(text), names, drifts, draws=30)


def test_data_are_what_the_estimand_answers() -> None:
    fit = drifting(TEXT, NAMES, DRIFTS)
    picture = plot_loading_differences(fit, at_least=0.15, probability=0.9, ci_prob=0.8)
    found = loading_differences(fit, 0.15)
    assert len(picture.data) == 6 * 4
    for _, row in picture.data.iterrows():
        at = {"organization": row["organization"], "loading": f"{row['factor']}=~{row['item']}"}
        draws = found["deviation"].sel(at).values
        assert row["mean"] == pytest.approx(draws.mean())
        assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(draws, [0.1, 0.9]).tolist())
        assert row["differs"] == found["differs"].sel(at)
        assert row["is_named"] == (row["differs"] > 0.9)
        assert row["differs_somewhere"] == found["differs_somewhere"].sel(loading=at["loading"])
    named = picture.data[picture.data["is_named"]]
    assert set(zip(named["organization"], named["factor"] + "=~" + named["item"], strict=True)) == set(DRIFTS)


def test_dots_stand_at_their_numbers_row_by_row() -> None:
    picture = plot_loading_differences(drifting(TEXT, NAMES, DRIFTS))
    data = picture.data
    (dots,), (named,) = (lines_with(picture, marker="o", color=colour) for colour in (style.BLUE, style.VERMILLION))
    np.testing.assert_array_equal(dots.get_xdata(), data.loc[~data["is_named"], "mean"])
    rows = data[~data["is_named"]].groupby(["factor", "item"], sort=False).size()
    heights, counts = np.unique(dots.get_ydata(), return_counts=True)  # downwards
    assert counts.tolist() == rows.tolist()
    assert rows.index.tolist() == [("f", "x1"), ("f", "x2"), ("f", "x3"), ("f", "x4"), ("g", "y1"), ("g", "y2")]
    expected = [data.set_index(["organization", "item"]).loc[at, "mean"] for at in
                (("north", "x2"), ("south", "y1"), ("east", "y1"))]  # fmt: skip
    np.testing.assert_array_equal(named.get_xdata(), expected)
    assert named.get_ydata()[0] == pytest.approx(heights[1])
    assert np.mean(named.get_ydata()[1:]) == pytest.approx(heights[4])  # two lines around the middle of their row
    (bar,) = lines_with(picture, marker="None", color=style.VERMILLION)
    intervals = np.reshape(bar.get_xdata(), (-1, 3))[:, :2]
    flagged = data[data["is_named"]].set_index(["organization", "item"])
    np.testing.assert_array_equal(intervals[0], flagged.loc[("north", "x2"), ["lower", "upper"]].astype(float))
    np.testing.assert_array_equal(np.reshape(bar.get_ydata(), (-1, 3))[:, 0], named.get_ydata())


def test_the_band_is_as_wide_as_it_says_and_leaves_out_headings() -> None:
    picture = plot_loading_differences(drifting(TEXT, NAMES, DRIFTS), at_least=0.2)
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    bands = [(patch.get_x(), patch.get_width()) for patch in axes.patches]
    assert bands == [pytest.approx((-0.2, 0.4))] * 2  # one for each factor
    first, second = axes.patches
    assert first.get_y() + first.get_height() < second.get_y()
    low, high = axes.get_xlim()
    assert low < picture.data["lower"].min()
    assert high > 0.24
    (dots,) = lines_with(picture, marker="o", color=style.BLUE)
    inside = [any(p.get_y() < y < p.get_y() + p.get_height() for p in axes.patches) for y in dots.get_ydata()]
    assert all(inside)


def test_names_stand_beside_their_dots() -> None:
    picture = plot_loading_differences(drifting(TEXT, NAMES, DRIFTS))
    assert picture.figure is not None
    places = dict(texts_of(picture))
    (axes,) = picture.figure.axes
    (named,) = lines_with(picture, marker="o", color=style.VERMILLION)
    for name, height in zip(("north", "south", "east"), named.get_ydata(), strict=True):
        _, y = axes.transData.transform((0.0, height)) / (picture.figure.dpi / 72)
        assert places[name].y0 - 1 < y < places[name].y1 + 1
    assert "west" not in places
    assert {"individual attention", "g", "x1"} <= set(places)
    row = picture.data.set_index(["organization", "item"]).loc[("south", "y1")]
    shown = f"−{-row['mean']:.2f} [−{-row['lower']:.2f}, −{-row['upper']:.2f}]"
    assert shown in places
    assert f"y1 in south {shown}" in picture.description
    assert "with a probability above 95\u00a0%" in picture.description


def test_where_nothing_differs_it_says_so() -> None:
    picture = plot_loading_differences(drifting(TEXT, NAMES))
    said = "No organization differs by more than 0.1 (grey band) with a probability above 95\u00a0%"
    assert said in [text for text, _ in texts_of(picture)]
    assert said in picture.description
    assert lines_with(picture, color=style.VERMILLION) == []


def test_a_crowd_is_counted() -> None:
    names = [f"o{j}" for j in range(10)]
    picture = plot_loading_differences(drifting(TEXT, names, {(name, "f=~x1"): 0.3 for name in names[:9]}))
    texts = [text for text, _ in texts_of(picture)]
    assert "and 5 more" in texts
    assert sum(text in names for text in texts) == 4
    (named,) = lines_with(picture, marker="o", color=style.VERMILLION)
    assert len(named.get_xdata()) == 9  # all are drawn
    assert "and 1 more" in picture.description


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize("settings", [{}, {"at_least": 0.01, "probability": 0.5}, {"at_least": 2.0}])
def test_no_text_covers_another(width: float, settings: dict[str, float]) -> None:
    large = hostile() if not settings and width == 6.5 else hostile(6, 3)
    for fit in (large, drifting(TEXT, NAMES, DRIFTS), drifting("f =~ x1 + x2 + x3", NAMES[:2])):
        picture = plot_loading_differences(fit, width=width, **settings)
        assert collisions(picture) == []
        assert smallest_letters(picture) >= 7.5
        assert picture.figure is not None
        (axes,) = picture.figure.axes
        assert axes.get_position().width > 0.15


def test_hostile_names_stay_text() -> None:
    picture = plot_loading_differences(hostile(), width=12)
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    assert r"$\alpha$ $" in picture.svg
    assert len(picture.svg.encode()) < 400_000
    assert "ö" * 200 in picture.data["organization"].tolist()  # in full where it is data


def test_svg_is_the_same_every_time() -> None:
    fit = drifting(TEXT, NAMES, DRIFTS)
    assert plot_loading_differences(fit).svg == plot_loading_differences(fit).svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at_least": 0}, "at_least must be a positive number"),
        ({"probability": 95}, "probability must lie between 0 and 1, found 95"),
        ({"ci_prob": 1}, "ci_prob must lie between 0 and 1"),
        ({"width": 20}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_loading_differences(drifting(TEXT, NAMES), **changes)
