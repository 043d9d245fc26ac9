"""What drives an outcome: which driver has the greatest impact, how sure that is, and what each explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from bayescx.coding import Category
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.estimands.ranks import DRIVER, RANK, rank_probabilities
from bayescx.estimands.shares import GROUP, MOST_GROUPS, explained_shares
from bayescx.fitted import Fit
from bayescx.plots.rank_probabilities import plot_ranks
from bayescx.plots.shares import plot_shares
from bayescx.report.answers import Answers, Estimate, estimate_of
from bayescx.report.controls import control_paths
from bayescx.report.pictures import both
from bayescx.report.prose import Finding, about_whom, capital, linked
from bayescx.report.tables import Cell, Group, Row, Table, share_cell
from bayescx.wording import chance, enumeration, interval_name, numeral, target_words

__all__ = ["Driven", "driven_outcomes", "drivers_finding", "drivers_title"]

_FEWEST, _MOST_OUTCOMES = 3, 4
_LIKELY, _SURE = 0.8, 0.95
"""From these probabilities on a driver is said to be most likely the first, and to be the first."""


@dataclass(frozen=True)
class Driven:
    """One outcome: a sentence, the ranks of its drivers, and, where R-squared can be parted, their shares of it.

    Shares of groups of predictors have a table of their own.
    """

    outcome: str
    words: str
    sentence: Markup
    table: Table
    ranks: dict[str, Any]
    shares: dict[str, Any] | None
    why_no_shares: str
    grouped: Table | None = None


def driven_outcomes(answers: Answers) -> list[Driven]:
    """The outcomes with three or more drivers; none where nothing can be said of organizations together.

    Controls are no drivers, neither are levels of a category; the parts of a variable below and above a knot are two.
    """
    if answers.main is None:
        return []
    return [_driven(answers, outcome, number) for number, outcome in enumerate(_outcomes(answers.fit))]


def drivers_title(driven: list[Driven]) -> str:
    """What the section is called."""
    return f"What drives {driven[0].words if len(driven) == 1 else 'each outcome'}"


def drivers_finding(driven: list[Driven]) -> list[Finding]:
    """The sentences as a headline."""
    return [Finding("Which driver matters most", tuple(one.sentence for one in driven))] if driven else []


def _outcomes(fit: Fit) -> list[str]:
    """Those with most drivers, four at most; the one that the model names last comes first."""
    named = list(reversed(list(dict.fromkeys(row.lhs for row in fit.model.paths))))
    several = [name for name in named if len(_among(fit, name)) >= _FEWEST]
    chosen = sorted(several, key=lambda name: -len(_among(fit, name)))[:_MOST_OUTCOMES]
    return [name for name in named if name in chosen]


def _among(fit: Fit, outcome: str) -> list[str]:
    """Predictors that are ranked."""
    controls = {row.rhs for row in control_paths(fit.model) if row.lhs == outcome}
    coded = fit.model.coded
    return [
        name
        for name in fit.model.predictors(outcome)
        if name not in controls and not isinstance(coded.get(name), Category)
    ]


def _groups(fit: Fit, outcome: str) -> dict[str, list[str]]:
    """Predictors by the column that they are coded from, controls as one; empty where each stands for itself."""
    model, predictors = fit.model, fit.model.predictors(outcome)
    controls = {row.rhs for row in control_paths(model) if row.lhs == outcome}
    if not controls and not any(name in model.coded for name in predictors):
        return {}
    found: dict[str, list[str]] = {}
    for name in predictors:
        coded = model.coded.get(name)
        label = "controls" if name in controls else model.in_words(coded.column if coded is not None else name)
        while label in predictors and label != name:
            label += " (all of it)"
        found.setdefault(label, []).append(name)
    return found


def _driven(answers: Answers, outcome: str, number: int) -> Driven:
    fit = answers.quick
    target: Any = answers.main
    among, groups = _among(fit, outcome), _groups(fit, outcome)
    shares, why = _shares(answers, outcome, groups, number)
    rows = _ranked(answers, outcome, among, number)
    options: dict[str, Any] = {"target": target, "relative": True, "ci_prob": answers.ci_prob, "groups": groups or None}
    drawn = (
        both(lambda width: plot_shares(fit, outcome, width=width, **options), f"shares-{number}") if shares else None
    )
    return Driven(
        outcome,
        fit.model.in_words(outcome),
        _sentence(answers, outcome, rows),
        _table(answers, outcome, number, rows, {} if groups else shares),
        both(lambda width: plot_ranks(fit, outcome, target=target, among=among, width=width), f"ranks-{number}"),
        drawn,
        why,
        _grouped(answers, outcome, number, shares) if groups and shares else None,
    )


@dataclass(frozen=True)
class _Ranked:
    """A driver with the probability that it is first, its mean rank, and whether its effect rests on the prior."""

    name: str
    first: float
    mean_rank: float
    negative: float
    id: str
    rests_on_prior: bool


def _ranked(answers: Answers, outcome: str, among: list[str], number: int) -> list[_Ranked]:
    """Drivers by their mean rank."""
    found = rank_probabilities(answers.quick, outcome, target=answers.main, among=among)  # type: ignore[arg-type]
    mean_rank = (found * found[RANK]).sum(RANK)
    rests = {cause for named, cause in answers.resting("direct") if named == outcome}
    rows = [
        _Ranked(
            name,
            float(found.sel({DRIVER: name, RANK: 1})),
            float(mean_rank.sel({DRIVER: name})),
            float(found["negative"].sel({DRIVER: name})),
            f"first-{number}-{place}",
            name in rests,
        )
        for place, name in enumerate(found[DRIVER].values.tolist())
    ]
    return sorted(rows, key=lambda row: row.mean_rank)


def _shares(
    answers: Answers, outcome: str, groups: dict[str, list[str]], number: int
) -> tuple[dict[str, Estimate], str]:
    """Shares of R-squared by driver or group, or why there are none."""
    fit = answers.quick
    drivers = groups or fit.model.predictors(outcome)
    words = fit.model.in_words(outcome)
    if len(drivers) > MOST_GROUPS:
        return {}, (
            f"{numeral(len(drivers)).capitalize()} drivers are too many to part R² among each by itself; "
            "explained_shares does so for up to ten groups of them."
        )
    try:
        target: Any = answers.main
        draws = explained_shares(fit, outcome, groups=groups or None, target=target, relative=True)
    except FitError:  # the only reason that is left
        return {}, f"R² cannot be parted among these drivers: the residual of {words} covaries with one of them."
    table: pd.DataFrame = summarize(draws, answers.ci_prob, kind="stats")
    rows = table.to_dict("records")
    return {str(row[GROUP]): estimate_of(row, f"share-{number}-{i}") for i, row in enumerate(rows)}, ""


def _table(answers: Answers, outcome: str, number: int, rows: list[_Ranked], shares: dict[str, Estimate]) -> Table:
    fit = answers.fit
    words = fit.model.in_words
    caption = (
        f"Drivers of {words(outcome)}, {target_words(fit, str(answers.main), short=True)}. P(greatest): probability "
        "that its direct effect, in standard deviations, is the greatest by size, whatever its sign. Mean rank: 1 is "
        "the greatest."
    )
    headers = ["P(greatest)", "mean rank"]
    if shares:
        caption += (
            " Share of R²: what it adds to the explained variance, averaged over all orders in which drivers can "
            f"enter (LMG), as a share of R²; posterior mean and {interval_name(answers.ci_prob)}."
        )
        headers.append("share of R²")
    body = []
    for row in rows:
        cells = [Cell(chance(row.first), id=row.id, mark=row.rests_on_prior), Cell(f"{row.mean_rank:.1f}")]
        cells += [share_cell(shares[row.name])] if shares else []
        body.append(Row(words(row.name), tuple(cells)))
    return Table(f"drivers-{number}", "Drivers", caption, "driver", tuple(headers), (Group("", tuple(body)),))


def _grouped(answers: Answers, outcome: str, number: int, shares: dict[str, Estimate]) -> Table:
    """Shares of groups, the largest first."""
    words = answers.fit.model.in_words
    rows = [
        Row(words(name), (share_cell(one),)) for name, one in sorted(shares.items(), key=lambda pair: -pair[1].mean)
    ]
    return Table(
        f"grouped-{number}",
        "Shares",
        f"What drives {words(outcome)}, by the variable that columns are coded from, and all controls as one: what "
        "each adds to the explained variance, averaged over all orders in which it can enter (LMG), as a share of R²; "
        f"{target_words(answers.fit, str(answers.main), short=True)}, posterior mean and "
        f"{interval_name(answers.ci_prob)}.",
        "predictors",
        ("share of R²",),
        (Group("", tuple(rows)),),
    )


def _figure(row: _Ranked) -> Markup:
    return linked(row.id, chance(row.first), rests_on_prior=row.rests_on_prior)


def _sentence(answers: Answers, outcome: str, rows: list[_Ranked]) -> Markup:
    """Which driver has the greatest impact, with its probability; that it is open, if it is."""
    words = answers.fit.model.in_words
    first, second = sorted(rows, key=lambda row: -row.first)[:2]
    aside = len(_among(answers.fit, outcome)) < len(answers.fit.model.predictors(outcome))
    outcome_words = f"{words(outcome)}, controls aside," if aside else words(outcome)
    place = {"outcome": outcome_words, "whom": about_whom(answers, str(answers.main))}
    if first.first >= _LIKELY:
        is_sure = first.first >= _SURE and not first.rests_on_prior
        name, has = words(first.name), "has" if is_sure else "most likely has"
        said = Markup("{name} {has} the greatest impact on {outcome} {whom}, with probability {figure}.").format(
            name=capital(name), has=has, figure=_figure(first), **place
        )
        named = [first]
    else:
        said = Markup(
            "It is open which driver has the greatest impact on {outcome} {whom}: {first} with probability {figure}, "
            "{second} with probability {other}."
        ).format(
            first=words(first.name), figure=_figure(first), second=words(second.name), other=_figure(second), **place
        )
        named = [first, second]
    return said + _lowering(answers, outcome, named) + _resting(answers, named)


def _lowering(answers: Answers, outcome: str, named: list[_Ranked]) -> Markup:
    """Which of those named lower the outcome, and of which that is open."""
    words = answers.fit.model.in_words
    lowering = [words(row.name) for row in named if row.negative >= _SURE]
    unsure = [words(row.name) for row in named if 1 - _SURE < row.negative < _SURE]
    said = Markup()
    if lowering:
        lowers = "lower" if len(lowering) > 1 else "lowers"
        said += Markup(" {names} {lowers} {outcome}.").format(
            names=capital(enumeration(lowering)), lowers=lowers, outcome=words(outcome)
        )
    if unsure:
        said += Markup(" Whether {names} {raises} or {lowers} it is open.").format(
            names=enumeration(unsure),
            raises="raise" if len(unsure) > 1 else "raises",
            lowers="lower" if len(unsure) > 1 else "lowers",
        )
    return said


def _resting(answers: Answers, named: list[_Ranked]) -> Markup:
    names = [answers.fit.model.in_words(row.name) for row in named if row.rests_on_prior]
    if not names:
        return Markup()
    rest = "effects rest" if len(names) > 1 else "effect rests"
    return Markup(" The evidence leaves this open: the {rest} mostly on the prior ({names}).").format(
        rest=rest, names=enumeration(names)
    )
