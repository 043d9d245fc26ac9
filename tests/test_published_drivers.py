"""The published figures of the drivers: they are the facts, and they fit the measured models that they speak of."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import bayescx as bcx

NOTE = Path(__file__).parents[1] / "data" / "published" / "README.md"
SETS = {"preliminary study": 0.79, "one": 0.74}


@pytest.fixture(scope="module")
def drivers() -> bcx.Evidence:
    return bcx.load_evidence("drivers_published")


@pytest.fixture(scope="module")
def quality() -> bcx.Evidence:
    return bcx.load_evidence("contact_center_quality_published")


@pytest.mark.parametrize(("name", "value"), SETS.items())
def test_each_set_has_one_explained_variance_and_two_orderings(drivers: bcx.Evidence, name: str, value: float) -> None:
    figures = [figure for figure in drivers.published if figure.organizations == (name,)]
    assert [(figure.statistic, figure.outcome, figure.cause, figure.value) for figure in figures] == [
        ("r_squared", "satisfaction_cs", "", value),
        ("ordering", "satisfaction_cs", "problem_solving", None),
        ("ordering", "problem_solving", "individual_attention", None),
    ]
    model = bcx.load_model("drivers")
    for figure in figures[1:]:
        assert figure.of == "path"
        assert {figure.cause, *figure.among} == set(model.predictors(figure.outcome))


def test_nobody_printed_their_sizes_and_the_preliminary_study_is_no_eleventh_of_ten(drivers: bcx.Evidence) -> None:
    assert drivers.organizations == tuple(SETS)
    assert drivers.n_planned == 10 + 1
    assert {(figure.n_obs, figure.use) for figure in drivers.published} == {((100, 500), "evidence")}


@pytest.mark.parametrize("model", ["drivers", "drivers_to_loyalty"])
def test_they_fit_the_models_with_items(drivers: bcx.Evidence, model: str) -> None:
    found = bcx.load_model(model)
    assert drivers.problems(found.observed) == ()
    assert drivers.matched(found.observed).level == dict.fromkeys(SETS, "figures")
    assert figures_problems(drivers, found) == ()


def figures_problems(evidence: bcx.Evidence, model: bcx.PathModel) -> tuple[str, ...]:
    from bayescx.evidence import figure_problems

    causes = {name: model.predictors(name) for name in model.endogenous}
    return figure_problems(evidence.published, model.constructs, causes)


def test_the_share_stands_in_four_readings_that_inform_nothing(quality: bcx.Evidence) -> None:
    readings = [(figure.statistic, figure.reading, figure.value) for figure in quality.published]
    assert readings == [
        ("r_squared", "", 0.778),
        ("bound", "", 0.778),
        ("share", "pratt", 0.222),
        ("share", "coefficients", 0.222),
    ]
    assert {figure.use for figure in quality.published} == {"check"}
    assert {figure.outcome for figure in quality.published} == {"trust_company"}
    model = bcx.load_model("contact_center_quality")
    assert figures_problems(quality, model) == ()
    # what is left to satisfaction is what the seven dimensions do not have
    dimensions = set(model.exogenous)
    assert set(model.predictors("trust_company")) - dimensions == {"satisfaction_company"}
    assert {name for name, sign in quality.signs.items() if sign < 0} == {
        f"{row.lhs}~waiting_cost" for row in model.paths if row.rhs == "waiting_cost"
    }


def test_the_note_lists_them(drivers: bcx.Evidence, quality: bcx.Evidence) -> None:
    note = NOTE.read_text(encoding="utf-8")
    for figure in drivers.published:
        assert figure.wording.startswith("[paraphrased]")
        assert "More grip on customers' sentiments" in figure.source
        if figure.value is not None:
            written = f"{figure.value:.2f}".lstrip("0")
            assert re.search(rf"^.*\b{100 * figure.value:.0f} %.* `r_squared` {written} ", note, re.MULTILINE)
    assert Counter(figure.statistic for figure in drivers.published)["ordering"] == 4
    assert note.count("| `ordering`, twice |") == 2
    for figure in quality.published:
        assert "77.8 % share" in figure.wording
        assert f"`{figure.statistic}`" in note
