"""The report on shares: every number in a sentence stands in its table, names stay text, nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.rates import Counts, PublishedRate, RatesFit, category_rates, fit_rates, group_rate_ratio, rate_ratio
from bayescx.report.rates import write_rates_report
from bayescx.report.rates_answers import Quantity, quantities_of, rates_table, spreads_of
from tests.report.page import Element, Page

SCRIPT = "<script>alert(1)</script>"
NAMES = (SCRIPT, "../../x", "$x$", "x" * 200)
Fits = dict[str, RatesFit]


@pytest.fixture(scope="module")
def fits() -> Fits:
    rng = np.random.default_rng(2)
    answers = np.stack([rng.multinomial(90, shares, size=4) for shares in ([0.3, 0.5, 0.2], [0.6, 0.3, 0.1])], axis=1)
    counted = Counts(
        NAMES, ("pleased & co", SCRIPT), ("<b>d</b>", "n", "l"), answers, 9, {NAMES[0]: 2}, 1, simulated=True
    )
    checked = PublishedRate(
        value=0.95, categories=["n", "l"], group="pleased & co", organizations=["<i>p</i>"], n_obs=500, use="check",
        wording="<b>nearly all</b>", source=SCRIPT,
    )  # fmt: skip
    printed = [
        PublishedRate(value=0.2, categories="leaves", organizations=10, n_obs=(500, 5000)),
        PublishedRate(
            value=0.004, categories="leaves", organizations=["é (a)", "b"], n_obs=90000, rule="each", rounded_to=0.001
        ),
    ]
    return {
        f"How {SCRIPT}?": fit_rates(counted, [checked], draws=300),
        "Who leaves?": fit_rates(Counts.empty(["leaves", "stays"], n_planned=12), printed[:1], draws=300),
        "Rare?": fit_rates(Counts.empty(["leaves", "stays"], n_planned=4), printed[1:], draws=300),
        "And one alone?": fit_rates(Counts(("a",), ("",), ("y", "n"), np.array([[[30, 9]]]), 1), draws=300),
    }


@pytest.fixture(scope="module")
def file(fits: Fits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rates_report(fits, tmp_path_factory.mktemp("report") / "shares.html", ci_prob=0.9)


@pytest.fixture(scope="module")
def page(file: Path) -> Page:
    return Page(file.read_text(encoding="utf-8"))


def numbers_of(text: str) -> list[str]:
    return re.findall(r"−?\d[\d,]*\.\d+", text)


def test_every_figure_of_a_sentence_is_that_of_its_cell(page: Page) -> None:
    links = [link for link in page.all("a") if link.attributes.get("class") == "figure"]
    assert len(links) > 20
    bounds = [one for one in page.all("span") if one.attributes.get("class") == "bounds"]
    for link in links:
        cell = page.by_id(link.attributes["href"].removeprefix("#"))
        assert cell.tag == "td"
        assert numbers_of(cell.text)[0] == link.text
    for one in bounds:
        assert numbers_of(page.by_id(one.attributes["data-cell"]).text)[1:] == numbers_of(one.text)
    ids = [element.id for element in page.elements if element.id]
    assert len(ids) == len(set(ids))


def cells_of(page: Page, caption: str, label: str) -> list[str]:
    (table,) = page.all("table", **{"aria-labelledby": f"caption-{caption}"})
    rows: list[Element] = [one for one in page.within(table) if one.tag == "tr"]
    (row,) = [one for one in rows if any(e.tag == "th" and e.text == label for e in page.within(one))]
    return [one.text for one in page.within(row) if one.tag == "td"]


def test_tables_hold_what_the_functions_return(page: Page, fits: Fits) -> None:
    fit = fits["Who leaves?"]
    for target, found in zip(("typical", "average", "new"), cells_of(page, "q2-shares", "leaves"), strict=True):
        row = summarize(category_rates(fit, target, category="leaves"), 0.9, kind="stats").iloc[0]  # type: ignore[arg-type]
        expected = [row["mean"], row["eti90_lb"], row["eti90_ub"]]
        np.testing.assert_allclose([float(one) for one in numbers_of(found)], expected, atol=6e-3)
    first = fits[f"How {SCRIPT}?"]
    ratio = summarize(group_rate_ratio(first, "n", SCRIPT, "pleased & co", "average"), 0.9, kind="stats").iloc[0]
    found = cells_of(page, "q1-ratios", f"n: {SCRIPT} to pleased & co")[1]
    assert float(numbers_of(found)[0]) == pytest.approx(ratio["mean"], abs=6e-3)


def test_prints_stand_beside_their_posteriors(page: Page) -> None:
    assert cells_of(page, "q2-published", "share of leaves")[0].startswith("0.20")
    printed, posterior, expected = cells_of(page, "q1-published", "share of n + l, pleased & co<b>nearly all</b>")
    assert printed == "0.95 to 0.01"
    assert float(numbers_of(posterior)[0]) == pytest.approx(0.7, abs=0.1)
    assert expected == "no p <\xa00.01"
    for name in ("é (a)", "b"):
        printed, posterior, expected = cells_of(page, "q3-published", f"share of leaves, in {name}")
        assert printed == "0.004 to 0.001"
        assert 0.003 < float(numbers_of(posterior)[0]) < 0.006
        assert expected.startswith("yes")
    findings = page.by_id("findings").text
    assert "Printed of 10 organizations without names: 0.20." in findings.replace("ten", "10")
    assert "Printed of <i>p</i>, only to be checked: 0.95." in findings


def test_what_rests_on_the_prior_is_marked(page: Page, fits: Fits) -> None:
    new, average = cells_of(page, "q2-shares", "leaves")[2], cells_of(page, "q2-shares", "leaves")[1]
    assert "rests mostly on the prior" in new
    assert "rests mostly on the prior" not in average
    assert "How much organizations differ is open" in page.by_id("q2").text
    assert "How much organizations differ is open" not in page.by_id("q1").text
    assert "there is nothing in which it could differ" in page.by_id("q4").text


def test_organizations_without_a_name_are_not_listed(page: Page) -> None:
    assert "unnamed" not in page.source
    each = [one for one in page.all("details") if one.inside("section", id="q1")]
    assert len(each) == 2
    assert all(name in each[0].text for name in (*NAMES, "<i>p</i>"))
    assert not [one for one in page.all("details") if one.inside("section", id="q2")]


def test_simulated_data_are_called_so_and_others_not(page: Page) -> None:
    assert "some of these answers" in page.all("p", **{"class": "simulated"})[0].text
    captions = {
        name: [one.text for one in page.all("figcaption") if one.inside("section", id=name)] for name in ("q1", "q2")
    }
    assert captions["q1"]
    assert all("Simulated data." in text for text in captions["q1"])
    assert not any("Simulated" in text for text in captions["q2"])


def test_names_stay_text_and_the_page_needs_nothing_else(page: Page) -> None:
    assert not page.all("script")
    assert not page.all("i")[4:]  # those of the names; the formula has none
    assert SCRIPT not in page.source
    for element in page.elements:
        for name in ("src", "href"):
            assert not element.attributes.get(name, "").startswith(("http", "//"))
    inner = {element.id for element in page.elements}
    assert all(a.attributes["href"].removeprefix("#") in inner for a in page.all("a"))


def test_of_two_answers_one_is_drawn_and_of_more_all_up_to_six(page: Page) -> None:
    figures = {
        name: [one for one in page.all("figure") if one.inside("section", id=name)] for name in ("q1", "q2", "q3", "q4")
    }
    assert {name: len(found) for name, found in figures.items()} == {"q1": 6, "q2": 1, "q3": 1, "q4": 1}
    assert "One more share is in the tables" in page.by_id("q1").text.replace("one more", "One more")


def test_one_fit_is_a_report_and_the_same_bytes_every_time(fits: Fits, tmp_path: Path) -> None:
    fit = fits["Who leaves?"]
    one, other = (write_rates_report(fit, tmp_path / f"{name}.html", title="A & B") for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    text = one.read_text(encoding="utf-8")
    assert "<title>A &amp; B</title>" in text
    assert "Shares of leaves, stays" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({}, "a.html", "nothing to report"),
        ("fit", "a.html", "a RatesFit is needed"),
        ({"a": 3}, "a.html", "found 'a': int"),
        ({"": None}, "a.html", "found ''"),
        (None, "a.csv", r"a report is an \.html file"),
        (None, "nowhere/a.html", "a folder that is there"),
    ],
)
def test_what_is_no_report(given: Any, path: str, message: str, fits: Fits, tmp_path: Path) -> None:
    with pytest.raises(FitError, match=message):
        write_rates_report(fits if given is None else given, tmp_path / path)
    with pytest.raises(FitError, match="ci_prob must lie between"):
        write_rates_report(fits["And one alone?"], tmp_path / "a.html", ci_prob=95)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------ the numbers


def test_quantities_are_shares_prints_and_ratios(fits: Fits) -> None:
    fit = fits[f"How {SCRIPT}?"]
    first, second = fit.groups
    found = quantities_of(fit, [("n", "l")])
    assert found[:4] == [Quantity((name,), first) for name in fit.categories] + [Quantity(("n", "l"), first)]
    assert [one for one in found if one.is_ratio and not one.relative_to_group] == [
        Quantity((above,), group, ("l",)) for group in (first, second) for above in ("<b>d</b>", "n")
    ]
    assert [one.relative_to_group for one in found if one.relative_to_group] == [first] * 3
    with pytest.raises(FitError, match="no category 'x'"):
        quantities_of(fit, [("x", "l")])


def test_a_row_for_each_quantity_and_target(fits: Fits) -> None:
    fit = fits["Who leaves?"]
    table = rates_table(fit, quantities_of(fit))
    assert table["target"].tolist() == ["typical", "average", "new"] * 2  # nobody has a name
    with pytest.raises(FitError, match="no organization is known by name"):
        rates_table(fit, quantities_of(fit), ["organization"])
    named = rates_table(fits[f"How {SCRIPT}?"], [Quantity(("n",), SCRIPT)], ["organization"])
    assert named["organization"].tolist() == [*NAMES, "<i>p</i>"]


def test_marks_follow_how_much_was_learned() -> None:
    def table_of(answers: Any, tau: Any = None) -> Any:
        names = tuple(f"o{j}" for j in range(len(answers)))
        fit = fit_rates(Counts(names, ("",), ("a", "b", "c"), np.array(answers)[:, None], 50), draws=1000)
        return fit, rates_table(fit, quantities_of(fit), ["typical", "average", "new"])

    rng = np.random.default_rng(1)
    p = 1 / (1 + np.exp(-rng.normal(-1, 0.8, 40)))
    many = [rng.multinomial(400, [one, (1 - one) / 2, (1 - one) / 2]) for one in p]
    fit, table = table_of(many)
    assert not table["rests_on_prior"].any()
    assert not any(one.rests_on_prior for one in spreads_of(fit))
    fit, table = table_of([[1, 0, 0]])
    assert all(one.rests_on_prior for one in spreads_of(fit))
    assert table["rests_on_prior"].all()
    fit, table = table_of([[30, 30, 0]])
    marked = table.set_index(["category", "relative_to", "target"])["rests_on_prior"]
    assert marked["a", "", "new"]
    assert not marked["a", "", "typical"]


def test_a_ratio_does_not_rest_on_splits_that_it_does_not_pass() -> None:
    rng = np.random.default_rng(1)
    p = 1 / (1 + np.exp(-rng.normal(0, 0.8, 40)))
    answers = np.array([rng.multinomial(400, [one, 0, 1 - one]) for one in p])
    answers[:, 1] = 400  # of neutrals nothing differs, of the others much
    counts = Counts(tuple(f"o{j}" for j in range(40)), ("",), ("d", "n", "l"), answers[:, None], 40)
    fit = fit_rates(counts, splits=[("n", ("d", "l")), ("d", "l")])
    np.testing.assert_allclose(
        rates_table(fit, [Quantity(("d",), "", ("l",))], ["new"])["mean"],
        float(rate_ratio(fit, "d", "l", "new").mean()),
    )
    assert not rates_table(fit, [Quantity(("d",), "", ("l",))], ["new"])["rests_on_prior"].any()
