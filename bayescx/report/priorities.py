"""What to act on: drivers of an outcome that matter much and stand low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from bayescx.errors import FitError
from bayescx.estimands.importance import importance_performance
from bayescx.estimands.ranks import DRIVER
from bayescx.plots.importance_performance import FIRST, plot_importance_performance
from bayescx.report.answers import Answers, Estimate, in_a_column
from bayescx.report.chain import last_outcome, most_driven, total_key
from bayescx.report.pictures import NARROW, WIDE, twice
from bayescx.report.prose import about_whom, capital, figure, linked, listed
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.wording import counted, interval_name

__all__ = ["Priority", "priorities"]

_FEWEST = 2
_MOST_NAMED = 3


@dataclass(frozen=True)
class Priority:
    """One outcome: which driver matters much and stands low, the map twice, and the table behind it."""

    outcome: str
    words: str
    sentence: Markup
    picture: dict[str, Any]
    table: Table


class _Driver(NamedTuple):
    """A driver in words, its importance and performance, and its quarter of the map."""

    words: str
    importance: Estimate
    performance: Estimate
    quadrant: str

    def is_surely_first(self, mean: _Driver) -> bool:
        """Whether neither interval holds the average."""
        matters = self.importance.lower > mean.importance.mean and not self.importance.rests_on_prior
        return self.quadrant == FIRST and matters and self.performance.upper < mean.performance.mean


def priorities(answers: Answers) -> list[Priority]:
    """Maps of the outcome that ends the chains and of the one with most direct causes, if they are two.

    None where nothing can be said of the average of the organizations, nobody shared means, or only one driver has a
    mean level: a map of one driver orders nothing.
    """
    if answers.main != "average":
        return []
    asked = dict.fromkeys(name for name in (last_outcome(answers.fit), most_driven(answers.fit)) if name is not None)
    found = (_priority(answers, outcome, number) for number, outcome in enumerate(asked))
    return [one for one in found if one is not None]


def _priority(answers: Answers, outcome: str, number: int) -> Priority | None:
    fit = answers.fit
    try:
        map_of = importance_performance(fit, outcome)
    except FitError:  # nobody shared means of a driver
        return None
    if map_of.sizes[DRIVER] < _FEWEST:
        return None
    wide, tall = (
        plot_importance_performance(fit, outcome, ci_prob=answers.ci_prob, width=width) for width in (WIDE, NARROW)
    )
    drivers = _drivers(answers, outcome, wide.data.to_dict("records"), number)
    mean = _average(drivers, number)
    mixed = str(map_of.attrs["mixed_units"])
    words = fit.model.in_words(outcome)
    return Priority(
        outcome,
        words,
        _mixed(answers, words, drivers, mixed) if mixed else _sentence(answers, words, drivers, mean),
        twice(wide, tall, f"map-{number}"),
        _table(answers, words, number, drivers, mean, str(map_of["performance"].attrs["units"])),
    )


def _drivers(answers: Answers, outcome: str, rows: list[dict[Any, Any]], number: int) -> list[_Driver]:
    """The drivers of a map, the most important first."""
    importance, performance, quadrant = {}, {}, {}
    for i, row in enumerate(rows):
        name = str(row[DRIVER])
        importance[name] = answers.estimates[total_key(answers, outcome, name)]._replace(id=f"importance-{number}-{i}")
        low, high = row["performance_lower"], row["performance_upper"]
        performance[name] = Estimate(row["performance"], low, high, f"performance-{number}-{i}")
        quadrant[name] = str(row["quadrant"])
    importance, performance = in_a_column(importance), in_a_column(performance)
    found = [
        _Driver(answers.fit.model.in_words(name), importance[name], performance[name], quadrant[name])
        for name in quadrant
    ]
    return sorted(found, key=lambda one: -one.importance.mean)


def _average(drivers: list[_Driver], number: int) -> _Driver:
    """The averages that part the map."""
    columns = {"importance": [one.importance for one in drivers], "performance": [one.performance for one in drivers]}
    means = {name: sum(one.mean for one in column) / len(column) for name, column in columns.items()}
    importance, performance = (
        Estimate(mean, mean, mean, f"{name}-{number}-average", beside=columns[name][0].beside)
        for name, mean in means.items()
    )
    return _Driver("average of these drivers", importance, performance, "–")


# -------------------------------------------------------------------------------------------------- sentences


def _sentence(answers: Answers, outcome: str, drivers: list[_Driver], mean: _Driver) -> Markup:
    """Which drivers surely matter more than their average and stand lower; else which may, or that none does."""
    sure = [one for one in drivers if one.is_surely_first(mean)]
    maybe = [one for one in drivers if one.quadrant == FIRST and one not in sure]
    matters, level = (linked(one.id, one.figures[0]) for one in (mean.importance, mean.performance))
    if not sure and not maybe:
        top = drivers[0]
        return Markup(
            "No driver of {outcome} both matters more than their average ({matters}) and stands lower than it "
            "({level}). {top} matters most, {effect} {whom}, and stands at {mean}."
        ).format(
            outcome=outcome, matters=matters, level=level, top=_top(drivers, outcome), mean=figure(top.performance),
            effect=_effect(answers, top), whom=about_whom(answers, "average"),
        )  # fmt: skip
    first = (sure or maybe)[0]
    said = Markup(
        "{first} {verb} much for {outcome} and {stands} low: its total effect is {effect} {whom}, above the average of "
        "the drivers ({matters}), and its present mean level is {mean}, below theirs ({level})."
    ).format(
        first=capital(first.words), verb="matters" if sure else "may matter", stands="stands" if sure else "stand",
        outcome=outcome, effect=_effect(answers, first), whom=about_whom(answers, "average"), matters=matters,
        mean=figure(first.performance), level=level,
    )  # fmt: skip
    if not sure:
        said += Markup(" The intervals leave open whether this is so.")
    return said + _others("The same holds of", sure[1:]) + _others("It may hold of", maybe if sure else maybe[1:])


def _top(drivers: list[_Driver], outcome: str) -> str:
    """The most important driver that does not lower the outcome; that others weigh more and lower it is said."""
    top = drivers[0]
    heavier = any(abs(one.importance.mean) > abs(top.importance.mean) for one in drivers)
    return f"Of what does not lower {outcome}, {top.words}" if heavier else capital(top.words)


def _effect(answers: Answers, one: _Driver) -> Markup:
    return figure(one.importance, interval_name(answers.ci_prob), " standard deviations")


def _others(start: str, drivers: Sequence[_Driver]) -> Markup:
    """More drivers with their two figures, three at most."""
    if not drivers:
        return Markup()
    named = [
        Markup("{words} ({effect} at {level})").format(
            words=one.words,
            effect=linked(one.importance.id, one.importance.figures[0], rests_on_prior=one.importance.rests_on_prior),
            level=linked(one.performance.id, one.performance.figures[0]),
        )
        for one in drivers[:_MOST_NAMED]
    ]
    if (more := len(drivers) - _MOST_NAMED) > 0:
        named.append(Markup("{more} in the table").format(more=counted(more, "driver")))
    return Markup(" {start} {listed}.").format(start=start, listed=listed(named))


def _mixed(answers: Answers, outcome: str, drivers: list[_Driver], why: str) -> Markup:
    top = drivers[0]
    return Markup(
        "{top} matters most for {outcome}: its total effect is {effect} {whom}. Which driver stands low cannot be "
        "told: {why}."
    ).format(
        top=_top(drivers, outcome), outcome=outcome, effect=_effect(answers, top), why=why,
        whom=about_whom(answers, "average"),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ table


def _table(answers: Answers, outcome: str, number: int, drivers: list[_Driver], mean: _Driver, units: str) -> Table:
    """Drivers by their importance, and their averages."""
    rows = [Row(one.words, (cell(one.importance), cell(one.performance), Cell(one.quadrant))) for one in drivers]
    averages = (Cell(one.figures[0], id=one.id) for one in (mean.importance, mean.performance))
    average = Row(mean.words, (*averages, Cell(mean.quadrant)))
    return Table(
        f"map-{number}",
        "Importance and performance",
        f"Drivers of {outcome}. Importance: total effect, in standard deviations per standard deviation, posterior "
        f"mean and {interval_name(answers.ci_prob)}. Performance: present mean level of the driver's own items, each "
        f"counting alike, in {units}, over the organizations that shared means; its interval is that of sampling "
        "respondents. Quarter: where it lies from the averages of these drivers.",
        "driver",
        ("importance", "performance", "quarter"),
        (Group("", (*rows, average)),),
    )
