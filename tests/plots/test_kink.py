"""Kinked lines stand where slopes times distances put them, and bend at the knot."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.asymmetry import asymmetry
from bayescx.plots import style
from bayescx.plots.kink import plot_kink
from tests.plots import fits
from tests.plots.fits import collisions, lines_with, smallest_letters, texts_of

NAMES = {"plain": ("x", "loyalty"), "hostile": (fits.LONG.strip(), fits.SCRIPT)}
KNOTS = {"plain": 1.0, "hostile": -0.123456789}
ORGANIZATIONS = {"forty": 40, "one": 1}
UNIT = 2.0


def rows_of(case: str) -> pd.DataFrame:
    """Loyalty falls steeply below the knot, in units of its own; a mediator carries a part of it."""
    rng = np.random.default_rng(8)
    variable, outcome = NAMES.get(case, NAMES["plain"])
    frames = []
    for j in range(ORGANIZATIONS.get(case, 4)):
        x = 1 + 1.5 * rng.standard_normal(200)
        low, high = np.minimum(x - 1, 0), np.maximum(x - 1, 0)
        trust = 0.5 * low + rng.standard_normal(200)
        loyalty = UNIT * ((0.6 + 0.05 * j % 0.4) * low + 0.2 * high + 0.4 * trust + rng.standard_normal(200))
        name = fits.HOSTILE_ORGANIZATIONS[j] if case == "hostile" else f"o{j:02d}"
        frames.append(pd.DataFrame({"o": name, variable: x, "trust": trust, outcome: loyalty}))
    return pd.concat(frames, ignore_index=True)


def text_of(case: str) -> str:
    variable, outcome = NAMES.get(case, NAMES["plain"])
    knot = KNOTS.get(case, 1.0)
    both = f"below(`{variable}`, {knot}) + above(`{variable}`, {knot})"
    if case == "fixed":
        return "loyalty ~ fixed(below(x, 1)) + fixed(above(x, 1))"
    if case == "driven":  # what trust carries bends elsewhere
        return "trust ~ below(x, 2) + above(x, 2)\nloyalty ~ trust + below(x, 1) + above(x, 1) + below(x, 3.5)"
    if case == "bent":
        return f"loyalty ~ {both} + above(x, 2.5) + below(x, -2)"
    return f"trust ~ {both}\n`{outcome}` ~ trust + {both}"


@cache
def kinked(case: str) -> bcx.Fit:
    """A short fit; whether it converged is not what the pictures are tested for."""
    evidence = bcx.Evidence.from_rows(rows_of(case), organization="o")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(
            bcx.parse_model(text_of(case), name=case), evidence, random_seed=1, progressbar=False,
            draws=100, tune=300, chains=2,
        )  # fmt: skip


@pytest.mark.parametrize("effect", ["total", "direct"])
@pytest.mark.parametrize("target", ["average", "typical", "new"])
def test_data_are_what_the_estimand_answers(target: Any, effect: Any) -> None:
    fit = kinked("plain")
    picture = plot_kink(fit, "loyalty", "x", target=target, effect=effect, reach=(-1, 4), ci_prob=0.9)
    found = asymmetry(fit, "loyalty", "x", target, effect=effect, standardized=False)
    own = asymmetry(fit, "loyalty", "x", effect=effect, standardized=False)["slope"]
    for what, draws in ((target, found["slope"]), ("organization", own)):
        expected = bcx.summarize(draws, 0.9, kind="stats")
        rows = picture.data[picture.data["what"] == what]
        assert rows["side"].tolist() == expected["side"].tolist()
        for name, theirs in (("slope", "mean"), ("slope_lower", "eti90_lb"), ("slope_upper", "eti90_ub")):
            np.testing.assert_array_equal(rows[name], expected[theirs])
    assert picture.data["organization"].tolist() == ["", "", *np.repeat(fit.organizations, 2)]
    below, above = (picture.data[picture.data["side"] == side] for side in ("below", "above"))
    np.testing.assert_allclose(below["change"], -2 * below["slope"])
    np.testing.assert_allclose(above["change"], 3 * above["slope"])
    np.testing.assert_allclose(below[["lower", "upper"]], -2 * below[["slope_upper", "slope_lower"]])
    np.testing.assert_allclose(above[["lower", "upper"]], 3 * above[["slope_lower", "slope_upper"]])
    attrs = picture.data.attrs
    assert attrs["knot"] == 1
    assert attrs["stronger_below"] == float(found["stronger_below"])
    ratios = np.quantile(found["ratio"].values, [0.05, 0.5, 0.95])
    np.testing.assert_allclose([attrs[name] for name in ("ratio_lower", "ratio", "ratio_upper")], ratios)


def test_lines_bend_at_the_knot() -> None:
    picture = plot_kink(kinked("plain"), "loyalty", "x", reach=(-1, 4))
    main = picture.data[picture.data["what"] == "average"].set_index("side")
    (line,) = lines_with(picture, color=style.BLUE, marker="None")
    assert line.get_xdata().tolist() == [-1, 1, 4]
    assert line.get_ydata().tolist() == [main["change"]["below"], 0, main["change"]["above"]]
    (dot,) = lines_with(picture, marker="o")
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (1, 0)
    (upright,) = [line for line in lines_with(picture, color=style.GREY) if set(line.get_xdata()) == {1}]
    assert upright.get_ydata() == [0, 1]  # from the lower edge of the axes to the upper
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    assert axes.get_xlim() == (-1, 4)
    band = np.asarray(axes.collections[-1].get_paths()[0].vertices)
    corners = {(x, y) for x, y in band.tolist()}
    for side, x in (("below", -1.0), ("above", 4.0)):
        assert {(x, main["lower"][side]), (x, main["upper"][side])} <= corners
    assert {y for x, y in corners if x == 1} == {0}


def test_each_organization_has_a_thin_line_through_the_knot() -> None:
    picture = plot_kink(kinked("forty"), "loyalty", "x")
    own = picture.data[picture.data["what"] == "organization"]
    assert len(own) == 80
    (thin,) = lines_with(picture, linewidth=0.5)
    x, y = (np.reshape(values, (40, 4)) for values in (thin.get_xdata(), thin.get_ydata()))
    assert np.isnan([x[:, 3], y[:, 3]]).all()
    np.testing.assert_array_equal(np.column_stack([x[:, 1], y[:, 1]]), np.tile([1.0, 0.0], (40, 1)))
    np.testing.assert_array_equal(y[:, [0, 2]].ravel(), own["change"])
    assert picture.figure is not None
    low, high = picture.figure.axes[0].get_ylim()
    assert low < own["change"].min() < own["change"].max() < high
    assert "each of 40 organizations" in [text for text, _ in texts_of(picture)]
    assert "Slopes of 40 organizations run from " in picture.description


@pytest.mark.parametrize("case", ["one", "fixed"])
def test_lines_that_are_all_one_are_not_drawn_twice(case: str) -> None:
    picture = plot_kink(kinked(case), "loyalty", "x")
    assert lines_with(picture, linewidth=0.5) == []
    assert not any(text.startswith("each of") for text, _ in texts_of(picture))
    assert "organizations run" not in picture.description


def test_the_axis_reaches_two_sds_to_either_side() -> None:
    fit, rows = kinked("plain"), rows_of("plain")
    picture = plot_kink(fit, "loyalty", "x")
    sd = np.sqrt(rows.groupby("o")["x"].var().mean())  # organizations are of one size
    assert picture.figure is not None
    np.testing.assert_allclose(picture.figure.axes[0].get_xlim(), [1 - 2 * sd, 1 + 2 * sd])


def test_it_ends_where_the_model_bends_the_variable_again() -> None:
    picture = plot_kink(kinked("bent"), "loyalty", "x")
    assert picture.figure is not None
    low, high = picture.figure.axes[0].get_xlim()
    assert (round(low, 6), high) == (-2, 2.5)
    with pytest.raises(
        FitError, match=r"from -3 to 3 'x' also acts on 'loyalty' by above\(x, 2.5\) and below\(x, -2\)"
    ):
        plot_kink(kinked("bent"), "loyalty", "x", reach=(-3, 3))
    assert plot_kink(kinked("bent"), "loyalty", "x", reach=(-2, 2.5)).data["x"].tolist()[:2] == [-2, 2.5]


def test_slopes_end_at_a_knot_of_another_part_and_it_says_so() -> None:
    """Also where the other part is at work on both sides of the knot, or acts by way of another outcome."""
    fit = kinked("driven")
    picture = plot_kink(fit, "loyalty", "x", at=1)
    assert picture.figure is not None
    low, high = picture.figure.axes[0].get_xlim()
    assert low < 1
    assert high == 2
    for end in (low, high):
        moved = bcx.what_if(fit, {"x": end - 1}, "average", start={"x": 1.0}).sel(outcome="loyalty")
        (row,) = picture.data[(picture.data["what"] == "average") & (picture.data["x"] == end)].to_dict("records")
        assert row["change"] == pytest.approx(float(moved.mean()))
    assert (picture.data.attrs["holds_from"], picture.data.attrs["holds_to"]) == (-np.inf, 2.0)
    note = "these slopes hold up to 2: beyond, the model bends the line again"
    assert note in " ".join(text for text, _ in texts_of(picture))
    assert note in picture.description
    assert "these slopes hold" not in plot_kink(kinked("plain"), "loyalty", "x").description
    assert plot_kink(fit, "trust", "x", at=2).data.attrs["holds_to"] == np.inf
    direct = plot_kink(fit, "loyalty", "x", at=1, effect="direct", reach=(-3, 3.5)).data
    assert direct["x"].tolist()[:2] == [-3, 3.5]
    assert collisions(picture) == []


def test_one_sentence_says_it_all() -> None:
    fit = kinked("plain")
    picture = plot_kink(fit, "loyalty", "x")
    found = asymmetry(fit, "loyalty", "x", "average", standardized=False)
    below, above = found["slope"].mean(("chain", "draw")).values
    low, middle, high = np.quantile(found["ratio"].values, [0.025, 0.5, 0.975])
    said = picture.description.split(". average")[0].replace("\u00a0", " ")
    assert said.startswith(f"Per unit of x, loyalty changes by {below:.2f} [")
    assert f"] below 1 and by {above:.2f} [" in said
    assert f"ratio {middle:.2f} [{low:.2f}, {high:.2f}]" in said
    assert said.endswith("probability that the slope below is the steeper > 0.99")
    shown = " ".join(text for text, _ in texts_of(picture)).replace("\u00a0", " ")
    assert f"Slope {below:.2f} [" in shown
    assert f"ratio {middle:.2f} [{low:.2f}, {high:.2f}]" in shown
    assert f"below 1: {below:.2f} per unit" in shown
    assert "may be 0" not in said


def test_a_ratio_whose_denominator_may_be_0_says_so() -> None:
    picture = plot_kink(kinked("plain"), "trust", "x")
    above = picture.data.loc[1]
    assert above["slope_lower"] < 0 < above["slope_upper"]
    assert "above: ratio open, as the slope above may be 0; probability" in picture.description


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize("case", ["plain", "hostile", "forty", "one"])
def test_no_text_covers_another(case: str, width: float) -> None:
    variable, outcome = NAMES.get(case, NAMES["plain"])
    picture = plot_kink(kinked(case), outcome, variable, width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5
    lopsided = plot_kink(kinked(case), outcome, variable, width=width, reach=(-1000, 1.01), effect="direct")
    assert collisions(lopsided) == []


def test_hostile_names_stay_text() -> None:
    picture = plot_kink(kinked("hostile"), fits.SCRIPT, fits.LONG.strip())
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    below, above = picture.data["slope"][:2]
    assert f"above −0.123456789: {above:.2f} per unit" in [text for text, _ in texts_of(picture)]
    narrow = plot_kink(kinked("hostile"), fits.SCRIPT, fits.LONG.strip(), width=3.8)
    assert f"below: {below:.2f} per unit" in [text for text, _ in texts_of(narrow)]


def test_svg_is_the_same_every_time() -> None:
    assert plot_kink(kinked("plain"), "loyalty", "x").svg == plot_kink(kinked("plain"), "loyalty", "x").svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "organization"}, "that of a population, found target 'organization'; use average, typical, new"),
        ({"variable": "trust"}, "does not have 'trust' in two parts"),
        ({"outcome": "loyal"}, "did you mean 'loyalty'"),
        ({"at": 3}, "the knots of 'x' are 1; at= names one of them, found 3"),
        ({"effect": "indirect"}, "unknown effect 'indirect'"),
        ({"reach": (1, 4)}, r"reach is \(low, high\) with the knot 1 between them, found \(1, 4\)"),
        ({"reach": (0, float("inf"))}, "reach is"),
        ({"reach": "04"}, "reach is .* found '04'"),
        ({"reach": 4}, "reach is .* found 4"),
        ({"ci_prob": 95}, r"ci_prob must lie between 0 and 1, found 95; for 95 % give 0.95"),
        ({"width": 20}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_kink(kinked("plain"), **{"outcome": "loyalty", "variable": "x", **changes})
