"""A forest shows the numbers of the estimands, at their places, legibly, whatever the names are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.population import Target, available_targets
from bayescx.plots import style
from bayescx.plots.forest import _limits, plot_forest
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, lines_with, smallest_letters, texts_of

WIDTHS = (4.4, 6.5)
ASKED = [
    ("one", "loyalty~trust", "direct"),
    ("two", "loyalty~satisfaction", "total"),
    ("ten", "loyalty~trust", "direct"),
    ("ten", "loyalty~satisfaction", "indirect"),
    ("ten", "satisfaction -> trust -> loyalty", "route"),
    ("forty", "loyalty~trust", "direct"),
    ("none", "loyalty~trust", "direct"),
    ("full", "loyalty~trust", "direct"),
    ("vague", "loyalty~trust", "direct"),
    ("fixed", "trust~satisfaction", "direct"),
    ("hostile", f"{fits.LONG.strip()}~{fits.SCRIPT}", "total"),
    ("hostile", f"{fits.MATH}~{fits.LONG.strip()}", "direct"),
    ("hostile", f"{fits.SCRIPT} -> {fits.CJK} -> {fits.LONG.strip()} -> {fits.MATH}", "route"),
]


def draws_of(fit: bcx.Fit, effect: str, kind: str, target: Target, *, standardized: bool):
    """The estimand, asked for by hand."""
    if kind == "route":
        chain = effect.split(" -> ")
        return bcx.route_effects(fit, chain[0], chain[-1], target, standardized=standardized).sel(route=effect)
    outcome, cause = effect.split("~")
    if kind == "direct":
        return bcx.direct_effects(fit, target, standardized=standardized).sel(path=effect)
    function = bcx.total_effects if kind == "total" else bcx.indirect_effects
    return function(fit, target, standardized=standardized).sel(cause=cause, outcome=outcome)


@pytest.mark.parametrize(("case", "effect", "kind"), ASKED)
def test_data_are_what_the_estimands_answer(case: str, effect: str, kind: str) -> None:
    fit = fit_of(case)
    standardized, ci_prob = (True, 0.95) if case in ("ten", "one") else (False, 0.8)
    picture = plot_forest(fit, effect, kind=kind, standardized=standardized, ci_prob=ci_prob)
    shown = [target for target in available_targets(fit) if target != "alone" or case not in ("none", "one")]
    assert set(picture.data["target"]) == set(shown)
    for target in shown:
        draws = draws_of(fit, effect, kind, target, standardized=standardized).reset_coords(drop=True)
        outer, inner = bcx.summarize(draws, ci_prob), bcx.summarize(draws, 0.5)
        rows = picture.data[picture.data["target"] == target].reset_index(drop=True)
        label = f"eti{100 * ci_prob:g}"
        for column, expected in {
            "mean": outer["mean"], "sd": outer["sd"], "lower": outer[f"{label}_lb"], "upper": outer[f"{label}_ub"],
            "lower50": inner["eti50_lb"], "upper50": inner["eti50_ub"],
        }.items():  # fmt: skip
            np.testing.assert_array_equal(rows[column], expected)
        if target in ("organization", "alone"):
            assert rows["organization"].tolist() == list(fit.organizations) == rows["label"].tolist()
            assert rows["n_obs"].tolist() == fit.evidence.n_obs.tolist()
        else:
            assert rows["organization"].tolist() == [""]
            assert rows["n_obs"].isna().all()


@pytest.mark.parametrize(
    ("case", "effect", "kind", "width"),
    [(*one, width) for one in ASKED for width in WIDTHS] + [(*one, width) for one in ASKED[-1:] for width in (3.8, 12)],
)
def test_no_text_covers_another(case: str, effect: str, kind: str, width: float) -> None:
    picture = plot_forest(fit_of(case), effect, kind=kind, width=width)
    assert collisions(picture) == []
    assert picture.figure is not None
    assert picture.figure.get_size_inches()[0] == pytest.approx(width)
    assert smallest_letters(picture) >= 7.5
    (axes,) = picture.figure.axes
    box = axes.get_position()
    assert box.width > 0.15
    inside = [text for text, place in texts_of(picture) if box.x0 < place.x0 / (72 * width) and _beside(place, axes)]
    assert all("[" in text or "fixed" in text for text in inside)  # only the numbers, right of the axes
    assert all(place.x0 >= 72 * width * box.x1 for text, place in texts_of(picture) if text in inside)


def _beside(place, axes) -> bool:
    height = 72 * axes.figure.get_size_inches()[1]
    return axes.get_position().y0 * height < place.y0 and place.y1 < axes.get_position().y1 * height


def test_marks_stand_at_their_numbers(example_fit: bcx.Fit) -> None:
    picture = plot_forest(example_fit, "loyalty~trust")
    data = picture.data.set_index("target")
    (own,) = lines_with(picture, marker="o", markerfacecolor=style.BLUE)
    (alone,) = lines_with(picture, marker="o", markerfacecolor="white")
    centres, new = lines_with(picture, marker="D")
    np.testing.assert_array_equal(own.get_xdata(), data.loc["organization", "mean"])
    np.testing.assert_array_equal(alone.get_xdata(), data.loc["alone", "mean"])
    np.testing.assert_array_equal(centres.get_xdata(), data.loc[["typical", "average"], "mean"])
    np.testing.assert_array_equal(new.get_xdata(), [data.loc["new", "mean"]])
    assert centres.get_markerfacecolor() == style.VERMILLION
    assert new.get_markerfacecolor() == "white"
    assert (np.diff(own.get_ydata()) > 0).all()  # downwards, in the evidence's order
    assert (np.asarray(alone.get_ydata()) > np.asarray(own.get_ydata())).all()  # just below
    assert min(centres.get_ydata()) > max(alone.get_ydata()) + 8  # visibly apart
    bars = [line for line in lines_with(picture, marker="None") if line.get_color() == style.BLUE]
    thin, thick = sorted(bars, key=lambda line: line.get_linewidth())
    rows = data.loc["organization"]
    np.testing.assert_array_equal(np.reshape(thin.get_xdata(), (-1, 3))[:, :2], rows[["lower", "upper"]])
    np.testing.assert_array_equal(np.reshape(thick.get_xdata(), (-1, 3))[:, :2], rows[["lower50", "upper50"]])


def test_numbers_and_labels_are_written(example_fit: bcx.Fit) -> None:
    picture = plot_forest(example_fit, "loyalty~trust")
    texts = [text for text, _ in texts_of(picture)]
    for _, row in picture.data[picture.data["target"] != "alone"].iterrows():
        assert f"{row['mean']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}]" in texts
    assert "trust → loyalty" in texts
    assert "mean [95 %]" in texts
    assert "direct effect of trust on loyalty (SD\u00a0per\u00a0SD)" in texts
    assert {"north", "south", "east", "west", "150"} <= set(texts)
    assert "average of the six planned, four reported" in picture.data["label"].tolist()
    assert "average of the four" in plot_forest(fit_of("full"), "loyalty~trust").data["label"].tolist()
    assert {"with the others (bars: 50 % and 95 %)", "alone", "population"} <= set(texts)


def test_numbers_end_at_one_edge(example_fit: bcx.Fit) -> None:
    places = [place.x1 for text, place in texts_of(plot_forest(example_fit, "loyalty~trust")) if "[" in text]
    assert np.ptp(places) < 0.5


def test_minus_is_a_minus_and_zero_has_its_line() -> None:
    picture = plot_forest(fit_of("one"), "loyalty~satisfaction")  # a new organization is nearly unknown
    assert picture.data["lower"].min() < 0
    assert any("[−0." in text for text, _ in texts_of(picture))
    assert not any("-0" in text for text, _ in texts_of(picture))
    assert any(list(line.get_xdata()) == [0, 0] for line in lines_with(picture, color=style.GREY))


def test_zero_out_of_range_has_no_line() -> None:
    fit = fit_of("full")
    picture = plot_forest(fit, "trust~satisfaction")
    assert picture.data["lower"].min() > 0.2
    assert not [line for line in lines_with(picture) if list(line.get_xdata()) == [0, 0]]
    typical = picture.data.loc[picture.data["target"] == "typical", "mean"].item()
    assert any(list(line.get_xdata()) == [typical, typical] for line in lines_with(picture))


def test_an_enormous_interval_is_cut_with_an_arrow() -> None:
    picture = plot_forest(fit_of("vague"), "loyalty~trust", standardized=False)
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    low, high = axes.get_xlim()
    alone = picture.data[picture.data["target"] == "alone"]
    cut = (alone["lower"] < low).sum() + (alone["upper"] > high).sum()
    assert cut > 0
    arrows = [line for mark in "<>" for line in lines_with(picture, marker=mark)]
    assert sum(len(line.get_xdata()) for line in arrows) == cut
    assert {float(x) for line in arrows for x in line.get_xdata()} <= {low, high}
    for line in lines_with(picture):
        x = np.asarray(line.get_xdata(), dtype=float)
        assert ((x[np.isfinite(x)] >= low) & (x[np.isfinite(x)] <= high)).all()


def test_limits_hold_what_is_usual() -> None:
    data = pd.DataFrame(
        {
            "target": ["organization"] * 4 + ["alone"] * 4,
            "mean": [0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 50.0],
            "lower": [0.0, 0.1, 0.2, 0.3, 0.0, 0.1, 0.2, -100.0],
            "upper": [0.2, 0.3, 0.4, 0.5, 0.2, 0.3, 0.4, 200.0],
        }
    )
    low, high = _limits(data)
    assert -1 < low < 0
    assert 0.5 < high < 1.2
    low, high = _limits(data[data["mean"] < 1])
    assert (low, high) == pytest.approx((-0.02, 0.52))  # nothing unusual: all of it and a margin
    constant = data.assign(mean=2.0, lower=2.0, upper=2.0)
    assert _limits(constant) == pytest.approx((1.8, 2.2))


def test_a_path_that_the_model_sets_is_called_so(example_fit: bcx.Fit) -> None:
    picture = plot_forest(fit_of("constant"), "trust~satisfaction", standardized=False)
    assert (picture.data["lower"] == picture.data["upper"]).all()
    texts = [text for text, _ in texts_of(picture)]
    assert "Set by the model to 0.5 in the data's units" in texts
    assert "0.50 [0.50, 0.50]" in texts
    assert "Set by the model" not in plot_forest(example_fit, "loyalty~trust").svg
    assert collisions(picture) == []


def test_a_probability_below_one_half_hides_the_thick_bar(example_fit: bcx.Fit) -> None:
    picture = plot_forest(example_fit, "loyalty~trust", ci_prob=0.4)
    widths = {line.get_linewidth() for line in lines_with(picture, marker="None", color=style.BLUE)}
    assert widths == {0.9}


@pytest.mark.parametrize("width", [4.4, 6.5])
def test_hostile_names_stay_text(width: float) -> None:
    fit = fit_of("hostile")
    picture = plot_forest(fit, f"{fits.MATH}~{fits.LONG.strip()}", width=width)
    assert "<script" not in picture.inline("p")
    tree = ET.fromstring(picture.svg)  # noqa: S314 (our own SVG)
    words = " ".join(tree.itertext())
    assert r"$\alpha$ $" in words
    assert "株式会社" in words
    assert "<b>&amp;</b>" in words
    assert "…" in words
    assert "ö" * 200 in picture.data["label"].tolist()  # in full where it is data
    assert fits.MATH in picture.title


def test_pictures_of_hostile_names_can_be_saved(tmp_path: Path) -> None:
    picture = plot_forest(fit_of("hostile"), f"{fits.CJK}~{fits.SCRIPT}")
    for suffix in ("svg", "png", "pdf"):  # a missing glyph would warn, and a warning is an error here
        assert picture.save(tmp_path / f"forest.{suffix}", dpi=60).stat().st_size > 2000


def test_svg_is_the_same_every_time_and_global_settings_do_not_matter(example_fit: bcx.Fit) -> None:
    expected = plot_forest(example_fit, "loyalty~trust").svg
    settings = dict(mpl.rcParams)
    with mpl.rc_context({"lines.linewidth": 9, "font.family": "serif", "axes.grid": True, "axes.facecolor": "red"}):
        assert plot_forest(example_fit, "loyalty~trust").svg == expected
    assert dict(mpl.rcParams) == settings
    assert 'width="468pt"' in expected
    assert "date" not in expected.lower()


def test_svg_is_small() -> None:
    assert len(plot_forest(fit_of("ten"), "loyalty~trust").svg.encode()) < 45_000


def test_notes_warn_the_reader(example_fit: bcx.Fit) -> None:
    provenance = {**example_fit.provenance, "convergence_problems": ["R-hat is above 1.01"]}
    picture = plot_forest(replace(example_fit, provenance=provenance), "loyalty~trust", width=4.4)
    texts = [text for text, _ in texts_of(picture)]
    assert "Not converged: do not report" in texts
    assert "Not converged: do not report." in picture.description
    assert collisions(picture) == []
    good = plot_forest(replace(example_fit, provenance={**provenance, "convergence_problems": []}), "loyalty~trust")
    assert not any("converged" in text for text, _ in texts_of(good))


def test_simulated_evidence_is_marked(example_fit: bcx.Fit) -> None:
    for simulated in (True, False):
        fit = replace(example_fit, evidence=replace(example_fit.evidence, simulated=simulated))
        picture = plot_forest(fit, "loyalty~trust")
        assert ("Simulated data" in [text for text, _ in texts_of(picture)]) is simulated
        assert ("Simulated data." in picture.description) is simulated


def test_words_for_those_who_cannot_see(example_fit: bcx.Fit) -> None:
    picture = plot_forest(example_fit, "loyalty~satisfaction", kind="total")
    assert picture.title == "Total effect of satisfaction on loyalty"
    for target in ("typical", "average", "new"):
        row = picture.data[picture.data["target"] == target].iloc[0]
        assert f"{row['label']} {row['mean']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}]" in picture.description
    own = picture.data[picture.data["target"] == "organization"].set_index("organization")["mean"]
    assert f"4 organizations, from {own.idxmin()} {own.min():.2f}" in picture.description
    route = plot_forest(example_fit, "satisfaction->trust  -> loyalty", kind="route")
    assert route.title == "Effect along one route of satisfaction on loyalty through trust"


def test_data_units_get_the_decimals_that_they_need(example_fit: bcx.Fit) -> None:
    picture = plot_forest(example_fit, "loyalty~trust", standardized=False)  # loyalty is ten times as wide
    assert picture.data["mean"].median() > 3
    assert any(text.endswith("(in\u00a0the\u00a0data's\u00a0units)") for text, _ in texts_of(picture))


@pytest.mark.parametrize(
    ("effect", "kind", "message"),
    [
        ("loyalty~trsut", "direct", r"no direct effect 'loyalty~trsut'; did you mean 'loyalty~trust'\?.*trust~satis"),
        ("satisfaction~loyalty", "total", "no total effect 'satisfaction~loyalty'.*There are: "),
        ("loyalty~trust", "indirect", "no indirect effect 'loyalty~trust'.*There are: loyalty~satisfaction$"),
        ("trust", "total", "no total effect 'trust'"),
        ("loyalty -> trust", "route", "no route 'loyalty -> trust'.*There are: satisfaction -> trust"),
        ("satisfaction -> loyal", "route", "no route 'satisfaction -> loyal'"),
        ("loyalty~trust", "dierct", r"unknown kind 'dierct'; did you mean 'direct'\? Kinds: direct, total"),
        (3, "direct", "named by text"),
    ],
)
def test_what_is_not_there(example_fit: bcx.Fit, effect: str, kind: str, message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_forest(example_fit, effect, kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [3.7, 12.5, float("nan"), "6", True, None])
def test_widths_that_cannot_be_drawn(example_fit: bcx.Fit, width: object) -> None:
    with pytest.raises(FitError, match=r"width must lie between 3\.8 and 12 inches"):
        plot_forest(example_fit, "loyalty~trust", width=width)  # type: ignore[arg-type]


def test_ci_prob_is_checked(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="ci_prob"):
        plot_forest(example_fit, "loyalty~trust", ci_prob=95)


def test_pyplot_is_never_loaded(example_fit: bcx.Fit, tmp_path: Path) -> None:
    file = example_fit.save(tmp_path / "fit.nc")
    code = (
        "import sys, bayescx as bcx\n"
        "from bayescx.plots import plot_forest, plot_knobs, plot_prior_posterior\n"
        f"fit = bcx.load_fit({str(file)!r})\n"
        "plot_forest(fit, 'loyalty~trust'); plot_knobs(fit); plot_prior_posterior(fit)\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
