"""The path diagram of a fit: its numbers are those of the estimands, its words those of the model."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.plots.path_diagram import plot_path_diagram
from bayescx.plots.path_words import effect_lines
from bayescx.plots.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>"
LONG = "w" * 200

FACTORS = f"""
speed =~ s1 + s2 + s3
care =~ c1 + c2 + c3
service =~ speed + care
price ~~ ad
trust ~ service + price + 0.5*ad
loyalty ~ trust + price
`{HOSTILE}` ~ loyalty
`{LONG}` ~ loyalty
`../../$x^2$ & "quoted"` ~ 0*price + trust
loyalty ~~ `{HOSTILE}`
#: price = 价格<b>高</b>
"""


@cache
def quick_fit(
    text: str, name: str | None = None, *, organizations: int = 3, draws: int = 30, **values: float
) -> bcx.Fit:
    """A fit whose numbers mean little, in a second."""
    model = bcx.parse_model(text, name=name)
    given = {key.replace("__", "~"): value for key, value in values.items()}
    rows = bcx.simulate(model, organizations=organizations, n_obs=120, values=given, random_seed=3).rows
    evidence = bcx.Evidence.from_rows(rows, organization="organization", simulated=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(model, evidence, draws=draws, tune=100, chains=2, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def value_creation() -> bcx.Fit:
    return quick_fit(bcx.load_model("value_creation").text, "value_creation", organizations=10)


def parsed(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg)  # noqa: S314  (our own)


def groups(root: ET.Element, kind: str) -> list[ET.Element]:
    return [group for group in root.iter(f"{SVG}g") if group.get("class") == kind]


def texts(group: ET.Element) -> list[str]:
    return [text.text or "" for text in group.iter(f"{SVG}text")]


def numbers_in(text: str) -> list[float]:
    return [float(number.replace("\N{MINUS SIGN}", "-")) for number in re.findall(r"\N{MINUS SIGN}?\d*\.\d+", text)]


def rounded(row: pd.Series) -> list[float]:
    return [float(f"{row[name]:.2f}") for name in ("mean", "lower", "upper")]


@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("ci_prob", [0.95, 0.5])
def test_numbers_drawn_are_those_of_the_data(value_creation: bcx.Fit, direction: Any, ci_prob: float) -> None:
    picture = plot_path_diagram(value_creation, direction=direction, ci_prob=ci_prob)
    root = parsed(picture)
    paths = picture.data[picture.data["kind"] == "path"]
    shares = picture.data[picture.data["kind"] == "r_squared"].set_index("outcome")
    model = value_creation.model
    drawn = groups(root, "arrow")
    assert len(drawn) == len(paths) == 10
    for group, (_, row) in zip(drawn, paths.iterrows(), strict=True):
        assert numbers_in(" ".join(texts(group))) == rounded(row)
        title = group.findtext(f"{SVG}title") or ""
        assert title.startswith(f"{model.in_words(row['cause'])} → {model.in_words(row['outcome'])}: ")
        assert numbers_in(title) == rounded(row)
    for name, group in zip(model.constructs, groups(root, "node"), strict=True):
        words = texts(group)
        if name in model.endogenous:
            assert numbers_in(words.pop()) == rounded(shares.loc[name])
        assert " ".join(words) == model.in_words(name)


@pytest.mark.parametrize("standardized", [True, False])
@pytest.mark.parametrize("target", ["average", "typical", "new"])
def test_the_data_are_the_summaries_of_the_estimands(example_fit: bcx.Fit, target: Any, standardized: bool) -> None:
    data = plot_path_diagram(example_fit, target, standardized=standardized, ci_prob=0.8).data
    effects = bcx.summarize(bcx.direct_effects(example_fit, target, standardized=standardized), 0.8)
    shares = bcx.summarize(bcx.r_squared(example_fit, target), 0.8)
    columns = ["mean", "sd", "eti80_lb", "eti80_ub"]
    expected = pd.concat([effects[columns], shares[columns]], ignore_index=True)
    expected.columns = ["mean", "sd", "lower", "upper"]
    pd.testing.assert_frame_equal(data[["mean", "sd", "lower", "upper"]], expected)
    assert (data["outcome"] + "~" + data["cause"]).tolist()[:3] == effects["path"].tolist()
    assert data["outcome"].tolist()[3:] == shares["outcome"].tolist()
    assert data["kind"].tolist() == ["path"] * 3 + ["r_squared"] * 2


@pytest.mark.parametrize("target", ["organization", "alone"])
def test_one_organization_is_drawn_with_its_own_numbers(example_fit: bcx.Fit, target: Any) -> None:
    picture = plot_path_diagram(example_fit, target, organization="west")
    table = bcx.summarize(bcx.direct_effects(example_fit, target))
    own = table[table["organization"] == "west"]
    assert picture.data["mean"].tolist()[:3] == pytest.approx(own["mean"].tolist())
    assert "west" in picture.title
    assert "west" in "".join(texts(groups(parsed(picture), "notes")[0]))


def test_titles_say_whom_the_numbers_are_about(example_fit: bcx.Fit, value_creation: bcx.Fit) -> None:
    def title(fit: bcx.Fit, *args: Any, **options: Any) -> str:
        return plot_path_diagram(fit, *args, **options).title

    assert title(value_creation) == "Path diagram: value creation, average of the ten organizations"
    planned = "average of the six organizations planned, four reported"
    assert title(example_fit) == f"Path diagram: example, {planned}"
    assert title(example_fit, "typical") == "Path diagram: example, a typical organization"
    assert title(example_fit, "organization", organization="north") == "Path diagram: example, north"
    assert title(example_fit, "alone", organization="north") == "Path diagram: example, north by itself"
    single = quick_fit("y ~ x", organizations=1)
    assert title(single) == "Path diagram, org_01, the only organization"


def test_organizations_that_are_known_by_figures_did_not_report(
    example_fit: bcx.Fit, figures_fit: bcx.Fit, mixed_fit: bcx.Fit
) -> None:
    cases = {
        "average of the ten organizations planned, two known by figures": figures_fit,
        "average of the ten organizations planned, five reported, two known by figures": mixed_fit,
    }
    known = replace(mixed_fit, evidence=replace(mixed_fit.evidence, n_planned=7))
    cases["average of the seven organizations, five reported, two known by figures"] = known
    for said, fit in cases.items():
        picture = plot_path_diagram(fit)
        assert picture.title == f"Path diagram: kinds, {said}"
        assert f": {said}." in " ".join(texts(groups(parsed(picture), "notes")[0]))
    assert "figures" not in plot_path_diagram(example_fit).title


@pytest.mark.parametrize("direction", ["right", "down"])
def test_arrows_that_rest_on_the_prior_look_open(open_fit: bcx.Fit, direction: Any) -> None:
    picture = plot_path_diagram(open_fit, direction=direction)
    flags = bcx.summarize(bcx.direct_effects(open_fit, "average"), kind="stats")["rests_on_prior"].tolist()
    assert picture.data["rests_on_prior"].tolist()[:3] == flags
    assert set(flags) == {True, False}
    root = parsed(picture)
    for group, is_open in zip(groups(root, "arrow"), flags, strict=True):
        paths = list(group.iter(f"{SVG}path"))
        assert all((path.get("stroke-dasharray") is not None) == is_open for path in paths)
        mean, interval = (text.get("fill") for text in group.iter(f"{SVG}text"))
        assert (mean == interval) == is_open
        assert (group.findtext(f"{SVG}title") or "").endswith(", rests mostly on the prior") == is_open
    notes = texts(groups(root, "notes")[0])
    assert notes.count("Dashed: rests mostly on the prior.") == 1
    named = picture.description.partition("Dashed arrows rest mostly on the prior")[2]
    assert named.count("→") == sum(flags)


def test_nothing_looks_open_where_the_evidence_speaks(example_fit: bcx.Fit) -> None:
    picture = plot_path_diagram(example_fit)
    assert not picture.data["rests_on_prior"].any()
    assert "stroke-dasharray" not in picture.svg
    assert "prior" not in picture.svg + picture.description


def test_signs_and_strength_show_in_the_arrows(example_fit: bcx.Fit) -> None:
    fit = quick_fit("y ~ a + b + c", y__a=-0.9, y__b=0.5, y__c=0.0)
    for standardized in (True, False):
        picture = plot_path_diagram(fit, standardized=standardized)
        widths = []
        for group, (_, row) in zip(groups(parsed(picture), "arrow"), picture.data.iloc[:3].iterrows(), strict=True):
            path = next(group.iter(f"{SVG}path"))
            assert (path.get("stroke-dasharray") is not None) == row["rests_on_prior"]
            assert texts(group)[0].startswith("\N{MINUS SIGN}") == (round(row["mean"], 2) < 0)
            marker = list(group.iter(f"{SVG}path"))[-1].get("marker-end") or ""
            assert ("negative" in marker) == (row["mean"] < 0)
            assert marker.endswith("pale)") == (row["lower"] <= 0 <= row["upper"])
            widths.append(float(path.get("stroke-width", "0")))
        order = picture.data.iloc[:3]["mean"].abs().rank().tolist()
        assert pd.Series(widths).rank().tolist() == (order if standardized else [2.0] * 3)
        assert all(1 <= width <= 4 for width in widths)
        notes = " ".join(texts(groups(parsed(picture), "notes")[0]))
        assert "Orange: negative effect." in notes
        assert "Pale: interval contains 0." in notes
    assert "\N{MINUS SIGN}0." in picture.svg
    assert "Orange" not in " ".join(texts(groups(parsed(plot_path_diagram(example_fit)), "notes")[0]))


def test_factors_fixed_paths_and_what_is_left_out() -> None:
    fit = quick_fit(FACTORS)
    picture = plot_path_diagram(fit)
    root = parsed(picture)
    corners = {
        name: float(group.find(f"{SVG}rect").get("rx", "0"))  # type: ignore[union-attr]
        for name, group in zip(fit.model.constructs, groups(root, "node"), strict=True)
    }
    assert {name for name, corner in corners.items() if corner > 10} == {"speed", "care", "service"}
    bare = [group.findtext(f"{SVG}title") for group in groups(root, "arrow") if not texts(group)]
    assert bare == ["speed measures service", "care measures service"]

    fixed = picture.data[picture.data["fixed"]]
    assert fixed["cause"].tolist() == ["ad", "price"]
    labels = [texts(group) for group in groups(root, "arrow")]
    shown = {tuple(picture.data.loc[i, ["outcome", "cause"]]): labels[i] for i in range(len(fit.model.paths))}
    assert shown["trust", "ad"][0] == f"fixed {fixed['mean'].iloc[0]:.2f}"
    assert shown[fixed["outcome"].iloc[1], "price"] == ["fixed 0.00"]
    raw = plot_path_diagram(fit, standardized=False)
    assert ["fixed 0.50"] in [texts(group) for group in groups(parsed(raw), "arrow")]

    assert "boxes with round ends are factors" in picture.description
    assert "Thin grey arrows" in picture.description
    assert picture.description.endswith("Not drawn: covariances of the exogenous constructs and residual covariances.")
    assert "Not drawn" not in plot_path_diagram(quick_fit("y ~ x", organizations=1)).description


def test_names_are_text_whatever_they_contain() -> None:
    fit = quick_fit(FACTORS, name=HOSTILE)
    for direction in ("right", "down"):
        picture = plot_path_diagram(fit, direction=direction)  # type: ignore[arg-type]
        root = parsed(picture)
        assert not list(root.iter(f"{SVG}script"))
        assert "<script" not in picture.svg
        assert "<script" not in picture.inline("p1")
        titles = [group.findtext(f"{SVG}title") for group in groups(root, "node")]
        assert LONG in titles
        assert "价格<b>高</b>" in ["".join(texts(group)) for group in groups(root, "node")]
        assert not [value for node in root.iter() for value in node.attrib.values() if "script" in value]
    hostile = replace(fit.evidence, organizations=(HOSTILE, "\x00\x1b", LONG))
    picture = plot_path_diagram(replace(fit, evidence=hostile), "organization", organization="\x00\x1b")
    assert parsed(picture) is not None


def test_ids_survive_inlining(value_creation: bcx.Fit) -> None:
    inline = plot_path_diagram(value_creation).inline("one")
    ids = set(re.findall(r'\bid="([^"]+)"', inline))
    assert {"one-title", "one-desc", "one-head-positive"} <= ids
    assert set(re.findall(r"url\(#([^)]+)\)", inline)) <= ids


def test_simulated_data_are_called_so(value_creation: bcx.Fit, example_fit: bcx.Fit) -> None:
    assert texts(groups(parsed(plot_path_diagram(value_creation)), "notes")[0])[-1] == "Simulated data"
    assert "simulated" in plot_path_diagram(value_creation).description
    assert "imulated" not in plot_path_diagram(example_fit).svg


def test_a_phone_shows_the_shipped_model_at_its_own_size(value_creation: bcx.Fit) -> None:
    root = parsed(plot_path_diagram(value_creation, direction="down"))
    assert float(root.get("width", "0")) <= 360
    assert float(root.get("height", "0")) > float(root.get("width", "0"))
    wide = parsed(plot_path_diagram(value_creation))
    assert float(wide.get("width", "0")) > 2 * float(wide.get("height", "0"))


def test_the_same_fit_gives_the_same_picture(example_fit: bcx.Fit) -> None:
    assert plot_path_diagram(example_fit).svg == plot_path_diagram(example_fit).svg


def test_a_model_without_paths_is_a_row_of_boxes() -> None:
    picture = plot_path_diagram(quick_fit("x ~~ y; f =~ a + b + c", organizations=2))
    assert len(groups(parsed(picture), "node")) == 3
    assert picture.data.empty
    assert picture.description.startswith("Path diagram of 3 constructs and 0 paths")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "rigth"}, "unknown direction 'rigth'; did you mean 'right'.*Directions: right, down"),
        ({"direction": None}, "unknown direction None"),
        ({"ci_prob": 1.0}, "ci_prob must lie between 0 and 1, found 1.0"),
        ({"ci_prob": float("nan")}, "ci_prob must lie between 0 and 1"),
        ({"target": "avrage"}, "unknown target 'avrage'; did you mean 'average'"),
        ({"target": "organization"}, "needs the organization to draw, none was named.*north, south, east, west"),
        ({"target": "organization", "organization": "nort"}, "found 'nort'; did you mean 'north'"),
        ({"target": "organization", "organization": 3}, "found 3"),
        ({"organization": "north"}, "target='average' does not speak of one organization.*target='organization'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(example_fit: bcx.Fit, options: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=f"(?s){message}"):
        plot_path_diagram(example_fit, **options)


@pytest.mark.parametrize(
    ("mean", "lower", "upper", "standardized", "expected"),
    [
        (0.861, 0.84, 0.88, True, ("0.86", "[0.84, 0.88]")),
        (-0.004, -0.21, 0.2, True, ("0.00", "[−0.21, 0.20]")),
        (0.0012, 0.0011, 0.0013, True, ("0.00", "[0.00, 0.00]")),
        (12.345, 8.0, 15.0, False, ("12.35", "[8.00, 15.00]")),
        (0.0123, 0.01, 0.0145, False, ("0.012", "[0.010, 0.015]")),
        (0.00123, -0.001, 0.00148, False, ("0.0012", "[−0.0010, 0.0015]")),
        (-512.3, -600.0, -400.0, False, ("−512.3", "[−600.0, −400.0]")),
        (4321.4, 4000.0, 5000.0, False, ("4321", "[4000, 5000]")),
        (-1.23e-7, -2e-7, 0.0, False, ("−1.2×10⁻⁷", "[−2.0×10⁻⁷, 0]")),
        (4.5e9, 4e9, 5e9, False, ("4.5×10⁹", "[4.0×10⁹, 5.0×10⁹]")),
    ],
)
def test_effects_are_written_with_digits_that_mean_something(
    mean: float, lower: float, upper: float, standardized: bool, expected: tuple[str, ...]
) -> None:
    row = pd.Series({"mean": mean, "lower": lower, "upper": upper, "fixed": False})
    assert effect_lines(row, standardized=standardized) == expected
