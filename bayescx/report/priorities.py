"""What to act on: drivers of an outcome that matter much and stand low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import xarray as xr
from markupsafe import Markup

from bayescx.errors import FitError
from bayescx.estimands.importance import importance_performance
from bayescx.estimands.ranks import DRIVER
from bayescx.plots.importance_data import FIRST
from bayescx.plots.importance_performance import plot_importance_performance
from bayescx.report.answers import Answers, Estimate, in_a_column
from bayescx.report.chain import drivers_first, last_outcome, most_driven, total_key
from bayescx.report.pictures import NARROW, WIDE, twice
from bayescx.report.prose import about_whom, capital, figure, linked, listed, what_is_open
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.wording import counted, interval_name, numeral

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
    """A driver in words, its importance and performance, its quarter of the map, and the items behind its level.

    Without a quarter its level cannot be compared with that of others.
    """

    words: str
    importance: Estimate
    performance: Estimate
    quadrant: str
    items: int = 1
    of_items: int = 1

    def is_surely_first(self, mean: _Driver) -> bool:
        """Whether neither interval holds the average."""
        matters = self.importance.lower > mean.importance.mean and not self.importance.rests_on_prior
        return self.quadrant == FIRST and matters and self.performance.upper < mean.performance.mean


def priorities(answers: Answers) -> list[Priority]:
    """Maps of the outcome that ends the chains and of the one with most direct causes, if they are two.

    None where nothing can be said of the average of the organizations, nobody shared means, or only one driver has a
    mean level: a map of one driver orders nothing. Controls are no drivers.

    Raises
    ------
    FitError
        If a mean lies outside the answers that the report was given.
    """
    if answers.main != "average":
        return []
    asked = dict.fromkeys(name for name in (last_outcome(answers.fit), most_driven(answers.fit)) if name is not None)
    found = (_priority(answers, outcome, number) for number, outcome in enumerate(asked))
    return [one for one in found if one is not None]


def _priority(answers: Answers, outcome: str, number: int) -> Priority | None:
    fit = answers.fit
    map_of = _map(answers, outcome)
    if map_of is None or map_of.sizes[DRIVER] < _FEWEST:
        return None
    options: dict[str, Any] = {"drivers": map_of[DRIVER].values.tolist(), "answers": answers.scale}
    wide, tall = (
        plot_importance_performance(fit, outcome, ci_prob=answers.ci_prob, width=width, **options)
        for width in (WIDE, NARROW)
    )
    drivers = _drivers(answers, outcome, wide.data.to_dict("records"), map_of, number)
    mean = _average(drivers, number)
    words = fit.model.in_words(outcome)
    why = str(map_of.attrs["mixed_units"]) or ("" if mean else str(map_of.attrs["not_placed"]))
    said = (
        _mixed(answers, words, drivers, why)
        if why or mean is None
        else _sentence(answers, words, drivers, mean) + _rests_on(drivers)
    )
    return Priority(
        outcome,
        words,
        said,
        twice(wide, tall, f"map-{number}"),
        _table(answers, words, number, drivers, mean, map_of),
    )


def _map(answers: Answers, outcome: str) -> xr.Dataset | None:
    """Importance and performance of what drives an outcome; None where no driver has a level."""
    try:
        known = importance_performance(answers.fit, outcome)
    except FitError:  # nobody shared means of a driver
        return None
    drivers = drivers_first(answers.fit.model, known[DRIVER].values.tolist())
    return importance_performance(answers.fit, outcome, drivers=drivers, answers=answers.scale) if drivers else None


def _drivers(
    answers: Answers, outcome: str, rows: list[dict[Any, Any]], map_of: xr.Dataset, number: int
) -> list[_Driver]:
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
        _Driver(
            answers.fit.model.in_words(name),
            importance[name],
            performance[name],
            quadrant[name],
            *(int(map_of[count].sel({DRIVER: name})) for count in ("items", "of_items")),
        )
        for name in quadrant
    ]
    return sorted(found, key=lambda one: -one.importance.mean)


def _average(drivers: list[_Driver], number: int) -> _Driver | None:
    """The averages that part the map; None where no two drivers are placed."""
    placed = [one for one in drivers if one.quadrant]
    if not placed:
        return None
    columns = {"importance": [one.importance for one in placed], "performance": [one.performance for one in placed]}
    means = {name: sum(one.mean for one in column) / len(column) for name, column in columns.items()}
    importance, performance = (
        Estimate(mean, mean, mean, f"{name}-{number}-average", beside=columns[name][0].beside)
        for name, mean in means.items()
    )
    which = "these drivers" if len(placed) == len(drivers) else "the drivers that are placed"
    return _Driver(f"average of {which}", importance, performance, "–")


def _rests_on(drivers: list[_Driver]) -> Markup:
    """Whose level rests on some of their items only, which no report may pass over."""
    parts = [
        Markup("{words} ({items} of {of_items} items)").format(
            words=one.words, items=numeral(one.items), of_items=numeral(one.of_items)
        )
        for one in drivers
        if one.items < one.of_items
    ]
    if not parts:
        return Markup()
    return Markup(
        " Not placed, because the level rests on some of the items only, as answers=(lowest, highest) that would turn "
        "the reversed ones were not given: {listed}."
    ).format(listed=listed(parts))


# -------------------------------------------------------------------------------------------------- sentences


def _sentence(answers: Answers, outcome: str, drivers: list[_Driver], mean: _Driver) -> Markup:
    """Which drivers surely matter more than their average and stand lower; else which may, or that none does."""
    sure = [one for one in drivers if one.is_surely_first(mean)]
    maybe = [one for one in drivers if one.quadrant == FIRST and one not in sure]
    matters, level = (linked(one.id, one.figures[0]) for one in (mean.importance, mean.performance))
    if not sure and not maybe:
        top = drivers[0]
        return Markup(
            "No driver of {outcome}{placed} both matters more than their average ({matters}) and stands lower than it "
            "({level}). {top} matters most, {effect} {whom}{stands}."
        ).format(
            placed="" if all(one.quadrant for one in drivers) else " that is placed",
            stands=Markup(", and stands at {mean}").format(mean=figure(top.performance)) if top.quadrant else "",
            outcome=outcome, matters=matters, level=level, top=_top(drivers, outcome),
            effect=_effect(answers, top), whom=about_whom(answers, "average"),
        ) + what_is_open(top.importance)  # fmt: skip
    first = (sure or maybe)[0]
    said = Markup(
        "{first} {verb} much for {outcome} and {stands} low: its total effect is {effect} {whom}, above the average of "
        "the drivers ({matters}), and its present mean level is {mean}, below theirs ({level})."
    ).format(
        first=capital(first.words), verb="matters" if sure else "may matter", stands="stands" if sure else "stand",
        outcome=outcome, effect=_effect(answers, first), whom=about_whom(answers, "average"), matters=matters,
        mean=figure(first.performance), level=level,
    )  # fmt: skip
    said += what_is_open(first.importance)
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
    ) + what_is_open(top.importance)  # fmt: skip


# ------------------------------------------------------------------------------------------------------ table


def _table(
    answers: Answers, outcome: str, number: int, drivers: list[_Driver], mean: _Driver | None, map_of: xr.Dataset
) -> Table:
    """Drivers by their importance, and their averages."""
    units, counts = str(map_of["performance"].attrs["units"]), map_of["organizations"].values.tolist()
    behind = (
        f"the {counted(counts[0], 'organization')} that shared means of all of these drivers"
        if len(set(counts)) == 1
        else f"the organizations that shared means of each driver ({min(counts)} to {max(counts)})"
    )
    some = any(one.items < one.of_items for one in drivers)
    rows = [
        Row(
            one.words,
            (cell(one.importance), cell(one.performance), *_items(one, some), Cell(one.quadrant or "not placed")),
        )
        for one in drivers
    ]
    if mean is not None:
        averages = [Cell(one.figures[0], id=one.id) for one in (mean.importance, mean.performance)]
        rows.append(Row(mean.words, (*averages, *([Cell("–")] if some else []), Cell(mean.quadrant))))
    return Table(
        f"map-{number}",
        "Importance and performance",
        f"Drivers of {outcome}. Importance: total effect, in standard deviations per standard deviation, posterior "
        f"mean and {interval_name(answers.ci_prob)}. Performance: present mean level of the driver's own items, each "
        f"counting alike, in {units}, over {behind}; its interval is that of sampling respondents. Quarter: where it "
        "lies from the averages of these drivers.",
        "driver",
        ("importance", "performance", *(["items"] if some else []), "quarter"),
        (Group("", tuple(rows)),),
    )


def _items(one: _Driver, is_shown: bool) -> tuple[Cell, ...]:
    return (Cell(f"{one.items} of {one.of_items}"),) if is_shown else ()
