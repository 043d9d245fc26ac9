"""Below and above: does an outcome suffer more where a variable falls short of a point than it gains beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bayescx.coding import Hinge, number_text
from bayescx.estimands import summarize
from bayescx.estimands.asymmetry import SIDES, asymmetry
from bayescx.estimands.population import variables_without_unit
from bayescx.fitted import Fit
from bayescx.plots.kink import plot_kink, where_slopes_hold
from bayescx.report.answers import Answers, Estimate, estimate_of, in_a_column
from bayescx.report.pictures import both
from bayescx.report.prose import Finding, about_whom, figure, linked
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.wording import chance, enumeration, interval_name, target_words

__all__ = ["Kink", "Kinks", "kinks"]

_SURE = 0.95


@dataclass(frozen=True)
class Kink:
    """One outcome and a variable in two parts: its slopes, what they tell, and the picture twice if there are units."""

    outcome: str
    variable: str
    knot: str
    below: Estimate
    above: Estimate
    difference: Estimate
    stronger_below: float
    holds: str
    """Between which points, where the model bends the variable at several."""
    id: str
    sentence: Markup
    picture: dict[str, Any] | None


@dataclass(frozen=True)
class Kinks:
    """All of them, and their table."""

    each: tuple[Kink, ...]
    table: Table

    @property
    def finding(self) -> Finding:
        """The sentences as a headline."""
        return Finding("Below and above", tuple(one.sentence for one in self.each))


def kinks(answers: Answers) -> Kinks | None:
    """Compare the two sides of every knot; None where the model has none, or nothing can be said of organizations."""
    if answers.main is None:
        return None
    each = tuple(_kink(answers, *pair, number) for number, pair in enumerate(_pairs(answers.fit)))
    return Kinks(each, _table(answers, each)) if each else None


def _pairs(fit: Fit) -> Iterator[tuple[str, str, float]]:
    """Outcome, variable and knot wherever both parts drive an outcome directly; the last outcome first."""
    for outcome in reversed(list(dict.fromkeys(row.lhs for row in fit.model.paths))):
        parts = [fit.model.coded.get(name) for name in fit.model.predictors(outcome)]
        hinges = [one for one in parts if isinstance(one, Hinge)]
        for one in hinges:
            if one.side == SIDES[0] and Hinge(one.column, "above", one.at) in hinges:
                yield outcome, one.column, one.at


def _kink(answers: Answers, outcome: str, variable: str, at: float, number: int) -> Kink:
    fit, words = answers.quick, answers.fit.model.in_words
    target: Any = answers.main
    standardized = bool(variables_without_unit(fit))
    found = asymmetry(fit, outcome, variable, target, at=at, standardized=standardized)
    rows = summarize(found["slope"], answers.ci_prob, kind="stats").to_dict("records")
    rows += summarize(found["difference"], answers.ci_prob, kind="stats").to_dict("records")
    below, above, difference = in_a_column(
        {i: estimate_of(row, f"kink-{number}-{i}") for i, row in enumerate(rows)}
    ).values()
    one = Kink(
        words(outcome), words(variable), number_text(at), below, above, difference, float(found["stronger_below"]),
        where_slopes_hold(found.attrs), f"kink-{number}-stronger", Markup(), None,
    )  # fmt: skip
    options: dict[str, Any] = {"at": at, "target": target, "ci_prob": answers.ci_prob}
    drawn = (
        None
        if standardized
        else both(lambda width: plot_kink(fit, outcome, variable, width=width, **options), f"kink-{number}")
    )
    return Kink(**{**vars(one), "sentence": _sentence(answers, one, standardized=standardized), "picture": drawn})


def _sentence(answers: Answers, one: Kink, *, standardized: bool) -> Markup:
    """Slopes on both sides, how they compare, and what the evidence leaves open."""
    named = interval_name(answers.ci_prob)
    said = Markup(
        "Per {unit} of {variable}, {outcome} changes by {below} below {knot} and by {above} above it, {whom}: "
        "{verdict}. That the slope below is the larger in size has probability {chance}; the slope below less that "
        "above is {difference}."
    ).format(
        unit="standard deviation" if standardized else "point", variable=one.variable, outcome=one.outcome,
        below=figure(one.below, named), above=figure(one.above), knot=one.knot,
        whom=about_whom(answers, str(answers.main)), verdict=_verdict(one),
        chance=linked(one.id, chance(one.stronger_below)), difference=figure(one.difference),
    )  # fmt: skip
    if one.holds:
        said += Markup(" The two slopes hold {where}: beyond, the model bends the line again.").format(where=one.holds)
    unsure = [side for side, slope in zip(SIDES, (one.below, one.above), strict=True) if slope.lower < 0 < slope.upper]
    if unsure:
        said += Markup(" {holds} 0: the evidence leaves the sign of the slope {sides} open.").format(
            holds="Both intervals hold" if len(unsure) > 1 else "One interval holds", sides=enumeration(unsure)
        )
    if one.below.rests_on_prior or one.above.rests_on_prior:
        said += Markup(" The evidence leaves this open: it rests mostly on the prior.")
    return said


def _verdict(one: Kink) -> str:
    if one.stronger_below >= _SURE:
        return f"falling short of {one.knot} matters more than exceeding it"
    if one.stronger_below <= 1 - _SURE:
        return f"exceeding {one.knot} matters more than falling short of it"
    return "it is open which side matters more"


def _named(one: Kink) -> str:
    where = f", {one.holds}" if one.holds else ""
    return f"{one.variable} at {one.knot}{where}"


def _table(answers: Answers, each: tuple[Kink, ...]) -> Table:
    groups: dict[str, list[Row]] = {}
    for one in each:
        cells = [cell(estimate) for estimate in (one.below, one.above, one.difference)]
        cells.append(Cell(chance(one.stronger_below), id=one.id))
        groups.setdefault(one.outcome, []).append(Row(_named(one), tuple(cells)))
    unit = (
        "in standard deviations per standard deviation of the whole variable"
        if variables_without_unit(answers.fit)
        else "in points of the outcome per point of the variable"
    )
    return Table(
        "kinks",
        "Slopes on both sides",
        f"Change of the outcome {unit} by which the variable rises, on either side of a point; "
        f"{target_words(answers.fit, str(answers.main), short=True)}, posterior mean and "
        f"{interval_name(answers.ci_prob)}. P(below): probability that the slope below is the larger in size.",
        "variable",
        ("below", "above", "below less above", "P(below)"),
        tuple(Group(f"on {outcome}", tuple(rows)) for outcome, rows in groups.items()),
    )
