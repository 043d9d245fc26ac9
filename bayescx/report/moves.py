"""If one construct moves: what follows along the whole chain, of one point more and of catching up with the highest."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr
from markupsafe import Markup

from bayescx._names import CAUSE, ORGANIZATION, OUTCOME
from bayescx.estimands import summarize, total_effects
from bayescx.estimands.catch_up import catch_up
from bayescx.estimands.population import variables_without_unit
from bayescx.estimands.routes import has_effect
from bayescx.report.answers import Answers, Estimate, Key, estimate_of, in_a_column
from bayescx.report.chain import last_outcome, raising_causes, total_key
from bayescx.report.compared import Compared
from bayescx.report.higher import Higher
from bayescx.report.priorities import Priority
from bayescx.report.prose import Finding, about_whom, figure, linked, what_is_open
from bayescx.report.tables import Group, Row, Table, cell
from bayescx.report.units import scale_words
from bayescx.wording import chance, counted, enumeration, interval_name, numeral, target_words

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
    total effect on the outcome is largest, and above 0; where a construct on the way has no points, of one standard
    deviation more. Catching up is told of the first in the order of these effects on which organizations can be
    compared and surely differ.
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


@dataclass(frozen=True)
class _Step:
    """What is moved by how much: one point of a scale, or one standard deviation."""

    cause: str
    outcome: str
    scale: str | None

    @property
    def amount(self) -> str:
        return "one point" if self.scale else "one standard deviation"

    @property
    def unit(self) -> str:
        return "points of its own scale" if self.scale else "standard deviations of each organization itself"


def _one_point(answers: Answers, cause: str, outcome: str) -> tuple[Markup, Table]:
    """What one point more does, in units; as no path leads to the cause, that is its total effects."""
    model, words = answers.fit.model, answers.fit.model.in_words
    order = [name for name in model.constructs if name != outcome and has_effect(model, cause, name)]
    scales = {name: scale_words(answers.fit, name) for name in (cause, *order, outcome)}
    step = _Step(cause, outcome, scales[cause] if all(scales.values()) else None)
    found: dict[str, dict[str, Estimate]] = {}
    for target in answers.populations:
        draws = total_effects(answers.fit, target, standardized=not step.scale)  # type: ignore[arg-type]
        rows = summarize(draws.sel({CAUSE: [cause]}), answers.ci_prob, kind="stats").to_dict("records")
        for i, row in enumerate(rows):
            found.setdefault(str(row[OUTCOME]), {})[target] = estimate_of(row, f"point-{target}-{i}")
    rows_of = [
        Row(_in_points(words(name), scales[name] if step.scale else None), tuple(map(cell, found[name].values())))
        for name in [*order, outcome]
    ]
    of = f" of {scales[cause]}" if step.scale else ""
    table = Table(
        "point",
        f"{step.amount.capitalize()} more of {words(cause)}",
        f"Change of each construct if {words(cause)} rises by {step.amount}{of} and everything that it drives follows; "
        f"posterior mean and {interval_name(answers.ci_prob)}, in {step.unit}.",
        "construct",
        tuple(target_words(answers.fit, target, short=True) for target in answers.populations),
        (Group("", tuple(rows_of)),),
    )
    main = {name: found[name][str(answers.main)] for name in [*order, outcome]}
    return _point_sentence(answers, step, main), table


def _in_points(words: str, scale: str | None) -> str:
    """A construct, with the scale of its points where it is that of one item."""
    return words if scale in (None, "its own scale", "the scale of its items") else f"{words} (points of {scale})"


def _point_sentence(answers: Answers, step: _Step, found: dict[str, Estimate]) -> Markup:
    words = answers.fit.model.in_words
    passed = [name for name in found if name != step.outcome]
    steps = [
        Markup("{words} by {figure}").format(words=words(name), figure=_mean(found[name]))
        for name in passed[:_MOST_NAMED]
    ]
    more = len(passed) - len(steps)
    steps += [Markup("{more} in the table").format(more=counted(more, "construct"))] if more else []
    along = Markup(", ").join(steps) + Markup(" and, in the end, ") if steps else Markup()
    verb = "raises" if all(one.mean > 0 for one in found.values()) else "changes"
    last = found[step.outcome]
    said = Markup("{amount} more of {cause} {verb} {along}{outcome} by {last} {whom}, {each}in {unit}.").format(
        amount=step.amount.capitalize(), cause=words(step.cause) + (f", on {step.scale}," if step.scale else ""),
        verb=verb, along=along, outcome=words(step.outcome), whom=about_whom(answers, str(answers.main)),
        last=figure(last, interval_name(answers.ci_prob)), each="each " if steps else "", unit=step.unit,
    )  # fmt: skip
    said += Markup("{open}").format(open=what_is_open(last))
    unsure = [words(name) for name in passed if found[name].lower < 0 < found[name].upper]
    if unsure:
        said += Markup(
            " The evidence leaves open whether {names} {rise} or {fall}: the intervals in the table hold 0."
        ).format(
            names=enumeration(unsure),
            rise="rise" if len(unsure) > 1 else "rises",
            fall="fall" if len(unsure) > 1 else "falls",
        )
    return said


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
    if one.is_alike:
        return Markup(
            "On {cause} organizations hardly differ: the SD of their means is {between} times that of customers, so "
            "there is little to catch up with."
        ).format(cause=one.words, between=figure(one.between, one.interval))
    if not one.is_comparable:
        return Markup(
            "On {cause} organizations cannot be compared, so how far each is behind the highest cannot be told."
        ).format(cause=one.words)
    return Markup(
        "It is open whether organizations differ on {cause} at all (with probability {chance} by an SD of their "
        "means above a tenth of that of customers), so what catching up would bring is not told."
    ).format(cause=one.words, chance=linked(one.differ_id, chance(one.differ)))


def _told(answers: Answers, chosen: Compared, outcome: str) -> CatchUp:
    """Gaps in the cause, and what follows in the outcome, in its units and in SDs."""
    fit, cause = answers.fit, chosen.name
    own = catch_up(fit, cause, standardized=True)
    rests = {
        name: answers.estimates[Key("total", ORGANIZATION, outcome, cause, name)].rests_on_prior
        for name in own[ORGANIZATION].values.tolist()
    }
    rests[_AVERAGE] = answers.estimates[total_key(answers, outcome, cause)].rests_on_prior
    in_points = all(scale_words(fit, name) is not None for name in (cause, outcome))
    told = {"change (SD)": own.sel({OUTCOME: outcome})}
    if in_points:
        raw = catch_up(fit, cause)
        told = {"gap": raw.sel({OUTCOME: cause}), "change": raw.sel({OUTCOME: outcome})} | told
    else:
        told = {"gap (SD)": own.sel({OUTCOME: cause})} | told
    columns = {
        name: _column(answers, draws, f"gain-{i}", rests if i else dict.fromkeys(rests, False))
        for i, (name, draws) in enumerate(told.items())
    }
    return CatchUp(
        _catch_up_sentence(answers, chosen, outcome, columns["change (SD)"]),
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
    count = counted(len(gains) - 1, "organization")
    return Markup(
        "If {every} reached the level of the highest{of_them} on {cause} ({best}, with probability {chance}), "
        "{outcome} would rise by {average} on average over these {count}, and most at {most}, by {gain}.{open}"
    ).format(
        every=f"each of the {count} that shared means" if chosen.of_whom else "every organization",
        of_them=" of them" if chosen.of_whom else "", cause=chosen.words, best=best.organization,
        chance=linked(best.id, chance(best.first)), outcome=answers.fit.model.in_words(outcome), count=count, most=most,
        average=figure(gains[_AVERAGE], interval_name(answers.ci_prob), " standard deviations"),
        gain=figure(gains[most]), open=what_is_open(gains[_AVERAGE]),
    )  # fmt: skip


def _catch_up_table(answers: Answers, chosen: Compared, outcome: str, columns: dict[str, dict[str, Estimate]]) -> Table:
    gains = columns["change (SD)"]
    order = sorted((name for name in gains if name != _AVERAGE), key=lambda name: -gains[name].mean)
    rows = [
        Row(name or f"average of these {numeral(len(order))}", tuple(cell(column[name]) for column in columns.values()))
        for name in (_AVERAGE, *order)
    ]
    words = answers.fit.model.in_words(outcome)
    return Table(
        "catch-up",
        f"If every organization reached the highest on {chosen.words}",
        f"Gap: how far {chosen.words} would rise to reach the level of the organization that is highest on it. Change: "
        f"what follows in {words}. In points of their own scales or, where it says SD, in standard deviations of the "
        f"organization itself. Posterior mean and {interval_name(answers.ci_prob)}; means are drawn together as far as "
        "organizations are alike, and which is highest is uncertain, which counts: the likely highest has a gap too.",
        "organization",
        tuple(columns),
        (Group("", tuple(rows)),),
    )
