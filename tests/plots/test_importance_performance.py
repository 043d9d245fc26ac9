"""Marks of the map stand where the estimand says, labels can be read, and quarters are named rightly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.importance import importance_performance
from bayescx.plots import importance_performance as plotting
from bayescx.plots import style
from bayescx.plots.importance_performance import plot_importance_performance
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, lines_with, smallest_letters, texts_of
from tests.turned import turned


def marks_of(picture: bcx.Picture) -> Any:
    """Importance and height on the page of every mark, from the lower left corner in points."""
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    data = np.concatenate([line.get_xydata() for line in lines_with(picture, marker="o")])
    return data, axes.transData.transform(data) / picture.figure.get_dpi() * 72


def many(count: int, seed: int = 1, words: str = "driver number {} of them") -> xr.Dataset:
    """Drivers in clusters, as an estimand would tell of them."""
    rng = np.random.default_rng(seed)
    centre = 0.2 * rng.integers(0, 3, count) + 0.05 * rng.standard_normal(count)
    level = 60 + 3 * rng.integers(0, 2, count) + rng.standard_normal(count)
    return xr.Dataset(
        {
            "importance": (("chain", "draw", "driver"), centre + 0.03 * rng.standard_normal((2, 50, count))),
            "performance": ("driver", level, {"units": "0 to 100: answers from 1 to 7"}),
            "performance_se": ("driver", np.full(count, 0.3)),
        },
        coords={
            "driver": [words.format(i) for i in range(count)],
            "organizations": ("driver", np.full(count, 4)),
            "items": ("driver", np.ones(count, dtype=int)),
            "placed": ("driver", np.ones(count, dtype=bool)),
        },
        attrs={"target": "average", "left_out": "", "reversed": "", "mixed_units": "", "not_placed": ""},
    )


def test_marks_stand_where_the_estimand_says() -> None:
    fit = fit_of("chain")
    picture = plot_importance_performance(fit, "c")
    expected = importance_performance(fit, "c")
    data = picture.data.set_index("driver")
    np.testing.assert_allclose(data["mean"], expected["importance"].mean(("chain", "draw")))
    np.testing.assert_array_equal(data["performance"], expected["performance"])
    half = 1.959964 * expected["performance_se"].values
    np.testing.assert_allclose(data["performance_upper"] - data["performance"], half, rtol=1e-6)
    lower, upper = np.quantile(expected["importance"], [0.025, 0.975], axis=(0, 1))
    np.testing.assert_allclose(data["lower"], lower)
    np.testing.assert_allclose(data["upper"], upper)
    marks, place = marks_of(picture)
    order = [int(np.abs(data["mean"].to_numpy() - x).argmin()) for x in marks[:, 0]]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(data["mean"].to_numpy()[order], marks[:, 0])
    # heights run with performance, along one scale
    slope = np.polyfit(data["performance"].to_numpy()[order], place[:, 1], 1)
    np.testing.assert_allclose(np.polyval(slope, data["performance"].to_numpy()[order]), place[:, 1], atol=1e-6)
    assert slope[0] > 0


def test_ticks_tell_performance_as_marks_do() -> None:
    picture = plot_importance_performance(fit_of("chain"), "c")
    marks, place = marks_of(picture)
    level = {round(float(row["mean"]), 9): row["performance"] for _, row in picture.data.iterrows()}
    levels = [level[round(float(x), 9)] for x in marks[:, 0]]
    slope, start = np.polyfit(levels, place[:, 1], 1)
    assert picture.figure is not None
    left = min(box.x0 for text, box in texts_of(picture))
    ticks = []
    for text, box in texts_of(picture):
        number = text.replace("−", "-")
        edge = 72 * picture.figure.axes[0].get_position().x0 * picture.figure.get_figwidth()
        if number.lstrip("-").replace(".", "").isdigit() and box.x1 < edge:
            ticks.append((float(number), (box.y0 + box.y1) / 2))
    assert len(ticks) >= 2
    assert left >= 0
    for value, height in ticks:
        assert abs(start + slope * value - height) < 1.5


def test_quarters_part_at_the_averages(monkeypatch: pytest.MonkeyPatch, example_fit: bcx.Fit) -> None:
    monkeypatch.setattr(plotting, "importance_performance", lambda *_: many(15))
    picture = plot_importance_performance(example_fit, "loyalty")
    data = picture.data
    right, high = data["mean"] >= data["mean"].mean(), data["performance"] >= data["performance"].mean()
    expected = {(True, False): "work here first", (True, True): "keep up", (False, False): "low priority"}
    for is_right, is_high, quadrant in zip(right, high, data["quadrant"], strict=True):
        assert quadrant == expected.get((is_right, is_high), "possible overkill")
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    dashed = [line for line in axes.lines if line.is_dashed()]
    places = [np.unique(np.asarray(line.get_xdata())) for line in dashed]
    (upright,) = (place for place in places if len(place) == 1)
    assert float(upright[0]) == pytest.approx(float(data["mean"].mean()))
    accent = [line for line in lines_with(picture, marker="o") if line.get_color() == style.VERMILLION]
    assert sum(np.size(line.get_xdata()) for line in accent) == int((data["quadrant"] == "work here first").sum()) > 0
    words = {text: box for text, box in texts_of(picture) if text in set(data["quadrant"])}
    assert words["work here first"].x0 > words["low priority"].x1
    assert words["keep up"].y0 > words["work here first"].y1
    assert words["possible overkill"].y0 > words["low priority"].y1


@pytest.mark.parametrize(
    ("count", "seed", "width"), [(2, 1, 3.8), (15, 1, 3.8), (15, 1, 6.5), (15, 1, 12), (15, 2, 3.8), (40, 3, 6.5)]
)
def test_many_drivers_can_be_read(
    monkeypatch: pytest.MonkeyPatch, example_fit: bcx.Fit, count: int, seed: int, width: float
) -> None:
    monkeypatch.setattr(plotting, "importance_performance", lambda *_: many(count, seed))
    picture = plot_importance_performance(example_fit, "loyalty", width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5
    assert sum(text.startswith("driver number") for text, _ in texts_of(picture)) == count
    _, place = marks_of(picture)
    for text, box in texts_of(picture):
        inside = (place > np.array(box.min) + 0.5).all(axis=1) & (place < np.array(box.max) - 0.5).all(axis=1)
        assert not inside.any(), text


@pytest.mark.parametrize("width", [3.8, 6.5])
def test_equal_drivers_and_long_names_can_be_read(
    monkeypatch: pytest.MonkeyPatch, example_fit: bcx.Fit, width: float
) -> None:
    same = many(8, words=fits.LONG + " {}")
    same["importance"][:] = 0.3
    same["performance"][:] = 50.0
    same["performance_se"][:] = 0.0
    monkeypatch.setattr(plotting, "importance_performance", lambda *_: same)
    picture = plot_importance_performance(example_fit, "loyalty", width=width)
    assert collisions(picture) == []
    assert picture.data["quadrant"].tolist() == ["keep up"] * 8


def test_one_organization(example_fit: bcx.Fit) -> None:
    picture = plot_importance_performance(example_fit, "loyalty", organization="south", answers=(0, 10))
    own = importance_performance(example_fit, "loyalty", "organization", answers=(0, 10)).sel(organization="south")
    np.testing.assert_array_equal(picture.data["performance"], own["performance"])
    np.testing.assert_allclose(picture.data["mean"], own["importance"].mean(("chain", "draw")))
    assert set(picture.data["organization"]) == {"south"}
    assert "south" in [text for text, _ in texts_of(picture)]
    assert "performance: present mean level (0 to 100: answers from 0 to 10)" in [t for t, _ in texts_of(picture)]


def test_words(example_fit: bcx.Fit) -> None:
    picture = plot_importance_performance(example_fit, "loyalty", ci_prob=0.9)
    assert picture.title == "Importance and performance of what drives loyalty"
    texts = [text for text, _ in texts_of(picture)]
    whom = "importance: average of the six planned, four reported; performance: four organizations that shared means of"
    assert f"{whom} all these drivers" in " ".join(texts)
    assert "bars: 90\u00a0% intervals; lines: averages of these drivers" in texts
    assert "Keep up: satisfaction 0.7" in picture.description
    assert "More of it lowers" not in picture.description
    lowered = turned(example_fit, "loyalty~trust", "beta", "beta_mu")
    assert (
        "More of it lowers loyalty: trust."
        in plot_importance_performance(lowered, "loyalty", drivers="trust").description
    )


def test_one_driver_has_no_quarters(example_fit: bcx.Fit) -> None:
    picture = plot_importance_performance(example_fit, "trust")
    assert picture.data["quadrant"].tolist() == [""]
    texts = [text for text, _ in texts_of(picture)]
    assert "keep up" not in texts
    assert "bars: 95\u00a0% intervals" in texts


def test_levels_of_other_items_are_not_placed(monkeypatch: pytest.MonkeyPatch, example_fit: bcx.Fit) -> None:
    found = many(6)
    found["placed"][:] = [True, True, True, True, False, True]
    found["performance"][4] = 0.0
    found.attrs["not_placed"] = "driver number 4 of them: its level rests on 2 of 3 items"
    monkeypatch.setattr(plotting, "importance_performance", lambda *_: found)
    picture = plot_importance_performance(example_fit, "loyalty")
    data = picture.data
    assert data["quadrant"].eq("").tolist() == [False, False, False, False, True, False]
    placed = data[data["quadrant"] != ""]
    high = placed["quadrant"].isin(["keep up", "possible overkill"])
    assert high.tolist() == (placed["performance"] >= placed["performance"].mean()).tolist()
    grey = [line for line in lines_with(picture, marker="o") if line.get_color() == style.GREY]
    assert [np.asarray(line.get_xdata()).tolist() for line in grey] == [[float(data["mean"][4])]]
    assert picture.figure is not None
    upright = next(line for line in picture.figure.axes[0].lines if line.is_dashed())
    assert float(np.unique(np.asarray(upright.get_xdata()))[0]) == pytest.approx(float(placed["mean"].mean()))
    assert "Not placed: driver number 4 of them: its level rests on 2 of 3 items." in picture.description
    assert "lines: averages of the drivers that are placed" in " ".join(text for text, _ in texts_of(picture))
    assert "driver number 4 of them (not placed)" in " ".join(text for text, _ in texts_of(picture))
    assert collisions(picture) == []


def test_who_has_no_performance_is_said(mixed_fit: bcx.Fit) -> None:
    picture = plot_importance_performance(mixed_fit, "loyalty")
    assert "two organizations that shared means of all these drivers" in picture.description
    assert "Left out: west: it shared correlations" in picture.description
    east = plot_importance_performance(mixed_fit, "loyalty", organization="<b>east</b>")
    assert east.data["driver"].tolist() == ["satisfaction"]
    with pytest.raises(FitError, match="'west' shared no means of drivers"):
        plot_importance_performance(mixed_fit, "loyalty", organization="west")


@pytest.mark.parametrize("width", [3.8, 6.5])
@pytest.mark.parametrize("organization", [None, *fits.HOSTILE_ORGANIZATIONS])
def test_hostile_names_stay_text(organization: str | None, width: float) -> None:
    picture = plot_importance_performance(fit_of("hostile"), fits.MATH, organization=organization, width=width)
    assert collisions(picture) == []
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;" in picture.svg
    assert "$x$" in picture.svg


def test_svg_is_the_same_every_time(example_fit: bcx.Fit) -> None:
    one, two = (plot_importance_performance(example_fit, "loyalty") for _ in (1, 2))
    assert one.svg == two.svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "organization"}, "a map shows one organization: name it"),
        ({"organization": "nrth"}, r"no organization 'nrth'; did you mean 'north'\? Organizations: north"),
        ({"target": "new"}, "found target 'new'"),
        ({"answers": (1, 2)}, "outside the answers"),
        ({"outcome": "satisfaction"}, "'satisfaction' has no predictors"),
        ({"ci_prob": 95}, "ci_prob must lie between 0 and 1"),
        ({"width": 2}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_importance_performance(example_fit, **{"outcome": "loyalty", **changes})
