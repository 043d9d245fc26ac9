"""Knobs show what follows from raising a construct, only where something follows."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.plots import style
from bayescx.plots.knobs import plot_knobs
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, lines_with, smallest_letters, texts_of


@pytest.mark.parametrize("target", ["average", "typical", "new"])
def test_data_are_what_the_estimand_answers(example_fit: bcx.Fit, target: str) -> None:
    picture = plot_knobs(example_fit, target=target, ci_prob=0.9)  # type: ignore[arg-type]
    assert list(zip(picture.data["knob"], picture.data["outcome"], strict=True)) == [
        ("satisfaction", "trust"), ("satisfaction", "loyalty"), ("trust", "loyalty"),
    ]  # fmt: skip
    for _, row in picture.data.iterrows():
        draws = bcx.what_if(example_fit, {row["knob"]: 1.0}, target=target, standardized=True)  # type: ignore[arg-type]
        expected = bcx.summarize(draws.sel(outcome=[row["outcome"]]), 0.9).iloc[0]
        for column, name in {"mean": "mean", "sd": "sd", "lower": "eti90_lb", "upper": "eti90_ub"}.items():
            assert row[column] == expected[name]


def test_marks_stand_at_their_numbers_on_one_scale(example_fit: bcx.Fit) -> None:
    picture = plot_knobs(example_fit)
    assert picture.figure is not None
    assert len({axes.get_xlim() for axes in picture.figure.axes}) == 1
    marks = lines_with(picture, marker="o")
    bars = lines_with(picture, color=style.BLUE, marker="None")
    for (_, rows), mark, bar in zip(picture.data.groupby("knob", sort=False), marks, bars, strict=True):
        np.testing.assert_array_equal(mark.get_xdata(), rows["mean"])
        np.testing.assert_array_equal(np.reshape(bar.get_xdata(), (-1, 3))[:, :2], rows[["lower", "upper"]])
        np.testing.assert_array_equal(np.reshape(bar.get_ydata(), (-1, 3))[:, 0], mark.get_ydata())
    texts = [text for text, _ in texts_of(picture)]
    for _, row in picture.data.iterrows():
        assert f"{row['mean']:.2f} [{row['lower']:.2f}, {row['upper']:.2f}]" in texts
    assert "+1\u00a0SD satisfaction" in texts
    assert "average of the six planned, four reported, mean and 95 % interval" in texts


def test_one_construct_has_one_panel() -> None:
    picture = plot_knobs(fit_of("chain"), "a")
    assert picture.figure is not None
    assert len(picture.figure.axes) == 1
    assert picture.data["outcome"].tolist() == ["b", "c"]  # not x, which drives it, nor itself
    assert picture.title == "What follows if a rises by one SD"
    assert "One SD more of a: b " in picture.description


def test_panels_stand_beside_each_other_where_there_is_room() -> None:
    for width, columns in ((4.4, 1), (6.5, 2)):
        figure = plot_knobs(fit_of("chain"), width=width).figure
        assert figure is not None
        assert len(figure.axes) == 3  # x, a and b drive something
        assert len({round(axes.get_position().x0, 3) for axes in figure.axes}) == columns


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize(
    ("case", "construct"), [("chain", None), ("hostile", None), ("hostile", fits.SCRIPT), ("one", "satisfaction")]
)
def test_no_text_covers_another(case: str, construct: str | None, width: float) -> None:
    picture = plot_knobs(fit_of(case), construct, width=width, target="new")
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    picture = plot_knobs(fit_of("hostile"))
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    assert fits.MATH in picture.svg
    assert fits.LONG.strip() in picture.data["knob"].tolist()


def test_svg_is_the_same_every_time_and_global_settings_do_not_matter(example_fit: bcx.Fit) -> None:
    expected = plot_knobs(example_fit).svg
    settings = dict(mpl.rcParams)
    with mpl.rc_context({"lines.marker": "x", "font.size": 30}):
        assert plot_knobs(example_fit).svg == expected
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize(
    ("construct", "target", "message"),
    [
        ("loyalty", "average", "'loyalty' drives nothing in this model. Constructs that do: satisfaction, trust"),
        ("trsut", "average", r"no construct 'trsut'; did you mean 'trust'\?"),
        ("trust", "organization", "speaks of a population, found target 'organization'; use typical, average, new"),
        ("trust", "avg", "found target 'avg'"),
    ],
)
def test_what_cannot_be_drawn(example_fit: bcx.Fit, construct: str, target: str, message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_knobs(example_fit, construct, target=target)  # type: ignore[arg-type]


def test_a_target_without_an_answer_says_why() -> None:
    with pytest.raises(FitError, match="pooling 'none'"):
        plot_knobs(fit_of("none"), target="typical")
    assert len(plot_knobs(fit_of("none")).data) == 3  # the average of those that reported can be answered


def test_a_model_without_paths_has_no_knobs() -> None:
    with pytest.raises(FitError, match="no path"):
        plot_knobs(fit_of("pathless"))
