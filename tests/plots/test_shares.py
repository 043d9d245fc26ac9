"""Parts of R-squared stand where the estimand puts them, negative ones left of 0 and explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.shares import explained_shares
from bayescx.plots import style
from bayescx.plots.shares import plot_shares
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, lines_with, smallest_letters, texts_of
from tests.turned import turned

FIGURES = {"mean": "mean", "sd": "sd", "lower": "eti90_lb", "upper": "eti90_ub"}


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("target", ["average", "typical", "new"])
@pytest.mark.parametrize("method", ["lmg", "pratt"])
def test_data_are_what_the_estimands_answer(method: Any, target: Any, relative: bool) -> None:
    fit = fit_of("chain")
    picture = plot_shares(fit, "c", method, target=target, relative=relative, ci_prob=0.9)
    draws = explained_shares(fit, "c", method, target=target, relative=relative)
    parts = picture.data[picture.data["what"] == "part"]
    assert sorted(parts["group"]) == ["a", "b"]
    assert parts["mean"].is_monotonic_decreasing
    for _, row in parts.iterrows():
        expected = bcx.summarize(draws.sel(group=[row["group"]]), 0.9).iloc[0]
        assert [row[name] for name in FIGURES] == [expected[name] for name in FIGURES.values()]
    whole = bcx.summarize(bcx.r_squared(fit, target).sel(outcome=["c"]), 0.9).iloc[0]
    assert [picture.data.iloc[-1][name] for name in FIGURES] == [whole[name] for name in FIGURES.values()]
    assert picture.data.iloc[-1]["what"] == "r_squared"


def test_marks_stand_at_their_numbers(example_fit: bcx.Fit) -> None:
    picture = plot_shares(example_fit, "loyalty")
    parts = picture.data[picture.data["what"] == "part"]
    (marks,) = lines_with(picture, marker="o")
    np.testing.assert_array_equal(marks.get_xdata(), parts["mean"])
    assert np.all(np.diff(marks.get_ydata()) > 0)  # downwards
    (bar,) = lines_with(picture, color=style.BLUE, marker="None")
    np.testing.assert_array_equal(np.reshape(bar.get_xdata(), (-1, 3))[:, :2], parts[["lower", "upper"]])
    (diamond,) = lines_with(picture, marker="D")
    assert diamond.get_xdata()[0] == picture.data.iloc[-1]["mean"] == pytest.approx(parts["mean"].sum())
    assert diamond.get_ydata()[0] > marks.get_ydata()[-1]
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    assert [patch.get_width() for patch in axes.patches] == parts["mean"].tolist()
    texts = [text for text, _ in texts_of(picture)]
    for _, row in picture.data.iterrows():
        assert f"{row['mean']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}]" in texts
    assert "together (R-squared)" in texts
    assert "LMG: what each adds to R-squared, averaged over all orders of entry" in texts


def test_of_shares_the_whole_is_told_and_not_drawn(example_fit: bcx.Fit) -> None:
    picture = plot_shares(example_fit, "loyalty", relative=True)
    assert lines_with(picture, marker="D") == []
    texts = [text for text, _ in texts_of(picture)]
    assert any(text.startswith("R-squared: 0.") for text in texts)
    assert "share of R-squared" in texts
    assert picture.data["mean"][:-1].sum() == pytest.approx(1)


def test_negative_parts_are_seen_and_explained(example_fit: bcx.Fit) -> None:
    suppressed = turned(example_fit, "loyalty~satisfaction", "beta", "beta_mu")
    picture = plot_shares(suppressed, "loyalty", "pratt")
    assert picture.data["mean"][1] < 0
    blue, vermillion = (lines_with(picture, marker="o", color=colour)[0] for colour in (style.BLUE, style.VERMILLION))
    assert blue.get_xdata() == picture.data["mean"][0]
    assert vermillion.get_xdata() == picture.data["mean"][1]
    assert picture.figure is not None
    low, high = picture.figure.axes[0].get_xlim()
    assert low < picture.data["lower"][1] < 0 < high
    assert "opposite signs (suppression): such a value is no share of anything" in picture.description
    assert any("opposite signs" in text for text, _ in texts_of(picture))
    assert "opposite signs" not in plot_shares(example_fit, "loyalty", "pratt").description
    assert (plot_shares(suppressed, "loyalty").data["mean"] > 0).all()


def test_groups_show_what_is_inside() -> None:
    groups = {"before": ["a", "b"]}
    picture = plot_shares(fit_of("chain"), "c", groups=groups)
    texts = [text for text, _ in texts_of(picture)]
    assert {"before", "b, a"} <= set(texts) or {"before", "a, b"} <= set(texts)
    assert picture.data["group"].tolist() == ["before", ""]
    assert picture.data["predictors"].tolist() == ["a + b", ""]


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize(
    ("case", "outcome", "groups"),
    [
        ("hostile", fits.LONG.strip(), None),
        ("hostile", fits.LONG.strip(), {fits.SCRIPT + fits.MATH: [fits.CJK, fits.SCRIPT]}),
        ("hostile", fits.MATH, {fits.LONG: fits.LONG.strip()}),
        ("chain", "c", None),
    ],
)
@pytest.mark.parametrize("relative", [False, True])
def test_no_text_covers_another(case: str, outcome: str, groups: Any, width: float, relative: bool) -> None:
    picture = plot_shares(fit_of(case), outcome, "pratt", groups, relative=relative, width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    picture = plot_shares(fit_of("hostile"), fits.LONG.strip(), groups={"<b>&": [fits.CJK]}, width=12)
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    assert "&lt;b&gt;&amp;" in picture.svg


def test_svg_is_the_same_every_time(example_fit: bcx.Fit) -> None:
    assert plot_shares(example_fit, "loyalty").svg == plot_shares(example_fit, "loyalty").svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "organization"}, "speaks of a population, found target 'organization'; use average, typical, new"),
        ({"outcome": "satisfaction"}, "'satisfaction' has no predictors"),
        ({"method": "shapley"}, "unknown method 'shapley'"),
        ({"groups": {"a": []}}, "group 'a' is empty"),
        ({"ci_prob": 95}, r"ci_prob must lie between 0 and 1, found 95; for 95 % give 0.95"),
        ({"width": 20}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_shares(example_fit, **{"outcome": "loyalty", **changes})
