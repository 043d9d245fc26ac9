"""What tells organizations apart: figures are the estimands', sentences point to their cells, names stay text."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.coding import Category
from bayescx.estimands.moderation import explained_heterogeneity, moderator_effects
from bayescx.report.answers import gather
from bayescx.report.evidence import evidence_table
from bayescx.report.moderation import Moderation, moderation
from bayescx.report.prose import findings
from bayescx.report.tables import heterogeneity_table
from tests.moderated import moderated_fit, moderated_rows
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]
SCRIPT = "<script>alert(1)</script>"


def told_of(fit: bcx.Fit, ci_prob: float = 0.95) -> Moderation:
    found = moderation(gather(fit, ci_prob))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def told() -> Moderation:
    return told_of(moderated_fit())


@pytest.fixture(scope="module")
def page(written: Written) -> Page:
    return written(moderated_fit())


def test_differences_are_those_of_the_estimand() -> None:
    fit = moderated_fit()
    found, draws = told_of(fit, 0.9), moderator_effects(fit)
    steps = {"trust~effort:employees": 2000, "loyalty~effort:employees": 2000, "loyalty~effort:industry[goods]": 1}
    assert len(found.each) == len(steps)
    for one, (name, step) in zip(found.each, steps.items(), strict=True):
        own = step * draws.sel(moderator=name).values
        np.testing.assert_allclose(one.estimate[:3], [own.mean(), *np.quantile(own, [0.05, 0.95])])
        assert one.sign == pytest.approx(max((own > 0).mean(), (own < 0).mean()))
    assert [one.label for one in found.each] == [
        "number of employees, 2,000 more",
        "number of employees, 2,000 more",
        "industry: goods, compared with services",
    ]


def test_shares_stand_beside_those_of_the_priors(told: Moderation) -> None:
    fit = moderated_fit()
    draws = explained_heterogeneity(fit)
    rng = np.random.default_rng(1)
    z = fit.evidence.attributes.z()
    for one, columns in zip(told.explained, ([0], [0, 1]), strict=True):
        own = draws.sel(path=one.path).values
        np.testing.assert_allclose(one.estimate[:3], [own.mean(), *np.quantile(own, [0.025, 0.975])])
        moved = (0.2 * rng.standard_normal((100_000, len(columns))) @ z[:, columns].T).var(axis=1)
        share = moved / (moved + (0.2 * rng.standard_normal(100_000)) ** 2)
        np.testing.assert_allclose(one.prior[:3], [share.mean(), *np.quantile(share, [0.025, 0.975])], atol=0.015)


def test_sentences_say_who_is_compared(told: Moderation) -> None:
    trust, shared = told.sentences("trust~effort")
    assert trust.striptags().startswith(
        "Where number of employees is higher by 2,000, the effect of customer effort on trust differs by 0.0"
    )
    assert "The interval holds 0: the evidence leaves its sign open." in trust
    assert "the attribute explains a share of" in shared
    number, category, both = told.sentences("loyalty~effort")
    assert "2,000, other attributes being equal, the effect of customer effort on loyalty differs by" in number
    assert number.striptags().replace("\u00a0", " ").endswith("that it is lower has probability > 0.99.")
    assert category.startswith("Where industry is goods, other attributes being equal, the effect of customer effort ")
    assert "differs from that where it is services by" in category
    assert "the two attributes explain a share of" in both
    assert "priors alone" in both
    assert "twelve organizations tell two coefficients of a path, so that the priors matter" in told.note
    assert "does not say what would follow if an attribute changed" in told.note


def test_the_surest_are_drawn_and_make_headlines(told: Moderation) -> None:
    assert [(one.path, one.attribute) for one in told.surest] == [
        ("loyalty~effort", "employees"), ("loyalty~effort", "industry"), ("trust~effort", "employees")
    ]  # fmt: skip
    assert [one["title"] for one in told.pictures] == [
        "Effect of customer effort on loyalty, by number of employees",
        "Effect of customer effort on loyalty, by industry",
        "Effect of customer effort on trust, by number of employees",
    ]
    (finding,) = told.findings
    assert list(finding.sentences) == [one.sentence for one in told.surest[:2]]


def test_the_section_is_on_the_page(page: Page) -> None:
    section = page.by_id("moderation")
    assert page.all("a", href="#moderation")
    inside = page.within(section)
    assert sum(one.tag == "svg" for one in inside) == 6
    assert sum(one.tag == "table" for one in inside) == 2
    links = [one for one in inside if one.tag == "a" and one.attributes.get("class") == "figure"]
    assert len(links) == 3 * 2 + 2 * 2
    for link in links:
        cell = page.by_id(link.attributes["href"].removeprefix("#"))
        assert cell.tag == "td"
        assert cell.text.split(" [")[0].strip() == link.text
    assert "γ" in page.by_id("method").text
    assert "nothing known before the data but their attributes sets one apart" in page.by_id("method").text
    assert "whose attributes are the average" in page.by_id("method").text


def test_reports_without_attributes_have_no_such_section(example_fit: bcx.Fit, written: Written) -> None:
    assert moderation(gather(example_fit)) is None
    page = written(example_fit)
    assert not [one for one in page.elements if one.id == "moderation"]
    assert "γ" not in page.by_id("method").text


def test_what_differs_most_counts_what_attributes_do(page: Page) -> None:
    answers = gather(moderated_fit())
    (sentence,) = next(one.sentences for one in findings(answers) if one.heading == "Where organizations differ most")
    assert "the path from customer effort to loyalty most likely differs most" in sentence
    total, left = (answers.heterogeneity[name, "loyalty~effort"] for name in ("total_sd", "beta_tau"))
    assert total.mean > 1.5 * left.mean
    assert f"Its standard deviation between them is {total.figures[0]} (95 % interval" in sentence.striptags()
    assert f"in the data's units; of that their attributes leave {left.figures[0]} (" in sentence.striptags()
    for one in (total, left):
        assert page.by_id(one.id).text.split(" [")[0].strip() == one.figures[0]
    table = heterogeneity_table(answers)
    assert table is not None
    assert table.headers[:2] == ("SD", "left")
    cells = {(group.heading, row.label): row.cells[:2] for group in table.groups for row in group.rows}
    assert [one.text for one in cells["on loyalty", "customer effort"]] == [total.figures[0], left.figures[0]]
    assert cells["on loyalty", "trust"][0].id == answers.heterogeneity["beta_tau", "loyalty~trust"].id
    assert not cells["on loyalty", "trust"][1].id


def test_evidence_has_the_attributes_of_organizations(page: Page) -> None:
    table = evidence_table(moderated_fit())
    assert table.caption.startswith("What each organization shared, and its attributes. 12 of 14")
    assert table.headers[-2:] == ("number of employees", "industry")
    known = moderated_rows().groupby("organization")[["employees", "industry"]].first()
    rows = {row.label: [one.text for one in row.cells[-2:]] for row in table.groups[0].rows}
    assert rows == {name: [f"{size:,}", industry] for name, size, industry in known.itertuples()}
    said = "only the number of respondents, the covariances of their answers and the attributes of organizations tell:"
    assert said in page.by_id("evidence").text


def test_long_levels_leave_room_for_other_columns() -> None:
    fit = moderated_fit()
    known, long = fit.evidence.attributes, "ö" * 200
    renamed = tuple(
        replace(one, level=long, levels=("services", long)) if isinstance(one, Category) else one
        for one in known.moderators
    )
    evidence = replace(fit.evidence, attributes=replace(known, moderators=renamed))
    table = evidence_table(replace(fit, evidence=evidence))
    assert {row.cells[-1].text for row in table.groups[0].rows} == {"services", "ö" * 37 + "..."}


def test_a_report_on_one_organization_does_not_say_what_attributes_explain() -> None:
    fit = moderated_fit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        one = bcx.refit(fit, evidence=fit.evidence.only(["o03"]), draws=50, tune=200)
    found = moderation(gather(one))
    assert found is not None
    assert (found.explained, [table.id for table in found.tables]) == ((), ["moderation"])
    assert [len(found.sentences(path)) for path in found.paths] == [1, 2]


@pytest.fixture(scope="module")
def hostile() -> bcx.Fit:
    """Five organizations that shared correlations only, with hostile names and attributes of which little is known."""
    rng = np.random.default_rng(4)
    parts: dict[str, Any] = {}
    for j in range(5):
        rows = pd.DataFrame({SCRIPT: rng.standard_normal(60), "y": rng.standard_normal(60)})
        rows["y"] += 0.4 * rows[SCRIPT]
        parts[f"<b>o{j}</b>"] = bcx.SampleMoments(60, None, rows.corr(), scale_free=True)
    levels = ("<i>a</i>", "b_c", "d")
    stated = {name: {"$z$": 0.1 * j, "kind": levels[j % 3]} for j, name in enumerate(parts)}
    evidence = bcx.Evidence.from_moments(parts, attributes=stated)
    model = bcx.parse_model(f"y ~ pool(`{SCRIPT}`, `$z$`, category(kind, `<i>a</i>`, b_c, d))", name="hostile")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        return bcx.fit(model, evidence, random_seed=1, draws=100, tune=300, chains=2, progressbar=False)


def test_hostile_names_and_data_without_units(hostile: bcx.Fit, written: Written) -> None:
    page = written(hostile)
    section = page.by_id("moderation")
    assert not page.all("script")
    assert not [one for one in page.within(section) if one.tag in ("b", "i")]
    assert f"the effect of {SCRIPT} on y differs by" in section.text
    assert "Where kind is b c, other attributes being equal" in section.text
    assert "differs from that where it is <i>a</i> by" in section.text
    assert "in standard deviations of the typical organization" in section.text
    assert "The evidence leaves this open: the figure rests mostly on the prior." in section.text
    assert "five organizations tell three coefficients of a path" in section.text
    shown = evidence_table(hostile)
    assert shown.headers[-2:] == ("$z$", "kind")
    assert [cell.text for cell in shown.groups[0].rows[1].cells[-2:]] == ["0.1", "b c"]
