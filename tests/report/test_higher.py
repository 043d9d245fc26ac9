"""Who is higher: sentences say what the estimands say, no more, and each figure is that of the cell it points to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.report.answers import Answers, Estimate, Key, gather
from bayescx.report.compared import Compared, Place
from bayescx.report.higher import Higher, _drawn, _headline, _sentences, who_is_higher
from bayescx.wording import chance
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]
LINK = re.compile(r'href="#([^"]+)">([^<]*)</a>')


@pytest.fixture(scope="module")
def higher(shifted: bcx.Fit) -> Higher:
    found = who_is_higher(gather(shifted))
    assert found is not None
    return found


def cells(found: Higher) -> dict[str, str]:
    rows = [row for table in (found.comparison, *found.each) for group in table.groups for row in group.rows]
    return {cell.id: cell.text for row in rows for cell in row.cells if cell.id}


def test_tables_hold_means_and_ranks(higher: Higher, shifted: bcx.Fit) -> None:
    means = bcx.latent_means(shifted)
    assert [table.title for table in higher.each] == ["<b>f</b>", "G", "H", "M", "Y"]
    for table, construct in zip(higher.each, means["construct"].values.tolist(), strict=True):
        ranks = bcx.rank_organizations(shifted, construct)
        (group,) = table.groups
        shown = []
        for row in group.rows:
            mean, first, mean_rank = row.cells
            own = means.sel(construct=construct, organization=row.label).values
            bounds = [float(one.replace("−", "-")) for one in mean.interval.strip("[]").split(", ")]
            assert [float(mean.text.replace("−", "-")), *bounds] == pytest.approx(
                [own.mean(), *np.quantile(own, [0.025, 0.975])], abs=0.0051
            )
            assert first.text == chance(float(ranks.sel(organization=row.label, rank=1)))
            expected = float((ranks.sel(organization=row.label) * ranks["rank"]).sum())
            assert float(mean_rank.text) == pytest.approx(expected, abs=0.0501)
            shown.append(float(mean.text.replace("−", "-")))
        assert shown == sorted(shown, reverse=True)


def test_the_table_of_constructs_says_which_compare(higher: Higher, shifted: bcx.Fit) -> None:
    known = bcx.comparable_means(shifted).set_index("construct")
    rows = higher.comparison.groups[0].rows
    assert [row.label for row in rows] == [*(f"{name} (three items)" for name in ("<b>f</b>", "g", "h")), "m", "y"]
    for row, (_, expected) in zip(rows, known.iterrows(), strict=True):
        spread, differ, noise, comparable = row.cells
        assert differ.text == chance(expected["differ"])
        assert float(spread.text) == pytest.approx(expected["sd_between"], abs=0.00501)
        if np.isnan(expected["intercept_noise"]):
            assert (noise.text, comparable.text) == ("–", "granted")
        else:
            assert float(noise.text) == pytest.approx(expected["intercept_noise"], abs=0.00501)
            assert comparable.text == ("yes" if expected["comparable"] else "no")
    assert higher.comparison.title == "Can organizations be compared?"


def test_sentences_name_the_highest_and_what_does_not_compare(higher: Higher) -> None:
    said = [sentence.striptags() for sentence in higher.sentences]
    whom = "Of the four organizations that shared means, north is highest on"
    assert said[0] == f"{whom} <b>f</b> (probability > 0.99) and y (probability > 0.99)."
    assert higher.headline.striptags() == (
        f"{whom} y, with probability > 0.99. Two organizations have not reported yet."
    )
    noise = cells(higher)["noise-2"]
    assert f"Organizations should not be compared on h ({noise}): so much of the SD between them" in said[-3]
    assert said[-2] == "Two organizations have not reported yet."
    assert said[-1] == "M and y are each one variable; that it means the same everywhere is taken for granted."
    assert not [one for one in said[:-3] if re.search(r"\bh\b", one)]  # nobody is called the highest on h
    assert "<b>" not in "".join(higher.sentences)
    known = cells(higher)
    links = [link for sentence in (*higher.sentences, higher.headline) for link in LINK.findall(sentence)]
    assert len(links) >= 4
    assert all(known[name] == text.replace("&gt;", ">").replace("&lt;", "<") for name, text in links)


def compared(name: str, first: float, **known: Any) -> Compared:
    one = Estimate(0.5, 0.2, 0.8, "")
    places = (Place("a", one, first, 1.2, f"{name}-0"), Place("b", one, 1 - first, 1.8, f"{name}-1"))
    spread = Estimate(0.3, 0.2, 0.4, f"between-{name}")
    settings: dict[str, Any] = {
        "items": 3, "between": spread, "differ": 0.99, "noise": 0.1, "is_comparable": True
    } | known  # fmt: skip
    return Compared(
        name=name, words=name, differ_id=f"differ-{name}", noise_id=f"noise-{name}", places=places, **settings
    )


SPREAD = "the SD of their means is 0.30 (0.20 to 0.40) times that of customers"
EITHER = "a with probability 0.60, b with probability 0.40"
OF_TWO, LACKING = "Of the two organizations that shared means,", "No means were shared by"
WAITING = "One organization has not reported yet."
ITEMS = "items that are answered differently"
SAME = f"{ITEMS}, at the same level of what they measure."


@pytest.mark.parametrize(
    ("first", "known", "headline", "sentence"),
    [
        (0.97, {}, "a is highest on x, with probability 0.97.", "a is highest on x (probability 0.97)."),
        (
            0.85,
            {},
            "a is most likely highest on x, with probability 0.85.",
            "a is most likely highest on x (probability 0.85).",
        ),
        (
            0.6,
            {},
            f"It is open which is highest on x: {EITHER}.",
            "It is open who is highest on x.",
        ),
        (
            0.99,
            {"differ": 0.01, "noise": np.nan, "items": 1},
            f"On x organizations hardly differ: {SPREAD}.",
            "Organizations hardly differ on x.",
        ),
        (
            0.99,
            {"differ": 0.6},
            f"It is open whether organizations differ on x: {SPREAD}, above a tenth of it with probability 0.60.",
            "It is open whether organizations differ on x.",
        ),
        (
            0.99,
            {"lacking": ("c", "d"), "waiting": 1},
            f"{OF_TWO} a is highest on x, with probability 0.99. {LACKING} c and d. {WAITING}",
            f"{OF_TWO} a is highest on x (probability 0.99).",
        ),
        (
            0.6,
            {"lacking": ("c", "d", "e", "f", "g")},
            f"{OF_TWO} it is open which is highest on x: {EITHER}. {LACKING} c, d, e and two more.",
            "It is open who is highest on x.",
        ),
        (
            0.99,
            {"noise": 0.71, "is_comparable": False},
            f"On x organizations should not be compared: {ITEMS} could make up 0.71 of the SD between them.",
            f"Organizations should not be compared on x (0.71): so much of the SD between them could come from {SAME}",
        ),
        (
            0.99,
            {"differ": 0.03, "noise": 1.4, "is_comparable": False},
            f"On x organizations hardly differ: {SPREAD}.",
            "Organizations hardly differ on x.",
        ),
    ],
)
def test_words_say_no_more_than_the_figures(first: float, known: dict[str, Any], headline: str, sentence: str) -> None:
    one = compared("x", first, **known)
    assert _headline(one).striptags() == headline
    assert next(iter(_sentences([one]))).striptags() == sentence


def test_who_lacks_what_is_told_construct_by_construct() -> None:
    ones = [compared("x", 0.97), replace(compared("z", 0.97), lacking=("c",))]
    said = [sentence.striptags() for sentence in _sentences(ones)]
    assert said[0] == (
        "a is highest on x (probability 0.97, of two organizations) and z (probability 0.97, of two organizations)."
    )
    assert said[1] == "No means were shared by c (on z)."


def test_forty_organizations_leave_room_for_three_constructs() -> None:
    names = [f"c{i}" for i in range(15)]
    model = bcx.parse_model("; ".join(f"c{i} ~ c{i - 1}" for i in range(1, 15)))
    totals = {Key("total", "average", "c14", f"c{i}"): Estimate(i / 10, 0.0, 0.0, "") for i in range(14)}
    fit: Any = SimpleNamespace(model=model, n_planned=40)
    answers = Answers(fit, 0.95, ("average",), totals, {}, {}, {}, {})
    assert _drawn(answers, names, 40) == ["c12", "c13", "c14"]  # the last, and what matters most for it
    assert _drawn(answers, names, 10) == names
    assert _drawn(answers, names, 400) == ["c13", "c14"]


def test_the_page_folds_the_tables_of_organizations(shifted: bcx.Fit, written: Written) -> None:
    page = written(shifted)
    section = page.by_id("higher")
    inside = page.within(section)
    assert page.by_id("h-higher").text == "Who is higher?"
    assert sum(e.tag == "details" for e in inside) == 5
    assert [e.text for e in inside if e.tag == "summary"] == ["<b>f</b>", "G", "H", "M", "Y"]
    assert sum(e.tag == "svg" for e in inside) == 2
    assert not page.all("b")
    assert "<i>south</i>" in section.text
    assert "north is highest on y" in page.by_id("findings").text
    assert "a cut posterior" in page.by_id("method").text
    cited = page.by_id("citations").text
    assert "Plummer" in cited
    assert "Rosseel, Y., & Loh" in cited


def test_one_variable_each_keeps_it_short(example_fit: bcx.Fit, written: Written) -> None:
    found = who_is_higher(gather(example_fit))
    assert found is not None
    assert not found.has_factors
    assert found.comparison.headers == ("SD", "P(differ)")
    assert found.sentences[-1].startswith("Each construct is one variable")
    assert "Plummer" not in written(example_fit).by_id("citations").text


def test_who_shared_no_means_is_left_out_by_name(mixed_fit: bcx.Fit) -> None:
    found = who_is_higher(gather(mixed_fit))
    assert found is not None
    assert "west: it shared correlations, which have no means" in found.left_out
    labels = [row.label for row in found.comparison.groups[0].rows]
    assert labels == ["satisfaction", "trust (two organizations)", "loyalty"]


def test_without_means_of_two_organizations_there_is_no_section(figures_fit: bcx.Fit, written: Written) -> None:
    assert who_is_higher(gather(figures_fit)) is None
    page = written(figures_fit)
    assert {"higher", "priorities"}.isdisjoint(section.id for section in page.all("section"))
    assert "One point more" not in page.by_id("knobs").text
