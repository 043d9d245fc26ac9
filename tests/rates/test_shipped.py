"""The shipped shares of the study of effort: they are the facts, and their posteriors lie near the prints."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bayescx.datasets import list_evidence, list_rates, rates_document
from bayescx.errors import EvidenceError
from bayescx.rates import (
    RateQuestion,
    RatesFit,
    category_rates,
    group_rate_ratio,
    load_rates,
    predicted_rates,
    rate_ratio,
)

README = Path(__file__).parents[2] / "data" / "published" / "README.md"


@pytest.fixture(scope="module")
def questions() -> dict[str, RateQuestion]:
    return load_rates("effort_published")


@pytest.fixture(scope="module")
def fits(questions: dict[str, RateQuestion]) -> dict[str, RatesFit]:
    return {name: one.fit(draws=500) for name, one in questions.items()}


def test_the_figures_are_those_that_were_printed(questions: dict[str, RateQuestion]) -> None:
    facts = {
        (name, one.statistic, one.categories, one.relative_to, one.group, one.value)
        for name, question in questions.items()
        for one in question.figures
    }
    assert facts == {
        ("expectations", "share", ("not exceeded",), (), None, 0.84),
        ("intentions", "share", ("intends to leave",), (), "satisfied", 0.20),
        ("intentions", "share", ("intends to stay",), (), "dissatisfied", 0.28),
        ("after_an_interaction", "ratio", ("disloyal",), ("loyal",), None, 4),
    }


def test_what_was_not_printed_is_stated_as_an_assumption(questions: dict[str, RateQuestion]) -> None:
    for question in questions.values():
        assert question.counts.n_planned == 30
        assert not question.counts.organizations
        for one in question.figures:
            assert (one.organizations, one.rule, one.use) == (30, "pooled", "evidence")
            assert one.n_obs in (75_000, (7500, 67_500))
            assert one.wording.startswith("[paraphrased] ")
            assert "more than 75,000 B2C and B2B customers over three years" in one.source
    text = rates_document("effort_published").read_text(encoding="utf-8")
    assert "30, which is an assumption" in text
    assert "30, which is an assumption" in README.read_text(encoding="utf-8")


def test_posteriors_lie_near_the_prints(fits: dict[str, RatesFit]) -> None:
    for fit in fits.values():
        behind = predicted_rates(fit)
        found = behind.quantile([0.025, 0.5, 0.975], ("chain", "draw"))
        steps = np.array([one.rounded_to for one in fit.published])
        printed = behind["published"].values
        assert (np.abs(found.sel(quantile=0.5) - printed) < steps / 2).all()
        assert (found.sel(quantile=0.025) > printed - steps).all()
        assert (found.sel(quantile=0.975) < printed + steps).all()


def test_an_average_is_known_and_a_new_company_is_not(fits: dict[str, RatesFit]) -> None:
    widths = {}
    for target in ("average", "typical", "new"):
        share = category_rates(fits["expectations"], target, category="not exceeded")  # type: ignore[arg-type]
        low, high = share.quantile([0.025, 0.975]).values
        widths[target] = high - low
    assert widths["average"] < 0.02 < widths["typical"] < 0.1 < 0.2 < widths["new"]
    ratio = group_rate_ratio(fits["intentions"], "intends to leave", "dissatisfied", "satisfied")
    assert float(ratio.median()) == pytest.approx(0.72 / 0.20, abs=0.1)


def test_a_ratio_leaves_its_shares_open(fits: dict[str, RatesFit]) -> None:
    fit = fits["after_an_interaction"]
    assert float(rate_ratio(fit, "disloyal", "loyal").median()) == pytest.approx(4, abs=0.15)
    neutral = category_rates(fit, "typical", category="neutral")
    assert float(neutral.std()) > 0.2


def test_the_note_prints_what_is_found(fits: dict[str, RatesFit]) -> None:
    text = re.sub(r"\s+", " ", README.read_text(encoding="utf-8"))
    share = {
        target: category_rates(fits["expectations"], target, category="not exceeded").quantile([0.025, 0.975]).values  # type: ignore[arg-type]
        for target in ("typical", "new")
    }
    typical = re.search(r"(\.\d\d) and (\.\d\d) with 30", text)
    new = re.search(r"such as (\.\d\d) to (\.\d\d) for that share", text)
    for found, printed in ((share["typical"], typical), (share["new"], new)):
        assert printed is not None
        np.testing.assert_allclose(found, [float(one) for one in printed.groups()], atol=0.02)
    from scipy.stats import beta

    jeffreys = beta(89.5, 11.5)
    assert "the share is .89 with a 95 % interval from .82 to .94" in text
    np.testing.assert_allclose([jeffreys.mean(), *jeffreys.ppf([0.025, 0.975])], [0.89, 0.82, 0.94], atol=0.005)


def test_shares_are_not_taken_for_evidence_nor_evidence_for_shares() -> None:
    assert list_rates() == ["effort_published"]
    assert "effort_published" not in list_evidence()
    assert {"effort", "value_creation_published", "drivers_published"} <= set(list_evidence())


def test_other_names_are_refused_with_what_ships(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="did you mean 'effort_published'"):
        load_rates("effort_publishd")
    with pytest.raises(EvidenceError, match=r"shipped: effort_published; read_rates\(path\)"):
        load_rates("value_creation")
    with pytest.raises(EvidenceError, match="neither a file nor a shipped document"):
        rates_document("nothing")
    assert rates_document("some.toml") == Path("some.toml")
