"""What explains one outcome and what another, in a report: the parts are those of the estimand, in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.report.answers import gather
from bayescx.report.pairs import OutcomePair, outcome_pair
from tests.report.page import Page

EQUATION = "effort + wait + price + fixed(value)"
TEXT = (
    f"loyal ~ {EQUATION}\nleaves ~ {EQUATION}\n#: [the <b>service</b>] = effort, wait\n#: leaves = intention to leave"
)
SERVICE = "the <b>service</b>"


@cache
def fitted(text: str = TEXT) -> bcx.Fit:
    """Three organizations; service explains most of leaving, price most of loyalty."""
    rng = np.random.default_rng(3)
    moments = {}
    for name in ("north", "south", "east"):
        x = rng.standard_normal((400, 4))
        loyal = x @ [0.1, 0.1, 0.7, 0.3] + rng.standard_normal(400)
        leaves = x @ [0.6, 0.5, 0.1, 0.1] + rng.standard_normal(400)
        names = ["effort", "wait", "price", "value", "loyal", "leaves"]
        frame = pd.DataFrame(np.column_stack([x, loyal, leaves]), columns=names)
        moments[name] = bcx.SampleMoments(400, frame.mean(), frame.cov())
    evidence = bcx.Evidence.from_moments(moments, n_planned=4)
    return bcx.fit(bcx.parse_model(text, name="pair"), evidence, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def pair() -> OutcomePair:
    found = outcome_pair(gather(fitted(), 0.95))
    assert found is not None
    return found


def test_parts_are_those_of_the_estimand(pair: OutcomePair) -> None:
    assert pair.outcomes == ("leaves", "loyal")
    groups = {SERVICE: ["effort", "wait"]}
    shares = bcx.share_differences(fitted(), pair.outcomes, groups, target="average")
    mean = shares["share"].mean(("chain", "draw"))
    (rows,) = pair.table.groups
    assert [row.label for row in rows.rows] == [SERVICE, "price", "value"]
    for row in rows.rows:
        for shown, outcome in zip(row.cells, pair.outcomes, strict=False):
            assert float(shown.text) == pytest.approx(float(mean.sel(outcome=outcome, group=row.label)), abs=0.006)


def test_the_sentence_names_the_group_that_differs_most_and_escapes_it(pair: OutcomePair) -> None:
    said = str(pair.sentence)
    assert "the &lt;b&gt;service&lt;/b&gt; has" in said
    assert said.index("intention to leave") < said.index("explained of loyal")
    assert "its part is larger in the former" in said
    assert "&gt;\N{NO-BREAK SPACE}0.99" in said


def test_the_section_stands_in_the_report(written: Callable[[bcx.Fit], Page]) -> None:
    page = written(fitted())
    assert "What explains the one and what the other" in page.source
    assert "Parts of what is explained of intention to leave and of loyal" in page.source


def test_outcomes_with_other_predictors_or_nothing_to_group_are_not_compared(example_fit: bcx.Fit) -> None:
    assert outcome_pair(gather(example_fit, 0.95)) is None
    plain = fitted(f"loyal ~ {EQUATION}\nleaves ~ {EQUATION}")
    assert outcome_pair(gather(plain, 0.95)) is None
