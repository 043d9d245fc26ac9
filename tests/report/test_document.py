"""The report as a document: complete, self-contained, safe with any name, right for any pooling and size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from tests.report.page import Page

Filed = Callable[[bcx.Fit], Path]
Written = Callable[[bcx.Fit], Page]
SECTIONS = [
    "question", "evidence", "findings", "diagram", "drivers", "priorities", "paths", "effects", "heterogeneity",
    "higher", "knobs", "diagnostics", "method", "each", "citations", "reproduce",
]  # fmt: skip
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def page(ten_file: Path) -> Page:
    return Page(ten_file.read_text(encoding="utf-8"))


def study(
    text: str, *, organizations: int = 4, n_obs: int = 60, names: list[str] | None = None, **settings: object
) -> bcx.Fit:
    """A quick fit; ``names`` take the place of the organizations' own."""
    model = bcx.parse_model(text, name="study")
    rows = bcx.simulate(model, organizations=organizations, n_obs=n_obs, random_seed=5).rows
    if names is not None:
        rows["organization"] = rows["organization"].map(dict(zip(rows["organization"].unique(), names, strict=True)))
    n_planned = settings.pop("n_planned", None)
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=n_planned)  # type: ignore[arg-type]
    with pytest.warns(bcx.ConvergenceWarning):  # so few draws; it is the document that is looked at
        return bcx.fit(model, evidence, random_seed=1, draws=60, tune=200, chains=2, progressbar=False, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def only() -> bcx.Fit:
    """A quick fit to one organization."""
    return study("m ~ x; y ~ m + x", organizations=1)


def test_means_are_said_to_be_needed_and_levels_no_posterior_means(shifted: bcx.Fit, written: Written) -> None:
    page = written(shifted)
    evidence = page.by_id("evidence").text
    assert "Of paths, effects and explained variance, only the number of respondents and the covariances" in evidence
    assert "How high organizations stand, and who is higher, is told by means: only those that shared means" in evidence
    assert "changes nothing" not in evidence
    assert "Only present levels are not: they are means as organizations shared them" in page.by_id("findings").text


def test_every_section_is_there_and_in_the_contents(page: Page) -> None:
    assert [section.id for section in page.all("section")] == SECTIONS
    linked = [a.attributes["href"][1:] for a in page.all("a") if a.inside("nav")]
    assert linked == SECTIONS
    for section in page.all("section"):
        assert len(section.text.split()) > 10


def test_it_is_small_and_needs_nothing_else(ten_file: Path, page: Page) -> None:
    assert ten_file.stat().st_size <= 1.5e6
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("img")
    assert not page.all("iframe")
    styles = " ".join(element.text for element in page.all("style"))
    assert not re.search(r"@import|url\((?!#)", styles)
    outside = [
        value for e in page.elements for name, value in e.attributes.items() if name in ("src", "href", "xlink:href")
    ]
    assert all(value.startswith(("#", "https://doi.org/")) for value in outside)


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = Counter(element.id for element in page.elements if element.id)
    assert [name for name, times in ids.items() if times > 1] == []
    for element in page.elements:
        target = element.attributes.get("href", element.attributes.get("xlink:href", ""))
        if target.startswith("#"):
            assert target[1:] in ids, target
        for value in element.attributes.values():
            for name in re.findall(r"url\(#([^)]+)\)", value):
                assert name in ids, value


def test_pictures_and_tables_speak_to_screen_readers(page: Page) -> None:
    pictures = page.all("svg")
    assert len(pictures) == 2 + 2 + 2 + 2 + 10 + 1 + 2 + 2 + 2  # all twice but ten paths and a total effect
    for svg in pictures:
        assert svg.attributes["role"] == "img"
        title, description = (page.by_id(name).text for name in svg.attributes["aria-labelledby"].split())
        assert title
        assert len(description) > 20
    for table in page.all("table"):
        assert table.inside("div", role="region", tabindex="0")
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("h1")) == 1


def test_simulated_data_are_called_so_at_every_turn(page: Page, example_fit: bcx.Fit, written: Written) -> None:
    assert "(simulated data)" in page.all("title")[0].text
    assert "nobody was asked" in page.all("header")[0].text
    for picture in page.all("svg"):
        assert "Simulated data" in picture.text
    assert "imulated" not in written(example_fit).all("body")[0].text


def test_a_table_has_one_row_per_effect_and_organization(page: Page) -> None:
    cells = Counter(e.id.rsplit("-", 1)[0] for e in page.all("td") if e.id)
    assert cells["direct-typical"] == cells["direct-average"] == cells["direct-new"] == 10
    assert cells["direct-organization"] == cells["direct-alone"] == 100
    assert cells["total-average"] == 18
    assert cells["indirect-average"] == 10
    assert cells["route-average"] == 6
    assert cells["r_squared-average"] == 6
    assert cells["heterogeneity"] == 30


