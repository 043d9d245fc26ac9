"""If one construct moves: what follows along the whole chain, of one point more and of catching up with the highest."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr
from markupsafe import Markup

from bayescx._names import CAUSE, ORGANIZATION, OUTCOME
from bayescx.estimands import summarize, total_effects
from bayescx.estimands.catch_up import catch_up
from bayescx.estimands.population import variables_without_unit
from bayescx.report.answers import Answers, Estimate, Key, estimate_of, in_a_column
from bayescx.report.chain import last_outcome, raising_causes, total_key
from bayescx.report.higher import Compared, Higher
from bayescx.report.priorities import Priority
from bayescx.report.prose import Finding, about_whom, figure, linked
from bayescx.report.tables import Group, Row, Table, cell, chance
from bayescx.wording import counted, interval_name, numeral, target_words

__all__ = ["CatchUp", "Moves", "moves", "to_act_on"]

_MOST_NAMED = 7
_AVERAGE = ""  # no organization has this name


@dataclass(frozen=True)
class CatchUp:
    """What follows if every organization reached the highest; without a table where there is nothing to tell of."""

    sentence: Markup
    table: Table | None


@dataclass(frozen=True)
class Moves:
    """One point more of a cause, and catching up with the highest organization on a cause."""

    sentence: Markup
    table: Table
    catch_up: CatchUp | None


def moves(answers: Answers, higher: Higher | None) -> Moves | None:
    """What follows at the end of the chain; None where nobody shared the data's units or no cause raises the outcome.

    The outcome is the one that ends the chains. One point more is told of the cause that no path leads to and whose
    total effect on the outcome is largest, and above 0. Catching up is told of the first in the order of these effects
    on which organizations can be compared and differ by more than the uncertainty of their means.
    """
    fit = answers.fit
    outcome = last_outcome(fit)
    if answers.main is None or outcome is None or variables_without_unit(fit):
        return None
    causes = raising_causes(answers, outcome)
    if not causes:
        return None
    sentence, table = _one_point(answers, causes[0], outcome)
    return Moves(sentence, table, _catching_up(answers, causes, outcome, higher) if higher else None)


def to_act_on(mapped: list[Priority], moved: Moves | None) -> list[Finding]:
    """The headline: what matters much and stands low, and what catching up would bring."""
    said = [one.sentence for one in mapped[:1]]
    if moved is not None and moved.catch_up is not None and moved.catch_up.table is not None:
        said.append(moved.catch_up.sentence)
    return [Finding("What to act on", tuple(said))] if said else []


# -------------------------------------------------------------------------------------------------- one point


def _one_point(answers: Answers, cause: str, outcome: str) -> tuple[Markup, Table]:
    """What one point more does, in units; as no path leads to the cause, that is its total effects."""
    fit = answers.fit
    found: dict[str, dict[str, Estimate]] = {}
    for target in answers.populations:
        draws = total_effects(fit, target, standardized=False).sel({CAUSE: [cause]})  # type: ignore[arg-type]
        rows = summarize(draws, answers.ci_prob, kind="stats").to_dict("records")
        for i, row in enumerate(rows):
            found.setdefault(str(row[OUTCOME]), {})[target] = estimate_of(row, f"point-{target}-{i}")
    words = fit.model.in_words
    order = [name for name in fit.model.constructs if name in found and name != outcome]
    rows_of = [Row(words(name), tuple(map(cell, found[name].values()))) for name in [*order, outcome]]
    table = Table(
        "point",
        f"One point more of {words(cause)}",
        f"Change of each construct if {words(cause)} rises by one point of its own scale and everything that it drives "
        f"follows; posterior mean and {interval_name(answers.ci_prob)}, in points of the construct's own scale.",
        "construct",
        tuple(target_words(fit, target, short=True) for target in answers.populations),
        (Group("", tuple(rows_of)),),
    )
    main = {name: found[name][str(answers.main)] for name in [*order, outcome]}
    return _point_sentence(answers, cause, outcome, main), table


def _point_sentence(answers: Answers, cause: str, outcome: str, found: dict[str, Estimate]) -> Markup:
    words = answers.fit.model.in_words
    passed = [name for name in found if name != outcome]
    steps = [
        Markup("{words} by {figure}").format(words=words(name), figure=_mean(found[name]))
        for name in passed[:_MOST_NAMED]
    ]
    more = len(passed) - len(steps)
    steps += [Markup("{more} in the table").format(more=counted(more, "construct"))] if more else []
    along = Markup(", ").join(steps) + Markup(" and, in the end, ") if steps else Markup()
    verb = "raises" if all(one.mean > 0 for one in found.values()) else "changes"
    return Markup(
        "One point more of {cause}, on its own scale, {verb} {along}{outcome} by {last} {whom}, each in points of its "
        "own scale."
    ).format(
        cause=words(cause), verb=verb, along=along, outcome=words(outcome), whom=about_whom(answers, str(answers.main)),
        last=figure(found[outcome], interval_name(answers.ci_prob)),
    )  # fmt: skip


def _mean(one: Estimate) -> Markup:
    return linked(one.id, one.figures[0], rests_on_prior=one.rests_on_prior)


# ------------------------------------------------------------------------------------------------ catching up


def _catching_up(answers: Answers, causes: list[str], outcome: str, higher: Higher) -> CatchUp | None:
    known = [higher.compared[name] for name in causes if name in higher.compared]
    if not known:
        return None
    chosen = next((one for one in known if one.differs), None)
    if chosen is None:
        return CatchUp(_nothing_to_catch_up(known[0]), None)
    return _told(answers, chosen, outcome)


def _nothing_to_catch_up(one: Compared) -> Markup:
    if not one.between:
        return Markup(
            "On {cause} no difference between organizations is seen beyond the uncertainty of their means, so there is "
            "nothing to catch up with."
        ).format(cause=one.words)
    return Markup(
        "On {cause} organizations cannot be compared, so how far each is behind the highest cannot be told."
    ).format(cause=one.words)


def _told(answers: Answers, chosen: Compared, outcome: str) -> CatchUp:
    """Gaps in the cause, and what follows in the outcome, in its units and in SDs."""
    fit, cause = answers.fit, chosen.name
    raw, own = (catch_up(fit, cause, standardized=standardized) for standardized in (False, True))
    gap, *followed = raw.sel({OUTCOME: cause}), raw.sel({OUTCOME: outcome}), own.sel({OUTCOME: outcome})
    rests = {
        name: answers.estimates[Key("total", ORGANIZATION, outcome, cause, name)].rests_on_prior
        for name in raw[ORGANIZATION].values.tolist()
    }
    rests[_AVERAGE] = answers.estimates[total_key(answers, outcome, cause)].rests_on_prior
    columns = [_column(answers, gap, "gap", dict.fromkeys(rests, False))]
    columns += [_column(answers, draws, f"gain-{i}", rests) for i, draws in enumerate(followed)]
    return CatchUp(
        _catch_up_sentence(answers, chosen, outcome, columns[-1]),
        _catch_up_table(answers, chosen, outcome, columns),
    )


def _column(answers: Answers, draws: xr.DataArray, name: str, rests: dict[str, bool]) -> dict[str, Estimate]:
    """Each organization's own, and the average of them."""
    rows = summarize(draws, answers.ci_prob, kind="stats").to_dict("records")
    rows += summarize(draws.mean(ORGANIZATION), answers.ci_prob, kind="stats").to_dict("records")
    found = {}
    for i, row in enumerate(rows):
        whose = str(row.get(ORGANIZATION, _AVERAGE))
        found[whose] = estimate_of(row, f"{name}-{i}", rests_on_prior=rests[whose])
    return in_a_column(found)


