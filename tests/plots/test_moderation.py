"""Dots stand where organizations are, lines and levels where path_at puts them, and names stay text."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.moderation import moderator_effects, path_at
from bayescx.plots import style
from bayescx.plots.moderation import plot_moderation
from tests.moderated import IF_GOODS, ORGANIZATIONS, PER_THOUSAND, moderated_fit, moderated_rows
from tests.plots import fits
from tests.plots.fits import collisions, lines_with, smallest_letters, texts_of

PATH = "loyalty~effort"
LEVELS = ("services", "goods")
HOSTILE = (fits.SCRIPT, fits.LONG.strip(), fits.MATH)  # cause, outcome, attribute
HOSTILE_LEVELS = ("<b>one</b>", r"$\alpha$ $", "ö" * 200, "株式会社" * 20)


@cache
def short_fit(case: str) -> bcx.Fit:
    """A short fit of many organizations or hostile names; whether it converged is not what is tested."""
    rng = np.random.default_rng(9)
    count = {"forty": 40, "two values": 10}.get(case, 9)
    cause, outcome, number = HOSTILE if case == "hostile" else ("x", "y", "turnover")
    levels = HOSTILE_LEVELS if case == "hostile" else ("small", "large")
    frames = []
    for j in range(count):
        x = rng.standard_normal(60)
        name = fits.HOSTILE_ORGANIZATIONS[j] if case == "hostile" and j < 4 else f"o{j:02d}"
        columns = {
            cause: x,
            outcome: 0.4 * x + rng.standard_normal(60),
            number: 1.0 * (j % 2) if case == "two values" else 1e7 * j,
        }
        frames.append(pd.DataFrame({"o": name, **columns, "category": levels[j // 2 % len(levels)]}))
    quoted = ", ".join(f"`{level}`" for level in levels)
    text = f"`{outcome}` ~ pool(`{cause}`, `{number}`, category(category, {quoted}))"
    evidence = bcx.Evidence.from_rows(pd.concat(frames), organization="o")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(
            bcx.parse_model(text, name=case), evidence, random_seed=1, progressbar=False, draws=100, tune=300, chains=2
        )


def path_of(case: str) -> tuple[str, str]:
    """The path, and the number it depends on."""
    cause, outcome, number = HOSTILE if case == "hostile" else ("x", "y", "turnover")
    return f"{outcome}~{cause}", number


@pytest.mark.parametrize("standardized", [False, True])
def test_data_of_a_number_are_what_the_estimands_answer(*, standardized: bool) -> None:
    fit = moderated_fit()
    data = plot_moderation(fit, PATH, "employees", ci_prob=0.9, standardized=standardized).data
    own = data[data["what"] == "organization"]
    draws = bcx.direct_effects(fit, standardized=False)
    if standardized:  # SDs are those of the typical organization
        draws = draws * bcx.direct_effects(fit, "typical") / bcx.direct_effects(fit, "typical", standardized=False)
        draws = draws.transpose("chain", "draw", ...)
    expected = bcx.summarize(draws.sel(path=PATH).reset_coords(drop=True), 0.9, kind="stats")
    assert own["organization"].tolist() == list(fit.organizations)
    np.testing.assert_allclose(own[["mean", "lower", "upper"]], expected[["mean", "eti90_lb", "eti90_ub"]])
    employees = moderated_rows().groupby("organization")["employees"].first()
    assert own["value"].tolist() == employees.tolist()
    for what in ("typical", "new"):
        rows = data[data["what"] == what]
        assert rows["value"].iloc[0] < employees.min()
        assert rows["value"].iloc[-1] > employees.max()
        for i in (0, 17, -1):
            at = path_at(fit, {"employees": rows["value"].iloc[i]}, new=what == "new", standardized=standardized).sel(
                path=PATH
            )
            told = bcx.summarize(at.reset_coords(drop=True), 0.9, kind="stats").iloc[0]
            np.testing.assert_allclose(
                rows[["mean", "lower", "upper"]].iloc[i].to_numpy(float),
                told[["mean", "eti90_lb", "eti90_ub"]].to_numpy(float),
            )  # fmt: skip


def test_data_of_a_category_are_those_of_its_levels() -> None:
    fit = moderated_fit()
    data = plot_moderation(fit, PATH, "industry").data
    industry = moderated_rows().groupby("organization")["industry"].first()
    assert data[data["what"] == "organization"]["level"].tolist() == industry.tolist()
    for what in ("typical", "new"):
        rows = data[data["what"] == what].set_index("level")
        assert rows.index.tolist() == list(LEVELS)
        for level in LEVELS:
            at = path_at(fit, {"industry": level}, new=what == "new").sel(path=PATH)
            assert rows["mean"][level] == pytest.approx(float(at.mean()))


def test_what_was_simulated_is_found() -> None:
    fit = moderated_fit()
    for attribute, truth in (("employees", 2 * PER_THOUSAND), ("industry", IF_GOODS)):
        (row,) = plot_moderation(fit, PATH, attribute).data.attrs["differences"]
        assert row["lower"] < truth < row["upper"]
        name = f"{PATH}:{row['attribute']}" + ("[goods]" if row["level"] else "")
        draws = row["per"] * moderator_effects(fit).sel(moderator=name)
        assert row["mean"] == pytest.approx(float(draws.mean()))
        assert row["higher"] == pytest.approx(float((draws > 0).mean()))
        assert row["per"] == (1 if row["level"] else 2000)


def test_dots_are_as_large_as_their_own_data_tell() -> None:
    fit = moderated_fit()
    picture = plot_moderation(fit, PATH, "employees")
    own = picture.data[picture.data["what"] == "organization"]
    precision = fit.tree["constant_data"]["sampling_sd"].sel(path=PATH).values ** -2.0
    np.testing.assert_allclose(own["weight"], precision / precision.max())
    assert picture.figure is not None
    (dots,) = [one for one in picture.figure.axes[0].collections if len(one.get_offsets()) == ORGANIZATIONS]
    np.testing.assert_array_equal(np.asarray(dots.get_offsets()), own[["value", "mean"]])
    np.testing.assert_allclose(dots.get_sizes() / dots.get_sizes().max(), own["weight"], atol=0.11)


def test_an_organization_whose_own_data_tell_nothing_is_a_small_dot() -> None:
    fit = moderated_fit()
    data = fit.tree["constant_data"].to_dataset()
    data["sampling_sd"] = data["sampling_sd"].where(data["organization"] != "o03", np.inf)
    tree = fit.tree.copy()
    tree["constant_data"] = xr.DataTree(data)
    picture = plot_moderation(replace(fit, tree=tree), PATH, "employees")
    assert picture.data.set_index("organization")["weight"]["o03"] == 0
    assert picture.figure is not None
    sizes = [c.get_sizes() for c in picture.figure.axes[0].collections if len(c.get_offsets()) == ORGANIZATIONS]
    assert 0 < sizes[0][2] == sizes[0].min()


def test_the_line_and_its_bands_are_those_of_the_data() -> None:
    picture = plot_moderation(moderated_fit(), PATH, "employees")
    rows = picture.data[picture.data["what"] == "typical"]
    (line,) = lines_with(picture, color=style.BLUE, linewidth=1.4)
    np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
    assert picture.figure is not None
    new, typical = (
        {tuple(corner) for corner in one.get_paths()[0].vertices.tolist()}
        for one in picture.figure.axes[0].collections[:3]
        if len(one.get_paths()[0].vertices) > 2 * len(rows)
    )
    for corners, what in ((new, "new"), (typical, "typical")):
        own = picture.data[picture.data["what"] == what]
        assert {*zip(own["value"], own["lower"], strict=True), *zip(own["value"], own["upper"], strict=True)} <= corners
    new_rows = picture.data[picture.data["what"] == "new"]
    assert (new_rows["lower"].to_numpy() < rows["lower"].to_numpy()).all()
    low, high = picture.figure.axes[0].get_ylim()
    assert low < picture.data["lower"].min() < picture.data["upper"].max() < high


def test_nothing_is_drawn_beyond_two_values() -> None:
    picture = plot_moderation(short_fit("two values"), "y~x", "turnover")
    along = picture.data[picture.data["what"] == "typical"]["value"]
    assert (along.min(), along.max()) == (0, 1)
    assert picture.figure is not None
    low, high = picture.figure.axes[0].get_xlim()
    assert (low, high) == pytest.approx((-0.04, 1.04))
    assert picture.description.startswith("Per 1 more: ")


def test_a_line_ends_at_zero_but_dots_there_have_room() -> None:
    picture = plot_moderation(short_fit("forty"), "y~x", "turnover")
    assert picture.data["value"].min() == 0
    assert picture.figure is not None
    (line,) = lines_with(picture, color=style.BLUE, linewidth=1.4)
    low, high = picture.figure.axes[0].get_xlim()
    x = np.asarray(line.get_xdata(), dtype=float)
    assert (x.min(), x.max()) == pytest.approx((0, 405.6))
    assert (low, high) == pytest.approx((-15.6, 405.6))


def test_organizations_of_a_level_stand_below_it_in_order() -> None:
    picture = plot_moderation(moderated_fit(), PATH, "industry")
    (diamonds,) = [line for line in lines_with(picture, marker="D") if line.axes is not None]
    typical = picture.data[picture.data["what"] == "typical"]
    np.testing.assert_array_equal(diamonds.get_xdata(), typical["mean"])
    top = dict(zip(typical["level"], np.asarray(diamonds.get_ydata(), dtype=float), strict=True))
    assert picture.figure is not None
    (dots,) = [one for one in picture.figure.axes[0].collections if len(one.get_offsets()) == ORGANIZATIONS]
    own = picture.data[picture.data["what"] == "organization"].assign(y=np.asarray(dots.get_offsets())[:, 1])
    for level, rows in own.groupby("level"):
        assert rows["y"].min() > top[str(level)]
        assert rows.sort_values("y")["mean"].is_monotonic_increasing
    assert own[own["level"] == "services"]["y"].max() < top["goods"]


def test_one_sentence_says_how_the_path_differs() -> None:
    fit = moderated_fit()
    number, category = (plot_moderation(fit, PATH, attribute) for attribute in ("employees", "industry"))
    assert number.title == "Effect of customer effort on loyalty, by number of employees"
    assert category.title == "Effect of customer effort on loyalty, by industry"
    (row,) = number.data.attrs["differences"]
    said = number.description.replace("\u00a0", " ")
    assert said.startswith(f"Per 2,000 more: −{abs(row['mean']):.1f} [−{abs(row['lower']):.1f}, −")
    assert "lower with probability > 0.99." in said
    assert "which need not be a cause. Line and bands: the other attribute at the average" in said
    assert category.description.replace("\u00a0", " ").startswith("goods less services: ")
    assert "Means of twelve organizations run from " in said
    assert any(text.startswith("Per 2,000 more: −") for text, _ in texts_of(number))
    alone = plot_moderation(fit, "trust~effort", "employees").description
    assert "other attribute" not in alone


def test_large_numbers_are_told_in_millions() -> None:
    picture = plot_moderation(short_fit("forty"), "y~x", "turnover")
    texts = [text for text, _ in texts_of(picture)]
    assert "turnover (millions)" in texts
    assert "200" in texts
    assert picture.data["value"].max() > 3.9e8
    assert "Per 100,000,000 more" in picture.description


@pytest.mark.parametrize("width", [3.8, 6.5, 12])
@pytest.mark.parametrize("case", ["moderated", "hostile", "forty"])
def test_no_text_covers_another(case: str, width: float) -> None:
    fit = moderated_fit() if case == "moderated" else short_fit(case)
    path, number = (PATH, "employees") if case == "moderated" else path_of(case)
    for attribute in (number, "industry" if case == "moderated" else "category"):
        picture = plot_moderation(fit, path, attribute, width=width)
        assert collisions(picture) == []
        assert smallest_letters(picture) >= 7.5


def test_hostile_names_stay_text() -> None:
    path, number = path_of("hostile")
    for attribute in (number, "category"):
        picture = plot_moderation(short_fit("hostile"), path, attribute)
        inline = picture.inline("p")
        assert "<script" not in inline
        assert "<b>" not in inline
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in inline


def test_svg_is_the_same_every_time() -> None:
    fit = moderated_fit()
    assert plot_moderation(fit, PATH, "industry").svg == plot_moderation(fit, PATH, "industry").svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "loyalty~trust"}, "no path 'loyalty~trust' depends on attributes .* that do: trust~effort, loyalty~"),
        ({"path": "loyalty~effrt"}, "did you mean 'loyalty~effort'"),
        ({"path": None}, "no path None depends"),
        ({"attribute": "employes"}, "effort does not depend on an attribute 'employes'; did you mean 'employees'"),
        ({"attribute": "industry[goods]"}, "does not depend on an attribute .* It does on: employees, industry"),
        ({"path": "trust~effort", "attribute": "industry"}, "It does on: employees"),
        ({"attribute": 3}, "an attribute 3"),
        ({"ci_prob": 95}, r"ci_prob must lie between 0 and 1, found 95; for 95 % give 0.95"),
        ({"width": 20}, "width must lie between"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        plot_moderation(moderated_fit(), **{"path": PATH, "attribute": "employees", **changes})


def test_a_model_without_attributes_is_refused(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no path of this model depends on an attribute"):
        plot_moderation(example_fit, "loyalty~trust", "employees")
