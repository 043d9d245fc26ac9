"""Headlines: every figure in a sentence stands in the table that it points to, and equals the estimand's summary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bayescx as bcx
from bayescx.report.answers import Estimate, Key, gather
from bayescx.report.prose import diagnosis, findings, question
from bayescx.wording import numbers
from tests.report.page import Page

FIGURE = re.compile(r"−?\d[\d,]*\.?\d*")


@pytest.fixture(scope="module")
def page(ten_file: Path) -> Page:
    return Page(ten_file.read_text(encoding="utf-8"))


def figures(text: str) -> list[str]:
    return FIGURE.findall(text)


def test_every_number_of_a_headline_is_that_of_its_table(page: Page) -> None:
    cells = {cell.id: figures(cell.text) for cell in page.all("td") if cell.id}
    sentences = [item for item in page.all("li") if item.inside("section", id="findings")]
    assert len(sentences) == 1 + 1 + 1 + 10 + 6 + 1 + 1
    links = [a for a in page.all("a", **{"class": "figure"}) if a.inside("section", id="findings")]
    bounds = [span for span in page.all("span", **{"class": "bounds"}) if span.inside("section", id="findings")]
    assert len(links) == 1 + 4 + 3 * 17 + 3
    assert len(bounds) == 2 + 3 * 17 + 2  # probabilities and averages of drivers have no interval
    by_cell = {span.attributes["data-cell"]: span.text.removeprefix("95\u00a0% interval ") for span in bounds}
    for link in links:
        cell = link.attributes["href"][1:]
        assert [*figures(link.text), *figures(by_cell.get(cell, ""))] == cells[cell]


def test_no_number_of_a_headline_stands_outside_its_link(page: Page) -> None:
    for sentence in (item for item in page.all("li") if item.inside("section", id="findings")):
        rest = sentence.text
        for part in (e for e in page.within(sentence) if e.attributes.get("class") in ("figure", "bounds")):
            rest = rest.replace(part.text, "", 1)
        assert figures(rest) == [], sentence.text


def test_the_tables_hold_the_summaries_of_the_estimands(ten: bcx.Fit, page: Page) -> None:
    answers = gather(ten)
    estimands = {"direct": bcx.direct_effects, "total": bcx.total_effects, "indirect": bcx.indirect_effects}
    for kind, estimand in estimands.items():
        targets = ("typical", "average", "new") + (("organization",) if kind != "indirect" else ())
        for target in targets:
            for row in bcx.summarize(estimand(ten, target)).to_dict("records"):
                outcome, _, cause = row["path"].partition("~") if "path" in row else (row["outcome"], "", row["cause"])
                found = answers.estimates[Key(kind, target, outcome, cause, row.get("organization", ""))]
                assert (found.mean, found.lower, found.upper) == (row["mean"], row["eti95_lb"], row["eti95_ub"])
                assert figures(page.by_id(found.id).text) == list(found.figures)


def test_a_headline_reads_as_a_sentence(ten: bcx.Fit) -> None:
    answers = gather(ten)
    said = {finding.heading: [sentence.striptags() for sentence in finding.sentences] for finding in findings(answers)}
    first, typical, new = (
        answers.estimates[Key("direct", target, "trust_cs", "satisfaction_cs")]
        for target in ("average", "typical", "new")
    )

    def interval(estimate: Estimate) -> str:
        return " to ".join(estimate.figures[1:])

    assert said["What each construct does to the next"][0] == (
        "If satisfaction with customer service rises by one standard deviation, trust in customer service rises by "
        f"{first.figures[0]} standard deviations (95 % interval {interval(first)}) on average over the ten "
        f"organizations; in the typical organization by {typical.figures[0]} ({interval(typical)}); in an "
        f"organization that nobody has asked yet by {new.figures[0]} ({interval(new)})."
    )
    assert (
        "and satisfaction with the company stays as it is, trust in the company rises"
        in said["What each construct does to the next"][3]
    )
    assert "stay as they are, loyalty to the company rises" in said["What each construct does to the next"][-1]
    assert said["How much is explained"][0].startswith(
        "Of the variance of trust in customer service, satisfaction with customer service explains a share of 0."
    )
    assert said["Where organizations differ most"][0].startswith("Compared on a common scale, the path from ")
    assert question(answers)[0] == (
        "How much does satisfaction with customer service matter for loyalty to the company, through five constructs "
        "between them?"
    )


def test_what_differs_most_does_not_depend_on_units() -> None:
    """One column in other units: the sentence names the same path."""
    model = bcx.parse_model("m ~ x; y ~ m")
    rows = bcx.simulate(model, organizations=6, n_obs=150, heterogeneity=0.15, random_seed=8).rows
    said = []
    for factor in (1.0, 100.0):
        scaled = rows.assign(y=rows["y"] * factor)
        evidence = bcx.Evidence.from_rows(scaled, organization="organization")
        answers = gather(bcx.fit(model, evidence, random_seed=1, progressbar=False))
        said.append(findings(answers)[-1].sentences[0].striptags().split(" Its standard deviation")[0])
        ((chance, path), *_) = sorted(((c, p) for p, c in answers.differs_most.items()), reverse=True)
        tau = answers.fit.posterior["beta_tau"]
        assert chance == pytest.approx(float((tau.sel(path=path) == tau.max("path")).mean()))
    assert said[0].partition("probability")[0] == said[1].partition("probability")[0]


def test_negative_effects_and_open_signs_are_said() -> None:
    model = bcx.parse_model("y ~ x + z")
    values = {"y~x": -0.5, "y~z": 0.0}
    rows = bcx.simulate(model, organizations=4, n_obs=200, values=values, heterogeneity=0.02, random_seed=3).rows
    fit = bcx.fit(model, bcx.Evidence.from_rows(rows, organization="organization"), random_seed=1, progressbar=False)
    by_x, by_z = (sentence.striptags() for sentence in findings(gather(fit))[0].sentences)
    assert "y changes by −0." in by_x
    assert "leaves its sign open" not in by_x
    assert by_z.endswith("The interval holds 0: the evidence leaves its sign open.")


def test_the_diagnosis_tells_the_worst_figures(example_fit: bcx.Fit) -> None:
    said = " ".join(diagnosis(example_fit))
    figures = example_fit.provenance["convergence"]
    assert "4,000 draws from four chains" in said
    assert f"The largest R-hat is {figures['r_hat']:.3f}" in said
    assert "the chains agree" in said
    assert f"{round(figures['ess_bulk']):,} independent draws" in said
    assert "No draws diverged." in said


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.857, 0.84, 0.871), ("0.86", "0.84", "0.87")),
        ((-0.857,), ("−0.86",)),
        ((0.003, -0.0112, 0.0164), ("0.003", "−0.011", "0.016")),
        ((-0.001, 0.2), ("0.00", "0.20")),
        ((0.0,), ("0.00",)),
        ((-0.0001,), ("−0.00010",)),
        ((12.345,), ("12.35",)),
        ((1234.6, -3.2), ("1,235", "−3")),
        ((float("nan"),), ("–",)),
        ((0.999,), ("1.00",)),
        ((0.0995, 0.04), ("0.10", "0.04")),
    ],
)
def test_numbers_that_belong_together_have_the_same_decimals(values: tuple[float, ...], shown: tuple[str, ...]) -> None:
    assert numbers(*values) == shown
