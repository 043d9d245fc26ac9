"""What tells organizations apart: paths that depend on attributes of organizations, and how much these explain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from markupsafe import Markup

from bayescx._names import PATH
from bayescx.estimands.moderation_tables import explained_table, moderator_table
from bayescx.estimands.population import variables_without_unit
from bayescx.fitted import Fit
from bayescx.plots.moderation import plot_moderation
from bayescx.report.answers import Answers, Estimate, estimate_of, in_a_column
from bayescx.report.pictures import both
from bayescx.report.prose import Finding, figure, linked, what_is_open
from bayescx.report.tables import Cell, Group, Row, Table, cell, share_cell
from bayescx.wording import chance, counted, interval_name, numeral, with_minus
from bayescx.wording import share as share_words

__all__ = ["Difference", "Explained", "Moderation", "moderation"]

_SURE = 0.95
_MOST_PICTURES = 3
_WANTED = 10  # organizations for each attribute, by a rule of thumb of meta-regression


@dataclass(frozen=True)
class Difference:
    """How one path differs with one attribute: names in words, and how sure it is.

    ``sign`` is the probability of its sign, ``signal`` its distance from 0 in posterior SDs.
    """

    path: str
    attribute: str
    label: str
    estimate: Estimate
    sign: float
    signal: float
    sentence: Markup

    @property
    def is_sure(self) -> bool:
        """Whether the direction of the difference has a probability of at least .95."""
        return self.sign >= _SURE


@dataclass(frozen=True)
class Explained:
    """The share of a path's variance between organizations that attributes explain, and what the priors give."""

    path: str
    estimate: Estimate
    prior: Estimate
    sentence: Markup


@dataclass(frozen=True)
class Moderation:
    """All of it."""

    each: tuple[Difference, ...]
    explained: tuple[Explained, ...]
    note: str
    tables: tuple[Table, ...]
    pictures: tuple[dict[str, Any], ...]
    paths: dict[str, str]

    @cached_property
    def surest(self) -> tuple[Difference, ...]:
        """Differences by how far they are from 0 in posterior SDs, one of each path and attribute, at most three."""
        first: dict[tuple[str, str], Difference] = {}
        for one in sorted(self.each, key=lambda one: -one.signal):
            first.setdefault((one.path, one.attribute), one)
        return tuple(first.values())[:_MOST_PICTURES]

    def sentences(self, path: str) -> list[Markup]:
        """What is said of one path."""
        told = [one.sentence for one in self.each if one.path == path]
        return told + [one.sentence for one in self.explained if one.path == path]

    @property
    def findings(self) -> list[Finding]:
        """The sentences that are sure, as a headline; none where none is."""
        sure = tuple(one.sentence for one in self.surest if one.is_sure)
        return [Finding("What tells organizations apart", sure)] if sure else []


def moderation(answers: Answers) -> Moderation | None:
    """Tell how paths differ with attributes of organizations; None where no path depends on one."""
    fit = answers.fit
    if not fit.model.moderators:
        return None
    standardized = bool(variables_without_unit(fit))
    each = _differences(answers, standardized=standardized)
    explained = _explained(answers) if len(fit.organizations) > 1 else ()
    paths = {path: _arrow(fit, path) for path in fit.model.moderators}
    tables = [_difference_table(answers, each, paths, standardized=standardized)]
    tables += [_explained_table(answers, explained)] if explained else []
    found = Moderation(each, explained, _note(fit), tuple(tables), (), paths)
    options: dict[str, Any] = {"ci_prob": answers.ci_prob, "standardized": standardized}
    drawn = tuple(
        both(
            lambda width, one=one: plot_moderation(fit, one.path, one.attribute, width=width, **options),  # type: ignore[misc]
            f"moderation-picture-{number}",
        )
        for number, one in enumerate(found.surest)
    )
    return replace(found, pictures=drawn)


def _ends(fit: Fit, path: str) -> tuple[str, str]:
    """Cause and outcome in words."""
    outcome, _, cause = path.partition("~")
    return fit.model.in_words(cause), fit.model.in_words(outcome)


def _arrow(fit: Fit, path: str) -> str:
    return " → ".join(_ends(fit, path))


def _differences(answers: Answers, *, standardized: bool) -> tuple[Difference, ...]:
    fit = answers.fit
    rows = moderator_table(fit, answers.ci_prob, standardized=standardized, kind="stats").to_dict("records")
    by_path: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        by_path.setdefault(row[PATH], []).append(i)
    estimates: dict[int, Estimate] = {}
    for members in by_path.values():
        estimates |= in_a_column({i: estimate_of(rows[i], f"moderation-{i}") for i in members})
    return tuple(
        _difference(answers, rows[i], estimates[i], several=len({rows[k]["attribute"] for k in members}) > 1)
        for members in by_path.values()
        for i in members
    )


