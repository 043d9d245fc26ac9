"""Headlines: every figure in a sentence stands in the table that it points to, and equals the estimand's summary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bayescx as bcx
from bayescx.report.answers import Key, gather
from bayescx.report.prose import diagnosis, findings
from bayescx.wording import number
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
    assert len(sentences) == 10 + 1 + 6 + 2
    links = [a for a in page.all("a", **{"class": "figure"}) if a.inside("section", id="findings")]
    bounds = [span for span in page.all("span", **{"class": "bounds"}) if span.inside("section", id="findings")]
    assert len(links) == len(bounds) == 3 * 17 + 2
    for link, span in zip(links, bounds, strict=True):
        assert link.attributes["href"] == f"#{span.attributes['data-cell']}"
        interval = span.text.removeprefix("95\u00a0% interval ")
        assert [link.text, *figures(interval)] == cells[span.attributes["data-cell"]]


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
        for target in ("typical", "average", "new", "organization"):
            for row in bcx.summarize(estimand(ten, target)).to_dict("records"):
                outcome, _, cause = row["path"].partition("~") if "path" in row else (row["outcome"], "", row["cause"])
                found = answers.estimates[Key(kind, target, outcome, cause, row.get("organization", ""))]
                assert (found.mean, found.lower, found.upper) == (row["mean"], row["eti95_lb"], row["eti95_ub"])
                if not (kind == "indirect" and target == "organization"):
                    assert figures(page.by_id(found.id).text) == [number(value) for value in found[:3]]


def test_a_headline_reads_as_a_sentence(ten: bcx.Fit) -> None:
    answers = gather(ten)
    said = {finding.heading: [sentence.striptags() for sentence in finding.sentences] for finding in findings(answers)}
    first, typical, new = (
        answers.estimates[Key("direct", target, "trust_cs", "satisfaction_cs")]
        for target in ("average", "typical", "new")
    )

    def interval(estimate: object) -> str:
        return f"{number(estimate.lower)} to {number(estimate.upper)}"  # type: ignore[attr-defined]

    assert said["What each construct does to the next"][0] == (
        "If satisfaction with customer service rises by one standard deviation, trust in customer service rises by "
        f"{number(first.mean)} standard deviations (95 % interval {interval(first)}) on average over the ten "
        f"organizations; in the typical organization by {number(typical.mean)} ({interval(typical)}); in an "
        f"organization that nobody has asked yet by {number(new.mean)} ({interval(new)})."
    )
    assert (
        "and satisfaction with the company stays as it is, trust in the company rises"
        in said["What each construct does to the next"][3]
    )
    assert "stay as they are, loyalty to the company rises" in said["What each construct does to the next"][-1]
    assert said["How much is explained"][0].startswith(
        "Satisfaction with customer service explains of trust in customer service a share of 0."
    )
    assert said["Where organizations differ most"][0].startswith("Organizations differ most in the path from ")


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
    ("value", "shown"),
    [
        (0.857, "0.86"), (-0.857, "−0.86"), (-0.0001, "−0.0001"), (0.0, "0.00"), (-0.0, "0.00"), (0.00049, "0.0005"),
        (1e-12, "0.00"), (12.345, "12.35"), (1234.6, "1,235"), (-1234.6, "−1,235"), (float("nan"), "–"),
        (0.999, "1.00"),
    ],
)  # fmt: skip
def test_numbers_have_two_decimals_or_what_they_need(value: float, shown: str) -> None:
    assert number(value) == shown
