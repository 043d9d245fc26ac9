"""What explains one outcome and what another: parts of two outcomes with the same predictors, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from markupsafe import Markup

from bayescx._names import OUTCOME
from bayescx.estimands import summarize
from bayescx.estimands.share_differences import groups_of_terms, share_differences, shared_groups
from bayescx.estimands.shares import GROUP, MOST_GROUPS
from bayescx.fitted import Fit
from bayescx.plots.share_pairs import plot_share_pairs
from bayescx.report.answers import Answers, Estimate, estimate_of
from bayescx.report.pictures import both
from bayescx.report.prose import Finding, about_whom, capital, linked
from bayescx.report.tables import Cell, Group, Row, Table, share_cell
from bayescx.wording import chance, interval_name, share

__all__ = ["OutcomePair", "outcome_pair"]

_SURE = 0.95
_FEWEST = 2  # groups


@dataclass(frozen=True)
class OutcomePair:
    """Two outcomes: a sentence, the table of parts, and the picture twice."""

    outcomes: tuple[str, str]
    sentence: Markup
    table: Table
    picture: dict[str, Any]

    @property
    def finding(self) -> Finding:
        """The sentence as a headline."""
        return Finding("What explains the one and what the other", (self.sentence,))


def outcome_pair(answers: Answers) -> OutcomePair | None:
    """Compare the two outcomes that the model names last among those of the same predictors; None without such two.

    Where the model text names no groups, and each predictor is a column of its own, tables of drivers say it all.
    """
    fit = answers.fit
    if answers.main is None or not (fit.model.groups or fit.model.coded):
        return None
    both_named = _outcomes(fit)
    if both_named is None or not _FEWEST <= len(shared_groups(fit, both_named)[both_named[0]]) <= MOST_GROUPS:
        return None
    return _compared(answers, both_named)


def _outcomes(fit: Fit) -> tuple[str, str] | None:
    named = list(dict.fromkeys(row.lhs for row in fit.model.paths))
    for second, first in combinations(reversed(named), 2):
        if set(groups_of_terms(fit, first)) == set(groups_of_terms(fit, second)):
            return second, first
    return None


def _compared(answers: Answers, outcomes: tuple[str, str]) -> OutcomePair:
    fit, words = answers.quick, answers.fit.model.in_words
    target: Any = answers.main
    found = share_differences(fit, outcomes, target=target)
    rows = summarize(found["share"], answers.ci_prob, kind="stats").to_dict("records")
    parts = {
        (str(row[OUTCOME]), str(row[GROUP])): estimate_of(row, f"pair-{number}") for number, row in enumerate(rows)
    }
    larger = {str(group): float(sure) for group, sure in found["larger_in_first"].to_series().items()}
    members = shared_groups(fit, outcomes)[outcomes[0]]
    label = {group: group if group in fit.model.groups else words(group) for group in members}
    options: dict[str, Any] = {"target": target, "ci_prob": answers.ci_prob}
    picture = both(lambda width: plot_share_pairs(fit, outcomes, width=width, **options), "pair")
    return OutcomePair(
        outcomes,
        _sentence(answers, outcomes, parts, larger, label),
        _table(answers, outcomes, parts, larger, label),
        picture,
    )


def _sentence(
    answers: Answers,
    outcomes: tuple[str, str],
    parts: Mapping[tuple[str, str], Estimate],
    larger: Mapping[str, float],
    label: Mapping[str, str],
) -> Markup:
    """The group whose parts are furthest apart, and how sure it is which of them is the larger."""
    first, second = outcomes
    words = answers.fit.model.in_words
    group = max(label, key=lambda one: abs(parts[first, one].mean - parts[second, one].mean))
    sure = max(larger[group], 1 - larger[group])
    more, less = (first, second) if larger[group] >= 0.5 else (second, first)
    verdict = "is" if sure >= _SURE else "may be"
    return Markup(
        "{whom}, {group} has {more} of what is explained of {of_more} and {less} of what is explained of {of_less}: "
        "its part {verdict} larger in the former (with probability {chance})."
    ).format(
        whom=capital(about_whom(answers, str(answers.main))),
        group=label[group],
        more=_told(parts[more, group], answers),
        less=_told(parts[less, group], answers),
        of_more=words(more),
        of_less=words(less),
        verdict=verdict,
        chance=linked(f"pair-larger-{list(label).index(group)}", chance(sure)),
    )


def _told(part: Estimate, answers: Answers) -> Markup:
    """A part as a link to its cell, with its interval."""
    return linked(part.id, share(part.mean), rests_on_prior=part.rests_on_prior) + Markup(
        ' (<span class="bounds" data-cell="{id}">{name} {lower} to {upper}</span>)'
    ).format(id=part.id, name=interval_name(answers.ci_prob), lower=share(part.lower), upper=share(part.upper))


def _table(
    answers: Answers,
    outcomes: tuple[str, str],
    parts: Mapping[tuple[str, str], Estimate],
    larger: Mapping[str, float],
    label: Mapping[str, str],
) -> Table:
    first, second = outcomes
    words = answers.fit.model.in_words
    order = sorted(label, key=lambda one: -parts[first, one].mean)
    rows = []
    for group in order:
        sure = Cell(chance(larger[group]), id=f"pair-larger-{list(label).index(group)}")
        rows.append(Row(label[group], (*(share_cell(parts[outcome, group]) for outcome in outcomes), sure)))
    return Table(
        "pair-parts",
        f"Parts of what is explained of {words(first)} and of {words(second)}",
        "Each group's part of R-squared, averaged over all orders in which groups could be added (LMG), relative to "
        f"all that is explained of the outcome; {about_whom(answers, str(answers.main))}. Posterior mean and "
        f"{interval_name(answers.ci_prob)}. Larger: probability that the part is larger of {words(first)}.",
        "group",
        (words(first), words(second), "larger"),
        (Group("", tuple(rows)),),
    )