def _catch_up_sentence(answers: Answers, chosen: Compared, outcome: str, gains: dict[str, Estimate]) -> Markup:
    best = chosen.likeliest[0]
    most = max((name for name in gains if name != _AVERAGE), key=lambda name: gains[name].mean)
    return Markup(
        "If every organization reached the level of the highest on {cause} ({best}, with probability {chance}), "
        "{outcome} would rise by {average} on average over these {count}, and most at {most}, by {gain}."
    ).format(
        cause=chosen.words, best=best.organization, chance=linked(best.id, chance(best.first)),
        outcome=answers.fit.model.in_words(outcome), count=counted(len(gains) - 1, "organization"), most=most,
        average=figure(gains[_AVERAGE], interval_name(answers.ci_prob), " standard deviations"),
        gain=figure(gains[most]),
    )  # fmt: skip


def _catch_up_table(answers: Answers, chosen: Compared, outcome: str, columns: list[dict[str, Estimate]]) -> Table:
    gains = columns[-1]
    order = sorted((name for name in gains if name != _AVERAGE), key=lambda name: -gains[name].mean)
    rows = [
        Row(name or f"average of these {numeral(len(order))}", tuple(cell(column[name]) for column in columns))
        for name in (_AVERAGE, *order)
    ]
    words = answers.fit.model.in_words(outcome)
    return Table(
        "catch-up",
        f"If every organization reached the highest on {chosen.words}",
        f"Gap: how far {chosen.words} would rise to reach the level of the organization that is highest on it, in "
        f"points of its own scale. Change: what follows in {words}, in points of its own scale, and in standard "
        f"deviations of the organization itself. Posterior mean and {interval_name(answers.ci_prob)}; which "
        "organization is highest is uncertain, and this counts: the likely highest one has a gap too.",
        "organization",
        ("gap", "change", "change (SD)"),
        (Group("", tuple(rows)),),
    )
