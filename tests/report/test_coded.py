"""Reports of models with coded terms: two sides of a knot, one table of controls, no column taken for a construct."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.estimands.asymmetry import asymmetry
from bayescx.report.answers import Answers, Key, gather
from bayescx.report.chain import by_total_effect, drivers_first, raising_causes
from bayescx.report.controls import controls_table
from bayescx.report.drivers import driven_outcomes
from bayescx.report.higher import who_is_higher
from bayescx.report.kinks import Kinks, kinks
from bayescx.report.moves import moves
from bayescx.report.priorities import priorities
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]
TERMS = "below(x, 4) + above(x, 4) + trust + fixed(age) + category(kind, a, b, c)"
TEXT = f"y ~ {TERMS}\nz ~ {TERMS}\n#: x = <b>expectations</b>\n#: kind = kind of call"
EVERY = ("below(x, 4)", "above(x, 4)", "trust", "age", "kind[b]", "kind[c]")


@pytest.fixture(scope="module")
def fit() -> bcx.Fit:
    """Four of five organizations; falling short of 4 costs y three times what exceeding it earns, and z as much."""
    rng = np.random.default_rng(8)
    frames = []
    for j, name in enumerate(("north", "south", "east", "west")):
        n = 300
        x, trust, age = 4 + 1.5 * rng.standard_normal(n), 5 + rng.standard_normal(n), 40 + 10 * rng.standard_normal(n)
        kind = rng.choice(["a", "b", "c"], n)
        low, high, more = np.minimum(x - 4, 0), np.maximum(x - 4, 0), 0.5 * (kind == "b") - 0.3 * (kind == "c")
        frames.append(
            pd.DataFrame(
                {
                    "organization": name,
                    "x": x,
                    "trust": trust + 0.8 * j,
                    "age": age,
                    "kind": kind,
                    "y": 0.6 * low + 0.2 * high + 0.3 * trust + 0.02 * age + more + rng.standard_normal(n),
                    "z": 0.3 * low + 0.3 * high + 0.1 * trust + rng.standard_normal(n),
                }
            )
        )
    rows = pd.concat(frames, ignore_index=True)
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        return bcx.fit(
            bcx.parse_model(TEXT, name="coded"), evidence, random_seed=1, draws=200, tune=300, chains=2,
            progressbar=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def answers(fit: bcx.Fit) -> Answers:
    return gather(fit)


@pytest.fixture(scope="module")
def sides(answers: Answers) -> Kinks:
    found = kinks(answers)
    assert found is not None
    return found


def test_slopes_are_those_of_the_estimand(sides: Kinks, fit: bcx.Fit) -> None:
    assert [(one.outcome, one.variable, one.knot) for one in sides.each] == [
        ("z", "<b>expectations</b>", "4"), ("y", "<b>expectations</b>", "4")
    ]  # fmt: skip
    rows = [row for group in sides.table.groups for row in group.rows]
    for row, one in zip(rows, sides.each, strict=True):
        found = asymmetry(fit, one.outcome, "x", "average", standardized=False)
        known = [found["slope"].sel(side="below"), found["slope"].sel(side="above"), found["difference"]]
        for cell, draws in zip(row.cells[:3], known, strict=True):
            assert float(cell.text.replace("−", "-")) == pytest.approx(float(draws.mean()), abs=0.0051)
        assert one.stronger_below == float(found["stronger_below"])
        cells = {cell.id: cell.text for cell in row.cells}
        for name, text in re.findall(r'href="#([^"]+)">([^<]+)<', one.sentence):
            assert cells[name] == text.replace("&gt;", ">").replace("&lt;", "<")


def test_sentences_say_which_side_matters_more(sides: Kinks) -> None:
    z, y = (one.sentence.striptags() for one in sides.each)
    assert y.startswith("Per point of <b>expectations</b>, y changes by 0.")
    assert "falling short of 4 matters more than exceeding it. That the slope below is the larger in size has" in y
    assert "it is open which side matters more" in z
    assert "holds 0" not in y
    assert "<b>" not in sides.each[0].sentence


def test_controls_have_one_table(answers: Answers, fit: bcx.Fit) -> None:
    found = controls_table(answers)
    assert found is not None
    assert [group.heading for group in found.groups] == ["kind of call, compared with a", "other controls"]
    assert [[row.label for row in group.rows] for group in found.groups] == [["b", "c"], ["age"]]
    assert found.headers == ("y", "z")
    effects = bcx.direct_effects(fit, "organization", standardized=False)
    for label, name in {"b": "kind[b]", "c": "kind[c]", "age": "age"}.items():
        (row,) = [row for group in found.groups for row in group.rows if row.label == label]
        for cell, outcome in zip(row.cells, found.headers, strict=True):
            each = effects.sel(path=f"{outcome}~{name}").mean(("chain", "draw")).values
            np.testing.assert_allclose(each, each[0])  # the same everywhere
            assert float(cell.text.replace("−", "-")) == pytest.approx(each[0], abs=0.0051)


def test_coded_columns_and_controls_are_no_constructs_to_act_on(answers: Answers, fit: bcx.Fit) -> None:
    assert drivers_first(fit.model, EVERY) == ["trust"]
    assert raising_causes(answers, "y") == ["trust"]
    assert list(by_total_effect(answers, "z")) == ["trust"]
    assert priorities(answers) == []  # one driver orders nothing
    higher = who_is_higher(answers)
    assert higher is not None
    assert list(higher.compared) == ["trust", "y", "z"]
    assert higher.left_out == "the means of one control"
    told = moves(answers, higher)
    assert told is not None
    assert told.table.title == "One point more of trust"
    assert told.catch_up is not None
    assert "the highest of them on trust (west" in told.catch_up.sentence


def test_ranked_are_drivers_and_shares_are_grouped_by_column(answers: Answers) -> None:
    for one in driven_outcomes(answers):
        assert {row.label for group in one.table.groups for row in group.rows} == {
            "<b>expectations</b> below 4", "<b>expectations</b> above 4", "trust"
        }  # fmt: skip
        assert one.table.headers == ("P(greatest)", "mean rank")
        assert one.grouped is not None
        shares = {row.label: float(row.cells[0].text) for row in one.grouped.groups[0].rows}
        assert set(shares) == {"<b>expectations</b>", "trust", "controls"}
        assert sum(shares.values()) == pytest.approx(1.0, abs=0.016)
    assert all(", controls aside," in one.sentence for one in driven_outcomes(answers))  # they are not ranked


def test_totals_of_a_model_without_chains_are_its_paths(answers: Answers) -> None:
    for key, one in answers.estimates.items():
        if key.kind == "direct":
            total = answers.estimates[Key("total", *key[1:])]
            assert total[:3] == one[:3]
            assert total.id != one.id
    assert not [key for key in answers.estimates if key.kind == "indirect"]


def test_the_page_is_compact(fit: bcx.Fit, written: Written) -> None:
    page = written(fit)
    assert page.by_id("h-kinks").text == "Below and above"
    assert sum(e.tag == "svg" for e in page.within(page.by_id("kinks"))) == 2 * 2
    forests = [e for e in page.within(page.by_id("paths")) if e.tag == "svg"]
    assert len(forests) == 2 * 3  # no control has one
    assert "kind of call: b" not in page.by_id("each").text
    question = page.by_id("question").text
    assert "How much do <b>expectations</b> and trust matter for y and z, directly, given three controls?" in question
    findings = page.by_id("findings").text
    assert "Per point of <b>expectations</b>, y changes by" in findings
    assert "kind of call: b rises" not in findings
    assert not page.all("b")


def test_a_variable_bent_at_two_points_is_told_point_by_point(written: Written) -> None:
    """A knot of another outcome on the way, and a part that is at work on both sides of a knot."""
    rng = np.random.default_rng(3)
    x = rng.integers(1, 8, 800).astype(float)
    trust = 0.4 * np.minimum(x - 5, 0) + rng.standard_normal(800)
    y = 0.3 * trust + 0.5 * np.minimum(x - 4, 0) + rng.standard_normal(800)
    rows = pd.DataFrame({"organization": np.repeat(["a", "b", "c", "d"], 200), "x": x, "trust": trust, "y": y})
    text = "trust ~ below(x, 5) + above(x, 5)\ny ~ trust + below(x, 4) + above(x, 4) + below(x, 6)"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(
            bcx.parse_model(text), bcx.Evidence.from_rows(rows, organization="organization"), random_seed=1,
            progressbar=False, draws=100, tune=200, chains=2,
        )  # fmt: skip
    page = written(fit)
    said = page.by_id("findings").text
    for outcome, knot, holds in (
        ("y", 4.0, " The two slopes hold up to 5: beyond, the model bends"),
        ("trust", 5.0, ""),
    ):
        slope = asymmetry(fit, outcome, "x", "average", at=knot, standardized=False)["slope"].mean(("chain", "draw"))
        low, high = (f"{value:.2f}".replace("-", "−") for value in slope.values)
        assert re.search(rf"{outcome} changes by {low} \([^)]+\) below {knot:g} and by {high} \(", said)
        assert holds in said
    assert said.count("The two slopes hold") == 1
    table = page.by_id("kinks").text
    assert "x at 4, up to 5" in table
    assert sum(e.tag == "svg" for e in page.within(page.by_id("kinks"))) == 2 * 2


def test_many_causes_are_not_drawn_as_arrows(written: Written) -> None:
    names = [f"x{i}" for i in range(18)]
    model = bcx.parse_model(f"y ~ {' + '.join([*names[:3], *(f'fixed({name})' for name in names[3:])])}")
    rows = bcx.simulate(bcx.parse_model(f"y ~ {' + '.join(names)}"), organizations=2, n_obs=80, random_seed=1).rows
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(model, evidence, random_seed=1, draws=30, tune=60, chains=2, progressbar=False)
    page = written(fit)
    assert not [e for e in page.within(page.by_id("diagram")) if e.tag == "svg"]
    assert "With 18 direct causes of one outcome a diagram would show less" in page.by_id("diagram").text
    findings = page.by_id("findings").text
    assert "and the 17 other direct causes of y stay as they are" in findings
    assert "its 18 direct causes together explain" in findings
    assert len([row for row in page.by_id("controls").text.splitlines() if re.fullmatch(r"x\d+", row.strip())]) <= 15
