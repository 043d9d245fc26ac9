"""Sentences of a report on shares. Every figure in them is taken from a table and points to its cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from bayescx.evidence.findings import printable
from bayescx.rates import PublishedRate
from bayescx.rates.published import members_of
from bayescx.report.prose import capital, figure, listed
from bayescx.report.rates_answers import Quantity
from bayescx.report.rates_tables import Told, printed_value, set_words
from bayescx.wording import count, counted, interval_name, numeral

__all__ = ["differences", "findings", "known"]

_MOST_TOLD = 6
"""Categories of one group whose shares sentences tell."""


def known(told: Told) -> list[str]:
    """What the answers rest on."""
    fit, counts = told.fit, told.fit.counts
    said = []
    if counts.organizations:
        have = "has" if len(counts.organizations) == 1 else "have"
        groups = f", in {counted(len(fit.groups), 'group')} of respondents" if len(fit.groups) > 1 else ""
        answers = int(counts.answers.sum())
        reported = capital(counted(len(counts.organizations), "organization"))
        said.append(f"{reported} {have} reported {count(answers)} answers{groups}.")
    if lost := sum(counts.missing.values()):
        belong = "belongs" if lost == 1 else "belong"
        respondents = capital(counted(lost, "respondent"))
        said.append(f"{respondents} gave no answer or {belong} to no group, and {_are(lost)} not counted.")
    if counts.unassigned:
        said.append(
            f"{capital(counted(counts.unassigned, 'row'))} without an organization {_are(counts.unassigned)} left out."
        )
    if figures := [one for one in fit.published if one.use == "evidence"]:
        only = {name for one in figures for name in members_of(one, counts)} - set(counts.organizations)
        of = f" of {counted(len(only), 'organization')} that shared no answers" if only else ""
        said.append(f"{capital(counted(len(figures), 'published figure'))} {_are(len(figures))} evidence{of}.")
    if beyond := fit.n_planned - len(fit.organizations):
        said.append(
            f"{capital(numeral(fit.n_planned))} organizations are planned; of {numeral(beyond)} nothing is known yet. "
            "The average counts them in, as draws from what organizations have shown to be like."
        )
    return said


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def findings(told: Told) -> list[Markup]:
    """The headlines: what was printed beside what is known now, shares, ratios, and how organizations differ."""
    said = [_printed(told, one) for one in told.fit.published]
    printed = {_quantity(told, one) for one in told.fit.published}
    if told.fit.counts.organizations:
        alike = {one.group for one in printed if not one.is_ratio and len(told.fit.categories) == 2}
        said += [_share(told, one) for one in _main(told) if one not in printed and one.group not in alike]
    ratios = [one for one in told.quantities if one.is_ratio and one not in printed]
    across = [one for one in ratios if one.relative_to_group]
    said += [_ratio(told, one) for one in ratios if not one.relative_to_group]
    said += [_ratio(told, one) for one in across if one.categories == (told.fit.categories[0],)]
    return said


def _quantity(told: Told, one: PublishedRate) -> Quantity:
    return Quantity(one.categories, told.fit.groups[0] if one.group is None else one.group, one.relative_to)


def _main(told: Told) -> Iterator[Quantity]:
    """Shares that sentences tell: of two categories the first is enough."""
    names = told.fit.categories[: 1 if len(told.fit.categories) == 2 else _MOST_TOLD]
    yield from (one for one in told.quantities if not one.is_ratio and one.categories[0] in names)


def _printed(told: Told, one: PublishedRate) -> Markup:
    checked = ", only to be checked" if one.use == "check" else ""
    head = Markup("Printed of {whom}{checked}: {value}. ").format(
        whom=set_words(one), checked=checked, value=Markup("<strong>{}</strong>").format(printed_value(one))
    )
    quantity = _quantity(told, one)
    return head + (_ratio(told, quantity) if quantity.is_ratio else _share(told, quantity))


def _share(told: Told, quantity: Quantity) -> Markup:
    return Markup("The share of {what}{among} is {where}.").format(
        what=_quoted(quantity.categories), among=_among(quantity.group), where=_where(told, quantity)
    )


def _ratio(told: Told, quantity: Quantity) -> Markup:
    above, below = _quoted(quantity.categories), _quoted(quantity.relative_to)
    if quantity.relative_to_group:
        said = Markup("Compared with its share{other}, that of {above}{group} is {where}.")
    else:
        said = Markup("Compared with the share of {below}, that of {above}{group} is {where}.")
    return said.format(
        above=above, below=below, group=_among(quantity.group), other=_among(quantity.relative_to_group),
        where=_where(told, quantity, " times as large"),
    )  # fmt: skip


def _quoted(names: Sequence[str]) -> str:
    return " + ".join(f"“{printable(name)}”" for name in names)


def _among(group: str) -> str:
    return f" among “{printable(group)}”" if group else ""


def _where(told: Told, quantity: Quantity, unit: str = "") -> Markup:
    """A number for each population: on average first, as that is what a print speaks of."""
    planned, interval = told.fit.n_planned, interval_name(told.ci_prob)
    average = figure(told.of(quantity, "average"), interval, unit)
    if told.populations == ("average",):
        return average + " in this organization"
    return listed(
        [
            average + f" on average over the {counted(planned, 'organization')}",
            figure(told.of(quantity, "typical")) + " in the typical one",
            figure(told.of(quantity, "new")) + " in one that nobody has asked yet",
        ]
    )


def differences(told: Told) -> list[Markup]:
    """How much organizations differ, and what that means for a new one."""
    if told.fit.n_planned == 1:
        return [Markup("There is one organization, so that there is nothing in which it could differ.")]
    are_open = [one.rests_on_prior for one in told.spreads]
    said = []
    if all(are_open):
        said.append(Markup(
            "How much organizations differ is open: what is known cut the variance of the prior of their differences "
            "by less than half. The interval of a new organization is mostly that of this prior."
        ))  # fmt: skip
    elif any(are_open):
        said.append(Markup("Of some splits how much organizations differ is open; the table marks them."))
    for quantity in _main(told):
        new = told.of(quantity, "new")
        _, lower, upper = new.figures
        said.append(
            Markup("In a new organization the share of {what}{among} lies between {ends} ({prob:g} %).").format(
                what=_quoted(quantity.categories), among=_among(quantity.group), ends=f"{lower} and {upper}",
                prob=100 * told.ci_prob,
            )
        )  # fmt: skip
    return said
