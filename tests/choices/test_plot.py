"""The picture of choices shows its numbers at their places, legibly, whatever the names are."""

from __future__ import annotations

import warnings
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from bayescx.choices import ChoiceCounts, ChoiceFit, choice_probabilities, fit_choices
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.plots.choices import plot_choices
from bayescx.spec import parse_model
from tests.choices.worlds import rows, simulated
from tests.plots.fits import CJK, LONG, MATH, SCRIPT, collisions, lines_with, smallest_letters, texts_of


def short_fit(counts: ChoiceCounts) -> ChoiceFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit_choices(counts, draws=100, tune=200, chains=2, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def hostile() -> ChoiceFit:
    frame = rows(3, (60, 90), 1)
    names = [SCRIPT, MATH, LONG.strip()]
    frame["after"] = frame["after"].replace(dict(zip(["disloyal", "neutral", "loyal"], names, strict=True)))
    frame["organization"] = frame["organization"].replace({"org_1": SCRIPT, "org_2": "../../x"})
    frame = frame.rename(columns={"effort": CJK, "issue": "<b> & $y$"})
    model = parse_model(f"after ~ {CJK} + category(`<b> & $y$`, question, billing)")
    return short_fit(ChoiceCounts.from_rows(frame, model, organization="organization", categories=names))


def test_lines_and_bands_are_the_estimands(choice_fit: ChoiceFit) -> None:
    picture = plot_choices(choice_fit, "expectations", ci_prob=0.9)
    assert list(picture.data.columns) == ["category", "value", "mean", "lower", "upper"]
    assert picture.data["value"].unique().tolist() == [1, 2, 3, 4, 5, 6, 7]
    draws = choice_probabilities(choice_fit, {"expectations": 2}, "average").sel(category="neutral")
    row = picture.data.set_index(["category", "value"]).loc[("neutral", 2.0)]
    assert row["mean"] == pytest.approx(float(draws.mean()))
    assert [row["lower"], row["upper"]] == pytest.approx(np.quantile(draws, [0.05, 0.95]), abs=1e-3)
    assert picture.data.groupby("value")["mean"].sum().to_numpy() == pytest.approx(1.0)
    drawn = {tuple(np.round(line.get_ydata(), 9)) for line in lines_with(picture, linewidth=1.2)}
    for category in choice_fit.categories:
        mean = picture.data.loc[picture.data["category"] == category, "mean"]
        assert tuple(np.round(mean, 9)) in drawn
    assert picture.figure is not None
    assert len(picture.figure.axes[0].findobj(PolyCollection)) == 3


def test_the_knot_is_marked(choice_fit: ChoiceFit) -> None:
    picture = plot_choices(choice_fit, "expectations")
    assert picture.figure is not None
    upright = [line for line in picture.figure.axes[0].lines if list(line.get_xdata()) == [4.0, 4.0]]
    assert len(upright) == 1


def test_levels_are_points_beside_each_other(choice_fit: ChoiceFit) -> None:
    picture = plot_choices(choice_fit, "issue", "organization", organization="org_2", at={"effort": 2})
    assert picture.data["value"].unique().tolist() == ["question", "billing"]
    expected = choice_probabilities(choice_fit, {"issue": "billing", "effort": 2}).sel(organization="org_2")
    row = picture.data.set_index(["category", "value"]).loc[("loyal", "billing")]
    assert row["mean"] == pytest.approx(float(expected.sel(category="loyal").mean()))
    texts = [text for text, _ in texts_of(picture)]
    assert "org_2; bars: 95 %" in texts
    assert "Everyone has effort = 2" in texts


CASES: dict[str, dict[str, Any]] = {
    "average": {},
    "narrow": {"width": 3.8},
    "wide, new": {"width": 12.0, "target": "new"},
    "one organization": {"target": "organization", "organization": "org_3"},
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_overlaps(choice_fit: ChoiceFit, case: str) -> None:
    for variable in ("expectations", "issue"):
        picture = plot_choices(choice_fit, variable, **CASES[case])
        assert not collisions(picture)
        assert smallest_letters(picture) >= 7


def test_seven_ratings_have_colours_and_names_of_their_own() -> None:
    fit = short_fit(simulated("after ~ effort", 7, sizes=(60, 80)))
    picture = plot_choices(fit, "effort", width=3.8)
    assert not collisions(picture)
    colours = {line.get_color() for line in lines_with(picture, linewidth=1.2)}
    assert len(colours) == 7


def test_hostile_names_are_text(hostile: ChoiceFit) -> None:
    for variable, target, name in ((CJK, "organization", SCRIPT), ("<b> & $y$", "average", None)):
        for width in (3.8, 6.5):
            picture = plot_choices(hostile, variable, target, organization=name, width=width)  # type: ignore[arg-type]
            ET.fromstring(picture.svg)  # noqa: S314  (our own)
            assert SCRIPT not in picture.svg
            assert SCRIPT not in picture.inline("p")
            assert not collisions(picture)


def test_the_same_fit_gives_the_same_bytes(choice_fit: ChoiceFit) -> None:
    assert plot_choices(choice_fit, "effort").svg == plot_choices(choice_fit, "effort").svg


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"variable": "efort"}, "no column 'efort'; did you mean 'effort'"),
        ({"variable": "effort", "at": {"effort": 3}}, "runs along the axis"),
        ({"variable": "effort", "target": "organization"}, "one organization is drawn with"),
        ({"variable": "effort", "target": "organization", "organization": "nobody"}, "no organization 'nobody'"),
        ({"variable": "effort", "values": [1]}, "two values or more make a line"),
        ({"variable": "effort", "width": 1}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn_is_said(choice_fit: ChoiceFit, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(FitError) as caught:
        plot_choices(choice_fit, **options)
    assert expected in str(caught.value)
