"""Reports of other evidence than complete rows: published figures, missing answers, correlations, few organizations."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.estimands.conflict import conflict
from bayescx.estimands.published import predicted_figures
from bayescx.evidence import Published
from bayescx.report.answers import Key, gather
from bayescx.report.figures import declared_sentences, figure_words, sign_sentences
from bayescx.report.prose import findings, pictures_resting
from bayescx.report.sensitivity import has_sensitivity
from tests.report.page import Element, Page

Written = Callable[[bcx.Fit], Page]
NUMBER = re.compile(r"−?\d[\d,]*\.?\d*")


@pytest.fixture(scope="module")
def figures_page(figures_fit: bcx.Fit, written: Written) -> Page:
    return written(figures_fit)


@pytest.fixture(scope="module")
def mixed_page(mixed_fit: bcx.Fit, written: Written) -> Page:
    return written(mixed_fit)


def table_of(page: Page, section: str) -> list[list[str]]:
    """Texts of a section's first table, row by row."""
    (first, *_) = [e for e in page.within(page.by_id(section)) if e.tag == "table"]
    rows = [e for e in page.within(first) if e.tag == "tr"]
    return [[cell.text for cell in page.within(row) if cell.tag in ("th", "td")] for row in rows]


# -------------------------------------------------------------------------------------------------- evidence


def test_nothing_is_said_of_respondents_where_there_were_none(figures_page: Page) -> None:
    assert table_of(figures_page, "evidence")[0] == ["organization", "shared"]
    asked = figures_page.by_id("question").text
    assert "from four published figures about two organizations" in asked
    assert "Two of ten organizations are known only by published figures." in asked
    assert "of eight nothing is known yet" in asked
    for section in ("question", "evidence", "findings", "effects", "each", "method"):
        text = figures_page.by_id(section).text
        assert "0 respondents" not in text
        assert not re.search(r"\bn = 0\b", text)
    assert "alone" not in figures_page.by_id("each").text
    assert "hollow marks" not in figures_page.by_id("paths").text
    assert "nobody shared those: published figures" in figures_page.by_id("heterogeneity").text


def test_each_organization_says_what_it_shared(mixed_page: Page, mixed_fit: bcx.Fit) -> None:
    header, *rows = table_of(mixed_page, "evidence")
    assert header == ["organization", "shared", "respondents", "complete", "rows left out"]
    told = {name: cells for name, *cells in rows}
    assert told["north"] == ["rows", "150", "yes", "0"]
    patterns = len(mixed_fit.evidence.patterns["south"])
    assert told["south"][2] == f"{patterns} patterns of missing answers"
    assert told["<b>east</b>"][2] == "without trust"
    assert told["west"][:1] == ["correlations"]
    assert told["moments"] == ["moments", "60", "yes", "not known"]
    assert told["one"][1:] == ["–", "–", "–"]
    assert not mixed_page.all("b")
    caption = mixed_page.by_id("caption-evidence").text
    assert "5 of 10 planned organizations have reported. 2 of 10 are known only by published figures." in caption


def test_those_known_by_figures_only_have_no_column_alone(mixed_page: Page, mixed_fit: bcx.Fit) -> None:
    alone = {cell.id: cell for cell in mixed_page.all("td") if cell.id.startswith("direct-alone")}
    assert len(alone) == 5 * 3  # of seven organizations two have published figures only
    assert "nan" not in mixed_page.by_id("each").text
    answers = bcx.direct_effects(mixed_fit, "alone")
    assert np.isfinite(answers.sel(organization="west")).all()  # correlations stand on the common scale
    assert np.isnan(answers.sel(organization="one")).all()


def test_the_method_tells_what_was_used_and_nothing_else(figures_page: Page, mixed_page: Page, ten_file: Path) -> None:
    def headings(page: Page) -> set[str]:
        return {e.text for e in page.within(page.by_id("method")) if e.tag == "h3"}

    assert {"Published figures", "Scale"} <= headings(figures_page)
    assert not {"Missing answers", "Correlations alone"} & headings(figures_page)
    assert {"Published figures", "Missing answers", "Correlations alone"} <= headings(mixed_page)
    assert "Scale" not in headings(mixed_page)
    complete = Page(ten_file.read_text(encoding="utf-8"))
    assert not {"Published figures", "Scale", "Missing answers", "Correlations alone"} & headings(complete)
    assert "multivariate normal" not in figures_page.by_id("method").text
    cited = mixed_page.by_id("citations").text
    assert "Rubin" in cited
    assert "Becker" in cited
    assert "Rubin" not in figures_page.by_id("citations").text
    assert "Becker" not in complete.by_id("citations").text


