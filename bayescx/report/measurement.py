"""How well items measure their factors: what reviewers ask for, in words, and which factors fall short of custom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.estimands.measurement import measurement_of
from bayescx.estimands.reliability import FACTOR, average_variance_extracted, measurement_quality, reliability
from bayescx.report.answers import Answers, Estimate, estimate_of
from bayescx.report.prose import linked
from bayescx.report.tables import Cell, Group, Row, Table, share_cell
from bayescx.wording import chance, counted, enumeration, interval_name, share, target_words

__all__ = ["Measured", "measured_factors"]

_OMEGA, _AVE, _HTMT = 0.7, 0.5, 0.85
"""Limits that are customary: reliability and variance extracted above, the ratio of correlations below."""

_OMEGA_MEANS = (
    "ω (omega) is the reliability of the sum of a factor's items: the share of its variance that is due to the factor."
)
_AVE_MEANS = (
    "AVE, the average variance extracted, is the share of an item's variance that its factor explains, averaged over "
    "the items."
)
_FORNELL_LARCKER_MEANS = (
    "AVE > r² is the probability that a factor explains more of its items than it shares with the factor that it "
    "correlates with most (the criterion of Fornell and Larcker)."
)
_HTMT_MEANS = (
    "HTMT compares items across factors with items within: their mean correlation with the items of another factor, "
    "relative to that among items of the same factor; the largest over other factors."
)
_LIMIT_MEANS = f"HTMT < {_HTMT} is the probability that this largest ratio is below {_HTMT}."


@dataclass(frozen=True)
class Measured:
    """The table of factors, what its columns mean, which factors fall short, and whether several were compared."""

    table: Table
    meanings: tuple[str, ...]
    verdict: Markup
    has_htmt: bool


@dataclass(frozen=True)
class _Factor:
    """A factor in words and its figures; nan where there is no other factor to compare with."""

    name: str
    items: int
    omega: Estimate
    ave: Estimate
    fornell_larcker: float
    htmt: float
    htmt_id: str
    below: float


def measured_factors(answers: Answers) -> Measured | None:
    """How well items measure; None where no factor has two items with errors, or nothing can be averaged."""
    fit = answers.fit
    if answers.main is None:
        return None
    try:
        measurement_of(fit)
    except FitError:
        return None
    factors = _factors(answers)
    is_compared = any(not math.isnan(one.fornell_larcker) for one in factors)
    has_htmt = len(factors) > 1
    meanings = [_OMEGA_MEANS, _AVE_MEANS]
    meanings += [_FORNELL_LARCKER_MEANS] if is_compared else []
    meanings += [_HTMT_MEANS, _LIMIT_MEANS] if has_htmt else []
    table = _table(answers, factors, is_compared, has_htmt)
    return Measured(table, tuple(meanings), _verdict(factors, has_htmt), has_htmt)


def _factors(answers: Answers) -> list[_Factor]:
    fit, ci_prob = answers.fit, answers.ci_prob
    target: Any = answers.main
    quality: pd.DataFrame = measurement_quality(fit, target, ci_prob)
    draws = {"omega": reliability(fit, target), "ave": average_variance_extracted(fit, target)}
    found = {name: summarize(one, ci_prob, kind="stats").set_index(FACTOR) for name, one in draws.items()}
    out = []
    for number, row in enumerate(quality.to_dict("records")):
        omega, ave = (
            estimate_of(found[name].loc[row[FACTOR]].to_dict(), f"{name}-{number}") for name in ("omega", "ave")
        )
        words = fit.model.in_words(row[FACTOR])
        named = (f"htmt-{number}", row["p_htmt_85"])
        out.append(_Factor(words, row["items"], omega, ave, row["p_fornell_larcker"], row["htmt"], *named))
    return out


def _table(answers: Answers, factors: list[_Factor], is_compared: bool, has_htmt: bool) -> Table:
    headers = ["ω", "AVE"]
    headers += ["AVE > r²"] if is_compared else []
    headers += ["HTMT", f"HTMT < {_HTMT}"] if has_htmt else []
    rows = []
    for one in factors:
        cells = [share_cell(one.omega), share_cell(one.ave)]
        cells += [Cell(chance(one.fornell_larcker))] if is_compared else []
        cells += [Cell(share(one.htmt), id=one.htmt_id), Cell(chance(one.below))] if has_htmt else []
        rows.append(Row(f"{one.name} ({counted(one.items, 'item')})", tuple(cells)))
    whom = target_words(answers.fit, str(answers.main), short=True)
    return Table(
        "measurement",
        "How well items measure",
        f"Posterior means with the {interval_name(answers.ci_prob)} of ω and AVE, and probabilities, for the {whom}: "
        "figures are averaged over organizations before they are compared.",
        "factor",
        tuple(headers),
        (Group("", tuple(rows)),),
    )


def _verdict(factors: list[_Factor], has_htmt: bool) -> Markup:
    """Which factors are beyond the customary limits, with the figures."""
    limits = [f"ω should be at least {_OMEGA}", f"AVE at least {_AVE}"] + ([f"HTMT below {_HTMT}"] if has_htmt else [])
    custom = f"By convention {enumeration(limits)}; these limits are customs, not tests."
    short = [(one.name, said) for one in factors if (said := _shortfalls(one))]
    if not short:
        return Markup("{custom} No factor falls short of them.").format(custom=custom)
    fall = Markup("; ").join(
        Markup("{name} ({said})").format(name=name, said=Markup(", ").join(said)) for name, said in short
    )
    factor = "These factors fall" if len(short) > 1 else "One factor falls"
    return Markup("{custom} {factor} short of them: {fall}.").format(custom=custom, factor=factor, fall=fall)


def _shortfalls(one: _Factor) -> list[Markup]:
    """The figures of a factor that are beyond a limit, and whether the posterior leaves that open."""
    said = []
    for name, estimate, limit in (("ω", one.omega, _OMEGA), ("AVE", one.ave, _AVE)):
        if estimate.mean < limit:
            is_open = f", its interval holds {limit}" if estimate.upper >= limit else ""
            figure = linked(estimate.id, share(estimate.mean), rests_on_prior=estimate.rests_on_prior)
            said.append(Markup("{name} {figure}{is_open}").format(name=name, figure=figure, is_open=is_open))
    if one.htmt >= _HTMT:
        chances = Markup(", below {limit} with probability {below}").format(limit=_HTMT, below=chance(one.below))
        said.append(Markup("HTMT ") + linked(one.htmt_id, share(one.htmt)) + chances)
    return said
