"""The report on choices: every number in a sentence stands in its table, names stay text, nothing is fetched."""

from __future__ import annotations

import dataclasses
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.choices import (
    ChoiceCounts,
    ChoiceFit,
    choice_asymmetry,
    choice_effects,
    choice_probabilities,
    choice_ratio,
    choice_slopes,
    choice_thresholds,
    fit_choices,
)
from bayescx.choices.comparable import slopes_in_sds
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands import direct_effects, summarize
from bayescx.report.choices import write_choice_report
from bayescx.report.choices_answers import choices_table, spreads_of, thinned
from bayescx.spec import parse_model
from tests.choices.conftest import MODEL
from tests.choices.worlds import NAMES, rows, simulated
from tests.report.page import Element, Page

SCRIPT = "<script>alert(1)</script>"
ODD = (SCRIPT, "../../x", "$x$", "x" * 200)


def short_fit(counts: ChoiceCounts) -> ChoiceFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit_choices(counts, draws=100, tune=200, chains=2, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def gaussian() -> bcx.Fit:
    frame = rows(3, (30, 600, 900), 1)
    frame["after"] = frame["after"].map({"disloyal": 1, "neutral": 2, "loyal": 3})
    evidence = bcx.Evidence.from_rows(frame, organization="organization", n_planned=5)
    return bcx.fit(bcx.parse_model(MODEL), evidence, draws=500, tune=500, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def page(choice_fit: ChoiceFit, gaussian: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Page:
    file = write_choice_report(choice_fit, tmp_path_factory.mktemp("report") / "choices.html", gaussian, ci_prob=0.9)
    return Page(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    frame = rows(3, (50, 60, 60, 60), 1).rename(columns={"effort": SCRIPT, "issue": "<b>i</b>"})
    frame["after"] = frame["after"].replace(dict(zip(NAMES[3], ODD[:3], strict=True)))
    frame["organization"] = frame["organization"].replace({f"org_{j + 1}": name for j, name in enumerate(ODD)})
    model = parse_model(
        f"after ~ `{SCRIPT}` + category(`<b>i</b>`, question, billing)\n#: after = after <i>that</i>", name="odd"
    )
    counts = ChoiceCounts.from_rows(frame, model, organization="organization", categories=ODD[:3], n_planned=40)
    fit = dataclasses.replace(short_fit(counts), simulated=True)
    file = write_choice_report(fit, tmp_path_factory.mktemp("report") / "odd.html")
    return Page(file.read_text(encoding="utf-8"))


def numbers_of(text: str) -> list[str]:
    return re.findall(r"−?\d[\d,]*\.\d+", text)


def floats(text: str) -> list[float]:
    return [float(one.replace("−", "-").replace(",", "")) for one in numbers_of(text)]


def cells_of(page: Page, caption: str, label: str, group: str = "") -> list[str]:
    (table,) = page.all("table", **{"aria-labelledby": f"caption-{caption}"})
    found: list[list[str]] = []
    heading = ""
    for row in (one for one in page.within(table) if one.tag == "tr"):
        parts: list[Element] = page.within(row)
        if any(one.attributes.get("scope") == "rowgroup" for one in parts):
            heading = row.text.strip()
        elif any(one.tag == "th" and one.text == label for one in parts) and group in heading:
            found.append([one.text for one in parts if one.tag == "td"])
    (only,) = found
    return only


def expected_of(draws: Any, ci: int = 90) -> list[float]:
    row = summarize(draws, ci / 100, kind="stats").iloc[0]
    return [row["mean"], row[f"eti{ci}_lb"], row[f"eti{ci}_ub"]]


@pytest.mark.parametrize("which", ["page", "hostile"])
def test_every_figure_of_a_sentence_is_that_of_its_cell(which: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(which)
    links = [link for link in page.all("a") if link.attributes.get("class") == "figure"]
    assert len(links) >= 14
    for link in links:
        cell = page.by_id(link.attributes["href"].removeprefix("#"))
        assert cell.tag == "td"
        assert numbers_of(cell.text)[0] == link.text
    for one in page.all("span", **{"class": "bounds"}):
        assert numbers_of(page.by_id(one.attributes["data-cell"]).text)[1:] == numbers_of(
            one.text.partition("interval")[2] or one.text
        )
    ids = [element.id for element in page.elements if element.id]
    assert len(ids) == len(set(ids))


def test_tables_hold_what_the_functions_return(page: Page, choice_fit: ChoiceFit) -> None:
    close: dict[str, Any] = {"atol": 6e-3}
    for i, target in enumerate(("typical", "average", "new")):
        shares = choice_probabilities(choice_fit, target=target)  # type: ignore[arg-type]
        found = floats(cells_of(page, "shares", "neutral")[i])
        np.testing.assert_allclose(found, expected_of(shares.sel(category="neutral")), **close)
        ratio = choice_ratio(choice_fit, "disloyal", "loyal", target)  # type: ignore[arg-type]
        found = floats(cells_of(page, "shares", "disloyal to loyal")[i])
        np.testing.assert_allclose(found, [float(ratio.median()), *expected_of(ratio)[1:]], **close)
        slopes = choice_slopes(choice_fit, target)  # type: ignore[arg-type]
        for term, words in (("effort", "effort"), ("issue[billing]", "issue: billing")):
            np.testing.assert_allclose(
                floats(cells_of(page, "slopes", words)[i]), expected_of(slopes.sel(term=term)), **close
            )
        kink = choice_asymmetry(choice_fit, "expectations", target)["difference"]  # type: ignore[arg-type]
        np.testing.assert_allclose(floats(cells_of(page, "slopes", "expectations")[i]), expected_of(kink), **close)
        cuts = choice_thresholds(choice_fit, target).sel(threshold="neutral | loyal")  # type: ignore[arg-type]
        np.testing.assert_allclose(
            floats(cells_of(page, "thresholds", "neutral | loyal")[i]), expected_of(cuts), **close
        )
    effects = choice_effects(choice_fit, "issue[billing]").sel(category="loyal")
    np.testing.assert_allclose(floats(cells_of(page, "effects", "issue: billing")[2]), expected_of(effects), **close)
    own = choice_probabilities(choice_fit).sel(organization="org_2", category="disloyal")
    asked, disloyal = cells_of(page, "each-shares", "org_2")[:2]
    assert asked == "600"
    np.testing.assert_allclose(floats(disloyal), expected_of(own), **close)
    slope = choice_slopes(choice_fit).sel(organization="org_3", term="effort")
    np.testing.assert_allclose(floats(cells_of(page, "each-slopes", "org_3", "effort")[0]), expected_of(slope), **close)


def test_the_gaussian_model_stands_beside_it_in_sds_of_the_outcome(
    page: Page, choice_fit: ChoiceFit, gaussian: bcx.Fit
) -> None:
    probit, normal = cells_of(page, "compared", "effort")
    slopes = slopes_in_sds(choice_fit, "average").sel(term="effort")
    np.testing.assert_allclose(floats(probit), expected_of(slopes), atol=6e-3)
    frame = rows(3, (30, 600, 900), 1)
    numbers = frame["after"].map({"disloyal": 1.0, "neutral": 2.0, "loyal": 3.0})
    within = numbers - numbers.groupby(frame["organization"]).transform("mean")
    sd = np.sqrt((within**2).sum() / (len(frame) - 3))
    raw = direct_effects(gaussian, "average", standardized=False).sel(path="after~effort", drop=True)
    np.testing.assert_allclose(floats(normal), expected_of(raw / sd), atol=6e-3)
    assert floats(probit)[0] == pytest.approx(floats(normal)[0], abs=0.06)
    said = page.by_id("findings").text
    assert "in a Gaussian model of the same answers as numbers" in said
    assert "Of four slopes," in said


def test_sds_of_the_latent_answer_are_those_of_its_parts(choice_fit: ChoiceFit) -> None:
    counts = choice_fit.counts
    weights = counts.answers.sum(axis=1)
    frame = pd.DataFrame(np.repeat(counts.x, weights, axis=0)).groupby(np.repeat(counts.organization, weights))
    centred = frame.transform(lambda one: one - one.mean()).to_numpy()
    beta = choice_slopes(choice_fit).isel(chain=0, draw=3, organization=1).values
    variance = 1 + (centred @ beta).var() * len(centred) / (len(centred) - 3)
    found = slopes_in_sds(choice_fit, "organization").isel(chain=0, draw=3, organization=1).values
    np.testing.assert_allclose(found, beta / np.sqrt(variance), rtol=1e-10)


def test_names_stay_text_and_the_page_needs_nothing_else(hostile: Page) -> None:
    page = hostile
    assert not page.all("script")
    assert not page.all("i")
    assert SCRIPT not in page.source
    assert page.by_id("each").text.count("x" * 200) == 2
    for element in page.elements:
        for name in ("src", "href"):
            assert not element.attributes.get(name, "").startswith(("http", "//"))
    inner = {element.id for element in page.elements}
    assert all(a.attributes["href"].removeprefix("#") in inner for a in page.all("a"))


def test_what_is_simulated_open_or_not_converged_is_said(hostile: Page, page: Page) -> None:
    assert "nobody was asked" in hostile.all("p", **{"class": "simulated"})[0].text
    assert "After <i>that</i>: 4 of 40 organizations" in hostile.all("h1")[0].text
    assert "Not converged" in hostile.all("p", **{"class": "problem"})[0].text
    assert not page.all("p", **{"class": "simulated"})
    assert not page.all("p", **{"class": "problem"})
    assert "Nobody is 'disloyal': org_1." in page.by_id("answers").text
    assert "R-hat" in page.by_id("method").text
    assert "rests mostly on the prior" in cells_of(page, "shares", "loyal")[2]
    assert "rests mostly on the prior" not in cells_of(page, "slopes", "effort")[1]
    assert len(page.all("figure")) == 3


def test_one_organization_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    fit = short_fit(simulated("after ~ effort", 2, sizes=(90,)))
    one, other = (write_choice_report(fit, tmp_path / f"{name}.html", title="A & B") for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    page = Page(one.read_text(encoding="utf-8"))
    assert "<title>A &amp; B</title>" in page.source
    assert "in this organization" in page.by_id("findings").text
    assert "nothing in which it could differ" in page.by_id("each").text
    assert len(cells_of(page, "shares", "leave")) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_what_is_no_report(choice_fit: ChoiceFit, gaussian: bcx.Fit, example_fit: bcx.Fit, tmp_path: Path) -> None:
    for path, message in (("a.csv", r"a report is an \.html file"), ("nowhere/a.html", "a folder that is there")):
        with pytest.raises(FitError, match=message):
            write_choice_report(choice_fit, tmp_path / path)
    with pytest.raises(FitError, match="ci_prob must lie between"):
        write_choice_report(choice_fit, tmp_path / "a.html", ci_prob=95)
    with pytest.raises(FitError, match="a ChoiceFit is needed"):
        write_choice_report("fit", tmp_path / "a.html")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="gaussian must be a Fit"):
        write_choice_report(choice_fit, tmp_path / "a.html", choice_fit)  # type: ignore[arg-type]
    with pytest.raises(FitError, match="no equation of just these terms"):
        write_choice_report(choice_fit, tmp_path / "a.html", example_fit)
    other = dataclasses.replace(choice_fit, counts=dataclasses.replace(choice_fit.counts, n_planned=9))
    with pytest.raises(FitError, match="another number planned"):
        write_choice_report(other, tmp_path / "a.html", gaussian)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------ the numbers


def test_a_row_for_each_number(choice_fit: ChoiceFit) -> None:
    table = choices_table(choice_fit, ["average", "organization"], 0.8)
    sizes = table.groupby("quantity", sort=False).size().to_dict()
    assert sizes == {"share": 12, "ratio": 4, "slope": 16, "slope_difference": 4, "larger_below": 4, "threshold": 8}
    assert set(table.loc[table["target"] == "average", "organization"]) == {""}
    own = table.query("quantity == 'slope' and name == 'effort' and organization == 'org_2'")
    draws = choice_slopes(choice_fit).sel(organization="org_2", term="effort")
    assert own["mean"].item() == pytest.approx(float(draws.mean()))
    assert own["median"].item() == pytest.approx(float(draws.median()))
    assert {"eti80_lb", "eti80_ub", "r_hat", "rests_on_prior"} <= set(table)


def test_marks_follow_how_much_was_learned() -> None:
    few = short_fit(simulated("after ~ effort", sizes=(20, 20), n_planned=9))
    table = choices_table(few, ["typical", "new"], kind="stats").set_index(["quantity", "name", "target"])
    assert spreads_of(few)["rests_on_prior"].all()
    assert table["rests_on_prior"].xs("new", level="target").all()
    assert not table.loc[("slope", "effort", "typical"), "rests_on_prior"]
    many = short_fit(simulated("after ~ effort", sizes=(150,) * 25))
    assert not spreads_of(many)["rests_on_prior"].any()
    assert not choices_table(many, kind="stats")["rests_on_prior"].any()


def test_many_patterns_are_told_by_fewer_draws(
    choice_fit: ChoiceFit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert thinned(choice_fit) is choice_fit
    monkeypatch.setattr("bayescx.report.choices_answers._MANY_CELLS", 1000)
    assert thinned(choice_fit).posterior.sizes["draw"] == 100
    text = write_choice_report(choice_fit, tmp_path / "few.html").read_text(encoding="utf-8")
    assert "rest on 400 of 2,000 draws." in text
