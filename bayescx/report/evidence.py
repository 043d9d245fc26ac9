"""What organizations shared, in a table and sentences that name only what there was."""

from __future__ import annotations

from collections.abc import Callable

from bayescx.evidence import Matched
from bayescx.evidence.findings import shortened
from bayescx.fitted import Fit
from bayescx.report.tables import Cell, Group, Row, Table
from bayescx.wording import count, counted, enumeration, in_words, numeral, with_minus

__all__ = ["evidence_sentences", "evidence_table", "known_by_figures", "respondents_words"]

_MOST_ATTRIBUTES = 4
"""Attributes of organizations that the table has columns for."""

_LONGEST = 40
"""Letters of the names of attributes and levels in the table."""

_SHARED = {
    "rows": "rows",
    "moments": "moments",
    "correlations": "correlations",
    "figures": "nothing; figures were published",
}


def known_by_figures(fit: Fit) -> list[str]:
    """Organizations that only published figures speak of."""
    return [name for name in fit.organizations if fit.evidence.level.get(name) == "figures"]


def evidence_table(fit: Fit) -> Table:
    """One row per organization; a column for each thing that there is something to tell of."""
    evidence = fit.evidence
    columns: dict[str, Callable[[int, str], str]] = {"shared": lambda _, name: _SHARED[evidence.level[name]]}
    if evidence.n_obs.any():
        columns["respondents"] = lambda j, _: count(int(evidence.n_obs[j])) if evidence.n_obs[j] else "–"
    if evidence.patterns:
        columns["complete"] = lambda _, name: _answers(fit, name)
    if any(level != "figures" for level in evidence.level.values()):
        columns["rows left out"] = lambda _, name: _left_out(evidence, name)
    attributes, stated = _attributes_shown(fit), evidence.attributes.stated(fit.organizations)
    rows = []
    for j, name in enumerate(fit.organizations):
        told = [tell(j, name) for tell in columns.values()] + [_value(stated[name][column]) for column in attributes]
        rows.append(Row(name, tuple(map(Cell, told))))
    headings = (*columns, *(shortened(words, _LONGEST) for words in in_words(fit, attributes)))
    return Table("evidence", "Evidence", _caption(fit), "organization", headings, (Group("", tuple(rows)),))


def _attributes_shown(fit: Fit) -> list[str]:
    """Columns of the attributes that paths depend on, as many as there is room for."""
    return list(dict.fromkeys(one.column for one in fit.evidence.attributes.moderators))[:_MOST_ATTRIBUTES]


def _value(value: float | str) -> str:
    """A number of an attribute without digits that say nothing, or a level in words."""
    if isinstance(value, str):
        return shortened(value.replace("_", " "), _LONGEST)
    return with_minus(f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}")


def _caption(fit: Fit) -> str:
    evidence, only = fit.evidence, known_by_figures(fit)
    reported, planned = len(fit.organizations) - len(only), fit.n_planned
    count_attributes = len({one.column for one in evidence.attributes.moderators})
    of_many = f"the first {numeral(_MOST_ATTRIBUTES)} of " * (count_attributes > _MOST_ATTRIBUTES)
    said = [f"What each organization shared{f', and {of_many}its attributes' if count_attributes else ''}."]
    if any(evidence.dropped.values()):
        why = "without a single answer" if evidence.patterns else "incomplete, or without a single answer"
        said.append(f"Rows left out were {why}.")
    if reported:
        said.append(f"{count(reported)} of {count(planned)} planned organizations have reported.")
    if only:
        known = "are" if len(only) > 1 else "is"
        said.append(f"{count(len(only))} of {count(planned)} {known} known only by published figures.")
    return " ".join([*said, "Simulated data."] if evidence.simulated else said)


def _answers(fit: Fit, name: str) -> str:
    """Whether answers are complete, what is lacking altogether, and how many patterns of missing answers there are."""
    evidence = fit.evidence
    if evidence.level[name] == "figures":
        return "–"
    lacking = [
        variable
        for k, variable in enumerate(evidence.variables)
        if name in evidence.patterns and all(k not in one.variables for one in evidence.patterns[name])
    ]
    patterns = len(evidence.patterns.get(name, ()))
    said = [f"without {enumeration(in_words(fit, lacking))}"] if lacking else []
    said += [f"{count(patterns)} patterns of missing answers"] if patterns > 1 else []
    return "; ".join(said) or "yes"


def _left_out(evidence: Matched, name: str) -> str:
    if evidence.level[name] == "figures":
        return "–"
    return count(evidence.dropped[name]) if name in evidence.dropped else "not known"


def respondents_words(fit: Fit) -> str:
    """Where the estimates come from: respondents, published figures, or both."""
    only, evidence = known_by_figures(fit), fit.evidence
    reported = len(fit.organizations) - len(only)
    used = sum(figure.use == "evidence" for figure in evidence.published)
    said = []
    if reported:
        said.append(f"in {counted(reported, 'organization')} with {count(int(evidence.n_obs.sum()))} respondents")
    if used:
        more = f"about {counted(len(only), 'organization')}{' more' if reported else ''}" if only else ""
        said.append(f"from {counted(used, 'published figure')} {more}".rstrip())
    return " and ".join(said)


def evidence_sentences(fit: Fit) -> list[str]:
    """What enters of what was shared, and what was left out."""
    evidence = fit.evidence
    said = []
    if evidence.kept_out:
        kept_out = ", ".join(f"{name} ({n})" for name, n in evidence.kept_out.items())
        said.append(f"Kept out for too few respondents: {kept_out}.")
    if evidence.unassigned:
        said.append(f"{count(evidence.unassigned)} rows that name no organization were left out.")
    complete = [
        name for name in fit.organizations if evidence.level[name] != "figures" and name not in evidence.patterns
    ]
    if complete:
        whom = "" if len(complete) == len(fit.organizations) else " where answers are complete"
        tell = ["the number of respondents", "the covariances of their answers"]
        tell += ["the attributes of organizations"] * bool(fit.model.moderators)
        said.append(
            f"Of paths, effects and explained variance, only {enumeration(tell)} tell{whom}: an organization that "
            "shares these in place of its rows, computed from the same respondents, leaves them as they are. How high "
            "organizations stand, and who is higher, is told by means: only those that shared means, in rows or with "
            "their covariances, take part in that."
        )
    if any(len(patterns) > 1 for patterns in evidence.patterns.values()):
        said.append(
            "Where answers are missing, respondents who answered the same count together: their number, means and "
            "covariances enter, and nobody's given answers are lost."
        )
    if "correlations" in evidence.level.values():
        said.append("Correlations have no units: their organizations say nothing of spreads.")
    if len(known_by_figures(fit)) == len(fit.organizations):
        said.append("No organization shared answers: all that is known are the figures of the next section.")
    return said
