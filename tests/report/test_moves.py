"""One point more and catching up: figures are those of the estimands, and nothing is told where nothing can be."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import bayescx as bcx
from bayescx.report.answers import Answers, Key, gather
from bayescx.report.higher import Higher, who_is_higher
from bayescx.report.moves import CatchUp, Moves, moves, to_act_on
from bayescx.report.tables import Row, Table


@pytest.fixture(scope="module")
def answers(shifted: bcx.Fit) -> Answers:
    return gather(shifted)


@pytest.fixture(scope="module")
def higher(answers: Answers) -> Higher:
    found = who_is_higher(answers)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def moved(answers: Answers, higher: Higher) -> Moves:
    found = moves(answers, higher)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def caught(moved: Moves) -> CatchUp:
    assert moved.catch_up is not None
    return moved.catch_up


def rows_of(table: Table | None) -> list[Row]:
    assert table is not None
    return [row for group in table.groups for row in group.rows]


def figures(cell: object) -> list[float]:
    text = f"{getattr(cell, 'text')} {getattr(cell, 'interval')}".replace("−", "-")  # noqa: B009  (cells are only read)
    return [float(one) for one in re.findall(r"-?\d+\.\d+", text)]


def test_one_point_more_is_what_if_one_point(moved: Moves, shifted: bcx.Fit) -> None:
    assert [row.label for row in rows_of(moved.table)] == ["m", "y"]  # in causal order, the last outcome at the end
    for row in rows_of(moved.table):
        for cell, target in zip(row.cells, ("typical", "average", "new"), strict=True):
            follows = bcx.what_if(shifted, {"f": 1.0}, target).sel(outcome=row.label).values  # type: ignore[arg-type]
            expected = [follows.mean(), *np.quantile(follows, [0.025, 0.975])]
            assert figures(cell) == pytest.approx(expected, abs=0.0051)


def test_the_sentence_follows_the_chain_to_its_end(moved: Moves) -> None:
    m, y = (row.cells[1] for row in rows_of(moved.table))
    assert moved.sentence.striptags() == (
        f"One point more of <b>f</b>, on its own scale, raises m by {m.text} and, in the end, y by {y.text} "
        f"(95 % interval {y.interval[1:-1].replace(', ', ' to ')}) on average over the six organizations, each in "
        "points of its own scale."
    )
    assert "<b>" not in moved.sentence


def test_gains_are_those_of_the_estimand(caught: CatchUp, shifted: bcx.Fit) -> None:
    raw, own = (bcx.catch_up(shifted, "f", standardized=one) for one in (False, True))
    average, *each = rows_of(caught.table)
    assert average.label == "average of these four"
    columns = (raw.sel(outcome="f"), raw.sel(outcome="y"), own.sel(outcome="y"))
    for row in each:
        for cell, draws in zip(row.cells, columns, strict=True):
            mine = draws.sel(organization=row.label).values
            assert figures(cell) == pytest.approx([mine.mean(), *np.quantile(mine, [0.025, 0.975])], abs=0.0051)
    for cell, draws in zip(average.cells, columns, strict=True):
        all_of_them = draws.mean("organization").values
        expected = [all_of_them.mean(), *np.quantile(all_of_them, [0.025, 0.975])]
        assert figures(cell) == pytest.approx(expected, abs=0.0051)
    gains = [figures(row.cells[2])[0] for row in each]
    assert gains == sorted(gains, reverse=True)


def test_the_sentence_names_the_highest_and_who_gains_most(caught: CatchUp, higher: Higher) -> None:
    average, most, *_ = rows_of(caught.table)
    best = higher.compared["f"].likeliest[0]
    said = caught.sentence.striptags()
    assert said.startswith("If every organization reached the level of the highest on <b>f</b> (north, with probab")
    assert best.organization == "north"
    assert f"y would rise by {average.cells[2].text} standard deviations (95 % interval" in said
    assert f"and most at {most.label}, by {most.cells[2].text} (" in said
    links = re.findall(r'href="#([^"]+)">', caught.sentence)
    assert links == [best.id, average.cells[2].id, most.cells[2].id]


def test_gains_that_rest_on_the_prior_are_marked(answers: Answers, higher: Higher) -> None:
    key = Key("total", "organization", "y", "f", "east")
    changed = replace(
        answers, estimates=answers.estimates | {key: answers.estimates[key]._replace(rests_on_prior=True)}
    )
    found = moves(changed, higher)
    assert found is not None
    assert found.catch_up is not None
    marks = {row.label: [cell.mark for cell in row.cells] for row in rows_of(found.catch_up.table)}
    assert marks.pop("east") == [False, True, True]  # the gap rests on means
    assert not any(map(any, marks.values()))


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"between": 0.0}, "On <b>f</b> no difference between organizations is seen"),
        ({"is_comparable": False}, "On <b>f</b> organizations cannot be compared, so how far each is behind"),
    ],
)
def test_where_nothing_compares_nobody_catches_up(
    known: dict[str, object], said: str, answers: Answers, higher: Higher
) -> None:
    compared = {name: replace(one, **known) for name, one in higher.compared.items()}  # type: ignore[arg-type]
    found = moves(answers, replace(higher, compared=compared))
    assert found is not None
    assert found.catch_up is not None
    assert found.catch_up.table is None
    assert found.catch_up.sentence.striptags().startswith(said)
    assert to_act_on([], found) == []


def test_the_first_cause_on_which_organizations_compare_is_chosen(answers: Answers, higher: Higher) -> None:
    compared = higher.compared | {"f": replace(higher.compared["f"], is_comparable=False)}
    found = moves(answers, replace(higher, compared=compared))
    assert found is not None
    assert found.catch_up is not None
    assert "the highest on g (" in found.catch_up.sentence
    assert "One point more of &lt;b&gt;f" in found.sentence


def test_without_means_only_the_point_is_told(answers: Answers) -> None:
    found = moves(answers, None)
    assert found is not None
    assert found.catch_up is None


def test_nothing_is_told_without_units_or_a_population(figures_fit: bcx.Fit, answers: Answers, higher: Higher) -> None:
    assert moves(gather(figures_fit), None) is None
    assert moves(replace(answers, targets=("organization",)), higher) is None
    lowering = {
        key: one._replace(mean=-abs(one.mean)) if key.kind == "total" else one for key, one in answers.estimates.items()
    }
    assert moves(replace(answers, estimates=lowering), higher) is None
