"""Pairs of shares stand where the estimand puts them, one lane for each outcome."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.share_differences import share_differences
from bayescx.plots import style
from bayescx.plots.share_pairs import plot_share_pairs
from tests.plots import fits
from tests.plots.fits import collisions, fit_of, lines_with, smallest_letters, texts_of
from tests.turned import turned

FIGURES = {"mean": "mean", "sd": "sd", "lower": "eti90_lb", "upper": "eti90_ub"}
HOSTILE = fits.LONG.strip(), fits.CJK
TEXT = """
loyal ~ below(x, 1) + above(x, 1) + z + category(kind, a, b, c)
disloyal ~ below(x, 1) + above(x, 1) + z + category(kind, a, b, c)
#: kind = type of issue
"""
GROUPS = {"service": ["x", "kind"]}


@cache
def coded_fit() -> bcx.Fit:
    """A short fit with coded terms."""
    rng = np.random.default_rng(5)
    x, z, kind = 1 + rng.standard_normal(600), rng.standard_normal(600), rng.choice(["a", "b", "c"], 600)
    low = np.minimum(x - 1, 0)
    rows = pd.DataFrame({"o": np.repeat(["n", "s", "e"], 200), "x": x, "z": z, "kind": kind})
    rows["loyal"] = 0.1 * low + 0.8 * z + rng.standard_normal(600)
    rows["disloyal"] = -0.9 * low + 0.2 * z + 0.5 * (kind == "b") + rng.standard_normal(600)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(
            bcx.parse_model(TEXT), bcx.Evidence.from_rows(rows, organization="o"), draws=100, tune=200, chains=2,
            random_seed=1, progressbar=False,
        )  # fmt: skip


@pytest.mark.parametrize("target", ["average", "typical", "new"])
@pytest.mark.parametrize("method", ["lmg", "pratt"])
def test_data_are_what_the_estimands_answer(method: Any, target: Any) -> None:
    fit = coded_fit()
    picture = plot_share_pairs(fit, ("disloyal", "loyal"), GROUPS, method, target=target, ci_prob=0.9)
    found = share_differences(fit, ("disloyal", "loyal"), GROUPS, target, method)
    parts = picture.data[picture.data["what"] == "share"]
    assert parts[["group", "outcome"]].to_numpy().tolist() == [
        ["service", "disloyal"], ["service", "loyal"], ["z", "disloyal"], ["z", "loyal"],
    ]  # fmt: skip
    for _, row in parts.iterrows():
        where = {"group": [row["group"]], "outcome": [row["outcome"]]}
        expected = bcx.summarize(found["share"].sel(where), 0.9, kind="stats").iloc[0]
        assert [row[name] for name in FIGURES] == [expected[name] for name in FIGURES.values()]
        assert row["larger_in_first"] == float(found["larger_in_first"].sel(group=row["group"]))
        assert row["predictors"] == found["predictors"].sel(group=row["group"], outcome=row["outcome"]).item()
    whole = bcx.summarize(bcx.r_squared(fit, target).sel(outcome=["disloyal", "loyal"]), 0.9, kind="stats")
    rows = picture.data[picture.data["what"] == "r_squared"]
    assert rows["outcome"].tolist() == ["disloyal", "loyal"]
    for name, theirs in FIGURES.items():
        np.testing.assert_array_equal(rows[name], whole[theirs])


def test_rows_are_sorted_by_the_first_outcome() -> None:
    for first, order in (("disloyal", ["x", "kind", "z"]), ("loyal", ["z", "x", "kind"])):
        other = "loyal" if first == "disloyal" else "disloyal"
        parts = plot_share_pairs(coded_fit(), (first, other)).data.query("what == 'share'")
        assert parts["group"].drop_duplicates().iloc[0] == order[0]
        assert parts.query("outcome == @first")["mean"].is_monotonic_decreasing


def test_marks_stand_at_their_numbers_and_are_joined() -> None:
    picture = plot_share_pairs(coded_fit(), ("disloyal", "loyal"))
    parts = picture.data[picture.data["what"] == "share"]
    lanes = []
    for outcome, marker, colour in (("disloyal", "o", style.BLUE), ("loyal", "D", style.VERMILLION)):
        own = parts[parts["outcome"] == outcome]
        (marks,) = lines_with(picture, marker=marker)
        assert marks.get_color() == colour
        np.testing.assert_allclose(marks.get_xdata(), 100 * own["mean"])
        (bar,) = lines_with(picture, color=colour, marker="None")
        np.testing.assert_allclose(np.reshape(bar.get_xdata(), (-1, 3))[:, :2], 100 * own[["lower", "upper"]])
        np.testing.assert_array_equal(np.reshape(bar.get_ydata(), (-1, 3))[:, 0], marks.get_ydata())
        lanes.append(np.asarray(marks.get_ydata()))
    assert (np.diff(lanes[0]) > np.diff([lanes[0], lanes[1]], axis=0)[0, 0]).all()  # pairs keep apart
    assert (lanes[1] > lanes[0]).all()
    (joined,) = lines_with(picture, color=style.LIGHT)
    ends = np.reshape(joined.get_xdata(), (-1, 3))[:, :2]
    np.testing.assert_allclose(ends.ravel(), 100 * parts["mean"])
    np.testing.assert_array_equal(np.reshape(joined.get_ydata(), (-1, 3))[:, :2], np.column_stack(lanes))
    assert picture.figure is not None
    low, high = picture.figure.axes[0].get_xlim()
    assert low < 0 < 100 * parts["upper"].max() < high


def test_figures_stand_beside_their_marks_and_names_above_the_first_ones() -> None:
    picture = plot_share_pairs(coded_fit(), ("disloyal", "loyal"), GROUPS)
    parts = picture.data[picture.data["what"] == "share"]
    places = dict(texts_of(picture))
    assert picture.figure is not None
    (axes,) = picture.figure.axes
    for i, (_, row) in enumerate(parts.iterrows()):
        mean, lower, upper = (f"{100 * row[name]:.0f}" for name in ("mean", "lower", "upper"))
        box = places[f"{mean}\u00a0% [{lower}, {upper}]"]
        (marks,) = lines_with(picture, marker="oD"[i % 2])
        x, y = axes.transData.transform((100 * row["mean"], marks.get_ydata()[i // 2])) / 2
        assert box.y0 < y < box.y1
        if i < 2:
            name = places[row["outcome"]]
            assert name.x0 - 12 < x < name.x0
            assert name.y0 > y


def test_one_sentence_says_the_most_telling_pair() -> None:
    picture = plot_share_pairs(coded_fit(), ("disloyal", "loyal"), GROUPS)
    one, other = (f"{100 * mean:.0f}" for mean in picture.data["mean"][:2])
    assert float(one) > float(other)
    said = f"service makes up {one} % of what is explained of disloyal and {other} % of loyal"
    assert picture.description.replace("\u00a0", " ").startswith(f"{said}. ")
    texts = [text.replace("\u00a0", " ") for text, _ in texts_of(picture)]
    assert said in texts
    assert {"service", "x, type of issue", "share of what is explained (%)", "z"} <= set(texts)
    assert any(text.startswith("LMG shares of R-squared, which is 0.") for text in texts)
    assert picture.title == "What explains disloyal, and what loyal?"


def test_negative_parts_are_explained(example_fit: bcx.Fit) -> None:
    suppressed = turned(example_fit, "loyalty~satisfaction", "beta", "beta_mu")
    picture = plot_share_pairs(suppressed, ("loyalty", "trust"), method="pratt")
    assert "opposite signs (suppression): no share of anything" in picture.description
    assert picture.figure is not None
    assert picture.figure.axes[0].get_xlim()[0] < 100 * picture.data["lower"].min() < 0
    assert "opposite signs" not in plot_share_pairs(example_fit, ("loyalty", "trust"), method="pratt").description


@pytest.mark.parametrize("width", [3.8, 4.4, 6.5, 12])
@pytest.mark.parametrize(
    ("case", "outcomes", "groups"),
    [
        ("hostile", HOSTILE, None),
        ("hostile", HOSTILE[::-1], {fits.SCRIPT + fits.MATH: [fits.CJK, fits.SCRIPT]}),
        ("hostile", (fits.MATH, HOSTILE[0]), {fits.LONG: fits.LONG.strip()}),
        ("chain", ("c", "b"), None),
    ],
)
def test_no_text_covers_another(case: str, outcomes: Any, groups: Any, width: float) -> None:
    picture = plot_share_pairs(fit_of(case), outcomes, groups, "pratt", width=width)
    assert collisions(picture) == []
    assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    picture = plot_share_pairs(fit_of("hostile"), HOSTILE, {"<b>&": [fits.CJK, fits.SCRIPT]}, width=12)
    assert "<script" not in picture.inline("p")
    assert "&lt;b&gt;&amp;" in picture.svg


def test_svg_is_the_same_every_time() -> None:
    first, second = (plot_share_pairs(coded_fit(), ("disloyal", "loyal"), GROUPS).svg for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "organization"}, "speaks of a population, found target 'organization'; use average, typical, new"),
        ({"outcomes": ("loyal",)}, "two different outcomes are compared"),
        ({"outcomes": ("loyal", "x")}, "no construct 'x'"),
        ({"method": "shapley"}, "unknown method 'shapley'"),
        ({"groups": {"a": []}}, "group 'a' is empty"),
        ({"ci_prob": 95}, r"ci_prob must lie between 0 and 1, found 95; for 95 % give 0.95"),
        ({"width": 20}, "width must lie between"),
    ],
)
def test_what_cannot_be_drawn(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_share_pairs(coded_fit(), **{"outcomes": ("loyal", "disloyal"), **changes})
