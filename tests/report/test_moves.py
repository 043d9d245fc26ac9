"""One point more and catching up: figures are those of the estimands, and nothing is told where nothing can be."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

import bayescx as bcx
from bayescx.report.answers import Answers, Estimate, Key, gather
from bayescx.report.higher import Higher, who_is_higher
from bayescx.report.moves import CatchUp, Moves, _catch_up_sentence, _point_sentence, _Step, moves, to_act_on
from bayescx.report.tables import Row, Table
from bayescx.report.units import scale_words


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
        f"One point more of <b>f</b>, on the scale of its items, raises m by {m.text} and, in the end, y by {y.text} "
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
    assert said.startswith(
        "If each of the four organizations that shared means reached the level of the highest of them on <b>f</b> (nor"
    )
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
        ({"differ": 0.02}, "On <b>f</b> organizations hardly differ: the SD of their means is 0."),
        ({"differ": 0.9}, "It is open whether organizations differ on <b>f</b> at all (with probability 0.90 by an S"),
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


def test_the_first_cause_on_which_organizations_differ_is_chosen(answers: Answers, higher: Higher) -> None:
    compared = higher.compared | {
        "f": replace(higher.compared["f"], is_comparable=False), "g": replace(higher.compared["g"], differ=0.99)
    }  # fmt: skip
    found = moves(answers, replace(higher, compared=compared))
    assert found is not None
    assert found.catch_up is not None
    assert "the highest of them on g (" in found.catch_up.sentence
    assert "One point more of &lt;b&gt;f" in found.sentence


def test_a_sign_that_is_open_is_called_open(moved: Moves, answers: Answers, higher: Higher) -> None:
    assert "holds 0" not in moved.sentence
    rows = {name: _estimate(low) for name, low in (("m", -0.1), ("y", -0.2))}
    said = _point_sentence(answers, _Step("f", "y", "its own scale"), rows).striptags()
    assert "The interval holds 0: the evidence leaves its sign open." in said
    assert said.endswith("The evidence leaves open whether m rises or falls: the intervals in the table hold 0.")
    gains = {"": _estimate(-0.1), "north": _estimate(0.0), "east": _estimate(-0.2)}
    assert "its sign open" in _catch_up_sentence(answers, higher.compared["f"], "y", gains)
    assert "its sign open" not in _catch_up_sentence(answers, higher.compared["f"], "y", gains | {"": _estimate(0.1)})


def _estimate(lower: float) -> Estimate:
    return Estimate(0.3, lower, 0.7, "id")


@pytest.mark.parametrize(
    ("text", "identification", "scale", "item"),
    [
        ("f =~ f1 + f2 + f3; y ~ f", "mean", "the scale of its items", 1.0),
        ("f =~ f1 + f2 + f3; y ~ f", "marker", "the scale of f1", 1.0),
        ("f =~ f1 + f2 + f3; f ~~ 1*f; y ~ f", "mean", None, 1.0),
        ("f =~ f1 + f2 + f3; y ~ f", "mean", None, 40.0),
        ("f =~ f1 + 2*f2 + f3; y ~ f", "mean", None, 1.0),
    ],
)
def test_points_are_told_of_scales_only(text: str, identification: str, scale: str | None, item: float) -> None:
    model = bcx.parse_model(text)
    rows = bcx.simulate(bcx.parse_model("f =~ f1 + f2 + f3; y ~ f"), organizations=3, n_obs=80, random_seed=2).rows
    rows["f3"] *= item
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(
            model, bcx.Evidence.from_rows(rows, organization="organization"), identification=identification, draws=20,
            tune=60, chains=2, random_seed=1, progressbar=False,
        )  # fmt: skip
    assert scale_words(fit, "f") == scale
    told = moves(with_rising_totals(gather(fit)), None)
    assert told is not None
    said = told.sentence.striptags()
    if scale:
        assert said.startswith(f"One point more of f, on {scale}, ")
        draws = bcx.what_if(fit, {"f": 1.0}, "average").sel(outcome="y")
    else:
        assert said.startswith("One standard deviation more of f ")
        assert "point" not in said
        draws = bcx.what_if(fit, {"f": 1.0}, "average", standardized=True).sel(outcome="y")
    assert figures(rows_of(told.table)[0].cells[1])[0] == pytest.approx(float(draws.mean()), abs=0.0051)


def test_what_measures_a_factor_of_factors_is_no_effect_of_it() -> None:
    factors = "f =~ f1 + f2 + f3; g =~ g1 + g2 + g3; s =~ f + g;"
    known = bcx.parse_model(f"{factors} m ~ s; y ~ m")
    rows = bcx.simulate(known, organizations=3, n_obs=80, values={"m~s": 0.6, "y~m": 0.5}, random_seed=2).rows
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(known, evidence, draws=20, tune=60, chains=2, random_seed=1, progressbar=False)
    told = moves(with_rising_totals(gather(fit)), None)
    assert told is not None
    assert [row.label for row in rows_of(told.table)] == ["m", "y"]


def with_rising_totals(answers: Answers) -> Answers:
    """The same with all total effects above 0: few draws of a small study may say anything."""
    estimates = {
        key: one._replace(mean=abs(one.mean)) if key.kind == "total" else one for key, one in answers.estimates.items()
    }
    return replace(answers, estimates=estimates)


@pytest.mark.parametrize(("seed", "sd"), [(0, 0.0), (2, 0.0), (7, 0.0), (0, 0.3)])
def test_only_organizations_that_differ_are_told_to_catch_up(seed: int, sd: float) -> None:
    model = bcx.parse_model("y ~ x1 + x2")
    values = {"y~x1": 0.4, "y~x2": 0.2}
    rows = bcx.simulate(model, organizations=10, n_obs=200, values=values, random_seed=seed).rows
    names = rows["organization"].unique()
    shift = dict(zip(names, sd * np.random.default_rng(seed).standard_normal(len(names)), strict=True))
    rows["x1"] += rows["organization"].map(shift) * rows["x1"].std()
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(model, evidence, draws=100, tune=200, chains=2, random_seed=1, progressbar=False)
    found = gather(fit)
    told = moves(found, who_is_higher(found))
    assert told is not None
    assert bool(to_act_on([], told)) == (sd > 0)


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
