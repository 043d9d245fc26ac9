"""Sentences of a report on choices. Every figure in them is taken from a table and points to its cell."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from bayescx.coding import Category
from bayescx.report.choices_answers import hinged
from bayescx.report.choices_tables import Told, category_words, larger_below, words_of
from bayescx.report.prose import capital, figure, listed, what_is_open
from bayescx.wording import chance, count, counted, interval_name, numeral

__all__ = ["findings", "known"]

_MOST_SLOPES = 12
_MOST_BETWEEN = 2  # categories between the first and the last whose shares sentences tell


def known(told: Told) -> list[str]:
    """What the answers rest on."""
    fit, counts = told.fit, told.fit.counts
    asked, patterns = int(counts.n_obs.sum()), len(counts.x)
    organizations = len(fit.organizations)
    as_many = ", as many as respondents" if patterns == asked else ""
    reported = f"{capital(counted(organizations, 'organization'))} {'has' if organizations == 1 else 'have'} reported"
    said = [f"{reported} {count(asked)} answers in {count(patterns)} covariate patterns{as_many}."]
    if beyond := fit.n_planned - organizations:
        said.append(
            f"{capital(numeral(fit.n_planned))} organizations are planned; of {numeral(beyond)} nothing is known yet. "
            "The average counts them in, as draws from what organizations have shown to be like."
        )
    return said


def findings(told: Told) -> list[Markup]:
    """The headlines: the ratio of the ends, shares, the two sides of knots, and slopes."""
    fit = told.fit
    first, *between, last = fit.categories
    shares = [first, *between, last] if 0 < len(between) <= _MOST_BETWEEN else [first, last][: 1 + len(between)]
    said = [_ratio(told), *(_share(told, name) for name in shares)]
    sides = hinged(fit)
    said += [_sides(told, name) for name in sides]
    return said + list(_slopes(told))


def _ratio(told: Told) -> Markup:
    first, last = (category_words(one) for one in (told.fit.categories[0], told.fit.categories[-1]))
    return Markup("Compared with {last}, {first} is {where}.").format(
        first=first, last=last, where=_where(told, "ratio", told.ratio, " times as likely")
    )


def _share(told: Told, name: str) -> Markup:
    return Markup("The share of {what} is {where}.").format(
        what=category_words(name), where=_where(told, "share", name)
    )


def _where(told: Told, quantity: str, name: str, unit: str = "") -> Markup:
    """A number for each population: on average first."""
    planned = told.fit.n_planned
    average = figure(told.of(quantity, name, "average"), interval_name(told.ci_prob), unit)
    if told.populations == ("average",):
        return average + " in this organization"
    return listed(
        [
            average + f" on average over the {counted(planned, 'organization')}",
            figure(told.of(quantity, name, "typical")) + " in the typical one",
            figure(told.of(quantity, name, "new")) + " in one that nobody has asked yet",
        ]
    )


def _sides(told: Told, name: str) -> Markup:
    """Whether a unit below the knot does more than one above it."""
    found = told.of("slope_difference", name, "average")
    said = Markup(
        "One unit of {what} counts {figure} standard deviations of the latent answer more below the knot than above it "
        "(the slope below less that above, on average); the one below is the larger in size with probability {chance}."
    ).format(
        what=words_of(told.fit, name), figure=figure(found, interval_name(told.ci_prob)),
        chance=chance(larger_below(told, name)),
    )  # fmt: skip
    return said + what_is_open(found)


def _slopes(told: Told) -> Iterator[Markup]:
    fit = told.fit
    first, last = (category_words(one) for one in (fit.categories[0], fit.categories[-1]))
    for number, name in enumerate(fit.terms):
        if number == _MOST_SLOPES:
            yield Markup("The table tells of {n} more.").format(n=counted(len(fit.terms) - number, "slope"))
            return
        found, how = told.of("slope", name, "average"), fit.counts.equation.coded.get(name)
        if isinstance(how, Category):
            words = fit.counts.equation.model.in_words(how.column)
            start = Markup("{what}, “{level}” rather than “{reference}”,").format(
                what=capital(words), level=how.level, reference=how.reference
            )
        else:
            start = Markup("One unit more of {what}").format(what=words_of(fit, name))
        towards = last if found.mean > 0 else first
        yield Markup(
            "{start} moves the latent answer by {figure} standard deviations on average, towards {end}."
        ).format(start=start, figure=figure(found, interval_name(told.ci_prob)), end=towards) + what_is_open(found)