# ------------------------------------------------------------------------------------------ published figures


def test_every_published_figure_has_its_posterior_and_verdict(figures_page: Page, figures_fit: bcx.Fit) -> None:
    rows = [row for row in table_of(figures_page, "published") if len(row) == 4][1:]
    expected = bcx.summarize(predicted_figures(figures_fit), kind="stats")
    assert len(rows) == len(expected) == 6  # a bound of each of two organizations
    for (_, _, posterior, _), (_, row) in zip(rows, expected.iterrows(), strict=True):
        found = [float(text.replace("−", "-")) for text in NUMBER.findall(posterior)]
        assert found == pytest.approx([row["mean"], row["eti95_lb"], row["eti95_ub"]], abs=0.006)
    labels, printed = [row[0] for row in rows], [row[1] for row in rows]
    assert labels[0] == "R² of trust"
    assert printed[0] == "0.50 to 0.01"
    assert labels[2] == "path from trust to loyalty above that from satisfaction"
    assert printed[2] == "greatest"
    assert labels[3:5] == ["path from trust to loyalty, in one", "path from trust to loyalty, in two"]
    assert printed[3] == "at least 0.10 to 0.01"
    assert labels[5] == "paths to loyalty from trust, relative to satisfaction“twice” as strong".replace(
        "“twice”", '"twice"'
    )
    assert printed[5] == "2 to 1"
    verdicts = [row[3].split() for row in rows]
    assert {word for word, *_ in verdicts} <= {"yes", "no"}
    assert [kind for _, kind, _ in verdicts] == ["p", "p", "chance", "chance", "chance", "p"]


def test_verdicts_are_those_of_the_check(figures_page: Page, figures_fit: bcx.Fit) -> None:
    rows = [row for row in table_of(figures_page, "published") if len(row) == 4][1:]
    table = conflict(figures_fit, split=False, progressbar=False)
    for row, (_, found) in zip(rows, table.iterrows(), strict=True):
        chance = found["holds"] if np.isfinite(found["holds"]) else found["tail_probability"]
        assert float(row[3].split()[-1]) == pytest.approx(chance, abs=0.01)
        assert row[3].startswith("no" if found["flag"] else "yes")


def test_figures_of_one_sample_stand_under_its_size(figures_page: Page, figures_fit: bcx.Fit) -> None:
    headings = [row[0] for row in table_of(figures_page, "published") if len(row) == 1]
    sizes = bcx.summarize(figures_fit.posterior["published_n_obs"], kind="stats")
    assert len(headings) == 4
    first, second, third, fourth = headings
    mean = round(sizes["mean"][0])
    assert first.startswith(
        f"Evidence: mean over one and two, 200 to 1,000 respondents together (posterior {mean:,}, 95"
    )
    assert first.endswith("Source: Column 3, p. 4")
    assert "Source" not in second
    assert "each of one and two, 150 to 900" in third
    assert f"posterior {round(sizes['mean'][1]):,}," in third
    assert fourth == "Only checked: mean over one and two, 400 respondents together"


