"""What drives an outcome: figures are those of the estimands, and words say no more than they do."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

import bayescx as bcx
from bayescx.estimands.ranks import rank_probabilities
from bayescx.estimands.shares import explained_shares
from bayescx.report.answers import Answers, Key, gather
from bayescx.report.drivers import driven_outcomes, drivers_title
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]
SCRIPT = "<script>alert(1)</script>"
TEXT = f"""
p ~ x + z + w
y ~ x + z + w
y ~~ 0*p
#: x = price & "{SCRIPT}"
"""
VALUES = {"y~x": -0.7, "y~z": 0.3, "y~w": 0.2, "p~x": 0.3, "p~z": 0.3, "p~w": 0.3}


@cache
def study(text: str, values: tuple[tuple[str, float], ...] = ()) -> bcx.Fit:
    """A quick fit to three simulated organizations."""
    model = bcx.parse_model(text, name="study")
    rows = bcx.simulate(model, organizations=3, n_obs=80, values=dict(values), heterogeneity=0.02, random_seed=6).rows
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # so few draws; it is the words that are looked at
        return bcx.fit(model, evidence, random_seed=1, draws=60, tune=200, chains=2, cores=1, progressbar=False)


@pytest.fixture(scope="module")
def answers() -> Answers:
    return gather(study(TEXT, tuple(VALUES.items())))


def test_cells_are_ranks_and_shares(answers: Answers) -> None:
    for one in driven_outcomes(answers):
        ranks = rank_probabilities(answers.fit, one.outcome, target="average")
        shares = explained_shares(answers.fit, one.outcome, target="average", relative=True)
        (group,) = one.table.groups
        names = {answers.fit.model.in_words(name): name for name in ("x", "z", "w")}
        order = []
        for row in group.rows:
            driver = ranks.sel(driver=names[row.label])
            first, mean_rank, share = row.cells
            expected = float(driver.sel(rank=1))
            assert float(first.text.lstrip("<>\u00a0")) == pytest.approx(expected, abs=0.0101)
            assert float(mean_rank.text) == pytest.approx(float((driver * driver["rank"]).sum()), abs=0.0501)
            drawn = shares.sel(group=names[row.label]).values
            assert float(share.text) == pytest.approx(drawn.mean(), abs=0.00501)
            order.append(float(mean_rank.text))
        assert order == sorted(order)
        assert sum(float(row.cells[2].text) for row in group.rows) == pytest.approx(1.0, abs=0.016)


def test_a_settled_first_place_is_told_with_its_sign(answers: Answers) -> None:
    said = driven_outcomes(answers)[0].sentence.striptags()
    assert said == (
        f'Price & "{SCRIPT}" has the greatest impact on y on average over the three organizations, with probability '
        f'> 0.99. Price & "{SCRIPT}" lowers y.'
    )


def test_an_open_first_place_is_called_open(answers: Answers) -> None:
    one = driven_outcomes(answers)[1]
    ranks = rank_probabilities(answers.fit, "p", target="average").sel(rank=1)
    first, second = sorted(ranks.values.tolist(), reverse=True)[:2]
    assert first < 0.8
    said = one.sentence.striptags()
    assert said.startswith("It is open which driver has the greatest impact on p on average over the three organiz")
    assert re.findall(r"with probability (0\.\d\d)", said) == [f"{first:.2f}", f"{second:.2f}"]
    linked = re.findall(r'href="#([^"]+)">([^<]+)<', one.sentence)
    cells = {row.cells[0].id: row.cells[0].text for row in one.table.groups[0].rows}
    assert [cells[name] for name, _ in linked] == [text for _, text in linked]


def test_what_rests_on_the_prior_is_neither_sure_nor_unmarked(answers: Answers) -> None:
    key = Key("direct", "average", "y", "x")
    changed = replace(
        answers, estimates=answers.estimates | {key: answers.estimates[key]._replace(rests_on_prior=True)}
    )
    settled, left_open = driven_outcomes(answers)[0], driven_outcomes(changed)[0]
    assert not settled.table.has_marks
    assert [row.cells[0].mark for row in left_open.table.groups[0].rows] == [True, False, False]
    said = left_open.sentence
    assert "†" in said
    assert "most likely has the greatest impact" in said
    assert "The evidence leaves this open: the effect rests mostly on the prior" in said
    assert "rests mostly" not in settled.sentence


def test_outcomes_with_most_drivers_are_chosen_and_the_last_comes_first() -> None:
    text = "m ~ a + b + c; n ~ a + b + c + m; o ~ a + b + c + m + n; q ~ a + b + c + m + o; y ~ a + b + q; z ~ y + a"
    driven = driven_outcomes(gather(study(text)))
    assert [one.outcome for one in driven] == ["y", "q", "o", "n"]
    assert drivers_title(driven) == "What drives each outcome"
    assert drivers_title(driven[:1]) == "What drives y"


def test_the_page_shows_both_pictures_and_stays_text(written: Written) -> None:
    page = written(study(TEXT, tuple(VALUES.items())))
    assert not page.all("script")
    section = page.by_id("drivers")
    inside = page.within(section)
    assert sum(e.tag == "svg" for e in inside) == 8  # ranks and shares of two outcomes, twice
    assert [e.text for e in inside if e.tag == "h3"] == ["What drives y", "What drives p"]
    assert f'Price & "{SCRIPT}" has the greatest impact on y' in page.by_id("findings").text
    cells = {cell.id: cell.text for cell in page.all("td") if cell.id}
    links = [a for a in page.all("a", **{"class": "figure"}) if a.attributes["href"].startswith("#first-")]
    assert len(links) == 2 * 3  # one of y, two of p; as a headline and in the section
    assert all(cells[link.attributes["href"][1:]] == link.text for link in links)
    assert "Grömping" in page.by_id("citations").text


COVARYING = "w ~ a + c; y ~ a + b + w; y ~~ w"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (COVARYING, "the residual of y covaries with one of them"),
        (
            f"y ~ {' + '.join(f'x{i}' for i in range(11))}",
            "Eleven drivers are too many to part R² among each by itself",
        ),
    ],
)
def test_shares_that_cannot_be_told_are_left_out_with_a_reason(text: str, said: str) -> None:
    driven = driven_outcomes(gather(study(text)))
    assert drivers_title(driven) == "What drives y"
    (one,) = driven
    assert said in one.why_no_shares
    assert one.shares is None
    assert one.table.headers == ("P(greatest)", "mean rank")


def test_a_page_without_shares_gives_the_reason_and_cites_nobody_for_them(written: Written) -> None:
    page = written(study(COVARYING))
    section = page.by_id("drivers")
    assert page.by_id("h-drivers").text == "What drives y"
    assert driven_outcomes(gather(study(COVARYING)))[0].why_no_shares in section.text
    assert sum(e.tag == "svg" for e in page.within(section)) == 2
    assert "share of R²" not in section.text
    assert "Lindeman" not in page.by_id("citations").text
    assert "Grömping" not in page.by_id("citations").text


def test_nothing_is_said_of_two_drivers(example_fit: bcx.Fit) -> None:
    assert driven_outcomes(gather(example_fit)) == []