def _difference(answers: Answers, row: dict[Any, Any], estimate: Estimate, *, several: bool) -> Difference:
    fit = answers.fit
    attribute = fit.model.in_words(row["attribute"])
    cause, outcome = _ends(fit, row[PATH])
    level, reference = (row[name].replace("_", " ") for name in ("level", "reference"))
    per = "" if level else _amount(row["per"])
    effect = Markup("the effect of {cause} on {outcome}").format(cause=cause, outcome=outcome)
    held = ", other attributes being equal," if several else ""
    if level:
        start = Markup("Where {attribute} is {level}{held} {effect} differs from that where it is {reference} by ")
        said = start.format(
            attribute=attribute, level=level, held=held or ",", effect=effect, reference=reference
        )  # fmt: skip
    else:
        start = Markup("Where {attribute} is higher by {per}{held} {effect} differs by ")
        said = start.format(attribute=attribute, per=per, held=held or ",", effect=effect)
    side, likely = ("higher", row["higher"]) if row["mean"] >= 0 else ("lower", 1 - row["higher"])
    said += figure(estimate, interval_name(answers.ci_prob))
    said += Markup("; that it is {side} has probability {chance}.").format(
        side=side, chance=linked(f"{estimate.id}-sign", chance(likely))
    )
    label = f"{attribute}: {level}, compared with {reference}" if level else f"{attribute}, {per} more"
    signal = abs(row["mean"]) / row["sd"] if row["sd"] > 0 else 0.0
    sentence = said + what_is_open(estimate)
    return Difference(row[PATH], row["attribute"], label, estimate, float(likely), signal, sentence)


def _amount(value: float) -> str:
    """A step of an attribute with thousands set apart, or an SD with three digits."""
    return with_minus(f"{value:,.0f}" if value >= 1000 else f"{value:.3g}")


def _explained(answers: Answers) -> tuple[Explained, ...]:
    found = []
    for i, row in enumerate(explained_table(answers.fit, answers.ci_prob, kind="stats").to_dict("records")):
        before = Estimate(row["prior_mean"], row["prior_lower"], row["prior_upper"], f"explained-{i}-prior")
        own = estimate_of(row, f"explained-{i}")
        count = len({one.column for one in answers.fit.model.moderators[row[PATH]]})
        sentence = Markup(
            "Of the variance of this effect between organizations, {what} a share of {share} (priors alone: {prior})."
        ).format(
            what="the attribute explains" if count == 1 else f"the {numeral(count)} attributes explain",
            share=_share(own, interval_name(answers.ci_prob)), prior=_share(before),
        )  # fmt: skip
        found.append(Explained(row[PATH], own, before, sentence))
    return tuple(found)


def _share(estimate: Estimate, interval: str = "") -> Markup:
    """A share with its interval, with two decimals as in its table."""
    mean, lower, upper = map(share_words, estimate[:3])
    return Markup('{mean}, <span class="bounds" data-cell="{id}">{interval}{lower} to {upper}</span>').format(
        mean=linked(estimate.id, mean), id=estimate.id, interval=f"{interval} " if interval else "", lower=lower,
        upper=upper,
    )  # fmt: skip


def _note(fit: Fit) -> str:
    count = len(fit.organizations)
    most = max(len(moderators) for moderators in fit.model.moderators.values())
    said = (
        f"This compares {counted(count, 'organization')} with each other. Those that differ in an attribute may differ "
        "in much else, so it does not say what would follow if an attribute changed. A share is never below 0 and, "
        "where the evidence says little, about what the priors alone give: the two are to be compared."
    )
    if count < _WANTED * most:
        coefficients = "one coefficient" if most == 1 else f"{numeral(most)} coefficients"
        said += (
            f" A rule of thumb of meta-regression asks for {numeral(_WANTED)} organizations for each coefficient; here "
            f"{counted(count, 'organization')} tell {coefficients} of a path, so that the priors matter."
        )
    return said


def _difference_table(
    answers: Answers, each: Iterable[Difference], paths: dict[str, str], *, standardized: bool
) -> Table:
    groups: dict[str, list[Row]] = {}
    for one in each:
        told = Cell(chance(one.sign), id=f"{one.estimate.id}-sign")
        groups.setdefault(one.path, []).append(Row(one.label, (cell(one.estimate), told)))
    unit = (
        "in standard deviations of the typical organization, of a number per standard deviation over organizations"
        if standardized
        else "in points of the outcome per point of the cause"
    )
    return Table(
        "moderation",
        "Paths by attributes of organizations",
        f"By how much an effect differs between organizations of which one has more of an attribute, or another level "
        f"of it, other attributes being equal; {unit}. Posterior mean and {interval_name(answers.ci_prob)}. P(sign): "
        "probability that the difference has the sign of its mean.",
        "attribute",
        ("difference", "P(sign)"),
        tuple(Group(paths[path], tuple(rows)) for path, rows in groups.items()),
    )


def _explained_table(answers: Answers, explained: Iterable[Explained]) -> Table:
    rows = [Row(_arrow(answers.fit, one.path), (share_cell(one.estimate), share_cell(one.prior))) for one in explained]
    return Table(
        "explained",
        "How much attributes explain",
        "Share of the variance of an effect between the organizations that reported which their attributes explain; "
        f"what is left has its standard deviation under differences between organizations. Mean and "
        f"{interval_name(answers.ci_prob)}, of the posterior and of the priors for the same attributes.",
        "effect",
        ("explained", "by the priors"),
        (Group("", tuple(rows)),),
    )