def test_signs_that_were_taken_for_granted_are_said(
    figures_fit: bcx.Fit, mixed_fit: bcx.Fit, example_fit: bcx.Fit
) -> None:
    assert "Taken to be positive: all three paths." in sign_sentences(figures_fit)
    assert "Taken to be positive: satisfaction → loyalty." in sign_sentences(mixed_fit)
    assert "neither their signs nor how they share it" in sign_sentences(figures_fit)[0]
    assert len(sign_sentences(example_fit)) == 1
    (declared,) = declared_sentences(mixed_fit)
    assert declared in sign_sentences(mixed_fit)
    assert "data tell of the path too: satisfaction → loyalty (positive). The centre" in declared
    assert declared_sentences(figures_fit) == declared_sentences(example_fit) == []
    assert "(one and two)" in sign_sentences(figures_fit)[-1]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"statistic": "path", "outcome": "loyalty", "cause": "trust"}, "path from trust to loyalty"),
        ({"statistic": "total_effect", "outcome": "loyalty", "cause": "trust"}, "total effect of trust on loyalty"),
        ({"statistic": "correlation", "between": ["trust", "loyalty"]}, "correlation of trust and loyalty"),
        (
            {"statistic": "share", "outcome": "loyalty", "cause": "satisfaction", "reading": "mediated"},
            "share of the total effect of satisfaction on loyalty that is mediated",
        ),
        (
            {"statistic": "share", "outcome": "loyalty", "cause": "trust", "reading": "coefficients"},
            "share of trust in the sum of all paths to loyalty",
        ),
        (
            {"statistic": "share", "outcome": "loyalty", "cause": "trust", "reading": "pratt"},
            "share of trust in the R² of loyalty (path times correlation)",
        ),
        (
            {"statistic": "share", "outcome": "loyalty", "cause": "trust", "reading": "traceable"},
            "squared total effect of trust on loyalty, relative to R²",
        ),
        (
            {"statistic": "path_ratio", "outcome": "loyalty", "numerator": ["trust"], "denominator": ["satisfaction"],
             "reading": "mean"},
            "means of paths to loyalty from trust, relative to satisfaction",
        ),
    ],
)  # fmt: skip
def test_figures_in_words(example_fit: bcx.Fit, keys: dict[str, object], words: str) -> None:
    figure = Published(**keys, value=0.5, organizations=["north"], n_obs=300)  # type: ignore[arg-type]
    assert figure_words(example_fit, figure) == words


# ---------------------------------------------------------------------------------------- what the prior does


def test_marked_figures_are_those_that_contraction_leaves_open(figures_page: Page, figures_fit: bcx.Fit) -> None:
    marked = {e.parent.id for e in figures_page.all("sup", **{"class": "mark"}) if e.parent and e.parent.tag == "td"}
    estimands = {"direct": bcx.direct_effects, "total": bcx.total_effects, "r_squared": bcx.r_squared}
    for kind, estimand in estimands.items():
        for target in ("typical", "average", "new", "organization"):
            rests = bcx.summarize(estimand(figures_fit, target), kind="stats")["rests_on_prior"].tolist()
            cells = [cell.id for cell in figures_page.all("td") if cell.id.startswith(f"{kind}-{target}-")]
            cells.sort(key=lambda name: int(name.rsplit("-", 1)[1]))
            assert [name in marked for name in cells] == rests
    assert marked


def has_mark(element: Element, page: Page) -> bool:
    return any(e.tag == "sup" for e in page.within(element))


def test_a_mark_is_explained_wherever_it_stands(figures_page: Page) -> None:
    for region in figures_page.all("div", role="region"):
        after = figures_page.elements[figures_page.elements.index(region) + 1 + len(figures_page.within(region))]
        assert has_mark(region, figures_page) == ("Marked figures rest mostly on the prior" in after.text)
    for mark in figures_page.all("sup", **{"class": "mark"}):
        beside = figures_page.elements[figures_page.elements.index(mark) + 1]
        assert (mark.attributes["aria-hidden"], beside.text) == ("true", " (rests mostly on the prior)")


def test_no_sentence_states_an_open_figure_without_saying_so(figures_page: Page) -> None:
    cells = {cell.id: cell for cell in figures_page.all("td") if cell.id}
    links = [a for a in figures_page.all("a", **{"class": "figure"}) if a.inside("section", id="findings")]
    said = 0
    for link in links:
        is_open = has_mark(cells[link.attributes["href"][1:]], figures_page)
        beside = figures_page.elements[figures_page.elements.index(link) + 1]
        assert (beside.tag == "sup") == is_open
        said += is_open
    assert said
    assert "Numbers with a † rest mostly on the prior" in figures_page.by_id("findings").text


def test_an_open_headline_is_called_so_in_words(figures_fit: bcx.Fit) -> None:
    answers = gather(figures_fit)
    key = Key("direct", "average", "loyalty", "trust")
    for rests in (True, False):
        changed = replace(
            answers, estimates=answers.estimates | {key: answers.estimates[key]._replace(rests_on_prior=rests)}
        )
        sentences = next(one for one in findings(changed) if one.heading.startswith("What each")).sentences
        assert ("the figure rests mostly on the prior." in sentences[2]) == rests
        assert ("trust → loyalty" in pictures_resting(changed, "direct")) == rests


