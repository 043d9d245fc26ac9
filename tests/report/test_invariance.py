"""Whether items mean the same everywhere: who is flagged is named, and nothing is said where loadings are shared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

import bayescx as bcx
from bayescx.estimands.loading_differences import differing_items, loading_differences
from bayescx.report.answers import Answers, gather
from bayescx.report.invariance import Invariance, invariance
from tests.drifting import drifting
from tests.estimands.brute import fit_of
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]
SCRIPT = "<script>alert(1)</script>"
TEXT = f"f =~ x1 + x2 + x3; g =~ y1 + y2\n#: x2 = feels {SCRIPT}"
ORGANIZATIONS = ("north", "<b>south</b>", "east")
DRIFTS = {("north", "f=~x2"): -0.4, ("<b>south</b>", "f=~x2"): 0.3, ("east", "g=~y1"): 0.5}


def told(fit: bcx.Fit) -> Invariance:
    """Of a fit made by hand, whose other answers nobody asks for."""
    found = invariance(Answers(fit, 0.95, (), {}, {}, {}, {}, {}))
    assert found is not None
    return found


def linked(found: Invariance) -> dict[str, str]:
    """Cell ids that sentences point to, and what stands there."""
    texts = " ".join([found.sentence, *found.items])
    return {
        name: text.replace("&gt;", ">").replace("&lt;", "<") for name, text in re.findall(r'#([^"]+)">(.*?)</a>', texts)
    }


def cells(found: Invariance) -> dict[str, str]:
    tables = [found.spread] + ([found.where] if found.where else [])
    rows = [row for table in tables for group in table.groups for row in group.rows]
    return {cell.id: cell.text for row in rows for cell in row.cells if cell.id}


def test_flagged_items_are_named_with_organization_and_probability() -> None:
    fit = drifting(TEXT, ORGANIZATIONS, DRIFTS)
    found = told(fit)
    assert found.sentence.startswith("Two items measure differently somewhere: their loading differs from")
    assert [text.striptags() for text in found.items] == [
        f"feels {SCRIPT} (f): more in <b>south</b> (probability > 0.99); less in north (probability > 0.99)",
        "y1 (g): more in east (probability > 0.99)",
    ]
    assert "<b>" not in "".join(found.items)
    assert linked(found).items() <= cells(found).items()
    assert found.where is not None
    labels = [(group.heading, row.label) for group in found.where.groups for row in group.rows]
    expected = differing_items(fit)
    expected = expected[expected["organization"] != ""]
    assert len(labels) == len(expected) == 3
    assert {heading for heading, _ in labels} == {f"feels {SCRIPT} (f)", "y1 (g)"}


def test_where_none_is_flagged_equality_is_not_claimed() -> None:
    fit = drifting(TEXT, ORGANIZATIONS)
    found = told(fit)
    assert found.where is None
    assert found.items == ()
    likeliest = differing_items(fit).iloc[0]
    assert "That is no proof that all are equal" in found.sentence
    assert f"most likely differs somewhere is {fit.model.in_words(likeliest['item'])}" in found.sentence.striptags()
    assert linked(found).items() <= cells(found).items()


def test_long_lists_are_cut_in_words_and_whole_in_the_table() -> None:
    names = [f"org {i}" for i in range(7)]
    text = f"f =~ {' + '.join(f'x{i}' for i in range(10))}"
    drifts = {(name, f"f=~x{i}"): 0.4 for name in names for i in range(10)}
    found = told(drifting(text, names, drifts))
    assert len(found.items) == 9
    assert found.items[0].striptags().endswith("and three more in the table")
    assert found.items[-1] == "and two items in the table below"
    assert found.where is not None
    assert sum(len(group.rows) for group in found.where.groups) == 70


def test_the_table_has_every_loading_in_the_order_of_the_model() -> None:
    fit = fit_of("factors, loadings pooled")
    found = loading_differences(fit)
    answered = invariance(gather(fit))
    assert answered is not None
    rows = [(group.heading, row) for group in answered.spread.groups for row in group.rows]
    assert [(factor, row.label) for factor, row in rows] == list(
        zip(found["factor"].values.tolist(), found["item"].values.tolist(), strict=True)
    )
    for i, (_, row) in enumerate(rows):
        spread, somewhere = row.cells
        assert float(spread.text) == pytest.approx(found["tau"].values[..., i].mean(), abs=0.00501)
        chance = float(found["differs_somewhere"][i])
        assert float(somewhere.text.lstrip("<>\u00a0")) == pytest.approx(chance, abs=0.0101)


def test_the_sd_is_marked_where_draws_are_as_wide_as_the_prior() -> None:
    fit = drifting(TEXT, ORGANIZATIONS)
    posterior = fit.posterior.copy(deep=True)
    prior = fit.priors.loading_sd.distribution()
    posterior["loading_tau"][..., 0] = prior.rvs(size=posterior["loading_tau"].shape[:2], random_state=1)
    tree = fit.tree.copy()
    tree["posterior"] = type(tree)(posterior)
    changed = told(replace(fit, tree=tree))
    marks = [row.cells[0].mark for group in changed.spread.groups for row in group.rows]
    assert marks == [True, False, False, False, False]


def test_the_page_holds_together(written: Written) -> None:
    page = written(fit_of("factors, loadings pooled"))
    ids = Counter(element.id for element in page.elements if element.id)
    assert [name for name, times in ids.items() if times > 1] == []
    for link in page.all("a"):
        target = link.attributes["href"]
        assert not target.startswith("#") or target[1:] in ids
    section = page.by_id("invariance")
    assert sum(e.tag == "svg" for e in page.within(section)) == 2
    assert [a.attributes["href"][1:] for a in page.all("a") if a.inside("nav")] == [s.id for s in page.all("section")]


@pytest.mark.parametrize("name", ["factors", "two correlated causes"])
def test_shared_loadings_do_not_differ(name: str) -> None:
    assert invariance(gather(fit_of(name))) is None


def test_one_organization_has_nobody_to_differ_from() -> None:
    assert invariance(Answers(drifting(TEXT, ("north",)), 0.95, (), {}, {}, {}, {}, {})) is None
