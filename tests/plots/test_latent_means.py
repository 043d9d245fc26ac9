"""Marks stand where the estimand says, and what does not compare is grey and says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.latent_means import latent_means
from bayescx.plots import latent_means as plotting
from bayescx.plots import style
from bayescx.plots.latent_means import plot_latent_means
from tests.estimands.mean_studies import mean_fit
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, smallest_letters, texts_of


def points(axes: Any) -> Any:
    """Where the dots of a panel stand, from the top, and their colour."""
    (line,) = [line for line in axes.lines if line.get_marker() == "o"]
    order = np.argsort(line.get_ydata())
    return np.asarray(line.get_xdata())[order], line.get_markeredgecolor()


def test_dots_are_posterior_means_from_the_highest_to_the_lowest() -> None:
    fit = mean_fit()
    picture, means = plot_latent_means(fit), latent_means(fit)
    assert picture.figure is not None
    panels = picture.figure.axes
    assert len(panels) == 3
    for axes, name in zip(panels, means["construct"].values, strict=True):
        expected = means.sel(construct=name).mean(("chain", "draw")).to_series().sort_values(ascending=False)
        np.testing.assert_allclose(points(axes)[0], expected)
        rows = picture.data[picture.data["construct"] == name]
        assert rows["organization"].tolist() == expected.index.tolist()
        assert (rows["lower"] < rows["lower50"]).all()
        assert (rows["upper50"] < rows["upper"]).all()
        assert axes.get_xlim()[0] < rows["lower"].min()
        assert axes.get_xlim()[1] > rows["upper"].max()
    assert len({axes.get_xlim() for axes in panels}) == 1
    raw = plot_latent_means(fit, standardized=False).figure
    assert raw is not None
    assert len({axes.get_xlim() for axes in raw.axes}) == 3


def test_what_does_not_compare_is_grey_and_says_why() -> None:
    picture = plot_latent_means(mean_fit())
    assert picture.figure is not None
    colours = [points(axes)[1] for axes in picture.figure.axes]
    names = list(dict.fromkeys(picture.data["construct"]))
    assert dict(zip(names, colours, strict=True)) == {"f": style.BLUE, "g": style.LIGHT, "o": style.BLUE}
    said = " ".join(text for text, _ in texts_of(picture))
    hardly = float(latent_means(mean_fit())["differ"].sel(construct="g")) <= 0.05
    assert ("hardly any difference between organizations" in said) == hardly
    assert ("not comparable: intercepts could make up" in said) != hardly
    assert "a difference: probability" not in said
    assert "one variable: taken to mean the same" in said
    assert "Not comparable: g." in picture.description


def test_a_difference_that_is_open_or_hardly_there_is_said(
    monkeypatch: pytest.MonkeyPatch, example_fit: bcx.Fit
) -> None:
    known = latent_means(example_fit)
    for differ, said in {0.99: "", 0.62: "a difference: probability 0.62", 0.01: "hardly any difference"}.items():
        changed = known.assign_coords(differ=("construct", np.full(3, differ)))
        monkeypatch.setattr(plotting, "latent_means", lambda *_, found=changed, **__: found)
        picture = plot_latent_means(example_fit)
        assert picture.data["differ"].unique().tolist() == [differ]
        texts = " ".join(text for text, _ in texts_of(picture))
        assert (said in texts) if said else ("difference:" not in texts and "hardly" not in texts)
        assert collisions(picture) == []


def test_one_construct_has_figures_besides() -> None:
    picture = plot_latent_means(mean_fit(), "f")
    texts = [text for text, _ in texts_of(picture)]
    assert picture.title == "How high organizations are on f"
    assert {"n", "organization", "mean [95 %]", "200", "400"} <= set(texts)
    assert sum("[" in text for text in texts) == 7
    assert picture.data["construct"].unique().tolist() == ["f"]
    some = plot_latent_means(mean_fit(), ["o", "f"])
    assert some.data["construct"].unique().tolist() == ["o", "f"]


def test_organizations_without_means_are_named_and_those_that_lack_a_construct_have_no_mark() -> None:
    picture = plot_latent_means(mean_fit("some without means"), width=12)
    said = " ".join(text for text, _ in texts_of(picture))
    assert "Left out: o1: it shared no means; <i>o2</i>: it shared correlations, which have no means" in said
    assert picture.data.groupby("construct").size().to_dict() == {"f": 4, "g": 3, "o": 4}
    assert picture.data["mean"].notna().all()
    assert "<i>" not in picture.inline("p")


@pytest.mark.parametrize("width", [3.8, 6.5, 12])
@pytest.mark.parametrize("case", ["hostile", "forty", "two"])
def test_no_text_covers_another(case: str, width: float) -> None:
    fit = fit_of(case)
    for construct in (None, fit.model.constructs[-1]):
        picture = plot_latent_means(fit, construct, width=width)
        assert collisions(picture) == []
        assert smallest_letters(picture) >= 7.5


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
def test_remarks_cover_nothing(width: float) -> None:
    for construct in (None, "g"):
        assert collisions(plot_latent_means(mean_fit("some without means"), construct, width=width)) == []
        assert collisions(plot_latent_means(mean_fit(), construct, width=width)) == []


def test_hostile_names_stay_text() -> None:
    picture = plot_latent_means(fit_of("hostile"), width=12)
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    assert r"$\alpha$ $" in picture.svg


def test_svg_is_the_same_every_time(example_fit: bcx.Fit) -> None:
    assert plot_latent_means(example_fit).svg == plot_latent_means(example_fit).svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"construct": "trsut"}, "no construct 'trsut'; did you mean 'trust'"),
        ({"construct": []}, "name at least one construct"),
        ({"construct": 3}, "named by text"),
        ({"width": 2}, "width must lie between"),
        ({"ci_prob": 95}, "ci_prob must lie between"),
    ],
)
def test_what_cannot_be_drawn(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_latent_means(example_fit, **changes)


def test_long_names_are_cut_not_lost() -> None:
    picture = plot_latent_means(fit_of("hostile"), fits.CJK)
    assert set(picture.data["organization"]) == set(fits.HOSTILE_ORGANIZATIONS)
