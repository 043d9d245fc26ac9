"""Bars of ranks are as long as the probabilities that the estimand answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.ranks import rank_probabilities
from bayescx.plots import style
from bayescx.plots.rank_probabilities import plot_ranks
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, smallest_letters, texts_of
from tests.turned import turned


def bars(axes: Any) -> dict[float, list[tuple[float, float]]]:
    """Start and length of the parts of each bar, by its middle, from the top."""
    out: dict[float, list[tuple[float, float]]] = {}
    for patch in axes.patches:
        assert isinstance(patch, Rectangle)
        middle = round(patch.get_y() + patch.get_height() / 2, 6)
        out.setdefault(middle, []).append((patch.get_x(), patch.get_width()))
    return dict(sorted(out.items()))


@pytest.mark.parametrize("effect", ["direct", "total"])
@pytest.mark.parametrize("target", ["average", "typical", "new"])
def test_parts_are_as_long_as_their_probabilities(target: str, effect: str) -> None:
    fit = fit_of("chain")
    among = ["x", "a", "b"] if effect == "total" else None
    picture = plot_ranks(fit, "c", target=target, effect=effect, among=among)  # type: ignore[arg-type]
    expected = rank_probabilities(fit, "c", target, effect, among)  # type: ignore[arg-type]
    order = list(dict.fromkeys(picture.data["driver"]))
    ranks = [float((expected.sel(driver=name) * expected["rank"]).sum()) for name in order]
    assert ranks == sorted(ranks)  # the greatest impact first
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    for name, parts in zip(order, bars(axes).values(), strict=True):
        lengths = 100 * expected.sel(driver=name).values
        np.testing.assert_allclose([length for _, length in parts], lengths)
        np.testing.assert_allclose([start for start, _ in parts], np.cumsum(lengths) - lengths, atol=1e-9)
        rows = picture.data[picture.data["driver"] == name]
        np.testing.assert_array_equal(rows["probability"], expected.sel(driver=name))
        assert rows["rank"].tolist() == expected["rank"].values.tolist()
    assert picture.data["target"].unique().tolist() == [target]


def test_organizations_have_small_panels_with_drivers_in_the_same_order(example_fit: bcx.Fit) -> None:
    picture = plot_ranks(example_fit, "loyalty", by_organization=True)
    own = rank_probabilities(example_fit, "loyalty")
    assert picture.figure is not None
    assert len(picture.figure.axes) == 1 + len(example_fit.organizations)
    order = list(dict.fromkeys(picture.data["driver"]))
    for name, axes in zip(example_fit.organizations, picture.figure.axes[1:], strict=True):
        for driver, parts in zip(order, bars(axes).values(), strict=True):
            np.testing.assert_allclose(
                [length for _, length in parts], 100 * own.sel(organization=name, driver=driver).values
            )
        rows = picture.data[picture.data["organization"] == name]
        assert rows["driver"].tolist() == [driver for driver in order for _ in (1, 2)]
        assert f"{name}: trust first" in picture.description
    assert [text for text, _ in texts_of(picture)].count("north") == 1


def test_words_and_numbers(example_fit: bcx.Fit) -> None:
    picture = plot_ranks(example_fit, "loyalty")
    texts = [text for text, _ in texts_of(picture)]
    assert "average of the six planned, four reported, direct effects by size (SD per SD)" in texts
    assert texts.count("> 99\u00a0%") == 2  # never certain
    assert "trust: rank 1 > 99\u00a0%." in picture.description
    assert {"rank 1 (greatest impact)", "2 (least)"} <= set(texts)


def test_drivers_that_lower_the_outcome_are_named(example_fit: bcx.Fit) -> None:
    assert "Lowers" not in plot_ranks(example_fit, "loyalty").description
    picture = plot_ranks(turned(example_fit, "loyalty~trust", "beta", "beta_mu"), "loyalty")
    said = "Lowers loyalty, and ranks by how much: trust"
    assert said in [text for text, _ in texts_of(picture)]
    assert said in picture.description
    assert style.VERMILLION.lower() in picture.svg.lower()


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize(
    ("case", "outcome"),
    [("hostile", fits.LONG.strip()), ("hostile", fits.CJK), ("one", "loyalty"), ("forty", "loyalty"), ("chain", "c")],
)
def test_no_text_covers_another(case: str, outcome: str, width: float) -> None:
    picture = plot_ranks(fit_of(case), outcome, by_organization=True, width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    picture = plot_ranks(fit_of("hostile"), fits.LONG.strip(), by_organization=True, width=12)
    assert "<script" not in picture.inline("p")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in picture.svg
    assert r"$\alpha$ $" in picture.svg


def test_svg_is_the_same_every_time(example_fit: bcx.Fit) -> None:
    assert plot_ranks(example_fit, "loyalty").svg == plot_ranks(example_fit, "loyalty").svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "organization"}, "speaks of a population, found target 'organization'; use average, typical, new"),
        ({"outcome": "satisfaction"}, "'satisfaction' has no predictors"),
        ({"effect": "indirect"}, "unknown effect 'indirect'"),
        ({"width": 2}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn(example_fit: bcx.Fit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_ranks(example_fit, **{"outcome": "loyalty", **changes})


def test_a_target_without_an_answer_says_why() -> None:
    with pytest.raises(FitError, match="pooling 'none'"):
        plot_ranks(fit_of("none"), "loyalty", target="typical")
