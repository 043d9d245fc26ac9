"""What to act on: only where neither interval holds the average of the drivers is one said to be first."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.report.answers import Answers, Estimate, Key, gather
from bayescx.report.priorities import Priority, _average, _Driver, _sentence, _top, priorities
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]


@pytest.fixture(scope="module")
def answers(shifted: bcx.Fit) -> Answers:
    return gather(shifted)


@pytest.fixture(scope="module")
def last(answers: Answers) -> Priority:
    return priorities(answers)[0]


def test_cells_are_importance_and_performance(last: Priority, shifted: bcx.Fit) -> None:
    found = bcx.importance_performance(shifted, "y")
    *rows, average = last.table.groups[0].rows
    words = {shifted.model.in_words(name): name for name in found["driver"].values.tolist()}
    order = []
    for row in rows:
        own = found.sel(driver=words[row.label])
        importance, performance, _ = row.cells
        bounds = [float(one.replace("−", "-")) for one in importance.interval.strip("[]").split(", ")]
        expected = [own["importance"].values.mean(), *np.quantile(own["importance"], [0.025, 0.975])]
        assert [float(importance.text), *bounds] == pytest.approx(expected, abs=0.0051)
        low, high = (float(one) for one in performance.interval.strip("[]").split(", "))
        level, se = float(own["performance"]), float(own["performance_se"])
        assert float(performance.text) == pytest.approx(level, abs=0.0051)
        assert [low, high] == pytest.approx([level - 1.96 * se, level + 1.96 * se], abs=0.0051)
        order.append(float(importance.text))
    assert order == sorted(order, reverse=True)
    means = [float(found["importance"].mean()), float(found["performance"].mean())]
    assert [float(cell.text) for cell in average.cells[:2]] == pytest.approx(means, abs=0.0051)


def test_the_sentence_names_what_is_surely_first(last: Priority) -> None:
    said = last.sentence.striptags()
    assert said.startswith("M matters much for y and stands low: its total effect is 0.")
    assert "above the average of the drivers (0.3" in said
    assert "The same holds of <b>f</b> (0.3" in said
    assert "leave open" not in said
    cells = {cell.id: cell for row in last.table.groups[0].rows for cell in row.cells if cell.id}
    links = re.findall(r'href="#([^"]+)">([^<]*)</a>', last.sentence)
    assert len(links) == 6
    assert all(cells[name].text == text for name, text in links)
    for name, low, high in re.findall(
        r'data-cell="([^"]+)">(?:95\u00a0% interval )?(\S+) to (\S+)</span>', last.sentence
    ):
        assert cells[name].interval == f"[{low}, {high}]"


def driver(
    name: str, importance: tuple[float, float, float], level: tuple[float, float, float], quarter: str
) -> _Driver:
    return _Driver(name, Estimate(*importance, f"i-{name}"), Estimate(*level, f"p-{name}"), quarter)


def test_an_open_place_is_called_open(answers: Answers) -> None:
    drivers = [
        driver("a", (0.6, 0.5, 0.7), (4.0, 3.5, 4.6), "work here first"),
        driver("b", (0.5, 0.3, 0.7), (4.1, 4.0, 4.2), "work here first"),
        driver("c", (0.1, 0.0, 0.2), (5.1, 5.0, 5.2), "possible overkill"),
    ]
    mean = _average(drivers, 0)
    assert mean is not None
    assert mean.importance.figures[0] == "0.40"
    said = _sentence(answers, "y", drivers, mean).striptags()
    assert said.startswith("A may matter much for y and stand low: its total effect is 0.60")
    assert "The intervals leave open whether this is so. It may hold of b (0.50 at 4.10)." in said


def test_nothing_is_first_where_what_matters_stands_high(answers: Answers) -> None:
    drivers = [
        driver("a", (0.6, 0.5, 0.7), (5.0, 4.9, 5.1), "keep up"),
        driver("b", (0.1, 0.0, 0.2), (4.0, 3.9, 4.1), "low priority"),
    ]
    mean = _average(drivers, 0)
    assert mean is not None
    said = _sentence(answers, "y", drivers, mean).striptags()
    assert said.startswith(
        "No driver of y both matters more than their average (0.35) and stands lower than it (4.50)."
    )
    assert "A matters most, 0.60 standard deviations" in said


def test_what_rests_on_the_prior_is_marked_and_not_sure(answers: Answers) -> None:
    key = Key("total", "average", "y", "m")
    changed = answers.estimates[key]._replace(rests_on_prior=True)
    one = priorities(replace(answers, estimates=answers.estimates | {key: changed}))[0]
    assert one.table.has_marks
    assert one.sentence.striptags().startswith("<b>f</b> matters much for y")
    assert re.search(
        r"It may hold of m \(0\.\d\d† \(rests mostly on the prior\) at 5\.\d\d\)\.", one.sentence.striptags()
    )


def test_a_heavier_driver_that_lowers_is_no_candidate() -> None:
    drivers = [
        driver("a", (0.3, 0.2, 0.4), (5, 4, 6), "keep up"),
        driver("b", (-0.7, -0.8, -0.6), (5, 4, 6), "low priority"),
    ]
    assert _top(drivers, "y") == "Of what does not lower y, a"
    assert _top(drivers[:1], "y") == "A"


def test_the_last_outcome_and_the_most_driven_have_a_map(answers: Answers, written: Written) -> None:
    assert [one.outcome for one in priorities(answers)] == ["y"]  # m has as many drivers, but y is named last
    page = written(answers.fit)
    assert page.by_id("h-priorities").text == "What to act on"
    assert sum(e.tag == "svg" for e in page.within(page.by_id("priorities"))) == 2
    assert "M matters much for y" in page.by_id("findings").text
    cited = page.by_id("citations").text
    assert "Martilla" in cited
    assert "Ringle" in cited


def test_levels_on_other_scales_are_not_compared() -> None:
    rows = bcx.simulate(bcx.parse_model("y ~ x + z"), organizations=2, n_obs=60, random_seed=1).rows
    rows["x"] *= 100
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(
            bcx.parse_model("y ~ x + z"), evidence, draws=50, tune=200, chains=2, random_seed=1, progressbar=False
        )
    (one,) = priorities(gather(fit))
    said = one.sentence.striptags()
    assert "Which driver stands low cannot be told: SDs differ more than 3 times between drivers" in said
    assert "stands low:" not in said


@pytest.fixture(scope="module")
def with_reversed() -> bcx.Fit:
    """Three organizations, one of which did not ask about h; the third item of f is declared reversed."""
    text = "f =~ f1 + f2 + upper(0)*f3; g =~ g1 + g2; h =~ h1 + h2; y ~ f + g + h"
    values = {"y~f": 0.6, "y~g": 0.2, "y~h": 0.2}
    rows = bcx.simulate(bcx.parse_model(text), organizations=3, n_obs=150, values=values, random_seed=3).rows
    rows[[name for name in rows if name[-1] in "123"]] += 4.0
    rows.loc[rows["organization"] == rows["organization"].iloc[0], ["h1", "h2"]] = np.nan
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        return bcx.fit(bcx.parse_model(text), evidence, random_seed=1, draws=100, tune=200, chains=2, progressbar=False)


def test_a_level_of_some_items_is_not_placed_and_said(with_reversed: bcx.Fit) -> None:
    (one,) = priorities(gather(with_reversed))
    rows = {row.label: row.cells for row in one.table.groups[0].rows}
    assert one.table.headers == ("importance", "performance", "items", "quarter")
    assert [cell.text for cell in rows["f"][2:]] == ["2 of 3", "not placed"]
    assert rows["g"][2].text == "2 of 2"
    placed = [float(rows[name][1].text) for name in ("g", "h")]
    assert float(rows["average of the drivers that are placed"][1].text) == pytest.approx(np.mean(placed), abs=0.0101)
    said = one.sentence.striptags()
    assert "F matters much" not in said
    assert "No driver of y that is placed both matters more" in said
    assert "F matters most" in said
    assert "stands at" not in said  # nobody is told a level that cannot be compared
    assert "Not placed, because the level rests on some of the items only" in said
    assert said.endswith("were not given: f (two of three items).")
    assert "over the two organizations that shared means of all of these drivers" in one.table.caption


def test_answers_turn_what_is_reversed(with_reversed: bcx.Fit, tmp_path: Path) -> None:
    (one,) = priorities(gather(with_reversed, answers=(-10, 20)))
    known = bcx.importance_performance(with_reversed, "y", answers=(-10, 20))
    assert one.table.headers == ("importance", "performance", "quarter")
    for row in one.table.groups[0].rows[:3]:
        assert float(row.cells[1].text) == pytest.approx(float(known["performance"].sel(driver=row.label)), abs=0.0051)
    assert "Not placed" not in one.sentence
    page = bcx.write_report(with_reversed, tmp_path / "r.html", sensitivity=False, answers=(-10, 20))
    assert "0 to 100: answers from -10 to 20" in page.read_text(encoding="utf-8")
    for wrong, message in {(1, 3): "outside the answers from 1 to 3", (7, 1): r"found \(7, 1\)"}.items():
        with pytest.raises(FitError, match=message):
            bcx.write_report(with_reversed, tmp_path / "r.html", sensitivity=False, answers=wrong)


def test_an_effect_whose_sign_is_open_is_called_so(answers: Answers) -> None:
    drivers = [
        driver("a", (0.6, -0.1, 0.9), (4.0, 3.5, 4.6), "work here first"),
        driver("b", (0.1, 0.0, 0.2), (5.1, 5.0, 5.2), "possible overkill"),
    ]
    mean = _average(drivers, 0)
    assert mean is not None
    assert "The interval holds 0: the evidence leaves its sign open." in _sentence(answers, "y", drivers, mean)


def test_without_levels_of_two_drivers_there_is_no_map(figures_fit: bcx.Fit, answers: Answers) -> None:
    assert priorities(gather(figures_fit)) == []
    assert priorities(replace(answers, targets=("organization", "typical"))) == []