def test_the_path_diagram_says_once_what_it_leaves_open(open_fit: bcx.Fit, written: Written) -> None:
    page = written(open_fit)
    (caption,) = (one for one in page.all("figcaption") if one.inside("section", id="diagram"))
    flags = bcx.summarize(bcx.direct_effects(open_fit, "average"), kind="stats").set_index("path")["rests_on_prior"]
    assert set(flags) == {True, False}
    listed = caption.text.partition("Dashed arrows rest mostly on the prior, the evidence leaves them open: ")[2]
    for path, rests in flags.items():
        outcome, _, cause = str(path).partition("~")
        assert (f"{cause} → {outcome}" in listed) == rests
    notes = [one for one in page.all("p", **{"class": "note"}) if one.inside("section", id="diagram")]
    assert not [one for one in notes if "prior" in one.text]


def test_nothing_is_marked_where_ten_organizations_spoke(ten_file: Path) -> None:
    page = Page(ten_file.read_text(encoding="utf-8"))
    assert not [mark for mark in page.all("sup", **{"class": "mark"}) if mark.inside("section", id="effects")]
    assert "rests mostly on the prior" not in page.by_id("diagram").text


# ---------------------------------------------------------------------- few organizations, and more to come


@pytest.fixture(scope="module")
def begun(begun_file: Path) -> Page:
    return Page(begun_file.read_text(encoding="utf-8"))


def test_answers_stand_side_by_side_at_three_priors(begun: Page, example_fit: bcx.Fit) -> None:
    header, *rows = table_of(begun, "sensitivity")
    assert header == ["cause", "0.1", "0.2, as fitted", "0.4"]
    effects = [row for row in rows if len(row) == 4]
    assert [row[0] for row in effects] == ["satisfaction", "trust", "satisfaction"]
    own = bcx.summarize(bcx.direct_effects(example_fit, "average"), kind="stats")
    for row, (_, expected) in zip(effects, own.iterrows(), strict=True):
        low, middle, high = ([float(text.replace("−", "-")) for text in NUMBER.findall(cell)] for cell in row[1:])
        assert middle == pytest.approx([expected["mean"], expected["eti95_lb"], expected["eti95_ub"]], abs=0.006)
        assert low[2] - low[1] < high[2] - high[1]
    assert "Four organizations say little" in begun.by_id("sensitivity").text


def test_how_the_interval_shrank_is_shown(begun: Page, example_margin: xr.Dataset) -> None:
    section = begun.by_id("margin")
    assert len([e for e in begun.within(section) if e.tag == "svg"]) == 2
    assert "After 4 of 6".lower() in section.text.lower()
    linked = [a.attributes["href"][1:] for a in begun.all("a") if a.inside("nav")]
    assert linked == [section.id for section in begun.all("section")]
    assert {"sensitivity", "margin"} <= set(linked)
    assert example_margin.attrs["n_planned"] == 6


def test_refits_that_did_not_converge_are_named(example_fit: bcx.Fit, tmp_path: Path) -> None:
    short = replace(example_fit, provenance={**example_fit.provenance, "draws": 20, "tune": 50, "chains": 2})
    bcx.write_report(short, tmp_path / "report.html", progressbar=False)
    text = Page((tmp_path / "report.html").read_text(encoding="utf-8")).by_id("sensitivity").text
    assert "The refits with scale 0.1 and 0.4 did not converge: their figures are approximate." in text


def test_only_few_organizations_lean_on_that_prior(example_fit: bcx.Fit, ten: bcx.Fit) -> None:
    assert has_sensitivity(example_fit)
    assert not has_sensitivity(ten)
    shared = replace(example_fit, pooling={**example_fit.pooling, "paths": "full"})
    assert not has_sensitivity(shared)


def test_a_margin_of_another_fit_is_refused(
    example_fit: bcx.Fit, ten: bcx.Fit, example_margin: xr.Dataset, tmp_path: Path
) -> None:
    with pytest.raises(bcx.FitError, match="margin is of another fit"):
        bcx.write_report(ten, tmp_path / "report.html", margin=example_margin)
    with pytest.raises(bcx.FitError, match="what margin_by_reporting"):
        bcx.write_report(example_fit, tmp_path / "report.html", margin=bcx.heterogeneity(example_fit))
    assert not list(tmp_path.iterdir())