def test_hostile_names_stay_text(written: Written, filed: Filed) -> None:
    fit = study(
        f"`{SCRIPT}` ~ `$x$ & {'very ' * 30}long`\n#: `{SCRIPT}` = \"'><b>{SCRIPT}",
        names=["../../x", SCRIPT, "誠実", "a" * 200],
    )
    page = written(fit)
    assert not page.all("script")
    assert not page.all("b")
    assert SCRIPT in page.all("section", id="question")[0].text
    assert "../../x" in page.all("section", id="evidence")[0].text
    assert "誠実" in page.all("section", id="each")[0].text
    assert [path.name for path in filed(fit).parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize("organizations", [1, 2, 40])
def test_any_number_of_organizations(organizations: int, only: bcx.Fit, written: Written) -> None:
    fit = only if organizations == 1 else study("m ~ x; y ~ m + x", organizations=organizations, n_obs=40)
    page = written(fit)
    assert (
        page.all("h1")[0].text
        == {1: "Study: one organization", 2: "Study: two organizations", 40: "Study: 40 organizations"}[organizations]
    )
    cells = Counter(e.id.rsplit("-", 1)[0] for e in page.all("td") if e.id)
    assert cells["direct-organization"] == 3 * organizations
    assert bool(cells["heterogeneity"]) == (organizations > 1)


def test_some_of_the_planned(written: Written) -> None:
    page = written(study("m ~ x; y ~ m + x", n_planned=10))
    assert page.all("h1")[0].text == "Study: four of ten organizations"
    assert "six have not reported yet" in page.by_id("question").text
    assert "on average over the ten organizations" in page.by_id("findings").text
    assert "average of the ten" in page.by_id("effects").text


@pytest.mark.parametrize("pooling", ["none", "full"])
@pytest.mark.parametrize("n_planned", [4, 6])
def test_any_pooling(pooling: str, n_planned: int, written: Written) -> None:
    everything = {"paths": pooling, "residuals": pooling, "exogenous": pooling, "covariances": pooling}
    page = written(study("m ~ x; y ~ m + x", pooling=everything, n_planned=n_planned))
    apart = pooling == "none" and n_planned == 6
    assert ("nothing can be said of them together" in page.by_id("findings").text) == apart
    cells = Counter(e.id.rsplit("-", 1)[0] for e in page.all("td") if e.id)
    assert cells["direct-organization"] == 12
    assert cells["direct-average"] == (0 if apart else 3)
    assert cells["direct-alone"] == (0 if pooling == "none" else 12)
    text = page.all("body")[0].text
    together = {"none": "by itself", "full": "all as one"}[pooling]
    assert together in page.by_id("each").text
    assert "with the others" not in text
    assert ("hollow marks" in text) == (pooling == "full")
    assert ("Typical organization" in page.by_id("method").text) == (pooling == "full")
    assert "~ Normal(μ" not in page.by_id("method").text
    assert ("counts them in" in text) == (n_planned == 6 and pooling == "full")
    assert "Differences are told where paths are partially pooled" in page.by_id("heterogeneity").text


def test_a_measured_model_with_covariances_and_second_order_factors(written: Written) -> None:
    text = """
    a =~ a1 + a2 + a3; b =~ b1 + b2 + b3; c =~ c1 + c2 + c3; q =~ a + b + c; y ~ q + z; w ~ z
    y ~~ w
    #: q = quality
    """
    page = written(study(text, n_obs=150))
    asked = page.by_id("question").text
    assert "How much do quality and z matter for y and w, directly?" in asked
    assert "quality is measured by a, b, c" in asked
    assert "a is measured by a1, a2, a3" in asked
    assert "a ← quality" not in asked  # measurement is no effect
    assert "Lewandowski" in page.by_id("citations").text


def test_priors_that_were_not_used_are_not_listed(page: Page, written: Written) -> None:
    def priors(page: Page) -> list[str]:
        table = page.all("table", **{"aria-labelledby": "caption-priors"})[0]
        return [row.text for row in page.within(table) if row.tag == "th" and row.attributes["scope"] == "row"]

    assert len(priors(page)) == 6
    assert "loadings" not in priors(page)
    full = {"paths": "full", "residuals": "full", "exogenous": "full", "covariances": "full"}
    shared = study("f =~ x1 + x2 + x3; y ~ f + z", n_obs=100, pooling=full)
    assert priors(written(shared)) == [
        "typical path coefficient",
        "loadings",
        "typical log SD of residuals",
        "typical log SD of exogenous constructs",
        "typical correlation (Fisher z, partial) of exogenous constructs and of residuals",
    ]


def test_a_model_of_factors_alone(written: Written) -> None:
    page = written(study("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6", n_obs=100))
    assert "How are f and g related?" in page.by_id("question").text
    assert "two constructs and no path between them" in page.by_id("question").text
    assert "The model has no path, so there is no effect to tell." in page.by_id("findings").text


def test_too_many_routes_are_said_not_listed(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("answers", "document"):
        monkeypatch.setattr(f"bayescx.report.{module}.MOST_ROUTES", 3)  # spares the pictures of 24 paths
    layers = [["a"], *([f"{stage}{i}" for i in range(2)] for stage in "bc"), ["y"]]
    lines = [f"{sink} ~ {' + '.join(before)}" for before, here in pairwise(layers) for sink in here]
    page = written(study("\n".join(lines), organizations=2, n_obs=100))
    assert "There are more routes from a to y than fit here" in page.by_id("effects").text


def test_a_fit_that_did_not_converge_says_so_first(only: bcx.Fit, written: Written) -> None:
    page = written(only)
    assert "The sampler did not converge. Do not report these figures." in page.all("header")[0].text
    assert "The sampler did not converge" in page.by_id("diagnostics").text


def test_what_was_left_out_is_said(written: Written) -> None:
    model = bcx.parse_model("y ~ x")
    rows = bcx.simulate(model, organizations=3, n_obs=50, random_seed=1).rows
    rows = pd.concat([rows, rows.head(4).assign(organization="tiny"), rows.head(2).assign(organization=None)])
    rows.iloc[:3, 1] = np.nan
    evidence = bcx.Evidence.from_rows(rows, organization="organization", min_n=10)
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(model, evidence, random_seed=1, draws=50, tune=200, chains=2, progressbar=False)
    page = written(fit)
    text = page.by_id("evidence").text
    first = next(row for row in page.all("tr") if row.text.startswith("org_01"))
    assert [cell.text for cell in page.within(first)][:3] == ["org_01", "rows", "50"]  # missing answers count too
    assert "Kept out for too few respondents: tiny (4)." in text
    assert "2 rows that name no organization were left out" in text


def test_the_same_fit_gives_the_same_bytes(example_fit: bcx.Fit, filed: Filed, tmp_path: Path) -> None:
    one = filed(example_fit).read_bytes()
    assert one == bcx.write_report(example_fit, tmp_path / "two.html", sensitivity=False).read_bytes()


@pytest.mark.parametrize(
    ("path", "fragment"),
    [
        ("", "a report is an .html file"),
        ("report.pdf", "a report is an .html file"),
        ("no/folder/report.html", "name a file in a folder that is there"),
        ("folder.html", "name a file in a folder that is there"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(
    path: str, fragment: str, example_fit: bcx.Fit, tmp_path: Path
) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(bcx.FitError, match=fragment):
        bcx.write_report(example_fit, tmp_path / path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.html"]


def test_the_only_organization_is_not_averaged(only: bcx.Fit, written: Written) -> None:
    page = written(only)
    said = page.by_id("findings").text
    assert "in this organization" in said
    assert "nobody has asked" not in said
    assert "typical" not in said
    assert "one organizations" not in page.all("body")[0].text
    assert (
        "How much does x matter for y, directly and through one construct between them?" in page.by_id("question").text
    )


def test_what_the_model_sets_is_called_so(written: Written) -> None:
    page = written(study("m ~ 0.3*x; y ~ m + x"))
    assert "Two paths between three constructs were estimated" in page.by_id("question").text
    assert "One path more is set by the model." in page.by_id("question").text
    fixed = [item.text for item in page.all("li") if "The model sets this path" in item.text]
    assert len(fixed) == 1
    assert fixed[0].startswith("If x rises by one standard deviation, m rises by")
    assert [row.text for row in page.all("th", scope="row") if "set by the model" in row.text] == [
        "x (set by the model)"
    ]


def test_equal_paths_are_all_told_of(written: Written) -> None:
    page = written(study("m ~ a*x; y ~ a*m + x"))
    rows = [row for row in page.all("td") if row.id.startswith("differs-most-")]
    assert len(rows) == 3
    assert rows[0].text == rows[1].text


def test_the_interval_is_the_one_asked_for(example_fit: bcx.Fit, tmp_path: Path) -> None:
    text = bcx.write_report(example_fit, tmp_path / "r.html", ci_prob=0.8, sensitivity=False).read_text(
        encoding="utf-8"
    )
    assert "80\u00a0% interval" in text
    assert "95" not in Page(text).by_id("findings").text.replace("0.95", "")
    with pytest.raises(bcx.FitError, match="between 0 and 1"):
        bcx.write_report(example_fit, tmp_path / "r.html", ci_prob=80)
